//! Clauses compiled to loops over a model: is there an assignment for which the premises hold and
//! the head fails?
//!
//! Variables that a function row gives are computed, only the others are enumerated, and every
//! premise is checked as soon as its variables have values. Small values are tried one assignment at
//! a time, since that is where false clauses die; a clause that survives them meets the rest of the
//! model 64 assignments to a word.

use super::lanes;
use super::model::{Model, Table, UNKNOWN};
use super::plan::{Aim, Operation, Plan};
use crate::clauses::clause::{Clause, Head, RelationId};

/// Values up to this one are tried one by one before the rest is swept.
const FIRST_LARGEST: u16 = 3;

/// A model, ready to judge clauses.
#[derive(Clone, Copy, Debug)]
pub struct Evaluator<'a> {
    model: &'a Model,
    total: bool,
}

impl<'a> Evaluator<'a> {
    /// Looks through the tables once, to see whether the model is total.
    #[must_use]
    pub fn new(model: &'a Model) -> Self {
        Evaluator { model, total: model.is_total() }
    }

    /// The model that is asked.
    #[must_use]
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// The first counterexample, as [`refute`].
    #[must_use]
    pub fn refute(&self, clause: &Clause) -> Option<Vec<u16>> {
        self.refute_up_to(clause, u16::MAX)
    }

    /// As [`Evaluator::refute`], with values of the enumerated variables up to `largest` only.
    /// Computed values may be larger.
    #[must_use]
    pub fn refute_up_to(&self, clause: &Clause, largest: u16) -> Option<Vec<u16>> {
        if matches!(clause.head, Head::Exists(..)) && !self.total {
            return None;
        }
        self.search(clause, Aim::Counterexample, |_| largest)
    }

    /// As [`Evaluator::refute`], with so small values of the enumerated variables only that no more
    /// than `assignments` are looked at: a bound for clauses with many variables.
    #[must_use]
    pub fn refute_within(&self, clause: &Clause, assignments: u64) -> Option<Vec<u16>> {
        if matches!(clause.head, Head::Exists(..)) && !self.total {
            return None;
        }
        self.search(clause, Aim::Counterexample, |plan| largest_within(plan, assignments))
    }

    /// As [`Evaluator::refute_up_to`], and no more than about so many assignments are looked at.
    #[must_use]
    pub fn refute_bounded(&self, clause: &Clause, largest: u16, assignments: u64) -> Option<Vec<u16>> {
        if matches!(clause.head, Head::Exists(..)) && !self.total {
            return None;
        }
        self.search(clause, Aim::Counterexample, |plan| largest_within(plan, assignments).min(largest))
    }

    /// As [`Evaluator::satisfiable_premises`], bounded as [`Evaluator::refute_within`] is.
    #[must_use]
    pub fn satisfiable_premises_within(&self, clause: &Clause, assignments: u64) -> bool {
        self.search(clause, Aim::Premises, |plan| largest_within(plan, assignments)).is_some()
    }

    /// Whether some assignment makes all premises hold, as [`satisfiable_premises`].
    #[must_use]
    pub fn satisfiable_premises(&self, clause: &Clause) -> bool {
        self.search(clause, Aim::Premises, |_| u16::MAX).is_some()
    }

    /// Whether the model knows a witness of what the head claims to exist, at these values of the clause's variables.
    #[must_use]
    pub fn has_witness(&self, clause: &Clause, values: &[u16]) -> bool {
        Plan::witness(self.model, clause)
            .is_some_and(|plan| !Search { evaluator: self, plan: &plan, witness: None }.no_witness(&plan, values))
    }

    /// `largest` says up to which value, counted in each domain from 0, the enumerated variables are tried.
    fn search(&self, clause: &Clause, aim: Aim, largest: impl Fn(&Plan) -> u16) -> Option<Vec<u16>> {
        let plan = Plan::new(self.model, clause, aim);
        let largest = largest(&plan);
        let witness = if aim == Aim::Counterexample { Plan::witness(self.model, clause) } else { None };
        let search = Search { evaluator: self, plan: &plan, witness: witness.as_ref() };
        let mut values = vec![0; plan.variables];
        search.start(&mut values, largest).then_some(values)
    }
}

