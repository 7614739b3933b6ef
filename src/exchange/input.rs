//! Loading of theories: an `.mpl` file with its imports, or a folder of definition files with a configuration.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use theoremata_logic::calculus::theory::{Goal, Theory, Use};
use theoremata_logic::language::mpl::{self, MAX_ALL_BYTES, MAX_FILE_BYTES, Report};
use theoremata_store::Input;

use crate::failure::Failure;

/// A theory with its sources.
pub(crate) struct Loaded {
    /// The theory.
    pub(crate) theory: Theory,
    /// Warnings and notes.
    pub(crate) report: Report,
    /// The files, main file first; they identify the run.
    pub(crate) files: Vec<Input>,
}

pub(crate) use theoremata_actors::run::{GOALS, KNOWN};

/// Maximal number of files in a definitions folder.
const MAX_DEFINITIONS: usize = 1_000;

/// Loads the theory at `path`; a folder needs the configuration `config`.
///
/// # Errors
/// If a file cannot be read, or is malformed.
pub(crate) fn load(path: &Path, config: Option<&Path>) -> Result<Loaded, Failure> {
    together(path, config)?;
    match config {
        Some(config) => load_folder(path, config),
        None => load_file(path),
    }
}

/// Checks that a folder comes with a configuration, and a file without one.
///
/// # Errors
/// If the configuration is missing or superfluous.
pub(crate) fn together(path: &Path, config: Option<&Path>) -> Result<(), Failure> {
    match (path.is_dir(), config) {
        (true, Some(_)) | (false, None) => Ok(()),
        (true, None) => Err(Failure::Usage(format!(
            "{} is a folder of definition files: name its configuration with --config FILE",
            path.display()
        ))),
        (false, Some(_)) => Err(Failure::Usage(format!(
            "--config belongs to a folder of definition files, and {} is not a folder",
            path.display()
        ))),
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

/// Loads a theory from texts. The first is the main file; imports are resolved among the others, then in `library`, and
/// nowhere else. If the first is a JSON configuration, the others are its definition files.
///
/// # Errors
/// If they form no theory.
pub(crate) fn load_texts(files: &[Input], library: &dyn Fn(&str) -> Option<&'static str>) -> Result<Loaded, Failure> {
    let Some((main, others)) = files.split_first() else {
        return Err(Failure::Usage("there is no file".to_owned()));
    };
    if is_configuration(&main.name) {
        let definitions = others.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect();
        let (theory, report) = mpl::read_gl(&main.bytes, &main.name, &definitions).map_err(Failure::Input)?;
        return Ok(Loaded { theory, report, files: files.to_vec() });
    }
    let mut read = vec![main.clone()];
    let mut loader = |import: &str| {
        let wanted = plain(Path::new(import));
        let sent = others.iter().find(|file| plain(Path::new(&file.name)) == wanted).map(|file| file.bytes.clone());
        let bytes = sent.or_else(|| library(wanted.to_str()?).map(|text| text.as_bytes().to_vec()));
        let bytes = bytes.ok_or("it is neither among the files that were sent nor one of the theories shipped here")?;
        read.push(Input { name: import.to_owned(), bytes: bytes.clone() });
        Ok(bytes)
    };
    let (theory, report) = mpl::read_mpl(&main.name, &main.bytes, &mut loader).map_err(Failure::Input)?;
    Ok(Loaded { theory, report, files: read })
}

fn is_configuration(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}

/// The definition files of a folder, by name.
///
/// # Errors
/// If the folder or a file cannot be read, or there are too many files.
pub(crate) fn read_folder(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let entries = fs::read_dir(path).map_err(|error| Failure::world("read the folder", path, &error))?;
    let mut files = BTreeMap::new();
    let mut bytes = 0;
    for entry in entries {
        let file = entry.map_err(|error| Failure::world("read the folder", path, &error))?.path();
        let wanted = file.extension().is_some_and(|extension| extension == "txt" || extension == "mpl");
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
        if file.is_file() && wanted {
            let text = read(&file)?;
            bytes += text.len();
            files.insert(name.to_owned(), text);
        }
        if bytes > MAX_ALL_BYTES {
            let bound = format!("the definition files of {} have more than {MAX_ALL_BYTES} bytes", path.display());
            return Err(Failure::Usage(bound));
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

/// Opens a file that is certain to end: a regular file, or the pipe at `/dev/stdin` or of a shell (`<(command)`). Other
/// pipes and devices may be endless.
///
/// # Errors
/// If it does not exist or is something else.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    let file = match fs::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::Usage(format!("there is no file {}", path.display())));
        }
        Err(error) => return Err(Failure::world("read", path, &error)),
    };
    let refuse = |what: &str| Err(Failure::Usage(format!("{} is {what}, and a file is needed", path.display())));
    if file.is_dir() {
        return refuse("a folder");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let of_process = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"].iter().any(|place| path.starts_with(place));
        if file.is_fifo() && !of_process {
            return refuse("a pipe, which may never end");
        }
        if file.is_char_device() || file.is_block_device() || file.is_socket() {
            return refuse("a device, which may never end");
        }
    }
    File::open(path).map_err(|error| Failure::world("read", path, &error))
}

/// Reads a whole file, up to the size limit.
///
/// # Errors
/// If it cannot be read, or is too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    whole(open(path)?, &path.display().to_string(), |error| Failure::world("read", path, &error))
}

/// Reads standard input to its end, up to the size limit.
///
/// # Errors
/// If it cannot be read, or is too large.
pub(crate) fn read_standard_input() -> Result<Vec<u8>, Failure> {
    let name = "standard input";
    whole(io::stdin().lock(), name, |error| Failure::World(format!("cannot read {name}: {error}")))
}

fn whole(from: impl Read, name: &str, failed: impl Fn(io::Error) -> Failure) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Failure::Usage(format!("{name} has more bytes than the bound of {MAX_FILE_BYTES}")));
    }
    Ok(bytes)
}

