//! The value of advice: goals closed with and without it, by a model and by its rivals under the same conditions.
//!
//! Theories are split. The n-gram table is learned from the theorems of [`LEARNED`] alone; the laws of all other
//! theories are measured, each as a separate goal: without advice, with random statements, n-grams, generalised
//! subgoals, premise selection by symbols, and, with `--model NAME`, a language model. All have the same budget of CPU
//! seconds, which includes the model's, and the same number of proposals. Then each theory is explored with the same
//! advisors.
//!
//! `cargo bench --bench advice`. After `--`: `--seconds S` per goal (default 2), `--explore S` per theory (default 10),
//! `--proposals N` per answer (default 8), `--only THEORY`, `--model NAME` (a GGUF file or a folder).

#[path = "recall/shipped.rs"]
mod shipped;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use shipped::{names, read};
use theoremata_actors::advice::{Advisor, ModelAdvisor, RivalAdvisor};
use theoremata_actors::grid::Cancel;
use theoremata_actors::jobs::{Kind, Local, Options as PoolOptions, Pool};
use theoremata_lm::{Device, Model, Settings};
use theoremata_logic::advisors::{Guide, Rival, Table};
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::{Advice, Exploration, Fate, Options, Received, Task, Topic};
use theoremata_logic::search::premises::Chooser;

/// The training theories of the n-gram table; their laws are not measured.
const LEARNED: [&str; 9] =
    ["equivalence", "group", "lattice", "linear-order", "lists", "monoid", "peano", "ring", "sets"];

/// CPU seconds of this process, summed over threads.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The result of a run.
#[derive(Default)]
struct Came {
    proved: usize,
    theorems: usize,
    seconds: f64,
    proposals: usize,
    unread: usize,
    refuted: usize,
    known: usize,
    tried: usize,
    became: usize,
}

impl Came {
    fn add(&mut self, other: &Came) {
        self.proved += other.proved;
        self.theorems += other.theorems;
        self.seconds += other.seconds;
        self.proposals += other.proposals;
        self.unread += other.unread;
        self.refuted += other.refuted;
        self.known += other.known;
        self.tried += other.tried;
        self.became += other.became;
    }
}

/// Runs an exploration to its end, or for this many CPU seconds.
fn run(
    theory: &Arc<Theory>,
    goals: &[Goal],
    advisor: &mut Option<Box<dyn Advisor>>,
    (topics, proposals): (&[Topic], u16),
    seconds: f64,
) -> Came {
    let start = cpu();
    let advice = advisor.as_ref().map(|_| Advice { proposals, ..Advice::about(topics) });
    let options = Options { generate: goals.is_empty(), advice, ..Options::default() };
    let mut exploration = Exploration::new(theory.clone(), goals, options);
    let left = || cpu() - start < seconds;
    let steps = Cell::new(0u64);
    while left() {
        match exploration.next() {
            Task::Prepare => {
                if !exploration.prepare(&mut || left()) {
                    break;
                }
            }
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let solved = |block| {
                    let (verdict, more) = solve(block);
                    steps.set(steps.get() + more);
                    verdict
                };
                let verdicts = blocks.into_iter().map(solved).collect();
                exploration.commit(verdicts, count, steps.take());
            }
            Task::Ask => {
                let advisor = advisor.as_mut().expect("nobody else is asked");
                advisor.post(exploration.queries());
                match advisor.answers() {
                    Ok(answers) => exploration.advise(answers),
                    Err(why) => panic!("no answer: {why}"),
                }
            }
            Task::Finished => break,
        }
    }
    let mut came = Came { theorems: exploration.theorems.len(), seconds: cpu() - start, ..Came::default() };
    let goal = exploration.conjectures.iter().find(|known| known.goals().next().is_some());
    came.proved = usize::from(goal.is_some_and(|goal| matches!(goal.fate, Fate::Proved(_))));
    for (_, received) in exploration.asked().iter().flat_map(|asked| asked.answer.iter().flatten()) {
        came.proposals += 1;
        match received {
            Received::Unread(_) | Received::TooLarge => came.unread += 1,
            Received::Known | Received::Immediate => came.known += 1,
            Received::Refuted => came.refuted += 1,
            Received::Attempt => came.tried += 1,
            Received::Conjecture(place) => {
                came.tried += 1;
                came.became += usize::from(matches!(exploration.conjectures[*place].fate, Fate::Proved(_)));
            }
        }
    }
    came
}

