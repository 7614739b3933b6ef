//! The kernels for CUDA devices, run without one: a C++ compiler builds the very same sources for this machine, with
//! sanitizers, and the launches of the crate go to that program instead of a driver.
//!
//! What this checks: the arithmetic bit for bit, every index of every access, which threads wait for which, the launches
//! and the structures that they pass. What it does not: the hardware, what the device's compiler makes of the sources,
//! races between threads that no order of turns shows, and speed. `examples/device.rs` makes the same comparisons on a
//! device.

mod checks;
mod device;
mod nothing;
#[path = "../siblings/numbers.rs"]
mod numbers;
mod pass;
mod report;
#[path = "../../../tests/common/skip.rs"]
mod skip;

use std::path::Path;

use theoremata_kernels::cuda::Cuda;
use theoremata_kernels::cuda::stand_in::{Build, StandIn};
use theoremata_kernels::{Group, PageShape, Pairing, Rotary, Slot, Span};

use checks::Check;
use report::Report;

/// Seeds of a check: few, as each thread of each block takes its turn; more if `SEEDS` says so.
fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(6)
}

/// Runs a check on the stand-in for every seed, with the threads taking turns in another order each time.
fn exact(check: Check) {
    let Some(machine) = StandIn::start(Build::Sanitized) else {
        skip::skipped("there is no g++ that builds the kernels for this machine");
        return;
    };
    let cuda = Cuda::on(machine.clone());
    let mut report = Report::default();
    for seed in seeds() {
        machine.take_turns(seed);
        check(&cuda, seed, &mut report).expect("the stand-in does what it is told");
    }
    report.print();
    assert!(report.compared() > 100, "the check compared something");
    assert_eq!(report.differing(), 0, "outputs differ from their definitions");
}

#[test]
fn products_have_the_bits_of_their_definitions() {
    exact(checks::products);
}

#[test]
fn looked_up_rows_have_the_bits_of_their_definitions() {
    exact(checks::lookups);
}

#[test]
fn operations_on_rows_have_the_bits_of_their_definitions() {
    exact(checks::rows);
}

#[test]
fn softmax_and_sampling_have_the_bits_of_their_definitions() {
    exact(checks::chances);
}

#[test]
fn attention_over_pages_has_the_bits_of_its_definition() {
    exact(checks::attention);
}

#[test]
fn passes_through_a_model_have_the_bits_of_the_processor() {
    exact(checks::passes);
}

#[test]
#[should_panic(expected = "a row sees 4 of 3 tokens")]
fn a_row_cannot_see_what_is_not_listed() {
    let cuda = Cuda::on(nothing::Nothing::start());
    let rotary = Rotary::new(Pairing::Halves, 2, &[1.0], 8);
    let angles = cuda.angles(&rotary).expect("memory");
    let shape = PageShape { page_tokens: 4, kv_heads: 1, head_dim: 2 };
    let spans = [Span { page: 0, offset: 0, tokens: 3, position: 0 }];
    let group = Group { positions: &[0], seen: &[4], spans: &spans };
    let _ = cuda.lists(1, shape, &angles, 1, &[group], 1);
}

#[test]
#[should_panic(expected = "a buffer of this machine")]
fn a_buffer_of_another_machine_is_refused() {
    let (one, other) = (Cuda::on(nothing::Nothing::start()), Cuda::on(nothing::Nothing::start()));
    let mut x = one.buffer::<f32>(4).expect("memory");
    let term = other.buffer::<f32>(4).expect("memory");
    let _ = one.add(&mut x, &term);
}

#[test]
#[should_panic(expected = "a slot for each row")]
fn a_slot_cannot_be_written_twice() {
    let shape = PageShape { page_tokens: 4, kv_heads: 1, head_dim: 2 };
    let slot = Slot { page: 0, offset: 1 };
    let _ = Cuda::on(nothing::Nothing::start()).slots(shape, 1, &[slot, slot]);
}

/// Every instruction on floats rounds once, to the nearest: none is left to the assembler to contract, approximates, or
/// takes small numbers for 0.
#[test]
fn the_instructions_of_the_device_round_as_the_definitions_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda");
    let exact = ["add.rn", "sub.rn", "mul.rn", "fma.rn", "div.rn", "sqrt.rn", "abs", "neg", "max"];
    let moves = ["ld.", "st.", "mov", "selp", "setp.", "cvt.", "shfl."];
    for source in ["products", "rows", "attention"] {
        let text = std::fs::read_to_string(folder.join(source).with_extension("ptx")).expect("the PTX of the crate");
        let mut found = 0;
        for line in text.lines() {
            let instruction = line.split_whitespace().find(|word| !word.starts_with('@')).unwrap_or("");
            let Some(name) = instruction.strip_suffix(".f32") else { continue };
            found += 1;
            let allowed = exact.contains(&name) || moves.iter().any(|start| instruction.starts_with(start));
            assert!(allowed && !name.contains("ftz"), "{source}: {line}");
        }
        assert!(found > 100, "instructions were found in {source}");
    }
}
