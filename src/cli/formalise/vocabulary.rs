//! The vocabulary of new theories: a set with a few symbols, the named laws of these symbols, and the grammar of
//! theories over them.

use std::fmt::Write;

use theoremata_actors::examine::Limits;
use theoremata_lm::{Atom, ConstraintError, Place, Signature};

use super::draft::Draft;
use crate::server::shipped;

/// The role of a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Constant,
    Function,
    Operation,
    Relation,
}

/// A symbol: in MPL, in infix or prefix notation, and as displayed.
#[derive(Clone, Copy)]
pub(super) struct Sign {
    name: &'static str,
    role: Role,
    /// For a function, its value at x.
    applied: &'static str,
    notation: &'static str,
}

/// The carrier set of every new theory.
const CARRIER: &str = "S";
/// Maximal number of axioms besides the declarations of symbols.
const MOST_AXIOMS: usize = 8;

const fn plain(name: &'static str, role: Role, notation: &'static str) -> Sign {
    Sign { name, role, applied: "", notation }
}

const fn function(name: &'static str, applied: &'static str, notation: &'static str) -> Sign {
    Sign { name, role: Role::Function, applied, notation }
}

const SIGNS: [Sign; 11] = [
    plain("*", Role::Operation, "(notation (in3[x,y,z,*]) (value z) (infix \"·\" 6))"),
    plain("+", Role::Operation, "(notation (in3[x,y,z,+]) (value z) (infix \"+\" 5))"),
    plain("e", Role::Constant, ""),
    plain("0", Role::Constant, ""),
    plain("1", Role::Constant, ""),
    function("inv", "x⁻¹", "(notation (in2[x,y,inv]) (value y) (postfix \"⁻¹\"))"),
    function("neg", "−(x)", "(notation (in2[x,y,neg]) (value y) (prefix \"−\"))"),
    function("s", "s(x)", "(notation (in2[x,y,s]) (value y) (prefix \"s\"))"),
    plain("≤", Role::Relation, "(notation (in2[x,y,≤]) (infix \"≤\" 1))"),
    plain("<", Role::Relation, "(notation (in2[x,y,<]) (infix \"<\" 1))"),
    plain("~", Role::Relation, "(notation (in2[x,y,~]) (infix \"~\" 1))"),
];

/// The sets of symbols that a theory may have. Each has a grammar of its own that mentions only its symbols.
const CHOICES: [&[&str]; 20] = [
    &["≤"],
    &["≤", "0", "1"],
    &["<"],
    &["≤", "<"],
    &["~"],
    &["s"],
    &["0", "s"],
    &["*"],
    &["*", "e"],
    &["*", "e", "inv"],
    &["*", "~"],
    &["*", "≤"],
    &["*", "e", "≤"],
    &["*", "e", "inv", "≤"],
    &["+", "*"],
    &["+", "*", "≤"],
    &["+", "*", "0"],
    &["+", "*", "0", "1"],
    &["+", "*", "0", "1", "neg"],
    &["+", "*", "0", "1", "neg", "≤"],
];

/// A named law: a shipped definition, its arguments, and its statement in infix notation. In the last two, `{0}`, `{1}`
/// and `{2}` stand for symbols of its roles, and `{2x}` for the value of a function at x.
struct Law {
    name: &'static str,
    roles: &'static [Role],
    arguments: &'static str,
    says: &'static str,
}

const fn law(name: &'static str, roles: &'static [Role], arguments: &'static str, says: &'static str) -> Law {
    Law { name, roles, arguments, says }
}

