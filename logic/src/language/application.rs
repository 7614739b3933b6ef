//! Finds applications of a definition among the axioms of a theory.

use std::collections::HashSet;

use crate::calculus::formula::{Formula, Name, PredicateId, Variable};
use crate::calculus::theory::Predicate;

/// The argument lists with which `wanted` occurs among the axioms, as indices of the anchor's parameters:
/// `[0, 1, 3, 5]` for `(Group[R,+,0,-])` in a theory `Ring[R,+,*,0,1,-]`. Definitions among the axioms are unfolded.
/// Each distinct application once, in the order of the text.
#[must_use]
pub fn applications(predicates: &[Predicate], anchor: PredicateId, wanted: PredicateId) -> Vec<Vec<usize>> {
    let parameters = predicates[anchor.index()].sorts.len() as u32;
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![(anchor, (0..parameters).collect::<Vec<u32>>())];
    while let Some((predicate, arguments)) = waiting.pop() {
        if !seen.insert((predicate, arguments.clone())) {
            continue;
        }
        if predicate == wanted {
            found.push(arguments.iter().map(|place| *place as usize).collect());
        }
        let Some(definition) = &predicates[predicate.index()].definition else { continue };
        let mut atoms = Vec::new();
        conjuncts(&definition.body, &mut atoms);
        let own = |name: &Variable| match name {
            Variable::Free(Name(place)) => arguments.get(*place as usize).copied(),
            Variable::Bound(_) => None,
        };
        let below = atoms.into_iter().rev().filter_map(|(used, names)| {
            let arguments: Option<Vec<u32>> = names.iter().map(own).collect();
            arguments.map(|arguments| (used, arguments))
        });
        waiting.extend(below);
    }
    found
}

/// The atomic conjuncts of a formula, from left to right.
fn conjuncts<'f>(formula: &'f Formula, atoms: &mut Vec<(PredicateId, &'f [Variable])>) {
    match formula {
        Formula::And(left, right) => {
            conjuncts(left, atoms);
            conjuncts(right, atoms);
        }
        Formula::Atom(predicate, arguments) => atoms.push((*predicate, arguments)),
        Formula::Not(_) | Formula::Implies(..) => {}
    }
}
