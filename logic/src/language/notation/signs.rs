//! Assigns display symbols in a theory so that none is ambiguous.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calculus::formula::PredicateId;
use crate::calculus::theory::{Notation, NotationForm, Theory};

/// The symbols that every rendering uses.
const BUILT_IN: [&str; 13] = ["=", "≠", "∈", "∉", "∀", "∃", "∧", "∨", "¬", "→", "↔", ":", "…"];

/// What is displayed instead of a built-in symbol if an author uses it as a name; `?` for one without a likeness.
fn likeness(symbol: char) -> &'static str {
    match symbol {
        '=' => "≈",
        '≠' => "≉",
        '∧' => "⊓",
        '∨' => "⊔",
        '¬' => "∼",
        '→' => "⇒",
        '↔' => "⇔",
        ':' => "∶",
        '…' => "⋯",
        _ => "?",
    }
}

/// The symbols of a theory's parameters, predicates and notations.
pub struct Signs {
    parameters: HashMap<Arc<str>, Arc<str>>,
    predicates: Vec<Arc<str>>,
    notations: Vec<Arc<str>>,
    /// The notations whose symbol was already taken.
    clashes: Vec<Clash>,
}

/// A notation whose symbol already has another meaning, so that it is displayed by a different one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clash {
    /// Its index among the notations of the theory.
    pub notation: usize,
    /// The other meaning of the symbol.
    pub taken_by: String,
    /// The displayed symbol.
    pub shown: Arc<str>,
}

/// The position of a symbol: between, before or after its arguments, or alone, which can be confused with all others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Between,
    Before,
    Behind,
    Alone,
}

impl Position {
    fn meets(self, other: Position) -> bool {
        self == other || self == Position::Alone || other == Position::Alone
    }
}

/// The meaning of a symbol: two patterns about one parameter or predicate may share it.
#[derive(Clone, PartialEq, Eq)]
enum Owner {
    Parameter(Arc<str>),
    Predicate(Arc<str>),
}

#[derive(Default)]
struct Taken(HashMap<Arc<str>, Vec<(Position, Owner)>>);

impl Taken {
    /// The meaning of a symbol at this position, if it differs from `owner`.
    fn by_other(&self, sign: &str, position: Position, owner: &Owner) -> Option<String> {
        let words = || sign.split(' ').any(|word| BUILT_IN.contains(&word));
        if matches!((owner, sign), (Owner::Predicate(name), "=" | "∈") if ["=", "in"].contains(&&**name)) {
            return None;
        }
        let built_in = words() || position != Position::Between && BUILT_IN.iter().any(|known| sign.contains(known));
        if built_in {
            return Some("what is built in".to_owned());
        }
        let other = self.0.get(sign)?.iter().find(|(known, by)| known.meets(position) && by != owner)?;
        Some(match &other.1 {
            Owner::Parameter(name) => format!("the parameter `{name}`"),
            Owner::Predicate(name) => format!("the predicate `{name}`"),
        })
    }

    fn enter(&mut self, sign: Arc<str>, position: Position, owner: Owner) {
        self.0.entry(sign).or_default().push((position, owner));
    }

    /// The symbol, or an unused variant of it.
    fn free(&self, sign: &str, position: Position, owner: &Owner, mark: &str) -> Arc<str> {
        let mut free = sign.to_owned();
        if self.by_other(&free, position, owner).is_some() {
            let is_built_in = |symbol: char| BUILT_IN.iter().any(|known| known.starts_with(symbol));
            let like: String =
                free.chars().map(|c| if is_built_in(c) { likeness(c).to_owned() } else { c.into() }).collect();
            let is_new = like != free && !like.contains('?') && self.by_other(&like, position, owner).is_none();
            free = if is_new { like } else { format!("{like}{mark}") };
        }
        while self.by_other(&free, position, owner).is_some() {
            free.push('\'');
        }
        free.into()
    }
}

