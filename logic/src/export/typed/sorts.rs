//! Base sorts of exported statements, and the sorts substituted for them.

use crate::calculus::formula::{Formula, PredicateId};
use crate::calculus::sort::{Sort, SortInstance};
use crate::calculus::theory::Theory;

/// The base sort of a statement that has none but needs one.
pub(crate) const NO_BASE: u32 = u32::MAX;

/// Distinct base sorts, in order of first occurrence.
#[derive(Default)]
pub(crate) struct Bases(pub(crate) Vec<u32>);

impl Bases {
    pub(crate) fn note(&mut self, sort: &Sort) {
        sort.for_each_base(&mut |base| {
            if !self.0.contains(&base) {
                self.0.push(base);
            }
        });
    }
}

/// The base sorts of a list of sorts: the type parameters of a predicate whose arguments have them.
pub(crate) fn bases_of<'s>(sorts: impl IntoIterator<Item = &'s Sort>) -> Vec<u32> {
    let mut bases = Bases::default();
    sorts.into_iter().for_each(|sort| bases.note(sort));
    bases.0
}

/// The base sorts of the binders of a formula.
pub(crate) fn bases_in(formula: &Formula) -> Vec<u32> {
    let mut bases = Bases::default();
    formula.for_each_sort(&mut |sort| bases.note(sort));
    bases.0
}

/// The substitution of base sorts that turns `general` into its instance `special`.
pub(crate) fn instance(general: &Formula, special: &Formula) -> SortInstance {
    let mut sorts = Vec::new();
    special.for_each_sort(&mut |sort| sorts.push(sort.clone()));
    let (mut instance, mut place) = (SortInstance::default(), 0);
    general.for_each_sort(&mut |sort| {
        if let Some(special) = sorts.get(place) {
            instance.fit(sort, special);
        }
        place += 1;
    });
    instance
}

/// The sorts substituted for a predicate's base sorts, given the sorts of its arguments; in order.
pub(crate) fn type_arguments(theory: &Theory, predicate: PredicateId, sorts: &[&Sort]) -> Vec<Sort> {
    if predicate == PredicateId::EQUAL {
        return sorts.first().map(|sort| (*sort).clone()).into_iter().collect();
    }
    let general = theory.predicate(predicate).general_sorts(predicate);
    let mut instance = SortInstance::default();
    instance.fit_all(&general, sorts.iter().copied());
    bases_of(&general).into_iter().map(|base| instance.apply(&Sort::Individual(base))).collect()
}
