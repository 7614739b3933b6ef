//! The form of formulas in records: MPL on one line, lossless.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calculus::formula::{Binder, Binders, Formula, Name, PredicateId, Variable};
use crate::calculus::sort::Sort;
use crate::language::sort_text::{parse_sort, sort_text};

/// Whether the sorts of binders are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortsShown {
    /// MPL as people write it: sorts are inferred.
    No,
    /// The form in records: a variable of a sort other than `(1)` is followed by its sort, `S P(1)`.
    Yes,
}

/// Writes formulas as MPL text.
///
/// The caller names free variables; a bound variable keeps its author's name, unless that would capture or shadow, in
/// which case it is numbered (`x`, `x1`, `x2`, …).
pub struct MplWriter<'a> {
    /// The name of a predicate.
    pub predicate: &'a dyn Fn(PredicateId) -> Arc<str>,
    /// The name of a free variable.
    pub name: &'a dyn Fn(Name) -> Arc<str>,
    /// Whether sorts are written.
    pub sorts: SortsShown,
}

impl MplWriter<'_> {
    /// The text of `formula` on one line, without superfluous blanks.
    #[must_use]
    pub fn write(&self, formula: &Formula) -> String {
        let mut text = String::new();
        let mut used: HashMap<Arc<str>, u32> = HashMap::new();
        for name in formula.free_variables() {
            used.insert((self.name)(name), 1);
        }
        self.put(formula, &mut Vec::new(), &mut used, &mut text);
        text
    }

    fn put(&self, formula: &Formula, bound: &mut Vec<Arc<str>>, used: &mut HashMap<Arc<str>, u32>, text: &mut String) {
        match formula {
            Formula::Atom(predicate, arguments) => {
                text.push('(');
                text.push_str(&(self.predicate)(*predicate));
                text.push('[');
                for (place, argument) in arguments.iter().enumerate() {
                    if place > 0 {
                        text.push(',');
                    }
                    match argument {
                        Variable::Free(name) => text.push_str(&(self.name)(*name)),
                        Variable::Bound(index) => text.push_str(&bound[bound.len() - 1 - *index as usize]),
                    }
                }
                text.push_str("])");
            }
            Formula::And(left, right) => {
                text.push_str("(& ");
                self.put(left, bound, used, text);
                text.push(' ');
                self.put(right, bound, used, text);
                text.push(')');
            }
            Formula::Not(inner) => {
                text.push('!');
                self.put(inner, bound, used, text);
            }
            Formula::Implies(binders, premise, conclusion) => {
                let before = bound.len();
                text.push_str("(>[");
                for (place, Binder { name: shown, sort }) in binders.iter().enumerate() {
                    if place > 0 {
                        text.push(',');
                    }
                    let mut fresh = shown.clone();
                    let mut number = 0;
                    while used.get(&fresh).is_some_and(|count| *count > 0) {
                        number += 1;
                        fresh = format!("{shown}{number}").into();
                    }
                    *used.entry(fresh.clone()).or_default() += 1;
                    text.push_str(&fresh);
                    if self.sorts == SortsShown::Yes {
                        put_sort(sort, text);
                    }
                    bound.push(fresh);
                }
                text.push_str("] ");
                self.put(premise, bound, used, text);
                text.push(' ');
                self.put(conclusion, bound, used, text);
                text.push(')');
                for name in bound.drain(before..) {
                    *used.get_mut(&name).expect("entered above") -= 1;
                }
            }
        }
    }
}

/// Parses the output of [`MplWriter`] and nothing else: the form of formulas in records. For text written by people
/// there is [`crate::language::mpl`], which explains errors.
pub struct MplReader<'a> {
    /// The predicate with a name.
    pub predicate: &'a dyn Fn(&str) -> Option<PredicateId>,
    /// The free variable with a name.
    pub name: &'a dyn Fn(&str) -> Option<Name>,
}

