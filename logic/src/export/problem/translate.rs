//! Translates formulas of a theory to sentences, relationally or functionally.
//!
//! **Relational**: every formula unchanged. The parameters of the anchor are constants, and `in3[x,y,z,+]` is an atom
//! of four terms.
//!
//! **Functional**: where the theory proves that `+` has exactly one value on its domain and none elsewhere,
//! `in3[x,y,z,+]` becomes `x∈N ∧ y∈N ∧ plus(x,y) = z`. In any model of the theory, let `plus(x,y)` be that value on the
//! domain and anything elsewhere: both forms are then equivalent, so a sentence is true exactly if its formula is, and
//! functional proofs are sound. Conversely, a model of the translated axioms becomes a model of the theory by reading
//! the rows of `+` off `plus`. Axioms true of every function become trivial, which is the purpose of the functional
//! encoding.
//!
//! **Sorts** are erased: from any model of the theory, take one domain with the things of all sorts and one additional
//! element, so that it is not empty, and let memberships hold only where they did. A quantifier that no membership
//! guards then states its sort (`of_sort_1`), and axioms give the sorts of constants; nothing says that a sort is
//! inhabited.
//!
//! Where a formula has `in3[x,y,z,f]` for a variable `f`, as a definition about any function does, the relation stays,
//! and an axiom links it to the function.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::encoding::Encoding;
use super::sentence::{Builder, Sentence, Term, Variable, plain_atom, predicate_symbols, symbol};
use crate::calculus::formula::{self, Formula, Name, PredicateId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;
use crate::clauses::clause::{Head, Literal, Relation, Slot};
use crate::clauses::compile::{Compiled, Function};
use crate::export::names::Names;

/// A relation written as a function.
struct Operation {
    relation: Relation,
    symbol: Arc<str>,
    /// For each input, the unary relation that it must satisfy, if any.
    domain: Vec<Option<Relation>>,
    /// The parameter of the anchor that is its graph.
    parameter: usize,
}

/// A needed definition, and the parameters of the anchor at fixed argument positions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) predicate: PredicateId,
    fixed: Vec<Option<u32>>,
}

/// Translates the formulas of one theory.
pub(super) struct Translator<'t> {
    theory: &'t Theory,
    predicates: Vec<Arc<str>>,
    parameters: Vec<Arc<str>>,
    operations: Vec<Operation>,
    next: u32,
    wanted: Vec<Wanted>,
    seen: BTreeSet<Wanted>,
    /// Functions that need a link axiom, including those that have one.
    links: BTreeSet<usize>,
    linked: BTreeSet<usize>,
    /// The prefix of sort symbols, unused by other symbols.
    sort_prefix: String,
    /// The sorts named in sentences.
    sorts: RefCell<BTreeSet<Sort>>,
}