/// Loads a theory from the files of a stored run.
///
/// # Errors
/// If they form no theory, which means that another version stored them.
pub(crate) fn reload(files: &[Input]) -> Result<Theory, Failure> {
    let (known, files): (Vec<Input>, Vec<Input>) = files.iter().cloned().partition(|file| file.name.starts_with(KNOWN));
    let Some((main, others)) = files.split_first() else {
        return Err(Failure::World("the run has no input".to_owned()));
    };
    let read = if is_configuration(&main.name) {
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
    let mut theory = read.map(|(theory, _)| theory).map_err(Failure::Input)?;
    know(&mut theory, &known)?;
    Ok(theory)
}

/// Adds the theorems of another run as known, from its files, whose names begin with [`KNOWN`].
///
/// # Errors
/// If they form no theory, or one with parameters that this theory lacks.
fn know(theory: &mut Theory, known: &[Input]) -> Result<(), Failure> {
    if known.is_empty() {
        return Ok(());
    }
    let plain = |file: &Input| Input { name: file.name[KNOWN.len()..].to_owned(), bytes: file.bytes.clone() };
    let before = reload(&known.iter().map(plain).collect::<Vec<_>>())?;
    let parameters = &theory.anchor_definition().parameters;
    let place = |name: &Arc<str>| {
        parameters.iter().position(|own| own == name).ok_or_else(|| {
            let (old, new) = (&before.name, &theory.name);
            Failure::Usage(format!(
                "{old} has a parameter `{name}`, and {new} has none of that name: nothing is known of it"
            ))
        })
    };
    let places = before.anchor_definition().parameters.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let files = known.iter().map(|file| file.name.as_str().into()).collect();
    theory.uses.push(Use { theory: Arc::new(before), predicate: None, places: vec![places], files });
    Ok(())
}

/// Adds the files of another run whose theorems are to be known.
///
/// # Errors
/// If nothing of that theory can be known in this one.
pub(crate) fn with_known(loaded: &mut Loaded, run: Vec<Input>) -> Result<(), Failure> {
    let known = run.into_iter().filter(|file| !file.name.starts_with(GOALS));
    let known: Vec<Input> = known.map(|file| Input { name: format!("{KNOWN}{}", file.name), ..file }).collect();
    know(&mut loaded.theory, &known)?;
    loaded.files.extend(known);
    Ok(())
}

/// Normalises a path: removes `.`, and `..` where a folder precedes it.
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
/// If a line is malformed. The other goals are returned with the report.
pub(crate) fn goals(theory: &Theory, path: &Path) -> Result<(Vec<Goal>, Report, Input), Failure> {
    let bytes = read(path)?;
    let name = path.display().to_string();
    let (goals, report) = mpl::read_goals(theory, &bytes, &name);
    Ok((goals, report, Input { name, bytes }))
}
