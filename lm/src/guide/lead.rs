//! What guides a node of a tree: the state of a guide along with the thread.

use std::fmt;

use super::{Ending, Guidance, Guide, TokenSet};
use crate::tokenizer::Token;

/// The guide of a node, if something guides it. A guide that cannot follow what its node reads is lost.
#[derive(Default)]
pub(crate) struct Lead(Option<Box<dyn Guide>>);

/// What a guide says of the next token.
pub(crate) enum Say {
    /// Nothing: any token may come.
    Any,
    /// The text is complete, and nothing may follow.
    End,
    /// This token comes, whatever is chosen.
    This(Token),
    /// One of these tokens.
    Among(TokenSet),
    /// No token may come, or the guide is lost.
    Nothing,
}

impl Lead {
    /// Lets a turn begin.
    pub(crate) fn begin(&mut self, guidance: &Guidance) {
        match guidance {
            Guidance::Free => self.0 = None,
            Guidance::By(start) => self.0 = Some(start.guide()),
            Guidance::Continued => {}
        }
    }

    /// The same state for a branch, or for a draft.
    pub(crate) fn fork(&self) -> Lead {
        Lead(self.0.as_ref().map(|guide| guide.fork()))
    }

    /// Takes tokens that the node reads now.
    pub(crate) fn follow(&mut self, tokens: impl IntoIterator<Item = Token>) {
        if let Some(guide) = &mut self.0
            && tokens.into_iter().any(|token| guide.accept(token).is_err())
        {
            self.0 = None;
        }
    }

    /// Whether nothing may follow what the node reads.
    pub(crate) fn is_complete(&mut self) -> bool {
        self.0.as_mut().is_some_and(|guide| guide.ending() == Ok(Ending::Must))
    }

    /// Tokens that come next whatever is chosen.
    pub(crate) fn forced(&mut self) -> Vec<Token> {
        self.0.as_mut().and_then(|guide| guide.forced().ok()).unwrap_or_default()
    }

    /// What may come next. A token that ends the turn may come where the text may end, and only there.
    pub(crate) fn say(&mut self, guidance: &Guidance, stops: &[Token]) -> Say {
        if matches!(guidance, Guidance::Free) {
            return Say::Any;
        }
        let Some(guide) = &mut self.0 else { return Say::Nothing };
        let ending = match guide.ending() {
            Ok(Ending::Must) => return Say::End,
            Ok(ending) => ending,
            Err(_) => return Say::Nothing,
        };
        if let Some(token) = guide.forced().ok().and_then(|tokens| tokens.first().copied()) {
            return Say::This(token);
        }
        let Ok(mut allowed) = guide.allowed() else { return Say::Nothing };
        for stop in stops {
            match ending {
                Ending::May => allowed.insert(*stop),
                _ => allowed.remove(*stop),
            }
        }
        if allowed.is_empty() { Say::Nothing } else { Say::Among(allowed) }
    }
}

impl fmt::Debug for Lead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "Lead(..)" } else { "Lead(none)" })
    }
}
