//! Lints: text that is well-formed but probably not intended: `theoremata lint`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::codes;
use super::config::read_configuration;
use super::decode::decode;
use super::diagnostic::{Diagnostic, FileId, Report, Span, short};
use super::gl::{definitions, read_gl};
use super::load::{Import, Loader, Program, read_program};
use super::signs::look_alikes;
use super::syntax::{BoundSyntax, DefinitionSyntax, Expr, Form, Ident};

/// Lints a file in our own form, with or without a theory.
#[must_use]
pub fn lint_mpl(name: &str, text: &[u8], load: &mut Loader<'_>) -> Report {
    let mut report = Report::default();
    let program = read_program(name, text, load, &mut report);
    let (definitions, theory) = program.definitions(&mut Report::default());
    if theory.is_some() {
        program.theory(&mut report);
    } else {
        program.predicates(&definitions, &mut report);
    }
    if report.failed() {
        return report.finish();
    }
    let Some(main) = program.files.last() else { return report.finish() };
    for form in &main.forms {
        match form {
            Form::Define(definition) | Form::Theory(definition) => lint_definition(definition, false, &mut report),
            Form::Conjecture(conjecture) => Walk::new(false, &mut report).expr(&conjecture.body),
            _ => {}
        }
    }
    look_alikes(program.files.iter().flat_map(|file| &file.forms), &mut report);
    unused_imports(&program, &mut report);
    if let Some(theory) = theory {
        let mut roots: HashSet<Arc<str>> = mentioned(&program.files.iter().flat_map(|file| &file.forms));
        roots.insert(theory.name.text.clone());
        unused_definitions(&definitions, roots, Some(main.id), &mut report);
    }
    report.finish()
}

/// Lints a configuration with its definition files.
#[must_use]
pub fn lint_gl(config_text: &[u8], config_name: &str, files: &BTreeMap<String, Vec<u8>>) -> Report {
    let (theory, mut report) = match read_gl(config_text, config_name, files) {
        Ok(read) => read,
        Err(report) => return report,
    };
    // Read again for the texts; the diagnostics are already reported.
    let mut again = Report::default();
    let Some(file) = decode(config_name, config_text, &mut again) else { return report };
    let Some(mut configuration) = read_configuration(file, &mut again) else { return report };
    let definitions = definitions(&mut configuration, files, &mut again);
    let mut found = Report::over(again.sources);
    for definition in &definitions.written {
        lint_definition(definition, true, &mut found);
    }
    let mut roots: HashSet<Arc<str>> =
        configuration.entries.iter().filter(|entry| entry.count > 0).map(|entry| entry.name.text.clone()).collect();
    roots.insert(theory.predicate(theory.anchor).name.clone());
    unused_definitions(&definitions.written.iter().collect::<Vec<_>>(), roots, None, &mut found);
    // Both passes added the same files in the same order, so spans agree.
    report.diagnostics.extend(found.diagnostics);
    report.finish()
}

/// The predicates mentioned in forms other than definitions.
fn mentioned<'a>(forms: &(impl Iterator<Item = &'a Form> + Clone)) -> HashSet<Arc<str>> {
    let mut names = HashSet::new();
    for form in forms.clone() {
        match form {
            Form::Generated(generated) => {
                names.insert(generated.structure.text.clone());
            }
            Form::Notation(notation) => {
                names.insert(notation.predicate.text.clone());
            }
            Form::Conjecture(conjecture) => conjecture.body.for_each_atom(&mut |name, _| {
                names.insert(name.text.clone());
            }),
            Form::Bounds(bounds) => names.extend(bounds.iter().filter_map(|bound| match bound {
                BoundSyntax::Predicate { name, .. } => Some(name.text.clone()),
                _ => None,
            })),
            Form::Import(_) | Form::Use(_) | Form::Define(_) | Form::Theory(_) => {}
        }
    }
    names
}

/// Definitions not reachable from `roots`; if a file is given, only its definitions.
fn unused_definitions(
    definitions: &[&DefinitionSyntax],
    roots: HashSet<Arc<str>>,
    file: Option<FileId>,
    report: &mut Report,
) {
    let places: HashMap<&str, &DefinitionSyntax> =
        definitions.iter().map(|definition| (&*definition.name.text, *definition)).collect();
    let mut used = roots.clone();
    let mut waiting: Vec<Arc<str>> = roots.into_iter().collect();
    while let Some(name) = waiting.pop() {
        if let Some(definition) = places.get(&*name) {
            definition.body.for_each_atom(&mut |name, _| {
                if used.insert(name.text.clone()) {
                    waiting.push(name.text.clone());
                }
            });
        }
    }
    for definition in definitions {
        let name = &definition.name;
        if !used.contains(&name.text) && file.is_none_or(|file| name.span.file == file) {
            report.push(
                Diagnostic::new(codes::UNUSED_DEFINITION, format!("nothing uses `{}`", short(&name.text)))
                    .at(name.span, "defined here")
                    .help("use it in the theory, or remove it"),
            );
        }
    }
}

