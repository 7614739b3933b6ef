//! Converts the user's names to identifiers of other languages.

use std::collections::HashSet;

/// Generates unique identifiers: letters, digits and `_`, a letter first.
///
/// The identifier for a name depends on earlier names, so names must be requested in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct Names {
    used: HashSet<String>,
}

impl Names {
    /// Only these are taken: words that the language or the format reserves.
    #[must_use]
    pub fn without(reserved: &[&str]) -> Names {
        Names { used: reserved.iter().map(|word| (*word).to_owned()).collect() }
    }

    /// An unused identifier for `text`: [`spelled`], with a number appended if necessary.
    pub fn fresh(&mut self, text: &str) -> String {
        let base = spelled(text);
        let mut name = base.clone();
        let mut number = 1;
        while !self.used.insert(name.clone()) {
            number += 1;
            name = format!("{base}_{number}");
        }
        name
    }

    /// Releases an identifier whose variable went out of scope.
    pub fn release(&mut self, name: &str) {
        self.used.remove(name);
    }
}

/// The longest identifier for a name, in bytes: file names contain it, and file systems allow 255.
const LONGEST: usize = 64;

/// The text as an identifier: `+` is `plus`, `0` is `zero`; characters without a common name are spelled by code point.
/// Long identifiers are truncated.
#[must_use]
pub fn spelled(text: &str) -> String {
    let mut name = String::new();
    let mut joint = false;
    for c in text.chars() {
        if name.len() >= LONGEST {
            // Every character adds at most 16 bytes.
            name.truncate(LONGEST);
            break;
        }
        if c.is_ascii_alphabetic() || (c == '_' && !name.is_empty()) || (c.is_ascii_digit() && !name.is_empty()) {
            if joint {
                name.push('_');
                joint = false;
            }
            name.push(c);
            continue;
        }
        let word = match c {
            '0' => "zero",
            '1' => "one",
            '2' => "two",
            '+' => "plus",
            '*' | '·' | '×' => "times",
            '-' | '−' => "minus",
            '/' => "over",
            '^' => "power",
            '=' => "equals",
            '<' => "less",
            '>' => "greater",
            '≤' => "at_most",
            '≥' => "at_least",
            '!' => "not",
            '|' => "divides",
            '∘' => "compose",
            '∈' => "element",
            '⊆' => "subset",
            '∪' => "union",
            '∩' => "meet",
            '∅' => "empty",
            _ => "",
        };
        if !name.is_empty() {
            name.push('_');
        }
        if word.is_empty() {
            name.push_str(&format!("u{:x}", u32::from(c)));
        } else {
            name.push_str(word);
        }
        joint = true;
    }
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (text, expected) in [
            ("N", "N"),
            ("+", "plus"),
            ("0", "zero"),
            ("i0", "i0"),
            ("≤", "at_most"),
            ("<=", "less_equals"),
            ("x'", "x_u27"),
            ("a#2", "a_u23_2"),
            ("", "unnamed"),
            ("_", "u5f"),
            ("é", "ue9"),
        ] {
            assert_eq!(spelled(text), expected, "{text}");
        }
        assert_eq!(spelled(&"n".repeat(4_096)), "n".repeat(64));
        assert_eq!(spelled(&"≤".repeat(1_000)).len(), 64);
    }

    #[test]
    fn no_identifier_is_given_out_twice() {
        let mut names = Names::without(&["forall", "x_2"]);
        assert_eq!(names.fresh("x"), "x");
        assert_eq!(names.fresh("x"), "x_3", "x_2 is kept");
        assert_eq!(names.fresh("forall"), "forall_2");
        assert_eq!(names.fresh("*"), "times");
        assert_eq!(names.fresh("·"), "times_2");
        names.release("x");
        assert_eq!(names.fresh("x"), "x");
    }
}
