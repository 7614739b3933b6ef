//! The scope of a statement: the relations and constants that it mentions, and those that their definitions use. In a
//! theory with powers and factorials, a law about sums needs lemmas about sums.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clauses::clause::{Clause, RelationId, Signature, Term};
use crate::clauses::compile::{Axiom, Compiled, Move, NodeId, Start};
use crate::conjecture::limits::literals;

/// A set of relations and constants of a theory, ordered by size.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) struct Scope {
    count: usize,
    symbols: BTreeSet<Symbol>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
enum Symbol {
    Relation(RelationId),
    Constant(u16),
}

impl Scope {
    /// The whole signature.
    pub(crate) fn whole(signature: &Signature) -> Scope {
        let relations = (0..signature.relations.len() as u16).map(|number| Symbol::Relation(RelationId(number)));
        let constants = (0..signature.constants.len() as u16).map(Symbol::Constant);
        Scope::of(relations.chain(constants).collect())
    }

    fn of(symbols: BTreeSet<Symbol>) -> Scope {
        Scope { count: symbols.len(), symbols }
    }

    /// Whether it contains a relation; equality always belongs to it.
    pub(crate) fn has_relation(&self, relation: RelationId) -> bool {
        relation == RelationId::EQUAL || self.symbols.contains(&Symbol::Relation(relation))
    }

    /// Whether it contains a constant.
    pub(crate) fn has_constant(&self, constant: u16) -> bool {
        self.symbols.contains(&Symbol::Constant(constant))
    }
}

/// For each symbol, the symbols that its definition uses.
#[derive(Debug)]
pub(super) struct Dependencies(BTreeMap<Symbol, BTreeSet<Symbol>>);

impl Dependencies {
    /// Computed from the order of the axioms: an axiom defines the last introduced of its symbols in terms of the
    /// others. Axioms that share the relation of a compound formula count as one.
    pub(super) fn of(compiled: &Compiled) -> Dependencies {
        let mut introduced: BTreeMap<Symbol, usize> = BTreeMap::new();
        let statements = statements(compiled);
        for (number, symbols) in statements.iter().enumerate() {
            for symbol in symbols {
                introduced.entry(*symbol).or_insert(number);
            }
        }
        let mut dependencies: BTreeMap<Symbol, BTreeSet<Symbol>> = BTreeMap::new();
        for symbols in &statements {
            let Some(last) = symbols.iter().map(|symbol| introduced[symbol]).max() else { continue };
            for symbol in symbols.iter().filter(|symbol| introduced[symbol] == last) {
                dependencies.entry(*symbol).or_default().extend(symbols);
            }
        }
        Dependencies(dependencies)
    }

    /// Whether the definition of a relation uses another one, directly or indirectly.
    pub(super) fn uses(&self, relation: RelationId, other: RelationId) -> bool {
        self.closure(vec![Symbol::Relation(relation)]).contains(&Symbol::Relation(other))
    }

    /// The symbols of a clause, with all symbols that their definitions use directly or indirectly.
    pub(super) fn scope(&self, clause: &Clause) -> Scope {
        Scope::of(self.closure(symbols_of(clause).collect()))
    }

    fn closure(&self, mut open: Vec<Symbol>) -> BTreeSet<Symbol> {
        let mut found = BTreeSet::new();
        while let Some(symbol) = open.pop() {
            if found.insert(symbol) {
                open.extend(self.0.get(&symbol).into_iter().flatten());
            }
        }
        found
    }
}

/// The symbols of each axiom, in the order in which the theory states them. Axioms that share a compound formula are
/// merged at the position of the first.
fn statements(compiled: &Compiled) -> Vec<BTreeSet<Symbol>> {
    let mut axioms: Vec<&Axiom> = compiled.axioms.iter().collect();
    axioms.sort_by_cached_key(|axiom| match axiom.justification.start {
        Start::Node(node) => (0, path(compiled, node)),
        _ => (1, Vec::new()),
    });
    let relations = &compiled.signature.relations;
    let is_compound =
        |symbol: &Symbol| matches!(symbol, Symbol::Relation(relation) if relations[relation.index()].inner.is_some());
    let mut statements: Vec<BTreeSet<Symbol>> =
        axioms.into_iter().map(|axiom| symbols_of(&axiom.clause).collect()).collect();
    for number in (0..statements.len()).rev() {
        let compound: Vec<Symbol> = statements[number].iter().copied().filter(&is_compound).collect();
        let shares = |earlier: &BTreeSet<Symbol>| compound.iter().any(|symbol| earlier.contains(symbol));
        if let Some(first) = statements[..number].iter().position(shares) {
            let moved = std::mem::take(&mut statements[number]);
            statements[first].extend(moved);
        }
    }
    statements
}

/// The path to a formula through the conjunctions of the anchor: for each, whether it leads to the right conjunct.
fn path(compiled: &Compiled, node: NodeId) -> Vec<bool> {
    let mut path = Vec::new();
    let mut at = node;
    while let Some((from, action)) = compiled.nodes[at.0 as usize].origin {
        match action {
            Move::Left => path.push(false),
            Move::Right => path.push(true),
            _ => {}
        }
        at = from;
    }
    path.reverse();
    path
}

fn symbols_of(clause: &Clause) -> impl Iterator<Item = Symbol> + '_ {
    literals(clause).flat_map(|literal| {
        let relation = (literal.relation != RelationId::EQUAL).then_some(Symbol::Relation(literal.relation));
        let constants = literal.arguments.iter().filter_map(|argument| match argument {
            Term::Constant(constant) => Some(Symbol::Constant(*constant)),
            Term::Variable(_) => None,
        });
        relation.into_iter().chain(constants)
    })
}