/// The n-gram table, learned from the textbook laws of these theories only.
fn learn() -> Table {
    let mut table = Table::default();
    for name in LEARNED {
        let (theory, laws) = read(name);
        laws.iter().for_each(|law| table.learn(&theory, &law.statement));
    }
    table
}

/// An advisor's topics, and its constructor.
type Make = (&'static [Topic], Box<dyn Fn() -> Option<Box<dyn Advisor>>>);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let number = |name: &str, usual: f64| value(name).map_or(usual, |text| text.parse().expect("a number"));
    let (seconds, explore) = (number("--seconds", 2.0), number("--explore", 10.0));
    let proposals = number("--proposals", 8.0) as u16;
    let table = Arc::new(learn());
    println!("{} laws of {} were learned", table.statements, LEARNED.join(", "));
    let rival =
        |topics, rival: Rival| -> Make { (topics, Box::new(move || Some(Box::new(RivalAdvisor::new(rival.clone()))))) };
    let mut advisors: Vec<(&str, Make)> = vec![
        ("nobody", (&[], Box::new(|| None))),
        ("random", rival(&Topic::ALL, Rival::Drawn(Guide::random(0)))),
        ("n-grams", rival(&Topic::ALL, Rival::Drawn(Guide::learned(table, 0)))),
        ("generalise", rival(&[Topic::Lemma], Rival::Generalise)),
        ("overlap", rival(&[Topic::Premises], Rival::Overlap(Chooser::MinHash))),
    ];
    if let Some(model) = value("--model") {
        let model = Arc::new(Model::load(Path::new(&model)).unwrap_or_else(|error| panic!("{model}: {error}")));
        advisors.push((
            "model",
            (
                &Topic::ALL,
                Box::new(move || {
                    let threads = NonZeroUsize::MIN;
                    let settings = Settings::default();
                    let local = Local { model: model.clone(), settings, threads, device: Device::Processor };
                    let pool = Pool::start(PoolOptions::new(vec![Kind::Local(local)], "bench")).expect("a pool");
                    Some(Box::new(ModelAdvisor::new(pool, 0, 48, Cancel::default())))
                }),
            ),
        ));
    }
    let only = value("--only");
    let measured: Vec<String> = names()
        .into_iter()
        .filter(|name| !LEARNED.contains(&&**name) && only.as_ref().is_none_or(|only| only == name))
        .collect();
    println!("each law of {} by itself, {seconds} CPU s", measured.join(", "));
    println!(
        "{:<12}{:>7}{:>8}{:>9}{:>11}{:>8}{:>9}{:>7}{:>7}{:>8}",
        "advisor", "goals", "closed", "CPU s", "proposals", "unread", "refuted", "known", "tried", "proved"
    );
    let mut open: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, (topics, make)) in &advisors {
        let (mut all, mut goals, mut failed) = (Came::default(), 0, Vec::new());
        for theory_name in &measured {
            let (theory, laws) = read(theory_name);
            let theory = Arc::new(theory);
            for law in laws {
                let came = run(&theory, std::slice::from_ref(&law), &mut make(), (topics, proposals), seconds);
                goals += 1;
                if came.proved == 0 {
                    failed.push(format!("{theory_name} {}", law.label));
                }
                all.add(&came);
            }
        }
        let Came { proved, seconds, proposals, unread, refuted, known, tried, became, .. } = all;
        println!(
            "{name:<12}{goals:>7}{proved:>8}{seconds:>9.1}{proposals:>11}{unread:>8}{refuted:>9}{known:>7}{tried:>7}{became:>8}"
        );
        open.push((name, failed));
    }
    let (_, without) = &open[0];
    for (name, failed) in &open {
        let closed: Vec<&String> = without.iter().filter(|goal| !failed.contains(goal)).collect();
        let lost: Vec<&String> = failed.iter().filter(|goal| !without.contains(goal)).collect();
        println!("{name}: closes {closed:?}, loses {lost:?}");
    }
    println!("open without advice: {without:?}\n");
    println!("explored, {explore} CPU s each: theorems");
    println!("{:<20}{}", "theory", advisors.iter().map(|(name, _)| format!("{name:>12}")).collect::<String>());
    for theory_name in &measured {
        let theory = Arc::new(read(theory_name).0);
        let found = advisors
            .iter()
            .map(|(_, (topics, make))| run(&theory, &[], &mut make(), (topics, proposals), explore).theorems);
        println!("{theory_name:<20}{}", found.map(|found| format!("{found:>12}")).collect::<String>());
    }
}
