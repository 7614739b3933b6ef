//! A mixture of experts, from a published file and from GGUF.

use std::collections::BTreeMap;

use super::*;
use crate::Family;
use crate::weights::part::{ExpertPart, LayerPart, Part};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/qwen3moe")
}

/// The tensors of the folder in single precision, by name.
fn tensors() -> BTreeMap<String, TinyTensor> {
    let bytes = std::fs::read(folder().join("model.safetensors")).expect("a file");
    let file = ::safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
    let read = |(name, view): (String, ::safetensors::tensor::TensorView<'_>)| {
        let halves = view.data().as_chunks::<2>().0.iter();
        let numbers = halves.map(|two| f32::from_bits(u32::from(u16::from_le_bytes(*two)) << 16)).collect();
        (name.clone(), TinyTensor { name, shape: view.shape().to_vec(), numbers })
    };
    file.tensors().into_iter().map(read).collect()
}

/// The same model as a GGUF file, with its experts in one tensor.
fn gguf() -> Tiny {
    use LayerPart::*;
    let given = tensors();
    let mut tiny = Tiny { entries: Vec::new(), tensors: Vec::new() };
    let named = |part: Part| given[&format!("{}.weight", part.in_folder(Norms::Before))].clone();
    let put = |tiny: &mut Tiny, part: Part, tensor: TinyTensor| {
        tiny.tensor(&format!("{}.weight", part.in_gguf(Family::Qwen3Moe)), &tensor.shape.clone(), tensor.numbers);
    };
    for part in [Part::Embedding, Part::Norm] {
        put(&mut tiny, part, named(part));
    }
    for layer in 0..2 {
        let plain = [AttentionNorm, Query, Key, Value, QueryNorm, KeyNorm, Output, FeedNorm, Router];
        for part in plain.map(|part| Part::Layer(layer, part)) {
            put(&mut tiny, part, named(part));
        }
        for part in [ExpertPart::Gate, ExpertPart::Up, ExpertPart::Down] {
            let experts: Vec<TinyTensor> =
                (0..6).map(|expert| named(Part::Layer(layer, Expert(expert, part)))).collect();
            let numbers = experts.iter().flat_map(|expert| expert.numbers.clone()).collect();
            let shape = [&[6], experts[0].shape.as_slice()].concat();
            put(&mut tiny, Part::Layer(layer, Experts(part)), TinyTensor { name: String::new(), shape, numbers });
        }
    }
    tiny.set("general.architecture", Entry::Text("qwen3moe".into()));
    for (name, number) in [
        ("block_count", 2),
        ("context_length", 512),
        ("embedding_length", 32),
        ("feed_forward_length", 48),
        ("expert_feed_forward_length", 32),
        ("expert_count", 6),
        ("expert_used_count", 2),
        ("attention.head_count", 4),
        ("attention.head_count_kv", 2),
        ("attention.key_length", 12),
        ("attention.value_length", 12),
    ] {
        tiny.set(&format!("qwen3moe.{name}"), Entry::U32(number));
    }
    tiny.set("qwen3moe.attention.layer_norm_rms_epsilon", Entry::F32(1e-6));
    tiny.set("qwen3moe.rope.freq_base", Entry::F32(10000.0));
    tiny
}

#[test]
fn experts_compute_the_same_from_a_folder_and_from_gguf() {
    let expected = logits(Model::load(&folder()).expect("a folder"));
    assert!(of(&gguf()) == expected);
}

#[test]
fn mixtures_that_are_not_computed_are_refused_by_name() {
    let refuses = |name: &str, entry: Entry| refused(&gguf().with(&format!("qwen3moe.{name}"), entry));
    assert!(refuses("expert_used_count", Entry::U32(7)).contains("7 of 6 experts"));
    assert!(refuses("expert_count", Entry::U32(5)).contains("ffn_gate_inp"));
    assert!(refuses("expert_shared_count", Entry::U32(1)).contains("expert_shared_count"));
    assert!(refuses("leading_dense_block_count", Entry::U32(1)).contains("leading_dense_block_count"));
    assert!(refused(&gguf().without("blk.1.ffn_up_exps.weight")).contains("blk.1.ffn_up.0.weight"));
    let mut config: Json =
        serde_json::from_slice(&std::fs::read(folder().join("config.json")).expect("a file")).expect("JSON");
    config["mlp_only_layers"] = json!([1]);
    assert!(ModelShape::from_json(&config).expect_err("refused").to_string().contains("mlp_only_layers"));
    config["mlp_only_layers"] = json!([]);
    config["shared_expert_intermediate_size"] = json!(32);
    assert!(ModelShape::from_json(&config).expect_err("refused").to_string().contains("shared_expert"));
}
