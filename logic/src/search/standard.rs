//! Pieces of inductive structures, derived from the axioms by a logic block.
//!
//! The individuals are the values of constructor terms, by number of applications: for arithmetic 0, s(0), s(s(0)), …;
//! for lists over a set the empty list, those of one element, …, where the set has four elements of its own. The
//! constructors are proved free, or assumed to be where [`extension`] shows that there is such a structure, so distinct
//! individuals of a generated set are distinct objects. Every other fact of the model was derived from the axioms and
//! from the assumptions of [`parameters`] about the sets without constructors.
//!
//! # Why a counterexample in the piece is one in a structure of the theory
//! If nothing is assumed, derived facts hold in all structures. Otherwise they hold in all structures in which the
//! parameters and constructors are as assumed, so it must be shown that there is one. Let M be a model of the axioms about
//! the parameters alone, found by the solver and confirmed by the naive evaluator. Let each generated set consist of
//! the constructor terms over M, and its sort contain nothing else. [`extension`] then shows that each remaining axiom
//! either holds in this structure or determines, by recursion along the constructors, the values of one more function
//! or relation, whatever the earlier ones are; and that no two such axioms give different results for the same
//! arguments. Values left undetermined are chosen freely. So the structure exists. In a theory with an axiom of another
//! kind, the parameter sets get no individuals, and statements about them are not refuted.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::calculus::formula::Formula;
use crate::calculus::sort::Sort;
use crate::calculus::theory::Theory;
use crate::clauses::clause::{Literal, RelationId};
use crate::clauses::compile::{Compiled, ConstructorInstance, InductionInstance, Node};
use crate::models::model::{Domain, Model, Table, Truth, UNKNOWN, base_sorts};
use crate::saturation::block::{Block, End, Limits, Snapshot};
use crate::saturation::pattern::{Code, Individual};
use crate::saturation::sorts::SortId;
use crate::search::extension::{Obstacle, extends};
use crate::search::free::are_free;
use crate::search::names::{Made, Names};
use crate::search::parameters::{Parameters, Part, carriers, parameters};

/// The work of a piece's block between two calls of `go_on`. Values demanded by rules are not created, since they would
/// soon lie outside the piece.
const LIMITS: Limits = Limits { steps: 100_000, creations: 0 };

/// The most such turns between two values.
const TURNS: usize = 200;

/// The most values of one function that are created because they do not follow from others.
const MOST_VALUES: usize = 20_000;

/// The size of each set without constructors in the first piece, if possible, and in the second.
const MOST_PARAMETERS: u16 = 4;
const FEWER_PARAMETERS: u16 = 2;

/// The most individuals of a sort at which terms are evaluated first.
const MOST_SIMPLE: usize = 16;

/// Saturates the block; false if `go_on` said stop.
fn settle(block: &mut Block, go_on: &mut dyn FnMut() -> bool) -> bool {
    for _ in 0..TURNS {
        if !go_on() {
            return false;
        }
        if block.run(LIMITS) != End::OutOfSteps {
            return true;
        }
    }
    true
}

