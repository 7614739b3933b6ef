//! Queries: runs, theorems, proofs, steps, outcomes.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError};

use crate::bytes::Reader;
use crate::codec;
use crate::disk::Tree;
use crate::error::StoreError;
use crate::layout::{self, Stream};
use crate::pack;
use crate::proof::Proof;
use crate::reader::StoreReader;
use crate::record::{Checkpoint, Input, Node, NodeId, Outcome, Run, RunId, Theorem};

/// Number of runs whose theorems are cached for readers.
const VIEWS: usize = 8;

/// The theorems of a run after some cycle, with indices for lookups. Immutable.
pub(crate) struct View {
    run: RunId,
    digest: [u8; 32],
    pub(crate) theorems: Vec<Theorem>,
    places: Vec<ProofPlace>,
    by_statement: HashMap<[u8; 32], u32>,
    used_by: Vec<Vec<u32>>,
    /// Loaded on first use.
    index: OnceLock<Index>,
}

#[derive(Clone, Copy)]
struct ProofPlace {
    from: u64,
    length: u64,
}

impl View {
    pub(crate) fn place(&self, number: u32) -> Option<usize> {
        self.theorems.binary_search_by_key(&number, |theorem| theorem.number).ok()
    }
}

/// Maps a prefix of a step's id to the indices of the theorems whose proofs may contain the step.
struct Index(Vec<(u64, u32)>);

impl Index {
    fn from(&self, prefix: u64) -> impl Iterator<Item = usize> {
        let first = self.0.partition_point(|(found, _)| *found < prefix);
        self.0[first..].iter().take_while(move |(found, _)| *found == prefix).map(|(_, place)| *place as usize)
    }
}

fn statement_key(statement: &str) -> [u8; 32] {
    *blake3::hash(statement.as_bytes()).as_bytes()
}

