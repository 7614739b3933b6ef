//! Renders reports as text for people and as JSON for programs.

use std::fmt::Write as _;

use ariadne::{CharSet, Color, Config, IndexType, Label, ReportKind, Source};
use serde_json::json;

use super::diagnostic::{Diagnostic, FileId, Report, Severity, SourceMap};
use crate::language::characters::{flaw_in_prose, visible, visible_json, visible_line};

/// Longer lines are not shown in full.
const LONGEST_LINE: usize = 240;
/// The characters shown of a long line on each side of its position.
const AROUND: usize = 60;

/// The text of diagnostics: each begins with `file:line:column: error[E0101]: message`, so that editors can jump there;
/// then the source lines with carets, and the fix.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, color: bool) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        render_one(diagnostic, sources, color, &mut text);
    }
    text
}

fn render_one(diagnostic: &Diagnostic, sources: &SourceMap, color: bool, text: &mut String) {
    if let Some(label) = diagnostic.labels.first() {
        let (line, column) = sources.place(label.span.file, label.span.start);
        let _ = write!(text, "{}:{line}:{column}: ", visible_line(sources.name(label.span.file)));
    }
    let word = format!("{}[{}]", diagnostic.severity.word(), diagnostic.code);
    let message = visible(&diagnostic.message);
    if color {
        let number = match diagnostic.severity {
            Severity::Error => 31,
            Severity::Warning => 33,
            Severity::Note => 36,
        };
        let _ = writeln!(text, "\u{1b}[1;{number}m{word}\u{1b}[0m: {message}");
    } else {
        let _ = writeln!(text, "{word}: {message}");
    }
    let has_text = |label: &super::diagnostic::Label| !sources.text(label.span.file).is_empty();
    if diagnostic.labels.iter().any(has_text) {
        if diagnostic.labels.iter().any(|label| touches_long_line(sources, label.span.file, label.span.start)) {
            excerpt(diagnostic, sources, text);
        } else {
            snippet(diagnostic, sources, color, text);
        }
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(text, "  = help: {}", visible(help));
    }
}

/// The byte range of the line that contains a byte.
fn line_around(text: &str, byte: usize) -> (usize, usize) {
    let byte = byte.min(text.len());
    let start = text.as_bytes()[..byte].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let end = text.as_bytes()[byte..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |length| byte + length);
    (start, end)
}

/// A source text with terminal controls made visible; all positions stay valid.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for c in text.chars() {
        match flaw_in_prose(c) {
            // A byte order mark, which is invisible.
            _ if c == '\u{feff}' => masked.push(c),
            None => masked.push(c),
            Some(_) => masked.extend(std::iter::repeat_n('?', c.len_utf8())),
        }
    }
    masked
}

fn touches_long_line(sources: &SourceMap, file: FileId, byte: u32) -> bool {
    let (start, end) = line_around(sources.text(file), byte as usize);
    end - start > LONGEST_LINE
}

/// Excerpts of lines that are too long for a screen.
fn excerpt(diagnostic: &Diagnostic, sources: &SourceMap, text: &mut String) {
    for label in &diagnostic.labels {
        let source = sources.text(label.span.file);
        let (line_start, line_end) = line_around(source, label.span.start as usize);
        let (start, end) = (label.span.start as usize, (label.span.end as usize).min(line_end));
        let (Some(before), Some(marked), Some(after)) =
            (source.get(line_start..start), source.get(start..end.max(start)), source.get(end.max(start)..line_end))
        else {
            continue;
        };
        let (before, marked, after) = (masked(before), masked(marked), masked(after));
        let skipped = before.chars().count().saturating_sub(AROUND);
        let before: String = before.chars().skip(skipped).collect();
        let marked: String = marked.chars().take(AROUND).collect();
        let after: String = after.chars().take(AROUND).collect();
        let clean = |text: &str| text.replace(['\t', '\r'], " ");
        let dots = if skipped > 0 { "…" } else { "" };
        let (line, _) = sources.place(label.span.file, label.span.start);
        let margin = format!("  {line} | ");
        let _ = writeln!(text, "{margin}{dots}{}{}{}", clean(&before), clean(&marked), clean(&after));
        let indent = margin.chars().count() + dots.chars().count() + before.chars().count();
        let carets = "^".repeat(marked.chars().count().max(1));
        let _ = writeln!(text, "{}{carets} {}", " ".repeat(indent), visible(&label.text));
    }
}

