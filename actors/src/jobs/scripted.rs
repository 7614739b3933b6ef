//! Executes scripts in an engine: each node takes its steps, and joins follow the script.

mod policies;
mod thread;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use theoremata_lm::{
    After, Branch, Choice, Conclusion, Engine, EngineError, Event, Ground, Growth, Join, JoinReport, NodeId, Outcome,
    Program, Spawn, Then, Token, Turn, TurnConstraint,
};

use super::calls::Caller;
use super::output_format::OutputFormat;
use super::prompt_codec::{PromptCodec, steps as lines};
use super::script::{Fork, Generate, JoinForm, Mode, Policy, Script, Step, tokens};
use super::tools::APPROVAL;
use thread::{Stage, Thread, Wait};

/// The last output of a script, for the answer of the job.
pub(super) type LastSaid = Rc<RefCell<String>>;

/// Why a node does not continue.
enum Halt {
    /// A reply or an approval is pending.
    Waits,
    /// The engine returned an error.
    Refused(EngineError),
}

impl From<EngineError> for Halt {
    fn from(error: EngineError) -> Halt {
        Halt::Refused(error)
    }
}

/// A script in execution.
pub(super) struct Scripted {
    ground: Ground,
    codec: PromptCodec,
    script: Script,
    /// Default generation parameters.
    turn: Turn,
    /// Constraints of steps that have one.
    constraints: HashMap<String, TurnConstraint>,
    caller: Caller,
    /// Marks the beginning of what a branch returns; no text can contain these tokens.
    mark: Vec<Token>,
    threads: BTreeMap<NodeId, Thread>,
    root: Option<NodeId>,
    /// The branch of the root that was last selected, unless there was later output.
    chosen: Option<u32>,
    votes: Vec<(u32, usize)>,
    /// Branches whose text cannot matter: the parent's path, and a range of branches.
    idle: Vec<(Vec<u32>, std::ops::Range<u32>)>,
    calls: usize,
    said: LastSaid,
}

impl Scripted {
    /// A script for a prompt. `constraint` compiles output formats.
    pub(super) fn new<E>(
        ground: Ground,
        (codec, caller): (PromptCodec, Caller),
        script: &Script,
        turn: Turn,
        mut constraint: impl FnMut(&OutputFormat) -> Result<TurnConstraint, E>,
    ) -> Result<Scripted, E> {
        let mut constraints = HashMap::new();
        for shape in script.shapes() {
            constraints.insert(name(&shape), constraint(&shape)?);
        }
        let mark = codec.ends().first().map_or_else(|| codec.encode("\n\u{1}\n").unwrap_or_default(), |end| vec![*end]);
        let turn = Turn { after: After::Hold, ..turn };
        Ok(Scripted {
            ground,
            codec,
            script: script.clone(),
            turn,
            constraints,
            caller,
            mark,
            threads: BTreeMap::new(),
            root: None,
            chosen: None,
            votes: Vec::new(),
            idle: Vec::new(),
            calls: 0,
            said: LastSaid::default(),
        })
    }

    /// The last output, readable during execution and afterwards.
    pub(super) fn said(&self) -> LastSaid {
        self.said.clone()
    }

    /// Appends a text to the tokens to read, if it fits into the context at all: a loop may repeat a long text very
    /// often.
    fn read(&self, text: &str, read: &mut Vec<Token>) -> Result<(), EngineError> {
        read.extend(self.encode(text)?);
        let (wanted, bound) = (read.len(), self.codec.context());
        if wanted > bound { Err(EngineError::TooLong { wanted, bound }) } else { Ok(()) }
    }

    fn encode(&self, text: &str) -> Result<Vec<Token>, EngineError> {
        self.codec.encode(text).map_err(|_| EngineError::NoTokens)
    }

    /// The generation parameters of a step.
    fn turn(&self, generate: &Generate) -> Turn {
        let mut turn = self.turn.clone();
        turn.max_tokens = generate.max_tokens.unwrap_or(turn.max_tokens);
        turn.sampling.temperature = generate.temperature.unwrap_or(turn.sampling.temperature);
        turn.stop_texts.extend(generate.stop.iter().filter(|stop| !stop.is_empty()).cloned());
        if let Some(constraint) = generate.shape().and_then(|shape| self.constraints.get(&name(&shape))) {
            turn.constraint = constraint.clone();
        }
        turn
    }

