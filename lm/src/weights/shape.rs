//! What a model is, apart from its weights: sizes, and the variant of the architecture.

use std::io::{Read, Seek};

use serde_json::Value as Json;
use theoremata_kernels::Pairing;

use crate::weights::gguf::{Gguf, GgufError, Value};

/// Families that are computed here. All of them can be forked, stitched and shifted: attention is full
/// and positions are rotary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Llama 1 to 3, and models of the same form such as SmolLM2.
    Llama,
    /// Qwen 2 and 2.5: queries, keys and values have biases.
    Qwen2,
    /// Qwen 3: queries and keys of each head are normed.
    Qwen3,
}

/// Sizes and constants of a model.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelShape {
    /// The variant.
    pub family: Family,
    /// Layers.
    pub layers: usize,
    /// Numbers of a row between layers.
    pub width: usize,
    /// Numbers of a row inside the feed-forward part.
    pub hidden: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and of values; each serves `heads / key_heads` heads of queries.
    pub key_heads: usize,
    /// Numbers of a head.
    pub head_width: usize,
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// Positions that the model was trained on.
    pub context: usize,
    /// Added to the mean square in norms.
    pub norm_epsilon: f32,
    /// Base of the rotary frequencies.
    pub rotary_base: f64,
    /// Which numbers turn together.
    pub pairing: Pairing,
}

/// Why a shape is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelShapeError {
    /// The head of the file lacks something.
    #[error(transparent)]
    File(#[from] GgufError),
    /// A family that is not computed here.
    #[error("the architecture is {0}; this program computes llama, qwen2 and qwen3")]
    Architecture(String),
    /// Something that the family may have and that is not computed here.
    #[error("the model wants {0}, which is not computed here")]
    Feature(String),
    /// Sizes that contradict each other.
    #[error("the sizes of the model do not fit together: {0}")]
    Sizes(String),
}

/// Bounds far above any model that fits a machine, so that products of sizes cannot overflow.
const LAYERS_MAX: usize = 1 << 10;
const WIDTH_MAX: usize = 1 << 18;
const HEAD_WIDTH_MAX: usize = 1 << 10;
const VOCABULARY_MAX: usize = 1 << 22;

impl ModelShape {
    /// The shape that the head of a GGUF file tells.
    pub fn from_gguf<R: Read + Seek>(file: &Gguf<R>) -> Result<ModelShape, ModelShapeError> {
        let architecture = file.text("general.architecture")?.to_owned();
        let family = family_of(&architecture)?;
        let key = |name: &str| format!("{architecture}.{name}");
        let optional = |name: &str| file.entry(&key(name)).is_some();
        if let Some(Value::Text(kind)) = file.entry(&key("rope.scaling.type"))
            && kind != "none"
        {
            return Err(ModelShapeError::Feature(format!("rotary scaling of type {kind}")));
        }
        if file.place("rope_freqs.weight").is_some() {
            return Err(ModelShapeError::Feature("rotary frequencies of its own".into()));
        }
        if optional("expert_count") {
            return Err(ModelShapeError::Feature("experts".into()));
        }
        let width = file.size(&key("embedding_length"))?;
        let heads = file.size(&key("attention.head_count"))?;
        let head_width =
            if optional("attention.key_length") { file.size(&key("attention.key_length"))? } else { width / heads };
        let context = file.size(&key("context_length"))?;
        if optional("attention.sliding_window") && file.size(&key("attention.sliding_window"))? < context {
            return Err(ModelShapeError::Feature("a sliding window".into()));
        }
        let vocabulary = match file.place("token_embd.weight") {
            Some(place) if place.shape.len() == 2 => place.shape[1],
            _ => return Err(GgufError::Missing { what: "matrix", name: "token_embd.weight".into() }.into()),
        };
        let shape = ModelShape {
            family,
            layers: file.size(&key("block_count"))?,
            width,
            hidden: file.size(&key("feed_forward_length"))?,
            heads,
            key_heads: if optional("attention.head_count_kv") {
                file.size(&key("attention.head_count_kv"))?
            } else {
                heads
            },
            head_width,
            vocabulary,
            context,
            norm_epsilon: file.float(&key("attention.layer_norm_rms_epsilon"))? as f32,
            rotary_base: if optional("rope.freq_base") { file.float(&key("rope.freq_base"))? } else { 10_000.0 },
            pairing: if family == Family::Llama { Pairing::Neighbours } else { Pairing::Halves },
        };
        if optional("rope.dimension_count") && file.size(&key("rope.dimension_count"))? != head_width {
            return Err(ModelShapeError::Feature("rotation of a part of each head".into()));
        }
        shape.checked()
    }

