//! What a run costs: CPU time, wall time, memory.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds that this process has used, all threads together.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Bytes that this process has in memory; `None` where the system does not tell.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    status("VmRSS:")
}

/// The most bytes that this process ever had in memory; `None` where the system does not tell.
#[must_use]
pub fn peak_bytes() -> Option<u64> {
    status("VmHWM:")
}

fn status(key: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    let kilobytes: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Times the stages of a run.
#[derive(Clone, Debug)]
pub struct Stages {
    begin: Instant,
    cpu: f64,
    last: f64,
    /// CPU seconds by stage, in the order in which they ended.
    pub list: Vec<(&'static str, f64)>,
}

impl Stages {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Stages {
        let cpu = cpu_seconds();
        Stages { begin: Instant::now(), cpu, last: cpu, list: Vec::new() }
    }

    /// What was used since the last call belongs to this stage.
    pub fn end(&mut self, stage: &'static str) {
        let now = cpu_seconds();
        match self.list.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, seconds)) => *seconds += now - self.last,
            None => self.list.push((stage, now - self.last)),
        }
        self.last = now;
    }

    /// CPU seconds since the beginning.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        cpu_seconds() - self.cpu
    }

    /// Seconds since the beginning.
    #[must_use]
    pub fn wall(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }
}
