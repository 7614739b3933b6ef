//! Exports as users make them: every language, one theorem or all, verification by external checkers, and invalid
//! proofs.

#[path = "common/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use theoremata_store::{Batch, Begin, Node, Proof, ScopeRecord, Store, Theorem};

const LANGUAGES: [(&str, &str); 5] =
    [("metamath", "mm"), ("dedukti", "dk"), ("rocq", "v"), ("lean", "lean"), ("tstp", "tstp")];

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("exports-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

fn theory(name: &str) -> String {
    format!("{}/theories/{name}.mpl", env!("CARGO_MANIFEST_DIR"))
}

/// Search path for programs: the system's, and Cargo's install folder.
fn programs() -> std::ffi::OsString {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    folders.extend(std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo/bin")));
    std::env::join_paths(folders).expect("folders")
}

fn is_installed(program: &str) -> bool {
    let found = std::env::split_paths(&programs()).any(|folder| folder.join(program).is_file());
    if !found {
        skip::skipped(format_args!("{program} is not installed, so nothing was checked by it"));
    }
    found
}

fn theoremata(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(arguments)
        .current_dir(folder)
        .env("PATH", programs())
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn said(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn succeeds(folder: &Path, arguments: &[&str]) -> Output {
    let output = theoremata(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    output
}

/// Runs a command that must fail with this exit code and a word of the reason.
fn fails(folder: &Path, arguments: &[&str], code: i32, reason: &str) {
    let output = theoremata(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    assert!(output.stdout.is_empty(), "{arguments:?} wrote something");
    assert!(said(&output).contains(reason), "{arguments:?}: {}", said(&output));
}

/// A folder with a database that holds a small exploration of arithmetic.
fn explored(name: &str) -> PathBuf {
    let place = folder(name);
    succeeds(&place, &["explore", &theory("peano"), "--max-size", "3", "--quiet"]);
    place
}

/// The only run of the database.
fn run_of(place: &Path) -> String {
    let text = said(&succeeds(place, &["show"]));
    text.split_whitespace().next().expect("a run").to_owned()
}

#[test]
fn every_language_is_written_whole_in_part_and_for_all_runs() {
    let place = explored("languages");
    succeeds(&place, &["explore", &theory("group"), "--max-size", "3", "--quiet"]);
    let runs = said(&succeeds(&place, &["show"]));
    let peano =
        runs.lines().find(|line| line.contains("peano")).and_then(|line| line.get(..8)).expect("a run").to_owned();
    for (language, extension) in LANGUAGES {
        let whole = succeeds(&place, &["export", &peano, "--format", language]).stdout;
        assert_eq!(
            whole,
            succeeds(&place, &["export", &peano, "--format", language]).stdout,
            "{language}: bytes differ"
        );
        let file = format!("out/deep/Arithmetic.{extension}");
        succeeds(&place, &["export", &peano, "--format", language, "--out", &file]);
        assert_eq!(fs::read(place.join(&file)).expect("written"), whole, "{language}: a file is no stream");
        let part = succeeds(&place, &["export", &peano, "3", "--format", language]).stdout;
        assert!(part.len() < whole.len() / 2, "{language}: {} of {} bytes", part.len(), whole.len());
        let text = String::from_utf8(part).expect("text");
        assert!(text.contains("heorem 3"), "{language}: it holds the theorem");
        succeeds(&place, &["export", "--format", language, "--out", "all"]);
        assert!(place.join(format!("all/{peano}/Peano.{extension}")).is_file(), "{language}");
        fails(&place, &["export", "--format", language], 2, "there are 2 runs");
        fails(&place, &["export", &peano, "999", "--format", language], 2, "the run has theorems 1 to");
        fails(&place, &["export", &peano, "0", "--format", language], 2, "the run has theorems 1 to");
        fails(&place, &["export", &peano, "--backup", "--format", language], 2, "--backup belongs to");
    }
    assert_eq!(fs::read_dir(place.join("all")).expect("a folder").count(), 2, "a folder for each run");
    succeeds(&place, &["export", &peano, "--format", "rocq", "--out", "all"]);
    assert!(place.join("all/Peano.v").is_file(), "into a folder that is there");
    fails(&place, &["export", &peano, "3"], 2, "JSON lines hold whole runs");
    fails(&place, &["export", "--format", "word"], 2, "possible values");
    succeeds(&place, &["export", "--out", "lines.jsonl"]);
    succeeds(&place, &["import", "--db", "copy", "lines.jsonl"]);
    assert_eq!(
        succeeds(&place, &["export", "--db", "copy", &peano, "--format", "metamath"]).stdout,
        succeeds(&place, &["export", &peano, "--format", "metamath"]).stdout,
        "what was imported is exported as before"
    );
}

#[test]
fn what_other_programs_accept_is_noted_and_shown() {
    let place = explored("acceptance");
    let run = run_of(&place);
    succeeds(&place, &["show", &run, "--site", "before"]);
    let page = fs::read_to_string(place.join("before/exports.html")).expect("a page about checkers");
    succeeds(&place, &["export", "--format", "lean", "--out", "One.lean"]);
    assert!(place.join("One.lean").is_file(), "there is one run only, so it need not be named");
    assert!(page.contains("not asked yet") && !page.contains("accepted all"));
    let mut asked = Vec::new();
    for (checker, program) in
        [("metamath", "metamath"), ("smetamath", "smetamath"), ("kocheck", "kocheck"), ("rocq", "coqc")]
    {
        if is_installed(program) {
            let output = succeeds(&place, &["check", "--with", checker, "--json"]);
            let text = String::from_utf8(output.stdout).expect("text");
            let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            let acceptance = events.iter().find(|event| event["event"] == "acceptance").expect("it was accepted");
            assert_eq!(acceptance["checker"].as_str(), Some(checker));
            assert_eq!(acceptance["run"].as_str(), Some(&*run));
            assert!(acceptance["theorems"].as_u64() > Some(20), "{acceptance}");
            asked.push(checker);
        }
    }
    succeeds(&place, &["show", &run, "--site", "after"]);
    let page = fs::read_to_string(place.join("after/exports.html")).expect("a page about checkers");
    assert_eq!(page.matches("accepted all").count(), asked.len(), "{page}");
    assert!(page.contains("href=\"data/Peano.mm\" download"), "{page}");
    let theorems = fs::read_dir(place.join("after/theorem")).expect("pages");
    for theorem in theorems.flatten() {
        let page = fs::read_to_string(theorem.path()).expect("a page");
        let named = page.contains("Metamath <code>") && page.contains("href=\"../exports.html\"");
        assert!(named, "{}", theorem.path().display());
        assert!(asked.iter().all(|checker| page.contains(&format!("{checker} "))), "{}", theorem.path().display());
    }
    for (_, extension) in LANGUAGES {
        assert!(place.join(format!("after/data/Peano.{extension}")).is_file());
    }
    // Acceptances are not part of the record of the run, which is the same bytes on every machine.
    let lines = String::from_utf8(succeeds(&place, &["export"]).stdout).expect("text");
    assert!(!lines.contains("accepted by"));
}

#[test]
fn a_checker_that_is_missing_is_named_with_how_to_get_it() {
    let place = explored("missing");
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(["check", "--with", "smetamath"])
        .current_dir(&place)
        .env("PATH", "")
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("smetamath is not installed: cargo install smetamath"), "{}", said(&output));
}

/// A complaint of a checker counts, whatever its exit code.
#[cfg(unix)]
#[test]
fn a_checker_that_refuses_is_heard() {
    use std::os::unix::fs::PermissionsExt;
    let place = explored("refusal");
    let program = place.join("bin/smetamath");
    fs::create_dir_all(place.join("bin")).expect("a folder");
    fs::write(&program, "#!/bin/sh\necho 3.0.0: proof of t-1 is wrong\n").expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    let path = std::env::join_paths([place.join("bin"), "/bin".into(), "/usr/bin".into()]).expect("folders");
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(["check", "--with", "smetamath"])
        .current_dir(&place)
        .env("PATH", path)
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("refuses:\n3.0.0: proof of t-1 is wrong"), "{}", said(&output));
    succeeds(&place, &["show", &run_of(&place), "--site", "site"]);
    let page = fs::read_to_string(place.join("site/exports.html")).expect("a page");
    assert!(!page.contains("accepted all"));
}

#[test]
fn a_proof_that_the_checker_refuses_is_exported_to_no_language() {
    let place = explored("refused");
    let store = Store::open(&place.join(".theoremata")).expect("the database");
    let good = store.runs().expect("runs").pop().expect("a run");
    let inputs = store.inputs(&good.id).expect("its files");
    let Begin::New(id) = store.begin(&inputs, "forged", "now").expect("a run") else { panic!("it is new") };
    // The first two theorems are sound; the third claims that 0 is 1.
    let mut theorems: Vec<(Theorem, Proof)> = store.theorems(&good.id).expect("theorems")[..2]
        .iter()
        .map(|theorem| {
            let proof = store.proof(&good.id, theorem.number).expect("stored").expect("a proof");
            (Theorem { cycle: 1, ..theorem.clone() }, proof)
        })
        .collect();
    let statement = "(>[N,0,s,+,*,1] (Peano[N,0,s,+,*,1]) (=[0,1]))";
    let mut proof = Proof::new();
    let scope = proof.add_scope(ScopeRecord::default()).expect("a scope");
    let node = Node {
        rule: "reflexivity".into(),
        parameters: Vec::new(),
        conclusion: statement.into(),
        premises: Vec::new(),
        substitution: Vec::new(),
        scope,
    };
    let root = proof.add(node).expect("a step");
    let third =
        Theorem { number: 3, statement: statement.to_owned(), root, citations: Vec::new(), ..theorems[0].0.clone() };
    theorems.push((third, proof));
    store.commit(&id, 1, &Batch { theorems, ..Batch::default() }).expect("the store does not judge");
    drop(store);
    let run = id.to_string();
    for (language, extension) in LANGUAGES {
        let reason = "the checker refuses the proof of theorem 3, so nothing is exported";
        fails(&place, &["export", &run, "--format", language], 4, reason);
        fails(&place, &["export", &run, "3", "--format", language], 4, reason);
        let file = format!("no.{extension}");
        fails(&place, &["export", &run, "--format", language, "--out", &file], 4, reason);
        assert!(!place.join(&file).exists(), "{language}: there is a file");
        // Theorems that do not depend on it are sound, and can be exported.
        succeeds(&place, &["export", &run, "2", "--format", language]);
    }
    let output = theoremata(&place, &["check", "--with", "all"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn a_goal_is_a_problem_for_other_provers() {
    let place = explored("problem");
    let group = theory("group");
    let inverse = ["export-problem", &group, "--goal", "(>[x,y] (in2[x,y,inv]) (in3[x,y,e,*]))"];
    let wrong = ["export-problem", &group, "--goal", "(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))"];
    for (goal, szs) in [(inverse, "Theorem"), (wrong, "CounterSatisfiable")] {
        for encoding in ["functional", "guarded", "relational"] {
            let file = format!("goal-{szs}-{encoding}.p");
            succeeds(&place, &[&goal[..], &["--encoding", encoding, "--out", &file]].concat());
            if szs == "Theorem" && is_installed("eprover") {
                let e = Command::new("eprover")
                    .args(["--auto", "-s", "--cpu-limit=20", &file])
                    .current_dir(&place)
                    .output();
                let text = said(&e.expect("E starts"));
                assert!(text.contains("SZS status Theorem"), "{file}: {text}");
            }
        }
        let file = format!("goal-{szs}.smt2");
        succeeds(&place, &[&goal[..], &["--format", "smt-lib", "--out", &file]].concat());
        if is_installed("z3") {
            // It cannot determine that the wrong theorem does not follow, but must not find that it does.
            let seconds = if szs == "Theorem" { "-T:20" } else { "-T:1" };
            let text =
                said(&Command::new("z3").args([seconds, &file]).current_dir(&place).output().expect("z3 starts"));
            assert_eq!(text.contains("unsat"), szs == "Theorem", "{file}: {text}");
            assert!(!text.contains("error"), "{file}: {text}");
        }
    }
    let run = run_of(&place);
    let peano = theory("peano");
    let sum = "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))";
    let output = succeeds(&place, &["export-problem", &peano, "--goal", sum, "--induction", "--lemmas", &run]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("lemma, ") && text.contains("nduction"), "{text}");
    let bare = String::from_utf8(succeeds(&place, &["export-problem", &peano, "--goal", sum]).stdout).expect("text");
    assert!(!bare.contains("lemma, "), "{bare}");
    fs::write(place.join("goals"), format!("{sum}\n(>[a] (in[a,N]) (in3[a,0,a,+]))\n")).expect("written");
    succeeds(&place, &["export-problem", &peano, "--goals", "goals", "--out", "problems"]);
    assert_eq!(fs::read_dir(place.join("problems")).expect("a folder").count(), 2);
    fails(&place, &["export-problem", &peano, "--goals", "goals"], 2, "name a folder for them");
    fails(&place, &["export-problem", &peano, "--goal", "(in3[a,b,c,+"], 2, "goal");
    fails(&place, &["export-problem", &peano, "--goal", sum, "--lemma", "3"], 2, "--lemmas");
    fails(&place, &["export-problem", &peano, "--goal", sum, "--lemmas", &run, "--lemma", "999"], 2, "no theorem 999");
    fails(&place, &["export-problem", &group, "--goal", inverse[3], "--lemmas", &run], 2, "whose axioms are not those");
}
