//! Tests whether axioms extend every structure of constructor terms: each holds there, or determines a value of one
//! more function or relation by recursion along the constructors, and no two determine different values.
//!
//! A determining axiom is read as a [`Case`]: a symbol, a constructor pattern for each argument, conditions, and the
//! value. All functions and relations in the conditions and the value precede the symbol in some order, or are the
//! symbol itself at a smaller argument. If the patterns of two cases of a symbol unify, their conditions must
//! contradict each other or their values agree. The symbols can then be interpreted one after the other, each by
//! recursion, whatever the earlier ones are.

mod case;
mod reader;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use crate::clauses::clause::{Head, Literal, RelationId};
use crate::clauses::compile::Compiled;
use crate::conjecture::limits::literals;
use crate::search::parameters::Part;
use case::{Patterns, bound, definition, definitions, is_compound, is_loose};
use reader::Reader;

pub(super) use case::{Case, Condition, Value};

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
            let denied = case::condition(&opposite(literal), &values);
            !denied.values.iter().any(is_loose) && others.contains(&denied)
        })
    })
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
