//! Grounds clauses over domains of given sizes to a propositional problem.
//!
//! There is one propositional variable for each tuple of a relation (including the output of a function) and one for
//! each value of a constant. A clause becomes one propositional clause for each assignment of its variables and
//! constants.

use std::ops::Range;

use batsat::{Callbacks, Lit, Solver, SolverInterface, SolverOpts, lbool};

use super::limits::{Reason, SearchLimits};
use super::model::{Domain, Model, Table, Truth, UNKNOWN};
use super::reference;
use crate::calculus::formula::PredicateId;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Signature, Term};
use crate::clauses::compile::{ConstructorInstance, InductionInstance};

/// Symmetry breaking covers at most this many constants and function values per domain.
const ORDERED_TERMS: usize = 120;

/// Counts conflicts and stops the solver after a given number. No clock: the same problem ends the same way everywhere.
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

/// The propositional problem: which structures over these domains satisfy the clauses added so far?
pub(super) struct Ground<'a> {
    signature: &'a Signature,
    /// A model in which everything is unknown, for its table layouts.
    empty: Model,
    solver: Solver<Budget>,
    /// The propositional variables of each relation.
    relations: Vec<Tuples>,
    /// The propositional variables of each constant; after those of the signature, those of the constants for the
    /// variables of a negated clause.
    constants: Vec<Choice>,
    next: u32,
    clauses: usize,
    most_clauses: usize,
}

/// One propositional variable for each tuple of a relation, including the output of a function; first argument slowest.
struct Tuples {
    /// The propositional variable of the first tuple.
    first: u32,
    /// The individuals of each argument; empty if the relation is not between individuals.
    ranges: Vec<Range<u16>>,
}

/// One propositional variable for each individual that a constant may denote.
#[derive(Clone)]
struct Choice {
    first: u32,
    range: Range<u16>,
    /// Whether the constant is a set or relation and not an individual: its value does not matter.
    is_set: bool,
}

impl Tuples {
    fn count(ranges: &[Range<u16>]) -> usize {
        ranges.iter().fold(1, |count: usize, range| count.saturating_mul(range.len()))
    }

    fn proposition(&self, tuple: impl Iterator<Item = u16>) -> u32 {
        let place = |place: u32, (value, range): (u16, &Range<u16>)| {
            place * range.len() as u32 + u32::from(value - range.start)
        };
        self.first + tuple.zip(&self.ranges).fold(0, place)
    }
}

impl Choice {
    fn proposition(&self, value: u16) -> u32 {
        self.first + u32::from(value - self.range.start)
    }
}

/// The outcome of a search for a structure.
pub(super) enum Answer {
    Found(Box<Model>, Vec<u16>),
    Impossible,
    OutOfConflicts,
}