fn snippet(diagnostic: &Diagnostic, sources: &SourceMap, color: bool, text: &mut String) {
    type Place = (FileId, std::ops::Range<usize>);
    let place = |label: &super::diagnostic::Label| -> Place {
        (label.span.file, label.span.start as usize..label.span.end as usize)
    };
    let (kind, shade) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
        Severity::Note => (ReportKind::Advice, Color::Cyan),
    };
    let config = Config::default().with_color(color).with_index_type(IndexType::Byte).with_char_set(CharSet::Unicode);
    let mut report = ariadne::Report::build(kind, place(&diagnostic.labels[0])).with_config(config);
    // In the order of the text: otherwise the snippet starts anew for each label.
    let mut labels: Vec<(usize, &super::diagnostic::Label)> = diagnostic.labels.iter().enumerate().collect();
    labels.sort_by_key(|(_, label)| (label.span.file != diagnostic.labels[0].span.file, label.span));
    for (number, label) in labels {
        let shade = if number == 0 { shade } else { Color::Blue };
        report = report.with_label(Label::new(place(label)).with_message(visible(&label.text)).with_color(shade));
    }
    let mut files: Vec<FileId> = diagnostic.labels.iter().map(|label| label.span.file).collect();
    files.sort_unstable();
    files.dedup();
    let cache = Files {
        names: files.iter().map(|file| (*file, visible_line(sources.name(*file)).into_owned())).collect(),
        sources: files.iter().map(|file| (*file, Source::from(masked(sources.text(*file))))).collect(),
    };
    let mut bytes = Vec::new();
    if report.finish().write(cache, &mut bytes).is_ok() {
        let drawn = String::from_utf8_lossy(&bytes);
        // The first line of the snippet repeats the line above it.
        for line in drawn.lines().skip(1) {
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
}

/// The files of one snippet.
struct Files {
    names: Vec<(FileId, String)>,
    sources: Vec<(FileId, Source<String>)>,
}

impl ariadne::Cache<FileId> for Files {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl std::fmt::Debug> {
        self.sources.iter().find(|(file, _)| file == id).map(|(_, source)| source).ok_or("a file of the drawing")
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl std::fmt::Display + 'a> {
        self.names.iter().find(|(file, _)| file == id).map(|(_, name)| name.clone())
    }
}

/// One JSON object: `code`, `severity`, `message`, `labels` (each `file`, `start`, `end` in bytes,
/// `line`, `column` from 1, `text`), and `help` if there is one.
#[must_use]
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> serde_json::Value {
    let labels: Vec<_> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let (line, column) = sources.place(label.span.file, label.span.start);
            json!({
                "file": &**sources.name(label.span.file),
                "start": label.span.start,
                "end": label.span.end,
                "line": line,
                "column": column,
                "text": label.text,
            })
        })
        .collect();
    let mut object = json!({
        "code": diagnostic.code.text(),
        "severity": diagnostic.severity.word(),
        "message": diagnostic.message,
        "labels": labels,
    });
    if let Some(help) = &diagnostic.help {
        object["help"] = json!(help);
    }
    object
}

impl Report {
    /// See [`render`].
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render(&self.diagnostics, &self.sources, color)
    }

    /// One JSON object a line, see [`to_json`].
    #[must_use]
    pub fn json_lines(&self) -> String {
        let line = |diagnostic| visible_json(to_json(diagnostic, &self.sources).to_string()) + "\n";
        self.diagnostics.iter().map(line).collect()
    }
}
