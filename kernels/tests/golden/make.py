"""Writes blocks of every block format with the weights that the `gguf` package of PyPI reads out of them.

Run in this folder with `gguf` and `numpy`. One line a format: its name, the bytes of two blocks, the bits of their
weights as f32, both in hexadecimal.
"""

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as Kind
from gguf.quants import dequantize

# Where the f16 scales of a block stand.
SCALES = {
    Kind.Q4_0: [0], Kind.Q4_1: [0, 2], Kind.Q5_0: [0], Kind.Q5_1: [0, 2], Kind.Q8_0: [0], Kind.Q2_K: [80, 82],
    Kind.Q3_K: [108], Kind.Q4_K: [0, 2], Kind.Q5_K: [0, 2], Kind.Q6_K: [208], Kind.IQ4_NL: [0], Kind.IQ4_XS: [0],
}

random = np.random.default_rng(1)
with open("formats.txt", "w") as file:
    for kind, scales in SCALES.items():
        _, size = GGML_QUANT_SIZES[kind]
        blocks = random.integers(0, 256, (2, size), dtype=np.uint8)
        for at in scales:
            blocks[:, at : at + 2] = random.uniform(-1, 1, 2).astype(np.float16).view(np.uint8).reshape(2, 2)
        weights = dequantize(blocks, kind).astype("<f4")
        file.write(f"{kind.name} {blocks.tobytes().hex()} {weights.tobytes().hex()}\n")
