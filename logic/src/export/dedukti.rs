//! Dedukti: the λΠ-calculus modulo rewriting, as read by `kocheck` and other checkers of `.dk` files.
//!
//! The connectives are defined by their elimination rules, each by one rewrite rule, so the file assumes nothing about
//! them; axioms are declared by name, one by one. A step is `(h : Prf A => …) (proof of A)`: the language has no `let`,
//! so the proof of a step comes after everything that uses it. A small checker handles such nesting to more than ten
//! thousand steps.

use std::fmt::Write as _;

use super::Format;
use super::typed::book::{Book, Declaration, Generated};
use super::typed::declare::{Declarations, Writes};
use super::typed::infix::{close, open};
use super::typed::plan::Plan;
use super::typed::walk::walk;
use super::typed::writer::{Shown, Typed, Writer, behind};
use super::typed::{Argument, Assumed, Claim, Local, Property, Shape, Term};
use crate::calculus::checked::Checked;
use crate::calculus::formula::{Binder, Formula, Name, PredicateId};
use crate::calculus::sort::Sort;
use crate::calculus::theory::Theory;

/// Reserved words of Dedukti, and the names of the logic.
const RESERVED: &str = "\
    def defac defacu injective private require thm Type Kind Prop Prf imp all and ex not false eq and_intro \
    ex_intro eq_refl eq_sym Sort El every";

/// Writes theorems as a Dedukti file.
pub struct Dedukti<'t> {
    book: Book<'t>,
}

impl<'t> Dedukti<'t> {
    /// An export of theorems of this theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        Dedukti { book: Book::new(theory, RESERVED) }
    }

    /// Calls `write` with the book's names.
    fn write(&mut self, out: &mut String, write: impl FnOnce(&mut Text<'_>)) {
        let names = std::mem::take(&mut self.book.names);
        let mut text = Text { writer: Writer::new(&self.book, names, out) };
        write(&mut text);
        self.book.names = text.writer.finish();
    }
}

/// The logic, in Dedukti.
const LOGIC: &str = "
(; Sorts and the things of each, propositions, and the proofs of a proposition. A sort may be empty. ;)
Sort : Type.
El : Sort -> Type.
Prop : Type.
def Prf : Prop -> Type.

(; A proof of an implication is a function, and so is one of a generality. ;)
imp : Prop -> Prop -> Prop.
[a : Prop, b : Prop] Prf (imp a b) --> Prf a -> Prf b.
all : s : Sort -> (El s -> Prop) -> Prop.
[s : Sort, p : El s -> Prop] Prf (all s p) --> x : El s -> Prf (p x).

(; For every property. Only what says that a set is generated uses it. ;)
every : s : Sort -> ((El s -> Prop) -> Prop) -> Prop.
[s : Sort, q : (El s -> Prop) -> Prop] Prf (every s q) --> p : (El s -> Prop) -> Prf (q p).

(; The others are what can be concluded from them. ;)
and : Prop -> Prop -> Prop.
[a : Prop, b : Prop] Prf (and a b) --> c : Prop -> (Prf a -> Prf b -> Prf c) -> Prf c.
ex : s : Sort -> (El s -> Prop) -> Prop.
[s : Sort, p : El s -> Prop] Prf (ex s p) --> c : Prop -> (x : El s -> Prf (p x) -> Prf c) -> Prf c.
false : Prop.
[] Prf false --> c : Prop -> Prf c.
not : Prop -> Prop.
[a : Prop] Prf (not a) --> Prf a -> Prf false.
eq : s : Sort -> El s -> El s -> Prop.
[s : Sort, x : El s, y : El s] Prf (eq s x y) --> p : (El s -> Prop) -> Prf (p x) -> Prf (p y).

thm and_intro : a : Prop -> b : Prop -> Prf a -> Prf b -> Prf (and a b) :=
  a : Prop => b : Prop => x : Prf a => y : Prf b => c : Prop => k : (Prf a -> Prf b -> Prf c) => k x y.
thm ex_intro : s : Sort -> p : (El s -> Prop) -> x : El s -> Prf (p x) -> Prf (ex s p) :=
  s : Sort => p : (El s -> Prop) => x : El s => h : Prf (p x) =>
  c : Prop => k : (z : El s -> Prf (p z) -> Prf c) => k x h.
thm eq_refl : s : Sort -> x : El s -> Prf (eq s x x) :=
  s : Sort => x : El s => p : (El s -> Prop) => h : Prf (p x) => h.
