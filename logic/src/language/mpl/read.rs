//! Reads a theory from `.mpl` files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::calculus::theory::{Bounds, Goal, Theory};

use super::codes;
use super::decode::decode;
use super::diagnostic::{Diagnostic, FileId, Report, Span, short};
use super::elaborate::{Item, elaborate};
use super::form::parse_forms;
use super::goals::GoalReader;
use super::parts::{induction, notation, set_bounds};
use super::resolve::Predicates;
use super::signs::clashing_signs;
use super::syntax::{DefinitionSyntax, Form, Ident, ImportSyntax, MAX_ALL_BYTES};

/// The largest number of files that one theory may import, directly or not.
pub const MAX_FILES: usize = 1_000;

/// Gives the bytes of a file, or says why not. Paths are joined to that of the importing file.
pub type Loader<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// Reads a theory in our own form. `load` is asked for imports.
///
/// # Errors
/// The report of what is wrong. A report beside a theory has warnings and notes only.
pub fn read_mpl(name: &str, text: &[u8], load: &mut Loader<'_>) -> Result<(Theory, Report), Report> {
    let mut report = Report::default();
    let program = read_program(name, text, load, &mut report);
    let theory = program.theory(&mut report);
    match theory {
        Some(theory) if !report.failed() => Ok((theory, report)),
        _ => Err(report.finish()),
    }
}

/// A file with what it imports.
pub(crate) struct SourceFile {
    pub(crate) id: FileId,
    pub(crate) forms: Vec<Form>,
    pub(crate) imports: Vec<(ImportSyntax, Option<usize>)>,
}

/// The files of a theory; each stands behind those that it imports, the main one last.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) files: Vec<SourceFile>,
    broken: Vec<(Ident, usize)>,
    /// Whether something was not read, so that missing parts are no surprise.
    incomplete: bool,
}

struct Loading<'a, 'b> {
    load: &'a mut Loader<'b>,
    program: Program,
    /// What became of each path: its place among the files, or nothing.
    seen: HashMap<String, Option<usize>>,
    path: Vec<String>,
    /// How large all files are together.
    bytes: usize,
}

