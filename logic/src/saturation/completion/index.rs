//! An index that retrieves generalisations of a term: a discrimination tree of sides of equations.

use super::equation::EquationId;
use super::term::{Domain, Symbol, TermId, Terms, Top};
use super::unify::Bindings;

/// A side of an equation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Side {
    /// The equation.
    pub(super) equation: EquationId,
    /// Whether it is the left side, which rewrites forward.
    pub(super) forward: bool,
}

#[derive(Clone, Debug, Default)]
struct Node {
    symbols: Vec<(Symbol, u32)>,
    variables: Vec<(u8, Domain, u32)>,
    sides: Vec<Side>,
}

/// A discrimination tree of sides.
#[derive(Clone, Debug)]
pub(super) struct Index {
    nodes: Vec<Node>,
}

impl Default for Index {
    fn default() -> Self {
        Index { nodes: vec![Node::default()] }
    }
}

/// Decides whether a side with these bindings is accepted.
pub(super) type Accept<'a> = &'a mut dyn FnMut(&mut Terms, &Bindings, Side) -> bool;

impl Index {
    /// Inserts a side.
    pub(super) fn add(&mut self, terms: &Terms, term: TermId, side: Side) {
        let mut at = 0;
        let mut pending = vec![term];
        while let Some(term) = pending.pop() {
            let new = self.nodes.len() as u32;
            let node = &mut self.nodes[at as usize];
            let known = match terms.top(term) {
                Top::Symbol(symbol) => {
                    pending.extend(terms.arguments(term).iter().rev());
                    match node.symbols.iter().find(|(known, _)| *known == symbol) {
                        Some((_, next)) => Some(*next),
                        None => {
                            node.symbols.push((symbol, new));
                            None
                        }
                    }
                }
                Top::Variable(number) => {
                    let domain = terms.domain(term);
                    match node.variables.iter().find(|known| (known.0, known.1) == (number, domain)) {
                        Some((_, _, next)) => Some(*next),
                        None => {
                            node.variables.push((number, domain, new));
                            None
                        }
                    }
                }
            };
            at = known.unwrap_or_else(|| {
                self.nodes.push(Node::default());
                new
            });
        }
        self.nodes[at as usize].sides.push(side);
    }

    /// Removes a side.
    pub(super) fn remove(&mut self, terms: &Terms, term: TermId, side: Side) {
        let mut at = 0;
        let mut pending = vec![term];
        while let Some(term) = pending.pop() {
            let node = &self.nodes[at as usize];
            let next = match terms.top(term) {
                Top::Symbol(symbol) => {
                    pending.extend(terms.arguments(term).iter().rev());
                    node.symbols.iter().find(|(known, _)| *known == symbol).map(|(_, next)| *next)
                }
                Top::Variable(number) => {
                    let domain = terms.domain(term);
                    let known = node.variables.iter().find(|known| (known.0, known.1) == (number, domain));
                    known.map(|(_, _, next)| *next)
                }
            };
            at = next.expect("what is taken out was entered");
        }
        self.nodes[at as usize].sides.retain(|known| *known != side);
    }

    /// Finds a side that `term` is an instance of and that `accept` accepts. `bindings`, empty on entry, receive the
    /// matching substitution. Adds 1 to `work` for each symbol inspected.
    pub(super) fn find(
        &self,
        terms: &mut Terms,
        term: TermId,
        bindings: &mut Bindings,
        work: &mut u64,
        accept: Accept<'_>,
    ) -> bool {
        self.descend(terms, 0, &mut vec![term], bindings, work, accept)
    }

    fn descend(
        &self,
        terms: &mut Terms,
        at: u32,
        pending: &mut Vec<TermId>,
        bindings: &mut Bindings,
        work: &mut u64,
        accept: Accept<'_>,
    ) -> bool {
        *work += 1;
        let node = &self.nodes[at as usize];
        let Some(term) = pending.pop() else {
            return node.sides.iter().any(|side| accept(terms, bindings, *side));
        };
        if let Top::Symbol(symbol) = terms.top(term)
            && let Some((_, next)) = node.symbols.iter().find(|(known, _)| *known == symbol)
        {
            let depth = pending.len();
            pending.extend(terms.arguments(term).iter().rev());
            if self.descend(terms, *next, pending, bindings, work, accept) {
                return true;
            }
            pending.truncate(depth);
        }
        for (number, domain, next) in &node.variables {
            let mark = bindings.mark();
            match bindings.image(*number) {
                Some(image) if image != term => continue,
                Some(_) => {}
                None if domain.accepts(terms.domain(term)) => bindings.bind(*number, term),
                None => continue,
            }
            if self.descend(terms, *next, pending, bindings, work, accept) {
                return true;
            }
            bindings.undo(mark);
        }
        pending.push(term);
        false
    }
}
