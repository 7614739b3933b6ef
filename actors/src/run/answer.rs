//! Theorems and answers to goals, as plain values.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::{Formula, PredicateId};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::search::explore::{Conjecture, Exploration, Fate};
use theoremata_logic::search::library::Source;
use theoremata_store as store;

use super::statement::{goal_mpl, math, mpl};
use super::{claims, place};
use crate::proof_codec::number_of;

/// A theorem that the search found and the checker accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TheoremFound {
    /// Its number, from 1.
    pub number: u32,
    /// The statement in MPL.
    pub statement: String,
    /// The statement in infix notation.
    pub math: String,
    /// The variable of the outermost induction of its proof, if there is one.
    pub variable: Option<String>,
    /// Whether it follows immediately from earlier theorems.
    pub corollary: bool,
    /// Whether it belongs to a set of theorems from which the others follow; known at the end of the run.
    pub essential: bool,
    /// Assumptions of the proof besides the axioms.
    pub assumptions: Vec<String>,
    /// Numbers of the theorems that the proof cites, ascending.
    pub citations: Vec<u32>,
    /// Number of steps of the proof.
    pub steps: usize,
    /// The round in which it was found.
    pub round: u32,
    /// Where it was first proved, if it comes from a used theory.
    pub from: Option<Provenance>,
}

/// A theorem of a used theory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// The name of the theory.
    pub theory: String,
    /// The file of the theory.
    pub file: String,
    /// The definition that states the axioms of that theory here, if there is one.
    pub predicate: Option<PredicateId>,
    /// The number of the theorem there, from 1.
    pub theorem: u32,
}

impl Provenance {
    /// Resolves a source in a used theory.
    #[must_use]
    pub fn of(theory: &Theory, source: Source) -> Option<Provenance> {
        let used = theory.uses.get(source.used as usize)?;
        let (name, file) = (used.theory.name.to_string(), used.files.first()?.to_string());
        Some(Provenance { theory: name, file, predicate: used.predicate, theorem: source.theorem + 1 })
    }

    /// The provenance that a stored theorem claims, which [`compare`](claims::compare) has verified.
    #[must_use]
    pub fn stored(theory: &Theory, record: &store::Theorem) -> Option<Provenance> {
        claims::source(record).and_then(|source| Provenance::of(theory, source))
    }

    /// In words, such as `theorem 12 of Group`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("theorem {} of {}", self.theorem, self.theory)
    }
}

/// The answer to a goal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GoalAnswer {
    /// The user's label.
    pub label: String,
    /// Its source position.
    pub place: String,
    /// The statement in MPL.
    pub statement: String,
    /// The statement in infix notation.
    pub math: String,
    /// The answer.
    pub answer: Answer,
    /// How the run ended, if it ended before the goal was decided.
    pub ended: Option<store::Status>,
}

/// The status of a conjecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Proved.
    Proved {
        /// The number of the theorem.
        theorem: u32,
        /// The variable of the outermost induction of its proof, if there is one.
        variable: Option<String>,
        /// Whether its premises hold in none of the models.
        vacuous: bool,
    },
    /// Refuted by a model.
    Refuted {
        /// The model, in words; empty if unknown.
        model: String,
        /// The value of each variable.
        values: Vec<(String, String)>,
    },
    /// Not decided.
    Open {
        /// Why, in words.
        reason: String,
        /// Whether it was tried.
        tried: bool,
        /// The inductions with open cases.
        inductions: Vec<OpenCase>,
        /// How the attempts failed.
        failure: Failure,
    },
    /// The goal is outside the supported fragment.
    Unsupported {
        /// Why, in words.
        reason: String,
    },
    /// The axioms are inconsistent, so the goal follows, and so does its negation.
    Contradictory {
        /// Numbers of the theorems that show the inconsistency.
        theorems: Vec<u32>,
    },
}

/// A case of an induction that was not proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenCase {
    /// The variable.
    pub variable: String,
    /// The case, from 1.
    pub case: usize,
    /// Why, in words.
    pub reason: String,
    /// Statements in MPL that would have closed the case.
    pub stuck_on: Vec<String>,
}

/// How the attempts at a conjecture failed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Failure {
    /// There was no model in which it could have been refuted.
    pub no_model: bool,
    /// The bound that was hit: on `steps`, or on new `values`.
    pub bound: Option<&'static str>,
    /// Wished lemmas, the simplest first.
    pub wishes: Vec<Wish>,
}

