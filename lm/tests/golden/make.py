"""Makes the tiny models of this folder and what the public reference implementation computes with them.

Run in this folder with `transformers`, `torch` and `safetensors` from PyPI, for all models or for those that are
named; the versions that made the files stand in versions.txt. Weights are random, from a seed, rounded to bfloat16; logits are computed in
single precision from the rounded weights.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

TOKENS = 96
SIZES = dict(
    vocab_size=TOKENS,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=512,
    initializer_range=0.3,
)
FAMILIES = {
    "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM, dict(tie_word_embeddings=True)),
    "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM, dict(tie_word_embeddings=False)),
    "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM, dict(tie_word_embeddings=True, head_dim=12)),
    # Stretched positions, and biases.
    "llama3": (transformers.LlamaConfig, transformers.LlamaForCausalLM, dict(
        tie_word_embeddings=False, attention_bias=True, mlp_bias=True, rope_parameters=dict(
            rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=16))),
    "yarn": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM, dict(
        tie_word_embeddings=False, rope_parameters=dict(
            rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32))),
    "linear": (transformers.LlamaConfig, transformers.LlamaForCausalLM, dict(
        tie_word_embeddings=False, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))),
    # A window of fewer tokens than the example has.
    "mistral": (transformers.MistralConfig, transformers.MistralForCausalLM, dict(sliding_window=9, head_dim=12)),
    "gemma2": (transformers.Gemma2Config, transformers.Gemma2ForCausalLM, dict(
        sliding_window=9, head_dim=12, query_pre_attn_scalar=20, attn_logit_softcapping=5.0,
        final_logit_softcapping=4.0)),
    "gemma3": (transformers.Gemma3TextConfig, transformers.Gemma3ForCausalLM, dict(
        sliding_window=9, head_dim=12, query_pre_attn_scalar=20, num_hidden_layers=3,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"])),
    "phi3": (transformers.Phi3Config, transformers.Phi3ForCausalLM, dict(
        pad_token_id=0, sliding_window=30, original_max_position_embeddings=128, tie_word_embeddings=False,
        partial_rotary_factor=0.5, rope_parameters=dict(
            rope_type="longrope", rope_theta=10000.0, short_factor=[1.0, 1.5], long_factor=[2.0, 9.0],
            original_max_position_embeddings=128, partial_rotary_factor=0.5))),
    "smollm3": (transformers.SmolLM3Config, transformers.SmolLM3ForCausalLM, dict(
        pad_token_id=0, num_hidden_layers=4, tie_word_embeddings=True)),
    "olmo2": (transformers.Olmo2Config, transformers.Olmo2ForCausalLM, dict(pad_token_id=0, tie_word_embeddings=False)),
    "granite": (transformers.GraniteConfig, transformers.GraniteForCausalLM, dict(
        embedding_multiplier=3.0, attention_multiplier=0.2, residual_multiplier=0.4, logits_scaling=1.5,
        tie_word_embeddings=True)),
    # A mixture of experts.
    "qwen3moe": (transformers.Qwen3MoeConfig, transformers.Qwen3MoeForCausalLM, dict(
        tie_word_embeddings=True, head_dim=12, num_experts=6, num_experts_per_tok=2, moe_intermediate_size=32,
        norm_topk_prob=True)),
}


def main():
    here = pathlib.Path(__file__).parent
    for number, (name, (config_of, model_of, more)) in enumerate(FAMILIES.items()):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        torch.manual_seed(number + 1)
        config = config_of(**{**SIZES, **more})
        model = model_of(config).eval()
        with torch.no_grad():
            for weight_name, weight in model.named_parameters():
                if "bias" in weight_name:
                    weight.normal_(0.0, 0.3)
                if "norm" in weight_name:
                    weight.normal_(1.0, 0.1)
                # The parameters alone: the frequencies of the rotation are no parameters and stay as they are.
                weight.copy_(weight.to(torch.bfloat16).to(torch.float32))
        tokens = torch.randint(0, TOKENS, (1, 40), generator=torch.Generator().manual_seed(number))
        with torch.no_grad():
            logits = model(tokens).logits[0]
        folder = here / name
        folder.mkdir(exist_ok=True)
        state = published(model.state_dict())
        weights = {key: value.to(torch.bfloat16).contiguous() for key, value in state.items()}
        if config.tie_word_embeddings:
            weights.pop("lm_head.weight", None)
        save_file(weights, folder / "model.safetensors")
        (folder / "model.safetensors").chmod(0o644)
        save_file({"tokens": tokens[0], "logits": logits.contiguous()}, folder / "expected.safetensors")
        (folder / "expected.safetensors").chmod(0o644)
        kept = {key: value for key, value in config.to_dict().items() if key in KEPT}
        (folder / "config.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    if sys.argv[1:]:
        return
    (here / "llama" / "tokenizer.json").write_text(json.dumps(tokenizer(), indent=1, ensure_ascii=False) + "\n")
    versions = f"torch {torch.__version__}\ntransformers {transformers.__version__}\n"
    (here / "versions.txt").write_text(versions)


def published(state):
    """A state with the experts of a layer as publishers store them, one matrix each; the library has them in one piece."""
    parts = {}
    for key, value in state.items():
        if key.endswith("experts.gate_up_proj"):
            for expert, both in enumerate(value):
                gate, up = both.chunk(2)
                stem = key.removesuffix("gate_up_proj") + str(expert)
                parts[f"{stem}.gate_proj.weight"], parts[f"{stem}.up_proj.weight"] = gate, up
        elif key.endswith("experts.down_proj"):
            for expert, down in enumerate(value):
                parts[f"{key.removesuffix('down_proj')}{expert}.down_proj.weight"] = down
        else:
            parts[key] = value
    return parts


def tokenizer():
    """One token for each printable character of ASCII, for the space and for the end of a line."""
    names = [chr(code) for code in range(33, 127)] + ["\u0120", "\u010a"]
    byte_level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    pairs = dict(type="BPE", vocab={name: place for place, name in enumerate(names)}, merges=[])
    return dict(version="1.0", added_tokens=[], pre_tokenizer=byte_level, decoder=byte_level, model=pairs)


# What a model needs; the rest of a configuration is about training and other programs.
KEPT = set(SIZES) | {
    "model_type", "head_dim", "rms_norm_eps", "rope_theta", "rope_parameters", "tie_word_embeddings",
    "use_sliding_window", "attention_bias", "mlp_bias", "sliding_window", "query_pre_attn_scalar",
    "attn_logit_softcapping", "final_logit_softcapping", "layer_types", "hidden_activation", "hidden_act",
    "original_max_position_embeddings", "partial_rotary_factor", "no_rope_layers", "no_rope_layer_interval",
    "embedding_multiplier", "attention_multiplier", "residual_multiplier", "logits_scaling",
    "num_experts", "num_local_experts", "num_experts_per_tok", "moe_intermediate_size", "norm_topk_prob", "decoder_sparse_step",
    "mlp_only_layers",
}

if __name__ == "__main__":
    main()
