//! Runs the program as a user would, and parses its output.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A theorem of a run.
pub(crate) struct Theorem {
    pub(crate) number: u64,
    pub(crate) statement: String,
    pub(crate) math: String,
    /// The variable of its induction, if it was proved by one.
    pub(crate) variable: Option<String>,
}

/// The results and cost of an exploration.
pub(crate) struct Explored {
    pub(crate) theorems: Vec<Theorem>,
    /// The numbers of the shown theorems, in order.
    pub(crate) shown: Vec<u64>,
    /// The rows of the summary table.
    pub(crate) rows: Vec<(String, String)>,
    pub(crate) seconds: f64,
    pub(crate) megabytes: f64,
    /// Whether it finished within its bounds.
    pub(crate) finished: bool,
    /// Its remarks.
    pub(crate) remarks: Vec<String>,
}

fn program(arguments: &[&str], folder: &Path) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_theoremata"));
    program.args(arguments).arg("--db").arg(folder.join("db")).output().expect("the program starts")
}

fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Explores a theory at default settings within these CPU seconds and megabytes.
pub(crate) fn explore(theory: &Path, folder: &Path, seconds: f64, megabytes: u32) -> Explored {
    std::fs::remove_dir_all(folder).ok();
    let (seconds, megabytes) = (seconds.to_string(), megabytes.to_string());
    let theory = theory.to_string_lossy();
    let output = program(&["explore", &theory, "--cpu", &seconds, "--memory", &megabytes], folder);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut shown = Vec::new();
    let mut rows = Vec::new();
    let mut run = None;
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix("run ") {
            run = rest.split_whitespace().next().map(str::to_owned);
        } else if line.starts_with(' ')
            && rows.is_empty()
            && let Some(number) = line.split_whitespace().next().and_then(|word| word.parse().ok())
        {
            shown.push(number);
        } else if let Some((label, value)) = line.trim().rsplit_once("  ") {
            rows.push((label.trim().to_owned(), value.trim().to_owned()));
        }
    }
    let row = |label: &str| rows.iter().find(|(known, _)| known == label).and_then(|(_, value)| value.parse().ok());
    let (seconds, megabytes) = (row("CPU s, all").unwrap_or(0.0), row("peak memory, MB").unwrap_or(0.0));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let run = run.or_else(|| {
        let line = errors.lines().find(|line| line.starts_with("run "))?;
        line.split_whitespace().nth(1).map(str::to_owned)
    });
    let theorems = run.map_or_else(Vec::new, |run| {
        let listed = program(&["show", &run, "--json", "--quiet"], folder);
        let theorems = events(&listed).into_iter().filter(|event| event["event"] == "theorem");
        theorems
            .map(|event| Theorem {
                number: event["number"].as_u64().unwrap_or(0),
                statement: text(&event["statement"]),
                math: text(&event["math"]),
                variable: event["variable"].as_str().map(str::to_owned),
            })
            .collect()
    });
    let remarks = errors.lines().filter(|line| !line.starts_with("run ")).map(str::to_owned).collect();
    Explored { theorems, shown, rows, seconds, megabytes, finished: output.status.success(), remarks }
}

/// The answer to a goal: its label, status, and statement in infix notation.
pub(crate) struct Answer {
    pub(crate) label: String,
    pub(crate) szs: String,
    pub(crate) math: String,
}

/// Proves or refutes all goals of a file within these CPU seconds; returns the answers, and the cost.
pub(crate) fn prove(theory: &Path, goals: &Path, folder: &Path, seconds: f64) -> (Vec<Answer>, f64) {
    std::fs::remove_dir_all(folder).ok();
    let seconds = seconds.to_string();
    let (theory, goals) = (theory.to_string_lossy(), goals.to_string_lossy());
    let limits = ["--cpu", &*seconds, "--memory", "500", "--json", "--quiet"];
    let output = program(&[&["prove", &*theory, "--goals", &*goals][..], &limits].concat(), folder);
    let events = events(&output);
    let answers = events.iter().filter(|event| event["event"] == "goal").map(|event| Answer {
        label: text(&event["label"]),
        szs: text(&event["szs"]),
        math: text(&event["math"]),
    });
    let summary = events.iter().find(|event| event["event"] == "summary");
    let cost = summary.and_then(|event| event["cpu_seconds"].as_f64()).unwrap_or(0.0);
    (answers.collect(), cost)
}
