//! The resources of jobs, and their limits.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use theoremata_store::Store;

use super::models::Models;
use super::webhook::Receivers;

/// Limits on the jobs of a server.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Maximal number of concurrent jobs.
    pub(crate) at_once: NonZeroUsize,
    /// Threads per job.
    pub(crate) threads: NonZeroUsize,
    /// Default and maximal CPU seconds of a job.
    pub(crate) cpu_seconds: f64,
    /// Default and maximal megabytes of a job.
    pub(crate) memory_mb: u64,
    /// Maximal number of queued jobs per owner.
    pub(crate) waiting: usize,
    /// Maximal number of queued jobs in total.
    pub(crate) waiting_in_all: usize,
    /// Allowed webhook receivers.
    pub(crate) receivers: Receivers,
}

/// The resources of jobs.
pub(crate) struct Means {
    pub(crate) store: Arc<Store>,
    pub(crate) limits: Limits,
    /// The language model, if configured.
    pub(crate) models: Option<Arc<Models>>,
    closing: AtomicBool,
}

impl Means {
    pub(crate) fn new(store: Arc<Store>, limits: Limits, models: Option<Arc<Models>>) -> Means {
        Means { store, limits, models, closing: AtomicBool::new(false) }
    }

    /// The identity of the model, if configured.
    pub(crate) fn model(&self) -> Option<&str> {
        self.models.as_ref().map(|models| models.identity())
    }

    /// Refuses to begin further work.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}
