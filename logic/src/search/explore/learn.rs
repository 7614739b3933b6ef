//! Theorems become rules.

use std::sync::Arc;

use crate::calculus::formula::Formula;
use crate::calculus::proof::TheoremId;
use crate::clauses::clause::{Clause, Head, Literal, Term};
use crate::clauses::compile::{Axiom, Compiled, Justification, Start};
use crate::saturation::block::{Block, Limits};
use crate::saturation::book::RuleBook;
use crate::search::ended::kept_apart;

use super::Exploration;
use super::theorem::Theorem;

impl Exploration {
    /// Makes a theorem a rule and replaces the root block. If this panics, the theorem does not become a rule.
    pub(super) fn learn(&mut self, id: TheoremId) {
        let learned = kept_apart(|| {
            let mut book = self.book.clone();
            add_theorem(&mut book, &self.compiled, id, &self.theorems[id.0 as usize]);
            let root = root_of(&book);
            (root.steps(), Arc::new(root.rest()), book)
        });
        if let Ok((steps, root, book)) = learned {
            self.counts.steps += steps;
            self.root = root;
            self.book = book;
        }
    }

    /// Rebuilds the root block with the rules of all theorems.
    pub(crate) fn rebuild_root(&mut self) {
        self.book = RuleBook::new(&self.compiled);
        for (number, theorem) in self.theorems.iter().enumerate() {
            if !theorem.corollary {
                add_theorem(&mut self.book, &self.compiled, TheoremId(number as u32), theorem);
            }
        }
        self.root = Arc::new(root_of(&self.book).rest());
    }
}

/// The limits of the root block; it creates no values.
pub(super) const ROOT: Limits = Limits { steps: 5_000_000, creations: 0 };

pub(super) fn root_of(book: &RuleBook) -> Block {
    let mut root = Block::root(Arc::new(book.clone()));
    root.run(ROOT);
    root
}

pub(super) fn add_theorem(book: &mut RuleBook, compiled: &Compiled, id: TheoremId, theorem: &Theorem) {
    let justification = Justification { start: Start::Theorem(id), moves: theorem.moves.clone() };
    let Some(clause) = theorem.clause.clone() else { return };
    add_rules(book, compiled, Axiom { clause, justification }, theorem.checked.statement());
}

/// Adds the rules of a theorem with this clause and statement.
pub(super) fn add_rules(book: &mut RuleBook, compiled: &Compiled, axiom: Axiom, statement: &Formula) {
    // A theorem about structures in which sorts coincide says nothing about other structures.
    if !compiled.is_general(statement) {
        return;
    }
    // A rule cannot see the sort of a variable that occurs in none of its literals.
    if !(0..axiom.clause.variables).all(|variable| axiom.clause.mentions(variable)) {
        return;
    }
    let (forward, backward) = if is_shuffle(&axiom.clause, compiled) { (4, 4) } else { (1, 2) };
    let rule = book.rule_of(&axiom);
    book.add_contrapositives(&axiom);
    if concludes_about_constant(&axiom.clause, compiled) {
        return book.add_gated(rule, &compiled.signature, 1);
    }
    book.add_with_demands(rule, &compiled.signature, Some(forward), Some(backward));
}

/// Whether a theorem gives the value of a function at a constant, as `0 + a = a` does.
pub(super) fn concludes_about_constant(clause: &Clause, compiled: &Compiled) -> bool {
    let Head::Literal(head) = &clause.head else { return false };
    let Some((_, inputs)) = head.arguments.split_last() else { return false };
    head.positive
        && compiled.signature.relations[head.relation.index()].function
        && inputs.iter().any(|input| matches!(input, Term::Constant(_)))
}

/// Whether a theorem only rearranges the inputs of one operation, as commutativity and associativity do. The demands of
/// such a theorem are delayed: they lead to many values, of which few are new.
pub(super) fn is_shuffle(clause: &Clause, compiled: &Compiled) -> bool {
    let Head::Literal(head) = &clause.head else { return false };
    let relation = head.relation;
    let operation = |literal: &Literal| {
        literal.relation == relation
            && literal.positive
            && literal.arguments.len() == 3
            && literal.arguments.iter().all(|argument| matches!(argument, Term::Variable(_)))
    };
    compiled.signature.relations[relation.index()].function
        && operation(head)
        && clause.premises.iter().all(operation)
        && clause.premises.len() % 2 == 1
}