impl<'a> Ground<'a> {
    /// Structures over these domains, with one additional constant for each entry of `extra`, which gives its domain.
    /// So far the only constraint is that functions have at most one value. If the carrier is one set, functions are
    /// total; otherwise they may be undefined outside their domain.
    pub(super) fn new(
        signature: &'a Signature,
        domains: Vec<Domain>,
        extra: &[usize],
        limits: &SearchLimits,
        carrier: Carrier,
    ) -> Result<Self, Reason> {
        let budget = Budget { conflicts: 0, most: limits.conflicts };
        let mut ground = Ground {
            signature,
            empty: Model::over(signature, domains, String::new()),
            solver: Solver::new(SolverOpts::default(), budget),
            relations: Vec::new(),
            constants: Vec::new(),
            next: 0,
            clauses: 0,
            most_clauses: limits.clauses,
        };
        for (number, relation) in signature.relations.iter().enumerate() {
            let places = &ground.empty.layout(RelationId(number as u16)).domains;
            let ranges: Vec<Range<u16>> = places.iter().map(|place| ground.range(*place)).collect();
            let known = number != RelationId::EQUAL.index() && ranges.len() == relation.arity;
            let tuples = if known { Tuples::count(&ranges) } else { 0 };
            ground.relations.push(Tuples { first: ground.next, ranges });
            ground.spend(tuples)?;
            ground.next += tuples as u32;
        }
        let places = ground.empty.constant_domains().to_vec();
        let own = signature.constants.iter().zip(places);
        let own = own.map(|(constant, place)| (ground.range(place), !constant.sort.is_individual()));
        let all: Vec<_> = own.chain(extra.iter().map(|place| (ground.range(*place), false))).collect();
        for (range, is_set) in all {
            ground.constants.push(Choice { first: ground.next, range: range.clone(), is_set });
            ground.next += range.len() as u32;
        }
        ground.empty.add_constants(extra);
        for _ in 0..ground.next {
            ground.solver.new_var_default();
        }
        for Choice { first, range, is_set } in ground.constants.clone() {
            if !is_set {
                ground.exactly_one(first, range.len() as u32, Total::Yes)?;
            } else if !range.is_empty() {
                ground.add(vec![positive(first)])?;
            }
        }
        for (place, relation) in signature.relations.iter().enumerate() {
            let Tuples { first, ranges } = &ground.relations[place];
            let (first, ranges) = (*first, ranges.clone());
            let places = ground.empty.layout(RelationId(place as u16)).domains.clone();
            if relation.function
                && let Some((output, inputs)) = ranges.split_last()
            {
                let whole = |place: &usize| carrier == Carrier::Set && sets_of(signature, &ground.empty, *place) <= 1;
                let total = if places[..inputs.len()].iter().all(whole) { Total::Yes } else { Total::No };
                for cell in 0..Tuples::count(inputs) as u32 {
                    ground.exactly_one(first + cell * output.len() as u32, output.len() as u32, total)?;
                }
            } else if is_set(relation) && carrier == Carrier::Set && places.len() == 1 {
                let only = sets_of(signature, &ground.empty, places[0]) == 1;
                for individual in 0..if only { ranges[0].len() as u32 } else { 0 } {
                    ground.add(vec![positive(first + individual)])?;
                }
            }
        }
        ground.number_in_order()?;
        Ok(ground)
    }

