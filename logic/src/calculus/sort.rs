//! Sorts: the simple types of the calculus. Every variable has one.
//!
//! A base sort is a domain of individuals; `Power([s, t])` is the sort of relations between `s` and `t`, and
//! `Power([s])` that of sets of `s`. Definitions and theorems are schematic in their base sorts: they hold with any
//! sorts substituted. A sort may be empty.

/// A sort.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sort {
    /// A base sort, GL's `(1)`.
    Individual(u32),
    /// A set (one part) or a relation (several parts): GL's `P(1)`, `P(x(1)(1))`, ….
    Power(Vec<Sort>),
}

impl Sort {
    /// The base sort of a theory that has only one.
    pub const BASE: Sort = Sort::Individual(1);

    /// The sort of the elements of a set of this sort; `None` for other sorts.
    #[must_use]
    pub fn element(&self) -> Option<&Sort> {
        match self {
            Sort::Power(parts) => match &parts[..] {
                [element] => Some(element),
                _ => None,
            },
            Sort::Individual(_) => None,
        }
    }

    /// Whether this is the sort of individuals, not of sets or relations.
    #[must_use]
    pub fn is_individual(&self) -> bool {
        matches!(self, Sort::Individual(_))
    }

    /// Calls `visit` for every occurrence of a base sort, left to right.
    pub fn for_each_base(&self, visit: &mut dyn FnMut(u32)) {
        match self {
            Sort::Individual(number) => visit(*number),
            Sort::Power(parts) => parts.iter().for_each(|part| part.for_each_base(visit)),
        }
    }
}

/// A substitution of sorts for base sorts.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SortInstance(Vec<(u32, Sort)>);

impl SortInstance {
    /// Matches `general` against `special`, consistently with all earlier calls. Returns whether it matches, and if so
    /// extends the substitution.
    pub fn fit(&mut self, general: &Sort, special: &Sort) -> bool {
        match (general, special) {
            (Sort::Individual(base), _) => match self.0.iter().find(|(known, _)| known == base) {
                Some((_, known)) => known == special,
                None => {
                    self.0.push((*base, special.clone()));
                    true
                }
            },
            (Sort::Power(general), Sort::Power(special)) => {
                general.len() == special.len() && general.iter().zip(special).all(|(one, other)| self.fit(one, other))
            }
            (Sort::Power(_), Sort::Individual(_)) => false,
        }
    }

    /// [`SortInstance::fit`] on lists of sorts.
    pub fn fit_all<'s>(&mut self, general: &[Sort], special: impl ExactSizeIterator<Item = &'s Sort>) -> bool {
        general.len() == special.len() && general.iter().zip(special).all(|(one, other)| self.fit(one, other))
    }

    /// Applies the substitution. Base sorts outside its domain stay.
    #[must_use]
    pub fn apply(&self, sort: &Sort) -> Sort {
        match sort {
            Sort::Individual(base) => match self.0.iter().find(|(known, _)| known == base) {
                Some((_, known)) => known.clone(),
                None => sort.clone(),
            },
            Sort::Power(parts) => Sort::Power(parts.iter().map(|part| self.apply(part)).collect()),
        }
    }

    /// Whether the substitution is the identity.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.0.iter().all(|(base, sort)| *sort == Sort::Individual(*base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_sort_stands_for_one_sort_at_a_time() {
        let set = |sort: Sort| Sort::Power(vec![sort]);
        let mut instance = SortInstance::default();
        assert!(instance.fit(&set(Sort::BASE), &set(set(Sort::Individual(3)))));
        assert!(instance.fit(&Sort::BASE, &set(Sort::Individual(3))));
        assert!(!instance.fit(&Sort::BASE, &Sort::Individual(3)));
        assert_eq!(instance.apply(&Sort::Power(vec![Sort::BASE, Sort::Individual(2)])).element(), None);
        assert_eq!(instance.apply(&set(Sort::BASE)), set(set(Sort::Individual(3))));
        assert!(!instance.is_identity());
        assert!(!SortInstance::default().fit(&set(Sort::BASE), &Sort::BASE));
    }
}