/// Pieces of the structure with up to `size` individuals of each sort, or twice as many if constructors have several
/// inputs, so that there is more than one value of each form. Empty unless the theory proves the constructors of an
/// inductive set free. Two pieces if there are sets without constructors: with up to four individuals in each such set,
/// and with two.
///
/// If it cannot be shown that the axioms extend every model of the parameters, `presumed` receives another piece in
/// which the sets without constructors have individuals nevertheless; its facts are not certain.
///
/// The steps done are added to `steps`. Also empty if `go_on`, which is called throughout, says stop.
#[must_use]
pub fn ground_models(
    theory: &Theory,
    compiled: &Arc<Compiled>,
    root: &Arc<Snapshot>,
    size: u16,
    presumed: &mut Vec<Model>,
    steps: &mut u64,
    go_on: &mut dyn FnMut() -> bool,
) -> Vec<Model> {
    let sort_of = |set: RelationId| compiled.signature.relations[set.index()].sorts.first();
    // One induction for each sort; where possible, one whose constructors are free.
    let mut inductions: Vec<&InductionInstance> = Vec::new();
    let is_new = |induction: &InductionInstance, inductions: &[&InductionInstance]| {
        inductions.iter().all(|other| sort_of(other.set) != sort_of(induction.set))
    };
    for induction in &compiled.inductions {
        if is_new(induction, &inductions) && are_free(compiled, root, induction, steps) {
            inductions.push(induction);
        }
    }
    let free: BTreeSet<RelationId> = inductions.iter().map(|induction| induction.set).collect();
    for induction in &compiled.inductions {
        if is_new(induction, &inductions) {
            inductions.push(induction);
        }
    }
    keep_closed(compiled, &mut inductions);
    let mut obstacle = obstacle(theory, compiled, inductions.iter().map(|induction| induction.set));
    if obstacle.is_some() {
        let before = inductions.len();
        inductions.retain(|induction| free.contains(&induction.set));
        keep_closed(compiled, &mut inductions);
        if inductions.len() < before {
            obstacle = self::obstacle(theory, compiled, inductions.iter().map(|induction| induction.set));
        }
    }
    if inductions.is_empty() {
        return Vec::new();
    }
    let assumed_free = inductions.iter().any(|induction| !free.contains(&induction.set));
    let sorts = parameter_sorts(compiled, inductions.iter().map(|induction| induction.set));
    let possible = obstacle.is_none() && !sorts.is_empty();
    if let (false, Some(given)) = (possible, parameters(compiled, &sorts, MOST_PARAMETERS)) {
        let mut piece = Piece::new(compiled, root, &inductions, &sorts, Some(&given));
        piece.assumed_free = assumed_free;
        let go = piece.settle(size as usize, go_on);
        *steps += piece.block.steps();
        if !go {
            return Vec::new();
        }
        if piece.block.falsum().is_none() {
            presumed.push(piece.read(theory));
        }
    }
    let mut most = MOST_PARAMETERS;
    let mut models = Vec::new();
    loop {
        let given = if possible && most > 0 { parameters(compiled, &sorts, most) } else { None };
        if given.is_none() && assumed_free && !sorts.is_empty() {
            // Without a model of the parameters, nothing shows that there is a structure with free constructors.
            return models;
        }
        let next = given.as_ref().and_then(|given| given.domains.first()).map_or(0, |domain| domain.size);
        let mut piece = Piece::new(compiled, root, &inductions, &sorts, given.as_ref());
        piece.assumed_free = assumed_free;
        let go = piece.settle(size as usize, go_on);
        *steps += piece.block.steps();
        if !go {
            return Vec::new();
        }
        if piece.block.falsum().is_none() {
            models.push(piece.read(theory));
        }
        // A piece with fewer parameters reaches further, and has other functions and relations on them.
        if next == 0 || models.len() == 2 || (next <= FEWER_PARAMETERS && !models.is_empty()) {
            return models;
        }
        most = if models.is_empty() { next - 1 } else { FEWER_PARAMETERS };
    }
}

/// Keeps the inductions whose constructors have all their inputs in sets of the model.
fn keep_closed(compiled: &Compiled, inductions: &mut Vec<&InductionInstance>) {
    let sort_of = |set: RelationId| compiled.signature.relations[set.index()].sorts.first();
    loop {
        let sorts: Vec<_> = inductions.iter().map(|induction| (induction.set, sort_of(induction.set))).collect();
        let fits = |(set, _): &(RelationId, bool)| {
            sorts.contains(&(*set, sort_of(*set))) || !sorts.iter().any(|(_, sort)| *sort == sort_of(*set))
        };
        let before = inductions.len();
        inductions.retain(|induction| {
            induction.constructors.iter().all(|constructor| match constructor {
                ConstructorInstance::Constant(_) => true,
                ConstructorInstance::Function(_, inputs) => inputs.iter().all(fits),
            })
        });
        if inductions.len() == before {
            return;
        }
    }
}

