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

pub(super) mod counterexample;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Compiled, ConstructorInstance, InductionInstance};
use crate::conjecture::limits::literals;
use crate::models::evaluate::{function_value, inputs};
use crate::models::model::{Model, Table, Truth, UNKNOWN, base_sorts};
use crate::models::reference::assignments;
use crate::search::extension::{Case, Condition, Value, cases};
use crate::search::parameters::Part;
use crate::search::standard::whole_sets;

/// Limits on the assignments tested for a clause, and on the values of each variable.
const ASSIGNMENTS: u64 = 300;
const VALUES: u16 = 16;

/// Limit on applications of axioms and constructors for one clause.
const STEPS: u32 = 5_000;

/// The most individuals created for an unrefuted clause that are kept for the next clauses.
const KEPT: usize = 500;

/// Limit on recursion depth; a test reaches it on a stack of 2 MiB.
const DEPTH: u32 = 1_000;

/// Limit on the individuals of a computation.
const MOST_MADE: usize = 100_000;

/// An individual of the piece, or one created by the computation; the latter are numbered after the piece's.
type Element = u32;

/// A function or relation with its arguments.
type Key = (RelationId, Vec<Element>);

/// The truth of an atom, or the value of a function, as in [`Case::value`].
type Outcome = Result<bool, Element>;

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
    made: Vec<Option<Key>>,
    /// The inverse of `made`.
    terms: HashMap<Key, Element>,
    /// The results of [`Computation::by_cases`].
    known: HashMap<Key, Option<Outcome>>,
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
            known: HashMap::new(),
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
        let domains = self.piece.domains_of(clause);
        let chosen = inputs(self.piece, clause);
        let ranges = |most: u16| -> Vec<Range<u16>> {
            let domains = chosen.iter().map(|variable| domains[usize::from(*variable)]);
            domains.map(|domain| domain.first..domain.first + domain.size.min(most)).collect()
        };
        let count = |most: u16| ranges(most).iter().fold(1u64, |count, range| count.saturating_mul(range.len() as u64));
        let ranges = ranges((1..=VALUES).take_while(|most| count(*most) <= ASSIGNMENTS).last()?);
        let mut small: Vec<Vec<u16>> = assignments(&ranges).collect();
        // Small values first, since evaluation at large values may use up all steps.
        small.sort_by_key(|values| values.iter().zip(&ranges).map(|(value, range)| value - range.start).max());
        self.steps = STEPS;
        let before = self.made.len();
        let found = small.iter().find_map(|small| {
            let mut values: Vec<Option<Element>> = vec![None; usize::from(clause.variables)];
            for (variable, value) in chosen.iter().zip(small) {
                values[usize::from(*variable)] = Some(Element::from(*value));
            }
            if self.steps == 0 { None } else { self.fails(clause, values) }
        });
        if found.is_none() && self.made.len() > before + KEPT {
            self.forget(before);
        }
        found
    }

    /// Removes the individuals from `end` on, and all memoised results that mention them.
    fn forget(&mut self, end: usize) {
        self.made.truncate(end);
        let end = end as Element;
        let is_old = |key: &Key| key.1.iter().all(|element| *element < end);
        self.terms.retain(|key, value| is_old(key) && *value < end);
        let is_new = |known: &Option<Outcome>| matches!(known, Some(Err(value)) if *value >= end);
        self.known.retain(|key, known| is_old(key) && !is_new(known));
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
        self.by_cases((function, inputs), depth)?.err()
    }

    /// What the first applicable case says; `None` if there is none or a limit is reached.
    fn by_cases(&mut self, key: Key, depth: u32) -> Option<Outcome> {
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let cases = self.cases.get(&key.0)?.clone();
        if !self.step(depth) {
            return None;
        }
        // A value that depends on itself is unknown.
        self.known.insert(key.clone(), None);
        let before = std::mem::replace(&mut self.is_cut, false);
        let found = cases.iter().filter(|case| case.absent.is_none()).find_map(|case| {
            let applies = self.applies(case, &key.1, depth - 1);
            match &case.value {
                _ if !applies => None,
                Ok(truth) => Some(Ok(*truth)),
                Err(value) => Some(Err(self.value(value, &key.1, depth - 1)?)),
            }
        });
        if found.is_none() && self.is_cut {
            self.known.remove(&key);
        } else {
            self.known.insert(key, found);
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
        self.by_cases((relation, arguments), depth)?.ok()
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
        fits && case.conditions.iter().all(|condition| self.holds(condition, arguments, depth) == Some(true))
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
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use super::*;
    use crate::language::mpl::read_mpl;
    use crate::models::model::Domain;
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
