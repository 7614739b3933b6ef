//! Prompt lookup: the token that followed the last few tokens earlier in the same text.

use crate::text::token::Token;

/// The longest match that is measured, in tokens.
const LONGEST: usize = 16;

/// The token after the last earlier occurrence of the last four tokens, else of the last three, else of the last two;
/// and the length of the match, at most 16. One pass from the end.
pub(super) fn looked_up(tokens: &[Token]) -> Option<(Token, usize)> {
    let end = tokens.len();
    let mut best: Option<(Token, usize)> = None;
    // `at` is the index of the token that would follow.
    for at in (2..end).rev() {
        if tokens[at - 1] != tokens[end - 1] || tokens[at - 2] != tokens[end - 2] {
            continue;
        }
        let pairs = tokens[..at].iter().rev().zip(tokens.iter().rev());
        let length = pairs.take(LONGEST).take_while(|(one, other)| one == other).count();
        if best.is_none_or(|(_, other)| length > other) {
            best = Some((tokens[at], length));
        }
        if length >= 4 {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_occurrence_of_the_longest_run_counts() {
        assert_eq!(looked_up(&[]), None);
        assert_eq!(looked_up(&[1, 1]), None);
        assert_eq!(looked_up(&[1, 1, 1]), Some((1, 2)));
        assert_eq!(looked_up(&[1, 2, 3, 4, 5]), None);
        assert_eq!(looked_up(&[1, 2, 9, 1, 2, 8, 1, 2]), Some((8, 2)), "the later of two");
        assert_eq!(looked_up(&[7, 1, 2, 9, 1, 2, 8, 7, 1, 2]), Some((9, 3)), "the longer of two");
        assert_eq!(looked_up(&[5, 6, 7, 1, 2, 9, 6, 7, 1, 2, 8, 5, 6, 7, 1, 2]), Some((8, 4)), "four are enough");
        let long: Vec<Token> = (0..40).chain(0..30).collect();
        assert_eq!(looked_up(&long), Some((30, 16)));
    }
}
