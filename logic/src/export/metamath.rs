//! Metamath: a file that any Metamath verifier checks, with a logic of its own that is explained rule by
//! rule ([`kernel.mm`](metamath/kernel.mm)).
//!
//! The steps of the calculus become applications of the kernel's rules; nothing is searched for. Scopes
//! become lists of assumptions in front of `=>`. Substitution, which Metamath leaves to the logic, is done
//! by equality: that B is A with y for x is proved as "if x = y then A and B are equivalent", along the
//! shape of A. The same serves for renaming bound variables and for replacing equals.

mod arena;
mod formulas;
mod steps;
mod theory;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::proof::Rule;
use crate::calculus::theory::Theory;
use crate::export::names::Names;
use crate::export::{Checked, Comments, Format};

use arena::{Arena, Label, NodeId, Variable, wrapped};
use formulas::height;
use steps::Known;
use theory::Signs;

const KERNEL: &str = include_str!("metamath/kernel.mm");

/// Names that no predicate may have: signs of the kernel, and what stands behind `w-` and `e-` in its labels.
const RESERVED: [&str; 20] = [
    "wff", "var", "ctx", "G", "A", "B", "C", "D", "x", "y", "z", "w", "in", "in2", "imp", "iff", "and", "not", "all",
    "equal",
];

/// Writes theorems as a Metamath file.
pub struct Metamath<'t> {
    theory: &'t Theory,
    comments: Comments<'t>,
    signs: Signs,
    inductions: BTreeSet<u32>,
    comprehensions: BTreeSet<(PredicateId, u32)>,
    /// How many bound and free variables have been declared.
    declared: [u32; 2],
    /// The theorems that were written, by their place in the run.
    known: HashMap<u32, Known>,
}

impl<'t> Metamath<'t> {
    /// For theorems of this theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        let mut names = Names::without(&RESERVED);
        let predicates = (theory.predicates.iter().enumerate())
            .map(|(place, predicate)| match PredicateId(place as u32) {
                PredicateId::EQUAL => "=".to_owned(),
                PredicateId::IN | PredicateId::IN2 => predicate.name.to_string(),
                _ => names.fresh(&predicate.name),
            })
            .collect();
        Metamath {
            theory,
            comments: Comments::new(theory),
            signs: Signs { predicates },
            inductions: BTreeSet::new(),
            comprehensions: BTreeSet::new(),
            declared: [0, 0],
            known: HashMap::new(),
        }
    }

    fn label(&self, label: Label) -> String {
        let sign = |id: PredicateId| &self.signs.predicates[id.index()];
        match label {
            Label::Kernel(rule) => rule.to_owned(),
            Label::Variable(variable) => format!("f-{variable}"),
            Label::Atom(id) => format!("w-{}", sign(id)),
            Label::Equals(id) => format!("e-{}", sign(id)),
            Label::Definition(id) => format!("d-{}", sign(id)),
            Label::Induction(number) => format!("n-{number}"),
            Label::Comprehension(id, set) => format!("s-{}.{set}", sign(id)),
            Label::Theorem(number) => format!("t-{number}"),
            Label::Under(number) => format!("u-{number}"),
        }
    }

    /// Declares variables until those with lower numbers than these are known.
    fn declare(&mut self, bound: u32, free: u32, out: &mut String) {
        for (letter, known, wanted) in [("b", 0, bound), ("v", 1, free)] {
            for number in self.declared[known]..wanted {
                let _ = writeln!(out, "$v {letter}.{number} $.  f-{letter}.{number} $f var {letter}.{number} $.");
            }
            self.declared[known] = self.declared[known].max(wanted);
        }
    }

    /// A statement with its proof, in a block that says which variables differ.
    fn proof(
        &mut self,
        arena: &Arena,
        root: NodeId,
        mandatory: &[Variable],
        about: &str,
        judgement: &str,
        out: &mut String,
    ) {
        let variables = arena.variables(root);
        let number = |variable: &Variable| match variable {
            Variable::Bound(number) => (number + 1, 0),
            Variable::Free(number) => (0, number + 1),
        };
        let needed =
            |pick: fn((u32, u32)) -> u32| variables.iter().chain(mandatory).map(number).map(pick).max().unwrap_or(0);
        self.declare(needed(|(bound, _)| bound), needed(|(_, free)| free), out);
        let names: Vec<String> = variables.iter().map(Variable::to_string).collect();
        let apart = theory::different(&names);
        let _ = writeln!(out, "\n${{");
        if !apart.is_empty() {
            let _ = writeln!(out, "{}", wrapped(apart.split_whitespace()));
        }
        let _ = writeln!(out, "{about}{}", wrapped(judgement.split(' ')));
        let _ = writeln!(out, "{} $.\n$}}", arena.compressed(root, mandatory, &|label| self.label(label)));
    }
}

