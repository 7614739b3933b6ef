//! Comparison of two runs: theorems that only one has, differences in proof length, and statements decided differently.
//! Statements are compared as MPL text, in which variables are named by order.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use theoremata_actors::run::{Cost, math, mpl};
use theoremata_store::{Run, StoreReader};

use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// A theorem of one side.
struct Proved {
    number: u32,
    math: String,
    steps: usize,
}

/// One of the two runs.
pub(crate) struct Side {
    run: Run,
    theory: String,
    theorems: BTreeMap<String, Proved>,
    /// The SZS status of each conjecture that is no theorem.
    others: BTreeMap<String, String>,
}

impl Side {
    /// Reads a run and checks its theorems. Needs a large stack.
    ///
    /// # Errors
    /// If the store fails, or the checker refuses a theorem.
    pub(crate) fn read(store: &StoreReader, run: &Run) -> Result<Side, Failure> {
        let stored = Stored::read(store, run)?;
        let checked = stored.checked()?;
        let theorem =
            |(theorem, record): (&theoremata_logic::calculus::checked::Checked, &theoremata_store::Theorem)| {
                let statement = theorem.statement();
                let steps = theorem.proof().steps.len();
                let proved = Proved { number: record.number, math: math(&stored.theory, statement), steps };
                (mpl(&stored.theory, statement), proved)
            };
        let theorems: BTreeMap<String, Proved> = checked.iter().zip(&stored.records).map(theorem).collect();
        let outcomes = store.outcomes(&run.id)?.into_iter().map(|outcome| (outcome.statement, outcome.status));
        let others = outcomes.filter(|(statement, _)| !theorems.contains_key(statement)).collect();
        Ok(Side { run: run.clone(), theory: stored.theory.name.to_string(), theorems, others })
    }

    /// The status of a statement, if the run knows it.
    fn fate(&self, statement: &str) -> Option<&str> {
        let proved = self.theorems.contains_key(statement).then_some("Theorem");
        proved.or_else(|| self.others.get(statement).map(String::as_str))
    }

    fn about(&self) -> Value {
        json!({
            "run": self.run.id.to_string(), "theory": self.theory, "status": self.run.status.words(), "theorems": self.theorems.len(),
            "cost": Cost::of(&self.run).map(|cost| cost.json()),
        })
    }

    /// The theorems that only this side has, in order.
    fn alone(&self, other: &Side) -> Vec<Value> {
        let mut alone: Vec<&Proved> =
            self.theorems.iter().filter(|(known, _)| !other.theorems.contains_key(*known)).map(|(_, it)| it).collect();
        alone.sort_by_key(|theorem| theorem.number);
        alone.into_iter().map(Proved::told).collect()
    }
}

impl Proved {
    fn told(&self) -> Value {
        json!({ "number": self.number, "math": self.math, "steps": self.steps })
    }
}

/// The comparison: a function of the contents of the two runs, except for `cost`.
pub(crate) fn compare(left: &Side, right: &Side) -> Value {
    let mut both: Vec<(&Proved, &Proved)> =
        left.theorems.iter().filter_map(|(known, one)| Some((one, right.theorems.get(known)?))).collect();
    both.sort_by_key(|(one, _)| one.number);
    let pair =
        |(one, other): &(&Proved, &Proved)| json!({ "math": one.math, "left": one.told(), "right": other.told() });
    let differ = both.iter().filter(|(one, other)| one.steps != other.steps);
    let (shorter_left, shorter_right): (Vec<_>, Vec<_>) = differ.partition(|(one, other)| one.steps < other.steps);
    let known = left.theorems.keys().chain(left.others.keys());
    let decided = known.filter_map(|statement| {
        let (one, other) = (left.fate(statement)?, right.fate(statement)?);
        let math = left.theorems.get(statement).or(right.theorems.get(statement)).map(|theorem| theorem.math.clone());
        (one != other).then(|| json!({ "statement": statement, "math": math, "left": one, "right": other }))
    });
    let decided: Vec<Value> = decided.collect();
    json!({
        "left": left.about(), "right": right.about(),
        "both": both.len(), "only_left": left.alone(right), "only_right": right.alone(left),
        "shorter_left": shorter_left.into_iter().map(pair).collect::<Vec<_>>(),
        "shorter_right": shorter_right.into_iter().map(pair).collect::<Vec<_>>(),
        "decided_differently": decided,
    })
}
