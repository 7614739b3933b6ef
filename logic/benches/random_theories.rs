//! Thousands of random theories and goals, compared with z3: the large version of the test `random_theories`.
//!
//! `cargo bench -p theoremata-logic --bench random_theories`; `SEEDS=n` for a number other than 5,000. It fails if a
//! verdict is wrong, an attempt panicked, or the checker refused a proof.

#[path = "../tests/verdict/mod.rs"]
mod verdict;

use std::time::Instant;

use verdict::random::{Counts, has_z3, judge_all};

fn main() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(5_000);
    let with_z3 = has_z3();
    if !with_z3 {
        println!("z3 is not installed: the verdicts are not held against it");
    }
    let start = Instant::now();
    let (mut counts, mut wrong) = (Counts::default(), 0);
    let all: Vec<u64> = (0..seeds).collect();
    let mut done = 0;
    for part in all.chunks(500) {
        for mismatch in judge_all(part, with_z3, &mut counts) {
            wrong += 1;
            println!("{mismatch}\n");
        }
        done += part.len();
        println!("{done} seeds, {wrong} wrong, {:.0} s: {counts:?}", start.elapsed().as_secs_f64());
    }
    println!("{seeds} seeds, {wrong} wrong: {counts:?}");
    assert_eq!(wrong, 0, "wrong verdicts");
}
