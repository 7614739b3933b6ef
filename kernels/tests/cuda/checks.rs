//! Every device operation against its definition, on odd shapes, with outputs poisoned beforehand.
//!
//! Shared by the tests, which run the kernels on a stand-in, and `examples/device.rs`, which runs them on a device.

use theoremata_kernels::cuda::{Buffer, Choice, Cuda, CudaError, Plain, Product as DeviceProduct, Scoring};
use theoremata_kernels::{
    Activation, Cell, Draw, Format, Group, Heads, Inline, Kernels, Matrix, PageShape, Pages, Pairing, Product, Rotary,
    Sampling, Slot, Span, f16,
};

use crate::numbers::{Random, weights};
use crate::pass::{EPSILON, Measures, Model, Threads};
use crate::report::Report;

/// A check: compares outputs computed from a seed.
pub(crate) type Check = fn(&Cuda, u64, &mut Report) -> Result<(), CudaError>;

/// An output buffer that reveals elements never written.
fn unwritten(cuda: &Cuda, count: usize) -> Result<Buffer<f32>, CudaError> {
    cuda.upload(&vec![f32::NAN; count])
}

const BATCHES: [usize; 13] = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 24, 35];

fn matrix(random: &mut Random, format: Format, columns: usize, rows_max: usize) -> Matrix {
    let rows = 1 + random.below(rows_max);
    Matrix::pack(format, rows, columns, &weights(random, format, rows, columns)).expect("a matrix of this shape")
}

/// A number of columns for a matrix of a format, including zero and more than a kernel processes in one iteration.
fn columns(random: &mut Random, format: Format) -> usize {
    match format.block_columns() {
        1 => random.below(300),
        32 => 32 * [0, 1, 2, 3, 5, 18, 33, 35][random.below(8)],
        block => block * random.below(6),
    }
}

/// Products: several matrices of each format, and one float matrix in the same call.
pub(crate) fn products(cuda: &Cuda, seed: u64, report: &mut Report) -> Result<(), CudaError> {
    let random = &mut Random::new(seed);
    for format in Cuda::FORMATS {
        let columns = columns(random, format);
        let count = [1, 2, 3, 6][random.below(4)];
        let mut matrices: Vec<Matrix> = (0..count).map(|_| matrix(random, format, columns, 60 / count)).collect();
        matrices.insert(random.below(count + 1), matrix(random, Format::F32, columns, 18));
        let rows = BATCHES[random.below(BATCHES.len())];
        let size = [1.0, 1.0, 1.0, 1e-31, 1e20][random.below(5)];
        let x: Vec<f32> = random.floats(rows * columns).iter().map(|x| x * size).collect();
        let mut expected: Vec<Vec<f32>> = matrices.iter().map(|matrix| vec![0.0; rows * matrix.rows()]).collect();
        let mut products: Vec<Product<'_>> =
            matrices.iter().zip(&mut expected).map(|(matrix, out)| Product { matrix, out }).collect();
        Kernels::best().multiply(&Inline, &x, rows, &mut products);

        let weights = matrices.iter().map(|matrix| cuda.weights(matrix)).collect::<Result<Vec<_>, _>>()?;
        let x = cuda.upload(&x)?;
        let mut found = expected.iter().map(|out| unwritten(cuda, out.len())).collect::<Result<Vec<_>, CudaError>>()?;
        let mut products: Vec<DeviceProduct<'_>> =
            weights.iter().zip(&mut found).map(|(weights, out)| DeviceProduct { weights, out }).collect();
        cuda.multiply(&x, rows, &mut products)?;
        for ((weights, found), expected) in weights.iter().zip(&found).zip(&expected) {
            let what = format!("seed {seed}, {count} of {format:?}, {}x{columns}, {rows} rows", weights.rows());
            let kernel = if rows < 17 { "few" } else { "many" };
            report.compare(&format!("product {:?}, {kernel}", weights.format()), &found.to_vec()?, expected, &what);
        }
    }
    Ok(())
}