impl<'t> Translator<'t> {
    pub(super) fn new(theory: &'t Theory, encoding: Encoding, names: &mut Names) -> Translator<'t> {
        let predicates = predicate_symbols(names, theory);
        let shown = &theory.anchor_definition().parameters;
        let mut operations = Vec::new();
        let mut parameters: Vec<Option<Arc<str>>> = vec![None; shown.len()];
        if encoding != Encoding::Relational {
            let compiled = Compiled::new(theory, &[]);
            for function in &compiled.functions {
                let relation = compiled.signature.relations[function.relation.index()].clone();
                if !in_order(&relation) || !justified(&compiled, function) {
                    continue;
                }
                let domain =
                    function.domain.iter().map(|set| set.map(|set| compiled.signature.relations[set.index()].clone()));
                let domain = domain.collect();
                // Rows of a defined relation keep the meaning of its definition.
                if let (true, Some(Slot::Fixed(place))) = (relation.predicate.places().is_some(), relation.slots.last())
                {
                    let place = usize::from(*place);
                    let symbol_of = symbol(names, &shown[place]);
                    parameters[place] = Some(symbol(names, &format!("graph_of_{symbol_of}")));
                    operations.push(Operation { relation, symbol: symbol_of, domain, parameter: place });
                }
            }
        }
        let parameters = parameters
            .into_iter()
            .zip(shown)
            .map(|(taken, shown)| taken.unwrap_or_else(|| symbol(names, shown)))
            .collect();
        let mut sort_prefix = "of_sort".to_owned();
        let symbols = || predicates.iter().chain(&parameters).chain(operations.iter().map(|known| &known.symbol));
        while symbols().any(|symbol| symbol.starts_with(&sort_prefix)) {
            sort_prefix.push_str("_of_sort");
        }
        Translator {
            theory,
            predicates,
            parameters,
            operations,
            next: 0,
            wanted: Vec::new(),
            seen: BTreeSet::new(),
            links: BTreeSet::new(),
            linked: BTreeSet::new(),
            sort_prefix,
            sorts: RefCell::default(),
        }
    }

    /// The functions: the symbol of each, and the parameter whose graph it is.
    pub(super) fn functions(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let shown = &self.theory.anchor_definition().parameters;
        let pair = |operation: &Operation| (operation.symbol.clone(), shown[operation.parameter].clone());
        self.operations.iter().map(pair).collect()
    }

    /// Symbols whose spelling differs from the original name, with that name.
    pub(super) fn spellings(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let shown = self.theory.anchor_definition().parameters.iter().cloned();
        let constants = self.parameters.iter().cloned().zip(shown);
        let predicates = self.theory.predicates.iter().map(|predicate| predicate.name.clone());
        let predicates = self.predicates.iter().cloned().zip(predicates).skip(1);
        let all = self.functions().into_iter().chain(constants).chain(predicates);
        all.filter(|(symbol, shown)| symbol != shown).collect()
    }

    /// The symbol of a predicate.
    pub(super) fn predicate(&self, predicate: PredicateId) -> &Arc<str> {
        &self.predicates[predicate.index()]
    }

    /// Whether an atom is written as a function, and how: for messages and for induction.
    pub(super) fn operation_of(&self, predicate: PredicateId, arguments: &[formula::Variable]) -> Option<Row> {
        let place = self.operations.iter().position(|operation| fits(&operation.relation, predicate, arguments))?;
        let operation = &self.operations[place];
        let places: Vec<usize> = places(&operation.relation).collect();
        let (value, inputs) = places.split_last()?;
        Some(Row { inputs: inputs.to_vec(), value: *value, domain: operation.domain.clone() })
    }

    /// The sentence for a formula over the anchor's parameters.
    pub(super) fn under_anchor(&mut self, formula: &Formula) -> Sentence {
        self.translate(formula, &[])
    }

    /// `Name(i)` is parameter `i` of the anchor; names after the parameters are `variables`.
    fn translate(&mut self, formula: &Formula, variables: &[Variable]) -> Sentence {
        let mut next = self.next;
        let parameters = self.parameters.clone();
        let free = |name: Name| {
            let place = name.0 as usize;
            match (parameters.get(place), variables.get(place.wrapping_sub(parameters.len()))) {
                (Some(parameter), _) => Term::constant(parameter),
                (None, Some(variable)) => Term::Variable(variable.clone()),
                (None, None) => Term::constant(&format!("free_{place}").into()),
            }
        };
        let (prefix, named) = (self.sort_prefix.clone(), std::mem::take(&mut self.sorts));
        let of_sort = |sort: &Sort| {
            named.borrow_mut().insert(sort.clone());
            sort_symbol(&prefix, sort)
        };
        let mut atom = |predicate: PredicateId, arguments: &[formula::Variable], terms: Vec<Term>| {
            self.atom(predicate, arguments, terms)
        };
        let mut builder = Builder { free: &free, atom: &mut atom, of_sort: Some(&of_sort), next: &mut next };
        let sentence = builder.sentence(formula);
        self.sorts = named;
        self.next = next;
        sentence
    }

    fn atom(&mut self, predicate: PredicateId, arguments: &[formula::Variable], terms: Vec<Term>) -> Sentence {
        if let Some(place) = self.operations.iter().position(|known| fits(&known.relation, predicate, arguments)) {
            let places: Vec<usize> = places(&self.operations[place].relation).collect();
            return self.row(place, places.into_iter().map(|argument| terms[argument].clone()).collect());
        }
        for (place, operation) in self.operations.iter().enumerate() {
            if operation.relation.predicate == predicate
                && may_fit(&operation.relation, arguments, self.parameters.len())
            {
                self.links.insert(place);
            }
        }
        self.want(predicate, arguments);
        plain_atom(&self.predicates, predicate, terms)
    }

    /// `inputs ∈ domain ∧ f(inputs) = value`; the value is the last term.
    fn row(&mut self, place: usize, mut terms: Vec<Term>) -> Sentence {
        let Some(value) = terms.pop() else { return Sentence::True };
        let guards = self.guards(place, &terms);
        let equation = Sentence::Equal(Term::Apply(self.operations[place].symbol.clone(), terms), value);
        Sentence::and(guards.into_iter().chain([equation]))
    }

    fn guards(&mut self, place: usize, inputs: &[Term]) -> Vec<Sentence> {
        let domain = self.operations[place].domain.clone();
        let mut guards = Vec::new();
        for (set, input) in domain.into_iter().zip(inputs) {
            let Some(set) = set else { continue };
            let fixed: Vec<formula::Variable> = set
                .slots
                .iter()
                .map(|slot| match slot {
                    Slot::Fixed(place) => formula::Variable::Free(Name(u32::from(*place))),
                    Slot::Argument(_) => formula::Variable::Bound(0),
                })
                .collect();
            let terms = set.slots.iter().map(|slot| match slot {
                Slot::Fixed(place) => Term::constant(&self.parameters[*place as usize]),
                Slot::Argument(_) => input.clone(),
            });
            let terms = terms.collect();
            self.want(set.predicate, &fixed);
            guards.push(plain_atom(&self.predicates, set.predicate, terms));
        }
        guards
    }

    /// Requests the definition of a predicate. In the functional encoding it is requested for the sets and functions
    /// among the arguments, so that its body can use these as terms.
    fn want(&mut self, predicate: PredicateId, arguments: &[formula::Variable]) {
        let known = self.theory.predicate(predicate);
        if known.definition.is_none() {
            return;
        }
        let fixed = arguments
            .iter()
            .zip(&known.sorts)
            .map(|(argument, sort)| match (argument, sort) {
                (formula::Variable::Free(name), Sort::Power(_))
                    if !self.operations.is_empty() && (name.0 as usize) < self.parameters.len() =>
                {
                    Some(name.0)
                }
                _ => None,
            })
            .collect();
        let wanted = Wanted { predicate, fixed };
        if self.seen.insert(wanted.clone()) {
            self.wanted.push(wanted);
        }
    }

    /// The next requested definition not yet emitted.
    pub(super) fn next_definition(&mut self) -> Option<(Wanted, Sentence)> {
        if self.wanted.is_empty() {
            return None;
        }
        let wanted = self.wanted.remove(0);
        let theory = self.theory;
        let definition = theory.predicate(wanted.predicate).definition.as_ref()?;
        let mut variables = Vec::new();
        let mut names = Vec::new();
        for (shown, fixed) in definition.parameters.iter().zip(&wanted.fixed) {
            match fixed {
                Some(parameter) => names.push(Name(*parameter)),
                None => {
                    names.push(Name((self.parameters.len() + variables.len()) as u32));
                    variables.push(Variable { number: self.next, shown: shown.clone() });
                    self.next += 1;
                }
            }
        }
        let terms = names.iter().map(|name| {
            let place = name.0 as usize;
            match self.parameters.get(place) {
                Some(parameter) => Term::constant(parameter),
                None => Term::Variable(variables[place - self.parameters.len()].clone()),
            }
        });
        let atom = plain_atom(&self.predicates, wanted.predicate, terms.collect());
        let body = self.translate(&definition.instance(&names, &SortInstance::default()), &variables);
        let sentence = Sentence::for_all(variables, Sentence::Equivalent(Box::new(atom), Box::new(body)));
        Some((wanted, sentence))
    }

    /// If sentences name sorts: axioms for the sorts of constants, and that elements of a set have its element sort.
    pub(super) fn sorts(&mut self, is_used: &dyn Fn(&str) -> bool) -> Vec<Sentence> {
        let mut sorts = self.sorts.borrow().clone();
        if sorts.is_empty() {
            return Vec::new();
        }
        let mut sentences = Vec::new();
        let own = self.theory.predicate(self.theory.anchor).sorts.clone();
        let named = sorts.clone();
        let parameters = self.parameters.iter().zip(own);
        for (symbol, sort) in parameters.filter(|(symbol, sort)| is_used(symbol) || named.contains(sort)) {
            let is = sort_symbol(&self.sort_prefix, &sort);
            sentences.push(Sentence::Atom(is, vec![Term::constant(symbol)]));
            sorts.insert(sort);
        }
        for sort in &sorts {
            let Sort::Power(parts) = sort else { continue };
            let Some(predicate) = self.predicates.get(parts.len()).filter(|_| (1..=3).contains(&parts.len())) else {
                continue;
            };
            let variables: Vec<Variable> =
                (self.next..).take(1 + parts.len()).map(|number| Variable { number, shown: "x".into() }).collect();
            self.next += variables.len() as u32;
            let terms: Vec<Term> = variables.iter().cloned().map(Term::Variable).collect();
            let is =
                |sort: &Sort, term: &Term| Sentence::Atom(sort_symbol(&self.sort_prefix, sort), vec![term.clone()]);
            let set = is(sort, &terms[parts.len()]);
            let members = Sentence::and(parts.iter().zip(&terms).map(|(part, term)| is(part, term)));
            let premise = Sentence::and([set, Sentence::Atom(predicate.clone(), terms.clone())]);
            sentences.push(Sentence::for_all(variables, Sentence::implies(premise, members)));
        }
        sentences
    }

    /// For each relation that also occurs with a variable graph: an axiom that its rows at the function's graph are
    /// those of the function. Each link is emitted once.
    pub(super) fn links(&mut self) -> Vec<(Arc<str>, Sentence)> {
        let places: Vec<usize> = std::mem::take(&mut self.links).difference(&self.linked).copied().collect();
        self.linked.extend(&places);
        places
            .into_iter()
            .map(|place| {
                let relation = self.operations[place].relation.clone();
                let mut variables = Vec::new();
                let mut terms = Vec::new();
                for slot in &relation.slots {
                    terms.push(match slot {
                        Slot::Fixed(parameter) => Term::constant(&self.parameters[*parameter as usize]),
                        Slot::Argument(_) => {
                            let variable = Variable { number: self.next, shown: "x".into() };
                            self.next += 1;
                            variables.push(variable.clone());
                            Term::Variable(variable)
                        }
                    });
                }
                let row = self.row(place, variables.iter().cloned().map(Term::Variable).collect());
                let atom = plain_atom(&self.predicates, relation.predicate, terms);
                let sentence = Sentence::for_all(variables, Sentence::Equivalent(Box::new(atom), Box::new(row)));
                (self.operations[place].symbol.clone(), sentence)
            })
            .collect()
    }
}

/// The symbol of a sort: `of_sort_1`, and `of_sort_p1_1` for the sets over it.
fn sort_symbol(prefix: &str, sort: &Sort) -> Arc<str> {
    fn put(sort: &Sort, text: &mut String) {
        match sort {
            Sort::Individual(base) => text.push_str(&format!("_{base}")),
            Sort::Power(parts) => {
                text.push_str(&format!("_p{}", parts.len()));
                parts.iter().for_each(|part| put(part, text));
            }
        }
    }
    let mut text = prefix.to_owned();
    put(sort, &mut text);
    text.into()
}

/// An atom that states a function value: the positions of inputs and value, and the domains.
pub(super) struct Row {
    pub(super) inputs: Vec<usize>,
    pub(super) value: usize,
    pub(super) domain: Vec<Option<Relation>>,
}

/// The non-fixed argument positions of a relation's predicate.
fn places(relation: &Relation) -> impl Iterator<Item = usize> + '_ {
    relation.slots.iter().enumerate().filter(|(_, slot)| matches!(slot, Slot::Argument(_))).map(|(place, _)| place)
}

