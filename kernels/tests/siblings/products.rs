//! Matrix products.

use theoremata_kernels::{Format, Inline, Kernels, Matrix, Parallel, Product};

use crate::common::{close, executors, same_bits, seeds, siblings, unwritten};
use crate::numbers::{Random, weights};

struct Case {
    rows: usize,
    columns: usize,
    bytes: Vec<u8>,
    matrix: Matrix,
}

fn case(random: &mut Random, format: Format) -> Case {
    let rows = random.below(40);
    let block = format.block_columns();
    let columns = if block == 1 { random.below(70) } else { block * random.below(if block == 256 { 3 } else { 6 }) };
    let bytes = weights(random, format, rows, columns);
    let matrix = Matrix::pack(format, rows, columns, &bytes).expect("a matrix of this shape");
    Case { rows, columns, bytes, matrix }
}

fn multiply(kernels: Kernels, parallel: &dyn Parallel, matrix: &Matrix, x: &[f32], rows: usize) -> Vec<f32> {
    let mut out = unwritten(rows * matrix.rows());
    kernels.multiply(parallel, x, rows, &mut [Product { matrix, out: &mut out }]);
    out
}

#[test]
fn a_product_has_the_bits_of_its_definition_alone_and_in_any_batch() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        for format in Format::ALL {
            let Case { rows: outputs, columns, matrix, .. } = case(random, format);
            let batch = [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 17, 24][random.below(12)];
            let x = random.floats(batch * columns);
            let expected = multiply(Kernels::plain(), &theoremata_kernels::Inline, &matrix, &x, batch);
            for kernels in siblings() {
                for (name, parallel) in executors() {
                    let what = format!(
                        "seed {seed}, {format:?}, {outputs}x{columns}, {batch} rows, {}, {name}",
                        kernels.level()
                    );
                    same_bits(&multiply(kernels, parallel, &matrix, &x, batch), &expected, &what);
                    let cut = random.below(batch + 1);
                    let mut parts = multiply(kernels, parallel, &matrix, &x[..cut * columns], cut);
                    parts.extend(multiply(kernels, parallel, &matrix, &x[cut * columns..], batch - cut));
                    same_bits(&parts, &expected, format!("{what}, cut at {cut}"));
                }
            }
        }
    }
}

#[test]
fn several_matrices_of_one_call_give_what_each_gives_alone() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        let rows = random.below(6);
        let shapes: Vec<Matrix> = (0..3)
            .map(|_| {
                let formats: Vec<Format> =
                    Format::ALL.into_iter().filter(|format| 64 % format.block_columns() == 0).collect();
                let format = formats[random.below(formats.len())];
                let outputs = random.below(40);
                let bytes = weights(random, format, outputs, 64);
                Matrix::pack(format, outputs, 64, &bytes).expect("a matrix")
            })
            .collect();
        let x = random.floats(rows * 64);
        for kernels in siblings() {
            for (name, parallel) in executors() {
                let mut outs: Vec<Vec<f32>> = shapes.iter().map(|matrix| unwritten(rows * matrix.rows())).collect();
                let mut products: Vec<Product<'_>> =
                    shapes.iter().zip(&mut outs).map(|(matrix, out)| Product { matrix, out }).collect();
                kernels.multiply(parallel, &x, rows, &mut products);
                for (matrix, out) in shapes.iter().zip(&outs) {
                    let alone = multiply(kernels, parallel, matrix, &x, rows);
                    same_bits(out, &alone, format!("seed {seed}, {}, {name}", kernels.level()));
                }
            }
        }
    }
}

#[test]
fn packing_loses_no_weight() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        for format in Format::ALL {
            let Case { rows, columns, bytes, matrix, .. } = case(random, format);
            for row in 0..rows {
                let width = bytes.len() / rows;
                let (mut found, mut expected) = (unwritten(columns), unwritten(columns));
                matrix.row(row, &mut found);
                format.dequantise(&bytes[row * width..][..width], &mut expected);
                same_bits(&found, &expected, format!("seed {seed}, {format:?}, row {row}"));
            }
        }
    }
}

