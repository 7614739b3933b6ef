"""What OpenVINO GenAI does with the same file, for `cargo bench --bench lm` (needs `pip install openvino-genai`).

Usage: rival_openvino.py measure MODEL THREADS PROMPT TOKENS     figures as one JSON object
"""

import json
import sys
import time

import numpy
import openvino
import openvino_genai as genai

from rival_common import clock, peak_bytes, speeds, text


def generate(pipe, vocabulary, prompt, tokens, which):
    """The clocks before and after a prompt and the greedy tokens behind it."""
    ids = numpy.array([text(vocabulary, prompt, which)], dtype=numpy.int64)
    inputs = genai.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))
    config = genai.GenerationConfig(max_new_tokens=tokens, ignore_eos=True, do_sample=False)
    start = clock()
    pipe.generate(inputs, config)
    return start, clock()


def main():
    path, threads, prompt, tokens = sys.argv[2], *map(int, sys.argv[3:6])
    began = time.perf_counter()
    pipe = genai.LLMPipeline(path, "CPU", INFERENCE_NUM_THREADS=threads)
    loaded = time.perf_counter() - began
    vocabulary = len(pipe.get_tokenizer().get_vocab())
    generate(pipe, vocabulary, 16, 4, 0)
    read = generate(pipe, vocabulary, prompt, 1, 1)
    # Behind a short prompt, whose time counts for little: that of another prompt varies more than these take.
    write = generate(pipe, vocabulary, 16, 1 + tokens, 2)
    print(
        json.dumps(
            {
                "load_s": loaded,
                "memory_peak": peak_bytes(),
                "prefill": speeds(prompt, *read),
                "decode": speeds(tokens, *write),
            }
        )
    )


main()
