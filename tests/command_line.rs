//! The binary as users run it: explorations, goals, stored runs, and wrong input.

#[path = "common/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

fn theory(name: &str) -> String {
    format!("{}/theories/{name}.mpl", env!("CARGO_MANIFEST_DIR"))
}

/// Runs the binary in a folder.
fn theoremata(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn said(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// The JSON objects of an output with this event.
fn events(output: &Output, event: &str) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .filter(|value| value["event"] == event)
        .collect()
}

fn maths(output: &Output) -> Vec<String> {
    events(output, "theorem").iter().map(|theorem| theorem["math"].as_str().expect("a text").to_owned()).collect()
}

/// All files in a folder with their contents, by name.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut queue = vec![folder.to_owned()];
    while let Some(next) = queue.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                queue.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").to_owned();
                files.push((name, fs::read(&path).expect("a file")));
            }
        }
    }
    files.sort();
    files
}

/// Whether a law is among the texts, up to renaming of variables; the letters of `fixed` are not variables.
fn has_law(maths: &[String], law: &str, fixed: &str) -> bool {
    let rename = |text: &str| {
        let body = text.rsplit_once(" : ").map_or(text, |(_, body)| body);
        let mut names: Vec<char> = Vec::new();
        body.chars()
            .map(|letter| match letter {
                'a'..='z' if !fixed.contains(letter) => {
                    let place = names.iter().position(|name| *name == letter).unwrap_or_else(|| {
                        names.push(letter);
                        names.len() - 1
                    });
                    char::from(b'A' + place as u8)
                }
                other => other,
            })
            .collect::<String>()
    };
    let turned = |text: &str| text.split_once(" = ").map(|(left, right)| format!("{right} = {left}"));
    let wanted = rename(law);
    maths.iter().any(|text| {
        let body = text.rsplit_once(" : ").map_or(&**text, |(_, body)| body);
        rename(body) == wanted || turned(body).is_some_and(|turned| rename(&turned) == wanted)
    })
}

/// Whether a flat statement over the anchor `[N,0,s,+,*,1]` holds for all inputs up to 5. Outputs of functions are
/// computed, and may be larger. Has its own parser, so that it shares no code with the program under test.
fn holds(statement: &str) -> bool {
    let atoms: Vec<(bool, Vec<&str>)> = statement
        .match_indices('(')
        .filter_map(|(place, _)| {
            let rest = &statement[place + 1..];
            let (name, arguments) = rest.split_once('[')?;
            let known = ["=", "in", "in2", "in3"].contains(&name);
            let arguments = arguments.split(']').next()?.split(',');
            known.then(|| {
                let denied = statement[..place].ends_with('!');
                (denied, std::iter::once(name).chain(arguments).collect())
            })
        })
        .collect();
    assert!(!statement.contains("(&"), "only flat statements are judged here: {statement}");
    let (head, premises) = atoms.split_last().expect("a statement has a head");
    judge(premises, head, &mut vec![("0", 0), ("1", 1)])
}

/// Whether the head holds wherever the premises do; `known` assigns values to some variables.
fn judge<'t>(premises: &[(bool, Vec<&'t str>)], head: &(bool, Vec<&'t str>), known: &mut Vec<(&'t str, u64)>) -> bool {
    let value = |name: &str, known: &[(&str, u64)]| {
        known.iter().rev().find(|(other, _)| *other == name).map(|(_, value)| *value)
    };
    let (atom, rest) = match premises.split_first() {
        Some((first, rest)) => (first, rest),
        None => (head, premises),
    };
    let (inputs, output): (&[&str], Option<&str>) = match (atom.1[0], &atom.1[1..]) {
        ("=", both) => (&both[..1], Some(both[1])),
        ("in", both) => (&both[..1], None),
        (_, all) => (&all[..all.len() - 2], Some(all[all.len() - 2])),
    };
    if let Some(open) = inputs.iter().find(|input| value(input, known).is_none()) {
        return (0..=5).all(|guess| {
            known.push((open, guess));
            let holds = judge(premises, head, known);
            known.pop();
            holds
        });
    }
    let values: Vec<u64> = inputs.iter().filter_map(|input| value(input, known)).collect();
    let computed = match (atom.1[0], *atom.1.last().expect("arguments")) {
        ("in2", _) => values[0] + 1,
        ("in3", "+") => values[0] + values[1],
        ("in3", _) => values[0] * values[1],
        _ => values[0],
    };
    let bound = output.map(|output| value(output, known));
    let is_head = premises.is_empty();
    match bound {
        // An output that is not yet known gets the computed value.
        Some(None) if !is_head && !atom.0 => {
            known.push((output.expect("bound"), computed));
            let holds = judge(rest, head, known);
            known.pop();
            holds
        }
        Some(None) => panic!("a head mentions a variable that no premise binds"),
        other => {
            let true_here = other.flatten().is_none_or(|value| value == computed) != atom.0;
            if is_head { true_here } else { !true_here || judge(rest, head, known) }
        }
    }
}

