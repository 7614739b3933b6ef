//! Parsing of command output, for tests of language models.

use std::process::Output;

use serde_json::Value;

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub(crate) fn objects(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The answers in the output of a run that must end with this exit code.
#[allow(dead_code)] // `generate` gives none
pub(crate) fn answers(output: &Output, code: i32) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    objects(output).into_iter().filter(|object| object["event"] == "answer").collect()
}
