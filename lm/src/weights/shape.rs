//! The configuration of a model: sizes, and the variant of the architecture.

mod config;
mod entries;
mod rotation;

use theoremata_kernels::{Activation, Pairing};

use crate::weights::gguf::GgufError;

pub use rotation::Rotation;

/// The supported families. All of them can be forked, stitched and shifted: what a token sees depends on positions that
/// belong to the sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Llama 1 to 3, Mistral, and models of the same architecture such as SmolLM2.
    Llama,
    /// Qwen 2 and 2.5: queries, keys and values have biases.
    Qwen2,
    /// Qwen 3: queries and keys of each head are normalised.
    Qwen3,
    /// Qwen 3 with a mixture of experts.
    Qwen3Moe,
    /// Gemma 2: norms before and after each part, capped scores, a sliding window in every other layer.
    Gemma2,
    /// Gemma 3: normalised queries and keys; five of six layers have a sliding window and a smaller rotary base.
    Gemma3,
    /// Phi 3 and 4: fused matrices.
    Phi3,
    /// SmolLM 3: every fourth layer has no rotary embedding.
    SmolLm3,
    /// OLMo 2: norms after each part, queries and keys normalised as a whole.
    Olmo2,
    /// Granite 3: constants that scale embeddings, attention, branches and logits.
    Granite,
}

/// The places of norms in a layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Norms {
    /// Before attention and before the feed-forward part.
    Before,
    /// After each.
    After,
    /// Both.
    Around,
}

/// How queries and keys are normalised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeadNorms {
    /// Not at all.
    None,
    /// Each head by itself.
    Each,
    /// All heads together.
    Whole,
}

/// Whether a part has biases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Biases {
    /// Never; any in the file are refused.
    Never,
    /// Always.
    Always,
    /// If the file has them.
    IfThere,
}

/// The settings of attention that differ by layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LayerAttention {
    /// The index of its rotation among those of the model.
    pub rotation: usize,
    /// The sliding window: tokens at this distance before a row or farther are not seen. `None` for full attention.
    pub window: Option<u32>,
}

/// The settings of a mixture of experts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Experts {
    /// Number of experts in each layer.
    pub count: usize,
    /// Number of experts that each row uses.
    pub used: usize,
    /// Whether the shares of the used experts are normalised to the sum of 1.
    pub normed: bool,
}

