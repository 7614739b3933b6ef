//! What guides a node of a tree: the state of a guide along with the thread.

use std::fmt;

use super::guide::{Ending, Guidance, Guide, TokenSet};
use crate::text::tokenizer::Token;

/// The guide of a node, if something guides it. A guide that cannot follow what its node reads is lost.
#[derive(Default)]
pub(crate) struct Lead {
    guide: Option<Box<dyn Guide>>,
    /// What it said of the next token of this turn, if it was asked.
    said: Option<Say>,
}

/// What a guide says of the next token.
#[derive(Clone)]
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
        self.said = None;
        match guidance {
            Guidance::Free => self.guide = None,
            Guidance::By(start) => self.guide = Some(start.guide()),
            Guidance::Continued => {}
        }
    }

    /// The same state for a branch, or for a draft.
    pub(crate) fn fork(&self) -> Lead {
        Lead { guide: self.guide.as_ref().map(|guide| guide.fork()), said: None }
    }

    /// The present state, for a turn to begin with.
    pub(crate) fn guidance(&self) -> Guidance {
        self.guide.as_ref().map_or(Guidance::Free, |guide| guide.fork().into())
    }

    /// Takes tokens that the node reads now.
    pub(crate) fn follow(&mut self, tokens: impl IntoIterator<Item = Token>) {
        self.said = None;
        if let Some(guide) = &mut self.guide
            && tokens.into_iter().any(|token| guide.accept(token).is_err())
        {
            self.guide = None;
        }
    }

    /// Whether nothing may follow what the node reads.
    pub(crate) fn is_complete(&mut self) -> bool {
        self.guide.as_mut().is_some_and(|guide| guide.ending() == Ok(Ending::Must))
    }

    /// Tokens that come next whatever is chosen.
    pub(crate) fn forced(&mut self) -> Vec<Token> {
        self.guide.as_mut().and_then(|guide| guide.forced().ok()).unwrap_or_default()
    }

    /// What may come next. A token that ends the turn may come where the text may end, and only there. Asked
    /// again before anything else came, in the same turn, it says the same without asking the guide.
    pub(crate) fn say(&mut self, guidance: &Guidance, stops: &[Token]) -> Say {
        if matches!(guidance, Guidance::Free) {
            return Say::Any;
        }
        if let Some(said) = &self.said {
            return said.clone();
        }
        let say = self.guide.as_mut().map_or(Say::Nothing, |guide| asked(guide.as_mut(), stops));
        self.said = Some(say.clone());
        say
    }
}

fn asked(guide: &mut dyn Guide, stops: &[Token]) -> Say {
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

impl fmt::Debug for Lead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.guide.is_some() { "Lead(..)" } else { "Lead(none)" })
    }
}
