//! A draft proposal: the tokens that would come next in one sequence, if every guess were right.

use std::collections::VecDeque;

use theoremata_kernels::Draw;

use crate::constrain::state::{Allowed, ConstraintState};
use crate::engine::batch::DraftToken;
use crate::engine::node::{Node, State};
use crate::speculate::drafter::{Drafter, Next};
use crate::speculate::speculation::Speculation;
use crate::text::token::Token;

/// The draft of a node as far as it goes, with copies of all that a token would move on if it were drawn.
pub(super) struct Proposal {
    /// The place of the node among those of the step.
    pub(super) place: usize,
    /// Tokens that are drafted so far.
    pub(super) draft: Vec<DraftToken>,
    /// The last tokens that the node reads, the draft behind them.
    tokens: Vec<Token>,
    /// The constraint behind the draft, where there is one.
    constraint: Option<ConstraintState>,
    /// The draw behind the draft.
    draw: Draw,
    /// Tokens of the turn, the draft counted.
    turn_tokens: usize,
    /// Tokens that may be drafted yet, so that one more can be drawn behind them.
    left: usize,
    /// Guesses that may be made yet.
    guesses: usize,
    /// Tokens that the constraint forces next.
    forced: VecDeque<Token>,
    /// How likely all guesses so far are right.
    likelihood: f32,
    /// What likelihoods are multiplied with, since earlier ones promised too much.
    acceptance: f32,
    /// Tokens of the vocabulary: a drafter may name others.
    vocabulary: usize,
    /// The entropy above which nothing is guessed.
    entropy_bound: Option<f32>,
    /// The token that would be drafted next, if there is one.
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

/// Why a token is proposed.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// The turn gives it.
    Given,
    /// The constraint leaves no choice.
    Forced,
    /// The drafter guesses it, with this likelihood.
    Guessed(f32),
}

impl Proposal {
    /// Stands behind what the node reads.
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

    /// How likely the token is that would be drafted next, if there is one. As long as nothing was guessed
    /// a token is certain, which is more than any likelihood.
    pub(super) fn seen(&self) -> Option<f32> {
        let certain = self.draft.iter().all(|drafted| drafted.guessed.is_none());
        self.ahead.map(|ahead| match ahead.source {
            Source::Given | Source::Forced if certain => f32::INFINITY,
            _ => ahead.likelihood,
        })
    }

    /// Sees nothing more.
    pub(super) fn rest(&mut self) {
        self.ahead = None;
    }

    /// Drafts the token that was seen. Only now the constraint is copied: most looks end without a draft.
    pub(super) fn take(&mut self, node: &Node) {
        let Some(Ahead { token, source, likelihood }) = self.ahead.take() else { return };
        self.likelihood = likelihood;
        self.tokens.push(token);
        let constraint = self.constraint.get_or_insert_with(|| node.constraint.fork());
        constraint.follow([token]);
        let complete = constraint.is_complete();
        self.turn_tokens += 1;
        // Nothing is drawn behind the end of the text.
        self.left = if complete { 0 } else { self.left - 1 };
        let mut guessed = None;
        match source {
            Source::Given => self.draw.position += 1,
            Source::Guessed(likelihood) => {
                self.draw.position += 1;
                self.guesses -= 1;
                guessed = Some(likelihood);
            }
            // A forced token is not drawn, so the logits before it are not wanted.
            Source::Forced => {
                if let Some(before) = self.draft.last_mut() {
                    before.wanted = false;
                }
            }
        }
        self.draft.push(DraftToken { token, guessed, wanted: true });
    }

    /// Looks for the next token. There is none behind the end of the turn, nor is a stop that ends it any:
    /// nothing is drawn behind that.
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
        // The node's own constraint is asked the same again when its token is drawn, and remembers what it said.
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
