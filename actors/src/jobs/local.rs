//! The local backend: an engine with a model on this machine, and its compute threads.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use theoremata_kernels::Crew;
use theoremata_lm::{self as lm, Device, Engine, Event, Model, NodeId, Outcome, Running, Settings, Speech, Usage};

use super::backend::{Backend, BackendEvent};
use super::calls::Calls;
use super::event::{Answer, EventKind, NodeAnswer};
use super::event_log::EventLog;
use super::job::{Job, JobId, Program};
use super::job_builder::{JobBuilder, Planted};
use super::judge::Askable;
use super::prompt_codec::PromptCodec;
use super::scripted::LastSaid;
use super::tools::{Awaited, Decision};

/// Polling interval for tool replies when there is nothing else to do.
const PATIENCE: Duration = Duration::from_millis(10);
/// Error of a branch that fails although it only generates.
const NO_NUMBERS: &str = "the model computed something that is no number: its weights are damaged";

/// A model with its memory and threads.
#[derive(Clone)]
pub struct Local {
    /// The model; workers may share it.
    pub model: Arc<Model>,
    /// KV pages and batch size of this worker.
    pub settings: Settings,
    /// Threads that compute a step on the CPU.
    pub threads: NonZeroUsize,
    /// The compute device; answers do not depend on it. Each worker allocates its own memory there.
    pub device: Device,
}

/// A job in the engine.
struct RunningJob {
    /// The program and its tree.
    running: Running<'static>,
    /// Decodes the tokens of this job.
    codec: PromptCodec,
    /// Stop strings.
    stops: Vec<String>,
    /// By node: text that is not final yet.
    speeches: BTreeMap<NodeId, Speech>,
    /// The final text of a script.
    said: Option<LastSaid>,
    /// Its tool calls.
    calls: Rc<RefCell<Calls>>,
    /// Number of human decisions received since it was admitted.
    heard: u32,
    /// When its time is up.
    deadline: Option<Instant>,
    /// Whether its branches only generate, so that a failed branch means NaN in the model's output.
    only_writes: bool,
}

/// Runs jobs in an engine of its own.
pub(super) struct LocalBackend {
    /// The model of the engine.
    model: Arc<Model>,
    /// Shared by all jobs, with its batch and pages.
    engine: Engine,
    /// Compute threads.
    crew: Crew,
    /// Builds the trees of jobs.
    builder: JobBuilder,
    /// Unfinished jobs.
    jobs: BTreeMap<JobId, RunningJob>,
    /// Events since the worker last asked.
    said: Vec<BackendEvent>,
}

impl LocalBackend {
    /// Creates the engine on the device.
    pub(super) fn new(local: &Local, askable: Askable) -> Result<LocalBackend, String> {
        let engine = Engine::on(local.model.clone(), local.settings, &local.device);
        Ok(LocalBackend {
            model: local.model.clone(),
            engine: engine.map_err(|error| error.to_string())?,
            crew: Crew::new(local.threads.get()),
            builder: JobBuilder::new(local.model.clone(), askable),
            jobs: BTreeMap::new(),
            said: Vec::new(),
        })
    }

    /// Processes events of the engine.
    fn hear(&mut self, events: Vec<Event>) {
        for event in events {
            // A tree belongs to one job; the others ignore the event.
            for (job, aboard) in &mut self.jobs {
                aboard.running.take(&mut self.engine, &event);
                aboard.tell(*job, &event, &self.model, &mut self.said);
                aboard.tell_calls(*job, event.node(), &mut self.said);
            }
        }
    }

    /// Answers finished jobs.
    fn finish_done(&mut self) {
        let done: Vec<JobId> =
            self.jobs.iter().filter(|(_, aboard)| aboard.running.is_done()).map(|(id, _)| *id).collect();
        for job in done {
            if let Some(aboard) = self.jobs.remove(&job) {
                let answer = answer(aboard, &mut self.engine);
                self.said.push(BackendEvent { job, path: Vec::new(), what: EventKind::Answered(Box::new(answer)) });
            }
        }
    }
}

