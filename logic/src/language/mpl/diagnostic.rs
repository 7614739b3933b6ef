//! Diagnostics of the parser: errors, warnings and notes with source positions.

use std::sync::Arc;

use super::codes::{self, Code};

/// The number of errors that a report keeps; further ones are only counted.
pub const MAX_ERRORS: usize = 20;

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(u32);

/// A range of bytes in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from the start of this one to the end of `last`.
    #[must_use]
    pub fn to(self, last: Span) -> Span {
        Span { file: self.file, start: self.start, end: last.end.max(self.start) }
    }
}

/// The severity of a diagnostic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The text has no meaning.
    Error,
    /// The text has a meaning, but probably not the intended one.
    Warning,
    /// For information.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// A source position with a remark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The position.
    pub span: Span,
    /// The remark, in a few words.
    pub text: String,
}

/// An error, warning or note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its code, which `docs/mpl.md` explains.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
    /// The problem, in one sentence.
    pub message: String,
    /// The positions, the main one first. Empty only for a whole file without text.
    pub labels: Vec<Label>,
    /// How to fix it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without positions; the letter of `code` determines its severity.
    pub fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        let severity = match code.text().as_bytes()[0] {
            b'E' => Severity::Error,
            b'W' => Severity::Warning,
            _ => Severity::Note,
        };
        Diagnostic { code, severity, message: message.into(), labels: Vec::new(), help: None }
    }

    /// Adds a position.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fix.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }
}

/// The texts that spans refer to.
#[derive(Clone, Default, Debug)]
pub struct SourceMap {
    files: Vec<(Arc<str>, Arc<str>)>,
}

impl SourceMap {
    /// Adds a file under its display name.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push((name.into(), text.into()));
        FileId(u32::try_from(self.files.len() - 1).expect("fewer than 2^32 files"))
    }

    /// The name of a file.
    #[must_use]
    pub fn name(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].0
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].1
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    #[must_use]
    pub fn place(&self, file: FileId, byte: u32) -> (usize, usize) {
        let text = self.text(file);
        let mut byte = (byte as usize).min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &text[..byte];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.bytes().filter(|byte| *byte == b'\n').count() + 1, before[start..].chars().count() + 1)
    }
}

/// The diagnostics for some files, with their texts.
#[derive(Clone, Default, Debug)]
pub struct Report {
    /// In order of detection.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts.
    pub sources: SourceMap,
    errors: usize,
}

impl Report {
    /// An empty report about these texts.
    pub(crate) fn over(sources: SourceMap) -> Report {
        Report { sources, ..Report::default() }
    }

    /// Adds a diagnostic, unless it is an error beyond [`MAX_ERRORS`].
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors += 1;
            if self.errors > MAX_ERRORS {
                return;
            }
        }
        self.diagnostics.push(diagnostic);
    }

    /// The number of errors, including those not kept.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether there was an error.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.errors > 0
    }

    /// Whether further errors would not be kept, so that looking for them is useless.
    #[must_use]
    pub(crate) fn is_full(&self) -> bool {
        self.errors > MAX_ERRORS
    }

    /// Adds a note on how many errors were not kept. To be called once, at the end.
    pub(crate) fn finish(mut self) -> Report {
        if let Some(more) = self.errors.checked_sub(MAX_ERRORS + 1) {
            let more = more + 1;
            let note = format!("at least {more} more error{} not shown", if more == 1 { " is" } else { "s are" });
            self.diagnostics.push(Diagnostic::new(codes::MORE_ERRORS, note));
        }
        self
    }

    /// `file:line:column` of a diagnostic; shorter if it has no position.
    #[must_use]
    pub fn place(&self, diagnostic: &Diagnostic) -> Option<String> {
        let span = diagnostic.labels.first()?.span;
        let (line, column) = self.sources.place(span.file, span.start);
        Some(format!("{}:{line}:{column}", self.sources.name(span.file)))
    }
}

/// The nearest of `known` to an unknown name, by edit distance, if it is near enough.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let length = name.chars().count();
    let allowed = (length / 3).max(1);
    let is_near = |distance: usize, other: &str| {
        // Among one-letter names everything is near everything.
        distance <= allowed && distance < length && distance < other.chars().count() || name.eq_ignore_ascii_case(other)
    };
    known
        .into_iter()
        .filter(|other| other.len() <= LONGEST && *other != name)
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(distance, other)| is_near(*distance, other))
        .min()
        .map(|(_, other)| other)
}

/// `did you mean …?`, if a known name is near.
#[must_use]
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|other| format!("did you mean `{other}`?"))
}

/// A name for messages; long ones are truncated.
#[must_use]
pub(crate) fn short(name: &str) -> String {
    const LONGEST: usize = 40;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST).chain(['…']).collect()
}
