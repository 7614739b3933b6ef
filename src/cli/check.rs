//! `theoremata check`.

use std::path::Path;

use clap::Args;
use serde_json::json;
use theoremata_store::{Run, Store};

use super::arguments::StoredArguments;
use super::output::Output;
use super::stored::open;
use crate::cli::exit::Exit;
use crate::exchange::checkers::{self, Acceptance, Answer, Checker, With};
use crate::exchange::stored::{Refusal, Stored};
use crate::failure::Failure;
use crate::time::now;

#[derive(Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// Then check the exports of all runs with these programs, which must be installed; what they accept is recorded
    /// with the run and shown on its pages.
    #[arg(long, value_name = "CHECKER", value_enum, value_delimiter = ',')]
    pub(super) with: Vec<With>,
}

/// `theoremata check`.
pub(crate) fn run(arguments: &CheckArguments, output: Output) -> Result<Exit, Failure> {
    let CheckArguments { store, with } = arguments;
    let store = open(&store.db)?;
    let report = store.verify()?;
    let mut flaws: Vec<String> = report
        .flaws
        .iter()
        .map(|flaw| match flaw.run {
            Some(run) => format!("run {run}: {}", flaw.what),
            None => flaw.what.clone(),
        })
        .collect();
    let mut accepted = 0;
    for run in store.runs()? {
        // A damaged run does not stop the check of others.
        match Stored::read(&store, &run) {
            Ok(stored) => {
                let (theorems, refusal) = stored.accepted();
                accepted += theorems.len();
                let told = |Refusal { theorem, why }| format!("run {}, theorem {theorem}: {why}", run.id);
                flaws.extend(refusal.map(told));
            }
            Err(failure) => {
                let told = format!("run {}: {failure}", run.id);
                flaws.push(told);
            }
        }
    }
    if output.is_json() {
        output.object(&json!({
            "event": "check", "runs": report.runs, "theorems": accepted, "steps": report.nodes,
            "outcomes": report.outcomes, "flaws": flaws,
        }));
    } else {
        for flaw in &flaws {
            output.line(flaw);
        }
        output.line(&format!(
            "{} runs, {accepted} theorems accepted by the checker, {} steps and {} outcomes hashed, {} flaws",
            report.runs,
            report.nodes,
            report.outcomes,
            flaws.len()
        ));
    }
    if report.runs == 0 {
        // A check of the wrong folder, or after a refused import, should not look like success.
        output.note(&format!("{} holds no run: nothing was checked", arguments.store.db.display()));
        return Ok(Exit::NotProved);
    }
    if !flaws.is_empty() {
        return Ok(Exit::NotProved);
    }
    let all = with.contains(&With::All);
    let wanted: Vec<Checker> =
        Checker::ALL.into_iter().filter(|checker| all || with.contains(&With::One(*checker))).collect();
    drop(store);
    let accepted = wanted.is_empty() || check_with(&arguments.store.db, &wanted, all, output)?;
    Ok(if accepted { Exit::Done } else { Exit::NotProved })
}

/// `theoremata check --with`: checks the exports of all runs with external programs.
fn check_with(db: &Path, checkers: &[Checker], all: bool, output: Output) -> Result<bool, Failure> {
    let mut installed = Vec::new();
    for checker in checkers {
        let (name, how) = (checker.name(), checker.installation());
        match checker.version() {
            Some(version) => installed.push((*checker, version)),
            None if all => output.note(&format!("{name} is not installed and was not asked ({how})")),
            None => return Err(Failure::Usage(format!("{name} is not installed: {how}"))),
        }
    }
    if installed.is_empty() {
        let none = "no checker of others is installed; docs/exports.md says how to get them";
        return Err(Failure::Usage(none.to_owned()));
    }
    let mut accepted = true;
    // Their acceptance is recorded with the run.
    let store = Store::open(db)?;
    for run in store.runs()? {
        let stored = Stored::read(&store, &run)?;
        let theorems = stored.checked()?;
        for (checker, version) in &installed {
            match checkers::ask(*checker, &stored.theory, &theorems)? {
                Answer::Accepted(bytes, seconds) => {
                    let acceptance = Acceptance {
                        checker: checker.name().to_owned(),
                        version: version.clone(),
                        theorems: theorems.len(),
                        bytes,
                        seconds,
                        at: now(),
                        digest: checkers::digest(&run),
                    };
                    store.note(&run.id, [acceptance.measure()?].into())?;
                    tell_acceptance(&run, &stored, &acceptance, output);
                }
                Answer::Refused(said) => {
                    accepted = false;
                    tell_refusal(&run, &stored, &format!("{} {version}", checker.name()), &said, output);
                }
            }
        }
    }
    Ok(accepted)
}

fn tell_acceptance(run: &Run, stored: &Stored, acceptance: &Acceptance, output: Output) {
    let Acceptance { checker, version, theorems, bytes, seconds, .. } = acceptance;
    if output.is_json() {
        output.object(&json!({
            "event": "acceptance", "run": run.id.to_string(), "checker": checker, "version": version,
            "theorems": theorems, "bytes": bytes, "seconds": seconds,
        }));
    } else {
        output.line(&format!(
            "{}: {checker} {version} accepts {theorems} theorems ({} KB, {seconds:.2} s)",
            stored.theory.name,
            bytes.div_ceil(1024)
        ));
    }
}

fn tell_refusal(run: &Run, stored: &Stored, checker: &str, said: &str, output: Output) {
    if output.is_json() {
        output.object(&json!({ "event": "refusal", "run": run.id.to_string(), "checker": checker, "said": said }));
    } else {
        output.line(&format!("{}: {checker} refuses:\n{}", stored.theory.name, said.trim()));
    }
}
