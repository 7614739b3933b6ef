//! How often a token follows others in the theorems of some theories.

use std::collections::BTreeMap;

use crate::calculus::formula::Formula;
use crate::calculus::theory::Theory;
use crate::language::infix::Infix;
use crate::language::notation::Reading;
use crate::random::hash;

use super::shape::{Token, tokens};

/// Tokens that decide about the next.
pub(super) const ORDER: usize = 3;

/// A table of n-grams. An empty one says nothing, so that every token is as likely as any other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    counts: BTreeMap<Vec<Token>, BTreeMap<Token, u32>>,
    /// Statements that it was learned from.
    pub statements: u32,
}

impl Table {
    /// Learns a theorem of a theory; one that is no plain implication of literals is left out.
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

    /// How much a token weighs behind others: its count behind as many of them as were met together, and 1 for a token
    /// that was never met there.
    pub(super) fn weights(&self, before: &[Token], tokens: &[Token]) -> Vec<u32> {
        let longest = (0..=ORDER.min(before.len())).rev();
        let found = longest.map(|length| &before[before.len() - length..]).find_map(|context| {
            let counts = self.counts.get(context)?;
            tokens.iter().any(|token| counts.contains_key(token)).then_some(counts)
        });
        let seen = |token: &Token| found.and_then(|counts| counts.get(token)).copied().unwrap_or(0);
        tokens.iter().map(|token| 1 + 16 * seen(token)).collect()
    }

    /// A number that differs between tables that differ, as good as surely.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        // The order in which it is written down is that of its keys.
        hash(&format!("{:?}", self.counts), 0)
    }
}