fn unused_imports(program: &Program, report: &mut Report) {
    let Some(main) = program.files.last() else { return };
    let mut names = mentioned(&main.forms.iter());
    for form in &main.forms {
        if let Form::Define(definition) | Form::Theory(definition) = form {
            definition.body.for_each_atom(&mut |name, _| {
                names.insert(name.text.clone());
            });
        }
    }
    let uses: HashSet<Span> =
        main.forms.iter().filter_map(|form| if let Form::Use(used) = form { Some(used.span) } else { None }).collect();
    for Import { syntax: import, file, .. } in &main.imports {
        let Some(file) = file else { continue };
        // A used theory is imported for its theorems.
        if uses.contains(&import.span) {
            continue;
        }
        let mut files = vec![*file];
        let mut seen = HashSet::new();
        let mut used = false;
        while let Some(file) = files.pop() {
            if !seen.insert(file) {
                continue;
            }
            for form in &program.files[file].forms {
                used |= match form {
                    Form::Define(definition) | Form::Theory(definition) => names.contains(&definition.name.text),
                    // A file may be imported for its notation or goals alone.
                    Form::Notation(_) | Form::Conjecture(_) | Form::Generated(_) | Form::Bounds(_) => true,
                    Form::Import(_) | Form::Use(_) => false,
                };
            }
            files.extend(program.files[file].imports.iter().filter_map(|import| import.file));
        }
        if !used {
            report.push(
                Diagnostic::new(codes::UNUSED_IMPORT, format!("nothing of `{}` is used", short(&import.path)))
                    .at(import.span, "imported here")
                    .help("remove the import"),
            );
        }
    }
}

fn lint_definition(definition: &DefinitionSyntax, other_readers: bool, report: &mut Report) {
    let mut used = HashSet::new();
    definition.body.for_each_atom(&mut |_, arguments| used.extend(arguments.iter().map(|name| name.text.clone())));
    for parameter in &definition.parameters {
        if !used.contains(&parameter.text) {
            report.push(
                Diagnostic::new(
                    codes::UNUSED_PARAMETER,
                    format!(
                        "`{}` does not use its parameter `{}`",
                        short(&definition.name.text),
                        short(&parameter.text)
                    ),
                )
                .at(parameter.span, "this parameter")
                .help("remove it here and where the definition is used"),
            );
        }
    }
    Walk::new(other_readers, report).expr(&definition.body);
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Premise,
    Conclusion,
}

struct Bound {
    part: Part,
    in_premise: bool,
    in_conclusion: bool,
}

/// One traversal of a formula. No name is bound twice in nested scopes, so a name identifies a binder.
struct Walk<'r> {
    /// Whether to report constructs that the format's own program misreads.
    other_readers: bool,
    report: &'r mut Report,
    bound: HashMap<Arc<str>, Bound>,
    /// The atoms and negated atoms that are premises at this position.
    premises: HashMap<String, Span>,
}

impl<'r> Walk<'r> {
    fn new(other_readers: bool, report: &'r mut Report) -> Walk<'r> {
        Walk { other_readers, report, bound: HashMap::new(), premises: HashMap::new() }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Atom { arguments, .. } => {
                for argument in arguments {
                    if let Some(bound) = self.bound.get_mut(&argument.text) {
                        match bound.part {
                            Part::Premise => bound.in_premise = true,
                            Part::Conclusion => bound.in_conclusion = true,
                        }
                    }
                }
            }
            Expr::And { .. } => {
                let parts = expr.conjuncts();
                for part in &parts {
                    self.expr(part);
                }
                self.repeated_conjuncts(&parts);
            }
            Expr::Not { inner, span, wrapped } => {
                self.negation(inner, *span, *wrapped);
                self.expr(inner);
            }
            Expr::Implies { binders, premise, conclusion, .. } => self.implication(binders, premise, conclusion),
            Expr::Or { parts, span } => {
                self.misread(*span, "`or`", "write `!(& !A !B)`");
                self.parts(parts);
            }
            Expr::Exists { binders, parts, span } => {
                self.misread(*span, "`exists`", "write `!(>[x] A !B)`");
                self.existence(binders, parts);
            }
            Expr::Iff { left, right, span } => {
                self.misread(*span, "`iff`", "write `(& (>[] A B) (>[] B A))`");
                self.expr(left);
                self.expr(right);
            }
        }
    }

    fn parts(&mut self, parts: &[Expr]) {
        parts.iter().for_each(|part| self.expr(part));
        self.repeated_conjuncts(&parts.iter().collect::<Vec<_>>());
    }

    fn existence(&mut self, binders: &[Ident], parts: &[Expr]) {
        for binder in binders {
            let fresh = Bound { part: Part::Premise, in_premise: false, in_conclusion: false };
            self.bound.insert(binder.text.clone(), fresh);
        }
        self.parts(parts);
        for binder in binders {
            if self.bound.remove(&binder.text).is_some_and(|bound| !bound.in_premise) {
                self.unused(binder);
            }
        }
    }

