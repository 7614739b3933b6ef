//! What an attempt is about. The more lemmas are known, the more values their rules ask for: those of functions that
//! have nothing to do with the goal are made later, so that more lemmas lose fewer goals.

use std::sync::Arc;

use crate::clauses::clause::RelationId;
use crate::saturation::pattern::Pattern;

use super::Block;

/// What a value costs beyond its weight if it needs a function that the attempt is not about.
const DETOUR: u32 = 4;

/// The relations that an attempt is about: those of its goal, and those that they are defined with.
#[derive(Debug)]
pub struct Focus(Vec<bool>);

impl Focus {
    /// Those of so many relations that `is_meant` says.
    #[must_use]
    pub fn new(relations: usize, is_meant: impl Fn(RelationId) -> bool) -> Focus {
        Focus((0..relations as u16).map(|number| is_meant(RelationId(number))).collect())
    }
}

impl Block {
    /// Says what the block is about; `None`: everything, as in the beginning.
    pub fn focus_on(&mut self, focus: Option<Arc<Focus>>) {
        self.focus = focus;
    }

    /// What these values cost beyond their weight.
    pub(super) fn detour(&self, rows: &[Pattern]) -> u32 {
        let Some(Focus(meant)) = self.focus.as_deref() else { return 0 };
        let is_detour = |row: &Pattern| !meant.get(row.code.relation().index()).copied().unwrap_or(true);
        if rows.iter().any(is_detour) { DETOUR } else { 0 }
    }
}
