//! What a policy is.

use std::fmt;

use crate::keep::run::{Listed, Run};
use crate::text::token::Token;

/// Where the text of a sequence is cut into stretches. At the end of each the policy works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    /// Tokens of a stretch of the prompt at most.
    pub(crate) prompt: usize,
    /// Tokens of a stretch of what stands behind it at most. Stretches also end with the text of a turn or branch.
    pub(crate) text: usize,
    /// Whether a stretch of text ends with a sentence or a line as well.
    pub(crate) sentences: bool,
}

/// What became of a run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kept {
    /// What rows see of it, in this order.
    pub(crate) listed: Vec<Listed>,
    /// Positions that it takes: what stands behind begins at its start plus this.
    pub(crate) extent: u32,
    /// Whether rows now see something else than the text's own keys and values.
    pub(crate) approximate: bool,
}

/// Says what is kept of the keys and values of a text.
///
/// A policy is a function of the run alone, so what it does depends on no other sequence, page size, thread or
/// pre-emption: the engine shows it each run at the same boundaries, and again where keys and values had to be
/// computed again. It sees plain values and never a page. What a sequence got at its fork is shown to no policy.
pub(crate) trait KvPolicy: fmt::Debug + Send + Sync {
    /// Where texts are cut.
    fn pace(&self) -> Pace;

    /// Whether it wants to know what rows do with entries.
    fn watches(&self) -> bool;

    /// Whether it would change a run of so many entries and tokens; asked before keys and values are fetched.
    fn is_due(&self, entries: usize, tokens: usize) -> bool;

    /// Changes a run at the end of a stretch. The last entry stays as it is.
    fn keep(&self, run: &mut Run, is_sentence_end: &dyn Fn(Token) -> bool) -> Kept;
}
