//! The grammar of the MPL statements of a theory.

use std::fmt::Write;

use super::constraint::ConstraintError;

/// What an argument of an atom may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A variable that is bound there, or a constant of the signature.
    Term,
    /// This name alone: the relation, function or set of the atom.
    Name(String),
}

/// A kind of atom: a predicate and what its arguments may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Atom {
    /// The name of the predicate, such as `in3` or `=`.
    pub predicate: String,
    /// Its arguments.
    pub places: Vec<Place>,
}

/// The atoms and constants of a theory's statements, and the bounds on their size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The kinds of atoms.
    pub atoms: Vec<Atom>,
    /// Names that stand for individuals.
    pub constants: Vec<String>,
    /// The largest number of variables that are bound at once; at least 1.
    pub variables: usize,
    /// Nesting of connectives, below the outermost.
    pub depth: usize,
}

/// The bound on variables and on depth: the size of the grammar grows with the square of the one times the other.
const BOUND: usize = 16;

impl Atom {
    /// A predicate with `arity` arguments that are terms.
    pub fn of_terms(predicate: &str, arity: usize) -> Atom {
        Atom { predicate: predicate.into(), places: vec![Place::Term; arity] }
    }
}

impl Signature {
    /// A grammar in the notation of [`Grammars::lark`](crate::Grammars::lark). Its texts are statements `(>[x,y] A B)`
    /// in which every atom is in the signature, every variable is bound, and no binder shadows another.
    pub fn grammar(&self) -> Result<String, ConstraintError> {
        self.rules("")
    }

    /// The rules of this grammar as part of a larger one: the names of all rules begin with `prefix`, which keeps
    /// several signatures apart. The rule for a statement is `start` after the prefix.
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

    /// The alternatives of `(>[…] A B)` that bind at least one more variable.
    fn quantified(&self, prefix: &str, variables: &[String], bound: usize, depth: usize) -> String {
        let one = |more: usize| {
            let opened = format!("(>[{}] ", variables[bound..more].join(","));
            format!("{} {prefix}f{more}_{depth} \" \" {prefix}f{more}_{depth} \")\"", quoted(&opened))
        };
        (bound + 1..=variables.len()).map(one).collect::<Vec<_>>().join(" | ")
    }

    /// The rules for terms and atoms over these variables.
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

    /// The rule for formulas in which `bound` variables are bound.
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

/// Whether MPL reads the text as one name.
fn is_name(text: &str) -> bool {
    let parts = |character: char| character.is_whitespace() || "()[],;\"!".contains(character);
    !text.is_empty() && !text.contains(parts)
}

/// The text as a literal of the grammar notation.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
