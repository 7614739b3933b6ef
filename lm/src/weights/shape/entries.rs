//! Reading the configuration from GGUF metadata.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{Read, Seek};

use theoremata_kernels::Pairing;

use super::rotation::{Rotation, Scaling};
use super::{Biases, Experts, Family, ModelShape, ModelShapeError, base, window};
use crate::weights::gguf::{Gguf, GgufError, Value};

/// Entries of an architecture that do not affect the result.
const HARMLESS: [&str; 4] =
    ["vocab_size", "rope.scaling.finetuned", "tensor_data_layout", "attention.layer_norm_epsilon"];

/// The families, by their names in GGUF.
const KNOWN: &str = "llama, qwen2, qwen3, qwen3moe, gemma2, gemma3, phi3, smollm3, olmo2 and granite";

fn family_of(name: &str) -> Option<Family> {
    Some(match name {
        "llama" => Family::Llama,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        "qwen3moe" => Family::Qwen3Moe,
        "gemma2" => Family::Gemma2,
        "gemma3" => Family::Gemma3,
        "phi3" => Family::Phi3,
        "smollm3" => Family::SmolLm3,
        "olmo2" => Family::Olmo2,
        "granite" => Family::Granite,
        _ => return None,
    })
}

/// The entries of the architecture, and which of them were read.
struct Entries<'f, R> {
    file: &'f Gguf<R>,
    architecture: String,
    read: RefCell<BTreeSet<String>>,
}

impl<R: Read + Seek> Entries<'_, R> {
    fn key(&self, name: &str) -> String {
        let key = format!("{}.{name}", self.architecture);
        self.read.borrow_mut().insert(key.clone());
        key
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.file.entry(&self.key(name))
    }

    /// A size, or a list with the same size for each layer.
    fn size(&self, name: &str) -> Result<usize, ModelShapeError> {
        let key = self.key(name);
        if let Some(Value::Integers(sizes)) = self.file.entry(&key) {
            return match sizes.first() {
                Some(first) if sizes.iter().all(|size| size == first) && (1..=1 << 24).contains(first) => {
                    Ok(*first as usize)
                }
                _ => Err(ModelShapeError::Feature(format!("layers of different sizes ({key})"))),
            };
        }
        Ok(self.file.size(&key)?)
    }

    fn size_or(&self, name: &str, other: usize) -> Result<usize, ModelShapeError> {
        if self.value(name).is_some() { self.size(name) } else { Ok(other) }
    }

    /// An optional number. An integer is also accepted.
    fn number(&self, name: &str) -> Result<Option<f64>, ModelShapeError> {
        let key = self.key(name);
        match self.file.entry(&key) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(*number as f64)),
            Some(_) => Ok(Some(self.file.float(&key)?)),
        }
    }

    /// Refuses a number that would affect the result: only neutral values are supported.
    fn neutral(&self, name: &str, neutral: &[f64]) -> Result<(), ModelShapeError> {
        match self.value(name) {
            None => Ok(()),
            Some(Value::Integer(number)) if neutral.contains(&(*number as f64)) => Ok(()),
            Some(Value::Float(number)) if neutral.contains(number) => Ok(()),
            Some(Value::Flag(flag)) if neutral.contains(&f64::from(u8::from(*flag))) => Ok(()),
            Some(other) => Err(self.unknown(&self.key(name), other)),
        }
    }

    fn unknown(&self, key: &str, value: &Value) -> ModelShapeError {
        let value = match value {
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Text(text) => text.chars().take(60).collect(),
            Value::Integers(_) | Value::Floats(_) | Value::Texts(_) => "a list".to_owned(),
        };
        ModelShapeError::Feature(format!("{key} = {value}"))
    }

    /// Refuses entries that are set and were not read.
    fn refuse_unread(&self) -> Result<(), ModelShapeError> {
        let prefix = format!("{}.", self.architecture);
        let read = self.read.borrow();
        for (key, value) in self.file.entries() {
            let Some(name) = key.strip_prefix(&prefix) else { continue };
            if !read.contains(key) && !HARMLESS.contains(&name) {
                return Err(self.unknown(key, value));
            }
        }
        Ok(())
    }
}

