//! Routing in a mixture of experts: which experts a row takes, and with which shares.

use crate::weights::shape::Experts;

/// The rows routed to an expert, with their shares.
pub(super) type Takers = Vec<(usize, f32)>;

/// For each expert the rows routed to it, ascending: each row takes the experts with the largest shares, the lower
/// number among equals. `shares` is the softmax of the router, `[rows, experts]`.
///
/// A row's experts and shares depend on the row alone; if they are added in the order of expert numbers, the sum is the
/// same in any batch.
pub(super) fn takers(shares: &[f32], experts: Experts) -> Vec<Takers> {
    let mut takers = vec![Takers::new(); experts.count];
    for (row, shares) in shares.chunks_exact(experts.count).enumerate() {
        let mut ranked: Vec<usize> = (0..experts.count).collect();
        ranked.sort_by(|one, other| shares[*other].total_cmp(&shares[*one]).then(one.cmp(other)));
        ranked.truncate(experts.used);
        let sum: f32 = ranked.iter().map(|expert| shares[*expert]).sum();
        for expert in ranked {
            let share = if experts.normed { shares[expert] / sum } else { shares[expert] };
            takers[expert].push((row, share));
        }
    }
    takers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_takes_the_experts_with_the_largest_shares() {
        let shares = [0.1, 0.4, 0.2, 0.3, 0.25, 0.25, 0.25, 0.25];
        let of = |normed| takers(&shares, Experts { count: 4, used: 2, normed });
        assert_eq!(of(false), [vec![(1, 0.25)], vec![(0, 0.4), (1, 0.25)], vec![], vec![(0, 0.3)]]);
        let sum = 0.4f32 + 0.3;
        assert_eq!(of(true), [vec![(1, 0.5)], vec![(0, 0.4 / sum), (1, 0.5)], vec![], vec![(0, 0.3 / sum)]]);
    }
}
