//! Theoremata: axioms in, discovered and checked theorems out.
//!
//! The one binary. It reads arguments and files, calls the crates, and says what came of it; all that
//! is clever is theirs.

mod bench;
mod checkers;
mod commands;
mod exports;
mod failure;
mod generate;
mod guidance;
mod input;
mod measure;
mod model;
mod output;
mod reason;
mod run;
mod site;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::checkers::With;
use crate::exports::Language;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// Blocks are made and dropped by thousands, on several threads: a third of the time of a run went to
/// the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    Explore(ExploreArguments),
    /// Prove or refute given statements.
    ///
    /// Example: theoremata prove theories/peano.mpl --goal "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))"
    Prove(ProveArguments),
    /// Check everything that is stored: bytes, and every proof, from the store alone.
    ///
    /// Example: theoremata check --with all
    Check(CheckArguments),
    /// Go on with a run that was cancelled, killed, or reached a bound.
    Resume(ResumeArguments),
    /// List the runs, or show a run or one of its theorems with its proof.
    Show(ShowArguments),
    /// Write theorems for other checkers, or runs as JSON lines.
    ///
    /// Example: theoremata export --format metamath --out Peano.mm
    Export(ExportArguments),
    /// Write a goal with its axioms for other provers.
    ///
    /// Example: theoremata export-problem theories/group.mpl --goal "(>[x,y] (in2[x,y,inv]) (in3[x,y,e,*]))"
    ExportProblem(ProblemArguments),
    /// Read what export wrote.
    Import(ImportArguments),
    /// Lay out MPL files.
    Fmt(FmtArguments),
    /// Say what is wrong or doubtful in MPL files.
    Lint(LintArguments),
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
    /// Measure how fast this machine does its work.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// The theory.
#[derive(Args, Clone)]
struct TheoryArguments {
    /// An .mpl file, or a folder of definition files (then with --config).
    input: PathBuf,
    /// The JSON configuration that belongs to a folder of definition files.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// How a run is done.
#[derive(Args, Clone)]
struct RunArguments {
    /// The database; runs are kept there and can be resumed.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    db: PathBuf,
    /// Keep nothing on disk.
    #[arg(long, conflicts_with = "db")]
    no_db: bool,
    /// Write the pages of the run to this folder.
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Threads; the result does not depend on it [default: one a core].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Largest number of atoms of a conjecture [default: the theory's own].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=12))]
    max_size: Option<u16>,
    /// Stop after so many CPU seconds.
    #[arg(long, value_name = "SECONDS")]
    cpu: Option<f64>,
    /// Stop when more memory is in use.
    #[arg(long, value_name = "MB")]
    memory: Option<u64>,
    /// Begin anew, even if the same question was asked before.
    #[arg(long)]
    fresh: bool,
}

#[derive(Args)]
struct ExploreArguments {
    #[command(flatten)]
    theory: TheoryArguments,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Args)]
struct ProveArguments {
    #[command(flatten)]
    theory: TheoryArguments,
    /// A statement in MPL; may be given several times.
    #[arg(long, value_name = "MPL", required_unless_present = "goals")]
    goal: Vec<String>,
    /// A file of statements, one a line.
    #[arg(long, value_name = "FILE")]
    goals: Option<PathBuf>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Args)]
struct StoredArguments {
    /// The database.
    #[arg(long, value_name = "DIR", default_value = ".theoremata")]
    db: PathBuf,
}

#[derive(Args)]
struct ResumeArguments {
    /// The run, by the first digits of its id.
    run: String,
    #[command(flatten)]
    how: RunArguments,
}

#[derive(Args)]
struct ShowArguments {
    #[command(flatten)]
    store: StoredArguments,
    /// The run, by the first digits of its id; without it all runs are listed.
    run: Option<String>,
    /// The number of a theorem, whose proof is shown.
    theorem: Option<u32>,
    /// Write the pages of the run to this folder.
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
}

#[derive(Args)]
struct CheckArguments {
    #[command(flatten)]
    store: StoredArguments,
    /// Then have the exports of all runs checked by these programs, which must be installed; what they
    /// accept is noted with the run and shown on its pages.
    #[arg(long, value_name = "CHECKER", value_enum, value_delimiter = ',')]
    with: Vec<With>,
}

#[derive(Args)]
struct ExportArguments {
    #[command(flatten)]
    store: StoredArguments,
    /// The run, by the first digits of its id; it may be left out if there is one only.
    run: Option<String>,
    /// The number of a theorem, which is exported with all that it rests on; without it the whole run.
    theorem: Option<u32>,
    /// The format.
    #[arg(long, value_enum, default_value_t = ExportFormat::Json)]
    format: ExportFormat,
    /// Write to this file, or into this folder, instead of standard output; for several runs, a folder.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Times, measures and checkpoints as well (JSON lines only).
    #[arg(long)]
    backup: bool,
}

/// What `export` can write. docs/exports.md has more about each.
#[derive(Clone, Copy, ValueEnum)]
enum ExportFormat {
    /// JSON lines of whole runs, as store/FORMAT.md says; `import` reads them.
    Json,
    /// Metamath, with a kernel of rules that the file explains.
    Metamath,
    /// Dedukti, the λΠ-calculus modulo rewriting.
    Dedukti,
    /// Rocq (Coq): a section whose hypotheses are the axioms.
    Rocq,
    /// Lean 4.
    Lean,
    /// TSTP, the derivations of the TPTP world.
    Tstp,
}

