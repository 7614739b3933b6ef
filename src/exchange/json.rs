//! Results as JSON. `docs/cli.md` documents the fields.

use serde_json::{Value, json};
use theoremata_actors::measure::peak_bytes;
use theoremata_actors::run::Cost;
use theoremata_actors::run::{Done, GoalAnswer, TheoremFound, contradiction};
use theoremata_logic::search::explore::{Exploration, Listed, Variant};
use theoremata_store::{Run, Status};

use crate::exchange::advice;
use crate::exchange::stored::is_imported;
use crate::remarks::remarks;

/// A theorem; `listed` is only known at the end of a run.
pub(crate) fn theorem(found: &TheoremFound, listed: Option<&Listed>) -> Value {
    let listed = listed.cloned().unwrap_or_default();
    json!({
        "event": "theorem",
        "number": found.number,
        "szs": "Theorem",
        "statement": found.statement,
        "math": found.math,
        "kind": found.kind(),
        "variable": found.variable,
        "corollary": found.corollary,
        "essential": found.essential,
        "name": listed.name,
        "rank": listed.rank.map(|rank| rank + 1),
        "variant_of": variant_of(&listed),
        "from": found.from.as_ref().map(|from| {
            json!({ "theory": from.theory, "file": from.file, "theorem": from.theorem })
        }),
        "assumptions": found.assumptions,
        "cites": found.citations,
        "proof_steps": found.steps,
        "round": found.round,
    })
}

/// What a theorem is a variant of: the number of a theorem, or the word axiom with its number.
fn variant_of(listed: &Listed) -> Value {
    match listed.variant {
        None => Value::Null,
        Some(Variant::Theorem(place)) => json!(place + 1),
        Some(Variant::Axiom(number)) => json!(format!("axiom {}", number + 1)),
    }
}

/// The theorems of an exploration that are no variants, the most interesting first.
pub(crate) fn laws(exploration: &Exploration) -> Value {
    let interest = exploration.interest();
    let law = |place: &usize| {
        let listed = &interest.listed[*place];
        let variants: Vec<usize> = interest.variants_of(Variant::Theorem(*place)).map(|place| place + 1).collect();
        json!({
            "number": place + 1, "name": listed.name, "variants": variants,
            "essential": exploration.theorems[*place].essential,
            "brought": exploration.theorems[*place].source.is_some(),
        })
    };
    json!({ "event": "laws", "laws": interest.laws.iter().map(law).collect::<Vec<_>>() })
}

/// A goal and its answer.
pub(crate) fn goal(goal: &GoalAnswer) -> Value {
    let mut object = json!({
        "event": "goal",
        "label": goal.label,
        "place": goal.place,
        "szs": goal.szs(),
        "statement": goal.statement,
        "math": goal.math,
    });
    if let (Some(object), Value::Object(detail)) = (object.as_object_mut(), goal.answer.detail()) {
        object.extend(detail);
    }
    object
}

/// The summary of a run.
pub(crate) fn summary(done: &Done) -> Value {
    let counts = done.exploration.counts();
    let stage = |(stage, seconds): &(&str, f64)| json!({ "stage": stage, "cpu_seconds": seconds });
    let mut summary = json!({
        "event": "summary",
        "run": done.id.to_string(),
        "szs": if contradiction(&done.exploration).is_some() { "ContradictoryAxioms" } else { word(done.status) },
        "status": done.status.words(),
        "conjectures": { "built": counts.built, "refuted": counts.refuted, "instances": counts.instances,
                          "vacuous": counts.vacuous, "idle": counts.idle, "presumed_false": counts.unlikely, "left_out": counts.left_out, "tried": counts.candidates, "lemmas": counts.lemmas },
        "theorems": { "direct": counts.direct, "induction": counts.induction,
                       "corollaries": counts.corollaries, "brought": counts.brought, "essential": counts.essential },
        "open": counts.open,
        "remarks": remarks(&done.exploration),
        "blocks": counts.blocks,
        "steps": counts.steps,
        "cpu_seconds": done.stages.cpu(),
        "wall_seconds": done.stages.wall(),
        "peak_bytes": peak_bytes(),
        "stages": done.stages.list.iter().map(stage).collect::<Vec<_>>(),
    });
    if let (Some(summary), Some(questions)) = (summary.as_object_mut(), advice::questions(&done.exploration)) {
        summary.insert("advice".to_owned(), questions);
    }
    summary
}

/// A stored run, in the list of runs.
pub(crate) fn run(run: &Run) -> Value {
    let files: Vec<&str> = run.inputs.iter().map(|input| &*input.name).collect();
    let imported = is_imported(run);
    let counts = if imported { "claimed_counts" } else { "counts" };
    json!({
        "event": "run", "run": run.id.to_string(), "status": run.status.words(), "cycles": run.committed,
        "started": run.started, "finished": run.finished, "inputs": files, "imported": imported, counts: run.counts,
        "cost": Cost::of(run).map(|cost| cost.json()),
    })
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Finished => "Success",
        Status::OutOfTime => "Timeout",
        Status::OutOfMemory => "ResourceOut",
        Status::Cancelled => "User",
        _ => "Error",
    }
}
