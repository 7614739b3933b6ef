//! Matching and unification.

use super::term::{MOST_VARIABLES, TermId, Terms, Top};

/// A substitution.
#[derive(Clone, Debug)]
pub(super) struct Bindings {
    images: [Option<TermId>; MOST_VARIABLES],
    /// The bound variables, in order of binding.
    trail: Vec<u8>,
}

impl Default for Bindings {
    fn default() -> Self {
        Bindings { images: [None; MOST_VARIABLES], trail: Vec::new() }
    }
}

impl Bindings {
    /// Removes all bindings.
    pub(super) fn clear(&mut self) {
        self.undo(0);
    }

    /// The number of bindings.
    #[must_use]
    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Undoes all bindings but the first `mark`.
    pub(super) fn undo(&mut self, mark: usize) {
        for number in self.trail.drain(mark..) {
            self.images[usize::from(number)] = None;
        }
    }

    /// The image of a variable.
    #[must_use]
    pub(super) fn image(&self, number: u8) -> Option<TermId> {
        self.images[usize::from(number)]
    }

    /// Binds a variable to a term.
    pub(super) fn bind(&mut self, number: u8, term: TermId) {
        self.images[usize::from(number)] = Some(term);
        self.trail.push(number);
    }

    /// Matches `pattern` against `term`, extending the bindings. On failure, bindings made on the way stay.
    pub(super) fn matches(&mut self, terms: &Terms, pattern: TermId, term: TermId) -> bool {
        match terms.top(pattern) {
            Top::Variable(number) => match self.image(number) {
                Some(image) => image == term,
                None => {
                    let fits = terms.domain(pattern).accepts(terms.domain(term));
                    if fits {
                        self.bind(number, term);
                    }
                    fits
                }
            },
            Top::Symbol(_) if terms.is_ground(pattern) => pattern == term,
            top @ Top::Symbol(_) => {
                top == terms.top(term)
                    && terms.size(pattern) <= terms.size(term)
                    && (0..terms.arity(pattern))
                        .all(|place| self.matches(terms, terms.argument(pattern, place), terms.argument(term, place)))
            }
        }
    }

    fn resolved(&self, terms: &Terms, mut term: TermId) -> TermId {
        while let Top::Variable(number) = terms.top(term)
            && let Some(image) = self.image(number)
        {
            term = image;
        }
        term
    }

    /// Unifies two terms, with a most general unifier. On failure, bindings made on the way stay.
    pub(super) fn unify(&mut self, terms: &Terms, one: TermId, other: TermId, work: &mut u64) -> bool {
        *work += 1;
        let (one, other) = (self.resolved(terms, one), self.resolved(terms, other));
        if one == other {
            return true;
        }
        match (terms.top(one), terms.top(other)) {
            (Top::Variable(number), _) if self.may_bind(terms, number, one, other, work) => true,
            (_, Top::Variable(number)) => self.may_bind(terms, number, other, one, work),
            (Top::Variable(_), _) => false,
            (left, right) => {
                left == right
                    && (0..terms.arity(one))
                        .all(|place| self.unify(terms, terms.argument(one, place), terms.argument(other, place), work))
            }
        }
    }

    fn may_bind(&mut self, terms: &Terms, number: u8, variable: TermId, term: TermId, work: &mut u64) -> bool {
        if !terms.domain(variable).accepts(terms.domain(term)) || self.occurs(terms, number, term, work) {
            return false;
        }
        self.bind(number, term);
        true
    }

    fn occurs(&self, terms: &Terms, number: u8, term: TermId, work: &mut u64) -> bool {
        if terms.is_ground(term) {
            return false;
        }
        *work += 1;
        match terms.top(term) {
            Top::Variable(other) if other == number => true,
            Top::Variable(other) => self.image(other).is_some_and(|image| self.occurs(terms, number, image, work)),
            Top::Symbol(_) => terms.arguments(term).iter().any(|part| self.occurs(terms, number, *part, work)),
        }
    }

    /// The term under the substitution, applied repeatedly.
    pub(super) fn applied(&self, terms: &mut Terms, term: TermId) -> TermId {
        if self.trail.is_empty() || terms.is_ground(term) {
            return term;
        }
        match terms.top(term) {
            Top::Variable(number) => match self.image(number) {
                Some(image) => self.applied(terms, image),
                None => term,
            },
            Top::Symbol(symbol) => {
                let mut arguments = [term; 8];
                let arity = terms.arity(term);
                for (place, argument) in arguments.iter_mut().enumerate().take(arity) {
                    *argument = self.applied(terms, terms.argument(term, place));
                }
                terms.apply(symbol, &arguments[..arity])
            }
        }
    }

    /// The term under the substitution of a match, applied once.
    pub(super) fn instance(&self, terms: &mut Terms, term: TermId) -> TermId {
        terms.substituted(term, &|number| self.image(number))
    }
}