impl ExportFormat {
    fn language(self) -> Option<Language> {
        match self {
            ExportFormat::Json => None,
            ExportFormat::Metamath => Some(Language::Metamath),
            ExportFormat::Dedukti => Some(Language::Dedukti),
            ExportFormat::Rocq => Some(Language::Rocq),
            ExportFormat::Lean => Some(Language::Lean),
            ExportFormat::Tstp => Some(Language::Tstp),
        }
    }
}

#[derive(Args)]
struct ProblemArguments {
    #[command(flatten)]
    theory: TheoryArguments,
    /// A statement in MPL.
    #[arg(long, value_name = "MPL", required_unless_present = "goals")]
    goal: Vec<String>,
    /// A file of statements, one a line.
    #[arg(long, value_name = "FILE")]
    goals: Option<PathBuf>,
    /// The format.
    #[arg(long, value_enum, default_value_t = ProblemFormat::Tptp)]
    format: ProblemFormat,
    /// How functions are written [default: functional, or guarded for SMT-LIB without --induction].
    #[arg(long, value_enum)]
    encoding: Option<EncodingChoice>,
    /// Add an instance of induction for each variable of the goal that ranges over a generated set.
    #[arg(long)]
    induction: bool,
    /// Let the theorems of this run be used, but for its corollaries.
    #[arg(long, value_name = "RUN")]
    lemmas: Option<String>,
    /// Of that run, only the theorem with this number; may be given several times.
    #[arg(long, value_name = "NUMBER", requires = "lemmas")]
    lemma: Vec<u32>,
    #[command(flatten)]
    store: StoredArguments,
    /// Write to this file instead of standard output; for several goals, a folder.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
}

/// How `export-problem` writes relations that the theory proves to be functions.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EncodingChoice {
    /// As functions; where everything is about one set, without saying so at each variable.
    Functional,
    /// As functions, and each variable says in which set it lies.
    Guarded,
    /// As they stand.
    Relational,
}

/// What `export-problem` can write.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProblemFormat {
    /// TPTP, first-order form.
    Tptp,
    /// SMT-LIB 2.6, with the goal denied.
    SmtLib,
}

#[derive(Args)]
struct ImportArguments {
    #[command(flatten)]
    store: StoredArguments,
    /// The file; `-` for standard input.
    file: PathBuf,
}

#[derive(Args)]
struct FmtArguments {
    /// The files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file would change.
    #[arg(long)]
    check: bool,
}

#[derive(Args)]
struct LintArguments {
    #[command(flatten)]
    theory: TheoryArguments,
}

/// The allocator is built to do without huge pages: of each it would use a corner only, up to a third of a run's
/// memory. It forbids them to the whole process; the weights of a model, which fill them, are to have them.
fn allow_huge_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(false); // where that fails, pages are small and all works
}

fn main() -> ExitCode {
    allow_huge_pages();
    let cli = Cli::parse();
    let output = Output::new(cli.json, cli.quiet);
    let result = match cli.command {
        Command::Explore(arguments) => commands::explore(&arguments.theory, &arguments.run, output),
        Command::Prove(arguments) => {
            commands::prove(&arguments.theory, &arguments.goal, arguments.goals.as_deref(), &arguments.run, output)
        }
        Command::Check(arguments) => commands::check(&arguments.store.db, &arguments.with, output),
        Command::Resume(arguments) => commands::resume(&arguments.run, &arguments.how, output),
        Command::Show(arguments) => commands::show(
            &arguments.store.db,
            arguments.run.as_deref(),
            arguments.theorem,
            arguments.site.as_deref(),
            output,
        ),
        Command::Export(arguments) => commands::export(&arguments, output),
        Command::ExportProblem(arguments) => commands::export_problem(&arguments, output),
        Command::Import(arguments) => commands::import(&arguments.store.db, &arguments.file, output),
        Command::Fmt(arguments) => commands::fmt(&arguments.files, arguments.check, output),
        Command::Lint(arguments) => commands::lint(&arguments.theory, output),
        Command::Model(command) => model::run(&command, output),
        Command::Generate(arguments) => generate::run(&arguments, output),
        Command::Reason(arguments) => reason::run(&arguments, output),
        Command::Bench(command) => bench::run(&command, output),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "theoremata", &mut std::io::stdout());
            Ok(Exit::Done)
        }
    };
    let exit = result.unwrap_or_else(|failure| say(&failure, output));
    ExitCode::from(exit as u8)
}

/// Says why there is no result.
fn say(failure: &Failure, output: Output) -> Exit {
    if output.is_json() {
        if let Failure::Input(report) = failure {
            for line in report.json_lines().lines() {
                output.line(line);
            }
        }
        let szs = if failure.exit() == Exit::Input { "InputError" } else { "Error" };
        let message = match failure {
            Failure::Input(report) => format!("{} errors in the input", report.errors()),
            Failure::Usage(text) | Failure::World(text) => text.clone(),
        };
        output.object(&serde_json::json!({ "event": "failure", "szs": szs, "message": message }));
        return failure.exit();
    }
    match failure {
        Failure::Input(report) => {
            eprint!("{}", report.render(std::io::IsTerminal::is_terminal(&std::io::stderr())));
            eprintln!("% SZS status InputError");
        }
        Failure::Usage(text) | Failure::World(text) => eprintln!("theoremata: {text}"),
    }
    failure.exit()
}
