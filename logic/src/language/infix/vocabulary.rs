//! The symbols of a theory, with the atoms they denote.

use std::sync::Arc;

use crate::calculus::formula::PredicateId;
use crate::calculus::sort::Sort;
use crate::calculus::theory::{NotationForm, Theory};
use crate::language::notation::{Reading, Signs};

/// Symbols of the logic, which no theory can use.
pub(super) const LOGIC: [&str; 20] =
    ["<->", "->", "!=", "/\\", "\\/", "∀", "∃", "→", "↔", "∧", "∨", "¬", "≠", "∈", "=", "(", ")", ",", ":", "."];

/// The position of a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Between two terms, with its binding strength.
    Between(u8),
    /// Before its arguments.
    Before,
    /// After its argument.
    Behind,
}

/// What fills a position of the atom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Slot {
    Input(usize),
    Value,
    Fixed(Arc<str>),
}

/// An operation or a relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sign {
    /// Its spellings, the usual one first.
    pub(crate) texts: Vec<Arc<str>>,
    pub(crate) place: Place,
    pub(crate) predicate: Arc<str>,
    pub(crate) slots: Vec<Slot>,
    /// The number of arguments.
    pub(crate) inputs: usize,
}

impl Sign {
    /// The atom in MPL; `value` names the value of an operation.
    pub(crate) fn atom(&self, inputs: &[String], value: &str) -> String {
        let written = self.slots.iter().map(|slot| match slot {
            Slot::Input(place) => inputs[*place].as_str(),
            Slot::Value => value,
            Slot::Fixed(name) => name,
        });
        format!("({}[{}])", self.predicate, written.collect::<Vec<_>>().join(","))
    }

    fn sort_of(&self, theory: &Theory) -> bool {
        theory.find(&self.predicate).is_some()
    }
}

/// The numerals of a theory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Numerals {
    pub(crate) zero: Arc<str>,
    /// The index of the successor among the operations.
    pub(crate) successor: usize,
}

/// All symbols of a theory.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    pub(crate) operations: Vec<Sign>,
    pub(crate) relations: Vec<Sign>,
    /// Individuals: display name and MPL name.
    pub(crate) constants: Vec<(Arc<str>, Arc<str>)>,
    /// Sets of individuals: display name and MPL name.
    pub(crate) sets: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) numerals: Option<Numerals>,
    /// All symbol tokens, longest first.
    pub(crate) texts: Vec<Arc<str>>,
    /// Names that no variable may have.
    pub(crate) taken: Vec<Arc<str>>,
}

impl Vocabulary {
    pub(crate) fn of(theory: &Theory) -> Vocabulary {
        let signs = Signs::of(theory);
        let parameters = &theory.anchor_definition().parameters;
        let sorts = &theory.predicate(theory.anchor).sorts;
        let shown = |name: &Arc<str>| (signs.parameter(name).unwrap_or(name).clone(), name.clone());
        let of_sort = |wanted: &dyn Fn(&Sort) -> bool| -> Vec<(Arc<str>, Arc<str>)> {
            parameters.iter().zip(sorts).filter(|(_, sort)| wanted(sort)).map(|(name, _)| shown(name)).collect()
        };
        let (mut operations, mut relations) = (Vec::new(), Vec::new());
        for (place, notation) in theory.notations.iter().enumerate() {
            let sign = noted(theory, place, signs.notation(place));
            if sign.sort_of(theory) {
                if notation.value.is_some() { &mut operations } else { &mut relations }.push(sign);
            }
        }
        let reading = Reading::new(theory);
        for (name, sort) in parameters.iter().zip(sorts) {
            let Sort::Power(parts) = sort else { continue };
            let fixed = |sign: &Sign| sign.slots.contains(&Slot::Fixed(name.clone()));
            if parts.len() < 2
                || parts.len() > PredicateId::MOST_PLACES
                || operations.iter().chain(&relations).any(fixed)
            {
                continue;
            }
            let (sign, is_operation) =
                (plain(&shown(name), parts.len(), reading.is_function(name)), reading.is_function(name));
            if is_operation { &mut operations } else { &mut relations }.push(sign);
        }
        let constants = of_sort(&|sort| sort.is_individual());
        let sets = of_sort(&|sort| sort.element().is_some_and(Sort::is_individual));
        let mut texts: Vec<Arc<str>> = LOGIC.iter().map(|text| Arc::from(*text)).collect();
        texts.extend(operations.iter().chain(&relations).flat_map(|sign| sign.texts.iter().cloned()));
        texts.extend(constants.iter().chain(&sets).flat_map(|(shown, name)| [shown.clone(), name.clone()]));
        texts.sort_by(|one, other| other.chars().count().cmp(&one.chars().count()).then(one.cmp(other)));
        texts.dedup();
        let mut taken: Vec<Arc<str>> = parameters.iter().flat_map(|name| [name.clone(), shown(name).0]).collect();
        taken.extend(operations.iter().chain(&relations).flat_map(|sign| sign.texts.iter().cloned()));
        let numerals = numerals(theory, &operations);
        Vocabulary { operations, relations, constants, sets, numerals, texts, taken }
    }

