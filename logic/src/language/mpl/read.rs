//! Reads a theory from `.mpl` files.

use std::collections::HashSet;
use std::sync::Arc;

use crate::calculus::theory::{Bounds, Goal, Notation, Theory, Use};
use crate::language::application::applications;

use super::codes;
use super::diagnostic::{Diagnostic, Report, Severity, Span, short};
use super::elaborate::{Item, elaborate};
use super::goals::GoalReader;
use super::load::{Import, Loader, Program, read_program};
use super::parts::{carried, induction, notation, set_bounds};
use super::resolve::{Known, Predicates};
use super::signs::clashing_signs;
use super::syntax::{DefinitionSyntax, Form};
use super::theories::Subjects;

/// Reads a theory in our own form. `load` loads imports.
///
/// # Errors
/// A report of the errors. The report returned with a theory has warnings and notes only.
pub fn read_mpl(name: &str, text: &[u8], load: &mut Loader<'_>) -> Result<(Theory, Report), Report> {
    let mut report = Report::default();
    let program = read_program(name, text, load, &mut report);
    let theory = program.theory(&mut report);
    match theory {
        Some(theory) if !report.failed() => Ok((theory, report)),
        _ => Err(report.finish()),
    }
}

impl Program {
    fn forms(&self) -> impl Iterator<Item = &Form> {
        self.files.iter().flat_map(|file| &file.forms)
    }

    /// All definitions, including theories, and the theory that the main file is about. Ambiguity is reported.
    pub(crate) fn definitions(&self, report: &mut Report) -> (Vec<&DefinitionSyntax>, Option<&DefinitionSyntax>) {
        let definitions = self.forms().filter_map(|form| match form {
            Form::Define(definition) | Form::Theory(definition) => Some(definition),
            _ => None,
        });
        let definitions = definitions.collect();
        let mut two = |first: &DefinitionSyntax, second: &DefinitionSyntax, help: &str| {
            report.push(
                Diagnostic::new(codes::TWO_THEORIES, "there is more than one theory")
                    .at(second.name.span, "the second")
                    .at(first.name.span, "the first")
                    .help(help),
            );
        };
        for file in &self.files {
            let mut theories = file.theories();
            if let Some(first) = theories.next() {
                let help = "turn one of them into a `define`, or give it a file of its own that this one imports";
                theories.for_each(|second| two(first, second, help));
            }
        }
        let Some(main) = self.files.len().checked_sub(1) else { return (definitions, None) };
        let subjects = Subjects::of(self);
        let own = |file: usize| self.files[file].theory();
        if let [first, second, ..] = subjects.choices(main)[..]
            && let (Some(first), Some(second)) = (own(first), own(second))
        {
            two(first, second, "write a theory here that has both among its axioms, or import only one of the files");
        }
        (definitions, subjects.choices(main).first().and_then(|file| own(*file)))
    }

    /// Elaborates all definitions.
    pub(crate) fn predicates(&self, definitions: &[&DefinitionSyntax], report: &mut Report) -> Predicates {
        let items: Vec<Item<'_>> = definitions.iter().map(|definition| Item { definition, declared: None }).collect();
        let broken: Vec<(Arc<str>, usize)> =
            self.broken.iter().map(|(name, arity)| (name.text.clone(), *arity)).collect();
        elaborate(Predicates::primitive(), &items, &broken, report)
    }

