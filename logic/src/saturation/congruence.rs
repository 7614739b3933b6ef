//! Congruence classes of a block's individuals, with a proof forest.

use crate::saturation::facts::FactId;
use crate::saturation::pattern::Individual;

/// Equivalence classes of individuals with a proof forest: any two equal individuals are connected by a unique path of
/// recorded equations, which never changes once it exists.
///
/// All arrays are flat, so a block starts with a plain copy of its parent's classes.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    /// The representative of the class.
    representative: Vec<Individual>,
    /// The next individual of the class, in a circular list.
    next: Vec<Individual>,
    /// The parent in the proof tree, and the equation between the two.
    edge: Vec<Option<(Individual, FactId)>>,
    /// The cost of the individual: 1 if given, more for values of functions.
    weight: Vec<u32>,
}

impl Classes {
    /// The number of individuals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.representative.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.representative.is_empty()
    }

    /// Adds an individual, in a class of its own.
    pub fn fresh(&mut self, weight: u32) -> Individual {
        let individual = Individual(self.representative.len() as u32);
        self.representative.push(individual);
        self.next.push(individual);
        self.edge.push(None);
        self.weight.push(weight);
        individual
    }

    /// The representative of the individual's class.
    #[inline]
    #[must_use]
    pub fn find(&self, individual: Individual) -> Individual {
        self.representative[individual.0 as usize]
    }

    /// The weight of the individual's class: that of its lightest member.
    #[must_use]
    pub fn weight(&self, individual: Individual) -> u32 {
        self.weight[self.find(individual).0 as usize]
    }

    /// The individuals equal to this one, starting with itself.
    pub fn members(&self, individual: Individual) -> impl Iterator<Item = Individual> + '_ {
        let mut at = Some(individual);
        std::iter::from_fn(move || {
            let current = at?;
            let next = self.next[current.0 as usize];
            at = (next != individual).then_some(next);
            Some(current)
        })
    }

    /// Records that `left = right` by `equation`. Returns the individual that ceased to be a representative, or `None`
    /// if the two were already equal.
    ///
    /// The lighter representative stays; of two equally light ones the older.
    pub fn merge(&mut self, left: Individual, right: Individual, equation: FactId) -> Option<Individual> {
        let (one, other) = (self.find(left), self.find(right));
        if one == other {
            return None;
        }
        let price = |individual: Individual| (self.weight[individual.0 as usize], individual);
        let (winner, loser, from, to) =
            if price(one) <= price(other) { (one, other, right, left) } else { (other, one, left, right) };
        // Reverse the edges of the loser's proof tree so that `from` is its root, then attach it to `to`.
        let mut at = from;
        let mut hang = Some((to, equation));
        while let Some(link) = hang {
            let old = self.edge[at.0 as usize].replace(link);
            hang = old.map(|(_, fact)| (at, fact));
            if let Some((parent, _)) = old {
                at = parent;
            }
        }
        let members: Vec<Individual> = self.members(loser).collect();
        for member in members {
            self.representative[member.0 as usize] = winner;
        }
        self.next.swap(winner.0 as usize, loser.0 as usize);
        Some(loser)
    }

    /// The equations on the path from `left` to `right`, in order; each links the individual reached so far with the
    /// next.
    ///
    /// # Panics
    /// If the two are not equal.
    #[must_use]
    pub fn explain(&self, left: Individual, right: Individual) -> Vec<FactId> {
        let path = |mut at: Individual| {
            let mut path = vec![(at, None)];
            while let Some((parent, fact)) = self.edge[at.0 as usize] {
                path.push((parent, Some(fact)));
                at = parent;
            }
            path
        };
        let (up, down) = (path(left), path(right));
        let meet = up
            .iter()
            .position(|(individual, _)| down.iter().any(|(other, _)| other == individual))
            .expect("equal individuals are in one tree");
        let at = up[meet].0;
        let back = down.iter().position(|(individual, _)| *individual == at).expect("found above");
        let mut equations: Vec<FactId> = up[1..=meet].iter().filter_map(|(_, fact)| *fact).collect();
        equations.extend(down[1..=back].iter().rev().filter_map(|(_, fact)| *fact));
        equations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_equations_joins_what_is_equal() {
        let mut classes = Classes::default();
        let all: Vec<_> = (0..6).map(|_| classes.fresh(1)).collect();
        let links = [(0, 1), (2, 3), (1, 3), (4, 5), (5, 0)];
        for (number, (left, right)) in links.iter().enumerate() {
            assert!(classes.merge(all[*left], all[*right], FactId(number as u32)).is_some());
        }
        assert!(classes.merge(all[2], all[4], FactId(9)).is_none());
        for left in &all {
            for right in &all {
                let mut at = *left;
                for equation in classes.explain(*left, *right) {
                    let (one, other) = links[equation.0 as usize];
                    at = if at == all[one] {
                        all[other]
                    } else {
                        assert_eq!(at, all[other]);
                        all[one]
                    };
                }
                assert_eq!(at, *right);
                assert_eq!(classes.find(*left), all[0]);
            }
        }
        assert_eq!(classes.members(all[3]).count(), 6);
    }

    #[test]
    fn later_equations_do_not_change_a_path() {
        let mut classes = Classes::default();
        let all: Vec<_> = (0..4).map(|_| classes.fresh(1)).collect();
        classes.merge(all[0], all[1], FactId(0));
        let before = classes.explain(all[0], all[1]);
        classes.merge(all[2], all[1], FactId(1));
        classes.merge(all[3], all[0], FactId(2));
        assert_eq!(classes.explain(all[0], all[1]), before);
    }
}
