//! Programs that own a tree: they open the branches, so that the model only has to fill them.
//!
//! A model that was never trained to part its work writes no outline worth the name. Here the shape of the
//! tree is the program's, and the model writes its leaves. A program is a small state machine over the
//! engine's events; what it concludes is a function of its inputs and its seed, whatever else is in the
//! batch.
//!
//! A model that parts its work by itself drives the same branches: [`Tags`] and [`Tasks`] are programs that
//! read what it writes and open, join and prune accordingly.

mod decompose;
mod first;
mod map;
mod score;
mod tags;
mod tasks;
mod vote;
mod writing;

use std::collections::BTreeMap;

use theoremata_kernels::Parallel;

use crate::engine::Engine;
use crate::engine::event::{EngineError, Event};
use crate::engine::joins::Report;
use crate::engine::node::{Bound, NodeId, Outcome};
use crate::engine::request::Bounds;
use crate::text::tokenizer::Token;

pub use decompose::{Cues, Decompose};
pub use first::FirstSuccess;
pub use map::{Last, MapReduce};
pub use score::{Ranking, Score};
pub use tags::{Paths, Tags};
pub use tasks::{Call, Memory, Pruned, Tasks, recall_tool};
pub use vote::{Vote, count_votes, elected};

/// Where a program begins.
#[derive(Clone, PartialEq, Debug)]
pub struct Ground {
    /// What all branches read: computed and kept once. At least one token.
    pub prefix: Vec<Token>,
    /// All draws hang on it.
    pub seed: u64,
    /// Bounds of the whole tree.
    pub bounds: Bounds,
}

/// A way to grow a tree.
pub trait Program {
    /// Plants the tree and gives its root.
    ///
    /// # Errors
    /// If the engine refuses it: too long, too wide, too deep, or no token of its vocabulary.
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError>;

    /// Gives the orders that follow from an event of the tree.
    ///
    /// # Errors
    /// If the engine refuses an order: the program then ends.
    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError>;

    /// The branch of the root that was taken, where one is.
    fn chosen(&self) -> Option<u32> {
        None
    }

    /// Where branches vote: each different answer by the place of the first branch that gave it, and how many
    /// gave it.
    fn votes(&self) -> &[(u32, usize)] {
        &[]
    }

    /// The whole text of the tree, where it is one text that the model itself parts: paths in their places,
    /// and what was taken out of view as well.
    fn text(&self) -> &[Token] {
        &[]
    }

    /// What was taken out of view of that text, in the order in which it was.
    fn pruned(&self) -> &[Pruned] {
        &[]
    }

    /// Calls of tools that were answered.
    fn calls(&self) -> usize {
        0
    }

    /// Whether it is known by now that a node's text cannot matter, so that how far it got is chance.
    fn is_idle_talk(&self, _path: &[u32]) -> bool {
        false
    }
}

/// A node as it grew.
#[derive(Clone, PartialEq, Debug)]
pub struct Grown {
    /// Which branches lead to it; none to the root.
    pub path: Vec<u32>,
    /// What it wrote.
    pub tokens: Vec<Token>,
    /// The sum of the log-probabilities of that.
    pub log_probability: f64,
    /// How it ended, if it did.
    pub outcome: Option<Outcome>,
    /// Stages that lie behind it: one ends whenever it waits for orders or gets its branches back.
    pub stages: u32,
    /// Where its last turn begins.
    last_turn: usize,
}

impl Grown {
    fn new(path: Vec<u32>) -> Grown {
        Grown { path, tokens: Vec::new(), log_probability: 0.0, outcome: None, stages: 0, last_turn: 0 }
    }

    /// What it wrote last: where it had several turns, that of the last one.
    pub fn conclusion(&self) -> &[Token] {
        &self.tokens[self.last_turn..]
    }
}

/// A tree as far as it grew.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Growth {
    nodes: BTreeMap<NodeId, Grown>,
    /// Branches that each node ever had.
    branches: BTreeMap<NodeId, u32>,
}

impl Growth {
    /// A node.
    pub fn node(&self, id: NodeId) -> Option<&Grown> {
        self.nodes.get(&id)
    }

