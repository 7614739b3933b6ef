//! What jobs are done with, and within which bounds.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use theoremata_store::Store;

use super::models::Models;
use super::webhook::Receivers;

/// What the jobs of a server may use.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Jobs that are done at the same time.
    pub(crate) at_once: NonZeroUsize,
    /// Threads of each.
    pub(crate) threads: NonZeroUsize,
    /// CPU seconds of a job that names none, and the most that one may name.
    pub(crate) cpu_seconds: f64,
    /// Megabytes of a job that names none, and the most that one may name.
    pub(crate) memory_mb: u64,
    /// Jobs that may wait, of one owner.
    pub(crate) waiting: usize,
    /// Jobs that may wait, of all.
    pub(crate) waiting_in_all: usize,
    /// Whom jobs may tell that they have ended.
    pub(crate) receivers: Receivers,
}

/// What jobs are done with.
pub(crate) struct Means {
    pub(crate) store: Arc<Store>,
    pub(crate) limits: Limits,
    /// Who answers jobs that ask a language model.
    pub(crate) models: Option<Arc<Models>>,
    closing: AtomicBool,
}

impl Means {
    pub(crate) fn new(store: Arc<Store>, limits: Limits, models: Option<Arc<Models>>) -> Means {
        Means { store, limits, models, closing: AtomicBool::new(false) }
    }

    /// By what the model is known, if there is one.
    pub(crate) fn model(&self) -> Option<&str> {
        self.models.as_ref().map(|models| models.identity())
    }

    /// Nothing is begun from now on.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}
