"""Trains a small Llama to advise, and writes it as GGUF.

    python model.py CORPUS --out FILE.gguf [--steps N] [--stop N] [--seed S] [--threads N] [--smoke]

Trained on prompts of prompts.py over all theories but those held apart; what is learned is the answers, and with a smaller weight the
prompts. Loss is told in nats a token of the answers, on theories that were trained on, and on those held apart (with the signs that
they have).
"""

import argparse
import math
import pathlib
import random
import time

import gguf
import numpy
import torch
from torch.nn import functional

import corpus
import prompts
import statements
import vocabulary

LAYERS, WIDTH, HEADS, HIDDEN = 5, 128, 4, 384
CONTEXT, BASE, EPSILON = 2048, 10000.0, 1e-5
LONGEST, BATCH, RATE, PROMPT_WEIGHT = 512, 16, 3e-3, 0.2


def turned(rows, cosines, sines):
    """Neighbours are turned together, as GGUF has them for this family."""
    even, odd = rows[..., 0::2], rows[..., 1::2]
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], -1).flatten(-2)


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda inputs, outputs: torch.nn.Linear(inputs, outputs, bias=False)
        self.attn_norm, self.ffn_norm = (torch.nn.RMSNorm(WIDTH, EPSILON) for _ in range(2))
        self.attn_q, self.attn_k, self.attn_v, self.attn_output = (linear(WIDTH, WIDTH) for _ in range(4))
        self.ffn_gate, self.ffn_up, self.ffn_down = linear(WIDTH, HIDDEN), linear(WIDTH, HIDDEN), linear(HIDDEN, WIDTH)

    def forward(self, rows, cosines, sines):
        normed = self.attn_norm(rows)
        heads = lambda part: part(normed).unflatten(-1, (HEADS, -1)).transpose(1, 2)
        query, key = (turned(heads(part), cosines, sines) for part in (self.attn_q, self.attn_k))
        seen = functional.scaled_dot_product_attention(query.to(rows), key.to(rows), heads(self.attn_v).to(rows), is_causal=True)
        rows = rows + self.attn_output(seen.transpose(1, 2).flatten(-2))
        normed = self.ffn_norm(rows)
        return rows + self.ffn_down(functional.silu(self.ffn_gate(normed)) * self.ffn_up(normed))


class Llama(torch.nn.Module):
    """Tokens in, logits out; the embedding makes both."""

    def __init__(self):
        super().__init__()
        self.token_embd = torch.nn.Embedding(vocabulary.SIZE, WIDTH)
        self.blk = torch.nn.ModuleList(Layer() for _ in range(LAYERS))
        self.output_norm = torch.nn.RMSNorm(WIDTH, EPSILON)
        for name, weights in self.named_parameters():
            if weights.dim() == 2:
                small = name.endswith(("attn_output.weight", "ffn_down.weight"))
                torch.nn.init.normal_(weights, std=0.05 / (math.sqrt(2 * LAYERS) if small else 1))
        angles = torch.arange(CONTEXT)[:, None] * BASE ** (-torch.arange(0, WIDTH // HEADS, 2) / (WIDTH // HEADS))
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)

    def forward(self, tokens):
        rows, count = self.token_embd(tokens), tokens.shape[1]
        for layer in self.blk:
            rows = layer(rows, self.cosines[:count], self.sines[:count])
        return functional.linear(self.output_norm(rows), self.token_embd.weight)


def encoded(example):
    """Tokens, and the place of the answer; None where it is too long."""
    prompt, answer = (vocabulary.encode(text) for text in example)
    return (prompt + answer, len(prompt)) if len(prompt) + len(answer) <= LONGEST else None


def batches(theories, seed):
    """Batches without end, of examples of about one length."""
    source = filter(None, map(encoded, prompts.examples(theories, random.Random(seed))))
    while True:
        some = sorted((next(source) for _ in range(BATCH * 16)), key=lambda example: len(example[0]))
        parts = [some[place:place + BATCH] for place in range(0, len(some), BATCH)]
        random.Random(len(some[0][0])).shuffle(parts)
        yield from parts


def losses(model, batch):
    """The weighted loss, and the sum and number over tokens of answers."""
    width = max(len(tokens) for tokens, _ in batch)
    tokens = torch.tensor([row + [vocabulary.END] * (width - len(row)) for row, _ in batch])
    places = torch.arange(width - 1)
    ends, begins = (torch.tensor(numbers)[:, None] - 1 for numbers in ([len(row) for row, _ in batch], [at for _, at in batch]))
    answer, prompt = (places >= begins) & (places < ends), places < begins
    each = functional.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten(), reduction="none").view_as(answer)
    weights = answer + PROMPT_WEIGHT * prompt
    return (each * weights).sum() / weights.sum(), (each * answer).sum().item(), answer.sum().item()


