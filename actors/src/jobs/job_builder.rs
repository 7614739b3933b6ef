//! A job as a tree of an engine.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use regex::Regex;
use theoremata_kernels::Sampling;
use theoremata_lm::{
    Bounds, Call, ConstraintError, Cues, Decompose, Engine, EngineError, FirstSuccess, Grammars, Ground, Last,
    MapReduce, Memory, Model, Multiverse, Paths, PromptError, Prune, Ranking, Running, Score, Tags, TaskForm, Tasks,
    Token, Turn, TurnConstraint, Vote, recall_tool,
};

use super::job::{Forgetting, Job, OutputFormat, Program, View};
use super::judge::{Askable, Verdict, ballot};
use super::prompt_codec::{self, PromptCodec};
use super::tools::{self, Caller, Calls, REPLY_CHARACTERS, Tool};

/// Why a job cannot be planted.
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

/// Plants jobs in the engine of one worker.
pub(super) struct JobBuilder {
    model: Arc<Model>,
    askable: Askable,
    /// Made when the first job has a shape: that takes a tenth of a second for a large vocabulary.
    grammars: Option<Grammars>,
}

impl JobBuilder {
    pub(super) fn new(model: Arc<Model>, askable: Askable) -> JobBuilder {
        JobBuilder { model, askable, grammars: None }
    }

    /// Plants the tree of a job. Its calls of tools are taken down in `calls`, which knows those of before.
    pub(super) fn build(
        &mut self,
        engine: &mut Engine,
        job: &Job,
        calls: &Rc<RefCell<Calls>>,
    ) -> Result<Running<'static>, BuildError> {
        let codec = PromptCodec::new(self.model.clone(), job);
        let free = turn(job, &codec);
        let turn = Turn { constraint: self.constraint(&job.shape)?, ..free.clone() };
        let bounds = Bounds {
            tokens: job.total_tokens.unwrap_or(usize::MAX),
            width: job.width().max(1),
            depth: match job.program {
                Program::Decompose { depth, .. } | Program::Tags { depth, .. } => depth.clamp(1, 64),
                Program::Tasks { levels, .. } => levels.clamp(1, 64),
                _ => 1,
            },
            path: job.path_tokens.unwrap_or(usize::MAX),
            calls: job.tool_calls.unwrap_or(usize::MAX),
            pages: job.held_tokens.map_or(usize::MAX, |tokens| tokens / engine.page_tokens()),
        };
        let ground = |prefix: Vec<Token>| Ground { prefix, seed: job.seed, bounds };
        let stops = job.stop.clone();
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
                let cues = Cues {
                    plan: codec.encode("\nSteps, one a line:\n")?,
                    answer: codec.encode("\nAnswer:")?,
                    separator: codec.encode("\n")?,
                };
                let plan = Turn { stop_texts: vec!["\n\n".into()], ..free };
                let (prompt, depth, width) = (codec.prompt(&job.prompt)?, *depth, *width);
                let part = move |plan: &[Token]| {
                    let lines = prompt_codec::steps(&codec.said(plan, &[]), width);
                    lines.iter().filter_map(|line| codec.encode(&format!("\nTask: {line}")).ok()).collect()
                };
                Running::start(engine, Decompose::new(ground(prompt), depth, cues, (plan, turn), part))?
            }
            Program::Score { items, sum } => {
                let candidates = items.iter().map(|item| codec.encode(item)).collect::<Result<Vec<_>, _>>()?;
                let ranking = if *sum { Ranking::Sum } else { Ranking::Mean };
                Running::start(engine, Score::new(ground(codec.prompt(&job.prompt)?), candidates, ranking))?
            }
            Program::Tags { width, depth, characters, view } => {
                let form = Multiverse { width: *width, depth: *depth, blocks: None, characters: Some(*characters) };
                let tokenizer = self.model.tokenizer().ok_or(PromptError::NoTokenizer)?;
                let turn = Turn { constraint: form.constraint(tokenizer)?, ..free };
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
                let tokenizer = self.model.tokenizer().ok_or(PromptError::NoTokenizer)?;
                let named = |tool: &Tool| (tool.name.clone(), tool.parameters.clone());
                let tools: Vec<_> = job.tools.iter().map(named).chain(recall.then(recall_tool)).collect();
                let turn = Turn { constraint: form.constraint(tokenizer, &tools)?, ..free };
                let memory = match memory {
                    Forgetting::Lists(most) => Memory::Lists { most: *most, how: Prune::Recompute },
                    Forgetting::SplicedLists(most) => Memory::Lists { most: *most, how: Prune::Splice },
                    Forgetting::Conclusions => Memory::Conclusions,
                };
                let question = job.prompt.clone() + &tools::described(&job.tools, *recall);
                let tasks = Tasks::new(ground(codec.prompt(&question)?), &self.model, turn, memory)?;
                let caller = self.caller(job, calls);
                let answer = move |call: Call<'_>| caller.call(call.tool, call.parameters);
                Running::start(engine, tasks.with_tools(REPLY_CHARACTERS, answer))?
            }
        };
        Ok(running)
    }

    fn caller(&self, job: &Job, calls: &Rc<RefCell<Calls>>) -> Caller {
        Caller { tools: job.tools.clone().into(), toolbox: self.askable.toolbox.clone(), calls: calls.clone() }
    }

    fn constraint(&mut self, shape: &OutputFormat) -> Result<TurnConstraint, BuildError> {
        if *shape == OutputFormat::Free {
            return Ok(TurnConstraint::Free);
        }
        let tokenizer = self.model.tokenizer().ok_or(PromptError::NoTokenizer)?;
        let grammars = match self.grammars.take() {
            Some(grammars) => grammars,
            None => Grammars::new(tokenizer)?,
        };
        let constraint = shape.constraint(&grammars);
        self.grammars = Some(grammars);
        Ok(constraint?)
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
