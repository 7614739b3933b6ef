//! Where a command says what it has to say: results to stdout, as text or as one JSON object a line; the rest
//! to stderr.

use std::io::{self, IsTerminal};

use serde_json::Value;
use theoremata_logic::language::mpl::Report;

use super::streams;

/// Where a command says what it has to say: results to stdout, the rest to stderr.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Output {
        Output { json, quiet }
    }

    /// Whether nothing but results is wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet || self.json
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Something worth knowing that is no result.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet() {
            streams::note(text);
        }
    }

    /// What there is to say of a text that was read.
    pub(crate) fn report(&self, report: &Report) {
        if !self.is_quiet() || report.failed() {
            streams::note_as_it_stands(&report.render(io::stderr().is_terminal()));
        }
    }

    /// A line of a result.
    pub(crate) fn line(&self, text: &str) {
        streams::line(text);
    }

    /// What there is to say of a text, as the result.
    pub(crate) fn reported(&self, report: &Report) {
        if self.json {
            streams::as_it_stands(&report.json_lines());
        } else {
            streams::as_it_stands(&report.render(io::stdout().is_terminal()));
        }
    }

    /// One JSON object.
    pub(crate) fn object(&self, value: &Value) {
        streams::json_line(value.to_string());
    }
}
