//! Export of a run as JSON lines of training data. `docs/exports.md` documents the fields.
//!
//! Theorems come first, in order, each written as soon as its line is complete; then refuted and open conjectures. The
//! output is deterministic.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde_json::{Value, json};
use theoremata_actors::proof_codec::{encode, number_of};
use theoremata_actors::run::{assumptions, goal_mpl, math, mpl};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::proof::{Rule, Step};
use theoremata_logic::language::text::without_sorts;
use theoremata_logic::search::explore::{Exploration, Fate, Origin};
use theoremata_store::{Node, NodeId, Outcome, StoreReader, Theorem};

use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// Maximal number of available but uncited theorems in a line: the last ones before the theorem.
const NOT_CITED: usize = 32;

/// Writes the lines of one run; nothing if the checker refuses one of its proofs.
///
/// # Errors
/// If the store fails or a proof is refused; the inner result, if writing to `to` fails.
pub(crate) fn write(store: &StoreReader, stored: &Stored, to: &mut dyn Write) -> Result<io::Result<()>, Failure> {
    let theorems = stored.checked()?;
    let outcomes = store.outcomes(&stored.run.id)?;
    let mut lines = Lines::of(stored, &theorems, &outcomes);
    // A run imported without its checkpoint has no record of where it was stuck.
    lines.freed = stored.exploration(store).ok().map(|exploration| freed(&exploration));
    Ok(lines.write(to))
}

struct Lines<'s> {
    stored: &'s Stored,
    theorems: &'s [Checked],
    outcomes: &'s [Outcome],
    /// Each theorem as a goal, by index.
    statements: Vec<String>,
    /// The fields common to all lines.
    head: Value,
    /// By number of theorem: the lemmas on which its proof had been stuck, if known.
    freed: Option<BTreeMap<u32, Vec<u32>>>,
}

impl<'s> Lines<'s> {
    fn of(stored: &'s Stored, theorems: &'s [Checked], outcomes: &'s [Outcome]) -> Lines<'s> {
        let statements = theorems.iter().map(|theorem| goal_mpl(&stored.theory, theorem.statement())).collect();
        let head = json!({
            "theory": &*stored.theory.name, "run": stored.run.id.to_string(), "split": split(&stored.theory.name),
        });
        Lines { stored, theorems, outcomes, statements, head, freed: None }
    }

    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut put = |mut line: Value| {
            if let (Some(line), Some(head)) = (line.as_object_mut(), self.head.as_object()) {
                line.extend(head.clone());
            }
            writeln!(to, "{line}")
        };
        for (place, (theorem, record)) in self.theorems.iter().zip(&self.stored.records).enumerate() {
            put(self.theorem(place, theorem, record))?;
        }
        // By text: a proof stuck on a statement is unblocked once that statement is a theorem.
        let numbers: HashMap<String, usize> = self
            .theorems
            .iter()
            .enumerate()
            .map(|(place, theorem)| (mpl(&self.stored.theory, theorem.statement()), place + 1))
            .collect();
        for outcome in self.outcomes {
            let detail: Value = serde_json::from_str(&outcome.detail).unwrap_or_default();
            match &*outcome.status {
                "CounterSatisfiable" => put(json!({
                    "kind": "refuted", "statement": outcome.statement, "model": detail["model"],
                    "counterexample": detail["counterexample"],
                }))?,
                "GaveUp" => put(json!({
                    "kind": "open", "statement": outcome.statement, "reason": detail["reason"],
                    "stuck": stuck(&detail, &numbers), "wishes": detail["wishes"],
                }))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn theorem(&self, place: usize, theorem: &Checked, record: &Theorem) -> Value {
        let theory = &self.stored.theory;
        let mut cited: Vec<u32> = theorem.basis().theorems.iter().map(|cited| number_of(*cited)).collect();
        cited.sort_unstable();
        let said = |number: &u32| json!({ "number": number, "statement": self.statements[*number as usize - 1] });
        let rest = (1..=place as u32).rev().filter(|number| !cited.contains(number)).take(NOT_CITED);
        json!({
            "kind": "theorem", "number": place + 1, "statement": self.statements[place],
            "math": math(theory, theorem.statement()), "proof": self.steps(theorem),
            "cited": cited.iter().map(said).collect::<Vec<_>>(),
            "stuck_on": self.freed.as_ref().map(|freed| {
                freed.get(&(place as u32 + 1)).into_iter().flatten().map(said).collect::<Vec<_>>()
            }),
            "not_cited": rest.map(|number| said(&number)).collect::<Vec<_>>(),
            "induction_on": record.subject.get("variable"), "assumptions": assumptions(theory, theorem.basis()),
            "corollary": record.corollary, "essential": record.essential, "round": record.cycle.saturating_sub(1),
            "checker": "accepted",
        })
    }

    fn steps(&self, theorem: &Checked) -> Vec<Value> {
        let proof = theorem.proof();
        let (record, _) = encode(&self.stored.theory, proof);
        let mut depth = vec![0usize; proof.scopes.len()];
        for (number, scope) in proof.scopes.iter().enumerate().skip(1) {
            depth[number] = depth[scope.parent.index()] + 1;
        }
        let step = |(step, (_, node)): (&Step, &(NodeId, Node))| {
            let cites = if let Rule::Theorem(cited) = step.rule { Some(number_of(cited)) } else { None };
            json!({
                "rule": &*node.rule, "conclusion": without_sorts(&node.conclusion), "theorem": cites,
                "premises": step.premises.iter().map(|premise| premise.0 + 1).collect::<Vec<_>>(),
                "depth": depth[step.scope.index()],
            })
        };
        proof.steps.iter().zip(record.nodes()).map(step).collect()
    }
}

/// By theorem: the theorems that were generated or proposed because its proof was stuck.
fn freed(exploration: &Exploration) -> BTreeMap<u32, Vec<u32>> {
    let proved = |place: usize| match exploration.conjectures.get(place)?.fate {
        Fate::Proved(id) => Some(number_of(id)),
        _ => None,
    };
    let mut freed: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (place, conjecture) in exploration.conjectures.iter().enumerate() {
        let asker = match conjecture.origin {
            Origin::Lemma(of) => Some(of),
            _ => conjecture.question().and_then(|question| exploration.asked().get(question)?.about),
        };
        if let Some(of) = asker
            && let (Some(theorem), Some(lemma)) = (proved(of), proved(place))
        {
            freed.entry(theorem).or_default().push(lemma);
        }
    }
    freed
}

/// The subgoals on which attempts at a statement were stuck, each with the theorem that states it, if there is one.
fn stuck(detail: &Value, numbers: &HashMap<String, usize>) -> Vec<Value> {
    let inductions = detail["inductions"].as_array().into_iter().flatten();
    let subgoals = inductions.flat_map(|case| {
        let told = move |subgoal: &Value| {
            let theorem = subgoal.as_str().and_then(|text| numbers.get(text));
            json!({ "variable": case["variable"], "case": case["case"], "subgoal": subgoal, "theorem": theorem })
        };
        case["stuck_on"].as_array().into_iter().flatten().map(told)
    });
    subgoals.collect()
}

/// The split of a theory: eight in ten are in the first, and a theory is always in the same one.
fn split(theory: &str) -> &'static str {
    match blake3::hash(theory.as_bytes()).as_bytes()[0] % 10 {
        0 => "test",
        1 => "validation",
        _ => "train",
    }
}
