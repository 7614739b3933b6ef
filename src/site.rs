//! The static site of a run: a page for the theory, one for each theorem with its proof, definitions,
//! a graph, what stayed open and what was refuted. It needs no server and works from `file://`.
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

use theoremata_logic::calculus::theory::Theory;

use values::catalogue::Catalogue;
use values::report::Report;
use writing::folder::Folder;
use writing::{downloads, exports, pages};

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
    let pieces = downloads::write(&catalogue, &mut folder)?;
    let exported = exports::write(&catalogue, &mut folder)?;
    pages::write(&catalogue, pieces, exported, &mut folder)?;
    let (pages, bytes) = folder.finish()?;
    Ok(SiteSummary { pages, bytes })
}

/// Says before any work whether a site may be written to `out`.
///
/// # Errors
/// If something of others stands there.
pub(crate) fn may_write(out: &Path) -> Result<(), SiteError> {
    Folder::target(out).map(drop)
}
