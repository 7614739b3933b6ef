//! Warns of confusable notation: one symbol for two things, two notations for one atom, and names that look alike.

use std::collections::HashMap;
use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use unicode_security::confusable_detection::skeleton;

use super::codes;
use super::diagnostic::{Diagnostic, Report, Span, short};
use super::shorthand::each_binder;
use super::syntax::{DefinitionSyntax, Form, Ident};
use crate::calculus::theory::{Notation, NotationForm, Theory};
use crate::language::notation::Signs;

/// Reports notations that are not displayed as written; `places` are the positions of the notations, in order.
pub(crate) fn clashing_signs(theory: &Theory, places: &[Span], report: &mut Report) {
    for clash in Signs::of(theory).clashes() {
        let (NotationForm::Infix { symbol, .. } | NotationForm::Prefix { symbol } | NotationForm::Postfix { symbol }) =
            &theory.notations[clash.notation].form;
        report.push(
            Diagnostic::new(
                codes::SIGN_TWICE,
                format!("the sign `{}` stands for {} already", short(symbol), clash.taken_by),
            )
            .at(places[clash.notation], format!("shown with `{}`, so that readers can tell", short(&clash.shown)))
            .help("choose a sign that nothing else has"),
        );
    }
    let parameters = &theory.anchor_definition().parameters;
    let mut seen: HashMap<Vec<Option<&Arc<str>>>, usize> = HashMap::new();
    for (place, notation) in theory.notations.iter().enumerate() {
        let Some(first) = seen.insert(pattern(theory, notation, parameters), place) else { continue };
        report.push(
            Diagnostic::new(codes::TWO_NOTATIONS, "two notations for one atom")
                .at(places[place], "this one is not used")
                .at(places[first], "the atom is shown by this one")
                .help("remove one of the two"),
        );
        // The first one stays in use.
        seen.insert(pattern(theory, notation, parameters), first);
    }
}

/// The atoms that a notation matches: the predicate, and the parameter required at each position.
fn pattern<'t>(theory: &'t Theory, notation: &'t Notation, parameters: &[Arc<str>]) -> Vec<Option<&'t Arc<str>>> {
    let fixed = notation.arguments.iter().map(|argument| parameters.contains(argument).then_some(argument));
    std::iter::once(Some(&theory.predicate(notation.predicate).name)).chain(fixed).collect()
}

/// Warns of names that readers may confuse with another name of the theory, or with a letter of another script.
pub(crate) fn look_alikes<'f>(forms: impl Iterator<Item = &'f Form>, report: &mut Report) {
    let mut names: Vec<&Ident> = Vec::new();
    let mut known: HashMap<&str, ()> = HashMap::new();
    let mut enter = |name: &'f Ident| {
        if known.insert(&name.text, ()).is_none() {
            names.push(name);
        }
    };
    for form in forms {
        match form {
            Form::Define(definition) | Form::Theory(definition) => definition_names(definition, &mut enter),
            Form::Conjecture(conjecture) => {
                enter(&conjecture.name);
                each_binder(&conjecture.body, &mut |names| names.iter().for_each(&mut enter));
            }
            Form::Generated(_) | Form::Notation(_) | Form::Import(_) | Form::Use(_) | Form::Bounds(_) => {}
        }
    }
    let mut shapes: HashMap<String, &Ident> = HashMap::new();
    for name in names {
        let shape: String = name.text.chars().map(shape).collect();
        if let Some(other) = shapes.get(&shape) {
            report.push(
                Diagnostic::new(
                    codes::LOOK_ALIKE,
                    format!("`{}` looks like another name: {}", short(&name.text), spelled(&name.text)),
                )
                .at(name.span, "one name")
                .at(other.span, format!("the other: {}", spelled(&other.text)))
                .help("rename one of the two"),
            );
            continue;
        }
        if !name.text.is_ascii() {
            let letters = name.text.chars().all(|c| c.is_alphanumeric() || c == '_');
            if letters && shape.is_ascii() && shape.chars().any(char::is_alphanumeric) {
                report.push(
                    Diagnostic::new(
                        codes::LOOK_ALIKE,
                        format!("`{}` looks like `{shape}`, but is {}", short(&name.text), spelled(&name.text)),
                    )
                    .at(name.span, "this name")
                    .help("write it in plain letters if they are meant"),
                );
            } else if !is_nfc(&name.text) {
                report.push(
                    Diagnostic::new(
                        codes::LOOK_ALIKE,
                        format!("`{}` is not in the composed form that editors write (NFC)", short(&name.text)),
                    )
                    .at(name.span, spelled(&name.text))
                    .help("write the letters with their marks as single characters"),
                );
            }
        }
        shapes.insert(shape, name);
    }
}

fn definition_names<'f>(definition: &'f DefinitionSyntax, enter: &mut dyn FnMut(&'f Ident)) {
    enter(&definition.name);
    definition.parameters.iter().for_each(&mut *enter);
    each_binder(&definition.body, &mut |names| names.iter().for_each(&mut *enter));
}

/// The visual skeleton of a character: itself, or plainer characters that look the same.
fn shape(c: char) -> String {
    // Mathematicians distinguish these: ℕ and N, α and a (but not ο and o), script and Gothic letters.
    let told_apart = c.is_ascii()
        || matches!(c, 'α'..='ω') && !matches!(c, 'ο' | 'ν')
        || matches!(c, '\u{2100}'..='\u{214f}' | '\u{1d49c}'..='\u{1d59f}');
    if told_apart {
        return c.to_string();
    }
    let text = c.to_string();
    let plain: String = text.nfkc().collect();
    // Fullwidth and mathematical characters, where the confusables list would merge `1` and `l`.
    if matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}') && plain.is_ascii() {
        return plain;
    }
    let alike: String = skeleton(&text).collect();
    // A letter is not confused with an operation: × and x, ∨ and v.
    if c.is_alphanumeric() != alike.chars().any(char::is_alphanumeric) { text } else { alike }
}

/// The code points of a name's non-ASCII characters, or of all if there are none.
fn spelled(name: &str) -> String {
    const SHOWN: usize = 8;
    let foreign = name.chars().filter(|c| !c.is_ascii() || name.is_ascii());
    let mut codes: Vec<String> = foreign.take(SHOWN + 1).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    if codes.len() > SHOWN {
        codes[SHOWN] = "…".to_owned();
    }
    codes.join(" ")
}