#[test]
fn an_open_goal_says_which_lemmas_would_help_and_they_are_goals() {
    let here = folder("explain");
    let goal = "(>[x,z,u,y,v,w,p] (& (in3[x,z,u,^]) (in3[y,z,v,^]) (in3[u,v,w,*]) (in3[x,y,p,*])) (in3[p,z,w,^]))";
    let arguments = ["prove", &theory("powers"), "--no-db", "--cpu", "3", "--goal", goal];
    let output = theoremata(&here, &[&arguments[..], &["--json"]].concat());
    let told = events(&output, "goal");
    assert!(told[0]["no_model"] == false && told[0].get("bound").is_some(), "{}", told[0]);
    assert!(told[0]["wishes"].as_array().is_some_and(|wishes| !wishes.is_empty()), "{}", said(&output));
    // Time ends both runs, the second one perhaps elsewhere: its wishes are its own.
    let shown = theoremata(&here, &[&arguments[..], &["--explain"]].concat());
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let (_, listed) = shown.split_once("would need one of these, as goals before it:").expect("a list of wishes");
    let wishes: Vec<&str> = listed.lines().filter(|line| line.starts_with("(>[")).collect();
    assert!(!wishes.is_empty(), "{shown}");
    fs::write(here.join("wishes"), wishes.join("\n")).expect("a file");
    let read = theoremata(&here, &["prove", &theory("powers"), "--goals", "wishes", "--json", "--no-db", "--cpu", "1"]);
    assert_eq!(events(&read, "goal").len(), wishes.len(), "each is a goal: {}", said(&read));
}

#[test]
fn the_laws_of_arithmetic_are_found_stored_and_shown() {
    let here = folder("arithmetic");
    let explored = theoremata(&here, &["explore", &theory("peano"), "--json", "--site", "site"]);
    assert_eq!(code(&explored), 0, "{}", said(&explored));
    let maths = maths(&explored);
    for law in [
        "x + y = y + x",
        "(x + y) + z = x + (y + z)",
        "x · y = y · x",
        "(x · y) · z = x · (y · z)",
        "x · y + z · y = (x + z) · y",
        "x · y + x · z = x · (y + z)",
    ] {
        assert!(has_law(&maths, law, "s"), "{law} is missing");
    }
    for theorem in events(&explored, "theorem") {
        let statement = theorem["statement"].as_str().expect("a text");
        // The judge does not know neutral and absorbing elements; there are a few such laws, and none is vacuous.
        if statement.matches("(>[").count() > 2 {
            let absorbs = |other| {
                statement.contains(&format!("(in3[a,{other},a,+])"))
                    || statement.contains(&format!("(in3[{other},a,a,+])"))
            };
            assert!(!["b", "c", "d"].into_iter().any(absorbs), "{statement}");
            continue;
        }
        assert!(holds(statement), "false in the natural numbers: {statement}");
    }
    let summary = &events(&explored, "summary")[0];
    assert_eq!(summary["szs"], "Success");
    assert!(here.join("site/index.html").is_file());
    let checked = theoremata(&here, &["check", "--json"]);
    assert_eq!(code(&checked), 0);
    let report = &events(&checked, "check")[0];
    assert_eq!(report["theorems"], maths.len());
    assert_eq!(report["flaws"].as_array().map(Vec::len), Some(0));
    // A proof step by step; the last step is the statement.
    let run = summary["run"].as_str().expect("an id");
    let number = maths.len().to_string();
    let shown = theoremata(&here, &["show", &run[..8], &number, "--json"]);
    let steps = events(&shown, "step");
    assert_eq!(steps.last().expect("steps")["conclusion"], events(&shown, "theorem")[0]["statement"]);
    assert_eq!(code(&theoremata(&here, &["show", run, "100000"])), 2);
}

