//! Reading the configuration from `config.json`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use theoremata_kernels::Activation;

use super::rotation::{Rotation, Scaling};
use super::{Biases, Experts, Family, ModelShape, ModelShapeError, base, window};

/// Words in the names of settings that affect the result. A setting whose name contains one, and that is not read and
/// not empty, 0 or false, is refused.
const WORDS: [&str; 33] = [
    "activation",
    "alibi",
    "attention",
    "attn",
    "bias",
    "cap",
    "clip",
    "clamp",
    "conv",
    "expert",
    "factor",
    "head",
    "layer_type",
    "logit",
    "lora",
    "mamba",
    "mlp",
    "moe",
    "multipl",
    "mup",
    "norm",
    "parallel",
    "position",
    "quant",
    "residual",
    "rope",
    "rotary",
    "router",
    "scal",
    "sink",
    "ssm",
    "theta",
    "window",
];

/// Names with such words that do not affect the result: for training, redundant, or for other programs.
const HARMLESS: [&str; 19] = [
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_attn_implementation_internal",
    "attn_pdrop",
    "output_attentions",
    "output_router_logits",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "pretraining_tp",
    "problem_type",
    "max_position_embeddings",
    "position_embedding_type",
    "is_encoder_decoder",
    "normalize_embeddings_on_save",
    "use_qk_norm_in_training",
    "layer_norm_eps",
];

/// The families, by their names in configurations.
const KNOWN: &str = "llama, mistral, qwen2, qwen3, qwen3_moe, gemma2, gemma3_text, phi3, smollm3, olmo2 and granite";

fn family_of(name: &str) -> Option<Family> {
    Some(match name {
        "llama" | "mistral" => Family::Llama,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        "qwen3_moe" => Family::Qwen3Moe,
        "gemma2" => Family::Gemma2,
        "gemma3_text" => Family::Gemma3,
        "phi3" => Family::Phi3,
        "smollm3" => Family::SmolLm3,
        "olmo2" => Family::Olmo2,
        "granite" => Family::Granite,
        _ => return None,
    })
}

/// A configuration, and which of its settings were read.
struct Config<'j> {
    json: &'j Json,
    read: RefCell<BTreeSet<&'static str>>,
}

