//! `formalise --new`: turns a description into a theory, chosen by the user.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use theoremata_actors::examine::Limits;
use theoremata_actors::jobs::{Job, OutputFormat, Program, TokenChoice};

use super::candidates::{Candidate, Sorted, Standing, sorted};
use super::draft::Draft;
use super::{FormaliseArguments, LONGEST, asked, vocabulary};
use crate::cli::destination::written;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::failure::Failure;

/// Maximal tokens of a theory.
const LONGEST_THEORY: usize = 512;

/// `theoremata formalise --new`.
pub(super) fn run(arguments: &FormaliseArguments, description: &str, output: Output) -> Result<Exit, Failure> {
    if description.trim().is_empty() || description.len() > LONGEST {
        return Err(Failure::Usage(format!("a description has 1 to {LONGEST} bytes")));
    }
    let limits = Limits { cpu: arguments.cpu, memory: 1 << 30 };
    let out = arguments.out.as_deref();
    if let Some(path) = out.filter(|path| path.symlink_metadata().is_ok()) {
        let why = format!("{} is there already; name another file, or remove it first", path.display());
        return Err(Failure::Usage(why));
    }
    let (holds, fails) = (&arguments.holds[..], &arguments.fails[..]);
    for example in holds.iter().chain(fails) {
        let said = vocabulary::can_be_said(example, limits);
        said.map_err(|wrong| Failure::Usage(format!("the example `{example}`: {wrong}")))?;
    }
    let program = Program::Vote { samples: arguments.samples.get(), least: 1, pattern: None };
    let grammar = vocabulary::grammar().map_err(|error| Failure::World(error.to_string()))?;
    let job = Job {
        seed: arguments.seed,
        raw: true,
        choice: TokenChoice { temperature: 0.7, ..TokenChoice::default() },
        shape: OutputFormat::Grammar(grammar),
        ..Job::new(prompt(description), program, LONGEST_THEORY)
    };
    let texts = asked(arguments, job, output)?;
    let Sorted { candidates, unread } = sorted(&texts, description, (holds, fails), limits).map_err(Failure::World)?;
    let standing = candidates.iter().filter(|candidate| !candidate.is_struck()).count();
    if let Some(number) = arguments.accept {
        let chosen = number.checked_sub(1).filter(|place| *place < standing).map(|place| candidates[place].draft());
        let none = || Failure::Usage(format!("there are theories 1 to {standing}, and no {number}"));
        return accept(number, chosen.ok_or_else(none)?, out, output);
    }
    for (place, candidate) in candidates.iter().enumerate() {
        let number = (!candidate.is_struck()).then_some(place + 1);
        if output.is_json() {
            output.object(&object(number, candidate));
        } else {
            tell(number, candidate, output);
        }
    }
    if !unread.is_empty() {
        output.note(&format!("{} of {} candidates are no theories: {}", unread.len(), texts.len(), unread[0]));
    }
    if standing == 0 {
        return Ok(Exit::NotProved);
    }
    output.note(
        "a model wrote these, and none is used before it is accepted: --accept N prints one, --out FILE writes it",
    );
    Ok(Exit::Done)
}

/// Writes the theory that the user has accepted.
fn accept(number: usize, draft: &Draft, out: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    if output.is_json() && out.is_none() {
        output.object(&json!({ "event": "accepted", "number": number, "name": draft.name, "file": draft.file }));
        return Ok(Exit::Done);
    }
    let exit = written(out, &mut |to| {
        let world = |error: io::Error| Failure::World(format!("cannot write the theory: {error}"));
        to.write_all(draft.file.as_bytes()).map_err(world)
    })?;
    if let Some(path) = out.filter(|_| output.is_json()) {
        let path = path.display().to_string();
        output.object(&json!({ "event": "accepted", "number": number, "name": draft.name, "path": path }));
    }
    Ok(exit)
}

/// The prompt. The description is inserted as a JSON string on one line, so that it cannot end the line or imitate a
/// given theory.
fn prompt(description: &str) -> String {
    let mut prompt = format!("Descriptions, and the theories that say the same.\n{}\n\n", vocabulary::help());
    for (description, theory) in vocabulary::EXAMPLES {
        prompt.push_str(&format!("Description: {}\nTheory:\n{theory}\n\n", json!(description)));
    }
    prompt + &format!("Description: {}\nTheory:\n", json!(description))
}

/// The status of a candidate, as a word and in more detail.
fn status(candidate: &Candidate) -> (&'static str, String) {
    match &candidate.standing {
        Standing::Contradictory(theorems) => {
            ("contradictory", format!("the axioms contradict each other: they prove {}", theorems.join(" and ")))
        }
        Standing::HasModel => ("model", "it has a model with different elements".to_owned()),
        Standing::OneElement => ("one_element", "it proves that all elements are one".to_owned()),
        Standing::Unknown => ("open", "neither a model nor a contradiction was found".to_owned()),
    }
}

fn tell(number: Option<usize>, candidate: &Candidate, output: Output) {
    let draft = candidate.draft();
    let (_, detail) = status(candidate);
    let number = number.map_or_else(|| "  -".to_owned(), |number| format!("{number:>3}"));
    output.line(&format!(
        "{number}  {}[{}]   [{} votes; {detail}]",
        draft.name,
        draft.choice.parameters(),
        candidate.votes
    ));
    axioms(draft, "", output);
    for other in &candidate.drafts[1..] {
        output.line(&format!("     also written as {}:", other.name));
        axioms(other, "  ", output);
    }
    candidate.met.iter().for_each(|example| output.line(&format!("     {example}")));
    candidate.undecided.iter().for_each(|example| output.line(&format!("     {example} is open")));
    candidate.against.iter().for_each(|example| output.line(&format!("     but {example}")));
}

fn axioms(draft: &Draft, indent: &str, output: Output) {
    for (math, words) in draft.said() {
        output.line(&format!("     {indent}{math}"));
        words.iter().for_each(|words| output.line(&format!("       {indent}{words}")));
    }
}

fn object(number: Option<usize>, candidate: &Candidate) -> Value {
    let axioms = |draft: &Draft| -> Vec<Value> {
        let axiom = |(mpl, (math, words)): (&String, (String, Option<String>))| json!({ "mpl": mpl, "math": math, "words": words });
        draft.axioms.iter().zip(draft.said()).map(axiom).collect()
    };
    let draft = candidate.draft();
    let (status, detail) = status(candidate);
    let form = |draft: &Draft| json!({ "name": draft.name, "axioms": axioms(draft) });
    json!({
        "event": "theory", "number": number, "name": draft.name, "parameters": draft.choice.parameters(),
        "votes": candidate.votes, "axioms": axioms(draft), "forms": candidate.drafts[1..].iter().map(form).collect::<Vec<_>>(),
        "status": status, "detail": detail, "met": candidate.met, "open": candidate.undecided, "against": candidate.against,
        "file": draft.file,
    })
}
