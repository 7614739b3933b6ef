//! Decodes input bytes as text.

use super::codes;
use super::diagnostic::{Diagnostic, FileId, Report, Span};
use super::syntax::MAX_FILE_BYTES;

/// Adds bytes as a file of the report, if they are valid text within the size limit.
pub(crate) fn decode(name: &str, bytes: &[u8], report: &mut Report) -> Option<FileId> {
    if bytes.len() > MAX_FILE_BYTES {
        let file = report.sources.add(name, "");
        report.push(
            Diagnostic::new(
                codes::TOO_LARGE,
                format!("the file has {} bytes, more than the bound of {MAX_FILE_BYTES}", bytes.len()),
            )
            .at(Span { file, start: 0, end: 0 }, "this file")
            .help("split it, and import the parts"),
        );
        return None;
    }
    let (valid, problem) = match std::str::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            Some(place) => (&text[..place], Some("a zero byte")),
            None => return Some(report.sources.add(name, text)),
        },
        Err(error) => {
            let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            (valid, Some("a byte that is not UTF-8"))
        }
    };
    // Only the valid prefix is kept: a terminal should not see the rest.
    let at = valid.len() as u32;
    let file = report.sources.add(name, valid);
    report.push(
        Diagnostic::new(
            codes::NOT_TEXT,
            format!("this is not a text file: byte {at} is {}", problem.unwrap_or_default()),
        )
        .at(Span { file, start: at, end: at }, "what follows is not UTF-8 text")
        .help("save the file as UTF-8 text"),
    );
    None
}
