//! Matrix products on a device, and the lookup of rows.

use crate::cuda::buffer::Buffer;
use crate::cuda::machine::{Address, arguments, blocks, word};
use crate::cuda::step::Indices;
use crate::cuda::{Cuda, CudaError};
use crate::format::Format;
use crate::matrix::{BLOCK, Matrix, TILE};

/// Rows of activations that the kernels process together, and the bytes of such a block: quants, scales, sums.
const EIGHT: usize = 8;
const ACTIVATION_BYTES: usize = EIGHT * (BLOCK + 4 + 4);

/// From this number of rows on, the kernel in which a warp computes whole tiles is faster. Both give the same bits.
const MANY: usize = 17;

/// Groups of eight rows per warp of that kernel, and tiles per block.
const EIGHTS: usize = 4;
const TILES: usize = 4;

/// The largest number of matrices in a launch.
const PARTS: usize = 4;

/// A matrix on a device, packed like [`Matrix`].
pub struct Weights {
    format: Format,
    rows: usize,
    columns: usize,
    tile_bytes: usize,
    bytes: Buffer<u8>,
}

impl Weights {
    /// The format the weights had in the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Rows: outputs of a product.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns: inputs of a product.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Size in device memory.
    pub fn bytes(&self) -> usize {
        self.bytes.length()
    }

    fn is_quantised(&self) -> bool {
        self.format.block_columns() > 1
    }
}

/// One product of a call: a matrix, and its output.
pub struct Product<'a> {
    /// The weights.
    pub weights: &'a Weights,
    /// `[rows, weights.rows()]`, row-major; all of it is written.
    pub out: &'a mut Buffer<f32>,
}

arguments! {
    struct QuantiseArguments { x: Address, out: Address, rows: u32, blocks: u32, }
    /// One matrix of a launch: `Part` of the kernels.
    struct Part { weights: Address, out: Address, width: u32, first: u32, }
    struct ProductArguments {
        x: Address, tile_bytes: u64,
        columns: u32, // in blocks for the block formats
        rows: u32, tiles: u32, count: u32, parts: [Part; PARTS],
    }
    struct RowsArguments { weights: Address, which: Address, out: Address, tile_bytes: u64, columns: u32, rows: u32, }
}

/// The kernels of a format: a product with few rows, with many, and the lookup of rows.
fn names(format: Format) -> [&'static str; 3] {
    match format {
        Format::F32 => ["floats_f32", "floats_f32", "rows_f32"],
        Format::F16 => ["floats_f16", "floats_f16", "rows_f16"],
        Format::Bf16 => ["floats_bf16", "floats_bf16", "rows_bf16"],
        Format::Q4_0 => ["few_q4_0", "many_q4_0", "rows_q4_0"],
        Format::Q4_1 => ["few_q4_1", "many_q4_1", "rows_q4_1"],
        Format::Q8_0 => ["few_q8_0", "many_q8_0", "rows_q8_0"],
        Format::Q4K => ["few_q4k", "many_q4k", "rows_q4k"],
        Format::Q6K => ["few_q6k", "many_q6k", "rows_q6k"],
        other => unreachable!("{other:?} is not uploaded"),
    }
}

impl Cuda {
    /// The supported formats.
    pub const FORMATS: [Format; 8] =
        [Format::F32, Format::F16, Format::Bf16, Format::Q4_0, Format::Q4_1, Format::Q8_0, Format::Q4K, Format::Q6K];

    /// Uploads a matrix.
    ///
    /// # Panics
    /// If its format is not in [`Cuda::FORMATS`].
    pub fn weights(&self, matrix: &Matrix) -> Result<Weights, CudaError> {
        assert!(Cuda::FORMATS.contains(&matrix.format()), "there are kernels for {:?}", matrix.format());
        Ok(Weights {
            format: matrix.format(),
            rows: matrix.rows(),
            columns: matrix.columns(),
            tile_bytes: matrix.tile_bytes(),
            bytes: self.upload(matrix.packed())?,
        })
    }

