//! Stored runs, whose theorems the checker must accept before they are shown.

use std::io::BufRead;
use std::sync::Arc;

use theoremata_actors::proof_codec::decode;
use theoremata_actors::run::{IMPORTED, Manner, compare, mpl, restore};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::{Proof, Rule, TheoremId};
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl::read_goals;
use theoremata_logic::search::explore::Exploration;
use theoremata_store::{
    ImportError, Imported, Input, Outcome, Proof as ProofRecord, Referee, Run, Store, StoreReader, Theorem,
};

use crate::exchange::input::{self, GOALS};
use crate::failure::Failure;

/// A stored run: its question, and its theorems as claimed. [`Stored::checked`] turns the claims into theorems.
pub(crate) struct Stored {
    pub(crate) run: Run,
    pub(crate) theory: Arc<Theory>,
    pub(crate) goals: Vec<Goal>,
    /// The files that the theory was read from.
    pub(crate) files: Vec<Input>,
    /// The records of the theorems, by number.
    pub(crate) records: Vec<Theorem>,
    /// The proofs, up to the first that is malformed.
    proofs: Vec<Arc<Proof>>,
    unreadable: Option<Refusal>,
}

/// A refused theorem.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// Its number.
    pub(crate) theorem: u32,
    /// The reason.
    pub(crate) why: String,
}

impl Stored {
    /// Reads a run.
    ///
    /// # Errors
    /// If the store fails, or its files form no theory. A malformed proof is reported by the check.
    pub(crate) fn read(store: &StoreReader, run: &Run) -> Result<Stored, Failure> {
        let (goal_files, files): (Vec<Input>, Vec<Input>) =
            store.inputs(&run.id)?.into_iter().partition(|input| input.name.starts_with(GOALS));
        let theory = input::reload(&files)?;
        let read = |file: &Input| read_goals(&theory, &file.bytes, &file.name[GOALS.len()..]).0;
        let goals = goal_files.iter().flat_map(read).collect();
        let records = store.theorems(&run.id)?;
        let mut proofs = Vec::new();
        let mut unreadable = None;
        for record in &records {
            let proof = match store.proof(&run.id, record.number)? {
                Some(proof) => decode(&theory, &proof).map_err(|error| error.to_string()),
                None => Err("it has no proof".to_owned()),
            };
            match proof {
                Ok(proof) => proofs.push(Arc::new(proof)),
                Err(why) => {
                    unreadable = Some(Refusal { theorem: record.number, why });
                    break;
                }
            }
        }
        Ok(Stored { run: run.clone(), theory: Arc::new(theory), goals, files, records, proofs, unreadable })
    }

    /// The theorems whose proofs the checker accepts and whose records agree with its findings, up to the first that is
    /// refused.
    pub(crate) fn accepted(&self) -> (Vec<Checked>, Option<Refusal>) {
        let statements: Vec<Option<&Formula>> = self.proofs.iter().map(|proof| proof.statement()).collect();
        let mut accepted: Vec<Checked> = Vec::new();
        for (proof, record) in self.proofs.iter().zip(&self.records) {
            let place = accepted.len();
            let earlier = |cited: TheoremId| statements[..place].get(cited.0 as usize).copied().flatten();
            let checked = Checked::new(&self.theory, earlier, TheoremId(place as u32), proof.clone());
            let checked = checked.map_err(|flaw| flaw.to_string()).and_then(|checked| {
                compare(&self.theory, record, &checked).map(|()| checked).map_err(|claim| claim.to_string())
            });
            match checked {
                Ok(checked) => accepted.push(checked),
                Err(why) => return (accepted, Some(Refusal { theorem: record.number, why })),
            }
        }
        (accepted, self.unreadable.clone())
    }

    /// All theorems.
    ///
    /// # Errors
    /// If one of them is refused: nothing is shown of a run with an unchecked part.
    pub(crate) fn checked(&self) -> Result<Vec<Checked>, Failure> {
        match self.accepted() {
            (checked, None) => Ok(checked),
            (_, Some(refusal)) => Err(self.refused(&refusal)),
        }
    }

    /// The theorem with this number, and everything it depends on.
    ///
    /// # Errors
    /// If there is no such theorem, or one up to it is refused.
    pub(crate) fn checked_below(&self, number: u32) -> Result<Vec<Checked>, Failure> {
        let count = self.records.len();
        let place = (number as usize).checked_sub(1).filter(|place| *place < count);
        let place = place.ok_or_else(|| Failure::Usage(format!("the run has theorems 1 to {count}")))?;
        let (checked, refusal) = self.accepted();
        if let (true, Some(refusal)) = (place >= checked.len(), refusal) {
            return Err(self.refused(&refusal));
        }
        let mut wanted = vec![false; checked.len()];
        wanted[place] = true;
        mark_cited(&checked, place, &mut wanted);
        Ok(checked.into_iter().zip(wanted).filter_map(|(theorem, wanted)| wanted.then_some(theorem)).collect())
    }