/// Reads a file and all that it imports.
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
            if let Form::Import(import) = form {
                imports.push((import.clone(), self.import(path, import, report)));
            }
        }
        self.path.pop();
        self.program.files.push(SourceFile { id, forms, imports });
        let place = self.program.files.len() - 1;
        self.seen.insert(path.to_owned(), Some(place));
        Some(place)
    }

    /// The place of a file that says the same and imports the same: this one by another path, through a link for
    /// instance. Decided by what the files hold, so that it comes out alike when a stored run is read again.
    fn known(&mut self, path: &str, source: &str, report: &mut Report) -> Option<usize> {
        let holds = |file: &SourceFile| **report.sources.text(file.id) == *source;
        let places: Vec<usize> = (0..self.program.files.len()).filter(|at| holds(&self.program.files[*at])).collect();
        for place in places {
            let imports = self.program.files[place].imports.clone();
            self.path.push(path.to_owned());
            let same = imports.iter().all(|(import, to)| to.is_some() && self.import(path, import, report) == *to);
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
        // The bound on open files keeps the recursion here shallow.
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

/// The path of an import, relative to the file that it stands in, without `.` and `..` where
/// possible.
fn join(from: &str, path: &str) -> String {
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

impl Program {
    fn forms(&self) -> impl Iterator<Item = &Form> {
        self.files.iter().flat_map(|file| &file.forms)
    }

    /// All definitions, the theory among them, and the theory. A second theory is reported.
    pub(crate) fn definitions(&self, report: &mut Report) -> (Vec<&DefinitionSyntax>, Option<&DefinitionSyntax>) {
        let mut definitions = Vec::new();
        let mut theory: Option<&DefinitionSyntax> = None;
        for form in self.forms() {
            match form {
                Form::Define(definition) => definitions.push(definition),
                Form::Theory(definition) => {
                    definitions.push(definition);
                    match theory {
                        Some(first) => report.push(
                            Diagnostic::new(codes::TWO_THEORIES, "there is more than one theory")
                                .at(definition.name.span, "the second")
                                .at(first.name.span, "the first")
                                .help("turn one of them into a `define`, and use it in the other"),
                        ),
                        None => theory = Some(definition),
                    }
                }
                _ => {}
            }
        }
        (definitions, theory)
    }

    /// Resolves everything.
    pub(crate) fn predicates(&self, definitions: &[&DefinitionSyntax], report: &mut Report) -> Predicates {
        let items: Vec<Item<'_>> = definitions.iter().map(|definition| Item { definition, declared: None }).collect();
        let broken: Vec<(Arc<str>, usize)> =
            self.broken.iter().map(|(name, arity)| (name.text.clone(), *arity)).collect();
        elaborate(Predicates::primitive(), &items, &broken, report)
    }

    /// The theory, or `None` when something was reported.
    pub(crate) fn theory(&self, report: &mut Report) -> Option<Theory> {
        let (definitions, theory) = self.definitions(report);
        let mut predicates = self.predicates(&definitions, report);
        let Some(theory) = theory else {
            if let (false, Some(main)) = (self.incomplete, self.files.last()) {
                report.push(
                    Diagnostic::new(codes::NO_THEORY, "the file has no theory")
                        .at(Span { file: main.id, start: 0, end: 0 }, "in this file")
                        .help("add the axioms: `(theory Name[parameters] formula)`"),
                );
            }
            return None;
        };
        let known = *predicates.known.get(&theory.name.text)?;
        let anchor = known.id;
        let mut inductions = Vec::new();
        for form in self.forms() {
            if let Form::Generated(generated) = form {
                inductions.extend(induction(generated, &mut predicates, report));
            }
        }
        let mut notations = Vec::new();
        let mut written: Vec<Span> = Vec::new();
        let mut goals: Vec<Goal> = Vec::new();
        let mut bounds = Bounds::default();
        let mut goal_names = HashSet::new();
        for form in self.forms() {
            match form {
                Form::Notation(form) => {
                    if let Some(notation) = notation(form, theory, &predicates, report) {
                        written.push(form.span);
                        notations.push(notation);
                    }
                }
                Form::Conjecture(conjecture) if known.sound => {
                    let name = &conjecture.name;
                    if !goal_names.insert(name.text.clone()) {
                        report.push(
                            Diagnostic::new(
                                codes::GOAL_TWICE,
                                format!("two conjectures are named `{}`", short(&name.text)),
                            )
                            .at(name.span, "the second of them")
                            .help("rename one of the two"),
                        );
                    }
                    if let Some(statement) = GoalReader::new(&predicates, anchor).statement(&conjecture.body, report) {
                        let (line, _) = report.sources.place(conjecture.span.file, conjecture.span.start);
                        let place = format!("{}:{line}", report.sources.name(conjecture.span.file));
                        goals.push(Goal { label: name.text.clone(), statement, place: place.into() });
                    }
                }
                Form::Bounds(entries) => set_bounds(entries, &mut bounds, &predicates, report),
                _ => {}
            }
        }
        if report.failed() {
            return None;
        }
        let theory = Theory {
            name: readable_name(&theory.name.text),
            predicates: predicates.list,
            anchor,
            inductions,
            notations,
            goals,
            bounds,
        };
        clashing_signs(&theory, &written, report);
        Some(theory)
    }
}

/// The name of a theory for readers: that of its anchor, without the word `Anchor` in front.
pub(crate) fn readable_name(anchor: &str) -> Arc<str> {
    match anchor.strip_prefix("Anchor") {
        Some(rest) if !rest.is_empty() => rest.into(),
        _ => anchor.into(),
    }
}
