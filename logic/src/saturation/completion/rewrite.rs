//! Rewriting to normal form, by oriented equations and by instances of unoriented ones that decrease the term.

use super::Completion;
use super::equation::{EquationId, Rewrite, State};
use super::index::Side;
use super::term::{Domain, TermId, Terms, Top};

/// Larger terms are not rewritten.
const LARGEST: u32 = 600;

/// The instance of a term under bindings, with the smallest constant for unbound variables; `None` if a domain has no
/// constant.
fn full_instance(
    terms: &mut Terms,
    bindings: &super::unify::Bindings,
    term: TermId,
    known: u64,
    smallest: &[(Domain, TermId)],
) -> Option<TermId> {
    let unknown = terms.variables(term) & !known;
    if unknown == 0 {
        return Some(bindings.instance(terms, term));
    }
    let mut variables = Vec::new();
    terms.collect_variables(term, &mut variables);
    let mut images = Vec::new();
    for variable in variables {
        let Top::Variable(number) = terms.top(variable) else { unreachable!("a variable") };
        let image = match bindings.image(number) {
            Some(image) => image,
            None => {
                let domain = terms.domain(variable);
                smallest.iter().find(|(known, _)| domain.accepts(*known))?.1
            }
        };
        images.push((number, image));
    }
    Some(terms.substituted(term, &|number| images.iter().find(|(known, _)| *known == number).map(|(_, image)| *image)))
}

impl Completion {
    /// The result of one rewrite step at the root.
    fn contract(&mut self, term: TermId) -> Option<(Side, TermId)> {
        if self.terms.size(term) > LARGEST {
            return None;
        }
        let Completion { terms, index, equations, bindings, order, smallest, work, .. } = self;
        bindings.clear();
        let mut found = None;
        index.find(terms, term, bindings, work, &mut |terms, bindings, side| {
            let equation = &equations[side.equation.index()];
            let (from, to) = equation.sides(side.forward);
            let known = terms.variables(from);
            let Some(result) = full_instance(terms, bindings, to, known, smallest) else { return false };
            if !equation.oriented && !order.is_greater(terms, term, result) {
                return false;
            }
            found = Some((side, result));
            true
        });
        found
    }

    /// The normal form.
    pub(super) fn normal(&mut self, term: TermId) -> TermId {
        if let Top::Variable(_) = self.terms.top(term) {
            return term;
        }
        if let Some(known) = self.normal.get(&term) {
            return *known;
        }
        let inside = self.with_normal_arguments(term);
        let normal = match self.contract(inside) {
            Some((_, result)) => self.normal(result),
            None => inside,
        };
        self.normal.insert(inside, normal);
        self.normal.insert(term, normal);
        normal
    }

    fn with_normal_arguments(&mut self, term: TermId) -> TermId {
        let Top::Symbol(symbol) = self.terms.top(term) else { return term };
        let arity = self.terms.arity(term);
        let mut arguments = [term; 8];
        for (place, argument) in arguments.iter_mut().enumerate().take(arity) {
            *argument = self.normal(self.terms.argument(term, place));
        }
        if &arguments[..arity] == self.terms.arguments(term) {
            term
        } else {
            self.terms.apply(symbol, &arguments[..arity])
        }
    }

    /// The normal form, and the steps to it.
    pub(super) fn normalise(&mut self, term: TermId) -> (TermId, Vec<Rewrite>) {
        let mut steps = Vec::new();
        let normal = self.normalise_at(term, &mut Vec::new(), &mut steps);
        (normal, steps)
    }

    fn normalise_at(&mut self, mut term: TermId, path: &mut Vec<u8>, steps: &mut Vec<Rewrite>) -> TermId {
        loop {
            let Top::Symbol(symbol) = self.terms.top(term) else { return term };
            if self.normal.get(&term) == Some(&term) {
                return term;
            }
            let mut arguments = self.terms.arguments(term).to_vec();
            for (place, argument) in arguments.iter_mut().enumerate() {
                path.push(place as u8);
                *argument = self.normalise_at(*argument, path, steps);
                path.pop();
            }
            term = self.terms.apply(symbol, &arguments);
            let Some((side, to)) = self.contract(term) else {
                self.normal.insert(term, term);
                return term;
            };
            steps.push(Rewrite { equation: side.equation, forward: side.forward, path: path.clone(), from: term, to });
            term = to;
        }
    }

    /// Whether the equation rewrites a subterm.
    pub(super) fn reduces(&mut self, id: EquationId, term: TermId) -> bool {
        self.work += 1;
        let Top::Symbol(_) = self.terms.top(term) else { return false };
        let equation = &self.equations[id.index()];
        debug_assert_eq!(equation.state, State::Active);
        let oriented = equation.oriented;
        let directions: &[bool] = if oriented { &[true] } else { &[true, false] };
        for forward in directions {
            let (from, to) = self.equations[id.index()].sides(*forward);
            if self.terms.size(from) > self.terms.size(term) {
                continue;
            }
            self.bindings.clear();
            if !self.bindings.matches(&self.terms, from, term) {
                continue;
            }
            let known = self.terms.variables(from);
            let Completion { terms, bindings, smallest, order, .. } = self;
            let result = full_instance(terms, bindings, to, known, smallest);
            if result.is_some_and(|result| oriented || order.is_greater(terms, term, result)) {
                return true;
            }
        }
        (0..self.terms.arity(term)).any(|place| self.reduces(id, self.terms.argument(term, place)))
    }
}
