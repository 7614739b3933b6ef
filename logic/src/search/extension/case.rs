//! Cases of definitions by recursion: what an axiom determines, in terms of the arguments of one symbol.

use std::collections::{BTreeMap, BTreeSet};

use crate::clauses::clause::{Clause, Literal, RelationId, Term};
use crate::clauses::compile::{Axiom, Compiled, Start};

/// A value, described in terms of the arguments of a case's symbol.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::search) enum Value {
    /// The subterm of the arguments at this path: argument, input of its constructor, and so on.
    At(Vec<usize>),
    Constant(u16),
    Applied(RelationId, Vec<Value>),
    /// An element known only by the conditions.
    Some(u16),
}

/// A literal over values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::search) struct Condition {
    pub(in crate::search) positive: bool,
    pub(in crate::search) relation: RelationId,
    pub(in crate::search) values: Vec<Value>,
}

/// The constructor at each path: a constant, or a function.
pub(in crate::search) type Patterns = BTreeMap<Vec<usize>, Result<u16, RelationId>>;

/// What an axiom determines: one case of a definition.
#[derive(Clone, Debug)]
pub(in crate::search) struct Case {
    pub(in crate::search) patterns: Patterns,
    pub(in crate::search) conditions: Vec<Condition>,
    /// A condition of absence: no values of the witnesses satisfy all of these. Witnesses are numbered from the first
    /// component on.
    pub(in crate::search) absent: Option<(u16, Vec<Condition>)>,
    /// The truth of a relation, or the value of a function.
    pub(in crate::search) value: Result<bool, Value>,
    /// The arguments that are smaller in every recursive use of the symbol.
    pub(super) recurs: BTreeSet<usize>,
    /// The other symbols that it uses.
    pub(super) needs: BTreeSet<RelationId>,
}

impl Case {
    /// The case for arguments of these patterns, in which all subterms at their paths are written out.
    pub(super) fn under(&self, compiled: &Compiled, patterns: &Patterns) -> Case {
        let values = |values: &[Value]| values.iter().map(|value| written_out(compiled, value, patterns)).collect();
        let condition = |one: &Condition| in_order_of_sides(Condition { values: values(&one.values), ..one.clone() });
        Case {
            conditions: self.conditions.iter().map(condition).collect(),
            absent: self.absent.as_ref().map(|(first, parts)| (*first, parts.iter().map(condition).collect())),
            value: self.value.as_ref().map(|truth| *truth).map_err(|value| written_out(compiled, value, patterns)),
            ..self.clone()
        }
    }
}

/// The value with the constructors of the patterns in place of the subterms of arguments.
fn written_out(compiled: &Compiled, value: &Value, patterns: &Patterns) -> Value {
    match value {
        Value::At(path) => match patterns.get(path) {
            Some(Ok(constant)) => Value::Constant(*constant),
            Some(Err(constructor)) => {
                let inputs = compiled.signature.relations[constructor.index()].arity - 1;
                let below = (0..inputs).map(|input| Value::At(path.iter().copied().chain([input]).collect()));
                let below = below.map(|value| written_out(compiled, &value, patterns));
                Value::Applied(*constructor, below.collect())
            }
            None => value.clone(),
        },
        Value::Applied(function, inputs) => {
            Value::Applied(*function, inputs.iter().map(|input| written_out(compiled, input, patterns)).collect())
        }
        Value::Constant(_) | Value::Some(_) => value.clone(),
    }
}

/// The relation that an axiom defines.
pub(super) fn definition(start: Start) -> Option<RelationId> {
    match start {
        Start::Premise(relation) | Start::Fold(relation) => Some(relation),
        _ => None,
    }
}

/// The clauses that define a compound formula; none for other relations.
pub(super) fn definitions(compiled: &Compiled, relation: RelationId) -> impl Iterator<Item = &Clause> {
    let is_compound = is_compound(compiled, relation);
    let defines = move |axiom: &&Axiom| is_compound && definition(axiom.justification.start) == Some(relation);
    compiled.axioms.iter().filter(defines).map(|axiom| &axiom.clause)
}

/// Whether a relation names a compound formula.
pub(super) fn is_compound(compiled: &Compiled, relation: RelationId) -> bool {
    compiled.signature.relations[relation.index()].inner.is_some()
}

/// The values of a defining clause's variables where its literal `own` has these values as its arguments.
pub(super) fn bound(own: &Literal, values: &[Value], variables: usize) -> Vec<Option<Value>> {
    let mut found = vec![None; variables];
    for (term, value) in own.arguments.iter().zip(values) {
        if let Term::Variable(variable) = term {
            found[usize::from(*variable)] = Some(value.clone());
        }
    }
    found
}

/// Whether a value contains an element known only by conditions: two such elements with the same number may differ.
pub(super) fn is_loose(value: &Value) -> bool {
    match value {
        Value::Some(_) => true,
        Value::Applied(_, inputs) => inputs.iter().any(is_loose),
        Value::At(_) | Value::Constant(_) => false,
    }
}

pub(super) fn equation(left: Value, right: Value) -> Condition {
    in_order_of_sides(Condition { positive: true, relation: RelationId::EQUAL, values: vec![left, right] })
}

pub(super) fn condition(literal: &Literal, values: &[Option<Value>]) -> Condition {
    let values = literal.arguments.iter().map(|term| value(*term, values)).collect();
    in_order_of_sides(Condition { positive: literal.positive, relation: literal.relation, values })
}

/// Normalises the order of the two sides of an equation.
fn in_order_of_sides(mut condition: Condition) -> Condition {
    if condition.relation == RelationId::EQUAL {
        condition.values.sort();
    }
    condition
}

pub(super) fn value(term: Term, values: &[Option<Value>]) -> Value {
    match term {
        Term::Constant(constant) => Value::Constant(constant),
        Term::Variable(variable) => values[usize::from(variable)].clone().unwrap_or(Value::Some(variable)),
    }
}
