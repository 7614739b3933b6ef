//! Evaluates clauses over a model as compiled loops: is there an assignment that satisfies the premises and falsifies
//! the head?
//!
//! Variables that a function row determines are computed, only the others are enumerated, and every premise is checked
//! as soon as its variables have values. Small values are tried one assignment at a time, since they refute most false
//! clauses; a clause that survives them is evaluated on the rest of the model 64 assignments to a word.

use super::lanes;
use super::model::{Model, Table, UNKNOWN};
use super::plan::{Aim, Operation, Plan};
use crate::clauses::clause::{Clause, Head, RelationId};

/// Values up to this one are tried one by one before the sweep over the rest.
const FIRST_LARGEST: u16 = 3;

/// A model, prepared for evaluating clauses.
#[derive(Clone, Copy, Debug)]
pub struct Evaluator<'a> {
    model: &'a Model,
    total: bool,
}

impl<'a> Evaluator<'a> {
    /// Scans the tables once, to find out whether the model is total.
    #[must_use]
    pub fn new(model: &'a Model) -> Self {
        Evaluator { model, total: model.is_total() }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// The first counterexample; see [`refute`].
    #[must_use]
    pub fn refute(&self, clause: &Clause) -> Option<Vec<u16>> {
        self.refute_up_to(clause, u16::MAX)
    }

    /// [`Evaluator::refute`] with values of the enumerated variables up to `largest` only. Computed values may be
    /// larger.
    #[must_use]
    pub fn refute_up_to(&self, clause: &Clause, largest: u16) -> Option<Vec<u16>> {
        if matches!(clause.head, Head::Exists(..)) && !self.total {
            return None;
        }
        self.search(clause, Aim::Counterexample, |_| largest)
    }

    /// [`Evaluator::refute`] with a bound on enumerated values chosen so that at most `assignments` are tested: for
    /// clauses with many variables.
    #[must_use]
    pub fn refute_within(&self, clause: &Clause, assignments: u64) -> Option<Vec<u16>> {
        if matches!(clause.head, Head::Exists(..)) && !self.total {
            return None;
        }
        self.search(clause, Aim::Counterexample, |plan| largest_within(plan, assignments))
    }

    /// [`Evaluator::refute_up_to`], with at most about `assignments` assignments tested.
    #[must_use]
    pub fn refute_bounded(&self, clause: &Clause, largest: u16, assignments: u64) -> Option<Vec<u16>> {
        if matches!(clause.head, Head::Exists(..)) && !self.total {
            return None;
        }
        self.search(clause, Aim::Counterexample, |plan| largest_within(plan, assignments).min(largest))
    }

    /// [`Evaluator::satisfiable_premises`] with the bound of [`Evaluator::refute_within`].
    #[must_use]
    pub fn satisfiable_premises_within(&self, clause: &Clause, assignments: u64) -> bool {
        self.search(clause, Aim::Premises, |plan| largest_within(plan, assignments)).is_some()
    }

    /// Whether some assignment satisfies all premises; see [`satisfiable_premises`].
    #[must_use]
    pub fn satisfiable_premises(&self, clause: &Clause) -> bool {
        self.search(clause, Aim::Premises, |_| u16::MAX).is_some()
    }

    /// Whether the model has a known witness for the existential head, at these values of the clause's variables.
    #[must_use]
    pub fn has_witness(&self, clause: &Clause, values: &[u16]) -> bool {
        Plan::witness(self.model, clause)
            .is_some_and(|plan| !Search { evaluator: self, plan: &plan, witness: None }.no_witness(&plan, values))
    }

    /// `largest`: the bound on values of the enumerated variables, counted in each domain from 0.
    fn search(&self, clause: &Clause, aim: Aim, largest: impl Fn(&Plan) -> u16) -> Option<Vec<u16>> {
        let plan = Plan::new(self.model, clause, aim);
        let largest = largest(&plan);
        let witness = if aim == Aim::Counterexample { Plan::witness(self.model, clause) } else { None };
        let search = Search { evaluator: self, plan: &plan, witness: witness.as_ref() };
        let mut values = vec![0; plan.variables];
        search.start(&mut values, largest).then_some(values)
    }
}

/// The largest bound on values for which the enumerated variables have at most this many assignments.
fn largest_within(plan: &Plan, assignments: u64) -> u16 {
    let sizes = || plan.levels[1..].iter().map(|level| level.size);
    let count = |largest: u16| sizes().fold(1u64, |count, size| count.saturating_mul(u64::from(size.min(largest + 1))));
    let end = sizes().max().unwrap_or(1);
    (0..end).take_while(|largest| count(*largest) <= assignments).last().unwrap_or(0)
}

struct Search<'a> {
    evaluator: &'a Evaluator<'a>,
    plan: &'a Plan,
    /// For an existential head, the search for its witnesses.
    witness: Option<&'a Plan>,
}

impl Search<'_> {
    /// Stores the first assignment that passes all operations in `values`; false if none does.
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

    /// Searches the levels from `level` on, in lexicographic order, for an assignment of values up to `bound` of which
    /// at least one equals `bound`; `reached`: one already does.
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
/// The next one is the first unknown input, itself no row's output, of the function row among the positive premises
/// that has fewest unknown inputs (the first such premise). If rows depend on each other in a cycle, any unknown input;
/// if no row is pending, the first unknown variable.
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

/// The first assignment, one value for each variable, for which every premise is known to hold and the head is known to
/// fail. Unknown values refute nothing; an existential head fails only in a model that [is total](Model::is_total).
///
/// Order: by the largest value of the [`inputs`], counted in each domain from 0, then lexicographically by the inputs.
#[must_use]
pub fn refute(model: &Model, clause: &Clause) -> Option<Vec<u16>> {
    Evaluator::new(model).refute(clause)
}

/// Whether some assignment satisfies all premises. If none does in any model, the clause is vacuous.
#[must_use]
pub fn satisfiable_premises(model: &Model, clause: &Clause) -> bool {
    Evaluator::new(model).satisfiable_premises(clause)
}
