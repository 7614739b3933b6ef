//! Whether the axioms of a theory contradict each other.

use theoremata_logic::calculus::theory::Goal;

use super::examiner::Examiner;
use crate::run::{self, math};

impl Examiner {
    /// What the axioms prove by which they contradict each other, as far as that is found while a statement is examined:
    /// one theorem that cannot be, or two of which one denies the other. Nothing found says nothing; a statement that is
    /// refuted was refuted in a model of the axioms.
    ///
    /// # Errors
    /// In words, if the store or the machine fails.
    pub fn contradiction(&self, goal: &Goal) -> Result<Option<Vec<String>>, String> {
        let exploration = self.done(self.question([goal].into_iter(), false), &mut |_| {})?;
        let said = |id: &theoremata_logic::calculus::proof::TheoremId| {
            math(&self.theory, exploration.theorems[id.0 as usize].checked.statement())
        };
        Ok(run::contradiction(&exploration).map(|theorems| theorems.iter().map(said).collect()))
    }
}
