//! JSON files written by users.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::exchange::input;
use crate::failure::Failure;

/// Reads a JSON file, which should hold a `what`.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    let bytes = input::read(path)?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // A truncated text has no error position.
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { format!("{place}: ") };
        format!("{place}{}", error.inner())
    });
    let read = read.and_then(|read| reader.end().map(|()| read).map_err(|error| error.to_string()));
    read.map_err(|error| Failure::Usage(format!("{} is no {what}: {error}", path.display())))
}
