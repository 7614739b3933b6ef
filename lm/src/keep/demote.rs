//! Entries that would be evicted are kept in few bits instead.
//!
//! Source: *No Token Left Behind: Reliable KV Cache Compression via Importance-Aware Mixed Precision Quantization*
//! (MiKV, arXiv 2402.18096). In each key head, the newest entries and those that received most attention stay as they
//! are; all others are rounded, for good. The numbers are rounded in place: all cells of a page have the same format,
//! so no memory is saved; [`Demote::share`] says what packed cells would take.

use theoremata_kernels::f16;

use crate::keep::policy::{Kept, KvPolicy, Pace};
use crate::keep::run::{Run, SINKS};
use crate::text::token::Token;

/// Tokens in a stretch of text after the prompt.
const STRETCH: usize = 16;

/// Rounds all but a share of the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Demote {
    /// Entries of each key head that stay as they are, in percent.
    pub(crate) high: usize,
    /// Bits per number in the others.
    pub(crate) bits: u32,
}

impl Demote {
    /// The size of packed cells relative to 16 bits, for heads of `dim` numbers.
    #[cfg(test)]
    fn share(self, high_bits: u32, dim: usize) -> f64 {
        let scales = 32.0 / (dim / 2) as f64;
        let bits = |bits: u32| if bits == 16 { 16.0 } else { f64::from(bits) + scales };
        let high = self.high as f64 / 100.0;
        (high * bits(high_bits) + (1.0 - high) * bits(self.bits)) / 16.0
    }

    /// The entries of a plane that stay as they are: the first ones and the last; of the share, half go to the newest
    /// entries and half to those that received most attention.
    fn stays(self, run: &Run, plane: usize) -> Vec<bool> {
        let count = run.entries.len();
        let high = count * self.high / 100;
        let mut stays = vec![false; count];
        stays[..SINKS.min(count)].fill(true);
        let recent = high.div_ceil(2).max(1);
        stays[count.saturating_sub(recent)..].fill(true);
        let paid = &run.heat.attention[plane];
        let is_low = |entry: usize| run.notes.low[plane][entry];
        let mut ranked: Vec<usize> = (0..count).filter(|entry| !stays[*entry] && !is_low(*entry)).collect();
        ranked.sort_by_key(|entry| (std::cmp::Reverse(paid[*entry]), *entry));
        let left = high.saturating_sub(stays.iter().filter(|stays| **stays).count());
        ranked.into_iter().take(left).for_each(|entry| stays[entry] = true);
        stays
    }
}

/// Factors for keys that balance channels in which queries are large and keys are small.
fn balance(run: &Run, plane: usize) -> Vec<f32> {
    let (dim, width) = (run.dim(), run.width());
    let (layer, head) = (plane / run.heads, plane % run.heads);
    let keys = &run.layers[layer].keys;
    (0..dim)
        .map(|place| {
            let key = (0..run.entries.len()).map(|entry| keys[entry * width + head * dim + place].abs());
            let (key, query) = (key.fold(0.0, f32::max), run.heat.peaks[plane][place]);
            let factor = (query / key).sqrt();
            if factor.is_normal() { factor } else { 1.0 }
        })
        .collect()
}

/// Rounds a group of numbers to `2^bits` steps between its minimum and maximum; both scales have 16 bits.
fn round(group: &mut [f32], bits: u32) {
    let (low, high) =
        group.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
    let steps = ((1u32 << bits) - 1) as f32;
    let step = f16::from_f32((high - low) / steps).to_f32();
    let least = f16::from_f32(low).to_f32();
    for number in group {
        let count = if step > 0.0 { ((*number - least) / step).round().clamp(0.0, steps) } else { 0.0 };
        *number = count * step + least;
    }
}

impl KvPolicy for Demote {
    fn pace(&self) -> Pace {
        Pace { prompt: usize::MAX, text: STRETCH, sentences: false }
    }

    fn watches(&self) -> bool {
        true
    }

    fn is_due(&self, entries: usize, _: usize) -> bool {
        self.high < 100 && entries > SINKS + 1
    }

