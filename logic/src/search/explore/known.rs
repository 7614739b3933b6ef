//! Theorems known at the start: those of the used theories.

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

/// Adds the theorems of used theories. Each decides the goal with the same statement, or a new conjecture.
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
        // A goal keeps its variable names.
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

/// A conjecture with its clause, or without one if the statement is not a single clause over the theory's relations.
fn flat(theory: &Theory, compiled: &Compiled, reader: &mut Compiled, origin: Origin, statement: Formula) -> Conjecture {
    let read = reader.read_statement(theory, &statement);
    if reader.signature.relations.len() > compiled.signature.relations.len() {
        // A new relation would have no definition here.
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
