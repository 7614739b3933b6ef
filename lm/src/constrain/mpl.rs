//! The grammar of the MPL statements of a theory.

use std::fmt::Write;

use super::constraint::ConstraintError;

/// What may stand at a place of an atom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A variable that is bound there, or a constant of the signature.
    Term,
    /// This name alone: the relation, function or set that the atom speaks about.
    Name(String),
}

/// A kind of atom: a predicate with what may stand at its places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Atom {
    /// The name of the predicate, such as `in3` or `=`.
    pub predicate: String,
    /// Its places, as many as it has.
    pub places: Vec<Place>,
}

/// What the statements of a theory are made of, and how large they may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The kinds of atoms.
    pub atoms: Vec<Atom>,
    /// Names that stand for individuals.
    pub constants: Vec<String>,
    /// Variables that are bound at most at one place; at least 1.
    pub variables: usize,
    /// Connectives one in another, below the outermost.
    pub depth: usize,
}

/// Variables and connectives that a signature may ask for: the grammar grows with the square of the one
/// times the other.
const BOUND: usize = 16;

impl Atom {
    /// A predicate with so many places for terms.
    pub fn of_terms(predicate: &str, arity: usize) -> Atom {
        Atom { predicate: predicate.into(), places: vec![Place::Term; arity] }
    }
}

impl Signature {
    /// A grammar in the notation of [`Grammars::lark`](crate::Grammars::lark). Its texts are statements
    /// `(>[x,y] A B)` in which every atom is one of the signature, every variable is bound, and no binder
    /// takes a name that is in use.
    pub fn grammar(&self) -> Result<String, ConstraintError> {
        self.rules("")
    }

    /// The same as a part of a larger grammar: the name of every rule begins with this, which keeps those of several
    /// signatures apart. A statement is the rule `start` with that before it.
    pub fn rules(&self, prefix: &str) -> Result<String, ConstraintError> {
        if self.variables > BOUND || self.depth > BOUND {
            return Err(ConstraintError::Bound { what: "variables or depth", bound: BOUND });
        }
        if self.atoms.is_empty() || self.variables == 0 {
            return Err(ConstraintError::Grammar("a signature needs an atom and a variable".into()));
        }
        let names = self.atoms.iter().flat_map(|atom| {
            let places = atom.places.iter().filter_map(|place| match place {
                Place::Name(name) => Some(name),
                Place::Term => None,
            });
            std::iter::once(&atom.predicate).chain(places)
        });
        let taken: Vec<&str> = names.chain(&self.constants).map(String::as_str).collect();
        if let Some(bad) = taken.iter().find(|name| !is_name(name)) {
            return Err(ConstraintError::Grammar(format!("{bad:?} is no name of MPL")));
        }
        let letters = ["x", "y", "z", "u", "v", "w"].map(str::to_owned).into_iter();
        let variables: Vec<String> = letters
            .chain((1..).map(|number| format!("x{number}")))
            .filter(|name| !taken.contains(&name.as_str()))
            .take(self.variables)
            .collect();
        let mut grammar = format!("{prefix}start: {}\n", self.quantified(prefix, &variables, 0, self.depth));
        for bound in 1..=variables.len() {
            self.terms(prefix, &mut grammar, &variables[..bound]);
            for depth in 0..=self.depth {
                self.formulas(prefix, &mut grammar, &variables, bound, depth);
            }
        }
        Ok(grammar)
    }

    /// `(>[…] A B)` with at least one more variable bound than before, as alternatives.
    fn quantified(&self, prefix: &str, variables: &[String], bound: usize, depth: usize) -> String {
        let one = |more: usize| {
            let opened = format!("(>[{}] ", variables[bound..more].join(","));
            format!("{} {prefix}f{more}_{depth} \" \" {prefix}f{more}_{depth} \")\"", quoted(&opened))
        };
        (bound + 1..=variables.len()).map(one).collect::<Vec<_>>().join(" | ")
    }

    /// The terms and atoms under these variables.
    fn terms(&self, prefix: &str, grammar: &mut String, variables: &[String]) {
        let bound = variables.len();
        let terms: Vec<String> = variables.iter().chain(&self.constants).map(|name| quoted(name)).collect();
        let atom = |atom: &Atom| {
            let places: Vec<String> = atom
                .places
                .iter()
                .map(|place| match place {
                    Place::Term => format!("{prefix}t{bound}"),
                    Place::Name(name) => quoted(name),
                })
                .collect();
            let opened = quoted(&format!("({}[", atom.predicate));
            format!("{opened} {} \"])\"", places.join(" \",\" "))
        };
        let atoms: Vec<String> = self.atoms.iter().map(atom).collect();
        // Writing to a string does not fail.
        let _ = writeln!(grammar, "{prefix}t{bound}: {}\n{prefix}a{bound}: {}", terms.join(" | "), atoms.join(" | "));
    }

    /// What may stand under so many variables.
    fn formulas(&self, prefix: &str, grammar: &mut String, variables: &[String], bound: usize, depth: usize) {
        let mut ways = vec![format!("{prefix}a{bound}"), format!("\"!\" {prefix}a{bound}")];
        if let Some(below) = depth.checked_sub(1) {
            ways.push(format!("\"(& \" {prefix}f{bound}_{below} (\" \" {prefix}f{bound}_{below})+ \")\""));
            ways.push(format!("\"(>[] \" {prefix}f{bound}_{below} \" \" {prefix}f{bound}_{below} \")\""));
            if bound < variables.len() {
                ways.push(format!("\"!\"? ({})", self.quantified(prefix, variables, bound, below)));
            }
        }
        let _ = writeln!(grammar, "{prefix}f{bound}_{depth}: {}", ways.join(" | "));
    }
}

/// Whether MPL reads a text as one name.
fn is_name(text: &str) -> bool {
    let parts = |character: char| character.is_whitespace() || "()[],;\"!".contains(character);
    !text.is_empty() && !text.contains(parts)
}

/// A text as the notation of the grammar writes it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