thm eq_sym : s : Sort -> x : El s -> y : El s -> Prf (eq s x y) -> Prf (eq s y x) :=
  s : Sort => x : El s => y : El s => e : Prf (eq s x y) => e (z : El s => eq s z x) (eq_refl s x).
";

impl Format for Dedukti<'_> {
    fn survey(&mut self, theorem: &Checked) {
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
                "Theorems of {}, written by Theoremata for Dedukti.\n   {stated};\n   {} a is the \
                 sort of sets over a, of which nothing is known but what is assumed.\n   Check it, in its folder: \
                 kocheck FILE.dk. What is assumed is what has a type and no value after \"The theory\".",
                self.book.theory.name, self.book.powers[&1]
            ),
        );
        out.push_str(LOGIC);
        out.push_str("\n(; The theory: sets and relations, membership, pairs and triples, then its definitions. ;)\n");
        for (arity, name) in &self.book.powers {
            let _ = writeln!(out, "{name} : {}Sort.", "Sort -> ".repeat(*arity));
        }
        self.write(out, |text| text.primitives());
        self.write(out, |text| text.generated());
        self.write(out, |text| text.definitions());
        let parameters = self.book.name_parameters();
        if !self.book.bases.is_empty() {
            out.push_str("\n(; What the theorems are about. ;)\n");
            for (_, name) in &self.book.bases {
                let _ = writeln!(out, "{name} : Sort.");
            }
        }
        self.write(out, |text| text.parameters(&parameters));
        for declaration in self.book.declare() {
            self.write(out, |text| text.assumption(&declaration));
        }
    }

    fn theorem(&mut self, theorem: &Checked, out: &mut String) {
        let names = std::mem::take(&mut self.book.names);
        let [first, mpl, rests_on] = Writer::comment_lines(&self.book, theorem);
        out.push('\n');
        comment(out, &format!("{first}\n   {mpl}\n   {rests_on}"));
        let mut text = Text { writer: Writer::new(&self.book, names, out) };
        // The survey has seen every theorem and chosen a shape that fits all.
        let plan = Plan::of(self.book.theory, &self.book.axioms, theorem.proof(), self.book.shape).expect("surveyed");
        text.theorem(theorem, &plan);
        self.book.names = text.writer.finish();
    }

    fn end(&mut self, _: &mut String) {}
}

/// Writes a comment; escapes comment delimiters.
fn comment(out: &mut String, text: &str) {
    let text = text.replace("(;", "( ;").replace(";)", "; )");
    let _ = writeln!(out, "(; {text} ;)");
}

/// Writes declarations and terms.
struct Text<'w> {
    writer: Writer<'w>,
}

impl<'w> Writes<'w> for Text<'w> {
    fn writer(&mut self) -> &mut Writer<'w> {
        &mut self.writer
    }
}

impl<'w> Declarations<'w> for Text<'w> {
    const DEFINED: &'static str = ".\n";
    const ASSUMED: &'static str = ".\n";
    const CLASSICAL: &'static str = "a : Prop -> Prf (not (not a)) -> Prf a";

    fn comment(out: &mut String, text: &str) {
        comment(out, text);
    }

    fn whole(&mut self, formula: &Formula) {
        self.formula(formula, false);
    }

    fn primitive(&mut self, name: &str, types: &[String], sorts: &[Sort]) {
        self.writer.put(&format!("{name} : "));
        self.types(types, "->");
        for sort in sorts {
            let text = self.writer.sort(sort, true);
            self.writer.put(&format!("El {text} -> "));
        }
        self.writer.put("Prop.\n");
    }

    fn define(&mut self, name: &str, types: &[String], variables: &[Typed]) {
        self.writer.put(&format!("def {name} : "));
        self.types(types, "->");
        self.variables(variables, "->");
        self.writer.put("Prop :=");
        self.writer.line();
        self.types(types, "=>");
        self.variables(variables, "=>");
    }

    fn every(&mut self, property: &str, element: &str, formula: &Formula) {
        self.writer.put(&format!("every {element} ({property} : (El {element} -> Prop) => "));
        self.formula(formula, false);
        self.writer.put(")");
    }

    fn lemma(&mut self, name: &str, generated: &Generated<'_>, types: &[String], variables: &[Typed]) {
        self.writer.put(&format!("thm {} : ", generated.lemma));
        self.types(types, "->");
        self.variables(variables, "->");
        let mut atom = format!("Prf ({name}");
        for word in types.iter().chain(variables.iter().map(|(name, _)| name)) {
            let _ = write!(atom, " {word}");
        }
        atom.push(')');
        self.writer.put(&format!("{atom} -> Prf ("));
        self.every_property(generated);
        self.writer.put(") :=");
        self.writer.line();
        self.types(types, "=>");
        self.variables(variables, "=>");
        let hypothesis = self.writer.know_helper();
        self.writer.put(&format!("{hypothesis} : {atom} => {hypothesis}.\n"));
        self.writer.forget_helper(&hypothesis);
    }

    fn assume(&mut self, declaration: &Declaration) {
        self.writer.put("\n");
        comment(self.writer.out, &declaration.comment);
        self.writer.put(&format!("{} : ", declaration.name));
    }

    fn general(&mut self, types: &[String], variables: &[Typed], formula: &Formula) {
        self.types(types, "->");
        self.variables(variables, "->");
        self.writer.put("Prf ");
        self.formula(formula, true);
    }
}

