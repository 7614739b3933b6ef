//! Restores the exploration of a stored run, without changing the store.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use theoremata_logic::calculus::formula::{Formula, Name, PredicateId};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::clauses::compile::behind_anchor;
use theoremata_logic::search::explore::{Advice, Exploration, Options, Theorem};
use theoremata_store::{Run, StoreReader};

use super::RunError;
use crate::advice::Advised;
use crate::proof_codec::decode;

/// Version of the search: another version finds other theorems, or in another order.
const SEARCH: u32 = 14;
/// Version of the calculus: proofs of another version may be invalid.
const CALCULUS: u32 = 2;

/// How to search: everything besides the files that determines the answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manner {
    /// Whether conjectures are generated from the beginning, not only where goals need them.
    pub explore: bool,
    /// Maximal number of atoms of a conjecture, if not the theory's own.
    pub atoms: Option<usize>,
    /// The advisor, if there is one.
    pub advised: Option<Advised>,
}

/// A manner as stored, with the versions that the answer depends on.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    advice: Option<KeptAdvice>,
    calculus: Option<u32>,
    command: String,
    max_size: Option<usize>,
    search: u32,
}

/// Advice as stored.
#[derive(Serialize, Deserialize)]
struct KeptAdvice {
    by: String,
    #[serde(flatten)]
    advice: Advice,
}

impl Manner {
    /// No advisor; conjectures from the beginning with `explore`, else for goals only.
    #[must_use]
    pub fn plain(explore: bool) -> Manner {
        Manner { explore, atoms: None, advised: None }
    }

    /// The stored text.
    pub(super) fn text(&self) -> String {
        let command = if self.explore { "explore" } else { "prove" }.to_owned();
        let advice =
            self.advised.as_ref().map(|Advised { by, advice }| KeptAdvice { by: by.to_string(), advice: *advice });
        let kept = Kept { advice, calculus: Some(CALCULUS), command, max_size: self.atoms, search: SEARCH };
        serde_json::to_string(&kept).expect("plain data")
    }

    /// Parses the output of [`Manner::text`].
    ///
    /// # Errors
    /// A message, if another version of the program wrote it.
    pub fn read(text: &str) -> Result<Manner, String> {
        let kept: Kept =
            serde_json::from_str(text).map_err(|error| format!("its options are none of this program's: {error}"))?;
        let calculus = kept.calculus.unwrap_or(1);
        if (kept.search, calculus) != (SEARCH, CALCULUS) {
            return Err(format!(
                "it was made by version {} of the search and {calculus} of the calculus, and this program has \
                 {SEARCH} and {CALCULUS}: ask the question anew, or go on with the program that began it",
                kept.search
            ));
        }
        let explore = match &*kept.command {
            "explore" => true,
            "prove" => false,
            other => return Err(format!("its options name `{other}`, which is no question")),
        };
        let advised = |kept: KeptAdvice| {
            let by = kept.by.parse().map_err(|error| format!("its options: {error}"))?;
            Ok::<_, String>(Advised { by, advice: kept.advice })
        };
        Ok(Manner { explore, atoms: kept.max_size, advised: kept.advice.map(advised).transpose()? })
    }

    pub(super) fn search(&self) -> Options {
        let advice = self.advised.as_ref().map(|advised| advised.advice);
        // An explicit size asks for all conjectures up to it.
        Options { generate: self.explore, all_sizes: self.atoms.is_some(), advice, ..Options::default() }
    }

    /// The theory with the bound on atoms applied.
    pub fn bound(&self, mut theory: Theory) -> Theory {
        if let Some(atoms) = self.atoms {
            theory.bounds.atoms = atoms;
            for bound in &mut theory.bounds.predicates {
                bound.max_atoms = bound.max_atoms.max(atoms);
                bound.count = if bound.count == 0 { 0 } else { bound.count.max(atoms) };
            }
        }
        theory
    }
}