/// The base sorts of which no set in `generated` is.
fn parameter_sorts(compiled: &Compiled, generated: impl Iterator<Item = RelationId>) -> Vec<Sort> {
    let mut sorts = base_sorts(&compiled.signature);
    for set in generated {
        let own = compiled.signature.relations[set.index()].sorts.first();
        sorts.retain(|sort| own != Some(sort));
    }
    sorts
}

/// Why it is not shown that there is a structure of the constructor terms of these sets over every model of the
/// parameter axioms; `None` if it is shown.
pub(super) fn obstacle(
    theory: &Theory,
    compiled: &Compiled,
    generated: impl Iterator<Item = RelationId> + Clone,
) -> Option<Barrier> {
    let sorts = parameter_sorts(compiled, generated.clone());
    // Every individual of a sort belongs to its generated set, or to the parameter sets on which functions are defined.
    let carriers = whole_sets(compiled, &sorts, generated.clone());
    let is_generated =
        |node: &&Node| matches!(&node.formula, Formula::Atom(predicate, _) if theory.generation(*predicate).is_some());
    // An axiom that was not compiled, or another kind of generation, might exclude the structure.
    if !compiled.skipped.is_empty() {
        return Some(Barrier::Skipped);
    }
    if compiled.nodes.iter().filter(is_generated).count() != generated.count() {
        return Some(Barrier::Generated);
    }
    extends(compiled, &Part::new(compiled, &sorts), &carriers).err().map(Barrier::Axioms)
}

/// The sets that contain all individuals of their sorts: the generated ones, and, for `sorts` without constructors,
/// those on which functions are defined.
pub(super) fn whole_sets(
    compiled: &Compiled,
    sorts: &[Sort],
    generated: impl Iterator<Item = RelationId>,
) -> BTreeSet<RelationId> {
    let sort_of = |set: RelationId| compiled.signature.relations[set.index()].sorts.first();
    let given = carriers(compiled).into_iter().filter(|set| sort_of(*set).is_some_and(|sort| sorts.contains(sort)));
    given.chain(generated).collect()
}

/// Why it is not shown that the structure of constructor terms satisfies a theory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Barrier {
    /// Some axioms were not compiled.
    Skipped,
    /// A set is generated in another way as well.
    Generated,
    /// Axioms are not definitions by recursion.
    Axioms(Obstacle),
}

/// An individual of the piece.
struct Value {
    individual: Individual,
    /// The number of constructor applications.
    weight: usize,
    /// Whether recursion ends at it.
    is_base: bool,
    /// The constructor and its inputs, as indices into the values of their sorts; `None` for a parameter.
    made: Made,
}

struct Piece<'c> {
    compiled: &'c Compiled,
    block: Block,
    inductions: &'c [&'c InductionInstance],
    /// Whether the constructors of some set are assumed to be free.
    assumed_free: bool,
    /// The generated sorts, in the order of the inductions, then those of parameters.
    sorts: Vec<Sort>,
    /// The individuals of each sort.
    values: Vec<Vec<Value>>,
}

