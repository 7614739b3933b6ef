//! The engine: trees of sequences over one model and one pool of pages.
//!
//! [`Engine::step`] is the loop. What it calls stands in a file each:
//!
//! | file | what |
//! |---|---|
//! | `orders` | trees are admitted, texts appended, nodes ended |
//! | `forks`, `joins`, `prune` | branches are opened, come back, and leave the view again |
//! | `scheduler`, `budget` | which sequences get rows of a step, and where their pages come from |
//! | `thinning` | policies work on what was computed |
//! | `drafts`, `proposal` | spare rows are given to tokens that are not drawn yet |
//! | `runner` | rows become logits or tokens, by what [computes](crate::compute) them |
//! | `generation` | a token is written, and a turn comes to its end |
//! | `replay` | what a tree wrote before a crash is written again |
//!
//! The other files hold the values that these pass to each other, and import no one of them.

pub(crate) mod batch;
mod budget;
mod drafts;
pub(crate) mod error;
pub(crate) mod event;
mod forks;
mod generation;
mod joins;
pub(crate) mod node;
mod orders;
pub(crate) mod outcome;
mod proposal;
pub(crate) mod prune;
mod queries;
mod replay;
pub(crate) mod replay_log;
pub(crate) mod report;
pub(crate) mod request;
mod runner;
mod scheduler;
pub(crate) mod source;
pub(crate) mod spawn;
mod thinning;
pub(crate) mod tree;
pub(crate) mod turn;
pub(crate) mod usage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use theoremata_kernels::Parallel;

use crate::compute::backend::{Backend, BackendError, Room};
use crate::compute::device::Device;
use crate::compute::processor::Processor;
use crate::engine::event::Event;
use crate::engine::node::{Node, NodeId, State};
use crate::engine::replay_log::ReplayLog;
use crate::engine::request::Settings;
use crate::engine::tree::Tree;
use crate::engine::usage::Usage;
use crate::kv::pages::PagePool;
use crate::kv::prefix_cache::PrefixCache;
use crate::speculate::speculation::Speculator;
use crate::text::token::Token;
use crate::weights::model::Model;

/// Trees of sequences over one model. See the crate's documentation for an example.
pub struct Engine {
    /// Weights, vocabulary and template; engines may share them.
    pub(crate) model: Arc<Model>,
    /// Keys and values of all pages in all layers, and what computes them.
    pub(crate) backend: Box<dyn Backend>,
    /// Pages, rows and precision, brought into their bounds.
    pub(crate) settings: Settings,
    /// Reference counts of all pages. Sequences and the prefix cache hold references, and nothing else does.
    pub(crate) pool: PagePool,
    /// Full pages that may be wanted again; given up when pages run short.
    pub(crate) cache: PrefixCache,
    /// Every node of every tree that was not forgotten; its branches are named in its state.
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    /// Bounds and calls of tools of each tree, by the number of its root.
    pub(crate) trees: BTreeMap<u64, Tree>,
    /// What trees wrote before and have not written again, by the numbers of their roots.
    pub(crate) replay_logs: BTreeMap<u64, ReplayLog>,
    /// What happened since the caller was told last, in order.
    pub(crate) events: Vec<Event>,
    /// Counts of work since the start.
    pub(crate) usage: Usage,
    /// Nodes that have rows in the step that is being computed: they keep their pages until it is.
    pub(crate) in_step: BTreeSet<NodeId>,
    /// What failed while keys and values were rewritten; the next step says so.
    pub(crate) failed: Option<BackendError>,
    /// Tokens that end a sentence or a line, once somebody asked.
    pub(crate) sentence_ends: Option<Arc<BTreeSet<Token>>>,
    /// The drafter and its bounds, where steps may run ahead.
    pub(crate) speculator: Option<Speculator>,
    /// All logits that were used, for tests to compare.
    #[cfg(test)]
    pub(crate) seen_logits: Vec<(NodeId, Vec<f32>)>,
    /// Positions that a sequence may have: those of the model, or of all pages if these are fewer.
    positions: usize,
    /// The last number that was given to a node or a block of branches.
    numbers: u64,
}

impl Engine {
    /// An engine for a model, on the processor. Room for keys and values is asked for at once, and taken as pages are
    /// used.
    pub fn new(model: Arc<Model>, settings: Settings) -> Engine {
        let (settings, room) = Engine::room_for(&model, settings);
        let processor = Processor::new(model.clone(), settings.kernels, settings.exactness, room);
        Engine::with_backend(model, settings, room, Box::new(processor))
    }

    /// An engine for a model, on the processor or a device: weights and room for keys and values are taken at once.
    ///
    /// # Errors
    /// If there is no such device, its memory is too small, or the model asks for something that there is no kernel for.
    pub fn on(model: Arc<Model>, settings: Settings, device: &Device) -> Result<Engine, BackendError> {
        let (settings, room) = Engine::room_for(&model, settings);
        let backend = device.open(&model, settings.kernels, settings.exactness, room)?;
        Ok(Engine::with_backend(model, settings, room, backend))
    }

