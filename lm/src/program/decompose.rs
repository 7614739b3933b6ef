//! Recursive decomposition: a plan, its subtasks, and an answer from their conclusions.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::spawn::{Branch, Conclusion, Join, Spawn};
use crate::engine::turn::{After, Then, Turn};
use crate::program::growth::Growth;
use crate::program::interface::{Ground, Program, share};
use crate::text::token::Token;

/// The texts between the parts of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cues {
    /// Before a plan.
    pub plan: Vec<Token>,
    /// Before an answer. At least one token: it marks the answer.
    pub answer: Vec<Token>,
    /// After the answer of a subtask.
    pub separator: Vec<Token>,
}

/// Parses a plan into the tokens of its subtasks.
type Part<'a> = Box<dyn FnMut(&[Token]) -> Vec<Vec<Token>> + 'a>;

/// The progress of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Planning,
    /// Its subtasks or its answer are being written.
    Answering,
}

/// A task that plans of the model split into subtasks, to a given depth. Only the answer of a subtask returns to the
/// task above, not how it was found.
///
/// A plan without subtasks is valid: the task is then answered directly. A plan or an answer that was cut off ends its
/// task; the tasks above continue without it.
pub struct Decompose<'a> {
    ground: Ground,
    depth: usize,
    cues: Cues,
    plan: Turn,
    answer: Turn,
    part: Part<'a>,
    stages: BTreeMap<NodeId, Stage>,
}

impl<'a> Decompose<'a> {
    /// Tasks of less than this depth make plans, as far as the bounds allow; the root has depth 0.
    ///
    /// `part` parses a plan into the tokens of its subtasks; if there are more than the bounds allow, the first ones
    /// are used. It has to be a function of the tokens alone.
    pub fn new(
        ground: Ground,
        depth: usize,
        cues: Cues,
        (plan, answer): (Turn, Turn),
        part: impl FnMut(&[Token]) -> Vec<Vec<Token>> + 'a,
    ) -> Decompose<'a> {
        let [plan, answer] = [plan, answer].map(|turn| Turn { after: After::Hold, ..turn });
        Decompose { ground, depth, cues, plan, answer, part: Box::new(part), stages: BTreeMap::new() }
    }

    /// The subtasks of a plan, with their allowances: what the task has left is divided evenly among them and its own
    /// answer.
    fn subtasks(&mut self, engine: &Engine, node: NodeId, plan: &[Token]) -> Vec<Branch> {
        let mut parts = (self.part)(plan);
        parts.truncate(self.ground.bounds.width);
        let allowance = share(usize::MAX, engine.allowance(node), parts.len() + 1);
        parts.into_iter().map(|tokens| Branch { tokens, then: Then::Hold, allowance }).collect()
    }

    fn answer_turn(&self, depth: usize) -> Turn {
        // The root has no parent that receives its answer.
        let after = if depth == 0 { After::Conclude } else { After::Hold };
        Turn { after, ..self.answer.clone() }
    }
}

impl Program for Decompose<'_> {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        engine.submit(self.ground.request(Then::Hold))
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        let Event::Held { node } = event else { return Ok(()) };
        let (node, Some(grown)) = (*node, growth.node(*node)) else { return Ok(()) };
        let depth = grown.path.len();
        let answer = Then::Generate(self.answer_turn(depth));
        match self.stages.get(&node) {
            None if depth < self.depth.min(self.ground.bounds.depth) => {
                self.stages.insert(node, Stage::Planning);
                engine.extend(node, &self.cues.plan, Then::Generate(self.plan.clone()))
            }
            None => {
                self.stages.insert(node, Stage::Answering);
                engine.extend(node, &self.cues.answer, answer)
            }
            Some(Stage::Planning) => {
                self.stages.insert(node, Stage::Answering);
                let branches = self.subtasks(engine, node, &grown.tokens);
                growth.begin_turn(node);
                if branches.is_empty() {
                    return engine.extend(node, &self.cues.answer, answer);
                }
                let join = Join::Value(Conclusion::Behind(self.cues.answer.clone()));
                engine.spawn(node, Spawn { branches, join, needs: 0, close: self.cues.answer.clone(), then: answer })
            }
            Some(Stage::Answering) => engine.extend(node, &self.cues.separator, Then::Conclude),
        }
    }
}
