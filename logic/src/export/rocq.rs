//! Rocq (Coq): a section with the axioms as hypotheses, and one theorem each with its proof as a term.
//!
//! `coqc` elaborates and checks the file; `coqchk` checks the compiled file again. Within the section,
//! `Print Assumptions t5.` lists what theorem 5 depends on; after its end every theorem is closed under the global
//! context: a statement about all structures that satisfy its assumptions.
//!
//! A step is `let h : A := … in`, so the nesting depth of a term is the number of steps in its scopes. Rocq 8.16 takes
//! 0.7 s for 3,000 steps in one scope and 2 s for 6,000; its stack overflows before 12,000.

use std::fmt::Write as _;

use super::Format;
use super::typed::book::{Book, Declaration, Generated};
use super::typed::declare::{Declarations, Writes};
use super::typed::infix::{Place, Signs, Terms, close, open};
use super::typed::plan::Plan;
use super::typed::walk::walk;
use super::typed::writer::{Shown, Typed, Writer};
use super::typed::{Local, Shape, Term};
use crate::calculus::checked::Checked;
use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::sort::Sort;
use crate::calculus::theory::Theory;

const SIGNS: Signs = Signs { and: " /\\ ", not: "~ ", implies: " -> ", forall: "forall ", exists: "exists " };

/// Keywords of Rocq, names of its library that the export uses, and constructors that are always visible, which would
/// not be variables in a pattern.
const RESERVED: &str = "\
    as at by cofix else end exists exists2 fix for forall fun if IF in let match mod return then using where with \
    Set Prop SProp Type Theory and or not iff eq ex proj1 proj2 eq_ind eq_ind_r False False_ind True conj \
    or_introl or_intror ex_intro ex_intro2 eq_refl inhabits tt true false O S Some None inl inr pair nil cons Eq \
    Lt Gt CompEq CompLt CompGt CompEqT CompLtT CompGtT identity_refl is_eq_true exist exist2 existT existT2 left \
    right inleft inright le_n le_S Acc_intro BoolSpecT BoolSpecF Axiom CoFixpoint Definition Fixpoint Hypothesis \
    Parameter Theorem Variable";

/// From this many steps on, implicit arguments are written out: inferring them takes time quadratic in the number of
/// steps of a scope.
const LONG: usize = 100;

/// Writes theorems as a Rocq file.
pub struct Rocq<'t> {
    book: Book<'t>,
}

impl<'t> Rocq<'t> {
    /// An export of theorems of this theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        Rocq { book: Book::new(theory, RESERVED) }
    }

    /// Calls `write` with the book's names.
    fn write(&mut self, out: &mut String, write: impl FnOnce(&mut Text<'_>)) {
        let names = std::mem::take(&mut self.book.names);
        let mut text = Text { writer: Writer::new(&self.book, names, out), explicit: false };
        write(&mut text);
        self.book.names = text.writer.finish();
    }
}

impl Format for Rocq<'_> {
    fn survey(&mut self, theorem: &Checked) {
        self.book.survey(theorem);
    }

    fn begin(&mut self, out: &mut String) {
        let theory = self.book.theory;
        let anchor = &theory.predicate(theory.anchor).name;
        let stated = match self.book.shape {
            Shape::Anchored => "Theorems are stated about the parameters and from the axioms of the section",
            Shape::Closed => "Theorems are stated about all structures",
        };
        comment(
            out,
            &format!(
                "Theorems of {}, written by Theoremata for Rocq (Coq 8.16 or later).\n   {stated};\n   \
                 a sort is a type, which may be empty; {power} A is the type of sets over A, of which\n   nothing is known \
                 but what is assumed. Check it: coqc FILE.v, \
                 then coqchk FILE. Within the section,\n   \"Print Assumptions t1.\" lists what theorem 1 rests on. \
                 The theory is {anchor}.",
                theory.name,
                power = self.book.powers[&1],
            ),
        );
        out.push_str("\nSection Theory.\n\n");
        for (arity, name) in &self.book.powers {
            let _ = writeln!(out, "Variable {name} : {}Type.", "Type -> ".repeat(*arity));
        }
        self.write(out, |text| text.primitives());
        self.write(out, |text| text.generated());
        self.write(out, |text| text.definitions());
        let parameters = self.book.name_parameters();
        if !self.book.bases.is_empty() {
            let names: Vec<&str> = self.book.bases.iter().map(|(_, name)| name.as_str()).collect();
            let _ = writeln!(out, "\nVariables {} : Type.", names.join(" "));
        }
        self.write(out, |text| text.parameters(&parameters));
        for declaration in self.book.declare() {
            self.write(out, |text| text.assumption(&declaration));
        }
    }

    fn theorem(&mut self, theorem: &Checked, out: &mut String) {
        let shape = self.book.shape;
        let names = std::mem::take(&mut self.book.names);
        let [first, mpl, rests_on] = Writer::comment_lines(&self.book, theorem);
        out.push('\n');
        comment(out, &format!("{first}\n   {mpl}\n   {rests_on}"));
        let mut text = Text { writer: Writer::new(&self.book, names, out), explicit: false };
        // The survey has seen every theorem and chosen a shape that fits all.
        let plan = Plan::of(self.book.theory, &self.book.axioms, theorem.proof(), shape).expect("surveyed");
        text.theorem(theorem, &plan);
        self.book.names = text.writer.finish();
    }

    fn end(&mut self, out: &mut String) {
        out.push_str("\nEnd Theory.\n");
    }
}