/// Why a text is not a formula: what was expected, and at which byte.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("byte {at}: expected {expected}")]
pub struct NotAFormula {
    /// The byte.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl MplReader<'_> {
    /// The deepest nesting of formulas.
    pub const DEEPEST: usize = 2_000;

    /// Parses a whole text as one formula.
    ///
    /// # Errors
    /// If it is not a formula, or nested more deeply than [`MplReader::DEEPEST`].
    pub fn read(&self, text: &str) -> Result<Formula, NotAFormula> {
        let mut at = 0;
        let formula = self.formula(text, &mut at, &mut Vec::new(), 0)?;
        if at == text.len() { Ok(formula) } else { Err(NotAFormula { at, expected: "the end of the text" }) }
    }

    fn formula(
        &self,
        text: &str,
        at: &mut usize,
        bound: &mut Vec<Arc<str>>,
        depth: usize,
    ) -> Result<Formula, NotAFormula> {
        if depth > Self::DEEPEST {
            return Err(NotAFormula { at: *at, expected: "a formula that is nested less deeply" });
        }
        if eat(text, at, "!") {
            return Ok(Formula::negate(self.formula(text, at, bound, depth + 1)?));
        }
        require(text, at, "(")?;
        if eat(text, at, "& ") {
            let left = self.formula(text, at, bound, depth + 1)?;
            require(text, at, " ")?;
            let right = self.formula(text, at, bound, depth + 1)?;
            require(text, at, ")")?;
            return Ok(Formula::and(left, right));
        }
        if eat(text, at, ">[") {
            let before = bound.len();
            let start = *at;
            let binders: Option<Vec<Binder>> = list(text, at).map(read_binder).collect();
            let binders =
                Binders::new(binders.ok_or(NotAFormula { at: start, expected: "variables with their sorts" })?);
            require(text, at, "] ")?;
            bound.extend(binders.names().cloned());
            let premise = self.formula(text, at, bound, depth + 1)?;
            require(text, at, " ")?;
            let conclusion = self.formula(text, at, bound, depth + 1)?;
            require(text, at, ")")?;
            bound.truncate(before);
            return Ok(Formula::Implies(binders, Arc::new(premise), Arc::new(conclusion)));
        }
        let start = *at;
        let word = word(text, at);
        let predicate = (self.predicate)(word).ok_or(NotAFormula { at: start, expected: "the name of a predicate" })?;
        require(text, at, "[")?;
        let start = *at;
        let arguments = list(text, at)
            .map(|argument| match bound.iter().rposition(|name| **name == *argument) {
                Some(place) => Some(Variable::Bound((bound.len() - 1 - place) as u32)),
                None => (self.name)(argument).map(Variable::Free),
            })
            .collect::<Option<_>>()
            .ok_or(NotAFormula { at: start, expected: "known variables" })?;
        require(text, at, "])")?;
        Ok(Formula::Atom(predicate, arguments))
    }
}

/// The sort of a variable as it follows its name in a record: nothing for the base sort `(1)`.
fn put_sort(sort: &Sort, text: &mut String) {
    if *sort != Sort::BASE {
        text.push(' ');
        text.push_str(&sort_text(sort));
    }
}

/// A variable with its sort, as in records: `x`, `S P(1)`.
#[must_use]
pub fn binder_text(binder: &Binder) -> String {
    let mut text = binder.name.to_string();
    put_sort(&binder.sort, &mut text);
    text
}

/// A formula or a list of variables from a record, without sorts.
#[must_use]
pub fn without_sorts(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(">[") {
        let (before, list) = rest.split_at(start + 2);
        let end = list.find(']').unwrap_or(list.len());
        shown.push_str(before);
        for (place, binder) in list[..end].split(',').enumerate() {
            if place > 0 {
                shown.push(',');
            }
            shown.push_str(binder.split(' ').next().unwrap_or_default());
        }
        rest = &list[end..];
    }
    shown + rest
}

/// Parses the output of [`binder_text`]; `None` if the sort is malformed.
#[must_use]
pub fn read_binder(text: &str) -> Option<Binder> {
    match text.split_once(' ') {
        None => Some(Binder::new(text, Sort::BASE)),
        Some((name, sort)) => Some(Binder::new(name, parse_sort(sort)?)),
    }
}

