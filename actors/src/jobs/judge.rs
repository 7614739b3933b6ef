//! What counts of an answer, and which answers are accepted.

use std::sync::Arc;

use regex::Regex;

use super::job::Accept;

/// Says whether a text is accepted: what the job says of the judge, and the text. It should say the same of the
/// same text each time; it may be asked on any thread.
pub type Judge = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// Which attempts of a job are accepted.
#[derive(Clone)]
pub(super) enum Verdict {
    Any,
    Pattern(Regex),
    Judge(String, Judge),
}

impl Verdict {
    /// The verdict of a job. Nothing, if it wants a judge and there is none, or its pattern cannot be read.
    pub(super) fn new(accept: &Accept, judge: Option<&Judge>) -> Option<Verdict> {
        Some(match accept {
            Accept::Any => Verdict::Any,
            Accept::Pattern(pattern) => Verdict::Pattern(Regex::new(pattern).ok()?),
            Accept::Judge(what) => Verdict::Judge(what.clone(), judge?.clone()),
        })
    }

    pub(super) fn accepts(&self, text: &str) -> bool {
        match self {
            Verdict::Any => !text.trim().is_empty(),
            Verdict::Pattern(pattern) => pattern.is_match(text),
            Verdict::Judge(what, judge) => judge(what, text),
        }
    }
}

/// What an answer counts as in a vote.
pub(super) fn ballot(text: &str, pattern: Option<&Regex>) -> Vec<u8> {
    let Some(pattern) = pattern else { return text.trim().as_bytes().to_vec() };
    // Models repeat the question before they answer it.
    let captures = pattern.captures_iter(text).last();
    let found =
        captures.and_then(|captures| captures.get(1).or(captures.get(0)).map(|found| found.as_str().to_owned()));
    found.unwrap_or_default().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_in_a_vote_is_what_the_pattern_finds_last() {
        let counts = |text, pattern: &str| ballot(text, Some(&Regex::new(pattern).expect("a pattern")));
        assert_eq!(ballot(" forty-two\n", None), b"forty-two");
        assert_eq!(counts("17 + 25 is 42.", "[0-9]+"), b"42");
        assert_eq!(counts("x = 1, x = 2", "x = ([0-9])"), b"2");
        assert_eq!(counts("no number", "[0-9]+"), b"");
    }

    #[test]
    fn without_a_judge_nothing_is_judged() {
        assert!(Verdict::new(&Accept::Judge("prover".into()), None).is_none());
        let judge: Judge = Arc::new(|what, text| what == text);
        let verdict = Verdict::new(&Accept::Judge("yes".into()), Some(&judge)).expect("a verdict");
        assert!(verdict.accepts("yes") && !verdict.accepts("no"));
        assert!(!Verdict::Any.accepts(" \n"));
    }
}