    /// Calls a tool for a node. A node that waited repeats its calls in the same order; each is counted and reported
    /// once.
    fn ask(&mut self, engine: &mut Engine, node: NodeId, tool: &str, parameters: &str) -> Result<String, Halt> {
        let Some(thread) = self.threads.get_mut(&node) else { return Err(Halt::Waits) };
        thread.asked += 1;
        if thread.asked > thread.counted {
            // The engine may no longer know a branch that has ended; it knows the parent.
            let counts = thread.parent.filter(|_| matches!(thread.wait, Some(Wait::Acceptance))).unwrap_or(node);
            engine.count_call(counts)?;
            thread.counted = thread.asked;
            self.calls += 1;
        }
        let reply = self.caller.reply(tool, parameters).ok_or(Halt::Waits)?;
        if thread.asked > thread.told {
            thread.told = thread.asked;
            self.caller.tell(tool, parameters, &reply);
        }
        Ok(reply)
    }

    /// Starts or retries an action that may have to wait.
    fn begin(&mut self, node: NodeId, wait: Wait) {
        if let Some(thread) = self.threads.get_mut(&node) {
            (thread.wait, thread.asked) = (Some(wait), 0);
        }
    }

    /// Records whether the action is complete.
    fn done<T>(&mut self, node: NodeId, result: Result<T, Halt>) -> Result<Option<T>, EngineError> {
        if matches!(result, Err(Halt::Waits)) {
            return Ok(None);
        }
        if let Some(thread) = self.threads.get_mut(&node) {
            (thread.wait, thread.asked, thread.counted, thread.told) = (None, 0, 0, 0);
        }
        match result {
            Ok(done) => Ok(Some(done)),
            Err(Halt::Refused(error)) => Err(error),
            Err(Halt::Waits) => Ok(None),
        }
    }

    /// Requests human approval. Whether it was granted.
    fn approved(&mut self, growth: &Growth, node: NodeId, text: &str) -> Result<bool, Halt> {
        let path = growth.node(node).map(|grown| grown.path.clone()).unwrap_or_default();
        let time = self.threads.get(&node).map_or(0, |thread| thread.approvals);
        // The time makes each request distinct.
        let what = serde_json::json!({ "ask": text, "node": path, "time": time }).to_string();
        let granted = self.caller.approved(APPROVAL, &what).ok_or(Halt::Waits)?;
        if let Some(thread) = self.threads.get_mut(&node) {
            thread.approvals += 1;
        }
        Ok(granted)
    }

    /// Takes steps until the model has to generate, branches have to be waited for, or no step is left.
    fn go_on(&mut self, engine: &mut Engine, growth: &mut Growth, node: NodeId) -> Result<(), EngineError> {
        let mut read = self.threads.get_mut(&node).map(|thread| std::mem::take(&mut thread.unread)).unwrap_or_default();
        loop {
            let Some(thread) = self.threads.get_mut(&node) else { return Ok(()) };
            let Some(step) = thread.next() else { return self.conclude(engine, node, read) };
            match step {
                Step::Say(text) => {
                    let text = thread.filled(&text);
                    self.read(&text, &mut read)?;
                }
                Step::Tool(call) => {
                    let parameters = thread.parameters(&call.parameters);
                    self.begin(node, Wait::Step);
                    let reply = self.ask(engine, node, &call.name, &parameters);
                    match self.done(node, reply)? {
                        Some(reply) => {
                            self.read(&reply, &mut read)?;
                            self.hear(node, reply, None);
                        }
                        None => return self.rest(node, Step::Tool(call), read),
                    }
                }
                Step::Approve(text) => {
                    let filled = thread.filled(&text);
                    self.begin(node, Wait::Step);
                    let granted = self.approved(growth, node, &filled);
                    match self.done(node, granted)? {
                        Some(true) => {}
                        Some(false) => return engine.cancel(node),
                        None => return self.rest(node, Step::Approve(text), read),
                    }
                }
                Step::Generate(generate) => {
                    let turn = self.turn(&generate);
                    growth.begin_turn(node);
                    self.writes(node, &turn);
                    return engine.extend(node, &read, Then::Generate(turn));
                }
                Step::Fork(fork) => {
                    if let Some(spawn) = self.branches(engine, node, &fork)? {
                        if !read.is_empty() {
                            engine.extend(node, &read, Then::Hold)?;
                        }
                        return engine.spawn(node, spawn);
                    }
                }
                // Loops are entered by the thread itself.
                Step::Loop(_) => {}
            }
        }
    }

    /// Puts back a step, and the tokens to read before it.
    fn rest(&mut self, node: NodeId, step: Step, read: Vec<Token>) -> Result<(), EngineError> {
        if let Some(thread) = self.threads.get_mut(&node) {
            thread.put_back(step);
            thread.unread = read;
        }
        Ok(())
    }

    fn writes(&mut self, node: NodeId, turn: &Turn) {
        if let Some(thread) = self.threads.get_mut(&node) {
            thread.stage = Stage::Writing { stops: turn.stop_texts.clone() };
        }
    }