/// Writes a comment; escapes delimiters of comments and strings.
fn comment(out: &mut String, text: &str) {
    let text = text.replace("(*", "( *").replace("*)", "* )").replace('"', "'");
    let _ = writeln!(out, "(* {text} *)");
}

/// Writes declarations and terms.
struct Text<'w> {
    writer: Writer<'w>,
    /// Whether implicit arguments are written out.
    explicit: bool,
}

impl<'w> Writes<'w> for Text<'w> {
    fn writer(&mut self) -> &mut Writer<'w> {
        &mut self.writer
    }
}

impl<'w> Declarations<'w> for Text<'w> {
    const DEFINED: &'static str = ".\n";
    const ASSUMED: &'static str = ".\n";
    const CLASSICAL: &'static str = "forall P : Prop, ~ ~ P -> P";

    fn comment(out: &mut String, text: &str) {
        comment(out, text);
    }

    fn whole(&mut self, formula: &Formula) {
        self.formula(formula, Place::Open);
    }

    fn primitive(&mut self, name: &str, types: &[String], sorts: &[Sort]) {
        self.writer.put(&format!("Variable {name} : "));
        if !types.is_empty() {
            self.writer.put(&format!("forall {{{} : Type}}, ", types.join(" ")));
        }
        self.relation(sorts);
        self.writer.put(".\n");
    }

    fn define(&mut self, name: &str, types: &[String], variables: &[Typed]) {
        self.definition(&format!("Definition {name}"), types, variables);
    }

    fn every(&mut self, property: &str, element: &str, formula: &Formula) {
        self.for_every(property, element, formula);
    }

    fn lemma(&mut self, name: &str, generated: &Generated<'_>, types: &[String], variables: &[Typed]) {
        self.writer.put(&format!("Lemma {}", generated.lemma));
        self.types(types, ["(", ")"]);
        self.variables(variables);
        self.writer.put(&format!(" : {name}"));
        variables.iter().for_each(|(name, _)| self.writer.put(&format!(" {name}")));
        self.writer.put(" ->");
        self.writer.line();
        self.every_property(generated);
        self.writer.put(".\nProof. exact (fun h => h). Qed.\n");
    }

    fn assume(&mut self, declaration: &Declaration) {
        self.writer.put("\n");
        comment(self.writer.out, &declaration.comment);
        self.writer.put(&format!("Hypothesis {} : ", declaration.name));
    }

    fn general(&mut self, types: &[String], variables: &[Typed], formula: &Formula) {
        self.for_all(types, variables);
        self.formula(formula, Place::Open);
    }
}

impl<'w> Terms<'w> for Text<'w> {
    const SIGNS: Signs = SIGNS;

    fn term(&mut self, term: &Term, shown: &Shown<'_>, place: Place) {
        match term {
            Term::Local(local) => return self.writer.local(*local),
            Term::Theorem(number) => return self.writer.theorem(*number),
            Term::Assumed(assumed) => return self.writer.assumed(assumed),
            Term::Induction(number) => return self.writer.lemma(*number),
            _ => {}
        }
        let parentheses = open(&mut self.writer, place == Place::Word);
        match term {
            Term::Local(_) | Term::Theorem(_) | Term::Assumed(_) | Term::Induction(_) => {}
            Term::Apply(head, arguments) => {
                self.term(head, shown, Place::Word);
                for argument in arguments {
                    self.writer.put(" ");
                    self.argument(argument, shown);
                }
            }
            Term::Lambda(variables, claims, body) => self.lambda(variables, claims, body, shown),
            Term::Steps(steps, last) => self.steps(steps, last, shown),
            Term::Pair(left, right, first, second) => {
                self.with_formulas("conj", left, right);
                for part in [first, second] {
                    self.writer.put(" ");
                    self.term(part, shown, Place::Word);
                }
            }
            Term::Left(left, right, pair) | Term::Right(left, right, pair) => {
                self.with_formulas(if matches!(term, Term::Left(..)) { "proj1" } else { "proj2" }, left, right);
                self.writer.put(" ");
                self.term(pair, shown, Place::Word);
            }
            Term::Witness { exists, witnesses, left, right } => {
                let parts = exists.as_exists().map(|(_, one, other)| (one.open(witnesses), other.open(witnesses)));
                for count in 0..witnesses.len() {
                    self.writer.put(if count == 0 { "ex_intro (fun " } else { " (ex_intro (fun " });
                    SIGNS.property_of_next(&mut self.writer, exists, &witnesses[..count], |writer, name, sort| {
                        writer.put(&format!("{name} : {sort} => "));
                    });
                    self.writer.put(") ");
                    self.writer.name(witnesses[count]);
                }
                let Some((one, other)) = parts else { return };
                self.writer.put(" (");
                self.with_formulas("conj", &one, &other);
                for part in [left, right] {
                    self.writer.put(" ");
                    self.term(part, shown, Place::Word);
                }
                self.writer.put(&")".repeat(witnesses.len()));
            }
            Term::Unpack { from, variables, parts, body, .. } => self.unpack(from, variables, *parts, body, shown),
            Term::Absurd(goal, falsity) => {
                self.writer.put("False_ind ");
                self.formula(goal, Place::Word);
                self.writer.put(" ");
                self.term(falsity, shown, Place::Word);
            }
            Term::Classical(goal, proof) => {
                self.writer.assumed(&super::typed::Assumed::Classical);
                self.writer.put(" ");
                self.formula(goal, Place::Word);
                self.writer.put(" ");
                self.term(proof, shown, Place::Word);
            }
            Term::Reflexive(name) => {
                self.writer.put("eq_refl ");
                self.writer.name(*name);
            }
            Term::Replace { from, to, property, equation, proof } => {
                self.writer.put(if equation.reversed { "@eq_ind_r " } else { "@eq_ind " });
                let sort = self.writer.sort(&shown.of(property.variable).sort, true);
                self.writer.put(&sort);
                self.writer.put(" ");
                self.writer.name(*from);
                self.writer.put(" ");
                self.property(property, shown);
                self.writer.put(" ");
                self.term(proof, shown, Place::Word);
                self.writer.put(" ");
                self.writer.name(*to);
                self.writer.put(" ");
                self.term(&equation.proof, shown, Place::Word);
            }
            Term::Typed(inner, formula) => {
                self.term(inner, shown, Place::Word);
                self.writer.put(" : ");
                self.formula(formula, Place::Open);
            }
        }
        close(&mut self.writer, parentheses);
    }
}

