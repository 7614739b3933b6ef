//! External commands that judge answers or serve as tools.

use std::io::{Read, Write, copy, sink};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use theoremata_actors::jobs::Tool;

/// Initial polling interval for the end of a command; it grows.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);
/// Maximal output kept, in bytes.
const SAID: u64 = 64 << 10;

/// Whether a command accepts a text given on stdin. False if it cannot be run, or times out.
pub(super) fn accepts(command: &str, text: &str, most: Duration) -> bool {
    run(command, text, most, false).is_ok_and(|(status, _)| status.success())
}

/// The reply of a tool: the output of its command, given the parameters in JSON. A JSON string is unquoted; text that
/// is no JSON is taken verbatim. If the command fails, the reply says so.
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
    /// It timed out.
    Late,
    /// It could not be started or waited for.
    Lost,
}

/// Runs a command with a text on stdin; returns its status and, if requested, its output. On a timeout, it is killed
/// with its whole process group.
fn run(command: &str, text: &str, most: Duration, listen: bool) -> Result<(ExitStatus, Vec<u8>), Unended> {
    let mut shell = Command::new("sh");
    let output = if listen { Stdio::piped() } else { Stdio::null() };
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(output);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let mut child = shell.spawn().map_err(|_| Unended::Lost)?;
    if let Some(mut input) = child.stdin.take() {
        let text = text.to_owned();
        // A command may end without reading its input; only its output matters then.
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
    // Its child processes may keep the output open; they share its time limit.
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

/// Drains the output of a command, so that it never blocks, and returns the beginning at its end.
fn hear(mut output: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        // On a read error, the output so far is used.
        let _ = output.by_ref().take(SAID).read_to_end(&mut said);
        let _ = copy(&mut output, &mut sink());
        let _ = sender.send(said);
    });
    receiver
}

/// Kills a command with its child processes.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended in the meantime.
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
        // A command that does not read its input.
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
