//! A clause compiled to a loop nest over one model: which variables are enumerated, in which order, and what is
//! computed or checked as soon as its arguments are known.

use super::model::{Domain, Model, Table, Truth, UNKNOWN};
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};

/// An argument at run time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operand {
    /// This individual.
    Fixed(u16),
    /// The value of this variable.
    Variable(u16),
}

/// An operation, executed once its arguments are known. It passes or prunes the assignment.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// Sets `output` to the function's value; prunes where that is unknown.
    Compute { table: usize, inputs: Vec<Operand>, output: u16 },
    /// Sets `output` to the individual; prunes where that is unknown.
    Copy { from: Operand, output: u16 },
    /// Passes where `f(inputs) = output` is known to be `wanted`.
    Row { table: usize, inputs: Vec<Operand>, output: Operand, wanted: bool },
    /// Passes where the equation is known to be `wanted`.
    Equal { left: Operand, right: Operand, wanted: bool },
    /// Passes where the relation is known to be `wanted` of the arguments.
    Holds { table: usize, arguments: Vec<Operand>, wanted: bool },
}

/// The operations that become possible once one more variable is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    /// The variable enumerated here; none at the first level.
    pub(super) variable: Option<u16>,
    /// The number of its first individual.
    pub(super) first: u16,
    /// The number of individuals it ranges over.
    pub(super) size: u16,
    /// The operations, in order of execution.
    pub(super) operations: Vec<Operation>,
}

/// A compiled clause.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The first level enumerates nothing; every other level enumerates one variable.
    pub(super) levels: Vec<Level>,
    /// The number of variables.
    pub(super) variables: usize,
    /// Whether a literal has a constant with unknown value, or sorts do not match: its truth is then never known.
    pub(super) hopeless: bool,
}

/// What the search is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Aim {
    /// The premises hold and the head fails.
    Counterexample,
    /// The premises hold.
    Premises,
}

impl Plan {
    /// Compiles `clause`. A head [`Head::Exists`] is left to the caller.
    pub(super) fn new(model: &Model, clause: &Clause, aim: Aim) -> Plan {
        let mut pending: Vec<_> = clause.premises.iter().map(|premise| (premise, true)).collect();
        if aim == Aim::Counterexample
            && let Head::Literal(head) = &clause.head
        {
            pending.push((head, false));
        }
        let mut plan = Plan::meet(model, model.domains_of(clause), vec![false; clause.variables as usize], pending);
        plan.hopeless |= !model.fits(clause);
        plan
    }

    /// Compiles the search for witnesses of an existential head: individuals, numbered after the clause's variables
    /// (whose values are given), that satisfy all literals of the head.
    pub(super) fn witness(model: &Model, clause: &Clause) -> Option<Plan> {
        let Head::Exists(count, literals) = &clause.head else { return None };
        let known = (0..clause.variables + count).map(|variable| variable < clause.variables).collect();
        let pending = literals.iter().map(|literal| (literal, true)).collect();
        Some(Plan::meet(model, model.domains_of(clause), known, pending))
    }

    fn meet(model: &Model, domains: Vec<&Domain>, known: Vec<bool>, pending: Vec<(&Literal, bool)>) -> Plan {
        let variables = known.len();
        let unknown =
            |term: &Term| matches!(term, Term::Constant(number) if model.constants[*number as usize] == UNKNOWN);
        let hopeless = pending.iter().any(|(literal, _)| literal.arguments.iter().any(unknown));
        let mut planner = Planner { model, known, pending, levels: vec![Level::default()] };
        planner.settle();
        while let Some(next) = planner.next_input() {
            planner.known[next as usize] = true;
            let Domain { first, size, .. } = *domains[next as usize];
            planner.levels.push(Level { variable: Some(next), first, size, operations: Vec::new() });
            planner.settle();
        }
        Plan { levels: planner.levels, variables, hopeless }
    }

    /// The enumerated variables, outermost first.
    pub(super) fn inputs(&self) -> Vec<u16> {
        self.levels.iter().filter_map(|level| level.variable).collect()
    }
}

struct Planner<'a> {
    model: &'a Model,
    known: Vec<bool>,
    /// Literals not yet used, each with the truth value it must have; the head, wanted false, is last.
    pending: Vec<(&'a Literal, bool)>,
    levels: Vec<Level>,
}