impl Backend for LocalBackend {
    fn admit(&mut self, id: JobId, job: &Job, log: &EventLog, deadline: Option<Instant>) -> Result<(), Box<Answer>> {
        let failed = |error: String| Box::new(Answer::without_text(Outcome::Failed, Some(error)));
        let calls = Rc::new(RefCell::new(known(job, log)));
        let Planted { running, said } =
            self.builder.build(&mut self.engine, job, &calls).map_err(|refusal| failed(refusal.to_string()))?;
        let record = log.replay_log();
        let resumed = if record.is_empty() { Ok(()) } else { self.engine.resume(running.root(), record) };
        let mut aboard = RunningJob {
            running,
            codec: PromptCodec::new(self.model.clone(), job),
            stops: job.stop.clone(),
            calls,
            heard: 0,
            said,
            speeches: BTreeMap::new(),
            only_writes: !matches!(
                job.program,
                Program::Decompose { .. } | Program::Tags { .. } | Program::Tasks { .. } | Program::Script(_)
            ),
            deadline,
        };
        if let Err(error) = resumed {
            aboard.running.cancel(&mut self.engine);
            aboard.running.finish(&mut self.engine);
            return Err(failed(error.to_string()));
        }
        self.jobs.insert(id, aboard);
        Ok(())
    }

    fn cancel(&mut self, id: JobId, path: &[u32]) {
        // Earlier events are reported first, so that the log says how far each node had got.
        loop {
            let news = self.engine.news();
            if news.is_empty() {
                break;
            }
            self.hear(news);
        }
        let Some(aboard) = self.jobs.get(&id) else { return };
        let growth = aboard.running.growth();
        let Some((node, grown)) = growth.at(path).filter(|(_, grown)| grown.outcome.is_none()) else { return };
        let what = EventKind::Cancelled { stages: Some(grown.stages) };
        self.said.push(BackendEvent { job: id, path: path.to_vec(), what });
        // Cannot fail: a node of the tree is known to the engine.
        let _ = self.engine.cancel(node);
    }

    fn decide(&mut self, id: JobId, what: &Awaited, granted: bool) {
        let Some(aboard) = self.jobs.get_mut(&id) else { return };
        aboard.heard += 1;
        aboard.calls.borrow_mut().decide(what.clone(), granted);
        aboard.wake(id, &mut self.engine, &mut self.said);
    }

    fn work(&mut self) -> Result<Vec<BackendEvent>, String> {
        let now = Instant::now();
        for aboard in self.jobs.values_mut().filter(|aboard| aboard.deadline.is_some_and(|deadline| deadline <= now)) {
            aboard.deadline = None;
            // Cannot fail: a root exists until its job is finished.
            let _ = self.engine.expire(aboard.running.root());
        }
        for (job, aboard) in &mut self.jobs {
            if aboard.calls.borrow_mut().arrived() {
                aboard.wake(*job, &mut self.engine, &mut self.said);
            }
        }
        if !self.engine.is_idle() {
            let events = self.engine.step(&self.crew).map_err(|error| error.to_string())?;
            self.hear(events);
        }
        self.finish_done();
        Ok(std::mem::take(&mut self.said))
    }

    fn take_suspended(&mut self) -> Vec<(JobId, u32)> {
        let is_suspended = |aboard: &RunningJob| {
            let waits = !aboard.running.waiting().is_empty() && aboard.calls.borrow().is_quiet();
            waits && self.engine.is_idle_tree(aboard.running.root())
        };
        let suspended: Vec<JobId> =
            self.jobs.iter().filter(|(_, aboard)| is_suspended(aboard)).map(|(id, _)| *id).collect();
        let mut left = Vec::new();
        for id in suspended {
            let Some(aboard) = self.jobs.remove(&id) else { continue };
            // Its results are in the log, and survive the tree.
            aboard.running.finish(&mut self.engine);
            left.push((id, aboard.heard));
        }
        left
    }

    fn next(&self) -> Option<Duration> {
        let wait = if self.engine.is_idle() { PATIENCE } else { Duration::ZERO };
        (!self.jobs.is_empty()).then_some(wait)
    }

    fn usage(&self) -> Usage {
        self.engine.usage()
    }
}

