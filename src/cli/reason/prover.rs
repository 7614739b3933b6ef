//! The prover beside the model: a theory whose statements it examines for tool calls and joins.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;
use theoremata_actors::examine::{Desk, Examiner, Limits, Origin, prover_tools};
use theoremata_actors::jobs::{EventKind, Job, JobId, Pool, Tool};
use theoremata_store::Store;

use crate::cli::arguments::seconds;
use crate::cli::output::Output;
use crate::exchange::input::{self, Loaded};
use crate::failure::Failure;
use crate::time::now;

/// The theory of a command.
#[derive(Args)]
pub(crate) struct ProverArguments {
    /// A theory for the prover: the model calls it in `tasks` and scripts, through the tools `prove`, `refute`,
    /// `explore` and `lookup`; joins call it with `first --judge checked` and `vote --equivalent`.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(super) theory: Option<PathBuf>,
    /// First: answers are statements of --theory. The first that is proved is selected, else the first that stays open;
    /// refuted ones are rejected with a counterexample.
    #[arg(long, value_name = "HOW", requires = "theory", conflicts_with_all = ["pattern", "check"])]
    pub(super) judge: Option<JudgeName>,
    /// Vote: answers are statements of --theory, and are counted together if the prover shows them equivalent.
    #[arg(long, requires = "theory", conflicts_with = "score")]
    pub(super) equivalent: bool,
    /// CPU seconds of the prover per call.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds, requires = "theory")]
    prover_cpu: f64,
    /// Memory of the prover per call.
    #[arg(long, value_name = "MB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=1 << 30), requires = "theory")]
    prover_memory: u64,
}

/// The judges.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum JudgeName {
    /// The prover, whose proofs are checked.
    Checked,
}

impl ProverArguments {
    /// Whether a join calls the prover.
    pub(super) fn joins(&self) -> bool {
        self.judge.is_some() || self.equivalent
    }
}

/// The theory of a command, with its tools.
pub(super) struct Prover {
    pub(super) desk: Desk,
    examiner: Arc<Examiner>,
}

impl Prover {
    /// Loads the theory, if there is one. Proofs go to the database of the command, or are discarded with it.
    pub(super) fn read(arguments: &ProverArguments, store: Option<&Arc<Store>>) -> Result<Option<Prover>, Failure> {
        let Some(path) = &arguments.theory else { return Ok(None) };
        let Loaded { theory, files, .. } = input::load(path, None)?;
        let limits = Limits { cpu: arguments.prover_cpu, memory: arguments.prover_memory << 20 };
        let store = store.map_or_else(|| Arc::new(Store::in_memory()), Arc::clone);
        let desk = Desk::default();
        let examiner = desk.register(Examiner::new(theory, files, store, limits, now));
        Ok(Some(Prover { desk, examiner }))
    }

    /// The tools. With `judging`, also those that joins call.
    pub(super) fn tools(&self, judging: bool) -> Vec<Tool> {
        prover_tools(self.examiner.theory(), self.examiner.id(), judging)
    }

    /// Reports the theorems proved for a question, read from the store, and records there who requested them.
    pub(super) fn tell(&self, pool: &Pool, (place, job): (usize, &Job), id: JobId, output: Output) {
        let mut said = BTreeSet::new();
        let mut earlier = Vec::new();
        for told in pool.told(id, 0).unwrap_or_default() {
            let EventKind::Called(call) = &told.what else { continue };
            let Some(tool) = job.tools.iter().find(|tool| tool.name == call.tool && tool.prover.is_some()) else {
                continue;
            };
            let origin = Origin { job: id, path: told.path.clone() };
            match self.desk.note(tool, &origin, call, &earlier) {
                Ok(Some(proved)) if said.insert((proved.run, proved.theorem)) => {
                    if output.is_json() {
                        output.object(&json!({
                            "event": "proved", "question": place, "path": told.path, "number": proved.number,
                            "run": proved.run.to_string(), "theorem": proved.theorem, "math": proved.math,
                            "statement": proved.mpl,
                        }));
                    } else {
                        let (theorem, run) = (proved.theorem, proved.run);
                        output.line(&format!("proved: {}   [theorem {theorem} of run {run}]", proved.math));
                    }
                }
                Ok(_) => {}
                Err(why) => output.note(&format!("question {place}: `{}` is no theorem: {why}", call.reply)),
            }
            if call.reply.starts_with("refuted by ") || call.reply.starts_with("no statement: ") {
                output.note(&format!("question {place}: {} {}: {}", call.tool, call.parameters, call.reply));
            }
            earlier.push(call.clone());
        }
    }
}