#[test]
fn the_laws_of_groups_follow_from_left_identity_and_left_inverse() {
    let here = folder("groups");
    let explored = theoremata(&here, &["explore", &theory("group"), "--json", "--no-db"]);
    assert_eq!(code(&explored), 0, "{}", said(&explored));
    let maths = maths(&explored);
    for law in [
        "x · e = x",
        "x · x⁻¹ = e",
        "(x⁻¹)⁻¹ = x",
        "(x · y)⁻¹ = y⁻¹ · x⁻¹",
        "x · y = x → y = e",
        "x · y = y → x = e",
        "x · y = x · z → y = z",
        "x · y = z · y → x = z",
    ] {
        assert!(has_law(&maths, law, "e"), "{law} is missing from\n{}", maths.join("\n"));
    }
    assert!(events(&explored, "theorem").iter().all(|theorem| theorem["kind"] == "direct"), "there is no induction");
}

#[test]
fn goals_are_answered_with_words_reasons_and_exit_codes() {
    let here = folder("goals");
    let ask = |goal: &str| theoremata(&here, &["prove", &theory("peano"), "--goal", goal, "--json", "--no-db"]);
    let answer = |goal: &str, szs: &str, exit: i32| {
        let output = ask(goal);
        let goals = events(&output, "goal");
        assert_eq!(goals.len(), 1, "{}", said(&output));
        assert_eq!((goals[0]["szs"].as_str(), code(&output)), (Some(szs), exit), "{goal}");
        goals[0].clone()
    };
    answer("(>[a,b,c] (in3[a,b,c,*]) (in3[b,a,c,*]))", "Theorem", 0);
    answer("(>[a] (in[a,N]) !(in2[a,a,s]))", "Theorem", 0);
    answer("(>[a] (in[a,N]) !(>[b] (in[b,N]) !(in3[b,a,a,+])))", "Theorem", 0);
    answer("(>[a,b] (in3[a,b,0,+]) (& (=[a,0]) (=[b,0])))", "Theorem", 0);
    let vacuous = answer("(>[a] (in2[a,0,s]) (in3[a,a,a,*]))", "Theorem", 0);
    assert_eq!(vacuous["vacuous"], true);
    let refuted = answer("(>[a,b] (in3[a,b,1,+]) (=[a,1]))", "CounterSatisfiable", 1);
    assert_eq!(refuted["counterexample"]["a"], "0");
    assert_eq!(refuted["counterexample"]["b"], "1");
    // 0 is the only square that is twice a square.
    let square = "(>[a,x] (in3[a,a,x,*]) (>[y] (in3[x,x,y,+]) (>[b] (in3[b,b,y,*]) (=[a,0]))))";
    let open = answer(square, "GaveUp", 1);
    assert!(open["reason"].is_string());
    assert!(open["inductions"].as_array().is_some_and(|tried| !tried.is_empty()), "{open}");
    let wrong = ask("(>[a] (in[a,N]) (in3[a,a,+]))");
    assert_eq!(code(&wrong), 2);
    assert_eq!(events(&wrong, "failure")[0]["szs"], "InputError");
}

#[test]
fn a_wrong_line_of_a_goals_file_costs_itself_only() {
    let here = folder("lines");
    fs::write(here.join("goals"), "(>[a] (in[a,N]) (in3[a,0,a,+]))\n(>[a] (in[a,M]) (=[a,a]))\n(in3[0,0,1,+])\n")
        .expect("a file");
    let output = theoremata(&here, &["prove", &theory("peano"), "--goals", "goals", "--no-db"]);
    let text = said(&output);
    assert!(text.contains("goals:2:"), "{text}");
    assert!(text.contains("SZS status Theorem for 1"), "{text}");
    assert!(text.contains("SZS status CounterSatisfiable for 3"), "{text}");
    assert_eq!(code(&output), 2);
}

