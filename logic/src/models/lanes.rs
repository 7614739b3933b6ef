//! Evaluates the rest of a model 64 assignments to a word: the innermost variable takes 64 values at once, and a
//! bitmask records which assignments are still alive.

use super::model::{Model, Table, Truth, UNKNOWN};
use super::plan::{Level, Operand, Operation, Plan};
use crate::clauses::clause::RelationId;

/// The number of assignments evaluated together.
const LANES: usize = 64;

/// The largest number of variables of a plan for [`sweep`], which keeps a bit for each.
pub(super) const MOST_VARIABLES: usize = 64;

/// A value for each assignment. For a dead assignment it is an arbitrary individual, so that it can still be used as an
/// index.
type Lane = [u16; LANES];

/// Whether some assignment of values below `end` passes every level of `plan`, whose head is not existential and which
/// has at most [`MOST_VARIABLES`] variables. `given` holds the values of variables that the plan does not set.
pub(super) fn sweep(model: &Model, plan: &Plan, given: &[u16], end: u16) -> bool {
    let mut values = given.to_vec();
    let mut lanes = vec![[0; LANES]; plan.variables];
    Sweep { model, plan, end }.run(0, &mut values, &mut lanes)
}

struct Sweep<'a> {
    model: &'a Model,
    plan: &'a Plan,
    end: u16,
}

impl Sweep<'_> {
    fn run(&self, level: usize, values: &mut [u16], lanes: &mut [Lane]) -> bool {
        let here = &self.plan.levels[level];
        let Some(variable) = here.variable else {
            return self.passes(here, values) && (self.plan.levels.len() == 1 || self.run(level + 1, values, lanes));
        };
        if level + 1 == self.plan.levels.len() {
            return self.innermost(here, variable, values, lanes);
        }
        (0..self.end.min(here.size)).any(|value| {
            values[variable as usize] = here.first + value;
            self.passes(here, values) && self.run(level + 1, values, lanes)
        })
    }

    fn passes(&self, level: &Level, values: &mut [u16]) -> bool {
        level.operations.iter().all(|operation| operation.passes(self.model, values))
    }

    fn innermost(&self, level: &Level, variable: u16, values: &[u16], lanes: &mut [Lane]) -> bool {
        let end = self.end.min(level.size);
        (0..end).step_by(LANES).any(|start| {
            let count = usize::from(end - start).min(LANES);
            for (place, value) in lanes[variable as usize][..count].iter_mut().enumerate() {
                *value = level.first + start + place as u16;
            }
            let mut alive = if count == LANES { u64::MAX } else { (1 << count) - 1 };
            let mut varies = 1u64 << variable;
            level.operations.iter().all(|operation| {
                // In a piece, large values leave it first, so dead lanes are mostly at the end.
                let count = LANES - alive.leading_zeros() as usize;
                alive &= self.apply(operation, values, lanes, &mut varies, count);
                alive != 0
            })
        })
    }

    /// Executes an operation on all lanes and returns the mask of lanes that pass. `varies` has a bit for each variable
    /// that differs between lanes; the others have one value for all.
    fn apply(&self, operation: &Operation, values: &[u16], lanes: &mut [Lane], varies: &mut u64, count: usize) -> u64 {
        match operation {
            Operation::Compute { table, inputs, output } => {
                let Table::Function(cells) = &self.model.tables[*table] else { return 0 };
                let places = self.places(*table, inputs, values, lanes, *varies, count);
                let lane = &mut lanes[*output as usize];
                let mut alive = 0;
                for (number, (place, value)) in places[..count].iter().zip(lane).enumerate() {
                    let cell = cells.get(*place as usize).copied().unwrap_or(UNKNOWN);
                    let known = cell != UNKNOWN;
                    *value = if known { cell } else { 0 };
                    alive |= u64::from(known) << number;
                }
                *varies |= 1 << output;
                alive
            }
            Operation::Copy { from, output } => {
                lanes[*output as usize] = spread(*from, values, lanes, *varies);
                *varies |= 1 << output;
                u64::MAX
            }
            Operation::Row { table, inputs, output, wanted } => {
                let Table::Function(cells) = &self.model.tables[*table] else { return 0 };
                let places = self.places(*table, inputs, values, lanes, *varies, count);
                let outputs = spread(*output, values, lanes, *varies);
                let mut alive = 0;
                for (number, (place, output)) in places[..count].iter().zip(outputs).enumerate() {
                    let cell = cells.get(*place as usize).copied().unwrap_or(UNKNOWN);
                    alive |= u64::from(cell != UNKNOWN && (cell == output) == *wanted) << number;
                }
                alive
            }
            Operation::Equal { left, right, wanted } => {
                let left = spread(*left, values, lanes, *varies);
                let right = spread(*right, values, lanes, *varies);
                left.iter()
                    .zip(right)
                    .enumerate()
                    .fold(0, |alive, (number, (left, right))| alive | u64::from((*left == right) == *wanted) << number)
            }
            Operation::Holds { table, arguments, wanted } => {
                let Table::Relation(truths) = &self.model.tables[*table] else { return 0 };
                let wanted = if *wanted { Truth::True } else { Truth::False };
                let places = self.places(*table, arguments, values, lanes, *varies, count);
                places[..count].iter().enumerate().fold(0, |alive, (number, place)| {
                    alive | u64::from(truths.get(*place as usize) == Some(&wanted)) << number
                })
            }
        }
    }

    /// The table index of each lane's tuple. A dead lane may hold individuals of another sort, so its index may be out
    /// of range.
    fn places(
        &self,
        table: usize,
        arguments: &[Operand],
        values: &[u16],
        lanes: &[Lane],
        varies: u64,
        count: usize,
    ) -> [u32; LANES] {
        let layout = self.model.layout(RelationId(table as u16));
        // The arguments that do not vary contribute the same sum to all lanes.
        let mut same = 0u32.wrapping_sub(layout.offset);
        let mut places = [0u32; LANES];
        let mut first = true;
        for (argument, stride) in arguments.iter().zip(&layout.strides) {
            let value = match argument {
                Operand::Variable(variable) if varies >> variable & 1 == 1 => {
                    let lane = lanes[*variable as usize][..count].iter();
                    if first {
                        places
                            .iter_mut()
                            .zip(lane)
                            .for_each(|(place, value)| *place = u32::from(*value).wrapping_mul(*stride));
                    } else {
                        let add = |(place, value): (&mut u32, &u16)| {
                            *place = place.wrapping_add(u32::from(*value).wrapping_mul(*stride));
                        };
                        places.iter_mut().zip(lane).for_each(add);
                    }
                    first = false;
                    continue;
                }
                Operand::Variable(variable) => u32::from(values[*variable as usize]),
                Operand::Fixed(individual) => u32::from(*individual),
            };
            same = same.wrapping_add(value.wrapping_mul(*stride));
        }
        places[..count].iter_mut().for_each(|place| *place = place.wrapping_add(same));
        places
    }
}

fn spread(operand: Operand, values: &[u16], lanes: &[Lane], varies: u64) -> Lane {
    match operand {
        Operand::Variable(variable) if varies >> variable & 1 == 1 => lanes[variable as usize],
        Operand::Variable(variable) => [values[variable as usize]; LANES],
        Operand::Fixed(individual) => [individual; LANES],
    }
}
