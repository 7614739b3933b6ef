//! `theoremata export-problem`: a goal for other provers.

use std::collections::HashSet;

use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::export::names::spelled;
use theoremata_logic::export::problem::{Encoding, Inductions, Problem};
use theoremata_logic::language::mpl;

use super::exchange::written;
use super::{find, open, warn};
use crate::exports::Collection;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::{EncodingChoice, ProblemArguments, ProblemFormat, input};

/// `theoremata export-problem`.
pub(crate) fn export_problem(arguments: &ProblemArguments, output: Output) -> Result<Exit, Failure> {
    let loaded = input::load(&arguments.theory.input, arguments.theory.config.as_deref())?;
    warn(&loaded.report, output);
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
        // Guards give an SMT solver's triggers something to hold on to; under induction they are in the way.
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
            for goal in goals {
                let extension = if arguments.format == ProblemFormat::Tptp { "p" } else { "smt2" };
                let path = folder.join(format!("goal_{}.{extension}", spelled(&goal.label)));
                written(Some(&path), &mut put(text(goal)?))?;
            }
            output.note(&format!("{} problems: {}", goals.len(), folder.display()));
            Ok(Exit::Done)
        }
    }
}

/// The theorems of a stored run that may be used, each accepted by the checker once more.
fn lemmas(arguments: &ProblemArguments, theory: &Theory) -> Result<Vec<(TheoremId, Formula)>, Failure> {
    let Some(prefix) = &arguments.lemmas else { return Ok(Vec::new()) };
    let store = open(&arguments.store.db)?;
    let run = find(&store, prefix)?;
    let collection = Collection::stored(&store, &run)?;
    if collection.theory.anchor_definition().body != theory.anchor_definition().body {
        let (name, other) = (&collection.theory.name, &theory.name);
        return Err(Failure::Usage(format!("run {prefix} is about {name}, whose axioms are not those of {other}")));
    }
    let corollaries: HashSet<u32> =
        store.theorems(&run.id)?.iter().filter(|theorem| theorem.corollary).map(|theorem| theorem.number).collect();
    let wanted = |number: u32| {
        if arguments.lemma.is_empty() { !corollaries.contains(&number) } else { arguments.lemma.contains(&number) }
    };
    let theorems = collection.checked(None)?;
    let missing = arguments.lemma.iter().find(|number| theorems.iter().all(|known| known.shown_number() != **number));
    if let Some(number) = missing {
        return Err(Failure::Usage(format!("run {prefix} has no theorem {number}")));
    }
    let chosen = theorems.iter().filter(|theorem| wanted(theorem.shown_number()));
    Ok(chosen.map(|theorem| (theorem.number(), theorem.statement().clone())).collect())
}
