//! The engine: trees of threads over one model and one pool of pages.

mod budget;
pub(crate) mod drafts;
pub(crate) mod event;
pub(crate) mod forward;
pub(crate) mod joins;
pub(crate) mod node;
mod proposal;
pub(crate) mod prune;
pub(crate) mod replay;
pub(crate) mod request;
pub(crate) mod scheduler;

use std::collections::BTreeMap;
use std::sync::Arc;

use theoremata_kernels::{Draw, Parallel};

use crate::constrain::guide::Guidance;
use crate::constrain::state::Say;
use crate::engine::budget::Tree;
use crate::engine::drafts::Speculator;
use crate::engine::event::{EngineError, Event, Usage};
use crate::engine::forward::Forward;
use crate::engine::node::{After, Bound, Node, NodeId, Outcome, State, Then, Turn};
use crate::engine::replay::Record;
use crate::engine::request::{Request, Settings};
use crate::kv::pages::Pool;
use crate::kv::prefix_cache::Cache;
use crate::kv::sequence::{Hold, Thread};
use crate::speculate::drafter::Next;
use crate::text::tokenizer::Token;
use crate::weights::model::Model;

/// Trees of threads over one model. See the crate's documentation for an example.
pub struct Engine {
    pub(crate) model: Arc<Model>,
    pub(crate) forward: Forward,
    pub(crate) settings: Settings,
    pub(crate) pool: Pool,
    pub(crate) cache: Cache,
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) trees: BTreeMap<u64, Tree>,
    /// What trees wrote before and have not written again, by their roots.
    pub(crate) records: BTreeMap<u64, Record>,
    pub(crate) events: Vec<Event>,
    pub(crate) usage: Usage,
    pub(crate) speculator: Option<Speculator>,
    /// All logits that were used, for tests to compare.
    #[cfg(test)]
    pub(crate) seen_logits: Vec<(NodeId, Vec<f32>)>,
    positions: usize,
    numbers: u64,
}

