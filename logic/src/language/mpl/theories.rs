//! Determines which theory each file is about, and the files of an imported theory.

use std::collections::HashSet;

use super::load::{Import, Program, join};
use super::syntax::{DefinitionSyntax, Form};

/// For each file, the file whose theory it is about: itself, or else that of its imports. Of several imported theories,
/// only those count that no other of them imports.
pub(crate) struct Subjects(Vec<Vec<usize>>);

impl Subjects {
    pub(crate) fn of(program: &Program) -> Subjects {
        let mut subjects: Vec<Vec<usize>> = Vec::new();
        for (file, source) in program.files.iter().enumerate() {
            if source.theory().is_some() {
                subjects.push(vec![file]);
                continue;
            }
            let imported = source.imports.iter().filter_map(|import| import.file);
            let mut found: Vec<usize> = imported.flat_map(|imported| subjects[imported].iter().copied()).collect();
            found.sort_unstable();
            found.dedup();
            let below: HashSet<usize> = found
                .iter()
                .flat_map(|one| program.below(*one).filter(|file| file != one).collect::<Vec<_>>())
                .collect();
            found.retain(|file| !below.contains(file));
            subjects.push(found);
        }
        Subjects(subjects)
    }

    /// The file whose theory a file is about; `None` if there is none, or several.
    pub(crate) fn subject(&self, file: usize) -> Option<usize> {
        match self.0.get(file)?[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The files of the candidate theories.
    pub(crate) fn choices(&self, file: usize) -> &[usize] {
        self.0.get(file).map_or(&[], Vec::as_slice)
    }
}

impl super::load::SourceFile {
    /// The theory in the file itself; the first, if there are several.
    pub(crate) fn theory(&self) -> Option<&DefinitionSyntax> {
        self.theories().next()
    }

    pub(crate) fn theories(&self) -> impl Iterator<Item = &DefinitionSyntax> {
        self.forms.iter().filter_map(|form| match form {
            Form::Theory(definition) => Some(definition),
            _ => None,
        })
    }
}

impl Program {
    /// A file and all its imports, in the order in which they are loaded when it is read by itself.
    pub(crate) fn below(&self, file: usize) -> impl Iterator<Item = usize> {
        fn visit(program: &Program, file: usize, seen: &mut HashSet<usize>, order: &mut Vec<usize>) {
            if seen.insert(file) {
                for imported in program.files[file].imports.iter().filter_map(|import| import.file) {
                    visit(program, imported, seen, order);
                }
                order.push(file);
            }
        }
        let mut order = Vec::new();
        visit(self, file, &mut HashSet::new(), &mut order);
        order.into_iter()
    }

    /// The program of the file by itself, whose files have all been read.
    pub(crate) fn part(&self, file: usize) -> Program {
        let order: Vec<usize> = self.below(file).collect();
        let place = |file: usize| order.iter().position(|known| *known == file);
        let files = order.iter().map(|file| {
            let mut source = self.files[*file].clone();
            for import in &mut source.imports {
                import.file = import.file.and_then(place);
            }
            source
        });
        Program { files: files.collect(), ..Program::default() }
    }

    /// The paths that a loader is asked for on an import, in order.
    pub(crate) fn paths(&self, import: &Import) -> Vec<String> {
        fn visit(program: &Program, path: String, file: usize, paths: &mut Vec<String>) {
            if paths.contains(&path) {
                return;
            }
            paths.push(path.clone());
            for import in &program.files[file].imports {
                if let Some(file) = import.file {
                    visit(program, join(&path, &import.syntax.path), file, paths);
                }
            }
        }
        let mut paths = Vec::new();
        if let Some(file) = import.file {
            visit(self, import.path.clone(), file, &mut paths);
        }
        paths
    }
}
