//! The focus of an attempt. With more lemmas, rules demand more values. Values of functions unrelated to the goal are
//! created later, so that additional lemmas lose fewer goals.

use std::sync::Arc;

use crate::clauses::clause::RelationId;
use crate::saturation::pattern::Pattern;

use super::Block;

/// The price added to a value's weight if it needs a function outside the focus.
const DETOUR: u32 = 4;

/// The relations relevant to an attempt: those of its goal, and those used in their definitions.
#[derive(Debug)]
pub struct Focus(Vec<bool>);

impl Focus {
    /// The relations, among `relations` many, for which `is_meant` holds.
    #[must_use]
    pub fn new(relations: usize, is_meant: impl Fn(RelationId) -> bool) -> Focus {
        Focus((0..relations as u16).map(|number| is_meant(RelationId(number))).collect())
    }
}

impl Block {
    /// Sets the focus of the block; `None`: all relations, the default.
    pub fn focus_on(&mut self, focus: Option<Arc<Focus>>) {
        self.focus = focus;
    }

    /// The price that the focus adds for these values.
    pub(super) fn detour(&self, rows: &[Pattern]) -> u32 {
        let Some(Focus(meant)) = self.focus.as_deref() else { return 0 };
        let is_detour = |row: &Pattern| !meant.get(row.code.relation().index()).copied().unwrap_or(true);
        if rows.iter().any(is_detour) { DETOUR } else { 0 }
    }
}
