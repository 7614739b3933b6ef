//! What a key may do, and how much of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::request::Kind;

/// What a key lets its holder do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Read pages, runs and theories. Every key may, and may read its own jobs.
    Read,
    /// Ask the prover and the checker.
    Prove,
    /// Ask the language model.
    Reason,
    /// See and cancel the jobs of all keys.
    Admin,
}

impl Scope {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Prove => "prove",
            Scope::Reason => "reason",
            Scope::Admin => "admin",
        }
    }

    /// What a job of this kind takes.
    pub(crate) fn of(kind: Kind) -> Scope {
        match kind {
            Kind::Explore | Kind::Prove | Kind::Check => Scope::Prove,
            Kind::Generate | Kind::Reason => Scope::Reason,
        }
    }
}

/// What a key without a word about it may do: all but see what others ask.
pub(crate) fn usual() -> BTreeSet<Scope> {
    BTreeSet::from([Scope::Read, Scope::Prove, Scope::Reason])
}

/// How much of it; what is left out has no bound of its own. Days are those of UTC.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Quota {
    /// Jobs that wait or are being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jobs: Option<u64>,
    /// Jobs that are taken in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jobs_a_day: Option<u64>,
    /// Tokens that the language model writes in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tokens_a_day: Option<u64>,
    /// CPU seconds of the prover in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_a_day: Option<f64>,
}

impl Quota {
    /// Reads `NAME=NUMBER`.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn set(&mut self, text: &str) -> Result<(), String> {
        let wrong = || {
            format!(
                "`{text}` is no quota: `jobs`, `jobs-a-day`, `tokens-a-day` or `cpu-a-day`, `=` and a number are needed"
            )
        };
        let (name, number) = text.split_once('=').ok_or_else(wrong)?;
        let count = || number.parse::<u64>().map_err(|_| wrong());
        match name {
            "jobs" => self.jobs = Some(count()?),
            "jobs-a-day" => self.jobs_a_day = Some(count()?),
            "tokens-a-day" => self.tokens_a_day = Some(count()?),
            "cpu-a-day" => {
                let seconds = number.parse().ok().filter(|seconds: &f64| *seconds >= 0.0 && seconds.is_finite());
                self.cpu_a_day = Some(seconds.ok_or_else(wrong)?);
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// The quota as it is written on the command line.
    pub(crate) fn words(&self) -> String {
        let counts = [("jobs", self.jobs), ("jobs-a-day", self.jobs_a_day), ("tokens-a-day", self.tokens_a_day)];
        let counts = counts.into_iter().filter_map(|(name, count)| Some(format!("{name}={}", count?)));
        counts.chain(self.cpu_a_day.map(|seconds| format!("cpu-a-day={seconds}"))).collect::<Vec<_>>().join(" ")
    }
}

/// What a key used.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Used {
    /// Jobs that wait or are being done now.
    pub(crate) jobs: u64,
    /// Jobs that were taken today.
    pub(crate) jobs_today: u64,
    /// Tokens that were written today.
    pub(crate) tokens_today: u64,
    /// CPU seconds of today.
    pub(crate) cpu_today: f64,
}

impl Quota {
    /// Whether there is room for another job, that asks the language model or the prover.
    ///
    /// # Errors
    /// If there is none, with the time when there may be.
    pub(crate) fn admits(&self, used: &Used, scope: Scope) -> Result<(), Problem> {
        let tomorrow = |what: String| {
            let why = format!("this key has used its {what} of today; they begin anew at midnight UTC");
            Err(Problem::later("quota-used", seconds_left(), why))
        };
        if let Some(most) = self.jobs.filter(|most| used.jobs >= *most) {
            let why = format!("this key may have {most} jobs at a time; cancel one or wait until one is done");
            return Err(Problem::later("quota-used", 5, why));
        }
        if let Some(most) = self.jobs_a_day.filter(|most| used.jobs_today >= *most) {
            return tomorrow(format!("{most} jobs"));
        }
        if let Some(most) = self.tokens_a_day.filter(|most| scope == Scope::Reason && used.tokens_today >= *most) {
            return tomorrow(format!("{most} tokens"));
        }
        if let Some(most) = self.cpu_a_day.filter(|most| scope == Scope::Prove && used.cpu_today >= *most) {
            return tomorrow(format!("{most} CPU seconds"));
        }
        Ok(())
    }
}

/// The day of today, in UTC.
pub(crate) fn today() -> String {
    Timestamp::now().to_string().chars().take(DAY.len()).collect()
}

/// How a day is written.
const DAY: &str = "2026-11-29";

/// Seconds until it ends. Days of UTC have 86,400 of them.
fn seconds_left() -> u64 {
    86_400 - u64::try_from(Timestamp::now().as_second().rem_euclid(86_400)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_from_words_and_bounds_what_it_names() {
        let mut quota = Quota::default();
        assert_eq!(quota.admits(&Used { jobs: 1000, ..Used::default() }, Scope::Prove).err().map(|_| ()), None);
        for text in ["jobs=2", "jobs-a-day=10", "tokens-a-day=500", "cpu-a-day=1.5"] {
            quota.set(text).expect(text);
        }
        for text in ["jobs", "jobs=-1", "cpu-a-day=x", "tea=3"] {
            assert!(quota.set(text).expect_err(text).contains(text));
        }
        assert_eq!(quota.words(), "jobs=2 jobs-a-day=10 tokens-a-day=500 cpu-a-day=1.5");
        let used = Used { jobs: 1, jobs_today: 9, tokens_today: 500, cpu_today: 1.4 };
        assert!(quota.admits(&used, Scope::Prove).is_ok() && quota.admits(&used, Scope::Reason).is_err());
        assert!(quota.admits(&Used { cpu_today: 1.5, ..used }, Scope::Prove).is_err());
        assert!(quota.admits(&Used { jobs: 2, ..used }, Scope::Prove).is_err());
        assert!((1..=86_401).contains(&seconds_left()) && today().len() == 10);
    }
}
