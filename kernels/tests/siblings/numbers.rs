//! Pseudo-random numbers and weights from a seed.

use half::{bf16, f16};
use theoremata_kernels::{Draw, Format};

/// A deterministic pseudo-random generator.
pub(crate) struct Random {
    seed: u64,
    next: u32,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { seed, next: 0 }
    }

    pub(crate) fn word(&mut self) -> u32 {
        self.next += 1;
        Draw { seed: self.seed, path: 0x7e57, position: 0 }.word(self.next)
    }

    /// A number in `0..bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.word()) * bound as u64) >> 32) as usize
    }

    /// A number between -1 and 1.
    pub(crate) fn float(&mut self) -> f32 {
        self.word() as f32 / 2_147_483_648.0 - 1.0
    }

    pub(crate) fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.float()).collect()
    }
}

/// Bytes of weights in a file format: arbitrary quants, with scales that keep the weights near 1.
pub(crate) fn weights(random: &mut Random, format: Format, rows: usize, columns: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..rows * columns / format.block_columns() {
        let mut block: Vec<u8> = (0..format.block_bytes()).map(|_| random.word() as u8).collect();
        let mut half = |at: usize, size: f32, random: &mut Random| {
            block[at..at + 2].copy_from_slice(&f16::from_f32(random.float() * size).to_le_bytes());
        };
        match format {
            Format::F32 => block = random.float().to_le_bytes().to_vec(),
            Format::F16 => half(0, 1.0, random),
            Format::Bf16 => block = bf16::from_f32(random.float()).to_le_bytes().to_vec(),
            Format::Q4_0 => half(0, 0.12, random),
            Format::Q4_1 => {
                half(0, 0.12, random);
                half(2, 1.0, random);
            }
            Format::Q5_0 => half(0, 0.06, random),
            Format::Q5_1 => {
                half(0, 0.06, random);
                half(2, 1.0, random);
            }
            Format::Q8_0 | Format::Iq4Nl => half(0, 0.008, random),
            Format::Q2K => {
                half(80, 0.03, random);
                half(82, 0.06, random);
            }
            Format::Q3K => half(108, 0.008, random),
            Format::Iq4Xs => half(0, 0.0003, random),
            Format::Q4K | Format::Q5K => {
                half(0, 0.002, random);
                half(2, 0.02, random);
            }
            Format::Q6K => half(208, 0.0005, random),
            other => panic!("no weights of {other:?}"),
        }
        bytes.extend(block);
    }
    bytes
}
