//! Verification: every byte of every committed cycle is read and hashed, and records are cross-checked.

use crate::codec::{self, COVERED};
use crate::error::StoreError;
use crate::layout::{self, Stream};
use crate::reader::StoreReader;
use crate::record::{Run, RunId};
use crate::store::run_id_of;
use crate::write::{examine_proof, first_digest};

/// The extent of a verification, and the flaws found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Number of runs read.
    pub runs: usize,
    /// Number of theorems whose proofs were hashed.
    pub theorems: usize,
    /// Number of steps hashed; a step of several proofs is counted in each.
    pub nodes: usize,
    /// Number of outcomes read.
    pub outcomes: usize,
    /// The flaws, in the order found; empty if the store is intact.
    pub flaws: Vec<Flaw>,
}

/// A damaged or inconsistent record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    /// The run it belongs to, if any.
    pub run: Option<RunId>,
    /// The record, and what is wrong with it.
    pub what: String,
}

impl StoreReader {
    /// Reads and hashes all data. Damage is reported in the result, not as an error, and does not end the verification.
    ///
    /// The validity of proofs is not verified here; that is for the proof checker.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn verify(&self) -> Result<Report, StoreError> {
        let mut report = Report::default();
        let ids = self.run_ids()?;
        if let (Some(doubt), false) = (&self.doubt, ids.is_empty()) {
            report.flaws.push(Flaw { run: None, what: doubt.clone() });
        }
        for id in ids {
            report.runs += 1;
            let mut flaws = Vec::new();
            match self.known(&id) {
                Ok(run) => self.verify_run(&run, &mut report, &mut flaws)?,
                Err(error) => note(error, &mut flaws)?,
            }
            report.flaws.extend(flaws.into_iter().map(|what| Flaw { run: Some(id), what }));
        }
        Ok(report)
    }

    fn verify_run(&self, run: &Run, report: &mut Report, flaws: &mut Vec<String>) -> Result<(), StoreError> {
        let inputs = run.inputs.iter().map(|input| (input.name.as_str(), input.hash));
        if run_id_of(inputs, &run.options) != run.id {
            flaws.push(format!("the record of run {} does not have the hash that is its id", run.id));
        }
        if let Err(error) = self.inputs(&run.id) {
            note(error, flaws)?;
        }
        if let Err(error) = self.verify_cycles(run, report, flaws) {
            // Without the seals the cycles cannot be located.
            note(error, flaws)?;
            return Ok(());
        }
        if let Err(error) = self.checkpoints(&run.id) {
            note(error, flaws)?;
        }
        self.forget_view(&run.id);
        match self.view(run) {
            Ok(view) => {
                for theorem in &view.theorems {
                    report.theorems += 1;
                    match self.proof(&run.id, theorem.number) {
                        Ok(proof) => {
                            let proof = proof.unwrap_or_default();
                            report.nodes += proof.nodes().len();
                            if let Err(why) = examine_proof(theorem, &proof) {
                                flaws.push(format!("theorem {}: {why}", theorem.number));
                            }
                            for (id, _) in proof.nodes() {
                                match self.is_indexed(run, &view, id) {
                                    Ok(true) => {}
                                    Ok(false) => flaws
                                        .push(format!("step {id} of theorem {} is not in the index", theorem.number)),
                                    Err(error) => {
                                        note(error, flaws)?;
                                        break;
                                    }
                                }
                            }
                        }
                        Err(error) => note(error, flaws)?,
                    }
                    for citation in &theorem.citations {
                        if *citation >= theorem.number || view.place(*citation).is_none() {
                            let what = "which does not stand before it";
                            flaws.push(format!("theorem {} cites theorem {citation}, {what}", theorem.number));
                        }
                    }
                }
            }
            Err(error) => note(error, flaws)?,
        }
        Ok(())
    }

    /// Verifies the digest chain from the first cycle to the last.
    fn verify_cycles(&self, run: &Run, report: &mut Report, flaws: &mut Vec<String>) -> Result<(), StoreError> {
        let mut digest = first_digest(&run.id);
        let mut next_sequence = 0;
        for (cycle, seal) in self.seals_of(run)? {
            let kinds = [Stream::Theorems, Stream::Proofs, Stream::Index, Stream::Marks, Stream::Outcomes];
            let mut streams: [Vec<u8>; COVERED] = Default::default();
            let mut whole = true;
            for ((stream, kind), length) in streams.iter_mut().zip(kinds).zip(seal.lengths) {
                match layout::read(self.disk(), &run.id, kind, cycle, 0, length) {
                    Ok(bytes) => *stream = bytes,
                    Err(error) => {
                        whole = false;
                        note(error, flaws)?;
                    }
                }
            }
            if whole && codec::chain(&digest, cycle, streams.each_ref().map(Vec::as_slice)) != seal.digest {
                flaws.push(format!("cycle {cycle} does not have the digest that its seal says"));
            }
            digest = seal.digest;
            match self.outcomes_of(&run.id, cycle, seal.lengths[4]) {
                Ok(outcomes) => {
                    report.outcomes += outcomes.len();
                    for outcome in outcomes {
                        if outcome.sequence < next_sequence {
                            flaws.push(format!("outcome {} stands out of order", outcome.sequence));
                        }
                        next_sequence = outcome.sequence.saturating_add(1);
                    }
                }
                // It was noted above.
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if digest != run.digest {
            flaws.push(format!("the record of run {} has another digest than its last cycle", run.id));
        }
        Ok(())
    }
}

/// Records damage as a flaw; other errors, such as a failed disk, are returned.
fn note(error: StoreError, flaws: &mut Vec<String>) -> Result<(), StoreError> {
    match error {
        StoreError::Damaged { .. } => {
            let what = error.to_string();
            if !flaws.contains(&what) {
                flaws.push(what);
            }
            Ok(())
        }
        error => Err(error),
    }
}
