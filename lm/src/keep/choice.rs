//! The names and parameters of policies.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::keep::anchors::Anchors;
use crate::keep::demote::Demote;
use crate::keep::ladder::{self, Ladder, Steps};
use crate::keep::policy::KvPolicy;
use crate::keep::recall::{self, Recall, Units};
use crate::keep::scored::{self, Score, Scored};

/// The KV cache policy of a tree. All but [`Kv::All`] are approximate as soon as they act.
///
/// Written `all`, `ladder:256,2,0`, `scored:256,keys`, `anchors:20,counted`, `demote:20,2`, `sentences:256` or
/// `clusters:256,70`; everything after the first number may be left out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Kv {
    /// Everything is kept.
    #[default]
    All,
    /// Other tokens in each layer (LaCache).
    Ladder {
        /// At most this many entries of a text.
        capacity: usize,
        /// Layers in which a token is kept at first; 0 for half of them.
        span: usize,
        /// How many of these layers neighbouring tokens share.
        overlap: usize,
    },
    /// The entries with the highest scores when they are read (Locret, with a choice of scores).
    Scored {
        /// At most this many entries of a text.
        capacity: usize,
        /// Whether large values score high; otherwise small keys do.
        values: bool,
    },
    /// Entries are merged into those that received most attention (Elastic Cache).
    Anchors {
        /// Percentage of entries that are dropped.
        dropped: usize,
        /// Whether an entry counts once for each token that it stands for.
        counted: bool,
    },
    /// Entries that received little attention are kept in few bits (MiKV).
    Demote {
        /// Percentage of entries that stay as they are.
        high: usize,
        /// Bits of the others.
        bits: u32,
    },
    /// The sentences that match the query are in view (SentenceKV).
    Sentences {
        /// At most this many tokens in view.
        budget: usize,
    },
    /// The clusters that match the query are in view (LouisKV).
    Clusters {
        /// At most this many tokens in view.
        budget: usize,
        /// The cosine, in hundredths, below which the choice is made anew.
        turn: i32,
    },
}

/// Why a policy is invalid.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// No policy has this name.
    #[error(
        "`{0}` is no policy of keys and values: `all`, `ladder:CAPACITY[,SPAN[,OVERLAP]]`, `scored:CAPACITY[,keys|values]`, \
         `anchors:PERCENT[,counted|once]`, `demote:PERCENT[,BITS]`, `sentences:BUDGET` or `clusters:BUDGET[,HUNDREDTHS]`"
    )]
    Unknown(String),
    /// A parameter that is not a number, or out of bounds.
    #[error("`{policy}`: {what} must be a whole number from {least} to {most}")]
    Range {
        /// The policy as it was written.
        policy: String,
        /// The name of the parameter.
        what: &'static str,
        /// Its minimum.
        least: i64,
        /// Its maximum.
        most: i64,
    },
    /// The backend does not report the attention that the policy needs.
    #[error("`{policy}` looks at attention, which {device} does not tell; the processor does (`--device cpu`)")]
    Unwatched {
        /// The policy.
        policy: String,
        /// The device.
        device: String,
    },
}

/// The largest number of entries that a policy may keep of a text.
const MOST: i64 = 1 << 24;

impl Kv {
    /// Whether everything is kept.
    pub fn is_all(&self) -> bool {
        *self == Kv::All
    }

    /// The policy for a model with this many layers; `None` if everything is kept.
    ///
    /// # Errors
    /// If a parameter is out of bounds, some of which depend on the model.
    pub(crate) fn policy(&self, layers: usize) -> Result<Option<Arc<dyn KvPolicy>>, KvError> {
        let within = |what, number: i64, least: usize, most: i64| {
            let least = least as i64;
            let fits = (least..=most).contains(&number);
            if fits { Ok(()) } else { Err(KvError::Range { policy: self.to_string(), what, least, most }) }
        };
        Ok(Some(match *self {
            Kv::All => return Ok(None),
            Kv::Ladder { capacity, span, overlap } => {
                let span = if span == 0 { layers.div_ceil(2) } else { span };
                within("the span", span as i64, 1, layers as i64 - 1)?;
                within("the overlap", overlap as i64, 0, span as i64 - 1)?;
                let steps = Steps::new(layers, span, overlap);
                within("the capacity", capacity as i64, ladder::least(layers, steps), MOST)?;
                Arc::new(Ladder { capacity, steps })
            }
            Kv::Scored { capacity, values } => {
                within("the capacity", capacity as i64, scored::LEAST, MOST)?;
                Arc::new(Scored { capacity, score: if values { Score::LargeValues } else { Score::SmallKeys } })
            }
            Kv::Anchors { dropped, counted } => {
                within("the share", dropped as i64, 0, 95)?;
                Arc::new(Anchors { dropped, counted })
            }
            Kv::Demote { high, bits } => {
                within("the share", high as i64, 0, 100)?;
                within("the bits", i64::from(bits), 1, 8)?;
                Arc::new(Demote { high, bits })
            }
            Kv::Sentences { budget } => {
                within("the budget", budget as i64, recall::LEAST, MOST)?;
                Arc::new(Recall { budget, units: Units::Sentences })
            }
            Kv::Clusters { budget, turn } => {
                within("the budget", budget as i64, recall::LEAST, MOST)?;
                within("the cosine", i64::from(turn.abs()), 0, 101)?;
                Arc::new(Recall { budget, units: Units::Clusters(turn) })
            }
        }))
    }
}