/// Row look-ups, as for embeddings.
pub(crate) fn lookups(cuda: &Cuda, seed: u64, report: &mut Report) -> Result<(), CudaError> {
    let random = &mut Random::new(seed);
    for format in Cuda::FORMATS {
        let columns = columns(random, format);
        let matrix = matrix(random, format, columns, 50);
        let which: Vec<u32> = (0..random.below(9)).map(|_| random.below(matrix.rows()) as u32).collect();
        let mut expected = vec![0.0; which.len() * columns];
        for (row, out) in which.iter().zip(expected.chunks_exact_mut(columns.max(1))) {
            matrix.row(*row as usize, out);
        }
        let mut found = unwritten(cuda, expected.len())?;
        cuda.rows(&cuda.weights(&matrix)?, &cuda.indices(&which)?, &mut found)?;
        report.compare(&format!("rows of {format:?}"), &found.to_vec()?, &expected, &format!("seed {seed}"));
    }
    Ok(())
}

/// RMS norm, gate, addition, and row selection.
pub(crate) fn rows(cuda: &Cuda, seed: u64, report: &mut Report) -> Result<(), CudaError> {
    let random = &mut Random::new(seed);
    let what = format!("seed {seed}");
    let (rows, dim) = ([0, 1, 2, 5, 40][random.below(5)], 1 + random.below(300));
    let (x, gain) = (random.floats(rows * dim), random.floats(dim));
    let mut expected = vec![0.0; rows * dim];
    Kernels::best().rms_norm(&Inline, &x, &gain, 1e-5, &mut expected);
    let (device_x, device_gain) = (cuda.upload(&x)?, cuda.upload(&gain)?);
    let mut found = unwritten(cuda, x.len())?;
    cuda.rms_norm(&device_x, &device_gain, 1e-5, &mut found)?;
    report.compare("rms_norm", &found.to_vec()?, &expected, &what);

    let gate: Vec<f32> = x.iter().map(|x| x * 120.0).collect();
    let up = random.floats(x.len());
    let (device_gate, device_up) = (cuda.upload(&gate)?, cuda.upload(&up)?);
    for (activation, name) in [(Activation::Silu, "swiglu"), (Activation::GeluTanh, "geglu")] {
        Kernels::best().gate(activation, &Inline, &gate, &up, &mut expected);
        let mut found = unwritten(cuda, x.len())?;
        cuda.gate(activation, &device_gate, &device_up, &mut found)?;
        report.compare(name, &found.to_vec()?, &expected, &what);
    }

    let mut scaled = cuda.upload(&gate)?;
    cuda.scale(&mut scaled, 0.37)?;
    let expected: Vec<f32> = gate.iter().map(|gate| gate * 0.37).collect();
    report.compare("scale", &scaled.to_vec()?, &expected, &what);
    let mut capped = cuda.upload(&gate)?;
    cuda.soft_cap(&mut capped, 30.0)?;
    let mut expected = gate.clone();
    Kernels::best().soft_cap(&mut expected, 30.0);
    report.compare("soft_cap", &capped.to_vec()?, &expected, &what);

    let mut sum = cuda.upload(&x)?;
    if rows > 0 {
        cuda.add(&mut sum, &device_up)?;
    }
    cuda.add(&mut sum, &device_gain)?;
    let expected: Vec<f32> = x.iter().zip(&up).enumerate().map(|(at, (x, up))| x + up + gain[at % dim]).collect();
    report.compare("add", &sum.to_vec()?, &expected, &what);

    let which: Vec<u32> = (0..if rows > 0 { random.below(9) } else { 0 }).map(|_| random.below(rows) as u32).collect();
    let expected: Vec<f32> = which.iter().flat_map(|row| &x[*row as usize * dim..][..dim]).copied().collect();
    let mut found = unwritten(cuda, expected.len())?;
    cuda.choose(&device_x, dim, &cuda.indices(&which)?, &mut found)?;
    report.compare("choose", &found.to_vec()?, &expected, &what);
    Ok(())
}

