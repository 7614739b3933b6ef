//! Sifting: search for models that refute open generated conjectures.
//!
//! The first models of a theory are few and small, so a false statement may hold in all of them. It then stays open and
//! hides its true instances: in a monoid, cancellation hides cancellation of invertible elements. When the usual effort
//! is exhausted, finite models are therefore searched in which the most interesting open conjectures fail. All others
//! are tested in these models, and conjectures are generated again.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::models::evaluate::Evaluator;
use crate::models::limits::SearchLimits;
use crate::models::model::Model;
use crate::search::ended::kept_apart;

use super::conjecture::{Fate, Origin};
use super::{Exploration, Stage};

/// The most siftings of a run.
const TIMES: usize = 3;
/// The number of consecutive failures after which the model search stops.
const PATIENCE: usize = 12;
/// The most models of one sifting.
const MOST: usize = 20;
/// The limits of the model search.
const LIMITS: SearchLimits = SearchLimits { largest: 4, together: 6, per_size: 1, clauses: 50_000, conflicts: 10_000 };
/// The most assignments tested in each model.
const ASSIGNMENTS: u64 = 100_000;

/// A record of one sifting, with which it can be repeated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Sifting {
    /// The number of conjectures at the time.
    pub(crate) conjectures: usize,
    /// The conjectures for which a model was found, in order.
    found: Vec<usize>,
    /// The conjectures for which the search found no model.
    withstood: Vec<usize>,
}

impl Exploration {
    /// Whether to sift now: there are unsifted open conjectures, and the last sifting found models.
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

    /// The open generated conjectures for which no model has been searched.
    fn unsifted(&self) -> impl Iterator<Item = usize> {
        let withstood: HashSet<usize> = self.siftings.iter().flat_map(|sifting| &sifting.withstood).copied().collect();
        (0..self.conjectures.len()).filter(move |place| {
            let conjecture = &self.conjectures[*place];
            let open = conjecture.origin == Origin::Generated && matches!(conjecture.fate, Fate::Open(_));
            open && !withstood.contains(place)
        })
    }

    /// The same, alternating between the least interesting, which are the most likely to be false, and the most
    /// interesting, which hide the most instances.
    fn doubtful(&self) -> Vec<usize> {
        let mut rest: VecDeque<usize> = self.unsifted().collect();
        let ends = std::iter::from_fn(|| Some([Some(rest.pop_back()?), rest.pop_front()]));
        ends.flatten().flatten().collect()
    }

    /// Searches for models, and generates conjectures again if it finds any. Returns false if `go_on` said stop.
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

    /// Repeats a sifting, without the generation that follows it.
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

    /// Tests the first `conjectures` conjectures in a new model.
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
