//! The site of a run: a page for the theory, one for each theorem with its proof, definitions,
//! a graph, what stayed open and what was refuted. Written to a folder it needs no server and works from `file://`;
//! [`Served`] makes the same files one by one.
//!
//! The same report gives the same bytes. All text of users is escaped, by the templates or by
//! [`writing::escape`]; markup that we made ourselves has a name that ends in `_html`.

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

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SiteSummary {
    /// HTML pages.
    pub(crate) pages: usize,
    /// Bytes of all files.
    pub(crate) bytes: u64,
}

/// Why no site was written. What stood at its place before is still there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// There is something that we did not make, and we delete nothing of others.
    #[error("{} is not empty and was not made by theoremata; name another folder or remove it yourself", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
    },
    /// The disk does not let us.
    #[error("cannot {act} {}: {source}", path.display())]
    Disk {
        /// What we wanted to do.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A template and its values do not fit: our fault.
    #[error("the page {page} cannot be made: {reason}")]
    Template {
        /// The page.
        page: String,
        /// What the template engine says.
        reason: String,
    },
}

impl SiteError {
    fn disk(act: &'static str, path: &Path, source: io::Error) -> SiteError {
        SiteError::Disk { act, path: path.to_path_buf(), source }
    }
}

/// Writes the site of a report to the folder `out`, which is made, or replaced as a whole if it is a
/// site of ours.
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

/// A site on a server, whose files are made when somebody asks for them.
pub(crate) struct Served<'r> {
    catalogue: Catalogue<'r>,
    tera: Tera,
    index: Vec<(String, String)>,
}

impl<'r> Served<'r> {
    /// The site of a report. Costs what all pages have in common: readings, addresses, who cites whom.
    ///
    /// # Errors
    /// If a template is wrong, which is our fault.
    pub(crate) fn new(report: &'r Report, theory: &'r Theory) -> Result<Served<'r>, SiteError> {
        let catalogue = Catalogue::new(report, theory);
        let index = downloads::index(&catalogue);
        Ok(Served { catalogue, tera: pages::templates()?, index })
    }

    /// The bytes of a file, if the site has it: those that [`write`] would write, but for the way back to the
    /// server.
    ///
    /// # Errors
    /// If a template is wrong, which is our fault.
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

    /// The path of the page of the theorem with this number, from 1.
    pub(crate) fn theorem(&self, number: usize) -> Option<String> {
        let entry = self.catalogue.theorems.get(number.checked_sub(1)?)?;
        Some(format!("theorem/{}", entry.file))
    }
}

/// Says before any work whether a site may be written to `out`.
///
/// # Errors
/// If something of others stands there.
pub(crate) fn may_write(out: &Path) -> Result<(), SiteError> {
    Folder::target(out).map(drop)
}
