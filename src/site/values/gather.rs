//! Builds the report of a site from a stored run and its exploration.

use std::collections::HashMap;
use std::sync::Arc;

use theoremata_actors::examine::asked_by;
use theoremata_actors::run::{Provenance, contradiction_among, variable_name};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::clauses::clause::Clause;
use theoremata_logic::language::characters::visible_line;
use theoremata_logic::models::model::{Model, UNKNOWN};
use theoremata_logic::search::explore::{Exploration, Fate};
use theoremata_store::Input;

use crate::exchange::advice;
use crate::exchange::checkers::Acceptance;
use crate::exchange::stored::Stored;
use crate::remarks::remarks;

use super::report::{Count, Kind, Open, Refuted, Report, Source, Theorem};

impl Report {
    /// The report of a run: its theorems as stored and checked, and the rest from its exploration, if known.
    #[must_use]
    pub(crate) fn new(stored: &Stored, theorems: Vec<Checked>, exploration: Option<&Exploration>) -> Report {
        let source = |file: &Input| Source {
            name: visible_line(&file.name).into_owned(),
            text: String::from_utf8_lossy(&file.bytes).into_owned(),
        };
        let sources = stored.files.iter().map(source).collect();
        let acceptances = Acceptance::of(&stored.run);
        let askers = asked_by(&stored.run.measures).map(|asker| visible_line(&asker).into_owned()).collect();
        let own = stored.theory.goals.iter();
        let goals: Vec<(&Formula, &str)> =
            own.chain(&stored.goals).map(|goal| (&goal.statement, &*goal.label)).collect();
        let theorems = theorems.into_iter().zip(&stored.records).map(|(checked, record)| Theorem {
            kind: match (record.corollary, record.subject.get("variable")) {
                (true, _) => Kind::Corollary,
                (false, Some(variable)) => Kind::Induction(variable.clone()),
                (false, None) => Kind::Direct,
            },
            from: Provenance::stored(&stored.theory, record),
            essential: record.essential,
            cycle: u64::from(record.cycle.saturating_sub(1)),
            label: goals
                .iter()
                .find(|(statement, _)| *statement == checked.statement())
                .map(|(_, label)| (*label).to_owned()),
            checked,
            proposed: None,
        });
        let theorems: Vec<Theorem> = theorems.collect();
        let statements: Vec<&Formula> = theorems.iter().map(|theorem| theorem.checked.statement()).collect();
        let contradiction = contradiction_among(&statements).into_iter().flatten();
        let contradiction = contradiction.map(|theorem| theorem.0 as usize).collect();
        let report =
            Report { sources, theorems, contradiction, exports: true, acceptances, askers, ..Report::default() };
        match exploration {
            Some(exploration) => report.with(exploration, advice::advisor(&stored.run).as_deref()),
            None => report,
        }
    }

    /// Adds everything but the theorems.
    fn with(mut self, exploration: &Exploration, advisor: Option<&str>) -> Report {
        if let Some(advisor) = advisor {
            self.advice = advice::told(exploration, advisor);
            for (place, theorem) in self.theorems.iter_mut().enumerate() {
                theorem.proposed = advice::proposed(exploration, place, advisor);
            }
        }
        let mut open = Vec::new();
        let mut refuted = Vec::new();
        for conjecture in &exploration.conjectures {
            let statement = conjecture.statement.clone();
            match &conjecture.fate {
                Fate::Proved(_) => {}
                Fate::Refuted(model, values) => {
                    if let (Some(clause), Some(known)) = (&conjecture.clause, exploration.models.get(*model)) {
                        let assignment = assignment(clause, &statement, known, values);
                        refuted.push(Refuted { statement, model: *model, assignment });
                    }
                }
                Fate::Waiting => open.push(Open {
                    statement,
                    tried: Vec::new(),
                    stuck: Vec::new(),
                    bound: "the run ended before it was tried".to_owned(),
                }),
                Fate::Unsupported(reason) => {
                    open.push(Open { statement, tried: Vec::new(), stuck: Vec::new(), bound: (*reason).to_owned() })
                }
                Fate::Open(fate) => {
                    let mut tried = vec![format!("a direct proof: {}", fate.ended.words())];
                    let mut stuck: Vec<Formula> = Vec::new();
                    for induction in &fate.inductions {
                        tried.push(format!(
                            "induction on {}, case {}: {}",
                            variable_name(&conjecture.statement, induction.variable),
                            induction.case + 1,
                            induction.ended.words()
                        ));
                        for subgoal in induction.subgoals.iter().filter_map(|clause| exploration.statement_of(clause)) {
                            if !stuck.contains(&subgoal) {
                                stuck.push(subgoal);
                            }
                        }
                    }
                    open.push(Open { statement, tried, stuck, bound: fate.ended.words() });
                }
            }
        }
        for candidate in &exploration.refuted {
            if let (Some(statement), Some(known)) =
                (exploration.statement_of(&candidate.clause), exploration.models.get(candidate.model))
            {
                let assignment = assignment(&candidate.clause, &statement, known, &candidate.assignment);
                refuted.push(Refuted { statement, model: candidate.model, assignment });
            }
        }
        let counts = exploration.counts();
        let count = |label: &str, number: u64| Count { label: label.to_owned(), number };
        self.remarks = remarks(exploration);
        self.open = open;
        self.refuted = refuted;
        self.models.clone_from(&exploration.models);
        self.counts = vec![
            count("conjectures built", counts.built),
            count("tried", counts.candidates as u64),
            count("direct", counts.direct as u64),
            count("corollaries", counts.corollaries as u64),
            count("of used theories", counts.brought as u64),
            count("lemmas from stuck proofs", counts.lemmas as u64),
            count("blocks", counts.blocks),
        ];
        self
    }
}

/// The value of each quantified variable of the clause.
fn assignment(clause: &Clause, statement: &Formula, model: &Model, values: &[u16]) -> Vec<(Arc<str>, Arc<str>)> {
    let mut names: HashMap<u16, Arc<str>> = HashMap::new();
    (0..clause.variables)
        .zip(values)
        .map(|(variable, value)| {
            let name = names.entry(*value).or_insert_with(|| match model.names.get(usize::from(*value)) {
                Some(name) => name.as_str().into(),
                None if *value == UNKNOWN => "any value".into(),
                None => value.to_string().into(),
            });
            (variable_name(statement, variable).into(), name.clone())
        })
        .collect()
}