    /// The theory, or `None` if an error was reported.
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
        let mut inductions = Vec::new();
        for form in self.forms() {
            if let Form::Generated(generated) = form {
                inductions.extend(induction(generated, &mut predicates, report));
            }
        }
        let mut parts = Parts::default();
        let subjects = Subjects::of(self);
        let subject = subjects.subject(self.files.len() - 1);
        // Files about an imported theory, and the others.
        let foreign = |file: usize| subjects.subject(file).filter(|other| Some(*other) != subject);
        let own =
            || self.files.iter().enumerate().filter(|(file, _)| foreign(*file).is_none()).map(|(_, source)| source);
        own().flat_map(|source| &source.forms).for_each(|form| parts.add(form, (theory, known), &predicates, report));
        for (file, source) in self.files.iter().enumerate() {
            if let Some(other) = foreign(file).and_then(|other| self.files[other].theory()) {
                parts.carry(source.forms.iter(), other, (theory, known), &predicates, report);
            }
        }
        let mut uses = Vec::new();
        for source in own() {
            let used = source.forms.iter().filter_map(|form| match form {
                Form::Use(used) => source.imports.iter().find(|import| import.syntax.span == used.span),
                _ => None,
            });
            uses.extend(used.filter_map(|import| self.used(import, &subjects, known, &predicates, report)));
        }
        if report.failed() {
            return None;
        }
        let theory = Theory {
            name: readable_name(&theory.name.text),
            predicates: predicates.list,
            anchor: known.id,
            inductions,
            notations: parts.notations,
            goals: parts.goals,
            bounds: parts.bounds,
            uses,
        };
        clashing_signs(&theory, &parts.written, report);
        Some(theory)
    }

    /// The theory whose theorems a `use` form imports.
    fn used(
        &self,
        import: &Import,
        subjects: &Subjects,
        anchor: Known,
        predicates: &Predicates,
        report: &mut Report,
    ) -> Option<Use> {
        let file = import.file?;
        let nothing = |message: String, help: String| {
            Diagnostic::new(codes::NOTHING_TO_USE, message).at(import.syntax.span, "used here").help(help)
        };
        let Some(theory) = subjects.subject(file).and_then(|file| self.files[file].theory()) else {
            report.push(nothing(
                format!("`{}` has no theory, or several", short(&import.path)),
                "name a file with one theory; `import` takes in definitions".to_owned(),
            ));
            return None;
        };
        let known = predicates.known.get(&theory.name.text).filter(|known| known.sound && anchor.sound)?;
        let name = short(&theory.name.text);
        let places = applications(&predicates.list, anchor.id, known.id);
        if known.id == anchor.id || places.is_empty() {
            let parameters: Vec<&str> = theory.parameters.iter().map(|parameter| &*parameter.text).collect();
            report.push(nothing(
                format!("`{name}` is not among the axioms, so its theorems say nothing of them"),
                format!("write `({name}[{}])` among the axioms, with parameters of this theory", parameters.join(",")),
            ));
            return None;
        }
        // The definitions in its files were read above without errors; the forms about it alone were not.
        let mut own = Report::over(report.sources.clone());
        let read = if report.failed() { None } else { self.part(file).theory(&mut own) };
        own.diagnostics.into_iter().filter(|one| one.severity == Severity::Error).for_each(|one| report.push(one));
        let files = self.paths(import).into_iter().map(Into::into).collect();
        read.map(|theory| Use { theory: Arc::new(theory), predicate: Some(known.id), places, files })
    }
}

/// The parts of a theory besides its definitions, collected from forms.
#[derive(Default)]
struct Parts {
    notations: Vec<Notation>,
    /// The position of each notation.
    written: Vec<Span>,
    goals: Vec<Goal>,
    names: HashSet<Arc<str>>,
    bounds: Bounds,
}

impl Parts {
    /// Adds a form about the theory.
    fn add(
        &mut self,
        form: &Form,
        (theory, anchor): (&DefinitionSyntax, Known),
        predicates: &Predicates,
        report: &mut Report,
    ) {
        match form {
            Form::Notation(form) => {
                if let Some(notation) = notation(form, theory, predicates, report) {
                    self.written.push(form.span);
                    self.notations.push(notation);
                }
            }
            Form::Conjecture(conjecture) if anchor.sound => {
                let name = &conjecture.name;
                if !self.names.insert(name.text.clone()) {
                    report.push(
                        Diagnostic::new(
                            codes::GOAL_TWICE,
                            format!("two conjectures are named `{}`", short(&name.text)),
                        )
                        .at(name.span, "the second of them")
                        .help("rename one of the two"),
                    );
                }
                if let Some(statement) = GoalReader::new(predicates, anchor.id).statement(&conjecture.body, report) {
                    let (line, _) = report.sources.place(conjecture.span.file, conjecture.span.start);
                    let place = format!("{}:{line}", report.sources.name(conjecture.span.file));
                    self.goals.push(Goal { label: name.text.clone(), statement, place: place.into() });
                }
            }
            Form::Bounds(entries) => set_bounds(entries, &mut self.bounds, predicates, report),
            _ => {}
        }
    }

    /// Takes over the notation of an imported theory, where parameters have the same names.
    fn carry<'f>(
        &mut self,
        forms: impl Iterator<Item = &'f Form>,
        from: &DefinitionSyntax,
        (theory, anchor): (&DefinitionSyntax, Known),
        predicates: &Predicates,
        report: &mut Report,
    ) {
        let known = predicates.known.get(&from.name.text).filter(|known| known.sound && anchor.sound);
        let Some(known) = known else { return };
        let places = applications(&predicates.list, anchor.id, known.id);
        for form in forms {
            let Form::Notation(form) = form else { continue };
            let Some(notation) = notation(form, from, predicates, report) else { continue };
            if let Some(notation) = carried(notation, from, theory, &places, &self.notations) {
                self.written.push(form.span);
                self.notations.push(notation);
            }
        }
    }
}

/// The display name of a theory: that of its anchor, without the prefix `Anchor`.
pub(crate) fn readable_name(anchor: &str) -> Arc<str> {
    match anchor.strip_prefix("Anchor") {
        Some(rest) if !rest.is_empty() => rest.into(),
        _ => anchor.into(),
    }
}
