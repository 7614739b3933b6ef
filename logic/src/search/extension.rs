//! Tests whether axioms extend every structure of constructor terms: each holds there, or determines a value of one
//! more function or relation by recursion along the constructors, and no two determine different values.
//!
//! A determining axiom is read as a [`Case`]: a symbol, a constructor pattern for each argument, conditions, and the
//! value. All functions and relations in the conditions and the value precede the symbol in some order, or are the
//! symbol itself at a smaller argument. If the patterns of two cases of a symbol unify, their conditions must
//! contradict each other or their values agree. The symbols can then be interpreted one after the other, each by
//! recursion, whatever the earlier ones are.

mod reader;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use crate::clauses::clause::{Clause, Head, Literal, RelationId, Term};
use crate::clauses::compile::{Axiom, Compiled, Start};
use crate::conjecture::limits::literals;
use crate::search::parameters::Part;
use reader::Reader;

/// A value, described in terms of the arguments of a case's symbol.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Value {
    /// The subterm of the arguments at this path: argument, input of its constructor, and so on.
    At(Vec<usize>),
    Constant(u16),
    Applied(RelationId, Vec<Value>),
    /// An element known only by the conditions.
    Some(u16),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Condition {
    pub(super) positive: bool,
    pub(super) relation: RelationId,
    pub(super) values: Vec<Value>,
}

/// The constructor at each path: a constant, or a function.
type Patterns = BTreeMap<Vec<usize>, Result<u16, RelationId>>;

/// What an axiom determines: one case of a definition.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) patterns: Patterns,
    pub(super) conditions: Vec<Condition>,
    /// A condition of absence: no values of the witnesses satisfy all of these. Witnesses are numbered from the first
    /// component on.
    pub(super) absent: Option<(u16, Vec<Condition>)>,
    /// The truth of a relation, or the value of a function.
    pub(super) value: Result<bool, Value>,
    /// The arguments that are smaller in every recursive use of the symbol.
    recurs: BTreeSet<usize>,
    /// The other symbols that it uses.
    needs: BTreeSet<RelationId>,
}