    /// Sets the last output of a node, with its tokens if the node generated them itself.
    fn hear(&mut self, node: NodeId, text: String, tokens: Option<Vec<Token>>) {
        if Some(node) == self.root {
            self.chosen = None;
            self.said.borrow_mut().clone_from(&text);
        }
        if let Some(thread) = self.threads.get_mut(&node) {
            (thread.last, thread.tokens) = (text, tokens);
        }
    }

    /// A node without further steps returns what its join asks for.
    fn conclude(&mut self, engine: &mut Engine, node: NodeId, mut read: Vec<Token>) -> Result<(), EngineError> {
        let Some(thread) = self.threads.get(&node) else { return Ok(()) };
        if let Some(between) = &thread.returns {
            read.extend(&self.mark);
            match &thread.tokens {
                Some(tokens) => read.extend(tokens),
                None => read.extend(self.encode(&thread.last)?),
            }
            read.extend(self.encode(between)?);
        }
        engine.extend(node, &read, Then::Conclude)
    }

    /// The branches of a fork; `None` if it has no items.
    fn branches(&mut self, engine: &Engine, node: NodeId, fork: &Fork) -> Result<Option<Spawn>, EngineError> {
        let Some(thread) = self.threads.get(&node) else { return Ok(None) };
        let items = match (fork.count, &fork.each, fork.lines) {
            (Some(count), ..) => vec![thread.item.clone(); count],
            (_, Some(items), _) => items.clone(),
            (.., most) => lines(&thread.last, most.unwrap_or(0)),
        };
        if items.is_empty() {
            return Ok(None);
        }
        // Reserves the tokens that the node itself will generate, so that branches cannot use them up.
        let most = self.turn.max_tokens;
        let left = engine.allowance(node).saturating_sub(thread.left(most));
        let allowance = tokens(&fork.steps, most).min(left / items.len());
        let steps: Arc<[Step]> = fork.steps.clone().into();
        let mut opening = Vec::new();
        let mut branches = Vec::new();
        for item in items {
            let mut branch = Thread::new(steps.clone(), item, thread.last.clone());
            branch.returns = fork.join.returns();
            let (read, then) = self.beginning(&mut branch)?;
            opening.push(branch);
            branches.push(Branch { tokens: read, then, allowance });
        }
        opening.reverse();
        let close = Vec::new();
        let spawn = Spawn {
            branches,
            join: self.join(&fork.join),
            needs: fork.join.needs.unwrap_or(usize::from(fork.join.mode != Mode::Select)),
            close,
            then: Then::Hold,
        };
        if let Some(thread) = self.threads.get_mut(&node) {
            thread.stage = Stage::Joining { join: fork.join.clone(), opening, branches: Vec::new(), accepted: None };
        }
        Ok(Some(spawn))
    }

    /// The first tokens that a branch reads, and how it continues.
    fn beginning(&self, branch: &mut Thread) -> Result<(Vec<Token>, Then), EngineError> {
        let mut read = Vec::new();
        while let Some(step) = branch.next() {
            match step {
                Step::Say(text) => self.read(&branch.filled(&text), &mut read)?,
                Step::Generate(generate) => {
                    let turn = self.turn(&generate);
                    branch.stage = Stage::Writing { stops: turn.stop_texts.clone() };
                    return Ok((read, Then::Generate(turn)));
                }
                other => {
                    branch.put_back(other);
                    break;
                }
            }
        }
        Ok((read, Then::Hold))
    }

    fn join(&self, join: &JoinForm) -> Join {
        let conclusion = || Conclusion::Behind(self.mark.clone());
        match (join.mode, &join.policy) {
            (Mode::Value, _) => Join::Value(conclusion()),
            (Mode::Splice, _) => Join::Splice(conclusion()),
            (Mode::Replay, _) => Join::Replay,
            (Mode::Stitch, _) => Join::Stitch,
            (Mode::Select, Some(Policy::Shortest)) => Join::Select(Choice::First),
            (Mode::Select, Some(Policy::Best)) => Join::Select(Choice::Best),
            (Mode::Select, _) => Join::Select(Choice::Asked),
        }
    }

    /// A branch was opened.
    fn opened(&mut self, node: NodeId, parent: NodeId) {
        let Some(Thread { stage: Stage::Joining { opening, branches, .. }, .. }) = self.threads.get_mut(&parent) else {
            return;
        };
        branches.push(node);
        if let Some(mut thread) = opening.pop() {
            thread.parent = Some(parent);
            self.threads.insert(node, thread);
        }
    }