const LAWS: [Law; 15] = [
    law("associative", &[Role::Operation], "{0}", "(x {0} y) {0} z = x {0} (y {0} z)"),
    law("commutative", &[Role::Operation], "{0}", "x {0} y = y {0} x"),
    law("idempotent", &[Role::Operation], "{0},S", "x {0} x = x"),
    law("left-identity", &[Role::Constant, Role::Operation], "{0},{1},S", "{0} {1} x = x"),
    law("right-identity", &[Role::Constant, Role::Operation], "{0},{1},S", "x {1} {0} = x"),
    law("left-inverse", &[Role::Function, Role::Operation, Role::Constant], "{0},{1},{2}", "{0x} {1} x = {2}"),
    law("right-inverse", &[Role::Function, Role::Operation, Role::Constant], "{0},{1},{2}", "x {1} {0x} = {2}"),
    law("left-distributive", &[Role::Operation; 2], "{0},{1}", "x {0} (y {1} z) = (x {0} y) {1} (x {0} z)"),
    law("right-distributive", &[Role::Operation; 2], "{0},{1}", "(y {1} z) {0} x = (y {0} x) {1} (z {0} x)"),
    law("absorbing", &[Role::Operation; 2], "{0},{1}", "x {0} (x {1} y) = x"),
    law("reflexive", &[Role::Relation], "{0},S", "x {0} x"),
    law("symmetric", &[Role::Relation], "{0}", "x {0} y → y {0} x"),
    law("antisymmetric", &[Role::Relation], "{0}", "x {0} y ∧ y {0} x → x = y"),
    law("transitive", &[Role::Relation], "{0}", "x {0} y ∧ y {0} z → x {0} z"),
    law("total", &[Role::Relation], "{0},S", "x {0} y ∨ y {0} x"),
];

/// The files that define the laws and the properties of symbols.
const DEFINITIONS: [&str; 3] = ["functions.mpl", "algebra.mpl", "properties.mpl"];

/// The symbols of a theory besides its set.
pub(super) struct Choice(Vec<Sign>);

/// Few-shot examples: descriptions with theories that formalise them.
pub(super) const EXAMPLES: [(&str, &str); 3] = [
    (
        "A set whose elements are combined two at a time, and it does not matter how a product of three is bracketed.",
        "(theory Semigroup[S,*] (& (operation[*,S,S,S]) (associative[*])))",
    ),
    (
        "Things of which some are at most others: each is at most itself, and two that are at most each other are the same.",
        "(theory Comparison[S,≤] (& (on[≤,S]) (reflexive[≤,S]) (antisymmetric[≤])))",
    ),
    (
        "A multiplication with a special element e: whatever is multiplied by e gives e.",
        "(theory Vanishing[S,*,e] (& (operation[*,S,S,S]) (in[e,S]) (>[x,y] (in3[x,e,y,*]) (=[y,e]))))",
    ),
];

impl Choice {
    /// All choices of symbols.
    fn all() -> impl Iterator<Item = Choice> {
        CHOICES.iter().filter_map(|names| Choice::of(names))
    }

    /// The symbols with these names; `None` if one is unknown.
    fn of(names: &[&str]) -> Option<Choice> {
        let sign = |name: &&str| SIGNS.iter().find(|sign| sign.name == *name).copied();
        names.iter().map(sign).collect::<Option<Vec<Sign>>>().map(Choice)
    }

    /// The symbols from the parameters of a theory; `None` if they are not a set and symbols of this vocabulary.
    pub(super) fn of_parameters(parameters: &[&str]) -> Option<Choice> {
        let (carrier, names) = parameters.split_first()?;
        Choice::of(names).filter(|_| *carrier == CARRIER)
    }

    /// Whether other theories have this symbol and this one does not.
    pub(super) fn lacks(&self, name: &str) -> bool {
        let is_named = |sign: &Sign| sign.name == name;
        SIGNS.iter().any(is_named) && !self.0.iter().any(is_named)
    }

    /// The set and the symbols, as a parameter list.
    pub(super) fn parameters(&self) -> String {
        let names = self.0.iter().map(|sign| sign.name);
        [CARRIER].into_iter().chain(names).collect::<Vec<_>>().join(",")
    }

    /// Declarations of the symbols, as axioms.
    pub(super) fn declarations(&self) -> Vec<String> {
        let declared = |Sign { name, role, .. }: &Sign| match role {
            Role::Constant => format!("(in[{name},S])"),
            Role::Function => format!("(function[{name},S,S])"),
            Role::Operation => format!("(operation[{name},S,S,S])"),
            Role::Relation => format!("(on[{name},S])"),
        };
        self.0.iter().map(declared).collect()
    }

