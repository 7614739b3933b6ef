//! What the map of the project promises by absence, which cannot be seen in the code.

#[path = "tidy/imports.rs"]
mod imports;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, build outputs left out.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && !name.to_string_lossy().starts_with("target") && name != "node_modules" {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn crates_know_only_their_friends() {
    let may_know: [(&str, &[&str]); 5] = [
        ("kernels", &[]),
        ("logic", &[]),
        ("store", &[]),
        ("lm", &["kernels"]),
        ("actors", &["kernels", "lm", "logic", "store"]),
    ];
    for (name, friends) in may_know {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a crate of the project");
        for (other, _) in may_know {
            let known = manifest.lines().any(|line| line.trim_start().starts_with(&format!("theoremata-{other}")));
            assert!(!known || friends.contains(&other), "{name} must not depend on {other}");
        }
    }
}

#[test]
fn the_checker_shares_only_the_types_with_the_search() {
    let text = fs::read_to_string(root().join("logic/src/calculus/check.rs")).expect("the checker");
    let allowed = ["calculus"];
    for line in text.lines().filter(|line| line.trim_start().starts_with("use crate::")) {
        let module = line.trim_start().trim_start_matches("use crate::").split([':', ';', '{']).next().unwrap_or("");
        assert!(allowed.contains(&module), "the checker must not use crate::{module}");
    }
    assert!(text.lines().count() < 600, "the checker is written to be read: below 600 lines");
}

#[test]
fn what_is_pure_knows_neither_time_nor_threads() {
    let forbidden = ["std::time", "std::thread", "Instant::", "SystemTime", "async fn", "rayon", "actix", "use rand::"];
    for folder in ["logic/src", "store/src", "lm/src", "kernels/src"] {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        // To lend a thread work that borrows takes `unsafe`, which only `kernels` may hold; so its crew stands
        // there, and is made by callers alone.
        for file in files.iter().filter(|file| !file.ends_with("kernels/src/crew.rs")) {
            let text = fs::read_to_string(file).expect("a source file");
            // Tests may look at a clock; they are found by what the compiler leaves out, wherever they stand.
            let code = imports::program_code(&text);
            for word in forbidden {
                assert!(!code.contains(word), "{} must not use {word}", file.display());
            }
        }
    }
}

#[test]
fn no_file_imports_in_a_circle() {
    for root in ["lm/src/lib.rs", "actors/src/lib.rs"] {
        let modules = imports::modules(&self::root().join(root));
        assert!(modules.len() > 20, "{root}: the modules were found");
        if let Some(circle) = imports::circle(&imports::imports(&modules)) {
            panic!("{root}: files import in a circle: {} → {}", circle.join(" → "), circle[0]);
        }
    }
}

#[test]
fn nothing_is_left_undone() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    assert!(files.len() > 20, "the sources were found");
    for file in files.iter().filter(|file| !file.ends_with("tests/tidy.rs")) {
        let text = fs::read_to_string(file).expect("a source file");
        for word in ["todo!(", "unimplemented!(", "FIXME", "#[ignore"] {
            assert!(!text.contains(word), "{} holds {word}", file.display());
        }
    }
}