/// Softmax, log-sum-exp, and sampling.
pub(crate) fn chances(cuda: &Cuda, seed: u64, report: &mut Report) -> Result<(), CudaError> {
    let random = &mut Random::new(seed);
    let what = format!("seed {seed}");
    // Long rows first: they take several iterations.
    let (rows, count) = (1 + random.below(4), [5000, 17, 2048, 1, 63, 300, 16][seed as usize % 7]);
    let mut x: Vec<f32> = random.floats(rows * count).iter().map(|x| x * 30.0).collect();
    x.iter_mut().filter(|_| random.below(8) == 0).for_each(|x| *x = f32::NEG_INFINITY);
    if rows > 1 && random.below(2) == 0 {
        x[..count].fill(f32::NEG_INFINITY); // no token is allowed
    }
    if rows > 2 && count > 3 {
        (x[count + 1], x[count + 3]) = (31.0, 31.0); // a tie
    }
    let kernels = Kernels::best();
    let mut expected = x.clone();
    expected.chunks_exact_mut(count).for_each(|row| kernels.softmax(row));
    let mut found = cuda.upload(&x)?;
    cuda.softmax(&mut found, rows)?;
    report.compare("softmax", &found.to_vec()?, &expected, &what);

    let expected: Vec<f32> = x.chunks_exact(count).map(|row| kernels.log_sum_exp(row)).collect();
    report.compare("log_sum_exp", &cuda.log_sum_exp(&cuda.upload(&x)?, rows)?, &expected, &what);

    x.iter_mut().filter(|_| random.below(40) == 0).for_each(|x| *x = f32::NAN);
    draws(cuda, random, count, &x, report, &what)
}

/// Sampling from rows of logits, among all tokens and among a subset, and with the token given.
fn draws(
    cuda: &Cuda,
    random: &mut Random,
    count: usize,
    x: &[f32],
    report: &mut Report,
    what: &str,
) -> Result<(), CudaError> {
    let kernels = Kernels::best();
    let logits = cuda.upload(x)?;
    for temperature in [0.0, 0.8, 1e-40, f32::INFINITY] {
        let rows = x.len() / count;
        let set = |random: &mut Random| (0..count.div_ceil(32)).map(|_| random.word()).collect();
        let sets: Vec<Option<Vec<u32>>> = (0..rows).map(|_| (random.below(2) == 0).then(|| set(random))).collect();
        let choices: Vec<Choice<'_>> = sets
            .iter()
            .enumerate()
            .map(|(row, allowed)| {
                let path = (u64::from(random.word()) << 32) | u64::from(random.word());
                let draw = Draw { seed: path ^ 0x5eed, path, position: row as u32 * 7 };
                let given = (random.below(4) == 0).then(|| random.below(count) as u32);
                Choice { temperature, draw, allowed: allowed.as_deref(), given }
            })
            .collect();
        let chosen = |(row, choice): (&[f32], &Choice<'_>)| {
            let mut masked = row.to_vec();
            for (token, logit) in masked.iter_mut().enumerate() {
                if choice.allowed.is_some_and(|allowed| allowed[token / 32] >> (token % 32) & 1 == 0) {
                    *logit = f32::NEG_INFINITY;
                }
            }
            choice.given.or_else(|| kernels.sample(&masked, &Sampling::at(choice.temperature), choice.draw))
        };
        let expected: Vec<Option<u32>> = x.chunks_exact(count).zip(&choices).map(chosen).collect();
        let found = cuda.draw(&logits, &cuda.choices(count, &choices)?)?;
        let operation = if temperature > 0.1 { "draw" } else { "draw, greedy" };
        let tokens: Vec<Option<u32>> = found.iter().map(|drawn| drawn.token).collect();
        report.compare_tokens(operation, &tokens, &expected, what);
        for (row, drawn) in x.chunks_exact(count).zip(&found) {
            let finite = row.iter().all(|logit| logit.is_finite());
            assert_eq!(drawn.finite, finite, "{what}");
            if let Some(token) = drawn.token.filter(|_| finite) {
                let expected = row[token as usize] - kernels.log_sum_exp(row);
                report.compare("log-probability", &[drawn.log_probability], &[expected], what);
            }
        }
    }
    Ok(())
}

