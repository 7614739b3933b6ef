//! Forward passes of models of all families, in batches of several sizes.

use std::path::Path;
use std::sync::Arc;

use theoremata_kernels::{Draw, Format, Group, Inline, Kernels, Matrix, Slot, Span, f16};

use super::device;
use crate::compute::backend::{Backend, Batch, Drawing, Precision, Room, Rows, Wanted};
use crate::compute::cuda::CudaBackend;
use crate::compute::processor::Processor;
use crate::weights::feed::{Feed, FeedForward};
use crate::{Model, Token};

/// The tiny models; each has a feature that no other has.
const FAMILIES: [&str; 14] = [
    "llama", "qwen2", "qwen3", "llama3", "yarn", "linear", "mistral", "gemma2", "gemma3", "phi3", "smollm3", "olmo2",
    "granite", "qwen3moe",
];

/// A tiny model of a family, the tokens of its example, and the logits of the public implementation.
fn golden(family: &str) -> (Arc<Model>, Vec<Token>, Vec<f32>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(family);
    let model = Model::load(&folder).expect("the model");
    let bytes = std::fs::read(folder.join("expected.safetensors")).expect("a file");
    let expected = safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
    let of = |name: &str| expected.tensor(name).expect(name).data().to_vec();
    let tokens = of("tokens").as_chunks().0.iter().map(|eight| i64::from_le_bytes(*eight) as Token).collect();
    let logits = of("logits").as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    (Arc::new(model), tokens, logits)
}

/// Room for one sequence.
fn room(tokens: usize, page_tokens: usize, precision: Precision) -> Room {
    Room { pages: tokens.div_ceil(page_tokens), page_tokens, positions: tokens, precision }
}

/// The logits of all tokens of one plain sequence, computed in batches of this size.
fn logits(backend: &mut dyn Backend, tokens: &[Token], batch: usize, page_tokens: usize) -> Vec<f32> {
    let mut logits = Vec::new();
    for start in (0..tokens.len()).step_by(batch) {
        let rows = batch.min(tokens.len() - start);
        let end = (start + rows) as u32;
        let slots: Vec<Slot> = (start as u32..end)
            .map(|at| Slot { page: at / page_tokens as u32, offset: at % page_tokens as u32 })
            .collect();
        let spans: Vec<Span> = (0..end.div_ceil(page_tokens as u32))
            .map(|page| {
                let position = page * page_tokens as u32;
                Span { page, offset: 0, tokens: (end - position).min(page_tokens as u32), position }
            })
            .collect();
        let positions: Vec<u32> = (start as u32..end).collect();
        let seen: Vec<u32> = (start as u32 + 1..=end).collect();
        let groups = [Group { positions: &positions, seen: &seen, spans: &spans }];
        let wanted: Vec<Wanted> = (0..rows).map(|row| Wanted { row, draw: None }).collect();
        let tokens = &tokens[start..end as usize];
        let batch = Batch { tokens, slots: &slots, groups: &groups, wanted: &wanted, watched: &[] };
        logits.extend(backend.forward(&Inline, &batch).expect("a pass").logits);
    }
    logits
}

/// As `logits`, on the processor.
fn logits_here(
    model: &Arc<Model>,
    tokens: &[Token],
    batch: usize,
    page_tokens: usize,
    precision: Precision,
) -> Vec<f32> {
    let room = room(tokens.len(), page_tokens, precision);
    let mut processor = Processor::new(model.clone(), Kernels::best(), Rows::Rounded, room);
    logits(&mut processor, tokens, batch, page_tokens)
}

#[test]
fn logits_are_those_of_the_public_implementation() {
    for family in FAMILIES {
        let (model, tokens, expected) = golden(family);
        let found = logits_here(&model, &tokens, tokens.len(), 16, Precision::Single);
        assert_eq!(found.len(), expected.len());
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let largest = expected.iter().fold(0.0f32, |largest, logit| largest.max(logit.abs()));
        println!("{family}: differs by at most {worst:e}, the largest logit is {largest}");
        assert!(worst < 1e-4, "{family}: {worst}");
        assert!(largest > 1.0, "the example says something");
    }
}

#[test]
fn the_batch_and_the_pages_do_not_change_a_bit() {
    for family in FAMILIES {
        let (model, tokens, _) = golden(family);
        let whole = logits_here(&model, &tokens, tokens.len(), 16, Precision::Single);
        for (batch, page_tokens) in [(1, 16), (7, 5), (16, 1), (3, 64)] {
            let parts = logits_here(&model, &tokens, batch, page_tokens, Precision::Single);
            assert!(parts == whole, "{family}: batches of {batch}, pages of {page_tokens}");
        }
    }
}

#[test]
fn keys_in_half_precision_stay_close() {
    let (model, tokens, expected) = golden("llama");
    let found = logits_here(&model, &tokens, 8, 16, Precision::Half);
    let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst > 0.0 && worst < 0.05, "{worst}");
}

