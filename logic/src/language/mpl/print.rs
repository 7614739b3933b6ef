//! Prints theories and formulas as MPL text that parses back to the same.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::calculus::formula::{Binder, Binders, Formula, Name, PredicateId};
use crate::calculus::theory::{Definition, Induction, NotationForm, PredicateBounds, Theory};
use crate::language::text::{MplWriter, SortsShown};

impl Theory {
    /// A formula on one line; free variable `i` is written `names[i]`, or `v<i>` beyond them.
    #[must_use]
    pub fn write(&self, formula: &Formula, names: &[Arc<str>]) -> String {
        let predicate = |id: PredicateId| self.predicate(id).name.clone();
        let name = |name: Name| match names.get(name.0 as usize) {
            Some(text) => text.clone(),
            None => format!("v{}", name.0).into(),
        };
        MplWriter { predicate: &predicate, name: &name, sorts: SortsShown::No }.write(formula)
    }

    /// The theory as one self-contained `.mpl` file, formatted as by `theoremata fmt`. Parsing it gives the same
    /// theory, except for three things that the format cannot express: exclusion patterns of a GL configuration, that a
    /// reader added an induction principle, and the files of definitions.
    #[must_use]
    pub fn to_mpl(&self) -> String {
        let mut text = String::new();
        for (place, predicate) in self.predicates.iter().enumerate() {
            let Some(definition) = &predicate.definition else { continue };
            let word = if place == self.anchor.index() { "theory" } else { "define" };
            let _ = write!(text, "({word} {}[{}]", predicate.name, definition.parameters.join(","));
            if let Some(doc) = &definition.doc {
                let _ = write!(text, " \"{}\"", doc.replace('"', "'"));
            }
            let _ = writeln!(text, " {})", self.write_body(definition));
        }
        for induction in &self.inductions {
            let parameters = self.parameters(induction.structure);
            let parameter = |place: usize| &*parameters[induction.places[place]];
            let _ = write!(
                text,
                "(generated \"{}\" {}[{}] {}",
                induction.name,
                self.predicate(induction.structure).name,
                parameters.join(","),
                parameter(Induction::SET)
            );
            for constructor in &induction.constructors {
                let _ = write!(text, " {}", parameter(constructor.parameter));
                if !constructor.arguments.is_empty() {
                    let sets: Vec<&str> = constructor.arguments.iter().map(|place| parameter(*place)).collect();
                    let _ = write!(text, "[{}]", sets.join(","));
                }
            }
            text.push_str(")\n");
        }
        for notation in &self.notations {
            let _ = write!(
                text,
                "(notation ({}[{}])",
                self.predicate(notation.predicate).name,
                notation.arguments.join(",")
            );
            if let Some(value) = notation.value {
                let _ = write!(text, " (value {})", notation.arguments[value]);
            }
            let _ = match &notation.form {
                NotationForm::Infix { symbol, strength } => write!(text, " (infix \"{symbol}\" {strength})"),
                NotationForm::Prefix { symbol } => write!(text, " (prefix \"{symbol}\")"),
                NotationForm::Postfix { symbol } => write!(text, " (postfix \"{symbol}\")"),
            };
            text.push_str(")\n");
        }
        let bounds = &self.bounds;
        let _ = write!(
            text,
            "(bounds (atoms {}) (atoms-with-constant {}) (variables {})",
            bounds.atoms, bounds.atoms_with_constant, bounds.variables
        );
        for PredicateBounds { predicate, count, min_atoms, max_atoms } in &bounds.predicates {
            let _ = write!(text, " (predicate {}", self.predicate(*predicate).name);
            if *count != usize::MAX {
                let _ = write!(text, " (count {count})");
            }
            if (*min_atoms, *max_atoms) != (1, usize::MAX) {
                let _ = write!(text, " (atoms {min_atoms} {})", (*max_atoms).min(1_000));
            }
            text.push(')');
        }
        text.push_str(")\n");
        for goal in &self.goals {
            let _ = writeln!(text, "(conjecture {} {})", goal.label, self.write(&goal.statement, &[]));
        }
        text
    }

    fn write_body(&self, definition: &Definition) -> String {
        // The generation atom has a form of its own.
        let mut body = &definition.body;
        while let Formula::And(written, added) = body
            && matches!(&**added, Formula::Atom(predicate, _) if self.generation(*predicate).is_some())
        {
            body = written;
        }
        let used = body.free_variables();
        let unused: Vec<&Arc<str>> = definition
            .parameters
            .iter()
            .enumerate()
            .filter(|(place, _)| !used.contains(&Name(*place as u32)))
            .map(|(_, name)| name)
            .collect();
        if unused.is_empty() {
            return self.write(body, &definition.parameters);
        }
        self.write(&rename_binders(body, &unused), &definition.parameters)
    }

    fn parameters(&self, predicate: PredicateId) -> &[Arc<str>] {
        self.predicate(predicate).definition.as_ref().map_or(&[], |definition| &definition.parameters)
    }
}

/// Renames binders that have one of these names: the writer does not know parameters that the formula does not mention.
fn rename_binders(formula: &Formula, taken: &[&Arc<str>]) -> Formula {
    match formula {
        Formula::Atom(..) => formula.clone(),
        Formula::And(left, right) => Formula::and(rename_binders(left, taken), rename_binders(right, taken)),
        Formula::Not(inner) => Formula::negate(rename_binders(inner, taken)),
        Formula::Implies(binders, premise, conclusion) => {
            let names = binders.iter().map(|binder| {
                let mut name = binder.name.clone();
                while taken.contains(&&name) {
                    name = format!("{name}'").into();
                }
                Binder { name, sort: binder.sort.clone() }
            });
            Formula::Implies(
                Binders::new(names),
                Arc::new(rename_binders(premise, taken)),
                Arc::new(rename_binders(conclusion, taken)),
            )
        }
    }
}