impl Text<'_> {
    /// Declares the parameters that the theorems are about.
    fn parameters(&mut self, parameters: &[(Name, Binder)]) {
        for ((_, binder), name) in parameters.iter().zip(&self.writer.book.parameters) {
            let sort = self.writer.sort(&binder.sort, false);
            self.writer.put(&format!("Variable {name} : {sort}.\n"));
        }
    }

    fn theorem(&mut self, theorem: &Checked, plan: &Plan<'_>) {
        let book = self.writer.book;
        self.explicit = plan.length() > LONG;
        self.writer.know_parameters(plan.proof.scopes[plan.root.index()].variables.iter().copied());
        self.writer.put(&format!("Theorem {} :", book.theorem(theorem.number())));
        self.writer.line();
        let types = self.writer.know_bases(&book.bases_of_theorem(theorem.statement()));
        self.for_all(&types, &[]);
        self.formula(plan.conclusion(plan.result), Place::Open);
        self.writer.put(".\nProof. exact (");
        if !types.is_empty() {
            self.writer.put(&format!("fun {} : Type =>", types.join(" ")));
        }
        self.writer.line();
        let walked = walk(book, plan);
        let shown = Shown { proof: plan.proof, walked: &walked.shown };
        self.term(&walked.term, &shown, Place::Open);
        self.writer.put(").\nQed.\n");
        self.writer.forget_bases(&types);
    }

    /// `conj`, or `@conj A B` if implicit arguments are written out.
    fn with_formulas(&mut self, head: &str, left: &Formula, right: &Formula) {
        if !self.explicit {
            return self.writer.put(head);
        }
        self.writer.put(&format!("@{head} "));
        self.formula(left, Place::Word);
        self.writer.put(" ");
        self.formula(right, Place::Word);
    }

    fn steps(&mut self, steps: &[(Local, Formula, Term)], last: &Term, shown: &Shown<'_>) {
        for (local, formula, term) in steps {
            // The name is reserved but not yet visible inside the step's own proof.
            let name = self.writer.know_local(*local);
            self.writer.put(&format!("let {name} : "));
            self.formula(formula, Place::Open);
            self.writer.put(" :=");
            self.inside(term, shown);
            self.writer.put(" in");
            self.writer.line();
        }
        self.term(last, shown, Place::Open);
        steps.iter().rev().for_each(|(local, _, _)| self.writer.forget_local(*local));
    }

    fn unpack(&mut self, from: &Term, variables: &[Name], parts: [Local; 2], body: &Term, shown: &Shown<'_>) {
        self.writer.put("match ");
        self.term(from, shown, Place::Open);
        self.writer.put(" with ");
        for name in variables {
            let name = self.writer.know_variable(*name, &shown.of(*name));
            self.writer.put(&format!("ex_intro _ {name} ("));
        }
        let [left, right] = parts.map(|part| self.writer.know_local(part));
        self.writer.put(&format!("conj {left} {right}{} =>", ")".repeat(variables.len())));
        self.inside(body, shown);
        self.writer.put(" end");
        parts.iter().for_each(|part| self.writer.forget_local(*part));
        variables.iter().for_each(|name| self.writer.forget_variable(*name));
    }
}