    /// The shape that a `config.json` tells.
    pub fn from_json(config: &Json) -> Result<ModelShape, ModelShapeError> {
        let family = family_of(config["model_type"].as_str().unwrap_or("unknown"))?;
        let size = |name: &str| {
            let number = config[name].as_u64().filter(|number| (1..=1 << 24).contains(number));
            number
                .map(|number| number as usize)
                .ok_or_else(|| ModelShapeError::Sizes(format!("{name} is {}", config[name])))
        };
        let or = |name: &str, other: usize| if config[name].is_null() { Ok(other) } else { size(name) };
        // Newer files keep what rotation needs in one object, older ones beside the sizes.
        let rotary = &config["rope_parameters"];
        for scaling in [&config["rope_scaling"], rotary] {
            let kind = scaling["rope_type"].as_str().or(scaling["type"].as_str()).unwrap_or("default");
            if kind != "default" {
                return Err(ModelShapeError::Feature(format!("rotary scaling of type {kind}")));
            }
        }
        if config["use_sliding_window"].as_bool() == Some(true) {
            return Err(ModelShapeError::Feature("a sliding window".into()));
        }
        let base = rotary["rope_theta"].as_f64().or(config["rope_theta"].as_f64());
        let (width, heads) = (size("hidden_size")?, size("num_attention_heads")?);
        let shape = ModelShape {
            family,
            layers: size("num_hidden_layers")?,
            width,
            hidden: size("intermediate_size")?,
            heads,
            key_heads: or("num_key_value_heads", heads)?,
            head_width: or("head_dim", width / heads)?,
            vocabulary: size("vocab_size")?,
            context: size("max_position_embeddings")?,
            norm_epsilon: config["rms_norm_eps"].as_f64().unwrap_or(1e-6) as f32,
            rotary_base: base.unwrap_or(10_000.0),
            pairing: Pairing::Halves,
        };
        shape.checked()
    }

    fn checked(self) -> Result<ModelShape, ModelShapeError> {
        let wrong = |text: String| Err(ModelShapeError::Sizes(text));
        if self.layers > LAYERS_MAX || self.width > WIDTH_MAX || self.hidden > 4 * WIDTH_MAX {
            return wrong(format!("{} layers of width {} and {}", self.layers, self.width, self.hidden));
        }
        if self.head_width > HEAD_WIDTH_MAX || self.head_width == 0 || !self.head_width.is_multiple_of(2) {
            return wrong(format!("heads of {} numbers", self.head_width));
        }
        if self.heads > WIDTH_MAX / self.head_width || !self.heads.is_multiple_of(self.key_heads) {
            return wrong(format!("{} heads of queries for {} of keys", self.heads, self.key_heads));
        }
        if self.vocabulary == 0 || self.vocabulary > VOCABULARY_MAX {
            return wrong(format!("a vocabulary of {}", self.vocabulary));
        }
        if !(self.norm_epsilon > 0.0 && self.norm_epsilon < 1.0) {
            return wrong(format!("the epsilon of norms is {}", self.norm_epsilon));
        }
        if !(self.rotary_base >= 1.0 && self.rotary_base < 1e12) {
            return wrong(format!("the rotary base is {}", self.rotary_base));
        }
        Ok(self)
    }

    /// Numbers of the keys, or of the values, of one token in one layer.
    pub fn key_width(&self) -> usize {
        self.key_heads * self.head_width
    }
}

fn family_of(name: &str) -> Result<Family, ModelShapeError> {
    match name {
        "llama" => Ok(Family::Llama),
        "qwen2" => Ok(Family::Qwen2),
        "qwen3" => Ok(Family::Qwen3),
        other => Err(ModelShapeError::Architecture(other.chars().take(40).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Json {
        serde_json::json!({
            "model_type": "llama", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
            "num_hidden_layers": 2, "intermediate_size": 96, "vocab_size": 100, "max_position_embeddings": 256,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        })
    }

    #[test]
    fn a_configuration_gives_the_shape() {
        let shape = ModelShape::from_json(&config()).expect("a shape");
        assert_eq!((shape.head_width, shape.key_width(), shape.family), (16, 32, Family::Llama));
    }

    #[test]
    fn what_cannot_be_computed_is_refused_by_name() {
        let refused = [
            ("model_type", serde_json::json!("mamba"), "mamba"),
            ("num_key_value_heads", serde_json::json!(3), "heads"),
            ("hidden_size", serde_json::json!(-1), "hidden_size"),
            ("hidden_size", serde_json::json!(16_777_216), "width"),
            ("head_dim", serde_json::json!(15), "15"),
            ("rope_scaling", serde_json::json!({ "rope_type": "yarn" }), "yarn"),
            ("vocab_size", serde_json::json!(8_388_608), "vocabulary"),
            ("rms_norm_eps", serde_json::json!(0.0), "epsilon"),
            ("rope_theta", serde_json::json!(0.0), "rotary"),
        ];
        for (name, value, word) in refused {
            let mut config = config();
            config[name] = value;
            let error = ModelShape::from_json(&config).expect_err(name).to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
