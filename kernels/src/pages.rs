//! The layout of keys and values: pages of a fixed number of tokens.
//!
//! One layer's keys are one slice, its values another; page `p` is the `p`-th run of [`PageShape::cells`] cells of
//! each. Which page belongs to which sequence is up to the caller.
//!
//! ```text
//! keys of a page     [kv head][number of the head][token]   a vector holds the same number of 16 tokens
//! values of a page   [kv head][token][number of the head]
//! ```
//!
//! Keys are stored as computed, before rotation: a token's position belongs to the sequence that reads it. To copy a
//! page (a fork of a partly filled one), copy its cells.

use half::f16;

/// The number type of keys and values: `f32`, or `f16` for half the memory and bandwidth.
pub trait Cell: Copy + Default + Send + Sync + sealed::Sealed + 'static {
    /// The nearest cell to a number, ties to even.
    fn from_float(value: f32) -> Self;
    /// The value of the cell, exactly.
    fn to_float(self) -> f32;
}

mod sealed {
    use half::f16;
    use half::slice::HalfFloatSliceExt;

    use crate::attention::Call;
    use crate::lanes::Lanes;
    use crate::level::Kernels;

    pub trait Sealed: Sized {
        /// [`Kernels::attend`]. A method of each type, so that it is compiled with this crate and not with each crate that
        /// calls it.
        fn attend(kernels: Kernels, call: Call<'_, Self>);

        /// Converts numbers to the nearest cells; both slices have the same length.
        fn convert(from: &[f32], to: &mut [Self]);

        /// Sixteen cells in a vector.
        fn load<L: Lanes>(lanes: L, from: &[Self; 16]) -> L::Floats;

        /// Up to 16 cells in a vector; the other lanes are 0.
        fn load_some<L: Lanes>(lanes: L, from: &[Self]) -> L::Floats;
    }

    impl Sealed for f32 {
        fn attend(kernels: Kernels, call: Call<'_, f32>) {
            kernels.attend_over(call);
        }

        fn convert(from: &[f32], to: &mut [f32]) {
            to.copy_from_slice(from);
        }

        #[inline(always)]
        fn load<L: Lanes>(lanes: L, from: &[f32; 16]) -> L::Floats {
            lanes.load(from)
        }

        #[inline(always)]
        fn load_some<L: Lanes>(lanes: L, from: &[f32]) -> L::Floats {
            lanes.load_some(from)
        }
    }

    impl Sealed for f16 {
        fn attend(kernels: Kernels, call: Call<'_, f16>) {
            kernels.attend_over(call);
        }

        fn convert(from: &[f32], to: &mut [f16]) {
            to.convert_from_f32_slice(from);
        }

        #[inline(always)]
        fn load<L: Lanes>(lanes: L, from: &[f16; 16]) -> L::Floats {
            lanes.load_half(from)
        }

        #[inline(always)]
        fn load_some<L: Lanes>(lanes: L, from: &[f16]) -> L::Floats {
            let mut all = [f16::ZERO; 16];
            all[..from.len()].copy_from_slice(from);
            lanes.load_half(&all)
        }
    }
}

impl Cell for f32 {
    fn from_float(value: f32) -> f32 {
        value
    }

    fn to_float(self) -> f32 {
        self
    }
}

impl Cell for f16 {
    fn from_float(value: f32) -> f16 {
        f16::from_f32(value)
    }

    fn to_float(self) -> f32 {
        self.to_f32()
    }
}

/// The dimensions of a page, the same for all pages of a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageShape {
    /// Tokens per page. Any number works; multiples of 16 are fast.
    pub page_tokens: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// The head dimension.
    pub head_dim: usize,
}

/// The location of one token's key and value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slot {
    /// The page.
    pub page: u32,
    /// The index of the token in the page.
    pub offset: u32,
}

/// Consecutive tokens of one page at consecutive logical positions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// The page.
    pub page: u32,
    /// Index of the first token in the page.
    pub offset: u32,
    /// Number of tokens.
    pub tokens: u32,
    /// Logical position of the first token.
    pub position: u32,
}

impl PageShape {
    /// Cells in the keys of one page; the same for its values.
    pub fn cells(&self) -> usize {
        self.page_tokens * self.kv_heads * self.head_dim
    }

    /// Cells in the key of one token; the same for its value: the length of a row.
    pub fn token_cells(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// The index of number `number` of a token's key.
    pub(crate) fn key(&self, page: usize, head: usize, number: usize, token: usize) -> usize {
        ((page * self.kv_heads + head) * self.head_dim + number) * self.page_tokens + token
    }

    /// The index of the first number of a token's value.
    pub(crate) fn value(&self, page: usize, head: usize, token: usize) -> usize {
        ((page * self.kv_heads + head) * self.page_tokens + token) * self.head_dim
    }

    /// Writes rows of keys and values, `[rows, token_cells]` each, to their slots.
    ///
    /// # Panics
    /// If a length disagrees with its shape, a dimension is 0, or a slot is outside the pages.
    pub fn store<C: Cell>(
        &self,
        slots: &[Slot],
        key_rows: &[f32],
        value_rows: &[f32],
        keys: &mut [C],
        values: &mut [C],
    ) {
        let width = self.token_cells();
        assert!(key_rows.len() == slots.len() * width && value_rows.len() == key_rows.len(), "a row for each slot");
        let mut row_cells = vec![C::default(); width];
        for ((slot, key), value) in slots.iter().zip(key_rows.chunks_exact(width)).zip(value_rows.chunks_exact(width)) {
            let (page, token) = (slot.page as usize, slot.offset as usize);
            assert!(token < self.page_tokens, "token {token} of a page of {}", self.page_tokens);
            C::convert(key, &mut row_cells);
            for (head, cells) in row_cells.chunks_exact(self.head_dim).enumerate() {
                let (from, last) = (self.key(page, head, 0, token), self.key(page, head, self.head_dim - 1, token));
                let column = keys[from..=last].iter_mut().step_by(self.page_tokens);
                for (to, cell) in column.zip(cells) {
                    *to = *cell;
                }
                let to = self.value(page, head, token);
                C::convert(&value[head * self.head_dim..][..self.head_dim], &mut values[to..to + self.head_dim]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_cell_of_its_own_in_its_own_page() {
        let shape = PageShape { page_tokens: 3, kv_heads: 2, head_dim: 4 };
        let slots: Vec<Slot> = (0..6).map(|at| Slot { page: 1 - at / 3, offset: at % 3 }).collect();
        let rows: Vec<f32> = (1..=48).map(|number| number as f32).collect();
        let (mut keys, mut values) = (vec![0.0f32; 48], vec![0.0f32; 48]);
        shape.store(&slots, &rows, &rows, &mut keys, &mut values);
        for cells in [&keys, &values] {
            let mut sorted = cells.clone();
            sorted.sort_by(f32::total_cmp);
            assert_eq!(sorted, rows, "a permutation");
            assert!(cells[24..].iter().all(|number| *number <= 24.0), "the first three rows lie in page 1");
        }
        assert_eq!(keys[shape.key(0, 1, 2, 2)], 47.0);
        assert_eq!(values[shape.value(0, 1, 2)], 45.0);
    }
}