    /// A one-line summary of the syntax.
    pub(crate) fn help(&self) -> String {
        let words = |signs: &[Sign]| signs.iter().map(Sign::example).collect::<Vec<_>>().join(", ");
        let names: Vec<&str> = self.constants.iter().map(|(shown, _)| &**shown).collect();
        let mut parts = vec![format!(
            "terms of variables{}",
            if names.is_empty() { String::new() } else { format!(", {}", names.join(", ")) }
        )];
        if !self.operations.is_empty() {
            parts.push(words(&self.operations));
        }
        let mut relations = vec!["x = y".to_owned()];
        relations.extend(self.relations.iter().map(Sign::example));
        relations.extend(self.sets.iter().map(|(shown, _)| format!("x ∈ {shown}")));
        format!("write {}; relations {}; joined by →, ∧, ∨, ¬", parts.join(" and "), relations.join(", "))
    }

    /// This many unused variable names.
    pub(crate) fn variables(&self, count: usize) -> Vec<String> {
        let letters = ["x", "y", "z", "u", "v", "w"].map(str::to_owned).into_iter();
        let all = letters.chain((1..).map(|number| format!("x{number}")));
        all.filter(|name| !self.is_taken(name)).take(count).collect()
    }

    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| &**taken == name)
    }
}

impl Sign {
    fn example(&self) -> String {
        let sign = &self.texts[0];
        let letters = ["x", "y", "z", "u", "v", "w", "x1", "x2"];
        match self.place {
            Place::Between(_) => format!("x {sign} y"),
            Place::Behind => format!("x{sign}"),
            Place::Before => format!("{sign}({})", letters[..self.inputs.min(letters.len())].join(", ")),
        }
    }
}

/// The symbol of a notation.
fn noted(theory: &Theory, place: usize, shown: &Arc<str>) -> Sign {
    let notation = &theory.notations[place];
    let parameters = &theory.anchor_definition().parameters;
    let mut inputs = 0;
    let mut fixed = None;
    let mut slots = Vec::new();
    for (at, text) in notation.arguments.iter().enumerate() {
        slots.push(if parameters.contains(text) {
            fixed = Some(text.clone());
            Slot::Fixed(text.clone())
        } else if notation.value == Some(at) {
            Slot::Value
        } else {
            inputs += 1;
            Slot::Input(inputs - 1)
        });
    }
    let (symbol, position) = match &notation.form {
        NotationForm::Infix { symbol, strength } if inputs == 2 => (symbol, Place::Between(*strength)),
        NotationForm::Postfix { symbol } if inputs == 1 => (symbol, Place::Behind),
        NotationForm::Infix { symbol, .. } | NotationForm::Prefix { symbol } | NotationForm::Postfix { symbol } => {
            (symbol, Place::Before)
        }
    };
    let mut texts = vec![shown.clone(), symbol.clone()];
    // Spellings for keyboards; an alphabetic name would look like a word between two terms.
    texts.extend(fixed.filter(|name| position != Place::Behind && (position == Place::Before) == is_word(name)));
    let texts = own(texts);
    let predicate = theory.predicate(notation.predicate).name.clone();
    Sign { texts, place: position, predicate, slots, inputs }
}

/// The symbol of a relation or function without a notation: its name before its arguments; a non-alphabetic binary one
/// is infix.
fn plain((shown, name): &(Arc<str>, Arc<str>), places: usize, is_function: bool) -> Sign {
    let inputs = places - usize::from(is_function);
    let mut slots: Vec<Slot> = (0..inputs).map(Slot::Input).collect();
    slots.extend(is_function.then_some(Slot::Value));
    slots.push(Slot::Fixed(name.clone()));
    let between = inputs == 2 && !is_word(name);
    let place = if between { Place::Between(if is_function { 5 } else { 1 }) } else { Place::Before };
    let texts = own(vec![shown.clone(), name.clone()]);
    Sign { texts, place, predicate: format!("in{places}").into(), slots, inputs }
}

/// The spellings that the logic does not use: in a lattice whose meet is called `∧`, that sign is "and".
fn own(texts: Vec<Arc<str>>) -> Vec<Arc<str>> {
    let mut own: Vec<Arc<str>> = Vec::new();
    for text in texts {
        if own.is_empty() || !own.contains(&text) && !LOGIC.contains(&&*text) {
            own.push(text);
        }
    }
    own
}

/// Whether a text is alphanumeric, so that blanks must separate it from others.
pub(crate) fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '\'')
}

/// The numerals, if a set is generated by a constant displayed as 0 and a unary function.
fn numerals(theory: &Theory, operations: &[Sign]) -> Option<Numerals> {
    let parameters = &theory.anchor_definition().parameters;
    theory.inductions.iter().find_map(|induction| {
        let named =
            |parameter: usize| theory.shown_argument(induction, parameter).filter(|name| parameters.contains(name));
        let [zero, successor] = &induction.constructors[..] else { return None };
        let zero = named(zero.parameter).filter(|name| &***name == "0" && zero.arguments.is_empty())?;
        let name = named(successor.parameter).filter(|_| successor.arguments.len() == 1)?;
        let fixed = |sign: &Sign| sign.inputs == 1 && sign.slots.contains(&Slot::Fixed(name.clone()));
        Some(Numerals { zero: zero.clone(), successor: operations.iter().position(fixed)? })
    })
}
