//! What the reader has to say about a text: errors, warnings and notes with their places.

use std::sync::Arc;

use super::codes::{self, Code};

/// The number of errors a report keeps; what comes after is counted only.
pub const MAX_ERRORS: usize = 20;

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(u32);

/// A piece of a file, in bytes.
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
    /// From the start of this to the end of `last`.
    #[must_use]
    pub fn to(self, last: Span) -> Span {
        Span { file: self.file, start: self.start, end: last.end.max(self.start) }
    }
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The text has no meaning as it stands.
    Error,
    /// It has one, but probably not the one that was meant.
    Warning,
    /// Good to know.
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

/// A place, and what is the matter there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What, in a few words.
    pub text: String,
}

/// One thing that the reader says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its code, which `docs/mpl.md` explains.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is the matter, in one sentence.
    pub message: String,
    /// Where; the first place is the main one. Empty only if a whole file is meant that has no text.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error, a warning or a note, as the letter of `code` says, without a place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        let severity = match code.text().as_bytes()[0] {
            b'E' => Severity::Error,
            b'W' => Severity::Warning,
            _ => Severity::Note,
        };
        Diagnostic { code, severity, message: message.into(), labels: Vec::new(), help: None }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }
}

/// The texts that spans point into.
#[derive(Clone, Default, Debug)]
pub struct SourceMap {
    files: Vec<(Arc<str>, Arc<str>)>,
}

impl SourceMap {
    /// Enters a file under the name that messages show.
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

/// Everything that was said about some files, with their texts.
#[derive(Clone, Default, Debug)]
pub struct Report {
    /// In the order in which it was noticed.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts.
    pub sources: SourceMap,
    errors: usize,
}

impl Report {
    /// Nothing yet, about these texts.
    pub(crate) fn over(sources: SourceMap) -> Report {
        Report { sources, ..Report::default() }
    }

    /// Keeps a diagnostic, unless it is an error beyond [`MAX_ERRORS`].
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors += 1;
            if self.errors > MAX_ERRORS {
                return;
            }
        }
        self.diagnostics.push(diagnostic);
    }

    /// How many errors there were, those not kept included.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether there was an error.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.errors > 0
    }

    /// Whether further errors would not be kept, so that it is no use to look for them.
    #[must_use]
    pub(crate) fn is_full(&self) -> bool {
        self.errors > MAX_ERRORS
    }

    /// Says how many errors were not kept. To be called once, at the end.
    pub(crate) fn finish(mut self) -> Report {
        if let Some(more) = self.errors.checked_sub(MAX_ERRORS + 1) {
            let more = more + 1;
            let note = format!("at least {more} more error{} not shown", if more == 1 { " is" } else { "s are" });
            self.diagnostics.push(Diagnostic::new(codes::MORE_ERRORS, note));
        }
        self
    }

    /// `file:line:column` of a diagnostic, as far as it has a place.
    #[must_use]
    pub fn place(&self, diagnostic: &Diagnostic) -> Option<String> {
        let span = diagnostic.labels.first()?.span;
        let (line, column) = self.sources.place(span.file, span.start);
        Some(format!("{}:{line}:{column}", self.sources.name(span.file)))
    }
}

/// The best of `known` for a name that is not known: the nearest by edit distance, if it is near.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let length = name.chars().count();
    let allowed = (length / 3).max(1);
    let is_near = |distance: usize, other: &str| {
        // With names of one letter everything is near everything.
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

/// `did you mean …?`, if something is near.
#[must_use]
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|other| format!("did you mean `{other}`?"))
}

/// A name as a message shows it: long ones are cut.
#[must_use]
pub(crate) fn short(name: &str) -> String {
    const LONGEST: usize = 40;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST).chain(['…']).collect()
}