/// Tolerance: half a quantisation step of the 8-bit activations times each weight, plus the rounding of the sums.
#[test]
fn a_product_is_that_of_the_weights_in_the_file() {
    for seed in seeds() {
        let random = &mut Random::new(seed);
        for format in Format::ALL {
            let Case { rows, columns, bytes, matrix, .. } = case(random, format);
            let x = random.floats(columns);
            let out = multiply(Kernels::plain(), &theoremata_kernels::Inline, &matrix, &x, 1);
            for row in 0..rows {
                let width = bytes.len() / rows;
                let mut weights = unwritten(columns);
                format.dequantise(&bytes[row * width..][..width], &mut weights);
                let exact: f64 = weights.iter().zip(&x).map(|(weight, x)| f64::from(*weight) * f64::from(*x)).sum();
                let size: f64 = weights.iter().map(|weight| f64::from(weight.abs())).sum();
                let step = if format.block_columns() == 1 { 0.0 } else { 0.5 / 127.0 };
                close(&out[row..=row], &[exact], size * (step + 1e-6), format!("seed {seed}, {format:?}, row {row}"));
            }
        }
    }
}

#[test]
fn activations_that_vanish_or_are_large_give_finite_outputs() {
    let random = &mut Random::new(1);
    for format in Format::ALL {
        let columns = format.block_columns().max(32);
        let matrix = Matrix::pack(format, 5, columns, &weights(random, format, 5, columns)).expect("a matrix");
        for size in [0.0, 1e-38, 1e-31, 1e-20, 1e20] {
            let x: Vec<f32> = random.floats(columns).iter().map(|x| x * size).collect();
            let expected = multiply(Kernels::plain(), &theoremata_kernels::Inline, &matrix, &x, 1);
            assert!(expected.iter().all(|out| out.is_finite()), "{format:?} at {size:e}");
            for kernels in siblings() {
                let found = multiply(kernels, &theoremata_kernels::Inline, &matrix, &x, 1);
                same_bits(&found, &expected, format!("{format:?} at {size:e}, {}", kernels.level()));
            }
        }
    }
}

#[test]
fn a_matrix_of_other_bytes_than_its_shape_is_refused() {
    assert!(Matrix::pack(Format::Q4_1, 2, 32, &[0; 39]).is_err());
    assert!(Matrix::pack(Format::Q4_1, 2, 33, &[0; 40]).is_err());
    assert!(Matrix::pack(Format::Q4K, usize::MAX, 256, &[]).is_err());
    assert_eq!(Matrix::pack(Format::Q4_1, 0, 32, &[]).map(|matrix| matrix.bytes()), Ok(0));
}

#[test]
fn blocks_of_every_format_read_as_the_public_reader_reads_them() {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hexadecimal")).collect()
    };
    let mut seen = 0;
    for line in include_str!("../golden/formats.txt").lines() {
        let [name, blocks, weights] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let named = |format: &Format| {
            format!("{format:?}").eq_ignore_ascii_case(&name.replace("_K", "K").replace("IQ4_", "Iq4"))
        };
        let format = Format::ALL.into_iter().find(named).unwrap_or_else(|| panic!("{name} is read"));
        let exact: Vec<f64> = bytes(weights)
            .chunks_exact(4)
            .map(|four| f64::from(f32::from_le_bytes([four[0], four[1], four[2], four[3]])))
            .collect();
        let mut found = vec![f32::NAN; exact.len()];
        format.dequantise(&bytes(blocks), &mut found);
        let largest = exact.iter().fold(0.0f64, |largest, weight| largest.max(weight.abs()));
        close(&found, &exact, largest * 1e-6, name);
        seen += 1;
    }
    assert_eq!(seen, Format::ALL.iter().filter(|format| format.block_columns() > 1).count());
}

#[test]
fn exact_products_are_those_of_the_weights_as_they_are_read() {
    for (seed, format) in seeds().take(40).flat_map(|seed| Format::ALL.map(|format| (seed, format))) {
        let random = &mut Random::new(seed);
        let (rows, outputs) = (1 + random.below(3), 1 + random.below(40));
        let columns = 256 * (1 + random.below(2));
        let bytes = weights(random, format, outputs, columns);
        let matrix = Matrix::pack(format, outputs, columns, &bytes).expect("a matrix");
        let x = random.floats(rows * columns);
        let mut row = vec![0.0; columns];
        let mut expected = vec![0.0f32; rows * outputs];
        for output in 0..outputs {
            matrix.row(output, &mut row);
            for (at, x) in x.chunks_exact(columns).enumerate() {
                let sum = row.iter().zip(x).fold(0.0f32, |sum, (weight, x)| weight.mul_add(*x, sum));
                expected[at * outputs + output] = sum;
            }
        }
        for kernels in siblings() {
            let mut out = unwritten(rows * outputs);
            let product = Product { matrix: &matrix, out: &mut out };
            kernels.multiply_exactly(&Inline, &x, rows, &mut [product]);
            same_bits(&out, &expected, format!("seed {seed}, {format:?}, {}", kernels.level()));
        }
    }
}
