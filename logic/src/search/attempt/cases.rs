//! Case splits on undecided literals.
//!
//! A stuck block first assumes the negation of its goal, if negative facts can be used. Otherwise it looks ahead: for
//! each of some literals it assumes in a small block below itself that the literal holds, and then, if that led
//! nowhere, that it fails. If one of the two leads to the goal at once, the opposite may be assumed. With all these
//! assumptions the attempt continues in a single block below, which may split again. So the cost grows linearly with
//! the depth and not exponentially.

use std::sync::Arc;

use crate::proofs::reconstruction::{By, CaseSplit, Forced, Indirect};
use crate::saturation::block::{Block, Goal, Limits};
use crate::saturation::pattern::{Argument, Individual, Pattern};
use crate::saturation::sequent::{Sequent, SequentHead};

use super::induction::Inducing;
use super::set_up::ground_head;
use super::{Effort, LogicBlock, Stalled, State, Turn, Verdict};

/// The most literals used for look-ahead.
const MOST_LITERALS: usize = 8;

/// An attempt by cases that waits for blocks below.
#[derive(Debug)]
pub(super) struct Splitting {
    stalled: Stalled,
    /// The literals, the most promising first.
    literals: Vec<Pattern>,
    phase: Phase,
    /// The slot of the first of these blocks, and their verdicts.
    first_slot: u32,
    verdicts: Vec<Option<Verdict>>,
    /// Literals that may be assumed.
    forced: Vec<Forced>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Look-ahead: assume each literal.
    Hold,
    /// Look-ahead: assume the negation of each literal whose first case led nowhere.
    Fail,
    /// Assume all forced literals.
    Rest,
    /// Assume the negation of the goal.
    Denied,
}

impl LogicBlock {
    /// Candidate literals for the cases of a stuck block, the most promising first.
    pub(super) fn undecided(&self, block: &Block) -> Vec<Pattern> {
        if self.effort.splits == 0 {
            return Vec::new();
        }
        let mut relevant = self.individuals();
        if let Some(Goal::Fact(code, arguments)) = block.goal()
            && let Some((_, inputs)) = arguments.split_last()
            && block.book().function(*code).is_some()
        {
            relevant.extend(block.value(*code, inputs).map(|(value, _)| value));
        }
        block.undecided(&relevant, MOST_LITERALS)
    }

    /// The individuals that the sequent mentions, and those of the blocks above of which this one is a case.
    fn individuals(&self) -> Vec<Individual> {
        let patterns = self.sequent.premises.iter().chain(self.sequent.head.literal());
        let named = patterns.flat_map(|pattern| &pattern.arguments).filter_map(|argument| match argument {
            Argument::Individual(individual) => Some(*individual),
            Argument::Variable(_) => None,
        });
        let introduced = (0..self.sequent.variables).map(|number| self.introduced(number));
        self.mentioned.iter().copied().chain(introduced).chain(named).collect()
    }

    /// Starts a case split of a stuck block, if its effort allows one; otherwise induction.
    pub(super) fn split(&mut self, literals: Vec<Pattern>, stalled: Stalled) -> Turn {
        let book = stalled.stuck.snapshot.book.clone();
        let denied = |head: &Pattern| head.code.positive() && book.denies(head.code.relation());
        let indirectly = self.effort.splits > 0 && self.sequent.head.literal().is_some_and(denied);
        if !indirectly && literals.is_empty() {
            return self.try_induction(Inducing::new(stalled));
        }
        let phase = if indirectly { Phase::Denied } else { Phase::Hold };
        let splitting = Splitting { stalled, literals, phase, first_slot: 0, verdicts: Vec::new(), forced: Vec::new() };
        self.open_cases(splitting)
    }