def measured(model, examples):
    """Nats a token of the answers."""
    with torch.no_grad():
        found = [losses(model, examples[place:place + BATCH])[1:] for place in range(0, len(examples), BATCH)]
    return sum(total for total, _ in found) / sum(count for _, count in found)


def sample(theories, seed, count, rename):
    source = filter(None, map(encoded, prompts.examples(theories, random.Random(seed), rename)))
    return sorted((next(source) for _ in range(count)), key=lambda example: len(example[0]))


def train(model, theories, apart, options):
    """Learns for so many steps; the rate rises for a hundred, and then falls to a tenth."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05)
    held = {"trained on": sample(theories, 1, options.measured, True), "held apart": sample(apart, 1, options.measured, False)}
    begin, tokens, source = time.process_time(), 0, batches(theories, options.seed)
    last = min(options.steps, options.stop or options.steps)
    for step in range(last + 1):
        if step % max(options.steps // 8, 1) == 0 or step == last:
            shown = ", ".join(f"{name} {measured(model, examples):.3f}" for name, examples in held.items())
            print(f"step {step}, {tokens} tokens, {time.process_time() - begin:.0f} CPU s; answers: {shown}", flush=True)
            write(model, options)
        batch = next(source)
        for group in optimiser.param_groups:
            group["lr"] = RATE * min((step + 1) / 100, 1) * (0.1 + 0.9 * (1 + math.cos(math.pi * step / options.steps)) / 2)
        optimiser.zero_grad()
        losses(model, batch)[0].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        tokens += sum(len(row) for row, _ in batch)


def write(model, options):
    """The file, in 16 bits a weight."""
    writer = gguf.GGUFWriter(options.out, "llama")
    writer.add_name("theoremata-advice")
    writer.add_description(f"advice for theories in MPL; seed {options.seed}, {options.steps} steps, "
                           f"held apart {', '.join(statements.HELD_APART)}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_freq_base(BASE)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([name for name, _ in vocabulary.NAMES])
    writer.add_token_scores([0.0] * vocabulary.SIZE)
    writer.add_token_types([kind for _, kind in vocabulary.NAMES])
    writer.add_eos_token_id(vocabulary.END)
    writer.add_unk_token_id(0)
    writer.add_bool("tokenizer.ggml.add_bos_token", False)
    writer.add_bool("tokenizer.ggml.add_space_prefix", False)
    for name, weights in model.named_parameters():
        writer.add_tensor(name, weights.detach().numpy().astype(numpy.float32 if weights.dim() == 1 else numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def greedy(model, prompt, count=40):
    """What the model says behind a prompt, the likeliest token each time: to hold the program against."""
    tokens = vocabulary.encode(prompt)
    with torch.no_grad():
        for _ in range(count):
            tokens.append(int(model(torch.tensor([tokens]))[0, -1].argmax()))
    return vocabulary.decode(tokens[-count:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=480)
    parser.add_argument("--stop", type=int, help="the step to stop at, before the rate has fallen")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--measured", type=int, default=96, help="examples on which loss is told")
    parser.add_argument("--smoke", action="store_true", help="a few steps")
    options = parser.parse_args()
    if options.smoke:
        options.steps, options.measured = 4, 16
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    trained, apart = corpus.parted(options.corpus)
    theories, held = prompts.load(options.corpus, trained), prompts.load(options.corpus, apart)
    model = Llama()
    count = sum(weights.numel() for weights in model.parameters())
    print(f"{count} weights, {vocabulary.SIZE} tokens; {len(theories)} theories, held apart {', '.join(theory.name for theory in held)}")
    train(model, theories, held, options)
    prompt, answer = next(prompts.examples(held, random.Random(2), False))
    print(f"{prompt}\n[{answer.strip()}] was wanted; said: {greedy(model, prompt).splitlines()[0]!r}")


if __name__ == "__main__":
    main()