impl<'c> Piece<'c> {
    fn new(
        compiled: &'c Compiled,
        root: &Arc<Snapshot>,
        inductions: &'c [&'c InductionInstance],
        others: &[Sort],
        given: Option<&Parameters>,
    ) -> Piece<'c> {
        let own = inductions.iter().filter_map(|one| compiled.signature.relations[one.set.index()].sorts.first());
        let sorts: Vec<Sort> = own.chain(others).cloned().collect();
        let values = sorts.iter().map(|_| Vec::new()).collect();
        let block = Block::below(root);
        let mut piece = Piece { compiled, block, inductions, assumed_free: false, sorts, values };
        if let Some(given) = given {
            piece.assume(given);
        }
        piece
    }

    /// Adds the individuals of the parameters and the assumptions about them.
    fn assume(&mut self, given: &Parameters) {
        let mut individuals: Vec<Individual> = Vec::new();
        for domain in &given.domains {
            let typing = self.block.typing().sorts;
            let sort = (0..typing.count() as u16).map(SortId).find(|id| Some(typing.sort(*id)) == domain.sort.as_ref());
            let place = self.sorts.iter().position(|sort| Some(sort) == domain.sort.as_ref());
            let (Some(sort), Some(place)) = (sort, place) else { continue };
            for number in domain.first..domain.first + domain.size {
                let named = given.constants.iter().find(|(_, individual)| *individual == number);
                let individual = match named {
                    Some((constant, _)) => Individual(u32::from(*constant)),
                    None => self.block.introduce(sort),
                };
                individuals.push(individual);
                self.values[place].push(Value { individual, weight: 0, is_base: false, made: None });
            }
        }
        for (constant, individual) in &given.constants {
            let one = Individual(u32::from(*constant));
            let other = individuals[usize::from(*individual)];
            if one != other {
                self.block.assume(Code::EQUAL, &[one, other]);
            }
        }
        for domain in &given.domains {
            for left in domain.first..domain.first + domain.size {
                for right in left + 1..domain.first + domain.size {
                    let pair = [left, right].map(|number| individuals[usize::from(number)]);
                    self.block.assume(Code::APART, &pair);
                }
            }
        }
        for (relation, positive, tuple) in &given.facts {
            let arguments: Vec<Individual> = tuple.iter().map(|number| individuals[usize::from(*number)]).collect();
            self.block.assume(Code::new(*relation, *positive), &arguments);
        }
    }

    /// Creates the individuals and derives facts about them; false if `go_on` said stop.
    fn settle(&mut self, size: usize, go_on: &mut dyn FnMut() -> bool) -> bool {
        let go = settle(&mut self.block, go_on) && self.build(size, go_on) && self.evaluate(go_on);
        let go = go && self.tell_apart(go_on);
        for value in self.values.iter_mut().flatten() {
            value.individual = self.block.classes().find(value.individual);
        }
        go
    }

    /// Adds the values with no constructor application, with one, two, …, cycling through the sets.
    fn build(&mut self, size: usize, go_on: &mut dyn FnMut() -> bool) -> bool {
        let mut closed = vec![false; self.inductions.len()];
        let mut most = vec![size; self.inductions.len()];
        let mut weight = 0;
        loop {
            for (sort, induction) in self.inductions.iter().enumerate() {
                if closed[sort] {
                    continue;
                }
                let mut made = Vec::new();
                for (number, constructor) in induction.constructors.iter().enumerate() {
                    made.extend(self.inputs(constructor, weight).into_iter().map(|inputs| (number, inputs)));
                }
                if made.len() > 1 {
                    most[sort] = 2 * size;
                }
                // A group that does not fit is left out, unless hardly any individuals would remain.
                let room = most[sort].saturating_sub(self.values[sort].len());
                closed[sort] = made.len() >= room;
                if made.len() > room && self.values[sort].len() >= MOST_SIMPLE {
                    continue;
                }
                for (number, inputs) in made.into_iter().take(room) {
                    if !go_on() {
                        return false;
                    }
                    self.make(sort, number, inputs, weight, go_on);
                }
            }
            let heaviest = self.values.iter().flatten().map(|value| value.weight).max().unwrap_or(0);
            weight += 1;
            if closed.iter().all(|closed| *closed) || weight > 2 * heaviest + 1 {
                return true;
            }
        }
    }

    /// The inputs for which a constructor gives a value of this weight.
    fn inputs(&self, constructor: &ConstructorInstance, weight: usize) -> Vec<Vec<usize>> {
        let ConstructorInstance::Function(relation, inputs) = constructor else {
            return if weight == 0 { vec![Vec::new()] } else { Vec::new() };
        };
        let Some(rest) = weight.checked_sub(1) else { return Vec::new() };
        let mut found = vec![(Vec::new(), rest)];
        for input in 0..inputs.len() {
            let sort = self.sort_of(*relation, input);
            let mut longer = Vec::new();
            for (chosen, rest) in found {
                for (place, value) in sort.map_or(&[][..], |sort| &self.values[sort]).iter().enumerate() {
                    if let Some(rest) = rest.checked_sub(value.weight) {
                        let mut chosen = chosen.clone();
                        chosen.push(place);
                        longer.push((chosen, rest));
                    }
                }
            }
            found = longer;
        }
        found.into_iter().filter(|(_, rest)| *rest == 0).map(|(chosen, _)| chosen).collect()
    }

    /// The index, among the piece's sorts, of the sort of an argument.
    fn sort_of(&self, relation: RelationId, argument: usize) -> Option<usize> {
        let sort = self.compiled.signature.relations[relation.index()].sorts.get(argument)?;
        self.sorts.iter().position(|own| own == sort)
    }

    fn make(&mut self, sort: usize, number: usize, inputs: Vec<usize>, weight: usize, go_on: &mut dyn FnMut() -> bool) {
        let made = match &self.inductions[sort].constructors[number] {
            ConstructorInstance::Constant(constant) => Some((Individual(u32::from(*constant)), true)),
            ConstructorInstance::Function(relation, own) => {
                let arguments: Option<Vec<Individual>> = inputs
                    .iter()
                    .enumerate()
                    .map(|(input, place)| Some(self.values[self.sort_of(*relation, input)?][*place].individual))
                    .collect();
                let is_base = own.iter().all(|(_, recursive)| !recursive);
                let value =
                    arguments.and_then(|arguments| self.block.evaluate(Code::new(*relation, true), &arguments, LIMITS));
                settle(&mut self.block, go_on);
                value.map(|value| (value, is_base))
            }
        };
        let Some((individual, is_base)) = made else { return };
        let individual = self.block.classes().find(individual);
        if self.values[sort].iter().all(|value| value.individual != individual) {
            self.values[sort].push(Value { individual, weight, is_base, made: Some((number, inputs)) });
        }
    }

    /// Creates the values from which the others follow: those of functions without recursive inputs, and those at which
    /// a recursive input ends the recursion. False if `go_on` said stop.
    fn evaluate(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        for function in self.compiled.functions.iter().filter(|function| !function.constructor) {
            let code = Code::new(function.relation, true);
            let recursive = self.compiled.recursive_inputs.get(&function.relation);
            let inputs = self.compiled.signature.relations[function.relation.index()].arity - 1;
            let sorts: Option<Vec<usize>> = (0..inputs).map(|input| self.sort_of(function.relation, input)).collect();
            let Some(sorts) = sorts else { continue };
            let counts: Vec<usize> = sorts.iter().map(|sort| self.values[*sort].len()).collect();
            if counts.iter().product::<usize>() > MOST_VALUES {
                continue;
            }
            for tuple in tuples(&counts) {
                let value = |place: usize| &self.values[sorts[place]][tuple[place]];
                let base = recursive.is_none_or(|at| at.is_empty() || at.iter().any(|place| value(*place).is_base));
                if !base {
                    continue;
                }
                let values: Vec<Individual> =
                    (0..inputs).map(|place| self.block.classes().find(value(place).individual)).collect();
                if self.block.value(code, &values).is_none() {
                    self.block.evaluate(code, &values, LIMITS);
                    if !settle(&mut self.block, go_on) {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Adds inequalities where axioms require distinct individuals, and where the constructors were not proved free:
    /// those of a generated set are distinct terms. False if `go_on` said stop.
    fn tell_apart(&mut self, go_on: &mut dyn FnMut() -> bool) -> bool {
        let denied = |literal: &Literal| !literal.positive && literal.relation == RelationId::EQUAL;
        if !self.assumed_free && !self.compiled.axioms.iter().any(|axiom| axiom.clause.premises.iter().any(denied)) {
            return true;
        }
        for values in &self.values[..self.inductions.len()] {
            for (place, left) in values.iter().enumerate() {
                for right in &values[place + 1..] {
                    self.block.assume(Code::APART, &[left.individual, right.individual]);
                }
            }
        }
        settle(&mut self.block, go_on)
    }

    fn read(&self, theory: &Theory) -> Model {
        let mut domains = Vec::new();
        let mut first = 0;
        for (sort, values) in self.sorts.iter().zip(&self.values) {
            let mut domain = Domain::new(Some(sort.clone()), first, values.len() as u16);
            domain.simplest = simplest(values);
            first += values.len() as u16;
            domains.push(domain);
        }
        let counts: Vec<String> =
            domains.iter().filter(|domain| domain.size > 0).map(|domain| domain.size.to_string()).collect();
        let origin = format!("ground facts about {} individuals", counts.join(" + "));
        let mut model = Model::over(&self.compiled.signature, domains, origin);
        model.is_piece = true;
        model.free = self.inductions.iter().map(|induction| induction.set).collect();
        model.assumed_free = self.assumed_free;
        let mut places = vec![UNKNOWN; self.block.classes().len()];
        for (place, value) in self.values.iter().flatten().enumerate() {
            places[self.block.classes().find(value.individual).0 as usize] = place as u16;
        }
        let place = |individual: Individual| places[self.block.classes().find(individual).0 as usize];
        for (constant, named) in model.constants.iter_mut().enumerate() {
            *named = place(Individual(constant as u32));
        }
        for number in 1..self.compiled.signature.relations.len() {
            let relation = RelationId(number as u16);
            for positive in [true, false] {
                let code = Code::new(relation, positive);
                for fact in self.block.facts_of(code).filter(|fact| self.block.is_current(*fact)) {
                    let tuple: Vec<u16> =
                        self.block.arguments(fact).iter().map(|individual| place(*individual)).collect();
                    if tuple.contains(&UNKNOWN) {
                        continue;
                    }
                    match &model.tables[number] {
                        Table::Function(_) if positive => {
                            let (value, inputs) = tuple.split_last().expect("a function has a value");
                            let at = model.place(relation, inputs);
                            if let Table::Function(values) = &mut model.tables[number] {
                                values[at] = *value;
                            }
                        }
                        Table::Function(_) | Table::Unknown => {}
                        Table::Relation(_) => {
                            let at = model.place(relation, &tuple);
                            if let Table::Relation(truths) = &mut model.tables[number] {
                                truths[at] = if positive { Truth::True } else { Truth::False };
                            }
                        }
                    }
                }
            }
        }
        model.names = self.names(theory);
        model
    }

    fn names(&self, theory: &Theory) -> Vec<String> {
        let made: Vec<Vec<Made>> =
            self.values.iter().map(|values| values.iter().map(|value| value.made.clone()).collect()).collect();
        let sort = |relation: RelationId, input: usize| self.sort_of(relation, input).unwrap_or(0);
        let signature = &self.compiled.signature;
        Names { theory, signature, inductions: self.inductions, made: &made, sort: &sort }.all()
    }
}

/// The ends of the first groups of values of equal weight: at most three groups, with few values in total.
fn simplest(values: &[Value]) -> Vec<u16> {
    let mut ends: Vec<u16> = Vec::new();
    let changes = |place: usize| place + 1 == values.len() || values[place].weight != values[place + 1].weight;
    for end in (0..values.len()).filter(|place| changes(*place)).map(|place| place + 1).take(3) {
        if ends.is_empty() || end <= MOST_SIMPLE {
            ends.push(end as u16);
        }
    }
    ends
}

/// All tuples with the given number of choices at each position, the last position varying fastest.
fn tuples(counts: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let counts = counts.to_vec();
    (0..counts.iter().product::<usize>()).map(move |number| {
        let mut rest = number;
        let mut tuple = vec![0; counts.len()];
        for (place, count) in tuple.iter_mut().zip(&counts).rev() {
            *place = rest % count;
            rest /= count;
        }
        tuple
    })
}
