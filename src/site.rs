//! The site of a run: a page for the theory, a page for each theorem with its proof, definitions, a graph, open and
//! refuted conjectures. As a folder it needs no server and works from `file://`; [`Served`] renders the same files one
//! at a time.
//!
//! Rendering is deterministic. All user text is escaped, by the templates or by [`writing::escape`]; names of generated
//! markup end in `_html`.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod tests;
pub(crate) mod values;
mod writing;

use std::io;
use std::path::{Path, PathBuf};

use tera::Tera;
use theoremata_logic::calculus::theory::Theory;

use values::catalogue::Catalogue;
use values::report::Report;
use writing::folder::Folder;
use writing::pages::{Home, Pages};
use writing::shelf::{One, Shelf};
use writing::{downloads, exports, pages};

pub(crate) use writing::pages::asset;

/// Summary of a written site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SiteSummary {
    /// Number of HTML pages.
    pub(crate) pages: usize,
    /// Total size of all files in bytes.
    pub(crate) bytes: u64,
}

/// Why no site was written. Whatever was at its path is still there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// The path holds files that are not a site of ours, which are never deleted.
    #[error("{} is not empty and was not made by theoremata; name another folder or remove it yourself", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
    },
    /// An I/O error.
    #[error("cannot {act} {}: {source}", path.display())]
    Disk {
        /// The operation.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// The system error.
        source: io::Error,
    },
    /// A template does not fit its values: a bug.
    #[error("the page {page} cannot be made: {reason}")]
    Template {
        /// The page.
        page: String,
        /// The message of the template engine.
        reason: String,
    },
}

impl SiteError {
    fn disk(act: &'static str, path: &Path, source: io::Error) -> SiteError {
        SiteError::Disk { act, path: path.to_path_buf(), source }
    }
}

/// Writes the site of a report to the folder `out`, which is created, or replaced as a whole if it holds a site of
/// ours.
///
/// Writes to `.NAME.new` beside it first and renames at the end. No page is larger than 1 MB.
///
/// # Errors
/// See [`SiteError`].
pub(crate) fn write(report: &Report, theory: &Theory, out: &Path) -> Result<SiteSummary, SiteError> {
    let mut folder = Folder::begin(out)?;
    let catalogue = Catalogue::new(report, theory);
    downloads::write(&catalogue, &mut folder)?;
    let index = downloads::index(&catalogue);
    index.iter().try_for_each(|(path, text)| folder.file(path, text))?;
    let exported = exports::write(&catalogue, &mut folder)?;
    let (tera, pieces) = (pages::templates()?, index.len());
    let (catalogue, tera, shelf, home) = (&catalogue, &tera, &mut folder as &mut dyn Shelf, Home::Folder);
    Pages { catalogue, tera, pieces, exported, home, shelf }.all()?;
    let (pages, bytes) = folder.finish()?;
    Ok(SiteSummary { pages, bytes })
}

/// A site on a server, with files rendered on request.
pub(crate) struct Served<'r> {
    catalogue: Catalogue<'r>,
    tera: Tera,
    index: Vec<(String, String)>,
}

impl<'r> Served<'r> {
    /// Prepares the site of a report: computes what all pages share, such as readings, addresses and citations.
    ///
    /// # Errors
    /// If a template is malformed, which is a bug.
    pub(crate) fn new(report: &'r Report, theory: &'r Theory) -> Result<Served<'r>, SiteError> {
        let catalogue = Catalogue::new(report, theory);
        let index = downloads::index(&catalogue);
        Ok(Served { catalogue, tera: pages::templates()?, index })
    }

    /// The bytes of a file, or `None` if the site has no such file: identical to those of [`write`], except for the
    /// link back to the server.
    ///
    /// # Errors
    /// If a template is malformed, which is a bug.
    pub(crate) fn file(&self, path: &str) -> Result<Option<Vec<u8>>, SiteError> {
        if let Some((_, text)) = self.index.iter().find(|(known, _)| known == path) {
            return Ok(Some(text.as_bytes().to_vec()));
        }
        let catalogue = &self.catalogue;
        let mut shelf = One::new(path);
        downloads::write(catalogue, &mut shelf)?;
        let sized = exports::is_export(catalogue, path);
        let exported = if sized { exports::write(catalogue, &mut shelf)? } else { exports::names(catalogue) };
        if shelf.found.is_none() {
            let (tera, pieces, home) = (&self.tera, self.index.len(), Home::Server);
            Pages { catalogue, tera, pieces, exported, home, shelf: &mut shelf }.those_with(path)?;
        }
        Ok(shelf.found)
    }

    /// The path of the page of a theorem, by its number from 1.
    pub(crate) fn theorem(&self, number: usize) -> Option<String> {
        let entry = self.catalogue.theorems.get(number.checked_sub(1)?)?;
        Some(format!("theorem/{}", entry.file))
    }
}

/// Checks, before any work, whether a site may be written to `out`.
///
/// # Errors
/// If the path holds files of others.
pub(crate) fn may_write(out: &Path) -> Result<(), SiteError> {
    Folder::target(out).map(drop)
}
