//! The folder of a site: written beside its destination and renamed at the end, so that readers never see half a site
//! and an error leaves the old one unchanged.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::shelf::Shelf;
use crate::site::SiteError;

/// A folder with this file is a site of ours, which may be replaced.
const MARK: &str = "theoremata-site.txt";
const MARK_TEXT: &str =
    "This folder was made by theoremata, which replaces it as a whole. Keep nothing of yours here.\n";

/// A site that is being written.
pub(crate) struct Folder {
    target: PathBuf,
    /// `None` once it has been renamed.
    staging: Option<PathBuf>,
    pages: usize,
    bytes: u64,
}

/// An unfinished site is deleted.
impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(staging) = &self.staging {
            // The error to report is the one that ended the writing.
            let _ = fs::remove_dir_all(staging);
        }
    }
}

impl Folder {
    /// The folder that a path leads to.
    ///
    /// # Errors
    /// If it holds anything but an empty folder or a site of ours.
    pub(crate) fn target(path: &Path) -> Result<PathBuf, SiteError> {
        // Links are followed: the target is replaced, not the link.
        let target = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
            Err(error) => return Err(SiteError::disk("look at", path, error)),
        };
        may_replace(&target)?;
        Ok(target)
    }

    /// Begins a site to be placed at `target`, which stays unchanged until [`Folder::finish`].
    ///
    /// # Errors
    /// If `target` is neither an empty folder nor a site of ours, or writing beside it fails.
    pub(crate) fn begin(target: &Path) -> Result<Folder, SiteError> {
        let target = Folder::target(target)?;
        let staging = beside(&target, ".new")?;
        discard(&staging)?;
        fs::create_dir_all(&staging).map_err(|error| SiteError::disk("make", &staging, error))?;
        let mut folder = Folder { target, staging: Some(staging), pages: 0, bytes: 0 };
        folder.file(MARK, MARK_TEXT)?;
        Ok(folder)
    }

    fn staging(&self) -> &Path {
        self.staging.as_deref().expect("only finishing takes it")
    }

    /// Moves the site to its destination. Returns the number of pages and of bytes.
    ///
    /// # Errors
    /// If the disk fails; the old site is then at its place or beside it (`.old`).
    pub(crate) fn finish(mut self) -> Result<(usize, u64), SiteError> {
        may_replace(&self.target)?;
        let old = beside(&self.target, ".old")?;
        discard(&old)?;
        let moved = match fs::rename(&self.target, &old) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(SiteError::disk("move away", &self.target, error)),
        };
        if let Err(error) = fs::rename(self.staging(), &self.target) {
            if moved {
                // The error to report is the first one; the old site can be found either way.
                let _ = fs::rename(&old, &self.target);
            }
            return Err(SiteError::disk("put in place", &self.target, error));
        }
        self.staging = None;
        if moved {
            fs::remove_dir_all(&old).map_err(|error| SiteError::disk("remove", &old, error))?;
        }
        Ok((self.pages, self.bytes))
    }
}

impl Shelf for Folder {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn file(&mut self, path: &str, text: &str) -> Result<(), SiteError> {
        let full = self.staging().join(path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent).map_err(|error| SiteError::disk("make", parent, error))?;
        }
        fs::write(&full, text).map_err(|error| SiteError::disk("write", &full, error))?;
        self.bytes += text.len() as u64;
        self.pages += usize::from(path.ends_with(".html"));
        Ok(())
    }

    fn stream(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<u64>,
    ) -> Result<u64, SiteError> {
        let full = self.staging().join(path);
        let failed = |error: io::Error| SiteError::disk("write", &full, error);
        let mut out = io::BufWriter::new(fs::File::create(&full).map_err(failed)?);
        let bytes = write(&mut out).map_err(|error| SiteError::disk("write", &full, error))?;
        self.bytes += bytes;
        Ok(bytes)
    }
}

/// Checks that a path holds nothing but a site of ours.
fn may_replace(path: &Path) -> Result<(), SiteError> {
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(SiteError::NotOurs { path: path.to_path_buf() });
        }
        Err(error) => return Err(SiteError::disk("look into", path, error)),
    };
    let marked = fs::read_to_string(path.join(MARK)).is_ok_and(|text| text == MARK_TEXT);
    if marked || entries.next().is_none() { Ok(()) } else { Err(SiteError::NotOurs { path: path.to_path_buf() }) }
}

fn discard(path: &Path) -> Result<(), SiteError> {
    may_replace(path)?;
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(SiteError::disk("remove", path, error)),
    }
}

fn beside(target: &Path, suffix: &str) -> Result<PathBuf, SiteError> {
    let Some(name) = target.file_name() else {
        return Err(SiteError::NotOurs { path: target.to_path_buf() });
    };
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(suffix);
    Ok(target.with_file_name(hidden))
}
