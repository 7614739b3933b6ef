//! Comparison of the claims of a stored theorem with the checker's findings.

use std::collections::BTreeSet;

use theoremata_logic::calculus::check::Basis;
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::clauses::compile::behind_anchor;
use theoremata_logic::search::library::Source;
use theoremata_store::Theorem;

use super::statement::recorded;
use crate::proof_codec::number_of;

/// A claim of a record that the checker did not confirm.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unclaimed(String);

/// Assumptions of a proof besides axioms and other theorems, in words: induction principles, comprehension, classical
/// logic.
#[must_use]
pub fn assumptions(theory: &Theory, basis: &Basis) -> Vec<String> {
    let principle = |number: &u32| theory.inductions.get(*number as usize).map(|known| known.name.to_string());
    let mut assumptions: Vec<String> = basis.inductions.iter().filter_map(principle).collect();
    let comprehension = |predicate| format!("comprehension of {}", theory.predicate(predicate).name);
    assumptions.extend(basis.comprehensions.iter().copied().map(comprehension));
    if basis.classical {
        assumptions.push("classical logic".to_owned());
    }
    assumptions
}

/// Key of [`Theorem::subject`] for the theorem's origin in a used theory.
pub(super) const USED: &str = "used";
pub(super) const THERE: &str = "theorem";

/// Measure that marks a run as imported: its own statements about itself, theorems apart, are unverified.
pub const IMPORTED: &str = "imported";

/// The origin in a used theory that a record claims.
pub(super) fn source(record: &Theorem) -> Option<Source> {
    let number = |key: &str| record.subject.get(key)?.parse::<u32>().ok();
    Some(Source { used: number(USED)?, theorem: number(THERE)?.checked_sub(1)? })
}

/// Whether a statement is within the vocabulary of a used theory, and so can be one of its theorems.
fn could_be_of(theory: &Theory, source: Source, statement: &Formula) -> bool {
    let Some(used) = theory.uses.get(source.used as usize) else { return false };
    let Some(body) = behind_anchor(theory, statement) else { return false };
    let names = body.free_variables();
    used.places.iter().any(|places| names.iter().all(|name| places.contains(&(name.0 as usize))))
}

/// Compares a record with the theorem that the checker accepted.
///
/// # Errors
/// The first claim that the checker did not confirm.
pub fn compare(theory: &Theory, record: &Theorem, checked: &Checked) -> Result<(), Unclaimed> {
    let differs = |what: &str, claimed: &str, found: &str| {
        let [claimed, found] = [claimed, found].map(|text| if text.is_empty() { "nothing" } else { text });
        Err(Unclaimed(format!("its record says that {what} {claimed}, and the checker found {found}")))
    };
    if record.number != checked.shown_number() {
        return differs("its number is", &record.number.to_string(), &checked.shown_number().to_string());
    }
    let statement = recorded(theory, checked.statement());
    if record.statement != statement {
        return differs("it states", &record.statement, &statement);
    }
    // As sets: the record does not claim an order.
    let found: BTreeSet<String> = assumptions(theory, checked.basis()).into_iter().collect();
    let claimed: BTreeSet<String> = record.assumptions.iter().cloned().collect();
    if claimed != found || claimed.len() != record.assumptions.len() {
        let listed = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
        return differs("it rests on", &record.assumptions.join(", "), &listed(&found));
    }
    let mut cited: Vec<u32> = checked.basis().theorems.iter().map(|cited| number_of(*cited)).collect();
    cited.sort_unstable();
    if record.citations != cited {
        let listed = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        return differs("it cites", &listed(&record.citations), &listed(&cited));
    }
    let by_induction = match &*record.kind {
        "induction" => true,
        "direct" => false,
        other => {
            return Err(Unclaimed(format!("its record calls it `{other}`, and theorems are direct or by induction")));
        }
    };
    if by_induction && checked.basis().inductions.is_empty() {
        return differs("it was proved by", "induction", "no induction in the proof");
    }
    let variable = record.subject.get("variable");
    let brought = if record.subject.contains_key(USED) { 2 } else { 0 };
    if brought > 0 && !source(record).is_some_and(|source| could_be_of(theory, source, checked.statement())) {
        return Err(Unclaimed(
            "it is not about the theory from which its record says that it was brought in".to_owned(),
        ));
    }
    if record.subject.len() != usize::from(by_induction) + brought || variable.is_some() != by_induction {
        return Err(Unclaimed("its record does not say on which variable the induction is, or says more".to_owned()));
    }
    // A variable bound by a definition inside the statement, not by the statement itself, is named by its number.
    let is_there = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit()) || binds(checked.statement(), name);
    if let Some(variable) = variable.filter(|variable| !is_there(variable)) {
        return differs("the induction is on", variable, "no such variable");
    }
    Ok(())
}

/// Whether a formula has a binder of this name.
fn binds(formula: &Formula, wanted: &str) -> bool {
    match formula {
        Formula::Implies(binders, premise, conclusion) => {
            binders.names().any(|name| **name == *wanted) || binds(premise, wanted) || binds(conclusion, wanted)
        }
        Formula::And(left, right) => binds(left, wanted) || binds(right, wanted),
        Formula::Not(inner) => binds(inner, wanted),
        Formula::Atom(..) => false,
    }
}