/// Storing into f32 and f16 pages, reading back, and attention over the pages.
pub(crate) fn attention(cuda: &Cuda, seed: u64, report: &mut Report) -> Result<(), CudaError> {
    pages_of::<f32>(cuda, seed, "f32", report)?;
    pages_of::<f16>(cuda, seed, "f16", report)
}

const POSITIONS: usize = 700;

/// A span list, and the rows that attend to it.
struct List {
    spans: Vec<Span>,
    positions: Vec<u32>,
    seen: Vec<u32>,
}

/// Runs of the tokens in `slots`, each with its own positions; a run may occur twice, as after a fork.
fn list(random: &mut Random, slots: &[Slot]) -> List {
    let mut spans: Vec<Span> = Vec::new();
    for _ in 0..random.below(4) {
        let (from, position) = (random.below(slots.len()), random.below(POSITIONS - slots.len()) as u32);
        let mut cut = true; // a run starts a new span
        for (at, slot) in slots[from..][..1 + random.below(slots.len() - from)].iter().enumerate() {
            match spans.last_mut() {
                Some(last) if !cut && last.page == slot.page && last.offset + last.tokens == slot.offset => {
                    last.tokens += 1
                }
                _ => {
                    spans.push(Span { page: slot.page, offset: slot.offset, tokens: 1, position: position + at as u32 })
                }
            }
            cut = random.below(40) == 0;
        }
        if random.below(4) == 0 {
            let last = spans[spans.len() - 1];
            spans.push(Span { tokens: 0, ..last }); // an empty span contributes nothing
        }
    }
    let listed: usize = spans.iter().map(|span| span.tokens as usize).sum();
    let rows = random.below(7);
    let positions = (0..rows).map(|_| random.below(POSITIONS) as u32).collect();
    // Some rows see the whole list.
    let seen = |_| if random.below(3) == 0 { listed as u32 } else { random.below(listed + 1) as u32 };
    List { spans, positions, seen: (0..rows).map(seen).collect() }
}

