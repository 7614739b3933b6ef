//! Keys and framing of records. The format is described in FORMAT.md.

use crate::bytes::{Reader, Writer};
use crate::disk::{Change, Disk, Tree};
use crate::error::{DecodeError, StoreError};
use crate::record::RunId;

/// Bytes of a stream per value. The engine rewrites a leaf of up to 16 values as a whole: larger pieces are rewritten
/// more, smaller ones cost more keys.
pub(crate) const PIECE_BYTES: usize = 16 << 10;

/// Maximal number of changes per write, so that a large file is not held in memory twice.
const WRITE_CHANGES: usize = 256;

const FRAME_VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;

/// A kind of record of a run: a stream of bytes for each cycle (for inputs, each file).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Stream {
    /// Summary of the other streams of the cycle.
    Seal = 1,
    Theorems = 2,
    Proofs = 3,
    Index = 4,
    Marks = 5,
    Outcomes = 6,
    Checkpoint = 7,
    Input = 8,
}

/// The streams of a cycle.
pub(crate) const OF_CYCLE: [Stream; 7] = [
    Stream::Seal,
    Stream::Theorems,
    Stream::Proofs,
    Stream::Index,
    Stream::Marks,
    Stream::Outcomes,
    Stream::Checkpoint,
];

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Stream::Seal => "the seal",
            Stream::Theorems => "the theorems",
            Stream::Proofs => "the proofs",
            Stream::Index => "the index",
            Stream::Marks => "the marks",
            Stream::Outcomes => "the outcomes",
            Stream::Checkpoint => "the checkpoint",
            Stream::Input => "an input",
        }
    }

    /// A description of the stream, for errors.
    pub(crate) fn describe(self, run: &RunId, cycle: u32) -> String {
        format!("{} of cycle {cycle} of run {run}", self.name())
    }
}

/// The key of a piece: run, stream, cycle, piece number. The cycles of a stream are adjacent.
pub(crate) fn key(run: &RunId, stream: Stream, cycle: u32, piece: u32) -> Vec<u8> {
    let mut key = Vec::with_capacity(25);
    key.extend_from_slice(&run.0);
    key.push(stream as u8);
    key.extend_from_slice(&cycle.to_be_bytes());
    key.extend_from_slice(&piece.to_be_bytes());
    key
}

/// The cycle and the piece number in a key.
pub(crate) fn cycle_and_piece(key: &[u8]) -> Option<(u32, u32)> {
    let cycle = key.get(17..21)?.try_into().ok()?;
    let piece = key.get(21..25)?.try_into().ok()?;
    (key.len() == 25).then_some((u32::from_be_bytes(cycle), u32::from_be_bytes(piece)))
}

/// The first key after all pieces of `cycle`.
pub(crate) fn key_after(run: &RunId, stream: Stream, cycle: u32) -> Vec<u8> {
    let mut key = key(run, stream, cycle, u32::MAX);
    key.push(0xff);
    key
}

/// The key range of a whole run, from and to.
pub(crate) fn range_of_run(run: &RunId) -> (Vec<u8>, Vec<u8>) {
    let mut end = run.0.to_vec();
    end.extend_from_slice(&[0xff; 10]);
    (run.0.to_vec(), end)
}

/// Frames `payload` as a value: version, compression flag, length, bytes, and a check over the key and all that, so
/// that a value under a wrong key is detected as well.
pub(crate) fn frame(key: &[u8], payload: &[u8]) -> Vec<u8> {
    let packed = lz4_flex::block::compress(payload);
    let (kind, body) = if packed.len() < payload.len() { (1, &packed[..]) } else { (0, payload) };
    let mut writer = Writer::default();
    writer.byte(FRAME_VERSION);
    writer.byte(kind);
    writer.count(payload.len());
    writer.raw(body);
    let check = check(key, writer.bytes());
    writer.raw(&check);
    writer.into_bytes()
}

/// The payload of a value. Never panics, and allocates at most 256 times the size of the value.
pub(crate) fn unframe(key: &[u8], value: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let fail = |why| Err(DecodeError { at: 0, why });
    let Some(split) = value.len().checked_sub(CHECK_BYTES) else { return fail("it is too short to be whole") };
    let (body, found) = value.split_at(split);
    if check(key, body) != found {
        return fail("its check does not fit its bytes");
    }
    let mut reader = Reader::new(body);
    if reader.byte()? != FRAME_VERSION {
        return fail("it has an unknown version");
    }
    let kind = reader.byte()?;
    let length = reader.number()?;
    let bytes = reader.take(body.len() - reader.at())?;
    match kind {
        0 if length == bytes.len() as u64 => Ok(bytes.to_vec()),
        1 if length <= 256 * bytes.len() as u64 => match lz4_flex::block::decompress(bytes, length as usize) {
            Ok(payload) if payload.len() as u64 == length => Ok(payload),
            _ => fail("it cannot be unpacked"),
        },
        _ => fail("its length does not fit its bytes"),
    }
}

