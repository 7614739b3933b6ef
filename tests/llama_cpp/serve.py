"""Starts the server of llama.cpp on a free port, says where, and serves until its input ends.

Usage: serve.py MODEL.gguf   (needs `pip install xllamacpp`)
"""

import sys

import xllamacpp


def start(model, requests, exact=False):
    """A server for so many requests side by side; `exact` keeps keys and values in 32 bits."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 1024 * requests
    params.n_parallel = requests
    params.cpuparams.n_threads = 2
    if exact:
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    return xllamacpp.Server(params)


if __name__ == "__main__":
    server = start(sys.argv[1], requests=4)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()
