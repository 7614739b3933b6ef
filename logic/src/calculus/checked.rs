//! A theorem: what the checker has accepted, and what it rests on.

use std::sync::Arc;

use super::check::{Basis, Flaw, check};
use super::formula::Formula;
use super::proof::{Proof, TheoremId};
use super::theory::Theory;

/// A theorem whose proof the checker has accepted. There is no other way to have one than [`Checked::new`], so who
/// takes a `Checked` need not ask: exploration, store, pages and exports hand on this value, from the checking on.
///
/// A clone shares the proof.
#[derive(Clone, Debug)]
pub struct Checked {
    number: TheoremId,
    proof: Arc<Proof>,
    basis: Basis,
}

impl Checked {
    /// Has the proof checked. `earlier` gives the statements that it may cite, those of theorems with
    /// lower numbers.
    ///
    /// # Errors
    /// The first flaw of the proof.
    pub fn new<'f>(
        theory: &Theory,
        earlier: impl Fn(TheoremId) -> Option<&'f Formula>,
        number: TheoremId,
        proof: impl Into<Arc<Proof>>,
    ) -> Result<Checked, Flaw> {
        let proof = proof.into();
        let basis = check(theory, |cited| if cited < number { earlier(cited) } else { None }, &proof)?;
        Ok(Checked { number, proof, basis })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> TheoremId {
        self.number
    }

    /// Its number for readers, who count from 1.
    #[must_use]
    pub fn shown_number(&self) -> u32 {
        self.number.0 + 1
    }

    /// Its proof.
    #[must_use]
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Its closed statement.
    #[must_use]
    pub fn statement(&self) -> &Formula {
        self.proof.statement().expect("the checker refuses a proof without steps")
    }

    /// What its own proof rests on.
    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
}