impl Signs {
    /// Assigns a symbol to each parameter, predicate and notation: earlier ones keep theirs.
    #[must_use]
    pub fn of(theory: &Theory) -> Signs {
        let mut taken = Taken::default();
        let mut signs =
            Signs { parameters: HashMap::new(), predicates: Vec::new(), notations: Vec::new(), clashes: Vec::new() };
        let parameters = &theory.anchor_definition().parameters;
        for name in parameters {
            let owner = Owner::Parameter(name.clone());
            let usual = usual(name);
            // A parameter with that very name takes precedence.
            let wanted = if parameters.contains(&usual) { name } else { &usual };
            let is_free = |sign: &&Arc<str>| {
                !parameters.contains(*sign) && taken.by_other(sign, Position::Alone, &owner).is_none()
            };
            // A built-in symbol gives way to that of the parameter's notation.
            let sign = match symbols_of(theory, name).find(is_free) {
                Some(symbol) if taken.by_other(wanted, Position::Alone, &owner).is_some() => symbol.clone(),
                _ => taken.free(wanted, Position::Alone, &owner, "'"),
            };
            taken.enter(sign.clone(), Position::Alone, owner);
            signs.parameters.insert(name.clone(), sign);
        }
        for predicate in &theory.predicates {
            let owner = Owner::Predicate(predicate.name.clone());
            let sign = match predicate.definition {
                Some(_) => taken.free(&predicate.name, Position::Before, &owner, "'"),
                None => predicate.name.clone(),
            };
            taken.enter(sign.clone(), Position::Before, owner);
            signs.predicates.push(sign);
        }
        for (place, notation) in theory.notations.iter().enumerate() {
            let last = notation.arguments.iter().rev().find(|argument| parameters.contains(argument));
            let owner = match last {
                Some(parameter) if theory.predicate(notation.predicate).definition.is_none() => {
                    Owner::Parameter(parameter.clone())
                }
                _ => Owner::Predicate(theory.predicate(notation.predicate).name.clone()),
            };
            let (wanted, position) = match &notation.form {
                NotationForm::Infix { symbol, .. } => (symbol, Position::Between),
                NotationForm::Prefix { symbol } => (symbol, Position::Before),
                NotationForm::Postfix { symbol } => (symbol, Position::Behind),
            };
            let (Owner::Parameter(name) | Owner::Predicate(name)) = &owner;
            let sign = taken.free(wanted, position, &owner, &format!("_{name}"));
            if let Some(taken_by) = taken.by_other(wanted, position, &owner) {
                signs.clashes.push(Clash { notation: place, taken_by, shown: sign.clone() });
            }
            taken.enter(sign.clone(), position, owner);
            signs.notations.push(sign);
        }
        signs
    }

    /// The symbol of a parameter of the anchor; `None` for another name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&Arc<str>> {
        self.parameters.get(name)
    }

    /// The prefix symbol of a predicate.
    pub(super) fn predicate(&self, predicate: PredicateId) -> &Arc<str> {
        &self.predicates[predicate.index()]
    }

    /// The symbol of a notation, by index.
    pub(crate) fn notation(&self, place: usize) -> &Arc<str> {
        &self.notations[place]
    }

    /// The notations displayed by another symbol than the author's.
    #[must_use]
    pub fn clashes(&self) -> &[Clash] {
        &self.clashes
    }
}

/// The symbols in the notations of a parameter.
fn symbols_of<'t>(theory: &'t Theory, name: &'t Arc<str>) -> impl Iterator<Item = &'t Arc<str>> {
    let is_about = |notation: &&Notation| {
        notation.arguments.last() == Some(name) && theory.predicate(notation.predicate).definition.is_none()
    };
    theory.notations.iter().filter(is_about).map(|notation| match &notation.form {
        NotationForm::Infix { symbol, .. } | NotationForm::Prefix { symbol } | NotationForm::Postfix { symbol } => {
            symbol
        }
    })
}

/// The usual display of a parameter: a proper symbol for its keyboard substitute, a number for `i0`.
fn usual(name: &Arc<str>) -> Arc<str> {
    let digits = name.strip_prefix('i').filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    match (&**name, digits) {
        (_, Some(digits)) => digits.into(),
        ("*", _) => "·".into(),
        ("<=", _) => "≤".into(),
        (">=", _) => "≥".into(),
        _ => name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::mpl::read_mpl;

    /// Names that formulas use otherwise are displayed by their notations or by likenesses.
    #[test]
    fn what_is_built_in_is_displayed_otherwise() {
        let text = "(theory T[B,∧,¬,→,⊔,∨] (&
            (>[x,y,z] (in3[x,y,z,∧]) (in[x,B])) (>[x,y] (in2[x,y,¬]) (in[x,B])) (>[x,y] (in2[x,y,→]) (in[x,B]))
            (>[x,y] (in2[x,y,⊔]) (in[x,B])) (>[x,y] (in2[x,y,∨]) (in[x,B]))))
          (notation (in3[x,y,z,∧]) (value z) (infix \"·\" 6))";
        let (theory, _) = read_mpl("test.mpl", text.as_bytes(), &mut |path| Err(path.to_owned())).expect("a theory");
        let signs = Signs::of(&theory);
        let shown = ["∧", "¬", "→", "⊔", "∨"].map(|name| signs.parameter(name).expect("a parameter").to_string());
        assert_eq!(shown, ["·", "∼", "⇒", "⊔", "⊔'"]);
    }
}
