//! Text of statements.

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::notation::Reading;
use theoremata_logic::language::text::{MplWriter, SortsShown};

/// The MPL text of a closed formula, without sorts.
#[must_use]
pub fn mpl(theory: &Theory, formula: &Formula) -> String {
    written(theory, formula, SortsShown::No)
}

/// The MPL text of a statement as a goal of its theory: the part behind the anchor, over the anchor's parameters.
#[must_use]
pub fn goal_mpl(theory: &Theory, statement: &Formula) -> String {
    let Formula::Implies(binders, _, body) = statement else { return mpl(theory, statement) };
    let names: Vec<Name> = (0..binders.len() as u32).map(Name).collect();
    let parameters = &theory.anchor_definition().parameters;
    let name = |name: Name| parameters.get(name.0 as usize).cloned().unwrap_or_else(|| format!("?{}", name.0).into());
    let predicate = |id: PredicateId| theory.predicate(id).name.clone();
    MplWriter { predicate: &predicate, name: &name, sorts: SortsShown::No }.write(&body.open(&names))
}

/// The MPL text of a closed formula in records of theorems, with sorts.
pub(super) fn recorded(theory: &Theory, formula: &Formula) -> String {
    written(theory, formula, SortsShown::Yes)
}

fn written(theory: &Theory, formula: &Formula, sorts: SortsShown) -> String {
    let predicate = |id: PredicateId| theory.predicate(id).name.clone();
    let name = |name: Name| format!("?{}", name.0).into();
    MplWriter { predicate: &predicate, name: &name, sorts }.write(formula)
}

/// A closed statement in infix notation.
#[must_use]
pub fn math(theory: &Theory, statement: &Formula) -> String {
    Reading::new(theory).statement(statement).to_string()
}
