"""Writes the weights of a GGUF file out as F32, so that a program that reads them has nothing to round.

Usage: expand.py FROM.gguf TO.gguf   (needs `pip install gguf`)
"""

import sys

import gguf
from gguf.quants import dequantize


def main():
    source = gguf.GGUFReader(sys.argv[1])
    architecture = source.get_field("general.architecture").contents()
    target = gguf.GGUFWriter(sys.argv[2], architecture)
    for name, field in source.fields.items():
        # The writer says itself what it counts, and which architecture and format the file has.
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        kind, *parts = field.types
        target.add_key_value(name, field.contents(), kind, sub_type=parts[-1] if parts else None)
    target.add_file_type(gguf.LlamaFileType.ALL_F32)
    for tensor in source.tensors:
        target.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type))
    target.write_header_to_file()
    target.write_kv_data_to_file()
    target.write_tensors_to_file()
    target.close()


main()
