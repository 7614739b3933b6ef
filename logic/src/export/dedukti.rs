//! Dedukti: the λΠ-calculus modulo rewriting, as `kocheck` and other checkers of `.dk` files read it.
//!
//! The connectives are defined by what can be concluded from them, each by one rewrite rule, so the file
//! assumes nothing about them; what it assumes is declared by name, axiom by axiom. A step is
//! `(h : Prf A => …) (proof of A)`: the language has no `let`, so the proof of a step stands behind all that
//! uses it. A checker of few instructions reads such nesting to more than ten thousand steps.

use std::fmt::Write as _;

use super::typed::book::{Book, Declaration};
use super::typed::infix::{close, open};
use super::typed::plan::Plan;
use super::typed::walk::walk;
use super::typed::writer::{Shown, Writer, behind};
use super::typed::{Argument, Assumed, Claim, Local, Property, Shape, Term};
use super::{Checked, Format};
use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::theory::Theory;

/// Words that Dedukti keeps, and the names of the logic.
const RESERVED: &str = "\
    def defac defacu injective private require thm Type Kind Prop Prf imp all and ex not false eq and_intro \
    ex_intro eq_refl eq_sym";

/// Writes theorems as a Dedukti file.
pub struct Dedukti<'t> {
    book: Book<'t>,
}

impl<'t> Dedukti<'t> {
    /// For theorems of this theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        Dedukti { book: Book::new(theory, RESERVED) }
    }

    /// Lets `write` write with the names of the book.
    fn write(&mut self, out: &mut String, write: impl FnOnce(&mut Text<'_>)) {
        let names = std::mem::take(&mut self.book.names);
        let mut text = Text { writer: Writer::new(&self.book, names, out) };
        write(&mut text);
        self.book.names = text.writer.finish();
    }
}

/// The logic, with `{I}` for the domain.
const LOGIC: &str = "
(; Individuals, propositions, and the proofs of a proposition. ;)
{I} : Type.
Prop : Type.
def Prf : Prop -> Type.

(; A proof of an implication is a function, and so is one of a generality. ;)
imp : Prop -> Prop -> Prop.
[a : Prop, b : Prop] Prf (imp a b) --> Prf a -> Prf b.
all : ({I} -> Prop) -> Prop.
[p : {I} -> Prop] Prf (all p) --> x : {I} -> Prf (p x).

(; The others are what can be concluded from them. ;)
and : Prop -> Prop -> Prop.
[a : Prop, b : Prop] Prf (and a b) --> c : Prop -> (Prf a -> Prf b -> Prf c) -> Prf c.
ex : ({I} -> Prop) -> Prop.
[p : {I} -> Prop] Prf (ex p) --> c : Prop -> (x : {I} -> Prf (p x) -> Prf c) -> Prf c.
false : Prop.
[] Prf false --> c : Prop -> Prf c.
not : Prop -> Prop.
[a : Prop] Prf (not a) --> Prf a -> Prf false.
eq : {I} -> {I} -> Prop.
[x : {I}, y : {I}] Prf (eq x y) --> p : ({I} -> Prop) -> Prf (p x) -> Prf (p y).

thm and_intro : a : Prop -> b : Prop -> Prf a -> Prf b -> Prf (and a b) :=
  a : Prop => b : Prop => x : Prf a => y : Prf b => c : Prop => k : (Prf a -> Prf b -> Prf c) => k x y.
thm ex_intro : p : ({I} -> Prop) -> x : {I} -> Prf (p x) -> Prf (ex p) :=
  p : ({I} -> Prop) => x : {I} => h : Prf (p x) => c : Prop => k : (z : {I} -> Prf (p z) -> Prf c) => k x h.
thm eq_refl : x : {I} -> Prf (eq x x) :=
  x : {I} => p : ({I} -> Prop) => h : Prf (p x) => h.
thm eq_sym : x : {I} -> y : {I} -> Prf (eq x y) -> Prf (eq y x) :=
  x : {I} => y : {I} => e : Prf (eq x y) => e (z : {I} => eq z x) (eq_refl x).
