//! Cost of a run: CPU time, wall time, memory.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds used by this process, summed over threads.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Resident bytes of this process; `None` where the system does not report it.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    status("VmRSS:")
}

/// Peak resident bytes of this process; `None` where the system does not report it.
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

/// CPU time of this thread, which other programs on the machine do not affect.
#[cfg(unix)]
#[must_use]
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Without a CPU clock for threads, wall time is the nearest substitute.
#[cfg(not(unix))]
#[must_use]
pub fn thread_cpu() -> Duration {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// The CPU time of one run in a process that may have others: that of the thread on which it began, plus what its
/// worker threads add. Clones share one counter.
#[derive(Clone, Default, Debug)]
pub struct Meter {
    begin: Duration,
    others: Arc<AtomicU64>,
}

impl Meter {
    /// Begins now, on the thread that will call [`Meter::seconds`].
    #[must_use]
    pub fn begin() -> Meter {
        Meter { begin: thread_cpu(), others: Arc::default() }
    }

    /// Adds the CPU time of another thread.
    pub fn add(&self, work: Duration) {
        self.others.fetch_add(u64::try_from(work.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// CPU seconds since the beginning. Must be called on the thread on which the meter began.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        let others = Duration::from_nanos(self.others.load(Ordering::Relaxed));
        (thread_cpu().saturating_sub(self.begin) + others).as_secs_f64()
    }
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

    /// Attributes the CPU time since the last call to this stage.
    pub fn end(&mut self, stage: &'static str) {
        let now = cpu_seconds();
        match self.list.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, seconds)) => *seconds += now - self.last,
            None => self.list.push((stage, now - self.last)),
        }
        self.last = now;
    }

    /// CPU seconds of the process since the beginning.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        cpu_seconds() - self.cpu
    }

    /// Seconds of wall time since the beginning.
    #[must_use]
    pub fn wall(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_counts_its_thread_and_what_is_added_and_nobody_else() {
        let meter = Meter::begin();
        let spin = || {
            let begin = thread_cpu();
            while thread_cpu() - begin < Duration::from_millis(30) {}
        };
        std::thread::spawn(spin).join().expect("it ends");
        assert!(meter.seconds() < 0.02, "another thread was counted: {}", meter.seconds());
        meter.clone().add(Duration::from_secs(2));
        spin();
        assert!((2.03..2.5).contains(&meter.seconds()), "{}", meter.seconds());
    }
}
