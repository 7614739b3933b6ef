//! What a command says: text for people on stdout, or one JSON object a line.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Value, json};
use theoremata_actors::record::number_of;
use theoremata_logic::calculus::formula::{Formula, Name, PredicateId};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::notation::Reading;
use theoremata_logic::language::text::MplWriter;
use theoremata_logic::search::explore::{Conjecture, Ended, Exploration, Fate, Origin};
use theoremata_store as store;

use crate::measure::peak_bytes;
use crate::run::Ran;

/// Where a command says what it has to say: results to stdout, the rest to stderr.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

/// What there is to say of a theorem besides its statement.
pub(crate) struct Described {
    /// `direct` or `induction`.
    pub(crate) kind: &'static str,
    /// The variable of the outermost induction.
    pub(crate) variable: Option<String>,
    /// What it rests on besides the axioms.
    pub(crate) assumptions: Vec<String>,
    /// The theorems that it cites, by number, ascending.
    pub(crate) citations: Vec<u32>,
}

/// Describes a theorem.
pub(crate) fn describe(exploration: &Exploration, id: TheoremId) -> Described {
    let theory = exploration.theory();
    let theorem = &exploration.theorems[id.0 as usize];
    let mut assumptions: Vec<String> =
        theorem.basis.inductions.iter().map(|number| theory.inductions[*number as usize].name.to_string()).collect();
    assumptions.extend(
        theorem
            .basis
            .comprehensions
            .iter()
            .map(|predicate| format!("comprehension of {}", theory.predicate(*predicate).name)),
    );
    let mut citations: Vec<u32> = theorem.basis.theorems.iter().map(|cited| number_of(*cited)).collect();
    citations.sort_unstable();
    Described {
        kind: if theorem.induction.is_some() { "induction" } else { "direct" },
        variable: theorem.induction.map(|variable| variable_name(&theorem.statement, variable)),
        assumptions,
        citations,
    }
}

/// The name of a statement's variable, by its number among those bound behind the anchor.
fn variable_name(statement: &Formula, variable: u16) -> String {
    fn bound(formula: &Formula, names: &mut Vec<Arc<str>>) {
        match formula {
            Formula::Implies(binders, premise, conclusion) => {
                names.extend(binders.names().iter().cloned());
                bound(premise, names);
                bound(conclusion, names);
            }
            Formula::And(left, right) => {
                bound(left, names);
                bound(right, names);
            }
            Formula::Not(inner) => bound(inner, names),
            Formula::Atom(..) => {}
        }
    }
    let mut names = Vec::new();
    if let Formula::Implies(_, _, body) = statement {
        bound(body, &mut names);
    }
    names.get(variable as usize).map_or_else(|| variable.to_string(), ToString::to_string)
}

/// The MPL text of a closed formula.
pub(crate) fn mpl(theory: &Theory, formula: &Formula) -> String {
    let predicate = |id: PredicateId| theory.predicate(id).name.clone();
    let name = |name: Name| format!("?{}", name.0).into();
    MplWriter { predicate: &predicate, name: &name }.write(formula)
}

/// A closed statement as people write it.
pub(crate) fn math(theory: &Theory, statement: &Formula) -> String {
    Reading::new(theory).statement(statement).to_string()
}

/// The SZS status word of a conjecture.
pub(crate) fn szs(fate: &Fate) -> &'static str {
    match fate {
        Fate::Proved(_) => "Theorem",
        Fate::Refuted(..) => "CounterSatisfiable",
        Fate::Waiting | Fate::Open(_) | Fate::Unsupported(_) => "GaveUp",
    }
}

