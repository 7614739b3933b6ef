"""Makes the tiny models of this folder and what the public reference implementation computes with them.

Run in this folder with `transformers`, `torch` and `safetensors` from PyPI; the versions that made the
files stand in versions.txt. Weights are random, from a seed, rounded to bfloat16; logits are computed in
single precision from the rounded weights.
"""

import json
import pathlib

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
}


def main():
    here = pathlib.Path(__file__).parent
    for number, (name, (config_of, model_of, more)) in enumerate(FAMILIES.items()):
        torch.manual_seed(number + 1)
        config = config_of(**SIZES, **more)
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
        weights = {key: value.to(torch.bfloat16).contiguous() for key, value in model.state_dict().items()}
        if config.tie_word_embeddings:
            del weights["lm_head.weight"]
        save_file(weights, folder / "model.safetensors")
        (folder / "model.safetensors").chmod(0o644)
        save_file({"tokens": tokens[0], "logits": logits.contiguous()}, folder / "expected.safetensors")
        (folder / "expected.safetensors").chmod(0o644)
        kept = {key: value for key, value in config.to_dict().items() if key in KEPT}
        (folder / "config.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    (here / "llama" / "tokenizer.json").write_text(json.dumps(tokenizer(), indent=1, ensure_ascii=False) + "\n")
    versions = f"torch {torch.__version__}\ntransformers {transformers.__version__}\n"
    (here / "versions.txt").write_text(versions)


def tokenizer():
    """One token for each printable character of ASCII, for the space and for the end of a line."""
    names = [chr(code) for code in range(33, 127)] + ["\u0120", "\u010a"]
    byte_level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    pairs = dict(type="BPE", vocab={name: place for place, name in enumerate(names)}, merges=[])
    return dict(version="1.0", added_tokens=[], pre_tokenizer=byte_level, decoder=byte_level, model=pairs)


KEPT = set(SIZES) | {
    "model_type", "head_dim", "rms_norm_eps", "rope_theta", "rope_parameters", "tie_word_embeddings",
    "use_sliding_window",
}

if __name__ == "__main__":
    main()
