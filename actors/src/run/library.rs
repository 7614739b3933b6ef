//! Theorems of used theories: read from the store, or proved first.
//!
//! What is imported depends on the question alone. A used theory is always explored in the same way, within its own
//! bounds and with no time limit, and only a finished run counts. Theorems are taken from the store if that run was
//! finished here and the checker accepts all of it; otherwise they are proved anew, beside the store, and stored when
//! finished.

use std::sync::Arc;

use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::{Theory, Use};
use theoremata_logic::search::checkpoint::finished_with;
use theoremata_logic::search::library::{Lent, Library};
use theoremata_store::{
    Contents, ImportError, Input, Outcome, Proof, Referee, Run, RunId, Status, Store, StoreReader, Theorem,
};

use super::answer::variable_number;
use super::claims::{IMPORTED, compare};
use super::restore::Manner;
use super::{Event, Heard, KNOWN, Prepared, Question, RunError, Settings, advance};
use crate::measure::Meter;
use crate::proof_codec::decode;

/// A used theory whose theorems have become available.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reused {
    /// The theory.
    pub theory: String,
    /// The run that proved its theorems.
    pub run: RunId,
    /// Number of theorems.
    pub theorems: usize,
    /// Whether they were read from the store.
    pub stored: bool,
    /// Why a stored run was not used, if there was one.
    pub refused: Option<String>,
}

/// The result of gathering.
pub(super) enum Gathered {
    /// All theorems are available.
    Library(Library),
    /// The run hit a bound or was cancelled.
    Ended(Status),
}

/// Resources for gathering.
#[derive(Clone, Copy)]
pub(super) struct Means<'m> {
    /// Where finished runs are looked up and kept.
    pub(super) shelf: &'m Arc<Store>,
    pub(super) settings: &'m Settings,
    /// Counts CPU time for the run that imports the theorems.
    pub(super) meter: &'m Meter,
    pub(super) tell: &'m dyn Fn(Event),
    pub(super) now: fn() -> String,
}

/// Gathers the theorems of all used theories; `inputs` are the files of the run that imports them.
pub(super) fn gather(theory: &Theory, inputs: &[Input], means: Means<'_>) -> Result<Gathered, RunError> {
    let mut all = Vec::new();
    for used in &theory.uses {
        let question = question(used, inputs)?;
        let id = question.run();
        let (found, refused) = match stored(means.shelf, &id, &used.theory) {
            Ok(found) => (found, None),
            Err(why) => (None, Some(why)),
        };
        let is_stored = found.is_some();
        let lent = match found {
            Some(lent) => lent,
            None => match prove(question, means)? {
                Ok(lent) => lent,
                Err(status) => return Ok(Gathered::Ended(status)),
            },
        };
        let (name, theorems) = (used.theory.name.to_string(), lent.len());
        (means.tell)(Event::Reused(Box::new(Reused { theory: name, run: id, theorems, stored: is_stored, refused })));
        all.push(lent);
    }
    Ok(Gathered::Library(Library::bring(theory, &all)))
}

/// The question whose run proves the theorems of a used theory.
fn question(used: &Use, inputs: &[Input]) -> Result<Question, RunError> {
    // Files are read under their own names, so that the run is the same as one that explores the theory by itself.
    let find = |file: &Arc<str>| {
        let found = inputs.iter().find(|input| *input.name == **file);
        let found = found.ok_or_else(|| RunError::Used { file: file.to_string() })?;
        let name = file.strip_prefix(KNOWN).unwrap_or(file).to_owned();
        Ok::<Input, RunError>(Input { name, bytes: found.bytes.clone() })
    };
    Ok(Question {
        theory: (*used.theory).clone(),
        goals: Vec::new(),
        inputs: used.files.iter().map(find).collect::<Result<_, _>>()?,
        manner: Manner::plain(true),
    })
}

