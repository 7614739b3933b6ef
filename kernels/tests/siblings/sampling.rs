//! Sampling of tokens.

use theoremata_kernels::{Draw, Kernels, Sampling, gumbel};

use crate::common::{seeds, siblings};
use crate::numbers::Random;

#[test]
fn every_sibling_chooses_the_same_tokens() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let count = 1 + random.below(400);
        let mut logits: Vec<f32> = random.floats(count).iter().map(|x| x * 10.0).collect();
        for _ in 0..count / 8 {
            logits[random.below(count)] = [f32::NEG_INFINITY, f32::NAN, 3.0][random.below(3)];
        }
        let sampling = Sampling {
            temperature: [0.0, 0.3, 1.0, 5.0][random.below(4)],
            top_k: [0, 0, 1, 7, 500][random.below(5)],
            top_p: [1.0, 1.0, 0.3, 0.95, 0.0][random.below(5)],
            min_p: [0.0, 0.0, 0.1, 1.0][random.below(4)],
        };
        for position in 0..20 {
            let draw = Draw { seed, path: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), position };
            let expected = Kernels::plain().sample(&logits, &sampling, draw);
            let chosen = expected.map(|token| logits[token as usize]);
            assert!(chosen.is_none_or(|logit| logit > f32::NEG_INFINITY), "seed {seed}: a masked token");
            for kernels in siblings() {
                let found = kernels.sample(&logits, &sampling, draw);
                assert_eq!(found, expected, "seed {seed}, {sampling:?}, {draw:?}, {}", kernels.level());
            }
        }
    }
}

#[test]
fn a_choice_is_the_argmax_of_logit_and_noise() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let logits: Vec<f32> = random.floats(200).iter().map(|x| x * 5.0).collect();
        let draw = Draw { seed, path: 5, position: 9 };
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let score = |token: usize| (logits[token] - largest).mul_add(1.0 / 0.7, gumbel(draw.word(token as u32)));
        let expected = (0..200).max_by(|a, b| score(*a).total_cmp(&score(*b)).then(b.cmp(a))).map(|token| token as u32);
        for kernels in siblings() {
            assert_eq!(kernels.sample(&logits, &Sampling::at(0.7), draw), expected, "seed {seed}");
        }
    }
}

#[test]
fn neighbouring_names_draw_differently() {
    let logits = vec![0.0; 1000];
    let choose = |draw| Kernels::plain().sample(&logits, &Sampling::at(1.0), draw);
    let draw = Draw { seed: 1, path: 1, position: 1 };
    let others = [
        Draw { seed: 2, ..draw },
        Draw { seed: 1 << 32 | 1, ..draw },
        Draw { path: 2, ..draw },
        Draw { path: 1 << 32 | 1, ..draw },
        Draw { position: 2, ..draw },
    ];
    for other in others {
        assert_ne!(choose(draw), choose(other), "{other:?}");
    }
}
