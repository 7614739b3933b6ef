//! When answers agree, and how many have to.
//!
//! Source: *Generative AI Consensus* (the part on language models): independent runs are compared for identity or by a
//! similarity hash. There are three degrees: the same tokens, by a hash that also names model and draw, which is
//! certain on equal backends, so that a difference means a broken worker; the same ballot, as [`Vote`](crate::Vote)
//! counts it; and similar texts, for free text. Agreement only ranks unchecked answers: one checked proof beats any
//! number of votes.

use crate::text::token::Token;

/// Texts are similar if their hashes differ in at most this many of the 64 bits.
pub const CLOSE_BITS: u32 = 3;

/// The hash of a run: model, prompt, seed and output. Workers that are not broken agree on it.
pub fn run_hash(model: &str, prompt: &[Token], seed: u64, said: &[Token]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    let spelled = |tokens: &[Token]| -> Vec<u8> { tokens.iter().flat_map(|token| token.to_le_bytes()).collect() };
    add(model.as_bytes());
    add(&spelled(prompt));
    add(&seed.to_le_bytes());
    add(&spelled(said));
    *hasher.finalize().as_bytes()
}

/// A similarity hash: most of its bits stay the same when a little of the text changes. Each run of three letters or
/// digits, ignoring case, votes on each bit.
///
/// Source: Charikar 2002, *Similarity Estimation Techniques from Rounding Algorithms*.
pub fn similarity_hash(text: &str) -> u64 {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
    let mut votes = [0i64; 64];
    let runs = letters.windows(3.min(letters.len().max(1)));
    for run in runs {
        let spelled: String = run.iter().collect();
        let hash = blake3::hash(spelled.as_bytes());
        let word = u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap_or(&[0; 8]));
        for (bit, vote) in votes.iter_mut().enumerate() {
            *vote += if word >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    votes.iter().enumerate().fold(0, |hash, (bit, vote)| hash | u64::from(*vote > 0) << bit)
}

/// Whether two texts are similar.
pub fn is_close(one: &str, other: &str) -> bool {
    (similarity_hash(one) ^ similarity_hash(other)).count_ones() <= CLOSE_BITS
}

/// Each text by the index of the first that it is similar to, and how many are similar to that one, in order of index.
/// Similarity is not transitive: a text counts for the first one it is similar to, so the result depends on the order
/// of indices, not of arrival.
pub fn count_close<'t>(texts: impl IntoIterator<Item = (u32, &'t str)>) -> Vec<(u32, usize)> {
    let mut by_place: Vec<(u32, u64)> = texts.into_iter().map(|(place, text)| (place, similarity_hash(text))).collect();
    by_place.sort_unstable();
    let mut counted: Vec<(u32, u64, usize)> = Vec::new();
    for (place, hash) in by_place {
        match counted.iter_mut().find(|(_, other, _)| (other ^ hash).count_ones() <= CLOSE_BITS) {
            Some((_, _, votes)) => *votes += 1,
            None => counted.push((place, hash, 1)),
        }
    }
    counted.into_iter().map(|(place, _, votes)| (place, votes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::vote::elected;

    #[test]
    fn one_flipped_bit_of_a_worker_is_seen() {
        let said = [3, 1, 4, 1, 5];
        let name = run_hash("m", &[1, 2], 7, &said);
        assert_eq!(name, run_hash("m", &[1, 2], 7, &said));
        for bit in 0..5 {
            let mut broken = said;
            broken[bit] ^= 1 << bit;
            assert_ne!(name, run_hash("m", &[1, 2], 7, &broken));
        }
        assert_ne!(name, run_hash("m", &[1], 7, &[2, 3, 1, 4, 1, 5]), "what is asked does not run into what is said");
        assert_ne!(name, run_hash("m", &[1, 2], 8, &said));
    }

    #[test]
    fn texts_that_differ_little_are_close_and_others_are_not() {
        let text = "The sum of two even numbers is even, because each of them is twice a number, and the sum of two such \
            numbers is twice the sum of these numbers; so it is even again, which was to be shown here for all of them.";
        assert!(is_close(text, &text.replace("The sum", "the  sum").replace(';', ",")));
        assert!(is_close(text, &text.to_uppercase()));
        assert!(!is_close(
            text,
            "Every group of prime order is cyclic, by the theorem of Lagrange on orders of subgroups."
        ));
        assert!(is_close("", " ") && is_close("ab", "A b"));
    }

    #[test]
    fn a_quorum_does_not_hang_on_who_comes_first() {
        let texts = ["yes, it is so", "no, never", "Yes: it is so!", "yes it is so"];
        let mut orders = vec![vec![0, 1, 2, 3], vec![3, 2, 1, 0], vec![1, 3, 0, 2]];
        let counts: Vec<_> = orders
            .drain(..)
            .map(|order: Vec<u32>| count_close(order.into_iter().map(|place| (place, texts[place as usize]))))
            .collect();
        assert!(counts.iter().all(|votes| *votes == [(0, 3), (1, 1)]), "{counts:?}");
        assert_eq!((elected(&counts[0], 2), elected(&counts[0], 4)), (Some(0), None));
    }
}
