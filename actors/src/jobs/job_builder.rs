//! Builds the tree of a job in an engine.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use regex::Regex;
use theoremata_kernels::Sampling;
use theoremata_lm::{
    Bounds, Call, ConstraintError, Cues, Decompose, Engine, EngineError, FirstSuccess, Grammars, Ground, Last,
    MapReduce, Memory, Model, Multiverse, Paths, PromptError, Prune, Ranking, Running, Score, Tags, TaskForm, Tasks,
    Token, Tokenizer, Turn, TurnConstraint, Vote, recall_tool,
};

use super::calls::{Caller, Calls};
use super::job::{Forgetting, Job, Program, Redraw, View};
use super::judge::{Askable, Verdict, ballot};
use super::output_format::OutputFormat;
use super::prompt_codec::{self, PromptCodec};
use super::script;
use super::scripted::{LastSaid, Scripted};
use super::tools::{self, REPLY_CHARACTERS, Tool};

/// Why the tree of a job cannot be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Prompt(#[from] PromptError),
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the job asks for a judge, and this pool has none")]
    NoJudge,
}

/// A tree in an engine.
pub(super) struct Planted {
    pub(super) running: Running<'static>,
    /// The final text of a script, which its tokens alone do not determine.
    pub(super) said: Option<LastSaid>,
}

/// Builds trees in the engine of one worker.
pub(super) struct JobBuilder {
    model: Arc<Model>,
    askable: Askable,
    /// Created for the first constrained job, as it takes a tenth of a second for a large vocabulary.
    grammars: Option<Grammars>,
}

impl JobBuilder {
    pub(super) fn new(model: Arc<Model>, askable: Askable) -> JobBuilder {
        JobBuilder { model, askable, grammars: None }
    }

    /// Builds the tree of a job. Tool calls are recorded in `calls`, which also holds earlier replies.
    pub(super) fn build(
        &mut self,
        engine: &mut Engine,
        job: &Job,
        calls: &Rc<RefCell<Calls>>,
    ) -> Result<Planted, BuildError> {
        let codec = PromptCodec::new(self.model.clone(), job);
        let free = turn(job, &codec);
        let turn = Turn { constraint: self.constraint(&codec.shape(&job.shape))?, ..free.clone() };
        let bounds = bounds(job, engine.page_tokens());
        let members = codec.members()?;
        let ground = |prefix: Vec<Token>| Ground { prefix, members: members.clone(), seed: job.seed, bounds };
        let stops = job.stop.clone();
        let mut said = None;
        let running = match &job.program {
            Program::Map { items, last } => {
                let questions = items.iter().chain(last).map(|item| prompt_codec::about(&job.prompt, item));
                let asked = questions.map(|question| codec.prompt(&question)).collect::<Result<_, _>>()?;
                let (prefix, mut rests) = prompt_codec::shared(asked);
                let last = last.as_ref().and_then(|_| rests.pop()).map(|tokens| Last { tokens, turn: free });
                let separator = codec.encode("\n")?;
                let map = MapReduce { ground: ground(prefix), items: rests, turn, separator, needs: 1, last };
                Running::start(engine, map)?
            }
            Program::Vote { samples, least, pattern } => {
                let pattern = pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
                let prompt = codec.prompt(&job.prompt)?;
                let count = move |tokens: &[Token]| ballot(&codec.said(tokens, &stops), pattern.as_ref());
                Running::start(engine, Vote::new(ground(prompt), *samples, turn, *least, count))?
            }
            Program::First { samples, accept } => {
                let verdict = Verdict::new(accept, self.askable.judge.as_ref()).ok_or(BuildError::NoJudge)?;
                let prompt = codec.prompt(&job.prompt)?;
                let accept = move |tokens: &[Token]| verdict.accepts(&codec.said(tokens, &stops));
                Running::start(engine, FirstSuccess::new(ground(prompt), *samples, turn, accept))?
            }
            Program::Decompose { depth, width } => {
                let ground = ground(codec.prompt(&job.prompt)?);
                Running::start(engine, self.decompose(codec, ground, (*depth, *width), (free, turn))?)?
            }
            Program::Score { items, sum } => {
                let candidates = items.iter().map(|item| codec.encode(item)).collect::<Result<Vec<_>, _>>()?;
                let ranking = if *sum { Ranking::Sum } else { Ranking::Mean };
                Running::start(engine, Score::new(ground(codec.prompt(&job.prompt)?), candidates, ranking))?
            }
            Program::Tags { width, depth, characters, view } => {
                let form = Multiverse { width: *width, depth: *depth, blocks: None, characters: Some(*characters) };
                let turn = Turn { constraint: form.constraint(self.tokenizer()?)?, ..free };
                let paths = match view {
                    View::Stitch => Paths::Stitch,
                    View::Replay => Paths::Replay,
                    View::Value => Paths::Value,
                };
                let ground = ground(codec.prompt(&job.prompt)?);
                Running::start(engine, Tags::new(ground, &self.model, form, turn, paths)?)?
            }
            Program::Tasks { levels, width, characters, memory, recall } => {
                let form = TaskForm { levels: *levels, width: *width, characters: Some(*characters) };
                let named = |tool: &Tool| (tool.name.clone(), tool.parameters.clone());
                let tools: Vec<_> = job.tools.iter().map(named).chain(recall.then(recall_tool)).collect();
                let turn = Turn { constraint: form.constraint(self.tokenizer()?, &tools)?, ..free };
                let question = job.prompt.clone() + &tools::described(&job.tools, *recall);
                let tasks = Tasks::new(ground(codec.prompt(&question)?), &self.model, turn, forgetting(*memory))?;
                let caller = self.caller(job, calls);
                let answer = move |call: Call<'_>| {
                    let reply = caller.reply(call.tool, call.parameters)?;
                    caller.tell(call.tool, call.parameters, &reply);
                    Some(reply)
                };
                let proving = job.tools.iter().filter(|tool| tool.prover.is_some()).map(|tool| tool.name.clone());
                Running::start(engine, tasks.with_tools(REPLY_CHARACTERS, answer).with_verdicts(proving))?
            }
            Program::Script(script) => {
                let asked = (codec.clone(), self.caller(job, calls));
                let ground = ground(codec.prompt(&job.prompt)?);
                let scripted = Scripted::new(ground, asked, script, turn, |shape| self.constraint(shape))?;
                said = Some(scripted.said());
                Running::start(engine, scripted)?
            }
        };
        for Redraw { node, draw } in job.redraws.iter().filter(|redraw| redraw.draw > 0) {
            engine.redraw(running.root(), node, *draw)?;
        }
        Ok(Planted { running, said })
    }

    fn caller(&self, job: &Job, calls: &Rc<RefCell<Calls>>) -> Caller {
        Caller {
            tools: job.tools.clone().into(),
            toolbox: self.askable.toolbox.clone(),
            calls: calls.clone(),
            in_order: matches!(job.program, Program::Tasks { .. }),
        }
    }

    fn decompose(
        &mut self,
        codec: PromptCodec,
        ground: Ground,
        (depth, width): (usize, usize),
        (free, turn): (Turn, Turn),
    ) -> Result<Decompose<'static>, BuildError> {
        let cues = Cues {
            plan: codec.encode("\nSteps, one a line:\n")?,
            answer: codec.encode("\nAnswer:")?,
            separator: codec.encode("\n")?,
        };
        let guided = Guided::of(width, free.max_tokens);
        let constraint = self.constraint(&guided.plan)?;
        let plan = Turn { max_tokens: free.max_tokens.max(guided.plan_tokens), constraint, ..free };
        let answer = match turn.constraint {
            TurnConstraint::Free => Turn { constraint: self.constraint(&guided.answer)?, ..turn },
            _ => turn,
        };
        let part = move |plan: &[Token]| {
            let lines = prompt_codec::steps(&codec.said(plan, &[]), width);
            lines.iter().filter_map(|line| codec.encode(&format!("\nTask: {line}")).ok()).collect()
        };
        Ok(Decompose::new(ground, depth, cues, (plan, answer), part))
    }

    fn tokenizer(&self) -> Result<&Tokenizer, PromptError> {
        self.model.tokenizer().ok_or(PromptError::NoTokenizer)
    }

    fn constraint(&mut self, shape: &OutputFormat) -> Result<TurnConstraint, BuildError> {
        if *shape == OutputFormat::Free {
            return Ok(TurnConstraint::Free);
        }
        let grammars = match self.grammars.take() {
            Some(grammars) => grammars,
            None => Grammars::new(self.tokenizer()?)?,
        };
        let constraint = shape.constraint(&grammars);
        self.grammars = Some(grammars);
        Ok(constraint?)
    }
}