";

impl Format for Dedukti<'_> {
    fn survey(&mut self, theorem: &Checked<'_>) {
        self.book.survey(theorem);
    }

    fn begin(&mut self, out: &mut String) {
        let stated = match self.book.shape {
            Shape::Anchored => "Theorems are stated about the parameters and from the axioms that are declared",
            Shape::Closed => "Theorems are stated about all structures",
        };
        comment(
            out,
            &format!(
                "Theorems of {}, written by Theoremata for Dedukti.\n   {stated};\n   there is one sort {} for \
                 individuals, sets, functions and relations.\n   Check it, in its folder: kocheck FILE.dk. What is assumed is what \
                 has a type and no value after \"The theory\".",
                self.book.theory.name, self.book.domain
            ),
        );
        let domain = self.book.domain.clone();
        out.push_str(&LOGIC.replace("{I}", &domain));
        out.push_str("\n(; The theory: membership, pairs and triples, then its definitions. ;)\n");
        for place in 1..=3_usize {
            let _ =
                writeln!(out, "{} : {}Prop.", self.book.predicates[place], format!("{domain} -> ").repeat(place + 1));
        }
        self.write(out, |text| text.definitions());
        self.book.name_parameters();
        if !self.book.parameters.is_empty() {
            out.push_str("\n(; What the theorems are about. ;)\n");
            for parameter in &self.book.parameters {
                let _ = writeln!(out, "{parameter} : {domain}.");
            }
        }
        for declaration in self.book.declare() {
            self.write(out, |text| text.declaration(&declaration));
        }
    }

    fn theorem(&mut self, theorem: &Checked<'_>, out: &mut String) {
        let names = std::mem::take(&mut self.book.names);
        let [first, mpl, rests_on] = Writer::comment_lines(&self.book, theorem);
        out.push('\n');
        comment(out, &format!("{first}\n   {mpl}\n   {rests_on}"));
        let mut text = Text { writer: Writer::new(&self.book, names, out) };
        // The survey has looked at every theorem and chosen a shape that fits all.
        let plan = Plan::of(self.book.theory, &self.book.axioms, theorem.proof(), self.book.shape).expect("surveyed");
        text.theorem(theorem, &plan);
        self.book.names = text.writer.finish();
    }

    fn end(&mut self, _: &mut String) {}
}

/// A comment; what would end it or begin another is written differently.
fn comment(out: &mut String, text: &str) {
    let text = text.replace("(;", "( ;").replace(";)", "; )");
    let _ = writeln!(out, "(; {text} ;)");
}

/// Writes declarations and terms.
struct Text<'w> {
    writer: Writer<'w>,
}

