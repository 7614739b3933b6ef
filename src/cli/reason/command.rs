//! Commands that are asked beside the model: checks that accept an answer, and tools.

use std::io::{Read, Write, copy, sink};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use theoremata_actors::jobs::Tool;

/// How long to wait before it is looked again whether a command has ended; longer each time.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);
/// Bytes of what a command says that are kept.
const SAID: u64 = 64 << 10;

/// Whether a command accepts a text that it reads. One that cannot be run accepts nothing, and neither does one that
/// takes longer than it may.
pub(super) fn accepts(command: &str, text: &str, most: Duration) -> bool {
    run(command, text, most, false).is_ok_and(|(status, _)| status.success())
}

/// What a tool replies: what its command prints, given the parameters in JSON. A JSON text stands for what it says; what
/// is no JSON is read as it stands. A command that fails replies that it did.
pub(super) fn reply(tool: &Tool, parameters: &str) -> String {
    let failed = |why: &str| format!("the tool failed: {why}");
    let most = Duration::from_secs(tool.seconds);
    let (status, said) = match run(&tool.command, parameters, most, true) {
        Ok(ended) => ended,
        Err(Unended::Late) => return failed(&format!("it took longer than {} seconds", tool.seconds)),
        Err(Unended::Lost) => return failed("it cannot be run"),
    };
    if !status.success() {
        return failed(&status.code().map_or("it was ended".to_owned(), |code| format!("exit code {code}")));
    }
    let text = String::from_utf8_lossy(&said);
    match serde_json::from_str(&text) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => text.trim().to_owned(),
    }
}

/// Why a command has no exit code.
enum Unended {
    /// It took longer than it may.
    Late,
    /// It could not be started or waited for.
    Lost,
}

/// Runs a command on a text, and gives how it ended and, if that is wanted, what it said. One that takes longer than it
/// may is ended, with all that it started.
fn run(command: &str, text: &str, most: Duration, listen: bool) -> Result<(ExitStatus, Vec<u8>), Unended> {
    let mut shell = Command::new("sh");
    let output = if listen { Stdio::piped() } else { Stdio::null() };
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(output);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let mut child = shell.spawn().map_err(|_| Unended::Lost)?;
    if let Some(mut input) = child.stdin.take() {
        let text = text.to_owned();
        // A command may end without reading all of it, or never read; what it says then is what counts.
        thread::spawn(move || input.write_all(text.as_bytes()));
    }
    let said = child.stdout.take().map(hear);
    let (start, mut look) = (Instant::now(), FIRST_LOOK);
    let left = || most.saturating_sub(start.elapsed());
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if start.elapsed() < most => {
                thread::sleep(look.min(left()));
                look = (look * 2).min(LAST_LOOK);
            }
            Ok(None) => break Err(Unended::Late),
            Err(_) => break Err(Unended::Lost),
        }
    };
    // What it started may hold its output open, and has as much time as it has.
    let said = match (&ended, said) {
        (Ok(_), Some(said)) => said.recv_timeout(left()).map_err(|_| Unended::Late),
        _ => Ok(Vec::new()),
    };
    let ended = ended.and_then(|status| Ok((status, said?)));
    if ended.is_err() {
        end(&mut child);
    }
    ended
}

/// Hears all that a command says, so that it is never kept from going on, and gives the first of it at its end.
fn hear(mut output: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        // Who cannot be heard any more has said what it said.
        let _ = output.by_ref().take(SAID).read_to_end(&mut said);
        let _ = copy(&mut output, &mut sink());
        let _ = sender.send(said);
    });
    receiver
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

    #[test]
    fn a_tool_replies_what_its_command_prints_or_how_it_failed() {
        let replies = |command: &str, parameters: &str, seconds| {
            let tool = serde_json::json!({ "name": "tool", "command": command, "seconds": seconds });
            reply(&serde_json::from_value(tool).expect("a tool"), parameters)
        };
        assert_eq!(replies("cat", r#"{"a": [1,  2]}"#, 20), r#"{"a":[1,2]}"#);
        assert_eq!(replies(r#"echo '"a \"b\""'"#, "{}", 20), r#"a "b""#);
        assert_eq!(replies("echo a b; echo c", "{}", 20), "a b\nc");
        assert_eq!(replies("echo x; exit 3", "{}", 20), "the tool failed: exit code 3");
        let start = Instant::now();
        assert_eq!(replies("sleep 60", "{}", 1), "the tool failed: it took longer than 1 seconds");
        assert_eq!(replies("(sleep 60) & echo x", "{}", 1), "the tool failed: it took longer than 1 seconds");
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(replies("head -c 1000000 /dev/zero | tr '\\0' x", "{}", 20).len() as u64, SAID);
    }
}
