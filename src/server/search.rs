//! Search for statements in all runs, by shape up to renaming of variables, and by words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::language::notation::Reading;
use theoremata_store::{Run, RunId, Status, Store};

use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// Maximal number of results.
const MOST: usize = 100;
/// Maximal number of runs searched, the newest first.
const MOST_RUNS: usize = 50;

/// Search results.
pub(super) struct Found {
    /// Theorems, exact matches first.
    pub(super) rows: Vec<Value>,
    /// Whether results were truncated.
    pub(super) cut: bool,
    /// Number of runs searched.
    pub(super) runs: usize,
}

/// The statements of all runs that have ended, accepted by the checker.
pub(crate) struct Index {
    store: Arc<Store>,
    known: Mutex<HashMap<RunId, Arc<Statements>>>,
}

/// The statements of a run in a given state.
struct Statements {
    digest: [u8; 32],
    theory: String,
    rows: Vec<Statement>,
}

struct Statement {
    math: String,
    shape: String,
    text: String,
}

impl Statements {
    /// Reads and checks the theorems of a run. A run of another version, or a damaged one, yields none.
    fn read(store: &Store, run: &Run) -> Statements {
        let Ok(stored) = Stored::read(store, run) else {
            return Statements { digest: run.digest, theory: String::new(), rows: Vec::new() };
        };
        let theory = stored.theory.name.to_string();
        let reading = Reading::new(&stored.theory);
        let row = |theorem: &Checked| {
            let statement = reading.statement(theorem.statement());
            let math = statement.to_string();
            let text = plain(&format!("{math} {theory}"));
            Statement { shape: shape(&statement.body().to_string()), math, text }
        };
        let rows = stored.accepted().0.iter().map(row).collect();
        Statements { digest: run.digest, theory, rows }
    }
}

impl Index {
    pub(crate) fn new(store: Arc<Store>) -> Index {
        Index { store, known: Mutex::default() }
    }

    /// Searches for a statement or words in it. The first search after a run has ended checks its proofs. Needs a large
    /// stack.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn search(&self, wanted: &str) -> Result<Found, Failure> {
        let mut found = Found { rows: Vec::new(), cut: false, runs: 0 };
        if wanted.is_empty() {
            return Ok(found);
        }
        let shape = shape(wanted);
        let words: Vec<String> = wanted.split_whitespace().map(plain).collect();
        let mut scored = Vec::new();
        for (run, statements) in self.all()? {
            found.runs += 1;
            for (place, statement) in statements.rows.iter().enumerate() {
                let score = if statement.shape == shape {
                    3
                } else if shape.chars().count() > 4 && statement.shape.contains(&shape) {
                    2
                } else {
                    u8::from(words.iter().all(|word| statement.text.contains(word)))
                };
                if score > 0 {
                    scored.push((score, run, place, Arc::clone(&statements)));
                }
            }
        }
        // A stable sort keeps the order of equal scores.
        scored.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
        found.cut = scored.len() > MOST;
        let row = |(score, run, place, statements): (u8, RunId, usize, Arc<Statements>)| {
            json!({
                "run": run.to_string(), "number": place + 1, "math": statements.rows[place].math,
                "theory": statements.theory, "same": score == 3,
            })
        };
        found.rows = scored.into_iter().take(MOST).map(row).collect();
        Ok(found)
    }

    /// The runs to search, the newest first.
    fn all(&self) -> Result<Vec<(RunId, Arc<Statements>)>, Failure> {
        let mut runs = self.store.runs()?;
        runs.retain(|run| run.status != Status::Running);
        runs.sort_by(|one, other| other.started.cmp(&one.started).then(one.id.cmp(&other.id)));
        runs.truncate(MOST_RUNS);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for run in &runs {
            let ready = known().get(&run.id).filter(|statements| statements.digest == run.digest).cloned();
            let statements = ready.unwrap_or_else(|| Arc::new(Statements::read(&self.store, run)));
            all.push((run.id, statements));
        }
        *known() = all.iter().cloned().collect();
        Ok(all)
    }
}

/// A text without blanks, with the symbols that formulas use.
fn plain(text: &str) -> String {
    let text: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    text.replace("<=", "≤").replace("!=", "≠").replace("->", "→").replace('*', "·")
}

/// A statement with its variables numbered in order of first use, so that `a + b` matches `x + y`.
fn shape(text: &str) -> String {
    let text = text.trim();
    let body =
        if text.starts_with(['∀', '∃']) { text.split_once(':').map_or(text, |(_, body)| body) } else { text };
    let signs: Vec<char> = plain(body).chars().collect();
    let is_letter =
        |place: Option<usize>| place.and_then(|place| signs.get(place)).is_some_and(char::is_ascii_lowercase);
    let mut names: HashMap<char, usize> = HashMap::new();
    let mut shape = String::new();
    for (place, sign) in signs.iter().enumerate() {
        let alone = !is_letter(place.checked_sub(1)) && !is_letter(Some(place + 1));
        if sign.is_ascii_lowercase() && alone {
            let next = names.len();
            shape.push_str(&format!("‹{}›", names.entry(*sign).or_insert(next)));
        } else {
            shape.push(*sign);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_the_same_shape_whatever_their_letters() {
        assert_eq!(shape("a + b = b + a"), shape("∀ x y : x+y=y+x"));
        assert_ne!(shape("a + b = b + a"), shape("a + b = a + b"));
        assert_eq!(shape("a * b <= b"), shape("p · q ≤ q"));
        assert_eq!(shape("gcd(a)"), shape("gcd(b)"));
    }
}