/// A lemma that an attempt could have used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// In MPL, in the form of a goal of the theory.
    pub mpl: String,
    /// In infix notation.
    pub math: String,
}

impl Failure {
    fn of(exploration: &Exploration, conjecture: &Conjecture) -> Failure {
        let theory = exploration.theory();
        let failure = exploration.failure(conjecture);
        let wish = |statement: &Formula| Wish { mpl: goal_mpl(theory, statement), math: math(theory, statement) };
        let wishes = failure.wishes.iter().map(wish).collect();
        Failure { no_model: failure.no_model, bound: failure.bound, wishes }
    }

    /// The reasons of failure, in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.no_model {
            words.push("no model in which it could be refuted".to_owned());
        }
        words.extend(self.bound.map(|bound| format!("met the bound on {bound}")));
        match self.wishes.len() {
            0 => {}
            1 => words.push("wished for a lemma".to_owned()),
            count => words.push(format!("wished for one of {count} lemmas")),
        }
        words
    }
}

impl TheoremFound {
    /// Describes a theorem.
    #[must_use]
    pub fn of(exploration: &Exploration, id: TheoremId) -> TheoremFound {
        let theory = exploration.theory();
        let theorem = &exploration.theorems[place(id)];
        let checked = &theorem.checked;
        let mut citations: Vec<u32> = checked.basis().theorems.iter().map(|cited| number_of(*cited)).collect();
        citations.sort_unstable();
        TheoremFound {
            number: number_of(id),
            statement: mpl(theory, checked.statement()),
            math: math(theory, checked.statement()),
            variable: theorem.induction.map(|variable| variable_name(theorem.checked.statement(), variable)),
            corollary: theorem.corollary,
            essential: theorem.essential,
            assumptions: claims::assumptions(theory, checked.basis()),
            citations,
            steps: checked.proof().steps.len(),
            round: theorem.round,
            from: theorem.source.and_then(|source| Provenance::of(theory, source)),
        }
    }

    /// Describes a stored theorem that the checker has accepted.
    #[must_use]
    pub fn stored(theory: &Theory, record: &store::Theorem, checked: &Checked) -> TheoremFound {
        TheoremFound {
            number: checked.shown_number(),
            statement: mpl(theory, checked.statement()),
            math: math(theory, checked.statement()),
            variable: record.subject.get("variable").cloned(),
            corollary: record.corollary,
            essential: record.essential,
            assumptions: claims::assumptions(theory, checked.basis()),
            citations: record.citations.clone(),
            steps: checked.proof().steps.len(),
            round: record.cycle.saturating_sub(1),
            from: Provenance::stored(theory, record),
        }
    }

    /// `direct` or `induction`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.variable.is_some() { "induction" } else { "direct" }
    }
}

impl GoalAnswer {
    /// The answers to all goals that state this conjecture.
    pub(super) fn of(
        exploration: &Exploration,
        conjecture: &Conjecture,
        ended: Option<store::Status>,
    ) -> Vec<GoalAnswer> {
        let Some(goal) = conjecture.goals().next() else { return Vec::new() };
        let theory = exploration.theory();
        let first = GoalAnswer {
            label: goal.label.to_string(),
            place: goal.place.to_string(),
            statement: mpl(theory, &conjecture.statement),
            math: math(theory, &conjecture.statement),
            answer: match contradiction(exploration) {
                Some(theorems) => Answer::Contradictory { theorems: theorems.into_iter().map(number_of).collect() },
                None => Answer::of(exploration, conjecture),
            },
            ended,
        };
        let named =
            |goal: &Goal| GoalAnswer { label: goal.label.to_string(), place: goal.place.to_string(), ..first.clone() };
        conjecture.goals().map(named).collect()
    }

    /// The SZS status; the end of the run refines that of the answer alone.
    #[must_use]
    pub fn szs(&self) -> &'static str {
        match (&self.answer, self.ended) {
            (Answer::Open { .. }, Some(store::Status::OutOfTime)) => "Timeout",
            (Answer::Open { .. }, Some(store::Status::OutOfMemory)) => "ResourceOut",
            (Answer::Open { .. }, Some(store::Status::Cancelled)) => "User",
            (answer, _) => answer.szs(),
        }
    }
}

