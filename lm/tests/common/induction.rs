//! An induction model: a Llama of two layers whose weights are set by formula, not trained. It outputs what followed
//! the last token at that token's previous occurrence.
//!
//! The first layer's head looks one position back and records which token is there: the first numbers of a head are
//! rotated, and are in phase at a distance of one. The second layer's head looks for places whose record is the present
//! token, with numbers that are not rotated, and outputs the token there. So a cache that loses a token loses what
//! followed it, and a question about it fails.

use std::path::Path;

/// The size of the vocabulary.
pub(crate) const VOCABULARY: usize = 96;
/// The head dimension: rotated pairs, and as many unrotated numbers as there are tokens.
const DIM: usize = 192;
/// The hidden size: a constant, then the token, the token before, and the output.
const WIDTH: usize = 320;
const NOTE: usize = 1 + VOCABULARY;
const SAID: usize = NOTE + VOCABULARY;
/// Pairs by which the first layer measures distances.
const TURNING: usize = 16;
/// Pairs from here on rotate by less than a thousandth within a thousand positions.
const STILL: usize = 48;
/// The rotary base: pair `i` rotates by `BASE^(-2i/DIM)` per position.
const BASE: f64 = 9e11;

/// Writes the model to a folder in Hugging Face format: `config.json` and `model.safetensors`.
pub(crate) fn write(folder: &Path, positions: usize) -> std::io::Result<()> {
    let config = format!(
        r#"{{"model_type": "llama", "vocab_size": {VOCABULARY}, "hidden_size": {WIDTH}, "intermediate_size": 32,
"num_hidden_layers": 2, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": {DIM},
"max_position_embeddings": {positions}, "rms_norm_eps": 1e-6, "rope_theta": {BASE}, "tie_word_embeddings": false,
"hidden_act": "silu", "attention_bias": false, "mlp_bias": false}}"#
    );
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("config.json"), config)?;
    std::fs::write(folder.join("model.safetensors"), safetensors(&tensors()))
}

/// A matrix with its numbers of rows and columns.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

impl Tensor {
    fn zeros(name: impl Into<String>, shape: &[usize]) -> Tensor {
        Tensor { name: name.into(), shape: shape.to_vec(), numbers: vec![0.0; shape.iter().product()] }
    }

    fn ones(name: impl Into<String>, length: usize) -> Tensor {
        Tensor { numbers: vec![1.0; length], ..Tensor::zeros(name, &[length]) }
    }

    fn set(&mut self, row: usize, column: usize, number: f64) {
        let width = self.shape[1];
        self.numbers[row * width + column] = number as f32;
    }
}

/// The place in a head that records token `token`, in pairs that hardly rotate.
fn still(token: usize) -> usize {
    let pair = STILL + token / 2;
    if token.is_multiple_of(2) { pair } else { pair + DIM / 2 }
}

fn tensors() -> Vec<Tensor> {
    let mut embedding = Tensor::zeros("model.embed_tokens.weight", &[VOCABULARY, WIDTH]);
    let mut head = Tensor::zeros("lm_head.weight", &[VOCABULARY, WIDTH]);
    for token in 0..VOCABULARY {
        embedding.set(token, 0, 1.0);
        embedding.set(token, 1 + token, 1.0);
        head.set(token, SAID + token, 2.0);
    }
    let mut tensors = vec![embedding, head, Tensor::ones("model.norm.weight", WIDTH)];
    for layer in 0..2 {
        let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
        let mut query = Tensor::zeros(name("self_attn.q_proj"), &[DIM, WIDTH]);
        let mut key = Tensor::zeros(name("self_attn.k_proj"), &[DIM, WIDTH]);
        let mut value = Tensor::zeros(name("self_attn.v_proj"), &[DIM, WIDTH]);
        let mut output = Tensor::zeros(name("self_attn.o_proj"), &[WIDTH, DIM]);
        // The norm scales a state of n ones, n = 2 or 3, to numbers sqrt(WIDTH / n).
        let size = (WIDTH as f64 / if layer == 0 { 2.0 } else { 3.0 }).sqrt();
        for token in 0..VOCABULARY {
            value.set(token, 1 + token, 1.0 / size);
            output.set(if layer == 0 { NOTE } else { SAID } + token, token, 1.0);
        }
        if layer == 0 {
            // Rotated forward by one position relative to the key, so that all pairs are in phase at a distance of one.
            let strength = (120.0 * (DIM as f64).sqrt()).sqrt() / size;
            for pair in 0..TURNING {
                let angle = -BASE.powf(-2.0 * pair as f64 / DIM as f64);
                query.set(pair, 0, strength * angle.cos());
                query.set(pair + DIM / 2, 0, strength * angle.sin());
                key.set(pair, 0, strength);
            }
        } else {
            let strength = (40.0 * (DIM as f64).sqrt()).sqrt() / size;
            for token in 0..VOCABULARY {
                query.set(still(token), 1 + token, strength);
                key.set(still(token), NOTE + token, strength);
            }
        }
        tensors.extend([query, key, value, output]);
        tensors.push(Tensor::zeros(name("mlp.gate_proj"), &[32, WIDTH]));
        tensors.push(Tensor::zeros(name("mlp.up_proj"), &[32, WIDTH]));
        tensors.push(Tensor::zeros(name("mlp.down_proj"), &[WIDTH, 32]));
        tensors.push(Tensor::ones(name("input_layernorm"), WIDTH));
        tensors.push(Tensor::ones(name("post_attention_layernorm"), WIDTH));
    }
    tensors
}

/// The bytes of a safetensors file: a length, a header in JSON, and the numbers.
fn safetensors(tensors: &[Tensor]) -> Vec<u8> {
    let (mut header, mut at) = (Vec::new(), 0);
    for Tensor { name, shape, numbers } in tensors {
        let end = at + 4 * numbers.len();
        header.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{at},{end}]}}"#));
        at = end;
    }
    let mut header = format!("{{{}}}", header.join(","));
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(tensors.iter().flat_map(|tensor| &tensor.numbers).flat_map(|number| number.to_le_bytes()));
    bytes
}
