//! Who is asked when a search is stuck: the options of `prove`, `explore` and `resume`, and the advisor that they name.

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

/// Questions and proposals at most: each proposal is a conjecture that every round may try.
const MOST: usize = 256;

/// Who may advise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Who {
    /// A language model proposes lemmas, steps, cases, conjectures, and says which theorems matter.
    Model,
    /// Statements drawn at random.
    Random,
    /// Statements in the manner of the theorems of other theories in the database.
    Ngram,
    /// The subgoals on which proofs got stuck, made more general.
    Generalise,
    /// Theorems that share symbols with a goal, as the only ones that an attempt knows.
    Overlap,
}

/// What may be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum About {
    /// A lemma for a goal.
    Lemma,
    /// Steps of a proof.
    Steps,
    /// A case to split a goal by.
    Split,
    /// Which theorems matter for a goal.
    Premises,
    /// Conjectures about the theory.
    Conjectures,
}

/// How theorems are chosen for a goal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ChooserName {
    /// The last ones.
    Recent,
    /// By their rarest symbols.
    Sine,
    /// By the weight of their symbols.
    Mepo,
    /// By patterns of their terms, and unification.
    Minhash,
    /// By what each adds for its length.
    Budgeted,
    /// By what the proofs of similar theorems cite.
    Neighbours,
}

/// The advisor of a run.
#[derive(Args, Clone)]
pub(crate) struct AdviceArguments {
    /// Ask somebody when the search is stuck. Every proposal is refuted or tried like other conjectures.
    #[arg(long, value_name = "WHO")]
    advice: Option<Who>,
    /// What may be asked [default: all that it can answer].
    #[arg(long, value_name = "TOPIC,…", value_delimiter = ',', requires = "advice")]
    advice_topics: Vec<About>,
    /// Questions at most.
    #[arg(long, value_name = "N", default_value = "16", value_parser = count::<MOST>, requires = "advice")]
    advice_questions: NonZeroUsize,
    /// Proposals that are taken of each answer.
    #[arg(long, value_name = "K", default_value = "8", value_parser = count::<MOST>, requires = "advice")]
    advice_proposals: NonZeroUsize,
    /// What is drawn hangs on it.
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "advice")]
    advice_seed: u64,
    /// Tokens of a proposal of a model at most.
    #[arg(long, value_name = "N", default_value = "48", value_parser = count::<1024>, requires = "advice")]
    advice_tokens: NonZeroUsize,
    /// How `overlap` chooses.
    #[arg(long, value_name = "HOW", default_value = "minhash", requires = "advice")]
    advice_chooser: ChooserName,
    #[command(flatten)]
    pub(super) model: ModelArguments,
}

/// The model that advises, and where it is computed: nothing of it but its identity decides an answer.
#[derive(Args, Clone)]
pub(crate) struct ModelArguments {
    /// The model that advises: a name of `model list`, a GGUF file, a folder in the form of Hugging Face.
    #[arg(long, value_name = "MODEL", default_value = "smollm2")]
    advice_model: String,
    /// What it is computed on: `cpu`, `cuda`, `cuda:N`, or `auto`; no token depends on it.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    advice_device: Device,
}

/// An advisor that is known by name, and can be called.
pub(super) struct Seat {
    by: By,
    rival: Option<Rival>,
    model: ModelArguments,
}

impl AdviceArguments {
    /// Who is asked, and how much; nothing if nobody is.
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
    /// The advisor of a run that was asked before.
    pub(super) fn again(by: By, model: &ModelArguments, store: &StoreReader, theory: &Theory) -> Result<Seat, Failure> {
        let rival = match &by {
            By::Random { seed } => Some(Rival::Drawn(Guide::random(*seed))),
            By::Generalise => Some(Rival::Generalise),
            By::Overlap(chooser) => Some(Rival::Overlap(*chooser)),
            By::Ngram { seed, table } => {
                let learned = learned(store, theory)?;
                // Another table answers otherwise; who waits for answers is told so when they are needed.
                (learned.fingerprint() == *table).then(|| Rival::Drawn(Guide::learned(Arc::new(learned), *seed)))
            }
            By::Model { .. } => None,
        };
        Ok(Seat { by, rival, model: model.clone() })
    }

    /// Calls the advisor; nothing if it is not here any more, so that a run needs nobody that was answered already.
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
                // What the model said is kept, so that nobody asks it twice.
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

/// What the theorems of all other theories of a database teach.
fn learned(store: &StoreReader, theory: &Theory) -> Result<Table, Failure> {
    let mut table = Table::default();
    for run in store.runs()? {
        // What cannot be read teaches nothing; what the checker refuses is no theorem.
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
