//! The interface of a KV cache policy.

use std::fmt;

use crate::keep::run::{Listed, Run};
use crate::text::token::Token;

/// How the text of a sequence is cut into stretches. The policy is applied at the end of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    /// The longest stretch of the prompt, in tokens.
    pub(crate) prompt: usize,
    /// The longest stretch of later text, in tokens. Stretches also end with the text of a turn or branch.
    pub(crate) text: usize,
    /// Whether a stretch of later text also ends with a sentence or a line.
    pub(crate) sentences: bool,
}

/// What a policy made of a run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kept {
    /// What rows see of the run, in this order.
    pub(crate) listed: Vec<Listed>,
    /// Positions that the run takes: the text after it begins at its start plus this.
    pub(crate) extent: u32,
    /// Whether rows now see anything but the text's own keys and values.
    pub(crate) approximate: bool,
}

/// Decides which keys and values of a text are kept.
///
/// A policy is a function of the run alone, so it depends on no other sequence, page size, thread or preemption: the
/// engine applies it to each run at the same boundaries, and again where keys and values had to be recomputed. It sees
/// plain values and no pages. Text that a sequence got at its fork is shown to no policy.
pub(crate) trait KvPolicy: fmt::Debug + Send + Sync {
    /// How texts are cut.
    fn pace(&self) -> Pace;

    /// Whether it needs the attention that entries receive.
    fn watches(&self) -> bool;

    /// Whether it would change a run of this many entries and tokens; called before keys and values are fetched.
    fn is_due(&self, entries: usize, tokens: usize) -> bool;

    /// Changes a run at the end of a stretch. The last entry stays as it is.
    fn keep(&self, run: &mut Run, is_sentence_end: &dyn Fn(Token) -> bool) -> Kept;
}
