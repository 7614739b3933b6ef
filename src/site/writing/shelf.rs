//! Where files of a site go: to a folder, all of them, or to whoever has asked for one.

use std::io::{self, Write};

use crate::site::SiteError;

/// A place for the files of a site. Paths are relative, of names that we made.
pub(crate) trait Shelf {
    /// Whether this file is taken. Of one that is not, nothing has to be made.
    fn wants(&self, path: &str) -> bool;

    /// Takes a file.
    ///
    /// # Errors
    /// If there is no room for it.
    fn file(&mut self, path: &str, text: &str) -> Result<(), SiteError>;

    /// Takes a file piece by piece, and says how many bytes the writer counted.
    ///
    /// # Errors
    /// If there is no room for it.
    fn stream(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<u64>,
    ) -> Result<u64, SiteError>;
}

/// Takes one file, and lets all others pass.
pub(crate) struct One<'w> {
    wanted: &'w str,
    /// The file, once it has come.
    pub(crate) found: Option<Vec<u8>>,
}

impl<'w> One<'w> {
    /// Waits for this file.
    pub(crate) fn new(wanted: &'w str) -> One<'w> {
        One { wanted, found: None }
    }
}

impl Shelf for One<'_> {
    fn wants(&self, path: &str) -> bool {
        path == self.wanted
    }

    fn file(&mut self, path: &str, text: &str) -> Result<(), SiteError> {
        if self.wants(path) {
            self.found = Some(text.as_bytes().to_vec());
        }
        Ok(())
    }

    fn stream(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<u64>,
    ) -> Result<u64, SiteError> {
        let mut bytes = Vec::new();
        let wanted = self.wants(path);
        let mut nowhere = io::sink();
        let to: &mut dyn Write = if wanted { &mut bytes } else { &mut nowhere };
        let count = write(to).map_err(|error| SiteError::disk("write", path.as_ref(), error))?;
        if wanted {
            self.found = Some(bytes);
        }
        Ok(count)
    }
}
