//! Critical pairs: a non-variable subterm of a side of one equation unifies with a side of another.

use super::Completion;
use super::equation::{EquationId, Rewrite};
use super::queue::Item;
use super::term::{TermId, Terms, Top};

/// The most variables of an equation.
pub(super) const MOST_IN_EQUATION: u8 = 32;

/// The non-variable subterms of a term with their paths, outermost first.
pub(super) fn parts(terms: &Terms, term: TermId) -> Vec<(Vec<u8>, TermId)> {
    fn collect(terms: &Terms, term: TermId, path: &mut Vec<u8>, found: &mut Vec<(Vec<u8>, TermId)>) {
        if let Top::Variable(_) = terms.top(term) {
            return;
        }
        found.push((path.clone(), term));
        for place in 0..terms.arity(term) {
            path.push(place as u8);
            collect(terms, terms.argument(term, place), path, found);
            path.pop();
        }
    }
    let mut found = Vec::new();
    collect(terms, term, &mut Vec::new(), &mut found);
    found
}

/// The peak of a critical pair, with its two reducts.
pub(super) struct Peak {
    pub(super) left: TermId,
    pub(super) right: TermId,
    /// From `left` over the peak to `right`.
    pub(super) steps: [Rewrite; 2],
}

impl Completion {
    /// The term with its variables renamed apart, as those of the inner equation.
    pub(super) fn shifted(&mut self, term: TermId) -> TermId {
        if self.terms.is_ground(term) {
            return term;
        }
        match self.terms.top(term) {
            Top::Variable(number) => {
                let domain = self.terms.domain(term);
                self.terms.variable(number + MOST_IN_EQUATION, domain)
            }
            Top::Symbol(symbol) => {
                let mut arguments = self.terms.arguments(term).to_vec();
                for argument in &mut arguments {
                    *argument = self.shifted(*argument);
                }
                self.terms.apply(symbol, &arguments)
            }
        }
    }

    /// Queues the critical pairs of an active equation with all active ones, itself included.
    pub(super) fn overlap_with_all(&mut self, new: EquationId) {
        for place in 0..self.active.len() {
            let other = self.active[place];
            self.overlaps(new, other);
            if other != new {
                self.overlaps(other, new);
            }
        }
    }

    fn directions(&self, id: EquationId) -> &'static [bool] {
        if self.equations[id.index()].oriented { &[true] } else { &[true, false] }
    }

    /// The critical pairs between sides of `inner` and subterms of sides of `outer`.
    fn overlaps(&mut self, outer: EquationId, inner: EquationId) {
        for inner_forward in self.directions(inner) {
            let (side, other) = self.equations[inner.index()].sides(*inner_forward);
            let brings_variables = self.terms.variables(other) & !self.terms.variables(side) != 0;
            let inside = self.shifted(side);
            for outer_forward in self.directions(outer) {
                let (around, _) = self.equations[outer.index()].sides(*outer_forward);
                for (number, (path, part)) in parts(&self.terms, around).into_iter().enumerate() {
                    self.work += 1;
                    let is_same = outer == inner && outer_forward == inner_forward && !brings_variables;
                    if path.is_empty() && (outer < inner || is_same) {
                        continue;
                    }
                    if self.terms.top(part) != self.terms.top(inside) {
                        continue;
                    }
                    let item = Item::Overlap {
                        outer,
                        outer_forward: *outer_forward,
                        inner,
                        inner_forward: *inner_forward,
                        part: number as u16,
                    };
                    self.consider(item);
                }
            }
        }
    }

    /// Queues a critical pair, unless its sides have the same normal form or are too heavy.
    fn consider(&mut self, item: Item) {
        let Some(peak) = self.peak(item) else { return };
        if peak.left == peak.right {
            return;
        }
        let (left, right) = (self.normal(peak.left), self.normal(peak.right));
        if left == right {
            return;
        }
        let weight = self.terms.size(left) + self.terms.size(right);
        if weight <= self.limits.weight {
            self.queue.push(weight, item);
        } else {
            self.is_complete = false;
        }
    }

    /// The peak of a critical pair; `None` if the terms do not unify, or one of the steps leads upwards.
    pub(super) fn peak(&mut self, item: Item) -> Option<Peak> {
        let Item::Overlap { outer, outer_forward, inner, inner_forward, part } = item else { return None };
        let (left, right) = self.equations[outer.index()].sides(outer_forward);
        let (path, part) = parts(&self.terms, left).swap_remove(usize::from(part));
        let (inside, becomes) = self.equations[inner.index()].sides(inner_forward);
        let (inside, becomes) = (self.shifted(inside), self.shifted(becomes));
        let mut bindings = std::mem::take(&mut self.bindings);
        bindings.clear();
        let found = bindings.unify(&self.terms, part, inside, &mut self.work);
        let images = found.then(|| {
            let mut put = |term| bindings.applied(&mut self.terms, term);
            (put(left), put(right), put(inside), put(becomes))
        });
        self.bindings = bindings;
        let (top, end, from, to) = images?;
        let upwards = |from, to| from == to || self.order.is_greater(&self.terms, to, from);
        let is_oriented = |id: EquationId| self.equations[id.index()].oriented;
        if (!is_oriented(outer) && upwards(top, end)) || (!is_oriented(inner) && upwards(from, to)) {
            return None;
        }
        let other = self.terms.replaced(top, &path, to);
        let back = Rewrite { equation: outer, forward: !outer_forward, path: Vec::new(), from: end, to: top };
        let into = Rewrite { equation: inner, forward: inner_forward, path, from, to };
        Some(Peak { left: end, right: other, steps: [back, into] })
    }
}