impl Answer {
    /// The current status of a conjecture.
    #[must_use]
    pub fn of(exploration: &Exploration, conjecture: &Conjecture) -> Answer {
        let theory = exploration.theory();
        let statement = &conjecture.statement;
        match &conjecture.fate {
            Fate::Proved(id) => {
                let theorem = &exploration.theorems[place(*id)];
                Answer::Proved {
                    theorem: number_of(*id),
                    variable: theorem.induction.map(|variable| variable_name(theorem.checked.statement(), variable)),
                    vacuous: conjecture.vacuous,
                }
            }
            Fate::Refuted(model, values) => refuted(exploration, *model, values, statement),
            Fate::Waiting => Answer::Open {
                reason: "the run ended before it was tried".to_owned(),
                tried: false,
                inductions: Vec::new(),
                failure: Failure::default(),
            },
            Fate::Unsupported(reason) => Answer::Unsupported { reason: (*reason).to_owned() },
            Fate::Open(open) => Answer::Open {
                reason: open.ended.words(),
                tried: true,
                inductions: open
                    .inductions
                    .iter()
                    .map(|induction| OpenCase {
                        variable: variable_name(statement, induction.variable),
                        case: induction.case + 1,
                        reason: induction.ended.words(),
                        stuck_on: induction
                            .subgoals
                            .iter()
                            .filter_map(|clause| exploration.statement_of(clause))
                            .map(|statement| mpl(theory, &statement))
                            .collect(),
                    })
                    .collect(),
                failure: Failure::of(exploration, conjecture),
            },
        }
    }

    /// The SZS status, from the answer alone.
    #[must_use]
    pub fn szs(&self) -> &'static str {
        match self {
            Answer::Proved { .. } => "Theorem",
            Answer::Refuted { .. } => "CounterSatisfiable",
            Answer::Open { .. } | Answer::Unsupported { .. } => "GaveUp",
            Answer::Contradictory { .. } => "ContradictoryAxioms",
        }
    }

    /// Whether the rest of the run cannot change the answer.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Answer::Open { .. })
    }

    /// Everything but the SZS status, as JSON; outcomes in the store hold the same.
    #[must_use]
    pub fn detail(&self) -> Value {
        match self {
            Answer::Proved { theorem, vacuous, .. } => json!({ "theorem": theorem, "vacuous": vacuous }),
            Answer::Refuted { model, values } => {
                let values: serde_json::Map<String, Value> =
                    values.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
                json!({ "model": model, "counterexample": values })
            }
            Answer::Open { reason, tried: false, .. } | Answer::Unsupported { reason } => json!({ "reason": reason }),
            Answer::Open { reason, inductions, failure, .. } => json!({
                "reason": reason,
                "no_model": failure.no_model,
                "bound": failure.bound,
                "wishes": failure.wishes.iter().map(|wish| &wish.mpl).collect::<Vec<_>>(),
                "inductions": inductions.iter().map(|open| json!({
                    "variable": open.variable, "case": open.case, "reason": open.reason, "stuck_on": open.stuck_on,
                })).collect::<Vec<_>>(),
            }),
            Answer::Contradictory { theorems } => json!({ "theorems": theorems }),
        }
    }
}

fn refuted(exploration: &Exploration, model: usize, values: &[u16], statement: &Formula) -> Answer {
    let Some(model) = exploration.models.get(model) else {
        return Answer::Refuted { model: String::new(), values: Vec::new() };
    };
    let named = |(variable, value): (usize, &u16)| {
        let value = model.names.get(*value as usize).cloned().unwrap_or_else(|| "?".to_owned());
        (variable_name(statement, variable as u16), value)
    };
    Answer::Refuted { model: model.origin.clone(), values: values.iter().enumerate().map(named).collect() }
}

/// The theorems, one or two, that show the axioms to be inconsistent, if such were found.
#[must_use]
pub fn contradiction(exploration: &Exploration) -> Option<Vec<TheoremId>> {
    let statements: Vec<&Formula> = exploration.theorems.iter().map(|theorem| theorem.checked.statement()).collect();
    exploration.inconsistency.map(|id| vec![id]).or_else(|| contradiction_among(&statements))
}

/// Finds an inconsistency among these statements: one that negates a reflexive equation, or two of which one negates
/// what the other states about the parameters of the axioms.
#[must_use]
pub fn contradiction_among(statements: &[&Formula]) -> Option<Vec<TheoremId>> {
    let behind_the_axioms = |statement: &&Formula| match statement {
        Formula::Implies(_, _, body) => (**body).clone(),
        other => (*other).clone(),
    };
    let bodies: Vec<Formula> = statements.iter().map(behind_the_axioms).collect();
    let id = |place: usize| TheoremId(place as u32);
    let mut said: HashMap<&Formula, usize> = HashMap::new();
    bodies.iter().enumerate().rev().for_each(|(place, body)| {
        said.insert(body, place);
    });
    bodies.iter().enumerate().find_map(|(place, body)| {
        let Formula::Not(inner) = body else { return None };
        if let Formula::Atom(PredicateId::EQUAL, arguments) = &**inner
            && arguments.first() == arguments.last()
        {
            return Some(vec![id(place)]);
        }
        let other = *said.get(&**inner)?;
        Some(vec![id(place.min(other)), id(place.max(other))])
    })
}