    fn range(&self, domain: usize) -> Range<u16> {
        let domain = &self.empty.domains[domain];
        domain.first..domain.first + domain.size
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

    fn exactly_one(&mut self, first: u32, size: u32, total: Total) -> Result<(), Reason> {
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

    /// Breaks symmetries: the individuals of a domain are numbered in order of appearance, first as constants, then as
    /// values of functions, arguments in order. Each structure has such a numbering, so no model is lost, and most
    /// isomorphic copies are excluded.
    ///
    /// Renaming individuals of one domain must not affect the order in another. So only functions count whose inputs
    /// are from this domain or earlier ones, whose numbering is final.
    fn number_in_order(&mut self) -> Result<(), Reason> {
        for domain in 0..self.empty.domains.len() {
            let range = self.range(domain);
            // The variable of the first value, and how many individuals are already numbered because they are
            // arguments.
            let individuals = self.constants.iter().filter(|choice| !choice.is_set && choice.range == range);
            let mut terms: Vec<(u32, u16)> = individuals.map(|choice| (choice.first, 0)).collect();
            let mut cells = Vec::new();
            for (place, relation) in self.signature.relations.iter().enumerate() {
                let Some((output, inputs)) = self.empty.layout(RelationId(place as u16)).domains.split_last() else {
                    continue;
                };
                if !relation.function || *output != domain || inputs.iter().any(|input| *input > domain) {
                    continue;
                }
                let Tuples { first, ranges } = &self.relations[place];
                for (cell, values) in reference::assignments(&ranges[..inputs.len()]).enumerate() {
                    let first = first + cell as u32 * range.len() as u32;
                    let own = values.iter().filter(|value| range.contains(value));
                    cells.push((own.max().map_or(0, |largest| largest + 1 - range.start), place, first));
                    if cells.len() > ORDERED_TERMS * ORDERED_TERMS {
                        break;
                    }
                }
            }
            cells.sort_unstable();
            terms.extend(cells.into_iter().map(|(numbered, _, first)| (first, numbered)));
            terms.truncate(ORDERED_TERMS);
            for (place, (first, numbered)) in terms.iter().enumerate() {
                for value in numbered + 1..range.len() as u16 {
                    let earlier = terms[..place].iter().map(|(first, _)| positive(first + u32::from(value) - 1));
                    let clause = std::iter::once(negative(first + u32::from(value))).chain(earlier).collect();
                    self.add(clause)?;
                }
            }
        }
        Ok(())
    }

    /// Requires every element of a set to be reachable by constructors.
    ///
    /// For each element and each number of rounds, a propositional variable states that the element is reached within
    /// that many rounds; as many rounds as there are elements suffice.
    pub(super) fn require_reached(&mut self, induction: &InductionInstance) -> Result<(), Reason> {
        let Some(range) = self.relations[induction.set.index()].ranges.first().cloned() else { return Ok(()) };
        let mut before: Vec<Option<Lit>> = vec![None; range.len()];
        for _ in 0..range.len() {
            let mut reached = Vec::new();
            for element in range.clone() {
                let mut ways = Vec::new();
                for constructor in &induction.constructors {
                    match constructor {
                        ConstructorInstance::Constant(constant) => {
                            ways.push(positive(self.constants[usize::from(*constant)].proposition(element)));
                        }
                        ConstructorInstance::Function(relation, inputs) => {
                            let ranges = self.relations[relation.index()].ranges.clone();
                            for values in reference::assignments(&ranges[..inputs.len()]) {
                                let row = values.iter().copied().chain([element]);
                                let mut needed = vec![positive(self.relations[relation.index()].proposition(row))];
                                let mut possible = true;
                                for ((_, recursive), value) in inputs.iter().zip(&values) {
                                    if *recursive {
                                        let earlier = before[usize::from(value - range.start)];
                                        possible &= earlier.is_some();
                                        needed.extend(earlier);
                                    }
                                }
                                if !possible {
                                    continue;
                                }
                                let way = Lit::new(self.solver.new_var_default(), true);
                                for lit in needed {
                                    self.add(vec![!way, lit])?;
                                }
                                ways.push(way);
                            }
                        }
                    }
                }
                let here = Lit::new(self.solver.new_var_default(), true);
                ways.push(!here);
                self.add(ways)?;
                reached.push(Some(here));
            }
            before = reached;
        }
        for (element, reached) in range.zip(before) {
            let member = positive(self.relations[induction.set.index()].proposition(std::iter::once(element)));
            self.add(std::iter::once(!member).chain(reached).collect())?;
        }
        Ok(())
    }

    /// Adds a clause that must hold.
    pub(super) fn require(&mut self, clause: &Clause) -> Result<(), Reason> {
        let heads: &[Literal] = match &clause.head {
            Head::False => &[],
            Head::Literal(literal) => std::slice::from_ref(literal),
            Head::Exists(_, literals) => literals,
        };
        let constants = self.constants_of(clause.premises.iter().chain(heads));
        let domains = reference::ranges(&self.empty.domains_of(clause));
        let (own, witnessed) = domains.split_at(usize::from(clause.variables));
        let named = constants.iter().map(|constant| self.constants[usize::from(*constant)].range.clone());
        let choices: Vec<Range<u16>> = own.iter().cloned().chain(named).collect();
        self.spend(Tuples::count(&choices))?;
        self.clauses -= Tuples::count(&choices);
        let exists = matches!(clause.head, Head::Exists(..));
        for choice in reference::assignments(&choices) {
            let (variables, values) = choice.split_at(usize::from(clause.variables));
            let mut disjuncts: Vec<Lit> = constants
                .iter()
                .zip(values)
                .map(|(constant, value)| negative(self.constants[usize::from(*constant)].proposition(*value)))
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
            for witness in reference::assignments(witnessed) {
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

    /// Requires `clause` to fail at the individuals denoted by the additional constants, one for each of its variables.
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
        let proposition = positive(self.relations[literal.relation.index()].proposition(values));
        Instance::Open(if literal.positive { proposition } else { !proposition })
    }

    /// Solves; a found structure comes with the individuals denoted by the additional constants.
    pub(super) fn solve(&mut self) -> Answer {
        match self.solver.solve_limited(&[]) {
            answer if answer == lbool::TRUE => {
                let (model, extra) = self.read();
                Answer::Found(Box::new(model), extra)
            }
            answer if answer == lbool::FALSE => Answer::Impossible,
            _ => Answer::OutOfConflicts,
        }
    }

    fn holds(&self, proposition: u32) -> bool {
        self.solver.value_lit(positive(proposition)) == lbool::TRUE
    }

    /// The value among these individuals, whose propositional variables start at `first`.
    fn value(&self, first: u32, range: &Range<u16>) -> u16 {
        range.clone().zip(first..).find(|(_, proposition)| self.holds(*proposition)).map_or(UNKNOWN, |(value, _)| value)
    }

    fn read(&self) -> (Model, Vec<u16>) {
        let mut model = Model::over(self.signature, self.empty.domains.clone(), String::new());
        let sizes: Vec<String> = model.domains.iter().map(|domain| domain.size.to_string()).collect();
        model.origin = format!("model of size {}", sizes.join(" + "));
        if model.domains.len() > 1 {
            for (domain, letter) in model.domains.iter().zip('a'..='z') {
                for individual in 0..domain.size {
                    model.names[usize::from(domain.first + individual)] = format!("{letter}{individual}");
                }
            }
        }
        let mut named: Vec<u16> = self.constants.iter().map(|choice| self.value(choice.first, &choice.range)).collect();
        let extra = named.split_off(self.signature.constants.len());
        for (constant, value) in self.signature.constants.iter().zip(&named).rev() {
            if !constant.sort.is_individual() {
                continue;
            }
            model.names[usize::from(*value)] = constant.name.to_string();
        }
        model.constants = named;
        for (table, tuples) in model.tables.iter_mut().zip(&self.relations) {
            match table {
                Table::Function(values) => {
                    let Some(range) = tuples.ranges.last() else { continue };
                    for (cell, value) in values.iter_mut().enumerate() {
                        *value = self.value(tuples.first + (cell * range.len()) as u32, range);
                    }
                }
                Table::Unknown => {}
                Table::Relation(truths) => {
                    for (proposition, truth) in (tuples.first..).zip(truths) {
                        *truth = if self.holds(proposition) { Truth::True } else { Truth::False };
                    }
                }
            }
        }
        (model, extra)
    }

    /// Excludes the isomorphic copy of `model` in which individual `i` is renamed to `order[i]`.
    pub(super) fn forbid(&mut self, model: &Model, order: &[u16]) -> Result<(), Reason> {
        let moved = |individual: u16| order[usize::from(individual)];
        let named = self.constants.iter().zip(&model.constants).filter(|(_, value)| **value != UNKNOWN);
        let mut clause: Vec<Lit> = named.map(|(choice, value)| negative(choice.proposition(moved(*value)))).collect();
        for (table, tuples) in model.tables.iter().zip(&self.relations) {
            let place = |tuple: &[u16]| tuples.proposition(tuple.iter().map(|one| moved(*one)));
            match table {
                Table::Function(values) => {
                    let Some((range, inputs)) = tuples.ranges.split_last() else { continue };
                    for (mut row, value) in reference::assignments(inputs).zip(values) {
                        // Where the function is undefined, any value would make a difference.
                        if *value == UNKNOWN {
                            for value in range.clone() {
                                row.truncate(inputs.len());
                                row.push(value);
                                clause.push(positive(place(&row)));
                            }
                        } else {
                            row.push(*value);
                            clause.push(negative(place(&row)));
                        }
                    }
                }
                Table::Unknown => {}
                Table::Relation(truths) => {
                    for (tuple, truth) in reference::assignments(&tuples.ranges).zip(truths) {
                        let proposition = positive(place(&tuple));
                        clause.push(if *truth == Truth::True { !proposition } else { proposition });
                    }
                }
            }
        }
        self.add(clause)
    }
}

/// What the individuals of a sort are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carrier {
    /// The elements of the signature's only set of this sort; if it has none, unrestricted. Functions are total. If it
    /// has several sets, as [`Carrier::Any`].
    Set,
    /// Unrestricted: sets are subsets.
    Any,
}

impl Carrier {
    /// The carriers to try, the more promising first.
    pub(super) fn of(signature: &Signature, domains: &[Domain]) -> &'static [Carrier] {
        let empty = Model::over(signature, domains.to_vec(), String::new());
        let sets = || (0..domains.len()).map(|domain| sets_of(signature, &empty, domain));
        if sets().any(|count| count == 1) {
            &[Carrier::Set, Carrier::Any]
        } else if sets().all(|count| count == 0) {
            &[Carrier::Set]
        } else {
            &[Carrier::Any]
        }
    }
}

/// The number of sets over this domain in the signature.
fn sets_of(signature: &Signature, empty: &Model, domain: usize) -> usize {
    let relations = signature.relations.iter().enumerate().filter(|(_, relation)| is_set(relation));
    relations.filter(|(number, _)| empty.layout(RelationId(*number as u16)).domains == [domain]).count()
}

/// Whether a function is total.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Total {
    Yes,
    No,
}

/// A ground literal.
enum Instance {
    /// An equation between individuals, decided at once.
    Known(bool),
    /// Any other literal: a propositional one.
    Open(Lit),
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