impl Text<'_> {
    /// Writes a proposition, in parentheses if it is an argument and not a single word.
    fn formula(&mut self, formula: &Formula, argument: bool) {
        let is_word = matches!(formula, Formula::Atom(_, arguments) if arguments.is_empty());
        let parentheses = open(&mut self.writer, argument && !is_word);
        if let Some((binders, left, right)) = formula.as_exists() {
            for binder in binders.iter() {
                let name = self.writer.bind(binder);
                self.quantifier("ex", &name, &binder.sort);
            }
            self.connective("and", left, right);
            self.writer.put(&")".repeat(binders.len()));
            self.writer.unbind(binders.len());
        } else {
            match formula {
                Formula::Atom(PredicateId::EQUAL, sides) => {
                    self.writer.put("eq ");
                    for sort in self.writer.type_arguments(PredicateId::EQUAL, sides) {
                        self.writer.put(&format!("{sort} "));
                    }
                    self.writer.variable(sides[0]);
                    self.writer.put(" ");
                    self.writer.variable(sides[1]);
                }
                Formula::Atom(predicate, arguments) => {
                    self.writer.predicate(*predicate);
                    for sort in self.writer.type_arguments(*predicate, arguments) {
                        self.writer.put(&format!(" {sort}"));
                    }
                    for argument in &**arguments {
                        self.writer.put(" ");
                        self.writer.variable(*argument);
                    }
                }
                Formula::And(left, right) => self.connective("and", left, right),
                Formula::Not(inner) => {
                    self.writer.put("not ");
                    self.formula(inner, true);
                }
                Formula::Implies(binders, premise, conclusion) => {
                    for binder in binders.iter() {
                        let name = self.writer.bind(binder);
                        self.quantifier("all", &name, &binder.sort);
                    }
                    self.connective("imp", premise, conclusion);
                    self.writer.put(&")".repeat(binders.len()));
                    self.writer.unbind(binders.len());
                }
            }
        }
        close(&mut self.writer, parentheses);
    }

    /// `all I (x : El I => `
    fn quantifier(&mut self, sign: &str, name: &str, sort: &Sort) {
        let sort = self.writer.sort(sort, true);
        self.writer.put(&format!("{sign} {sort} ({name} : El {sort} => "));
    }

    /// `A : Sort -> ` or `A : Sort => `, for each name.
    fn types(&mut self, names: &[String], arrow: &str) {
        names.iter().for_each(|name| self.writer.put(&format!("{name} : Sort {arrow} ")));
    }

    /// `x : El I -> ` or `x : El I => `, for each variable.
    fn variables(&mut self, variables: &[Typed], arrow: &str) {
        for (name, sort) in variables {
            let sort = self.writer.sort(sort, true);
            self.writer.put(&format!("{name} : El {sort} {arrow} "));
        }
    }

    /// Declares the parameters that the theorems are about.
    fn parameters(&mut self, parameters: &[(Name, Binder)]) {
        for ((_, binder), name) in parameters.iter().zip(&self.writer.book.parameters) {
            let sort = self.writer.sort(&binder.sort, true);
            self.writer.put(&format!("{name} : El {sort}.\n"));
        }
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

    fn theorem(&mut self, theorem: &Checked, plan: &Plan<'_>) {
        let book = self.writer.book;
        self.writer.know_parameters(plan.proof.scopes[plan.root.index()].variables.iter().copied());
        self.writer.put(&format!("thm {} :", book.theorem(theorem.number())));
        self.writer.line();
        let types = self.writer.know_bases(&book.bases_of_theorem(theorem.statement()));
        self.types(&types, "->");
        self.writer.put("Prf ");
        self.formula(plan.conclusion(plan.result), true);
        self.writer.put(" :=");
        self.writer.line();
        self.types(&types, "=>");
        let walked = walk(book, plan);
        let shown = Shown { proof: plan.proof, walked: &walked.shown };
        self.term(&walked.term, &shown, false);
        self.writer.put(".\n");
        self.writer.forget_bases(&types);
    }

    /// Writes a term, in parentheses if it is an argument and not a single word.
    fn term(&mut self, term: &Term, shown: &Shown<'_>, argument: bool) {
        match term {
            Term::Local(local) => return self.writer.local(*local),
            Term::Theorem(number) => return self.writer.theorem(*number),
            Term::Assumed(assumed) => return self.writer.assumed(assumed),
            Term::Induction(number) => return self.writer.lemma(*number),
            Term::Typed(inner, _) => return self.term(inner, shown, argument),
            _ => {}
        }
        let parentheses = open(&mut self.writer, argument);
        match term {
            Term::Local(_) | Term::Theorem(_) | Term::Assumed(_) | Term::Induction(_) | Term::Typed(..) => {}
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
                let sort = self.writer.sort(&shown.of(*name).sort, true);
                self.writer.put(&format!("eq_refl {sort} "));
                self.writer.name(*name);
            }
            Term::Replace { from, to, property, equation, proof } => {
                if equation.reversed {
                    let sort = self.writer.sort(&shown.of(property.variable).sort, true);
                    self.writer.put(&format!("eq_sym {sort} "));
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
            Argument::Sort(sort) => {
                let text = self.writer.sort(sort, true);
                self.writer.put(&text);
            }
            Argument::Individual(name) => self.writer.name(*name),
            Argument::Proof(term) => self.term(term, shown, true),
            Argument::Property(property) => self.property(property, shown),
        }
    }

    /// `(x : El I => A)`
    fn property(&mut self, property: &Property, shown: &Shown<'_>) {
        let binder = shown.of(property.variable);
        let name = self.writer.know_variable(property.variable, &binder);
        let sort = self.writer.sort(&binder.sort, true);
        self.writer.put(&format!("({name} : El {sort} => "));
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
            let sort = self.writer.sort(&shown.of(witnesses[count]).sort, true);
            self.writer.put(if count == 0 { "ex_intro " } else { " (ex_intro " });
            self.writer.put(&format!("{sort} ("));
            self.of_next(exists, &witnesses[..count], true);
            self.writer.put(") ");
            self.writer.name(witnesses[count]);
        }
        let Some((_, left, right)) = exists.as_exists() else { return };
        self.writer.put(" (");
        self.pair([&left.open(witnesses), &right.open(witnesses)], parts, shown);
        self.writer.put(&")".repeat(witnesses.len()));
    }

    /// An existential statement instantiated with witnesses for its first variables: `z : El I => …` with its next
    /// variable, or, if not `as_property`, the remaining statement.
    fn of_next(&mut self, exists: &Formula, given: &[Name], as_property: bool) {
        let Some((rest, left, right)) = behind(exists, given) else { return };
        for (place, binder) in rest.iter().enumerate() {
            let name = self.writer.bind(binder);
            if place == 0 && as_property {
                self.variables(&[(name, binder.sort.clone())], "=>");
            } else {
                self.quantifier("ex", &name, &binder.sort);
            }
        }
        self.connective("and", &left, &right);
        self.writer.put(&")".repeat(rest.len() - usize::from(as_property && !rest.is_empty())));
        self.writer.unbind(rest.len());
    }

    /// ` C (x : El I => h : Prf … => …)`, after the proof of an existential statement; one function per variable, and
    /// one for the two conjuncts.
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
        let mut names = Vec::new();
        for (place, variable) in variables.iter().enumerate() {
            self.writer.put(" ");
            goal_text(self);
            let binder = shown.of(*variable);
            let name = self.writer.know_variable(*variable, &binder);
            self.writer.put(" (");
            self.variables(&[(name, binder.sort)], "=>");
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
        for variable in variables {
            let binder = shown.of(*variable);
            let name = self.writer.know_variable(*variable, &binder);
            self.variables(&[(name, binder.sort)], "=>");
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

    /// Writes a term on indented lines of its own.
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