    /// Settings brought into their bounds, and the room for keys and values that they ask for.
    fn room_for(model: &Model, settings: Settings) -> (Settings, Room) {
        let settings = Settings {
            pages: settings.pages.clamp(1, 1 << 24),
            page_tokens: settings.page_tokens.clamp(1, 1 << 12),
            rows: settings.rows.max(1),
            ..settings
        };
        let positions = model.shape().context.min(settings.pages * settings.page_tokens).max(1);
        let Settings { pages, page_tokens, precision, .. } = settings;
        (settings, Room { pages, page_tokens, positions, precision })
    }

    fn with_backend(model: Arc<Model>, settings: Settings, room: Room, backend: Box<dyn Backend>) -> Engine {
        Engine {
            model,
            backend,
            settings,
            pool: PagePool::new(settings.pages),
            cache: PrefixCache::default(),
            nodes: BTreeMap::new(),
            trees: BTreeMap::new(),
            replay_logs: BTreeMap::new(),
            events: Vec::new(),
            usage: Usage::default(),
            in_step: BTreeSet::new(),
            failed: None,
            sentence_ends: None,
            speculator: settings.speculation.map(Speculator::new),
            #[cfg(test)]
            seen_logits: Vec::new(),
            positions: room.positions,
            numbers: 0,
        }
    }

    /// Moves every tree on by one step, as far as rows and pages suffice, and says what happened.
    ///
    /// The tokens that come out do not depend on what else is in the batch, on the executor, or on how often a
    /// node had to let go of its pages. If no node finds room for a row, the first of them ends: so the engine
    /// never stands still.
    ///
    /// # Errors
    /// If a device does not do what it is told. The engine is of no use then: what it told so far is true, and
    /// another one goes on from there by [`Engine::resume`]. On the processor nothing fails.
    pub fn step(&mut self, parallel: &dyn Parallel) -> Result<Vec<Event>, BackendError> {
        self.settle();
        self.thin();
        let mut batch = self.schedule();
        self.draft(&mut batch);
        if batch.is_empty() {
            // Where the prefix cache had all of a stretch, a policy has to work on it before there are rows.
            if !self.thin() {
                self.end_first_without_room();
            }
        } else {
            let outputs = self.compute(parallel, &batch)?;
            self.sample(&batch, outputs);
        }
        let news = self.news();
        self.failed.take().map_or(Ok(news), Err)
    }

    /// Does what follows from orders and needs no row, and says what happened since the last step. The next step
    /// would do the same before all else.
    pub fn news(&mut self) -> Vec<Event> {
        self.settle();
        std::mem::take(&mut self.events)
    }

    /// Steps until nothing is left to do, and says all that happened.
    ///
    /// # Errors
    /// As [`Engine::step`]; what happened before is lost with it.
    pub fn run(&mut self, parallel: &dyn Parallel) -> Result<Vec<Event>, BackendError> {
        let mut events = Vec::new();
        while !self.is_idle() {
            events.extend(self.step(parallel)?);
        }
        Ok(events)
    }

    /// Whether a step would do anything.
    pub fn is_idle(&self) -> bool {
        self.events.is_empty() && !self.nodes.values().any(|node| node.is_runnable() || self.is_due(node))
    }

    /// Joins the branches that are done, opens those that need no logits, and lets nodes hold that have come to
    /// their hold, until nothing more follows.
    pub(crate) fn settle(&mut self) {
        while self.settle_once() {}
    }

    /// One walk over all nodes, branches before their parents. Whether another may find more to do.
    fn settle_once(&mut self) -> bool {
        let mut moved = false;
        let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
        for id in ids.into_iter().rev() {
            if !self.replay_logs.is_empty() && self.cut(id) {
                moved = true;
                continue;
            }
            let Some(node) = self.nodes.get_mut(&id) else { continue };
            match &node.state {
                State::Waiting { .. } => moved |= self.join_if_done(id),
                State::Holding if node.sequence.is_whole() => {
                    node.state = State::Held;
                    node.stages += 1;
                    self.events.push(Event::Held { node: id });
                }
                State::Opening(spawn) if node.sequence.is_whole() && !node.wants_logits() => {
                    let spawn = spawn.clone();
                    self.open(id, spawn, None);
                    moved = true;
                }
                _ => {}
            }
        }
        moved
    }

    /// Whether a node goes on without a row: a join that is due, a fork, or a hold that is reached.
    fn is_due(&self, node: &Node) -> bool {
        match &node.state {
            State::Waiting { children, .. } => {
                children.iter().all(|child| self.nodes.get(child).is_none_or(|child| child.outcome().is_some()))
            }
            State::Holding => node.sequence.is_whole(),
            _ => false,
        }
    }
}