impl Planner<'_> {
    fn is_known(&self, term: Term) -> bool {
        match term {
            Term::Constant(_) => true,
            Term::Variable(variable) => self.known[variable as usize],
        }
    }

    fn is_function(&self, relation: RelationId) -> bool {
        matches!(self.model.tables[relation.index()], Table::Function(_))
    }

    fn operand(&self, term: Term) -> Operand {
        match term {
            Term::Constant(constant) => Operand::Fixed(self.model.constants[constant as usize]),
            Term::Variable(variable) => Operand::Variable(variable),
        }
    }

    fn operands(&self, terms: &[Term]) -> Vec<Operand> {
        terms.iter().map(|term| self.operand(*term)).collect()
    }

    /// Whether the literal, with this truth value, determines its last argument as a function of the others.
    fn computes(&self, literal: &Literal, wanted: bool) -> bool {
        literal.positive && wanted && (literal.relation == RelationId::EQUAL || self.is_function(literal.relation))
    }

    /// Turns every literal whose arguments are known into an operation, checks before computations.
    fn settle(&mut self) {
        loop {
            let mut waiting = Vec::new();
            for (literal, wanted) in std::mem::take(&mut self.pending) {
                if literal.arguments.iter().all(|argument| self.is_known(*argument)) {
                    let check = self.check(literal, wanted == literal.positive);
                    self.put(check);
                } else {
                    waiting.push((literal, wanted));
                }
            }
            self.pending = waiting;
            let Some((place, operation)) = self.computation() else { return };
            self.pending.remove(place);
            let (Operation::Compute { output, .. } | Operation::Copy { output, .. }) = &operation else {
                unreachable!("a computation sets a variable")
            };
            self.known[*output as usize] = true;
            self.put(operation);
        }
    }

    fn put(&mut self, operation: Operation) {
        self.levels.last_mut().expect("there is a first level").operations.push(operation);
    }

    fn check(&self, literal: &Literal, wanted: bool) -> Operation {
        let table = literal.relation.index();
        match &literal.arguments[..] {
            [left, right] if literal.relation == RelationId::EQUAL => {
                Operation::Equal { left: self.operand(*left), right: self.operand(*right), wanted }
            }
            [inputs @ .., output] if self.is_function(literal.relation) => {
                Operation::Row { table, inputs: self.operands(inputs), output: self.operand(*output), wanted }
            }
            arguments => Operation::Holds { table, arguments: self.operands(arguments), wanted },
        }
    }

    /// The first pending literal that computes an unknown variable from known arguments.
    fn computation(&self) -> Option<(usize, Operation)> {
        self.pending.iter().enumerate().filter(|(_, (literal, wanted))| self.computes(literal, *wanted)).find_map(
            |(place, (literal, _))| {
                let (last, inputs) = literal.arguments.split_last()?;
                let ready = inputs.iter().all(|input| self.is_known(*input));
                if literal.relation == RelationId::EQUAL {
                    let (from, to) = if ready { (inputs[0], *last) } else { (*last, inputs[0]) };
                    let (true, Term::Variable(output)) = (self.is_known(from), to) else { return None };
                    return Some((place, Operation::Copy { from: self.operand(from), output }));
                }
                let (true, Term::Variable(output)) = (ready, *last) else { return None };
                let inputs = self.operands(inputs);
                Some((place, Operation::Compute { table: literal.relation.index(), inputs, output }))
            },
        )
    }

    /// The next variable to enumerate: the first unknown input, itself no row's output, of the row with fewest unknown
    /// inputs (the first such premise). Rows that depend on each other in a cycle have no such input; then any unknown
    /// input is taken, and if no row is pending, the first unknown variable.
    fn next_input(&self) -> Option<u16> {
        let rows = || {
            let computing = self.pending.iter().filter(|(literal, wanted)| self.computes(literal, *wanted));
            computing.filter_map(|(literal, _)| literal.arguments.split_last())
        };
        let lacking = |inputs: &[Term]| -> Vec<u16> {
            let mut found = Vec::new();
            for input in inputs {
                if let Term::Variable(variable) = input
                    && !self.known[*variable as usize]
                    && !found.contains(variable)
                {
                    found.push(*variable);
                }
            }
            found
        };
        let is_output = |variable: u16| rows().any(|(output, _)| *output == Term::Variable(variable));
        let choice = |free: bool| {
            rows()
                .filter_map(|(_, inputs)| {
                    let lacking = lacking(inputs);
                    let first = lacking.iter().find(|variable| !free || !is_output(**variable))?;
                    Some((lacking.len(), *first))
                })
                .min_by_key(|(count, _)| *count)
                .map(|(_, variable)| variable)
        };
        choice(true)
            .or_else(|| choice(false))
            .or_else(|| self.known.iter().position(|known| !known).map(|place| place as u16))
    }
}

impl Operation {
    /// Executes the operation on one assignment; false prunes it. All values are known individuals: assignments with
    /// unknown ones have been pruned.
    pub(super) fn passes(&self, model: &Model, values: &mut [u16]) -> bool {
        match self {
            Operation::Compute { table, inputs, output } => {
                let value = value_of(model, *table, inputs, values);
                values[*output as usize] = value;
                value != UNKNOWN
            }
            Operation::Copy { from, output } => {
                values[*output as usize] = resolve(*from, values);
                true
            }
            Operation::Row { table, inputs, output, wanted } => {
                let value = value_of(model, *table, inputs, values);
                value != UNKNOWN && (value == resolve(*output, values)) == *wanted
            }
            Operation::Equal { left, right, wanted } => (resolve(*left, values) == resolve(*right, values)) == *wanted,
            Operation::Holds { table, arguments, wanted } => {
                let Table::Relation(truths) = &model.tables[*table] else { return false };
                truths[place_of(model, *table, arguments, values)] == if *wanted { Truth::True } else { Truth::False }
            }
        }
    }
}

fn place_of(model: &Model, table: usize, arguments: &[Operand], values: &[u16]) -> usize {
    let layout = model.layout(RelationId(table as u16));
    let sum = arguments.iter().zip(&layout.strides).fold(0u32, |sum, (argument, stride)| {
        sum.wrapping_add(u32::from(resolve(*argument, values)).wrapping_mul(*stride))
    });
    sum.wrapping_sub(layout.offset) as usize
}

fn value_of(model: &Model, table: usize, inputs: &[Operand], values: &[u16]) -> u16 {
    let Table::Function(cells) = &model.tables[table] else { return UNKNOWN };
    cells[place_of(model, table, inputs, values)]
}

fn resolve(operand: Operand, values: &[u16]) -> u16 {
    match operand {
        Operand::Fixed(individual) => individual,
        Operand::Variable(variable) => values[variable as usize],
    }
}
