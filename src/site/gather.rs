//! From a finished exploration to the report of its site.

use std::collections::HashMap;
use std::sync::Arc;

use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::clauses::clause::{Clause, variable_name};
use theoremata_logic::models::model::{Model, UNKNOWN};
use theoremata_logic::search::explore::{Ended, Exploration, Fate, Origin};

use crate::checkers::Acceptance;

use super::report::{Count, Kind, Open, Refuted, Report, Source, Theorem};

impl Report {
    /// What an exploration found. `sources` are the files that its theory was read from, `acceptances` what
    /// other checkers have said of it.
    #[must_use]
    pub(crate) fn of(exploration: &Exploration, sources: Vec<Source>, acceptances: Vec<Acceptance>) -> Report {
        let theory = exploration.theory();
        let signature = &exploration.compiled().signature;
        let theorems = exploration
            .theorems
            .iter()
            .map(|theorem| Theorem {
                statement: theorem.statement.clone(),
                proof: theorem.proof.clone(),
                kind: match (theorem.corollary, theorem.induction) {
                    (true, _) => Kind::Corollary,
                    (false, Some(variable)) => Kind::Induction(variable_name(variable).to_string()),
                    (false, None) => Kind::Direct,
                },
                essential: theorem.essential,
                cycle: u64::from(theorem.round),
                label: match &exploration.conjectures[theorem.conjecture].origin {
                    Origin::Goal(goal) => Some(goal.label.to_string()),
                    _ => None,
                },
            })
            .collect();
        let mut open = Vec::new();
        let mut refuted = Vec::new();
        for conjecture in &exploration.conjectures {
            let statement = conjecture.statement.clone();
            match &conjecture.fate {
                Fate::Proved(_) => {}
                Fate::Refuted(model, values) => {
                    if let (Some(clause), Some(known)) = (&conjecture.clause, exploration.models.get(*model)) {
                        let assignment = assignment(clause, known, values);
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
                    let mut tried = vec![format!("a direct proof: {}", ended(fate.ended))];
                    let mut stuck: Vec<Formula> = Vec::new();
                    for induction in &fate.inductions {
                        tried.push(format!(
                            "induction on {}, case {}: {}",
                            variable_name(induction.variable),
                            induction.case + 1,
                            ended(induction.ended)
                        ));
                        for subgoal in
                            induction.subgoals.iter().filter_map(|clause| signature.statement(theory, clause))
                        {
                            if !stuck.contains(&subgoal) {
                                stuck.push(subgoal);
                            }
                        }
                    }
                    open.push(Open { statement, tried, stuck, bound: ended(fate.ended).to_owned() });
                }
            }
        }
        for candidate in &exploration.refuted {
            if let (Some(statement), Some(known)) =
                (signature.statement(theory, &candidate.clause), exploration.models.get(candidate.model))
            {
                let assignment = assignment(&candidate.clause, known, &candidate.assignment);
                refuted.push(Refuted { statement, model: candidate.model, assignment });
            }
        }
        let counts = exploration.counts();
        let count = |label: &str, number: u64| Count { label: label.to_owned(), number };
        Report {
            sources,
            theorems,
            open,
            refuted,
            models: exploration.models.clone(),
            counts: vec![
                count("conjectures built", counts.built),
                count("tried", counts.candidates as u64),
                count("direct", counts.direct as u64),
                count("corollaries", counts.corollaries as u64),
                count("lemmas from stuck proofs", counts.lemmas as u64),
                count("blocks", counts.blocks),
            ],
            exports: true,
            acceptances,
        }
    }
}

/// The value of each variable that the clause quantifies.
fn assignment(clause: &Clause, model: &Model, values: &[u16]) -> Vec<(Arc<str>, Arc<str>)> {
    let mut names: HashMap<u16, Arc<str>> = HashMap::new();
    (0..clause.variables)
        .zip(values)
        .map(|(variable, value)| {
            let name = names.entry(*value).or_insert_with(|| match model.names.get(usize::from(*value)) {
                Some(name) => name.as_str().into(),
                None if *value == UNKNOWN => "any value".into(),
                None => value.to_string().into(),
            });
            (variable_name(variable), name.clone())
        })
        .collect()
}

/// Why an attempt ended, in words.
fn ended(reason: Ended) -> &'static str {
    match reason {
        Ended::Saturated => "nothing more could be derived",
        Ended::OutOfCreations => "the bound on new individuals was reached",
        Ended::OutOfSteps => "the bound on steps was reached",
        Ended::Proved => "proved",
        Ended::Refused => "refused by the checker",
    }
}
