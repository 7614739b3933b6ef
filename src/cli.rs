//! The command line: arguments in, exit codes out. Each command has a file.

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
    /// Say results as JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    /// No progress and no notes.
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Find the theorems that follow from axioms.
    ///
    /// Example: theoremata explore theories/peano.mpl --site site
    Explore(explore::ExploreArguments),
    /// Prove or refute given statements.
    ///
    /// Example: theoremata prove theories/peano.mpl --goal "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))"
    Prove(prove::ProveArguments),
    /// Check everything that is stored: bytes, and every proof, from the store alone.
    ///
    /// Example: theoremata check --with all
    Check(check::CheckArguments),
    /// Do a finished run again, from its files and the answers of its advisor, and compare it byte for byte.
    ///
    /// Example: theoremata replay 3f2a
    Replay(replay::ReplayArguments),
    /// Go on with a run that was cancelled, killed, or reached a bound.
    Resume(resume::ResumeArguments),
    /// List the runs, or show a run or one of its theorems with its proof.
    Show(show::ShowArguments),
    /// Say what two runs have in common: theorems that only one has, shorter proofs, what was decided differently.
    ///
    /// Example: theoremata compare 3f2a 91bc
    Compare(compare::CompareArguments),
    /// Write theorems for other checkers, or runs as JSON lines.
    ///
    /// Example: theoremata export --format metamath --out Peano.mm
    Export(export::ExportArguments),
    /// Write a goal with its axioms for other provers.
    ///
    /// Example: theoremata export-problem theories/group.mpl --goal "(>[x,y] (in2[x,y,inv]) (in3[x,y,e,*]))"
    ExportProblem(problem::ProblemArguments),
    /// Read what export wrote; every proof is checked before anything is stored.
    Import(import::ImportArguments),
    /// Remove a run from the database.
    Remove(remove::RemoveArguments),
    /// Give room in the database that nothing stands in back to the disk.
    Compact(remove::CompactArguments),
    /// Lay out MPL files.
    Fmt(fmt::FmtArguments),
    /// Say what is wrong or doubtful in MPL files.
    Lint(lint::LintArguments),
    /// Fetch, list and describe language models.
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Let a language model write.
    ///
    /// Example: theoremata generate --prompt "Why is the sky blue?"
    Generate(generate::GenerateArguments),
    /// Let a language model answer by a program that parts the work: a tree of branches and joins.
    ///
    /// Example: theoremata reason vote --prompt "What is 17 + 25? Answer with the number." --samples 9
    Reason(Box<reason::ReasonArguments>),
    /// Let a language model propose what a sentence says in a theory; you choose.
    ///
    /// Example: theoremata formalise theories/peano.mpl "for all x and y: x plus y is y plus x" --holds "1 + 2 = 2 + 1"
    Formalise(formalise::FormaliseArguments),
    /// Serve pages and an API over HTTP; asks nothing of the network and needs no configuration.
    ///
    /// Example: theoremata serve --listen 127.0.0.1:8080
    Serve(serve::ServeArguments),
    /// Add, list and revoke the keys with which others may use the server.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Measure how fast this machine does its work.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// The stack of the thread that does the work. What is written by hand is nested 1,000 levels at most, which takes 2 MB
/// without optimisation; the rest is room. A limit of the shell (`ulimit -s`) holds for the first thread only.
const STACK_BYTES: usize = 64 << 20;

/// Does what the arguments of the process ask for.
pub(crate) fn run() -> ExitCode {
    let work = std::thread::Builder::new().name("main".to_owned()).stack_size(STACK_BYTES).spawn(command);
    let exit = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        // A panic has been told where it happened.
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
            // The generator takes no failure; a string takes everything.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "theoremata", &mut script);
            streams::as_it_stands(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}

/// Says what is wrong with the arguments; or gives the help or the version, which are results.
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

/// Says why there is no result.
fn say(failure: &Failure, output: Output) -> Exit {
    if streams::lost() {
        // What stopped the command is told at the end, or is worth no message.
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
