//! Standard output and standard error. Text for people is escaped first, so that foreign text cannot send control
//! sequences to a terminal. A failed write is remembered, because it determines the exit code.

use std::io::{self, Write};
use std::sync::OnceLock;

use theoremata_logic::language::characters::{visible, visible_json};

use super::exit::Exit;

/// The error that ended standard output, if there was one.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Whether results no longer reach anybody. Such a run need not continue.
pub(super) fn lost() -> bool {
    LOST.get().is_some()
}

/// Standard output for text that is written verbatim, such as an export.
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
            // The first error is the one reported.
            let _ = LOST.set(error);
        }
        again
    })
}

/// Prints a line of a result.
pub(super) fn line(text: &str) {
    as_it_stands(&format!("{}\n", visible(text)));
}

/// Prints a line of a result in JSON.
pub(super) fn json_line(json: String) {
    as_it_stands(&(visible_json(json) + "\n"));
}

/// Prints a part of a line immediately.
pub(super) fn piece(text: &str) {
    as_it_stands(&visible(text));
}

/// Prints text with our own terminal control sequences, and without foreign ones.
pub(super) fn as_it_stands(text: &str) {
    if !lost() {
        // A failure is remembered, and reported when the command ends.
        let _ = Results.write_all(text.as_bytes()).and_then(|()| Results.flush());
    }
}

/// Prints a line that is no result. A failure to write to standard error is ignored.
pub(super) fn note(text: &str) {
    note_as_it_stands(&format!("{}\n", visible(text)));
}

/// As [`note`], for text that is already escaped and contains its own line ends.
pub(super) fn note_as_it_stands(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The exit code of a command that would end with `exit`: lost results are a failure. A closed pipe needs no message.
pub(super) fn end(exit: Exit) -> Exit {
    let _ = Results.flush();
    let Some(error) = LOST.get() else { return exit };
    if error.kind() != io::ErrorKind::BrokenPipe {
        note(&format!("theoremata: cannot write to standard output: {error}"));
    }
    Exit::Failed
}
