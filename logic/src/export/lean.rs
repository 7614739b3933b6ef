//! Lean 4, without any library: a class with the relations, and one theorem each that states its assumptions.
//!
//! Every theorem has the axioms and principles it needs as hypotheses, including those of the theorems it cites. So
//! `#print axioms t5` lists nothing, and the dependencies shown on the theorem's page can be read from its statement.
//! Section variables would be shorter, but which of them a theorem includes differs between versions of Lean.
//!
//! **Not compiled here**: no Lean was available when this was written. The terms are plain applications with most
//! implicit arguments written out, and a test parses every file by the grammar in use.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::Format;
use super::typed::book::{Book, Declaration, Generated};
use super::typed::declare::{Declarations, Writes};
use super::typed::infix::{Place, Signs, Terms, close, open};
use super::typed::plan::Plan;
use super::typed::walk::walk;
use super::typed::writer::{Shown, Typed, Writer};
use super::typed::{Argument, Assumed, Local, Shape, Term};
use crate::calculus::checked::Checked;
use crate::calculus::formula::{Binder, Formula, Name};
use crate::calculus::proof::TheoremId;
use crate::calculus::sort::Sort;
use crate::calculus::theory::Theory;

const SIGNS: Signs = Signs { and: " ∧ ", not: "¬ ", implies: " → ", forall: "∀ ", exists: "∃ " };

/// Keywords of Lean, and the names of its core that the export uses.
const RESERVED: &str = "\
    abbrev all and assert assume at attribute axiom binder_predicate break by calc catch class continue def \
    deriving do elab else end example exists export extends finally for forall from fun have hiding if import in \
    include inductive infix infixl infixr init_quot initialize instance lemma let local macro match matches meta \
    module mut mutual namespace nofun nomatch noncomputable nonrec not notation omit opaque open or partial \
    postfix prefix prelude private protected public rec renaming repeat return scoped seal section set_option show \
    sorry structure suffices syntax termination_by then theorem this throw try universe unless unsafe unseal until \
    using variable where while with xor Type Prop Sort And Exists Eq Not False True Or Iff Language Theoremata \
    generalizing only haveI letI let_fun let_delayed no_index nat_lit dbg_trace leading_parser trailing_parser \
    decreasing_by elab_rules macro_rules declare_syntax_cat builtin_initialize include_str coinductive unif_hint";

/// Writes theorems as a Lean 4 file.
pub struct Lean<'t> {
    book: Book<'t>,
    /// The hypothesis name of each assumption.
    hypotheses: HashMap<Assumed, String>,
    /// The parameters of all theorems.
    parameters: Vec<(Name, Binder)>,
}

impl<'t> Lean<'t> {
    /// An export of theorems of this theory.
    #[must_use]
    pub fn new(theory: &'t Theory) -> Self {
        Lean { book: Book::new(theory, RESERVED), hypotheses: HashMap::new(), parameters: Vec::new() }
    }

    /// Calls `write` with the book's names.
    fn write(&mut self, out: &mut String, write: impl FnOnce(&mut Text<'_>)) {
        let names = std::mem::take(&mut self.book.names);
        let mut text = Text { writer: Writer::new(&self.book, names, out) };
        write(&mut text);
        self.book.names = text.writer.finish();
    }
}

impl Format for Lean<'_> {
    fn survey(&mut self, theorem: &Checked) {
        self.book.survey(theorem);
    }

    fn begin(&mut self, out: &mut String) {
        let stated = match self.book.shape {
            Shape::Anchored => "Theorems are stated about parameters, and from the axioms that each of them names",
            Shape::Closed => "Theorems are stated about all structures",
        };
        comment(
            out,
            &format!(
                "Theorems of {}, written by Theoremata for Lean 4; no library is needed.\n{stated};\na sort is a type, \
                 which may be empty; {} A is the type of sets over A, of which nothing is known\nbut what is assumed. \
                 Check it: lean FILE.lean. It was not compiled where it was written.",
                self.book.theory.name, self.book.powers[&1]
            ),
        );
        out.push_str(
            "\nset_option linter.unusedVariables false\nset_option maxRecDepth 100000\n\nnamespace Theoremata\n",
        );
        out.push_str("\nclass Language where\n");
        for (arity, name) in &self.book.powers {
            let _ = writeln!(out, "  {name} : {}Type", "Type → ".repeat(*arity));
        }
        self.write(out, |text| text.primitives());
        out.push_str("\nopen Language\n");
        self.write(out, |text| text.generated());
        self.write(out, |text| text.definitions());
        self.parameters = self.book.name_parameters();
        let declarations = self.book.declare();
        if !declarations.is_empty() {
            out.push_str("\n-- What is assumed, where a theorem says so:\n");
        }
        for declaration in &declarations {
            let mut hypothesis = String::new();
            self.write(&mut hypothesis, |text| text.assumption(declaration));
            comment(out, &format!("{hypothesis}  {}", declaration.comment));
            self.hypotheses.insert(declaration.assumed.clone(), hypothesis);
        }
    }

