//! From paths to a theory: an `.mpl` file with its imports, or a folder of definition files with a
//! configuration.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl::{self, MAX_FILE_BYTES, Report};
use theoremata_store::Input;

use crate::failure::Failure;

/// A theory and all that was read for it.
pub(crate) struct Loaded {
    /// The theory.
    pub(crate) theory: Theory,
    /// Warnings and notes.
    pub(crate) report: Report,
    /// The files, the main one first: what a run is made of.
    pub(crate) files: Vec<Input>,
}

/// What stands before the name of an input that holds goals.
pub(crate) const GOALS: &str = "goals:";

/// The largest number of files of a definitions folder.
const MAX_DEFINITIONS: usize = 1_000;

/// Reads the theory at `path`; a folder needs the configuration `config`.
///
/// # Errors
/// If a file cannot be read, or is not what it should be.
pub(crate) fn load(path: &Path, config: Option<&Path>) -> Result<Loaded, Failure> {
    match (path.is_dir(), config) {
        (true, Some(config)) => load_folder(path, config),
        (true, None) => Err(Failure::Usage(format!(
            "{} is a folder of definition files: name its configuration with --config FILE",
            path.display()
        ))),
        (false, Some(_)) => Err(Failure::Usage(format!(
            "--config belongs to a folder of definition files, and {} is not a folder",
            path.display()
        ))),
        (false, None) => load_file(path),
    }
}

fn load_file(path: &Path) -> Result<Loaded, Failure> {
    let main = read(path)?;
    let name = path.display().to_string();
    let mut files = vec![Input { name: name.clone(), bytes: main.clone() }];
    let mut loader = |import: &str| {
        let bytes = read(Path::new(import)).map_err(|failure| failure.to_string())?;
        files.push(Input { name: import.to_owned(), bytes: bytes.clone() });
        Ok(bytes)
    };
    let (theory, report) = mpl::read_mpl(&name, &main, &mut loader).map_err(Failure::Input)?;
    Ok(Loaded { theory, report, files })
}

fn load_folder(path: &Path, config: &Path) -> Result<Loaded, Failure> {
    let text = read(config)?;
    let name = config.display().to_string();
    let definitions = read_folder(path)?;
    let (theory, report) = mpl::read_gl(&text, &name, &definitions).map_err(Failure::Input)?;
    let mut files = vec![Input { name, bytes: text }];
    files.extend(definitions.into_iter().map(|(name, bytes)| Input { name, bytes }));
    Ok(Loaded { theory, report, files })
}

/// The definition files of a folder, by name.
///
/// # Errors
/// If the folder or a file cannot be read, or there are too many.
pub(crate) fn read_folder(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let entries = fs::read_dir(path).map_err(|error| Failure::world("read the folder", path, &error))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let file = entry.map_err(|error| Failure::world("read the folder", path, &error))?.path();
        let wanted = file.extension().is_some_and(|extension| extension == "txt" || extension == "mpl");
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
        if file.is_file() && wanted {
            files.insert(name.to_owned(), read(&file)?);
        }
        if files.len() > MAX_DEFINITIONS {
            return Err(Failure::Usage(format!("{} has more than {MAX_DEFINITIONS} definition files", path.display())));
        }
    }
    if files.is_empty() {
        return Err(Failure::Usage(format!("{} has no definition file (*.txt or *.mpl)", path.display())));
    }
    Ok(files)
}

/// Reads a file whole, unless it is larger than any that is read.
///
/// # Errors
/// If it cannot be read, or is too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::Usage(format!("there is no file {}", path.display())));
        }
        Err(error) => return Err(Failure::world("read", path, &error)),
    };
    if length > MAX_FILE_BYTES as u64 {
        return Err(Failure::Usage(format!(
            "{} has {length} bytes, more than the bound of {MAX_FILE_BYTES}: split it, and import the parts",
            path.display()
        )));
    }
    fs::read(path).map_err(|error| Failure::world("read", path, &error))
}

/// Reads a theory from the files of a stored run.
///
/// # Errors
/// If they are not a theory, which then was written by another version.
pub(crate) fn reload(files: &[Input]) -> Result<Theory, Failure> {
    let Some((main, others)) = files.split_first() else {
        return Err(Failure::World("the run has no input".to_owned()));
    };
    let read = if Path::new(&main.name).extension().is_some_and(|extension| extension == "json") {
        let files = others.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect();
        mpl::read_gl(&main.bytes, &main.name, &files)
    } else {
        let mut loader = |import: &str| {
            let wanted = plain(Path::new(import));
            let found = others.iter().find(|file| plain(Path::new(&file.name)) == wanted);
            found.map(|file| file.bytes.clone()).ok_or_else(|| "it is not among the files of the run".to_owned())
        };
        mpl::read_mpl(&main.name, &main.bytes, &mut loader)
    };
    read.map(|(theory, _)| theory).map_err(Failure::Input)
}

/// A path without `.` and, where a folder stands before them, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The goals of a file, or of a text on the command line.
///
/// # Errors
/// If a line is no goal. The others are not lost: they stand beside the report.
pub(crate) fn goals(theory: &Theory, path: &Path) -> Result<(Vec<Goal>, Report, Input), Failure> {
    let bytes = read(path)?;
    let name = path.display().to_string();
    let (goals, report) = mpl::read_goals(theory, &bytes, &name);
    Ok((goals, report, Input { name, bytes }))
}