impl ModelShape {
    /// Reads the configuration from GGUF metadata. Frequency factors that are stored as tensors are not included.
    pub fn from_gguf<R: Read + Seek>(file: &Gguf<R>) -> Result<ModelShape, ModelShapeError> {
        let architecture = file.text("general.architecture")?.to_owned();
        let family = family_of(&architecture).ok_or_else(|| ModelShapeError::Architecture {
            found: architecture.chars().take(40).collect(),
            known: KNOWN,
        })?;
        let entries = Entries { file, architecture, read: RefCell::default() };
        let width = entries.size("embedding_length")?;
        let heads = entries.size("attention.head_count")?;
        let head_width = entries.size_or("attention.key_length", width / heads)?;
        if entries.size_or("attention.value_length", head_width)? != head_width {
            return Err(ModelShapeError::Feature("values of another width than keys".into()));
        }
        let key_heads = entries.size_or("attention.head_count_kv", heads)?;
        let layers = entries.size("block_count")?;
        let vocabulary = match file.place("token_embd.weight") {
            Some(place) if place.shape.len() == 2 => place.shape[1],
            _ => return Err(GgufError::Missing { what: "matrix", name: "token_embd.weight".into() }.into()),
        };
        let moe = family == Family::Qwen3Moe;
        let mut shape = ModelShape {
            hidden: entries.size(if moe { "expert_feed_forward_length" } else { "feed_forward_length" })?,
            experts: if moe { Some(experts(&entries)?) } else { None },
            vocabulary,
            context: entries.size("context_length")?,
            norm_epsilon: file.float(&entries.key("attention.layer_norm_rms_epsilon"))? as f32,
            input_biases: if family == Family::Qwen2 { Biases::Always } else { Biases::IfThere },
            output_biases: Biases::IfThere,
            feed_biases: Biases::IfThere,
            pairing: match family {
                Family::Llama | Family::SmolLm3 | Family::Granite => Pairing::Neighbours,
                _ => Pairing::Halves,
            },
            ..ModelShape::plain(family, layers, width, (heads, key_heads, head_width))
        };
        attention(&entries, &mut shape)?;
        factors(&entries, &mut shape)?;
        for (name, neutral) in [
            ("use_parallel_residual", &[0.0][..]),
            ("attention.causal", &[1.0]),
            ("attention.clamp_kqv", &[0.0]),
            ("attention.max_alibi_bias", &[0.0]),
            ("pooling_type", &[0.0]),
        ] {
            entries.neutral(name, neutral)?;
        }
        if !moe {
            entries.neutral("expert_count", &[0.0])?;
            entries.neutral("expert_used_count", &[0.0])?;
        }
        entries.refuse_unread()?;
        shape.checked()
    }
}

/// The settings of a mixture of experts.
fn experts<R: Read + Seek>(entries: &Entries<'_, R>) -> Result<Experts, ModelShapeError> {
    // The size of a feed-forward part without experts, which no layer has.
    entries.value("feed_forward_length");
    entries.neutral("expert_shared_count", &[0.0])?;
    entries.neutral("expert_weights_scale", &[0.0, 1.0])?;
    entries.neutral("expert_weights_norm", &[1.0])?;
    entries.neutral("leading_dense_block_count", &[0.0])?;
    Ok(Experts { count: entries.size("expert_count")?, used: entries.size("expert_used_count")?, normed: true })
}

/// Rotations and windows of all layers.
fn attention<R: Read + Seek>(entries: &Entries<'_, R>, shape: &mut ModelShape) -> Result<(), ModelShapeError> {
    let usual = if shape.family == Family::Gemma3 { 1_000_000.0 } else { 10_000.0 };
    let own_base = base(entries.number("rope.freq_base")?.unwrap_or(usual))?;
    let turning = entries.size_or("rope.dimension_count", shape.head_width)?.min(shape.head_width);
    let scaling = scaling(entries, shape)?;
    let rotation = Rotation::new(turning / 2 * 2, own_base, &scaling);
    let size = match entries.value("attention.sliding_window") {
        None | Some(Value::Integer(0)) => None,
        Some(_) => window(entries.size("attention.sliding_window")?, shape.context),
    };
    shape.with_one_attention(rotation, None);
    let is_local = locality(entries, shape)?;
    for (layer, is_local) in shape.attention.iter_mut().zip(&is_local) {
        layer.window = size.filter(|_| *is_local);
    }
    match shape.family {
        Family::Gemma3 => {
            let local = base(entries.number("rope.freq_base_swa")?.unwrap_or(10_000.0))?;
            shape.rotations.push(Rotation::new(turning / 2 * 2, local, &Scaling::None));
            for (layer, is_local) in shape.attention.iter_mut().zip(is_local) {
                layer.rotation = usize::from(is_local);
            }
        }
        Family::SmolLm3 => shape.without_positions(|layer| layer % 4 == 3),
        _ => {}
    }
    Ok(())
}