/// The largest value up to which the enumerated variables have no more than so many assignments.
fn largest_within(plan: &Plan, assignments: u64) -> u16 {
    let sizes = || plan.levels[1..].iter().map(|level| level.size);
    let count = |largest: u16| sizes().fold(1u64, |count, size| count.saturating_mul(u64::from(size.min(largest + 1))));
    let end = sizes().max().unwrap_or(1);
    (0..end).take_while(|largest| count(*largest) <= assignments).last().unwrap_or(0)
}

struct Search<'a> {
    evaluator: &'a Evaluator<'a>,
    plan: &'a Plan,
    /// For a head that claims existence, the search for its witnesses.
    witness: Option<&'a Plan>,
}

impl Search<'_> {
    /// Leaves the first assignment that passes everything in `values`, or says that none does.
    fn start(&self, values: &mut [u16], largest: u16) -> bool {
        if self.plan.hopeless {
            return false;
        }
        if self.plan.levels.len() == 1 {
            return self.run(0, 0, true, values);
        }
        let sizes = self.plan.levels.iter().map(|level| level.size);
        let end = sizes.max().unwrap_or(0).min(largest.saturating_add(1));
        for bound in 0..end {
            let rest = bound == FIRST_LARGEST + 1 && end > 2 * (FIRST_LARGEST + 1);
            let lanes_serve = self.witness.is_none() && self.plan.variables <= lanes::MOST_VARIABLES;
            if rest && lanes_serve && !lanes::sweep(self.evaluator.model, self.plan, values, end) {
                return false;
            }
            if self.run(0, bound, false, values) {
                return true;
            }
        }
        false
    }

    /// Looks through the levels from `level` on, in lexicographic order, for an assignment of values
    /// up to `bound` of which at least one is `bound`; `reached` says that one is already.
    fn run(&self, level: usize, bound: u16, reached: bool, values: &mut [u16]) -> bool {
        let Some(here) = self.plan.levels.get(level) else {
            return self.witness.is_none_or(|plan| self.no_witness(plan, values));
        };
        let Some(variable) = here.variable else {
            return self.passes(&here.operations, values) && self.run(level + 1, bound, reached, values);
        };
        let last = level + 1 == self.plan.levels.len();
        let start = if last && !reached { bound } else { 0 };
        for value in start..here.size.min(bound + 1) {
            values[variable as usize] = here.first + value;
            if self.passes(&here.operations, values) && self.run(level + 1, bound, reached || value == bound, values) {
                return true;
            }
        }
        false
    }

    fn passes(&self, operations: &[Operation], values: &mut [u16]) -> bool {
        operations.iter().all(|operation| operation.passes(self.evaluator.model, values))
    }

    fn no_witness(&self, plan: &Plan, values: &[u16]) -> bool {
        let mut extended = values.to_vec();
        extended.resize(plan.variables, 0);
        !Search { evaluator: self.evaluator, plan, witness: None }.start(&mut extended, u16::MAX)
    }
}

/// The variables that evaluation enumerates, in order; all others are computed from them.
///
/// The next one is always the first unknown input, itself no row's output, of the function row among
/// the positive premises that lacks fewest inputs (the earliest such premise). Where rows wait for
/// each other in a circle, any unknown input; where no row waits, the first unknown variable.
#[must_use]
pub fn inputs(model: &Model, clause: &Clause) -> Vec<u16> {
    Plan::new(model, clause, Aim::Counterexample).inputs()
}

/// The value of a function at known individuals, or [`UNKNOWN`].
#[must_use]
pub fn function_value(model: &Model, function: RelationId, inputs: &[u16]) -> u16 {
    match &model.tables[function.index()] {
        Table::Function(values) => values[model.place(function, inputs)],
        Table::Relation(_) | Table::Unknown => UNKNOWN,
    }
}

/// The first assignment for which every premise is known to hold and the head is known to fail: a
/// value for each variable of the clause. What is unknown refutes nothing; a head that claims
/// existence fails only in a model that [is total](Model::is_total).
///
/// Of several the one whose [`inputs`] have the smallest largest value, counted in each domain from 0, and of these
/// the first in lexicographic order of the inputs.
#[must_use]
pub fn refute(model: &Model, clause: &Clause) -> Option<Vec<u16>> {
    Evaluator::new(model).refute(clause)
}

/// Whether some assignment makes all premises hold: if in no model, the clause is vacuous there.
#[must_use]
pub fn satisfiable_premises(model: &Model, clause: &Clause) -> bool {
    Evaluator::new(model).satisfiable_premises(clause)
}