#[test]
fn a_device_has_the_bits_of_the_processor_for_every_family() {
    let Some(cuda) = device::stand_in() else { return };
    for family in FAMILIES {
        let (model, tokens, _) = golden(family);
        let tokens = &tokens[..tokens.len().min(18)];
        for (batch, page_tokens, precision) in [(18, 16, Precision::Single), (7, 5, Precision::Half)] {
            let expected = logits_here(&model, tokens, batch, page_tokens, precision);
            let room = room(tokens.len(), page_tokens, precision);
            let opened = CudaBackend::open(cuda.clone(), model.clone(), Rows::Rounded, room);
            if model.shape().experts.is_some() {
                let refused = opened.err().expect("there is no kernel").to_string();
                assert!(refused.contains("no kernel for mixtures of experts"), "{refused}");
                continue;
            }
            let mut backend = opened.expect("a model");
            let found = logits(&mut backend, tokens, batch, page_tokens);
            assert!(found == expected, "{family}: batches of {batch}, pages of {page_tokens}");
        }
    }
}

/// A matrix with its weights rounded to 8 bits, or to 4, in blocks of 32; unchanged if its rows are not whole blocks.
fn rounded(matrix: &Matrix, format: Format) -> Matrix {
    if !matrix.columns().is_multiple_of(32) {
        return matrix.clone();
    }
    let most = if format == Format::Q8_0 { 127.0 } else { 7.0 };
    let (mut bytes, mut row) = (Vec::new(), vec![0.0f32; matrix.columns()]);
    for number in 0..matrix.rows() {
        matrix.row(number, &mut row);
        for block in row.chunks_exact(32) {
            let largest = block.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
            let scale = f16::from_f32(largest / most);
            let quant = |weight: &f32| (weight / scale.to_f32()).round().clamp(-most, most) as i8;
            let quants: Vec<i8> = block.iter().map(quant).collect();
            bytes.extend(scale.to_le_bytes());
            match format {
                Format::Q8_0 => bytes.extend(quants.iter().map(|quant| quant.cast_unsigned())),
                _ => bytes.extend((0..16).map(|at| ((quants[at] + 8) | (quants[at + 16] + 8) << 4).cast_unsigned())),
            }
        }
    }
    Matrix::pack(format, matrix.rows(), matrix.columns(), &bytes).expect("whole blocks")
}

/// A tiny model with integer weights, and the tokens of its example.
fn quantised(format: Format) -> (Arc<Model>, Vec<Token>) {
    let (mut model, tokens, _) = golden("llama");
    let own = Arc::get_mut(&mut model).expect("nobody else has it");
    own.embedding = rounded(&own.embedding, format);
    own.head = own.head.as_ref().map(|head| rounded(head, format));
    for layer in &mut own.layers {
        let projections = [&mut layer.query, &mut layer.key, &mut layer.value].map(|projection| &mut projection.linear);
        let FeedForward::One(Feed { gate, up, down }) = &mut layer.feed else { panic!("one part") };
        for linear in projections.into_iter().chain([&mut layer.output, gate, up, down]) {
            linear.matrix = rounded(&linear.matrix, format);
        }
    }
    (model, tokens)
}

#[test]
fn integer_weights_have_the_bits_of_the_processor_on_a_device() {
    let Some(cuda) = device::stand_in() else { return };
    for format in [Format::Q8_0, Format::Q4_0] {
        let (model, tokens) = quantised(format);
        let tokens = &tokens[..tokens.len().min(24)];
        let expected = logits_here(&model, tokens, tokens.len(), 16, Precision::Half);
        // All rows at once, and one by one.
        for batch in [tokens.len(), 1] {
            let room = room(tokens.len(), 16, Precision::Half);
            let mut backend = CudaBackend::open(cuda.clone(), model.clone(), Rows::Rounded, room).expect("a model");
            assert!(logits(&mut backend, tokens, batch, 16) == expected, "{format:?}, batches of {batch}");
        }
    }
}

#[test]
fn a_step_on_a_device_takes_one_copy_there() {
    let Some(machine) = device::machine() else { return };
    let (model, tokens, _) = golden("llama");
    let cuda = theoremata_kernels::cuda::Cuda::on(machine.clone());
    let room = room(16, 4, Precision::Half);
    let mut backend = CudaBackend::open(cuda, model, Rows::Rounded, room).expect("a model");
    let spans = [Span { page: 0, offset: 0, tokens: 3, position: 0 }];
    let groups = [Group { positions: &[0, 1, 2], seen: &[1, 2, 3], spans: &spans }];
    let slots = [0, 1, 2].map(|offset| Slot { page: 0, offset });
    let draw = Draw { seed: 1, path: 2, position: 3 };
    let drawing = Drawing { temperature: 1.0, draw, allowed: None, given: None };
    let wanted = [Wanted { row: 2, draw: Some(drawing) }];
    let batch = Batch { tokens: &tokens[..3], slots: &slots, groups: &groups, wanted: &wanted, watched: &[] };
    let before = machine.copies();
    backend.forward(&Inline, &batch).expect("a pass");
    assert_eq!(machine.copies() - before, 1);
}
