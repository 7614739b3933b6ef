//! The layout of premises in a prompt: their order, and whether they see each other.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::token::Token;

/// Places premises between the head of a prompt and the rest of it.
pub trait PremiseLayout {
    /// The index of the premise at each place. The premises come best first, if they were ranked.
    fn order(&self, premises: &[Vec<Token>]) -> Vec<usize>;

    /// Whether premises form a set: they start at one position, and none sees another.
    fn is_set(&self) -> bool {
        false
    }
}

/// The layouts. All are exact; a set is not an ordinary text, and most models were not trained for it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// In order of a hash of their tokens: the prompt and the answer do not depend on the order in which they are
    /// listed.
    #[default]
    Canonical,
    /// In the given order.
    Given,
    /// The best at both ends: the first, the third and so on from the front, the second, the fourth and so on from the
    /// back (*Long-Context LLMs Meet RAG*, arXiv 2410.05983).
    Ends,
    /// A set, in canonical order so that no sum has another order either: the keys and values of a premise are the same
    /// to the bit, whatever is beside it (*Order-Independence Without Fine Tuning*, arXiv 2406.06581).
    Set,
}

impl PremiseLayout for Layout {
    fn order(&self, premises: &[Vec<Token>]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..premises.len()).collect();
        match self {
            Layout::Given => {}
            Layout::Canonical | Layout::Set => places.sort_by_cached_key(|place| content_hash(&premises[*place])),
            Layout::Ends => {
                places = (0..premises.len()).step_by(2).chain((1..premises.len()).step_by(2).rev()).collect()
            }
        }
        places
    }

    fn is_set(&self) -> bool {
        *self == Layout::Set
    }
}

fn content_hash(tokens: &[Token]) -> [u8; 32] {
    let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.to_le_bytes()).collect();
    *blake3::hash(&bytes).as_bytes()
}

/// A prompt with premises, and the ranges of those that are members of a set. Premises without tokens are left out.
pub fn laid_out(
    layout: &dyn PremiseLayout,
    head: &[Token],
    premises: &[Vec<Token>],
    rest: &[Token],
) -> (Vec<Token>, Vec<Range<usize>>) {
    let (mut tokens, mut members) = (head.to_vec(), Vec::new());
    for place in layout.order(premises).into_iter().filter(|place| !premises[*place].is_empty()) {
        let from = tokens.len();
        tokens.extend_from_slice(&premises[place]);
        if layout.is_set() {
            members.push(from..tokens.len());
        }
    }
    tokens.extend_from_slice(rest);
    (tokens, members)
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Layout, String> {
        match text {
            "canonical" => Ok(Layout::Canonical),
            "given" => Ok(Layout::Given),
            "ends" => Ok(Layout::Ends),
            "set" => Ok(Layout::Set),
            _ => Err(format!("`{text}` is no layout: `canonical`, `given`, `ends` or `set`")),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Layout::Canonical => "canonical",
            Layout::Given => "given",
            Layout::Ends => "ends",
            Layout::Set => "set",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Layout; 4] = [Layout::Canonical, Layout::Given, Layout::Ends, Layout::Set];

    #[test]
    fn the_best_stand_at_both_ends() {
        let order = |count: u32| Layout::Ends.order(&(0..count).map(|at| vec![at]).collect::<Vec<_>>());
        assert_eq!(order(6), [0, 2, 4, 5, 3, 1]);
        assert_eq!(order(5), [0, 2, 4, 3, 1]);
        assert_eq!((order(0), order(1), order(2)), (vec![], vec![0], vec![0, 1]));
    }

    #[test]
    fn a_layout_is_a_permutation_and_the_canonical_ones_hang_on_what_is_said_alone() {
        let premises: Vec<Vec<Token>> = (0..9).map(|at| vec![at, at * at]).collect();
        let turned: Vec<Vec<Token>> = premises.iter().rev().cloned().collect();
        for layout in ALL {
            let mut order = layout.order(&premises);
            let prompts = [&premises, &turned].map(|premises| laid_out(&layout, &[1], premises, &[2]));
            assert_eq!(prompts[0] == prompts[1], matches!(layout, Layout::Canonical | Layout::Set), "{layout}");
            assert_eq!(prompts[0].0.len(), 20);
            assert_eq!(prompts[0].1.len(), if layout == Layout::Set { 9 } else { 0 });
            order.sort_unstable();
            assert_eq!(order, (0..9).collect::<Vec<_>>());
            assert_eq!(layout.to_string().parse(), Ok(layout));
        }
        assert!("best".parse::<Layout>().is_err());
    }
}
