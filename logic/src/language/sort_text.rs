//! Sorts in the notation of configurations: `(1)`, `P(1)`, `P(x(1)(1))`.

use std::fmt::Write as _;

use crate::calculus::sort::Sort;

/// The most parts of one sort.
pub(crate) const MAX_PARTS: usize = 64;
/// The deepest nesting of one sort.
pub(crate) const MAX_DEPTH: usize = 8;

/// A sort in the notation of configurations: `(1)`, `P(1)`, `P(x(1)(1))`, `P(x(1)(x(1)(1)))`.
#[must_use]
pub fn sort_text(sort: &Sort) -> String {
    fn put(sort: &Sort, text: &mut String) {
        match sort {
            Sort::Individual(number) => {
                let _ = write!(text, "({number})");
            }
            Sort::Power(parts) => {
                text.push('P');
                operand(parts, text);
            }
        }
    }
    fn tail(parts: &[Sort], text: &mut String) {
        text.push('x');
        operand(&parts[..1], text);
        operand(&parts[1..], text);
    }
    fn operand(parts: &[Sort], text: &mut String) {
        match parts {
            [single @ Sort::Individual(_)] => put(single, text),
            [single] => {
                text.push('(');
                put(single, text);
                text.push(')');
            }
            _ => {
                text.push('(');
                tail(parts, text);
                text.push(')');
            }
        }
    }
    let mut text = String::new();
    put(sort, &mut text);
    text
}

/// Parses a sort in the notation of configurations; `None` if it is not one. The inverse of [`sort_text`].
#[must_use]
pub fn parse_sort(text: &str) -> Option<Sort> {
    fn sort(text: &str, depth: usize) -> Option<(Sort, &str)> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(rest) = text.strip_prefix('P') {
            let (parts, rest) = group(rest, depth + 1)?;
            return Some((Sort::Power(parts), rest));
        }
        let rest = text.strip_prefix('(')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..digits].parse().ok().filter(|number| *number > 0)?;
        Some((Sort::Individual(number), rest[digits..].strip_prefix(')')?))
    }
    /// `(1)`, `(P(1))`, `(x…)`: the parts of a power sort.
    fn group(text: &str, depth: usize) -> Option<(Vec<Sort>, &str)> {
        let inner = text.strip_prefix('(')?;
        if let Some(rest) = inner.strip_prefix('x') {
            let (first, rest) = group(rest, depth)?;
            let [first] = <[Sort; 1]>::try_from(first).ok()?;
            let (mut others, rest) = group(rest, depth)?;
            others.insert(0, first);
            return (others.len() <= MAX_PARTS).then_some(()).and_then(|()| Some((others, rest.strip_prefix(')')?)));
        }
        if inner.starts_with('P') {
            let (part, rest) = sort(inner, depth)?;
            return Some((vec![part], rest.strip_prefix(')')?));
        }
        let (part, rest) = sort(text, depth)?;
        Some((vec![part], rest))
    }
    if text.len() > 16 * MAX_PARTS {
        return None;
    }
    let (parsed, rest) = sort(text, 0)?;
    rest.is_empty().then_some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sorts_of_configurations_are_read_and_written() {
        for text in ["(1)", "P(1)", "P(x(1)(1))", "P(x(1)(x(1)(1)))", "P(x(1)(2))", "P(P(1))", "P(x(P(1))(1))"] {
            let sort = parse_sort(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(sort_text(&sort), text);
        }
        for text in ["", "1", "(0)", "(1", "P1", "P()", "P(x(1))", "P(1)x", "(-1)", "P(x(1)(1)"] {
            assert_eq!(parse_sort(text), None, "{text}");
        }
    }
}