/// Whether the relation's arguments are in the predicate's order.
fn in_order(relation: &Relation) -> bool {
    let arguments = relation.slots.iter().filter_map(|slot| match slot {
        Slot::Argument(place) => Some(usize::from(*place)),
        Slot::Fixed(_) => None,
    });
    arguments.eq(0..relation.arity)
}

/// Whether the axioms from which the function was recognised have no guards besides the domain of each input: domain,
/// value and typing are then as the translation assumes.
fn justified(compiled: &Compiled, function: &Function) -> bool {
    let clause = |axiom: usize| &compiled.axioms[axiom].clause;
    let is_row = |literal: &&Literal| literal.relation == function.relation;
    let Head::Exists(_, values) = &clause(function.totality).head else { return false };
    let (total, unique) = (&clause(function.totality).premises, &clause(function.functionality).premises);
    let guarded = |premises: &[Literal], row: Option<&Literal>| {
        let Some(row) = row else { return false };
        premises.iter().filter(|premise| !is_row(premise)).all(|premise| {
            let inputs = row.arguments.iter().zip(&function.domain);
            inputs.clone().any(|(input, set)| premise.arguments == [*input] && *set == Some(premise.relation))
        })
    };
    guarded(total, values.iter().find(is_row))
        && guarded(unique, unique.iter().find(is_row))
        && function.typing.iter().zip(&function.domain).all(|(typing, set)| typing.is_some() == set.is_some())
}

/// Whether the atom is a row of the relation: the same parameters at its fixed places.
fn fits(relation: &Relation, predicate: PredicateId, arguments: &[formula::Variable]) -> bool {
    relation.predicate == predicate
        && relation.slots.len() == arguments.len()
        && relation.slots.iter().zip(arguments).all(|(slot, argument)| match slot {
            Slot::Fixed(place) => *argument == formula::Variable::Free(Name(u32::from(*place))),
            Slot::Argument(_) => true,
        })
}

/// Whether the atom can be a row of the relation for some values of its variables.
fn may_fit(relation: &Relation, arguments: &[formula::Variable], parameters: usize) -> bool {
    relation.slots.iter().zip(arguments).all(|(slot, argument)| match (slot, argument) {
        (Slot::Argument(_), _) | (Slot::Fixed(_), formula::Variable::Bound(_)) => true,
        (Slot::Fixed(place), formula::Variable::Free(name)) => {
            u32::from(*place) == name.0 || name.0 as usize >= parameters
        }
    })
}
