//! Arbitrary bytes as an `.mpl` file, as a file of goals, and as a definition file: no panic, and what parses can be
//! printed and parsed again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use theoremata_logic::language::mpl::{format, lint_mpl, read_goals, read_mpl};

fuzz_target!(|bytes: &[u8]| {
    let mut no_files = |path: &str| Err(format!("no file {path}"));
    match read_mpl("a.mpl", bytes, &mut no_files) {
        Ok((theory, _)) => {
            let text = theory.to_mpl();
            assert!(read_mpl("b.mpl", text.as_bytes(), &mut no_files).is_ok(), "{text}");
            let _ = read_goals(&theory, bytes, "goals.txt").1.render(false);
        }
        Err(report) => {
            assert!(report.failed());
            let _ = (report.render(true), report.json_lines());
        }
    }
    let _ = lint_mpl("a.mpl", bytes, &mut no_files);
    if let Ok(once) = format("a.mpl", bytes) {
        let again = format("a.mpl", once.as_bytes()).map_err(|report| report.render(false));
        assert_eq!(again, Ok(once));
    }
});
