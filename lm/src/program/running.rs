//! A program running in an engine.

use std::collections::BTreeMap;

use theoremata_kernels::Parallel;

use crate::compute::backend::BackendError;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::event::Event;
use crate::engine::node::NodeId;
use crate::engine::outcome::Outcome;
use crate::engine::report::JoinReport;
use crate::engine::usage::NodeUsage;
use crate::program::answer::{Answer, TreeUsage};
use crate::program::growth::{Grown, Growth};
use crate::program::interface::Program;

/// A running program.
pub struct Running<'a> {
    program: Box<dyn Program + 'a>,
    root: NodeId,
    growth: Growth,
    joins: Vec<(Vec<u32>, JoinReport)>,
    prunes: Vec<(Vec<u32>, JoinReport)>,
    /// Nodes for which the engine refused an order, with the resulting outcome.
    refused: BTreeMap<NodeId, Outcome>,
}

impl<'a> Running<'a> {
    /// Starts a program by submitting its tree.
    ///
    /// # Errors
    /// If the engine refuses it. Nothing is left in the engine then.
    /// If the engine refuses it. Nothing is left in the engine then.
    pub fn start(engine: &mut Engine, mut program: impl Program + 'a) -> Result<Running<'a>, EngineError> {
        let root = program.plant(engine)?;
        let growth = Growth::of(root);
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

    /// The tree so far.
    pub fn growth(&self) -> &Growth {
        &self.growth
    }

    /// Whether the program has ended.
    pub fn is_done(&self) -> bool {
        self.growth.node(self.root).is_some_and(|root| root.outcome.is_some())
    }

    /// Handles an event, which may belong to another tree, and gives the orders that follow.
    ///
    /// If the engine refuses an order, the node of the event ends: out of budget if a bound is the reason. The others
    /// continue.
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
        // The program gets the event of its end, and none after it.
        let is_end = matches!(event, Event::Finished { node, .. } if *node == self.root);
        if self.is_done() && !is_end {
            return;
        }
        if let Err(error) = self.program.take(engine, &mut self.growth, event) {
            self.refuse(engine, event.node(), &error);
        }
    }

    /// Nodes that wait for a tool whose reply was not available yet.
    pub fn waiting(&self) -> Vec<NodeId> {
        if self.is_done() { Vec::new() } else { self.program.waiting() }
    }

    /// Asks again for the reply that a node waits for. Nothing happens if it is still not available.
    pub fn wake(&mut self, engine: &mut Engine, node: NodeId) {
        if self.is_done() {
            return;
        }
        if let Err(error) = self.program.wake(engine, &mut self.growth, node) {
            self.refuse(engine, node, &error);
        }
    }

    /// Ends a node for which the engine refused an order.
    fn refuse(&mut self, engine: &mut Engine, node: NodeId, error: &EngineError) {
        self.refused.entry(node).or_insert(error.outcome());
        // A node of the tree exists in the engine.
        let _ = engine.cancel(node);
    }

    /// Ends the program; what it wrote so far is in the answer.
    pub fn cancel(&mut self, engine: &mut Engine) {
        // The root exists until `finish`.
        let _ = engine.cancel(self.root);
    }

    /// Ends the program because its time is up; see [`Engine::expire`].
    pub fn expire(&mut self, engine: &mut Engine) {
        // The root exists until `finish`.
        let _ = engine.expire(self.root);
    }

    /// The result. A program that is not done is cancelled. The engine forgets its tree.
    pub fn finish(mut self, engine: &mut Engine) -> Answer {
        if !self.is_done() {
            self.cancel(engine);
        }
        let thinned = self.growth.nodes().any(|(id, _)| engine.is_thinned(id));
        let mut node_usage: Vec<(Vec<u32>, NodeUsage)> =
            self.growth.nodes().map(|(id, grown)| (grown.path.clone(), engine.node_usage(id))).collect();
        node_usage.sort_by(|one, other| one.0.cmp(&other.0));
        engine.forget(self.root);
        for (id, outcome) in std::mem::take(&mut self.refused) {
            self.growth.set_outcome(id, outcome);
        }
        let ended = self.growth.node(self.root).and_then(|root| root.outcome.clone());
        let outcome = ended.unwrap_or(Outcome::Cancelled);
        let mut nodes: Vec<Grown> = self.growth.into_nodes();
        let generated = nodes.iter().map(|grown| grown.tokens.len()).sum();
        for grown in &mut nodes {
            if self.program.is_idle_talk(&grown.path) {
                *grown = Grown::cancelled(std::mem::take(&mut grown.path));
            }
        }
        nodes.sort_by(|one, other| one.path.cmp(&other.path));
        self.joins.sort_by(|one, other| one.0.cmp(&other.0));
        self.prunes.sort_by(|one, other| one.0.cmp(&other.0));
        let mut usage = TreeUsage { generated, calls: self.program.calls(), ..TreeUsage::default() };
        for (_, node) in &node_usage {
            usage.prompt += node.prompt;
            usage.cached += node.cached;
            usage.critical_path = usage.critical_path.max(node.critical_path);
            usage.pages_peak = usage.pages_peak.max(node.pages_peak);
        }
        for (_, report) in &self.joins {
            usage.reused += report.reused;
            usage.new += report.new;
        }
        for (_, report) in self.joins.iter().chain(&self.prunes) {
            usage.reencoded += report.reencoded;
            usage.dropped += report.dropped;
        }
        let chosen = self.program.chosen().filter(|_| outcome == Outcome::Concluded);
        let path = Vec::from_iter(chosen);
        let said = nodes.iter().find(|grown| grown.path == path).map(|grown| grown.conclusion().to_vec());
        let votes = self.program.votes().to_vec();
        let (text, pruned) = (self.program.text().to_vec(), self.program.pruned().to_vec());
        let tokens = said.unwrap_or_default();
        let (joins, prunes) = (self.joins, self.prunes);
        Answer { outcome, tokens, chosen, votes, text, pruned, nodes, joins, prunes, thinned, node_usage, usage }
    }
}

/// Runs programs in one batch until all have ended. `watch` is called with every event.
///
/// # Errors
/// As [`Engine::step`].
pub fn run_programs(
    engine: &mut Engine,
    parallel: &dyn Parallel,
    programs: &mut [Running<'_>],
    mut watch: impl FnMut(&mut Engine, &Event),
) -> Result<(), BackendError> {
    while !engine.is_idle() {
        for event in engine.step(parallel)? {
            watch(engine, &event);
            programs.iter_mut().for_each(|program| program.take(engine, &event));
        }
    }
    Ok(())
}
