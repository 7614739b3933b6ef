//! Output destinations of commands: standard output, or a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::streams::Results;
use crate::cli::exit::Exit;
use crate::failure::Failure;

/// Maximal number of symbolic links followed from a path to its file.
const MAX_LINKS: usize = 40;

/// Writes to stdout, or to a file with [`replace`].
pub(super) fn written(
    path: Option<&Path>,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let Some(path) = path else {
        let mut stdout = BufWriter::new(Results);
        write(&mut stdout)?;
        stdout.flush().map_err(|error| Failure::World(format!("cannot write to standard output: {error}")))?;
        return Ok(Exit::Done);
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(|error| Failure::world("make the folder", parent, &error))?;
    }
    replace(path, write)?;
    Ok(Exit::Done)
}

/// Writes a file. Symbolic links are followed; mode and owner are preserved. A regular file is replaced once the new
/// one is complete, so that no reader sees half of it and a failure leaves the old one. A device or pipe is written in
/// place, and so is a file with several hard links, or in a folder that cannot take a new file.
pub(super) fn replace(
    path: &Path,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let target = target(path)?;
    let old = match fs::metadata(&target) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::world("write", path, &error)),
    };
    if old.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(Failure::Usage(format!("{} is a folder; name a file in it", path.display())));
    }
    let whole = old.as_ref().is_none_or(|old| old.is_file() && links(old) == 1);
    if whole && let Some((beside, file)) = beside(&target, old.as_ref()) {
        let done = through(file, &beside, write).and_then(|()| {
            fs::rename(&beside, &target).map_err(|error| Failure::world("put in place", &target, &error))
        });
        if done.is_err() {
            // The first error is the one reported.
            let _ = fs::remove_file(&beside);
        }
        return done;
    }
    let plain = old.as_ref().is_none_or(fs::Metadata::is_file);
    let file = OpenOptions::new().write(true).create(old.is_none()).truncate(plain).open(&target);
    through(file.map_err(|error| Failure::world("write", path, &error))?, &target, write)
}

fn through(
    file: File,
    path: &Path,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush().map_err(|error| Failure::world("write", path, &error))
}

/// The file that a path leads to, which need not exist.
fn target(path: &Path) -> Result<PathBuf, Failure> {
    let mut target = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&target) else { return Ok(target) };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(Failure::Usage(format!("{} leads through more than {MAX_LINKS} links", path.display())))
}

/// A new file in the same folder, with the same mode and owner. `None` if that is not possible.
fn beside(target: &Path, old: Option<&fs::Metadata>) -> Option<(PathBuf, File)> {
    let mut name = std::ffi::OsString::from(".");
    name.push(short(target.file_name()?));
    for number in 0..100 {
        let mut beside = name.clone();
        beside.push(format!(".{}.{number}.new", std::process::id()));
        let beside = target.with_file_name(beside);
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) if old.is_none_or(|old| alike(&file, old)) => return Some((beside, file)),
            Ok(_) => {
                let _ = fs::remove_file(&beside);
                return None;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => return None,
        }
    }
    None
}

/// A shortened name, so that a suffix does not exceed the limit of the file system.
fn short(name: &std::ffi::OsStr) -> String {
    name.to_string_lossy().chars().take(32).collect()
}

/// Copies mode and owner to a new file; whether that succeeded.
fn alike(file: &File, old: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let Ok(new) = file.metadata() else { return false };
        let same = (new.uid(), new.gid()) == (old.uid(), old.gid());
        if !same && fchown(file, Some(old.uid()), Some(old.gid())).is_err() {
            return false;
        }
    }
    file.set_permissions(old.permissions()).is_ok()
}

/// The number of hard links.
#[cfg(unix)]
fn links(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(file)
}

#[cfg(not(unix))]
fn links(_: &fs::Metadata) -> u64 {
    1
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn put(path: &Path, text: &str) -> Result<(), Failure> {
        replace(path, &mut |to| to.write_all(text.as_bytes()).map_err(|error| Failure::World(error.to_string())))
    }

    #[test]
    fn links_modes_and_other_names_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("real"), "old").expect("a file");
        fs::set_permissions(at("real"), fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink("real", at("link")).expect("a link");
        symlink(at("link"), at("far")).expect("a link to a link");
        put(&at("far"), "new").expect("written");
        assert_eq!(fs::read_to_string(at("real")).expect("a file"), "new");
        assert_eq!(fs::metadata(at("real")).expect("a file").mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(at("far")).expect("a link").is_symlink());
        fs::hard_link(at("real"), at("other")).expect("another name");
        put(&at("other"), "both").expect("written");
        assert_eq!(fs::read_to_string(at("real")).expect("a file"), "both");
        symlink("later", at("dangling")).expect("a link to nothing");
        put(&at("dangling"), "made").expect("written");
        assert_eq!(fs::read_to_string(at("later")).expect("a file"), "made");
        symlink("round", at("round")).expect("a link to itself");
        assert!(put(&at("round"), "x").is_err());
        assert!(put(folder.path(), "x").is_err(), "a folder is no file");
        assert!(put(Path::new("/dev/full"), "x").is_err(), "a device is written to, and says that it is full");
        put(Path::new("/dev/null"), "x").expect("written");
        assert!(!fs::metadata("/dev/null").expect("a device").is_file());
        let long = "n".repeat(250);
        put(&at(&long), "x").expect("a name nearly as long as names may be");
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "old").expect("a file");
        let failed = replace(&path, &mut |to| {
            to.write_all(b"half").expect("written");
            Err(Failure::World("broken".to_owned()))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "old");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
    }
}
