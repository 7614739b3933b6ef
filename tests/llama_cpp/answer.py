"""What llama.cpp writes, taking the likeliest token each time, with keys and values of 32 bits.

Usage: answer.py MODEL.gguf TOKENS   (needs `pip install xllamacpp`)

Reads prompts and writes answers of so many tokens at most: a JSON array of tokens a line.
"""

import json
import sys
import urllib.request

from serve import start


def main():
    server = start(sys.argv[1], requests=1, exact=True)
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
