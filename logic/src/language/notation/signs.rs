//! Which sign stands for what when a theory's formulas are shown: each sign for one thing only.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calculus::formula::PredicateId;
use crate::calculus::theory::{NotationForm, Theory};

/// The signs that every reading uses for itself.
const BUILT_IN: [&str; 13] = ["=", "≠", "∈", "∉", "∀", "∃", "∧", "∨", "¬", "→", "↔", ":", "…"];

/// The signs of a theory's parameters, predicates and notations.
pub struct Signs {
    parameters: HashMap<Arc<str>, Arc<str>>,
    predicates: Vec<Arc<str>>,
    notations: Vec<Arc<str>>,
    /// The notations whose sign was taken, with what it stands for already.
    clashes: Vec<Clash>,
}

/// A notation whose sign stands for something else already, so that it is shown by another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clash {
    /// Its place among the notations of the theory.
    pub notation: usize,
    /// What the sign stands for.
    pub taken_by: String,
    /// The sign that is shown.
    pub shown: Arc<str>,
}

/// Where a sign stands: between, before or behind its arguments, or by itself, which looks like all of these.
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

/// What a sign stands for: two patterns about one parameter or one predicate may share it.
#[derive(Clone, PartialEq, Eq)]
enum Owner {
    Parameter(Arc<str>),
    Predicate(Arc<str>),
}

#[derive(Default)]
struct Taken(HashMap<Arc<str>, Vec<(Position, Owner)>>);

impl Taken {
    /// What a sign stands for at this position, if that is not `owner`.
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

    /// The sign, or one made of it that is free.
    fn free(&self, sign: &str, position: Position, owner: &Owner, mark: &str) -> Arc<str> {
        let mut free = sign.to_owned();
        if self.by_other(&free, position, owner).is_some() {
            free = format!("{}{mark}", free.replace(|c: char| BUILT_IN.iter().any(|known| known.starts_with(c)), "?"));
        }
        while self.by_other(&free, position, owner).is_some() {
            free.push('\'');
        }
        free.into()
    }
}

impl Signs {
    /// Gives each parameter, predicate and notation its sign: what is written first keeps its own.
    #[must_use]
    pub fn of(theory: &Theory) -> Signs {
        let mut taken = Taken::default();
        let mut signs =
            Signs { parameters: HashMap::new(), predicates: Vec::new(), notations: Vec::new(), clashes: Vec::new() };
        let parameters = &theory.anchor_definition().parameters;
        for name in parameters {
            let owner = Owner::Parameter(name.clone());
            let usual = usual(name);
            // A parameter of that very name has the better right to the sign.
            let wanted = if parameters.contains(&usual) { name } else { &usual };
            let sign = taken.free(wanted, Position::Alone, &owner, "'");
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

    /// The sign of a parameter of the anchor; `None` for another name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&Arc<str>> {
        self.parameters.get(name)
    }

    /// The sign of a predicate before its arguments.
    pub(super) fn predicate(&self, predicate: PredicateId) -> &Arc<str> {
        &self.predicates[predicate.index()]
    }

    /// The sign of a notation, by its place.
    pub(crate) fn notation(&self, place: usize) -> &Arc<str> {
        &self.notations[place]
    }

    /// The notations that are shown by another sign than their author chose.
    #[must_use]
    pub fn clashes(&self) -> &[Clash] {
        &self.clashes
    }
}

/// How a parameter is usually shown: a symbol that keyboards lack for one that they have, a number for `i0`.
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
