//! Terms, which the calculus lacks: there a function is a relation, and its value a variable.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::clauses::clause::{Head, Relation, RelationId, Slot};
use theoremata_logic::clauses::compile::Compiled;
use theoremata_logic::language::notation::{Math, Reading, Role, Symbol};

use super::substitution::substitute;

/// A variable, or a function application.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Term {
    /// A variable or constant of the proof.
    Name(Name),
    /// The function with this number in [`Functions`], applied to inputs.
    Apply(usize, Vec<Term>),
}

/// An atom that states the value of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Graph {
    pub(crate) function: usize,
    pub(crate) inputs: Vec<Name>,
    pub(crate) value: Name,
}

/// The relations that the axioms make total and functional, with the sets of their inputs and values.
pub(crate) struct Functions {
    list: Vec<Function>,
    /// Parameters of the anchor whose membership is typing.
    carriers: BTreeSet<usize>,
}

struct Function {
    relation: Relation,
    /// The displayed form of a value, with a placeholder for each input.
    shown: Math,
}

/// First name used for placeholders. Proofs have fewer variables.
const PLACEHOLDERS: u32 = 1 << 28;

impl Functions {
    /// The relations that are total and functional by the axioms and are displayed as terms.
    pub(crate) fn of(theory: &Theory, reading: &Reading<'_>) -> Functions {
        let compiled = Compiled::new(theory, &[]);
        let mut functions = Functions { list: Vec::new(), carriers: BTreeSet::new() };
        for function in &compiled.functions {
            let relation = &compiled.signature.relations[function.relation.index()];
            if let Some(shown) = shown(theory, reading, relation) {
                functions.list.push(Function { relation: relation.clone(), shown });
            }
            let mut sets: Vec<RelationId> = function.domain.iter().copied().flatten().collect();
            if let Head::Exists(_, literals) = &compiled.axioms[function.totality].clause.head {
                sets.extend(literals.iter().map(|literal| literal.relation));
            }
            let carriers = sets.iter().filter_map(|set| carrier(&compiled.signature.relations[set.index()]));
            functions.carriers.extend(carriers);
        }
        functions
    }

    /// The atom as `f(inputs) = value`. `parameter` maps a variable to its parameter of the anchor.
    pub(crate) fn graph(&self, atom: &Formula, parameter: &dyn Fn(Name) -> Option<usize>) -> Option<Graph> {
        let Formula::Atom(predicate, arguments) = atom else { return None };
        self.list.iter().enumerate().find_map(|(number, function)| {
            let relation = &function.relation;
            if relation.predicate != *predicate || relation.slots.len() != arguments.len() {
                return None;
            }
            let mut found = vec![None; relation.arity];
            for (slot, argument) in relation.slots.iter().zip(&**arguments) {
                let Variable::Free(name) = argument else { return None };
                match slot {
                    Slot::Fixed(place) if parameter(*name) == Some(usize::from(*place)) => {}
                    Slot::Fixed(_) => return None,
                    Slot::Argument(place) => found[usize::from(*place)] = Some(*name),
                }
            }
            let mut inputs = found.into_iter().collect::<Option<Vec<Name>>>()?;
            let value = inputs.pop()?;
            Some(Graph { function: number, inputs, value })
        })
    }

    /// Whether a formula only states membership in carriers.
    pub(crate) fn is_typing(&self, formula: &Formula, parameter: &dyn Fn(Name) -> Option<usize>) -> bool {
        match formula {
            Formula::And(left, right) => self.is_typing(left, parameter) && self.is_typing(right, parameter),
            Formula::Atom(PredicateId::IN, arguments) => match &arguments[..] {
                [_, Variable::Free(set)] => parameter(*set).is_some_and(|set| self.carriers.contains(&set)),
                _ => false,
            },
            _ => false,
        }
    }

    /// The displayed form of a term; `name` gives that of its variables.
    pub(crate) fn write(&self, term: &Term, name: &dyn Fn(Name) -> Math) -> Math {
        match term {
            Term::Name(variable) => name(*variable),
            Term::Apply(function, inputs) => {
                let inputs: HashMap<Arc<str>, Math> = inputs
                    .iter()
                    .enumerate()
                    .map(|(place, input)| (placeholder(place as u32), self.write(input, name)))
                    .collect();
                substitute(&self.list[*function].shown, &inputs)
            }
        }
    }
}

fn placeholder(number: u32) -> Arc<str> {
    format!("\u{e000}{number}").into()
}

/// The displayed form of a function's value, if it is displayed as a term.
fn shown(theory: &Theory, reading: &Reading<'_>, relation: &Relation) -> Option<Math> {
    let parameters = &theory.anchor_definition().parameters;
    let arguments: Vec<Name> = (0..relation.arity as u32).map(|number| Name(PLACEHOLDERS + number)).collect();
    let formula = relation.formula(&|place| Name(place as u32), &arguments);
    let read = reading.formula(&formula, &|name| match name.0.checked_sub(PLACEHOLDERS) {
        Some(number) => placeholder(number),
        None => parameters.get(name.0 as usize).cloned().unwrap_or_default(),
    });
    let (left, right) = read.as_equation()?;
    let value = Symbol { text: placeholder(relation.arity as u32 - 1), role: Role::Variable };
    let term = if *right == Math::Symbol(value.clone()) { left } else { return None };
    let mut seen = BTreeSet::new();
    term.for_each_variable(&mut |symbol| {
        seen.insert(symbol.text.clone());
    });
    let all = (0..relation.arity as u32 - 1).all(|number| seen.contains(&placeholder(number)));
    (all && !seen.contains(&value.text)).then(|| term.clone())
}

/// The parameter of the anchor whose membership the relation is.
fn carrier(relation: &Relation) -> Option<usize> {
    match relation.slots[..] {
        [Slot::Argument(0), Slot::Fixed(place)] if relation.predicate == PredicateId::IN => Some(usize::from(place)),
        _ => None,
    }
}
