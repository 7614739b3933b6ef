//! Advisors of a stuck search: the options of `prove`, `explore` and `resume`, and the construction of the advisor.

use std::num::NonZeroUsize;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use theoremata_actors::advice::{Advised, Advisor, By, ModelAdvisor, RivalAdvisor};
use theoremata_actors::grid::Cancel;
use theoremata_actors::jobs::{Kind, Local, Options, Pool};
use theoremata_lm::{Device, Settings};
use theoremata_logic::advisors::{Guide, Rival, Table};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::search::explore::{Advice, Topic};
use theoremata_logic::search::premises::Chooser;
use theoremata_store::{Store, StoreReader};

use super::arguments::{RunArguments, count};
use super::generate::tell_device;
use super::model;
use super::output::Output;
use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// Maximal number of queries and of proposals: each proposal is a conjecture that every round may try.
const MOST: usize = 256;

/// The kinds of advisors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Who {
    /// A language model proposes lemmas, steps, cases and conjectures, and selects premises.
    Model,
    /// Random statements.
    Random,
    /// Statements sampled from n-grams of theorems of other theories in the database.
    Ngram,
    /// Generalisations of the subgoals on which proofs were stuck.
    Generalise,
    /// Premise selection by shared symbols: an attempt sees only the selected theorems.
    Overlap,
}

/// The topics of queries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum About {
    /// A lemma for a goal.
    Lemma,
    /// Steps of a proof.
    Steps,
    /// A case to split a goal by.
    Split,
    /// Premises for a goal.
    Premises,
    /// Conjectures about the theory.
    Conjectures,
}

/// Methods of premise selection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ChooserName {
    /// The most recent theorems.
    Recent,
    /// By rarest symbols (SInE).
    Sine,
    /// By weighted symbols (MePo).
    Mepo,
    /// By patterns of terms (MinHash), and unification.
    Minhash,
    /// By relevance gained per length.
    Budgeted,
    /// By the citations of similar theorems.
    Neighbours,
}

/// The advisor of a run.
#[derive(Args, Clone)]
pub(crate) struct AdviceArguments {
    /// Ask an advisor when the search is stuck. Every proposal is refuted or tried like other conjectures.
    #[arg(long, value_name = "WHO")]
    advice: Option<Who>,
    /// Topics of queries [default: all that the advisor can answer].
    #[arg(long, value_name = "TOPIC,…", value_delimiter = ',', requires = "advice")]
    advice_topics: Vec<About>,
    /// Maximal number of queries.
    #[arg(long, value_name = "N", default_value = "16", value_parser = count::<MOST>, requires = "advice")]
    advice_questions: NonZeroUsize,
    /// Maximal number of proposals used per answer.
    #[arg(long, value_name = "K", default_value = "8", value_parser = count::<MOST>, requires = "advice")]
    advice_proposals: NonZeroUsize,
    /// Random seed.
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "advice")]
    advice_seed: u64,
    /// Maximal tokens of a model's proposal.
    #[arg(long, value_name = "N", default_value = "48", value_parser = count::<1024>, requires = "advice")]
    advice_tokens: NonZeroUsize,
    /// Premise selection method of `overlap`.
    #[arg(long, value_name = "HOW", default_value = "minhash", requires = "advice")]
    advice_chooser: ChooserName,
    #[command(flatten)]
    pub(super) model: ModelArguments,
}

/// The model that advises, and its device. Only the identity of the model affects its answers.
#[derive(Args, Clone)]
pub(crate) struct ModelArguments {
    /// The model that advises: a name of `model list`, a GGUF file, or a Hugging Face folder.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    advice_model: String,
    /// Device for the model: `cpu`, `cuda`, `cuda:N`, or `auto`; does not affect the output.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    advice_device: Device,
}

/// An advisor whose identity is known and which can be started.
pub(super) struct Seat {
    by: By,
    rival: Option<Rival>,
    model: ModelArguments,
}

impl AdviceArguments {
    /// The advisor of a run, and its budget; `None` without advice.
    pub(super) fn seat(&self, theory: &Theory, run: &RunArguments) -> Result<Option<(Advised, Seat)>, Failure> {
        let Some(who) = self.advice else { return Ok(None) };
        let seed = self.advice_seed;
        let (by, rival) = match who {
            Who::Model => {
                let identity = model::identity(&self.model.advice_model)?;
                (By::Model { identity, seed, tokens: self.advice_tokens.get() }, None)
            }
            Who::Random => (By::Random { seed }, Some(Rival::Drawn(Guide::random(seed)))),
            Who::Generalise => (By::Generalise, Some(Rival::Generalise)),
            Who::Overlap => {
                let chooser = self.advice_chooser.chooser();
                (By::Overlap(chooser), Some(Rival::Overlap(chooser)))
            }
            Who::Ngram => {
                if run.no_db {
                    let why = "--advice ngram learns from the runs of a database, and --no-db has none";
                    return Err(Failure::Usage(why.to_owned()));
                }
                let table = learned(&StoreReader::open(&run.db)?, theory)?;
                let by = By::Ngram { seed, table: table.fingerprint() };
                (by, Some(Rival::Drawn(Guide::learned(Arc::new(table), seed))))
            }
        };
        let topics: Vec<Topic> = self.advice_topics.iter().map(|about| about.topic()).collect();
        let advice = Advice {
            questions: self.advice_questions.get() as u16,
            proposals: self.advice_proposals.get() as u16,
            ..Advice::about(if topics.is_empty() { by.topics() } else { &topics })
        };
        Ok(Some((Advised { by: by.clone(), advice }, Seat { by, rival, model: self.model.clone() })))
    }
}

