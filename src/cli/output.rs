//! Output of commands: results to stdout, as text or as one JSON object per line; everything else to stderr.

use std::io::{self, IsTerminal};

use serde_json::Value;
use theoremata_logic::language::mpl::Report;

use super::streams;

/// Output of a command: results to stdout, everything else to stderr.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Output {
        Output { json, quiet }
    }

    /// Whether only results are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet || self.json
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a note, which is no result.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet() {
            streams::note(text);
        }
    }

    /// Prints a report about an input text.
    pub(crate) fn report(&self, report: &Report) {
        if !self.is_quiet() || report.failed() {
            streams::note_as_it_stands(&report.render(io::stderr().is_terminal()));
        }
    }

    /// Prints a line of a result.
    pub(crate) fn line(&self, text: &str) {
        streams::line(text);
    }

    /// Prints a report as the result.
    pub(crate) fn reported(&self, report: &Report) {
        if self.json {
            streams::as_it_stands(&report.json_lines());
        } else {
            streams::as_it_stands(&report.render(io::stdout().is_terminal()));
        }
    }

    /// Prints a JSON object.
    pub(crate) fn object(&self, value: &Value) {
        streams::json_line(value.to_string());
    }
}
