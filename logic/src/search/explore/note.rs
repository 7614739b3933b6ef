//! What an exploration did not do, for its summary.

use std::sync::Arc;

use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::theory::Theory;
use crate::language::text::{MplWriter, SortsShown};

use super::{Exploration, Stage};

/// Something that was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// Nothing is inferred from this part of an axiom or definition, and why. Its free variables are the anchor's
    /// parameters, and beyond these those of the definition.
    Skipped(Formula, &'static str),
    /// There is no model to test statements in: nothing could be refuted, and no conjecture be generated.
    NoModel,
    /// So many candidates were not looked at, since there were more than the generator may hold.
    LeftOut(u64),
    /// A fault of this program, which cost a part of the preparation, and what was said.
    Lost(Arc<str>),
}

impl Note {
    /// For readers.
    #[must_use]
    pub fn text(&self, theory: &Theory) -> String {
        match self {
            Note::Skipped(formula, reason) => {
                let parameters = &theory.anchor_definition().parameters;
                let predicate = |id: PredicateId| theory.predicate(id).name.clone();
                let name = |name: Name| {
                    let beyond = || format!("?{}", name.0 as usize - parameters.len()).into();
                    parameters.get(name.0 as usize).cloned().unwrap_or_else(beyond)
                };
                let text = MplWriter { predicate: &predicate, name: &name, sorts: SortsShown::No }.write(formula);
                format!("nothing is inferred from {text}: {reason}")
            }
            Note::NoModel => "no model was found, so nothing could be refuted".to_owned(),
            Note::LeftOut(count) => format!("{count} candidates or more were left out, since there were too many"),
            Note::Lost(said) => format!("a fault of this program in the preparation: {said}"),
        }
    }
}

impl Exploration {
    /// What was not done so far.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = Vec::new();
        for skipped in &self.compiled.skipped {
            let note = Note::Skipped(skipped.formula.clone(), skipped.reason);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        if self.models.is_empty() && self.stage != Stage::Fresh && self.inconsistency.is_none() {
            notes.push(Note::NoModel);
        }
        if self.counts.left_out > 0 {
            notes.push(Note::LeftOut(self.counts.left_out));
        }
        notes.extend(self.lost.iter().cloned().map(Note::Lost));
        notes
    }
}