#[test]
fn threads_do_not_change_a_byte_and_an_export_can_be_read_back() {
    let here = folder("threads");
    for threads in ["1", "2"] {
        let (db, site) = (format!("db{threads}"), format!("site{threads}"));
        let arguments = ["explore", &theory("peano"), "--threads", threads, "--db", &db, "--site", &site, "-q"];
        assert_eq!(code(&theoremata(&here, &arguments)), 0);
    }
    let export = |db: &str| theoremata(&here, &["export", "--db", db]).stdout;
    let text = export("db1");
    assert!(!text.is_empty());
    assert!(text == export("db2"), "the exports differ");
    assert!(contents(&here.join("site1")) == contents(&here.join("site2")), "the sites differ");
    fs::write(here.join("runs.jsonl"), &text).expect("a file");
    assert_eq!(code(&theoremata(&here, &["import", "runs.jsonl", "--db", "copy"])), 0);
    assert!(export("copy") == text, "the copy differs");
    let mut damaged = text.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(here.join("damaged.jsonl"), &damaged).expect("a file");
    let refused = theoremata(&here, &["import", "damaged.jsonl", "--db", "other"]);
    assert_eq!(code(&refused), 2);
    assert!(said(&refused).contains("line "));
}

/// The environment variable `KILLS` sets how often; each time at another moment.
#[test]
fn a_killed_run_goes_on_and_ends_with_the_same_bytes() {
    let here = folder("kill");
    let kills: u64 = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let peano = theory("peano");
    let arguments = |db: &'static str, site: &'static str| vec!["--db", db, "--site", site, "-q", "--threads", "2"];
    let mut whole = vec!["explore", &peano];
    whole.extend(arguments("whole", "site"));
    assert_eq!(code(&theoremata(&here, &whole)), 0);
    let mut cut = vec!["explore", &peano];
    cut.extend(arguments("cut", "site2"));
    for number in 0..kills {
        let mut child = Command::new(env!("CARGO_BIN_EXE_theoremata"))
            .args(&cut)
            .current_dir(&here)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        thread::sleep(Duration::from_millis(15 + number * 7919 % 400));
        let _ = child.kill();
        let _ = child.wait();
    }
    assert_eq!(code(&theoremata(&here, &cut)), 0);
    let export = |db: &str| theoremata(&here, &["export", "--db", db]).stdout;
    assert!(export("whole") == export("cut"), "the exports differ");
    assert!(contents(&here.join("site")) == contents(&here.join("site2")), "the sites differ");
}

#[test]
fn bounds_end_a_run_that_can_be_resumed() {
    let here = folder("bounds");
    let limited = theoremata(&here, &["explore", &theory("peano"), "--cpu", "0.02", "--json"]);
    assert_eq!(code(&limited), 3, "{}", said(&limited));
    let summary = events(&limited, "summary")[0].clone();
    assert_eq!(summary["szs"], "Timeout");
    let run = summary["run"].as_str().expect("an id");
    let resumed = theoremata(&here, &["resume", run, "--json"]);
    assert_eq!(code(&resumed), 0, "{}", said(&resumed));
    assert_eq!(events(&resumed, "summary")[0]["status"], "finished");
    let memory = theoremata(&here, &["explore", &theory("peano"), "--memory", "1", "--json", "--no-db"]);
    assert_eq!((code(&memory), events(&memory, "summary")[0]["szs"].as_str()), (3, Some("ResourceOut")));
}

#[test]
fn contradictory_axioms_are_reported_with_their_proof() {
    let here = folder("contradiction");
    let text = "(theory Bad[N,0,s] (& (in[0,N]) (>[x] (in[x,N]) !(in2[x,0,s])) (in2[0,0,s])))";
    fs::write(here.join("bad.mpl"), text).expect("a file");
    let output = theoremata(&here, &["explore", "bad.mpl", "--json"]);
    assert_eq!(code(&output), 5, "{}", said(&output));
    let summary = &events(&output, "summary")[0];
    assert_eq!(summary["szs"], "ContradictoryAxioms");
    let shown = theoremata(&here, &["show", summary["run"].as_str().expect("an id"), "1", "--json"]);
    assert!(events(&shown, "step").len() > 3);
    assert_eq!(code(&theoremata(&here, &["check"])), 0);
}

