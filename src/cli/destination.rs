//! Where a command writes a text that was asked for: standard output, or a file.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::cli::exit::Exit;
use crate::failure::Failure;

/// Has something written to stdout, or to a file that is put in its place when it is whole.
pub(super) fn written(
    path: Option<&Path>,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let Some(path) = path else {
        let mut stdout = io::BufWriter::new(io::stdout().lock());
        write(&mut stdout)?;
        stdout.flush().map_err(|error| Failure::World(format!("cannot write the export: {error}")))?;
        return Ok(Exit::Done);
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(|error| Failure::world("make the folder", parent, &error))?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let file = fs::File::create(beside).map_err(|error| Failure::world("write", beside, &error))?;
    let mut out = io::BufWriter::new(file);
    write(&mut out)?;
    out.flush().map_err(|error| Failure::world("write", beside, &error))?;
    fs::rename(beside, path).map_err(|error| Failure::world("put in place", path, &error))?;
    Ok(Exit::Done)
}
