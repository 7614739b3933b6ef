//! A hundred problems about inductive types, compared with two specialised systems: how many of `benches/problems` each
//! proves within the same CPU time.
//!
//! The problems are about natural numbers, lists, lists of numbers, and trees with lists and numbers; no lemmas are
//! given. Each is a separate run. The rivals get the same theories with data types and recursive functions, their usual
//! input: cvc5 with `--quant-ind` (PyPI's `cvc5`), and ACL2 without hints. `benches/induction.py` runs them; one that
//! is not installed is skipped and reported as such.
//!
//! `cargo bench --bench induction`. After `--`: `--seconds N` (10), `--only FILE` (such as `trees`), `--json` prints an
//! object per problem, `--docs FILE` writes the tables as a page, `--alone` omits the rivals.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use theoremata_logic::language::mpl::{read_goals, read_mpl};

const MOST_MEGABYTES: &str = "500";
const FILES: [&str; 4] = ["numbers", "lists", "number-lists", "trees"];
const RIVALS: [(&str, &str); 2] = [("cvc5", "smt2"), ("acl2", "lisp")];

/// The result of a system on a problem, and its CPU seconds.
#[derive(Clone)]
struct Outcome {
    said: String,
    seconds: f64,
}

impl Outcome {
    fn is_proof(&self) -> bool {
        self.said == "proved"
    }
}

struct Problem {
    file: &'static str,
    label: String,
    math: String,
    /// By system.
    outcomes: BTreeMap<&'static str, Outcome>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/problems")
}

/// The labels and statements of a file's goals.
fn goals(file: &str) -> Vec<(String, String)> {
    let mut load = |path: &str| std::fs::read(folder().join(path)).map_err(|error| error.to_string());
    let name = format!("{file}.mpl");
    let text = load(&name).expect("a theory of the bench");
    let (theory, _) = read_mpl(&name, &text, &mut load).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let name = format!("{file}.goals");
    let (goals, report) = read_goals(&theory, &load(&name).expect("its goals"), &name);
    assert!(!report.failed(), "{}", report.render(false));
    goals.iter().map(|goal| (goal.label.to_string(), theory.write(&goal.statement, &[]))).collect()
}

/// Runs the program on a goal: its result, the goal in infix notation, and the seconds.
fn prove(file: &str, goal: &str, seconds: &str) -> (Outcome, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .arg("prove")
        .arg(folder().join(format!("{file}.mpl")))
        .args(["--goal", goal, "--cpu", seconds, "--memory", MOST_MEGABYTES, "--json", "--quiet", "--no-db"])
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let event = |kind: &str| events.iter().find(|event| event["event"] == kind);
    let said = event("goal").and_then(|goal| goal["szs"].as_str()).unwrap_or("no answer");
    let said = match said {
        "Theorem" => "proved",
        "CounterSatisfiable" => "refuted",
        "GaveUp" => "open",
        "Timeout" => "out of time",
        "ResourceOut" => "out of memory",
        other => other,
    };
    let math = event("goal").and_then(|goal| goal["math"].as_str()).unwrap_or(goal).to_owned();
    let seconds = event("summary").and_then(|summary| summary["cpu_seconds"].as_f64()).unwrap_or(0.0);
    (Outcome { said: said.to_owned(), seconds }, math)
}

/// The results of a rival on the goals of a file; `None` if it is not installed.
fn rival(system: &str, extension: &str, file: &str, seconds: &str) -> Option<BTreeMap<String, Outcome>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/induction.py");
    let problem = folder().join(format!("{file}.{extension}"));
    let output = Command::new("python3").arg(script).arg(system).arg(problem).arg(seconds).output().ok()?;
    if output.status.code() == Some(3) {
        return None;
    }
    assert!(output.status.success(), "{system}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let outcomes = text.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [label, said, seconds] = words[..] else { panic!("{system}: {line}") };
        let seconds = seconds.parse().expect("CPU seconds");
        (label.to_owned(), Outcome { said: said.to_owned(), seconds })
    });
    Some(outcomes.collect())
}

