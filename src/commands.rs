//! The commands, each a short row of calls.

mod exchange;
mod problem;

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;

use serde_json::json;
use theoremata_actors::grid::Cancel;
use theoremata_actors::proof_codec::number_of;
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::language::mpl;
use theoremata_logic::search::explore::Exploration;
use theoremata_store::{Input, Run, Status, Store};

use crate::checkers::Acceptance;
use crate::failure::{Exit, Failure};
use crate::input;
use crate::output::{Output, math, theorem_object};
use crate::run::{self, GOALS, Ran, Settings};
use crate::site;
use crate::site::report::{Report, Source};
use crate::{RunArguments, TheoryArguments};

pub(crate) use exchange::{check, export, import};
pub(crate) use problem::export_problem;

/// The settings of a run, and a handler that raises its cancellation flag on Ctrl-C.
fn settings(explore: bool, arguments: &RunArguments, quiet: bool) -> Result<Settings, Failure> {
    let cancel = Cancel::default();
    let raised = cancel.clone();
    let handler = ctrlc::set_handler(move || {
        if raised.is_cancelled() {
            // Asked twice: what is committed is safe.
            std::process::exit(Exit::Cancelled as i32);
        }
        eprintln!("stopping after this cycle; `theoremata resume` goes on (Ctrl-C again stops at once)");
        raised.cancel();
    });
    handler.map_err(|error| Failure::World(format!("cannot watch for Ctrl-C: {error}")))?;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Ok(Settings {
        explore,
        atoms: arguments.max_size.map(usize::from),
        threads: arguments.threads.unwrap_or(cores),
        cpu: arguments.cpu,
        memory: arguments.memory.map(|megabytes| megabytes << 20),
        db: (!arguments.no_db).then(|| arguments.db.clone()),
        fresh: arguments.fresh,
        quiet,
        cancel,
    })
}

/// `theoremata explore`.
pub(crate) fn explore(theory: &TheoryArguments, arguments: &RunArguments, mut output: Output) -> Result<Exit, Failure> {
    let loaded = input::load(&theory.input, theory.config.as_deref())?;
    warn(&loaded.report, output);
    let settings = settings(true, arguments, output.is_quiet())?;
    let mut ran = run::run(loaded.theory, &[], &loaded.files, &settings, &mut output)?;
    write_site(&mut ran, &loaded.files, arguments.site.as_deref(), output)?;
    output.exploration(&ran);
    Ok(exit_of(&ran, output))
}

/// `theoremata prove`.
pub(crate) fn prove(
    theory: &TheoryArguments,
    texts: &[String],
    file: Option<&Path>,
    arguments: &RunArguments,
    mut output: Output,
) -> Result<Exit, Failure> {
    let loaded = input::load(&theory.input, theory.config.as_deref())?;
    warn(&loaded.report, output);
    let mut inputs = loaded.files.clone();
    let mut goals = Vec::new();
    let mut wrong = false;
    if let Some(path) = file {
        let (read, report, mut input) = input::goals(&loaded.theory, path)?;
        wrong |= report.failed();
        warn(&report, output);
        goals.extend(read);
        input.name = format!("{GOALS}{}", input.name);
        inputs.push(input);
    }
    if !texts.is_empty() {
        let text = texts.join("\n");
        let (read, report) = mpl::read_goals(&loaded.theory, text.as_bytes(), "--goal");
        if report.failed() {
            return Err(Failure::Input(report));
        }
        goals.extend(read);
        inputs.push(Input { name: format!("{GOALS}--goal"), bytes: text.into_bytes() });
    }
    if goals.is_empty() && wrong {
        return Err(Failure::Usage("no line of the goals could be read".to_owned()));
    }
    let settings = settings(false, arguments, output.is_quiet())?;
    let mut ran = run::run(loaded.theory, &goals, &inputs, &settings, &mut output)?;
    write_site(&mut ran, &loaded.files, arguments.site.as_deref(), output)?;
    output.goals(&ran);
    let (proved, all) = run::goals_status(&ran.exploration);
    let exit = exit_of(&ran, output);
    Ok(match exit {
        Exit::Done if wrong => Exit::Input,
        Exit::Done if proved < all => Exit::NotProved,
        other => other,
    })
}

/// `theoremata resume`.
pub(crate) fn resume(prefix: &str, arguments: &RunArguments, mut output: Output) -> Result<Exit, Failure> {
    let store = open(&arguments.db)?;
    let known = find(&store, prefix)?;
    let settings = settings(true, arguments, output.is_quiet())?;
    let explore = known.options.contains("\"explore\"");
    let (mut ran, inputs) = run::resume(store, &known, &settings, &mut output)?;
    write_site(&mut ran, &inputs, arguments.site.as_deref(), output)?;
    if explore {
        output.exploration(&ran);
    } else {
        output.goals(&ran);
    }
    let (proved, all) = run::goals_status(&ran.exploration);
    Ok(match exit_of(&ran, output) {
        Exit::Done if !explore && proved < all => Exit::NotProved,
        other => other,
    })
}

/// How a run ends the command; an inconsistent theory is told here.
fn exit_of(ran: &Ran, output: Output) -> Exit {
    if let Some(id) = ran.exploration.inconsistency {
        let statement = &ran.exploration.theorems[id.0 as usize].statement;
        let text = math(ran.exploration.theory(), statement);
        output.note(&format!(
            "% SZS status ContradictoryAxioms\nthe axioms contradict each other: they prove {text} (theorem {}), \
             and so everything; nothing else was tried",
            number_of(id)
        ));
        return Exit::Inconsistent;
    }
    match ran.status {
        Status::Finished => Exit::Done,
        Status::Cancelled => Exit::Cancelled,
        Status::OutOfTime | Status::OutOfMemory => Exit::Resources,
        _ => Exit::Failed,
    }
}