    /// Branches were joined: their last outputs become the node's last output.
    fn joined(&mut self, growth: &Growth, node: NodeId, report: &JoinReport) {
        let Some(Thread { stage: Stage::Joining { join, branches, .. }, .. }) = self.threads.get(&node) else { return };
        let came = branches.iter().enumerate().filter(|(place, _)| !report.left_out.contains(&(*place as u32)));
        let came: Vec<NodeId> = came.map(|(_, branch)| *branch).collect();
        let said = came.iter().filter_map(|branch| self.threads.get(branch)).map(|thread| thread.last.trim());
        let text = said.collect::<Vec<_>>().join("\n");
        let selected = (join.mode == Mode::Select).then(|| came.first().and_then(|branch| growth.node(*branch)));
        let chosen = selected.flatten().and_then(|grown| grown.path.last().copied());
        // Branches that can no longer be the shortest are cancelled as soon as that is known, a time that is not
        // deterministic.
        if let (Some(Policy::Shortest), Some(chosen), Some(above)) = (&join.policy, chosen, growth.node(node)) {
            let place = |branch: Option<&NodeId>| growth.node(*branch?)?.path.last().copied();
            let first = place(branches.first()).unwrap_or(chosen);
            let last = place(branches.last()).unwrap_or(chosen);
            self.idle.extend([first..chosen, chosen + 1..last + 1].map(|places| (above.path.clone(), places)));
        }
        // The outputs of branches are not needed any more.
        for branch in branches.clone() {
            self.threads.remove(&branch);
        }
        self.hear(node, text, None);
        if Some(node) == self.root {
            self.chosen = chosen;
        }
    }

    fn held(&mut self, engine: &mut Engine, growth: &mut Growth, node: NodeId) -> Result<(), EngineError> {
        let Some(thread) = self.threads.get_mut(&node) else { return Ok(()) };
        if let Stage::Writing { stops } = std::mem::replace(&mut thread.stage, Stage::Ready)
            && let Some(grown) = growth.node(node)
        {
            let tokens = grown.conclusion().to_vec();
            let text = self.codec.said(&tokens, &stops);
            self.hear(node, text, Some(tokens));
        }
        self.go_on(engine, growth, node)
    }
}

/// The lookup key of a constraint.
fn name(shape: &OutputFormat) -> String {
    // Cannot fail: our types have only string keys.
    serde_json::to_string(shape).unwrap_or_default()
}

impl Program for Scripted {
    fn plant(&mut self, engine: &mut Engine) -> Result<NodeId, EngineError> {
        let root = engine.submit(self.ground.request(Then::Hold))?;
        let steps = self.script.steps.clone().into();
        self.threads.insert(root, Thread::new(steps, String::new(), String::new()));
        self.root = Some(root);
        Ok(root)
    }

    fn take(&mut self, engine: &mut Engine, growth: &mut Growth, event: &Event) -> Result<(), EngineError> {
        match event {
            Event::Opened { node, parent: Some(parent) } => {
                self.opened(*node, *parent);
                Ok(())
            }
            Event::Joined { node, report } => {
                self.joined(growth, *node, report);
                Ok(())
            }
            Event::Held { node } => self.held(engine, growth, *node),
            Event::Finished { node, outcome: Outcome::Concluded } => self.concluded(engine, growth, *node),
            Event::Choose { node, branches } => self.choose(engine, growth, *node, branches),
            _ => Ok(()),
        }
    }

    fn waiting(&self) -> Vec<NodeId> {
        self.threads.iter().filter(|(_, thread)| thread.wait.is_some()).map(|(node, _)| *node).collect()
    }

    fn wake(&mut self, engine: &mut Engine, growth: &mut Growth, node: NodeId) -> Result<(), EngineError> {
        let Some(wait) = self.threads.get(&node).and_then(|thread| thread.wait.clone()) else { return Ok(()) };
        let is_open = growth.node(node).is_some_and(|grown| grown.outcome.is_none());
        match wait {
            Wait::Acceptance => self.concluded(engine, growth, node),
            Wait::Step if is_open => self.go_on(engine, growth, node),
            Wait::Choice(branches) if is_open => self.choose(engine, growth, node, &branches),
            // It ended in the meantime.
            Wait::Step | Wait::Choice(_) => self.done(node, Ok(())).map(|_| ()),
        }
    }

    fn chosen(&self) -> Option<u32> {
        self.chosen
    }

    fn votes(&self) -> &[(u32, usize)] {
        &self.votes
    }

    fn calls(&self) -> usize {
        self.calls
    }

    fn is_idle_talk(&self, path: &[u32]) -> bool {
        let below = |(above, places): &(Vec<u32>, std::ops::Range<u32>)| {
            path.strip_prefix(above.as_slice()).and_then(<[u32]>::first).is_some_and(|place| places.contains(place))
        };
        self.idle.iter().any(below)
    }
}
