//! Keeps the entries with the highest scores. A token gets its score when it is read, and keeps it.
//!
//! Source: *Locret: Enhancing Eviction in Long-Context LLM Inference with Trained Retaining Heads* (arXiv 2410.01805):
//! a text is read in stretches, and after each the entries with the highest scores stay. The paper trains heads that
//! compute scores; here any score will do that does not depend on later text, and there are two that need no training.

use crate::keep::policy::{Kept, KvPolicy, Pace};
use crate::keep::run::{Run, SINKS};
use crate::text::token::Token;

/// Tokens in a stretch.
const STRETCH: usize = 64;

/// Keeps the entries with the highest scores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scored {
    /// At most this many entries are kept of a run, besides the stretch that is being written.
    pub(crate) capacity: usize,
    /// The score.
    pub(crate) score: Score,
}

/// The score of a token: from its own key and value in all layers, so that later text does not change it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Score {
    /// Small keys score high: models give them more attention (arXiv 2406.11430).
    SmallKeys,
    /// Large values score high: they have the largest effect on the output.
    LargeValues,
}

/// A score of tokens that does not depend on later text.
trait CausalScore {
    /// The score of an entry of a run.
    fn score(&self, run: &Run, entry: usize) -> f64;
}

impl CausalScore for Score {
    fn score(&self, run: &Run, entry: usize) -> f64 {
        let width = run.width();
        let size = |row: &[f32]| row.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
        let own = entry * width..(entry + 1) * width;
        match self {
            Score::SmallKeys => -run.layers.iter().map(|cells| size(&cells.keys[own.clone()])).sum::<f64>(),
            Score::LargeValues => run.layers.iter().map(|cells| size(&cells.values[own.clone()])).sum(),
        }
    }
}

impl Scored {
    /// The last entries, which stay whatever their score.
    pub(crate) fn recent(self) -> usize {
        self.capacity / 2
    }
}

/// The smallest capacity.
pub(crate) const LEAST: usize = 2 * SINKS + 8;

impl KvPolicy for Scored {
    fn pace(&self) -> Pace {
        Pace { prompt: STRETCH, text: STRETCH, sentences: false }
    }

    fn watches(&self) -> bool {
        false
    }

    fn is_due(&self, entries: usize, _: usize) -> bool {
        entries > self.capacity
    }

    fn keep(&self, run: &mut Run, _: &dyn Fn(Token) -> bool) -> Kept {
        let kept = survivors(run, self.capacity, self.recent(), &self.score);
        run.keep(&kept);
        Kept { listed: run.listed(), extent: run.tokens as u32, approximate: true }
    }
}

/// The indices of the first entries, the last ones, and as many others as there is room for: those with the highest
/// scores, the earlier ones among equals. In text order.
fn survivors(run: &Run, capacity: usize, recent: usize, score: &impl CausalScore) -> Vec<usize> {
    let count = run.entries.len();
    let middle = SINKS.min(count)..count.saturating_sub(recent).max(SINKS.min(count));
    let mut ranked: Vec<(f64, usize)> = middle.clone().map(|entry| (score.score(run, entry), entry)).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    ranked.truncate(capacity.saturating_sub(count - middle.len()));
    let mut kept: Vec<usize> = ranked.into_iter().map(|(_, entry)| entry).collect();
    kept.extend((0..middle.start).chain(middle.end..count));
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep::run::tests::run;

    #[test]
    fn what_comes_later_changes_no_score() {
        let (long, mut short) = (run(3, 2, 90), run(3, 2, 90));
        short.keep(&(0..50).collect::<Vec<_>>());
        for score in [Score::SmallKeys, Score::LargeValues] {
            for entry in 0..50 {
                assert_eq!(score.score(&long, entry).to_bits(), score.score(&short, entry).to_bits());
            }
        }
    }

    #[test]
    fn those_that_score_highest_survive_in_the_order_of_the_text() {
        for score in [Score::SmallKeys, Score::LargeValues] {
            let whole = run(3, 2, 90);
            let policy = Scored { capacity: 40, score };
            assert!(!policy.is_due(40, 40), "with room for all nothing goes");
            let mut kept = whole.clone();
            let told = policy.keep(&mut kept, &|_| false);
            let survivors: Vec<usize> = kept.entries.iter().map(|entry| entry.positions[0] as usize).collect();
            assert_eq!((survivors.len(), told.listed.len(), told.extent), (40, 40, 90));
            assert!(survivors.is_sorted());
            assert!((0..SINKS).chain(70..90).all(|entry| survivors.contains(&entry)), "what is protected");
            let of = |entry: usize| score.score(&whole, entry);
            let worst = survivors.iter().filter(|at| (SINKS..70).contains(*at)).map(|at| of(*at)).reduce(f64::min);
            let gone = (SINKS..70).filter(|entry| !survivors.contains(entry)).map(of).reduce(f64::max);
            assert!(worst.expect("some survive") >= gone.expect("some go"));
        }
    }
}
