"""Starts the server of llama.cpp on a free port, says where, and serves until its input ends.

Usage: serve.py MODEL.gguf   (needs `pip install xllamacpp`)
"""

import sys

import xllamacpp


def main():
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.n_ctx = 4096
    params.n_parallel = 4
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()


main()
