//! The identity of an advisor, as text: everything that its answers depend on.

use std::fmt;
use std::str::FromStr;

use theoremata_logic::search::explore::Topic;
use theoremata_logic::search::premises::Chooser;

/// An advisor, with everything that its answers depend on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum By {
    /// Random statements.
    Random {
        /// The seed.
        seed: u64,
    },
    /// Statements sampled from an n-gram table.
    Ngram {
        /// The seed.
        seed: u64,
        /// The fingerprint of the table.
        table: u64,
    },
    /// Generalised subgoals.
    Generalise,
    /// Premise selection by symbol overlap.
    Overlap(Chooser),
    /// A language model.
    Model {
        /// The identity of the model: the hash of its file, without blanks.
        identity: String,
        /// The seed of its samples.
        seed: u64,
        /// Maximal tokens of a proposal.
        tokens: usize,
    },
}

impl By {
    /// The topics that it can answer.
    #[must_use]
    pub fn topics(&self) -> &'static [Topic] {
        match self {
            By::Random { .. } | By::Ngram { .. } | By::Model { .. } => &Topic::ALL,
            By::Generalise => &[Topic::Lemma],
            By::Overlap(_) => &[Topic::Premises],
        }
    }
}

/// A text that is no advisor.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` names no advisor")]
pub struct Unfit(String);

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            By::Random { seed } => write!(f, "random seed={seed}"),
            By::Ngram { seed, table } => write!(f, "ngram seed={seed} table={table:016x}"),
            By::Generalise => write!(f, "generalise"),
            By::Overlap(chooser) => write!(f, "overlap by={}", chooser.name()),
            By::Model { identity, seed, tokens } => write!(f, "model is={identity} seed={seed} tokens={tokens}"),
        }
    }
}

impl FromStr for By {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<By, Unfit> {
        let mut words = text.split(' ');
        let name = words.next().unwrap_or_default();
        let values: Vec<&str> = words.collect();
        let value = |key: &str| values.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        let number = |key: &str| value(key)?.parse::<u64>().ok();
        let read = || {
            Some(match name {
                "random" => By::Random { seed: number("seed")? },
                "ngram" => By::Ngram { seed: number("seed")?, table: u64::from_str_radix(value("table")?, 16).ok()? },
                "generalise" => By::Generalise,
                "overlap" => By::Overlap(Chooser::ALL.into_iter().find(|known| Some(known.name()) == value("by"))?),
                "model" => By::Model {
                    identity: value("is")?.to_owned(),
                    seed: number("seed")?,
                    tokens: value("tokens")?.parse().ok()?,
                },
                _ => return None,
            })
        };
        // Only a text that prints back identically was written by us.
        read().filter(|by| by.to_string() == text).ok_or_else(|| Unfit(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advisor_is_read_as_it_is_written_and_nothing_else_is() {
        let model = By::Model { identity: "3fa9".to_owned(), seed: 7, tokens: 48 };
        let mut all = vec![By::Random { seed: 3 }, By::Ngram { seed: 0, table: 0xab }, By::Generalise, model];
        all.extend(Chooser::ALL.map(By::Overlap));
        for by in all {
            assert_eq!(by.to_string().parse(), Ok(by));
        }
        for wrong in
            ["", "random", "random seed=-1", "random seed=1 ", "overlap by=magic", "oracle", "ngram seed=0 table=ab"]
        {
            assert!(wrong.parse::<By>().is_err(), "{wrong}");
        }
    }
}