/// The outcomes of all conjectures, for the store: goals and attempted ones in order, then those that the generator
/// refuted.
pub(super) fn outcomes(exploration: &Exploration, cycle: u32) -> Vec<store::Outcome> {
    let theory = exploration.theory();
    let outcome = |sequence: usize, statement: &Formula, answer: &Answer| store::Outcome {
        sequence: sequence as u64,
        cycle,
        statement: mpl(theory, statement),
        status: answer.szs().to_owned(),
        detail: answer.detail().to_string(),
    };
    let conjectures = exploration.conjectures.iter().enumerate();
    let mut outcomes: Vec<store::Outcome> = conjectures
        .map(|(sequence, known)| outcome(sequence, &known.statement, &Answer::of(exploration, known)))
        .collect();
    for known in &exploration.refuted {
        let Some(statement) = exploration.statement_of(&known.clause) else { continue };
        let answer = refuted(exploration, known.model, &known.assignment, &statement);
        outcomes.push(outcome(outcomes.len(), &statement, &answer));
    }
    outcomes
}

/// The name of a variable as its binder gives it, by its number among those bound behind the anchor.
#[must_use]
pub fn variable_name(statement: &Formula, variable: u16) -> String {
    let names = bound_names(statement);
    names.get(variable as usize).map_or_else(|| variable.to_string(), ToString::to_string)
}

/// The number of the variable with this name; inverse of [`variable_name`].
pub(super) fn variable_number(statement: &Formula, name: &str) -> Option<u16> {
    let found = bound_names(statement).iter().position(|known| **known == *name);
    found.and_then(|place| u16::try_from(place).ok()).or_else(|| name.parse().ok())
}

/// The names of the variables bound behind the anchor, by number: those bound on the way to the conclusion, and the
/// witnesses of existential premises. A premise that is itself a ∀→ binds variables of its own.
fn bound_names(statement: &Formula) -> Vec<Arc<str>> {
    fn conclusion(formula: &Formula, names: &mut Vec<Arc<str>>) {
        match formula {
            Formula::Implies(binders, before, after) => {
                names.extend(binders.names().cloned());
                premise(before, names);
                conclusion(after, names);
            }
            Formula::And(left, right) => {
                conclusion(left, names);
                conclusion(right, names);
            }
            Formula::Not(inner) => conclusion(inner, names),
            Formula::Atom(..) => {}
        }
    }
    fn premise(formula: &Formula, names: &mut Vec<Arc<str>>) {
        if let Some((binders, left, right)) = formula.as_exists() {
            names.extend(binders.names().cloned());
            premise(left, names);
            premise(right, names);
        } else if let Formula::And(left, right) = formula {
            premise(left, names);
            premise(right, names);
        }
    }
    let mut names = Vec::new();
    if let Formula::Implies(_, _, body) = statement {
        conclusion(body, &mut names);
    }
    names
}

#[cfg(test)]
mod tests {
    use theoremata_logic::language::mpl::{parse_goal, read_mpl};

    use super::*;

    #[test]
    fn variables_have_the_numbers_that_they_have_in_clauses() {
        let text = "(theory Pair[S,R,Q] (>[x,y] (in2[x,y,R]) (& (in[x,S]) (in2[y,x,Q]))))";
        let (theory, _) = read_mpl("pair.mpl", text.as_bytes(), &mut |_| Err(String::new())).expect("a theory");
        let goal = "(>[f] (& (>[a,b] (in2[a,b,f]) (in2[b,a,R])) (exists[w] (in[w,S]) (in2[w,w,f]))) (>[x] (in[x,S]) (=[x,x])))";
        let goal = parse_goal(&theory, goal).expect("a goal");
        let names: Vec<String> = (0..4).map(|number| variable_name(&goal.statement, number)).collect();
        assert_eq!(names, ["f", "w", "x", "3"]);
        assert_eq!(variable_number(&goal.statement, "x"), Some(2));
        assert_eq!(variable_number(&goal.statement, "3"), Some(3));
    }
}