    fn theorem(&mut self, theorem: &Checked, out: &mut String) {
        out.push('\n');
        let names = std::mem::take(&mut self.book.names);
        comment(out, &Writer::comment_lines(&self.book, theorem).join("\n"));
        let mut text = Text { writer: Writer::new(&self.book, names, out) };
        // The survey has seen every theorem and chosen a shape that fits all.
        let plan = Plan::of(self.book.theory, &self.book.axioms, theorem.proof(), self.book.shape).expect("surveyed");
        text.theorem(theorem, &plan, self);
        self.book.names = text.writer.finish();
    }

    fn end(&mut self, out: &mut String) {
        out.push_str("\nend Theoremata\n");
    }
}

/// Writes comment lines.
fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "-- {line}");
    }
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
    const DEFINED: &'static str = "\n";
    // Assumptions are parenthesised, as hypotheses of every theorem that needs them.
    const ASSUMED: &'static str = ")";
    const CLASSICAL: &'static str = "∀ p : Prop, ¬ ¬ p → p";

    fn comment(out: &mut String, text: &str) {
        comment(out, text);
    }

    fn whole(&mut self, formula: &Formula) {
        self.formula(formula, Place::Open);
    }

    fn primitive(&mut self, name: &str, types: &[String], sorts: &[Sort]) {
        self.writer.put(&format!("  {name} : "));
        if !types.is_empty() {
            self.writer.put(&format!("{{{} : Type}} → ", types.join(" ")));
        }
        self.relation(sorts);
        self.writer.put("\n");
    }

    fn define(&mut self, name: &str, types: &[String], variables: &[Typed]) {
        self.definition(&format!("def {name} [Language]"), types, variables);
    }

    fn every(&mut self, property: &str, element: &str, formula: &Formula) {
        self.for_every(property, element, formula);
    }

    fn lemma(&mut self, name: &str, generated: &Generated<'_>, types: &[String], variables: &[Typed]) {
        let hypothesis = self.writer.know_helper();
        self.writer.put(&format!("\ntheorem {} [Language]", generated.lemma));
        self.types(types, ["(", ")"]);
        self.variables(variables);
        self.writer.put(&format!(" ({hypothesis} : {name}"));
        variables.iter().for_each(|(name, _)| self.writer.put(&format!(" {name}")));
        self.writer.put(") :");
        self.writer.line();
        self.every_property(generated);
        self.writer.put(" :=");
        self.writer.line();
        self.writer.put(&format!("{hypothesis}\n"));
        self.writer.forget_helper(&hypothesis);
    }

    fn assume(&mut self, declaration: &Declaration) {
        self.writer.put(&format!("({} : ", declaration.name));
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
            Term::Assumed(assumed) => return self.writer.assumed(assumed),
            Term::Induction(number) => return self.writer.lemma(*number),
            _ => {}
        }
        let parentheses = open(&mut self.writer, place == Place::Word);
        match term {
            Term::Local(_) | Term::Assumed(_) | Term::Induction(_) => {}
            Term::Theorem(number) => self.citation(*number, &[], shown),
            Term::Apply(head, arguments) => {
                // Types come before the section arguments that a theorem shares with others.
                let types = arguments.iter().take_while(|argument| matches!(argument, Argument::Sort(_))).count();
                let (types, arguments) = match &**head {
                    Term::Theorem(number) => {
                        self.citation(*number, &arguments[..types], shown);
                        arguments.split_at(types)
                    }
                    head => {
                        self.term(head, shown, Place::Word);
                        arguments.split_at(0)
                    }
                };
                debug_assert!(types.iter().all(|argument| matches!(argument, Argument::Sort(_))));
                for argument in arguments {
                    self.writer.put(" ");
                    self.argument(argument, shown);
                }
            }
            Term::Lambda(variables, claims, body) => self.lambda(variables, claims, body, shown),
            Term::Steps(steps, last) => self.steps(steps, last, shown),
            Term::Pair(_, _, left, right) => self.apply("And.intro", &[left, right], shown),
            Term::Left(_, _, pair) => self.apply("And.left", &[pair], shown),
            Term::Right(_, _, pair) => self.apply("And.right", &[pair], shown),
            Term::Witness { exists, witnesses, left, right } => {
                for count in 0..witnesses.len() {
                    self.writer.put(if count == 0 { "@Exists.intro " } else { " (@Exists.intro " });
                    self.property_of_next(exists, &witnesses[..count]);
                    self.writer.put(" ");
                    self.writer.name(witnesses[count]);
                }
                self.writer.put(" (");
                self.apply("And.intro", &[left, right], shown);
                self.writer.put(&")".repeat(witnesses.len()));
            }
            Term::Unpack { exists, from, variables, parts, goal, body } => {
                self.unpack(exists, from, variables, *parts, goal.as_ref(), body, shown);
            }
            Term::Absurd(goal, falsity) => {
                self.writer.put("@False.elim ");
                self.formula(goal, Place::Word);
                self.writer.put(" ");
                self.term(falsity, shown, Place::Word);
            }
            Term::Classical(goal, proof) => {
                self.writer.assumed(&Assumed::Classical);
                self.writer.put(" ");
                self.formula(goal, Place::Word);
                self.writer.put(" ");
                self.term(proof, shown, Place::Word);
            }
            Term::Reflexive(name) => {
                self.writer.put("Eq.refl ");
                self.writer.name(*name);
            }
            Term::Replace { from, to, property, equation, proof } => {
                let text = format!("@Eq.subst {} ", self.writer.sort(&shown.of(property.variable).sort, true));
                self.writer.put(&text);
                self.property(property, shown);
                for side in [from, to] {
                    self.writer.put(" ");
                    self.writer.name(*side);
                }
                self.writer.put(if equation.reversed { " (Eq.symm " } else { " " });
                self.term(&equation.proof, shown, Place::Word);
                self.writer.put(if equation.reversed { ") " } else { " " });
                self.term(proof, shown, Place::Word);
            }
            Term::Typed(inner, formula) => {
                self.writer.put("show ");
                self.formula(formula, Place::Open);
                self.writer.put(" from ");
                self.term(inner, shown, Place::Word);
            }
        }
        close(&mut self.writer, parentheses);
    }
}

