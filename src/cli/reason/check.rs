//! Commands that say whether an answer is accepted.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait before it is looked again whether a command has ended; longer each time.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);

/// Whether a command accepts a text that it reads. One that cannot be run accepts nothing, and neither does one that
/// takes longer than it may: that one is ended with all that it started.
pub(super) fn accepts(command: &str, text: &str, most: Duration) -> bool {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let Ok(mut child) = shell.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        let text = text.to_owned();
        // A command may end without reading all of it, or never read; what it says then is what counts.
        thread::spawn(move || input.write_all(text.as_bytes()));
    }
    let (start, mut look) = (Instant::now(), FIRST_LOOK);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if start.elapsed() < most => {
                thread::sleep(look.min(most.saturating_sub(start.elapsed())));
                look = (look * 2).min(LAST_LOOK);
            }
            _ => {
                end(&mut child);
                return false;
            }
        }
    }
}

/// Ends a command, and what it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended meanwhile.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_hangs_is_ended_and_accepts_nothing() {
        let long = Duration::from_secs(20);
        assert!(accepts("grep -q 42", "it is 42", long) && !accepts("grep -q 42", "it is 43", long));
        // One that does not read what it is given.
        assert!(accepts("true", &"x".repeat(1 << 20), long));
        let start = Instant::now();
        assert!(!accepts("sleep 30 | cat; sleep 30", &"x".repeat(1 << 20), Duration::from_millis(200)));
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