impl Engine {
    /// An engine for a model. Room for keys and values is asked for at once, and taken as pages are used.
    pub fn new(model: Arc<Model>, settings: Settings) -> Engine {
        let settings = Settings {
            pages: settings.pages.clamp(1, 1 << 24),
            page_tokens: settings.page_tokens.clamp(1, 1 << 12),
            rows: settings.rows.max(1),
            ..settings
        };
        let positions = model.shape().context.min(settings.pages * settings.page_tokens).max(1);
        let pages = (settings.pages, settings.page_tokens);
        let forward = Forward::new(&model, settings.kernels, settings.precision, pages, positions);
        Engine {
            model,
            forward,
            settings,
            pool: Pool::new(settings.pages),
            cache: Cache::default(),
            nodes: BTreeMap::new(),
            trees: BTreeMap::new(),
            records: BTreeMap::new(),
            events: Vec::new(),
            usage: Usage::default(),
            speculator: settings.speculation.map(Speculator::new),
            #[cfg(test)]
            seen_logits: Vec::new(),
            positions,
            numbers: 0,
        }
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Tokens of a page.
    pub fn page_tokens(&self) -> usize {
        self.settings.page_tokens
    }

    /// What was done so far.
    pub fn usage(&self) -> Usage {
        Usage {
            pages_used: self.pool.used(),
            pages_peak: self.pool.peak(),
            pages: self.pool.capacity(),
            page_bytes: self.forward.page_bytes(),
            ..self.usage
        }
    }

    /// Admits a tree. Trees that were admitted first come first when pages run short.
    pub fn submit(&mut self, request: Request) -> Result<NodeId, EngineError> {
        self.check_tokens(&request.tokens)?;
        self.check_then(&request.then)?;
        let room = self.room();
        if request.tokens.is_empty() {
            return Err(EngineError::NoTokens);
        }
        if request.tokens.len() > room {
            return Err(EngineError::TooLong { wanted: request.tokens.len(), bound: room });
        }
        let number = self.next_number();
        let mut thread = Thread::new();
        request.tokens.iter().for_each(|token| thread.push(*token));
        self.trees.insert(number, Tree { bounds: request.bounds, calls: 0 });
        let node = Node::new((number, Vec::new()), request.seed, thread, request.bounds.tokens);
        self.nodes.insert(NodeId(number), node);
        self.events.push(Event::Opened { node: NodeId(number), parent: None });
        self.go_on(NodeId(number), request.then);
        Ok(NodeId(number))
    }

    /// Appends tokens to what a node reads that waits for orders, and lets it go on.
    pub fn extend(&mut self, node: NodeId, tokens: &[Token], then: Then) -> Result<(), EngineError> {
        self.check_tokens(tokens)?;
        self.check_then(&then)?;
        let room = self.room();
        let held = self.at_rest(node)?;
        let wanted = held.thread.end() as usize + tokens.len();
        if wanted > room {
            return Err(EngineError::TooLong { wanted, bound: room });
        }
        tokens.iter().for_each(|token| held.thread.push(*token));
        held.lead.follow(tokens.iter().copied());
        self.go_on(node, then);
        Ok(())
    }

    /// Ends a node and all below it. Its siblings go on.
    pub fn cancel(&mut self, node: NodeId) -> Result<(), EngineError> {
        self.stop(node, Outcome::Cancelled)
    }

    /// Forgets a tree with all its nodes; what it has computed may be found by others for a while.
    pub fn forget(&mut self, root: NodeId) {
        if self.nodes.get(&root).is_none_or(|node| node.parent.is_some()) {
            return;
        }
        self.trees.remove(&root.0);
        self.records.remove(&root.0);
        let of_tree: Vec<NodeId> =
            self.nodes.iter().filter(|(_, node)| node.rank.0 == root.0).map(|(id, _)| *id).collect();
        for id in of_tree {
            if let Some(mut node) = self.nodes.remove(&id) {
                self.cache.remember(&node.thread, self.settings.page_tokens, &mut self.pool);
                node.thread.clear(&mut self.pool);
            }
        }
    }

    /// What a node generated, over all its turns.
    pub fn generated(&self, node: NodeId) -> &[Token] {
        self.nodes.get(&node).map_or(&[], |node| &node.generated)
    }

    /// All that a node reads and wrote, as one list.
    pub fn tokens(&self, node: NodeId) -> Vec<Token> {
        let segments = self.nodes.get(&node).into_iter().flat_map(|node| &node.thread.segments);
        segments.flat_map(|segment| segment.tokens().iter().copied()).collect()
    }

    /// The guide of a node in its present state, for a turn to begin with: free if nothing guides the node,
    /// or if its guide could not read what came.
    pub fn guide(&self, node: NodeId) -> Guidance {
        self.nodes.get(&node).map_or(Guidance::Free, |node| node.lead.guidance())
    }

    /// Tokens that a node and all below it may still generate.
    pub fn allowance(&self, node: NodeId) -> usize {
        self.nodes.get(&node).map_or(0, |node| node.allowance)
    }

    /// How a node ended, if it did.
    pub fn outcome(&self, node: NodeId) -> Option<&Outcome> {
        self.nodes.get(&node).and_then(Node::outcome)
    }

    /// The branches that a node waits for.
    pub fn branches(&self, node: NodeId) -> &[NodeId] {
        match self.nodes.get(&node).map(|node| &node.state) {
            Some(State::Waiting { children, .. } | State::Choosing { children, .. }) => children,
            _ => &[],
        }
    }

    /// Whether a step would do anything.
    pub fn is_idle(&self) -> bool {
        self.events.is_empty() && !self.nodes.values().any(|node| node.is_runnable() || self.is_due(node))
    }

    /// Moves every tree on by one step, as far as rows and pages suffice, and says what happened.
    ///
    /// The tokens that come out do not depend on what else is there, on the executor, or on how often a
    /// node had to let go of its pages. If a whole step finds no room, the node that comes first ends:
    /// so the engine never stands still.
    pub fn step(&mut self, parallel: &dyn Parallel) -> Vec<Event> {
        self.turn_over();
        let planned = self.plan();
        if planned.is_empty() {
            self.give_up_one();
        } else {
            self.compute(parallel, &planned);
        }
        self.news()
    }

    /// Does what follows from orders and needs no row, and says what happened since the last step. The next step
    /// would do the same before all else.
    pub fn news(&mut self) -> Vec<Event> {
        self.turn_over();
        std::mem::take(&mut self.events)
    }

    /// Steps until nothing is left to do, and says all that happened.
    pub fn run(&mut self, parallel: &dyn Parallel) -> Vec<Event> {
        let mut events = Vec::new();
        while !self.is_idle() {
            events.extend(self.step(parallel));
        }
        events
    }

    /// Counts all references anew. Every page is free or held by just those that say so; free and used
    /// pages are all there are.
    pub fn audit(&self) -> Result<(), String> {
        let threads = self.nodes.values().flat_map(|node| &node.thread.segments);
        let held = threads.flat_map(|segment| segment.pages().iter().copied());
        self.pool.audit(held.chain(self.cache.held()))
    }

    /// Whether a node goes on without a row: a join that is due, a fork, or a hold that is reached.
    fn is_due(&self, node: &Node) -> bool {
        match &node.state {
            State::Waiting { children, .. } => {
                children.iter().all(|child| self.nodes.get(child).is_none_or(|child| child.outcome().is_some()))
            }
            State::Holding => node.thread.is_whole(),
            _ => false,
        }
    }

    /// Does all that needs no row, until there is no more of it.
    pub(crate) fn turn_over(&mut self) {
        loop {
            let mut moved = false;
            let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
            for id in ids.into_iter().rev() {
                if !self.records.is_empty() && self.cut(id) {
                    moved = true;
                    continue;
                }
                let Some(node) = self.nodes.get_mut(&id) else { continue };
                match &node.state {
                    State::Waiting { .. } => moved |= self.join_if_done(id),
                    State::Holding if node.thread.is_whole() => {
                        node.state = State::Held;
                        node.stages += 1;
                        self.events.push(Event::Held { node: id });
                    }
                    State::Opening(spawn) if node.thread.is_whole() && !node.wants_logits() => {
                        let spawn = spawn.clone();
                        self.open(id, spawn, None);
                        moved = true;
                    }
                    _ => {}
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Draws the next token of a running node, and writes those that its guide forces then.
    pub(crate) fn draw(&mut self, id: NodeId, logits: &[f32]) {
        let kernels = self.forward.kernels();
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let State::Running(turn) = &node.state else { return };
        let draw = Draw { seed: node.seed, path: node.path_hash(), position: node.draws };
        let given = turn.given.get(node.turn_tokens).copied();
        let say = if given.is_some() { Say::Any } else { node.lead.say(&turn.guide, &turn.stops) };
        let allowed = if let Say::Among(allowed) = &say { Some(allowed) } else { None };
        let masked = allowed.map(|allowed| allowed.masked(logits));
        let choice = masked.as_deref().unwrap_or(logits);
        let token = match &say {
            Say::Any | Say::Among(_) => given.or_else(|| kernels.sample(choice, &turn.sampling, draw)),
            Say::This(_) | Say::Nothing => None,
            Say::End => return self.come_to_end(id),
        };
        let going = match (token, &say) {
            (None, Say::This(token)) => self.write(id, *token, Source::Forced),
            (Some(token), _) => {
                node.draws += 1;
                let total = kernels.log_sum_exp(logits);
                if given.is_none()
                    && let Some(speculator) = &mut self.speculator
                {
                    let tokens = node.thread.last_tokens(Next::REACH);
                    let next = Next { tokens: &tokens, sampling: &turn.sampling, draw, allowed };
                    let total = masked.as_ref().map_or(total, |masked| kernels.log_sum_exp(masked));
                    speculator.learn(&next, choice, total, token);
                }
                let source = if given.is_some() { Source::Given } else { Source::Drawn };
                self.write(id, token, source(logits[token as usize] - total))
            }
            _ => return self.end(id, Outcome::Invalid),
        };
        if going {
            self.write_forced(id);
        }
    }

    /// Writes what the guide of a running node forces: no logits are needed for it.
    fn write_forced(&mut self, id: NodeId) {
        loop {
            let Some(node) = self.nodes.get_mut(&id) else { return };
            // Tokens that are still given come in their own time.
            let State::Running(turn) = &node.state else { return };
            if node.turn_tokens < turn.given.len() {
                return;
            }
            let forced = node.lead.forced();
            if forced.is_empty() || !forced.into_iter().all(|token| self.write(id, token, Source::Forced)) {
                return;
            }
        }
    }

    /// Writes a token of a running node, and ends the turn if it is the last one. Whether it goes on.
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
            node.thread.push(token);
            node.generated.push(token);
            node.log_probabilities.push(log_probability);
            self.events.push(Event::Token { node: id, token, log_probability, forced });
            let completes = completes_stop_text(&self.model, turn, &mut node.tail, token);
            ends |= completes && !matches!(source, Source::Given(_));
        }
        if !stops {
            node.lead.follow([token]);
            ends |= node.lead.is_complete();
        }
        let path = self.trees.get(&node.rank.0).map_or(usize::MAX, |tree| tree.bounds.path);
        let bound = if node.turn_tokens >= turn.max_tokens {
            Some(Bound::Tokens)
        } else if node.allowance == 0 {
            Some(Bound::Allowance)
        } else if node.longest >= path {
            Some(Bound::Path)
        } else if node.thread.end() as usize >= self.positions {
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

    /// Tokens that a running node may still write; it can be fewer if something ends its turn.
    pub(crate) fn tokens_left(&self, node: &Node, turn: &Turn) -> usize {
        let of_turn = turn.max_tokens.saturating_sub(node.turn_tokens);
        let of_model = self.positions.saturating_sub(node.thread.end() as usize);
        let path = self.trees.get(&node.rank.0).map_or(usize::MAX, |tree| tree.bounds.path);
        of_turn.min(node.allowance).min(of_model).min(path.saturating_sub(node.longest))
    }

    /// Ends a turn that came to its end by itself.
    fn come_to_end(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        match &node.state {
            State::Running(Turn { after: After::Hold, .. }) => node.state = State::Holding,
            State::Running(_) => self.end(id, Outcome::Concluded),
            _ => {}
        }
    }

    /// Lets a node do what comes next.
    pub(crate) fn go_on(&mut self, id: NodeId, then: Then) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let path = self.trees.get(&node.rank.0).map_or(usize::MAX, |tree| tree.bounds.path);
        node.turn_tokens = 0;
        node.tail.clear();
        match then {
            Then::Generate(_) if node.allowance == 0 => self.end(id, Outcome::Budget(Bound::Allowance)),
            Then::Generate(_) if node.longest >= path => self.end(id, Outcome::Budget(Bound::Path)),
            Then::Generate(turn) => {
                node.lead.begin(&turn.guide);
                node.state = State::Running(turn);
                self.replay(id);
            }
            Then::Hold => node.state = State::Holding,
            Then::Conclude => self.end(id, Outcome::Concluded),
        }
    }

    /// Ends a node, and what is below it before. A node that ended stays as it is.
    pub(crate) fn end(&mut self, id: NodeId, outcome: Outcome) {
        let children = self.branches(id).to_vec();
        children.iter().for_each(|child| self.end(*child, Outcome::Cancelled));
        self.drop_branches(&children);
        let page_tokens = self.settings.page_tokens;
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if node.outcome().is_some() {
            return;
        }
        self.cache.remember(&node.thread, page_tokens, &mut self.pool);
        // A branch that concluded keeps its pages for the join. All others have nobody to wait for.
        if node.parent.is_none() || outcome != Outcome::Concluded {
            node.thread.evict(Hold::All, &mut self.pool);
        }
        node.state = State::Done(outcome.clone());
        self.events.push(Event::Finished { node: id, outcome });
    }

    /// A node that waits for orders: it holds, or it is a root that ended.
    pub(crate) fn at_rest(&mut self, id: NodeId) -> Result<&mut Node, EngineError> {
        let node = self.nodes.get_mut(&id).ok_or(EngineError::Unknown(id))?;
        match node.state {
            State::Held | State::Holding => Ok(node),
            State::Done(_) if node.parent.is_none() => Ok(node),
            _ => Err(EngineError::Busy(id)),
        }
    }

    pub(crate) fn tree_of(&self, id: NodeId) -> Result<u64, EngineError> {
        self.nodes.get(&id).map(|node| node.rank.0).ok_or(EngineError::Unknown(id))
    }

    pub(crate) fn check_tokens(&self, tokens: &[Token]) -> Result<(), EngineError> {
        let vocabulary = self.model.shape().vocabulary;
        match tokens.iter().find(|token| **token as usize >= vocabulary) {
            Some(token) => Err(EngineError::NoSuchToken { token: *token, vocabulary }),
            None => Ok(()),
        }
    }

    pub(crate) fn check_then(&self, then: &Then) -> Result<(), EngineError> {
        match then {
            Then::Generate(turn) if turn.max_tokens == 0 => Err(EngineError::NoTokens),
            Then::Generate(turn) => self.check_tokens(&turn.given),
            Then::Hold | Then::Conclude => Ok(()),
        }
    }

    /// Positions that a text may fill, so that one is left to generate at.
    pub(crate) fn room(&self) -> usize {
        self.positions.saturating_sub(1)
    }

    /// Whether what a node reads leaves no position to generate at.
    pub(crate) fn is_too_long(&self, id: NodeId) -> bool {
        self.nodes.get(&id).is_some_and(|node| node.thread.end() as usize >= self.positions)
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// Where a token comes from: the turn gave it, it was drawn, each with its log-probability, or a guide left
/// no choice.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Given(f32),
    Drawn(f32),
    Forced,
}

/// Whether a token completes one of the texts that end a turn.
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