impl<'j> Config<'j> {
    fn value(&self, name: &'static str) -> &'j Json {
        self.read.borrow_mut().insert(name);
        &self.json[name]
    }

    fn size(&self, name: &'static str) -> Result<usize, ModelShapeError> {
        let value = self.value(name);
        let number = value.as_u64().filter(|number| (1..=1 << 24).contains(number));
        number.map(|number| number as usize).ok_or_else(|| ModelShapeError::Sizes(format!("{name} is {value}")))
    }

    fn size_or(&self, name: &'static str, other: usize) -> Result<usize, ModelShapeError> {
        if self.value(name).is_null() { Ok(other) } else { self.size(name) }
    }

    fn number(&self, name: &'static str) -> Result<Option<f64>, ModelShapeError> {
        let value = self.value(name);
        match (value.is_null(), value.as_f64()) {
            (true, _) => Ok(None),
            (false, Some(number)) => Ok(Some(number)),
            (false, None) => Err(ModelShapeError::Sizes(format!("{name} is {value}"))),
        }
    }

    fn flag(&self, name: &'static str) -> bool {
        self.value(name).as_bool() == Some(true)
    }

    /// Refuses settings that may affect the result and were not read.
    fn refuse_unread(&self) -> Result<(), ModelShapeError> {
        let read = self.read.borrow();
        for (name, value) in self.json.as_object().into_iter().flatten() {
            let empty = match value {
                Json::Null | Json::Bool(false) => true,
                Json::Number(number) => {
                    let factor = ["factor", "multipl", "scal"].iter().any(|word| name.contains(word));
                    number.as_f64() == Some(0.0) || (factor && number.as_f64() == Some(1.0))
                }
                Json::String(text) => text.is_empty() || text == "none",
                Json::Array(items) => items.is_empty(),
                Json::Object(items) => items.is_empty(),
                Json::Bool(true) => false,
            };
            let speaks = WORDS.iter().any(|word| name.to_lowercase().contains(word));
            if speaks && !empty && !read.contains(name.as_str()) && !HARMLESS.contains(&name.as_str()) {
                return Err(setting(name, value));
            }
        }
        Ok(())
    }
}

fn setting(name: &str, value: &Json) -> ModelShapeError {
    let value: String = value.to_string().chars().take(80).collect();
    ModelShapeError::Feature(format!("{} = {value}", name.chars().take(60).collect::<String>()))
}

impl ModelShape {
    /// Reads the configuration of a `config.json`.
    pub fn from_json(config: &Json) -> Result<ModelShape, ModelShapeError> {
        let config = Config { json: config, read: RefCell::default() };
        let name = config.value("model_type").as_str().unwrap_or("unknown");
        let family = family_of(name)
            .ok_or_else(|| ModelShapeError::Architecture { found: name.chars().take(40).collect(), known: KNOWN })?;
        if let Some(quantised) = config.value("quantization_config").as_object() {
            let method = quantised.get("quant_method").and_then(Json::as_str).unwrap_or("unknown");
            let method: String = method.chars().take(40).collect();
            return Err(ModelShapeError::Feature(format!("weights quantised by {method} (quantization_config)")));
        }
        let (width, heads) = (config.size("hidden_size")?, config.size("num_attention_heads")?);
        let head_width = config.size_or("head_dim", width / heads)?;
        let key_heads = config.size_or("num_key_value_heads", heads)?;
        let layers = config.size("num_hidden_layers")?;
        let tied = config.value("tie_word_embeddings").as_bool();
        let moe = family == Family::Qwen3Moe;
        let gemma = matches!(family, Family::Gemma2 | Family::Gemma3);
        let biases = |name| if config.flag(name) { Biases::Always } else { Biases::Never };
        let own = biases("attention_bias");
        let mut shape = ModelShape {
            hidden: config.size(if moe { "moe_intermediate_size" } else { "intermediate_size" })?,
            experts: if moe { Some(experts(&config)?) } else { None },
            vocabulary: config.size("vocab_size")?,
            context: config.size("max_position_embeddings")?,
            norm_epsilon: config.number("rms_norm_eps")?.unwrap_or(1e-6) as f32,
            input_biases: if family == Family::Qwen2 { Biases::Always } else { own },
            output_biases: own,
            feed_biases: biases("mlp_bias"),
            activation: activation(&config, gemma)?,
            tied: Some(tied.unwrap_or(gemma || family == Family::SmolLm3)),
            ..ModelShape::plain(family, layers, width, (heads, key_heads, head_width))
        };
        attention(&config, &mut shape)?;
        factors(&config, &mut shape)?;
        if config.flag("use_bidirectional_attention") {
            return Err(setting("use_bidirectional_attention", &Json::Bool(true)));
        }
        config.refuse_unread()?;
        shape.checked()
    }
}

/// The settings of a mixture of experts. Layers without experts are not supported.
fn experts(config: &Config<'_>) -> Result<Experts, ModelShapeError> {
    let dense = config.value("mlp_only_layers");
    if dense.as_array().is_some_and(|layers| !layers.is_empty()) {
        return Err(setting("mlp_only_layers", dense));
    }
    if config.size_or("decoder_sparse_step", 1)? != 1 {
        return Err(setting("decoder_sparse_step", config.value("decoder_sparse_step")));
    }
    // The reference library uses another name than the published files.
    let count = config.size_or("num_experts", config.size_or("num_local_experts", 1)?)?;
    let normed = config.flag("norm_topk_prob");
    Ok(Experts { count, used: config.size("num_experts_per_tok")?, normed })
}

fn activation(config: &Config<'_>, gemma: bool) -> Result<Activation, ModelShapeError> {
    let (own, usual) = (config.value("hidden_activation"), config.value("hidden_act"));
    let value = if gemma && !own.is_null() { own } else { usual };
    match value.as_str() {
        None if value.is_null() && gemma => Ok(Activation::GeluTanh),
        None if value.is_null() => Ok(Activation::Silu),
        Some("silu" | "swish") => Ok(Activation::Silu),
        Some("gelu_pytorch_tanh" | "gelu_new") => Ok(Activation::GeluTanh),
        _ => Err(setting("hidden_act", value)),
    }
}

/// Constants that only some families have.
fn factors(config: &Config<'_>, shape: &mut ModelShape) -> Result<(), ModelShapeError> {
    match shape.family {
        Family::Gemma2 | Family::Gemma3 => {
            let cap = |name| config.number(name).map(|cap| cap.map(|cap| cap as f32));
            shape.attention_cap = cap("attn_logit_softcapping")?;
            shape.logit_cap = cap("final_logit_softcapping")?;
            let scalar = config.number("query_pre_attn_scalar")?.unwrap_or(256.0);
            shape.attention_scale = (1.0 / scalar.sqrt()) as f32;
        }
        Family::Granite => {
            let number = |name| config.number(name).map(|number| number.unwrap_or(1.0) as f32);
            shape.attention_scale = number("attention_multiplier")?;
            shape.embedding_scale = number("embedding_multiplier")?;
            shape.residual_scale = number("residual_multiplier")?;
            shape.logit_scale = 1.0 / number("logits_scaling")?;
        }
        _ => {}
    }
    Ok(())
}

/// Rotations and windows of all layers.
fn attention(config: &Config<'_>, shape: &mut ModelShape) -> Result<(), ModelShapeError> {
    let family = shape.family;
    // Newer files keep the rotation parameters in one object, or in one per kind of layer; older ones among the sizes.
    let parameters = config.value("rope_parameters");
    let (far, near) = match (&parameters["full_attention"], &parameters["sliding_attention"]) {
        (Json::Null, Json::Null) => (parameters, &Json::Null),
        (far, near) => (far, near),
    };
    let share = far["partial_rotary_factor"].as_f64().or(config.number("partial_rotary_factor")?).unwrap_or(1.0);
    if !(share > 0.0 && share <= 1.0) {
        return Err(setting("partial_rotary_factor", config.value("partial_rotary_factor")));
    }
    let turning = (shape.head_width as f64 * share) as usize / 2 * 2;
    let usual = match family {
        Family::Gemma3 => 1_000_000.0,
        Family::SmolLm3 => 2_000_000.0,
        _ => 10_000.0,
    };
    let old = (config.number("rope_theta")?, config.value("rope_scaling"));
    let own_base = base(far["rope_theta"].as_f64().or(old.0).unwrap_or(usual))?;
    let scaling = match (scaling(config, far, shape)?, old.1) {
        (Scaling::None, old) => self::scaling(config, old, shape)?,
        (scaling, _) => scaling,
    };
    let rotation = Rotation::new(turning, own_base, &scaling);
    shape.with_one_attention(rotation, None);
    let is_local = locality(config, shape)?;
    let size = config.size_or("sliding_window", usize::MAX);
    if is_local.contains(&true) {
        let size = window(size?, shape.context);
        for (layer, is_local) in shape.attention.iter_mut().zip(&is_local) {
            layer.window = size.filter(|_| *is_local);
        }
    }
    if family == Family::Gemma3 {
        let local = base(near["rope_theta"].as_f64().or(config.number("rope_local_base_freq")?).unwrap_or(10_000.0))?;
        shape.rotations.push(Rotation::new(turning, local, &Scaling::None));
        for (layer, is_local) in shape.attention.iter_mut().zip(is_local) {
            layer.rotation = usize::from(is_local);
        }
    }
    if family == Family::SmolLm3 {
        let listed = config.value("no_rope_layers").as_array();
        let every = config.size_or("no_rope_layer_interval", 4)?;
        // The list says of each layer whether it has rotary embedding.
        shape.without_positions(|layer| match listed.and_then(|listed| listed.get(layer)) {
            Some(has) => has.as_u64() == Some(0),
            None => (layer + 1) % every == 0,
        });
    }
    Ok(())
}

/// Which layers have a sliding window.
fn locality(config: &Config<'_>, shape: &ModelShape) -> Result<Vec<bool>, ModelShapeError> {
    let layers = shape.attention.len();
    let switch = config.value("use_sliding_window").as_bool();
    let first = config.value("max_window_layers").as_u64().unwrap_or(0) as usize;
    let pattern = config.value("sliding_window_pattern").as_u64().or(config.value("_sliding_window_pattern").as_u64());
    let has_window = !config.value("sliding_window").is_null();
    let unknown = || setting("layer_types", config.value("layer_types"));
    if let Some(types) = config.value("layer_types").as_array() {
        let local = types.iter().map(|kind| match kind.as_str() {
            Some("full_attention") => Ok(false),
            Some("sliding_attention") => Ok(true),
            _ => Err(unknown()),
        });
        let local = local.collect::<Result<Vec<bool>, _>>()?;
        // A file that names such layers and omits the window size, or says that windows are not used, contradicts
        // itself.
        let used = has_window && (switch == Some(true) || !has_switch(shape.family));
        return if local.len() != layers || (local.contains(&true) && !used) { Err(unknown()) } else { Ok(local) };
    }
    Ok(match shape.family {
        Family::Gemma2 | Family::Gemma3 => {
            let every = pattern.unwrap_or(if shape.family == Family::Gemma2 { 2 } else { 6 }).max(1) as usize;
            (0..layers).map(|layer| layer % every < every - 1).collect()
        }
        family if has_switch(family) => (0..layers).map(|layer| switch == Some(true) && layer >= first).collect(),
        _ => vec![has_window; layers],
    })
}

/// Whether windows of a family apply only if a setting says so.
fn has_switch(family: Family) -> bool {
    matches!(family, Family::Qwen2 | Family::Qwen3 | Family::Qwen3Moe | Family::SmolLm3)
}

fn scaling(config: &Config<'_>, scaling: &Json, shape: &mut ModelShape) -> Result<Scaling, ModelShapeError> {
    let kind = scaling["rope_type"].as_str().or(scaling["type"].as_str()).unwrap_or("default");
    let number = |name: &str| scaling[name].as_f64();
    let factor = number("factor").unwrap_or(1.0);
    let own = config.value("original_max_position_embeddings").as_f64();
    let original = number("original_max_position_embeddings").or(own);
    let known = |names: &[&str]| -> Result<(), ModelShapeError> {
        let always = [
            "rope_type",
            "type",
            "rope_theta",
            "factor",
            "original_max_position_embeddings",
            "finetuned",
            "partial_rotary_factor",
        ];
        let unknown = scaling.as_object().into_iter().flatten().find(|(name, value)| {
            !value.is_null() && !always.contains(&name.as_str()) && !names.contains(&name.as_str())
        });
        unknown.map_or(Ok(()), |(name, value)| Err(setting(&format!("rope_scaling.{name}"), value)))
    };
    Ok(match kind {
        "default" => {
            known(&["partial_rotary_factor"])?;
            Scaling::None
        }
        "linear" => {
            known(&[])?;
            Scaling::Linear(factor)
        }
        "llama3" => {
            known(&["low_freq_factor", "high_freq_factor"])?;
            let (low, high) = (number("low_freq_factor").unwrap_or(1.0), number("high_freq_factor").unwrap_or(4.0));
            Scaling::Llama3 { factor, low, high, original: original.unwrap_or(8192.0) }
        }
        "yarn" => {
            known(&["beta_fast", "beta_slow", "attention_factor"])?;
            let (fast, slow) = (number("beta_fast").unwrap_or(32.0), number("beta_slow").unwrap_or(1.0));
            let original = original.unwrap_or(shape.context as f64);
            Scaling::Yarn { factor, original, fast, slow, magnitude: number("attention_factor") }
        }
        "longrope" | "su" => {
            known(&["short_factor", "long_factor", "attention_factor", "short_mscale", "long_mscale"])?;
            longrope(scaling, original, shape)?
        }
        other => {
            let kind: String = other.chars().take(40).collect();
            return Err(ModelShapeError::Feature(format!("rotary scaling of type {kind}")));
        }
    })
}

/// The factors for short texts. Longer texts are not accepted, since other factors would apply to them from their first
/// token on.
fn longrope(scaling: &Json, original: Option<f64>, shape: &mut ModelShape) -> Result<Scaling, ModelShapeError> {
    let wrong = || setting("rope_scaling.short_factor", &scaling["short_factor"]);
    let factors = scaling["short_factor"].as_array().ok_or_else(wrong)?;
    let factors = factors.iter().map(|factor| factor.as_f64().ok_or_else(wrong)).collect::<Result<Vec<f64>, _>>()?;
    let context = shape.context as f64;
    let original = original.filter(|original| *original >= 1.0).unwrap_or(context);
    let ratio = context / original;
    let usual = if ratio > 1.0 { (1.0 + ratio.ln() / original.ln()).sqrt() } else { 1.0 };
    shape.context = shape.context.min(original as usize);
    Ok(Scaling::Factors { factors, magnitude: scaling["attention_factor"].as_f64().unwrap_or(usual) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Json {
        serde_json::json!({
            "model_type": "llama", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
            "num_hidden_layers": 2, "intermediate_size": 96, "vocab_size": 100, "max_position_embeddings": 256,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "initializer_range": 0.02, "attention_dropout": 0.1,
            "torch_dtype": "bfloat16", "use_cache": true, "pretraining_tp": 1,
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
            ("rope_scaling", serde_json::json!({ "rope_type": "dynamic" }), "dynamic"),
            ("rope_scaling", serde_json::json!({ "rope_type": "linear", "mscale": 0.5 }), "mscale"),
            ("vocab_size", serde_json::json!(8_388_608), "vocabulary"),
            ("rms_norm_eps", serde_json::json!(0.0), "epsilon"),
            ("rope_theta", serde_json::json!(0.0), "rotary"),
            ("hidden_act", serde_json::json!("gelu"), "gelu"),
            ("clip_qkv", serde_json::json!(8.0), "clip_qkv"),
            ("parallel_residual", serde_json::json!(true), "parallel_residual"),
            ("logit_scale", serde_json::json!(0.5), "logit_scale"),
            ("residual_multiplier", serde_json::json!(0.5), "residual_multiplier"),
            ("num_local_experts", serde_json::json!(8), "num_local_experts"),
            ("quantization_config", serde_json::json!({ "quant_method": "gptq" }), "gptq"),
            ("layer_types", serde_json::json!(["full_attention", "linear_attention"]), "linear_attention"),
            ("layer_types", serde_json::json!(["sliding_attention", "full_attention"]), "sliding_attention"),
            ("partial_rotary_factor", serde_json::json!(1.5), "partial_rotary_factor"),
        ];
        for (name, value, word) in refused {
            let mut config = config();
            config[name] = value;
            let error = ModelShape::from_json(&config).expect_err(name).to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn windows_count_where_a_family_says_so() {
        let windows = |changes: Json| -> Vec<Option<u32>> {
            let mut config = config();
            for (name, value) in changes.as_object().expect("settings") {
                config[name] = value.clone();
            }
            let shape = ModelShape::from_json(&config).expect("a shape");
            shape.attention.iter().map(|layer| layer.window).collect()
        };
        assert_eq!(windows(serde_json::json!({ "model_type": "mistral", "sliding_window": 8 })), [Some(8), Some(8)]);
        assert_eq!(windows(serde_json::json!({ "model_type": "mistral", "sliding_window": 256 })), [None, None]);
        assert_eq!(windows(serde_json::json!({ "model_type": "qwen2", "sliding_window": 8 })), [None, None]);
        let used = serde_json::json!({
            "model_type": "qwen2", "sliding_window": 8, "use_sliding_window": true, "max_window_layers": 1,
        });
        assert_eq!(windows(used), [None, Some(8)]);
        assert_eq!(windows(serde_json::json!({ "model_type": "gemma2", "sliding_window": 8 })), [Some(8), None]);
    }
}
