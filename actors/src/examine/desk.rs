//! The examiners of a process, and the origin of requested theorems.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::examiner::Examiner;
use super::proved::Proved;
use crate::jobs::{Called, JobId, Tool, Toolbox};

/// The examiners available to tools, by id.
#[derive(Clone, Default)]
pub struct Desk {
    examiners: Arc<Mutex<BTreeMap<String, Arc<Examiner>>>>,
}

/// The node of a reasoning job that requested a theorem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The job.
    pub job: JobId,
    /// The node, as the branches that lead to it.
    pub path: Vec<u32>,
}

/// The nodes of reasoning jobs that requested a run, in words, from its measures.
pub fn asked_by(measures: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    let asked = measures.iter().filter_map(|(name, what)| Some((name.strip_prefix(ASKED_BY)?, what)));
    asked.map(|(job, what)| format!("reasoning job {job}, {what}"))
}

/// Prefix of the measures of a run that say who requested it.
const ASKED_BY: &str = "asked by ";

impl Desk {
    /// Adds an examiner, unless one of the same theory and limits exists; returns the one that is registered.
    pub fn register(&self, examiner: Examiner) -> Arc<Examiner> {
        let mut examiners = self.examiners.lock().unwrap_or_else(PoisonError::into_inner);
        examiners.entry(examiner.id().to_owned()).or_insert_with(|| Arc::new(examiner)).clone()
    }

    /// The examiner of a tool.
    #[must_use]
    pub fn examiner(&self, tool: &Tool) -> Option<Arc<Examiner>> {
        let examiners = self.examiners.lock().unwrap_or_else(PoisonError::into_inner);
        examiners.get(tool.prover.as_ref()?).cloned()
    }

    /// A toolbox that answers calls of tools that name an examiner, and leaves others to `commands`.
    #[must_use]
    pub fn toolbox(&self, commands: Option<Toolbox>) -> Toolbox {
        let desk = self.clone();
        Arc::new(move |tool, parameters, earlier| match (desk.examiner(tool), &tool.prover, &commands) {
            (Some(examiner), ..) => examiner.reply(&tool.name, parameters, earlier),
            (None, None, Some(commands)) => commands(tool, parameters, earlier),
            _ => format!("nobody answers the tool `{}` here", tool.name),
        })
    }

    /// Records in the store who requested the theorems that a call has proved, and returns them. Each is read from the
    /// store and checked.
    ///
    /// # Errors
    /// A message, if the store fails or does not hold what the reply claims.
    pub fn note(
        &self,
        tool: &Tool,
        origin: &Origin,
        call: &Called,
        earlier: &[Called],
    ) -> Result<Option<Proved>, String> {
        let Some(examiner) = self.examiner(tool) else { return Ok(None) };
        let Some(proved) = examiner.proved(call, earlier)? else { return Ok(None) };
        let path: Vec<String> = origin.path.iter().map(u32::to_string).collect();
        let node = if path.is_empty() { "its root".to_owned() } else { format!("node {}", path.join(" ")) };
        let measure = (format!("{ASKED_BY}{}", origin.job), format!("{node}, {} {}", call.tool, call.parameters));
        examiner.store().note(&proved.run, [measure].into()).map_err(|error| error.to_string())?;
        Ok(Some(proved))
    }
}
