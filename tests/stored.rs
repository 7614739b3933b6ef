//! Checks of stored data: reading commands change nothing, nothing is imported unchecked, and interrupted runs continue
//! or say why not.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::Value;

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stored-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn theoremata(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the binary starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn said(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn objects(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// All files in a folder, with their contents and modification times.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let found = entry.metadata().expect("it was just listed");
        if found.is_dir() {
            files.extend(everything(&entry.path()));
        } else {
            files.push((entry.path(), fs::read(entry.path()).expect("a file"), found.modified().expect("a time")));
        }
    }
    files.sort();
    files
}

const ORDER: &str = "(theory Order[S,c,R] (& (in[c,S]) (>[x,y] (in2[x,y,R]) (in2[y,x,R])) \
                     (>[x,y,z] (& (in2[x,y,R]) (in2[y,z,R])) (in2[x,z,R])) (in2[c,c,R])))";
const GOAL: &str = "(>[x,y] (in2[x,y,R]) (in2[x,x,R]))";

/// A database with a run of one goal, its export, and the run's id.
fn proved(here: &Path) -> (String, String) {
    fs::write(here.join("order.mpl"), ORDER).expect("a file");
    let output = theoremata(here, &["prove", "order.mpl", "--goal", GOAL, "--db", "db", "-q"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = String::from_utf8(theoremata(here, &["export", "--db", "db"]).stdout).expect("JSON lines");
    let run =
        objects(&theoremata(here, &["show", "--db", "db", "--json"]))[0]["run"].as_str().expect("an id").to_owned();
    (text, run)
}

#[test]
fn commands_that_read_change_nothing() {
    let here = folder("read");
    let (text, run) = proved(&here);
    fs::write(here.join("runs.jsonl"), text).expect("a file");
    assert_eq!(code(&theoremata(&here, &["import", "runs.jsonl", "--db", "copy"])), 0);
    for db in ["db", "copy"] {
        let before = everything(&here.join(db));
        let shown = theoremata(&here, &["show", &run, "--db", db]);
        assert!(!shown.stdout.is_empty(), "{}", said(&shown));
        let reading: [&[&str]; 6] = [
            &["show"],
            &["show", &run, "1"],
            &["show", &run, "--site", "site"],
            &["check"],
            &["export"],
            &["export", &run, "--format", "metamath"],
        ];
        for arguments in reading {
            let output = theoremata(&here, &[arguments, &["--db", db]].concat());
            assert_eq!(code(&output), 0, "{arguments:?}: {}", said(&output));
        }
        assert!(everything(&here.join(db)) == before, "a reading command changed {db}");
        let resumed = theoremata(&here, &["resume", &run, "--db", db, "--site", "site"]);
        if db == "db" {
            assert_eq!(code(&resumed), 0, "{}", said(&resumed));
        } else {
            // An export that is no backup has no checkpoint.
            assert_eq!(code(&resumed), 2);
            assert!(said(&resumed).contains("no checkpoint"), "{}", said(&resumed));
        }
        let after = everything(&here.join(db));
        if db == "db" {
            assert_eq!(theoremata(&here, &["show", &run, "--db", db]).stdout, shown.stdout);
        } else {
            assert!(after == before, "what cannot go on is changed");
        }
    }
}

#[test]
fn a_run_is_shown_while_it_runs_and_stays_cancelled_when_it_is_shown() {
    let here = folder("cancelled");
    let peano = format!("{}/theories/peano.mpl", env!("CARGO_MANIFEST_DIR"));
    let mut child = command(&here, &["explore", &peano, "--db", "db", "--json", "--max-size", "4"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut line = String::new();
    let mut told = BufReader::new(child.stdout.take().expect("a pipe"));
    told.read_line(&mut line).expect("a theorem");
    assert!(line.contains("\"theorem\""), "{line}");
    // Readers need not wait for the end of a run; writers must.
    let running = objects(&theoremata(&here, &["show", "--db", "db", "--json"]))[0].clone();
    assert_eq!(running["status"], "running", "{running}");
    let shown = theoremata(&here, &["show", running["run"].as_str().expect("an id"), "--db", "db"]);
    assert!(code(&shown) == 0 && !shown.stdout.is_empty(), "{}", said(&shown));
    assert_eq!(code(&theoremata(&here, &["check", "--db", "db"])), 0);
    let refused = theoremata(&here, &["compact", "--db", "db"]);
    let process = format!("in use by process {}, which writes to it", child.id());
    assert!(code(&refused) == 4 && said(&refused).contains(&process), "{}", said(&refused));
    assert_eq!(child.try_wait().expect("it can be asked"), None, "the run had ended before it was read");
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill is there");
    assert!(kill.success());
    let mut rest = String::new();
    told.read_to_string(&mut rest).expect("what was found until then");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{rest}");
    let list = || objects(&theoremata(&here, &["show", "--db", "db", "--json"]))[0].clone();
    assert_eq!(list()["status"], "cancelled");
    let run = list()["run"].as_str().expect("an id").to_owned();
    for _ in 0..2 {
        let shown = theoremata(&here, &["show", &run, "--db", "db", "--site", "site"]);
        assert!(code(&shown) == 0 && !shown.stdout.is_empty(), "{}", said(&shown));
        assert_eq!(list()["status"], "cancelled");
    }
    assert_eq!(code(&theoremata(&here, &["check", "--db", "db"])), 0);
}

/// Recomputes the hash in the last line, so that only the claims are wrong.
fn sealed(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.pop();
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let hash = blake3::hash(body.as_bytes()).to_hex();
    format!("{body}{{\"end\":{{\"lines\":{},\"blake3\":\"{hash}\"}}}}\n", lines.len())
}

#[test]
fn an_import_takes_no_word_for_anything() {
    let here = folder("import");
    let (text, _) = proved(&here);
    let refused = |text: &str, words: &str| {
        fs::write(here.join("forged.jsonl"), sealed(text)).expect("a file");
        let output = theoremata(&here, &["import", "forged.jsonl", "--db", "forged"]);
        assert_eq!(code(&output), 2, "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert!(said(&output).contains("nothing was stored"), "{}", said(&output));
        assert_eq!(said(&theoremata(&here, &["show", "--db", "forged"])), "", "it is there all the same");
    };
    // A record that claims an assumption that the proof does not use, or a false kind or number.
    refused(
        &text.replacen("\"assumptions\":[],\"citations\"", "\"assumptions\":[\"induction on S\"],\"citations\"", 1),
        "theorem 1: its record says that it rests on induction on S",
    );
    refused(&text.replacen("\"kind\":\"direct\"", "\"kind\":\"induction\"", 1), "theorem 1: ");
    refused(
        &text.replacen("\"kind\":\"direct\"", "\"kind\":\"revelation\"", 1),
        "theorem 1: its record calls it `revelation`",
    );
    refused(&text.replacen("\"number\":1,\"statement\"", "\"number\":2,\"statement\"", 1), "theorem 2: ");
    // An outcome that claims a goal as proved by a theorem that states something else.
    let line = text.lines().find(|line| line.contains("\"outcome\"")).expect("an outcome");
    let other = line.replacen("(in2[x,x,R])", "(in2[y,y,R])", 1);
    assert_ne!(line, other);
    refused(&text.replacen(line, &other, 1), "does not say so");
    // Measurements made elsewhere, and claimed acceptances.
    let backup = String::from_utf8(theoremata(&here, &["export", "--db", "db", "--backup"]).stdout).expect("text");
    let boast = "\"measures\":{\"accepted by metamath\":\"{\\\"checker\\\":\\\"metamath\\\"}\",";
    let boasting = backup.replacen("\"measures\":{", boast, 1);
    assert_ne!(boasting, backup);
    fs::write(here.join("boasting.jsonl"), sealed(&boasting)).expect("a file");
    let output = theoremata(&here, &["import", "boasting.jsonl", "--db", "modest"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let kept = String::from_utf8(theoremata(&here, &["export", "--db", "modest", "--backup"]).stdout).expect("text");
    assert!(!kept.contains("accepted by") && !kept.contains("cost cpu"), "{kept}");
    // Counts are no theorems: they remain claims, and are reported as such.
    let [own, modest] =
        ["db", "modest"].map(|db| objects(&theoremata(&here, &["show", "--db", db, "--json"]))[0].clone());
    assert_eq!((&own["imported"], &modest["imported"]), (&false.into(), &true.into()), "{own} {modest}");
    assert!(own["counts"].is_object() && own.get("claimed_counts").is_none(), "{own}");
    assert!(modest["claimed_counts"] == own["counts"] && modest.get("counts").is_none(), "{modest}");
    let listed = said(&theoremata(&here, &["show", "--db", "modest"]));
    assert!(listed.contains("(imported: status and time as claimed)"), "{listed}");
}

#[test]
fn a_run_can_be_removed_and_its_room_comes_back() {
    let here = folder("remove");
    let (_, run) = proved(&here);
    for goal in ["(in2[c,c,R])", "(in[c,S])"] {
        assert_eq!(code(&theoremata(&here, &["prove", "order.mpl", "--goal", goal, "--db", "db", "-q"])), 0);
    }
    let removed = theoremata(&here, &["remove", &run[..12], "--db", "db", "--json"]);
    assert_eq!(code(&removed), 0, "{}", said(&removed));
    let told = &objects(&removed)[0];
    assert_eq!(told["removed"], run.as_str());
    assert!(told["bytes_after"].as_u64() <= told["bytes_before"].as_u64(), "{told}");
    let left = objects(&theoremata(&here, &["show", "--db", "db", "--json"]));
    assert!(left.len() == 2 && left.iter().all(|left| left["run"] != run.as_str()), "{left:?}");
    let again = theoremata(&here, &["remove", &run, "--db", "db"]);
    assert!(code(&again) == 2 && said(&again).contains("no run begins with"), "{}", said(&again));
    assert_eq!(code(&theoremata(&here, &["compact", "--db", "db"])), 0);
    assert_eq!(code(&theoremata(&here, &["check", "--db", "db"])), 0);
    assert_eq!(code(&theoremata(&here, &["compact", "--db", "nowhere"])), 2);
    assert!(!here.join("nowhere").exists());
}

#[test]
fn a_run_cannot_pass_for_another() {
    let here = folder("other");
    let (text, _) = proved(&here);
    // The same run with the id that it would have with other options.
    let line = text.lines().nth(1).expect("a run");
    let mut object: Value = serde_json::from_str(line).expect("JSON");
    let options = object["run"]["options"].as_str().expect("options").replacen("\"search\":", "\"search\":9", 1);
    object["run"]["options"] = options.clone().into();
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"run\x01");
    for (name, bytes) in [("order.mpl", ORDER), ("goals:--goal", GOAL)] {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(blake3::hash(bytes.as_bytes()).as_bytes());
    }
    hasher.update(&u64::MAX.to_le_bytes());
    hasher.update(options.as_bytes());
    let id = hasher.finalize().to_hex()[..32].to_owned();
    object["run"]["id"] = id.clone().into();
    let forged = sealed(&text.replacen(line, &object.to_string(), 1));
    fs::write(here.join("other.jsonl"), &forged).expect("a file");
    let imported = theoremata(&here, &["import", "other.jsonl", "--db", "other"]);
    // Its digest depends on its id, so a run cannot pass for another one.
    assert_eq!(code(&imported), 2);
    assert!(said(&imported).contains("digest"), "{}", said(&imported));
}

#[test]
fn a_contradiction_is_told_everywhere() {
    let here = folder("contradiction");
    fs::write(here.join("bad.mpl"), "(theory Bad[S,c] (& (in[c,S]) !(in[c,S])))").expect("a file");
    let arguments = ["prove", "bad.mpl", "--db", "db", "--site", "site", "--goal", "(in[c,S])"];
    let output = theoremata(&here, &arguments);
    assert_eq!(code(&output), 5, "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("% SZS status ContradictoryAxioms for"), "{text}");
    assert!(text.contains("the axioms contradict each other"), "{text}");
    let index = fs::read_to_string(here.join("site/index.html")).expect("a page");
    assert!(index.contains("The axioms contradict each other"), "{index}");
    let output = theoremata(&here, &["prove", "bad.mpl", "--db", "db2", "--json", "--goal", "(in[c,S])"]);
    assert_eq!(code(&output), 5);
    let objects = objects(&output);
    let of = |event: &str| objects.iter().find(|object| object["event"] == event).expect("an event").clone();
    assert_eq!(of("goal")["szs"], "ContradictoryAxioms");
    assert_eq!(of("summary")["szs"], "ContradictoryAxioms");
    assert_eq!(of("theorem")["number"], 1);
    assert_eq!(of("goal")["theorems"][0], 1);
}

#[test]
fn long_names_of_theories_do_not_break_pages() {
    let here = folder("names");
    let name = "n".repeat(260);
    fs::write(here.join("long.mpl"), format!("(theory T{name}[S,c] (in[c,S]))")).expect("a file");
    let output = theoremata(&here, &["prove", "long.mpl", "--db", "db", "--site", "site", "-q", "--goal", "(in[c,S])"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let left: Vec<_> = fs::read_dir(&here).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(here.join("site/index.html").exists() && left.len() == 3, "{left:?}");
}

/// A loop, and a group: the same with one more axiom.
const HALF: &str = "(theory Loop[G,*,e]
  (& (in[e,G])
     (>[x,y,z] (in3[x,y,z,*]) (& (in[x,G]) (in[y,G]) (in[z,G])))
     (>[x,y] (& (in[x,G]) (in[y,G])) (exists[z] (in[z,G]) (in3[x,y,z,*])))
     (>[x,y] (& (in[x,G]) (in[y,G])) (>[z,w] (& (in3[x,y,z,*]) (in3[x,y,w,*])) (=[z,w])))
     (>[x] (in[x,G]) (in3[e,x,x,*]))
     (>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[y,z,v,*]) (>[w] (in3[u,z,w,*]) (in3[x,v,w,*]))))))
(bounds (atoms 3) (variables 2) (predicate in (count 0)))";

#[test]
fn what_was_proved_before_an_axiom_was_added_is_known() {
    let folder = folder("known");
    fs::write(folder.join("loop.mpl"), HALF).expect("a file");
    let first = objects(&theoremata(&folder, &["explore", "loop.mpl", "--json"]));
    let before: Vec<&Value> = first.iter().filter(|object| object["event"] == "theorem").collect();
    let run = first.last().expect("a summary")["run"].as_str().expect("an id").to_owned();
    assert!(!before.is_empty());
    let more = HALF.replacen("(& (in[e,G])", "(& (in[e,G]) (>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))", 1);
    fs::write(folder.join("loop.mpl"), more).expect("a file");
    let told = theoremata(&folder, &["explore", "loop.mpl", "--known", &run[..8], "--json"]);
    assert_eq!(code(&told), 0, "{}", said(&told));
    let objects = objects(&told);
    let known: Vec<&Value> = objects.iter().filter(|object| object["from"].is_object()).collect();
    assert_eq!(known.len(), before.len());
    for (known, before) in known.iter().zip(&before) {
        assert_eq!((&known["statement"], &known["from"]["theorem"]), (&before["statement"], &before["number"]));
    }
    let second = objects.last().expect("a summary");
    assert_eq!(second["theorems"]["brought"], before.len());
    // It is loaded from its own files alone, by any command.
    let shown = theoremata(&folder, &["show", second["run"].as_str().expect("an id"), "1"]);
    assert!(said(&shown).contains("theorem 1 of Loop") && code(&shown) == 0, "{}", said(&shown));
    assert_eq!(code(&theoremata(&folder, &["check"])), 0);
    let resumed = theoremata(&folder, &["resume", second["run"].as_str().expect("an id")]);
    assert_eq!(code(&resumed), 0, "{}", said(&resumed));
    // A theory that lacks a parameter of the other is reported.
    fs::write(folder.join("other.mpl"), "(theory Other[G] (>[x] (in[x,G]) (=[x,x])))").expect("a file");
    let refused = theoremata(&folder, &["explore", "other.mpl", "--known", &run]);
    assert!(code(&refused) == 2 && said(&refused).contains("Loop has a parameter `*`"), "{}", said(&refused));
}
