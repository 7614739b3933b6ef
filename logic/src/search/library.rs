//! Transfers theorems of imported theories.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::calculus::checked::Checked;
use crate::calculus::formula::Formula;
use crate::calculus::proof::{Proof, TheoremId};
use crate::calculus::theory::Theory;
use crate::language::notation::Reading;
use crate::proofs::transfer::Transfer;
use crate::search::ended::kept_apart;

/// A theorem of an imported theory.
#[derive(Clone, Debug)]
pub struct Lent {
    /// Its proof there, not trusted.
    pub proof: Arc<Proof>,
    /// Whether it followed immediately from what was known there.
    pub corollary: bool,
    /// The number of the outermost induction's variable, if there is one.
    pub induction: Option<u16>,
}

/// The origin of a transferred theorem.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The theory, by its index in [`Theory::uses`].
    pub used: u32,
    /// The theorem, by its index there.
    pub theorem: u32,
}

/// A theorem of an imported theory, proved and checked in the importing theory.
#[derive(Clone, Debug)]
pub struct Brought {
    /// The statement and its proof in the importing theory.
    pub checked: Checked,
    /// Its origin.
    pub source: Source,
    /// See [`Lent::corollary`].
    pub corollary: bool,
    /// See [`Lent::induction`].
    pub induction: Option<u16>,
}

/// The result of a transfer.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The transferred theorems, in the order of their numbers here.
    pub theorems: Vec<Brought>,
    /// The theorems that could not be transferred, and why.
    pub left: Vec<(Source, Arc<str>)>,
}

impl Library {
    /// Transfers the theorems of imported theories; `lent` has those of each, in order. For every application of an
    /// imported theory among the axioms, each of its theorems is proved from these axioms and checked. Duplicate
    /// statements are skipped.
    ///
    /// The result depends on the arguments alone. Costs about as much as checking the proofs.
    #[must_use]
    pub fn bring(theory: &Theory, lent: &[Vec<Lent>]) -> Library {
        let mut library = Library::default();
        let mut known: HashMap<Formula, TheoremId> = HashMap::new();
        let reading = Reading::new(theory);
        let notation = reading.notation();
        for (place, (used, lent)) in theory.uses.iter().zip(lent).enumerate() {
            for arguments in &used.places {
                let transfer = Transfer::new(&used.theory, theory, arguments);
                let mut numbers: HashMap<TheoremId, TheoremId> = HashMap::new();
                for (number, one) in lent.iter().enumerate() {
                    let source = Source { used: place as u32, theorem: number as u32 };
                    let proof = kept_apart(|| {
                        let proof = transfer.proof(&one.proof, &|cited| numbers.get(&cited).copied())?;
                        let reading = Reading::with(theory, &notation);
                        Ok(named(&reading, proof))
                    });
                    let checked = proof.and_then(|proof: Result<Proof, &str>| {
                        let proof = proof.map_err(Arc::from)?;
                        library.checked(theory, proof)
                    });
                    match checked {
                        Err(why) => library.left.push((source, why)),
                        Ok(checked) => {
                            let id = checked.number();
                            let same = *known.entry(checked.statement().clone()).or_insert(id);
                            numbers.insert(TheoremId(number as u32), same);
                            if same == id {
                                let Lent { corollary, induction, .. } = *one;
                                library.theorems.push(Brought { checked, source, corollary, induction });
                            }
                        }
                    }
                }
            }
        }
        library
    }

    /// Restores transferred theorems from their stored proofs, which are checked again.
    ///
    /// # Errors
    /// The checker's reason for refusing one of them.
    pub fn restore(
        theory: &Theory,
        theorems: impl IntoIterator<Item = (Proof, Source, bool, Option<u16>)>,
    ) -> Result<Library, Arc<str>> {
        let mut library = Library::default();
        for (proof, source, corollary, induction) in theorems {
            let checked = library.checked(theory, proof)?;
            library.theorems.push(Brought { checked, source, corollary, induction });
        }
        Ok(library)
    }

    /// The next theorem, if the checker accepts its proof.
    fn checked(&self, theory: &Theory, proof: Proof) -> Result<Checked, Arc<str>> {
        let earlier = |id: TheoremId| self.theorems.get(id.0 as usize).map(|known| known.checked.statement());
        let id = TheoremId(self.theorems.len() as u32);
        Checked::new(theory, earlier, id, proof).map_err(|flaw| flaw.to_string().into())
    }
}

/// The proof with this theory's customary variable names, if the binders of its statement have distinct names.
fn named(reading: &Reading<'_>, proof: Proof) -> Proof {
    let Some(statement) = proof.statement() else { return proof };
    let mut names = HashSet::new();
    if !different(statement, &mut names) {
        return proof;
    }
    let renaming = reading.renaming(statement);
    renaming.proof(proof)
}

/// Whether all binders of a formula have distinct names.
fn different(formula: &Formula, names: &mut HashSet<Arc<str>>) -> bool {
    match formula {
        Formula::Atom(..) => true,
        Formula::Not(inner) => different(inner, names),
        Formula::And(left, right) => different(left, names) && different(right, names),
        Formula::Implies(binders, premise, conclusion) => {
            binders.names().all(|name| names.insert(name.clone()))
                && different(premise, names)
                && different(conclusion, names)
        }
    }
}