impl fmt::Display for Kv {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kv::All => out.write_str("all"),
            Kv::Ladder { capacity, span, overlap } => write!(out, "ladder:{capacity},{span},{overlap}"),
            Kv::Scored { capacity, values } => {
                write!(out, "scored:{capacity},{}", if *values { "values" } else { "keys" })
            }
            Kv::Anchors { dropped, counted } => {
                write!(out, "anchors:{dropped},{}", if *counted { "counted" } else { "once" })
            }
            Kv::Demote { high, bits } => write!(out, "demote:{high},{bits}"),
            Kv::Sentences { budget } => write!(out, "sentences:{budget}"),
            Kv::Clusters { budget, turn } => write!(out, "clusters:{budget},{turn}"),
        }
    }
}

impl FromStr for Kv {
    type Err = KvError;

    fn from_str(text: &str) -> Result<Kv, KvError> {
        let unknown = || KvError::Unknown(text.to_owned());
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut parts = rest.split(',').filter(|part| !part.is_empty());
        let number = |part: Option<&str>, what, usual: Option<i64>| -> Result<i64, KvError> {
            let found = part.map_or(usual, |part| part.parse().ok());
            found.ok_or_else(|| KvError::Range { policy: text.to_owned(), what, least: 0, most: MOST })
        };
        let count = |part, what, usual| -> Result<usize, KvError> {
            let number = number(part, what, usual)?;
            usize::try_from(number).map_err(|_| KvError::Range { policy: text.to_owned(), what, least: 0, most: MOST })
        };
        let one_of = |part: Option<&str>, [yes, no]: [&str; 2], usual: bool| match part {
            None => Ok(usual),
            Some(part) if part == yes => Ok(true),
            Some(part) if part == no => Ok(false),
            Some(_) => Err(unknown()),
        };
        let kv = match name {
            "all" => Kv::All,
            "ladder" => Kv::Ladder {
                capacity: count(parts.next(), "the capacity", None)?,
                span: count(parts.next(), "the span", Some(0))?,
                overlap: count(parts.next(), "the overlap", Some(0))?,
            },
            "scored" => Kv::Scored {
                capacity: count(parts.next(), "the capacity", None)?,
                values: one_of(parts.next(), ["values", "keys"], false)?,
            },
            "anchors" => Kv::Anchors {
                dropped: count(parts.next(), "the share", None)?,
                counted: one_of(parts.next(), ["counted", "once"], true)?,
            },
            "demote" => Kv::Demote {
                high: count(parts.next(), "the share", None)?,
                bits: count(parts.next(), "the bits", Some(2))?.min(99) as u32,
            },
            "sentences" => Kv::Sentences { budget: count(parts.next(), "the budget", None)? },
            "clusters" => Kv::Clusters {
                budget: count(parts.next(), "the budget", None)?,
                turn: number(parts.next(), "the cosine", Some(70))?.clamp(-999, 999) as i32,
            },
            _ => return Err(unknown()),
        };
        if parts.next().is_some() { Err(unknown()) } else { Ok(kv) }
    }
}

impl TryFrom<String> for Kv {
    type Error = KvError;

    fn try_from(text: String) -> Result<Kv, KvError> {
        text.parse()
    }
}

impl From<Kv> for String {
    fn from(kv: Kv) -> String {
        kv.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "all",
            "ladder:64,2,1",
            "scored:64,values",
            "anchors:20,once",
            "demote:20,2",
            "sentences:99",
            "clusters:99,-5",
        ] {
            let kv: Kv = text.parse().expect(text);
            assert_eq!(kv.to_string(), text);
            assert_eq!(serde_json::from_value::<Kv>(serde_json::json!(text)).ok(), Some(kv));
        }
        assert_eq!("demote:20".parse(), Ok(Kv::Demote { high: 20, bits: 2 }));
        assert_eq!("ladder:64".parse(), Ok(Kv::Ladder { capacity: 64, span: 0, overlap: 0 }));
    }

    #[test]
    fn absurd_numbers_are_refused_with_the_bound() {
        let refused = |text: &str| {
            let read = text.parse::<Kv>().and_then(|kv| kv.policy(30).map(|_| ()));
            read.expect_err(text).to_string()
        };
        assert!(refused("ladder:10").contains("the capacity must be a whole number from 38 to"));
        assert!(refused("ladder:640,30").contains("the span must be a whole number from 1 to 29"));
        assert!(refused("ladder:640,5,5").contains("the overlap must be a whole number from 0 to 4"));
        assert!(refused("scored:0").contains("from 16 to"));
        assert!(refused("anchors:100").contains("from 0 to 95"));
        assert!(refused("demote:101").contains("from 0 to 100"));
        assert!(refused("demote:20,17").contains("the bits must be a whole number from 1 to 8"));
        assert!(refused("sentences:-3").contains("the budget"));
        assert!(refused("sentences:3").contains("from 68 to"));
        assert!(refused("clusters:99,400").contains("the cosine"));
        for text in ["", "lader:9", "all:,1", "scored:99,weights", "demote:20,2,2"] {
            assert!(refused(text).contains("is no policy"), "{text}");
        }
        assert!(refused("ladder:x").contains("the capacity must be a whole number"));
    }
}