    fn unused(&mut self, binder: &Ident) {
        self.report.push(
            Diagnostic::new(codes::UNUSED_VARIABLE, format!("`{}` is bound and not used", short(&binder.text)))
                .at(binder.span, "bound here")
                .help("remove it from the list"),
        );
    }

    fn negation(&mut self, inner: &Expr, span: Span, wrapped: bool) {
        if let Expr::Not { .. } = inner {
            self.report.push(
                Diagnostic::new(codes::DOUBLE_NEGATION, "a double negation")
                    .at(span, "says the same without both `!`")
                    .help("remove both"),
            );
        }
        if wrapped {
            self.misread(span, "a negation in parentheses of its own", "write `!(…)`");
        }
        if matches!(inner, Expr::And { .. }) {
            self.misread(span, "the negation of a conjunction", "write `(>[] A !B)` for `!(& A B)`");
        }
    }

    fn implication(&mut self, binders: &[Ident], premise: &Expr, conclusion: &Expr) {
        for binder in binders {
            let fresh = Bound { part: Part::Premise, in_premise: false, in_conclusion: false };
            self.bound.insert(binder.text.clone(), fresh);
        }
        self.expr(premise);
        let entered = self.enter_premises(premise);
        for binder in binders {
            if let Some(bound) = self.bound.get_mut(&binder.text) {
                bound.part = Part::Conclusion;
            }
        }
        self.trivial(conclusion);
        self.expr(conclusion);
        for key in entered {
            self.premises.remove(&key);
        }
        self.leave(binders, premise);
    }

    fn trivial(&mut self, conclusion: &Expr) {
        if let Some(key) = key(conclusion)
            && let Some(place) = self.premises.get(&key)
        {
            self.report.push(
                Diagnostic::new(codes::TRIVIAL, "the conclusion is one of the premises")
                    .at(conclusion.span(), "this conclusion")
                    .at(*place, "is assumed here")
                    .help("look for a mistyped variable"),
            );
        }
    }

    fn leave(&mut self, binders: &[Ident], premise: &Expr) {
        for binder in binders {
            let Some(bound) = self.bound.remove(&binder.text) else { continue };
            let shown = short(&binder.text);
            if !bound.in_premise && !bound.in_conclusion {
                self.unused(binder);
            } else if !bound.in_premise {
                self.report.push(
                    Diagnostic::new(codes::LATE_VARIABLE, format!("the premise does not speak of `{shown}`"))
                        .at(binder.span, "bound here")
                        .at(premise.span(), "the premise of this binder")
                        .help("bind a variable at the premise that first uses it, which says what it ranges over"),
                );
            }
        }
    }

    /// Enters the premises of an implication; returns the new keys.
    fn enter_premises(&mut self, premise: &Expr) -> HashSet<String> {
        let mut entered: HashSet<String> = HashSet::new();
        for part in premise.conjuncts() {
            let Some(key) = key(part) else { continue };
            // Two equal conjuncts of one conjunction have been reported already.
            match self.premises.get(&key) {
                Some(place) if !entered.contains(&key) => self.repeated(part.span(), *place, "premise"),
                Some(_) => {}
                None => {
                    self.premises.insert(key.clone(), part.span());
                    entered.insert(key);
                }
            }
        }
        entered
    }

    /// Reports repeated conjuncts of a conjunction.
    fn repeated_conjuncts(&mut self, parts: &[&Expr]) {
        let mut seen: HashMap<String, Span> = HashMap::new();
        for part in parts {
            if let Some(key) = key(part)
                && let Some(first) = seen.insert(key, part.span())
            {
                self.repeated(part.span(), first, "part");
            }
        }
    }

    fn repeated(&mut self, second: Span, first: Span, what: &str) {
        self.report.push(
            Diagnostic::new(codes::REPEATED_PART, format!("a {what} stands twice"))
                .at(second, "the second time")
                .at(first, "the first time")
                .help("remove one of the two, or look for a mistyped variable"),
        );
    }

    fn misread(&mut self, span: Span, what: &str, mend: &str) {
        if !self.other_readers {
            return;
        }
        self.report.push(
            Diagnostic::new(
                codes::MISREAD,
                format!("{what}, which other readers of this format take for something else"),
            )
            .at(span, "here")
            .help(mend),
        );
    }
}

/// The text of an atom or negated atom.
fn key(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Atom { name, arguments, .. } => {
            let mut text = name.text.to_string();
            for argument in arguments {
                text.push(',');
                text.push_str(&argument.text);
            }
            Some(text)
        }
        Expr::Not { inner, .. } if matches!(&**inner, Expr::Atom { .. }) => key(inner).map(|text| format!("!{text}")),
        _ => None,
    }
}
