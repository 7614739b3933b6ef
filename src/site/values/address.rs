//! Addresses that are stable between runs: derived from the content of a page, not from its number.

use theoremata_logic::calculus::formula::{Formula, PredicateId, Variable};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::notation::Math;

/// Maximal length of the readable part of an address, in bytes.
const LONGEST_SLUG: usize = 48;

/// `a-plus-b-equals-b-plus-a-0123456789ab`: words for the symbols of the statement, then twelve hexadecimal digits of
/// the hash of its canonical text.
#[must_use]
pub(crate) fn of_statement(theory: &Theory, statement: &Formula, reading: &Math) -> String {
    let hash = blake3::hash(canonical(theory, statement).as_bytes()).to_hex();
    format!("{}-{}", slug(&reading.body().to_string(), "statement"), &hash[..12])
}

/// The address of a definition: its name in safe characters, and a hash that distinguishes names which coincide in safe
/// characters.
#[must_use]
pub(crate) fn of_name(name: &str) -> String {
    format!("{}-{}", slug(name, "definition"), &blake3::hash(name.as_bytes()).to_hex()[..8])
}

/// The text of a formula with numbers for bound variables, invariant under renaming.
#[must_use]
pub(crate) fn canonical(theory: &Theory, formula: &Formula) -> String {
    let mut text = String::new();
    put(theory, formula, 0, &mut text);
    text
}

fn put(theory: &Theory, formula: &Formula, depth: u32, text: &mut String) {
    match formula {
        Formula::Atom(predicate, arguments) => {
            text.push('(');
            text.push_str(&name(theory, *predicate));
            for argument in &**arguments {
                match argument {
                    Variable::Free(name) => text.push_str(&format!(" f{}", name.0)),
                    Variable::Bound(index) => text.push_str(&format!(" {}", i64::from(depth) - 1 - i64::from(*index))),
                }
            }
            text.push(')');
        }
        Formula::And(left, right) => {
            text.push_str("(& ");
            put(theory, left, depth, text);
            put(theory, right, depth, text);
            text.push(')');
        }
        Formula::Not(inner) => {
            text.push('!');
            put(theory, inner, depth, text);
        }
        Formula::Implies(binders, premise, conclusion) => {
            let inner = depth + binders.len() as u32;
            text.push_str(&format!("(>{} ", binders.len()));
            put(theory, premise, inner, text);
            put(theory, conclusion, inner, text);
            text.push(')');
        }
    }
}

fn name(theory: &Theory, predicate: PredicateId) -> std::sync::Arc<str> {
    theory.predicate(predicate).name.clone()
}

/// Lower-case ASCII letters, digits and single hyphens.
fn slug(text: &str, otherwise: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        let word = match c {
            '+' => "-plus-",
            '·' | '*' | '×' => "-times-",
            '=' => "-equals-",
            '≠' => "-differs-from-",
            '∈' => "-in-",
            '∉' => "-not-in-",
            '→' => "-implies-",
            '∧' => "-and-",
            '∨' => "-or-",
            '¬' => "-not-",
            '≤' => "-at-most-",
            '<' => "-less-than-",
            '∀' => "-all-",
            '∃' => "-some-",
            '↔' => "-iff-",
            '⁻' => "-inverse-",
            c if c.is_ascii_alphanumeric() => {
                slug.push(c.to_ascii_lowercase());
                continue;
            }
            _ => "-",
        };
        slug.push_str(word);
    }
    let mut short = String::new();
    for part in slug.split('-').filter(|part| !part.is_empty()) {
        if short.len() + part.len() >= LONGEST_SLUG {
            break;
        }
        if !short.is_empty() {
            short.push('-');
        }
        short.push_str(part);
    }
    if short.is_empty() { otherwise.into() } else { short }
}
