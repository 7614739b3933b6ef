//! Loads a file and all its imports.

use std::collections::HashMap;

use super::codes;
use super::decode::decode;
use super::diagnostic::{Diagnostic, FileId, Report, Span, short};
use super::form::parse_forms;
use super::syntax::{Form, Ident, ImportSyntax, MAX_ALL_BYTES};

/// The most files that one theory may import, directly or indirectly.
pub const MAX_FILES: usize = 1_000;

/// Returns the bytes of a file, or why they cannot be had. Paths are relative to that of the importing file and already
/// joined.
pub type Loader<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// A file with its imports.
#[derive(Clone)]
pub(crate) struct SourceFile {
    pub(crate) id: FileId,
    pub(crate) forms: Vec<Form>,
    pub(crate) imports: Vec<Import>,
}

/// An import of a file.
#[derive(Clone)]
pub(crate) struct Import {
    pub(crate) syntax: ImportSyntax,
    /// The path requested from the loader.
    pub(crate) path: String,
    /// Its index among the files; `None` if it could not be read.
    pub(crate) file: Option<usize>,
}

/// The files of a theory; each comes after its imports, the main file last.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) files: Vec<SourceFile>,
    /// Definitions that could not be parsed, with their arities.
    pub(crate) broken: Vec<(Ident, usize)>,
    /// Whether something was not read, so that missing parts are not reported.
    pub(crate) incomplete: bool,
}

struct Loading<'a, 'b> {
    load: &'a mut Loader<'b>,
    program: Program,
    /// The result for each path: its index among the files, or `None`.
    seen: HashMap<String, Option<usize>>,
    path: Vec<String>,
    /// The total size of all files.
    bytes: usize,
}

/// Loads a file and all its imports.
pub(crate) fn read_program(name: &str, text: &[u8], load: &mut Loader<'_>, report: &mut Report) -> Program {
    let mut loading =
        Loading { load, program: Program::default(), seen: HashMap::new(), path: Vec::new(), bytes: text.len() };
    loading.file(&join("", name), name, text, report);
    loading.program
}

impl Loading<'_, '_> {
    fn file(&mut self, path: &str, name: &str, text: &[u8], report: &mut Report) -> Option<usize> {
        self.seen.insert(path.to_owned(), None);
        let Some(id) = decode(name, text, report) else {
            self.program.incomplete = true;
            return None;
        };
        let source = report.sources.text(id).clone();
        if let Some(place) = self.known(path, &source, report) {
            self.seen.insert(path.to_owned(), Some(place));
            return Some(place);
        }
        let before = report.errors();
        let (forms, broken) = parse_forms(&source, id, report);
        self.program.incomplete |= report.errors() > before;
        if forms.is_empty() && report.errors() == before {
            report.push(
                Diagnostic::new(codes::EMPTY, "the file holds no form")
                    .at(Span { file: id, start: 0, end: 0 }, "nothing but blanks and comments")
                    .help("write a theory: `(theory Name[parameters] formula)`"),
            );
            self.program.incomplete = true;
        }
        self.program.broken.extend(broken);
        self.path.push(path.to_owned());
        let mut imports = Vec::new();
        for form in &forms {
            if let Form::Import(import) | Form::Use(import) = form {
                let file = self.import(path, import, report);
                imports.push(Import { syntax: import.clone(), path: join(path, &import.path), file });
            }
        }
        self.path.pop();
        self.program.files.push(SourceFile { id, forms, imports });
        let place = self.program.files.len() - 1;
        self.seen.insert(path.to_owned(), Some(place));
        Some(place)
    }

    /// The index of an equal file with equal imports: this one under another path, for instance through a link. Decided
    /// by content, so that the result is the same when a stored run is read again.
    fn known(&mut self, path: &str, source: &str, report: &mut Report) -> Option<usize> {
        let holds = |file: &SourceFile| **report.sources.text(file.id) == *source;
        let places: Vec<usize> = (0..self.program.files.len()).filter(|at| holds(&self.program.files[*at])).collect();
        for place in places {
            let imports = self.program.files[place].imports.clone();
            self.path.push(path.to_owned());
            let same = imports
                .iter()
                .all(|import| import.file.is_some() && self.import(path, &import.syntax, report) == import.file);
            self.path.pop();
            if same {
                return Some(place);
            }
        }
        None
    }

    fn import(&mut self, from: &str, import: &ImportSyntax, report: &mut Report) -> Option<usize> {
        let path = join(from, &import.path);
        if let Some(start) = self.path.iter().position(|open| *open == path) {
            let mut circle: Vec<&str> = self.path[start..].iter().map(String::as_str).collect();
            circle.push(&path);
            report.push(
                Diagnostic::new(codes::IMPORT_CYCLE, format!("files import each other: {}", circle.join(" → ")))
                    .at(import.span, "this closes the circle")
                    .help("move what both need into a third file"),
            );
            return None;
        }
        if let Some(place) = self.seen.get(&path) {
            return *place;
        }
        // The limit on nested imports bounds the recursion.
        let loaded = if self.seen.len() >= MAX_FILES || self.path.len() >= 100 {
            Err(format!("a theory may have {MAX_FILES} files, each at most 100 imports deep"))
        } else {
            (self.load)(&path)
        };
        let loaded = loaded.and_then(|text| {
            self.bytes += text.len();
            let fits = self.bytes <= MAX_ALL_BYTES;
            fits.then_some(text).ok_or_else(|| format!("the files of a theory may have {MAX_ALL_BYTES} bytes together"))
        });
        match loaded {
            Ok(text) => self.file(&path, &path, &text, report),
            Err(reason) => {
                self.program.incomplete = true;
                self.seen.insert(path.clone(), None);
                report.push(
                    Diagnostic::new(codes::NO_IMPORT, format!("cannot read `{}`: {reason}", short(&path)))
                        .at(import.span, "imported here")
                        .help("a path is relative to the file that it stands in"),
                );
                None
            }
        }
    }
}

/// The path of an import, relative to the importing file, with `.` and `..` resolved where possible.
pub(crate) fn join(from: &str, path: &str) -> String {
    let folder = from.rfind('/').map_or("", |slash| &from[..slash]);
    let whole = if path.starts_with('/') || folder.is_empty() && !from.starts_with('/') {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let rooted = whole.starts_with('/');
    format!("{}{}", if rooted { "/" } else { "" }, parts.join("/"))
}
