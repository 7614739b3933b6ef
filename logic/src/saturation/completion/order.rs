//! Reduction orders: total on ground terms and stable under substitution.

use std::cmp::Ordering;

use super::term::{MOST_VARIABLES, TermId, Terms, Top};

/// A reduction order on terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The Knuth–Bendix order (KBO).
    ByWeight,
    /// The lexicographic path order (LPO), under which a distributive law rewrites to sums.
    ByPaths,
}

impl Order {
    /// Compares two terms; `None` if the result depends on the substitution for their variables.
    #[must_use]
    pub fn compare(self, terms: &Terms, one: TermId, other: TermId) -> Option<Ordering> {
        if one == other {
            return Some(Ordering::Equal);
        }
        match self {
            Order::ByWeight => by_weight(terms, one, other),
            Order::ByPaths if is_above(terms, one, other) => Some(Ordering::Greater),
            Order::ByPaths if is_above(terms, other, one) => Some(Ordering::Less),
            Order::ByPaths => None,
        }
    }

    /// Whether the first is greater under every substitution.
    #[must_use]
    pub fn is_greater(self, terms: &Terms, one: TermId, other: TermId) -> bool {
        match self {
            _ if terms.variables(other) & !terms.variables(one) != 0 => false,
            Order::ByWeight if terms.weight(one) < terms.weight(other) => false,
            Order::ByWeight => by_weight(terms, one, other) == Some(Ordering::Greater),
            Order::ByPaths => is_above(terms, one, other),
        }
    }
}

fn count(terms: &Terms, term: TermId, by: i32, balance: &mut [i32; MOST_VARIABLES]) {
    if terms.is_ground(term) {
        return;
    }
    match terms.top(term) {
        Top::Variable(number) => balance[usize::from(number)] += by,
        Top::Symbol(_) => {
            for argument in terms.arguments(term) {
                count(terms, *argument, by, balance);
            }
        }
    }
}

/// Compares occurrences of variables: whether each occurs at least as often in the first as in the second, and vice
/// versa.
fn occurrences(terms: &Terms, one: TermId, other: TermId) -> (bool, bool) {
    let mut balance = [0; MOST_VARIABLES];
    count(terms, one, 1, &mut balance);
    count(terms, other, -1, &mut balance);
    (balance.iter().all(|number| *number >= 0), balance.iter().all(|number| *number <= 0))
}

fn by_weight(terms: &Terms, one: TermId, other: TermId) -> Option<Ordering> {
    if one == other {
        return Some(Ordering::Equal);
    }
    let (above, below) = occurrences(terms, one, other);
    let order = match terms.weight(one).cmp(&terms.weight(other)) {
        Ordering::Equal => match (terms.top(one), terms.top(other)) {
            (Top::Variable(_), Top::Variable(_)) => return None,
            // Terms of equal weight are here a variable and that variable under functions of weight 0.
            (Top::Variable(_), Top::Symbol(_)) => Ordering::Less,
            (Top::Symbol(_), Top::Variable(_)) => Ordering::Greater,
            (Top::Symbol(left), Top::Symbol(right)) if left == right => {
                let mut pairs = terms.arguments(one).iter().zip(terms.arguments(other));
                let (left, right) = pairs.find(|(left, right)| left != right)?;
                by_weight(terms, *left, *right)?
            }
            (Top::Symbol(left), Top::Symbol(right)) => {
                terms.symbols[usize::from(left.0)].rank.cmp(&terms.symbols[usize::from(right.0)].rank)
            }
        },
        unequal => unequal,
    };
    match order {
        Ordering::Greater if above => Some(Ordering::Greater),
        Ordering::Less if below => Some(Ordering::Less),
        _ => None,
    }
}

/// Whether the first is greater in the LPO. Each pair of subterms is split in one way only, so the work is bounded by
/// the product of the sizes (Löchner, "Things to know when implementing LPO").
fn is_above(terms: &Terms, one: TermId, other: TermId) -> bool {
    if one == other || terms.variables(other) & !terms.variables(one) != 0 {
        return false;
    }
    let (Top::Symbol(left), top) = (terms.top(one), terms.top(other)) else { return false };
    let Top::Symbol(right) = top else { return true };
    let (mine, its) = (terms.arguments(one), terms.arguments(other));
    let above_all = |parts: &[TermId]| parts.iter().all(|part| is_above(terms, one, *part));
    let any_reaches = |parts: &[TermId]| parts.iter().any(|part| *part == other || is_above(terms, *part, other));
    let ranks = (terms.symbols[usize::from(left.0)].rank, terms.symbols[usize::from(right.0)].rank);
    match ranks.0.cmp(&ranks.1) {
        // If an argument were not below the first term, no argument of the first would reach the second.
        Ordering::Greater => above_all(its),
        Ordering::Less => any_reaches(mine),
        Ordering::Equal => match mine.iter().zip(its).position(|(left, right)| left != right) {
            Some(place) if is_above(terms, mine[place], its[place]) => above_all(&its[place + 1..]),
            // Earlier arguments are equal, and this one is not above its counterpart.
            Some(place) => any_reaches(&mine[place + 1..]),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::term::{Domain, Signed, Symbol};
    use super::*;

    /// The definition of the LPO, for comparison.
    fn by_definition(terms: &Terms, one: TermId, other: TermId) -> bool {
        let Top::Symbol(left) = terms.top(one) else { return false };
        let (mine, its) = (terms.arguments(one), terms.arguments(other));
        if mine.iter().any(|part| *part == other || by_definition(terms, *part, other)) {
            return true;
        }
        let Top::Symbol(right) = terms.top(other) else { return false };
        let ranks = [left, right].map(|symbol| terms.symbols[usize::from(symbol.0)].rank);
        let all_below = its.iter().all(|part| by_definition(terms, one, *part));
        let first = mine.iter().zip(its).find(|(left, right)| left != right);
        all_below
            && (ranks[0] > ranks[1] || (left == right && first.is_some_and(|(l, r)| by_definition(terms, *l, *r))))
    }

    #[test]
    fn the_order_by_paths_is_the_one_of_its_definition() {
        let domain = Domain { sort: 0, part: None };
        let symbol = |(arity, rank)| Signed { arity, domain, weight: 1, rank };
        let mut terms = Terms::default();
        terms.symbols = [(0, 0), (0, 3), (1, 1), (2, 2)].map(symbol).to_vec();
        let mut known = vec![terms.variable(0, domain), terms.variable(1, domain)];
        known.extend([0, 1].map(|number| terms.apply(Symbol(number), &[])));
        for round in 0..2 {
            let before = known.clone();
            let few = if round == 0 { before.len() } else { 7 };
            known.extend(before.iter().map(|one| terms.apply(Symbol(2), &[*one])));
            for one in &before[..few] {
                known.extend(before.iter().map(|other| terms.apply(Symbol(3), &[*one, *other])));
            }
        }
        known.sort();
        known.dedup();
        let mut greater = 0;
        for one in &known {
            for other in &known {
                let found = is_above(&terms, *one, *other);
                assert_eq!(found, by_definition(&terms, *one, *other), "{one:?} {other:?}");
                greater += usize::from(found);
            }
        }
        assert!(greater > known.len());
    }
}
