//! `theoremata show`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use theoremata_actors::record::number_of;
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::search::explore::Exploration;
use theoremata_store::Parameter;

use super::arguments::StoredArguments;
use super::output::{Output, theorem_object};
use super::run::{pages, site_is_free, stored_exploration};
use super::stored::{find, open};
use crate::cli::exit::Exit;
use crate::exchange::checkers::Acceptance;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// The run, by the first digits of its id; without it all runs are listed.
    pub(super) run: Option<String>,
    /// The number of a theorem, whose proof is shown.
    pub(super) theorem: Option<u32>,
    /// Write the pages of the run to this folder.
    #[arg(long, value_name = "DIR")]
    pub(super) site: Option<PathBuf>,
}

/// `theoremata show`.
pub(crate) fn run(arguments: &ShowArguments, output: Output) -> Result<Exit, Failure> {
    let ShowArguments { store, run: prefix, theorem: number, site: folder } = arguments;
    site_is_free(folder.as_deref())?;
    let store = open(&store.db)?;
    let Some(prefix) = prefix else {
        for run in store.runs()? {
            let files: Vec<&str> = run.inputs.iter().map(|input| &*input.name).collect();
            if output.is_json() {
                output.object(&json!({
                    "event": "run", "run": run.id.to_string(), "status": run.status.words(), "cycles": run.committed,
                    "started": run.started, "finished": run.finished, "inputs": files, "counts": run.counts,
                }));
            } else {
                output.line(&format!("{}  {:<13} {}  {}", run.id, run.status.words(), run.started, files.join(", ")));
            }
        }
        return Ok(Exit::Done);
    };
    let known = find(&store, prefix)?;
    let inputs = store.inputs(&known.id)?;
    let exploration = stored_exploration(&store, &known, &inputs)?;
    if let Some(folder) = folder {
        let summary = pages(&exploration, &inputs, Acceptance::of(&known), folder)?;
        output.note(&format!("{} pages: {}", summary.pages, folder.join("index.html").display()));
    }
    match *number {
        None => {
            for place in 0..exploration.theorems.len() {
                show_line(&exploration, TheoremId(place as u32), output);
            }
        }
        Some(number) => {
            let place = (number as usize).checked_sub(1).filter(|place| *place < exploration.theorems.len());
            let place = place
                .ok_or_else(|| Failure::Usage(format!("the run has theorems 1 to {}", exploration.theorems.len())))?;
            show_line(&exploration, TheoremId(place as u32), output);
            show_proof(&exploration, place, output);
        }
    }
    Ok(Exit::Done)
}

fn show_line(exploration: &Exploration, id: TheoremId, output: Output) {
    let object = theorem_object(exploration, id);
    if output.is_json() {
        return output.object(&object);
    }
    let theorem = &exploration.theorems[id.0 as usize];
    let mark = if theorem.essential { '*' } else { ' ' };
    let kind = if theorem.corollary { "consequence" } else { object["kind"].as_str().unwrap_or_default() };
    output.line(&format!("{:>5} {mark} {}   [{kind}]", number_of(id), object["math"].as_str().unwrap_or_default()));
}

/// The steps of a proof, indented by scope.
fn show_proof(exploration: &Exploration, place: usize, output: Output) {
    let theory = exploration.theory();
    let theorem = &exploration.theorems[place];
    let (record, _) = theoremata_actors::record::encode(theory, &theorem.proof);
    let mut depth = vec![0usize; theorem.proof.scopes.len()];
    for (number, scope) in theorem.proof.scopes.iter().enumerate().skip(1) {
        depth[number] = depth[scope.parent.index()] + 1;
    }
    for (number, (step, (_, node))) in theorem.proof.steps.iter().zip(record.nodes()).enumerate() {
        let theorem = node.parameters.iter().find_map(|parameter| match parameter {
            Parameter::Theorem(number) => Some(*number),
            _ => None,
        });
        let principle = node.parameters.iter().find_map(|parameter| match parameter {
            Parameter::Text(name) => Some(&**name),
            _ => None,
        });
        let premises: Vec<String> = step.premises.iter().map(|premise| (premise.0 + 1).to_string()).collect();
        if output.is_json() {
            output.object(&json!({
                "event": "step", "number": number + 1, "rule": &*node.rule, "theorem": theorem, "principle": principle, "premises": premises,
                "conclusion": &*node.conclusion, "substitution": node.substitution.iter().map(|name| &**name).collect::<Vec<_>>(),
                "depth": depth[step.scope.index()],
            }));
        } else {
            let indent = "  ".repeat(depth[step.scope.index()]);
            let mut reason = vec![node.rule.to_string()];
            reason.extend(theorem.map(|number| number.to_string()));
            reason.extend(principle.map(str::to_owned));
            reason.extend(premises);
            output.line(&format!("{:>5} {indent}{}   [{}]", number + 1, node.conclusion, reason.join(" ")));
        }
    }
}