/// The display name of a clause variable: `a`, `b`, …, `z`, `a1`, ….
#[must_use]
pub fn variable_name(number: u16) -> Arc<str> {
    let letter = char::from(b'a' + (number % 26) as u8);
    match number / 26 {
        0 => letter.to_string().into(),
        round => format!("{letter}{round}").into(),
    }
}

fn eat(text: &str, at: &mut usize, token: &str) -> bool {
    let found = text[*at..].starts_with(token);
    if found {
        *at += token.len();
    }
    found
}

fn require(text: &str, at: &mut usize, token: &'static str) -> Result<(), NotAFormula> {
    if eat(text, at, token) { Ok(()) } else { Err(NotAFormula { at: *at, expected: token }) }
}

fn word<'t>(text: &'t str, at: &mut usize) -> &'t str {
    let rest = &text[*at..];
    let end = rest.find(['(', ')', '[', ']', ',', ' ']).unwrap_or(rest.len());
    *at += end;
    &rest[..end]
}

/// The names up to the closing bracket; none for an empty list.
fn list<'t>(text: &'t str, at: &mut usize) -> impl Iterator<Item = &'t str> + use<'t> {
    let rest = &text[*at..];
    let end = rest.find(']').unwrap_or(rest.len());
    *at += end;
    rest[..end].split(',').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(number: u32, text: &str) -> (Name, Binder) {
        (Name(number), Binder::new(text, Sort::BASE))
    }

    fn show(formula: &Formula) -> String {
        let predicate = |id: PredicateId| ["=", "in", "in2", "in3"][id.index()].into();
        let name = |name: Name| format!("v{}", name.0).into();
        MplWriter { predicate: &predicate, name: &name, sorts: SortsShown::Yes }.write(formula)
    }

    #[test]
    fn what_is_written_can_be_read() {
        let text = "(>[x,y] (& (in2[x,y,v7]) !(in[x,v8])) (>[] !(>[z] (in[z,v8]) !(=[z,x])) (=[x,v9])))";
        let predicate = |name: &str| {
            ["=", "in", "in2", "in3"].iter().position(|known| *known == name).map(|id| PredicateId(id as u32))
        };
        let name = |name: &str| name.strip_prefix('v').and_then(|number| number.parse().ok()).map(Name);
        let reader = MplReader { predicate: &predicate, name: &name };
        assert_eq!(show(&reader.read(text).expect("a formula")), text);
        let sorted = "(>[x,S P(1)] (in[x,S]) (>[R P(x(1)(1))] (in2[x,x,R]) (in[x,S])))";
        assert_eq!(show(&reader.read(sorted).expect("a formula")), sorted);
        assert_eq!(without_sorts(sorted), "(>[x,S] (in[x,S]) (>[R] (in2[x,x,R]) (in[x,S])))");
        assert!(reader.read("(>[x,S P1] (in[x,S]) (in[x,S]))").is_err());
        for (wrong, at) in [
            ("(in[x,v8])", 4),
            ("(in[v1,v2]", 9),
            ("(is[v1])", 1),
            ("(in[v1,v2])!", 11),
            ("", 0),
            ("(& (in[v1,v2]))", 14),
        ] {
            assert_eq!(reader.read(wrong).expect_err(wrong).at, at, "{wrong}");
        }
    }

    #[test]
    fn the_printer_never_captures() {
        let inner = Formula::forall(
            &[named(2, "x")],
            &Formula::atom(PredicateId::IN2, [Name(1), Name(2), Name(0)]),
            &Formula::equal(Name(1), Name(2)),
        );
        let outer = Formula::forall(&[named(1, "x")], &Formula::atom(PredicateId::IN, [Name(1), Name(0)]), &inner);
        assert_eq!(show(&outer), "(>[x] (in[x,v0]) (>[x1] (in2[x,x1,v0]) (=[x,x1])))");
    }
}
