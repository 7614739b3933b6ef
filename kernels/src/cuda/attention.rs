//! Attention on a device, and its pages.

use crate::cuda::buffer::{Buffer, Plain};
use crate::cuda::lists::{Lists, Slots};
use crate::cuda::machine::{Address, arguments, blocks, word};
use crate::cuda::{Cuda, CudaError};
use crate::pages::{Cell, PageShape};
use crate::rotary::Rotary;

/// The tables of a [`Rotary`] on a device.
pub struct Angles {
    /// Pairs below this are numbers `i` and `i + halved` of a head, the others are neighbours.
    halved: usize,
    pairs: usize,
    positions: usize,
    numbers: Buffer<f32>,
}

impl Angles {
    /// Number of positions in the tables.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// The head dimension.
    pub fn dim(&self) -> usize {
        self.pairs * 2
    }
}

/// The keys and values of one layer on a device, in the layout of [`PageShape`].
pub struct DevicePages<C> {
    shape: PageShape,
    pages: usize,
    /// `[pages][kv head][number][token]`
    pub keys: Buffer<C>,
    /// `[pages][kv head][token][number]`
    pub values: Buffer<C>,
}

impl<C> DevicePages<C> {
    /// The dimensions of a page.
    pub fn shape(&self) -> PageShape {
        self.shape
    }

    /// Number of pages.
    pub fn pages(&self) -> usize {
        self.pages
    }
}

/// The settings of scores, as in [`crate::Heads`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scoring {
    /// Scale of the scores.
    pub scale: f32,
    /// The sliding window: a row does not see tokens whose position is this far or farther before its own.
    pub window: Option<u32>,
    /// The soft cap: a score `s` counts as `cap · tanh(s / cap)`.
    pub cap: Option<f32>,
}

arguments! {
    struct Table { numbers: Address, pairs: u32, halved: u32, }
    struct Shape { page_tokens: u32, kv_heads: u32, head_dim: u32, heads: u32, }
    struct TurnArguments {
        queries: Address, rows: Address, out: Address, table: Table, scale: f32, heads: u32, count: u64,
    }
    struct ScoreArguments {
        queries: Address, keys: Address, rows: Address, spans: Address, starts: Address, items: Address,
        weights: Address, table: Table, shape: Shape, cap: f32, window: u32,
    }
    struct ValueArguments {
        values: Address, rows: Address, spans: Address, starts: Address, weights: Address, inverses: Address,
        out: Address, shape: Shape,
    }
    struct PageArguments {
        slots: Address, key_rows: Address, value_rows: Address, keys: Address, values: Address, shape: Shape,
        rows: u32, unused: u32,
    }
}

