//! Which theorems are essential: from these and the axioms the engine finds the others again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::calculus::proof::TheoremId;
use crate::saturation::block::Snapshot;
use crate::saturation::book::RuleBook;
use crate::saturation::sequent::Sequent;
use crate::search::attempt::{Effort, LogicBlock, Verdict, solve};

use super::conjecture::{BY_CASES, LAST, NARROW};
use super::interest::by_weight;
use super::learn::{add_theorem, root_of};
use super::{Exploration, LEVELS};

/// The work that is done for it at most, in steps; what has not been looked at by then stays essential.
const MOST_STEPS: u64 = 40_000_000;
/// How often the essential ones are gone through.
const ROUNDS: usize = 3;

/// From which theorems it was tried to prove one, and whether it went: nothing is tried twice.
#[derive(Default)]
struct Trials {
    found: HashMap<(usize, BTreeSet<usize>), bool>,
    /// The last root block, and the theorems that are its rules.
    root: Option<(BTreeSet<usize>, Arc<Snapshot>)>,
}

impl Exploration {
    /// Marks the essential theorems: a smallest set that was found of theorems that are rules, such that each other rule
    /// is proved anew by one attempt from the axioms and these, with the effort by which it was proved; the corollaries
    /// follow at once from the rules. An essential one follows in this way from the axioms and the rest only if the bound on
    /// work was met, or if one that was dropped before had to be taken again. False if `go_on` said stop.
    pub(super) fn mark_essential(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let until = self.counts.steps + MOST_STEPS;
        let mut order = by_weight(&self.reading(), self.theorems.iter().map(|theorem| &theorem.checked));
        order.retain(|place| self.is_rule(*place));
        let mut essential = BTreeSet::new();
        let mut dropped = BTreeSet::new();
        let mut trials = Trials::default();
        for _ in 0..ROUNDS {
            let before = essential.clone();
            // The laws that are worth most come first.
            if !self.take_what_does_not_follow(&order, until, &mut essential, &mut trials, go_on) {
                return false;
            }
            // Those that were taken first may follow from what was taken after them.
            for place in order.iter().rev() {
                if !go_on() {
                    return false;
                }
                if !essential.contains(place) || dropped.contains(place) || self.counts.steps > until {
                    continue;
                }
                let mut rest = essential.clone();
                rest.remove(place);
                if self.tried_from(&rest, *place, &mut trials) {
                    dropped.insert(*place);
                    essential = rest;
                }
            }
            if essential == before {
                break;
            }
        }
        // What was dropped last may have been of use for others.
        let mut before = None;
        while before != Some(essential.len()) {
            before = Some(essential.len());
            if !self.take_what_does_not_follow(&order, until, &mut essential, &mut trials, go_on) {
                return false;
            }
        }
        for place in essential {
            self.theorems[place].essential = true;
        }
        true
    }

    /// Adds what does not follow from those that are taken, or was not tried since the bound on work was met; false if
    /// `go_on` said stop.
    fn take_what_does_not_follow(
        &mut self,
        order: &[usize],
        until: u64,
        essential: &mut BTreeSet<usize>,
        trials: &mut Trials,
        go_on: &mut dyn FnMut() -> bool,
    ) -> bool {
        for place in order {
            if !go_on() {
                return false;
            }
            if !essential.contains(place) && (self.counts.steps > until || !self.tried_from(essential, *place, trials))
            {
                essential.insert(*place);
            }
        }
        true
    }

    /// Whether a theorem is proved by one attempt, with the effort by which it was proved, when of the theorems only
    /// `known` are known.
    pub fn follows_from(&mut self, known: &[TheoremId], theorem: TheoremId) -> bool {
        if self.theorems[theorem.0 as usize].clause.is_none() {
            return self.quantified_follows(theorem, known);
        }
        let known = known.iter().map(|id| id.0 as usize).collect();
        let root = self.root_with(&known);
        self.follows(theorem.0 as usize, &root)
    }

    fn tried_from(&mut self, known: &BTreeSet<usize>, place: usize, trials: &mut Trials) -> bool {
        let key = (place, known.clone());
        if let Some(found) = trials.found.get(&key) {
            return *found;
        }
        let root = match trials.root.take() {
            Some((of, root)) if of == *known => root,
            _ => self.root_with(known),
        };
        let found = self.follows(place, &root);
        trials.root = Some((known.clone(), root));
        trials.found.insert(key, found);
        found
    }

    /// Whether a theorem is a rule that was found here.
    fn is_rule(&self, place: usize) -> bool {
        let theorem = &self.theorems[place];
        !theorem.corollary && theorem.clause.is_some() && theorem.source.is_none()
    }

    /// A root block with the rules of these theorems, and of those that were known from the beginning.
    fn root_with(&self, known: &BTreeSet<usize>) -> Arc<Snapshot> {
        let mut book = RuleBook::new(&self.compiled);
        for (place, theorem) in self.theorems.iter().enumerate() {
            if known.contains(&place) || (theorem.source.is_some() && !theorem.corollary) {
                add_theorem(&mut book, &self.compiled, TheoremId(place as u32), theorem);
            }
        }
        Arc::new(root_of(&book).rest())
    }

    fn follows(&mut self, place: usize, root: &Arc<Snapshot>) -> bool {
        let theorem = &self.theorems[place];
        let conjecture = &self.conjectures[theorem.conjecture];
        let Some(clause) = &theorem.clause else { return false };
        let [quick, usual] = self.options.efforts;
        let efforts =
            [Some(quick), Some(usual), Some(self.narrow_effort()), Some(Effort::CASES), self.options.last_effort];
        debug_assert!(NARROW == 2 && BY_CASES == 3 && LAST == 4 && LEVELS == efforts.len());
        let tried = conjecture.tried;
        let nesting = |effort: Effort| if conjecture.by_congruence { 0 } else { effort.nesting };
        // Of what is proved only the effort that proved it is kept.
        let level = tried.iter().rposition(|tried| *tried > 0).unwrap_or(0);
        let effort = efforts[level].unwrap_or(usual);
        let effort = Effort { nesting: nesting(effort), ..effort };
        let block = LogicBlock::new(self.compiled.clone(), root.clone(), Sequent::of(clause), effort);
        let (verdict, steps) = solve(block);
        self.counts.steps += steps;
        matches!(verdict, Verdict::Proved(_))
    }
}
