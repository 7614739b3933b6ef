//! Encoding of the records of a run. The format is described in FORMAT.md.

use std::collections::BTreeMap;

use crate::bytes::{Reader, Writer};
use crate::error::DecodeError;
use crate::record::{InputSummary, Mark, NodeId, Outcome, Run, RunId, Status, Theorem};

/// Number of streams that a digest covers, in the order of their codes.
pub(crate) const COVERED: usize = 5;

/// Summary of a cycle: its streams, and the state of the run after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seal {
    pub(crate) lengths: [u64; COVERED],
    pub(crate) digest: [u8; 32],
    /// One more than the highest sequence number of an outcome so far.
    pub(crate) next_sequence: u64,
    pub(crate) counts: BTreeMap<String, u64>,
}

/// The digest of a run after a cycle, from the previous digest and the streams of the cycle.
pub(crate) fn chain(before: &[u8; 32], cycle: u32, streams: [&[u8]; COVERED]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"cycle\x01");
    hasher.update(before);
    hasher.update(&cycle.to_le_bytes());
    for stream in streams {
        hasher.update(&(stream.len() as u64).to_le_bytes());
        hasher.update(stream);
    }
    *hasher.finalize().as_bytes()
}

impl Seal {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        for length in self.lengths {
            writer.number(length);
        }
        writer.raw(&self.digest);
        writer.number(self.next_sequence);
        put_counts(&self.counts, &mut writer);
        writer.into_bytes()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Seal, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mut lengths = [0; COVERED];
        for length in &mut lengths {
            *length = reader.number()?;
        }
        let seal = Seal {
            lengths,
            digest: reader.array()?,
            next_sequence: reader.number()?,
            counts: reader.map(Reader::number)?,
        };
        reader.end()?;
        Ok(seal)
    }
}

pub(crate) fn encode_run(run: &Run) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.count(run.inputs.len());
    for input in &run.inputs {
        writer.text(&input.name);
        writer.number(input.length);
        writer.raw(&input.hash);
    }
    writer.text(&run.options);
    writer.byte(run.status as u8);
    writer.number(u64::from(run.committed));
    writer.raw(&run.digest);
    writer.text(&run.started);
    writer.text(&run.finished);
    put_counts(&run.counts, &mut writer);
    put_words(&run.measures, &mut writer);
    writer.into_bytes()
}

pub(crate) fn decode_run(id: RunId, bytes: &[u8]) -> Result<Run, DecodeError> {
    let mut reader = Reader::new(bytes);
    let run = Run {
        id,
        inputs: reader.list(|reader| {
            Ok(InputSummary { name: reader.string()?, length: reader.number()?, hash: reader.array()? })
        })?,
        options: reader.string()?,
        status: match Status::ALL.get(usize::from(reader.byte()?)) {
            Some(status) => *status,
            None => return reader.fail("the status is unknown"),
        },
        committed: reader.small()?,
        digest: reader.array()?,
        started: reader.string()?,
        finished: reader.string()?,
        counts: reader.map(Reader::number)?,
        measures: reader.map(Reader::string)?,
    };
    reader.end()?;
    Ok(run)
}

fn put_counts(counts: &BTreeMap<String, u64>, writer: &mut Writer) {
    writer.count(counts.len());
    for (name, count) in counts {
        writer.text(name);
        writer.number(*count);
    }
}

fn put_words(words: &BTreeMap<String, String>, writer: &mut Writer) {
    writer.count(words.len());
    for (name, word) in words {
        writer.text(name);
        writer.text(word);
    }
}

/// Encodes a theorem, with the length of its part of the proof stream.
pub(crate) fn encode_theorem(theorem: &Theorem, proof_bytes: u64, writer: &mut Writer) {
    writer.number(u64::from(theorem.number));
    writer.text(&theorem.statement);
    writer.raw(&theorem.root.0);
    writer.text(&theorem.kind);
    writer.byte(flags(theorem.corollary, theorem.essential));
    writer.texts(&theorem.assumptions);
    writer.count(theorem.citations.len());
    for citation in &theorem.citations {
        writer.number(u64::from(*citation));
    }
    put_words(&theorem.subject, writer);
    writer.number(proof_bytes);
}

