"""Makes smollm2.json: what the public reference implementation answers with the default model's file.

Run with the folder that holds the file as argument, with `transformers`, `torch`, `gguf` and `accelerate`
from PyPI. The reference computes with the weights that the file stands for, in single precision; our
products quantise the activations too, so an answer may part from it where two tokens are nearly as likely.
"""

import json
import pathlib
import sys

import torch
import transformers

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
QUESTIONS = [
    "Write one sentence about the sea.",
    "What is 2 + 2?",
    "Name three colours.",
    "Explain gravity in simple words.",
    "Who wrote Hamlet?",
    "Translate 'good morning' to French.",
    "Give a synonym for happy.",
    "What do bees make?",
]


def main():
    folder = sys.argv[1]
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=FILE)
    lines = []
    for question in QUESTIONS:
        turns = [{"role": "user", "content": question}]
        read = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt")
        prompt = read if torch.is_tensor(read) else read["input_ids"]
        with torch.no_grad():
            whole = model.generate(prompt, max_new_tokens=24, do_sample=False)[0].tolist()
        length = prompt.shape[1]
        lines.append(json.dumps({"question": question, "prompt": whole[:length], "answer": whole[length:]}))
    out = pathlib.Path(__file__).parent / "smollm2.json"
    out.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
