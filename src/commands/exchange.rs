//! What is stored, on its way to others: checked, exported, imported.

use std::fs;
use std::io::{self, BufReader, Write};
use std::path::Path;

use serde_json::json;
use theoremata_actors::proof_codec::decode;
use theoremata_logic::calculus::check::check as check_proof;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_store::{Contents, Run, Store};

use super::{find, open};
use crate::checkers::{self, Acceptance, Answer, Checker, With};
use crate::exports::{self, Collection, Language};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::run::{self, GOALS};
use crate::{ExportArguments, input};

/// `theoremata check`.
pub(crate) fn check(db: &Path, with: &[With], output: Output) -> Result<Exit, Failure> {
    let store = open(db)?;
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
        let theory = input::reload(
            &store.inputs(&run.id)?.into_iter().filter(|file| !file.name.starts_with(GOALS)).collect::<Vec<_>>(),
        )?;
        let mut statements: Vec<Formula> = Vec::new();
        for theorem in store.theorems(&run.id)? {
            let refuse = |why: String| format!("run {}, theorem {}: {why}", run.id, theorem.number);
            let Some(record) = store.proof(&run.id, theorem.number)? else {
                flaws.push(refuse("it has no proof".to_owned()));
                break;
            };
            let proof = match decode(&theory, &record) {
                Ok(proof) => proof,
                Err(error) => {
                    flaws.push(refuse(error.to_string()));
                    break;
                }
            };
            let verdict = check_proof(&theory, |id: TheoremId| statements.get(id.0 as usize), &proof);
            let claimed = record.node(&theorem.root).is_some_and(|node| *node.conclusion == *theorem.statement);
            match (verdict, proof.statement()) {
                (Ok(_), Some(statement)) if claimed => {
                    statements.push(statement.clone());
                    accepted += 1;
                }
                (Ok(_), _) => {
                    flaws.push(refuse("its proof proves something else".to_owned()));
                    break;
                }
                (Err(flaw), _) => {
                    flaws.push(refuse(flaw.to_string()));
                    break;
                }
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
    if !flaws.is_empty() {
        return Ok(Exit::NotProved);
    }
    let all = with.contains(&With::All);
    let wanted: Vec<Checker> =
        Checker::ALL.into_iter().filter(|checker| all || with.contains(&With::One(*checker))).collect();
    let accepted = wanted.is_empty() || check_with(&store, &wanted, all, output)?;
    Ok(if accepted { Exit::Done } else { Exit::NotProved })
}

/// `theoremata export`.
pub(crate) fn export(arguments: &ExportArguments, output: Output) -> Result<Exit, Failure> {
    let store = open(&arguments.store.db)?;
    let runs = match &arguments.run {
        Some(prefix) => vec![find(&store, prefix)?],
        None => store.runs()?,
    };
    let Some(language) = arguments.format.language() else {
        if arguments.theorem.is_some() {
            return Err(Failure::Usage("JSON lines hold whole runs; name another --format for one theorem".to_owned()));
        }
        let ids: Vec<_> = runs.into_iter().map(|run| run.id).collect();
        let contents = if arguments.backup { Contents::Backup } else { Contents::Record };
        return written(arguments.out.as_deref(), &mut |to| Ok(store.export(&ids, contents, to)?));
    };
    if arguments.backup {
        return Err(Failure::Usage("--backup belongs to --format json".to_owned()));
    }
    if let (2.., Some(folder)) = (runs.len(), &arguments.out) {
        fs::create_dir_all(folder).map_err(|error| Failure::world("make the folder", folder, &error))?;
        for run in runs {
            let collection = Collection::stored(&store, &run)?;
            let short: String = run.id.to_string().chars().take(8).collect();
            // A folder a run: files are called by their theories, which two runs may share.
            let path = folder.join(short).join(language.file(&collection.theory));
            export_to(&collection, None, language, Some(&path))?;
            output.note(&format!("{} theorems: {}", collection.proofs.len(), path.display()));
        }
        return Ok(Exit::Done);
    }
    let [run] = &runs[..] else {
        let one = "a file holds theorems of one theory";
        return Err(Failure::Usage(match runs.len() {
            0 => "there is no run in the database; `theoremata explore` makes one".to_owned(),
            count => format!("{one}, and there are {count} runs: name one, or a folder for all with --out DIR"),
        }));
    };
    let collection = Collection::stored(&store, run)?;
    let path = arguments.out.as_ref().map(|path| match path.is_dir() {
        true => path.join(language.file(&collection.theory)),
        false => path.clone(),
    });
    export_to(&collection, arguments.theorem, language, path.as_deref())
}

/// Writes theorems, all of which the checker has accepted before the first byte, to a file or stdout.
fn export_to(
    collection: &Collection,
    only: Option<u32>,
    language: Language,
    path: Option<&Path>,
) -> Result<Exit, Failure> {
    let theorems = collection.checked(only)?;
    let failed = |error: io::Error| Failure::World(format!("cannot write the export: {error}"));
    written(path, &mut |to| exports::write(&collection.theory, &theorems, language, to).map(drop).map_err(failed))
}

/// Has something written to stdout, or to a file that is put in its place when it is whole.
pub(super) fn written(
    path: Option<&Path>,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let Some(path) = path else {
        let mut stdout = io::BufWriter::new(io::stdout().lock());
        write(&mut stdout)?;
        stdout.flush().map_err(|error| Failure::World(format!("cannot write the export: {error}")))?;
        return Ok(Exit::Done);
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(|error| Failure::world("make the folder", parent, &error))?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let file = fs::File::create(beside).map_err(|error| Failure::world("write", beside, &error))?;
    let mut out = io::BufWriter::new(file);
    write(&mut out)?;
    out.flush().map_err(|error| Failure::world("write", beside, &error))?;
    fs::rename(beside, path).map_err(|error| Failure::world("put in place", path, &error))?;
    Ok(Exit::Done)
}

/// `theoremata check --with`: has the exports of all runs checked by programs of others.
fn check_with(store: &Store, checkers: &[Checker], all: bool, output: Output) -> Result<bool, Failure> {
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
    for run in store.runs()? {
        let collection = Collection::stored(store, &run)?;
        let theorems = collection.checked(None)?;
        for (checker, version) in &installed {
            match checkers::ask(*checker, &collection.theory, &theorems)? {
                Answer::Accepted(bytes, seconds) => {
                    let acceptance = Acceptance {
                        checker: checker.name().to_owned(),
                        version: version.clone(),
                        theorems: theorems.len(),
                        bytes,
                        seconds,
                        at: run::now(),
                        digest: checkers::digest(&run),
                    };
                    store.note(&run.id, [acceptance.measure()?].into())?;
                    tell_acceptance(&run, &collection, &acceptance, output);
                }
                Answer::Refused(said) => {
                    accepted = false;
                    tell_refusal(&run, &collection, &format!("{} {version}", checker.name()), &said, output);
                }
            }
        }
    }
    Ok(accepted)
}

fn tell_acceptance(run: &Run, collection: &Collection, acceptance: &Acceptance, output: Output) {
    let Acceptance { checker, version, theorems, bytes, seconds, .. } = acceptance;
    if output.is_json() {
        output.object(&json!({
            "event": "acceptance", "run": run.id.to_string(), "checker": checker, "version": version,
            "theorems": theorems, "bytes": bytes, "seconds": seconds,
        }));
    } else {
        output.line(&format!(
            "{}: {checker} {version} accepts {theorems} theorems ({} KB, {seconds:.2} s)",
            collection.theory.name,
            bytes.div_ceil(1024)
        ));
    }
}

fn tell_refusal(run: &Run, collection: &Collection, checker: &str, said: &str, output: Output) {
    if output.is_json() {
        output.object(&json!({ "event": "refusal", "run": run.id.to_string(), "checker": checker, "said": said }));
    } else {
        output.line(&format!("{}: {checker} refuses:\n{}", collection.theory.name, said.trim()));
    }
}

/// `theoremata import`.
pub(crate) fn import(db: &Path, file: &Path, output: Output) -> Result<Exit, Failure> {
    let store = Store::open(db)?;
    let imported = if file == Path::new("-") {
        store.import(&mut io::stdin().lock())
    } else {
        let source = fs::File::open(file).map_err(|error| Failure::world("open", file, &error))?;
        store.import(&mut BufReader::new(source))
    };
    let imported =
        imported.map_err(|error| Failure::Usage(format!("{}: {error}; nothing was changed", file.display())))?;
    output.line(&format!("{} runs added, {} known", imported.added.len(), imported.known.len()));
    Ok(Exit::Done)
}
