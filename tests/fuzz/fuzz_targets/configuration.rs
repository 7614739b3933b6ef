//! Arbitrary bytes as a configuration beside one valid definition file: no panic.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use theoremata_logic::language::mpl::{lint_gl, read_gl};

fuzz_target!(|bytes: &[u8]| {
    let files = BTreeMap::from([("T.txt".to_owned(), b"(in[i0,N])".to_vec())]);
    match read_gl(bytes, "ConfigT.json", &files) {
        Ok((theory, report)) => {
            let _ = (theory.to_mpl(), report.render(false));
        }
        Err(report) => {
            assert!(report.failed());
            let _ = (report.render(true), report.json_lines());
        }
    }
    let _ = lint_gl(bytes, "ConfigT.json", &files);
});
