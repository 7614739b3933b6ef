//! Rules of the project that forbid something, which code alone cannot show.

#[path = "tidy/imports.rs"]
mod imports;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files in a folder, except build outputs.
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
            // A crate may depend on itself where its tests need a feature of it.
            assert!(!known || other == name || friends.contains(&other), "{name} must not depend on {other}");
        }
    }
}

#[test]
fn the_checker_shares_only_the_types_with_the_search() {
    let text = fs::read_to_string(root().join("logic/src/calculus/check.rs")).expect("the checker");
    for word in ["use crate::", "crate::language", "crate::search", "super::super"] {
        assert!(!text.contains(word), "the checker must use its own stage only, and not {word}");
    }
    assert!(text.lines().count() < 600, "the checker is written to be read: below 600 lines");
}

#[test]
fn what_is_pure_knows_neither_time_nor_threads() {
    let forbidden = ["std::time", "std::thread", "Instant::", "SystemTime", "async fn", "rayon", "actix", "use rand::"];
    for folder in ["logic/src", "store/src", "lm/src", "kernels/src"] {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        // Lending borrowed work to threads requires `unsafe`, which only `kernels` may use; so its thread pool is
        // defined there, and created by callers alone.
        for file in files.iter().filter(|file| !file.ends_with("kernels/src/crew.rs")) {
            let text = fs::read_to_string(file).expect("a source file");
            // Tests may use a clock; they are removed as the compiler would, wherever they are.
            let code = imports::program_code(&text);
            for word in forbidden {
                assert!(!code.contains(word), "{} must not use {word}", file.display());
            }
        }
    }
}

#[test]
fn each_stage_of_logic_knows_only_those_before_it() {
    let stages = [
        "calculus",
        "language",
        "clauses",
        "models",
        "conjecture",
        "saturation",
        "proofs",
        "search",
        "advisors",
        "export",
    ];
    let stage = |module: &str| stages.iter().position(|stage| module.split("::").next() == Some(*stage));
    let modules = imports::modules(&root().join("logic/src/lib.rs"));
    for name in stages {
        assert!(modules.keys().any(|module| module.starts_with(name)), "the stage {name} was found");
    }
    for (module, imported) in imports::imports(&modules) {
        for other in imported {
            if let (Some(own), Some(its)) = (stage(module), stage(other)) {
                assert!(its <= own, "{module} is of an earlier stage than {other}, and must not know it");
            }
        }
    }
}

#[test]
fn no_file_imports_in_a_circle() {
    // Types whose implementation is spread over files below their own, which therefore import it.
    let in_parts = ["saturation::block", "saturation::completion", "search::attempt", "search::explore", "run"];
    for root in ["logic/src/lib.rs", "lm/src/lib.rs", "actors/src/lib.rs"] {
        let modules = imports::modules(&self::root().join(root));
        assert!(modules.len() > 20, "{root}: the modules were found");
        let mut imported = imports::imports(&modules);
        for (whole, parts) in imported.iter_mut().flat_map(|(module, imported)| {
            let whole =
                in_parts.iter().find(|whole| module.strip_prefix(**whole).is_some_and(|rest| rest.starts_with("::")));
            whole.map(|whole| (*whole, imported))
        }) {
            parts.remove(whole);
        }
        if let Some(circle) = imports::circle(&imported) {
            panic!("{root}: files import in a circle: {} → {}", circle.join(" → "), circle[0]);
        }
    }
}

#[test]
fn the_values_of_pages_hold_no_markup() {
    let mut files = Vec::new();
    sources(&root().join("src/site/values"), &mut files);
    assert!(files.len() > 4, "the values were found");
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        // User text becomes markup in `writing` alone, which values do not import; values hold no rendered text.
        for word in ["site::writing", "super::super::writing", "_html", "</", "&lt;", "RefCell", "Mutex", "OnceCell"] {
            assert!(!text.contains(word), "{} must not hold {word}", file.display());
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
