//! `theoremata show`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use theoremata_actors::proof_codec::{encode, number_of};
use theoremata_actors::run::TheoremFound;
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::proof::Rule;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::text::without_sorts;
use theoremata_logic::search::explore::{Interest, Listed};

use super::arguments::StoredArguments;
use super::exit::Exit;
use super::output::Output;
use super::run::{site_is_free, stored_pages};
use super::stored::{find, open};
use super::text;
use crate::exchange::json as told;
use crate::exchange::stored::{Stored, is_imported};
use crate::failure::Failure;

/// What to show.
#[derive(Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// The run, by a prefix of its id; by default all runs are listed.
    pub(super) run: Option<String>,
    /// The number of a theorem whose proof is shown.
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
            if output.is_json() {
                output.object(&told::run(&run));
            } else {
                let files: Vec<&str> = run.inputs.iter().map(|input| &*input.name).collect();
                let origin = if is_imported(&run) { "  (imported: status and time as claimed)" } else { "" };
                let (status, files) = (run.status.words(), files.join(", "));
                output.line(&format!("{}  {status:<13} {}  {files}{origin}", run.id, run.started));
            }
        }
        return Ok(Exit::Done);
    };
    let known = find(&store, prefix)?;
    let stored = Stored::read(&store, &known)?;
    let theorems = stored.checked()?;
    if let Some(folder) = folder {
        stored_pages(&store, &stored, folder, output)?;
    }
    let interest = Interest::of(&stored.theory, &theorems);
    let shown = stored.records.iter().zip(&theorems);
    let shown = shown.map(|(record, checked)| TheoremFound::stored(&stored.theory, record, checked));
    let shown = shown.zip(&interest.listed);
    match number {
        None => shown.for_each(|(found, listed)| show(&found, listed, output)),
        Some(number) => {
            let place = (*number as usize).checked_sub(1).filter(|place| *place < theorems.len());
            let place = place.ok_or_else(|| Failure::Usage(format!("the run has theorems 1 to {}", theorems.len())))?;
            shown.skip(place).take(1).for_each(|(found, listed)| show(&found, listed, output));
            show_proof(&stored.theory, &theorems[place], output);
        }
    }
    Ok(Exit::Done)
}

fn show(found: &TheoremFound, listed: &Listed, output: Output) {
    if output.is_json() {
        output.object(&told::theorem(found, Some(listed)));
    } else {
        let kind = if found.corollary { "consequence" } else { found.kind() };
        let kind = found.from.as_ref().map_or_else(|| kind.to_owned(), |from| from.words());
        output.line(&text::listed(found, &kind, listed));
    }
}

/// The steps of a proof, indented by scope.
fn show_proof(theory: &Theory, theorem: &Checked, output: Output) {
    let proof = theorem.proof();
    let (record, _) = encode(theory, proof);
    let mut depth = vec![0usize; proof.scopes.len()];
    for (number, scope) in proof.scopes.iter().enumerate().skip(1) {
        depth[number] = depth[scope.parent.index()] + 1;
    }
    for (number, (step, (_, node))) in proof.steps.iter().zip(record.nodes()).enumerate() {
        let theorem = match step.rule {
            Rule::Theorem(cited) => Some(number_of(cited)),
            _ => None,
        };
        let principle = match &step.rule {
            Rule::Induction(number) => Some(&*theory.inductions[*number as usize].name),
            Rule::Comprehension { predicate, .. } => Some(&*theory.predicate(*predicate).name),
            _ => None,
        };
        let premises: Vec<String> = step.premises.iter().map(|premise| (premise.0 + 1).to_string()).collect();
        if output.is_json() {
            output.object(&json!({
                "event": "step", "number": number + 1, "rule": &*node.rule, "theorem": theorem, "principle": principle,
                "premises": premises, "conclusion": without_sorts(&node.conclusion),
                "substitution": node.substitution.iter().map(|name| &**name).collect::<Vec<_>>(),
                "depth": depth[step.scope.index()],
            }));
        } else {
            let indent = "  ".repeat(depth[step.scope.index()]);
            let mut reason = vec![node.rule.to_string()];
            reason.extend(theorem.map(|number| number.to_string()));
            reason.extend(principle.map(str::to_owned));
            reason.extend(premises);
            output.line(&format!(
                "{:>5} {indent}{}   [{}]",
                number + 1,
                without_sorts(&node.conclusion),
                reason.join(" ")
            ));
        }
    }
}
