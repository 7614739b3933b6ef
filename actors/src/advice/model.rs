//! A language model as an advisor: each query is a job of the pool.
//!
//! The prompts of a run share a prefix, the theory with its theorems, which the pool prefills once and forks. The query
//! follows, and several branches sample an answer each. Constrained decoding restricts the branches to statements of
//! the theory, so every complete answer is one. Premises are not sampled: the pool scores each candidate theorem after
//! the query. Only formulas of the theory enter a prompt, so comments in its files cannot inject instructions.

use std::cell::Cell;
use std::time::Duration;

use tera::{Context, Tera};
use theoremata_kernels::MIX_STEP;
use theoremata_lm::Outcome;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::language::infix::Infix;
use theoremata_logic::language::notation::Reading;
use theoremata_logic::search::explore::{Proposal, Query, Topic};
use theoremata_logic::search::premises::{NAMED, Premise};

use super::advisor::Advisor;
use crate::grid::Cancel;
use crate::jobs::{Answer, Job, JobId, NodeAnswer, OutputFormat, Pool, Program, TokenChoice};

/// Interval of polling the pool.
const PATIENCE: Duration = Duration::from_millis(20);
/// Maximal number of variables of a proposal, and depth of its terms.
const VARIABLES: usize = 4;
const DEPTH: usize = 2;
/// Sampling temperature of proposals.
const TEMPERATURE: f32 = 0.7;
/// Number of theorems in a prompt, the latest ones, and of candidates for premise selection.
const THEOREMS: usize = 24;
/// The prompt templates.
const TEMPLATES: [(&str, &str); 6] = [
    ("theory", include_str!("../../../templates/advice/theory.txt")),
    ("lemma", include_str!("../../../templates/advice/lemma.txt")),
    ("steps", include_str!("../../../templates/advice/steps.txt")),
    ("split", include_str!("../../../templates/advice/split.txt")),
    ("premises", include_str!("../../../templates/advice/premises.txt")),
    ("conjectures", include_str!("../../../templates/advice/conjectures.txt")),
];

/// Accepts jobs and returns answers: a pool, or a front end of one.
pub trait Answering: Send {
    /// Submits a job.
    ///
    /// # Errors
    /// A message, if it is refused.
    fn submit(&self, job: Job) -> Result<JobId, String>;

    /// The answer of a job; `None` until it is done.
    fn answer(&self, job: JobId) -> Option<Answer>;
}

impl Answering for Pool {
    fn submit(&self, job: Job) -> Result<JobId, String> {
        Pool::submit(self, job).map_err(|refused| refused.to_string())
    }

    fn answer(&self, job: JobId) -> Option<Answer> {
        Pool::answer(self, job)
    }
}

/// An advisor backed by a pool.
pub struct ModelAdvisor {
    pool: Box<dyn Answering>,
    seed: u64,
    tokens: usize,
    cancel: Cancel,
    prompts: Tera,
    waiting: Vec<Waiting>,
    /// Tokens generated for answers so far.
    written: Cell<u64>,
}

/// A pending query.
struct Waiting {
    query: Query,
    /// The job, or why the pool refused it.
    job: Result<JobId, String>,
    /// The theorems to score.
    scored: Vec<u32>,
}

impl ModelAdvisor {
    /// An advisor backed by this pool, with a seed and a bound on the tokens of a proposal. It stops waiting when
    /// `cancel` is raised.
    ///
    /// # Panics
    /// If a built-in template is malformed.
    #[must_use]
    pub fn new(pool: impl Answering + 'static, seed: u64, tokens: usize, cancel: Cancel) -> ModelAdvisor {
        let mut prompts = Tera::default();
        prompts.add_raw_templates(TEMPLATES).expect("templates of ours");
        ModelAdvisor { pool: Box::new(pool), seed, tokens, cancel, prompts, waiting: Vec::new(), written: Cell::new(0) }
    }