impl Format for Metamath<'_> {
    fn survey(&mut self, theorem: &Checked<'_>) {
        self.inductions.extend(&theorem.basis().inductions);
        for step in &theorem.proof().steps {
            if let Rule::Comprehension { predicate, set, .. } = &step.rule {
                self.comprehensions.insert((*predicate, *set));
            }
        }
    }

    fn begin(&mut self, out: &mut String) {
        let theory = self.theory;
        let _ = writeln!(out, "$( Theorems of {}, for any Metamath verifier. $)\n", ascii(&theory.name));
        out.push_str(KERNEL);
        out.push_str("\n$( The predicates of the theory. Of each: equals have the same properties. $)\n");
        theory::variables(theory, out);
        theory::predicates(theory, &self.signs, out);
        out.push_str(
            "\n$( Bound variables are called b, by the number of binders below their own: so formulas that differ\n   \
             in the names of bound variables only are the same text. $)\n",
        );
        let definitions = theory.predicates.iter().filter_map(|predicate| predicate.definition.as_ref());
        let bound = definitions.map(|definition| height(&definition.body)).max().unwrap_or(0);
        // Parameters of the anchor come before all bound variables: so the arguments of a theorem do.
        self.declare(0, theory.predicate(theory.anchor).sorts.len() as u32, out);
        self.declare(bound, 0, out);
        for (place, predicate) in theory.predicates.iter().enumerate() {
            let Some(definition) = &predicate.definition else { continue };
            let id = PredicateId(place as u32);
            let atom = format!("{}[{}]", predicate.name, definition.parameters.join(","));
            let body = self.comments.mpl(&definition.body, &|name| definition.parameters[name.0 as usize].clone());
            let kind = if id == theory.anchor { "The axioms, as a definition." } else { "A definition." };
            let _ = writeln!(out, "\n$( {kind}\n{}\n$)", comment(&format!("{atom} := {body}")));
            theory::definition(theory, &self.signs, id, out);
        }
        for number in self.inductions.clone() {
            let name = ascii(&theory.inductions[number as usize].name);
            let _ = writeln!(out, "\n$( Assumed: {name}. The first premises say what W.1, W.2, ... are. $)");
            theory::induction(theory, &self.signs, number, out);
        }
        for (id, set) in self.comprehensions.clone() {
            let name = ascii(&theory.predicate(id).name);
            let _ = writeln!(out, "\n$( Assumed: there is a set as {name} describes it. $)");
            theory::comprehension(theory, &self.signs, id, set, out);
        }
    }

    fn theorem(&mut self, theorem: &Checked<'_>, out: &mut String) {
        let number = theorem.shown_number();
        let mut arena = Arena::default();
        let cited = |cited: u32| self.known[&cited];
        let proved = steps::translate(self.theory, theorem.proof(), &cited, number, &mut arena);
        let statement = theorem.statement();
        let known = Known { bound: height(statement), under: proved.under.is_some() };
        self.known.insert(theorem.number().0, known);
        let no_name = |name: Name| format!("v{}", name.0).into();
        let about = format!(
            "  $( Theorem {number}.\n{}\n{}\n{}\n  $)\n",
            comment(&self.comments.mathematics(statement)),
            comment(&self.comments.mpl(statement, &no_name)),
            comment(&format!("Rests on {}.", self.comments.rests_on(theorem)))
        );
        let free = |name: u32| format!("v.{name}");
        let text = self.signs.text(statement, &free);
        let closed: Vec<Variable> = (0..known.bound).map(Variable::Bound).collect();
        match (proved.under, statement) {
            (Some((_, root)), Formula::Implies(binders, anchor, body)) => {
                let parameters: Vec<Name> = (0..binders.len() as u32).map(Name).collect();
                let [anchor, body] = [anchor, body].map(|part| part.open(&parameters));
                let mut mandatory: Vec<Variable> = (0..binders.len() as u32).map(Variable::Free).collect();
                mandatory.extend((0..height(&body)).map(Variable::Bound));
                let judgement = format!(
                    "u-{number} $p |- {{}} , {} => {} $=",
                    self.signs.text(&anchor, &free),
                    self.signs.text(&body, &free)
                );
                self.proof(&arena, root, &mandatory, &about, &judgement, out);
                let closing = format!("  $( Theorem {number}, closed. $)\n");
                self.proof(
                    &arena,
                    proved.closed,
                    &closed,
                    &closing,
                    &format!("t-{number} $p |- {{}} => {text} $="),
                    out,
                );
            }
            _ => {
                self.proof(&arena, proved.closed, &closed, &about, &format!("t-{number} $p |- {{}} => {text} $="), out)
            }
        }
    }

    fn end(&mut self, _: &mut String) {}
}

/// Lines of a comment.
fn comment(text: &str) -> String {
    wrapped(ascii(text).split_whitespace())
}

/// The text in ASCII without `$`, since a Metamath file holds nothing else, and `$` ends comments.
fn ascii(text: &str) -> String {
    let mut result = String::new();
    for c in text.chars() {
        match c {
            '∀' => result.push_str("for all "),
            '∃' => result.push_str("some "),
            '¬' => result.push_str("not "),
            '∧' => result.push_str("and"),
            '∨' => result.push_str("or"),
            '→' => result.push_str("->"),
            '↔' => result.push_str("<->"),
            '≠' => result.push_str("/="),
            '≤' => result.push_str("<="),
            '≥' => result.push_str(">="),
            '∈' => result.push_str("in"),
            '·' => result.push('*'),
            '⁻' => result.push_str("^-"),
            '¹' => result.push('1'),
            '$' => result.push('S'),
            ' '..='~' => result.push(c),
            '\n' | '\t' => result.push(' '),
            c => {
                let _ = write!(result, "U+{:04X}", u32::from(c));
            }
        }
    }
    result
}
