//! Equational problems: implications between small random laws of one operation, compared with the prover E.
//!
//! Each law has one to four operations and one to three variables; each problem is a theory with one law as its axiom
//! and another as its goal, and a separate run of `prove` at default settings. A problem is true if E proves it, and
//! false if an operation table refutes it: all tables with two elements, and those with three and four that a fixed
//! seed generates, with a repair of the entries that violate the axiom. Problems that neither settles are listed as
//! unknown, whatever our result.
//!
//! `cargo bench --bench equations`. After `--`: `--problems N` (200), `--seed N` (1), `--seconds N` (5) per problem and
//! system, `--operations N` (4) maximal operations of a law, `--alone` omits E, `--list` prints each problem.

#[path = "equations/law.rs"]
mod law;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use law::{Law, Random, refutes};
use serde_json::Value;

const MOST_MEGABYTES: &str = "500";

/// A set with an operation.
const OPERATION: &str = "(theory Magma[N,*] (&
    (>[x,y,z] (in3[x,y,z,*]) (& (in[x,N]) (in[y,N]) (in[z,N])))
    (>[x,y] (& (in[x,N]) (in[y,N])) (exists[z] (in[z,N]) (in3[x,y,z,*])))
    (>[x,y] (& (in[x,N]) (in[y,N])) (>[z,w] (& (in3[x,y,z,*]) (in3[x,y,w,*])) (=[z,w])))";

struct Problem {
    axiom: Law,
    goal: Law,
}

/// The result of a system, and its CPU seconds.
struct Said {
    word: String,
    seconds: f64,
}

fn ours(problem: &Problem, folder: &Path, seconds: &str) -> Said {
    let file = folder.join("magma.mpl");
    std::fs::write(&file, format!("{OPERATION}\n    {}))\n", problem.axiom.mpl()))
        .expect("a file in a folder of its own");
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .arg("prove")
        .arg(&file)
        .args(["--goal", &problem.goal.mpl(), "--cpu", seconds, "--memory", MOST_MEGABYTES])
        .args(["--json", "--quiet", "--no-db"])
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let event = |kind: &str| events.iter().find(|event| event["event"] == kind);
    let word = event("goal").and_then(|goal| goal["szs"].as_str()).unwrap_or("no answer").to_owned();
    let seconds = event("summary").and_then(|summary| summary["cpu_seconds"].as_f64()).unwrap_or(0.0);
    Said { word, seconds }
}

/// The result of E; `None` if it is not installed. Its seconds are wall time.
fn eprover(problem: &Problem, folder: &Path, seconds: &str) -> Option<Said> {
    let file = folder.join("magma.p");
    let text = format!("fof(law, axiom, {}).\nfof(goal, conjecture, {}).\n", problem.axiom.tptp(), problem.goal.tptp());
    std::fs::write(&file, text).expect("a file in a folder of its own");
    let start = Instant::now();
    let output = Command::new("eprover")
        .args(["--auto", "-s"])
        .arg(format!("--cpu-limit={seconds}"))
        .arg(&file)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let word = text.lines().find_map(|line| line.split("SZS status ").nth(1)).unwrap_or("no answer").to_owned();
    Some(Said { word, seconds: start.elapsed().as_secs_f64() })
}

#[derive(Default)]
struct Counts {
    /// True problems: number, proved by us, our seconds and E's.
    truths: (usize, usize, f64, f64),
    /// False problems: number, refuted by us, our seconds.
    lies: (usize, usize, f64),
    /// Unknown problems: number, proved by us, refuted by us, our seconds.
    unknown: (usize, usize, usize, f64),
    failures: Vec<String>,
    wrong: Vec<String>,
}

impl Counts {
    fn add(&mut self, shown: &str, ours: &Said, rival: Option<&Said>, is_false: bool) {
        let (proved, refuted) = (ours.word == "Theorem", ours.word == "CounterSatisfiable");
        let is_true = rival.is_some_and(|said| said.word == "Theorem");
        assert!(!(is_true && is_false), "{shown}: E proves what a table refutes");
        if (proved && is_false) || (refuted && is_true) {
            self.wrong.push(format!("{shown}: {}", ours.word));
        }
        if is_false {
            self.lies = (self.lies.0 + 1, self.lies.1 + usize::from(refuted), self.lies.2 + ours.seconds);
        } else if let (true, Some(rival)) = (is_true, rival) {
            let (all, own, seconds, its) = self.truths;
            self.truths = (all + 1, own + usize::from(proved), seconds + ours.seconds, its + rival.seconds);
        } else {
            let (all, yes, no, seconds) = self.unknown;
            self.unknown = (all + 1, yes + usize::from(proved), no + usize::from(refuted), seconds + ours.seconds);
        }
        if !proved && !refuted {
            let what = if is_false {
                "false"
            } else if is_true {
                "true"
            } else {
                "unknown"
            };
            self.failures.push(format!("{shown}   ({what}; {} after {:.1} s)", ours.word, ours.seconds));
        }
    }

    fn print(&self) {
        let (all, own, seconds, its) = self.truths;
        println!("| problems | | ours | CPU s | E | s |\n|---|---|---|---|---|---|");
        println!("| true, E proves them | {all} | {own} proved | {seconds:.1} | {all} | {its:.1} |");
        let (all, own, seconds) = self.lies;
        println!("| false, a small table refutes them | {all} | {own} refuted | {seconds:.1} | | |");
        let (all, yes, no, seconds) = self.unknown;
        println!("| neither | {all} | {yes} proved, {no} refuted | {seconds:.1} | | |");
        for (title, lines) in [("Open:", &self.failures), ("WRONG:", &self.wrong)] {
            if !lines.is_empty() {
                println!("\n{title}\n  {}", lines.join("\n  "));
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let number = |name: &str, usual: u64| {
        value(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} wants a number")))
    };
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let (count, operations) = (number("--problems", 200), number("--operations", 4) as usize);
    let seconds = number("--seconds", 5).to_string();
    let mut random = Random::new(number("--seed", 1));
    let folder = tempfile::tempdir().expect("a folder of its own");
    let mut counts = Counts::default();
    let mut with_rival = !flag("--alone");
    for place in 0..count {
        let axiom = Law::random(&mut random, operations);
        let goal = loop {
            let goal = Law::random(&mut random, operations);
            if goal != axiom {
                break goal;
            }
        };
        let is_false = refutes(&axiom, &goal, place);
        let problem = Problem { axiom, goal };
        let rival = if with_rival && !is_false { eprover(&problem, folder.path(), &seconds) } else { None };
        if with_rival && !is_false && rival.is_none() {
            eprintln!("eprover is not installed: what is true is not known");
            with_rival = false;
        }
        let own = ours(&problem, folder.path(), &seconds);
        let shown = format!("{} ⊢ {}", problem.axiom, problem.goal);
        if flag("--list") {
            println!("{shown}: {} {:.2} s", own.word, own.seconds);
        }
        counts.add(&shown, &own, rival.as_ref(), is_false);
        std::io::stdout().flush().ok();
    }
    counts.print();
    assert!(counts.wrong.is_empty(), "an answer is wrong");
}
