//! The engine: trees of sequences over one model and one pool of pages.
//!
//! [`Engine::step`] is the main loop. Its parts are in one file each:
//!
//! | file | what |
//! |---|---|
//! | `orders` | admits trees, appends texts, ends nodes |
//! | `forks`, `joins`, `prune` | open branches, join them, and remove text from view |
//! | `scheduler`, `budget` | which sequences get rows of a step, and where their pages come from |
//! | `thinning` | applies KV cache policies to computed text |
//! | `drafts`, `proposal` | speculation: spare rows hold tokens that are not drawn yet |
//! | `runner` | turns rows into logits or tokens, on a [backend](crate::compute) |
//! | `generation` | appends a token, and ends a turn |
//! | `replay` | repeats what a tree wrote before a crash |
//!
//! The other files hold the values that these exchange, and import none of them.

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
    /// Weights, vocabulary and template; may be shared by several engines.
    pub(crate) model: Arc<Model>,
    /// The KV cache, all pages in all layers, and the backend that computes it.
    pub(crate) backend: Box<dyn Backend>,
    /// Pages, rows and precision, clamped to their bounds.
    pub(crate) settings: Settings,
    /// Reference counts of all pages. Only sequences and the prefix cache hold references.
    pub(crate) pool: PagePool,
    /// Full pages that may be reused; evicted when pages run short.
    pub(crate) cache: PrefixCache,
    /// All nodes of all trees that were not forgotten. A node's state names its branches.
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    /// Bounds and tool calls of each tree, by the number of its root.
    pub(crate) trees: BTreeMap<u64, Tree>,
    /// The recorded output that a resumed tree has not repeated yet, by the number of its root.
    pub(crate) replay_logs: BTreeMap<u64, ReplayLog>,
    /// Events since the last report to the caller, in order.
    pub(crate) events: Vec<Event>,
    /// Counters since the start.
    pub(crate) usage: Usage,
    /// Nodes with rows in the current step; their pages are not taken away before it is computed.
    pub(crate) in_step: BTreeSet<NodeId>,
    /// An error while keys and values were rewritten; the next step returns it.
    pub(crate) failed: Option<BackendError>,
    /// Tokens that end a sentence or a line; computed on first use.
    pub(crate) sentence_ends: Option<Arc<BTreeSet<Token>>>,
    /// The drafter and its bounds, if speculation is on.
    pub(crate) speculator: Option<Speculator>,
    /// All logits that were used, for comparison in tests.
    #[cfg(test)]
    pub(crate) seen_logits: Vec<(NodeId, Vec<f32>)>,
    /// The longest sequence: the positions of the model, or those of all pages if these are fewer.
    positions: usize,
    /// The last number assigned to a node or a block of branches.
    numbers: u64,
}

impl Engine {
    /// An engine on the processor. The memory for keys and values is reserved at once and touched as pages are used.
    pub fn new(model: Arc<Model>, settings: Settings) -> Engine {
        let (settings, room) = Engine::room_for(&model, settings);
        let processor = Processor::new(model.clone(), settings.kernels, settings.exactness, room);
        Engine::with_backend(model, settings, room, Box::new(processor))
    }

    /// An engine on the processor or a device. Weights and the memory for keys and values are allocated at once.
    ///
    /// # Errors
    /// If the device does not exist or has too little memory, or the model needs an operation without a kernel.
    pub fn on(model: Arc<Model>, settings: Settings, device: &Device) -> Result<Engine, BackendError> {
        let (settings, room) = Engine::room_for(&model, settings);
        let backend = device.open(&model, settings.kernels, settings.exactness, room)?;
        Ok(Engine::with_backend(model, settings, room, backend))
    }

    /// The settings clamped to their bounds, and the room for keys and values that they require.
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

    /// Advances every tree by one step, as far as rows and pages suffice, and returns the events.
    ///
    /// The tokens do not depend on the rest of the batch, on the executor, or on how often a node was preempted. If no
    /// node has room for a row, the first one is ended, so that every step makes progress.
    ///
    /// # Errors
    /// If a device fails. The engine is unusable then: events returned so far remain valid, and another engine can
    /// continue from them with [`Engine::resume`]. The processor never fails.
    pub fn step(&mut self, parallel: &dyn Parallel) -> Result<Vec<Event>, BackendError> {
        self.settle();
        self.thin();
        let mut batch = self.schedule();
        self.draft(&mut batch);
        if batch.is_empty() {
            // Text found in the prefix cache may complete a stretch: a policy has to run before any row is computed.
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

    /// Carries out pending orders as far as they need no rows, and returns the events since the last step. The next
    /// step would begin in the same way.
    pub fn news(&mut self) -> Vec<Event> {
        self.settle();
        std::mem::take(&mut self.events)
    }

    /// Steps until the engine is idle, and returns all events.
    ///
    /// # Errors
    /// As [`Engine::step`]; the earlier events are lost then.
    pub fn run(&mut self, parallel: &dyn Parallel) -> Result<Vec<Event>, BackendError> {
        let mut events = Vec::new();
        while !self.is_idle() {
            events.extend(self.step(parallel)?);
        }
        Ok(events)
    }

    /// Whether a step would do nothing.
    pub fn is_idle(&self) -> bool {
        self.events.is_empty() && !self.nodes.values().any(|node| node.is_runnable() || self.is_due(node))
    }

    /// Until nothing changes: joins finished branches, opens branches that need no logits, and puts nodes on hold that
    /// have reached it.
    pub(crate) fn settle(&mut self) {
        while self.settle_once() {}
    }

    /// One pass over all nodes, branches before their parents. Returns whether another pass may change something.
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

    /// Whether a node can continue without a row: its join or its hold is due.
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