/// The counterexample, or why a conjecture stays open.
pub(crate) fn detail(exploration: &Exploration, conjecture: &Conjecture) -> Value {
    let theory = exploration.theory();
    let signature = &exploration.compiled().signature;
    match &conjecture.fate {
        Fate::Proved(id) => json!({ "theorem": number_of(*id), "vacuous": conjecture.vacuous }),
        Fate::Refuted(model, values) => counterexample(exploration, *model, values, &conjecture.statement),
        Fate::Waiting => json!({ "reason": "the run ended before it was tried" }),
        Fate::Unsupported(reason) => json!({ "reason": reason }),
        Fate::Open(open) => json!({
            "reason": ended(open.ended),
            "inductions": open.inductions.iter().map(|induction| json!({
                "variable": variable_name(&conjecture.statement, induction.variable),
                "case": induction.case + 1,
                "reason": ended(induction.ended),
                "stuck_on": induction.subgoals.iter()
                    .filter_map(|clause| signature.statement(theory, clause))
                    .map(|statement| mpl(theory, &statement))
                    .collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        }),
    }
}

fn counterexample(exploration: &Exploration, model: usize, values: &[u16], statement: &Formula) -> Value {
    let Some(model) = exploration.models.get(model) else { return json!({}) };
    let assignment: serde_json::Map<String, Value> = values
        .iter()
        .enumerate()
        .map(|(variable, value)| {
            let name = model.names.get(*value as usize).cloned().unwrap_or_else(|| "?".to_owned());
            (variable_name(statement, variable as u16), name.into())
        })
        .collect();
    json!({ "model": model.origin, "counterexample": assignment })
}

/// Why an attempt ended, in words.
fn ended(reason: Ended) -> &'static str {
    match reason {
        Ended::Saturated => "nothing more follows",
        Ended::OutOfCreations => "bound on new values",
        Ended::OutOfSteps => "bound on steps",
        Ended::Proved => "proved",
        Ended::Refused => "refused by the checker",
    }
}

/// What became of all conjectures, for the store: goals and tried ones in order, then those that the
/// generator had refuted.
pub(crate) fn outcomes(exploration: &Exploration, cycle: u32) -> Vec<store::Outcome> {
    let theory = exploration.theory();
    let signature = &exploration.compiled().signature;
    let mut outcomes: Vec<store::Outcome> = exploration
        .conjectures
        .iter()
        .zip(0..)
        .map(|(conjecture, sequence)| store::Outcome {
            sequence,
            cycle,
            statement: mpl(theory, &conjecture.statement),
            status: szs(&conjecture.fate).to_owned(),
            detail: detail(exploration, conjecture).to_string(),
        })
        .collect();
    for refuted in &exploration.refuted {
        let Some(statement) = signature.statement(theory, &refuted.clause) else { continue };
        outcomes.push(store::Outcome {
            sequence: outcomes.len() as u64,
            cycle,
            detail: counterexample(exploration, refuted.model, &refuted.assignment, &statement).to_string(),
            statement: mpl(theory, &statement),
            status: "CounterSatisfiable".to_owned(),
        });
    }
    outcomes
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Output {
        Output { json, quiet }
    }

    /// Whether nothing but results is wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet || self.json
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Something worth knowing that is no result.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet() {
            eprintln!("{text}");
        }
    }

    /// A line of a result. A reader that has gone away is no fault of ours: what is left is not said.
    pub(crate) fn line(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        if writeln!(stdout, "{text}").is_err() {
            std::process::exit(0);
        }
    }

    /// One JSON object.
    pub(crate) fn object(&self, value: &Value) {
        self.line(&value.to_string());
    }

    /// A theorem that has just become durable.
    pub(crate) fn theorem(&self, exploration: &Exploration, id: TheoremId) {
        if self.json {
            self.object(&theorem_object(exploration, id));
        }
    }

    /// The result of an exploration.
    pub(crate) fn exploration(&self, ran: &Ran) {
        let exploration = &ran.exploration;
        let theory = exploration.theory();
        if !self.json {
            let shown: Vec<usize> =
                (0..exploration.theorems.len()).filter(|place| !exploration.theorems[*place].corollary).collect();
            self.line(&format!("{} theorems of {} that no simpler one gives at once:", shown.len(), theory.name));
            for place in shown {
                let theorem = &exploration.theorems[place];
                let described = describe(exploration, TheoremId(place as u32));
                let how = match &described.variable {
                    Some(variable) => format!("induction on {variable}"),
                    None => "direct".to_owned(),
                };
                let mark = if theorem.essential { '*' } else { ' ' };
                self.line(&format!("{:>5} {mark} {}   [{how}]", place + 1, math(theory, &theorem.statement)));
            }
            self.line("");
        }
        self.summary(ran);
    }

    /// The results of goals.
    pub(crate) fn goals(&self, ran: &Ran) {
        let exploration = &ran.exploration;
        let theory = exploration.theory();
        for conjecture in &exploration.conjectures {
            let Origin::Goal(goal) = &conjecture.origin else { continue };
            let status = status_word(ran, &conjecture.fate);
            let detail = detail(exploration, conjecture);
            if self.json {
                let mut object = json!({
                    "event": "goal",
                    "label": &*goal.label,
                    "place": &*goal.place,
                    "szs": status,
                    "statement": mpl(theory, &conjecture.statement),
                    "math": math(theory, &conjecture.statement),
                });
                merge(&mut object, detail);
                self.object(&object);
                continue;
            }
            self.line(&format!("% SZS status {status} for {} : {}", goal.label, math(theory, &conjecture.statement)));
            match &conjecture.fate {
                Fate::Proved(id) => {
                    let described = describe(exploration, *id);
                    let how = described
                        .variable
                        .map_or_else(|| "direct".to_owned(), |variable| format!("induction on {variable}"));
                    let vacuous =
                        if conjecture.vacuous { ", its premises hold in no model that was looked at" } else { "" };
                    self.line(&format!("    theorem {}, {how}{vacuous}", number_of(*id)));
                }
                Fate::Refuted(..) => {
                    let values = detail["counterexample"].as_object().map(|values| {
                        let pairs: Vec<String> = values
                            .iter()
                            .map(|(name, value)| format!("{name} = {}", value.as_str().unwrap_or("?")))
                            .collect();
                        pairs.join(", ")
                    });
                    let model = detail["model"].as_str().unwrap_or_default();
                    self.line(&format!("    fails for {} ({model})", values.unwrap_or_default()));
                }
                _ => {
                    self.line(&format!("    {}", detail["reason"].as_str().unwrap_or_default()));
                    for induction in detail["inductions"].as_array().into_iter().flatten() {
                        self.line(&format!(
                            "    induction on {}: case {} stayed open ({})",
                            induction["variable"].as_str().unwrap_or_default(),
                            induction["case"],
                            induction["reason"].as_str().unwrap_or_default()
                        ));
                        for subgoal in induction["stuck_on"].as_array().into_iter().flatten() {
                            self.line(&format!("      would follow from {}", subgoal.as_str().unwrap_or_default()));
                        }
                    }
                }
            }
        }
        if !self.json {
            self.line("");
        }
        self.summary(ran);
    }

    /// The table of a run.
    fn summary(&self, ran: &Ran) {
        let counts = ran.exploration.counts();
        let peak = peak_bytes();
        if self.json {
            self.object(&json!({
                "event": "summary",
                "run": ran.id.to_string(),
                "szs": if ran.exploration.inconsistency.is_some() { "ContradictoryAxioms" } else { run_word(ran.status) },
                "status": ran.status.words(),
                "conjectures": { "built": counts.built, "refuted": counts.refuted, "instances": counts.instances,
                                  "vacuous": counts.vacuous, "tried": counts.candidates, "lemmas": counts.lemmas },
                "theorems": { "direct": counts.direct, "induction": counts.induction,
                               "corollaries": counts.corollaries, "essential": counts.essential },
                "open": counts.open,
                "blocks": counts.blocks,
                "steps": counts.steps,
                "cpu_seconds": ran.stages.cpu(),
                "wall_seconds": ran.stages.wall(),
                "peak_bytes": peak,
                "stages": ran.stages.list.iter().map(|(stage, seconds)| json!({ "stage": stage, "cpu_seconds": seconds })).collect::<Vec<_>>(),
            }));
            return;
        }
        let row = |label: &str, value: String| self.line(&format!("{label:<34}{value:>12}"));
        row("conjectures built", counts.built.to_string());
        row("  refuted by a counterexample", counts.refuted.to_string());
        row("  instances of others, vacuous", format!("{}", counts.instances + counts.vacuous));
        row("tried (goals and lemmas included)", counts.candidates.to_string());
        row("  proved directly", counts.direct.to_string());
        row("  proved by induction", counts.induction.to_string());
        row("  consequences of known theorems", counts.corollaries.to_string());
        row("  left open", counts.open.to_string());
        row("essential theorems (*)", counts.essential.to_string());
        row("logic blocks", counts.blocks.to_string());
        for (stage, seconds) in &ran.stages.list {
            row(&format!("CPU s, {stage}"), format!("{seconds:.3}"));
        }
        row("CPU s, all", format!("{:.3}", ran.stages.cpu()));
        row("wall s", format!("{:.3}", ran.stages.wall()));
        if let Some(peak) = peak {
            row("peak memory, MB", format!("{:.1}", peak as f64 / f64::from(1 << 20)));
        }
        self.line(&format!("run {} is {}", ran.id, ran.status.words()));
        let asked = ran.exploration.conjectures.iter().any(|known| matches!(known.origin, Origin::Goal(_)));
        for conjecture in ran.exploration.conjectures.iter().filter(|_| !asked) {
            if let Fate::Open(_) = conjecture.fate {
                let reason = detail(&ran.exploration, conjecture);
                let text = math(ran.exploration.theory(), &conjecture.statement);
                self.line(&format!("open: {text}   ({})", reason["reason"].as_str().unwrap_or_default()));
            }
        }
    }
}

/// A theorem as a JSON object.
pub(crate) fn theorem_object(exploration: &Exploration, id: TheoremId) -> Value {
    let theory = exploration.theory();
    let theorem = &exploration.theorems[id.0 as usize];
    let described = describe(exploration, id);
    json!({
        "event": "theorem",
        "number": number_of(id),
        "szs": "Theorem",
        "statement": mpl(theory, &theorem.statement),
        "math": math(theory, &theorem.statement),
        "kind": described.kind,
        "variable": described.variable,
        "corollary": theorem.corollary,
        "essential": theorem.essential,
        "assumptions": described.assumptions,
        "cites": described.citations,
        "proof_steps": theorem.proof.steps.len(),
        "round": theorem.round,
    })
}

/// The status of a goal, where the end of the run explains more than the goal itself.
fn status_word(ran: &Ran, fate: &Fate) -> &'static str {
    match (fate, ran.status) {
        (Fate::Waiting | Fate::Open(_), store::Status::OutOfTime) => "Timeout",
        (Fate::Waiting | Fate::Open(_), store::Status::OutOfMemory) => "ResourceOut",
        (Fate::Waiting | Fate::Open(_), store::Status::Cancelled) => "User",
        _ => szs(fate),
    }
}

fn run_word(status: store::Status) -> &'static str {
    match status {
        store::Status::Finished => "Success",
        store::Status::OutOfTime => "Timeout",
        store::Status::OutOfMemory => "ResourceOut",
        store::Status::Cancelled => "User",
        _ => "Error",
    }
}

fn merge(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}
