//! A theory as a model generates it, the file that it becomes, and its axioms as statements.

use std::sync::Arc;

use theoremata_actors::examine::{Examiner, Limits};
use theoremata_logic::calculus::theory::Goal;
use theoremata_logic::language::infix::Infix;
use theoremata_logic::language::mpl;
use theoremata_store::{Input, Store};

use super::forms;
use super::vocabulary::{self, Choice};
use crate::exchange::input::{self, Loaded};
use crate::failure::Failure;
use crate::time::now;

/// A generated theory.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) choice: Choice,
    /// The axioms except the declarations of symbols, in MPL, without duplicates.
    pub(super) axioms: Vec<String>,
    /// The same axioms as statements about the symbols, with named laws expanded.
    pub(super) statements: Vec<String>,
    /// The complete file.
    pub(super) file: String,
    pub(super) examiner: Examiner,
}

impl Draft {
    /// Parses the output of a model with the reader of MPL files.
    ///
    /// # Errors
    /// A message, if it is no theory.
    pub(super) fn read(text: &str, description: &str, limits: Limits) -> Result<Draft, String> {
        let whole = forms::first(text.trim());
        let cut_off = || "it breaks off".to_owned();
        let inside = whole.strip_prefix("(theory ").and_then(|rest| rest.strip_suffix("))")).ok_or_else(cut_off)?;
        let (name, rest) = inside.split_once('[').ok_or_else(cut_off)?;
        let (parameters, body) = rest.split_once("] (& ").ok_or_else(cut_off)?;
        let parameters: Vec<&str> = parameters.split(',').collect();
        let choice = Choice::of_parameters(&parameters).ok_or("it is about signs that new theories do not have")?;
        let declared = choice.declarations();
        let mut axioms: Vec<String> = Vec::new();
        for axiom in forms::all(body) {
            if !declared.iter().any(|known| known == axiom) && !axioms.iter().any(|known| known == axiom) {
                axioms.push(axiom.to_owned());
            }
        }
        Draft::of(name, choice, axioms, description, limits)
    }

    /// The theory that only declares the symbols.
    ///
    /// # Errors
    /// A message, if the reader rejects it.
    pub(super) fn bare(choice: Choice, limits: Limits) -> Result<Draft, String> {
        Draft::of("Bare", choice, Vec::new(), "", limits)
    }

    fn of(name: &str, choice: Choice, axioms: Vec<String>, description: &str, limits: Limits) -> Result<Draft, String> {
        let laws = choice.laws();
        let says = |axiom: &String| {
            laws.iter().find(|(law, _)| law == axiom).map_or_else(|| axiom.clone(), |(_, says)| says.clone())
        };
        let statements = axioms.iter().map(says).collect();
        let path = format!("{name}.mpl");
        let file = file(name, &choice, &axioms, description);
        let file = mpl::format(&path, file.as_bytes()).map_err(|report| report.render(false))?;
        let input = Input { name: path, bytes: file.clone().into_bytes() };
        let Loaded { theory, files, .. } =
            input::load_texts(&[input], &|_| None).map_err(|failure: Failure| failure.to_string())?;
        let examiner = Examiner::new(theory, files, Arc::new(Store::in_memory()), limits, now);
        Ok(Draft { name: name.to_owned(), choice, axioms, statements, file, examiner })
    }

    /// Parses an example. A symbol of other theories is not accepted as a variable.
    ///
    /// # Errors
    /// A message, if it cannot be stated with the symbols of this theory.
    pub(super) fn example(&self, text: &str) -> Result<Goal, String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        if let Some(sign) = words.into_iter().find(|word| self.choice.lacks(word)) {
            return Err(format!("the theory has no `{sign}`"));
        }
        self.examiner.read(text)
    }

    /// Each axiom as mathematics, and in words if available.
    pub(super) fn said(&self) -> Vec<(String, Option<String>)> {
        let infix = Infix::new(self.examiner.theory());
        let said = |statement: &String| {
            let math =
                self.examiner.read(statement).map_or_else(|_| statement.clone(), |goal| self.examiner.math(&goal));
            let words = infix.words(statement).or_else(|_| infix.words(&math)).ok();
            (math, words)
        };
        self.statements.iter().map(said).collect()
    }
}

/// The file of a theory, self-contained with all definitions that it uses.
fn file(name: &str, choice: &Choice, axioms: &[String], description: &str) -> String {
    let parts: Vec<String> = choice.declarations().into_iter().chain(axioms.iter().cloned()).collect();
    let names: Vec<&str> =
        parts.iter().filter_map(|part| part.strip_prefix('(')?.split_once('[')).map(|(name, _)| name).collect();
    let mut file = String::from("; A theory that a language model wrote from this description:\n");
    // Characters that would end the line or reorder the text are escaped.
    file += &format!("; {description:?}\n\n");
    for definition in vocabulary::definitions(&names) {
        file += &format!("{definition}\n\n");
    }
    let body = if parts.len() == 1 { parts.concat() } else { format!("(& {})", parts.join(" ")) };
    file += &format!("(theory {name}[{}] {body})\n\n", choice.parameters());
    choice.notations().for_each(|notation| file += &format!("{notation}\n"));
    file
}
