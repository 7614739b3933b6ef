//! A draft proposal: the tokens that come next in one sequence if every guess is right.

use std::collections::VecDeque;

use theoremata_kernels::Draw;

use crate::constrain::state::{Allowed, ConstraintState};
use crate::engine::batch::DraftToken;
use crate::engine::node::{Node, State};
use crate::speculate::drafter::{Drafter, Next};
use crate::speculate::speculation::Speculation;
use crate::text::token::Token;

/// The draft of a node, with copies of all state that a drawn token would advance.
pub(super) struct Proposal {
    /// The index of the node among those of the step.
    pub(super) place: usize,
    /// Draft tokens so far.
    pub(super) draft: Vec<DraftToken>,
    /// The last tokens that the node reads, including the draft.
    tokens: Vec<Token>,
    /// The constraint after the draft, once it differs from the node's.
    constraint: Option<ConstraintState>,
    /// The draw after the draft.
    draw: Draw,
    /// Tokens of the turn, including the draft.
    turn_tokens: usize,
    /// How many more tokens may be drafted so that one can still be drawn after them.
    left: usize,
    /// How many more guesses may be made.
    guesses: usize,
    /// Tokens that the constraint forces next.
    forced: VecDeque<Token>,
    /// The probability that all guesses so far are right.
    likelihood: f32,
    /// The factor that corrects probabilities by how often earlier guesses were right.
    acceptance: f32,
    /// Size of the vocabulary: a drafter may name tokens outside it.
    vocabulary: usize,
    /// The entropy above which nothing is guessed.
    entropy_bound: Option<f32>,
    /// The next draft token, if there is one.
    ahead: Option<Ahead>,
}

/// The next draft token.
#[derive(Clone, Copy)]
struct Ahead {
    token: Token,
    source: Source,
    /// The probability that it and all tokens before it are drawn.
    likelihood: f32,
}

/// Why a token is proposed.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// The turn gives it.
    Given,
    /// The constraint leaves no choice.
    Forced,
    /// The drafter guesses it, with this probability.
    Guessed(f32),
}

impl Proposal {
    /// An empty draft after what the node reads.
    pub(super) fn new(place: usize, node: &Node, left: usize, bounds: Speculation, vocabulary: usize) -> Proposal {
        Proposal {
            place,
            draft: Vec::new(),
            tokens: node.sequence.last_tokens(Next::REACH),
            constraint: None,
            draw: Draw { seed: node.seed, path: node.path_hash(), position: node.draws },
            turn_tokens: node.turn_tokens,
            left,
            guesses: bounds.longest,
            forced: VecDeque::new(),
            likelihood: 1.0,
            acceptance: node.acceptance.share(),
            vocabulary,
            entropy_bound: bounds.entropy_bound(vocabulary),
            ahead: None,
        }
    }

    /// The probability of the next draft token, if there is one. A token that depends on no guess is certain and ranks
    /// above every probability.
    pub(super) fn seen(&self) -> Option<f32> {
        let certain = self.draft.iter().all(|drafted| drafted.guessed.is_none());
        self.ahead.map(|ahead| match ahead.source {
            Source::Given | Source::Forced if certain => f32::INFINITY,
            _ => ahead.likelihood,
        })
    }

    /// Ends the draft.
    pub(super) fn rest(&mut self) {
        self.ahead = None;
    }

    /// Drafts the next token. The constraint is copied only now, since most proposals end without a draft.
    pub(super) fn take(&mut self, node: &Node) {
        let Some(Ahead { token, source, likelihood }) = self.ahead.take() else { return };
        self.likelihood = likelihood;
        self.tokens.push(token);
        let constraint = self.constraint.get_or_insert_with(|| node.constraint.fork());
        constraint.follow([token]);
        let complete = constraint.is_complete();
        self.turn_tokens += 1;
        // Nothing is drawn after the end of the text.
        self.left = if complete { 0 } else { self.left - 1 };
        let mut guessed = None;
        match source {
            Source::Given => self.draw.position += 1,
            Source::Guessed(likelihood) => {
                self.draw.position += 1;
                self.guesses -= 1;
                guessed = Some(likelihood);
            }
            // A forced token is not drawn, so the logits before it are not needed.
            Source::Forced => {
                if let Some(before) = self.draft.last_mut() {
                    before.wanted = false;
                }
            }
        }
        self.draft.push(DraftToken { token, guessed, wanted: true });
    }

    /// Finds the next draft token. There is none after the end of the turn; nor is a stop token drafted, since nothing
    /// is drawn after it.
    pub(super) fn look(&mut self, node: &mut Node, drafter: &dyn Drafter) {
        self.ahead = None;
        if self.left == 0 {
            return;
        }
        let Some((token, source)) = self.foresee(node, drafter) else { return };
        let likelihood = match source {
            Source::Given | Source::Forced => self.likelihood,
            Source::Guessed(likelihood) => self.likelihood * likelihood.clamp(0.0, 1.0) * self.acceptance,
        };
        self.ahead = Some(Ahead { token, source, likelihood });
    }

    fn foresee(&mut self, node: &mut Node, drafter: &dyn Drafter) -> Option<(Token, Source)> {
        let State::Running(turn) = &node.state else { return None };
        if let Some(token) = turn.given.get(self.turn_tokens) {
            return Some((*token, Source::Given));
        }
        if let Some(token) = self.forced.pop_front() {
            return Some((token, Source::Forced));
        }
        // The node's own constraint gets the same question when its token is drawn, and caches the answer.
        let constraint = self.constraint.as_mut().unwrap_or(&mut node.constraint);
        let allowed = match constraint.allowed_next(&turn.constraint, &turn.stops) {
            Allowed::Any => None,
            Allowed::Among(allowed) => Some(allowed),
            Allowed::This(first) => {
                self.forced = constraint.forced().into();
                self.forced.pop_front();
                return Some((first, Source::Forced));
            }
            Allowed::End | Allowed::Nothing => return None,
        };
        if self.guesses == 0 {
            return None;
        }
        let tokens = &self.tokens[self.tokens.len().saturating_sub(Next::REACH)..];
        let next = Next { tokens, sampling: &turn.sampling, draw: self.draw, allowed: allowed.as_ref() };
        let is_unsure = |bound: f32| drafter.entropy(&next).is_some_and(|entropy| entropy > bound);
        if self.entropy_bound.is_some_and(is_unsure) {
            return None;
        }
        let guess = drafter.guess(&next)?;
        let known = (guess.token as usize) < self.vocabulary;
        let fits = known && next.allows(guess.token) && !turn.stops.contains(&guess.token);
        fits.then_some((guess.token, Source::Guessed(guess.likelihood)))
    }
}
