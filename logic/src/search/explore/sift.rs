//! Generated conjectures that stay open may be false in a structure that nobody has looked at yet.
//!
//! The first models of a theory are few and small, and a statement that is false in general may hold in all of them. It stays
//! open then, and hides the true statements that are instances of it: in a monoid, cancellation hides cancellation of what has
//! an inverse. So when nothing is left to be tried with the usual effort, finite models are looked for in which the most
//! interesting open conjectures fail; all others are tested in what is found, and conjectures are generated anew.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::models::evaluate::Evaluator;
use crate::models::limits::SearchLimits;
use crate::models::model::Model;
use crate::search::ended::kept_apart;

use super::conjecture::{Fate, Origin};
use super::{Exploration, Stage};

/// How often conjectures are sifted.
const TIMES: usize = 3;
/// Conjectures for which no model was found, one behind the other, before the search for models ends.
const PATIENCE: usize = 12;
/// Models that one sifting finds at most.
const MOST: usize = 20;
/// How far a model is looked for.
const LIMITS: SearchLimits = SearchLimits { largest: 4, together: 6, per_size: 1, clauses: 50_000, conflicts: 10_000 };
/// Assignments that are looked at in each model.
const ASSIGNMENTS: u64 = 100_000;

/// One sifting, so that it can be repeated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Sifting {
    /// How many conjectures there were.
    pub(crate) conjectures: usize,
    /// Those for which a model was found, in order.
    found: Vec<usize>,
    /// Those for which a model was looked for in vain.
    withstood: Vec<usize>,
}

impl Exploration {
    /// Whether open conjectures are to be sifted now: there are some that were not, and the last time was of use.
    pub(super) fn may_sift(&self) -> bool {
        let of_use = self.siftings.last().is_none_or(|last| !last.found.is_empty());
        self.options.generate
            && self.stage == Stage::Generated
            && of_use
            && self.siftings.len() < TIMES
            && self.models.iter().all(|model| !model.is_piece)
            && self.has_finite_models()
            && self.unsifted().next().is_some()
    }

    /// Open generated conjectures for which no model was looked for yet.
    fn unsifted(&self) -> impl Iterator<Item = usize> {
        let withstood: HashSet<usize> = self.siftings.iter().flat_map(|sifting| &sifting.withstood).copied().collect();
        (0..self.conjectures.len()).filter(move |place| {
            let conjecture = &self.conjectures[*place];
            let open = conjecture.origin == Origin::Generated && matches!(conjecture.fate, Fate::Open(_));
            open && !withstood.contains(place)
        })
    }

    /// The same, in turn those that interest least, most of which are false if any are, and the most interesting ones,
    /// which hide most.
    fn doubtful(&self) -> Vec<usize> {
        let mut rest: VecDeque<usize> = self.unsifted().collect();
        let ends = std::iter::from_fn(|| Some([Some(rest.pop_back()?), rest.pop_front()]));
        ends.flatten().flatten().collect()
    }

    /// Looks for models, and generates conjectures again if there are new ones; false if `go_on` said stop.
    pub(super) fn sift(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let conjectures = self.conjectures.len();
        let mut sifting = Sifting { conjectures, found: Vec::new(), withstood: Vec::new() };
        let mut patience = PATIENCE;
        for place in self.doubtful() {
            if patience == 0 || sifting.found.len() == MOST {
                break;
            }
            if !go_on() {
                return false;
            }
            if !matches!(self.conjectures[place].fate, Fate::Open(_)) {
                continue;
            }
            match kept_apart(|| self.finite_counter_model(place, &LIMITS, go_on)) {
                Ok(Some((model, _))) if self.judges(&model, &self.conjectures[place]) => {
                    self.take_model(model, sifting.conjectures);
                    sifting.found.push(place);
                    patience = PATIENCE;
                }
                Ok(_) => {
                    sifting.withstood.push(place);
                    patience -= 1;
                }
                Err(said) => self.lost.push(said),
            }
        }
        let news = !sifting.found.is_empty();
        self.siftings.push(sifting);
        !news || self.generate(go_on)
    }

    /// Repeats a sifting, without the conjectures that are generated behind it.
    pub(crate) fn sift_again(&mut self, sifting: &Sifting) {
        for place in &sifting.found {
            let known = *place < self.conjectures.len();
            let found = known.then(|| kept_apart(|| self.finite_counter_model(*place, &LIMITS, &mut || true)));
            if let Some(Ok(Some((model, _)))) = found {
                self.take_model(model, sifting.conjectures);
            }
        }
        self.siftings.push(sifting.clone());
    }

    /// Tests the first conjectures in a new model.
    fn take_model(&mut self, model: Model, conjectures: usize) {
        let evaluator = Evaluator::new(&model);
        let number = self.models.len();
        let mut refuted = Vec::new();
        for (place, conjecture) in self.conjectures.iter().enumerate().take(conjectures) {
            let open = matches!(conjecture.fate, Fate::Open(_) | Fate::Waiting);
            let Some(clause) = conjecture.clause.as_ref().filter(|_| open && self.judges(&model, conjecture)) else {
                continue;
            };
            if let Some(values) = evaluator.refute_within(clause, ASSIGNMENTS) {
                refuted.push((place, values));
            }
        }
        for (place, values) in refuted {
            self.conjectures[place].fate = Fate::Refuted(number, values);
        }
        self.models.push(model);
    }
}