impl Case {
    /// The case for arguments of these patterns, in which all subterms at their paths are written out.
    fn under(&self, compiled: &Compiled, patterns: &Patterns) -> Case {
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

/// Why it is not shown that axioms extend every structure of terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Obstacle {
    /// The axiom with this number is not a case of a definition by recursion.
    NotACase(usize),
    /// The axioms with these numbers may give different results for the same arguments.
    Overlap(usize, usize),
    /// Symbols depend on each other, or recursion does not descend.
    Circular,
}

/// Whether the axioms extend every structure of terms over every model of the parameter axioms; otherwise the first
/// obstacle. `carriers` are the sets that contain all individuals of their sorts.
pub(super) fn extends(compiled: &Compiled, given: &Part<'_>, carriers: &BTreeSet<RelationId>) -> Result<(), Obstacle> {
    let mut reader = Reader::new(compiled, given, carriers);
    let mut cases: BTreeMap<RelationId, Vec<(usize, Case)>> = BTreeMap::new();
    let mut needs: BTreeMap<RelationId, BTreeSet<RelationId>> = BTreeMap::new();
    for (number, axiom) in compiled.axioms.iter().enumerate() {
        let clause = &axiom.clause;
        if let Some(relation) = definition(axiom.justification.start) {
            // A compound formula is no symbol: what uses it, uses its parts.
            if !is_compound(compiled, relation) {
                let others = literals(clause).map(|literal| literal.relation).filter(|other| *other != relation);
                needs.entry(relation).or_default().extend(others.flat_map(|other| reader.parts(other)));
            }
        } else if compiled.speaks_of_sets(clause) {
            return Err(Obstacle::NotACase(number));
        } else if given.clause(clause).is_none() && !reader.holds(clause) && !reader.names(clause) {
            let (symbol, case) = reader.case(clause).ok_or(Obstacle::NotACase(number))?;
            cases.entry(symbol).or_default().push((number, case));
        }
    }
    let well_founded = cases.iter().all(|(symbol, cases)| {
        let recursive = cases.iter().map(|(_, case)| case).filter(|case| case.needs.contains(symbol));
        let places = recursive.map(|case| case.recurs.clone()).reduce(|one, other| &one & &other);
        places.is_none_or(|places| !places.is_empty())
    });
    for (symbol, cases) in &cases {
        let others = cases.iter().flat_map(|(_, case)| &case.needs).filter(|other| *other != symbol);
        needs.entry(*symbol).or_default().extend(others);
    }
    if !well_founded || !in_order(needs) {
        return Err(Obstacle::Circular);
    }
    for cases in cases.values() {
        for (place, (number, one)) in cases.iter().enumerate() {
            if let Some((other, _)) = cases[..place].iter().find(|(_, other)| !agree(compiled, carriers, one, other)) {
                return Err(Obstacle::Overlap(*other, *number));
            }
        }
    }
    Ok(())
}

/// The cases of all axioms that determine a function value or the truth of a relation, by symbol; other axioms are
/// ignored.
pub(super) fn cases(
    compiled: &Compiled,
    given: &Part<'_>,
    carriers: &BTreeSet<RelationId>,
) -> BTreeMap<RelationId, Vec<Case>> {
    let reader = Reader::new(compiled, given, carriers);
    let mut cases: BTreeMap<RelationId, Vec<Case>> = BTreeMap::new();
    for axiom in compiled.axioms.iter().filter(|axiom| definition(axiom.justification.start).is_none()) {
        if !compiled.speaks_of_sets(&axiom.clause)
            && let Some((symbol, case)) = reader.case(&axiom.clause)
        {
            cases.entry(symbol).or_default().push(case);
        }
    }
    cases
}

/// The relation that an axiom defines.
fn definition(start: Start) -> Option<RelationId> {
    match start {
        Start::Premise(relation) | Start::Fold(relation) => Some(relation),
        _ => None,
    }
}

/// The clauses that define a compound formula; none for other relations.
fn definitions(compiled: &Compiled, relation: RelationId) -> impl Iterator<Item = &Clause> {
    let is_compound = is_compound(compiled, relation);
    let defines = move |axiom: &&Axiom| is_compound && definition(axiom.justification.start) == Some(relation);
    compiled.axioms.iter().filter(defines).map(|axiom| &axiom.clause)
}

/// Whether a relation names a compound formula.
fn is_compound(compiled: &Compiled, relation: RelationId) -> bool {
    compiled.signature.relations[relation.index()].inner.is_some()
}

/// The values of a defining clause's variables where its literal `own` has these values as its arguments.
fn bound(own: &Literal, values: &[Value], variables: usize) -> Vec<Option<Value>> {
    let mut found = vec![None; variables];
    for (term, value) in own.arguments.iter().zip(values) {
        if let Term::Variable(variable) = term {
            found[usize::from(*variable)] = Some(value.clone());
        }
    }
    found
}

/// Whether the symbols can be ordered so that each follows those that it uses.
fn in_order(mut needs: BTreeMap<RelationId, BTreeSet<RelationId>>) -> bool {
    while !needs.is_empty() {
        let open: BTreeSet<RelationId> = needs.keys().copied().collect();
        let before = needs.len();
        needs.retain(|_, others| !others.is_disjoint(&open));
        if needs.len() == before {
            return false;
        }
    }
    true
}

/// Whether two cases of one symbol never give different results.
fn agree(compiled: &Compiled, carriers: &BTreeSet<RelationId>, one: &Case, other: &Case) -> bool {
    let apart = one.patterns.iter().any(|(place, own)| other.patterns.get(place).is_some_and(|others| others != own));
    // As in drop(0, x) = x and drop(n, nil) = nil, which agree on drop(0, nil).
    let patterns: Patterns =
        one.patterns.iter().chain(&other.patterns).map(|(path, own)| (path.clone(), *own)).collect();
    let (one, other) = (&one.under(compiled, &patterns), &other.under(compiled, &patterns));
    let same = one.value == other.value && !matches!(&one.value, Err(value) if is_loose(value));
    let against = |one: &Case, other: &Case| {
        let denied = |condition: &Condition| {
            let turned = Condition { positive: !condition.positive, ..condition.clone() };
            !condition.values.iter().any(is_loose)
                && (other.conditions.contains(&turned)
                    || denies_compound(compiled, carriers, condition, &other.conditions))
        };
        one.conditions.iter().any(denied)
            || one
                .absent
                .as_ref()
                .is_some_and(|(first, parts)| found(*first, parts, &other.conditions, &mut BTreeMap::new()))
    };
    apart || same || against(one, other) || against(other, one)
}

/// Whether conditions contradict a condition about a compound formula, by one of the clauses that define the formula.
fn denies_compound(
    compiled: &Compiled,
    carriers: &BTreeSet<RelationId>,
    condition: &Condition,
    others: &[Condition],
) -> bool {
    let relation = condition.relation;
    definitions(compiled, relation).any(|clause| {
        // The clause is the disjunction of these literals, one of which is the opposite of the condition.
        let Head::Literal(head) = &clause.head else { return false };
        let opposite = |literal: &Literal| Literal { positive: !literal.positive, ..literal.clone() };
        let mut disjuncts: Vec<Literal> = clause.premises.iter().map(opposite).collect();
        disjuncts.push(head.clone());
        let opposed = |literal: &Literal| literal.relation == relation && literal.positive != condition.positive;
        let Some(own) = disjuncts.iter().position(opposed).map(|place| disjuncts.remove(place)) else { return false };
        let values = bound(&own, &condition.values, usize::from(clause.variables));
        let is_carrier = |literal: &Literal| !literal.positive && carriers.contains(&literal.relation);
        disjuncts.iter().filter(|literal| !is_carrier(literal)).all(|literal| {
            let denied = self::condition(&opposite(literal), &values);
            !denied.values.iter().any(is_loose) && others.contains(&denied)
        })
    })
}

/// Whether a value contains an element known only by conditions: two such elements with the same number may differ.
fn is_loose(value: &Value) -> bool {
    match value {
        Value::Some(_) => true,
        Value::Applied(_, inputs) => inputs.iter().any(is_loose),
        Value::At(_) | Value::Constant(_) => false,
    }
}

/// Whether all `parts` occur among the conditions, for some values of the witnesses.
fn found(first: u16, parts: &[Condition], among: &[Condition], witnesses: &mut BTreeMap<u16, Value>) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    among.iter().any(|condition| {
        if condition.positive != part.positive || condition.relation != part.relation {
            return false;
        }
        let before = witnesses.clone();
        let fits = part.values.iter().zip(&condition.values).all(|(own, value)| match own {
            Value::Some(number) if *number >= first => witnesses.entry(*number).or_insert(value.clone()) == value,
            own => own == value && !is_loose(own),
        });
        if fits && found(first, rest, among, witnesses) {
            return true;
        }
        *witnesses = before;
        false
    })
}

fn equation(left: Value, right: Value) -> Condition {
    in_order_of_sides(Condition { positive: true, relation: RelationId::EQUAL, values: vec![left, right] })
}

fn condition(literal: &Literal, values: &[Option<Value>]) -> Condition {
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

fn value(term: Term, values: &[Option<Value>]) -> Value {
    match term {
        Term::Constant(constant) => Value::Constant(constant),
        Term::Variable(variable) => values[usize::from(variable)].clone().unwrap_or(Value::Some(variable)),
    }
}
