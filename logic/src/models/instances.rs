//! Clauses over a carrier of a given size, as a propositional problem.
//!
//! One proposition for each tuple of a relation, the output of a function included, and one for each
//! value of a constant. A clause becomes one propositional clause for each assignment of its
//! variables and constants.

use batsat::{Callbacks, Lit, Solver, SolverInterface, SolverOpts, lbool};

use super::limits::{Reason, SearchLimits};
use super::model::{Model, Table, Truth, UNKNOWN};
use super::reference;
use crate::calculus::formula::PredicateId;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};

/// At most so many constants and function values are numbered in order of appearance.
const ORDERED_TERMS: usize = 120;

/// Counts conflicts, and stops the solver when there were enough. No clock: the same problem ends in
/// the same way everywhere.
struct Budget {
    conflicts: u64,
    most: u64,
}

impl Callbacks for Budget {
    fn on_new_clause(&mut self, _: &[Lit], kind: batsat::ClauseKind) {
        self.conflicts += u64::from(kind == batsat::ClauseKind::Learnt);
    }

    fn stop(&self) -> bool {
        self.conflicts >= self.most
    }
}

/// The propositional problem: which structures of this size satisfy the clauses added so far?
pub(super) struct Ground<'a> {
    signature: &'a Signature,
    size: u16,
    solver: Solver<Budget>,
    /// The proposition of each relation's first tuple.
    relations: Vec<u32>,
    /// The proposition of each constant's first value; after those of the signature come those that
    /// stand for the variables of a denied clause.
    constants: Vec<u32>,
    next: u32,
    clauses: usize,
    most_clauses: usize,
}

/// How a search over structures ended.
pub(super) enum Answer {
    Found(Model, Vec<u16>),
    Impossible,
    OutOfConflicts,
}

impl<'a> Ground<'a> {
    /// Structures of `size` for the signature, with `extra` further constants, about which nothing is
    /// said yet but that functions have one value each. If the carrier is one set, functions are total; else
    /// they may be undefined outside of their domain.
    pub(super) fn new(
        signature: &'a Signature,
        size: u16,
        extra: u16,
        limits: &SearchLimits,
        carrier: Carrier,
    ) -> Result<Self, Reason> {
        let budget = Budget { conflicts: 0, most: limits.conflicts };
        let mut ground = Ground {
            signature,
            size,
            solver: Solver::new(SolverOpts::default(), budget),
            relations: Vec::new(),
            constants: Vec::new(),
            next: 0,
            clauses: 0,
            most_clauses: limits.clauses,
        };
        for (number, relation) in signature.relations.iter().enumerate() {
            ground.relations.push(ground.next);
            if number != RelationId::EQUAL.index() && is_first_order(relation) {
                let tuples = power(size, relation.arity);
                ground.spend(tuples)?;
                ground.next += tuples as u32;
            }
        }
        for _ in 0..signature.constants.len() + usize::from(extra) {
            ground.constants.push(ground.next);
            ground.next += u32::from(size);
        }
        for _ in 0..ground.next {
            ground.solver.new_var_default();
        }
        for (number, first) in ground.constants.clone().into_iter().enumerate() {
            // A set or relation is no individual: which one stands for it does not matter.
            let set = signature.constants.get(number).is_some_and(|constant| !constant.sort.is_individual());
            if !set {
                ground.exactly_one(first, Total::Yes)?;
            } else if size > 0 {
                ground.add(vec![positive(first)])?;
            }
        }
        let total = if carrier == Carrier::Any { Total::No } else { Total::Yes };
        for (place, relation) in signature.relations.iter().enumerate() {
            let first = ground.relations[place];
            if relation.function {
                for cell in 0..power(size, relation.arity - 1) as u32 {
                    ground.exactly_one(first + cell * u32::from(size), total)?;
                }
            } else if is_set(relation) && carrier == Carrier::Set {
                for individual in 0..u32::from(size) {
                    ground.add(vec![positive(first + individual)])?;
                }
            }
        }
        ground.number_in_order()?;
        Ok(ground)
    }