/// Selects the kernel for the cell type, f32 or f16.
fn kernel<C: Cell>([single, half]: [&'static str; 2]) -> &'static str {
    if size_of::<C>() == size_of::<f32>() { single } else { half }
}

fn measures(shape: PageShape, heads: usize) -> Shape {
    Shape {
        page_tokens: word(shape.page_tokens),
        kv_heads: word(shape.kv_heads),
        head_dim: word(shape.head_dim),
        heads: word(heads),
    }
}

impl Cuda {
    /// Uploads rotary tables.
    pub fn angles(&self, rotary: &Rotary) -> Result<Angles, CudaError> {
        Ok(Angles {
            halved: rotary.halved(),
            pairs: rotary.dim() / 2,
            positions: rotary.positions(),
            numbers: self.upload(rotary.tables())?,
        })
    }

    /// Uninitialised memory for the keys and values of one layer.
    pub fn pages<C: Cell + Plain>(&self, shape: PageShape, pages: usize) -> Result<DevicePages<C>, CudaError> {
        let cells = pages * shape.cells();
        Ok(DevicePages { shape, pages, keys: self.buffer(cells)?, values: self.buffer(cells)? })
    }

    /// Writes rows of keys and values, `[slots, token_cells]` each, to their slots, as [`PageShape::store`] does.
    ///
    /// # Panics
    /// If a length disagrees with its shape, or the slots were made for other pages.
    pub fn store<C: Cell + Plain>(
        &self,
        slots: &Slots,
        key_rows: &Buffer<f32>,
        value_rows: &Buffer<f32>,
        pages: &mut DevicePages<C>,
    ) -> Result<(), CudaError> {
        self.move_cells(kernel::<C>(["store_f32", "store_f16"]), slots, key_rows, value_rows, pages)
    }

    /// Reads rows of keys and values from their slots.
    ///
    /// # Panics
    /// As [`Cuda::store`].
    pub fn fetch<C: Cell + Plain>(
        &self,
        slots: &Slots,
        pages: &DevicePages<C>,
        key_rows: &mut Buffer<f32>,
        value_rows: &mut Buffer<f32>,
    ) -> Result<(), CudaError> {
        self.move_cells(kernel::<C>(["fetch_f32", "fetch_f16"]), slots, key_rows, value_rows, pages)
    }

    fn move_cells<C: Cell + Plain>(
        &self,
        kernel: &'static str,
        slots: &Slots,
        key_rows: &Buffer<f32>,
        value_rows: &Buffer<f32>,
        pages: &DevicePages<C>,
    ) -> Result<(), CudaError> {
        let shape = slots.shape;
        let (rows, cells) = (slots.places.length(), slots.pages * shape.cells());
        let count = rows * shape.token_cells();
        assert!(key_rows.length() == count && value_rows.length() == count, "a row for each slot");
        assert!(
            pages.shape == shape && pages.keys.length() >= cells && pages.values.length() >= cells,
            "the pages that the slots were made for"
        );
        let arguments = PageArguments {
            slots: self.address(&slots.places),
            key_rows: self.address(key_rows),
            value_rows: self.address(value_rows),
            keys: self.address(&pages.keys),
            values: self.address(&pages.values),
            shape: measures(shape, shape.kv_heads),
            rows: word(rows),
            unused: 0,
        };
        // SAFETY: the slots are within the number of pages of this shape that `slots` was made for; the rows have the
        // required lengths; and whatever a kernel writes is borrowed exclusively by the caller.
        unsafe { self.launch(kernel, [blocks(count, 256), 1, 1], 256, arguments) }
    }

    /// Attention with rotary embedding, with the bits of [`crate::Kernels::attend`].
    ///
    /// Shapes, row-major f32: `queries` and `out` `[rows, heads, head_dim]`, the rows in the order of `lists`. Window
    /// and cap are those of [`crate::Heads`].
    ///
    /// # Panics
    /// If a length disagrees with its shape, or the lists were made for other pages or angles.
    pub fn attend<C: Cell + Plain>(
        &self,
        lists: &mut Lists,
        Scoring { scale, window, cap }: Scoring,
        angles: &Angles,
        pages: &DevicePages<C>,
        queries: &Buffer<f32>,
        out: &mut Buffer<f32>,
    ) -> Result<(), CudaError> {
        let (heads, shape) = (lists.heads, lists.shape);
        let width = heads * shape.head_dim;
        let cells = lists.pages * shape.cells();
        assert!(
            queries.length() == lists.rows * width && out.length() == lists.rows * width,
            "[rows, heads, head_dim]"
        );
        assert!(angles.dim() == shape.head_dim && angles.positions() >= lists.positions, "the angles of the lists");
        assert!(
            pages.shape == shape && pages.keys.length() >= cells && pages.values.length() >= cells,
            "the pages that the lists were made for"
        );
        let table =
            Table { numbers: self.address(&angles.numbers), pairs: word(angles.pairs), halved: word(angles.halved) };
        let measures = measures(shape, heads);
        let Lists { spans, starts, passes, weights, .. } = lists;
        for pass in passes {
            let from = pass.first * width;
            let turned: Buffer<f32> = self.buffer(pass.count * width)?;
            let rows = self.address(&pass.rows);
            let count = pass.count * heads * angles.pairs;
            let arguments = TurnArguments {
                queries: self.address(queries).plus(from * size_of::<f32>()),
                rows,
                out: self.address(&turned),
                table,
                scale,
                heads: word(heads),
                count: count as u64,
            };
            // SAFETY: the rows of a pass are within `queries`, as asserted; the table has their positions, which
            // `Cuda::lists` checked.
            unsafe { self.launch("turn_queries", [blocks(count, 256), 1, 1], 256, arguments) }?;

            let arguments = ScoreArguments {
                queries: self.address(&turned),
                keys: self.address(&pages.keys),
                rows,
                spans: self.address(spans),
                starts: self.address(starts),
                items: self.address(&pass.items),
                weights: self.address(weights),
                table,
                shape: measures,
                cap: cap.unwrap_or(0.0),
                window: window.unwrap_or(0),
            };
            let grid = [blocks(pass.items.length(), 1), measures.kv_heads, 1];
            // SAFETY: `Cuda::lists` checked that spans are within the pages and the table, and that rows see no more
            // than is listed; it allocated as many weights as the largest pass takes.
            unsafe { self.launch(kernel::<C>(["scores_f32", "scores_f16"]), grid, 128, arguments) }?;
            let inverses = Some(&mut pass.inverses);
            // SAFETY: as above: these are the weights of the pass.
            unsafe { self.exponentials(weights, &pass.weights, &pass.seen, heads, inverses) }?;

            let arguments = ValueArguments {
                values: self.address(&pages.values),
                rows,
                spans: self.address(spans),
                starts: self.address(starts),
                weights: self.address(weights),
                inverses: self.address(&pass.inverses),
                out: self.address(out).plus(from * size_of::<f32>()),
                shape: measures,
            };
            let runs = (heads / shape.kv_heads).div_ceil(8);
            let grid = [blocks(pass.count, 1), word(shape.kv_heads * runs), word(shape.head_dim.div_ceil(32))];
            // SAFETY: as for the scores, and the rows of the pass are within `out`.
            unsafe { self.launch(kernel::<C>(["values_f32", "values_f16"]), grid, 256, arguments) }?;
        }
        Ok(())
    }
}