    /// The displayed forms of the symbols.
    pub(super) fn notations(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|sign| sign.notation).filter(|notation| !notation.is_empty())
    }

    /// The named laws of these symbols: the axiom, and its statement in infix notation.
    pub(super) fn laws(&self) -> Vec<(String, String)> {
        let mut laws = Vec::new();
        for law in &LAWS {
            for signs in self.filling(law.roles) {
                let (mut arguments, mut says) = (law.arguments.to_owned(), law.says.to_owned());
                for (place, sign) in signs.iter().enumerate() {
                    arguments = arguments.replace(&format!("{{{place}}}"), sign.name);
                    says = says
                        .replace(&format!("{{{place}x}}"), sign.applied)
                        .replace(&format!("{{{place}}}"), sign.name);
                }
                laws.push((format!("({}[{arguments}])", law.name), says));
            }
        }
        laws
    }

    /// All assignments of distinct symbols to these roles.
    fn filling(&self, roles: &[Role]) -> Vec<Vec<Sign>> {
        let mut ways: Vec<Vec<Sign>> = vec![Vec::new()];
        for role in roles {
            let is_free = |way: &[Sign], sign: &Sign| way.iter().all(|taken| taken.name != sign.name);
            let longer = |way: &Vec<Sign>| {
                let signs = self.0.iter().filter(|sign| sign.role == *role && is_free(way, sign));
                signs.map(|sign| way.iter().copied().chain([*sign]).collect()).collect::<Vec<_>>()
            };
            ways = ways.iter().flat_map(longer).collect();
        }
        ways
    }

    /// The signature of statements that a model may write in full.
    fn signature(&self) -> Signature {
        let mut atoms = vec![Atom::of_terms("=", 2)];
        let mut constants = Vec::new();
        let mut atom = |predicate: &str, terms: usize, name: &str| {
            let mut places = vec![Place::Term; terms];
            places.push(Place::Name(name.to_owned()));
            atoms.push(Atom { predicate: predicate.to_owned(), places });
        };
        atom("in", 1, CARRIER);
        for Sign { name, role, .. } in &self.0 {
            match role {
                Role::Constant => constants.push((*name).to_owned()),
                Role::Function | Role::Relation => atom("in2", 2, name),
                Role::Operation => atom("in3", 3, name),
            }
        }
        Signature { atoms, constants, variables: 4, depth: 1 }
    }
}

/// The grammar of theories: a single form `(theory …)` on one line, over one choice of symbols, which it declares, with
/// up to eight axioms that are named laws or statements.
///
/// # Errors
/// Never, as long as the symbols are valid names.
pub(super) fn grammar() -> Result<String, ConstraintError> {
    let choices: Vec<Choice> = Choice::all().collect();
    let ways: Vec<String> = (0..choices.len()).map(|number| format!("k{number}_theory")).collect();
    let mut grammar = format!("start: \"(theory \" NAME ({}) \")\"\nNAME: /[A-Z][A-Za-z]{{2,23}}/\n", ways.join(" | "));
    for (number, choice) in choices.iter().enumerate() {
        let prefix = format!("k{number}_");
        let opened = format!("[{}] (& {}", choice.parameters(), choice.declarations().join(" "));
        let one = format!("\" \" {prefix}axiom");
        let axioms = (1..MOST_AXIOMS).fold(one.clone(), |rest, _| format!("{one} ({rest})?"));
        let laws = choice.laws().into_iter().map(|(law, _)| quoted(&law));
        let ways: Vec<String> = laws.chain([format!("{prefix}start")]).collect();
        // Writing to a string does not fail.
        let _ = writeln!(grammar, "{prefix}theory: {} {axioms} \")\"", quoted(&opened));
        let _ = writeln!(grammar, "{prefix}axiom: {}", ways.join(" | "));
        grammar += &choice.signature().rules(&prefix)?;
    }
    Ok(grammar)
}

/// A string literal of the grammar.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether some theory of this vocabulary can state an example.
///
/// # Errors
/// The error message of the theory with the most symbols.
pub(super) fn can_be_said(example: &str, limits: Limits) -> Result<(), String> {
    let mut said = Err("there are no signs".to_owned());
    for choice in Choice::all() {
        said = Draft::bare(choice, limits)?.example(example).map(drop);
        if said.is_ok() {
            break;
        }
    }
    said
}

