//! The whole pipeline, from a theory to its site: cost by stage.
//!
//! Runs the program as a user would, each time with a fresh database and site on disk: the exploration of
//! `theories/peano.mpl`, and, where the reference system's files are present, the exploration of its definitions and
//! its two lists of statements. The files are expected in the folder named by `THEOREMATA_GL_DATA`, or in
//! `../shared/gl-data`.
//!
//! `cargo bench --bench peano`. Times are CPU seconds of the whole process as it reports them itself, summed over
//! threads; minimum and median of the runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const RUNS: usize = 5;
/// Maximal CPU seconds and megabytes of an exploration of arithmetic.
const MOST_SECONDS: f64 = 2.5;
const MOST_MEGABYTES: f64 = 300.0;
const AIM_SECONDS: f64 = 0.5;

/// The figures that one run reports.
struct Figure {
    seconds: f64,
    megabytes: f64,
    stages: Vec<(String, f64)>,
    /// Number of results by status.
    statuses: BTreeMap<String, usize>,
}

fn run(arguments: &[&str], folder: &Path) -> Figure {
    std::fs::remove_dir_all(folder).ok();
    let output = Command::new(env!("CARGO_BIN_EXE_theoremata"))
        .args(arguments)
        .args(["--json", "--quiet", "--threads", "1", "--db"])
        .arg(folder.join("db"))
        .arg("--site")
        .arg(folder.join("site"))
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("its output is text");
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let Some(summary) = events.iter().find(|event| event["event"] == "summary") else {
        panic!("{arguments:?} gave no summary: {}", String::from_utf8_lossy(&output.stderr));
    };
    let number = |value: &Value| value.as_f64().expect("a figure is a number");
    let stages = summary["stages"].as_array().expect("a list of stages").iter();
    let mut statuses = BTreeMap::new();
    for event in events.iter().filter(|event| event["event"] == "goal") {
        *statuses.entry(event["szs"].as_str().unwrap_or("no status").to_owned()).or_insert(0) += 1;
    }
    Figure {
        seconds: number(&summary["cpu_seconds"]),
        megabytes: number(&summary["peak_bytes"]) / 1e6,
        stages: stages
            .map(|stage| (stage["stage"].as_str().unwrap_or("?").to_owned(), number(&stage["cpu_seconds"])))
            .collect(),
        statuses,
    }
}

/// Runs it several times and prints minimum and median; returns the median and the largest peak.
fn measure(what: &str, arguments: &[&str], folder: &Path) -> (f64, f64) {
    let mut figures: Vec<Figure> = (0..RUNS).map(|_| run(arguments, folder)).collect();
    figures.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let (least, median) = (&figures[0], &figures[RUNS / 2]);
    let peak = figures.iter().map(|figure| figure.megabytes).fold(0.0, f64::max);
    println!("{what}\n  CPU seconds {:.3} (median {:.3}), peak {peak:.1} MB", least.seconds, median.seconds);
    for (stage, _) in &least.stages {
        let of = |figure: &Figure| figure.stages.iter().find(|(name, _)| name == stage).map_or(0.0, |(_, cpu)| *cpu);
        let mut seconds: Vec<f64> = figures.iter().map(of).collect();
        seconds.sort_by(f64::total_cmp);
        println!("    {stage:24} {:.3} (median {:.3})", seconds[0], seconds[RUNS / 2]);
    }
    let statuses: Vec<String> = least.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
    if !statuses.is_empty() {
        println!("  {}", statuses.join(", "));
    }
    (median.seconds, peak)
}

fn judge((seconds, megabytes): (f64, f64)) {
    let within = seconds <= MOST_SECONDS && megabytes <= MOST_MEGABYTES;
    let verdict = if within { "kept" } else { "MISSED" };
    let aim = if seconds <= AIM_SECONDS { "reached" } else { "missed" };
    println!("  limit: {MOST_SECONDS} s and {MOST_MEGABYTES} MB: {verdict}; aim: {AIM_SECONDS} s: {aim}");
}

fn main() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::temp_dir().join(format!("theoremata-bench-{}", std::process::id()));
    let theory = home.join("theories/peano.mpl");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    judge(measure("explore theories/peano.mpl", &["explore", &text(&theory)], &folder));

    let named = std::env::var_os("THEOREMATA_GL_DATA").map(PathBuf::from);
    let data = named.unwrap_or_else(|| home.join("../shared/gl-data"));
    if data.is_dir() {
        let [newer, older] = ["v0.7", "paper"].map(|name| {
            (text(&data.join(name).join("definitions")), text(&data.join(name).join("config/ConfigPeano.json")))
        });
        println!("reference: Generative Logic v0.7 needs 246 CPU s and 1.3 GB to generate and prove this batch");
        judge(measure("explore v0.7/definitions", &["explore", &newer.0, "--config", &newer.1], &folder));
        for (what, (definitions, config), goals) in [
            ("prove the 406 statements of the paper", older, "paper/theorems/theorems.txt"),
            ("prove the 465 statements of v0.7", newer, "v0.7/peano-conjectures.txt"),
        ] {
            let goals = text(&data.join(goals));
            measure(what, &["prove", &definitions, "--config", &config, "--goals", &goals], &folder);
        }
    } else {
        println!("skipped: the reference system's files are not in {}", data.display());
    }
    std::fs::remove_dir_all(&folder).ok();
}