    /// All nodes, in the order in which they were opened.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Grown)> {
        self.nodes.iter().map(|(id, grown)| (*id, grown))
    }

    /// The node that branches lead to from the root.
    pub fn at(&self, path: &[u32]) -> Option<(NodeId, &Grown)> {
        self.nodes().find(|(_, grown)| grown.path == path)
    }

    /// The nodes that lie one branch below the root, in order.
    fn branches(&self) -> impl Iterator<Item = (NodeId, &Grown)> {
        self.nodes().filter(|(_, grown)| grown.path.len() == 1)
    }

    /// What a node concludes begins with what it writes next. A join does the same.
    pub fn begin_turn(&mut self, id: NodeId) {
        if let Some(grown) = self.nodes.get_mut(&id) {
            grown.last_turn = grown.tokens.len();
        }
    }

    /// Takes down an event, if it is one of this tree.
    fn note(&mut self, event: &Event) -> bool {
        match event {
            Event::Opened { node, parent } => {
                let Some(above) = parent.and_then(|parent| self.nodes.get(&parent)) else { return false };
                let Some(parent) = *parent else { return false };
                let place = self.branches.entry(parent).or_default();
                let path = above.path.iter().copied().chain([*place]).collect();
                *place += 1;
                self.nodes.insert(*node, Grown::new(path));
            }
            Event::Token { node, token, log_probability, .. } => {
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.tokens.push(*token);
                grown.log_probability += f64::from(*log_probability);
            }
            Event::Finished { node, outcome } => {
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.outcome = Some(outcome.clone());
            }
            Event::Held { node } => {
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.stages += 1;
            }
            Event::Joined { node, .. } => {
                self.begin_turn(*node);
                let Some(grown) = self.nodes.get_mut(node) else { return false };
                grown.stages += 1;
            }
            Event::Stopped { node, .. } | Event::Choose { node, .. } | Event::Pruned { node, .. } => {
                return self.nodes.contains_key(node);
            }
        }
        true
    }
}

/// What joins and prunes took, summed over a tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Tokens that were written.
    pub generated: usize,
    /// Tokens whose keys and values were kept at a join.
    pub reused: usize,
    /// Tokens that a join brought to be computed for the first time.
    pub new: usize,
    /// Tokens that had to be computed again.
    pub reencoded: usize,
    /// Tokens that were taken out of view.
    pub dropped: usize,
    /// Calls of tools that were answered.
    pub calls: usize,
}

/// What came of a program.
///
/// Outcome, conclusion, nodes and choice hang on the inputs and the seed alone. The joins and the tally
/// say what was done this time: where pages are short, less is reused.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// What the branch that was taken wrote, or what the root wrote last.
    pub tokens: Vec<Token>,
    /// The branch of the root that was taken, where the program takes one.
    pub chosen: Option<u32>,
    /// Where branches vote: each different answer by the place of the first branch that gave it, and how many
    /// gave it.
    pub votes: Vec<(u32, usize)>,
    /// The whole text of the tree, where it is one text that the model itself parts.
    pub text: Vec<Token>,
    /// What of it was taken out of view.
    pub pruned: Vec<Pruned>,
    /// All nodes, a parent before its branches, branches in their order.
    pub nodes: Vec<Grown>,
    /// What each join did, and whether it is exact, with the path of its node; in the order of the paths.
    pub joins: Vec<(Vec<u32>, Report)>,
    /// The same of each time that text was taken out of view or put back.
    pub prunes: Vec<(Vec<u32>, Report)>,
    /// What joins and prunes took.
    pub tally: Tally,
}

/// A program at work.
pub struct Running<'a> {
    program: Box<dyn Program + 'a>,
    root: NodeId,
    growth: Growth,
    joins: Vec<(Vec<u32>, Report)>,
    prunes: Vec<(Vec<u32>, Report)>,
    /// Nodes for which the engine refused an order, with what that means.
    refused: BTreeMap<NodeId, Outcome>,
}

