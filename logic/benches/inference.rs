//! Facts per CPU second: a logic block, which records the reason of every fact, and `ascent`, which records none, on
//! the same workloads in the same run.
//!
//! `succ` computes a sum table by recursion, as proofs in arithmetic do; `chain` closes a path and `random` a random
//! graph, where most facts are derived several times. Each figure is the best of three runs, since other work on the
//! machine only adds time. Entering the first facts counts for both.
//!
//! `cargo bench -p theoremata-logic --bench inference`. Times are CPU seconds of the single thread.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ascent::ascent;
use rustix::time::{ClockId, clock_gettime};
use theoremata_logic::calculus::formula::PredicateId;
use theoremata_logic::clauses::clause::RelationId;
use theoremata_logic::clauses::compile::Compiled;
use theoremata_logic::language::mpl;
use theoremata_logic::saturation::block::{Block, End, Limits};
use theoremata_logic::saturation::book::RuleBook;
use theoremata_logic::saturation::pattern::{Code, Individual};
use theoremata_logic::saturation::sorts::SortId;

/// The least acceptable rate of the block engine, in million facts per CPU second.
const LEAST: f64 = 2.0;
const RUNS: usize = 3;

ascent! {
    struct Sums;
    relation sum(u32, u32, u32);
    relation next(u32, u32);
    sum(a, c, f) <-- sum(a, b, d), next(b, c), next(d, f);
}

ascent! {
    struct Paths;
    relation path(u32, u32);
    relation edge(u32, u32);
    path(x, z) <-- path(x, y), edge(y, z);
}

/// A rule over two relations, with its input facts.
struct Workload {
    name: &'static str,
    theory: &'static str,
    individuals: u32,
    /// Pairs of the given relation.
    pairs: Vec<(u32, u32)>,
    /// The initial facts of the derived relation.
    first: Vec<Vec<u32>>,
    /// The final number of facts, if known in advance.
    facts: Option<usize>,
}

impl Workload {
    fn sums(last: u32) -> Workload {
        let range = last as usize + 1;
        Workload {
            name: "succ",
            theory: "(theory Sums[s,+] (>[x,y,z,u,v] (& (in3[x,y,z,+]) (& (in2[y,u,s]) (in2[z,v,s]))) (in3[x,u,v,+])))",
            individuals: last + 1,
            pairs: (0..last).map(|x| (x, x + 1)).collect(),
            first: (0..=last).map(|x| vec![x, 0, x]).collect(),
            facts: Some(range * (range + 1) / 2 + last as usize),
        }
    }

    fn paths(name: &'static str, individuals: u32, edges: BTreeSet<(u32, u32)>, facts: Option<usize>) -> Workload {
        Workload {
            name,
            theory: "(theory Paths[edge,path] (>[x,y,z] (& (in2[x,y,path]) (in2[y,z,edge])) (in2[x,z,path])))",
            individuals,
            first: edges.iter().map(|(x, y)| vec![*x, *y]).collect(),
            pairs: edges.into_iter().collect(),
            facts,
        }
    }

    fn chain(edges: u32) -> Workload {
        let number = edges as usize;
        let facts = Some(number * (number + 1) / 2 + number);
        Workload::paths("chain", edges + 1, (0..edges).map(|x| (x, x + 1)).collect(), facts)
    }

    /// The same edges in every run.
    fn random(nodes: u32, edges: usize) -> Workload {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % u64::from(nodes)) as u32
        };
        let mut found = BTreeSet::new();
        while found.len() < edges {
            found.insert((draw(), draw()));
        }
        Workload::paths("random", nodes, found, None)
    }

    /// A block with the input facts, not yet saturated.
    fn block(&self) -> Block {
        let text = self.theory.as_bytes();
        let (theory, _) = mpl::read_mpl("workload.mpl", text, &mut |_| Err("no imports".into())).expect("a theory");
        let compiled = Compiled::new(&theory, &[]);
        let mut block = Block::root(Arc::new(RuleBook::new(&compiled)));
        let individuals: Vec<Individual> = (0..self.individuals).map(|_| block.introduce(SortId(0))).collect();
        let of = |numbers: &[u32]| -> Vec<Individual> { numbers.iter().map(|x| individuals[*x as usize]).collect() };
        // The signature begins with the relations in order of occurrence in the rule.
        let mut relations = (0..compiled.signature.relations.len() as u16).map(RelationId).filter(|relation| {
            let relation = &compiled.signature.relations[relation.index()];
            assert!(!relation.function, "the workloads are about plain relations");
            relation.predicate != PredicateId::EQUAL
        });
        let grows = Code::new(relations.next().expect("two relations"), true);
        let given = Code::new(relations.next().expect("two relations"), true);
        for (x, y) in &self.pairs {
            block.assume(given, &of(&[*x, *y]));
        }
        for fact in &self.first {
            block.assume(grows, &of(fact));
        }
        block
    }
}

/// The result of one engine.
struct Figure {
    seconds: f64,
    facts: usize,
    bytes: usize,
}

fn of_block(workload: &Workload) -> Figure {
    let start = cpu();
    let mut block = workload.block();
    let end = block.run(Limits { steps: u64::MAX, creations: 0 });
    let seconds = (cpu() - start).as_secs_f64();
    assert_eq!(end, End::Saturated);
    Figure { seconds, facts: block.facts(), bytes: block.bytes() }
}

fn of_ascent(workload: &Workload) -> Figure {
    let start = cpu();
    let facts = if workload.first[0].len() == 3 {
        let mut program = Sums { next: workload.pairs.clone(), ..Sums::default() };
        program.sum = workload.first.iter().map(|fact| (fact[0], fact[1], fact[2])).collect();
        program.run();
        program.sum.len() + program.next.len()
    } else {
        let mut program = Paths { edge: workload.pairs.clone(), ..Paths::default() };
        program.path = workload.first.iter().map(|fact| (fact[0], fact[1])).collect();
        program.run();
        program.path.len() + program.edge.len()
    };
    Figure { seconds: (cpu() - start).as_secs_f64(), facts, bytes: 0 }
}

fn best(mut run: impl FnMut() -> Figure) -> Figure {
    let runs = (0..RUNS).map(|_| run());
    runs.min_by(|one, other| one.seconds.total_cmp(&other.seconds)).expect("at least one run")
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn main() {
    println!("{:8} {:>9} {:>14} {:>12} {:>14} {:>6}", "", "facts", "block, M/s", "bytes/fact", "ascent, M/s", "ratio");
    for workload in [Workload::sums(1400), Workload::chain(2000), Workload::random(1000, 2500)] {
        let ours = best(|| of_block(&workload));
        let theirs = best(|| of_ascent(&workload));
        assert_eq!(ours.facts, theirs.facts, "both derive the same of {}", workload.name);
        assert!(workload.facts.is_none_or(|facts| facts == ours.facts), "{} is known beforehand", workload.name);
        let rate = |figure: &Figure| figure.facts as f64 / figure.seconds / 1e6;
        println!(
            "{:8} {:>9} {:>14.2} {:>12} {:>14.2} {:>6.2}",
            workload.name,
            ours.facts,
            rate(&ours),
            ours.bytes / ours.facts,
            rate(&theirs),
            rate(&theirs) / rate(&ours),
        );
        if workload.name == "succ" {
            let verdict = if rate(&ours) >= LEAST { "kept" } else { "MISSED" };
            println!("{:8} limit: at least {LEAST} million facts per CPU second with reasons: {verdict}", "");
        }
    }
}
