//! Declarations before the theorems, in the order that Rocq, Lean and Dedukti share: relations, generated sets,
//! definitions, assumptions.

use super::book::{Declaration, Generated, binders};
use super::sorts::bases_of;
use super::writer::{Typed, Writer};
use crate::calculus::formula::{Formula, Name};
use crate::calculus::sort::Sort;

/// A writer of text with the names of a book.
pub(crate) trait Writes<'w> {
    fn writer(&mut self) -> &mut Writer<'w>;
}

/// The syntax of declarations. The names in `types` and `variables` are valid during one call.
pub(crate) trait Declarations<'w>: Writes<'w> {
    /// The end of a definition.
    const DEFINED: &'static str;
    /// The end of an assumption.
    const ASSUMED: &'static str;
    /// Double negation elimination for every proposition.
    const CLASSICAL: &'static str;

    fn comment(out: &mut String, text: &str);

    /// A formula in a position without parentheses.
    fn whole(&mut self, formula: &Formula);

    /// An uninterpreted relation between these sorts.
    fn primitive(&mut self, name: &str, types: &[String], sorts: &[Sort]);

    /// `definition name types variables :=`, up to the body.
    fn define(&mut self, name: &str, types: &[String], variables: &[Typed]);

    /// `for all property : element → Prop, formula`
    fn every(&mut self, property: &str, element: &str, formula: &Formula);

    /// The lemma that derives the formula of [`Declarations::every_property`] from the definition with this name.
    fn lemma(&mut self, name: &str, generated: &Generated<'_>, types: &[String], variables: &[Typed]);

    /// `hypothesis name :`
    fn assume(&mut self, declaration: &Declaration);

    /// `for all types and variables, formula`
    fn general(&mut self, types: &[String], variables: &[Typed], formula: &Formula);

    /// Declares uninterpreted relations.
    fn primitives(&mut self) {
        let book = self.writer().book;
        for predicate in book.primitives() {
            let sorts = book.theory.predicate(predicate).general_sorts(predicate);
            let types = self.writer().know_bases(&bases_of(&sorts));
            self.primitive(&book.predicates[predicate.index()], &types, &sorts);
            self.writer().forget_bases(&types);
        }
    }

    /// Defines generation atoms and proves their induction lemmas.
    fn generated(&mut self) {
        let book = self.writer().book;
        for generated in book.generated() {
            self.writer().put("\n");
            let name = &book.predicates[generated.predicate.index()];
            let meaning = "what the constructors keep holds of the whole set";
            let comment = format!("{name}: {meaning}; so {} follows", generated.principle);
            Self::comment(self.writer().out, &comment);
            let types = self.writer().know_bases(&generated.bases);
            let variables = self.writer().know_variables(&generated.variables);
            self.define(name, &types, &variables);
            self.every_property(&generated);
            self.writer().put(Self::DEFINED);
            self.lemma(name, &generated, &types, &variables);
            self.writer().forget_variables(&generated.variables);
            self.writer().forget_bases(&types);
        }
    }

    fn every_property(&mut self, generated: &Generated<'_>) {
        let property = self.writer().know_property();
        let element = self.writer().sort(&generated.element, true);
        self.every(&property, &element, &generated.formula);
        self.writer().forget_property();
    }

    fn definitions(&mut self) {
        let book = self.writer().book;
        for (predicate, name) in book.theory.predicates.iter().zip(&book.predicates) {
            let Some(definition) = &predicate.definition else { continue };
            self.writer().put("\n");
            let doc = definition.doc.as_deref().unwrap_or("");
            Self::comment(self.writer().out, format!("{} {doc}", predicate.name).trim());
            let types = self.writer().know_bases(&bases_of(&predicate.sorts));
            let parameters = binders(&definition.parameters, &predicate.sorts, 0);
            let variables = self.writer().know_variables(&parameters);
            self.define(name, &types, &variables);
            self.whole(&definition.body);
            self.writer().put(Self::DEFINED);
            self.writer().forget_variables(&parameters);
            self.writer().forget_bases(&types);
        }
    }

    fn assumption(&mut self, declaration: &Declaration) {
        self.assume(declaration);
        match &declaration.formula {
            None => self.writer().put(Self::CLASSICAL),
            Some(formula) => {
                let parameters = self.writer().book.parameters.len();
                self.writer().know_parameters((0..).map(Name).take(parameters));
                let types = self.writer().know_bases(&declaration.bases);
                let variables = self.writer().know_variables(&declaration.variables);
                self.general(&types, &variables, formula);
                self.writer().forget_variables(&declaration.variables);
                self.writer().forget_bases(&types);
            }
        }
        self.writer().put(Self::ASSUMED);
    }
}