fn tables(problems: &[Problem], systems: &[&'static str], seconds: &str) -> String {
    let mut text =
        format!("Proved within {seconds} CPU s, and the CPU seconds for all problems of the row.\n\n| | problems |");
    for system in systems {
        let _ = write!(text, " {system} | s |");
    }
    text.push_str("\n|---|---|");
    text.push_str(&"---|---|".repeat(systems.len()));
    for file in FILES.iter().copied().chain(["all"]) {
        let rows: Vec<&Problem> = problems.iter().filter(|problem| file == "all" || problem.file == file).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(text, "\n| {file} | {} |", rows.len());
        for system in systems {
            let outcomes: Vec<&Outcome> = rows.iter().filter_map(|problem| problem.outcomes.get(system)).collect();
            let proved = outcomes.iter().filter(|outcome| outcome.is_proof()).count();
            let _ = write!(text, " {proved} | {:.1} |", outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>());
        }
    }
    let mut proved_by = BTreeMap::new();
    for problem in problems {
        let who: Vec<&str> = systems
            .iter()
            .copied()
            .filter(|system| problem.outcomes.get(system).is_some_and(Outcome::is_proof))
            .collect();
        *proved_by.entry(if who.is_empty() { "none".to_owned() } else { who.join(", ") }).or_insert(0) += 1;
    }
    text.push_str("\n\nProved by:");
    for (who, count) in proved_by {
        let _ = write!(text, " {who} {count};");
    }
    text.push_str("\n\nProblems that at least one system did not prove:\n\n| | |");
    text.extend(systems.iter().map(|system| format!(" {system} |")));
    text.push_str("\n|---|---|");
    text.push_str(&"---|".repeat(systems.len()));
    for problem in problems.iter().filter(|problem| !problem.outcomes.values().all(Outcome::is_proof)) {
        let _ = write!(text, "\n| {} | `{}` |", problem.label, problem.math);
        for system in systems {
            let said = problem.outcomes.get(system).map_or("", |outcome| &outcome.said);
            let _ = write!(text, " {said} |");
        }
    }
    text.push('\n');
    text
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let seconds = value("--seconds").unwrap_or_else(|| "10".to_owned());
    let only = value("--only");
    let mut problems: Vec<Problem> = Vec::new();
    let mut systems = vec!["ours"];
    for file in FILES.iter().copied().filter(|file| only.as_ref().is_none_or(|only| only == file)) {
        let mut others = BTreeMap::new();
        for (system, extension) in RIVALS.iter().filter(|_| !has("--alone")) {
            match rival(system, extension, file, &seconds) {
                Some(outcomes) => {
                    others.insert(*system, outcomes);
                    if !systems.contains(system) {
                        systems.push(system);
                    }
                }
                None => eprintln!("skipped: {system} is not installed"),
            }
        }
        for (label, goal) in goals(file) {
            let (outcome, math) = prove(file, &goal, &seconds);
            let mut outcomes = BTreeMap::from([("ours", outcome)]);
            for (system, known) in &others {
                outcomes.extend(known.get(&label).map(|outcome| (*system, outcome.clone())));
            }
            if has("--json") {
                let said: serde_json::Map<String, Value> = outcomes
                    .iter()
                    .map(|(system, one)| ((*system).to_owned(), json!({ "said": one.said, "seconds": one.seconds })))
                    .collect();
                println!("{}", json!({ "event": "problem", "label": label, "math": math, "systems": said }));
            }
            problems.push(Problem { file, label, math, outcomes });
        }
    }
    let text = tables(&problems, &systems, &seconds);
    if !has("--json") {
        println!("{text}");
    }
    if let Some(path) = value("--docs") {
        let head = "# Induction\n\nA hundred problems about inductive types, written by `cargo bench --bench induction -- --docs \
                    docs/induction.md`. The problems are in\n[benches/problems](../benches/problems), with data types for cvc5 \
                    (`--quant-ind`) and ACL2 (`thm` without hints). No lemmas are given.\n\n";
        std::fs::write(path, format!("{head}{text}")).expect("the page can be written");
    }
    let refuted = problems.iter().filter(|problem| problem.outcomes["ours"].said == "refuted").count();
    assert_eq!(refuted, 0, "all problems are true");
}