impl<'a> Running<'a> {
    /// Plants a program's tree.
    ///
    /// # Errors
    /// If the engine refuses it. Nothing is left in the engine then.
    pub fn start(engine: &mut Engine, mut program: impl Program + 'a) -> Result<Running<'a>, EngineError> {
        let root = program.plant(engine)?;
        let mut growth = Growth::default();
        growth.nodes.insert(root, Grown::new(Vec::new()));
        Ok(Running {
            program: Box::new(program),
            root,
            growth,
            joins: Vec::new(),
            prunes: Vec::new(),
            refused: BTreeMap::new(),
        })
    }

    /// The root of its tree.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// The tree as far as it grew.
    pub fn growth(&self) -> &Growth {
        &self.growth
    }

    /// Whether it came to its end.
    pub fn is_done(&self) -> bool {
        self.growth.node(self.root).is_some_and(|root| root.outcome.is_some())
    }

    /// Hears an event, which may be one of another tree, and orders what follows.
    ///
    /// An order that the engine refuses ends the node that the event is about: as out of budget where a bound
    /// is the reason. The others go on.
    pub fn take(&mut self, engine: &mut Engine, event: &Event) {
        if !self.growth.note(event) {
            return;
        }
        if let Event::Joined { node, report } | Event::Pruned { node, report } = event
            && let Some(grown) = self.growth.node(*node)
        {
            let reports = if matches!(event, Event::Joined { .. }) { &mut self.joins } else { &mut self.prunes };
            reports.push((grown.path.clone(), report.clone()));
        }
        // The program hears of the end of its tree, and of nothing behind it.
        let is_end = matches!(event, Event::Finished { node, .. } if *node == self.root);
        if self.is_done() && !is_end {
            return;
        }
        if let Err(error) = self.program.take(engine, &mut self.growth, event) {
            let node = event.node();
            self.refused.entry(node).or_insert(outcome_of(&error));
            // A node that the tree knows is one that the engine knows.
            let _ = engine.cancel(node);
        }
    }

    /// Ends it; what it wrote so far is in the answer.
    pub fn cancel(&mut self, engine: &mut Engine) {
        // The root is there until `finish` takes it.
        let _ = engine.cancel(self.root);
    }

    /// Ends it because its time is up; see [`Engine::expire`].
    pub fn expire(&mut self, engine: &mut Engine) {
        // The root is there until `finish` takes it.
        let _ = engine.expire(self.root);
    }

    /// What came of it. A program that is not done is cancelled. The engine forgets its tree.
    pub fn finish(mut self, engine: &mut Engine) -> Answer {
        if !self.is_done() {
            self.cancel(engine);
        }
        engine.forget(self.root);
        for (id, outcome) in std::mem::take(&mut self.refused) {
            if let Some(grown) = self.growth.nodes.get_mut(&id) {
                grown.outcome = Some(outcome);
            }
        }
        let ended = self.growth.node(self.root).and_then(|root| root.outcome.clone());
        let outcome = ended.unwrap_or(Outcome::Cancelled);
        let mut nodes: Vec<Grown> = self.growth.nodes.into_values().collect();
        let generated = nodes.iter().map(|grown| grown.tokens.len()).sum();
        for grown in &mut nodes {
            if self.program.is_idle_talk(&grown.path) {
                *grown = Grown { outcome: Some(Outcome::Cancelled), ..Grown::new(std::mem::take(&mut grown.path)) };
            }
        }
        nodes.sort_by(|one, other| one.path.cmp(&other.path));
        self.joins.sort_by(|one, other| one.0.cmp(&other.0));
        self.prunes.sort_by(|one, other| one.0.cmp(&other.0));
        let mut tally = Tally { generated, calls: self.program.calls(), ..Tally::default() };
        for (_, report) in &self.joins {
            tally.reused += report.reused;
            tally.new += report.new;
        }
        for (_, report) in self.joins.iter().chain(&self.prunes) {
            tally.reencoded += report.reencoded;
            tally.dropped += report.dropped;
        }
        let chosen = self.program.chosen().filter(|_| outcome == Outcome::Concluded);
        let path = Vec::from_iter(chosen);
        let said = nodes.iter().find(|grown| grown.path == path).map(|grown| grown.conclusion().to_vec());
        let votes = self.program.votes().to_vec();
        let (text, pruned) = (self.program.text().to_vec(), self.program.pruned().to_vec());
        let tokens = said.unwrap_or_default();
        Answer { outcome, tokens, chosen, votes, text, pruned, nodes, joins: self.joins, prunes: self.prunes, tally }
    }
}

/// Runs programs beside each other in one batch, to the end of all. `watch` is told every event.
pub fn run_programs(
    engine: &mut Engine,
    parallel: &dyn Parallel,
    programs: &mut [Running<'_>],
    mut watch: impl FnMut(&mut Engine, &Event),
) {
    while !engine.is_idle() {
        for event in engine.step(parallel) {
            watch(engine, &event);
            programs.iter_mut().for_each(|program| program.take(engine, &event));
        }
    }
}

/// A bound that refuses an order ends a program like one that is reached.
fn outcome_of(error: &EngineError) -> Outcome {
    match error {
        EngineError::TooLong { .. } => Outcome::Budget(Bound::Context),
        EngineError::Allowance { .. } => Outcome::Budget(Bound::Allowance),
        EngineError::Width { .. } => Outcome::Budget(Bound::Width),
        EngineError::Depth { .. } => Outcome::Budget(Bound::Depth),
        EngineError::Calls { .. } => Outcome::Budget(Bound::Calls),
        _ => Outcome::Failed,
    }
}

/// What each of some branches may write: what it wants, or its share of what there is.
fn share(wanted: usize, there_is: usize, branches: usize) -> usize {
    wanted.min(there_is / branches.max(1))
}