/// Decodes the theorems of a cycle, each with the length of its proof.
pub(crate) fn decode_theorems(bytes: &[u8], cycle: u32) -> Result<Vec<(Theorem, u64)>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut theorems = Vec::new();
    while !reader.is_at_end() {
        let number = reader.small()?;
        let statement = reader.string()?;
        let root = NodeId(reader.array()?);
        let kind = reader.string()?;
        let (corollary, essential) = read_flags(&mut reader)?;
        let theorem = Theorem {
            number,
            cycle,
            statement,
            root,
            kind,
            corollary,
            essential,
            assumptions: reader.list(Reader::string)?,
            citations: reader.list(Reader::small)?,
            subject: reader.map(Reader::string)?,
        };
        theorems.push((theorem, reader.number()?));
    }
    Ok(theorems)
}

pub(crate) fn encode_mark(mark: &Mark, writer: &mut Writer) {
    writer.number(u64::from(mark.number));
    writer.byte(flags(mark.corollary, mark.essential));
}

pub(crate) fn decode_marks(bytes: &[u8]) -> Result<Vec<Mark>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut marks = Vec::new();
    while !reader.is_at_end() {
        let number = reader.small()?;
        let (corollary, essential) = read_flags(&mut reader)?;
        marks.push(Mark { number, corollary, essential });
    }
    Ok(marks)
}

fn flags(corollary: bool, essential: bool) -> u8 {
    u8::from(corollary) | u8::from(essential) << 1
}

fn read_flags(reader: &mut Reader<'_>) -> Result<(bool, bool), DecodeError> {
    match reader.byte()? {
        flags @ 0..4 => Ok((flags & 1 != 0, flags & 2 != 0)),
        _ => reader.fail("a flag is unknown"),
    }
}

pub(crate) fn encode_outcome(outcome: &Outcome, writer: &mut Writer) {
    writer.number(outcome.sequence);
    writer.text(&outcome.statement);
    writer.text(&outcome.status);
    writer.text(&outcome.detail);
}

pub(crate) fn decode_outcomes(bytes: &[u8], cycle: u32) -> Result<Vec<Outcome>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut outcomes = Vec::new();
    while !reader.is_at_end() {
        outcomes.push(Outcome {
            sequence: reader.number()?,
            cycle,
            statement: reader.string()?,
            status: reader.string()?,
            detail: reader.string()?,
        });
    }
    Ok(outcomes)
}

/// Size of an index entry: a prefix of a step's id, and the theorem of the cycle that contains the step.
pub(crate) const INDEX_ENTRY_BYTES: usize = 12;

/// The index of a cycle: entries ascend, so that a reader can merge indices.
pub(crate) fn encode_index(entries: &mut [(u64, u32)]) -> Vec<u8> {
    entries.sort_unstable();
    let mut bytes = Vec::with_capacity(entries.len() * INDEX_ENTRY_BYTES);
    for (prefix, theorem) in entries {
        bytes.extend_from_slice(&prefix.to_be_bytes());
        bytes.extend_from_slice(&theorem.to_be_bytes());
    }
    bytes
}

pub(crate) fn decode_index(bytes: &[u8]) -> Result<Vec<(u64, u32)>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::with_capacity(bytes.len() / INDEX_ENTRY_BYTES);
    while !reader.is_at_end() {
        entries.push((u64::from_be_bytes(reader.array()?), u32::from_be_bytes(reader.array()?)));
    }
    Ok(entries)
}

