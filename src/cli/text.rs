//! Results as text for people.

use theoremata_actors::measure::peak_bytes;
use theoremata_actors::proof_codec::number_of;
use theoremata_actors::run::{Answer, Done, GoalAnswer, TheoremFound, contradiction, math};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::search::explore::{Fate, Origin};

use super::output::Output;
use crate::remarks::remarks;

/// A theorem in a list of theorems.
pub(super) fn theorem(found: &TheoremFound, kind: &str) -> String {
    let mark = if found.essential { '*' } else { ' ' };
    format!("{:>5} {mark} {}   [{kind}]", found.number, found.math)
}

/// How a theorem was proved.
fn how(variable: Option<&str>) -> String {
    variable.map_or_else(|| "direct".to_owned(), |variable| format!("induction on {variable}"))
}

/// A goal and what became of it.
pub(super) fn goal(goal: &GoalAnswer, output: Output) {
    output.line(&format!("% SZS status {} for {} : {}", goal.szs(), goal.label, goal.math));
    match &goal.answer {
        Answer::Proved { theorem, variable, vacuous } => {
            let vacuous = if *vacuous { ", its premises hold in no model that was looked at" } else { "" };
            output.line(&format!("    theorem {theorem}, {}{vacuous}", how(variable.as_deref())));
        }
        Answer::Refuted { model, values } => {
            let pairs: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            output.line(&format!("    fails for {} ({model})", pairs.join(", ")));
        }
        Answer::Unsupported { reason } => output.line(&format!("    {reason}")),
        Answer::Contradictory { theorems } => {
            output.line(&format!(
                "    the axioms contradict each other ({}), so this follows as its denial does",
                numbered(theorems)
            ));
        }
        Answer::Open { reason, inductions, .. } => {
            output.line(&format!("    {reason}"));
            for open in inductions {
                output.line(&format!(
                    "    induction on {}: case {} stayed open ({})",
                    open.variable, open.case, open.reason
                ));
                for subgoal in &open.stuck_on {
                    output.line(&format!("      would follow from {subgoal}"));
                }
            }
        }
    }
}

fn numbered(theorems: &[u32]) -> String {
    let numbers: Vec<String> = theorems.iter().map(u32::to_string).collect();
    format!("theorem{} {}", if numbers.len() == 1 { "" } else { "s" }, numbers.join(" and "))
}

/// The theorems of an exploration that no simpler one gives at once.
pub(super) fn exploration(done: &Done, output: Output) {
    let exploration = &done.exploration;
    let all = (0..exploration.theorems.len()).map(|place| TheoremFound::of(exploration, TheoremId(place as u32)));
    let shown: Vec<TheoremFound> = all.filter(|found| !found.corollary).collect();
    let name = &exploration.theory().name;
    output.line(&format!("{} theorems of {name} that no simpler one gives at once:", shown.len()));
    for found in shown {
        output.line(&theorem(&found, &how(found.variable.as_deref())));
    }
}

/// The table of a run.
pub(super) fn summary(done: &Done, output: Output) {
    let exploration = &done.exploration;
    let counts = exploration.counts();
    output.line("");
    if let Some(theorems) = contradiction(exploration) {
        let statements: Vec<String> = theorems
            .iter()
            .map(|id| math(exploration.theory(), exploration.theorems[id.0 as usize].checked.statement()))
            .collect();
        let theorems: Vec<u32> = theorems.into_iter().map(number_of).collect();
        output.line("% SZS status ContradictoryAxioms");
        output.line(&format!(
            "the axioms contradict each other: they prove {} ({}), and so everything",
            statements.join(" and "),
            numbered(&theorems)
        ));
    }
    let row = |label: &str, value: String| output.line(&format!("{label:<34}{value:>12}"));
    row("conjectures built", counts.built.to_string());
    row("  refuted by a counterexample", counts.refuted.to_string());
    row("  instances of others, vacuous", format!("{}", counts.instances + counts.vacuous + counts.idle));
    row("tried (goals and lemmas included)", counts.candidates.to_string());
    row("  proved directly", counts.direct.to_string());
    row("  proved by induction", counts.induction.to_string());
    row("  consequences of known theorems", counts.corollaries.to_string());
    row("  left open", counts.open.to_string());
    row("essential theorems (*)", counts.essential.to_string());
    row("logic blocks", counts.blocks.to_string());
    for (stage, seconds) in &done.stages.list {
        row(&format!("CPU s, {stage}"), format!("{seconds:.3}"));
    }
    row("CPU s, all", format!("{:.3}", done.stages.cpu()));
    row("wall s", format!("{:.3}", done.stages.wall()));
    if let Some(peak) = peak_bytes() {
        row("peak memory, MB", format!("{:.1}", peak as f64 / f64::from(1 << 20)));
    }
    for remark in remarks(exploration) {
        output.line(&format!("note: {remark}"));
    }
    output.line(&format!("run {} is {}", done.id, done.status.words()));
    let asked = exploration.conjectures.iter().any(|known| matches!(known.origin, Origin::Goal(_)));
    for conjecture in exploration.conjectures.iter().filter(|_| !asked) {
        if let (Fate::Open(_), Answer::Open { reason, .. }) = (&conjecture.fate, Answer::of(exploration, conjecture)) {
            let text = math(exploration.theory(), &conjecture.statement);
            output.line(&format!("open: {text}   ({reason})"));
        }
    }
}