    fn keep(&self, run: &mut Run, _: &dyn Fn(Token) -> bool) -> Kept {
        let (dim, width, count) = (run.dim(), run.width(), run.entries.len());
        let planes = run.layers.len() * run.heads;
        if run.notes.low.is_empty() {
            run.notes.balance = (0..planes).map(|plane| balance(run, plane)).collect();
            run.notes.low = vec![Vec::new(); planes];
        }
        run.notes.low.iter_mut().for_each(|plane| plane.resize(count, false));
        for plane in 0..planes {
            let stays = self.stays(run, plane);
            let (layer, head) = (plane / run.heads, plane % run.heads);
            for (entry, _) in stays.iter().enumerate().filter(|(_, stays)| !**stays) {
                if std::mem::replace(&mut run.notes.low[plane][entry], true) {
                    continue;
                }
                let own = entry * width + head * dim..entry * width + (head + 1) * dim;
                let key = &mut run.layers[layer].keys[own.clone()];
                let factors = &run.notes.balance[plane];
                key.iter_mut().zip(factors).for_each(|(number, factor)| *number *= factor);
                key.chunks_mut((dim / 2).max(1)).for_each(|group| round(group, self.bits));
                key.iter_mut().zip(factors).for_each(|(number, factor)| *number /= factor);
                run.layers[layer].values[own].chunks_mut((dim / 2).max(1)).for_each(|group| round(group, self.bits));
            }
        }
        let approximate = run.notes.low.iter().flatten().any(|low| *low);
        Kept { listed: run.listed(), extent: run.tokens as u32, approximate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keep::run::tests::run;

    #[test]
    fn packed_cells_take_what_the_paper_says() {
        let share = |high_bits| Demote { high: 20, bits: 2 }.share(high_bits, 128);
        let found = [16, 8, 4, 2].map(|bits| (share(bits) * 1000.0).round() / 10.0);
        assert_eq!(found, [32.5, 23.1, 18.1, 15.6]);
    }

    #[test]
    fn rounding_is_off_by_half_a_step_at_most() {
        for bits in [2, 4, 8] {
            let numbers: Vec<f32> = (0..32).map(|at| ((at * 37) % 29) as f32 / 7.0 - 2.0).collect();
            let mut rounded = numbers.clone();
            round(&mut rounded, bits);
            let step = (28.0 / 7.0) / ((1u32 << bits) - 1) as f32;
            for (was, is) in numbers.iter().zip(&rounded) {
                assert!((was - is).abs() <= step * 0.505 + 1e-3, "{bits} bits: {was} became {is}");
            }
            let mut again = rounded.clone();
            round(&mut again, bits);
            assert!(again.iter().zip(&rounded).all(|(one, other)| (one - other).abs() < 1e-3));
        }
    }

    #[test]
    fn every_token_stays_and_the_share_that_is_not_rounded_is_as_said() {
        for high in [0, 20, 50, 100] {
            let before = run(2, 2, 50);
            let mut rounded = before.clone();
            let kept = Demote { high, bits: 2 }.keep(&mut rounded, &|_| false);
            assert_eq!((kept.listed.len(), kept.approximate), (50, high < 100));
            let least = SINKS + 1;
            for plane in &rounded.notes.low {
                let stays = plane.iter().filter(|low| !**low).count();
                assert_eq!(stays, (50 * high / 100).max(least), "{high} %");
                assert!(!plane[49], "the last entry stays");
            }
            if high == 100 {
                assert_eq!(rounded.layers, before.layers);
            }
        }
    }

    #[test]
    fn what_is_rounded_once_stays_rounded() {
        let policy = Demote { high: 40, bits: 2 };
        let mut held = run(1, 1, 50);
        policy.keep(&mut held, &|_| false);
        let low = held.notes.low.clone();
        let cells = held.layers.clone();
        // Now all look at what was rounded.
        held.heat.attention[0].iter_mut().zip(&low[0]).for_each(|(paid, low)| *paid = if *low { 1 << 40 } else { 0 });
        policy.keep(&mut held, &|_| false);
        assert!(low[0].iter().zip(&held.notes.low[0]).all(|(was, is)| !was || *is));
        for (entry, _) in low[0].iter().enumerate().filter(|(_, low)| **low) {
            assert_eq!(held.layers[0].keys[entry * 4..][..4], cells[0].keys[entry * 4..][..4]);
        }
    }
}