impl Text<'_> {
    /// `theorem t1 [Language] (I : Type) (N : Power I) … (A : Type) (axiom_1 : …) … : …`
    fn theorem(&mut self, theorem: &Checked, plan: &Plan<'_>, format: &Lean<'_>) {
        let book = self.writer.book;
        self.writer.know_parameters(plan.proof.scopes[plan.root.index()].variables.iter().copied());
        self.writer.put(&format!("theorem {} [Language]", book.theorem(theorem.number())));
        let section: Vec<String> = book.bases.iter().map(|(_, name)| name.clone()).collect();
        self.types(&section, ["(", ")"]);
        let sorts = format.parameters.iter().map(|(_, binder)| binder.sort.clone());
        let parameters: Vec<Typed> = book.parameters.iter().cloned().zip(sorts).collect();
        self.variables(&parameters);
        let types = self.writer.know_bases(&book.bases_of_theorem(theorem.statement()));
        self.types(&types, ["(", ")"]);
        self.writer.depth = 2;
        for assumed in book.rests_on(theorem.number()) {
            self.writer.line();
            self.writer.put(format.hypotheses.get(assumed).map_or("", String::as_str));
        }
        self.writer.put(" :");
        self.writer.line();
        self.formula(plan.conclusion(plan.result), Place::Open);
        self.writer.put(" :=");
        self.writer.depth = 1;
        self.writer.line();
        let walked = walk(book, plan);
        let shown = Shown { proof: plan.proof, walked: &walked.shown };
        self.term(&walked.term, &shown, Place::Open);
        self.writer.put("\n");
        self.writer.forget_bases(&types);
    }

    /// Cites an earlier theorem, applied to its sorts, parameters and hypotheses.
    fn citation(&mut self, number: TheoremId, types: &[Argument], shown: &Shown<'_>) {
        let book = self.writer.book;
        self.writer.theorem(number);
        for name in book.bases.iter().map(|(_, name)| name).chain(&book.parameters) {
            self.writer.put(&format!(" {name}"));
        }
        for sort in types {
            self.writer.put(" ");
            self.argument(sort, shown);
        }
        for assumed in book.rests_on(number) {
            self.writer.put(" ");
            self.writer.assumed(assumed);
        }
    }

    fn apply(&mut self, head: &str, parts: &[&Term], shown: &Shown<'_>) {
        self.writer.put(head);
        for part in parts {
            self.writer.put(" ");
            self.term(part, shown, Place::Word);
        }
    }

    /// `I (fun z : I => …)`: an existential statement as a property of its next variable.
    fn property_of_next(&mut self, exists: &Formula, given: &[Name]) {
        let next = exists.as_exists().and_then(|(binders, ..)| binders.sorts().nth(given.len()));
        let domain = next.map(|sort| self.writer.sort(sort, true)).unwrap_or_default();
        SIGNS.property_of_next(&mut self.writer, exists, given, |writer, name, sort| {
            writer.put(&format!("{domain} (fun ({name} : {sort}) => "));
        });
        self.writer.put(")");
    }

    /// `have h : A :=`
    fn have(&mut self, local: Local, formula: &Formula) {
        let name = self.writer.know_local(local);
        self.writer.put(&format!("have {name} : "));
        self.formula(formula, Place::Open);
        self.writer.put(" :=");
    }

    fn steps(&mut self, steps: &[(Local, Formula, Term)], last: &Term, shown: &Shown<'_>) {
        for (local, formula, term) in steps {
            // The name is reserved but not yet visible inside the step's own proof.
            self.have(*local, formula);
            self.inside(term, shown);
            self.writer.put(";");
            self.writer.line();
        }
        self.term(last, shown, Place::Open);
        steps.iter().rev().for_each(|(local, _, _)| self.writer.forget_local(*local));
    }

    #[allow(clippy::too_many_arguments)] // they are the parts of the term
    fn unpack(
        &mut self,
        exists: &Formula,
        from: &Term,
        variables: &[Name],
        parts: [Local; 2],
        goal: Option<&Formula>,
        body: &Term,
        shown: &Shown<'_>,
    ) {
        let mut helpers: Vec<String> = Vec::new();
        for count in 0..variables.len() {
            self.writer.put("@Exists.elim ");
            self.property_of_next(exists, &variables[..count]);
            self.writer.put(" ");
            match goal {
                Some(goal) => self.formula(goal, Place::Word),
                None => self.writer.put("False"),
            }
            self.writer.put(" ");
            match helpers.last().cloned() {
                None => self.term(from, shown, Place::Word),
                Some(helper) => self.writer.put(&helper),
            }
            let binder = shown.of(variables[count]);
            let sort = self.writer.sort(&binder.sort, false);
            let name = self.writer.know_variable(variables[count], &binder);
            let helper = self.writer.know_helper();
            self.writer.put(&format!(" (fun ({name} : {sort}) ({helper} : "));
            SIGNS.rest(&mut self.writer, exists, &variables[..=count]);
            self.writer.put(") =>");
            self.writer.line();
            helpers.push(helper);
        }
        let helper = helpers.last().cloned().unwrap_or_default();
        let Some((_, left, right)) = exists.as_exists() else { return };
        for (part, (formula, side)) in parts.iter().zip([(left, "And.left"), (right, "And.right")]) {
            self.have(*part, &formula.open(variables));
            self.writer.put(&format!(" {side} {helper};"));
            self.writer.line();
        }
        self.term(body, shown, Place::Open);
        self.writer.put(&")".repeat(variables.len()));
        parts.iter().for_each(|part| self.writer.forget_local(*part));
        helpers.iter().for_each(|helper| self.writer.forget_helper(helper));
        variables.iter().for_each(|name| self.writer.forget_variable(*name));
    }
}
