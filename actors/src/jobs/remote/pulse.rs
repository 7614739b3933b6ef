//! Detects streams that have gone silent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The time of the last activity.
#[derive(Debug)]
pub(super) struct Pulse {
    start: Instant,
    /// Milliseconds since the start.
    last: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse { start: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// Records activity.
    pub(super) fn beat(&self) {
        self.last.store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Time since the last activity.
    pub(super) fn silence(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}
