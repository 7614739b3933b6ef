//! What can go wrong: the disk failed, the bytes are wrong, or the caller asked for the impossible.

use std::path::PathBuf;

use crate::record::RunId;

/// The engine or the file system refused an act.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {act}: {why}")]
pub struct DiskError {
    /// What was tried and on which object, as in "open the database in /x/db/sled".
    pub act: String,
    /// What the engine or the system said.
    pub why: String,
    /// Whether the engine found its own files damaged.
    pub damaged: bool,
}

impl DiskError {
    /// An error of the system while doing `act`.
    pub fn new(act: impl Into<String>, why: impl ToString) -> DiskError {
        DiskError { act: act.into(), why: why.to_string(), damaged: false }
    }
}

/// Bytes that no version of this program has written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {why}")]
pub(crate) struct DecodeError {
    /// The place in the record.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) why: &'static str,
}

/// An operation of the store failed. Nothing of it has become visible.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A record does not hold what was written.
    #[error("{object} is damaged: {why}")]
    Damaged {
        /// The record, in words.
        object: String,
        /// What is wrong with it.
        why: String,
    },
    /// The directory holds something else.
    #[error("{} is not a store of ours: {why}", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// What was found there.
        why: String,
    },
    /// The directory was written by a version that this program does not read.
    #[error("{} has format {found}, and this program reads format {supported}; {mend}", path.display())]
    Version {
        /// The directory.
        path: PathBuf,
        /// The version that stands in its FORMAT file.
        found: u32,
        /// The version of this program.
        supported: u32,
        /// What the reader can do about it.
        mend: &'static str,
    },
    /// Another process writes to the directory.
    #[error("{} is in use by {holder}, which writes to it; end that process, or wait until it has ended", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// What is known of the other process.
        holder: String,
    },
    /// No run has this id.
    #[error("there is no run {0}")]
    UnknownRun(RunId),
    /// What was to be written contradicts what stands, or itself.
    #[error("{object} is refused: {why}")]
    Refused {
        /// What was to be written.
        object: String,
        /// The contradiction.
        why: String,
    },
}

impl StoreError {
    pub(crate) fn damaged(object: impl Into<String>, why: impl ToString) -> StoreError {
        StoreError::Damaged { object: object.into(), why: why.to_string() }
    }

    pub(crate) fn refused(object: impl Into<String>, why: impl ToString) -> StoreError {
        StoreError::Refused { object: object.into(), why: why.to_string() }
    }
}
