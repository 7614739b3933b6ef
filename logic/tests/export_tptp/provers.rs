//! Runs E and Z3 under limits.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common::exported::program;

/// E's answer to a problem: its SZS status, or the whole output if there is none.
pub(crate) fn e(problem: &str) -> String {
    e_within(problem, 5)
}

/// [`e`] with a limit on CPU time, in seconds.
pub(crate) fn e_within(problem: &str, seconds: u32) -> String {
    let answer = run("eprover", &["--auto", "-s", &format!("--cpu-limit={seconds}")], problem);
    match answer.lines().find_map(|line| line.strip_prefix("# SZS status ")) {
        Some(status) => status.trim().to_owned(),
        None => answer,
    }
}

/// Whether E can parse a text; otherwise its error message.
#[allow(dead_code, reason = "one of the two test programs that share this file does not call it")]
pub(crate) fn e_reads(text: &str) -> Result<(), String> {
    let answer = run("eprover", &["--cnf", "-s"], text);
    if answer.contains("eprover:") { Err(answer) } else { Ok(()) }
}

/// Z3's answer to a script: `sat`, `unsat`, `unknown`, `timeout`, or errors.
pub(crate) fn z3(script: &str) -> String {
    run("z3", &["-T:5", "-in"], script).trim().to_owned()
}

/// Whether the program is installed; prints a line if not.
pub(crate) fn have(name: &str) -> bool {
    program(name).is_some()
}

fn run(name: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // On a separate thread: a program may answer before it has read all input. If it exits early, the write error is
    // expected.
    let feeder = std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("{name}: {error}"));
    feeder.join().expect("it only writes");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}
