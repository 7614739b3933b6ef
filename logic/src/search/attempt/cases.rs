//! Reasoning by cases: a literal that is not decided holds, or it fails.
//!
//! A stuck block looks ahead: it assumes a literal in a small block below itself, and then its denial. If one of the two
//! leads to the goal at once, the other is what the block may go on with, in a block that reasons by cases in its turn.
//! So the cost grows with the depth and not with its power. The first thing assumed is the denial of the goal itself,
//! where denials lead anywhere.

use std::sync::Arc;

use crate::proofs::reconstruction::{By, CaseSplit, Indirect, Tree};
use crate::saturation::block::{Block, Goal};
use crate::saturation::rule::{Argument, Individual, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};

use super::induction::Inducing;
use super::set_up::ground_head;
use super::{Effort, LogicBlock, Stalled, State, Turn, Verdict};

/// The most literals that a block looks ahead with.
const MOST_LITERALS: usize = 10;

/// An attempt by cases that waits for one of them.
#[derive(Debug)]
pub(super) struct Splitting {
    stalled: Stalled,
    /// The literals still to be tried; the current one is last.
    literals: Vec<Pattern>,
    phase: Phase,
    slot: u32,
}

#[derive(Debug)]
enum Phase {
    /// Whether the literal leads to the goal at once.
    Holds,
    /// Whether its denial does.
    Fails,
    /// The one case is proved; the other may take more.
    OtherHolds(Tree),
    OtherFails(Tree),
    /// The goal is denied.
    Denied,
}

impl LogicBlock {
    /// The literals that the cases of a stuck block may be about, the most promising last.
    pub(super) fn undecided(&self, block: &Block) -> Vec<Pattern> {
        if self.effort.splits == 0 {
            return Vec::new();
        }
        let mut relevant: Vec<Individual> = (0..self.sequent.variables).map(|number| self.introduced(number)).collect();
        for pattern in self.sequent.premises.iter().chain(self.sequent.head.literal()) {
            relevant.extend(pattern.arguments.iter().filter_map(|argument| match argument {
                Argument::Individual(individual) => Some(*individual),
                Argument::Variable(_) => None,
            }));
        }
        if let Some(Goal::Fact(code, arguments)) = block.goal()
            && let Some((_, inputs)) = arguments.split_last()
            && block.book().function(*code).is_some()
        {
            relevant.extend(block.value(*code, inputs).map(|(value, _)| value));
        }
        let mut literals = block.undecided(&relevant, MOST_LITERALS);
        literals.reverse();
        literals
    }

    /// Begins with the cases of a stuck block, if its effort allows them; else with induction.
    pub(super) fn split(&mut self, literals: Vec<Pattern>, stalled: Stalled) -> Turn {
        let book = stalled.stuck.snapshot.book.clone();
        let denied = |head: &Pattern| head.code.positive() && book.denies(head.code.relation());
        if self.effort.splits > 0 && self.sequent.head.literal().is_some_and(denied) {
            let splitting = Splitting { stalled, literals, phase: Phase::Denied, slot: self.slots };
            return self.open_literal(splitting, false);
        }
        self.next_literal(stalled, literals)
    }

    fn next_literal(&mut self, stalled: Stalled, literals: Vec<Pattern>) -> Turn {
        if literals.is_empty() {
            return self.try_induction(Inducing::new(stalled));
        }
        let splitting = Splitting { stalled, literals, phase: Phase::Holds, slot: self.slots };
        self.open_literal(splitting, true)
    }

    /// Opens the block below that assumes the current literal or its denial.
    fn open_literal(&mut self, splitting: Splitting, holds: bool) -> Turn {
        let mut turn = Turn::default();
        let mut head = ground_head(&self.sequent.head, self.context.individuals(), self.sequent.variables);
        let mut premise = match (&splitting.phase, &head) {
            (Phase::Denied, SequentHead::Literal(goal)) => goal.clone(),
            _ => splitting.literals.last().expect("a current literal").clone(),
        };
        if !holds {
            premise.code = premise.code.opposite();
        }
        let is_denied = matches!(&head, SequentHead::Literal(goal) if !goal.code.positive());
        if is_denied || matches!(splitting.phase, Phase::Denied) {
            head = SequentHead::False;
        }
        let splits = match splitting.phase {
            Phase::Holds | Phase::Fails => 0,
            Phase::OtherHolds(_) | Phase::OtherFails(_) | Phase::Denied => self.effort.splits - 1,
        };
        let effort = Effort { nesting: 0, direct: self.effort.split, splits, ..self.effort };
        let context = splitting.stalled.stuck.snapshot.clone();
        self.open(&mut turn, context, Sequent { variables: 0, premises: vec![premise], head }, effort);
        self.state = State::Splitting(Box::new(splitting));
        turn
    }

    /// Takes in the verdict on the current case.
    pub(super) fn go_on_splitting(&mut self, mut splitting: Splitting, verdicts: Vec<(u32, Verdict)>) -> Turn {
        let Some((_, verdict)) = verdicts.into_iter().find(|(slot, _)| *slot == splitting.slot) else {
            self.state = State::Splitting(Box::new(splitting));
            return Turn::default();
        };
        splitting.slot = self.slots;
        let proved = match verdict {
            Verdict::Proved(tree) => Some(Arc::unwrap_or_clone(tree)),
            Verdict::Open(_) => None,
        };
        match (splitting.phase, proved) {
            (Phase::Holds, Some(tree)) => {
                self.open_literal(Splitting { phase: Phase::OtherFails(tree), ..splitting }, false)
            }
            (Phase::Holds, None) => self.open_literal(Splitting { phase: Phase::Fails, ..splitting }, false),
            (Phase::Fails, Some(tree)) => {
                self.open_literal(Splitting { phase: Phase::OtherHolds(tree), ..splitting }, true)
            }
            (Phase::Fails, None) => {
                splitting.literals.pop();
                self.next_literal(splitting.stalled, splitting.literals)
            }
            (Phase::Denied, Some(child)) => {
                self.proved(By::Indirect(Box::new(Indirect { stuck: splitting.stalled.stuck, child })))
            }
            (Phase::OtherFails(holds), Some(fails)) | (Phase::OtherHolds(fails), Some(holds)) => {
                let literal = splitting.literals.pop().expect("a current literal");
                self.proved(By::Cases(Box::new(CaseSplit { stuck: splitting.stalled.stuck, literal, holds, fails })))
            }
            // What one case left to be done, the other literals would have to do as well.
            (Phase::Denied | Phase::OtherFails(_) | Phase::OtherHolds(_), None) => {
                self.try_induction(Inducing::new(splitting.stalled))
            }
        }
    }
}
