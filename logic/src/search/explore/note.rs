//! What an exploration did not do, for its summary.

use std::sync::Arc;

use crate::calculus::formula::Formula;

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
