use std::io::Cursor;
use std::sync::Arc;

use candle_core::quantized::gguf_file::{self, Value as Entry};
use candle_core::quantized::{GgmlDType, QTensor};
use theoremata_kernels::Inline;

use super::*;
use crate::{Bound, Bounds, Engine, Outcome, Precision, Request, Settings, Then, Turn};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/llama")
}

/// The rows of a matrix of queries or keys as GGUF files of Llama have them: the two numbers that turn
/// together stand side by side.
fn neighbours(tensor: &Tensor, heads: usize) -> Tensor {
    let (rows, columns) = tensor.dims2().expect("a matrix");
    let split = tensor.reshape((heads, 2, rows / heads / 2, columns)).and_then(|split| split.transpose(1, 2));
    split.and_then(|split| split.reshape((rows, columns))).and_then(|rows| rows.contiguous()).expect("the same numbers")
}

/// What the head of a file says.
type Head = Vec<(&'static str, Entry)>;

/// The tiny Llama as a GGUF file, with entries of the head changed as a test wants them.
fn as_gguf(change: impl Fn(&mut Head), leave_out: &str, format: GgmlDType) -> Vec<u8> {
    let tensors = candle_core::safetensors::load(folder().join("model.safetensors"), &Device::Cpu).expect("weights");
    let mut entries = vec![
        ("general.architecture", Entry::String("llama".into())),
        ("llama.block_count", Entry::U32(2)),
        ("llama.embedding_length", Entry::U32(32)),
        ("llama.feed_forward_length", Entry::U32(48)),
        ("llama.attention.head_count", Entry::U32(4)),
        ("llama.attention.head_count_kv", Entry::U32(2)),
        ("llama.attention.layer_norm_rms_epsilon", Entry::F32(1e-6)),
        ("llama.context_length", Entry::U32(512)),
    ];
    change(&mut entries);
    let mut named = Vec::new();
    let mut parts = vec![Part::Embedding, Part::Norm];
    for layer in 0..2 {
        use LayerPart::*;
        let of_layer = [AttentionNorm, Query, Key, Value, Output, FeedNorm, Gate, Up, Down];
        parts.extend(of_layer.map(|part| Part::Layer(layer, part)));
    }
    for part in parts {
        let tensor = &tensors[&FolderWeights::name(part)];
        let tensor = match part {
            Part::Layer(_, LayerPart::Query) => neighbours(tensor, 4),
            Part::Layer(_, LayerPart::Key) => neighbours(tensor, 2),
            _ => tensor.clone(),
        };
        let tensor = tensor.to_dtype(DType::F32).expect("floats");
        // Rows of 48 numbers are no whole blocks, as little as vectors are wanted in blocks.
        let whole = tensor.dims().len() == 2 && tensor.dims()[1].is_multiple_of(32);
        let format = if whole { format } else { GgmlDType::F32 };
        named.push((GgufWeights::<File>::name(part), QTensor::quantize(&tensor, format).expect("a tensor")));
    }
    named.retain(|(name, _)| name != leave_out);
    let entries: Vec<(&str, &Entry)> = entries.iter().map(|(name, entry)| (*name, entry)).collect();
    let tensors: Vec<(&str, &QTensor)> = named.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut file = Cursor::new(Vec::new());
    gguf_file::write(&mut file, &entries, &tensors).expect("a file");
    file.into_inner()
}

fn logits(model: Model) -> Vec<f32> {
    let settings = Settings { pages: 4, precision: Precision::Single, ..Settings::default() };
    let mut engine = Engine::new(Arc::new(model), settings);
    let tokens = (0..30).map(|place| place * 7 % 96).collect();
    let then = Then::Generate(Turn::greedy(1));
    engine.submit(Request { tokens, seed: 0, then, bounds: Bounds::default() }).expect("a tree");
    engine.run(&Inline);
    engine.seen_logits.remove(0).1
}

#[test]
fn a_model_computes_the_same_from_either_kind_of_file() {
    let of_folder = logits(Model::load(&folder()).expect("a model"));
    let file = as_gguf(|_| {}, "", GgmlDType::F32);
    let of_file = logits(Model::from_gguf(Cursor::new(file), &Inline).expect("a model"));
    assert!(of_folder == of_file);
}

#[test]
fn a_model_in_eight_bits_stays_close() {
    let exact = logits(Model::load(&folder()).expect("a model"));
    let file = as_gguf(|_| {}, "", GgmlDType::Q8_0);
    let found = logits(Model::from_gguf(Cursor::new(file), &Inline).expect("a model"));
    let worst = exact.iter().zip(&found).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
    assert!(worst > 0.0 && worst < 0.5, "{worst}");
}

#[test]
fn a_file_that_does_not_hold_the_model_it_announces_is_refused() {
    let refused = |change: &dyn Fn(&mut Head), leave_out: &str| {
        let file = as_gguf(change, leave_out, GgmlDType::F32);
        Model::from_gguf(Cursor::new(file), &Inline).expect_err("refused").to_string()
    };
    let set = |name: &'static str, entry: Entry| {
        move |entries: &mut Head| {
            entries.retain(|(other, _)| *other != name);
            entries.push((name, entry.clone()));
        }
    };
    let none = |_: &mut Head| {};
    assert!(refused(&set("general.architecture", Entry::String("rwkv7".into())), "").contains("rwkv7"));
    assert!(refused(&set("llama.block_count", Entry::U32(3)), "").contains("blk.2"));
    assert!(refused(&set("llama.block_count", Entry::U32(u32::MAX)), "").contains("block_count"));
    assert!(refused(&set("llama.attention.head_count", Entry::U32(0)), "").contains("head_count"));
    assert!(refused(&set("llama.embedding_length", Entry::U32(64)), "").contains("token_embd"));
    assert!(refused(&set("llama.context_length", Entry::String("long".into())), "").contains("context_length"));
    assert!(refused(&set("llama.rope.scaling.type", Entry::String("yarn".into())), "").contains("yarn"));
    assert!(refused(&set("llama.expert_count", Entry::U32(8)), "").contains("experts"));
    assert!(refused(&none, "blk.1.ffn_up.weight").contains("blk.1.ffn_up.weight"));
    assert!(refused(&set("tokenizer.ggml.model", Entry::String("llama".into())), "").contains("vocabulary"));
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    let file = as_gguf(|_| {}, "", GgmlDType::F32);
    for length in (0..file.len()).step_by(997).chain([file.len() - 1]) {
        assert!(Model::from_gguf(Cursor::new(file[..length].to_vec()), &Inline).is_err(), "{length} bytes");
    }
}

