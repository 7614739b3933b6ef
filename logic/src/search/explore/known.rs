//! What is known before an exploration begins: theorems of the theories that its theory uses.

use std::collections::{HashMap, HashSet};

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::calculus::theory::Theory;
use crate::clauses::clause::Clause;
use crate::clauses::compile::Compiled;
use crate::conjecture::canonical;
use crate::search::library::Brought;

use super::conjecture::{Conjecture, Fate, Origin};
use super::theorem::Theorem;

/// Enters theorems that are known from the beginning: each decides the goal that says the same, or a conjecture of its own.
pub(super) fn enter(
    theory: &Theory,
    compiled: &Compiled,
    brought: Vec<Brought>,
    conjectures: &mut Vec<Conjecture>,
    known: &mut HashSet<Clause>,
) -> Vec<Theorem> {
    let goals: HashMap<Formula, usize> =
        conjectures.iter().enumerate().rev().map(|(place, goal)| (goal.statement.clone(), place)).collect();
    let mut reader = compiled.clone();
    let mut theorems = Vec::with_capacity(brought.len());
    for (number, Brought { checked, source, corollary, induction }) in brought.into_iter().enumerate() {
        let place = goals.get(checked.statement()).copied().unwrap_or_else(|| {
            let statement = checked.statement().clone();
            conjectures.push(flat(theory, compiled, &mut reader, Origin::Brought(source), statement));
            conjectures.len() - 1
        });
        // A goal keeps the names of its variables.
        let conjecture = &mut conjectures[place];
        conjecture.fate = Fate::Proved(TheoremId(number as u32));
        if let Some(clause) = &conjecture.clause {
            known.insert(canonical(clause));
            known.insert(clause.clone());
        }
        theorems.push(Theorem {
            clause: conjecture.clause.clone(),
            moves: conjecture.theorem_moves(),
            conjecture: place,
            checked,
            induction,
            corollary,
            essential: false,
            round: 0,
            source: Some(source),
        });
    }
    theorems
}

/// The conjecture with its clause, if it is one over the relations of the theory.
fn flat(theory: &Theory, compiled: &Compiled, reader: &mut Compiled, origin: Origin, statement: Formula) -> Conjecture {
    let read = reader.read_statement(theory, &statement);
    if reader.signature.relations.len() > compiled.signature.relations.len() {
        // Nothing says what such a relation means.
        *reader = compiled.clone();
        return Conjecture::new(origin, None, Vec::new(), statement);
    }
    match read {
        Some((_, Ok(mut clauses))) if clauses.len() == 1 => {
            let axiom = clauses.remove(0);
            Conjecture::new(origin, Some(axiom.clause), axiom.justification.moves, statement)
        }
        _ => Conjecture::new(origin, None, Vec::new(), statement),
    }
}
