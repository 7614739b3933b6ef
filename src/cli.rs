//! The command line: arguments in, exit codes out. One file per command.

mod advice;
mod arguments;
mod bench;
mod chat;
mod check;
mod compare;
mod destination;
mod exit;
mod explore;
mod export;
mod fmt;
mod formalise;
mod generate;
mod guidance;
mod import;
mod json;
mod keys;
mod lint;
mod model;
mod output;
mod problem;
mod prove;
mod reason;
mod remove;
mod replay;
mod resume;
mod run;
mod serve;
mod show;
mod stored;
mod streams;
mod text;
mod unused;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use theoremata_logic::language::characters::visible;

use crate::failure::Failure;
use exit::Exit;
use output::Output;

/// Discovers and proves theorems from axioms written in MPL; every proof is checked.
#[derive(Parser)]
#[command(name = "theoremata", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 not proved, 2 wrong input, 3 out of time or memory, 4 failure, \
5 inconsistent axioms, 130 cancelled. docs/cli.md has all of it.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print results as JSON, one object per line.
    #[arg(long, global = true)]
    json: bool,
    /// Print no progress and no notes.
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Find theorems that follow from axioms.
    ///
    /// Example: theoremata explore theories/peano.mpl --site site
    Explore(explore::ExploreArguments),
    /// Prove or refute given statements.
    ///
    /// Example: theoremata prove theories/peano.mpl --goal "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))"
    Prove(prove::ProveArguments),
    /// Verify everything in the database: hashes, and every proof, from the stored data alone.
    ///
    /// Example: theoremata check --with all
    Check(check::CheckArguments),
    /// Repeat a finished run from its files and recorded advice, and compare the results byte for byte.
    ///
    /// Example: theoremata replay 3f2a
    Replay(replay::ReplayArguments),
    /// Continue a run that was cancelled, killed, or hit a bound.
    Resume(resume::ResumeArguments),
    /// List runs, the theorems of a run, or the steps of a proof.
    Show(show::ShowArguments),
    /// Compare two runs: theorems that only one has, shorter proofs, statements decided differently.
    ///
    /// Example: theoremata compare 3f2a 91bc
    Compare(compare::CompareArguments),
    /// Export theorems for other checkers, or runs as JSON lines.
    ///
    /// Example: theoremata export --format metamath --out Peano.mm
    Export(export::ExportArguments),
    /// Export a goal with its axioms for other provers.
    ///
    /// Example: theoremata export-problem theories/group.mpl --goal "(>[x,y] (in2[x,y,inv]) (in3[x,y,e,*]))"
    ExportProblem(problem::ProblemArguments),
    /// Import the output of `export`; every proof is checked before anything is stored.
    Import(import::ImportArguments),
    /// Delete a run from the database.
    Remove(remove::RemoveArguments),
    /// Return unused space of the database to the disk.
    Compact(remove::CompactArguments),
    /// Format MPL files.
    Fmt(fmt::FmtArguments),
    /// Report errors and warnings in a theory.
    Lint(lint::LintArguments),
    /// Download, list and describe language models.
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Let a language model continue a text.
    ///
    /// Example: theoremata generate --prompt "Why is the sky blue?"
    Generate(generate::GenerateArguments),
    /// Let a language model answer by a program that splits the work: a tree of branches and joins.
    ///
    /// Example: theoremata reason vote --prompt "What is 17 + 25? Answer with the number." --samples 9
    Reason(Box<reason::ReasonArguments>),
    /// Let a language model propose formalisations of a sentence in a theory; you choose.
    ///
    /// Example: theoremata formalise theories/peano.mpl "for all x and y: x plus y is y plus x" --holds "1 + 2 = 2 + 1"
    Formalise(formalise::FormaliseArguments),
    /// Serve pages and an API over HTTP; needs no network access and no configuration.
    ///
    /// Example: theoremata serve --listen 127.0.0.1:8080
    Serve(serve::ServeArguments),
    /// Add, list and revoke the keys that give others access to the server.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Benchmark this machine.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Stack size of the main working thread. Hand-written text is nested at most 1,000 levels, which takes 2 MB without
/// optimisation; the rest is a reserve. A shell limit (`ulimit -s`) applies to the first thread only.
const STACK_BYTES: usize = 64 << 20;