    /// Multiplies the same rows with several matrices, with the bits of [`crate::Kernels::multiply`].
    ///
    /// Shapes, row-major f32: `x [rows, columns]`, each `out [rows, weights.rows()]`.
    ///
    /// # Panics
    /// If a length disagrees with its shape.
    pub fn multiply(&self, x: &Buffer<f32>, rows: usize, products: &mut [Product<'_>]) -> Result<(), CudaError> {
        let Some(first) = products.first() else { return Ok(()) };
        let columns = first.weights.columns;
        assert_eq!(x.length(), rows * columns, "x is [rows, columns]");
        for product in products.iter() {
            assert_eq!(product.weights.columns, columns, "all matrices take the same x");
            assert_eq!(product.out.length(), rows * product.weights.rows, "out is [rows, rows of the matrix]");
        }
        let quantised = products.iter().any(|product| product.weights.is_quantised());
        let quantised = if quantised { Some(self.quantise(x, rows, columns)?) } else { None };
        for format in Cuda::FORMATS {
            let parts: Vec<(&Weights, Address)> = products
                .iter()
                .filter(|product| product.weights.format == format)
                .map(|product| (product.weights, self.address(product.out)))
                .collect();
            let x =
                quantised.as_ref().filter(|_| format.block_columns() > 1).map_or(self.address(x), |x| self.address(x));
            for parts in parts.chunks(PARTS) {
                // SAFETY: the tiles, the activations and the outputs have the lengths that the counts require: asserted
                // above, or ensured by `Matrix` and `quantise`, which created them.
                unsafe { self.multiply_format(format, x, rows, columns, parts) }?;
            }
        }
        Ok(())
    }

    /// Multiplies with matrices of one format, and writes each output.
    ///
    /// # Safety
    /// `x` is `[rows, columns]`, quantised for a block format, and so are the columns of the matrices; each output has
    /// as many numbers as that takes.
    unsafe fn multiply_format(
        &self,
        format: Format,
        x: Address,
        rows: usize,
        columns: usize,
        matrices: &[(&Weights, Address)],
    ) -> Result<(), CudaError> {
        let quantised = format.block_columns() > 1;
        let mut parts = [Part { weights: Address(0), out: Address(0), width: 0, first: 0 }; PARTS];
        let mut tiles = 0;
        for ((weights, out), part) in matrices.iter().zip(&mut parts) {
            let (bytes, width) = (self.address(&weights.bytes), word(weights.rows));
            *part = Part { weights: bytes, out: *out, width, first: word(tiles) };
            tiles += weights.rows.div_ceil(TILE);
        }
        let arguments = ProductArguments {
            x,
            tile_bytes: matrices.first().map_or(0, |(weights, _)| weights.tile_bytes as u64), // the same for all
            columns: word(if quantised { columns / BLOCK } else { columns }),
            rows: word(rows),
            tiles: word(tiles),
            count: word(matrices.len()),
            parts,
        };
        let [few, many, _] = names(format);
        let eights = rows.div_ceil(EIGHT);
        let (kernel, grid, threads) = if !quantised {
            (few, [blocks(tiles, 1), short(eights), 1], 128)
        } else if rows < MANY {
            (few, [blocks(tiles, 1), short(eights), 1], 256)
        } else {
            (many, [blocks(tiles, TILES), short(eights.div_ceil(EIGHTS)), 1], 128)
        };
        // SAFETY: the contract is the caller's.
        unsafe { self.launch(kernel, grid, threads, arguments) }
    }

    /// Quantises rows, in groups of eight: `[groups of rows][blocks]`.
    fn quantise(&self, x: &Buffer<f32>, rows: usize, columns: usize) -> Result<Buffer<u8>, CudaError> {
        let count = rows.next_multiple_of(EIGHT) * (columns / BLOCK);
        let out = self.buffer(count / EIGHT * ACTIVATION_BYTES)?;
        let arguments = QuantiseArguments {
            x: self.address(x),
            out: self.address(&out),
            rows: word(rows),
            blocks: word(columns / BLOCK),
        };
        // SAFETY: `x` has `rows · columns` numbers, as the caller asserted, and `out` has the length of the result.
        unsafe { self.launch("quantise", [blocks(count, 4), 1, 1], 128, arguments) }?;
        Ok(out)
    }

    /// Writes rows of a matrix as plain numbers, with the bits of [`Matrix::row`]: the lookup of embeddings.
    ///
    /// # Panics
    /// If there is no such row, or `out` is not `[which, columns]`.
    pub fn rows(&self, weights: &Weights, which: &Indices, out: &mut Buffer<f32>) -> Result<(), CudaError> {
        assert!(which.bound <= weights.rows, "rows of the {} there are", weights.rows);
        assert_eq!(out.length(), which.length() * weights.columns, "out is [which, columns]");
        let arguments = RowsArguments {
            weights: self.address(&weights.bytes),
            which: self.address(&which.numbers),
            out: self.address(out),
            tile_bytes: weights.tile_bytes as u64,
            columns: word(weights.columns),
            rows: word(which.length()),
        };
        let [_, _, kernel] = names(weights.format);
        // SAFETY: the rows exist and `out` holds them, as asserted; the tiles are those of a `Matrix`.
        unsafe { self.launch(kernel, [blocks(out.length(), 256), 1, 1], 256, arguments) }
    }
}

/// The number of blocks in the second dimension of a grid, which has a lower limit than the first.
fn short(blocks: usize) -> u32 {
    assert!(blocks <= 65_535, "{blocks} blocks: fewer rows, please");
    blocks as u32
}