    /// The job for a query, and the theorems that it scores.
    fn job(&self, query: &Query) -> Result<(Job, Vec<u32>), String> {
        let reading = Reading::new(&query.theory);
        let said = |statement: &Formula| reading.statement(statement).to_string();
        let latest = query.theorems.len().saturating_sub(THEOREMS);
        let infix = Infix::new(&query.theory);
        let mut context = Context::new();
        context.insert("theory", &*query.theory.name);
        context.insert("notation", &infix.help());
        context.insert("theorems", &Vec::<Numbered>::new());
        let theorems = &query.theorems[latest..];
        // For premise selection, the candidates follow the query, each in a branch.
        if query.topic != Topic::Premises {
            let numbered = |theorem: &Premise| Numbered { number: theorem.id.0 + 1, math: said(&theorem.statement) };
            context.insert("theorems", &theorems.iter().map(numbered).collect::<Vec<_>>());
        }
        context.insert("goal", &query.goal.as_ref().map(said));
        context.insert("stuck", &query.stuck.iter().map(said).collect::<Vec<_>>());
        let render = |name: &str| self.prompts.render(name, &context).map_err(|error| error.to_string());
        let prompt =
            format!("{}\n{}", render("theory")?.trim_end(), render(query.topic.name())?.trim_end_matches('\n'));
        // The number of the query decorrelates its samples from those of others.
        let seed = self.seed.wrapping_add(u64::from(query.number).wrapping_mul(MIX_STEP));
        if query.topic == Topic::Premises {
            let items = theorems.iter().map(|theorem| said(&theorem.statement)).collect();
            let job = Job { seed, raw: true, ..Job::new(prompt, Program::Score { items, sum: false }, 1) };
            return Ok((job, theorems.iter().map(|theorem| theorem.id.0).collect()));
        }
        let program = Program::Vote { samples: query.most.max(1), least: 1, pattern: None };
        let shape = OutputFormat::Regex(format!("{}\\n", infix.expression(VARIABLES, DEPTH)));
        let choice = TokenChoice { temperature: TEMPERATURE, ..TokenChoice::default() };
        Ok((Job { seed, raw: true, choice, shape, ..Job::new(prompt, program, self.tokens) }, Vec::new()))
    }

    /// The proposals for a query.
    fn answer(&self, waiting: &Waiting) -> Result<Vec<Proposal>, String> {
        let job = *waiting.job.as_ref().map_err(Clone::clone)?;
        let answer = loop {
            match self.pool.answer(job) {
                Some(answer) => break answer,
                None if self.cancel.is_cancelled() => return Err("the run was stopped while it waited".to_owned()),
                None => std::thread::sleep(PATIENCE),
            }
        };
        self.written.set(self.written.get() + answer.generated as u64);
        let nodes = || answer.nodes.iter().filter(|node| node.path.len() == 1);
        if nodes().next().is_none() {
            return Err(answer.because.unwrap_or_else(|| format!("the pool answered nothing: {:?}", answer.outcome)));
        }
        if waiting.query.topic == Topic::Premises {
            // Incomplete branches have no score.
            let scored = nodes().filter(|node| node.outcome == Some(Outcome::Concluded) && node.tokens > 0);
            let score = |node: &NodeAnswer| Some(node.log_probability()? / node.tokens as f64);
            let mut ranked: Vec<(f64, u32)> = scored
                .filter_map(|node| Some((score(node)?, *waiting.scored.get(*node.path.first()? as usize)?)))
                .collect();
            ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
            return Ok(vec![Proposal::Premises(ranked.into_iter().take(NAMED).map(|(_, id)| id).collect())]);
        }
        let mut proposals: Vec<Proposal> = Vec::new();
        for text in nodes().map(|node| node.text.trim()).filter(|text| !text.is_empty()) {
            let proposal = Proposal::Statement(text.to_owned());
            if !proposals.contains(&proposal) {
                proposals.push(proposal);
            }
        }
        Ok(proposals)
    }
}

/// A theorem of a prompt.
#[derive(serde::Serialize)]
struct Numbered {
    number: u32,
    math: String,
}

impl std::fmt::Debug for ModelAdvisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelAdvisor").field("seed", &self.seed).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

impl Advisor for ModelAdvisor {
    fn post(&mut self, queries: Vec<Query>) {
        for query in queries {
            let built = self.job(&query);
            let (job, scored) = match built {
                Ok((job, scored)) => (self.pool.submit(job), scored),
                Err(why) => (Err(why), Vec::new()),
            };
            self.waiting.push(Waiting { query, job, scored });
        }
    }

    fn answers(&mut self) -> Result<Vec<Vec<Proposal>>, String> {
        // If one answer fails, all queries stay pending.
        let answers = self.waiting.iter().map(|waiting| self.answer(waiting)).collect::<Result<_, _>>()?;
        self.waiting.clear();
        Ok(answers)
    }

    fn tokens(&self) -> u64 {
        self.written.get()
    }
}