impl Seat {
    /// The advisor of a stored run.
    pub(super) fn again(by: By, model: &ModelArguments, store: &StoreReader, theory: &Theory) -> Result<Seat, Failure> {
        let rival = match &by {
            By::Random { seed } => Some(Rival::Drawn(Guide::random(*seed))),
            By::Generalise => Some(Rival::Generalise),
            By::Overlap(chooser) => Some(Rival::Overlap(*chooser)),
            By::Ngram { seed, table } => {
                let learned = learned(store, theory)?;
                // A different table would answer differently; the error is reported when answers are needed.
                (learned.fingerprint() == *table).then(|| Rival::Drawn(Guide::learned(Arc::new(learned), *seed)))
            }
            By::Model { .. } => None,
        };
        Ok(Seat { by, rival, model: model.clone() })
    }

    /// Starts the advisor; `None` if it is no longer available, so that a run whose queries are all answered can still
    /// be resumed.
    pub(super) fn advisor(
        self,
        run: &RunArguments,
        store: Arc<Store>,
        cancel: Cancel,
        output: Output,
    ) -> Result<Option<Box<dyn Advisor>>, Failure> {
        match (self.by, self.rival) {
            (By::Model { identity, seed, tokens }, _) => {
                let ModelArguments { advice_model: name, advice_device: device } = &self.model;
                match model::identity(name) {
                    Ok(found) if found == identity => {}
                    Ok(_) => {
                        output.note(&format!("{name} is not the model that was asked before: nothing new is asked"));
                        return Ok(None);
                    }
                    Err(why) => {
                        output.note(&format!("nothing new is asked: {why}"));
                        return Ok(None);
                    }
                }
                let loaded = Arc::new(model::load(name, run.threads)?);
                let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
                let settings = Settings::default();
                tell_device(device, &loaded, settings.exactness, output)?;
                let threads = run.threads.unwrap_or(cores);
                let local = Kind::Local(Local { model: loaded, settings, threads, device: device.clone() });
                // Answers of the model are stored, so that no query is repeated.
                let options = Options { store: Some(store), ..Options::new(vec![local], identity) };
                let pool = Pool::start(options);
                let pool = pool.map_err(|error| Failure::World(format!("cannot start the worker: {error}")))?;
                Ok(Some(Box::new(ModelAdvisor::new(pool, seed, tokens, cancel))))
            }
            (_, Some(rival)) => Ok(Some(Box::new(RivalAdvisor::new(rival)))),
            (by, None) => {
                output.note(&format!("nothing new is asked: the database has changed, and `{by}` has with it"));
                Ok(None)
            }
        }
    }
}

/// The n-gram table of the theorems of all other theories in a database.
fn learned(store: &StoreReader, theory: &Theory) -> Result<Table, Failure> {
    let mut table = Table::default();
    for run in store.runs()? {
        // Unreadable runs, and runs that the checker refuses, are skipped.
        let Ok(stored) = Stored::read(store, &run) else { continue };
        if stored.theory.name != theory.name {
            let (theorems, _) = stored.accepted();
            theorems.iter().for_each(|theorem| table.learn(&stored.theory, theorem.statement()));
        }
    }
    if table.statements == 0 {
        let why = "--advice ngram learns from theorems of other theories, and the database has none: explore one first";
        return Err(Failure::Usage(why.to_owned()));
    }
    Ok(table)
}

impl About {
    fn topic(self) -> Topic {
        match self {
            About::Lemma => Topic::Lemma,
            About::Steps => Topic::Steps,
            About::Split => Topic::Split,
            About::Premises => Topic::Premises,
            About::Conjectures => Topic::Conjectures,
        }
    }
}

impl ChooserName {
    fn chooser(self) -> Chooser {
        match self {
            ChooserName::Recent => Chooser::Recent,
            ChooserName::Sine => Chooser::Sine,
            ChooserName::Mepo => Chooser::Mepo,
            ChooserName::Minhash => Chooser::MinHash,
            ChooserName::Budgeted => Chooser::Budgeted,
            ChooserName::Neighbours => Chooser::Neighbours,
        }
    }
}