/// Which layers have a sliding window, if there is one.
fn locality<R: Read + Seek>(entries: &Entries<'_, R>, shape: &ModelShape) -> Result<Vec<bool>, ModelShapeError> {
    let layers = shape.attention.len();
    // Of this many layers, the last has full attention.
    let every = match (entries.value("attention.sliding_window_pattern"), shape.family) {
        (Some(Value::Integers(flags)), _) if flags.len() == shape.layers => {
            return Ok(flags.iter().map(|flag| *flag != 0).collect());
        }
        (Some(Value::Integer(every)), _) if (1..=1024).contains(every) => *every as usize,
        (Some(other), _) => return Err(entries.unknown(&entries.key("attention.sliding_window_pattern"), other)),
        (None, Family::Gemma2) => 2,
        (None, Family::Gemma3) => 6,
        (None, _) => return Ok(vec![true; layers]),
    };
    Ok((0..layers).map(|layer| layer % every < every - 1).collect())
}

fn scaling<R: Read + Seek>(entries: &Entries<'_, R>, shape: &mut ModelShape) -> Result<Scaling, ModelShapeError> {
    let kind = match entries.value("rope.scaling.type") {
        None => "linear",
        Some(Value::Text(kind)) => kind,
        Some(other) => return Err(entries.unknown(&entries.key("rope.scaling.type"), other)),
    };
    let old = entries.number("rope.scale_linear")?;
    let factor = entries.number("rope.scaling.factor")?.or(old).filter(|factor| *factor != 0.0).unwrap_or(1.0);
    let original = entries.number("rope.scaling.original_context_length")?;
    let magnitude = entries.number("rope.scaling.attn_factor")?.filter(|factor| *factor != 0.0).unwrap_or(1.0);
    let fast = entries.number("rope.scaling.yarn_beta_fast")?.unwrap_or(32.0);
    let slow = entries.number("rope.scaling.yarn_beta_slow")?.unwrap_or(1.0);
    entries.neutral("rope.scaling.yarn_ext_factor", &[1.0, -1.0])?;
    entries.neutral("rope.scaling.yarn_attn_factor", &[1.0])?;
    entries.neutral("rope.scaling.yarn_log_multiplier", &[0.0])?;
    let context = shape.context as f64;
    match kind {
        "none" => Ok(Scaling::None),
        "linear" if factor == 1.0 => Ok(Scaling::None),
        "linear" => Ok(Scaling::Linear(factor)),
        "yarn" => {
            let usual = if factor > 1.0 { 0.1 * factor.ln() + 1.0 } else { 1.0 };
            let original = original.unwrap_or(context);
            Ok(Scaling::Yarn { factor, original, fast, slow, magnitude: Some(magnitude * usual) })
        }
        // The factors are stored as tensors. Those for short texts are used, so longer texts are not accepted.
        "longrope" => {
            shape.context = shape.context.min(original.unwrap_or(context) as usize);
            Ok(Scaling::Factors { factors: vec![1.0; shape.head_width / 2], magnitude })
        }
        other => {
            let kind: String = other.chars().take(40).collect();
            Err(ModelShapeError::Feature(format!("rotary scaling of type {kind}")))
        }
    }
}

/// Constants that only some families have.
fn factors<R: Read + Seek>(entries: &Entries<'_, R>, shape: &mut ModelShape) -> Result<(), ModelShapeError> {
    match shape.family {
        Family::Gemma2 | Family::Gemma3 => {
            let cap = |name| entries.number(name).map(|cap| cap.filter(|cap| *cap != 0.0).map(|cap| cap as f32));
            shape.attention_cap = cap("attn_logit_softcapping")?;
            shape.logit_cap = cap("final_logit_softcapping")?;
            // The largest of either scales attention by the row width per query head instead of the head dimension.
            let largest = if shape.family == Family::Gemma2 { 46 } else { 62 };
            if shape.layers == largest {
                shape.attention_scale = 1.0 / ((shape.width / shape.heads) as f32).sqrt();
            }
        }
        Family::Granite => {
            let factor = |name: &str| entries.number(name).map(|number| number.filter(|number| *number != 0.0));
            shape.attention_scale = factor("attention.scale")?.map_or(shape.attention_scale, |factor| factor as f32);
            shape.embedding_scale = factor("embedding_scale")?.unwrap_or(1.0) as f32;
            shape.residual_scale = factor("residual_scale")?.unwrap_or(1.0) as f32;
            shape.logit_scale = 1.0 / factor("logit_scale")?.unwrap_or(1.0) as f32;
        }
        _ => {
            entries.neutral("attention.scale", &[0.0])?;
            entries.neutral("logit_scale", &[0.0, 1.0])?;
            entries.neutral("embedding_scale", &[0.0, 1.0])?;
            entries.neutral("residual_scale", &[0.0, 1.0])?;
        }
    }
    Ok(())
}
