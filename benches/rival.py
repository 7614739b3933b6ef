"""What llama.cpp does with the same file, for `cargo bench --bench lm` (needs `pip install llama-cpp-python`).

Usage: rival.py     measure MODEL THREADS PROMPT TOKENS REQUESTS RUNS   figures as one JSON object
       rival.py     answer MODEL THREADS TOKENS HALF|SINGLE            greedy tokens behind prompts of tokens,
                                                                       a JSON array a line on standard input, with
                                                                       keys and values of 16 or 32 bits
       rival.py     requantise FROM TO Q4_0|F32                        the same weights in another format
"""

import ctypes
import json
import sys
import time

import llama_cpp as llama

from rival_common import clock, peak_bytes, speeds, text


def load(path):
    params = llama.llama_model_default_params()
    model = llama.llama_model_load_from_file(path.encode(), params)
    if not model:
        sys.exit(f"{path} cannot be loaded")
    return model


def context(model, threads, tokens, sequences, exact=False):
    params = llama.llama_context_default_params()
    if exact:
        params.type_k = params.type_v = llama.GGML_TYPE_F32
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.n_ctx = tokens
    params.n_batch = params.n_ubatch = 512
    params.n_threads = params.n_threads_batch = threads
    params.n_seq_max = sequences
    params.kv_unified = True
    return llama.llama_init_from_model(model, params)


def decode(ctx, batch, rows):
    """Computes rows of (token, position, sequence, whether its logits are wanted)."""
    batch.n_tokens = len(rows)
    for i, (token, position, sequence, wanted) in enumerate(rows):
        batch.token[i] = token
        batch.pos[i] = position
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = sequence
        batch.logits[i] = wanted
    if llama.llama_decode(ctx, batch):
        sys.exit("llama_decode failed")
    llama.llama_synchronize(ctx)


def best(logits, vocabulary):
    array = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float * vocabulary)).contents
    return max(range(vocabulary), key=array.__getitem__)


def measure(path, threads, prompt, tokens, requests, runs):
    began = time.perf_counter()
    model = load(path)
    ctx = context(model, threads, max(prompt + tokens, (16 + tokens) * requests) + 64, requests)
    loaded = time.perf_counter() - began
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    batch = llama.llama_batch_init(512, 0, 1)
    figures = []
    for _ in range(runs):
        memory = llama.llama_get_memory(ctx)
        llama.llama_memory_clear(memory, True)
        read = text(vocabulary, prompt, 0)
        start = clock()
        for at in range(0, prompt, 512):
            part = read[at : at + 512]
            decode(ctx, batch, [(t, at + i, 0, at + i + 1 == prompt) for i, t in enumerate(part)])
        figure = {"prefill": speeds(prompt, start, clock())}
        for name, count in (("decode", 1), ("batch", requests)):
            llama.llama_memory_clear(memory, True)
            for s in range(count):
                decode(ctx, batch, [(t, i, s, i == 15) for i, t in enumerate(text(vocabulary, 16, s))])
            # The tokens are given, so that no sampler is timed.
            written = [text(vocabulary, tokens, s + 100) for s in range(count)]
            start = clock()
            for i in range(tokens):
                decode(ctx, batch, [(written[s][i], 16 + i, s, True) for s in range(count)])
            figure[name] = speeds(count * tokens, start, clock())
        figures.append(figure)
    middle = lambda name, how: sorted(figure[name][how] for figure in figures)[runs // 2]
    print(
        json.dumps(
            {
                "load_s": loaded,
                "memory_peak": peak_bytes(),
                **{name: {how: middle(name, how) for how in ("wall", "cpu")} for name in ("prefill", "decode", "batch")},
            }
        )
    )


def answer(path, threads, tokens, keys):
    model = load(path)
    vocab = llama.llama_model_get_vocab(model)
    vocabulary = llama.llama_vocab_n_tokens(vocab)
    ctx = context(model, threads, 4096, 1, exact=keys == "SINGLE")
    batch = llama.llama_batch_init(512, 0, 1)
    for line in sys.stdin:
        prompt = json.loads(line)
        llama.llama_memory_clear(llama.llama_get_memory(ctx), True)
        decode(ctx, batch, [(t, i, 0, i + 1 == len(prompt)) for i, t in enumerate(prompt)])
        first = llama.llama_get_logits_ith(ctx, -1)
        logits = list(ctypes.cast(first, ctypes.POINTER(ctypes.c_float * vocabulary)).contents)
        written = []
        while True:
            token = best(llama.llama_get_logits_ith(ctx, -1), vocabulary)
            if llama.llama_vocab_is_eog(vocab, token) or len(written) == tokens:
                break
            written.append(token)
            decode(ctx, batch, [(token, len(prompt) + len(written) - 1, 0, True)])
        print(json.dumps({"answer": written, "logits": logits}), flush=True)


def requantise(source, target, form):
    params = llama.llama_model_quantize_default_params()
    params.ftype = {"Q4_0": llama.LLAMA_FTYPE_MOSTLY_Q4_0, "F32": llama.LLAMA_FTYPE_ALL_F32}[form]
    params.allow_requantize = True
    if llama.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)):
        sys.exit("it cannot be requantised")


def main():
    quiet = llama.llama_log_callback(lambda level, message, data: None)
    llama.llama_log_set(quiet, ctypes.c_void_p(0))
    llama.llama_backend_init()
    command, *arguments = sys.argv[1:]
    if command == "measure":
        measure(arguments[0], *map(int, arguments[1:]))
    elif command == "answer":
        answer(arguments[0], int(arguments[1]), int(arguments[2]), arguments[3])
    else:
        requantise(*arguments)


main()