/// The sizes and constants of a model.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelShape {
    /// The variant.
    pub family: Family,
    /// Layers.
    pub layers: usize,
    /// The hidden size: numbers per row between layers.
    pub width: usize,
    /// Numbers per row inside the feed-forward part, or inside one expert.
    pub hidden: usize,
    /// The experts of each layer; `None` without a mixture.
    pub experts: Option<Experts>,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / key_heads` query heads.
    pub key_heads: usize,
    /// The head dimension.
    pub head_width: usize,
    /// The size of the vocabulary.
    pub vocabulary: usize,
    /// The context length that the model was trained on.
    pub context: usize,
    /// The epsilon of norms, added to the mean square.
    pub norm_epsilon: f32,
    /// The places of norms.
    pub norms: Norms,
    /// How queries and keys are normalised.
    pub head_norms: HeadNorms,
    /// Biases of queries, keys and values.
    pub input_biases: Biases,
    /// Biases of the output projection of attention.
    pub output_biases: Biases,
    /// Biases of the feed-forward part.
    pub feed_biases: Biases,
    /// The activation of the gate.
    pub activation: Activation,
    /// Which numbers of a head are rotated as a pair.
    pub pairing: Pairing,
    /// The rotations that layers use.
    pub rotations: Vec<Rotation>,
    /// The settings of each layer.
    pub attention: Vec<LayerAttention>,
    /// Scale of attention scores.
    pub attention_scale: f32,
    /// Soft cap of attention scores, by a hyperbolic tangent.
    pub attention_cap: Option<f32>,
    /// Scale of embeddings.
    pub embedding_scale: f32,
    /// Scale of what a part adds to a row.
    pub residual_scale: f32,
    /// Scale of logits.
    pub logit_scale: f32,
    /// Soft cap of logits, by a hyperbolic tangent.
    pub logit_cap: Option<f32>,
    /// Whether the embedding is also the output head; `None` if the tensors of the file tell.
    pub tied: Option<bool>,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelShapeError {
    /// The header of the file lacks something.
    #[error(transparent)]
    File(#[from] GgufError),
    /// An unsupported family.
    #[error("the architecture is {found}; this program computes {known}")]
    Architecture {
        /// The family in the file.
        found: String,
        /// The supported families.
        known: &'static str,
    },
    /// An unsupported option of the family.
    #[error("the model wants {0}, which is not computed here")]
    Feature(String),
    /// Sizes that contradict each other.
    #[error("the sizes of the model do not fit together: {0}")]
    Sizes(String),
}

/// Bounds far above any real model, so that products of sizes cannot overflow.
const LAYERS_MAX: usize = 1 << 10;
const WIDTH_MAX: usize = 1 << 18;
const HEAD_WIDTH_MAX: usize = 1 << 10;
const VOCABULARY_MAX: usize = 1 << 22;
const EXPERTS_MAX: usize = 1 << 12;

impl ModelShape {
    /// The plainest configuration, which each family changes as needed.
    fn plain(
        family: Family,
        layers: usize,
        width: usize,
        (heads, key_heads, head_width): (usize, usize, usize),
    ) -> ModelShape {
        ModelShape {
            family,
            layers,
            width,
            hidden: 0,
            experts: None,
            heads,
            key_heads,
            head_width,
            vocabulary: 0,
            context: 0,
            norm_epsilon: 1e-6,
            norms: match family {
                Family::Gemma2 | Family::Gemma3 => Norms::Around,
                Family::Olmo2 => Norms::After,
                _ => Norms::Before,
            },
            head_norms: match family {
                Family::Qwen3 | Family::Qwen3Moe | Family::Gemma3 => HeadNorms::Each,
                Family::Olmo2 => HeadNorms::Whole,
                _ => HeadNorms::None,
            },
            input_biases: if family == Family::Qwen2 { Biases::Always } else { Biases::Never },
            output_biases: Biases::Never,
            feed_biases: Biases::Never,
            activation: match family {
                Family::Gemma2 | Family::Gemma3 => Activation::GeluTanh,
                _ => Activation::Silu,
            },
            pairing: Pairing::Halves,
            rotations: Vec::new(),
            attention: Vec::new(),
            attention_scale: 1.0 / (head_width as f32).sqrt(),
            attention_cap: None,
            embedding_scale: match family {
                Family::Gemma2 | Family::Gemma3 => (width as f32).sqrt(),
                _ => 1.0,
            },
            residual_scale: 1.0,
            logit_scale: 1.0,
            logit_cap: None,
            tied: None,
        }
    }

    /// Gives every layer the same attention.
    fn with_one_attention(&mut self, rotation: Rotation, window: Option<u32>) {
        self.rotations = vec![rotation];
        self.attention = vec![LayerAttention { rotation: 0, window }; self.layers.min(LAYERS_MAX)];
    }

    /// Removes rotary embedding from the layers that a predicate names, by number from 0.
    fn without_positions(&mut self, is_without: impl Fn(usize) -> bool) {
        let none = self.rotations.len();
        self.rotations.push(Rotation::none());
        for (layer, attention) in self.attention.iter_mut().enumerate() {
            if is_without(layer) {
                attention.rotation = none;
            }
        }
    }

    fn checked(self) -> Result<ModelShape, ModelShapeError> {
        let wrong = |text: String| Err(ModelShapeError::Sizes(text));
        if self.layers > LAYERS_MAX || self.width > WIDTH_MAX || self.hidden > 4 * WIDTH_MAX {
            return wrong(format!("{} layers of width {} and {}", self.layers, self.width, self.hidden));
        }
        if let Some(Experts { count, used, .. }) = self.experts
            && !((1..=EXPERTS_MAX).contains(&count) && (1..=count).contains(&used))
        {
            return wrong(format!("{used} of {count} experts"));
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
        for rotation in &self.rotations {
            let good = |frequency: &f64| frequency.is_finite() && *frequency > 0.0;
            if rotation.frequencies.len() > self.head_width / 2 || !rotation.frequencies.iter().all(good) {
                return wrong("the rotary base, the share of a head that turns, or the scaling of both".into());
            }
            if !(rotation.magnitude.is_finite() && rotation.magnitude > 0.0) {
                return wrong(format!("rotary positions that grow by {}", rotation.magnitude));
            }
        }
        let factors = [self.attention_scale, self.embedding_scale, self.residual_scale, self.logit_scale];
        let caps = [self.attention_cap, self.logit_cap];
        for factor in factors.into_iter().chain(caps.into_iter().flatten()) {
            if !(factor.is_finite() && factor > 0.0) {
                return wrong(format!("a factor of {factor}"));
            }
        }
        Ok(self)
    }

    /// Numbers in the keys, or the values, of one token in one layer.
    pub fn key_width(&self) -> usize {
        self.key_heads * self.head_width
    }
}

/// A sliding window of this size, if it is smaller than the context.
fn window(size: usize, context: usize) -> Option<u32> {
    u32::try_from(size).ok().filter(|window| *window > 0 && (*window as usize) < context)
}

/// The base of the rotary frequencies, if it is valid.
fn base(number: f64) -> Result<f64, ModelShapeError> {
    if number > 1.0 && number < 1e12 {
        return Ok(number);
    }
    Err(ModelShapeError::Sizes(format!("the rotary base is {number}")))
}
