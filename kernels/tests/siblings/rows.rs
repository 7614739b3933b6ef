//! Operations on rows: norm, gate, softmax.

use theoremata_kernels::{Activation, Inline, Kernels};

use crate::common::{close, executors, same_bits, seeds, siblings, unwritten};
use crate::numbers::Random;

#[test]
fn a_norm_has_the_bits_of_its_definition_alone_and_in_any_batch() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let (rows, dim) = ([0, 1, 2, 5, 40][random.below(5)], 1 + random.below(70));
        let (x, gain) = (random.floats(rows * dim), random.floats(dim));
        let mut expected = unwritten(rows * dim);
        Kernels::plain().rms_norm(&Inline, &x, &gain, 1e-5, &mut expected);
        for (row, x) in x.chunks_exact(dim).enumerate() {
            let mean = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / dim as f64;
            let scale = 1.0 / (mean + 1e-5).sqrt();
            let exact: Vec<f64> =
                x.iter().zip(&gain).map(|(x, gain)| f64::from(*x) * scale * f64::from(*gain)).collect();
            close(&expected[row * dim..][..dim], &exact, 1e-5, format!("seed {seed}, {rows}x{dim}"));
        }
        for kernels in siblings() {
            for (name, parallel) in executors() {
                let mut out = unwritten(rows * dim);
                kernels.rms_norm(parallel, &x, &gain, 1e-5, &mut out);
                same_bits(&out, &expected, format!("seed {seed}, {rows}x{dim}, {}, {name}", kernels.level()));
            }
            for (x, expected) in x.chunks_exact(dim).zip(expected.chunks_exact(dim)) {
                let mut out = unwritten(dim);
                kernels.rms_norm(&Inline, x, &gain, 1e-5, &mut out);
                same_bits(&out, expected, format!("seed {seed}, alone, {}", kernels.level()));
            }
        }
    }
}

/// A gate's activation in f64.
fn exact_gate(activation: Activation, x: f32) -> f64 {
    let x = f64::from(x);
    match activation {
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::GeluTanh => 0.5 * x * (1.0 + (0.797_884_560_802_865_4 * (x + 0.044_715 * x.powi(3))).tanh()),
    }
}

#[test]
fn a_gate_has_the_bits_of_its_definition() {
    for (seed, activation) in seeds().flat_map(|seed| [(seed, Activation::Silu), (seed, Activation::GeluTanh)]) {
        let random = &mut Random::new(seed);
        let count = if seed.is_multiple_of(20) { 10_000 + random.below(40) } else { random.below(70) };
        let size = if activation == Activation::Silu { 120.0 } else { 12.0 };
        let gate: Vec<f32> = random.floats(count).iter().map(|x| x * size).collect();
        let up = random.floats(count);
        let mut expected = unwritten(count);
        Kernels::plain().gate(activation, &Inline, &gate, &up, &mut expected);
        let exact: Vec<f64> =
            gate.iter().zip(&up).map(|(gate, up)| exact_gate(activation, *gate) * f64::from(*up)).collect();
        close(&expected, &exact, 2e-5, format!("seed {seed}, {count}"));
        for kernels in siblings() {
            for (name, parallel) in executors() {
                let mut out = unwritten(count);
                kernels.gate(activation, parallel, &gate, &up, &mut out);
                same_bits(&out, &expected, format!("seed {seed}, {count}, {}, {name}", kernels.level()));
            }
        }
    }
}

#[test]
fn a_soft_cap_has_the_bits_of_its_definition_and_keeps_below_it() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let row: Vec<f32> = (0..random.below(70)).map(|_| random.float() * 200.0).collect();
        let mut expected = row.clone();
        Kernels::plain().soft_cap(&mut expected, 30.0);
        let exact: Vec<f64> = row.iter().map(|x| 30.0 * (f64::from(*x) / 30.0).tanh()).collect();
        close(&expected, &exact, 1e-5, format!("seed {seed}"));
        assert!(expected.iter().all(|entry| entry.abs() <= 30.0));
        for kernels in siblings() {
            let mut out = row.clone();
            kernels.soft_cap(&mut out, 30.0);
            same_bits(&out, &expected, format!("seed {seed}, {}", kernels.level()));
        }
    }
}

#[test]
fn a_softmax_has_the_bits_of_its_definition_and_sums_to_one() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let count = random.below(100);
        let mut row: Vec<f32> = random.floats(count).iter().map(|x| x * 30.0).collect();
        for _ in 0..count / 10 {
            row[random.below(count)] = f32::NEG_INFINITY;
        }
        let mut expected = row.clone();
        Kernels::plain().softmax(&mut expected);
        let log = Kernels::plain().log_sum_exp(&row);
        if count > 0 {
            assert!((expected.iter().sum::<f32>() - 1.0).abs() < 1e-5, "seed {seed}");
            let exact = row.iter().map(|x| f64::from(*x).exp()).sum::<f64>().ln();
            assert!((f64::from(log) - exact).abs() < 1e-5 * exact.abs().max(1.0), "seed {seed}: {log}, not {exact}");
        }
        for kernels in siblings() {
            let mut out = row.clone();
            kernels.softmax(&mut out);
            same_bits(&out, &expected, format!("seed {seed}, {}", kernels.level()));
            assert_eq!(kernels.log_sum_exp(&row).to_bits(), log.to_bits(), "seed {seed}, {}", kernels.level());
        }
    }
}

#[test]
fn a_row_of_nothing_but_masked_entries_has_no_probability() {
    for kernels in siblings() {
        for count in [0, 1, 16, 37] {
            let mut row = vec![f32::NEG_INFINITY; count];
            assert_eq!(kernels.log_sum_exp(&row), f32::NEG_INFINITY);
            kernels.softmax(&mut row);
            same_bits(&row, &vec![0.0; count], kernels.level());
        }
    }
}
