//! Advised runs on the server: the options of a request, and the advisor.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use theoremata_actors::advice::{Advised, Advisor, Answering, By, ModelAdvisor, RivalAdvisor};
use theoremata_actors::grid::Cancel;
use theoremata_actors::jobs::{Answer, Job, JobId};
use theoremata_logic::advisors::{Guide, Rival};
use theoremata_logic::search::explore::{Advice, Topic};
use theoremata_logic::search::premises::Chooser;
use utoipa::ToSchema;

use super::models::{Asking, Memory, Models};

/// Maximal number of queries and of proposals.
const MOST: u16 = 256;
/// Maximal tokens of a proposal.
const MOST_TOKENS: usize = 1024;

/// The advisor for a stuck search (docs/advice.md). Same as `--advice` and its options.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdviceOptions {
    /// `model` (that of the server), `random`, `generalise` or `overlap`.
    pub(crate) by: String,
    /// Topics of queries: `lemma`, `steps`, `split`, `premises`, `conjectures`; if empty, all that the advisor can
    /// answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub(crate) topics: Vec<Topic>,
    /// Maximal number of queries, 1 to 256; 16 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) questions: Option<u16>,
    /// Maximal number of proposals used per answer, 1 to 256; 8 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proposals: Option<u16>,
    /// The random seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    /// Maximal tokens of a model's proposal, 1 to 1024; 48 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tokens: Option<usize>,
    /// Premise selection of `overlap`: `recent`, `sine`, `mepo`, `minhash`, `budgeted` or `neighbours`; `minhash` by
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chooser: Option<String>,
}

impl AdviceOptions {
    /// Interprets the options, on a server whose model has this identity.
    ///
    /// # Errors
    /// A message, if a value is out of range.
    pub(crate) fn meaning(&self, model: Option<&str>) -> Result<Advised, String> {
        let seed = self.seed.unwrap_or(0);
        let by = match &*self.by {
            "random" => By::Random { seed },
            "generalise" => By::Generalise,
            "overlap" => {
                let wanted = self.chooser.as_deref().unwrap_or(Chooser::MinHash.name());
                let known = Chooser::ALL.into_iter().find(|chooser| chooser.name() == wanted);
                let names = Chooser::ALL.map(Chooser::name).join(", ");
                By::Overlap(known.ok_or_else(|| format!("`chooser` is one of {names}"))?)
            }
            "model" => {
                let tokens = self.tokens.unwrap_or(48);
                if !(1..=MOST_TOKENS).contains(&tokens) {
                    return Err(format!("`tokens` is a number from 1 to {MOST_TOKENS}"));
                }
                let none = "this server was started without a model; `theoremata serve --model smollm2` gives it one";
                By::Model { identity: model.ok_or(none)?.to_owned(), seed, tokens }
            }
            _ => return Err("`by` is one of model, random, generalise, overlap".to_owned()),
        };
        if self.chooser.is_some() && !matches!(by, By::Overlap(_)) {
            return Err("`chooser` has no effect unless `by` is overlap; leave it out".to_owned());
        }
        if self.tokens.is_some() && !matches!(by, By::Model { .. }) {
            return Err("`tokens` has no effect unless `by` is model; leave it out".to_owned());
        }
        let counted = |name: &str, value: Option<u16>, usual: u16| match value {
            Some(value) if !(1..=MOST).contains(&value) => Err(format!("`{name}` is a number from 1 to {MOST}")),
            value => Ok(value.unwrap_or(usual)),
        };
        let Advice { questions, proposals, .. } = Advice::DEFAULT;
        let topics: &[Topic] = if self.topics.is_empty() { by.topics() } else { &self.topics };
        let advice = Advice {
            questions: counted("questions", self.questions, questions)?,
            proposals: counted("proposals", self.proposals, proposals)?,
            ..Advice::about(topics)
        };
        Ok(Advised { by, advice })
    }
}

/// The advisor of a run; `None` if it is no longer available.
pub(crate) fn advisor(by: &By, models: Option<&Arc<Models>>, cancel: &Cancel) -> Option<Box<dyn Advisor>> {
    let rival = match by {
        By::Random { seed } => Rival::Drawn(Guide::random(*seed)),
        By::Generalise => Rival::Generalise,
        By::Overlap(chooser) => Rival::Overlap(*chooser),
        By::Ngram { .. } => return None,
        By::Model { identity, seed, tokens } => {
            let models = models.filter(|models| models.identity() == identity)?;
            let asked = Asked { models: models.clone(), asking: Mutex::default() };
            return Some(Box::new(ModelAdvisor::new(asked, *seed, *tokens, cancel.clone())));
        }
    };
    Some(Box::new(RivalAdvisor::new(rival)))
}

/// The server's model as the pool of an advisor: answers are kept, and jobs that nobody waits for are cancelled.
struct Asked {
    models: Arc<Models>,
    asking: Mutex<Vec<Asking>>,
}

impl Answering for Asked {
    fn submit(&self, job: Job) -> Result<JobId, String> {
        let asking = self.models.ask(job, Memory::Kept).map_err(|refused| refused.to_string())?;
        let id = asking.id();
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).push(asking);
        Ok(id)
    }

    fn answer(&self, job: JobId) -> Option<Answer> {
        self.models.pool().answer(job)
    }
}
