//! Notes on what an exploration did not do, for its summary.

use std::sync::Arc;

use crate::calculus::formula::Formula;
use crate::clauses::clause::Head;
use crate::clauses::compile::Start;
use crate::search::extension::Obstacle;
use crate::search::standard::{Barrier, obstacle};

use super::conjecture::{Conjecture, Fate};
use super::{Exploration, Stage};

/// Something that was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// This part of an axiom or definition is not used, for this reason. Its free variables are the anchor's
    /// parameters, followed by those of the definition.
    Skipped(Formula, &'static str),
    /// There is no model: nothing can be refuted, and no conjectures are generated.
    NoModel,
    /// Sets without constructors have no individuals, since the axioms go beyond recursive definitions on them:
    /// statements about them were not tested. Where one or two axioms stand in the way, these; their free variables are
    /// as in [`Note::Skipped`].
    NoParameters(Vec<Formula>),
    /// An open statement asserts existence. The piece in which statements are tested cannot refute it: a witness may
    /// lie outside.
    Existence,
    /// This many candidates were not examined, because of the generator's limit.
    LeftOut(u64),
    /// Conjectures of this many atoms or more were not generated, though the theory's bounds allow them: there are too
    /// many.
    TooLarge(usize),
    /// This many (second field) theorems of the used theory at this index of [`Theory::uses`] (first field) could not
    /// be transferred; the reason for the first of them.
    ///
    /// [`Theory::uses`]: crate::calculus::theory::Theory::uses
    NotTaken(usize, usize, Arc<str>),
    /// A bug cost a part of the preparation; the panic message.
    Lost(Arc<str>),
}

impl Exploration {
    /// The axioms that stand in the way of a structure of constructor terms.
    fn axioms_beyond_recursion(&self) -> Vec<Formula> {
        let Some(piece) = self.models.iter().find(|model| !model.free.is_empty()) else { return Vec::new() };
        let numbers = match obstacle(&self.theory, &self.compiled, piece.free.iter().copied()) {
            Some(Barrier::Axioms(Obstacle::NotACase(axiom))) => vec![axiom],
            Some(Barrier::Axioms(Obstacle::Overlap(one, other))) => vec![one, other],
            Some(Barrier::Axioms(Obstacle::Circular) | Barrier::Skipped | Barrier::Generated) | None => Vec::new(),
        };
        let formula = |number: usize| match self.compiled.axioms[number].justification.start {
            Start::Node(node) => Some(self.compiled.nodes[node.0 as usize].formula.clone()),
            _ => None,
        };
        numbers.into_iter().filter_map(formula).collect()
    }

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
        let pieces = || self.models.iter().filter(|model| !model.free.is_empty());
        if pieces().any(|model| model.domains.iter().any(|domain| domain.size == 0)) {
            notes.push(Note::NoParameters(self.axioms_beyond_recursion()));
        }
        let claims = |conjecture: &Conjecture| {
            matches!(conjecture.fate, Fate::Open(_))
                && conjecture.clause.as_ref().is_some_and(|clause| matches!(clause.head, Head::Exists(..)))
        };
        if pieces().next().is_some() && self.conjectures.iter().any(claims) {
            notes.push(Note::Existence);
        }
        if self.counts.left_out > 0 {
            notes.push(Note::LeftOut(self.counts.left_out));
        }
        notes.extend(self.too_large.map(Note::TooLarge));
        for place in 0..self.theory.uses.len() {
            let mut left = self.left.iter().filter(|(source, _)| source.used as usize == place).map(|(_, why)| why);
            if let Some(why) = left.next() {
                notes.push(Note::NotTaken(place, 1 + left.count(), why.clone()));
            }
        }
        notes.extend(self.lost.iter().cloned().map(Note::Lost));
        notes
    }
}