    /// The exploration with all conjectures, from the checkpoint.
    ///
    /// # Errors
    /// If there is no checkpoint, or it has another version.
    pub(crate) fn exploration(&self, store: &StoreReader) -> Result<Exploration, Failure> {
        let manner = Manner::read(&self.run.options).map_err(Failure::Usage)?;
        let theory = manner.bound((*self.theory).clone()).into();
        Ok(restore(store, &self.run, theory, &self.goals, &manner)?.0)
    }

    fn refused(&self, Refusal { theorem, why }: &Refusal) -> Failure {
        Failure::World(format!(
            "run {}: the checker refuses the proof of theorem {theorem}, so nothing is exported or shown: {why}",
            self.run.id
        ))
    }
}

/// Marks the dependencies of the theorem at an index.
fn mark_cited(theorems: &[Checked], place: usize, wanted: &mut [bool]) {
    let mut waiting = vec![place];
    while let Some(place) = waiting.pop() {
        for step in &theorems[place].proof().steps {
            let Rule::Theorem(cited) = step.rule else { continue };
            if !wanted[cited.0 as usize] {
                wanted[cited.0 as usize] = true;
                waiting.push(cited.0 as usize);
            }
        }
    }
}

/// Whether a run was imported: its own statements about itself, theorems apart, are unverified.
pub(crate) fn is_imported(run: &Run) -> bool {
    run.measures.contains_key(IMPORTED)
}

/// Imports runs into a store; each theorem is checked before it is stored.
///
/// # Errors
/// If the text is damaged or a theorem is refused, with its number. Then nothing is stored.
pub(crate) fn import(store: &Store, from: &mut dyn BufRead) -> Result<Imported, ImportError> {
    store.import(from, &mut Gate::default())
}

/// Admits what the checker accepts.
#[derive(Default)]
struct Gate {
    theory: Option<Theory>,
    statements: Vec<Formula>,
}

impl Referee for Gate {
    fn run(&mut self, claimed: &mut Run, inputs: &[Input]) -> Result<(), String> {
        let files: Vec<Input> = inputs.iter().filter(|file| !file.name.starts_with(GOALS)).cloned().collect();
        let theory = input::reload(&files).map_err(|failure| format!("its files are no theory: {failure}"))?;
        self.theory = Some(theory);
        self.statements.clear();
        // Acceptances by other checkers, and measurements, cannot be verified here.
        claimed.measures.clear();
        claimed
            .measures
            .insert(IMPORTED.to_owned(), "its status, times and counts are as they were claimed".to_owned());
        let is_time = |text: &str| text.len() <= 30 && text.chars().all(|c| c.is_ascii_digit() || "-:TZ".contains(c));
        for time in [&mut claimed.started, &mut claimed.finished] {
            if !is_time(time) {
                time.clear();
            }
        }
        Ok(())
    }

    fn theorem(&mut self, theorem: &Theorem, proof: &ProofRecord) -> Result<(), String> {
        let theory = self.theory.as_ref().ok_or("it belongs to no run")?;
        let proof = decode(theory, proof).map_err(|error| error.to_string())?;
        let statements = &self.statements;
        let earlier = |cited: TheoremId| statements.get(cited.0 as usize);
        let number = TheoremId(statements.len() as u32);
        let checked = Checked::new(theory, earlier, number, proof)
            .map_err(|flaw| format!("the checker refuses its proof: {flaw}"))?;
        compare(theory, theorem, &checked).map_err(|claim| claim.to_string())?;
        let statement = checked.statement().clone();
        self.statements.push(statement);
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome) -> Result<(), String> {
        match &*outcome.status {
            // These are never shown from the record; they are recomputed.
            "CounterSatisfiable" | "GaveUp" => Ok(()),
            "Theorem" => {
                let detail: serde_json::Value = serde_json::from_str(&outcome.detail).unwrap_or_default();
                let number = detail["theorem"].as_u64().and_then(|number| usize::try_from(number).ok());
                let statement = number.and_then(|number| self.statements.get(number.checked_sub(1)?));
                let theory = self.theory.as_ref().ok_or("it belongs to no run")?;
                let is_so = statement.is_some_and(|statement| mpl(theory, statement) == outcome.statement);
                if is_so { Ok(()) } else { Err("it names a theorem that does not say so".to_owned()) }
            }
            other => Err(format!("`{other}` is no status of a conjecture")),
        }
    }
}
