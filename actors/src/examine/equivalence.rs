//! Equivalence of two statements in a theory.

use theoremata_logic::calculus::theory::Goal;
use theoremata_logic::clauses::clause::Clause;
use theoremata_logic::conjecture::canonical;
use theoremata_logic::search::explore::Conjecture;

use super::examiner::{Examiner, Verdict};
use crate::run::{Manner, exploration};

impl Examiner {
    /// Whether each of two statements follows from the other: `equivalent`, `different: …` or `open: …`. If equivalent,
    /// both directions are theorems in the store; if both statements are theorems themselves, the reply says so.
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
        Ok(match &self.directions(left, right)?[..] {
            [Verdict::Proved { .. }, Verdict::Proved { .. }] => "equivalent: each is proved from the other".to_owned(),
            [Verdict::Refuted { counterexample }, _] | [_, Verdict::Refuted { counterexample }] => {
                format!("different: refuted by {counterexample}")
            }
            _ => "open: the prover has not shown that each follows from the other".to_owned(),
        })
    }
    /// Whether each of two statements is proved from the other. Not informative if both are true or both are false.
    ///
    /// # Errors
    /// A message, if the store or the system fails.
    pub fn follow_from_each_other(&self, left: &Goal, right: &Goal) -> Result<bool, String> {
        let verdicts = self.directions(left, right)?;
        Ok(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Proved { .. })))
    }

    /// The verdicts on the two implications.
    fn directions(&self, left: &Goal, right: &Goal) -> Result<Vec<Verdict>, String> {
        let implication = |from: &Goal, to: &Goal| self.read(&format!("(>[] {} {})", self.mpl(from), self.mpl(to)));
        self.examine_all(&[implication(left, right)?, implication(right, left)?])
    }

    /// For each statement, the index of the first one that is equal up to renaming of variables, order of premises, and
    /// orientation of equations.
    #[must_use]
    pub fn same_forms(&self, goals: &[Goal]) -> Vec<usize> {
        let exploration = exploration(self.theory.clone(), goals, &Manner::plain(false));
        let form = |goal: &Goal| {
            let of = |known: &&Conjecture| known.goals().any(|other| other.statement == goal.statement);
            exploration.conjectures.iter().find(of)?.clause.as_ref().map(canonical)
        };
        let forms: Vec<Option<Clause>> = goals.iter().map(form).collect();
        let is_same = |one: usize, other: usize| {
            goals[one].statement == goals[other].statement || (forms[one].is_some() && forms[one] == forms[other])
        };
        (0..goals.len()).map(|place| (0..place).find(|first| is_same(*first, place)).unwrap_or(place)).collect()
    }
}
