//! The parts of a model, and their names in files.

use crate::weights::shape::{Family, Norms};

/// A part of a model, independent of its name in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Embedding,
    Layer(usize, LayerPart),
    Norm,
    Head,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LayerPart {
    /// The norm before attention.
    AttentionNorm,
    Query,
    Key,
    Value,
    /// All three as one matrix, stacked by rows.
    QueryKeyValue,
    QueryNorm,
    KeyNorm,
    Output,
    /// The norm of the output of attention.
    AttentionAfter,
    /// The norm before the feed-forward part.
    FeedNorm,
    Gate,
    Up,
    /// Both as one matrix, stacked by rows.
    GateUp,
    Down,
    /// Computes the share of each expert in a row.
    Router,
    /// A matrix of all experts as one tensor.
    Experts(ExpertPart),
    /// A matrix of one expert.
    Expert(usize, ExpertPart),
    /// The norm of the output of the feed-forward part.
    FeedAfter,
}

/// The matrices of an expert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ExpertPart {
    Gate,
    Up,
    Down,
}

impl ExpertPart {
    fn in_folder(self) -> &'static str {
        match self {
            ExpertPart::Gate => "gate_proj",
            ExpertPart::Up => "up_proj",
            ExpertPart::Down => "down_proj",
        }
    }
}

impl Part {
    /// The name of the part in a GGUF file, without `.weight` or `.bias`.
    pub(crate) fn in_gguf(self, family: Family) -> String {
        let (layer, part) = match self {
            Part::Embedding => return "token_embd".into(),
            Part::Norm => return "output_norm".into(),
            Part::Head => return "output".into(),
            Part::Layer(layer, part) => (layer, part),
        };
        let name = match part {
            LayerPart::AttentionNorm => "attn_norm",
            LayerPart::Query => "attn_q",
            LayerPart::Key => "attn_k",
            LayerPart::Value => "attn_v",
            LayerPart::QueryKeyValue => "attn_qkv",
            LayerPart::QueryNorm => "attn_q_norm",
            LayerPart::KeyNorm => "attn_k_norm",
            LayerPart::Output => "attn_output",
            LayerPart::AttentionAfter => "post_attention_norm",
            LayerPart::FeedNorm => "ffn_norm",
            LayerPart::Gate => "ffn_gate",
            LayerPart::Up => "ffn_up",
            // Phi 3 stores both under the name of the second.
            LayerPart::GateUp if family == Family::Phi3 => "ffn_up",
            LayerPart::GateUp => "ffn_gate_up",
            LayerPart::Down => "ffn_down",
            LayerPart::Router => "ffn_gate_inp",
            LayerPart::Experts(ExpertPart::Gate) => "ffn_gate_exps",
            LayerPart::Experts(ExpertPart::Up) => "ffn_up_exps",
            LayerPart::Experts(ExpertPart::Down) => "ffn_down_exps",
            LayerPart::Expert(expert, part) => {
                let name = match part {
                    ExpertPart::Gate => "ffn_gate",
                    ExpertPart::Up => "ffn_up",
                    ExpertPart::Down => "ffn_down",
                };
                return format!("blk.{layer}.{name}.{expert}");
            }
            LayerPart::FeedAfter => "post_ffw_norm",
        };
        format!("blk.{layer}.{name}")
    }

    /// The name of the part in a folder of safetensors, without `.weight` or `.bias`.
    pub(crate) fn in_folder(self, norms: Norms) -> String {
        let (layer, part) = match self {
            Part::Embedding => return "model.embed_tokens".into(),
            Part::Norm => return "model.norm".into(),
            Part::Head => return "lm_head".into(),
            Part::Layer(layer, part) => (layer, part),
        };
        let name = match part {
            LayerPart::AttentionNorm => "input_layernorm",
            LayerPart::Query => "self_attn.q_proj",
            LayerPart::Key => "self_attn.k_proj",
            LayerPart::Value => "self_attn.v_proj",
            LayerPart::QueryKeyValue => "self_attn.qkv_proj",
            LayerPart::QueryNorm => "self_attn.q_norm",
            LayerPart::KeyNorm => "self_attn.k_norm",
            LayerPart::Output => "self_attn.o_proj",
            LayerPart::AttentionAfter => "post_attention_layernorm",
            // Without a norm after attention, the norm before the feed-forward part has its name.
            LayerPart::FeedNorm if norms == Norms::Before => "post_attention_layernorm",
            LayerPart::FeedNorm => "pre_feedforward_layernorm",
            LayerPart::Gate => "mlp.gate_proj",
            LayerPart::Up => "mlp.up_proj",
            LayerPart::GateUp => "mlp.gate_up_proj",
            LayerPart::Down => "mlp.down_proj",
            LayerPart::Router => "mlp.gate",
            LayerPart::Experts(part) => return format!("model.layers.{layer}.mlp.experts.{}", part.in_folder()),
            LayerPart::Expert(expert, part) => {
                return format!("model.layers.{layer}.mlp.experts.{expert}.{}", part.in_folder());
            }
            LayerPart::FeedAfter => "post_feedforward_layernorm",
        };
        format!("model.layers.{layer}.{name}")
    }
}
