//! The statements of a theory as a regular expression, for constrained generation.

use super::vocabulary::{Place, Sign, Vocabulary};

/// See [`Infix::expression`](super::Infix::expression).
pub(super) fn expression(vocabulary: &Vocabulary, variables: usize, depth: usize) -> String {
    let names = vocabulary.variables(variables.clamp(1, 16));
    let constants = vocabulary.constants.iter().map(|(shown, _)| shown.to_string());
    let plain = one_of(names.into_iter().chain(constants).map(|name| escaped(&name)));
    let depth = depth.min(3);
    let (small, large) = (term(vocabulary, &plain, depth.min(1)), term(vocabulary, &plain, depth));
    let literal = |term: &str| {
        let between = |sign: &&Sign| matches!(sign.place, Place::Between(_));
        let relations = vocabulary.relations.iter().filter(between).map(|sign| escaped(&sign.texts[0]));
        let symbols = ["=".to_owned(), "≠".to_owned()].into_iter().chain(relations);
        let mut ways = vec![format!("{term} {} {term}", one_of(symbols))];
        for sign in vocabulary.relations.iter().filter(|sign| !between(sign)) {
            ways.push(applied(sign, term, term));
        }
        one_of(ways)
    };
    let given = literal(&small);
    format!("({given}( ∧ {given})? → )?{}", literal(&large))
}

/// Example statements that show each symbol once, and how premises are written.
pub(super) fn examples(vocabulary: &Vocabulary) -> Vec<String> {
    let names = vocabulary.variables(3);
    let written = |sign: &Sign| {
        let text = &sign.texts[0];
        match sign.place {
            Place::Between(_) => format!("{} {text} {}", names[0], names[1]),
            Place::Behind => format!("{}{text}", names[0]),
            Place::Before => {
                let inputs: Vec<&str> = (0..sign.inputs).map(|place| names[place % 3].as_str()).collect();
                format!("{text}({})", inputs.join(", "))
            }
        }
    };
    let mut examples: Vec<String> = Vec::new();
    for sign in &vocabulary.operations {
        examples.push(format!("{} = {}", written(sign), names[2]));
    }
    for sign in &vocabulary.relations {
        examples.push(format!("{} → {} = {}", written(sign), names[0], names[1]));
    }
    if let [first, .., last] = &vocabulary.operations[..] {
        examples.push(format!("{} = {} → {} = {}", written(first), names[2], names[2], written(last)));
    }
    examples
}

/// Terms up to this depth, without outer brackets.
fn term(vocabulary: &Vocabulary, plain: &str, depth: usize) -> String {
    let mut ways = vec![closed(vocabulary, plain, depth)];
    ways.extend(between(vocabulary, plain, depth));
    one_of(ways)
}

/// Terms up to this depth that need no brackets.
fn closed(vocabulary: &Vocabulary, plain: &str, depth: usize) -> String {
    let mut ways = vec![plain.to_owned()];
    if let Some(below) = depth.checked_sub(1) {
        let bracketed = |depth| between(vocabulary, plain, depth).map(|sum| format!("\\({sum}\\)"));
        let inside = term(vocabulary, plain, below);
        let alone = one_of([plain.to_owned()].into_iter().chain(bracketed(below)));
        for sign in vocabulary.operations.iter().filter(|sign| !matches!(sign.place, Place::Between(_))) {
            ways.push(applied(sign, &inside, &alone));
        }
        ways.extend(bracketed(depth));
    }
    one_of(ways)
}

fn between(vocabulary: &Vocabulary, plain: &str, depth: usize) -> Option<String> {
    let below = closed(vocabulary, plain, depth.checked_sub(1)?);
    let signs = vocabulary.operations.iter().filter(|sign| matches!(sign.place, Place::Between(_)));
    let signs: Vec<String> = signs.map(|sign| escaped(&sign.texts[0])).collect();
    (!signs.is_empty()).then(|| format!("{below} {} {below}", one_of(signs)))
}

/// A prefix symbol applied to terms, or a postfix one to a term that needs no brackets.
fn applied(sign: &Sign, inside: &str, alone: &str) -> String {
    let text = escaped(&sign.texts[0]);
    match sign.place {
        Place::Behind => format!("{alone}{text}"),
        _ => format!("{text}\\({}\\)", vec![inside; sign.inputs].join(", ")),
    }
}

fn one_of(ways: impl IntoIterator<Item = String>) -> String {
    let ways: Vec<String> = ways.into_iter().collect();
    if ways.len() == 1 { ways.concat() } else { format!("({})", ways.join("|")) }
}

/// A regular expression that matches exactly this text.
fn escaped(text: &str) -> String {
    let special = |c: char| r"\.+*?()|[]{}^$#&-~/".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
