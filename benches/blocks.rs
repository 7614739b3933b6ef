//! The overhead of actors on real work: a round with more than 10,000 logic blocks alive at once.
//!
//! An unusually large number of conjectures about arithmetic are all attempted in one round, three times in parallel,
//! together with the cases of their inductions. The same round is run by the plain loop and by actors on one thread and
//! on two; the runtimes take turns, and each figure is the best of its runs. Generating the conjectures and taking the
//! verdicts is the same for all and not timed: the clock runs from the time the first blocks are handed to the grid
//! until the last verdict. All runtimes end with the same verdicts and steps.
//!
//! An idle block is a proof attempt that waits for the cases of its induction. Its size is the growth of the process
//! with all blocks of the round alive, divided by their number.
//!
//! `cargo bench --bench blocks`, or `… -- ATOMS VARIABLES` for other bounds. Times are CPU seconds of the process,
//! summed over threads.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use theoremata_actors::grid::{ActixRuntime, BlockId, InlineRuntime, Options as GridOptions, Runtime, ShardSize};
use theoremata_actors::prover::{CYCLE_STEPS, ProofBlock};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl;
use theoremata_logic::search::attempt::{LogicBlock, Verdict};
use theoremata_logic::search::explore::{Exploration, Options, Task};

/// The same allocator as the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 5;
/// Minimal number of live blocks for the figures to be meaningful.
const LEAST_BLOCKS: usize = 10_000;
/// Maximal cost of actors on one thread, relative to the plain loop.
const MOST: f64 = 1.10;
const RUNTIMES: [&str; 3] = ["plain loop", "actors, 1 thread", "actors, 2 threads"];
/// Maximal atoms and variables of a conjecture: they give enough conjectures for that many blocks.
const BOUNDS: [usize; 2] = [6, 6];
/// How many times each conjecture is attempted, in parallel.
const COPIES: usize = 3;

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Resident bytes on Linux; 0 elsewhere.
fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn theory([atoms, variables]: [usize; 2]) -> Arc<Theory> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("theories");
    let text = std::fs::read(folder.join("peano.mpl")).expect("the theory is in the repository");
    let mut import = |name: &str| std::fs::read(folder.join(name)).map_err(|error| error.to_string());
    let (mut theory, _) = mpl::read_mpl("peano.mpl", &text, &mut import).expect("the theory is well formed");
    theory.bounds.atoms = atoms;
    theory.bounds.variables = variables;
    for bound in &mut theory.bounds.predicates {
        bound.max_atoms = bound.max_atoms.max(atoms);
        bound.count = if bound.count == 0 { 0 } else { bound.count.max(atoms) };
    }
    Arc::new(theory)
}

/// An exploration with its conjectures generated and nothing attempted yet.
fn prepared(theory: &Arc<Theory>) -> Exploration {
    let options = Options { window: usize::MAX, ..Options::default() };
    let mut exploration = Exploration::new(theory.clone(), &[], options);
    assert!(exploration.prepare(&mut || true), "nobody stops it");
    exploration
}

/// The attempts of the first round, in which only the axioms are known.
fn attempts(prepared: &Exploration) -> Vec<LogicBlock> {
    match prepared.clone().next() {
        Task::Solve(blocks) => blocks,
        Task::Prepare | Task::Ask | Task::Finished => panic!("there is something to prove"),
    }
}

/// The result of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Outcome {
    attempts: usize,
    blocks: usize,
    steps: u64,
    proved: usize,
    most_alive: usize,
    cycles: usize,
}

/// Runs the round to its end; returns the outcome, the CPU seconds, and the growth of the process up to the cycle with
/// the most live blocks.
fn round(attempts: Vec<LogicBlock>, grid: &mut dyn Runtime<ProofBlock>) -> (Outcome, f64, u64) {
    let mut outcome =
        Outcome { attempts: attempts.len(), blocks: attempts.len(), steps: 0, proved: 0, most_alive: 0, cycles: 0 };
    let before = resident_bytes();
    let mut grown = 0;
    let start = cpu_seconds();
    let blocks: Vec<ProofBlock> =
        attempts.into_iter().zip(0..).map(|(inner, number)| ProofBlock::top(number, inner)).collect();
    grid.spawn(blocks);
    let mut verdicts = BTreeMap::new();
    while verdicts.len() < outcome.attempts {
        let committed = grid.cycle(Vec::new(), CYCLE_STEPS).expect("the grid goes on");
        assert!(committed.failed.is_empty(), "no block fails");
        outcome.cycles += 1;
        outcome.blocks += committed.spawned.len();
        if grid.live() > outcome.most_alive {
            outcome.most_alive = grid.live();
            grown = resident_bytes().saturating_sub(before);
        }
        let mut gone: Vec<BlockId> = Vec::new();
        for (id, report) in committed.reports {
            outcome.steps += report.steps;
            if report.ended {
                gone.push(id);
            }
            if let Some((attempt, verdict)) = report.verdict {
                verdicts.insert(attempt, matches!(verdict, Verdict::Proved(_)));
            }
        }
        grid.remove(&gone);
    }
    let seconds = cpu_seconds() - start;
    outcome.proved = verdicts.values().filter(|proved| **proved).count();
    grid.stop();
    (outcome, seconds, grown)
}

fn main() {
    let given: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let prepared = prepared(&theory(<[usize; 2]>::try_from(given).unwrap_or(BOUNDS)));
    let actors = |threads: usize| -> Box<dyn Runtime<ProofBlock>> {
        let threads = NonZeroUsize::new(threads).expect("at least one");
        Box::new(ActixRuntime::start(threads, ShardSize::Auto, GridOptions::default()).expect("threads start"))
    };
    let mut least = [f64::INFINITY; 3];
    let mut known = None;
    for run in 0..RUNS {
        for (place, name) in RUNTIMES.into_iter().enumerate() {
            let mut grid = match place {
                0 => Box::new(InlineRuntime::new(GridOptions::default())),
                threads => actors(threads),
            };
            let (outcome, seconds, grown) = round((0..COPIES).flat_map(|_| attempts(&prepared)).collect(), &mut *grid);
            least[place] = least[place].min(seconds);
            if run == 0 && place == 0 {
                println!("{outcome:?}");
                assert!(outcome.most_alive >= LEAST_BLOCKS, "too few blocks for this bench");
            }
            if run == 0 {
                println!("{name:18} {} bytes for each of the blocks alive", grown / outcome.most_alive as u64);
            }
            let known = known.get_or_insert(outcome);
            assert_eq!(*known, outcome, "runtimes agree");
        }
    }
    for (seconds, name) in least.iter().zip(RUNTIMES) {
        println!("{name:18} {seconds:.3} CPU s, {:.3} of the plain loop", seconds / least[0]);
    }
    let verdict = if least[1] / least[0] <= MOST { "kept" } else { "MISSED" };
    println!("limit: one thread costs at most {MOST:.2} times the plain loop: {verdict}");
}
