//! Acceptance: how often the proposals for a sequence were right.

/// The ratio of right guesses to the number that their probabilities promised, between 0.05 and 1.
///
/// A drafter that is overconfident for the present text gets fewer rows. In steps without guesses the ratio recovers
/// slowly, so that a sequence gets another chance.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Acceptance(f32);

impl Default for Acceptance {
    fn default() -> Acceptance {
        Acceptance(1.0)
    }
}

impl Acceptance {
    const LEAST: f32 = 0.05;

    pub(crate) fn share(self) -> f32 {
        self.0
    }

    /// Counts a guess of this probability as right or wrong.
    pub(crate) fn judge(&mut self, likelihood: f32, right: bool) {
        let promised = likelihood.clamp(0.0, 1.0) * self.0;
        let happened = if right { 1.0 } else { 0.0 };
        self.0 = (self.0 + (happened - promised) / 8.0).clamp(Acceptance::LEAST, 1.0);
    }

    /// Counts a step without a guess.
    pub(crate) fn recover(&mut self) {
        self.0 += (1.0 - self.0) / 64.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_follows_what_came_true_and_comes_back() {
        let mut acceptance = Acceptance::default();
        (0..200).for_each(|number| acceptance.judge(0.8, number % 5 != 0));
        assert!(acceptance.share() > 0.8, "as promised: {acceptance:?}");
        (0..200).for_each(|number| acceptance.judge(0.8, number % 5 == 0));
        assert!((acceptance.share() - 0.25).abs() < 0.15, "a quarter of what was promised: {acceptance:?}");
        (0..200).for_each(|_| acceptance.judge(1.0, false));
        assert_eq!(acceptance.share(), Acceptance::LEAST);
        (0..300).for_each(|_| acceptance.recover());
        assert!(acceptance.share() > 0.9);
    }
}
