//! The texts of statements.

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::notation::Reading;
use theoremata_logic::language::text::{MplWriter, SortsShown};

/// The MPL text of a closed formula, as people write it.
#[must_use]
pub fn mpl(theory: &Theory, formula: &Formula) -> String {
    written(theory, formula, SortsShown::No)
}

/// The text of a closed formula as records of theorems hold it, with sorts.
pub(super) fn recorded(theory: &Theory, formula: &Formula) -> String {
    written(theory, formula, SortsShown::Yes)
}

fn written(theory: &Theory, formula: &Formula, sorts: SortsShown) -> String {
    let predicate = |id: PredicateId| theory.predicate(id).name.clone();
    let name = |name: Name| format!("?{}", name.0).into();
    MplWriter { predicate: &predicate, name: &name, sorts }.write(formula)
}

/// A closed statement as people write it.
#[must_use]
pub fn math(theory: &Theory, statement: &Formula) -> String {
    Reading::new(theory).statement(statement).to_string()
}