    fn spend(&mut self, clauses: usize) -> Result<(), Reason> {
        self.clauses = self.clauses.saturating_add(clauses);
        if self.clauses > self.most_clauses {
            return Err(Reason::TooManyClauses { needed: self.clauses, most: self.most_clauses });
        }
        Ok(())
    }

    fn add(&mut self, mut clause: Vec<Lit>) -> Result<(), Reason> {
        self.spend(1)?;
        self.solver.add_clause_reuse(&mut clause);
        Ok(())
    }

    fn exactly_one(&mut self, first: u32, total: Total) -> Result<(), Reason> {
        let size = u32::from(self.size);
        for left in 0..size {
            for right in left + 1..size {
                self.add(vec![negative(first + left), negative(first + right)])?;
            }
        }
        if total == Total::Yes {
            self.add((0..size).map(|value| positive(first + value)).collect())?;
        }
        Ok(())
    }

    /// Individuals are numbered in the order in which they appear: first as constants, then as values
    /// of functions, arguments in order. Each structure has such a numbering, so nothing is lost, and
    /// most renamed copies are.
    fn number_in_order(&mut self) -> Result<(), Reason> {
        let size = self.size;
        // The first value's proposition, and how many individuals have a number because they are
        // arguments.
        let is_set = |number: usize| self.signature.constants.get(number).is_some_and(|one| !one.sort.is_individual());
        let individuals = self.constants.iter().enumerate().filter(|(number, _)| !is_set(*number));
        let mut terms: Vec<(u32, u16)> = individuals.map(|(_, first)| (*first, 0)).collect();
        let mut cells = Vec::new();
        for (place, relation) in self.signature.relations.iter().enumerate() {
            if relation.function {
                for (cell, inputs) in reference::assignments(size, relation.arity as u16 - 1).enumerate() {
                    let first = self.relations[place] + cell as u32 * u32::from(size);
                    cells.push((inputs.iter().max().map_or(0, |largest| largest + 1), place, first));
                    if cells.len() > ORDERED_TERMS * ORDERED_TERMS {
                        break;
                    }
                }
            }
        }
        cells.sort_unstable();
        terms.extend(cells.into_iter().map(|(numbered, _, first)| (first, numbered)));
        terms.truncate(ORDERED_TERMS);
        for (place, (first, numbered)) in terms.iter().enumerate() {
            for value in numbered + 1..size {
                let earlier = terms[..place].iter().map(|(first, _)| positive(first + u32::from(value) - 1));
                let clause = std::iter::once(negative(first + u32::from(value))).chain(earlier).collect();
                self.add(clause)?;
            }
        }
        Ok(())
    }

    /// Adds a clause that must hold.
    pub(super) fn require(&mut self, clause: &Clause) -> Result<(), Reason> {
        let (witnesses, heads): (u16, &[Literal]) = match &clause.head {
            Head::False => (0, &[]),
            Head::Literal(literal) => (0, std::slice::from_ref(literal)),
            Head::Exists(count, literals) => (*count, literals),
        };
        let constants = self.constants_of(clause.premises.iter().chain(heads));
        let choices = usize::from(clause.variables) + constants.len();
        self.spend(power(self.size, choices))?;
        self.clauses -= power(self.size, choices);
        let exists = matches!(clause.head, Head::Exists(..));
        for choice in reference::assignments(self.size, choices as u16) {
            let (variables, values) = choice.split_at(usize::from(clause.variables));
            let mut disjuncts: Vec<Lit> = constants
                .iter()
                .zip(values)
                .map(|(constant, value)| negative(self.constants[usize::from(*constant)] + u32::from(*value)))
                .collect();
            let value = |term: Term, witness: &[u16]| match term {
                Term::Variable(variable) => {
                    let variable = usize::from(variable);
                    if variable < variables.len() { variables[variable] } else { witness[variable - variables.len()] }
                }
                Term::Constant(constant) => {
                    values[constants.iter().position(|one| *one == constant).expect("all were collected")]
                }
            };
            let met = clause.premises.iter().any(|premise| match self.proposition(premise, &|term| value(term, &[])) {
                Instance::Known(holds) => !holds,
                Instance::Open(lit) => {
                    disjuncts.push(!lit);
                    false
                }
            });
            if met {
                continue;
            }
            if !exists {
                match heads.first().map(|head| self.proposition(head, &|term| value(term, &[]))) {
                    Some(Instance::Known(true)) => continue,
                    Some(Instance::Open(lit)) => disjuncts.push(lit),
                    Some(Instance::Known(false)) | None => {}
                }
                self.add(disjuncts)?;
                continue;
            }
            for witness in reference::assignments(self.size, witnesses) {
                let parts: Vec<Instance> =
                    heads.iter().map(|head| self.proposition(head, &|term| value(term, &witness))).collect();
                if parts.iter().any(|part| matches!(part, Instance::Known(false))) {
                    continue;
                }
                let chosen = Lit::new(self.solver.new_var_default(), true);
                for part in parts {
                    if let Instance::Open(lit) = part {
                        self.add(vec![!chosen, lit])?;
                    }
                }
                disjuncts.push(chosen);
            }
            self.add(disjuncts)?;
        }
        Ok(())
    }

