//! Exports: their size, the time to write and to check them, and how these scale.
//!
//! Explores the shipped theories and writes every language; installed checkers are timed on their files. Then
//! arithmetic with conjectures of up to six atoms, of which the first 250, 500, 1,000 and all theorems are written: the
//! cost per theorem must stay constant.
//!
//! `cargo bench --bench exports`. Times are CPU seconds, those of the checkers as counted by the system, in hundredths;
//! minimum of the runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use theoremata_logic::calculus::checked::Checked;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::export::Format;
use theoremata_logic::export::dedukti::Dedukti;
use theoremata_logic::export::lean::Lean;
use theoremata_logic::export::metamath::Metamath;
use theoremata_logic::export::rocq::Rocq;
use theoremata_logic::export::tstp::Tstp;
use theoremata_logic::language::mpl::read_mpl;
use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::{Exploration, Options, Task};

const RUNS: usize = 3;
/// Maximal cost of writing one run in one language, and of checking its Metamath file.
const MOST_WRITING: f64 = 1.0;
const MOST_CHECKING: f64 = 0.5;

/// A language: its name, its file extension, and the commands that check a file, in order.
struct Language {
    name: &'static str,
    extension: &'static str,
    make: for<'t> fn(&'t Theory) -> Box<dyn Format + 't>,
    checkers: &'static [(&'static str, &'static [&'static [&'static str]])],
}

const LANGUAGES: [Language; 5] = [
    Language {
        name: "Metamath",
        extension: "mm",
        make: |theory| Box::new(Metamath::new(theory)),
        checkers: &[
            ("metamath", &[&["metamath", "read FILE", "verify proof *", "exit"]]),
            ("smetamath", &[&["smetamath", "--verify", "FILE"]]),
        ],
    },
    Language {
        name: "Dedukti",
        extension: "dk",
        make: |theory| Box::new(Dedukti::new(theory)),
        checkers: &[("kocheck", &[&["kocheck", "FILE"]])],
    },
    Language {
        name: "Rocq",
        extension: "v",
        make: |theory| Box::new(Rocq::new(theory)),
        checkers: &[("coqc", &[&["coqc", "FILE"]]), ("coqchk", &[&["coqchk", "-silent", "-R", ".", "", "STEM"]])],
    },
    Language { name: "Lean", extension: "lean", make: |theory| Box::new(Lean::new(theory)), checkers: &[] },
    Language { name: "TSTP", extension: "tstp", make: |theory| Box::new(Tstp::new(theory)), checkers: &[] },
];

fn explored(file: &str, atoms: Option<usize>) -> (Arc<Theory>, Vec<Checked>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("theories");
    let mut load = |path: &str| fs::read(folder.join(path)).map_err(|error| error.to_string());
    let text = load(file).expect("a theory that we ship");
    let (mut theory, _) = read_mpl(file, &text, &mut load).expect("it can be read");
    if let Some(atoms) = atoms {
        theory.bounds.atoms = atoms;
    }
    let theory = Arc::new(theory);
    let mut exploration = Exploration::new(theory.clone(), &[], Options::default());
    loop {
        match exploration.next() {
            Task::Prepare => {
                exploration.prepare(&mut || true);
            }
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(solve).unzip();
                exploration.commit(verdicts, count, steps.iter().sum());
            }
            Task::Ask | Task::Finished => break,
        }
    }
    (theory, exploration.theorems.into_iter().map(|theorem| theorem.checked).collect())
}

fn written(theory: &Theory, theorems: &[Checked], language: &Language) -> String {
    let mut format = (language.make)(theory);
    theorems.iter().for_each(|theorem| format.survey(theorem));
    let mut text = String::new();
    format.begin(&mut text);
    theorems.iter().for_each(|theorem| format.theorem(theorem, &mut text));
    format.end(&mut text);
    text
}

fn own_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// CPU seconds of terminated child processes, in hundredths.
fn childrens_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may contain blanks: the first is field 3; fields 16 and 17 are the children's.
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / 100.0
}

/// The minimum of some runs.
fn least(mut measure: impl FnMut() -> f64) -> f64 {
    (0..RUNS).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

fn check(commands: &[&[&str]], folder: &Path, file: &str) -> Option<f64> {
    let stem = file.split('.').next().unwrap_or(file);
    let mut there = true;
    let seconds = least(|| {
        let before = childrens_seconds();
        for command in commands {
            let arguments = command[1..].iter().map(|word| word.replace("FILE", file).replace("STEM", stem));
            let ended = Command::new(command[0])
                .args(arguments)
                .current_dir(folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            there &= ended.is_ok();
        }
        childrens_seconds() - before
    });
    there.then_some(seconds)
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn main() {
    println!("| theory | theorems | language | KB | written in, s | checked in, s |\n|---|---|---|---|---|---|");
    for (name, file) in [("Peano", "peano.mpl"), ("Group", "group.mpl")] {
        let (theory, theorems) = explored(file, None);
        for language in &LANGUAGES {
            let text = written(&theory, &theorems, language);
            let seconds = least(|| {
                let before = own_seconds();
                std::hint::black_box(written(&theory, &theorems, language));
                own_seconds() - before
            });
            let file = format!("{name}.{}", language.extension);
            fs::write(folder().join(&file), &text).expect("written");
            let mut times = Vec::new();
            for (checker, commands) in language.checkers {
                let time = check(commands, &folder(), &file);
                times.push(time.map_or(format!("{checker} is not installed"), |time| {
                    let limit = if language.name == "Metamath" && time > MOST_CHECKING { " MISSED" } else { "" };
                    format!("{checker} {time:.2}{limit}")
                }));
            }
            let limit = if seconds > MOST_WRITING { " MISSED" } else { "" };
            println!(
                "| {name} | {} | {} | {} | {seconds:.3}{limit} | {} |",
                theorems.len(),
                language.name,
                text.len().div_ceil(1024),
                times.join(", ")
            );
        }
    }
    let (theory, all) = explored("peano.mpl", Some(6));
    let steps = |count: usize| all[..count].iter().map(|theorem| theorem.proof().steps.len()).sum::<usize>();
    println!(
        "\n| language | theorems | steps | KB | written in, s | µs a step | bytes a step |\n|---|---|---|---|---|---|---|"
    );
    for language in &LANGUAGES {
        for count in [250, 500, 1_000, all.len()] {
            let mut bytes = 0;
            let seconds = least(|| {
                let before = own_seconds();
                bytes = written(&theory, &all[..count], language).len();
                own_seconds() - before
            });
            let steps = steps(count) as f64;
            println!(
                "| {} | {count} | {steps} | {} | {seconds:.3} | {:.1} | {:.0} |",
                language.name,
                bytes.div_ceil(1024),
                1e6 * seconds / steps,
                bytes as f64 / steps
            );
        }
    }
    let file = "Peano6.mm";
    for count in [250, 500, 1_000, all.len()] {
        fs::write(folder().join(file), written(&theory, &all[..count], &LANGUAGES[0])).expect("written");
        for (checker, commands) in LANGUAGES[0].checkers {
            let time = check(commands, &folder(), file);
            println!("{checker}, {count} theorems: {}", time.map_or("-".to_owned(), |time| format!("{time:.2} s")));
        }
    }
}
