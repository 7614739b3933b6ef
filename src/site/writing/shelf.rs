//! Destinations of a site's files: a folder for all of them, or a buffer for a requested one.

use std::io::{self, Write};

use crate::site::SiteError;

/// A destination of files. Paths are relative and consist of generated names.
pub(crate) trait Shelf {
    /// Whether this file is wanted. Otherwise it need not be rendered.
    fn wants(&self, path: &str) -> bool;

    /// Stores a file.
    ///
    /// # Errors
    /// If it cannot be stored.
    fn file(&mut self, path: &str, text: &str) -> Result<(), SiteError>;

    /// Stores a file incrementally, and returns the number of bytes that the writer counted.
    ///
    /// # Errors
    /// If it cannot be stored.
    fn stream(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<u64>,
    ) -> Result<u64, SiteError>;
}

/// Keeps one file, and ignores all others.
pub(crate) struct One<'w> {
    wanted: &'w str,
    /// The file, once it was rendered.
    pub(crate) found: Option<Vec<u8>>,
}

impl<'w> One<'w> {
    /// Keeps this file.
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
