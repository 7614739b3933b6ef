//! Whether two statements say the same in a theory.

use theoremata_logic::calculus::theory::Goal;

use super::examiner::{Examiner, Verdict};

impl Examiner {
    /// Whether each of two statements follows from the other: `equivalent`, `different: …` or `open: …`. Both directions are
    /// theorems in the store then; where both statements are theorems themselves, they say so.
    pub(super) fn compared(&self, left: &Goal, right: &Goal) -> Result<String, String> {
        if left.statement == right.statement {
            return Ok("equivalent: they are one statement".to_owned());
        }
        let verdicts = self.examine_all(&[left.clone(), right.clone()])?;
        let differ = |values: &str| Ok(format!("different: one is a theorem, the other is refuted by {values}"));
        match &verdicts[..] {
            [Verdict::Proved { .. }, Verdict::Proved { .. }] => {
                return Ok("equivalent: both are theorems".to_owned());
            }
            [Verdict::Proved { .. }, Verdict::Refuted { counterexample }]
            | [Verdict::Refuted { counterexample }, Verdict::Proved { .. }] => return differ(counterexample),
            _ => {}
        }
        let implication = |from: &Goal, to: &Goal| self.read(&format!("(>[] {} {})", self.mpl(from), self.mpl(to)));
        let directions = [implication(left, right)?, implication(right, left)?];
        Ok(match &self.examine_all(&directions)?[..] {
            [Verdict::Proved { .. }, Verdict::Proved { .. }] => "equivalent: each is proved from the other".to_owned(),
            [Verdict::Refuted { counterexample }, _] | [_, Verdict::Refuted { counterexample }] => {
                format!("different: refuted by {counterexample}")
            }
            _ => "open: the prover has not shown that each follows from the other".to_owned(),
        })
    }
}
