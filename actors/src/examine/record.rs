//! Theorems proved by tool calls, read back from the store.

use theoremata_logic::calculus::theory::Goal;
use theoremata_store::RunId;

use super::examiner::Examiner;
use super::proved::Proved;
use super::tools::{self, Asked, asked};
use crate::jobs::Called;
use crate::proof_codec::number_of;
use crate::run::{Manner, restore};

impl Examiner {
    /// The theorem that a call has proved, as stored; `None` if the call proved none. The reply alone is not trusted:
    /// the theorem is looked up, and the checker reads its proof.
    ///
    /// # Errors
    /// A message, if the store fails, or has no such theorem although the reply claims it.
    pub fn proved(&self, call: &Called, earlier: &[Called]) -> Result<Option<Proved>, String> {
        if !call.reply.starts_with("theorem ") {
            return Ok(None);
        }
        let known = self.known(earlier);
        let Ok(Asked { goal, lemmas }) = asked(self, &call.tool, &call.parameters, &known) else { return Ok(None) };
        let run = self.run(&lemmas, &goal);
        let number = (call.tool == "prove").then(|| tools::number_of(&goal, &known).unwrap_or(known.len() as u32 + 1));
        let theorem = self.theorem(&run, &lemmas, &goal)?;
        Ok(Some(Proved { number, run, theorem, math: self.math(&goal), mpl: self.mpl(&goal) }))
    }

    /// The number of a statement among the theorems of a run; all proofs of the run are checked.
    fn theorem(&self, run: &RunId, lemmas: &[Goal], goal: &Goal) -> Result<u32, String> {
        let goals = [lemmas, std::slice::from_ref(goal)].concat();
        let none = || format!("the store has no proof of {}", self.math(goal));
        let record = self.store().run(run).map_err(|error| error.to_string())?.ok_or_else(none)?;
        let theory = self.theory.clone();
        let manner = Manner::plain(false);
        let goals = self.question(goals.iter(), false).goals;
        let (exploration, _) =
            restore(self.store(), &record, theory, &goals, &manner).map_err(|error| error.to_string())?;
        let says_so =
            |theorem: &theoremata_logic::search::explore::Theorem| *theorem.checked.statement() == goal.statement;
        let place = exploration.theorems.iter().position(says_so).ok_or_else(none)?;
        Ok(number_of(theoremata_logic::calculus::proof::TheoremId(place as u32)))
    }
}