/// Explanation of symbols and laws for the prompt.
pub(super) fn help() -> String {
    let laws = LAWS.iter().map(|law| {
        let arguments = law.arguments.replace("{0}", "a").replace("{1}", "b").replace("{2}", "c");
        let says = law.says.replace("{0x}", "a(x)").replace("{0}", "a").replace("{1}", "b").replace("{2}", "c");
        format!("{}[{arguments}]: {says}", law.name)
    });
    let laws = laws.collect::<Vec<_>>().join("; ");
    format!(
        "A theory is about a set S with operations * and +, constants e, 0 and 1, functions inv, neg and s, and relations ≤, < and ~. \
         in3[x,y,z,*] is x * y = z, in2[x,y,inv] is inv(x) = y, in2[x,y,≤] is x ≤ y, =[x,y] is x = y, (>[x,y] A B) is for all \
         x and y: if A then B.\nLaws: {laws}."
    )
}

/// The texts of the shipped definitions with these names, in the order of their files.
pub(super) fn definitions(names: &[&str]) -> Vec<&'static str> {
    let mut texts = Vec::new();
    for text in DEFINITIONS.iter().filter_map(|file| shipped::file(file)) {
        let mut rest = text;
        while let Some(at) = rest.find("(define ") {
            let form = super::forms::first(&rest[at..]);
            let name = form["(define ".len()..].split('[').next().unwrap_or_default();
            texts.extend(names.contains(&name).then_some(form));
            rest = &rest[at + form.len()..];
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use theoremata_actors::examine::{Examiner, Verdict};
    use theoremata_store::{Input, Store};

    use super::super::forms;
    use super::*;
    use crate::exchange::input::{Loaded, load_texts};
    use crate::time::now;

    const LIMITS: Limits = Limits { cpu: 5.0, memory: 1 << 30 };

    /// The theory of a file, extended with all definitions of laws.
    fn with_all_definitions(file: &str) -> Examiner {
        let mut file = file.to_owned();
        for definition in LAWS.iter().flat_map(|law| definitions(&[law.name])) {
            file.push_str(definition);
        }
        let input = Input { name: "test.mpl".to_owned(), bytes: file.into_bytes() };
        let Loaded { theory, files, .. } = load_texts(&[input], &|_| None).expect("a theory");
        Examiner::new(theory, files, Arc::new(Store::in_memory()), LIMITS, now)
    }

    #[test]
    fn a_law_with_a_name_says_what_it_is_shown_to_say() {
        // Together these have symbols for all laws.
        for names in [&["*", "e", "inv"][..], &["+", "*"], &["≤"]] {
            for (law, says) in Choice::of(names).expect("signs").laws() {
                let parameters = Choice::of(names).expect("signs").parameters();
                let theory = |axiom: &str| {
                    let text = format!("(theory Test[{parameters}] (& {axiom}))");
                    Draft::read(&text, "", LIMITS).unwrap_or_else(|why| panic!("{axiom}: {why}"))
                };
                let named = theory(&law);
                let goal = named.examiner.read(&says).expect("a statement");
                let said = named.examiner.mpl(&goal);
                let from_name = named.examiner.examine(&[], &goal).expect("a verdict");
                assert!(matches!(from_name, Verdict::Proved { .. }), "{law}: {from_name:?}");
                let plain = with_all_definitions(&theory(&said).file);
                let goal = plain.read(&law).expect("a statement");
                let from_text = plain.examine(&[], &goal).expect("a verdict");
                assert!(matches!(from_text, Verdict::Proved { .. }), "{said}: {from_text:?}");
            }
        }
    }

    #[test]
    fn examples_and_declarations_are_read() {
        for (_, text) in EXAMPLES {
            assert_eq!(forms::first(text), text);
            Draft::read(text, "", LIMITS).unwrap_or_else(|why| panic!("{text}: {why}"));
        }
        for choice in Choice::all() {
            let parameters = choice.parameters();
            Draft::bare(choice, LIMITS).unwrap_or_else(|why| panic!("{parameters}: {why}"));
        }
        assert!(can_be_said("x * y = y * x", LIMITS).is_ok() && can_be_said("x # y", LIMITS).is_err());
        assert!(grammar().expect("a grammar").len() < 1 << 19, "with room below what is read of a grammar");
    }
}
