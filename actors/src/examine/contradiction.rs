//! Inconsistency of a theory's axioms.

use theoremata_logic::calculus::theory::Goal;

use super::examiner::Examiner;
use crate::run::{self, math};

impl Examiner {
    /// The theorems that show the axioms to be inconsistent, if such were found while the statement was examined: one
    /// that is impossible, or two of which one negates the other. `None` does not mean that the axioms are consistent.
    ///
    /// # Errors
    /// A message, if the store or the system fails.
    pub fn contradiction(&self, goal: &Goal) -> Result<Option<Vec<String>>, String> {
        let exploration = self.done(self.question([goal].into_iter(), false), &mut |_| {})?;
        let said = |id: &theoremata_logic::calculus::proof::TheoremId| {
            math(&self.theory, exploration.theorems[id.0 as usize].checked.statement())
        };
        Ok(run::contradiction(&exploration).map(|theorems| theorems.iter().map(said).collect()))
    }
}
