//! Evaluation outside a piece of an inductive structure, with the axioms that define functions and relations by
//! recursion.
//!
//! A piece contains only the simplest elements of a generated set. A false statement whose terms soon leave the piece,
//! such as (a!)! = a!, cannot be refuted there. This evaluator computes the terms at small values, however large the
//! results are. Each step applies one axiom, read as a [`Case`]: if the constructor patterns match the arguments and
//! the conditions hold, the function has the value that the axiom states. Constructors are free in the piece, hence
//! also outside it: distinct terms denote distinct individuals. So every computed fact follows from the axioms and from
//! the piece's assumptions about the sets without constructors, and a counterexample holds in the same structures as
//! those of the piece ([`standard`](super::standard)).

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use crate::calculus::theory::Theory;
use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Compiled, ConstructorInstance, InductionInstance};
use crate::conjecture::limits::literals;
use crate::models::evaluate::{function_value, inputs};
use crate::models::model::{Domain, Model, Table, Truth, UNKNOWN, base_sorts};
use crate::models::reference::{head_fails, premises_hold};
use crate::search::extension::{Case, Condition, Value, cases};
use crate::search::names::{Made, Names};
use crate::search::parameters::Part;
use crate::search::standard::whole_sets;

/// Limits on the assignments tested for a clause, and on the values of each variable.
const ASSIGNMENTS: u64 = 300;
const VALUES: u16 = 16;

/// Limit on applications of axioms and constructors for one clause.
const STEPS: u32 = 5_000;

/// The most individuals created for an unrefuted clause that are kept for the next clauses.
const KEPT: usize = 500;

/// Limit on recursion depth; a thread's stack has room for several times as much.
const DEPTH: u32 = 1_000;

/// Limit on the individuals of a computation.
const MOST_MADE: usize = 100_000;

/// Limit on the individuals of a model of counterexamples, whose tables are dense.
const MOST_INDIVIDUALS: usize = 256;

/// An individual of the piece, or one created by the computation; the latter are numbered after the piece's.
type Element = u32;

/// A conjecture and the individuals for which it fails.
pub(super) struct Counterexample<'c> {
    pub(super) conjecture: usize,
    pub(super) clause: &'c Clause,
    pub(super) found: Found,
}

/// Conjectures that fail in a model, with the values of their variables.
pub(super) type Failures = Vec<(usize, Vec<u16>)>;

/// The individuals of a counterexample.
pub(super) struct Found {
    /// The value of each variable.
    values: Vec<Element>,
    /// The values of all functions in the clause; they show that a row of the head does not hold.
    others: Vec<Element>,
}

impl Found {
    fn all(&self) -> impl Iterator<Item = Element> {
        self.values.iter().chain(&self.others).copied()
    }
}

/// An evaluator of clauses at small individuals of a piece.
pub(super) struct Computation<'c> {
    compiled: &'c Compiled,
    piece: &'c Model,
    inductions: Vec<&'c InductionInstance>,
    /// The sets that contain all individuals of their sorts.
    whole: BTreeSet<RelationId>,
    cases: BTreeMap<RelationId, Rc<[Case]>>,
    /// The constructor of each individual and its inputs; `None` if no constructor function builds it.
    made: Vec<Option<(RelationId, Vec<Element>)>>,
    /// The inverse of `made`.
    terms: HashMap<(RelationId, Vec<Element>), Element>,
    values: HashMap<(RelationId, Vec<Element>), Option<Element>>,
    truths: HashMap<(RelationId, Vec<Element>), Option<bool>>,
    steps: u32,
    /// Whether a limit was reached, so that a missing value proves nothing and is not memoised.
    is_cut: bool,
}

