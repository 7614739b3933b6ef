//! `theoremata export-problem`: exports a goal for other provers.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::export::names::Names;
use theoremata_logic::export::problem::{Encoding, Inductions, Problem};
use theoremata_logic::language::mpl;

use super::arguments::{StoredArguments, TheoryArguments};
use super::destination::written;
use super::output::Output;
use super::stored::{find, open};
use crate::cli::exit::Exit;
use crate::exchange::input;
use crate::exchange::stored::Stored;
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct ProblemArguments {
    #[command(flatten)]
    pub(super) theory: TheoryArguments,
    /// A statement in MPL.
    #[arg(long, value_name = "MPL", required_unless_present = "goals")]
    pub(super) goal: Vec<String>,
    /// A file of statements, one per line.
    #[arg(long, value_name = "FILE")]
    pub(super) goals: Option<PathBuf>,
    /// The format.
    #[arg(long, value_enum, default_value_t = ProblemFormat::Tptp)]
    pub(super) format: ProblemFormat,
    /// Encoding of functions [default: functional, or guarded for SMT-LIB without --induction].
    #[arg(long, value_enum)]
    pub(super) encoding: Option<EncodingChoice>,
    /// Add an induction instance for each variable of the goal that ranges over a generated set.
    #[arg(long)]
    pub(super) induction: bool,
    /// Add the theorems of this run as lemmas, except its corollaries.
    #[arg(long, value_name = "RUN")]
    pub(super) lemmas: Option<String>,
    /// From that run, only the theorem with this number; may be repeated.
    #[arg(long, value_name = "NUMBER", requires = "lemmas")]
    pub(super) lemma: Vec<u32>,
    #[command(flatten)]
    pub(super) store: StoredArguments,
    /// Write to this file instead of standard output; for several goals, a folder.
    #[arg(long, value_name = "PATH")]
    pub(super) out: Option<PathBuf>,
}

/// Encodings of functional relations in `export-problem`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncodingChoice {
    /// As functions; without guards for variables if everything is about one set.
    Functional,
    /// As functions, with a guard for the set of each variable.
    Guarded,
    /// As relations.
    Relational,
}

/// Formats of `export-problem`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProblemFormat {
    /// TPTP, first-order form.
    Tptp,
    /// SMT-LIB 2.6, with the negated goal.
    SmtLib,
}

/// `theoremata export-problem`.
pub(crate) fn run(arguments: &ProblemArguments, output: Output) -> Result<Exit, Failure> {
    let loaded = input::load(&arguments.theory.input, arguments.theory.config.as_deref())?;
    output.report(&loaded.report);
    let theory = &loaded.theory;
    let mut goals: Vec<Goal> = Vec::new();
    if let Some(path) = &arguments.goals {
        let (read, report, _) = input::goals(theory, path)?;
        if report.failed() {
            return Err(Failure::Input(report));
        }
        goals.extend(read);
    }
    if !arguments.goal.is_empty() {
        let (read, report) = mpl::read_goals(theory, arguments.goal.join("\n").as_bytes(), "--goal");
        if report.failed() {
            return Err(Failure::Input(report));
        }
        goals.extend(read);
    }
    let known = lemmas(arguments, theory)?;
    let lemmas: Vec<(TheoremId, &Formula)> = known.iter().map(|(id, statement)| (*id, statement)).collect();
    let encoding = match arguments.encoding {
        Some(EncodingChoice::Functional) => Encoding::Functional,
        Some(EncodingChoice::Guarded) => Encoding::Guarded,
        Some(EncodingChoice::Relational) => Encoding::Relational,
        // Guards serve as triggers for an SMT solver; with induction they are a hindrance.
        None if arguments.format == ProblemFormat::SmtLib && !arguments.induction => Encoding::Guarded,
        None => Encoding::Functional,
    };
    let text = |goal: &Goal| {
        let problem = Problem {
            theory,
            goal: &goal.statement,
            lemmas: &lemmas,
            encoding,
            inductions: if arguments.induction { Inductions::ForTheGoal } else { Inductions::None },
        };
        let text = match arguments.format {
            ProblemFormat::Tptp => problem.tptp(),
            ProblemFormat::SmtLib => problem.smt_lib(),
        };
        text.map_err(|error| Failure::Usage(format!("goal {}: {error}", goal.label)))
    };
    let put = |text: String| {
        move |to: &mut dyn std::io::Write| {
            to.write_all(text.as_bytes()).map_err(|error| Failure::World(format!("cannot write the problem: {error}")))
        }
    };
    match (&goals[..], &arguments.out) {
        ([goal], path) => written(path.as_deref(), &mut put(text(goal)?)),
        ([], _) => Err(Failure::Usage("there is no goal in the file".to_owned())),
        (goals, None) => Err(Failure::Usage(format!(
            "a file holds one goal, and there are {}: name a folder for them with --out DIR",
            goals.len()
        ))),
        (goals, Some(folder)) => {
            // Goals may have names that give the same file name.
            let mut names = Names::default();
            for goal in goals {
                let extension = if arguments.format == ProblemFormat::Tptp { "p" } else { "smt2" };
                let path = folder.join(format!("goal_{}.{extension}", names.fresh(&goal.label)));
                written(Some(&path), &mut put(text(goal)?))?;
            }
            output.note(&format!("{} problems: {}", goals.len(), folder.display()));
            Ok(Exit::Done)
        }
    }
}

/// The theorems of a stored run as lemmas, each checked again.
fn lemmas(arguments: &ProblemArguments, theory: &Theory) -> Result<Vec<(TheoremId, Formula)>, Failure> {
    let Some(prefix) = &arguments.lemmas else { return Ok(Vec::new()) };
    let store = open(&arguments.store.db)?;
    let run = find(&store, prefix)?;
    let stored = Stored::read(&store, &run)?;
    if stored.theory.anchor_definition().body != theory.anchor_definition().body {
        let (name, other) = (&stored.theory.name, &theory.name);
        return Err(Failure::Usage(format!("run {prefix} is about {name}, whose axioms are not those of {other}")));
    }
    let corollaries: HashSet<u32> =
        stored.records.iter().filter(|theorem| theorem.corollary).map(|theorem| theorem.number).collect();
    let wanted = |number: u32| {
        if arguments.lemma.is_empty() { !corollaries.contains(&number) } else { arguments.lemma.contains(&number) }
    };
    let theorems = stored.checked()?;
    let missing = arguments.lemma.iter().find(|number| theorems.iter().all(|known| known.shown_number() != **number));
    if let Some(number) = missing {
        return Err(Failure::Usage(format!("run {prefix} has no theorem {number}")));
    }
    let chosen = theorems.iter().filter(|theorem| wanted(theorem.shown_number()));
    Ok(chosen.map(|theorem| (theorem.number(), theorem.statement().clone())).collect())
}
