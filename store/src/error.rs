//! Errors: the disk failed, bytes are damaged, or an operation is impossible.

use std::path::PathBuf;

use crate::record::RunId;

/// The engine or the file system failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {act}: {why}")]
pub struct DiskError {
    /// The operation and its object, as in "open the database in /x/db/sled".
    pub act: String,
    /// The message of the engine or the system.
    pub why: String,
    /// Whether the engine found its own files damaged.
    pub damaged: bool,
}

impl DiskError {
    /// An error during the operation `act`.
    pub fn new(act: impl Into<String>, why: impl ToString) -> DiskError {
        DiskError { act: act.into(), why: why.to_string(), damaged: false }
    }
}

/// Malformed bytes, which no version of this program has written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {why}")]
pub(crate) struct DecodeError {
    /// The offset in the record.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) why: &'static str,
}

/// A failed operation of the store. It has no visible effect.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A record is damaged.
    #[error("{object} is damaged: {why}")]
    Damaged {
        /// The record, in words.
        object: String,
        /// What is wrong with it.
        why: String,
    },
    /// The directory is not a store.
    #[error("{} is not a store of ours: {why}", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// What was found there.
        why: String,
    },
    /// The directory was written by an unsupported version.
    #[error("{} has format {found}, and this program reads format {supported}; {mend}", path.display())]
    Version {
        /// The directory.
        path: PathBuf,
        /// The version in its FORMAT file.
        found: u32,
        /// The version of this program.
        supported: u32,
        /// What the user can do about it.
        mend: &'static str,
    },
    /// Another process has the store open for writing.
    #[error("{} is in use by {holder}, which writes to it; end that process, or wait until it has ended", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// What is known about that process.
        holder: String,
    },
    /// No run has this id.
    #[error("there is no run {0}")]
    UnknownRun(RunId),
    /// The data to write contradicts what is stored, or itself.
    #[error("{object} is refused: {why}")]
    Refused {
        /// The data to write.
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
