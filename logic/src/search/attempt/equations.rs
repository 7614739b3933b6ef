//! Completion after a stuck direct attempt: rewrites both sides of an equational goal while completing the known
//! equations; see [`Completion`].

use std::sync::Arc;

use crate::proofs::reconstruction::{By, Equational};
use crate::saturation::completion::equation::Derivation;
use crate::saturation::completion::order::Order;
use crate::saturation::completion::problem::Problem;
use crate::saturation::completion::{Bounds, Completion, Outcome};
use crate::saturation::pattern::Pattern;

use super::{LogicBlock, Stalled, State, Turn};

/// The reduction orders, tried one after the other, each with its share of the work as a fraction.
const ORDERS: [(Order, u64, u64); 2] = [(Order::ByWeight, 2, 3), (Order::ByPaths, 1, 3)];

/// The most terms and queued equations of an attempt.
const MEMORY: usize = 2_000_000;

/// The most symbols of an equation.
const WEIGHT: u32 = 120;

/// An attempt by completion.
#[derive(Debug)]
pub(super) struct Completing {
    stalled: Stalled,
    undecided: Vec<Pattern>,
    problem: Arc<Problem>,
    /// The index in [`ORDERS`] of the current order.
    place: usize,
    completion: Completion,
}

impl LogicBlock {
    /// Starts completion if the effort allows it and the goal is an equation; otherwise case splits. Skipped in
    /// theories with induction, where equations alone seldom suffice.
    pub(super) fn complete(&mut self, undecided: Vec<Pattern>, stalled: Stalled) -> Turn {
        if self.effort.equations == 0 || !self.compiled.inductions.is_empty() {
            return self.split(undecided, stalled);
        }
        let first = self.context.individuals();
        match Problem::new(&self.compiled, &stalled.stuck.snapshot, &self.sequent, first) {
            None => self.split(undecided, stalled),
            Some(problem) => {
                let completion = self.completion(&problem, 0);
                let problem = Arc::new(problem);
                self.state =
                    State::Completing(Box::new(Completing { stalled, undecided, problem, place: 0, completion }));
                Turn { again: true, ..Turn::default() }
            }
        }
    }

    fn completion(&self, problem: &Problem, place: usize) -> Completion {
        let (order, part, of) = ORDERS[place];
        let bounds = Bounds { work: self.effort.equations / of * part, memory: MEMORY, weight: WEIGHT };
        let given: Vec<_> = problem.given.iter().map(|given| (given.left, given.right)).collect();
        Completion::new(problem.terms.clone(), order, &given, problem.goal, bounds)
    }

    pub(super) fn go_on_completing(&mut self, mut completing: Completing, budget: u64) -> Turn {
        let done = completing.completion.work();
        let bound = completing.completion.bounds().work;
        let outcome = completing.completion.run_until(done.saturating_add(budget));
        let steps = completing.completion.work() - done;
        let turn = match outcome {
            Outcome::Reached => {
                let Completing { stalled, problem, completion, .. } = completing;
                let derivation: Derivation = completion.derivation(&problem.terms);
                let equational = Equational { stuck: stalled.stuck, problem, derivation };
                self.proved(By::Equations(Box::new(equational)))
            }
            Outcome::OutOfWork if completing.completion.work() < bound => {
                self.state = State::Completing(Box::new(completing));
                Turn { again: true, ..Turn::default() }
            }
            _ if completing.place + 1 < ORDERS.len() && outcome != Outcome::Saturated => {
                completing.place += 1;
                completing.completion = self.completion(&completing.problem, completing.place);
                self.state = State::Completing(Box::new(completing));
                Turn { again: true, ..Turn::default() }
            }
            _ => self.split(completing.undecided, completing.stalled),
        };
        Turn { steps: turn.steps + steps, ..turn }
    }
}
