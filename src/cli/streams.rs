//! Standard output and standard error. What is written there for people is made visible first, so that no text of
//! others commands a terminal; and a write that fails is remembered, because it decides how the process ends.

use std::io::{self, Write};
use std::sync::OnceLock;

use theoremata_logic::language::characters::{visible, visible_json};

use super::exit::Exit;

/// Why standard output takes nothing more, once it does not.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Whether results still reach anybody. A run whose results are lost need not go on.
pub(super) fn lost() -> bool {
    LOST.get().is_some()
}

/// Standard output for a text that is written as it stands, such as an export.
pub(super) struct Results;

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        remembered(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        remembered(io::stdout().flush())
    }
}

fn remembered<T>(written: io::Result<T>) -> io::Result<T> {
    written.map_err(|error| {
        let again = io::Error::from(error.kind());
        if error.kind() != io::ErrorKind::Interrupted {
            // The first failure is the one that is told.
            let _ = LOST.set(error);
        }
        again
    })
}

/// A line of a result.
pub(super) fn line(text: &str) {
    as_it_stands(&format!("{}\n", visible(text)));
}

/// A line of a result in JSON.
pub(super) fn json_line(json: String) {
    as_it_stands(&(visible_json(json) + "\n"));
}

/// A part of a line, at once.
pub(super) fn piece(text: &str) {
    as_it_stands(&visible(text));
}

/// Text that holds commands to a terminal of our own, and none of others.
pub(super) fn as_it_stands(text: &str) {
    if !lost() {
        // A failure is remembered, and told when the command ends.
        let _ = Results.write_all(text.as_bytes()).and_then(|()| Results.flush());
    }
}

/// A line that is no result. Where standard error takes nothing there is nobody to tell.
pub(super) fn note(text: &str) {
    note_as_it_stands(&format!("{}\n", visible(text)));
}

/// As [`note`], for text that is visible already and ends its lines itself.
pub(super) fn note_as_it_stands(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// How the process ends, if the command would end with `exit`: results that could not be written are a failure. That
/// a reader has gone away is not worth a message.
pub(super) fn end(exit: Exit) -> Exit {
    let _ = Results.flush();
    let Some(error) = LOST.get() else { return exit };
    if error.kind() != io::ErrorKind::BrokenPipe {
        note(&format!("theoremata: cannot write to standard output: {error}"));
    }
    Exit::Failed
}
