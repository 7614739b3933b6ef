//! Votes of answers, and acceptance of attempts.

use std::sync::Arc;

use regex::Regex;

use super::job::Accept;
use super::tools::Toolbox;

/// Decides whether a text is accepted, given the job's instruction and the text. It should be deterministic, and may be
/// called on any thread.
pub type Judge = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// The judge and the toolbox that jobs may use.
#[derive(Clone, Default)]
pub(super) struct Askable {
    pub(super) judge: Option<Judge>,
    pub(super) toolbox: Option<Toolbox>,
}

/// The acceptance criterion of a job.
#[derive(Clone)]
pub(super) enum Verdict {
    Any,
    Pattern(Regex),
    Judge(String, Judge),
}

impl Verdict {
    /// The criterion of a job. `None` if it needs a judge and there is none, or its pattern is malformed.
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

/// The vote of an answer. `None` if the answer is empty or the pattern does not match.
pub(super) fn ballot(text: &str, pattern: Option<&Regex>) -> Option<Vec<u8>> {
    let said = match pattern {
        None => text.trim(),
        // The last match, because models repeat the question before they answer it.
        Some(pattern) => {
            let captures = pattern.captures_iter(text).last()?;
            captures.get(1).or(captures.get(0)).map_or("", |found| found.as_str())
        }
    };
    (!said.is_empty()).then(|| said.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_in_a_vote_is_what_the_pattern_finds_last() {
        let text = |ballot: Option<Vec<u8>>| ballot.map(|bytes| String::from_utf8(bytes).expect("text"));
        let counts = |said, pattern: &str| text(ballot(said, Some(&Regex::new(pattern).expect("a pattern"))));
        assert_eq!(text(ballot(" forty-two\n", None)).as_deref(), Some("forty-two"));
        assert_eq!(counts("17 + 25 is 42.", "[0-9]+").as_deref(), Some("42"));
        assert_eq!(counts("x = 1, x = 2", "x = ([0-9])").as_deref(), Some("2"));
        assert_eq!((counts("no number", "[0-9]+"), counts("no number", "[0-9]*")), (None, None));
        assert_eq!(ballot(" \n", None), None, "silence is no answer");
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
