//! The open step of an induction, as a lemma of its own.
//!
//! In a case of an induction the predecessor is no variable of the sequent, so no further induction and no case
//! distinction on its constructors is tried. As a statement, the step has the predecessor as a variable, and the
//! induction hypothesis at the same parameters as premises. The case follows from it.

use std::collections::BTreeSet;

use crate::clauses::clause::{Clause, Head, Literal, Term};
use crate::clauses::compile::{Compiled, ConstructorInstance};
use crate::search::attempt::{OpenCase, Stuck};

use super::Exploration;
use super::commit::clause_of;
use super::unfolding::rewritten;

impl Exploration {
    /// The open steps of the inductions of an attempt.
    pub(super) fn steps_of(&self, stuck: &Stuck) -> Vec<Clause> {
        let constants = self.compiled.signature.constants.len();
        let Some(clause) = clause_of(&stuck.sequent, constants) else { return Vec::new() };
        stuck.inductions.iter().filter_map(|failed| step(&self.compiled, &clause, failed)).collect()
    }
}

/// The open case of an induction on a clause; `None` if the case has no induction hypothesis.
fn step(compiled: &Compiled, clause: &Clause, failed: &OpenCase) -> Option<Clause> {
    let Head::Literal(head) = &clause.head else { return None };
    let constructor = &compiled.inductions[failed.instance].constructors[failed.case];
    let ConstructorInstance::Function(relation, inputs) = constructor else { return None };
    let variable = Term::Variable(failed.variable);
    let computed = computed_from(compiled, clause, variable);
    let mut variables = clause.variables + inputs.len() as u16;
    let predecessors = (clause.variables..variables).map(Term::Variable);
    let arguments = predecessors.clone().chain([variable]).collect();
    let mut premises = vec![Literal { positive: true, relation: *relation, arguments }];
    premises.extend(clause.premises.iter().cloned());
    let mut is_recursive = false;
    for (predecessor, _) in predecessors.zip(inputs).filter(|(_, (_, recursive))| *recursive) {
        is_recursive = true;
        let put = |term: &Term| match computed.iter().position(|value| value == term) {
            _ if *term == variable => predecessor,
            Some(place) => Term::Variable(variables + place as u16),
            None => *term,
        };
        let hypothesis = clause.premises.iter().chain([head]).map(|literal| rewritten(literal, &put));
        for literal in hypothesis {
            if !premises.contains(&literal) {
                premises.push(literal);
            }
        }
        variables += computed.len() as u16;
    }
    is_recursive.then(|| Clause { variables, premises, head: clause.head.clone() })
}

/// The variables that the premises compute from `variable`. They have other values at its predecessor.
fn computed_from(compiled: &Compiled, clause: &Clause, variable: Term) -> Vec<Term> {
    let mut found = BTreeSet::from([variable]);
    loop {
        let before = found.len();
        for row in &clause.premises {
            let Some((value, inputs)) = row.arguments.split_last() else { continue };
            let is_row = row.positive && compiled.signature.relations[row.relation.index()].function;
            if is_row && matches!(value, Term::Variable(_)) && inputs.iter().any(|input| found.contains(input)) {
                found.insert(*value);
            }
        }
        if found.len() == before {
            break;
        }
    }
    found.remove(&variable);
    found.into_iter().collect()
}
