//! Pseudo-random numbers, each a function of a seed or a text.

/// The SplitMix64 generator; the field is its state.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for place in (1..list.len()).rev() {
            list.swap(place, self.below(place as u64 + 1) as usize);
        }
    }

    /// Draws one of `items` with probability proportional to its weight; `None` if the weights sum to 0.
    pub(crate) fn choose<T: Copy>(&mut self, items: &[T], weights: &[u32]) -> Option<T> {
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut drawn = if total == 0 { return None } else { self.below(total) };
        for (item, weight) in items.iter().zip(weights) {
            match drawn.checked_sub(u64::from(*weight)) {
                Some(rest) => drawn = rest,
                None => return Some(*item),
            }
        }
        None
    }
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(state: u64) -> u64 {
    let bits = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// FNV-1a hash of a text, with a different offset basis for each `number`.
pub(crate) fn hash(text: &str, number: u64) -> u64 {
    let begin = 0xcbf2_9ce4_8422_2325 ^ number.wrapping_mul(STEP);
    let hash = text.bytes().fold(begin, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // FNV-1a mixes the high bits of short texts badly.
    (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
