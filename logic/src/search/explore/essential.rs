//! Essential theorems: a small set from which, with the axioms, the engine can reprove all others.

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
use super::narrow::narrow_effort;
use super::{Exploration, LEVELS};

/// The most steps for marking; a theorem not examined by then stays essential.
const MOST_STEPS: u64 = 40_000_000;
/// The most passes over the theorems.
const ROUNDS: usize = 3;

/// The results of all trials, so that none is repeated: whether a theorem was proved from a set of theorems.
#[derive(Default)]
struct Trials {
    found: HashMap<(usize, BTreeSet<usize>), bool>,
    /// The last root block, and the theorems that are its rules.
    root: Option<(BTreeSet<usize>, Arc<Snapshot>)>,
}

impl Exploration {
    /// Marks the essential theorems: a set of rules, as small as was found, such that one attempt from the axioms and
    /// this set reproves each other rule, with the effort that first proved it. Corollaries follow directly from the
    /// rules. An essential theorem is itself reprovable from the axioms and the rest only if the step limit was
    /// reached, or if it had to be added again after removal. Returns false if `go_on` said stop.
    pub(super) fn mark_essential(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let until = self.counts.steps + MOST_STEPS;
        let mut order = by_weight(&self.reading(), self.theorems.iter().map(|theorem| &theorem.checked));
        order.retain(|place| self.is_rule(*place));
        let mut essential = BTreeSet::new();
        let mut dropped = BTreeSet::new();
        let mut trials = Trials::default();
        for _ in 0..ROUNDS {
            let before = essential.clone();
            // The most valuable laws come first.
            if !self.take_what_does_not_follow(&order, until, &mut essential, &mut trials, go_on) {
                return false;
            }
            // Theorems added early may follow from those added later.
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
        // The last removals may have been needed by others.
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

    /// Adds each theorem that is not reproved from the essential ones, or was not tried because the step limit was
    /// reached. Returns false if `go_on` said stop.
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

    /// Whether one attempt proves a theorem from the axioms and the theorems `known`, with the effort that first proved
    /// it.
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

    /// Whether a theorem is a rule and was found in this run.
    fn is_rule(&self, place: usize) -> bool {
        let theorem = &self.theorems[place];
        !theorem.corollary && theorem.clause.is_some() && theorem.source.is_none()
    }

    /// A root block with the rules of these theorems, and of those that came from used theories.
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
        let efforts = [
            Some(quick),
            Some(usual),
            Some(narrow_effort(!self.book.is_horn())),
            Some(Effort::CASES),
            self.options.last_effort,
        ];
        debug_assert!(NARROW == 2 && BY_CASES == 3 && LAST == 4 && LEVELS == efforts.len());
        let tried = conjecture.tried;
        let nesting = |effort: Effort| if conjecture.by_congruence { 0 } else { effort.nesting };
        // A proved conjecture keeps only the level at which it was proved.
        let level = tried.iter().rposition(|tried| *tried > 0).unwrap_or(0);
        let effort = efforts[level].unwrap_or(usual);
        let effort = Effort { nesting: nesting(effort), ..effort };
        let block = LogicBlock::new(self.compiled.clone(), root.clone(), Sequent::of(clause), effort);
        let (verdict, steps) = solve(block);
        self.counts.steps += steps;
        matches!(verdict, Verdict::Proved(_))
    }
}