impl Text<'_> {
    /// A proposition; as an argument it is in parentheses unless it is one word.
    fn formula(&mut self, formula: &Formula, argument: bool) {
        let is_word = matches!(formula, Formula::Atom(_, arguments) if arguments.is_empty());
        let parentheses = open(&mut self.writer, argument && !is_word);
        if let Some((binders, left, right)) = formula.as_exists() {
            for shown in binders.names() {
                let name = self.writer.bind(shown);
                self.quantifier("ex", &name);
            }
            self.connective("and", left, right);
            self.writer.put(&")".repeat(binders.len()));
            self.writer.unbind(binders.len());
        } else {
            match formula {
                Formula::Atom(PredicateId::EQUAL, sides) => {
                    self.writer.put("eq ");
                    self.writer.variable(sides[0]);
                    self.writer.put(" ");
                    self.writer.variable(sides[1]);
                }
                Formula::Atom(predicate, arguments) => self.writer.atom(*predicate, arguments),
                Formula::And(left, right) => self.connective("and", left, right),
                Formula::Not(inner) => {
                    self.writer.put("not ");
                    self.formula(inner, true);
                }
                Formula::Implies(binders, premise, conclusion) => {
                    for shown in binders.names() {
                        let name = self.writer.bind(shown);
                        self.quantifier("all", &name);
                    }
                    self.connective("imp", premise, conclusion);
                    self.writer.put(&")".repeat(binders.len()));
                    self.writer.unbind(binders.len());
                }
            }
        }
        close(&mut self.writer, parentheses);
    }

    /// `all (x : I => `
    fn quantifier(&mut self, sign: &str, name: &str) {
        let text = format!("{sign} ({name} : {} => ", self.writer.book.domain);
        self.writer.put(&text);
    }

    fn connective(&mut self, sign: &str, left: &Formula, right: &Formula) {
        self.writer.put(sign);
        for part in [left, right] {
            self.writer.put(" ");
            self.formula(part, true);
        }
    }

    fn proofs_of(&mut self, claim: &Claim) {
        match claim {
            Claim::Holds(formula) => {
                self.writer.put("Prf ");
                self.formula(formula, true);
            }
            Claim::Fails(formula) => {
                self.writer.put("Prf (not ");
                self.formula(formula, true);
                self.writer.put(")");
            }
        }
    }

    fn definitions(&mut self) {
        let book = self.writer.book;
        for (predicate, name) in book.theory.predicates.iter().zip(&book.predicates) {
            let Some(definition) = &predicate.definition else { continue };
            self.writer.put("\n");
            let doc = definition.doc.as_deref().unwrap_or("");
            comment(self.writer.out, format!("{} {doc}", predicate.name).trim());
            let count = definition.parameters.len();
            let arrows = format!("{} -> ", book.domain).repeat(count);
            self.writer.put(&format!("def {name} : {arrows}Prop :="));
            self.writer.line();
            for (place, shown) in (0..).zip(&definition.parameters) {
                let parameter = self.writer.know_variable(Name(place), shown);
                self.writer.put(&format!("{parameter} : {} => ", book.domain));
            }
            self.formula(&definition.body, false);
            self.writer.put(".\n");
            (0..count as u32).for_each(|place| self.writer.forget_variable(Name(place)));
        }
    }

    fn declaration(&mut self, declaration: &Declaration) {
        let book = self.writer.book;
        self.writer.put("\n");
        comment(self.writer.out, &declaration.comment);
        self.writer.put(&format!("{} : ", declaration.name));
        let Some(formula) = &declaration.formula else {
            return self.writer.put("a : Prop -> Prf (not (not a)) -> Prf a.\n");
        };
        self.writer.know_parameters((0..).map(Name).take(book.parameters.len()));
        if declaration.property {
            let property = self.writer.know_property();
            self.writer.put(&format!("{property} : ({} -> Prop) -> ", book.domain));
        }
        for (name, shown) in &declaration.variables {
            let name = self.writer.know_variable(*name, shown);
            self.writer.put(&format!("{name} : {} -> ", book.domain));
        }
        self.writer.put("Prf ");
        self.formula(formula, true);
        self.writer.put(".\n");
        declaration.variables.iter().for_each(|(name, _)| self.writer.forget_variable(*name));
        if declaration.property {
            self.writer.forget_property();
        }
    }

    fn theorem(&mut self, theorem: &Checked<'_>, plan: &Plan<'_>) {
        let book = self.writer.book;
        self.writer.know_parameters(plan.proof.scopes[plan.root.index()].variables.iter().copied());
        self.writer.put(&format!("thm {} :", book.theorem(theorem.number())));
        self.writer.line();
        self.writer.put("Prf ");
        self.formula(plan.conclusion(plan.result), true);
        self.writer.put(" :=");
        self.writer.line();
        let walked = walk(book.theory, &book.axioms, plan);
        let shown = Shown { proof: &plan.proof.names, walked: &walked.shown };
        self.term(&walked.term, &shown, false);
        self.writer.put(".\n");
    }

    /// A term; as an argument it is in parentheses unless it is one word.
    fn term(&mut self, term: &Term, shown: &Shown<'_>, argument: bool) {
        match term {
            Term::Local(local) => return self.writer.local(*local),
            Term::Theorem(number) => return self.writer.theorem(*number),
            Term::Assumed(assumed) => return self.writer.assumed(assumed),
            Term::Typed(inner, _) => return self.term(inner, shown, argument),
            _ => {}
        }
        let parentheses = open(&mut self.writer, argument);
        match term {
            Term::Local(_) | Term::Theorem(_) | Term::Assumed(_) | Term::Typed(..) => {}
            Term::Apply(head, arguments) => {
                self.term(head, shown, true);
                for argument in arguments {
                    self.writer.put(" ");
                    self.argument(argument, shown);
                }
            }
            Term::Lambda(variables, claims, body) => self.lambda(variables, claims, body, shown),
            Term::Steps(steps, last) => self.steps(steps, last, shown),
            Term::Pair(left, right, first, second) => self.pair([left, right], [first, second], shown),
            Term::Left(part, _, pair) | Term::Right(_, part, pair) => {
                self.term(pair, shown, true);
                self.writer.put(" ");
                self.formula(part, true);
                self.writer.put(if matches!(term, Term::Left(..)) { " (a => b => a)" } else { " (a => b => b)" });
            }
            Term::Witness { exists, witnesses, left, right } => {
                self.witness(exists, witnesses, [left, right], shown);
            }
            Term::Unpack { exists, from, variables, parts, goal, body } => {
                self.term(from, shown, true);
                self.unpack(exists, variables, *parts, goal.as_ref(), body, shown);
            }
            Term::Absurd(goal, falsity) => {
                self.term(falsity, shown, true);
                self.writer.put(" ");
                self.formula(goal, true);
            }
            Term::Classical(goal, proof) => {
                self.writer.assumed(&Assumed::Classical);
                self.writer.put(" ");
                self.formula(goal, true);
                self.writer.put(" ");
                self.term(proof, shown, true);
            }
            Term::Reflexive(name) => {
                self.writer.put("eq_refl ");
                self.writer.name(*name);
            }
            Term::Replace { from, to, property, equation, proof } => {
                if equation.reversed {
                    self.writer.put("eq_sym ");
                    self.writer.name(*to);
                    self.writer.put(" ");
                    self.writer.name(*from);
                    self.writer.put(" ");
                }
                self.term(&equation.proof, shown, true);
                self.writer.put(" ");
                self.property(property, shown);
                self.writer.put(" ");
                self.term(proof, shown, true);
            }
        }
        close(&mut self.writer, parentheses);
    }

    fn argument(&mut self, argument: &Argument, shown: &Shown<'_>) {
        match argument {
            Argument::Individual(name) => self.writer.name(*name),
            Argument::Proof(term) => self.term(term, shown, true),
            Argument::Property(property) => self.property(property, shown),
        }
    }

    /// `(x : I => A)`
    fn property(&mut self, property: &Property, shown: &Shown<'_>) {
        let name = self.writer.know_variable(property.variable, &shown.of(property.variable));
        let text = format!("({name} : {} => ", self.writer.book.domain);
        self.writer.put(&text);
        self.formula(&property.formula, false);
        self.writer.put(")");
        self.writer.forget_variable(property.variable);
    }

    fn pair(&mut self, formulas: [&Formula; 2], parts: [&Term; 2], shown: &Shown<'_>) {
        self.connective("and_intro", formulas[0], formulas[1]);
        for part in parts {
            self.writer.put(" ");
            self.term(part, shown, true);
        }
    }

    fn witness(&mut self, exists: &Formula, witnesses: &[Name], parts: [&Term; 2], shown: &Shown<'_>) {
        for count in 0..witnesses.len() {
            self.writer.put(if count == 0 { "ex_intro (" } else { " (ex_intro (" });
            self.of_next(exists, &witnesses[..count], true);
            self.writer.put(") ");
            self.writer.name(witnesses[count]);
        }
        let Some((_, left, right)) = exists.as_exists() else { return };
        self.writer.put(" (");
        self.pair([&left.open(witnesses), &right.open(witnesses)], parts, shown);
        self.writer.put(&")".repeat(witnesses.len()));
    }

    /// What an existence statement says behind its first variables: `z : I => …` with its next variable, or
    /// without it the whole that is left.
    fn of_next(&mut self, exists: &Formula, given: &[Name], as_property: bool) {
        let Some((rest, left, right)) = behind(exists, given) else { return };
        for (place, shown) in rest.iter().enumerate() {
            let name = self.writer.bind(shown);
            if place == 0 && as_property {
                let text = format!("{name} : {} => ", self.writer.book.domain);
                self.writer.put(&text);
            } else {
                self.quantifier("ex", &name);
            }
        }
        self.connective("and", &left, &right);
        self.writer.put(&")".repeat(rest.len() - usize::from(as_property && !rest.is_empty())));
        self.writer.unbind(rest.len());
    }

    /// ` C (x : I => h : Prf … => …)`, after the proof of an existence statement; one for each variable, and
    /// one for the two parts.
    fn unpack(
        &mut self,
        exists: &Formula,
        variables: &[Name],
        parts: [Local; 2],
        goal: Option<&Formula>,
        body: &Term,
        shown: &Shown<'_>,
    ) {
        let goal_text = |text: &mut Self| match goal {
            Some(goal) => text.formula(goal, true),
            None => text.writer.put("false"),
        };
        let domain = self.writer.book.domain.clone();
        let mut names = Vec::new();
        for (place, variable) in variables.iter().enumerate() {
            self.writer.put(" ");
            goal_text(self);
            let name = self.writer.know_variable(*variable, &shown.of(*variable));
            self.writer.put(&format!(" ({name} : {domain} => "));
            let rest = self.writer.know_helper();
            self.writer.put(&format!("{rest} : Prf ("));
            self.of_next(exists, &variables[..=place], false);
            self.writer.put(&format!(") => {rest}"));
            names.push(rest);
        }
        let Some((_, left, right)) = exists.as_exists() else { return };
        self.writer.put(" ");
        goal_text(self);
        self.writer.put(" (");
        for (part, formula) in parts.iter().zip([left, right]) {
            let name = self.writer.know_local(*part);
            self.writer.put(&format!("{name} : Prf "));
            self.formula(&formula.open(variables), true);
            self.writer.put(" => ");
        }
        self.inside(body, shown);
        self.writer.put(&")".repeat(variables.len() + 1));
        parts.iter().for_each(|part| self.writer.forget_local(*part));
        names.iter().for_each(|name| self.writer.forget_helper(name));
        variables.iter().for_each(|name| self.writer.forget_variable(*name));
    }

    fn lambda(&mut self, variables: &[Name], claims: &[(Local, Claim)], body: &Term, shown: &Shown<'_>) {
        let domain = self.writer.book.domain.clone();
        for variable in variables {
            let name = self.writer.know_variable(*variable, &shown.of(*variable));
            self.writer.put(&format!("{name} : {domain} => "));
        }
        for (local, claim) in claims {
            let name = self.writer.know_local(*local);
            self.writer.put(&format!("{name} : "));
            self.proofs_of(claim);
            self.writer.put(" => ");
        }
        self.inside(body, shown);
        claims.iter().rev().for_each(|(local, _)| self.writer.forget_local(*local));
        variables.iter().rev().for_each(|name| self.writer.forget_variable(*name));
    }

    /// A term on lines of its own, set in.
    fn inside(&mut self, body: &Term, shown: &Shown<'_>) {
        self.writer.depth += 1;
        self.writer.line();
        self.term(body, shown, false);
        self.writer.depth -= 1;
    }

    fn steps(&mut self, steps: &[(Local, Formula, Term)], last: &Term, shown: &Shown<'_>) {
        for (local, formula, _) in steps {
            let name = self.writer.know_local(*local);
            self.writer.put(&format!("({name} : Prf "));
            self.formula(formula, true);
            self.writer.put(" =>");
            self.writer.line();
        }
        self.term(last, shown, false);
        for (local, _, term) in steps.iter().rev() {
            self.writer.put(")");
            self.writer.line();
            self.writer.forget_local(*local);
            self.term(term, shown, true);
        }
    }
}