impl StoreReader {
    /// The run with this id.
    ///
    /// # Errors
    /// If its record is damaged, or the disk fails.
    pub fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        self.disk().read(Tree::Runs, &id.0)?.map(|value| decode_run(*id, &value)).transpose()
    }

    /// All runs, by id.
    ///
    /// # Errors
    /// If a record is damaged, or the disk fails.
    pub fn runs(&self) -> Result<Vec<Run>, StoreError> {
        let mut runs = Vec::new();
        for id in self.run_ids()? {
            runs.extend(self.run(&id)?);
        }
        Ok(runs)
    }

    /// The runs whose records are readable. Damaged ones are reported when they are accessed.
    pub(crate) fn whole_runs(&self) -> Result<Vec<Run>, StoreError> {
        let mut runs = Vec::new();
        for id in self.run_ids()? {
            match self.run(&id) {
                Ok(run) => runs.extend(run),
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(runs)
    }

    pub(crate) fn run_ids(&self) -> Result<Vec<RunId>, StoreError> {
        let entries = self.disk().scan(Tree::Runs, &[], &[0xff; 17], usize::MAX)?;
        entries
            .iter()
            .map(|(key, _)| match <[u8; 16]>::try_from(&key[..]) {
                Ok(id) => Ok(RunId(id)),
                Err(_) => Err(StoreError::damaged("the tree of runs", "a key is not an id")),
            })
            .collect()
    }

    /// The input files of a run.
    ///
    /// # Errors
    /// If there is no such run, a file is damaged, or the disk fails.
    pub fn inputs(&self, run: &RunId) -> Result<Vec<Input>, StoreError> {
        let record = self.known(run)?;
        let mut inputs = Vec::with_capacity(record.inputs.len());
        for (number, summary) in record.inputs.into_iter().enumerate() {
            let bytes = layout::read(self.disk(), run, Stream::Input, number as u32, 0, summary.length)?;
            if blake3::hash(&bytes).as_bytes() != &summary.hash {
                let object = format!("input {} of run {run}", summary.name);
                return Err(StoreError::damaged(object, "its hash does not fit its bytes"));
            }
            inputs.push(Input { name: summary.name, bytes });
        }
        Ok(inputs)
    }

    /// The theorems of a run, by number. Marks are applied.
    ///
    /// # Errors
    /// If there is no such run, a record is damaged, or the disk fails.
    pub fn theorems(&self, run: &RunId) -> Result<Vec<Theorem>, StoreError> {
        Ok(self.view(&self.known(run)?)?.theorems.clone())
    }

    /// The theorem with this number.
    ///
    /// # Errors
    /// As [`StoreReader::theorems`].
    pub fn theorem(&self, run: &RunId, number: u32) -> Result<Option<Theorem>, StoreError> {
        let view = self.view(&self.known(run)?)?;
        Ok(view.place(number).map(|place| view.theorems[place].clone()))
    }

    /// The first theorem of a run with exactly this statement.
    ///
    /// # Errors
    /// As [`StoreReader::theorems`].
    pub fn theorem_by_statement(&self, run: &RunId, statement: &str) -> Result<Option<Theorem>, StoreError> {
        let view = self.view(&self.known(run)?)?;
        let place = view.by_statement.get(&statement_key(statement));
        Ok(place.map(|place| view.theorems[*place as usize].clone()))
    }

    /// The theorems that the proof of a theorem cites, ascending; `None` if there is no such theorem.
    ///
    /// # Errors
    /// As [`StoreReader::theorems`].
    pub fn uses(&self, run: &RunId, number: u32) -> Result<Option<Vec<u32>>, StoreError> {
        Ok(self.theorem(run, number)?.map(|theorem| theorem.citations))
    }

    /// The theorems whose proofs cite a theorem, ascending; `None` if there is no such theorem.
    ///
    /// # Errors
    /// As [`StoreReader::theorems`].
    pub fn used_by(&self, run: &RunId, number: u32) -> Result<Option<Vec<u32>>, StoreError> {
        let view = self.view(&self.known(run)?)?;
        Ok(view.place(number).map(|place| view.used_by[place].clone()))
    }

    /// The proof of a theorem, in canonical order, its root last. Every byte of it has been verified by its hash.
    ///
    /// # Errors
    /// If the proof is damaged; otherwise as [`StoreReader::theorems`].
    pub fn proof(&self, run: &RunId, number: u32) -> Result<Option<Proof>, StoreError> {
        let view = self.view(&self.known(run)?)?;
        view.place(number).map(|place| self.proof_at(&view, place)).transpose()
    }

    /// The step with this id, from any run.
    ///
    /// # Errors
    /// If a record is damaged, or the disk fails.
    pub fn node(&self, id: &NodeId) -> Result<Option<Node>, StoreError> {
        Ok(self.proof_with(id)?.and_then(|proof| proof.node(id).cloned()))
    }

    /// The proof of a step, reconstructed from the step's id alone.
    ///
    /// # Errors
    /// As [`StoreReader::node`].
    pub fn proof_of(&self, root: &NodeId) -> Result<Option<Proof>, StoreError> {
        Ok(self.proof_with(root)?.and_then(|proof| proof.from_root(root)))
    }

    fn proof_with(&self, id: &NodeId) -> Result<Option<Proof>, StoreError> {
        let prefix = codec::prefix(id);
        for run in self.runs()? {
            let view = self.view(&run)?;
            for place in self.index(&run, &view)?.from(prefix) {
                let proof = self.proof_at(&view, place)?;
                if proof.node(id).is_some() {
                    return Ok(Some(proof));
                }
            }
        }
        Ok(None)
    }

    /// Whether the index of a run leads from a step to a theorem.
    pub(crate) fn is_indexed(&self, run: &Run, view: &View, id: &NodeId) -> Result<bool, StoreError> {
        Ok(self.index(run, view)?.from(codec::prefix(id)).next().is_some())
    }

    fn index<'a>(&self, run: &Run, view: &'a View) -> Result<&'a Index, StoreError> {
        if let Some(index) = view.index.get() {
            return Ok(index);
        }
        let index = Index(self.read_index(run, view)?);
        Ok(view.index.get_or_init(|| index))
    }

    fn read_index(&self, run: &Run, view: &View) -> Result<Vec<(u64, u32)>, StoreError> {
        let mut index = Vec::new();
        for (cycle, seal) in self.seals_of(run)? {
            let bytes = layout::read(self.disk(), &run.id, Stream::Index, cycle, 0, seal.lengths[2])?;
            let object = || Stream::Index.describe(&run.id, cycle);
            let first = view.theorems.partition_point(|theorem| theorem.cycle < cycle);
            let here = view.theorems.partition_point(|theorem| theorem.cycle <= cycle) - first;
            for (prefix, theorem) in
                codec::decode_index(&bytes).map_err(|error| StoreError::damaged(object(), error))?
            {
                if theorem as usize >= here {
                    return Err(StoreError::damaged(object(), "it names a theorem that the cycle does not hold"));
                }
                index.push((prefix, first as u32 + theorem));
            }
        }
        index.sort_unstable();
        Ok(index)
    }

    /// The outcomes of the conjectures of a run, in order.
    ///
    /// # Errors
    /// If there is no such run, a record is damaged, or the disk fails.
    pub fn outcomes(&self, run: &RunId) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::new();
        for (cycle, seal) in self.seals_of(&self.known(run)?)? {
            outcomes.append(&mut self.outcomes_of(run, cycle, seal.lengths[4])?);
        }
        Ok(outcomes)
    }

    pub(crate) fn outcomes_of(&self, run: &RunId, cycle: u32, length: u64) -> Result<Vec<Outcome>, StoreError> {
        let bytes = layout::read(self.disk(), run, Stream::Outcomes, cycle, 0, length)?;
        codec::decode_outcomes(&bytes, cycle)
            .map_err(|error| StoreError::damaged(Stream::Outcomes.describe(run, cycle), error))
    }

    /// The newest checkpoint of a run.
    ///
    /// # Errors
    /// If there is no such run, the checkpoint is damaged, or the disk fails.
    pub fn checkpoint(&self, run: &RunId) -> Result<Option<Checkpoint>, StoreError> {
        let record = self.known(run)?;
        self.checkpoint_cycles(&record)?.pop().map(|cycle| self.checkpoint_at(run, cycle)).transpose()
    }

    /// The stored checkpoints of a run, oldest first: at most two.
    ///
    /// # Errors
    /// As [`StoreReader::checkpoint`].
    pub fn checkpoints(&self, run: &RunId) -> Result<Vec<Checkpoint>, StoreError> {
        let cycles = self.checkpoint_cycles(&self.known(run)?)?;
        // A crash can leave one checkpoint more.
        let kept = &cycles[cycles.len().saturating_sub(2)..];
        kept.iter().map(|cycle| self.checkpoint_at(run, *cycle)).collect()
    }

    fn checkpoint_at(&self, run: &RunId, cycle: u32) -> Result<Checkpoint, StoreError> {
        let object = || Stream::Checkpoint.describe(run, cycle);
        let head = layout::read(self.disk(), run, Stream::Checkpoint, cycle, 0, 8)?;
        let length =
            u64::from_le_bytes(head.try_into().map_err(|_| StoreError::damaged(object(), "it has no length"))?);
        let bytes = layout::read(self.disk(), run, Stream::Checkpoint, cycle, 8, length)?;
        Ok(Checkpoint { cycle, bytes })
    }

    /// The committed cycles with a checkpoint, ascending.
    pub(crate) fn checkpoint_cycles(&self, run: &Run) -> Result<Vec<u32>, StoreError> {
        let mut cycles = Vec::new();
        let mut from = layout::key(&run.id, Stream::Checkpoint, 0, 0);
        let to = layout::key_after(&run.id, Stream::Checkpoint, run.committed);
        while let Some((key, _)) = self.disk().scan(Tree::Records, &from, &to, 1)?.pop() {
            let Some((cycle, piece)) = layout::cycle_and_piece(&key) else {
                return Err(StoreError::damaged(
                    format!("the checkpoints of run {}", run.id),
                    "a key is of no known form",
                ));
            };
            // An interrupted removal has removed the first pieces first.
            if piece == 0 {
                cycles.push(cycle);
            }
            from = layout::key_after(&run.id, Stream::Checkpoint, cycle);
        }
        Ok(cycles)
    }

    pub(crate) fn seals_of(&self, run: &Run) -> Result<Vec<(u32, codec::Seal)>, StoreError> {
        let seals = self.seals(&run.id, &layout::key(&run.id, Stream::Seal, 0, 0), run.committed)?;
        if seals.last().map_or(0, |(cycle, _)| *cycle) != run.committed {
            return Err(StoreError::damaged(Stream::Seal.describe(&run.id, run.committed), "it is missing"));
        }
        Ok(seals)
    }

    pub(crate) fn view(&self, run: &Run) -> Result<Arc<View>, StoreError> {
        let views = || self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views().iter().find(|view| view.run == run.id && view.digest == run.digest) {
            return Ok(view.clone());
        }
        let view = Arc::new(self.read_view(run)?);
        let mut views = views();
        views.retain(|old| old.run != run.id);
        views.truncate(VIEWS - 1);
        views.insert(0, view.clone());
        Ok(view)
    }

    /// Drops the cached view, so that the next reader reads from the disk.
    pub(crate) fn forget_view(&self, run: &RunId) {
        self.views.lock().unwrap_or_else(PoisonError::into_inner).retain(|view| view.run != *run);
    }

    fn read_view(&self, run: &Run) -> Result<View, StoreError> {
        let mut view = View {
            run: run.id,
            digest: run.digest,
            theorems: Vec::new(),
            places: Vec::new(),
            by_statement: HashMap::new(),
            used_by: Vec::new(),
            index: OnceLock::new(),
        };
        let mut marks = Vec::new();
        for (cycle, seal) in self.seals_of(run)? {
            let damaged = |stream: Stream| move |why| StoreError::damaged(stream.describe(&run.id, cycle), why);
            let bytes = layout::read(self.disk(), &run.id, Stream::Theorems, cycle, 0, seal.lengths[0])?;
            let mut from = 0u64;
            let entries =
                codec::decode_theorems(&bytes, cycle).map_err(|error| damaged(Stream::Theorems)(error.to_string()))?;
            for (theorem, length) in entries {
                if view.theorems.last().is_some_and(|last| last.number >= theorem.number) {
                    return Err(damaged(Stream::Theorems)("its numbers do not ascend".to_owned()));
                }
                view.places.push(ProofPlace { from, length });
                from = from.saturating_add(length);
                view.theorems.push(theorem);
            }
            if from != seal.lengths[1] {
                return Err(damaged(Stream::Theorems)("its proofs have another length".to_owned()));
            }
            let bytes = layout::read(self.disk(), &run.id, Stream::Marks, cycle, 0, seal.lengths[3])?;
            marks.append(&mut codec::decode_marks(&bytes).map_err(|error| damaged(Stream::Marks)(error.to_string()))?);
        }
        view.used_by = vec![Vec::new(); view.theorems.len()];
        for at in 0..view.theorems.len() {
            view.by_statement.entry(statement_key(&view.theorems[at].statement)).or_insert(at as u32);
            for citation in &view.theorems[at].citations {
                if let Some(place) = view.place(*citation) {
                    view.used_by[place].push(view.theorems[at].number);
                }
            }
        }
        for mark in marks {
            let place = view.place(mark.number).ok_or_else(|| {
                StoreError::damaged(
                    format!("the marks of run {}", run.id),
                    format!("there is no theorem {}", mark.number),
                )
            })?;
            view.theorems[place].corollary = mark.corollary;
            view.theorems[place].essential = mark.essential;
        }
        Ok(view)
    }

    fn proof_at(&self, view: &View, place: usize) -> Result<Proof, StoreError> {
        let theorem = &view.theorems[place];
        let at = view.places[place];
        let damaged = |why: String| {
            StoreError::damaged(format!("the proof of theorem {} of run {}", theorem.number, view.run), why)
        };
        let bytes = layout::read(self.disk(), &view.run, Stream::Proofs, theorem.cycle, at.from, at.length)?;
        let mut reader = Reader::new(&bytes);
        let proof = pack::decode(&mut reader).map_err(|error| damaged(error.to_string()))?;
        reader.end().map_err(|error| damaged(error.to_string()))?;
        if proof.root() != Some(theorem.root) {
            return Err(damaged("its steps do not have the hash of the root".to_owned()));
        }
        Ok(proof)
    }
}

fn decode_run(id: RunId, value: &[u8]) -> Result<Run, StoreError> {
    let damaged = |error: crate::error::DecodeError| StoreError::damaged(format!("the record of run {id}"), error);
    codec::decode_run(id, &layout::unframe(&id.0, value).map_err(damaged)?).map_err(damaged)
}
