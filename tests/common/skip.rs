//! Reports tests, or parts of them, that were skipped. Included by the tests of every crate.

use std::fmt::Display;
use std::io::Write as _;

/// Prints the reason. The test harness hides the output of passing tests, so the line is also appended to the file that
/// `THEOREMATA_SKIPPED` names, if set; `.ci/run` sets it, and prints and counts these lines at the end.
pub(crate) fn skipped(why: impl Display) {
    println!("SKIPPED: {why}");
    let Some(path) = std::env::var_os("THEOREMATA_SKIPPED") else {
        return;
    };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a thread of a test");
    // A single write, since other tests append concurrently.
    let line = format!("{} {test}: {why}\n", env!("CARGO_CRATE_NAME"));
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the file that THEOREMATA_SKIPPED names takes a line");
}

/// What the browser tests lack, besides Rust; `None` if everything is installed. The folder is `tests/browser`.
#[allow(dead_code)] // not every crate has such tests
pub(crate) fn browser(folder: &std::path::Path) -> Option<&'static str> {
    if std::process::Command::new("node").arg("--version").output().is_err() {
        return Some("node");
    }
    if !folder.join("node_modules/playwright-core").is_dir() || !folder.join("node_modules/axe-core").is_dir() {
        return Some("the packages of tests/browser (npm install there)");
    }
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    (!std::path::Path::new(&chromium).exists()).then_some("chromium")
}
