//! A theorem accepted by the checker, with what its proof depends on.

use std::sync::Arc;

use super::check::{Basis, Flaw, check};
use super::formula::Formula;
use super::proof::{Proof, TheoremId};
use super::theory::Theory;

/// A theorem whose proof the checker has accepted. [`Checked::new`] is the only constructor, so code that takes a
/// `Checked` needs no further check: exploration, store, pages and exports all pass this type.
///
/// Clones share the proof.
#[derive(Clone, Debug)]
pub struct Checked {
    number: TheoremId,
    proof: Arc<Proof>,
    basis: Basis,
}

impl Checked {
    /// Checks the proof. `earlier` returns the statements of theorems with lower numbers, which the proof may cite.
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

    /// Its number as shown to users, who count from 1.
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

    /// What its own proof depends on.
    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.basis
    }
}
