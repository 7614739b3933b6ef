//! Import of JSON lines into a store.

use std::collections::HashSet;
use std::io::{BufRead, Read};

use crate::error::StoreError;
use crate::layout;
use crate::lines::{CycleLine, EndLine, HeaderLine, Line, RunLine, TITLE, VERSION, hex};
use crate::proof::Proof;
use crate::record::{Batch, Input, NodeId, Outcome, Run, RunId, Theorem};
use crate::store::{Store, new_run, run_id};
use crate::write::{Tail, examine_proof};

/// Maximal length of a line in bytes; a longer one is refused before it fills the memory.
pub const LINE_BYTES: u64 = 256 << 20;

/// Why an import failed. The store is unchanged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ImportError {
    /// The text is not a valid export.
    #[error("line {line}: {why}")]
    Text {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The text could not be read.
    #[error("line {line}: cannot read: {why}")]
    Read {
        /// The line, from 1.
        line: u64,
        /// The system error.
        why: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result of an import.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// New runs.
    pub added: Vec<RunId>,
    /// Runs that existed already, with the same digest.
    pub known: Vec<RunId>,
}

/// Decides whether imported data may be stored. It is called in the order of the text: for a run, then for its theorems
/// by ascending number, then for its outcomes, cycle by cycle. A refusal, with a message, ends the import, and nothing
/// is stored.
pub trait Referee {
    /// Called for a run with its claims. The id is verified against inputs and options; status, counts, times and
    /// measures cannot be verified, and are stored as this method leaves them.
    ///
    /// # Errors
    /// If the run is refused.
    fn run(&mut self, claimed: &mut Run, inputs: &[Input]) -> Result<(), String>;

    /// Called for a theorem of the latest run.
    ///
    /// # Errors
    /// If it is refused.
    fn theorem(&mut self, theorem: &Theorem, proof: &Proof) -> Result<(), String>;

    /// Called for an outcome of the latest run.
    ///
    /// # Errors
    /// If it is refused.
    fn outcome(&mut self, outcome: &Outcome) -> Result<(), String>;
}

/// Reads lines and hashes them.
struct Lines<'a> {
    from: &'a mut dyn BufRead,
    hasher: blake3::Hasher,
    /// Number of lines read so far.
    line: u64,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    fn fail<T>(&self, why: impl Into<String>) -> Result<T, ImportError> {
        Err(ImportError::Text { line: self.line, why: why.into() })
    }

    /// Reads a line. Its bytes are hashed by the next call, so that the hash does not cover the line that states it.
    fn next<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, ImportError> {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
        self.line += 1;
        let mut limited = (&mut *self.from).take(LINE_BYTES);
        limited
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| ImportError::Read { line: self.line, why: error.to_string() })?;
        match self.buffer.last() {
            Some(b'\n') => {}
            None => return self.fail("the text ends before its last line: it was cut off"),
            Some(_) if self.buffer.len() as u64 == LINE_BYTES => {
                return self.fail(format!("it is longer than {LINE_BYTES} bytes"));
            }
            Some(_) => return self.fail("the line does not end: the text was cut off"),
        }
        // The parser's own line number is always 1, and is dropped.
        serde_json::from_slice(&self.buffer).or_else(|error| {
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or_default();
            self.fail(format!("column {}: {words}", error.column()))
        })
    }
}

impl Store {
    /// Imports the output of [`Store::export`]. Its runs become visible when the last line has been read and all hashes
    /// match; otherwise the store is unchanged. A run that exists already must have the same digest, and is not
    /// modified.
    ///
    /// # Errors
    /// If the text is damaged, truncated or foreign, with the line; if it cannot be read; if the disk fails.
    pub fn import(&self, from: &mut dyn BufRead, referee: &mut dyn Referee) -> Result<Imported, ImportError> {
        let _writing = self.writing();
        let mut written = Vec::new();
        let result = self.import_lines(from, referee, &mut written);
        // The new records are invisible, since their runs have no record yet. If the store itself failed, that is
        // uncertain, and the next opening removes records without a run.
        if matches!(result, Err(ImportError::Text { .. } | ImportError::Read { .. })) {
            for run in written {
                self.remove_records(&run)?;
            }
        }
        result
    }