    /// Opens the blocks of a phase.
    fn open_cases(&mut self, mut splitting: Splitting) -> Turn {
        let mut turn = Turn::default();
        let goal = ground_head(&self.sequent.head, self.context.individuals(), self.sequent.variables);
        let is_denied = goal.literal().is_some_and(|literal| !literal.code.positive());
        let head = if is_denied || splitting.phase == Phase::Denied { SequentHead::False } else { goal.clone() };
        let denied = |literal: &Pattern| Pattern { code: literal.code.opposite(), ..literal.clone() };
        let cases: Vec<Vec<Pattern>> = match splitting.phase {
            Phase::Hold => splitting.literals.iter().map(|literal| vec![literal.clone()]).collect(),
            Phase::Fail => splitting.literals.iter().map(|literal| vec![denied(literal)]).collect(),
            Phase::Rest => vec![splitting.forced.iter().map(Forced::assumed).collect()],
            Phase::Denied => vec![goal.literal().map(denied).into_iter().collect()],
        };
        splitting.first_slot = self.slots;
        splitting.verdicts = cases.iter().map(|_| None).collect();
        let looks_ahead = matches!(splitting.phase, Phase::Hold | Phase::Fail);
        let effort = if looks_ahead {
            Effort { nesting: 0, direct: self.effort.split, splits: 0, equations: 0, ..self.effort }
        } else {
            let Limits { steps, creations } = self.effort.split;
            let direct = Limits { steps: 4 * steps, creations: 2 * creations };
            Effort { nesting: 0, direct, splits: self.effort.splits - 1, equations: 0, ..self.effort }
        };
        for premises in cases {
            let context = splitting.stalled.stuck.snapshot.clone();
            let sequent = Sequent { variables: 0, premises, head: head.clone() };
            let child = LogicBlock::new(self.compiled.clone(), context, sequent, effort);
            self.open(&mut turn, LogicBlock { mentioned: self.individuals(), ..child });
        }
        self.state = State::Splitting(Box::new(splitting));
        turn
    }

    /// Receives verdicts; once a phase is complete, starts the next.
    pub(super) fn go_on_splitting(&mut self, mut splitting: Splitting, verdicts: Vec<(u32, Verdict)>) -> Turn {
        for (slot, verdict) in verdicts {
            if let Some(place) = slot.checked_sub(splitting.first_slot)
                && let Some(entry) = splitting.verdicts.get_mut(place as usize)
            {
                *entry = Some(verdict);
            }
        }
        if splitting.verdicts.iter().any(Option::is_none) {
            self.state = State::Splitting(Box::new(splitting));
            return Turn::default();
        }
        let mut proved = std::mem::take(&mut splitting.verdicts).into_iter().map(|verdict| match verdict {
            Some(Verdict::Proved(tree)) => Some(Arc::unwrap_or_clone(tree)),
            _ => None,
        });
        match splitting.phase {
            Phase::Hold | Phase::Fail => {
                let holds = splitting.phase == Phase::Fail;
                let mut others = Vec::new();
                for (literal, tree) in splitting.literals.drain(..).zip(proved) {
                    match tree {
                        Some(refuted) => splitting.forced.push(Forced { literal, holds, refuted }),
                        None => others.push(literal),
                    }
                }
                splitting.literals = others;
                if splitting.phase == Phase::Hold && !splitting.literals.is_empty() {
                    return self.open_cases(Splitting { phase: Phase::Fail, ..splitting });
                }
                if splitting.forced.is_empty() {
                    return self.try_induction(Inducing::new(splitting.stalled));
                }
                self.open_cases(Splitting { phase: Phase::Rest, ..splitting })
            }
            Phase::Rest | Phase::Denied => {
                let stuck = splitting.stalled.stuck.clone();
                match proved.next().flatten() {
                    Some(child) if splitting.phase == Phase::Denied => {
                        self.proved(By::Indirect(Box::new(Indirect { stuck, child })))
                    }
                    Some(rest) => {
                        let forced = splitting.forced;
                        self.proved(By::Cases(Box::new(CaseSplit { stuck, forced, rest })))
                    }
                    None => {
                        drop(proved);
                        self.try_induction(Inducing::new(splitting.stalled))
                    }
                }
            }
        }
    }
}