fn warn(report: &mpl::Report, output: Output) {
    if !output.is_quiet() || report.failed() {
        let colour = io::IsTerminal::is_terminal(&io::stderr());
        eprint!("{}", report.render(colour));
    }
}

fn write_site(ran: &mut Ran, files: &[Input], folder: Option<&Path>, output: Output) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    let summary = pages(&ran.exploration, files, ran.acceptances.clone(), folder)?;
    ran.stages.end("site");
    output.note(&format!(
        "{} pages, {} KB: {}",
        summary.pages,
        summary.bytes / 1024,
        folder.join("index.html").display()
    ));
    Ok(())
}

fn pages(
    exploration: &Exploration,
    files: &[Input],
    acceptances: Vec<Acceptance>,
    folder: &Path,
) -> Result<site::SiteSummary, Failure> {
    let sources = files
        .iter()
        .filter(|file| !file.name.starts_with(GOALS))
        .map(|file| Source { name: file.name.clone(), text: String::from_utf8_lossy(&file.bytes).into_owned() })
        .collect();
    let report = Report::of(exploration, sources, acceptances);
    site::write(&report, exploration.theory(), folder).map_err(|error| Failure::World(error.to_string()))
}

fn open(db: &Path) -> Result<Store, Failure> {
    if !db.exists() {
        return Err(Failure::Usage(format!("there is no database at {}; name it with --db DIR", db.display())));
    }
    Ok(Store::open(db)?)
}

/// The one run whose id begins with `prefix`.
fn find(store: &Store, prefix: &str) -> Result<Run, Failure> {
    let mut runs: Vec<Run> = store.runs()?.into_iter().filter(|run| run.id.to_string().starts_with(prefix)).collect();
    match (runs.len(), runs.pop()) {
        (1, Some(run)) => Ok(run),
        (0, _) => Err(Failure::Usage(format!("no run begins with {prefix}; `theoremata show` lists them"))),
        (count, _) => Err(Failure::Usage(format!("{count} runs begin with {prefix}; give more digits"))),
    }
}

/// `theoremata show`.
pub(crate) fn show(
    db: &Path,
    prefix: Option<&str>,
    number: Option<u32>,
    folder: Option<&Path>,
    output: Output,
) -> Result<Exit, Failure> {
    let store = open(db)?;
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
    let exploration = run::stored_exploration(&store, &known, &inputs)?;
    if let Some(folder) = folder {
        let summary = pages(&exploration, &inputs, Acceptance::of(&known), folder)?;
        output.note(&format!("{} pages: {}", summary.pages, folder.join("index.html").display()));
    }
    match number {
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
    let (record, _) = theoremata_actors::proof_codec::encode(theory, &theorem.proof);
    let mut depth = vec![0usize; theorem.proof.scopes.len()];
    for (number, scope) in theorem.proof.scopes.iter().enumerate().skip(1) {
        depth[number] = depth[scope.parent.index()] + 1;
    }
    for (number, (step, (_, node))) in theorem.proof.steps.iter().zip(record.nodes()).enumerate() {
        let premises: Vec<String> = step.premises.iter().map(|premise| (premise.0 + 1).to_string()).collect();
        if output.is_json() {
            output.object(&json!({
                "event": "step", "number": number + 1, "rule": &*node.rule, "premises": premises,
                "conclusion": &*node.conclusion, "substitution": node.substitution.iter().map(|name| &**name).collect::<Vec<_>>(),
                "depth": depth[step.scope.index()],
            }));
        } else {
            let indent = "  ".repeat(depth[step.scope.index()]);
            output.line(&format!(
                "{:>5} {indent}{}   [{} {}]",
                number + 1,
                node.conclusion,
                node.rule,
                premises.join(" ")
            ));
        }
    }
}

/// `theoremata fmt`.
pub(crate) fn fmt(files: &[std::path::PathBuf], check: bool, output: Output) -> Result<Exit, Failure> {
    let mut changed = 0;
    for path in files {
        let bytes = input::read(path)?;
        let text = mpl::format(&path.display().to_string(), &bytes).map_err(Failure::Input)?;
        if text.as_bytes() == bytes {
            continue;
        }
        changed += 1;
        output.line(&format!("{}{}", if check { "would change " } else { "" }, path.display()));
        if !check {
            // Beside it first: a cut-off write must not cost the file.
            let beside = path.with_extension("mpl.new");
            fs::write(&beside, &text).map_err(|error| Failure::world("write", &beside, &error))?;
            fs::rename(&beside, path).map_err(|error| Failure::world("replace", path, &error))?;
        }
    }
    Ok(if check && changed > 0 { Exit::NotProved } else { Exit::Done })
}

/// `theoremata lint`.
pub(crate) fn lint(theory: &TheoryArguments, output: Output) -> Result<Exit, Failure> {
    let report = match &theory.config {
        Some(config) => {
            let text = input::read(config)?;
            mpl::lint_gl(&text, &config.display().to_string(), &input::read_folder(&theory.input)?)
        }
        None => {
            let text = input::read(&theory.input)?;
            let mut loader = |import: &str| input::read(Path::new(import)).map_err(|failure| failure.to_string());
            mpl::lint_mpl(&theory.input.display().to_string(), &text, &mut loader)
        }
    };
    if output.is_json() {
        for line in report.json_lines().lines() {
            output.line(line);
        }
    } else {
        let colour = io::IsTerminal::is_terminal(&io::stdout());
        output.line(report.render(colour).trim_end());
    }
    Ok(if report.failed() { Exit::Input } else { Exit::Done })
}
