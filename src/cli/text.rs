//! Results as text.

use theoremata_actors::measure::peak_bytes;
use theoremata_actors::proof_codec::number_of;
use theoremata_actors::run::{Answer, Done, GoalAnswer, Reused, TheoremFound, contradiction, math};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::search::explore::{Fate, Listed, Origin, Variant};

use super::output::Output;
use crate::exchange::advice;
use crate::remarks::remarks;

/// A theorem in a list.
fn theorem(found: &TheoremFound, kind: &str) -> String {
    let mark = if found.essential { '*' } else { ' ' };
    format!("{:>5} {mark} {}   [{kind}]", found.number, found.math)
}

/// How a theorem was proved.
fn how(variable: Option<&str>) -> String {
    variable.map_or_else(|| "direct".to_owned(), |variable| format!("induction on {variable}"))
}

/// Prints a goal and its answer.
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
        Answer::Open { reason, inductions, failure, .. } => {
            output.line(&format!("    {reason}"));
            let ways = failure.words();
            if !ways.is_empty() {
                output.line(&format!("    {}", ways.join("; ")));
            }
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

/// Prints the source of the theorems of a used theory.
pub(super) fn reused(reused: &Reused, output: Output) {
    let Reused { theory, run, theorems, stored, refused } = reused;
    if let Some(why) = refused {
        output.note(&format!("run {run} of {theory} is damaged and was not used: {why}"));
    }
    let how = if *stored { "was stored" } else { "was made first" };
    output.note(&format!("{theorems} theorems of {theory} are known: its run {run} {how}"));
}

/// Prints the wished lemmas of open goals, as MPL to copy.
pub(super) fn wishes(done: &Done, output: Output) {
    for conjecture in &done.exploration.conjectures {
        let Some(goal) = conjecture.goals().next() else { continue };
        let Answer::Open { failure, .. } = Answer::of(&done.exploration, conjecture) else { continue };
        if failure.wishes.is_empty() {
            output.line(&format!("no lemma was wished for by {}", goal.label));
            continue;
        }
        output.line(&format!("{} would need one of these, as goals before it:", goal.label));
        for wish in failure.wishes {
            output.line(&wish.mpl);
            output.line(&format!("    {}", wish.math));
        }
    }
}

fn numbered(theorems: &[u32]) -> String {
    let numbers: Vec<String> = theorems.iter().map(u32::to_string).collect();
    format!("theorem{} {}", if numbers.len() == 1 { "" } else { "s" }, numbers.join(" and "))
}

/// Number of theorems shown by default.
const FIRST: usize = 20;

/// Prints the theorems of an exploration, the most interesting first: the first few, or all with their variants.
pub(super) fn exploration(done: &Done, all: bool, output: Output) {
    let exploration = &done.exploration;
    let interest = exploration.interest();
    let line = |place: usize| {
        let found = TheoremFound::of(exploration, TheoremId(place as u32));
        let mut kind = if found.corollary { "consequence".to_owned() } else { how(found.variable.as_deref()) };
        if let Some(from) = &found.from {
            kind = from.words();
        }
        listed(&found, &kind, &interest.listed[place])
    };
    let name = &exploration.theory().name;
    let is_known = |place: &usize| exploration.theorems[*place].source.is_some();
    let (known, laws): (Vec<usize>, Vec<usize>) = interest.laws.iter().copied().partition(is_known);
    let own = (0..exploration.theorems.len()).filter(|place| !is_known(place));
    let variants = own.clone().filter(|place| interest.listed[*place].variant.is_some()).count();
    let (theorems, own_laws) = (own.count(), laws.len());
    let shown = if all { own_laws } else { own_laws.min(FIRST) };
    let first = if shown < own_laws { format!("; the first {shown}, all with --all") } else { String::new() };
    output.line(&format!(
        "{theorems} theorems of {name}: {own_laws}, and {variants} variants of these and of axioms{first}:"
    ));
    let variants_of = |variant: Variant| {
        for place in interest.variants_of(variant).filter(|_| all) {
            output.line(&format!("  {}", line(place)));
        }
    };
    for place in laws.iter().take(shown) {
        output.line(&line(*place));
        variants_of(Variant::Theorem(*place));
    }
    let brought = exploration.counts().brought;
    // New theorems come first, and known ones fill up the list.
    let also = if all { known.len() } else { known.len().min(FIRST - shown.min(FIRST)) };
    if brought > 0 {
        let more = match also {
            0 => "; --all shows them".to_owned(),
            _ if also < known.len() => format!("; the first {also}, all with --all:"),
            _ => ":".to_owned(),
        };
        output.line(&format!("{brought} theorems were known before, {} and variants of these{more}", known.len()));
    }
    for place in known.iter().take(also) {
        output.line(&line(*place));
        variants_of(Variant::Theorem(*place));
    }
    let mut axioms: Vec<usize> = interest
        .listed
        .iter()
        .filter_map(|listed| match listed.variant {
            Some(Variant::Axiom(number)) => Some(number),
            _ => None,
        })
        .collect();
    axioms.sort_unstable();
    axioms.dedup();
    for number in axioms.into_iter().filter(|_| all) {
        output.line(&format!("variants of axiom {}:", number + 1));
        variants_of(Variant::Axiom(number));
    }
}

/// A theorem in a list, with its name and what it is a variant of.
pub(super) fn listed(found: &TheoremFound, kind: &str, listed: &Listed) -> String {
    let mut remarks: Vec<String> = listed.name.iter().cloned().collect();
    remarks.push(kind.to_owned());
    match listed.variant {
        Some(Variant::Theorem(place)) => remarks.push(format!("variant of {}", place + 1)),
        Some(Variant::Axiom(number)) => remarks.push(format!("variant of axiom {}", number + 1)),
        None if listed.variants == 1 => remarks.push("1 variant".to_owned()),
        None if listed.variants > 1 => remarks.push(format!("{} variants", listed.variants)),
        None => {}
    }
    theorem(found, &remarks.join(", "))
}

/// Prints the summary table of a run.
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
    if counts.unlikely > 0 {
        row("  presumed false, not tried", counts.unlikely.to_string());
    }
    row("tried (goals and lemmas included)", counts.candidates.to_string());
    row("  proved directly", counts.direct.to_string());
    row("  proved by induction", counts.induction.to_string());
    row("  consequences of known theorems", counts.corollaries.to_string());
    if counts.brought > 0 {
        row("theorems of used theories", counts.brought.to_string());
    }
    row("  left open", counts.open.to_string());
    if exploration.generates() {
        row("essential theorems (*)", counts.essential.to_string());
    }
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
    if let Ok(Some(run)) = done.store.run(&done.id)
        && let Some(advisor) = advice::advisor(&run)
    {
        advice::told(exploration, &advisor).iter().for_each(|line| output.line(line));
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
