//! Looks for statements in all runs: by shape, whatever the letters, and by words.

use std::collections::HashMap;

use serde_json::{Value, json};
use theoremata_logic::language::notation::Reading;
use theoremata_store::{Status, Store};

use crate::exchange::stored::Stored;
use crate::failure::Failure;

/// Theorems that are shown.
const MOST: usize = 100;
/// Runs that are looked into, the newest first.
const MOST_RUNS: usize = 50;

/// What was found.
pub(super) struct Found {
    /// Theorems, those that say the very thing first.
    pub(super) rows: Vec<Value>,
    /// Whether there are more.
    pub(super) cut: bool,
    /// Runs that were looked into.
    pub(super) runs: usize,
}

/// Looks for a statement or words of one. Costs a check of all proofs of the runs: what is shown is a theorem. Wants a
/// large stack.
///
/// # Errors
/// If the store fails.
pub(super) fn search(store: &Store, wanted: &str) -> Result<Found, Failure> {
    let mut found = Found { rows: Vec::new(), cut: false, runs: 0 };
    if wanted.is_empty() {
        return Ok(found);
    }
    let shape = shape(wanted);
    let words: Vec<String> = wanted.split_whitespace().map(plain).collect();
    let mut runs = store.runs()?;
    runs.retain(|run| run.status != Status::Running);
    runs.sort_by(|one, other| other.started.cmp(&one.started).then(one.id.cmp(&other.id)));
    let mut scored = Vec::new();
    for run in runs.into_iter().take(MOST_RUNS) {
        // A run of another version, or a damaged one, has nothing to be found.
        let Ok(stored) = Stored::read(store, &run) else { continue };
        let (theorems, _) = stored.accepted();
        found.runs += 1;
        let reading = Reading::new(&stored.theory);
        for (place, theorem) in theorems.iter().enumerate() {
            let statement = reading.statement(theorem.statement());
            let (whole, body) = (statement.to_string(), statement.body().to_string());
            let own = self::shape(&body);
            let text = plain(&format!("{whole} {}", stored.theory.name));
            let score = if own == shape {
                3
            } else if shape.chars().count() > 4 && own.contains(&shape) {
                2
            } else {
                u8::from(words.iter().all(|word| text.contains(word)))
            };
            if score > 0 {
                let row = json!({
                    "run": run.id.to_string(), "number": place + 1, "math": whole, "theory": &*stored.theory.name,
                    "same": score == 3,
                });
                scored.push((score, row));
            }
        }
    }
    // Stable, so that equals keep their order.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.cut = scored.len() > MOST;
    found.rows = scored.into_iter().take(MOST).map(|(_, row)| row).collect();
    Ok(found)
}

/// A text without blanks, its signs as formulas have them.
fn plain(text: &str) -> String {
    let text: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    text.replace("<=", "≤").replace("!=", "≠").replace("->", "→").replace('*', "·")
}

/// A statement with its letters numbered in the order of their first use, so that `x + y` is found by `a + b`.
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