/// Executes the command given by the process arguments.
pub(crate) fn run() -> ExitCode {
    let work = std::thread::Builder::new().name("main".to_owned()).stack_size(STACK_BYTES).spawn(command);
    let exit = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        // The panic message was already printed.
        Ok(Err(_)) => Exit::Failed,
        Err(error) => {
            streams::note(&format!("theoremata: cannot start a thread: {error}"));
            Exit::Failed
        }
    };
    ExitCode::from(streams::end(exit) as u8)
}

fn command() -> Exit {
    let parsed = Cli::command().try_get_matches().and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok((cli, unused::option_without_effect(&matches)))
    });
    let (cli, unused) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error),
    };
    let output = Output::new(cli.json, cli.quiet);
    let result = match unused {
        Some(why) => Err(Failure::Usage(why)),
        None => dispatch(cli.command, output),
    };
    result.unwrap_or_else(|failure| say(&failure, output))
}

fn dispatch(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Explore(arguments) => explore::run(&arguments, output),
        Command::Prove(arguments) => prove::run(&arguments, output),
        Command::Check(arguments) => check::run(&arguments, output),
        Command::Replay(arguments) => replay::run(&arguments, output),
        Command::Resume(arguments) => resume::run(&arguments, output),
        Command::Show(arguments) => show::run(&arguments, output),
        Command::Compare(arguments) => compare::run(&arguments, output),
        Command::Export(arguments) => export::run(&arguments, output),
        Command::ExportProblem(arguments) => problem::run(&arguments, output),
        Command::Import(arguments) => import::run(&arguments, output),
        Command::Remove(arguments) => remove::remove(&arguments, output),
        Command::Compact(arguments) => remove::compact(&arguments, output),
        Command::Fmt(arguments) => fmt::run(&arguments, output),
        Command::Lint(arguments) => lint::run(&arguments, output),
        Command::Model(command) => model::run(&command, output),
        Command::Generate(arguments) => generate::run(&arguments, output),
        Command::Reason(arguments) => reason::run(&arguments, output),
        Command::Formalise(arguments) => formalise::run(&arguments, output),
        Command::Serve(arguments) => serve::run(&arguments, output),
        Command::Keys(command) => keys::run(&command, output),
        Command::Bench(command) => bench::run(&command, output),
        Command::Completions { shell } => {
            // The generator cannot return an error; writing to a buffer does not fail.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "theoremata", &mut script);
            streams::as_it_stands(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}

/// Reports an error in the arguments; help and version, which clap returns the same way, are results.
fn refuse(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        let help = error.render();
        let colour = std::io::IsTerminal::is_terminal(&std::io::stdout());
        streams::as_it_stands(&if colour { help.ansi().to_string() } else { help.to_string() });
        return Exit::Done;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        return say(&Failure::Usage(error.render().to_string().trim_end().to_owned()), Output::new(true, true));
    }
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let text = error.render().to_string();
    if colour && visible(&text) == text {
        streams::note_as_it_stands(&error.render().ansi().to_string());
    } else {
        streams::note(text.trim_end());
    }
    Exit::Input
}

/// Reports why there is no result.
fn say(failure: &Failure, output: Output) -> Exit {
    if streams::lost() {
        // Lost output is reported at the end, or needs no message.
        return Exit::Failed;
    }
    if output.is_json() {
        if let Failure::Input(report) = failure {
            streams::as_it_stands(&report.json_lines());
        }
        let szs = if Exit::from(failure) == Exit::Input { "InputError" } else { "Error" };
        let message = match failure {
            Failure::Input(report) => format!("{} errors in the input", report.errors()),
            Failure::Usage(text) | Failure::World(text) => text.clone(),
        };
        output.object(&serde_json::json!({ "event": "failure", "szs": szs, "message": message }));
        return failure.into();
    }
    match failure {
        Failure::Input(report) => {
            streams::note_as_it_stands(&report.render(std::io::IsTerminal::is_terminal(&std::io::stderr())));
            streams::note("% SZS status InputError");
        }
        Failure::Usage(text) | Failure::World(text) => streams::note(&format!("theoremata: {text}")),
    }
    failure.into()
}