/// The manner of a stored run, if the run can be continued: it is of this version, and has a checkpoint if anything was
/// committed.
///
/// # Errors
/// If it cannot be continued, or the store fails.
pub fn can_go_on(store: &StoreReader, run: &Run) -> Result<Manner, RunError> {
    let unfit = |why: String| RunError::Unfit { run: run.id, why };
    if run.committed > 0 && store.checkpoint(&run.id)?.is_none() {
        return Err(unfit(
            "it has no checkpoint to go on from, since it was imported without one; `theoremata show` has what it \
             found, and --fresh with the same question asks it anew"
                .to_owned(),
        ));
    }
    Manner::read(&run.options).map_err(unfit)
}

/// The exploration of a stored run at its last checkpoint, and the cycle of that checkpoint. Every proof is checked.
/// The theory has the bound of the manner applied.
///
/// # Errors
/// If a record is damaged, the checkpoint does not fit, or it is missing although something was committed.
pub fn restore(
    store: &StoreReader,
    run: &Run,
    theory: Arc<Theory>,
    goals: &[Goal],
    manner: &Manner,
) -> Result<(Exploration, u32), RunError> {
    can_go_on(store, run)?;
    let unfit = |why: String| RunError::Unfit { run: run.id, why };
    let Some(checkpoint) = store.checkpoint(&run.id)? else {
        return Ok((Exploration::new(theory, goals, manner.search()), 0));
    };
    let mut proofs = Vec::new();
    for theorem in store.theorems(&run.id)?.into_iter().filter(|theorem| theorem.cycle <= checkpoint.cycle) {
        let lost = |why: String| unfit(format!("theorem {}: {why}", theorem.number));
        let record = store.proof(&run.id, theorem.number)?.ok_or_else(|| lost("it has no proof".to_owned()))?;
        proofs.push(decode(&theory, &record).map_err(|error| lost(error.to_string()))?);
    }
    let exploration = Exploration::restore(theory, goals, manner.search(), &checkpoint.bytes, proofs)
        .map_err(|error| unfit(format!("{error}; --fresh with the same question asks it anew")))?;
    // The checkpoint only names the theorem; verify that its statement is an inconsistency.
    let named = exploration.inconsistency.map(|TheoremId(place)| exploration.theorems.get(place as usize));
    if named.is_some_and(|theorem| !theorem.is_some_and(|theorem| denies_itself(exploration.theory(), theorem))) {
        return Err(unfit("its checkpoint calls the axioms contradictory, and has no theorem that says so".to_owned()));
    }
    Ok((exploration, checkpoint.cycle))
}

/// Whether a theorem negates a reflexive equation, or its own anchor.
fn denies_itself(theory: &Theory, theorem: &Theorem) -> bool {
    let parameters = theory.anchor_definition().parameters.len() as u32;
    match behind_anchor(theory, theorem.checked.statement()) {
        Some(Formula::Not(denied)) => match &*denied {
            Formula::Atom(PredicateId::EQUAL, sides) => sides[0] == sides[1],
            atom => *atom == Formula::atom(theory.anchor, (0..parameters).map(Name)),
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::By;

    #[test]
    fn a_manner_is_read_as_it_was_written_and_other_versions_are_named() {
        let advised = Advised { by: By::Random { seed: 1 }, advice: Advice::DEFAULT };
        for manner in [
            Manner::plain(true),
            Manner { atoms: Some(3), ..Manner::plain(false) },
            Manner { advised: Some(advised), ..Manner::plain(true) },
        ] {
            assert_eq!(Manner::read(&manner.text()), Ok(manner));
        }
        for old in [
            r#"{"command":"explore","max_size":null,"search":1}"#,
            r#"{"calculus":9,"command":"prove","max_size":2,"search":3}"#,
        ] {
            let why = Manner::read(old).expect_err("another version");
            assert!(why.contains(&format!("this program has {SEARCH} and {CALCULUS}")), "{why}");
        }
        assert!(Manner::read("{}").is_err());
        let strange = Manner::plain(true).text().replace("explore", "dance");
        assert!(Manner::read(&strange).expect_err("no question").contains("dance"));
    }
}
