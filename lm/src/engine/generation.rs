//! Generation: tokens are drawn and appended until a turn ends.

use theoremata_kernels::Draw;

use crate::constrain::constraint::TokenSet;
use crate::constrain::state::Allowed;
use crate::engine::Engine;
use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId, State};
use crate::engine::outcome::{Bound, Outcome};
use crate::engine::runner::Seen;
use crate::engine::source::Source;
use crate::engine::turn::{After, Then, Turn};
use crate::kv::sequence::Hold;
use crate::speculate::drafter::Next;
use crate::text::token::Token;
use crate::weights::model::Model;

impl Engine {
    /// Starts what a node does next.
    pub(crate) fn go_on(&mut self, id: NodeId, then: Then) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let path = self.trees.get(&node.rank.0).map_or(usize::MAX, |tree| tree.bounds.path);
        node.turn_tokens = 0;
        node.tail.clear();
        match then {
            Then::Generate(_) if node.allowance == 0 => self.end(id, Outcome::Budget(Bound::Allowance)),
            Then::Generate(_) if node.longest >= path => self.end(id, Outcome::Budget(Bound::Path)),
            Then::Generate(turn) => {
                node.constraint.begin(&turn.constraint);
                node.state = State::Running(turn);
                self.replay(id);
            }
            Then::Hold => node.state = State::Holding,
            Then::Conclude => self.end(id, Outcome::Concluded),
        }
    }

    /// Draws the next token of a running node, and appends those that its constraint then forces.
    pub(crate) fn draw(&mut self, id: NodeId, seen: &Seen<'_>) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let State::Running(turn) = &node.state else { return };
        let given = turn.given.get(node.turn_tokens).copied();
        let say =
            if given.is_some() { Allowed::Any } else { node.constraint.allowed_next(&turn.constraint, &turn.stops) };
        let going = match say {
            Allowed::End => return self.come_to_end(id),
            Allowed::This(token) => self.write(id, token, Source::Forced),
            Allowed::Nothing => return self.end(id, Outcome::Invalid),
            Allowed::Any | Allowed::Among(_) => {
                let allowed = if let Allowed::Among(allowed) = &say { Some(allowed) } else { None };
                let drawn = match seen {
                    Seen::Drawn(drawn) => drawn.token.map(|token| (token, drawn.log_probability)),
                    Seen::Logits(logits) => self.draw_from(id, logits, allowed, given),
                };
                let Some((token, log_probability)) = drawn else { return self.end(id, Outcome::Invalid) };
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.draws += 1;
                }
                let source = if given.is_some() { Source::Given } else { Source::Drawn };
                self.write(id, token, source(log_probability))
            }
        };
        if going {
            self.write_forced(id);
        }
    }

    /// The token that a running node draws from logits, or the given one, with its log-probability among all tokens;
    /// `None` if no token is possible. The drafter is informed.
    fn draw_from(
        &mut self,
        id: NodeId,
        logits: &[f32],
        allowed: Option<&TokenSet>,
        given: Option<Token>,
    ) -> Option<(Token, f32)> {
        let kernels = self.settings.kernels;
        let node = self.nodes.get(&id)?;
        let State::Running(turn) = &node.state else { return None };
        let draw = Draw { seed: node.seed, path: node.path_hash(), position: node.draws };
        let masked = allowed.map(|allowed| allowed.masked(logits));
        let choice = masked.as_deref().unwrap_or(logits);
        let token = given.or_else(|| kernels.sample(choice, &turn.sampling, draw))?;
        let total = kernels.log_sum_exp(logits);
        if given.is_none()
            && let Some(speculator) = &mut self.speculator
        {
            let tokens = node.sequence.last_tokens(Next::REACH);
            let next = Next { tokens: &tokens, sampling: &turn.sampling, draw, allowed };
            let total = masked.as_ref().map_or(total, |masked| kernels.log_sum_exp(masked));
            speculator.learn(&next, choice, total, token);
        }
        Some((token, logits[token as usize] - total))
    }

    /// Appends the tokens that the constraint of a running node forces; they need no logits.
    fn write_forced(&mut self, id: NodeId) {
        loop {
            let Some(node) = self.nodes.get_mut(&id) else { return };
            // Given tokens come first, one per step.
            let State::Running(turn) = &node.state else { return };
            if node.turn_tokens < turn.given.len() {
                return;
            }
            let forced = node.constraint.forced();
            if forced.is_empty() || !forced.into_iter().all(|token| self.write(id, token, Source::Forced)) {
                return;
            }
        }
    }

    /// Appends a token to a running node, and ends the turn if it is the last one. Returns whether the turn continues.
    pub(crate) fn write(&mut self, id: NodeId, token: Token, source: Source) -> bool {
        let Some(node) = self.nodes.get_mut(&id) else { return false };
        let State::Running(turn) = &node.state else { return false };
        node.turn_tokens += 1;
        node.allowance = node.allowance.saturating_sub(1);
        node.longest += 1;
        self.usage.generated += 1;
        let stops = matches!(source, Source::Drawn(_)) && turn.stops.contains(&token);
        let mut ends = stops || (node.turn_tokens == turn.given.len() && turn.max_tokens == turn.given.len());
        let (log_probability, forced) = match source {
            Source::Drawn(number) | Source::Given(number) => (number, false),
            Source::Forced => (0.0, true),
        };
        if stops && !turn.keep_stop {
            self.events.push(Event::Stopped { node: id, token, log_probability });
        } else {
            node.sequence.push(token);
            node.generated.push(token);
            node.log_probabilities.push(log_probability);
            self.events.push(Event::Token { node: id, token, log_probability, forced });
            let completes = completes_stop_text(&self.model, turn, &mut node.tail, token);
            ends |= completes && !matches!(source, Source::Given(_));
        }
        if !stops {
            node.constraint.follow([token]);
            ends |= node.constraint.is_complete();
        }
        let path = self.trees.get(&node.rank.0).map_or(usize::MAX, |tree| tree.bounds.path);
        let bound = if node.turn_tokens >= turn.max_tokens {
            Some(Bound::Tokens)
        } else if node.allowance == 0 {
            Some(Bound::Allowance)
        } else if node.longest >= path {
            Some(Bound::Path)
        } else if node.sequence.end() as usize >= self.positions {
            Some(Bound::Context)
        } else {
            None
        };
        match (ends, bound) {
            (true, _) => self.come_to_end(id),
            (false, Some(bound)) => self.end(id, Outcome::Budget(bound)),
            (false, None) => {}
        }
        !ends && bound.is_none()
    }

    /// Tokens that a running node may still write; fewer if something ends its turn.
    pub(crate) fn tokens_left(&self, node: &Node, turn: &Turn) -> usize {
        let of_turn = turn.max_tokens.saturating_sub(node.turn_tokens);
        let of_model = self.positions.saturating_sub(node.sequence.end() as usize);
        let path = self.trees.get(&node.rank.0).map_or(usize::MAX, |tree| tree.bounds.path);
        of_turn.min(node.allowance).min(of_model).min(path.saturating_sub(node.longest))
    }

    /// Ends a turn that reached its own end.
    fn come_to_end(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        match &node.state {
            State::Running(Turn { after: After::Hold, .. }) => node.state = State::Holding,
            State::Running(_) => self.end(id, Outcome::Concluded),
            _ => {}
        }
    }

    /// Ends a node, after all nodes below it. A node that has already ended stays as it is.
    pub(crate) fn end(&mut self, id: NodeId, outcome: Outcome) {
        let children = self.branches(id).to_vec();
        children.iter().for_each(|child| self.end(*child, Outcome::Cancelled));
        self.drop_branches(&children);
        let page_tokens = self.settings.page_tokens;
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if node.outcome().is_some() {
            return;
        }
        node.thinned |= node.sequence.is_thinned();
        self.cache.remember(&node.sequence, page_tokens, &mut self.pool);
        // A concluded branch keeps its pages for the join; no join waits for any other node.
        if node.parent.is_none() || outcome != Outcome::Concluded {
            node.sequence.evict(Hold::All, &mut self.pool);
        }
        node.state = State::Done(outcome.clone());
        self.events.push(Event::Finished { node: id, outcome });
    }
}

/// Whether a token completes one of the stop texts.
fn completes_stop_text(model: &Model, turn: &Turn, tail: &mut Vec<u8>, token: Token) -> bool {
    let Some(longest) = turn.stop_texts.iter().map(String::len).max() else { return false };
    let Some(tokenizer) = model.tokenizer() else { return false };
    tail.extend_from_slice(tokenizer.spelling(token));
    let found = turn
        .stop_texts
        .iter()
        .any(|text| !text.is_empty() && tail.windows(text.len()).any(|window| window == text.as_bytes()));
    let keep = tail.len().min(longest.saturating_sub(1));
    tail.drain(..tail.len() - keep);
    found
}
