//! Naming: several different names from a given list, the first the likeliest, later ones more varied.

use crate::constrain::names::Names;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::turn::{After, Then, Turn};
use crate::program::growth::Growth;
use crate::program::interface::{Ground, Program};
use crate::text::token::Token;

/// The temperature schedule for a list of names: 0 at first, then rising to a maximum along a sigmoid.
///
/// Source: *ZeroGR: A Generalizable and Scalable Framework for Zero-Shot Generative Retrieval* (arXiv 2510.10419).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Warming {
    /// The final temperature.
    pub most: f32,
    /// How steep the rise is.
    pub steep: f64,
    /// Its midpoint, as a share of the list.
    pub middle: f64,
}

impl Default for Warming {
    fn default() -> Warming {
        Warming { most: 1.0, steep: 10.0, middle: 0.5 }
    }
}

impl Warming {
    /// The temperature for name `at` of `count`: 0 for name 0, and the maximum at `count`.
    pub fn temperature(self, at: usize, count: usize) -> f32 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let share = at as f64 / count.max(1) as f64;
        let low = sigmoid(-self.steep * self.middle);
        let high = sigmoid(self.steep * (1.0 - self.middle));
        let risen = (sigmoid(self.steep * (share - self.middle)) - low) / (high - low);
        self.most * risen as f32
    }
}

/// Asks one node for several different names from a list, one turn after another. Its output can only be names from the
/// list, none of them twice.
#[derive(Clone, PartialEq, Debug)]
pub struct Naming {
    ground: Ground,
    /// Names that were not output yet.
    left: Vec<Vec<Token>>,
    /// The number of names to output.
    wanted: usize,
    /// The text between two names.
    separator: Vec<Token>,
    turn: Turn,
    warming: Warming,
    /// Names in order of output.
    said: Vec<Vec<Token>>,
}

impl Naming {
    /// Asks for `wanted` of these names, or all if there are fewer. Of the turn, only the stop tokens, which end a name
    /// where a longer one could continue, and the sampling filters are used.
    pub fn new(
        ground: Ground,
        names: Vec<Vec<Token>>,
        wanted: usize,
        separator: Vec<Token>,
        turn: Turn,
        warming: Warming,
    ) -> Naming {
        let mut left: Vec<Vec<Token>> = names.into_iter().filter(|name| !name.is_empty()).collect();
        left.sort_unstable();
        left.dedup();
        let wanted = wanted.min(left.len());
        Naming { ground, left, wanted, separator, turn, warming, said: Vec::new() }
    }

    /// The names in order of output.
    pub fn said(&self) -> &[Vec<Token>] {
        &self.said
    }

    /// The turn that outputs the next name.
    fn next(&self) -> Turn {
        let longest = self.left.iter().map(Vec::len).max().unwrap_or(0);
        let mut turn = self.turn.clone();
        // One token more than the longest name: a stop token ends a name where a longer one could continue.
        turn.max_tokens = longest + 1;
        turn.sampling.temperature = self.warming.temperature(self.said.len(), self.wanted);
        turn.constraint = Names::new(self.left.iter().cloned()).into();
        turn.after = After::Hold;
        turn
    }
}

impl Program for Naming {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let then = if self.wanted == 0 { Then::Conclude } else { Then::Generate(self.next()) };
        engine.submit(self.ground.request(then))
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        let Event::Held { node } = event else { return Ok(()) };
        let Some(grown) = growth.node(*node) else { return Ok(()) };
        let name = grown.conclusion().to_vec();
        self.left.retain(|other| *other != name);
        self.said.push(name);
        growth.begin_turn(*node);
        if self.said.len() == self.wanted {
            return engine.extend(*node, &[], Then::Conclude);
        }
        engine.extend(*node, &self.separator, Then::Generate(self.next()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_warm_as_the_paper_says() {
        let found: Vec<f32> =
            (0..=10).map(|at| (Warming::default().temperature(at, 10) * 100.0).round() / 100.0).collect();
        assert_eq!(found, [0.0, 0.01, 0.04, 0.11, 0.27, 0.5, 0.73, 0.89, 0.96, 0.99, 1.0]);
    }
}