#[test]
fn wrong_input_gets_a_place_or_a_bound_and_never_a_panic() {
    let here = folder("wrong");
    let deep = "!".repeat(100_000);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "empty.mpl:1:1"),
        ("open", b"(theory T[N] (in[0,N]".to_vec(), "open.mpl:1:"),
        ("binary", vec![0, 159, 146, 150], "binary.mpl:1:"),
        ("unknown", b"(theory T[N,0] (inn[0,N]))".to_vec(), "unknown.mpl:1:17"),
        ("arity", b"(theory T[N,0]\n  (in[0,N,N]))".to_vec(), "arity.mpl:2:"),
        ("sorts", b"(theory T[N,0] (& (in[0,N]) (in[N,0])))".to_vec(), "sorts.mpl:1:"),
        ("cycle", b"(define p[x] (q[x])) (define q[x] (p[x])) (theory T[0] (p[0]))".to_vec(), "cycle.mpl:1:"),
        ("deep", format!("(theory T[N,0] {deep}(in[0,N]))").into_bytes(), "deep.mpl:1:"),
        ("import", b"(import \"nowhere.mpl\") (theory T[N,0] (in[0,N]))".to_vec(), "import.mpl:1:"),
        ("large", vec![b'('; 20 << 20], "16777216"),
    ];
    for (name, bytes, place) in cases {
        let file = format!("{name}.mpl");
        fs::write(here.join(&file), bytes).expect("a file");
        let output = theoremata(&here, &["explore", &file, "--no-db"]);
        assert_eq!(code(&output), 2, "{name}: {}", said(&output));
        assert!(said(&output).contains(place), "{name}: {}", said(&output));
    }
    let peano = theory("peano");
    for (arguments, place) in [
        (vec!["explore", "nowhere.mpl"], "nowhere.mpl"),
        (vec!["explore", "."], "--config"),
        (vec!["explore", &peano, "--config", "x.json"], "--config"),
        (vec!["check", "--db", "nowhere"], "nowhere"),
        (vec!["resume", "abc", "--db", "nowhere"], "nowhere"),
        (vec!["prove", &peano], "--goal"),
    ] {
        let output = theoremata(&here, &arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(place), "{arguments:?}: {}", said(&output));
    }
    // Foreign folders are not modified.
    fs::create_dir(here.join("mine")).expect("a folder");
    fs::write(here.join("mine/file"), "mine").expect("a file");
    for option in ["--db", "--site"] {
        let output = theoremata(&here, &["explore", &peano, "-q", option, "mine"]);
        assert_eq!(code(&output), 4, "{}", said(&output));
        assert_eq!(fs::read(here.join("mine/file")).expect("still there"), b"mine");
    }
}

#[test]
fn shipped_theories_are_laid_out_and_clean() {
    let here = folder("layout");
    for name in ["peano", "group", "functions"] {
        assert_eq!(code(&theoremata(&here, &["fmt", "--check", &theory(name)])), 0, "{name}");
        let linted = theoremata(&here, &["lint", &theory(name), "--json"]);
        assert_eq!(code(&linted), 0, "{}", said(&linted));
        assert!(linted.stdout.iter().all(u8::is_ascii_whitespace), "{name}: {}", said(&linted));
    }
}

/// Definitions, configurations and statements from outside the project.
fn shared_data() -> Option<PathBuf> {
    let path = std::env::var_os("THEOREMATA_GL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/gl-data"), PathBuf::from);
    if path.is_dir() {
        return Some(path.canonicalize().expect("it is there"));
    }
    skip::skipped(format_args!("there is no {}", path.display()));
    None
}

#[test]
fn published_goals_are_all_decided() {
    let Some(data) = shared_data() else { return };
    let here = folder("published");
    for (version, goals, theorems, refuted) in
        [("paper", "paper/theorems/theorems.txt", 43, 363), ("v0.7", "v0.7/peano-conjectures.txt", 58, 407)]
    {
        let text = |path: &str| data.join(path).display().to_string();
        let (definitions, config, goals) =
            (text(&format!("{version}/definitions")), text(&format!("{version}/config/ConfigPeano.json")), text(goals));
        let arguments = ["prove", &definitions, "--config", &config, "--goals", &goals, "--json", "--no-db"];
        let answers = events(&theoremata(&here, &arguments), "goal");
        let count = |szs: &str| answers.iter().filter(|answer| answer["szs"] == szs).count();
        assert_eq!((count("Theorem"), count("CounterSatisfiable")), (theorems, refuted), "{version}");
        assert_eq!(answers.len(), theorems + refuted, "{version}: none is left open");
        for answer in answers.iter().filter(|answer| answer["szs"] == "CounterSatisfiable") {
            assert!(answer["counterexample"].as_object().is_some_and(|values| !values.is_empty()), "{answer}");
        }
    }
}

