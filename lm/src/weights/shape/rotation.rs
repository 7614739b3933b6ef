//! Rotary frequencies, and their scaling to longer contexts.

use std::f64::consts::TAU;

use theoremata_kernels::Rotary;

/// The rotary frequencies of one kind of layer.
#[derive(Clone, PartialEq, Debug)]
pub struct Rotation {
    /// Radians per position, for each rotated pair; other numbers are not rotated.
    pub frequencies: Vec<f64>,
    /// The factor by which rotated queries and keys grow.
    pub magnitude: f64,
}

/// How positions are scaled beyond the original context length.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Scaling {
    /// Not at all.
    None,
    /// All frequencies are divided by one factor.
    Linear(f64),
    /// Low frequencies are divided, high ones are not, and those between are interpolated. Source: Llama 3.1's
    /// configuration.
    Llama3 { factor: f64, low: f64, high: f64, original: f64 },
    /// The same by pair index instead of wavelength, and attention is sharpened. Source: Peng et al. 2023, *YaRN:
    /// Efficient Context Window Extension of Large Language Models*.
    Yarn { factor: f64, original: f64, fast: f64, slow: f64, magnitude: Option<f64> },
    /// Each frequency is divided by a factor of its own.
    Factors { factors: Vec<f64>, magnitude: f64 },
}

impl Rotation {
    /// No pair is rotated.
    pub(super) fn none() -> Rotation {
        Rotation { frequencies: Vec::new(), magnitude: 1.0 }
    }

    /// The frequencies of `width` rotated numbers.
    pub(super) fn new(width: usize, base: f64, scaling: &Scaling) -> Rotation {
        let plain = Rotary::frequencies(width, base);
        let (frequencies, magnitude) = match scaling {
            Scaling::None => (plain, 1.0),
            Scaling::Linear(factor) => (plain.iter().map(|frequency| frequency / factor).collect(), 1.0),
            Scaling::Llama3 { factor, low, high, original } => {
                let scaled = |frequency: &f64| {
                    let turns = original * frequency / TAU;
                    let share = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                    frequency * (share + (1.0 - share) / factor)
                };
                (plain.iter().map(scaled).collect(), 1.0)
            }
            Scaling::Yarn { factor, original, fast, slow, magnitude } => {
                // The pair that makes this many turns over the original positions.
                let pair = |turns: f64| width as f64 * (original / (turns * TAU)).ln() / (2.0 * base.ln());
                let (first, last) = (pair(*fast).floor().max(0.0), pair(*slow).ceil().min(width as f64 - 1.0));
                let scaled = |(index, frequency): (usize, &f64)| {
                    let share = ((index as f64 - first) / (last - first).max(0.001)).clamp(0.0, 1.0);
                    frequency * (1.0 - share + share / factor)
                };
                let usual = if *factor > 1.0 { 0.1 * factor.ln() + 1.0 } else { 1.0 };
                (plain.iter().enumerate().map(scaled).collect(), magnitude.unwrap_or(usual))
            }
            Scaling::Factors { factors, magnitude } => {
                (plain.iter().zip(factors).map(|(frequency, factor)| frequency / factor).collect(), *magnitude)
            }
        };
        Rotation { frequencies, magnitude }
    }

    /// Divides each frequency by a factor of its own, which is stored with the weights.
    pub(crate) fn divide(&mut self, factors: &[f32]) {
        for (frequency, factor) in self.frequencies.iter_mut().zip(factors) {
            *frequency /= f64::from(*factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_frequencies_stay_and_low_ones_are_divided() {
        let plain = Rotation::new(64, 500_000.0, &Scaling::None).frequencies;
        let llama = Scaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, original: 8192.0 };
        let yarn = Scaling::Yarn { factor: 8.0, original: 8192.0, fast: 32.0, slow: 1.0, magnitude: None };
        for scaling in [llama, yarn] {
            let rotation = Rotation::new(64, 500_000.0, &scaling);
            assert_eq!(rotation.frequencies[0], plain[0]);
            assert!((rotation.frequencies[31] - plain[31] / 8.0).abs() < 1e-12);
            assert!(rotation.frequencies.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }
}
