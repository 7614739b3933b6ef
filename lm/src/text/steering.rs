//! The names of control tokens, and their occurrences in a text.

use std::collections::BTreeMap;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchError};

use crate::text::token::Token;

/// Control tokens, and an automaton that finds their names in a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steering {
    /// The longest name first; names of the same length in their original order.
    names: Vec<(String, Token)>,
    /// Indices into `names`, by token; the first one if a token has several names.
    by_token: BTreeMap<Token, usize>,
    /// Reads a text backwards, so that at each byte it knows the names that begin there. `None` without names.
    finder: Option<Finder>,
}

/// An automaton over the reversed names: one step per byte of text, however many names there are. Source: Aho &
/// Corasick 1975, *Efficient string matching: an aid to bibliographic search*.
#[derive(Clone, Debug)]
struct Finder {
    automaton: NFA,
    start: StateID,
}

impl Finder {
    fn new(names: &[(String, Token)]) -> Result<Finder, FinderError> {
        let reversed = names.iter().map(|(name, _)| name.bytes().rev().collect::<Vec<u8>>());
        let automaton = NFA::new(reversed)?;
        let start = automaton.start_state(Anchored::No)?;
        Ok(Finder { automaton, start })
    }
}

/// The names are too many or too long for an automaton.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum FinderError {
    Build(#[from] BuildError),
    Start(#[from] MatchError),
}

/// The start of a name in a text, and the longest name that begins there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    pub(crate) at: usize,
    pub(crate) length: usize,
    pub(crate) token: Token,
}

impl Steering {
    /// Control tokens with these names. A token without a name cannot be written.
    pub(crate) fn new(mut names: Vec<(String, Token)>) -> Result<Steering, FinderError> {
        names.retain(|(name, _)| !name.is_empty());
        names.sort_by(|left, right| right.0.len().cmp(&left.0.len()).then(left.cmp(right)));
        let mut by_token = BTreeMap::new();
        for (place, (_, token)) in names.iter().enumerate() {
            by_token.entry(*token).or_insert(place);
        }
        let finder = if names.is_empty() { None } else { Some(Finder::new(&names)?) };
        Ok(Steering { names, by_token, finder })
    }

    /// The tokens with their names, the longest name first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Token)> {
        self.names.iter().map(|(name, token)| (name.as_str(), *token))
    }

    /// The name of a token; `None` if it is not a control token.
    pub(crate) fn name(&self, token: Token) -> Option<&str> {
        self.by_token.get(&token).map(|place| self.names[*place].0.as_str())
    }

    /// Every index at which a name begins, ascending; names may overlap.
    pub(crate) fn named_in(&self, text: &str) -> Vec<Named> {
        self.find(text, &mut 0)
    }

    /// As `named_in`. Adds the bytes that are read and the names that are looked at to `work`.
    fn find(&self, text: &str, work: &mut usize) -> Vec<Named> {
        let Some(Finder { automaton, start }) = &self.finder else { return Vec::new() };
        let (mut found, mut state) = (Vec::new(), *start);
        for (at, byte) in text.bytes().enumerate().rev() {
            *work += 1;
            state = automaton.next_state(Anchored::No, state, byte);
            if !automaton.is_match(state) {
                continue;
            }
            *work += automaton.match_len(state);
            let begin_here = (0..automaton.match_len(state)).map(|index| automaton.match_pattern(state, index));
            // The longest name first, and the first of two tokens with the same name: the lowest index.
            if let Some(place) = begin_here.map(|pattern| pattern.as_usize()).min() {
                let (name, token) = &self.names[place];
                found.push(Named { at, length: name.len(), token: *token });
            }
        }
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steering(names: &[&str]) -> Steering {
        let names = names.iter().zip(0..).map(|(name, token)| ((*name).to_owned(), token)).collect();
        Steering::new(names).expect("an automaton")
    }

    /// The definition: each name is tried at each index.
    fn naive(steering: &Steering, text: &str) -> Vec<Named> {
        let places = text.char_indices().map(|(at, _)| at);
        let named = |at: usize| {
            let first = steering.iter().find(|(name, _)| text[at..].starts_with(name));
            first.map(|(name, token)| Named { at, length: name.len(), token })
        };
        places.filter_map(named).collect()
    }

    #[test]
    fn every_place_is_found_with_its_longest_name() {
        let steering = steering(&["<a>", "<a><b>", "a><", "é", "éé", "<a>", ""]);
        for text in ["", "<a>", "<a><b><a>", "<a><a><b", "ééé <a>", "<<a>>é", "nothing"] {
            assert_eq!(steering.named_in(text), naive(&steering, text), "{text}");
        }
        assert_eq!(steering.named_in("<a><b>")[0], Named { at: 0, length: 6, token: 1 });
        assert_eq!((steering.name(1), steering.name(6), steering.name(9)), (Some("<a><b>"), None, None));
        assert!(Steering::default().named_in("<a>").is_empty());
    }

    #[test]
    fn random_texts_of_random_names_are_read_as_by_trying() {
        for seed in 0..200u64 {
            let draw = theoremata_kernels::Draw { seed, path: 0, position: 0 };
            let word = |from: u32, length: u32| -> String {
                (from..from + length).map(|at| ['<', 'a', 'é', '>'][draw.word(at) as usize % 4]).collect()
            };
            let names: Vec<String> = (0..1 + seed as u32 % 7).map(|name| word(name * 10, 1 + name % 4)).collect();
            let steering = steering(&names.iter().map(String::as_str).collect::<Vec<_>>());
            let text = word(1000, 200);
            assert_eq!(steering.named_in(&text), naive(&steering, &text), "seed {seed}");
        }
    }

    #[test]
    fn the_work_grows_with_the_text_and_not_with_the_names_or_how_often_they_come() {
        let names: Vec<String> = (0..500).map(|number| format!("<|reserved_{number}|>")).collect();
        let steering = steering(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for part in ["<|reserved_499|>", "<|reserved_", "<", "plain text ", "<|reserved_1|"] {
            let text = part.repeat(20_000 / part.len());
            let mut work = 0;
            steering.find(&text, &mut work);
            assert!(work <= text.len() + text.len() / part.len() + 1, "{work} for {} bytes of {part}", text.len());
        }
    }
}
