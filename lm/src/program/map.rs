//! Map and reduce: one branch per item, and one answer from their conclusions.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::request::Request;
use crate::engine::spawn::{Branch, Conclusion, Join, Spawn};
use crate::engine::turn::{After, Then, Turn};
use crate::program::growth::Growth;
use crate::program::interface::{Ground, Program, share};
use crate::text::token::Token;

/// The same question about each item, and a last question about the answers.
///
/// A branch reads the prefix and its item, never another item. Its answer returns by value; an answer that was cut off
/// does not return, and the report of the join names its branch.
#[derive(Clone, PartialEq, Debug)]
pub struct MapReduce {
    /// The starting point.
    pub ground: Ground,
    /// The items, each with the text that follows it up to where the answer begins.
    pub items: Vec<Vec<Token>>,
    /// How an answer about an item is generated.
    pub turn: Turn,
    /// Appended to each answer.
    pub separator: Vec<Token>,
    /// How many answers are needed; with fewer the program fails.
    pub needs: usize,
    /// The last question; without it the result is the answers.
    pub last: Option<Last>,
}

/// The question about all answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Last {
    /// The question, placed after the answers.
    pub tokens: Vec<Token>,
    /// How it is answered.
    pub turn: Turn,
}

impl Program for MapReduce {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let bounds = self.ground.bounds;
        // The tokens of the last answer are reserved: branches cannot use them up.
        let aside = self.last.as_ref().map_or(0, |last| last.turn.max_tokens);
        let allowance = share(self.turn.max_tokens, bounds.tokens.saturating_sub(aside), self.items.len());
        let turn = Turn { after: After::Hold, ..self.turn.clone() };
        let branch = |item: &Vec<Token>| Branch { tokens: item.clone(), then: Then::Generate(turn.clone()), allowance };
        let spawn = Spawn {
            branches: self.items.iter().map(branch).collect(),
            join: Join::Value(Conclusion::Generated),
            needs: self.needs,
            close: self.last.iter().flat_map(|last| &last.tokens).copied().collect(),
            then: self.last.as_ref().map_or(Then::Conclude, |last| Then::Generate(last.turn.clone())),
        };
        plant(engine, self.ground.request(Then::Hold), spawn)
    }

    fn take(&mut self, engine: &mut Engine, _: &mut Growth, event: &Event) -> Result<(), EngineError> {
        match event {
            Event::Held { node } => engine.extend(*node, &self.separator, Then::Conclude),
            _ => Ok(()),
        }
    }
}

/// Submits a tree whose root opens branches at once. If that is refused, nothing is left behind.
pub(super) fn plant(engine: &mut Engine, request: Request, spawn: Spawn) -> Result<NodeId, EngineError> {
    let root = engine.submit(request)?;
    engine.spawn(root, spawn).inspect_err(|_| engine.forget(root))?;
    Ok(root)
}