/// The prefix of an id that the index holds.
pub(crate) fn prefix(id: &NodeId) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&id.0[..8]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack;
    use crate::proof::Proof;
    use crate::record::{Node, Parameter, ScopeRecord};
    use proptest::prelude::*;

    fn proof() -> Proof {
        let mut proof = Proof::new();
        let outer = proof.add_scope(ScopeRecord::default()).unwrap();
        let scope =
            ScopeRecord { parent: Some(outer), variables: vec!["n".into()], assumptions: vec!["(in[n,N])".into()] };
        let inner = proof.add_scope(scope).unwrap();
        let mut premises = Vec::new();
        for number in 0..20 {
            let node = Node {
                rule: "instantiate".into(),
                parameters: vec![
                    Parameter::Number(number),
                    Parameter::Text("N".into()),
                    Parameter::Scope(inner),
                    Parameter::Theorem(number),
                ],
                conclusion: "(=[n,n])".into(),
                premises: premises.clone(),
                substitution: vec!["n".into()],
                scope: if number < 19 { inner } else { outer },
            };
            premises.push(proof.add(node).unwrap());
        }
        proof
    }

    /// One record of each kind.
    fn records() -> [Vec<u8>; 6] {
        let proof = proof();
        let root = proof.root().unwrap();
        let mut packed = Writer::default();
        pack::encode(&proof, &proof.order(&root).unwrap(), &mut packed);
        let theorem = Theorem {
            number: 300,
            cycle: 1,
            statement: "(=[n,n])".into(),
            root,
            kind: "direct".into(),
            corollary: true,
            essential: false,
            assumptions: vec!["induction".into()],
            citations: vec![1, 200],
            subject: BTreeMap::from([("variable".into(), "n".into())]),
        };
        let mut theorems = Writer::default();
        encode_theorem(&theorem, 7, &mut theorems);
        let mut outcomes = Writer::default();
        let outcome =
            Outcome { sequence: 9, cycle: 1, statement: "s".into(), status: "GaveUp".into(), detail: "{}".into() };
        encode_outcome(&outcome, &mut outcomes);
        let mut marks = Writer::default();
        encode_mark(&Mark { number: 300, corollary: true, essential: true }, &mut marks);
        let counts = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 300)]);
        let seal = Seal { lengths: [1, 2, 3, 400, 5], digest: [7; 32], next_sequence: 10, counts: counts.clone() };
        let run = Run {
            id: RunId([1; 16]),
            inputs: vec![InputSummary { name: "a.mpl".into(), length: 5, hash: [3; 32] }],
            options: "{}".into(),
            status: Status::Finished,
            committed: 4,
            digest: [5; 32],
            started: "s".into(),
            finished: "f".into(),
            counts,
            measures: BTreeMap::from([("cpu".into(), "1 s".into())]),
        };
        [
            packed.into_bytes(),
            theorems.into_bytes(),
            outcomes.into_bytes(),
            marks.into_bytes(),
            seal.encode(),
            encode_run(&run),
        ]
    }

    /// Decodes and re-encodes a record of a kind; `None` if it is refused.
    fn again(kind: usize, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut writer = Writer::default();
        match kind {
            0 => {
                let mut reader = Reader::new(bytes);
                let proof = pack::decode(&mut reader).ok()?;
                reader.end().ok()?;
                let order = proof.order(&proof.root()?)?;
                pack::encode(&proof, &order, &mut writer);
            }
            1 => decode_theorems(bytes, 1).ok()?.iter().for_each(|(theorem, length)| {
                encode_theorem(theorem, *length, &mut writer);
            }),
            2 => decode_outcomes(bytes, 1).ok()?.iter().for_each(|outcome| encode_outcome(outcome, &mut writer)),
            3 => decode_marks(bytes).ok()?.iter().for_each(|mark| encode_mark(mark, &mut writer)),
            4 => return Some(Seal::decode(bytes).ok()?.encode()),
            _ => return Some(encode_run(&decode_run(RunId([1; 16]), bytes).ok()?)),
        }
        Some(writer.into_bytes())
    }

    #[test]
    fn records_come_back() {
        for (kind, bytes) in records().iter().enumerate() {
            assert_eq!(again(kind, bytes).as_ref(), Some(bytes), "kind {kind}");
            for end in 1..bytes.len() {
                assert_eq!(again(kind, &bytes[..end]), None, "kind {kind}, cut at {end}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        // The check of a frame shields the decoders from most damage; here they face it directly.
        #[test]
        fn damaged_records_are_read_as_what_they_say_or_refused(
            kind in 0usize..6,
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = records()[kind].clone();
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let read = again(kind, &bytes);
            // What decodes has a unique encoding. Proofs are the exception: their root fixes their form.
            prop_assert!(kind == 0 || read.is_none_or(|read| read == bytes));
        }

        #[test]
        fn noise_is_no_record(kind in 0usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let read = again(kind, &bytes);
            prop_assert!(kind == 0 || read.is_none_or(|read| read == bytes));
        }
    }
}
