//! First success: several attempts at one question, until a checker accepts one.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::engine::turn::{Then, Turn};
use crate::program::growth::Growth;
use crate::program::interface::{Ground, Program};
use crate::program::map::plant;
use crate::program::vote::asked;
use crate::text::token::Token;

/// Whether an attempt is accepted.
type Accept<'a> = Box<dyn FnMut(&[Token]) -> bool + 'a>;

/// Several attempts at one question, in parallel. The accepted attempt with the lowest index is taken, so that speed
/// does not matter; attempts with a higher index than an accepted one are cancelled at once, which frees their pages.
pub struct FirstSuccess<'a> {
    ground: Ground,
    attempts: usize,
    turn: Turn,
    accept: Accept<'a>,
    chosen: Option<u32>,
}

impl<'a> FirstSuccess<'a> {
    /// `attempts` attempts. `accept` is called on those that concluded, and has to be a function of the tokens alone.
    pub fn new(
        ground: Ground,
        attempts: usize,
        turn: Turn,
        accept: impl FnMut(&[Token]) -> bool + 'a,
    ) -> FirstSuccess<'a> {
        FirstSuccess { ground, attempts, turn, accept: Box::new(accept), chosen: None }
    }
}

impl Program for FirstSuccess<'_> {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let request = self.ground.request(Then::Hold);
        plant(engine, request, asked(self.attempts, &self.turn, self.ground.bounds.tokens))
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        match event {
            Event::Finished { node, outcome: Outcome::Concluded } => {
                let Some(grown) = growth.node(*node) else { return Ok(()) };
                let &[place] = grown.path.as_slice() else { return Ok(()) };
                if self.is_idle_talk(&grown.path) || !(self.accept)(&grown.tokens) {
                    return Ok(());
                }
                self.chosen = Some(place);
                let later: Vec<NodeId> = growth
                    .branches()
                    .filter(|(_, other)| other.outcome.is_none() && other.path[0] > place)
                    .map(|(id, _)| id)
                    .collect();
                later.into_iter().try_for_each(|id| engine.cancel(id))
            }
            Event::Choose { node, .. } => engine.choose(*node, self.chosen),
            _ => Ok(()),
        }
    }

    fn chosen(&self) -> Option<u32> {
        self.chosen
    }

    fn is_idle_talk(&self, path: &[u32]) -> bool {
        self.chosen.is_some_and(|chosen| path.first().is_some_and(|place| *place > chosen))
    }
}