#[test]
fn a_folder_that_lacks_something_says_what() {
    let nowhere = Model::load(Path::new("/nowhere/model.gguf")).expect_err("no file").to_string();
    assert!(nowhere.contains("/nowhere/model.gguf"));
    let empty = Model::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect_err("no model").to_string();
    assert!(empty.contains("config.json"));
}

/// What a model says that was made by somebody who means no good: three tokens, or why there are none.
fn said(model: Model) -> Option<Outcome> {
    let settings = Settings { pages: 8, precision: Precision::Single, ..Settings::default() };
    let vocabulary = model.shape().vocabulary as u32;
    let mut engine = Engine::new(Arc::new(model), settings);
    let then = Then::Generate(Turn::greedy(3));
    let tokens = vec![0, vocabulary - 1, vocabulary / 2];
    let root = engine.submit(Request { tokens, seed: 0, then, bounds: Bounds::default() }).ok()?;
    engine.run(&Inline);
    assert_eq!(engine.audit(), Ok(()));
    engine.outcome(root).cloned()
}

#[test]
fn no_changed_byte_of_a_file_panics_or_hangs() {
    let file = as_gguf(|_| {}, "", GgmlDType::F32);
    let head = file.windows(7).rposition(|window| window == b"weight\x02").map_or(2000, |at| at + 60);
    let (mut loaded, mut refused) = (0, 0);
    for at in (0..head).chain((head..file.len()).step_by(4001)) {
        for value in [0, 1, 64, 255] {
            let mut changed = file.clone();
            changed[at] = value;
            match Model::from_gguf(Cursor::new(changed), &Inline) {
                // Every third one is computed, too.
                Ok(model) if at % 3 == 0 => {
                    assert!(said(model).is_none_or(|outcome| outcome != Outcome::Concluded));
                    loaded += 1;
                }
                Ok(_) => loaded += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(loaded > 100 && refused > 1000, "{loaded} loaded, {refused} refused");
}

#[test]
fn weights_that_are_no_numbers_end_what_asks_for_them() {
    let file = as_gguf(|_| {}, "", GgmlDType::F32);
    for (byte, outcome) in [(0xFF, Outcome::Invalid), (0x00, Outcome::Budget(Bound::Tokens))] {
        let mut spoilt = file.clone();
        // The last tensors are all in the last third.
        let from = file.len() * 2 / 3;
        spoilt[from..].fill(byte);
        let model = Model::from_gguf(Cursor::new(spoilt), &Inline).expect("a model");
        assert_eq!(said(model), Some(outcome), "weights of {byte}");
    }
}