    fn import_lines(
        &self,
        from: &mut dyn BufRead,
        referee: &mut dyn Referee,
        written: &mut Vec<RunId>,
    ) -> Result<Imported, ImportError> {
        let mut lines = Lines { from, hasher: blake3::Hasher::new(), line: 0, buffer: Vec::new() };
        let header = match lines.next::<HeaderLine>() {
            Ok(header) if header.format == TITLE => header,
            Err(ImportError::Text { line, why }) => {
                let why = format!("this is not an export of {TITLE}: {why}");
                return Err(ImportError::Text { line, why });
            }
            Err(error) => return Err(error),
            Ok(header) => return lines.fail(format!("this is an export of `{}`, not of {TITLE}", header.format)),
        };
        if header.version != VERSION {
            let mend = if header.version < VERSION {
                "its formulas say nothing of sorts; give the commands of its runs again"
            } else {
                "use a newer program"
            };
            let why =
                format!("the export has version {}, and this program reads version {VERSION}: {mend}", header.version);
            return lines.fail(why);
        }
        let mut imported = Imported::default();
        let mut records: Vec<Run> = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..header.runs {
            let Line::Run(line) = lines.next()? else { return lines.fail("a `run` is due here") };
            let record = self.import_run(line, &mut lines, referee, written)?;
            if !seen.insert(record.id) {
                return lines.fail(format!("run {} stands twice", record.id));
            }
            match self.run(&record.id)? {
                Some(_) => imported.known.push(record.id),
                None => {
                    imported.added.push(record.id);
                    records.push(record);
                }
            }
        }
        let Line::End(EndLine { lines: count, blake3 }) = lines.next()? else {
            return lines.fail("the `end` is due here");
        };
        if count != lines.line - 1 {
            return lines.fail(format!("{count} lines should stand before it"));
        }
        if blake3 != hex(lines.hasher.finalize().as_bytes()) {
            return lines.fail("the lines before it do not have this hash: one of them was changed");
        }
        if !lines
            .from
            .fill_buf()
            .map_err(|error| ImportError::Read { line: count + 2, why: error.to_string() })?
            .is_empty()
        {
            lines.line += 1;
            return lines.fail("more text stands after the end");
        }
        self.disk().sync().map_err(StoreError::from)?;
        self.put_runs(&records)?;
        Ok(imported)
    }

    fn import_run(
        &self,
        line: RunLine,
        lines: &mut Lines<'_>,
        referee: &mut dyn Referee,
        written: &mut Vec<RunId>,
    ) -> Result<Run, ImportError> {
        let Some(id) = line.id() else { return lines.fail("`id` is not the id of a run") };
        let Some(status) = line.status() else { return lines.fail("`status` is unknown") };
        let mut inputs: Vec<Input> = Vec::new();
        for _ in 0..line.inputs {
            let Line::Input(input) = lines.next()? else { return lines.fail("an `input` is due here") };
            inputs.push(input.input().or_else(|why| lines.fail(why))?);
        }
        if run_id(&inputs, &line.options) != id {
            return lines.fail("inputs and options do not have the hash that is the id of the run");
        }
        let times = line.times.unwrap_or_default();
        let mut record = new_run(id, &inputs, &line.options, &times.started);
        record.status = status;
        record.finished = times.finished;
        record.counts = line.counts;
        record.measures = times.measures;
        referee.run(&mut record, &inputs).or_else(|why| lines.fail(format!("run {id}: {why}")))?;
        let known = self.run(&id)?;
        if known.is_none() && !written.contains(&id) {
            written.push(id);
            self.put_inputs(&id, &inputs)?;
        }
        let mut tail = Tail::start(id);
        for _ in 0..line.cycles {
            let Line::Cycle(cycle) = lines.next()? else { return lines.fail("a `cycle` is due here") };
            let batch = import_cycle(&cycle, lines, referee)?;
            // A known run is hashed but not written.
            let changes = tail.append(cycle.number, &batch).or_else(|error| lines.fail(error.to_string()))?;
            if known.is_none() {
                layout::write(self.disk(), changes)?;
            }
        }
        if NodeId(tail.seal.digest).to_string() != line.digest {
            return lines.fail("the cycles do not have the digest of the run");
        }
        if let Some(known) = known
            && known.digest != tail.seal.digest
        {
            return lines.fail(format!("run {id} stands in the store already, and is another; remove it first"));
        }
        record.committed = tail.cycle;
        record.digest = tail.seal.digest;
        Ok(record)
    }
}

fn import_cycle(line: &CycleLine, lines: &mut Lines<'_>, referee: &mut dyn Referee) -> Result<Batch, ImportError> {
    let mut batch = Batch { counts: line.counts.clone(), ..Batch::default() };
    for _ in 0..line.theorems {
        let Line::Theorem(theorem) = lines.next()? else { return lines.fail("a `theorem` is due here") };
        let (theorem, proof) = theorem.theorem(line.number).or_else(|why| lines.fail(why))?;
        // The cycle checks this again, but could not name the line.
        examine_proof(&theorem, &proof).or_else(|why| lines.fail(why))?;
        referee.theorem(&theorem, &proof).or_else(|why| lines.fail(format!("theorem {}: {why}", theorem.number)))?;
        batch.theorems.push((theorem, proof));
    }
    for _ in 0..line.marks {
        let Line::Mark(mark) = lines.next()? else { return lines.fail("a `mark` is due here") };
        batch.marks.push(mark.mark());
    }
    for _ in 0..line.outcomes {
        let Line::Outcome(outcome) = lines.next()? else { return lines.fail("an `outcome` is due here") };
        let outcome = outcome.outcome(line.number);
        referee.outcome(&outcome).or_else(|why| lines.fail(format!("outcome {}: {why}", outcome.sequence)))?;
        batch.outcomes.push(outcome);
    }
    if line.checkpoint {
        let Line::Checkpoint(checkpoint) = lines.next()? else { return lines.fail("a `checkpoint` is due here") };
        batch.checkpoint = Some(checkpoint.bytes().or_else(|why| lines.fail(why))?);
    }
    Ok(batch)
}