/// The theorems of a run that was finished here, if the checker accepts each of them and confirms its claims.
fn stored(store: &StoreReader, id: &RunId, theory: &Theory) -> Result<Option<Vec<Lent>>, String> {
    let failed = |error: theoremata_store::StoreError| error.to_string();
    let Some(run) = store.run(id).map_err(failed)? else { return Ok(None) };
    // An imported run may be incomplete.
    if run.status != Status::Finished || run.measures.contains_key(IMPORTED) {
        return Ok(None);
    }
    let Some(checkpoint) = store.checkpoint(id).map_err(failed)? else { return Ok(None) };
    let records = store.theorems(id).map_err(failed)?;
    if finished_with(&checkpoint.bytes) != Some(records.len()) {
        return Err("its checkpoint counts other theorems than it has".to_owned());
    }
    let mut checked: Vec<Checked> = Vec::new();
    let mut lent = Vec::new();
    for record in records {
        let lost = |why: String| format!("theorem {}: {why}", record.number);
        let proof =
            store.proof(id, record.number).map_err(failed)?.ok_or_else(|| lost("it has no proof".to_owned()))?;
        let proof = Arc::new(decode(theory, &proof).map_err(|error| lost(error.to_string()))?);
        let statements: Vec<&Formula> = checked.iter().map(Checked::statement).collect();
        let earlier = |cited: TheoremId| statements.get(cited.0 as usize).copied();
        let number = TheoremId(checked.len() as u32);
        let accepted = Checked::new(theory, earlier, number, proof.clone()).map_err(|flaw| lost(flaw.to_string()))?;
        compare(theory, &record, &accepted).map_err(|claim| lost(claim.to_string()))?;
        let variable = record.subject.get("variable");
        let induction = variable.and_then(|variable| variable_number(accepted.statement(), variable));
        lent.push(Lent { proof, corollary: record.corollary, induction });
        checked.push(accepted);
    }
    Ok(Some(lent))
}

/// Proves the theorems of a used theory in a run of its own, which is stored when it is finished.
fn prove(question: Question, means: Means<'_>) -> Result<Result<Vec<Lent>, Status>, RunError> {
    let Means { shelf, settings, meter, tell, now } = means;
    let (id, theory) = (question.run(), question.theory.clone());
    let aside = Arc::new(Store::in_memory());
    let prepared = Prepared { shelf: shelf.clone(), ..Prepared::new(aside.clone(), question, true, &now())? };
    // Its theorems are not theorems of the listener's run.
    let tell = |event: Event| {
        if matches!(event, Event::Cycle { .. } | Event::Reused(_)) {
            tell(event);
        }
    };
    let done = advance(prepared, Heard::default(), settings, &tell, now, meter)?;
    if done.status != Status::Finished {
        return Ok(Err(done.status));
    }
    let unfit = |why: String| RunError::Unfit { run: id, why };
    let lent = stored(&aside, &id, &theory).and_then(|lent| lent.ok_or_else(|| "it has no end".to_owned()));
    let lent = lent.map_err(unfit)?;
    let mut bytes = Vec::new();
    aside.export(&[id], Contents::Backup, &mut bytes)?;
    match shelf.import(&mut &bytes[..], &mut Accepted) {
        Ok(_) => Ok(Ok(lent)),
        Err(ImportError::Store(error)) => Err(error.into()),
        // A run of this question exists but was not usable; it stays.
        Err(ImportError::Text { .. } | ImportError::Read { .. }) => Ok(Ok(lent)),
    }
}

/// Accepts everything: the theorems were just checked.
struct Accepted;

impl Referee for Accepted {
    fn run(&mut self, _: &mut Run, _: &[Input]) -> Result<(), String> {
        Ok(())
    }

    fn theorem(&mut self, _: &Theorem, _: &Proof) -> Result<(), String> {
        Ok(())
    }

    fn outcome(&mut self, _: &Outcome) -> Result<(), String> {
        Ok(())
    }
}
