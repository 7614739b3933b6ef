//! Says that a test, or a part of one, did not run. Every crate's tests take this file in.

use std::fmt::Display;
use std::io::Write as _;

/// Prints why. The test harness keeps that to itself when the test passes, so the line goes as well to the end of the file
/// that `THEOREMATA_SKIPPED` names, if it is set: `.ci/run` sets it, and ends by printing and counting these lines.
pub(crate) fn skipped(why: impl Display) {
    println!("SKIPPED: {why}");
    let Some(path) = std::env::var_os("THEOREMATA_SKIPPED") else {
        return;
    };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a thread of a test");
    // In one write, as other tests append at the same time.
    let line = format!("{} {test}: {why}\n", env!("CARGO_CRATE_NAME"));
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the file that THEOREMATA_SKIPPED names takes a line");
}
