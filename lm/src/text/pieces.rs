//! SentencePiece BPE: pieces of text are merged by score. Used by Llama 2, Mistral and Gemma. Source: Kudo & Richardson
//! 2018, *SentencePiece*, its BPE model.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use crate::text::token::Token;

/// The symbol for a blank in such a vocabulary.
pub(crate) const BLANK: char = '\u{2581}';

/// A vocabulary of pieces.
#[derive(Clone, Debug)]
pub(crate) struct SentencePieces {
    /// Each piece with its token and its score. For look-up only; never iterated.
    pieces: HashMap<Box<str>, (Token, f32)>,
    /// The token of each byte, for characters that are in no piece.
    bytes: Vec<Option<Token>>,
}

/// Two neighbours that form a piece.
struct Pair {
    score: f32,
    /// Index of the left one.
    left: usize,
    right: usize,
    /// Bytes of both, which show whether one of them was merged with another in the meantime.
    length: usize,
}

impl Ord for Pair {
    /// The best score is the greatest; among equal scores, the leftmost pair.
    fn cmp(&self, other: &Pair) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Pair) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Pair) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// A part of the text, and the indices of its neighbours.
#[derive(Clone, Copy)]
struct Symbol {
    at: usize,
    length: usize,
    before: Option<usize>,
    behind: Option<usize>,
}

impl SentencePieces {
    pub(crate) fn new(pieces: HashMap<Box<str>, (Token, f32)>, bytes: Vec<Option<Token>>) -> SentencePieces {
        SentencePieces { pieces, bytes }
    }

    /// The tokens of a text in which blanks are written as [`BLANK`]. Takes `O(n log n)` steps for `n` characters.
    pub(crate) fn encode(&self, text: &str, tokens: &mut Vec<Token>) {
        let count = text.chars().count();
        let mut symbols: Vec<Symbol> = text
            .char_indices()
            .enumerate()
            .map(|(place, (at, character))| Symbol {
                at,
                length: character.len_utf8(),
                before: place.checked_sub(1),
                behind: Some(place + 1).filter(|next| *next < count),
            })
            .collect();
        let mut pairs = BinaryHeap::new();
        for right in 1..count {
            pairs.extend(self.pair(text, &symbols, right - 1, right));
        }
        while let Some(Pair { left, right, length, .. }) = pairs.pop() {
            // One of them was already merged with another.
            if symbols[left].length == 0 || symbols[left].length + symbols[right].length != length {
                continue;
            }
            if symbols[right].length == 0 {
                continue;
            }
            let behind = symbols[right].behind;
            (symbols[left].length, symbols[left].behind) = (length, behind);
            symbols[right].length = 0;
            if let Some(behind) = behind {
                symbols[behind].before = Some(left);
                pairs.extend(self.pair(text, &symbols, left, behind));
            }
            if let Some(before) = symbols[left].before {
                pairs.extend(self.pair(text, &symbols, before, left));
            }
        }
        let mut next = (count > 0).then_some(0);
        while let Some(place) = next {
            let Symbol { at, length, behind, .. } = symbols[place];
            let part = &text[at..at + length];
            match self.pieces.get(part) {
                Some((token, _)) => tokens.push(*token),
                None => tokens.extend(part.bytes().filter_map(|byte| self.bytes[usize::from(byte)])),
            }
            next = behind;
        }
    }

    fn pair(&self, text: &str, symbols: &[Symbol], left: usize, right: usize) -> Option<Pair> {
        let length = symbols[left].length + symbols[right].length;
        let (_, score) = self.pieces.get(&text[symbols[left].at..symbols[left].at + length])?;
        Some(Pair { score: *score, left, right, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_pair_is_joined_first_and_what_is_in_no_piece_is_spelled_in_bytes() {
        let words = ["a", "b", "c", "ab", "bc", "abc", "aa"];
        let scores = [0.0, 0.0, 0.0, -2.0, -1.0, -3.0, -4.0];
        let pieces = words.iter().zip(scores).zip(0..).map(|((word, score), token)| ((*word).into(), (token, score)));
        let bytes = (0..=255u32).map(|byte| Some(100 + byte)).collect();
        let vocabulary = SentencePieces::new(pieces.collect(), bytes);
        let encode = |text: &str| {
            let mut tokens = Vec::new();
            vocabulary.encode(text, &mut tokens);
            tokens
        };
        assert_eq!(encode("abc"), [5], "bc is joined first, and then a with it");
        assert_eq!(encode("abab"), [3, 3]);
        assert_eq!(encode("aaa"), [6, 0], "of equal pairs the left one");
        assert_eq!(encode("é"), [100 + 0xC3, 100 + 0xA9]);
        assert!(encode("").is_empty());
    }

    /// The definition: the best pair of neighbours is merged, the left one among equals, until none forms a piece.
    fn slowly(vocabulary: &SentencePieces, text: &str) -> Vec<Token> {
        let mut parts: Vec<String> = text.chars().map(String::from).collect();
        loop {
            let score = |at: usize| vocabulary.pieces.get(&*format!("{}{}", parts[at], parts[at + 1]));
            let pairs = (0..parts.len().saturating_sub(1)).filter_map(|at| Some((score(at)?.1, at)));
            // `max_by` returns the last maximum, so this goes from the right.
            let Some((_, at)) = pairs.rev().max_by(|one, other| one.0.total_cmp(&other.0)) else { break };
            let right = parts.remove(at + 1);
            parts[at].push_str(&right);
        }
        let spelled = |part: &String| match vocabulary.pieces.get(part.as_str()) {
            Some((token, _)) => vec![*token],
            None => part.bytes().filter_map(|byte| vocabulary.bytes[usize::from(byte)]).collect(),
        };
        parts.iter().flat_map(spelled).collect()
    }

    #[test]
    fn any_text_is_parted_as_the_definition_says() {
        let bytes: Vec<Option<Token>> = (0..=255u32).map(|byte| Some(1000 + byte)).collect();
        for seed in 0..200u32 {
            let mut state = seed;
            let mut next = |bound: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) % bound
            };
            let letters = ['a', 'b', 'c', BLANK, '\u{e9}', 'd'];
            let mut word = |longest: u32, letters: &[char]| -> String {
                (0..=next(longest)).map(|_| letters[next(letters.len() as u32) as usize]).collect()
            };
            let words: Vec<String> = (0..40).map(|_| word(5, &letters[..5])).collect();
            let texts: Vec<String> = (0..4).map(|_| word(60, &letters)).collect();
            // Few different scores, so that many are equal; some are infinite, which no file should contain.
            let scores = [-1.0, 0.0, 2.5, f32::INFINITY, f32::NEG_INFINITY, -1.0];
            let pieces =
                words.into_iter().zip(0..).map(|(word, token)| (word.into(), (token, scores[token as usize % 6])));
            let vocabulary = SentencePieces::new(pieces.collect(), bytes.clone());
            for text in texts {
                let mut tokens = Vec::new();
                vocabulary.encode(&text, &mut tokens);
                assert_eq!(tokens, slowly(&vocabulary, &text), "seed {seed}: {text}");
            }
        }
    }
}
