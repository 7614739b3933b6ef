//! Models made of the individuals of computed counterexamples, so that readers and the reference evaluator see them as
//! they see every other model.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::calculus::theory::Theory;
use crate::clauses::clause::{Clause, Relation, RelationId};
use crate::clauses::compile::ConstructorInstance;
use crate::models::model::{Domain, Model, Table, Truth, UNKNOWN};
use crate::models::reference::{head_fails, premises_hold};
use crate::search::names::{Made, Names};

use super::{Computation, Element, Found};

/// Limit on the individuals of a model of counterexamples, and on the tuples of each of its tables, which are dense.
const MOST_INDIVIDUALS: usize = 256;
const MOST_TUPLES: usize = 1 << 18;

/// A conjecture and the individuals for which it fails.
pub(in crate::search) struct Counterexample<'c> {
    pub(in crate::search) conjecture: usize,
    pub(in crate::search) clause: &'c Clause,
    pub(in crate::search) found: Found,
}

/// Conjectures that fail in a model, with the values of their variables.
pub(in crate::search) type Failures = Vec<(usize, Vec<u16>)>;

impl Computation<'_> {
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
    pub(in crate::search) fn model(
        &self,
        theory: &Theory,
        counterexamples: &mut VecDeque<Counterexample<'_>>,
    ) -> (Model, Failures) {
        let stored = |relation: &Relation| relation.arity - usize::from(relation.function);
        let arity = self.compiled.signature.relations.iter().map(stored).max().unwrap_or(1) as u32;
        let most = (1..=MOST_INDIVIDUALS).take_while(|count| count.saturating_pow(arity) <= MOST_TUPLES).last();
        let most = most.unwrap_or(1);
        let mut chosen: BTreeSet<Element> = BTreeSet::new();
        let mut taken = Vec::new();
        while let Some(next) = counterexamples.pop_front() {
            let more: BTreeSet<Element> = next.found.all().filter(|one| !chosen.contains(one)).collect();
            if !taken.is_empty() && chosen.len() + more.len() > most {
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
                            self.terms.get(&key).copied().or_else(|| self.known.get(&key).copied().flatten()?.err())
                        });
                        *value = known.and_then(|known| places.get(&known)).copied().unwrap_or(UNKNOWN);
                    }
                }
                Table::Relation(truths) => {
                    for (truth, tuple) in truths.iter_mut().zip(&tuples) {
                        let arguments = elements(tuple);
                        let known = match self.known_truth(relation, &arguments) {
                            None if self.whole.contains(&relation) => Some(true),
                            None => self.known.get(&(relation, arguments)).copied().flatten().and_then(Result::ok),
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

    pub(super) fn names(&self, theory: &Theory, elements: &[Element]) -> Vec<String> {
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