fn pages_of<C: Cell + Plain>(cuda: &Cuda, seed: u64, name: &str, report: &mut Report) -> Result<(), CudaError> {
    let random = &mut Random::new(seed ^ 0xa77e);
    let (kv_heads, run) = (1 + random.below(3), [1, 2, 3, 6, 9][random.below(5)]);
    let head_dim = [2, 6, 16, 20, 64, 80, 128][random.below(7)];
    let shape = PageShape { page_tokens: [1, 2, 5, 16, 32, 33][random.below(6)], kv_heads, head_dim };
    let tokens = [200, 20, 150, 1][seed as usize % 4];
    let pages = tokens / shape.page_tokens + 2;
    // Consecutive tokens from a random slot on, wrapping around at the end.
    let shift = random.below(pages * shape.page_tokens);
    let slots: Vec<Slot> = (0..tokens)
        .map(|token| (token + shift) % (pages * shape.page_tokens))
        .map(|at| Slot { page: (at / shape.page_tokens) as u32, offset: (at % shape.page_tokens) as u32 })
        .collect();
    let (key_rows, value_rows) =
        (random.floats(tokens * shape.token_cells()), random.floats(tokens * shape.token_cells()));
    let blank = vec![C::from_float(f32::NAN); pages * shape.cells()];
    let (mut keys, mut values) = (blank.clone(), blank.clone());
    shape.store(&slots, &key_rows, &value_rows, &mut keys, &mut values);

    let what = format!("seed {seed}, pages of {}, {kv_heads} by {run} heads of {head_dim}", shape.page_tokens);
    let floats = |cells: &[C]| -> Vec<f32> { cells.iter().map(|cell| cell.to_float()).collect() };
    let mut device = cuda.pages::<C>(shape, pages)?;
    device.keys.write(0, &blank)?;
    device.values.write(0, &blank)?;
    let places = cuda.slots(shape, pages, &slots)?;
    let (device_keys, device_values) = (cuda.upload(&key_rows)?, cuda.upload(&value_rows)?);
    cuda.store(&places, &device_keys, &device_values, &mut device)?;
    report.compare(&format!("store {name}"), &floats(&device.keys.to_vec()?), &floats(&keys), &what);
    report.compare(&format!("store {name}"), &floats(&device.values.to_vec()?), &floats(&values), &what);

    let (mut key_back, mut value_back) = (unwritten(cuda, key_rows.len())?, unwritten(cuda, key_rows.len())?);
    cuda.fetch(&places, &device, &mut key_back, &mut value_back)?;
    let rounded = |rows: &[f32]| -> Vec<f32> { rows.iter().map(|number| C::from_float(*number).to_float()).collect() };
    report.compare(&format!("fetch {name}"), &key_back.to_vec()?, &rounded(&key_rows), &what);
    report.compare(&format!("fetch {name}"), &value_back.to_vec()?, &rounded(&value_rows), &what);

    let pairing = [Pairing::Neighbours, Pairing::Halves][random.below(2)];
    // All dimension pairs of a head are rotated, or some, or none.
    let frequencies = Rotary::frequencies(head_dim, 1e4);
    let turning = [frequencies.len(), frequencies.len(), frequencies.len() / 2, 0][random.below(4)];
    let rotary = Rotary::stretching(pairing, head_dim, &frequencies[..turning], 1.1, POSITIONS);
    let lists: Vec<List> = (0..random.below(4)).map(|_| list(random, &slots)).collect();
    let groups: Vec<Group<'_>> =
        lists.iter().map(|list| Group { positions: &list.positions, seen: &list.seen, spans: &list.spans }).collect();
    let heads = kv_heads * run;
    let rows: usize = lists.iter().map(|list| list.positions.len()).sum();
    let queries = random.floats(rows * heads * head_dim);
    let scale = 1.0 / (head_dim as f32).sqrt();
    let mut expected = vec![0.0; queries.len()];
    let window = [None, Some(1 + random.below(POSITIONS) as u32)][random.below(2)];
    let cap = [None, Some(5.0)][random.below(2)];
    let measures = Heads { queries: heads, shape, scale, rotary: &rotary, window, cap };
    Kernels::best().attend(
        &Inline,
        &measures,
        Pages { keys: &keys, values: &values },
        &queries,
        &groups,
        &mut expected,
    );

    let angles = cuda.angles(&rotary)?;
    let queries = cuda.upload(&queries)?;
    // With a small buffer for attention weights, the rows are processed in several passes.
    let weights_max = [0, 1000, 1 << 24][random.below(3)];
    let mut device_lists = cuda.lists(heads, shape, &angles, pages, &groups, weights_max)?;
    for layer in ["one layer", "the next"] {
        let mut found = unwritten(cuda, expected.len())?;
        cuda.attend(&mut device_lists, Scoring { scale, window, cap }, &angles, &device, &queries, &mut found)?;
        report.compare(&format!("attention {name}"), &found.to_vec()?, &expected, &format!("{what}, {layer}"));
    }
    Ok(())
}

/// Several layers of a small model, composed as in an engine.
pub(crate) fn passes(cuda: &Cuda, seed: u64, report: &mut Report) -> Result<(), CudaError> {
    let random = &mut Random::new(seed ^ 0x9a55);
    let measures = Measures {
        width: 32,
        hidden: 64,
        heads: 4,
        shape: PageShape { page_tokens: [4, 16][random.below(2)], kv_heads: 2, head_dim: 8 },
        layers: 2,
        vocabulary: 40,
        formats: [[Format::Q4_1, Format::Q8_0], [Format::F16, Format::Q4_0]][random.below(2)],
    };
    let threads = 1 + random.below(2);
    let tokens = 1 + random.below(24);
    let situation = Threads { threads, tokens, rows: 1 + random.below(tokens) };
    pass(cuda, random, measures, &situation, report)
}

