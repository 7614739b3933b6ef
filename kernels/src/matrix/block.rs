//! One block of one row of a packed matrix, as read by the definitions.

use crate::format::{Format, IQ4_VALUES, half_at};
use crate::matrix::BLOCK;
use crate::matrix::layout::Layout;

/// One block of one row: weight `j` is `scale · part[j / 16] · quants[j]`, plus the minimum.
pub(crate) struct Block {
    pub(crate) quants: [i32; BLOCK],
    pub(crate) part: [i32; 2],
    pub(crate) scale: f32,
    pub(crate) minimum: Minimum,
}

/// What is added to every weight of a block.
#[derive(Clone, Copy)]
pub(crate) enum Minimum {
    None,
    /// The same for all.
    One(f32),
    /// Minus `scale · part[j / 16]`.
    Halves {
        scale: f32,
        part: [i32; 2],
    },
}

impl Block {
    /// The value of the weight of a column.
    pub(crate) fn weight(&self, column: usize) -> f32 {
        let value = self.scale * self.part[column / 16] as f32 * self.quants[column] as f32;
        match self.minimum {
            Minimum::None => value,
            Minimum::One(minimum) => value + minimum,
            Minimum::Halves { scale, part } => value - scale * part[column / 16] as f32,
        }
    }

    /// Block `index` of lane `lane` of a tile of a block format.
    pub(super) fn read(format: Format, bytes: &[u8], lane: usize, index: usize) -> Block {
        let layout = Layout::of(format);
        let (quants, scales) = (&bytes[layout.quants(index)..], &bytes[layout.scales(index)..]);
        let shared = &bytes[layout.shared(index)..];
        let byte = |column: usize| quants[column / 4 * 64 + lane * 4 + column % 4];
        let nibble = |column: usize| i32::from(byte(column % 16) >> (column / 16 * 4) & 15);
        let high = |column: usize| i32::from(quants[256 + lane * 4 + column % 4] >> (column / 4) & 1) << 4;
        let two_high = |column: usize| {
            let group = column / 4;
            i32::from(quants[256 + group % 2 * 64 + lane * 4 + column % 4] >> (group / 2 * 2) & 3) << 4
        };
        let scale = || half_at(scales, lane * 2);
        let signed_parts = || [i32::from(scales[lane] as i8), i32::from(scales[16 + lane] as i8)];
        let block = |quant: &dyn Fn(usize) -> i32, part, scale, minimum| Block {
            quants: std::array::from_fn(quant),
            part,
            scale,
            minimum,
        };
        match format {
            // Stored with the sign bit inverted, as the products need it.
            Format::Q8_0 => block(&|column| i32::from(byte(column)) - 128, [1; 2], scale(), Minimum::None),
            Format::Q4_0 => block(&|column| nibble(column) - 8, [1; 2], scale(), Minimum::None),
            Format::Q5_0 => block(&|column| (nibble(column) | high(column)) - 16, [1; 2], scale(), Minimum::None),
            Format::Iq4Nl => {
                block(&|column| i32::from(IQ4_VALUES[nibble(column) as usize]), [1; 2], scale(), Minimum::None)
            }
            Format::Q4_1 => block(&nibble, [1; 2], scale(), Minimum::One(half_at(scales, 32 + lane * 2))),
            Format::Q5_1 => {
                let minimum = Minimum::One(half_at(scales, 32 + lane * 2));
                block(&|column| nibble(column) | high(column), [1; 2], scale(), minimum)
            }
            Format::Q4K | Format::Q5K => {
                let scale = half_at(shared, lane * 2) * f32::from(scales[lane]);
                let minimum = Minimum::One(-(half_at(shared, 32 + lane * 2) * f32::from(scales[16 + lane])));
                match format {
                    Format::Q4K => block(&nibble, [1; 2], scale, minimum),
                    _ => block(&|column| nibble(column) | high(column), [1; 2], scale, minimum),
                }
            }
            Format::Q2K => {
                let packed = [scales[lane], scales[16 + lane]].map(i32::from);
                let minimum =
                    Minimum::Halves { scale: half_at(shared, 32 + lane * 2), part: packed.map(|both| both >> 4) };
                block(&nibble, packed.map(|both| both & 15), half_at(shared, lane * 2), minimum)
            }
            Format::Q3K => {
                block(&|column| nibble(column) - 4, signed_parts(), half_at(shared, lane * 2), Minimum::None)
            }
            Format::Q6K => {
                let quant = |column: usize| (nibble(column) | two_high(column)) - 32;
                block(&quant, signed_parts(), half_at(shared, lane * 2), Minimum::None)
            }
            Format::Iq4Xs => {
                let scale = half_at(shared, lane * 2) * f32::from(scales[lane] as i8);
                block(&|column| i32::from(IQ4_VALUES[nibble(column) as usize]), [1; 2], scale, Minimum::None)
            }
            Format::F32 | Format::F16 | Format::Bf16 => unreachable!("not a block format"),
        }
    }
}
