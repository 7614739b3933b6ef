"""A small vocabulary of our own: bytes, characters, signs with the blanks around them, and the fixed words of prompts.

In GGUF it is of the kind `llama` (pieces), all of whose longer tokens are of the type "user defined": text that is found as a whole, the
longest first. So a text is cut at these, and the rest is characters, or bytes where there is no such character.
"""

import re

import prompts

BLANK = "▁"
CHARACTERS = [chr(code) for code in range(33, 127)] + list("∀→↔∧∨¬≠∈")
CONTROL, NORMAL, ADDED, BYTE = 3, 1, 4, 6
PHRASES = [
    "Formulas of the theory ", ".\nNotation: write terms of variables", "; relations x = y", "; joined by →, ∧, ∨, ¬.\n",
    "\nTheorems:\n", "Theorem to prove: ", "\nThe proof needs one of these, some of which are false:\n- ",
    "A simple general lemma that makes the proof easy: ", "A step of its proof, with the same variables: ",
    "It is proved by two cases. The first case, with the same variables: ", "A theorem that its proof uses: ",
    "Another theorem, in the manner of those above: ", "\nA ", "\n- ",
    ". ∀ ", "∀ ", " : ", " ∈ ", " = ", " ≠ ", " → ", " ∧ ", ", ", " and ", "\n",
]


def _names():
    signs = prompts.BETWEEN + prompts.RELATIONS + prompts.BEFORE + prompts.BEHIND + [
        constant for constant in prompts.CONSTANTS if not constant.isascii()]
    around = [f" {sign} " for sign in prompts.BETWEEN + prompts.RELATIONS]
    added = [*PHRASES, *around, *(sign for sign in signs if len(sign) > 1 or sign not in CHARACTERS)]
    names = [("<unk>", CONTROL), ("</s>", CONTROL)] + [(f"<0x{byte:02X}>", BYTE) for byte in range(256)]
    names += [(BLANK, NORMAL)] + [(character, NORMAL) for character in CHARACTERS]
    names += [(text.replace(" ", BLANK), ADDED) for text in dict.fromkeys(added)]
    # A whole number of lines of the caches of all kernels.
    names += [(f"<unused{place}>", CONTROL) for place in range(-len(names) % 32)]
    return names


NAMES = _names()
SIZE = len(NAMES)
END = 1
_ADDED = {name.replace(BLANK, " "): place for place, (name, kind) in enumerate(NAMES) if kind == ADDED}
_PLAIN = {name.replace(BLANK, " "): place for place, (name, kind) in enumerate(NAMES) if kind == NORMAL}
_FOUND = re.compile("|".join(re.escape(text) for text in sorted(_ADDED, key=lambda text: -len(text.encode()))))


def encode(text):
    """The tokens of a text; its end is no place where a longer token is looked for in what comes behind."""
    tokens, at = [], 0
    for found in [*_FOUND.finditer(text), None]:
        end = found.start() if found else len(text)
        for character in text[at:end]:
            tokens += [_PLAIN[character]] if character in _PLAIN else [2 + byte for byte in character.encode()]
        if found:
            tokens.append(_ADDED[found.group()])
            at = found.end()
    return tokens


def decode(tokens):
    """The text of tokens, those that steer left out."""
    parts = []
    for token in tokens:
        name, kind = NAMES[token]
        parts.append(bytes([token - 2]) if kind == BYTE else b"" if kind == CONTROL else name.replace(BLANK, " ").encode())
    return b"".join(parts).decode(errors="replace")
