//! The hit rate of one kind of guess.

/// Counts of one kind of guess. Old counts decay, so that the rate adapts quickly to a new text.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct HitRate {
    right: u32,
    made: u32,
}

impl HitRate {
    /// Counts are halved when they reach this number.
    const MEMORY: u32 = 64;

    /// The share of right guesses. The prior is two guesses of which one was right, so that an unknown kind is tried
    /// where rows are cheap, and not where they are expensive.
    pub(super) fn share(self) -> f32 {
        (self.right as f32 + 1.0) / (self.made as f32 + 2.0)
    }

    /// Counts a guess.
    pub(super) fn count(&mut self, right: bool) {
        self.made += 1;
        self.right += u32::from(right);
        if self.made == HitRate::MEMORY {
            (self.made, self.right) = (self.made / 2, self.right / 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_learned_and_learned_anew() {
        let mut hit_rates = HitRate::default();
        assert_eq!(hit_rates.share(), 0.5);
        (0..1000).for_each(|number| hit_rates.count(number % 4 == 0));
        assert!((hit_rates.share() - 0.25).abs() < 0.06, "{}", hit_rates.share());
        (0..100).for_each(|_| hit_rates.count(true));
        assert!(hit_rates.share() > 0.8, "{}", hit_rates.share());
    }
}
