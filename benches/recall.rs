//! Recall of `explore` on textbook laws: for each shipped theory, its laws in `theories/laws`, which were written down
//! before it was explored.
//!
//! Each theory is explored at default settings with 10 CPU seconds and 300 MB. A law is found if it is a theorem of the
//! run, shown or marked as a consequence, up to names of variables, order of premises and the relational ways of
//! writing an equation (`recall/law.rs`). A law that is only an instance of a theorem is counted in a column of its
//! own, not as found. Then all laws, and all false variants, are goals of `prove`.
//!
//! `cargo bench --bench recall`. After `--`: `--only NAME` selects one theory, `--json` prints an object per line,
//! `--docs FOLDER` writes the pages of `docs/theories`, `--explore SECONDS` and `--prove SECONDS` change the limits, of
//! which the second is per file of goals.

#[path = "recall/law.rs"]
mod law;
#[path = "recall/page.rs"]
mod page;
#[path = "recall/program.rs"]
mod program;
#[path = "recall/shipped.rs"]
mod shipped;

use std::path::Path;

use law::Laws;
use program::{Answer, Explored};
use serde_json::json;
use shipped::{names, read, theories};
use theoremata_logic::calculus::theory::{Goal, Theory};

/// Number of shown theorems that count as the first.
const FIRST: usize = 20;
const MOST_MEGABYTES: u32 = 300;

/// How a run contains a law.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Found {
    /// As theorem number `.0`, shown at position `.1`.
    Shown(u64, usize),
    /// As theorem number `.0`, marked as a consequence.
    Consequence(u64),
    /// Only as an instance of theorem number `.0`.
    Instance(u64),
    /// Not at all.
    Missed,
}

/// A law of the list.
pub(crate) struct Listed {
    /// Its name, if it has one.
    pub(crate) name: Option<String>,
    pub(crate) math: String,
    pub(crate) found: Found,
    /// The status from `prove`.
    pub(crate) szs: String,
}

/// The measurements of a theory.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) theory: Theory,
    pub(crate) explored: Explored,
    pub(crate) laws: Vec<Listed>,
    pub(crate) twins: Vec<Answer>,
    pub(crate) laws_cost: f64,
    pub(crate) twins_cost: f64,
}

impl Measured {
    fn count(&self, wanted: impl Fn(&Listed) -> bool) -> usize {
        self.laws.iter().filter(|law| wanted(law)).count()
    }

    pub(crate) fn found(&self) -> usize {
        self.count(|law| matches!(law.found, Found::Shown(..) | Found::Consequence(_)))
    }

    pub(crate) fn instances(&self) -> usize {
        self.count(|law| matches!(law.found, Found::Instance(_)))
    }

    fn named(&self) -> usize {
        self.count(|law| law.name.is_some())
    }

    fn first(&self) -> usize {
        self.count(|law| law.name.is_some() && matches!(law.found, Found::Shown(_, line) if line <= FIRST))
    }

    pub(crate) fn answered(&self, szs: &str) -> usize {
        self.count(|law| law.szs == szs)
    }

    pub(crate) fn twins(&self, szs: &str) -> usize {
        self.twins.iter().filter(|twin| twin.szs == szs).count()
    }
}

fn look_for(goal: &Goal, laws: &Laws<'_>, explored: &Explored) -> Found {
    let Some(wanted) = laws.law(&goal.statement) else { return Found::Missed };
    let mut found = Found::Missed;
    for theorem in &explored.theorems {
        let Some(known) = laws.read(&theorem.statement) else { continue };
        if laws.same(&known, &wanted) {
            match explored.shown.iter().position(|number| *number == theorem.number) {
                Some(line) => return Found::Shown(theorem.number, line + 1),
                None => found = Found::Consequence(theorem.number),
            }
        } else if found == Found::Missed && laws.instance(&known, &wanted) {
            found = Found::Instance(theorem.number);
        }
    }
    found
}

fn measure(name: &str, folder: &Path, explore: f64, prove: f64) -> Measured {
    let (theory, goals) = read(name);
    let file = theories().join(format!("{name}.mpl"));
    let explored = program::explore(&file, folder, explore, MOST_MEGABYTES);
    let goals_of = |kind: &str| theories().join(format!("laws/{name}{kind}.goals"));
    let (answers, laws_cost) = program::prove(&file, &goals_of(""), folder, prove);
    let (twins, twins_cost) = program::prove(&file, &goals_of(".false"), folder, prove);
    let laws = Laws::of(&theory);
    let listed = goals.iter().map(|goal| {
        let answer = answers.iter().find(|answer| *answer.label == *goal.label);
        Listed {
            // The label of an unnamed goal is its number.
            name: goal.label.parse::<u32>().is_err().then(|| goal.label.replace('-', " ")),
            math: answer.map_or_else(|| goal.label.to_string(), |answer| answer.math.clone()),
            found: look_for(goal, &laws, &explored),
            szs: answer.map_or_else(|| "no answer".to_owned(), |answer| answer.szs.clone()),
        }
    });
    let laws = listed.collect();
    Measured { name: name.to_owned(), theory, explored, laws, twins, laws_cost, twins_cost }
}

