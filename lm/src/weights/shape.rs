//! What a model is, apart from its weights: sizes, and the variant of the architecture.

mod config;
mod entries;
mod rotation;

use theoremata_kernels::{Activation, Pairing};

use crate::weights::gguf::GgufError;

pub use rotation::Rotation;

/// Families that are computed here. All of them can be forked, stitched and shifted: what a token sees hangs on
/// positions that belong to the sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Llama 1 to 3, Mistral, and models of the same form such as SmolLM2.
    Llama,
    /// Qwen 2 and 2.5: queries, keys and values have biases.
    Qwen2,
    /// Qwen 3: queries and keys of each head are normed.
    Qwen3,
    /// Qwen 3 with experts, of which each row takes a few.
    Qwen3Moe,
    /// Gemma 2: norms before and after each part, capped scores, every other layer sees a window.
    Gemma2,
    /// Gemma 3: normed queries and keys, five of six layers see a window and turn faster.
    Gemma3,
    /// Phi 3 and 4: matrices in one piece.
    Phi3,
    /// SmolLM 3: every fourth layer has no positions.
    SmolLm3,
    /// OLMo 2: norms behind each part, queries and keys normed as a whole.
    Olmo2,
    /// Granite 3: constants that scale embeddings, attention, branches and logits.
    Granite,
}

/// Where the norms of a layer stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Norms {
    /// Before attention and before the feed-forward part.
    Before,
    /// Behind each.
    After,
    /// Both.
    Around,
}

/// What is normed of queries and keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeadNorms {
    /// Nothing.
    None,
    /// Each head by itself.
    Each,
    /// All heads together.
    Whole,
}

/// Whether a part has biases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Biases {
    /// It has none; any that a file has are refused.
    Never,
    /// It has.
    Always,
    /// It has those that the file has.
    IfThere,
}

/// How attention of a layer differs from that of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LayerAttention {
    /// Which of the rotations of the model.
    pub rotation: usize,
    /// Where there is one, tokens so far before a row or farther are not seen.
    pub window: Option<u32>,
}

/// A mixture of experts: feed-forward parts of which each row takes a few.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Experts {
    /// How many there are in each layer.
    pub count: usize,
    /// How many each row takes.
    pub used: usize,
    /// Whether the shares of those that are taken are brought to the sum of 1.
    pub normed: bool,
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
    /// Numbers of a row inside the feed-forward part, or inside one expert.
    pub hidden: usize,
    /// The experts of each layer, where there are any.
    pub experts: Option<Experts>,
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
    /// Where norms stand.
    pub norms: Norms,
    /// What is normed of queries and keys.
    pub head_norms: HeadNorms,
    /// Biases of queries, keys and values.
    pub input_biases: Biases,
    /// Biases of what comes out of attention.
    pub output_biases: Biases,
    /// Biases of the feed-forward part.
    pub feed_biases: Biases,
    /// What the gate is made of.
    pub activation: Activation,
    /// Which numbers turn together.
    pub pairing: Pairing,
    /// The angles that layers use.
    pub rotations: Vec<Rotation>,
    /// Each layer's own.
    pub attention: Vec<LayerAttention>,
    /// Factor of scores.
    pub attention_scale: f32,
    /// Bound of scores, by a hyperbolic tangent.
    pub attention_cap: Option<f32>,
    /// Factor of embeddings.
    pub embedding_scale: f32,
    /// Factor of what a part adds to a row.
    pub residual_scale: f32,
    /// Factor of logits.
    pub logit_scale: f32,
    /// Bound of logits, by a hyperbolic tangent.
    pub logit_cap: Option<f32>,
    /// Whether logits are made by the embedding; nothing where the file shows it.
    pub tied: Option<bool>,
}

/// Why a shape is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelShapeError {
    /// The head of the file lacks something.
    #[error(transparent)]
    File(#[from] GgufError),
    /// A family that is not computed here.
    #[error("the architecture is {found}; this program computes {known}")]
    Architecture {
        /// What the file says.
        found: String,
        /// What is computed.
        known: &'static str,
    },
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
const EXPERTS_MAX: usize = 1 << 12;

impl ModelShape {
    /// A shape of the plainest form, of which each family changes what it does otherwise.
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

    /// Leaves layers without positions that a test names, by their number from 0.
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

    /// Numbers of the keys, or of the values, of one token in one layer.
    pub fn key_width(&self) -> usize {
        self.key_heads * self.head_width
    }
}

/// A window of so many tokens, if it hides anything within a model's context.
fn window(size: usize, context: usize) -> Option<u32> {
    u32::try_from(size).ok().filter(|window| *window > 0 && (*window as usize) < context)
}

/// The base of rotary frequencies, if it is one.
fn base(number: f64) -> Result<f64, ModelShapeError> {
    if number > 1.0 && number < 1e12 {
        return Ok(number);
    }
    Err(ModelShapeError::Sizes(format!("the rotary base is {number}")))
}