    /// Demands that `clause` fails for the individuals that the extra constants name, one for each of
    /// its variables.
    pub(super) fn deny(&mut self, clause: &Clause) -> Result<(), Reason> {
        let offset = self.signature.constants.len() as u16;
        let named = |literal: &Literal, positive: bool| Literal {
            positive,
            relation: literal.relation,
            arguments: literal
                .arguments
                .iter()
                .map(|argument| match argument {
                    Term::Variable(variable) if *variable < clause.variables => Term::Constant(offset + variable),
                    Term::Variable(witness) => Term::Variable(witness - clause.variables),
                    constant => *constant,
                })
                .collect(),
        };
        let fact = |literal| Clause { variables: 0, premises: Vec::new(), head: Head::Literal(literal) };
        for premise in &clause.premises {
            self.require(&fact(named(premise, premise.positive)))?;
        }
        match &clause.head {
            Head::False => Ok(()),
            Head::Literal(head) => self.require(&fact(named(head, !head.positive))),
            Head::Exists(count, literals) => self.require(&Clause {
                variables: *count,
                premises: literals.iter().map(|literal| named(literal, literal.positive)).collect(),
                head: Head::False,
            }),
        }
    }

    fn constants_of<'b>(&self, literals: impl Iterator<Item = &'b Literal>) -> Vec<u16> {
        let mut constants: Vec<u16> = literals
            .flat_map(|literal| &literal.arguments)
            .filter_map(|argument| match argument {
                Term::Constant(constant) => Some(*constant),
                Term::Variable(_) => None,
            })
            .collect();
        constants.sort_unstable();
        constants.dedup();
        constants
    }

    fn proposition(&self, literal: &Literal, value: &dyn Fn(Term) -> u16) -> Instance {
        let mut values = literal.arguments.iter().map(|argument| value(*argument));
        if literal.relation == RelationId::EQUAL {
            return Instance::Known((values.next() == values.next()) == literal.positive);
        }
        let place = values.fold(0, |place, value| place * u32::from(self.size) + u32::from(value));
        let proposition = positive(self.relations[literal.relation.index()] + place);
        Instance::Open(if literal.positive { proposition } else { !proposition })
    }

    /// Looks for a structure; also the individuals that the extra constants name.
    pub(super) fn solve(&mut self) -> Answer {
        match self.solver.solve_limited(&[]) {
            answer if answer == lbool::TRUE => {
                let (model, extra) = self.read();
                Answer::Found(model, extra)
            }
            answer if answer == lbool::FALSE => Answer::Impossible,
            _ => Answer::OutOfConflicts,
        }
    }

    fn holds(&self, proposition: u32) -> bool {
        self.solver.value_lit(positive(proposition)) == lbool::TRUE
    }

    fn value(&self, first: u32) -> u16 {
        (0..self.size).find(|value| self.holds(first + u32::from(*value))).unwrap_or(UNKNOWN)
    }

    fn read(&self) -> (Model, Vec<u16>) {
        let size = self.size;
        let mut model = Model::unknown(self.signature, size, format!("model of size {size}"));
        let mut named: Vec<u16> = self.constants.iter().map(|first| self.value(*first)).collect();
        let extra = named.split_off(self.signature.constants.len());
        for (constant, value) in self.signature.constants.iter().zip(&named).rev() {
            if !constant.sort.is_individual() {
                continue;
            }
            model.names[usize::from(*value)] = constant.name.to_string();
        }
        model.constants = named;
        for (table, first) in model.tables.iter_mut().zip(&self.relations) {
            match table {
                Table::Function(values) => {
                    for (cell, value) in values.iter_mut().enumerate() {
                        *value = self.value(first + cell as u32 * u32::from(size));
                    }
                }
                Table::Unknown => {}
                Table::Relation(truths) => {
                    for (tuple, truth) in truths.iter_mut().enumerate() {
                        *truth = if self.holds(first + tuple as u32) { Truth::True } else { Truth::False };
                    }
                }
            }
        }
        (model, extra)
    }

    /// Forbids the structure in which individual `i` plays the part of `order[i]`.
    pub(super) fn forbid(&mut self, model: &Model, order: &[u16]) -> Result<(), Reason> {
        let moved = |individual: u16| u32::from(order[usize::from(individual)]);
        let size = u32::from(self.size);
        let mut clause: Vec<Lit> =
            self.constants.iter().zip(&model.constants).map(|(first, value)| negative(first + moved(*value))).collect();
        for ((table, first), relation) in model.tables.iter().zip(&self.relations).zip(&self.signature.relations) {
            let arity = relation.arity as u16;
            let place = |tuple: &[u16]| first + tuple.iter().fold(0, |place, one| place * size + moved(*one));
            match table {
                Table::Function(values) => {
                    for (inputs, value) in reference::assignments(self.size, arity - 1).zip(values) {
                        let cell = place(&inputs);
                        // Where the function is undefined every value would make a difference.
                        let start = first + (cell - first) * size;
                        if *value == UNKNOWN {
                            clause.extend((0..size).map(|value| positive(start + value)));
                        } else {
                            clause.push(negative(start + moved(*value)));
                        }
                    }
                }
                Table::Unknown => {}
                Table::Relation(truths) => {
                    for (tuple, truth) in reference::assignments(self.size, arity).zip(truths) {
                        let proposition = positive(place(&tuple));
                        clause.push(if *truth == Truth::True { !proposition } else { proposition });
                    }
                }
            }
        }
        self.add(clause)
    }
}