fn bounds(job: &Job, page_tokens: usize) -> Bounds {
    Bounds {
        tokens: job.total_tokens.unwrap_or(usize::MAX),
        width: job.width().max(1),
        depth: match &job.program {
            Program::Decompose { depth, .. } | Program::Tags { depth, .. } => (*depth).clamp(1, 64),
            Program::Tasks { levels, .. } => (*levels).clamp(1, 64),
            Program::Script(script) => script::depth(&script.steps).max(1),
            _ => 1,
        },
        path: job.path_tokens.unwrap_or(usize::MAX),
        calls: job.tool_calls.unwrap_or(usize::MAX),
        kv: job.kv,
        pages: job.held_tokens.map_or(usize::MAX, |tokens| tokens / page_tokens),
    }
}

fn forgetting(memory: Forgetting) -> Memory {
    match memory {
        Forgetting::Lists(most) => Memory::Lists { most, how: Prune::Recompute },
        Forgetting::SplicedLists(most) => Memory::Lists { most, how: Prune::Splice },
        Forgetting::Conclusions => Memory::Conclusions,
    }
}

/// Constraints that make plans and answers of a decomposition end: lines of bounded length.
struct Guided {
    plan: OutputFormat,
    /// Maximal tokens of a plan: a character may take four tokens of one byte each.
    plan_tokens: usize,
    answer: OutputFormat,
}

/// Maximal characters of a step of a plan.
const STEP_CHARACTERS: usize = 80;
/// Maximal characters of an answer. A token has about four characters, so the text ends before its token budget does.
const ANSWER_CHARACTERS: usize = 2000;

impl Guided {
    fn of(width: usize, max_tokens: usize) -> Guided {
        let step = max_tokens.clamp(8, STEP_CHARACTERS);
        let answer = max_tokens.saturating_mul(2).min(ANSWER_CHARACTERS);
        Guided {
            plan: OutputFormat::Regex(format!(r"([^\s][^\n]{{0,{step}}}\n){{1,{width}}}")),
            plan_tokens: (4 * step + 6).saturating_mul(width),
            answer: OutputFormat::Regex(format!(r" ?[^\s][^\n]{{0,{answer}}}\n")),
        }
    }
}

fn turn(job: &Job, codec: &PromptCodec) -> Turn {
    Turn {
        sampling: Sampling::from(job.choice),
        stops: codec.ends(),
        stop_texts: job.stop.iter().filter(|stop| !stop.is_empty()).cloned().collect(),
        ..Turn::greedy(job.max_tokens)
    }
}