/// Lemmas about constructors are existential; their variables have the same names in every position.
#[test]
fn a_run_with_lemmas_about_constructors_can_be_read_back() {
    let here = folder("constructors");
    let explored = theoremata(&here, &["explore", &theory("natural-order"), "--max-size", "2", "--db", "db", "-q"]);
    assert_eq!(code(&explored), 0);
    let text = theoremata(&here, &["export", "--db", "db"]).stdout;
    assert!(String::from_utf8_lossy(&text).contains("!(in2[a1,a,s])"), "there is no such lemma");
    fs::write(here.join("runs.jsonl"), &text).expect("a file");
    assert_eq!(code(&theoremata(&here, &["import", "runs.jsonl", "--db", "copy"])), 0);
    assert!(theoremata(&here, &["export", "--db", "copy"]).stdout == text, "the copy differs");
}

#[test]
fn published_theorems_are_found_without_being_told() {
    let Some(data) = shared_data() else { return };
    let here = folder("discovered");
    let text = |path: &str| data.join(path).display().to_string();
    let (definitions, config) = (text("v0.7/definitions"), text("v0.7/config/ConfigPeano.json"));
    let explored = theoremata(&here, &["explore", &definitions, "--config", &config, "--json"]);
    assert_eq!(code(&explored), 0);
    let members = |name: &str| -> Vec<String> {
        events(&explored, "theorem").iter().map(|one| one[name].as_str().expect("a text").to_owned()).collect()
    };
    let (found, maths) = (members("statement"), members("math"));
    let known: Value =
        serde_json::from_slice(&fs::read(data.join("theorems.json")).expect("the list")).expect("a JSON file");
    let wanted: Vec<&Value> = known["v0.7"]["main"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|theorem| {
            theorem["batch"] == "Peano" && (theorem["kind"] == "direct" || theorem["kind"] == "induction")
        })
        .collect();
    assert_eq!(wanted.len(), 43);
    // The found theorems are given as goals before the published ones: each published theorem was found verbatim, or
    // must then follow directly, without an induction of its own. The vacuous ones were not searched for.
    let satisfiable = |theorem: &&&Value| theorem["premises_satisfiable_in_N"] != false;
    let mut goals = found.join("\n") + "\n";
    let published: Vec<&str> =
        wanted.iter().filter(satisfiable).map(|theorem| theorem["mpl"].as_str().expect("a text")).collect();
    goals.push_str(&published.join("\n"));
    fs::write(here.join("goals"), goals).expect("a file");
    let arguments = ["prove", &definitions, "--config", &config, "--goals", "goals", "--json", "--no-db"];
    let proved = theoremata(&here, &arguments);
    let answers = events(&proved, "goal");
    let theorems = events(&proved, "theorem");
    for answer in &answers[found.len()..] {
        let number = answer["theorem"].as_u64().unwrap_or_else(|| panic!("not proved: {answer}"));
        let is_found = maths.iter().any(|math| answer["math"] == **math);
        assert!(is_found || theorems[number as usize - 1]["kind"] == "direct", "{answer}");
    }
    let vacuous: Vec<&str> = wanted
        .iter()
        .filter(|theorem| theorem["premises_satisfiable_in_N"] == false)
        .map(|theorem| theorem["mpl"].as_str().expect("a text"))
        .collect();
    assert_eq!(vacuous.len(), 4);
    fs::write(here.join("vacuous"), vacuous.join("\n")).expect("a file");
    let arguments = ["prove", &definitions, "--config", &config, "--goals", "vacuous", "--json", "--no-db"];
    assert_eq!(code(&theoremata(&here, &arguments)), 0);
}

#[test]
fn ctrl_c_leaves_a_run_that_goes_on() {
    let here = folder("cancel");
    let arguments = ["explore", &theory("peano"), "--max-size", "6", "--json"];
    let child = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(arguments)
        .current_dir(&here)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    thread::sleep(Duration::from_millis(700));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130, "{}", said(&output));
    let summary = &events(&output, "summary")[0];
    assert_eq!((summary["status"].as_str(), summary["szs"].as_str()), (Some("cancelled"), Some("User")));
    let run = summary["run"].as_str().expect("an id").to_owned();
    let resumed = theoremata(&here, &["resume", &run, "--cpu", "0.5", "--json"]);
    assert_eq!(code(&resumed), 3, "it goes on until its bound: {}", said(&resumed));
}
