//! Premise selection: how many of the theorems that a proof cites does each method rank first?
//!
//! Every shipped theory is explored for some CPU seconds. For each theorem with citations, the earlier theorems that
//! are rules are ranked by each method; recall at k is the fraction of the cited ones among the first k. Theorems with
//! at most k candidates do not count, as every method finds them all.
//!
//! `cargo bench --bench premises`. After `--`: `--explore S` per theory (default 10), `--only THEORY`.

#[path = "recall/shipped.rs"]
mod shipped;

use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use shipped::{names, read};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::{Exploration, Options, Task};
use theoremata_logic::search::premises::{self, Chooser, Premise};

const AT: [usize; 3] = [8, 16, 32];

fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn explored(name: &str, seconds: f64) -> Exploration {
    let start = cpu();
    let mut exploration = Exploration::new(Arc::new(read(name).0), &[], Options::default());
    while cpu() - start < seconds {
        match exploration.next() {
            Task::Prepare => {
                if !exploration.prepare(&mut || cpu() - start < seconds) {
                    break;
                }
            }
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(solve).unzip();
                exploration.commit(verdicts, count, steps.iter().sum());
            }
            Task::Ask | Task::Finished => break,
        }
    }
    exploration
}

/// Recall, and number of theorems that count, for each method and each k.
type Sums = Vec<[(f64, usize); AT.len()]>;

fn premise(exploration: &Exploration, place: usize) -> Premise {
    let checked = &exploration.theorems[place].checked;
    Premise {
        id: TheoremId(place as u32),
        statement: checked.statement().clone(),
        cites: checked.basis().theorems.to_vec(),
    }
}

fn measure(exploration: &Exploration, sums: &mut Sums) -> f64 {
    let theory = exploration.theory();
    let rules: Vec<usize> =
        (0..exploration.theorems.len()).filter(|place| !exploration.theorems[*place].corollary).collect();
    let start = cpu();
    for (place, theorem) in exploration.theorems.iter().enumerate() {
        let cited: Vec<usize> = theorem.checked.basis().theorems.iter().map(|id| id.0 as usize).collect();
        let before: Vec<usize> = rules.iter().copied().filter(|rule| *rule < place).collect();
        if cited.is_empty() || !cited.iter().all(|cited| before.contains(cited)) {
            continue;
        }
        let known: Vec<Premise> = before.iter().map(|rule| premise(exploration, *rule)).collect();
        let others = (0..place).filter(|other| exploration.theorems[*other].corollary);
        let others: Vec<Premise> = others.map(|other| premise(exploration, other)).collect();
        for (chooser, sums) in Chooser::ALL.into_iter().zip(sums.iter_mut()) {
            let ranked = premises::rank(chooser, theory, theorem.checked.statement(), &known, &others);
            for (k, (sum, count)) in AT.into_iter().zip(sums.iter_mut()) {
                if before.len() > k {
                    let first: Vec<usize> = ranked.iter().take(k).map(|place| before[*place]).collect();
                    *sum += cited.iter().filter(|cited| first.contains(cited)).count() as f64 / cited.len() as f64;
                    *count += 1;
                }
            }
        }
    }
    cpu() - start
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let seconds = value("--explore").map_or(10.0, |text| text.parse().expect("a number of seconds"));
    let only = value("--only");
    let mut sums: Sums = vec![[(0.0, 0); AT.len()]; Chooser::ALL.len()];
    let mut spent = 0.0;
    for name in names().into_iter().filter(|name| only.as_ref().is_none_or(|only| only == name)) {
        let exploration = explored(&name, seconds);
        spent += measure(&exploration, &mut sums);
        println!("{name}: {} theorems", exploration.theorems.len());
    }
    println!("\n{:<12}{}", "chooser", AT.map(|k| format!("{:>22}", format!("recall at {k}"))).concat());
    for (chooser, sums) in Chooser::ALL.into_iter().zip(&sums) {
        let shown =
            |(sum, count): &(f64, usize)| format!("{:>22}", format!("{:.3} of {count}", sum / (*count).max(1) as f64));
        println!("{:<12}{}", chooser.name(), sums.iter().map(shown).collect::<String>());
    }
    println!("all choosers together took {spent:.1} CPU s");
}
