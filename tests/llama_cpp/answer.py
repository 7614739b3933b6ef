"""What llama.cpp writes, taking the likeliest token each time, with keys and values of 32 bits.

Usage: answer.py MODEL.gguf TOKENS   (needs `pip install xllamacpp`)

Reads prompts and writes answers of so many tokens at most: a JSON array of tokens a line.
"""

import json
import sys
import urllib.request

import xllamacpp


def main():
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.n_ctx = 1024
    params.n_parallel = 1
    params.cpuparams.n_threads = 2
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    server = xllamacpp.Server(params)
    for line in sys.stdin:
        asked = {
            "prompt": json.loads(line),
            "n_predict": int(sys.argv[2]),
            "temperature": 0,
            "return_tokens": True,
        }
        request = urllib.request.Request(
            f"{server.listening_address}/completion",
            json.dumps(asked).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as reply:
            print(json.dumps(json.load(reply)["tokens"]), flush=True)


main()