impl<'c> Computation<'c> {
    /// Computations in a piece of the theory.
    #[must_use]
    pub(super) fn new(compiled: &'c Compiled, piece: &'c Model) -> Computation<'c> {
        let inductions: Vec<&InductionInstance> = piece
            .free
            .iter()
            .filter_map(|set| compiled.inductions.iter().find(|induction| induction.set == *set))
            .collect();
        let generated = |set: &RelationId| compiled.signature.relations[set.index()].sorts.first();
        let mut sorts = base_sorts(&compiled.signature);
        sorts.retain(|sort| !piece.free.iter().any(|set| generated(set) == Some(sort)));
        let whole = whole_sets(compiled, &sorts, piece.free.iter().copied());
        let cases = cases(compiled, &Part::new(compiled, &sorts), &whole);
        let mut computation = Computation {
            compiled,
            piece,
            inductions,
            whole,
            cases: cases.into_iter().map(|(symbol, cases)| (symbol, cases.into())).collect(),
            made: vec![None; usize::from(piece.size)],
            terms: HashMap::new(),
            values: HashMap::new(),
            truths: HashMap::new(),
            steps: 0,
            is_cut: false,
        };
        for relation in computation.constructors().map(|(_, relation)| relation).collect::<Vec<_>>() {
            for (_, row) in piece.facts(relation) {
                let (value, inputs) = row.split_last().expect("a function has a value");
                let inputs: Vec<Element> = inputs.iter().map(|input| Element::from(*input)).collect();
                computation.made[usize::from(*value)] = Some((relation, inputs.clone()));
                computation.terms.insert((relation, inputs), Element::from(*value));
            }
        }
        computation
    }

    /// The constructor functions, each with the index of its set.
    fn constructors(&self) -> impl Iterator<Item = (usize, RelationId)> {
        self.inductions.iter().enumerate().flat_map(|(place, induction)| {
            induction.constructors.iter().filter_map(move |constructor| match constructor {
                ConstructorInstance::Constant(_) => None,
                ConstructorInstance::Function(relation, _) => Some((place, *relation)),
            })
        })
    }

    fn is_inside(&self, elements: &[Element]) -> bool {
        elements.iter().all(|element| *element < Element::from(self.piece.size))
    }

    /// A counterexample: the premises hold and the conclusion fails.
    #[must_use]
    pub(super) fn refute(&mut self, clause: &Clause) -> Option<Found> {
        if matches!(clause.head, Head::Exists(..)) {
            return None;
        }
        let chosen = inputs(self.piece, clause);
        let domains = self.piece.domains_of(clause);
        let chosen: Vec<(u16, &Domain)> =
            chosen.iter().map(|variable| (*variable, domains[usize::from(*variable)])).collect();
        let count = |most: u16| {
            chosen.iter().fold(1u64, |count, (_, domain)| count.saturating_mul(u64::from(domain.size.min(most))))
        };
        let most = (1..=VALUES).take_while(|most| count(*most) <= ASSIGNMENTS).last()?;
        self.steps = STEPS;
        let before = self.made.len();
        // Small values first, since evaluation at large values may use up all steps.
        let found = (0..most).find_map(|bound| self.refute_up_to(clause, &chosen, bound));
        if found.is_none() && self.made.len() > before + KEPT {
            self.forget(before);
        }
        found
    }

    /// A counterexample with values of the chosen variables up to `bound`, counted in each domain from 0, at least one
    /// of them equal to `bound`.
    fn refute_up_to(&mut self, clause: &Clause, chosen: &[(u16, &Domain)], bound: u16) -> Option<Found> {
        let mut places: Vec<u16> = vec![0; chosen.len()];
        loop {
            if self.steps == 0 {
                return None;
            }
            let is_new = places.contains(&bound) || (places.is_empty() && bound == 0);
            let fits = chosen.iter().zip(&places).all(|((_, domain), place)| *place < domain.size);
            if is_new && fits {
                let mut values: Vec<Option<Element>> = vec![None; usize::from(clause.variables)];
                for ((variable, domain), place) in chosen.iter().zip(&places) {
                    values[usize::from(*variable)] = Some(Element::from(domain.first + place));
                }
                if let Some(found) = self.fails(clause, values) {
                    return Some(found);
                }
            }
            // The next assignment, last variable fastest.
            let next = (0..places.len()).rev().find(|place| places[*place] < bound)?;
            places[next] += 1;
            places[next + 1..].fill(0);
        }
    }

    /// Removes the individuals from `end` on, and all memoised results that mention them.
    fn forget(&mut self, end: usize) {
        self.made.truncate(end);
        let end = end as Element;
        let is_old = |key: &(RelationId, Vec<Element>)| key.1.iter().all(|element| *element < end);
        self.terms.retain(|key, value| is_old(key) && *value < end);
        self.values.retain(|key, value| is_old(key) && value.is_none_or(|value| value < end));
        self.truths.retain(|key, _| is_old(key));
    }

    /// Completes an assignment with the values of function rows; a counterexample if the premises hold and the
    /// conclusion fails.
    fn fails(&mut self, clause: &Clause, mut values: Vec<Option<Element>>) -> Option<Found> {
        let is_row = |premise: &&Literal| {
            premise.positive && self.compiled.signature.relations[premise.relation.index()].function
        };
        let rows: Vec<&Literal> = clause.premises.iter().filter(is_row).collect();
        // Each iteration assigns at least one more variable.
        loop {
            let mut news = false;
            for row in &rows {
                let (output, inputs) = row.arguments.split_last()?;
                let Term::Variable(output) = output else { continue };
                if values[usize::from(*output)].is_none()
                    && let Some(inputs) = self.elements(inputs, &values)
                {
                    values[usize::from(*output)] = Some(self.apply(row.relation, inputs, DEPTH)?);
                    news = true;
                }
            }
            if !news {
                break;
            }
        }
        let holds = |literal: &Literal, computation: &mut Self| {
            let arguments = computation.elements(&literal.arguments, &values)?;
            Some(computation.truth(literal.relation, arguments, DEPTH)? == literal.positive)
        };
        for premise in &clause.premises {
            if holds(premise, self) != Some(true) {
                return None;
            }
        }
        match &clause.head {
            Head::Literal(head) if holds(head, self) != Some(false) => return None,
            Head::Exists(..) => return None,
            Head::Literal(_) | Head::False => {}
        }
        let values: Vec<Element> = values.into_iter().collect::<Option<_>>()?;
        let others = self.rows_of(clause, &values);
        Some(Found { values, others })
    }

    /// The values of all functions at their arguments in the clause.
    fn rows_of(&mut self, clause: &Clause, values: &[Element]) -> Vec<Element> {
        let known: Vec<Option<Element>> = values.iter().copied().map(Some).collect();
        let mut found = Vec::new();
        for literal in literals(clause).filter(|one| self.compiled.signature.relations[one.relation.index()].function) {
            let inputs = literal.arguments.split_last().and_then(|(_, inputs)| self.elements(inputs, &known));
            found.extend(inputs.and_then(|inputs| self.apply(literal.relation, inputs, DEPTH)));
        }
        found
    }

    fn elements(&self, terms: &[Term], values: &[Option<Element>]) -> Option<Vec<Element>> {
        let element = |term: &Term| match term {
            Term::Variable(variable) => values[usize::from(*variable)],
            Term::Constant(constant) => self.constant(*constant),
        };
        terms.iter().map(element).collect()
    }

    fn constant(&self, constant: u16) -> Option<Element> {
        Some(self.piece.constants[usize::from(constant)]).filter(|named| *named != UNKNOWN).map(Element::from)
    }

    /// Counts one step; false if a limit is reached.
    fn step(&mut self, depth: u32) -> bool {
        let may = self.steps > 0 && depth > 0 && self.made.len() < MOST_MADE;
        self.is_cut |= !may;
        self.steps -= u32::from(may);
        may
    }

    fn known_value(&self, function: RelationId, inputs: &[Element]) -> Option<Element> {
        if !self.is_inside(inputs) {
            return None;
        }
        let inputs: Vec<u16> = inputs.iter().map(|input| *input as u16).collect();
        Some(function_value(self.piece, function, &inputs)).filter(|value| *value != UNKNOWN).map(Element::from)
    }

    /// The value of a function; `None` if no case applies or a limit is reached.
    fn apply(&mut self, function: RelationId, inputs: Vec<Element>, depth: u32) -> Option<Element> {
        if let Some(known) = self.known_value(function, &inputs) {
            return Some(known);
        }
        if self.constructors().any(|(_, relation)| relation == function) {
            return self.construct(function, inputs);
        }
        let key = (function, inputs);
        if let Some(value) = self.values.get(&key) {
            return *value;
        }
        let cases = self.cases.get(&function)?.clone();
        if !self.step(depth) {
            return None;
        }
        // A value that depends on itself is unknown.
        self.values.insert(key.clone(), None);
        let before = std::mem::replace(&mut self.is_cut, false);
        let found = cases.iter().find_map(|case| match &case.value {
            Err(value) if self.applies(case, &key.1, depth - 1) => self.value(value, &key.1, depth - 1),
            _ => None,
        });
        if found.is_none() && self.is_cut {
            self.values.remove(&key);
        } else {
            self.values.insert(key, found);
        }
        self.is_cut |= before;
        found
    }

    fn construct(&mut self, constructor: RelationId, inputs: Vec<Element>) -> Option<Element> {
        let next = self.made.len() as Element;
        let key = (constructor, inputs);
        if let Some(known) = self.terms.get(&key) {
            return Some(*known);
        }
        if !self.step(1) {
            return None;
        }
        self.made.push(Some(key.clone()));
        self.terms.insert(key, next);
        Some(next)
    }

    /// The truth of an atom; `None` if it is unknown.
    fn truth(&mut self, relation: RelationId, arguments: Vec<Element>, depth: u32) -> Option<bool> {
        if relation == RelationId::EQUAL {
            return Some(arguments[0] == arguments[1]);
        }
        if self.compiled.signature.relations[relation.index()].function {
            let (output, inputs) = arguments.split_last()?;
            return Some(self.apply(relation, inputs.to_vec(), depth)? == *output);
        }
        if self.whole.contains(&relation) {
            return Some(true);
        }
        if let Some(known) = self.known_truth(relation, &arguments) {
            return Some(known);
        }
        let key = (relation, arguments);
        if let Some(truth) = self.truths.get(&key) {
            return *truth;
        }
        let cases = self.cases.get(&relation)?.clone();
        if !self.step(depth) {
            return None;
        }
        self.truths.insert(key.clone(), None);
        let before = std::mem::replace(&mut self.is_cut, false);
        let found = cases.iter().find_map(|case| match case.value {
            Ok(truth) if self.applies(case, &key.1, depth - 1) => Some(truth),
            _ => None,
        });
        if found.is_none() && self.is_cut {
            self.truths.remove(&key);
        } else {
            self.truths.insert(key, found);
        }
        self.is_cut |= before;
        found
    }

    fn known_truth(&self, relation: RelationId, arguments: &[Element]) -> Option<bool> {
        if !self.is_inside(arguments) {
            return None;
        }
        let tuple: Vec<u16> = arguments.iter().map(|argument| *argument as u16).collect();
        match &self.piece.tables[relation.index()] {
            Table::Relation(truths) => match truths[self.piece.place(relation, &tuple)] {
                Truth::True => Some(true),
                Truth::False => Some(false),
                Truth::Unknown => None,
            },
            Table::Function(_) | Table::Unknown => None,
        }
    }

    /// Whether the patterns of a case match the arguments and its conditions are known to hold.
    fn applies(&mut self, case: &Case, arguments: &[Element], depth: u32) -> bool {
        let fits = case.patterns.iter().all(|(path, pattern)| {
            self.at(path, arguments).is_some_and(|element| match pattern {
                Ok(constant) => self.constant(*constant) == Some(element),
                Err(constructor) => {
                    matches!(&self.made[element as usize], Some((relation, _)) if relation == constructor)
                }
            })
        });
        fits && case.absent.is_none()
            && case.conditions.iter().all(|condition| self.holds(condition, arguments, depth) == Some(true))
    }

    fn holds(&mut self, condition: &Condition, arguments: &[Element], depth: u32) -> Option<bool> {
        let values = condition.values.iter().map(|value| self.value(value, arguments, depth));
        let values: Vec<Element> = values.collect::<Option<_>>()?;
        Some(self.truth(condition.relation, values, depth)? == condition.positive)
    }

    fn value(&mut self, value: &Value, arguments: &[Element], depth: u32) -> Option<Element> {
        match value {
            Value::At(path) => self.at(path, arguments),
            Value::Constant(constant) => self.constant(*constant),
            Value::Applied(function, inputs) => {
                let inputs = inputs.iter().map(|input| self.value(input, arguments, depth));
                let inputs = inputs.collect::<Option<_>>()?;
                self.apply(*function, inputs, depth)
            }
            Value::Some(_) => None,
        }
    }

    /// The subterm of the arguments at a path.
    fn at(&self, path: &[usize], arguments: &[Element]) -> Option<Element> {
        let (argument, rest) = path.split_first()?;
        rest.iter().try_fold(*arguments.get(*argument)?, |element, input| {
            self.made[element as usize].as_ref()?.1.get(*input).copied()
        })
    }

    /// The domain of an individual, as an index into those of the piece.
    fn sort(&self, element: Element) -> usize {
        let made = self.made[element as usize].as_ref();
        let of = |constructor: RelationId| {
            self.constructors().find(|(_, relation)| *relation == constructor).map(|(place, _)| place)
        };
        match made {
            Some((constructor, _)) if !self.is_inside(&[element]) => of(*constructor).unwrap_or(0),
            _ => {
                let holds = |domain: &Domain| {
                    (u32::from(domain.first)..u32::from(domain.first) + u32::from(domain.size)).contains(&element)
                };
                self.piece.domains.iter().position(holds).unwrap_or(0)
            }
        }
    }

    /// Builds a model of the individuals of the first counterexamples, at least one and as many as fit, and removes
    /// these from the queue. Returns it with the conjectures that fail in it, as the reference evaluator confirms.
    pub(super) fn model(
        &self,
        theory: &Theory,
        counterexamples: &mut VecDeque<Counterexample<'_>>,
    ) -> (Model, Failures) {
        let mut chosen: BTreeSet<Element> = BTreeSet::new();
        let mut taken = Vec::new();
        while let Some(next) = counterexamples.pop_front() {
            let more: BTreeSet<Element> = next.found.all().filter(|one| !chosen.contains(one)).collect();
            if !taken.is_empty() && chosen.len() + more.len() > MOST_INDIVIDUALS {
                counterexamples.push_front(next);
                break;
            }
            chosen.extend(more);
            taken.push(next);
        }
        let mut by_sort: Vec<Vec<Element>> = vec![Vec::new(); self.piece.domains.len()];
        for element in &chosen {
            by_sort[self.sort(*element)].push(*element);
        }
        let order: Vec<Element> = by_sort.concat();
        let places: HashMap<Element, u16> = order.iter().copied().zip(0..).collect();
        let mut first = 0;
        let domains = self.piece.domains.iter().zip(&by_sort).map(|(domain, own)| {
            let begin = first;
            first += own.len() as u16;
            Domain::new(domain.sort.clone(), begin, own.len() as u16)
        });
        let domains: Vec<Domain> = domains.collect();
        let counts: Vec<String> =
            by_sort.iter().filter(|own| !own.is_empty()).map(|own| own.len().to_string()).collect();
        let origin = format!("values of {} individuals computed by the axioms", counts.join(" + "));
        let mut model = Model::over(&self.compiled.signature, domains, origin);
        model.is_piece = true;
        for (named, constant) in model.constants.iter_mut().zip(0..) {
            *named = self.constant(constant).and_then(|element| places.get(&element)).copied().unwrap_or(UNKNOWN);
        }
        for number in 1..model.tables.len() {
            let relation = RelationId(number as u16);
            let tuples = model.tuples(relation);
            let elements = |tuple: &Vec<u16>| tuple.iter().map(|place| order[usize::from(*place)]).collect::<Vec<_>>();
            match &mut model.tables[number] {
                Table::Function(values) => {
                    for (value, tuple) in values.iter_mut().zip(&tuples) {
                        let inputs = elements(tuple);
                        let known = self.known_value(relation, &inputs).or_else(|| {
                            let key = (relation, inputs);
                            self.terms.get(&key).copied().or_else(|| self.values.get(&key).copied().flatten())
                        });
                        *value = known.and_then(|known| places.get(&known)).copied().unwrap_or(UNKNOWN);
                    }
                }
                Table::Relation(truths) => {
                    for (truth, tuple) in truths.iter_mut().zip(&tuples) {
                        let arguments = elements(tuple);
                        let known = match self.known_truth(relation, &arguments) {
                            None if self.whole.contains(&relation) => Some(true),
                            None => self.truths.get(&(relation, arguments)).copied().flatten(),
                            known => known,
                        };
                        *truth = match known {
                            Some(true) => Truth::True,
                            Some(false) => Truth::False,
                            None => Truth::Unknown,
                        };
                    }
                }
                Table::Unknown => {}
            }
        }
        model.names = self.names(theory, &order);
        let found = taken.iter().filter_map(|one| {
            let values: Vec<u16> =
                one.found.values.iter().map(|value| places.get(value).copied()).collect::<Option<_>>()?;
            let fails = premises_hold(&model, one.clause, &values) && head_fails(&model, one.clause, &values);
            fails.then_some((one.conjecture, values))
        });
        let found = found.collect();
        (model, found)
    }

    fn names(&self, theory: &Theory, elements: &[Element]) -> Vec<String> {
        let mut places: Vec<(usize, usize)> = Vec::with_capacity(self.made.len());
        let mut ends: Vec<usize> = vec![0; self.piece.domains.len()];
        for element in 0..self.made.len() as Element {
            let sort = self.sort(element);
            places.push((sort, ends[sort]));
            ends[sort] += 1;
        }
        let mut made: Vec<Vec<Made>> = ends.iter().map(|end| Vec::with_capacity(*end)).collect();
        for (element, own) in self.made.iter().enumerate() {
            let sort = places[element].0;
            let constructors = self.inductions.get(sort).map_or(&[][..], |induction| &induction.constructors[..]);
            let number = |is: &dyn Fn(&ConstructorInstance) -> bool| constructors.iter().position(is);
            let value = match own {
                Some((relation, inputs)) => {
                    let number = number(&|one| matches!(one, ConstructorInstance::Function(own, _) if own == relation));
                    let inputs = inputs.iter().map(|input| places[*input as usize].1).collect();
                    number.map(|number| (number, inputs))
                }
                None => {
                    let names = |one: &ConstructorInstance| {
                        matches!(one, ConstructorInstance::Constant(constant)
                            if self.constant(*constant) == Some(element as Element))
                    };
                    number(&names).map(|number| (number, Vec::new()))
                }
            };
            made[sort].push(value);
        }
        let signature = &self.compiled.signature;
        let sort = |relation: RelationId, input: usize| {
            let own = signature.relations[relation.index()].sorts.get(input);
            self.piece.domains.iter().position(|domain| domain.sort.as_ref() == own).unwrap_or(0)
        };
        let names = Names { theory, signature, inductions: &self.inductions, made: &made, sort: &sort };
        elements
            .iter()
            .map(|element| {
                let (sort, place) = places[*element as usize];
                names.write(sort, place)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use super::*;
    use crate::language::mpl::read_mpl;
    use crate::search::explore::{Exploration, Options};

    /// An exploration of a shipped theory, prepared with pieces of this size.
    fn with_ground(name: &str, ground: u16) -> Exploration {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../theories");
        let read = |path: &Path| std::fs::read(folder.join(path)).map_err(|error| error.to_string());
        let text = read(Path::new(name)).expect("a file of ours");
        let (theory, _) = read_mpl(name, &text, &mut |path| read(Path::new(path))).expect("a theory");
        let options = Options { generate: false, ground, ..Options::default() };
        let mut exploration = Exploration::new(Arc::new(theory), &[], options);
        assert!(exploration.prepare(&mut || true));
        exploration
    }

    /// Values computed from a small piece, with axioms as rewrite rules, agree with those that a logic block derived
    /// for a larger piece.
    #[test]
    fn computed_values_are_those_of_a_larger_piece() {
        for name in ["peano.mpl", "powers.mpl", "triangular.mpl", "trees.mpl", "lists.mpl"] {
            let (small, large) = (with_ground(name, 4), with_ground(name, 48));
            let (piece, whole) = (&small.models[0], &large.models[0]);
            let mut computation = Computation::new(small.compiled(), piece);
            let domain = |model: &Model, individual: u16| {
                let holds = |domain: &Domain| (domain.first..domain.first + domain.size).contains(&individual);
                model.domains.iter().position(holds)
            };
            // Individuals of the large piece, by name, in the small one.
            let inside: HashMap<u16, Element> = (0..whole.size)
                .filter_map(|large| {
                    let same = |small: &u16| {
                        piece.names[usize::from(*small)] == whole.names[usize::from(large)]
                            && domain(piece, *small) == domain(whole, large)
                    };
                    Some((large, Element::from((0..piece.size).find(same)?)))
                })
                .collect();
            let mut beyond = 0;
            for function in &small.compiled().functions {
                for (_, row) in whole.facts(function.relation) {
                    let (value, inputs) = row.split_last().expect("a function has a value");
                    let Some(inputs) = inputs.iter().map(|input| inside.get(input).copied()).collect() else {
                        continue;
                    };
                    computation.steps = STEPS;
                    let Some(found) = computation.apply(function.relation, inputs, DEPTH) else {
                        panic!("{name}: no value of {:?} at {row:?}", function.relation);
                    };
                    let name_of = |one: Element| computation.names(small.theory(), &[one]).remove(0);
                    assert_eq!(
                        name_of(found),
                        whole.names[usize::from(*value)],
                        "{name}: {row:?} {:?}",
                        function.relation
                    );
                    beyond += u32::from(!computation.is_inside(&[found]));
                }
            }
            assert!(beyond > 3, "{name}: {beyond}");
        }
    }
    /// Recursion deeper than the limit gives no value, and fits into the stack of a thread.
    #[test]
    fn deep_recursion_ends() {
        let exploration = with_ground("peano.mpl", 4);
        let (compiled, piece) = (exploration.compiled(), &exploration.models[0]);
        let mut computation = Computation::new(compiled, piece);
        let successor = computation.constructors().next().expect("a constructor").1;
        let mut large: Element = 0;
        for _ in 0..2 * DEPTH {
            computation.steps = STEPS;
            large = computation.construct(successor, vec![large]).expect("a value");
        }
        for function in compiled.functions.iter().filter(|function| function.domain.len() == 2) {
            computation.steps = STEPS;
            assert_eq!(computation.apply(function.relation, vec![1, large], DEPTH), None);
        }
    }

    /// An equation for the value of a function says nothing where the function has none.
    #[test]
    fn a_function_on_a_part_has_no_value_elsewhere() {
        let text = "(theory Part[N,0,s,E,f] (&
            (in[0,N]) (>[x,y] (in2[x,y,s]) (& (in[x,N]) (in[y,N]))) (>[x] (in[x,N]) (exists[y] (in[y,N]) (in2[x,y,s])))
            (>[x,y,z] (& (in2[x,y,s]) (in2[x,z,s])) (=[y,z])) (>[x] (in[x,N]) !(in2[x,0,s]))
            (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))
            (>[x] (in[x,E]) (in[x,N])) (in[0,E])
            (>[x,y] (in2[x,y,f]) (& (in[x,E]) (in[y,N]))) (>[x] (in[x,E]) (exists[y] (in[y,N]) (in2[x,y,f])))
            (>[x,y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])) (>[x,y] (in2[x,y,f]) (=[y,x]))))";
        let (theory, _) = read_mpl("test.mpl", text.as_bytes(), &mut |path| Err(path.to_owned())).expect("a theory");
        let compiled = Compiled::new(&theory, &[]);
        let place = |name: &str| theory.anchor_definition().parameters.iter().position(|own| **own == *name);
        let relation = |name: &str| {
            let own = |one: &crate::clauses::clause::Relation| {
                one.slots.iter().any(|slot| matches!(slot, crate::clauses::clause::Slot::Fixed(at) if Some(usize::from(*at)) == place(name)))
            };
            RelationId(compiled.signature.relations.iter().position(own).expect("a relation") as u16)
        };
        let cases =
            |carriers: &[RelationId]| cases(&compiled, &Part::new(&compiled, &[]), &carriers.iter().copied().collect());
        assert!(!cases(&[relation("N")]).contains_key(&relation("f")));
        assert!(cases(&[relation("N"), relation("E")]).contains_key(&relation("f")));
    }
}