/// What the individuals of a structure are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carrier {
    /// The elements of the only set that the signature has, or, if it has none, anything; functions have a value
    /// everywhere.
    Set,
    /// Anything: sets are sets of them.
    Any,
}

impl Carrier {
    /// The carriers to look at, the more promising first.
    pub(super) fn of(signature: &Signature) -> &'static [Carrier] {
        let sets = signature.relations.iter().filter(|relation| is_set(relation)).count();
        match sets {
            0 => &[Carrier::Set],
            1 => &[Carrier::Set, Carrier::Any],
            _ => &[Carrier::Any],
        }
    }
}

/// Whether a function has a value everywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Total {
    Yes,
    No,
}

/// A literal over individuals.
enum Instance {
    /// An equation is decided at once.
    Known(bool),
    /// All others are propositions.
    Open(Lit),
}

/// Whether a relation is between individuals: of all others these structures say nothing.
fn is_first_order(relation: &crate::clauses::clause::Relation) -> bool {
    relation.sorts.iter().all(crate::calculus::sort::Sort::is_individual)
}

fn is_set(relation: &crate::clauses::clause::Relation) -> bool {
    relation.predicate == PredicateId::IN && relation.arity == 1
}

fn positive(proposition: u32) -> Lit {
    Lit::new(batsat::Var::unsafe_from_idx(proposition), true)
}

fn negative(proposition: u32) -> Lit {
    !positive(proposition)
}

/// `size` to the power of `exponent`, or the largest number if that is more.
fn power(size: u16, exponent: usize) -> usize {
    usize::from(size).saturating_pow(exponent as u32)
}