impl RunningJob {
    /// Reports answered calls and requests for approval of a node.
    fn tell_calls(&mut self, job: JobId, node: NodeId, said: &mut Vec<BackendEvent>) {
        let (awaited, calls) = self.calls.borrow_mut().take_new();
        let Some(grown) = self.running.growth().node(node) else { return };
        let told = |what| BackendEvent { job, path: grown.path.clone(), what };
        said.extend(calls.into_iter().map(EventKind::Called).map(told));
        said.extend(awaited.into_iter().map(EventKind::Awaits).map(told));
    }

    /// Wakes nodes whose replies have arrived, descendants first, since their ancestors may wait for them.
    fn wake(&mut self, job: JobId, engine: &mut Engine, said: &mut Vec<BackendEvent>) {
        for node in self.running.waiting().into_iter().rev() {
            self.running.wake(engine, node);
            self.tell_calls(job, node, said);
        }
    }

    /// Translates an engine event of this job.
    fn tell(&mut self, job: JobId, event: &Event, model: &Model, said: &mut Vec<BackendEvent>) {
        let node = event.node();
        let Some(grown) = self.running.growth().node(node) else { return };
        let path = grown.path.clone();
        let mut push = |what| said.push(BackendEvent { job, path: path.clone(), what });
        match event {
            Event::Opened { .. } => push(EventKind::Opened),
            Event::Token { .. } | Event::Stopped { .. } => {
                let token = event.written().map(|(_, written)| written.into());
                let text = match (event, model.tokenizer()) {
                    (Event::Token { token, .. }, Some(tokenizer)) => {
                        let speech = self.speeches.entry(node).or_insert_with(|| Speech::new(&self.stops));
                        speech.push(tokenizer, *token)
                    }
                    _ => String::new(),
                };
                push(EventKind::Wrote { text, token });
            }
            Event::Joined { report, .. } => push(EventKind::Joined(report.clone())),
            Event::Pruned { report, .. } => push(EventKind::Pruned(report.clone())),
            Event::Finished { outcome, .. } => {
                let rest = self.speeches.remove(&node).map(|mut speech| speech.finish()).unwrap_or_default();
                if !rest.is_empty() {
                    push(EventKind::Wrote { text: rest, token: None });
                }
                push(EventKind::Finished(outcome.clone()));
            }
            Event::Held { .. } | Event::Choose { .. } => {}
        }
    }
}

/// The known calls of a job: those in its request, and those in its log.
fn known(job: &Job, log: &EventLog) -> Calls {
    let decided = job.decisions.iter().map(|Decision { what, granted }| (what.clone(), *granted));
    Calls::known([job.replies.clone(), log.calls()].concat(), decided.chain(log.decided()).collect())
}

/// Assembles the answer of a job.
fn answer(aboard: RunningJob, engine: &mut Engine) -> Answer {
    let RunningJob { running, codec, stops, said, only_writes, .. } = aboard;
    // A node of a script may generate several times, each with its own stop strings.
    let node_stops = if said.is_some() { &[] } else { stops.as_slice() };
    let lm::Answer {
        outcome,
        tokens,
        chosen,
        votes,
        text: whole,
        nodes,
        joins,
        prunes,
        thinned,
        node_usage,
        usage,
        ..
    } = running.finish(engine);
    let node = |grown: &lm::Grown| {
        let text = codec.said(&grown.tokens, node_stops);
        NodeAnswer::new(grown.path.clone(), grown.outcome.clone(), text)
            .measured(grown.tokens.len(), Some(grown.log_probability))
    };
    let fails =
        |grown: &lm::Grown| grown.outcome == Some(Outcome::Failed) && (!grown.path.is_empty() || nodes.len() == 1);
    let broken = only_writes && nodes.iter().any(fails);
    let because = (broken && outcome != Outcome::Concluded).then(|| NO_NUMBERS.to_owned());
    let text = match said {
        Some(said) if outcome == Outcome::Concluded => said.take(),
        Some(_) => String::new(),
        None => codec.said(&tokens, &stops),
    };
    Answer {
        outcome,
        because,
        text,
        chosen,
        votes,
        nodes: nodes.iter().map(node).collect(),
        whole: codec.said(&whole, &[]),
        exact: !thinned && joins.iter().chain(&prunes).all(|(_, report)| report.exact),
        joins,
        prunes,
        generated: usage.generated,
        calls: usage.calls,
        costs: node_usage.into_iter().map(|(path, usage)| (path, usage.into())).collect(),
    }
}