/// A forward pass of several sequences through a model of random weights.
pub(crate) fn pass(
    cuda: &Cuda,
    random: &mut Random,
    measures: Measures,
    situation: &Threads,
    report: &mut Report,
) -> Result<(), CudaError> {
    let mut pack = |format, (rows, columns)| {
        Matrix::pack(format, rows, columns, &weights(random, format, rows, columns)).expect("a matrix of this shape")
    };
    let layers: Vec<Vec<Matrix>> = (0..measures.layers)
        .map(|_| measures.matrices().map(|shape| pack(measures.formats[0], shape)).into())
        .collect();
    let embedding = pack(measures.formats[1], (measures.vocabulary, measures.width));
    let gain = random.floats(measures.width);

    let model = Model::new(cuda, measures, &layers, &embedding, &gain)?;
    let mut step = situation.step(cuda, &measures)?;
    let mut memory = model.memory(cuda, situation.pages(measures.shape))?;
    let expected = logits(&measures, &layers, &embedding, &gain, situation, &step.tokens, &step.asking);
    let found = model.logits(cuda, &mut step, &mut memory)?;
    let Threads { threads, tokens, rows } = situation;
    let what = format!("width {}, {threads} threads of {tokens} tokens, {rows} rows", measures.width);
    report.compare("pass", &found.to_vec()?, &expected, &what);
    Ok(())
}

/// The same on the processor.
fn logits(
    measures: &Measures,
    layers: &[Vec<Matrix>],
    embedding: &Matrix,
    gain: &[f32],
    situation: &Threads,
    tokens: &[u32],
    asking: &[u32],
) -> Vec<f32> {
    let Measures { width, hidden, heads, shape, .. } = *measures;
    let rows = tokens.len();
    let kernels = Kernels::best();
    let multiply = |x: &[f32], matrix: &Matrix| {
        let rows = x.len() / matrix.columns();
        let mut out = vec![0.0; rows * matrix.rows()];
        kernels.multiply(&Inline, x, rows, &mut [Product { matrix, out: &mut out }]);
        out
    };
    let norm = |x: &[f32]| {
        let mut out = vec![0.0; x.len()];
        kernels.rms_norm(&Inline, x, gain, EPSILON, &mut out);
        out
    };
    let add = |x: &mut [f32], y: Vec<f32>| x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    let mut state = vec![0.0; rows * width];
    for (token, row) in tokens.iter().zip(state.chunks_exact_mut(width)) {
        embedding.row(*token as usize, row);
    }
    let rotary = situation.rotary(shape);
    for layer in layers {
        let blank = vec![f16::ONE; situation.pages(shape) * shape.cells()];
        let (mut keys, mut values) = (blank.clone(), blank);
        let normed = norm(&state);
        let queries = multiply(&normed, &layer[0]);
        let slots = situation.slots(shape);
        shape.store(&slots, &multiply(&normed, &layer[1]), &multiply(&normed, &layer[2]), &mut keys, &mut values);
        let mut attended = vec![0.0; queries.len()];
        let pages = Pages { keys: &keys, values: &values };
        let heads = Heads { queries: heads, shape, scale: measures.scale(), rotary: &rotary, window: None, cap: None };
        situation.groups(shape, |groups| {
            kernels.attend(&Inline, &heads, pages, &queries, groups, &mut attended);
        });
        add(&mut state, multiply(&attended, &layer[3]));
        let normed = norm(&state);
        let mut fed = vec![0.0; rows * hidden];
        kernels.gate(Activation::Silu, &Inline, &multiply(&normed, &layer[4]), &multiply(&normed, &layer[5]), &mut fed);
        add(&mut state, multiply(&fed, &layer[6]));
    }
    let last: Vec<f32> = asking.iter().flat_map(|row| &state[*row as usize * width..][..width]).copied().collect();
    multiply(&norm(&last), embedding)
}
