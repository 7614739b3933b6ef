//! Looks ahead in one thread: what would come next, and next, if every guess were right.

use std::collections::VecDeque;

use theoremata_kernels::Draw;

use super::Drafted;
use crate::drafter::{Drafter, Next};
use crate::guide::{Lead, Say};
use crate::node::{Node, Turn};
use crate::tokenizer::Token;

/// The draft of a node as far as it goes, with copies of all that a token would move on if it were drawn.
pub(super) struct Scout {
    /// The place of the node among those of the step.
    pub(super) place: usize,
    pub(super) draft: Vec<Drafted>,
    /// The last tokens that the node reads, the draft behind them.
    tokens: Vec<Token>,
    lead: Lead,
    draw: Draw,
    turn_tokens: usize,
    /// Tokens that may be drafted yet, so that one more can be drawn behind them.
    left: usize,
    /// Guesses that may be made yet.
    guesses: usize,
    /// Tokens that the guide forces next.
    forced: VecDeque<Token>,
    /// How likely all guesses so far are right.
    likelihood: f32,
    trust: f32,
    vocabulary: usize,
    ahead: Option<Ahead>,
}

/// The token that would be drafted next.
#[derive(Clone, Copy)]
struct Ahead {
    token: Token,
    source: Source,
    /// How likely it is that it is drawn: it, and all before it.
    likelihood: f32,
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Given,
    Forced,
    Guessed(f32),
}

impl Scout {
    /// Stands behind what the node reads.
    pub(super) fn new(place: usize, node: &Node, (left, guesses): (usize, usize), vocabulary: usize) -> Scout {
        Scout {
            place,
            draft: Vec::new(),
            tokens: node.thread.last_tokens(Next::REACH),
            lead: node.lead.fork(),
            draw: Draw { seed: node.seed, path: node.path_hash(), position: node.draws },
            turn_tokens: node.turn_tokens,
            left,
            guesses,
            forced: VecDeque::new(),
            likelihood: 1.0,
            trust: node.trust.share(),
            vocabulary,
            ahead: None,
        }
    }

    /// How likely the token is that would be drafted next, if there is one.
    pub(super) fn seen(&self) -> Option<f32> {
        self.ahead.map(|ahead| ahead.likelihood)
    }

    /// Sees nothing more.
    pub(super) fn rest(&mut self) {
        self.ahead = None;
    }

    /// Drafts the token that was seen.
    pub(super) fn take(&mut self) {
        let Some(Ahead { token, source, likelihood }) = self.ahead.take() else { return };
        self.likelihood = likelihood;
        self.tokens.push(token);
        self.turn_tokens += 1;
        self.left -= 1;
        let mut guessed = None;
        match source {
            Source::Given => self.draw.position += 1,
            Source::Guessed(likelihood) => {
                self.draw.position += 1;
                self.guesses -= 1;
                guessed = Some(likelihood);
            }
            // It is not drawn, so nobody asks for the logits before it.
            Source::Forced => {
                if let Some(before) = self.draft.last_mut() {
                    before.wanted = false;
                }
            }
        }
        self.draft.push(Drafted { token, guessed, wanted: true });
    }

    /// Looks for the next token. There is none behind the end of the turn, nor is the one that ends it any:
    /// nothing is drawn behind that.
    pub(super) fn look(&mut self, turn: &Turn, drafter: &dyn Drafter) {
        self.ahead = None;
        if self.left == 0 {
            return;
        }
        let Some((token, source)) = self.foresee(turn, drafter) else { return };
        self.lead.follow([token]);
        if self.lead.is_complete() {
            self.left = 0;
            return;
        }
        let likelihood = match source {
            Source::Given | Source::Forced => self.likelihood,
            Source::Guessed(likelihood) => self.likelihood * likelihood.clamp(0.0, 1.0) * self.trust,
        };
        self.ahead = Some(Ahead { token, source, likelihood });
    }

    fn foresee(&mut self, turn: &Turn, drafter: &dyn Drafter) -> Option<(Token, Source)> {
        if let Some(token) = turn.given.get(self.turn_tokens) {
            return Some((*token, Source::Given));
        }
        if let Some(token) = self.forced.pop_front() {
            return Some((token, Source::Forced));
        }
        let allowed = match self.lead.say(&turn.guide, &turn.stops) {
            Say::Any => None,
            Say::Among(allowed) => Some(allowed),
            Say::This(first) => {
                self.forced = self.lead.forced().into();
                self.forced.pop_front();
                return Some((first, Source::Forced));
            }
            Say::End | Say::Nothing => return None,
        };
        if self.guesses == 0 {
            return None;
        }
        let tokens = &self.tokens[self.tokens.len().saturating_sub(Next::REACH)..];
        let next = Next { tokens, sampling: &turn.sampling, draw: self.draw, allowed: allowed.as_ref() };
        let guess = drafter.guess(&next)?;
        let known = (guess.token as usize) < self.vocabulary;
        let fits = known && next.allows(guess.token) && !turn.stops.contains(&guess.token);
        fits.then_some((guess.token, Source::Guessed(guess.likelihood)))
    }
}
