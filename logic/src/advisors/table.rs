//! Token n-gram counts over the theorems of some theories.

use std::collections::BTreeMap;

use crate::calculus::formula::Formula;
use crate::calculus::theory::Theory;
use crate::language::infix::Infix;
use crate::language::notation::Reading;
use crate::random::hash;

use super::shape::{Token, tokens};

/// The most context tokens.
pub(super) const ORDER: usize = 3;

/// An n-gram table. If it is empty, every token is equally likely.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    counts: BTreeMap<Vec<Token>, BTreeMap<Token, u32>>,
    /// The number of statements learned from.
    pub statements: u32,
}

impl Table {
    /// Learns from a theorem of a theory; skips one that is not a plain implication of literals.
    pub fn learn(&mut self, theory: &Theory, statement: &Formula) {
        let infix = Infix::new(theory);
        let text = Reading::new(theory).statement(statement).to_string();
        let Some(sequence) = infix.sentence(&text).ok().and_then(|sentence| tokens(infix.vocabulary(), &sentence))
        else {
            return;
        };
        self.statements += 1;
        for place in 0..sequence.len() {
            for length in 0..=ORDER.min(place) {
                let before = sequence[place - length..place].to_vec();
                *self.counts.entry(before).or_default().entry(sequence[place]).or_default() += 1;
            }
        }
    }

    /// The weights of tokens after a context: `1 + 16 · count`, with counts for the longest suffix of the context in
    /// which one of the tokens has occurred.
    pub(super) fn weights(&self, before: &[Token], tokens: &[Token]) -> Vec<u32> {
        let longest = (0..=ORDER.min(before.len())).rev();
        let found = longest.map(|length| &before[before.len() - length..]).find_map(|context| {
            let counts = self.counts.get(context)?;
            tokens.iter().any(|token| counts.contains_key(token)).then_some(counts)
        });
        let seen = |token: &Token| found.and_then(|counts| counts.get(token)).copied().unwrap_or(0);
        tokens.iter().map(|token| 1 + 16 * seen(token)).collect()
    }

    /// A hash of the table.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        // Maps are printed in key order.
        hash(&format!("{:?}", self.counts), 0)
    }
}
