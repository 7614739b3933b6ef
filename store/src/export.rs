//! Export of a store as JSON lines, an open format.

use std::io::Write;

use crate::codec;
use crate::error::{DiskError, StoreError};
use crate::layout::{self, Stream};
use crate::lines::{
    CheckpointLine, CycleLine, EndLine, HeaderLine, InputLine, Line, MarkLine, OutcomeLine, RunLine, TITLE,
    TheoremLine, TimesLine, VERSION, hex,
};
use crate::reader::StoreReader;
use crate::record::{RunId, Theorem};

/// The contents of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contents {
    /// Only what is a function of inputs and options: the same question gives the same bytes, whatever the number of
    /// threads or interruptions.
    Record,
    /// Everything, including times, measures and checkpoints.
    Backup,
}

/// Writes lines and hashes them.
struct Lines<'a> {
    to: &'a mut dyn Write,
    hasher: blake3::Hasher,
    lines: u64,
}

impl Lines<'_> {
    fn put(&mut self, line: &impl serde::Serialize) -> Result<(), StoreError> {
        let failed = |error: &dyn std::fmt::Display| DiskError::new("write the export", error.to_string());
        let mut text = serde_json::to_vec(line).map_err(|error| failed(&error))?;
        text.push(b'\n');
        self.hasher.update(&text);
        self.lines += 1;
        self.to.write_all(&text).map_err(|error| failed(&error).into())
    }
}

impl StoreReader {
    /// Exports these runs, in this order, as JSON lines. The last line has the hash of all others. Memory is bounded by
    /// the largest cycle, not by the store.
    ///
    /// # Errors
    /// If a run does not exist, a record is damaged, or the disk or `to` fails.
    pub fn export(&self, runs: &[RunId], contents: Contents, to: &mut dyn Write) -> Result<(), StoreError> {
        let mut lines = Lines { to, hasher: blake3::Hasher::new(), lines: 0 };
        lines.put(&HeaderLine { format: TITLE.to_owned(), version: VERSION, runs: runs.len() })?;
        for run in runs {
            self.export_run(run, contents, &mut lines)?;
        }
        let end = EndLine { lines: lines.lines, blake3: hex(lines.hasher.finalize().as_bytes()) };
        lines.put(&Line::End(end))?;
        lines.to.flush().map_err(|error| DiskError::new("write the export", error).into())
    }

    fn export_run(&self, id: &RunId, contents: Contents, lines: &mut Lines<'_>) -> Result<(), StoreError> {
        let run = self.known(id)?;
        let seals = self.seals_of(&run)?;
        let (times, checkpoints) = match contents {
            Contents::Record => (None, Vec::new()),
            Contents::Backup => {
                let (started, finished) = (run.started.clone(), run.finished.clone());
                (Some(TimesLine { started, finished, measures: run.measures.clone() }), self.checkpoints(id)?)
            }
        };
        lines.put(&Line::Run(RunLine::new(&run, seals.len(), times)))?;
        for input in self.inputs(id)? {
            lines.put(&Line::Input(InputLine::new(input)))?;
        }
        for (cycle, seal) in seals {
            let read = |stream, at: usize| layout::read(self.disk(), id, stream, cycle, 0, seal.lengths[at]);
            // The theorems as committed: a view would have the marks applied.
            let theorems: Vec<(Theorem, u64)> = codec::decode_theorems(&read(Stream::Theorems, 0)?, cycle)
                .map_err(|error| StoreError::damaged(Stream::Theorems.describe(id, cycle), error))?;
            let marks = codec::decode_marks(&read(Stream::Marks, 3)?)
                .map_err(|error| StoreError::damaged(Stream::Marks.describe(id, cycle), error))?;
            let outcomes = self.outcomes_of(id, cycle, seal.lengths[4])?;
            let checkpoint = checkpoints.iter().find(|checkpoint| checkpoint.cycle == cycle);
            lines.put(&Line::Cycle(CycleLine {
                number: cycle,
                theorems: theorems.len(),
                marks: marks.len(),
                outcomes: outcomes.len(),
                checkpoint: checkpoint.is_some(),
                counts: seal.counts.clone(),
            }))?;
            for (theorem, _) in theorems {
                let proof = self.proof(id, theorem.number)?.ok_or(StoreError::UnknownRun(*id))?;
                lines.put(&Line::Theorem(TheoremLine::new(theorem, &proof)))?;
            }
            for mark in &marks {
                lines.put(&Line::Mark(MarkLine::new(mark)))?;
            }
            for outcome in outcomes {
                lines.put(&Line::Outcome(OutcomeLine::new(outcome)))?;
            }
            if let Some(checkpoint) = checkpoint {
                lines.put(&Line::Checkpoint(CheckpointLine::new(checkpoint)))?;
            }
        }
        Ok(())
    }
}