fn check(key: &[u8], bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key);
    hasher.update(bytes);
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK_BYTES]);
    check
}

/// Splits a stream into pieces, as changes.
pub(crate) fn cut(run: &RunId, stream: Stream, cycle: u32, bytes: &[u8], changes: &mut Vec<Change>) {
    for (number, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
        let key = key(run, stream, cycle, number as u32);
        let value = frame(&key, piece);
        changes.push(Change::Put(key, value));
    }
}

/// Writes changes to the records, in batches of bounded size.
pub(crate) fn write(disk: &dyn Disk, changes: Vec<Change>) -> Result<(), StoreError> {
    let mut rest = changes.into_iter();
    loop {
        let part: Vec<Change> = rest.by_ref().take(WRITE_CHANGES).collect();
        if part.is_empty() {
            return Ok(());
        }
        disk.write(Tree::Records, part)?;
    }
}

/// Reads the bytes `from..from + length` of a stream.
pub(crate) fn read(
    disk: &dyn Disk,
    run: &RunId,
    stream: Stream,
    cycle: u32,
    from: u64,
    length: u64,
) -> Result<Vec<u8>, StoreError> {
    let object = || stream.describe(run, cycle);
    if length == 0 {
        return Ok(Vec::new());
    }
    let piece_bytes = PIECE_BYTES as u64;
    let last = from.checked_add(length - 1).and_then(|at| u32::try_from(at / piece_bytes).ok());
    let Some(last) = last else { return Err(StoreError::damaged(object(), "it claims an impossible length")) };
    let first = (from / piece_bytes) as u32;
    let mut bytes = Vec::new();
    for piece in first..=last {
        let key = key(run, stream, cycle, piece);
        let value = disk
            .read(Tree::Records, &key)?
            .ok_or_else(|| StoreError::damaged(object(), format!("piece {piece} is missing")))?;
        let payload = unframe(&key, &value)
            .map_err(|error| StoreError::damaged(object(), format!("piece {piece}: {}", error.why)))?;
        bytes.extend_from_slice(&payload);
    }
    let start = (from % piece_bytes) as usize;
    let end = start + length as usize;
    match bytes.get(start..end) {
        Some(part) => Ok(part.to_vec()),
        None => Err(StoreError::damaged(object(), "it is shorter than it should be")),
    }
}

/// Removes all records with keys from `from` up to `to`.
pub(crate) fn remove_range(disk: &dyn Disk, from: &[u8], to: &[u8]) -> Result<(), StoreError> {
    loop {
        let entries = disk.scan(Tree::Records, from, to, WRITE_CHANGES)?;
        if entries.is_empty() {
            return Ok(());
        }
        disk.write(Tree::Records, entries.into_iter().map(|(key, _)| Change::Remove(key)).collect())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_frame_gives_its_payload_back(payload in proptest::collection::vec(0u8..4, 0..2000)) {
            let value = frame(b"key", &payload);
            prop_assert_eq!(unframe(b"key", &value), Ok(payload));
            prop_assert!(unframe(b"kez", &value).is_err());
        }

        #[test]
        fn a_damaged_frame_is_refused(
            payload in proptest::collection::vec(0u8..4, 0..300), at in any::<prop::sample::Index>(), mask in 1u8..,
        ) {
            let mut value = frame(b"key", &payload);
            let at = at.index(value.len());
            value[at] ^= mask;
            prop_assert!(unframe(b"key", &value).is_err());
            prop_assert!(unframe(b"key", &value[..at]).is_err());
        }

        #[test]
        fn a_frame_that_fits_its_check_but_is_nonsense_does_no_harm(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            if let Some(first) = bytes.first_mut() { *first = FRAME_VERSION; }
            if let Some(second) = bytes.get_mut(1) { *second &= 1; }
            let check = check(b"key", &bytes);
            bytes.extend_from_slice(&check);
            let _ = unframe(b"key", &bytes);
        }
    }
}
