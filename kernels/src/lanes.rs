//! The abstraction over vectors of sixteen lanes in which the vector siblings are written.
//!
//! A sibling is written once, over [`Lanes`], and compiled for each level. A value of a type that implements [`Lanes`]
//! proves that the machine has its instructions: it is created only in a function that is entered after they were
//! detected.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod elementary;

use half::f16;

use crate::level::{Kernels, Level};

pub(crate) use elementary::{exp, gumbel, philox};

/// Operations on 16 lanes. All round like the scalar operations of IEEE 754.
pub trait Lanes: Copy {
    /// Sixteen f32.
    type Floats: Copy;
    /// Sixteen u32, or i32 in two's complement.
    type Words: Copy;

    /// Query heads that attention scores at once, as many as the registers hold with [`Lanes::GROUPS`].
    const ASKERS: usize;
    /// Vectors of tokens that attention scores at once, 1 or 2.
    const GROUPS: usize;
    /// Query heads for which attention sums values at once, as many as the registers hold with [`Lanes::VALUES`].
    const SUMMED: usize;
    /// Vectors of a value that attention sums at once, 2 or 4.
    const VALUES: usize;

    /// Prefetches memory that will be read soon.
    fn prefetch<T>(self, cells: &[T]);

    fn splat(self, value: f32) -> Self::Floats;
    fn load(self, from: &[f32; 16]) -> Self::Floats;
    fn load_half(self, from: &[f16; 16]) -> Self::Floats;
    /// Loads bf16 numbers, given as their bits.
    fn load_brain(self, from: &[u16; 16]) -> Self::Floats;
    fn store(self, value: Self::Floats, to: &mut [f32; 16]);
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a · b + c`, rounded once.
    fn fma(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The larger; `b` if `a` is NaN.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn abs(self, a: Self::Floats) -> Self::Floats;
    /// To the nearest integer, ties to even.
    fn round(self, a: Self::Floats) -> Self::Floats;
    /// `yes` where `a < b`, else `no`.
    fn if_less(self, a: Self::Floats, b: Self::Floats, yes: Self::Floats, no: Self::Floats) -> Self::Floats;
    /// The same selection between words.
    fn words_if_less(self, a: Self::Floats, b: Self::Floats, yes: Self::Words, no: Self::Words) -> Self::Words;
    /// The sum in the order of [`crate::elementary::sum_lanes`].
    fn sum(self, a: Self::Floats) -> f32;
    /// The largest lane.
    fn largest(self, a: Self::Floats) -> f32;

    fn words(self, value: u32) -> Self::Words;
    fn load_words(self, from: &[u32; 16]) -> Self::Words;
    fn store_words(self, value: Self::Words, to: &mut [u32; 16]);
    /// The low byte of each lane, for lanes between -128 and 127.
    fn store_bytes(self, value: Self::Words, to: &mut [i8; 16]);
    fn add_words(self, a: Self::Words, b: Self::Words) -> Self::Words;
    fn and(self, a: Self::Words, b: Self::Words) -> Self::Words;
    fn xor(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// Both halves of the unsigned product, the low one first.
    fn product(self, a: Self::Words, b: Self::Words) -> (Self::Words, Self::Words);
    /// Shifts left by 23 bits, into the exponent field.
    fn at_exponent(self, a: Self::Words) -> Self::Words;
    /// Shifts right by 23 bits, keeping the sign.
    fn exponent_of(self, a: Self::Words) -> Self::Words;
    /// The sum of all lanes, wrapping.
    fn sum_words(self, a: Self::Words) -> i32;
    /// Nearest integers, ties to even.
    fn to_words(self, a: Self::Floats) -> Self::Words;
    /// The words as signed numbers.
    fn signed(self, a: Self::Words) -> Self::Floats;
    /// The words as unsigned numbers, rounded once.
    fn unsigned(self, a: Self::Words) -> Self::Floats;
    fn as_words(self, a: Self::Floats) -> Self::Words;
    fn as_floats(self, a: Self::Words) -> Self::Floats;

    /// Loads up to 16 numbers; the other lanes are 0.
    #[inline(always)]
    fn load_some(self, from: &[f32]) -> Self::Floats {
        let mut all = [0.0; 16];
        all[..from.len()].copy_from_slice(from);
        self.load(&all)
    }

    /// Stores as many lanes as there is room for.
    #[inline(always)]
    fn store_some(self, value: Self::Floats, to: &mut [f32]) {
        let mut all = [0.0; 16];
        self.store(value, &mut all);
        to.copy_from_slice(&all[..to.len()]);
    }
}

/// An operation with its definition and its vector sibling.
pub(crate) trait Task {
    type Output;

    /// The definition.
    fn plain(self) -> Self::Output;

    /// The sibling; must be `#[inline(always)]`, so that it is compiled for the instructions of `L`.
    fn vectors<L: Lanes>(self, lanes: L) -> Self::Output;
}

impl Kernels {
    /// Runs a task at this level.
    pub(crate) fn perform<T: Task>(self, task: T) -> T::Output {
        match self.level() {
            // SAFETY: `Kernels` has these levels only where their features were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::perform(task) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::perform(task) },
            _ => task.plain(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementary;
    use crate::random::{self, Draw};

    /// Functions of sixteen words and of the floats with their bits.
    struct Functions<'a> {
        words: &'a [u32; 16],
        exponentials: &'a mut [f32; 16],
        noise: &'a mut [f32; 16],
        random: &'a mut [u32; 16],
    }

    const DRAW: Draw = Draw { seed: 0x1234_5678_9abc_def0, path: 0xfedc_ba98_7654_3210, position: 77 };

    impl Task for Functions<'_> {
        type Output = ();

        fn plain(self) {
            for lane in 0..16 {
                let word = self.words[lane];
                self.exponentials[lane] = elementary::exp(f32::from_bits(word));
                self.noise[lane] = random::gumbel(word);
                let counter = [word, DRAW.position, DRAW.path as u32, (DRAW.path >> 32) as u32];
                self.random[lane] = random::philox(counter, [DRAW.seed as u32, (DRAW.seed >> 32) as u32])[lane % 4];
            }
        }

        #[inline(always)]
        fn vectors<L: Lanes>(self, lanes: L) {
            let words = lanes.load_words(self.words);
            lanes.store(exp(lanes, lanes.as_floats(words)), self.exponentials);
            lanes.store(gumbel(lanes, words), self.noise);
            for (part, words) in philox(lanes, words, &DRAW).into_iter().enumerate() {
                let mut all = [0; 16];
                lanes.store_words(words, &mut all);
                (0..4).for_each(|quad| self.random[quad * 4 + part] = all[quad * 4 + part]);
            }
        }
    }

    #[test]
    fn functions_of_vectors_have_the_bits_of_the_plain_ones() {
        for start in (0..=u32::MAX).step_by(9973) {
            let words: [u32; 16] = std::array::from_fn(|lane| start.wrapping_add(lane as u32 * 611));
            let results: Vec<_> = Level::available()
                .into_iter()
                .filter_map(Kernels::at)
                .map(|kernels| {
                    let (mut exponentials, mut noise, mut random) = ([0.0; 16], [0.0; 16], [0; 16]);
                    kernels.perform(Functions {
                        words: &words,
                        exponentials: &mut exponentials,
                        noise: &mut noise,
                        random: &mut random,
                    });
                    // All NaN count as equal.
                    let bits = |value: f32| if value.is_nan() { u32::MAX } else { value.to_bits() };
                    (exponentials.map(bits), noise.map(bits), random)
                })
                .collect();
            assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "words from {start:#x}: {results:x?}");
        }
    }
}
