//! Where a command says what it has to say: results to stdout, as text or as one JSON object a line; the rest
//! to stderr.

use std::io::{self, Write};

use serde_json::Value;
use theoremata_logic::language::mpl::Report;

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
            eprintln!("{text}");
        }
    }

    /// What there is to say of a text that was read.
    pub(crate) fn report(&self, report: &Report) {
        if !self.is_quiet() || report.failed() {
            let colour = io::IsTerminal::is_terminal(&io::stderr());
            eprint!("{}", report.render(colour));
        }
    }

    /// A line of a result. A reader that has gone away is no fault of ours: what is left is not said.
    pub(crate) fn line(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        if writeln!(stdout, "{text}").is_err() {
            std::process::exit(0);
        }
    }

    /// One JSON object.
    pub(crate) fn object(&self, value: &Value) {
        self.line(&value.to_string());
    }
}
