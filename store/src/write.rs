//! Validation and encoding of a cycle.

use crate::bytes::Writer;
use crate::codec::{self, COVERED, Seal};
use crate::disk::Change;
use crate::error::StoreError;
use crate::layout::{self, Stream};
use crate::pack;
use crate::proof::{Order, Proof};
use crate::record::{Batch, RunId, Theorem};

/// The end of a run, which the next cycle must fit.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) run: RunId,
    pub(crate) cycle: u32,
    /// The numbers of all theorems, ascending.
    pub(crate) numbers: Vec<u32>,
    pub(crate) seal: Seal,
    /// The cycles whose checkpoints are kept, ascending.
    pub(crate) checkpoints: Vec<u32>,
}

/// The digest of a run without cycles: derived from its id, so that two runs never share one.
pub(crate) fn first_digest(run: &RunId) -> [u8; 32] {
    *blake3::hash(&run.0).as_bytes()
}

impl Tail {
    pub(crate) fn start(run: RunId) -> Tail {
        let digest = first_digest(&run);
        Tail {
            run,
            cycle: 0,
            numbers: Vec::new(),
            seal: Seal { lengths: [0; COVERED], digest, next_sequence: 0, counts: Default::default() },
            checkpoints: Vec::new(),
        }
    }

    /// Appends a cycle; returns the changes to write. If the batch is refused, nothing has changed.
    pub(crate) fn append(&mut self, cycle: u32, batch: &Batch) -> Result<Vec<Change>, StoreError> {
        if cycle <= self.cycle {
            let why = format!("cycle {} is committed already", self.cycle);
            return Err(StoreError::refused(format!("cycle {cycle} of run {}", self.run), why));
        }
        let mut next = self.clone();
        next.cycle = cycle;
        let [theorems, proofs, index] = next.theorems(cycle, batch)?;
        let marks = next.marks(batch)?;
        let outcomes = next.outcomes(cycle, batch)?;
        let streams: [&[u8]; COVERED] = [&theorems, &proofs, &index, &marks, &outcomes];
        next.seal.lengths = streams.map(|stream| stream.len() as u64);
        next.seal.digest = codec::chain(&self.seal.digest, cycle, streams);
        next.seal.counts.extend(batch.counts.iter().map(|(name, count)| (name.clone(), *count)));

        let mut changes = Vec::new();
        layout::cut(&self.run, Stream::Seal, cycle, &next.seal.encode(), &mut changes);
        let kinds = [Stream::Theorems, Stream::Proofs, Stream::Index, Stream::Marks, Stream::Outcomes];
        for (kind, stream) in kinds.into_iter().zip(streams) {
            layout::cut(&self.run, kind, cycle, stream, &mut changes);
        }
        if let Some(checkpoint) = &batch.checkpoint {
            // Prefixed with its length: checkpoints are not in the seal, so a missing last piece would go unnoticed
            // otherwise.
            let mut bytes = (checkpoint.len() as u64).to_le_bytes().to_vec();
            bytes.extend_from_slice(checkpoint);
            layout::cut(&self.run, Stream::Checkpoint, cycle, &bytes, &mut changes);
            next.checkpoints.push(cycle);
        }
        *self = next;
        Ok(changes)
    }

    fn theorems(&mut self, cycle: u32, batch: &Batch) -> Result<[Vec<u8>; 3], StoreError> {
        let mut theorems = Writer::default();
        let mut proofs = Writer::default();
        let mut index = Vec::new();
        for (at, (theorem, proof)) in batch.theorems.iter().enumerate() {
            let order = self
                .examine(cycle, theorem, proof)
                .map_err(|why| StoreError::refused(format!("theorem {}", theorem.number), why))?;
            let before = proofs.len();
            pack::encode(proof, &order, &mut proofs);
            codec::encode_theorem(theorem, (proofs.len() - before) as u64, &mut theorems);
            index.extend(order.nodes.iter().map(|place| (codec::prefix(&proof.nodes()[*place as usize].0), at as u32)));
            self.numbers.push(theorem.number);
        }
        Ok([theorems.into_bytes(), proofs.into_bytes(), codec::encode_index(&mut index)])
    }

    /// Validates a theorem before it is written; `verify` does the same for stored ones.
    fn examine(&self, cycle: u32, theorem: &Theorem, proof: &Proof) -> Result<Order, String> {
        if theorem.cycle != cycle {
            return Err(format!("it says cycle {}, and the cycle is {cycle}", theorem.cycle));
        }
        if let Some(last) = self.numbers.last()
            && theorem.number <= *last
        {
            return Err(format!("theorem {last} stands already, and numbers must ascend"));
        }
        for citation in &theorem.citations {
            if self.numbers.binary_search(citation).is_err() {
                return Err(format!("it cites theorem {citation}, which does not stand before it"));
            }
        }
        examine_proof(theorem, proof)
    }

    fn marks(&self, batch: &Batch) -> Result<Vec<u8>, StoreError> {
        let mut writer = Writer::default();
        for mark in &batch.marks {
            if self.numbers.binary_search(&mark.number).is_err() {
                return Err(StoreError::refused("a mark", format!("there is no theorem {}", mark.number)));
            }
            codec::encode_mark(mark, &mut writer);
        }
        Ok(writer.into_bytes())
    }

    fn outcomes(&mut self, cycle: u32, batch: &Batch) -> Result<Vec<u8>, StoreError> {
        let mut writer = Writer::default();
        for outcome in &batch.outcomes {
            let refuse = |why| Err(StoreError::refused(format!("outcome {}", outcome.sequence), why));
            if outcome.cycle != cycle {
                return refuse(format!("it says cycle {}, and the cycle is {cycle}", outcome.cycle));
            }
            if outcome.sequence < self.seal.next_sequence || outcome.sequence == u64::MAX {
                return refuse(format!("sequence numbers must ascend, and the next is {}", self.seal.next_sequence));
            }
            self.seal.next_sequence = outcome.sequence + 1;
            codec::encode_outcome(outcome, &mut writer);
        }
        Ok(writer.into_bytes())
    }
}

/// Validates the proof of a theorem: it contains the root, whose conclusion is the statement, in an outermost scope
/// without assumptions, and its citations are those of the theorem.
pub(crate) fn examine_proof(theorem: &Theorem, proof: &Proof) -> Result<Order, String> {
    let Some(order) = proof.order(&theorem.root) else {
        return Err(format!("its proof does not hold the root {}", theorem.root));
    };
    let root = proof.node(&theorem.root).expect("the order begins with it");
    if *root.conclusion != *theorem.statement {
        return Err(format!("its proof ends with `{}`", root.conclusion));
    }
    let outer = proof.scope(&root.scope).expect("a proof holds the scopes that it names");
    if outer.parent.is_some() || !outer.assumptions.is_empty() {
        return Err("its proof ends inside an assumption".to_owned());
    }
    let cited = proof.citations_of(&order);
    if cited != theorem.citations {
        return Err(format!("its proof cites {cited:?}, and it says {:?}", theorem.citations));
    }
    Ok(order)
}