fn print(all: &[Measured]) {
    println!("explore, default settings; a law without a name counts as well");
    println!(
        "{:<18}{:>6}{:>7}{:>6}{:>10}{:>8}{:>10}{:>8}{:>7}  ended",
        "theory", "laws", "found", "%", "instances", "named", "first 20", "CPU s", "MB"
    );
    for one in all {
        let percent = 100 * one.found() / one.laws.len().max(1);
        println!(
            "{:<18}{:>6}{:>7}{percent:>6}{:>10}{:>8}{:>10}{:>8.2}{:>7.0}  {}",
            one.name,
            one.laws.len(),
            one.found(),
            one.instances(),
            one.named(),
            one.first(),
            one.explored.seconds,
            one.explored.megabytes,
            if one.explored.finished { "by itself" } else { "at a bound" },
        );
    }
    let sum = |of: &dyn Fn(&Measured) -> usize| all.iter().map(of).sum::<usize>();
    let (laws, found) = (sum(&|one| one.laws.len()), sum(&Measured::found));
    println!(
        "all: {found} of {laws} laws found ({} %), {} more are instances; {} of {} named laws in the first {FIRST} lines\n",
        100 * found / laws.max(1),
        sum(&Measured::instances),
        sum(&Measured::first),
        sum(&Measured::named),
    );
    println!("prove; the statements that only look like laws must not be proved");
    println!(
        "{:<18}{:>6}{:>8}{:>9}{:>6}{:>8}{:>8}{:>8}{:>9}{:>6}{:>8}",
        "theory", "laws", "proved", "refuted", "open", "CPU s", "false", "proved", "refuted", "open", "CPU s"
    );
    for one in all {
        let (proved, refuted) = (one.answered("Theorem"), one.answered("CounterSatisfiable"));
        let (wrong, right) = (one.twins("Theorem"), one.twins("CounterSatisfiable"));
        println!(
            "{:<18}{:>6}{proved:>8}{refuted:>9}{:>6}{:>8.2}{:>8}{wrong:>8}{right:>9}{:>6}{:>8.2}",
            one.name,
            one.laws.len(),
            one.laws.len() - proved - refuted,
            one.laws_cost,
            one.twins.len(),
            one.twins.len() - wrong - right,
            one.twins_cost,
        );
    }
    println!(
        "all: {} of {laws} laws proved; {} of {} false statements proved, {} refuted\n",
        sum(&|one| one.answered("Theorem")),
        sum(&|one| one.twins("Theorem")),
        sum(&|one| one.twins.len()),
        sum(&|one| one.twins("CounterSatisfiable")),
    );
    for one in all {
        let missed: Vec<&Listed> =
            one.laws.iter().filter(|law| matches!(law.found, Found::Instance(_) | Found::Missed)).collect();
        if !missed.is_empty() {
            println!("{}: not found by explore", one.name);
        }
        for law in missed {
            let kind = match law.found {
                Found::Instance(number) => format!("an instance of {number}"),
                _ => "missed".to_owned(),
            };
            let name = law.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
            println!("  {name}{}   [{kind}; prove: {}]", law.math, law.szs);
        }
    }
}

fn print_json(all: &[Measured]) {
    for one in all {
        let laws = one.laws.iter().map(|law| {
            let (found, number, line) = match law.found {
                Found::Shown(number, line) => ("theorem", Some(number), Some(line)),
                Found::Consequence(number) => ("consequence", Some(number), None),
                Found::Instance(number) => ("instance", Some(number), None),
                Found::Missed => ("missed", None, None),
            };
            json!({ "name": law.name, "math": law.math, "found": found, "number": number, "line": line, "szs": law.szs })
        });
        let twins = one.twins.iter().map(|twin| json!({ "name": twin.label, "math": twin.math, "szs": twin.szs }));
        println!(
            "{}",
            json!({
                "event": "theory", "theory": one.name, "laws": laws.collect::<Vec<_>>(),
                "false": twins.collect::<Vec<_>>(), "found": one.found(), "instances": one.instances(),
                "named": one.named(), "named_first": one.first(), "cpu_seconds": one.explored.seconds,
                "megabytes": one.explored.megabytes, "finished": one.explored.finished,
                "prove_cpu_seconds": one.laws_cost, "false_cpu_seconds": one.twins_cost,
            })
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let seconds = |name: &str, usual: f64| value(name).map_or(usual, |text| text.parse().expect("a number of seconds"));
    let (explore, prove) = (seconds("--explore", 10.0), seconds("--prove", 30.0));
    law::try_out(&read("group").0);
    let folder = std::env::temp_dir().join(format!("theoremata-recall-{}", std::process::id()));
    let only = value("--only");
    let names = names().into_iter().filter(|name| only.as_ref().is_none_or(|only| only == name));
    let all: Vec<Measured> = names.map(|name| measure(&name, &folder, explore, prove)).collect();
    std::fs::remove_dir_all(&folder).ok();
    if arguments.iter().any(|argument| argument == "--json") {
        print_json(&all);
    } else {
        print(&all);
    }
    if let Some(docs) = value("--docs") {
        page::write(&all, Path::new(&docs));
    }
    let wrong: usize = all.iter().map(|one| one.twins("Theorem") + one.answered("CounterSatisfiable")).sum();
    assert_eq!(wrong, 0, "no false statement is proved, and no law refuted");
}
