"""Statements as people write them, read by the notation of a theory: `∀ a b : a + b = b + a`.

Terms are `("v", name)`, `("c", name)` and `("f", sign, terms)`; formulas `("=", t, t)`, `("rel", sign, terms)`, `("in", t, set)`,
`("not", A)`, `("and", parts)`, `("or", parts)`, `("implies", A, B)` and `("iff", A, B)`. What is no plain statement, such as
one with ∃ inside, is not read: `read` gives None.
"""

import pathlib
import re

THEORIES = pathlib.Path(__file__).resolve().parents[2] / "theories"
# The split, by files. Nothing here is trained on, and no theory that is trained on uses one of these.
HELD_APART = ("graphs", "integers", "lattice", "lists", "relations", "ring")

LOGIC = ("∀", "→", "↔", "∧", "∨", "¬", "≠", "∈", "=", "(", ")", ",", ":")
NOTATION = re.compile(
    r"\(notation \((\w+)\[([^]]*)]\)\s*(\(value \S+\))?\s*\((infix|prefix|postfix) \"([^\"]+)\"\s*(\d+)?\)")


def is_word(text):
    return all(c.isalnum() or c in "_'" for c in text)


class Notation:
    """The signs of a theory's file and of those that it uses."""

    def __init__(self, file):
        self.infix, self.prefix, self.postfix, self.relations = {}, set(), set(), set()
        self._take(file)
        signs = [*self.infix, *self.prefix, *self.postfix, *LOGIC]
        self.texts = sorted(set(signs), key=lambda text: (-len(text), text))

    def _take(self, file):
        text = file.read_text()
        for used in re.findall(r"\(use \"([^\"]+)\"\)", text):
            self._take(file.with_name(used))
        for _, _, value, form, sign, strength in NOTATION.findall(text):
            {"infix": self.infix, "prefix": self.prefix, "postfix": self.postfix}[form] |= (
                {sign: int(strength)} if form == "infix" else {sign})
            if not value:
                self.relations.add(sign)

    def pieces(self, text):
        """The signs, words and numbers of a text."""
        at, found = 0, []
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            word = re.match(r"[\w']*", text[at:]).group()
            sign = next((sign for sign in self.texts
                         if text.startswith(sign, at) and (not is_word(sign) or sign == word)), None)
            piece = sign or word or text[at]
            found.append(piece)
            at += len(piece)
        return found

    def read(self, text):
        """The tree of a statement, or None."""
        try:
            return _Parser(self, self.pieces(text)).statement()
        except (ValueError, IndexError):
            return None


class _Parser:
    def __init__(self, notation, pieces):
        self.notation, self.pieces, self.at, self.bound = notation, pieces + ["the end"], 0, set()

    def here(self):
        return self.pieces[self.at]

    def takes(self, *wanted):
        found = self.here() in wanted
        self.at += found
        return found

    def wants(self, sign):
        if not self.takes(sign):
            raise ValueError(f"{sign} is missing before {self.here()}")

    def statement(self):
        ranges = []
        while self.takes("∀"):
            names = []
            while is_word(self.here()):
                names.append(self.here())
                self.at += 1
            self.bound.update(names)
            if self.takes("∈"):
                ranges += [("in", ("v", name), self.here()) for name in names]
                self.at += 1
            self.takes(":", ",")
        tree = self.implication()
        if self.here() != "the end":
            raise ValueError(f"{self.here()} is left over")
        for range_ in reversed(ranges):
            tree = ("implies", range_, tree)
        return tree

    def implication(self):
        left = self.joined("∨", "or", lambda: self.joined("∧", "and", self.literal))
        if self.takes("→"):
            return ("implies", left, self.implication())
        if self.takes("↔"):
            return ("iff", left, self.implication())
        return left

    def joined(self, sign, kind, part):
        parts = [part()]
        while self.takes(sign):
            parts.append(part())
        return parts[0] if len(parts) == 1 else (kind, parts)

    def literal(self):
        if self.takes("¬"):
            return ("not", self.literal())
        begin = self.at
        try:
            return self.atom()
        except ValueError:
            self.at = begin
        self.wants("(")
        inner = self.implication()
        self.wants(")")
        return inner

    def atom(self):
        notation = self.notation
        if self.here() in notation.prefix & notation.relations:
            return ("rel", self.sign(), self.arguments())
        left = self.term(1)
        if self.takes("="):
            return ("=", left, self.term(1))
        if self.takes("≠"):
            return ("not", ("=", left, self.term(1)))
        if self.takes("∈"):
            return ("in", left, self.sign())
        if self.here() in notation.postfix & notation.relations:
            return ("rel", self.sign(), [left])
        # A name before arguments, or a sign between two terms, that the theory has no notation for.
        if left[0] == "f" and is_word(left[1]) and left[1] not in notation.prefix:
            return ("rel", left[1], left[2])
        if self.here() not in LOGIC and not is_word(self.here()):
            return ("rel", self.sign(), [left, self.term(1)])
        raise ValueError("no relation")

    def sign(self):
        self.at += 1
        return self.pieces[self.at - 1]

    def strength(self, sign):
        """How strongly a sign between two terms binds; 0 for what is none."""
        if sign in self.notation.infix:
            return 0 if sign in self.notation.relations else max(self.notation.infix[sign], 2)
        return 0

    def term(self, above):
        left = self.primary()
        while (strength := self.strength(self.here())) > above:
            left = ("f", self.sign(), [left, self.term(strength)])
        return left

    def primary(self):
        term = self.bare()
        while self.here() in self.notation.postfix - self.notation.relations:
            term = ("f", self.sign(), [term])
        return term

    def bare(self):
        if self.here() in self.notation.prefix:
            return ("f", self.sign(), self.arguments())
        if self.takes("("):
            term = self.term(1)
            self.wants(")")
            return term
        name = self.sign()
        if name in LOGIC or name == "the end" or name in self.notation.infix:
            raise ValueError(f"{name} is no term")
        if self.here() == "(" and is_word(name) and name not in self.bound:
            return ("f", name, self.arguments())
        return ("v", name) if name in self.bound else ("c", name)

    def arguments(self):
        if not self.takes("("):
            return [self.primary()]
        terms = [self.term(1)]
        while self.takes(","):
            terms.append(self.term(1))
        self.wants(")")
        return terms


def atoms(sentence):
    """The atoms of a statement: a sign, None for an equation, and terms."""
    kind = sentence[0]
    if kind == "=":
        yield None, sentence[1:]
    elif kind == "rel":
        yield sentence[1], sentence[2]
    elif kind == "in":
        yield "∈" + sentence[2], sentence[1:2]
    elif kind == "not":
        yield from atoms(sentence[1])
    else:
        for part in sentence[1] if kind in ("and", "or") else sentence[1:]:
            yield from atoms(part)


def subterms(term):
    yield term
    if term[0] == "f":
        for inner in term[2]:
            yield from subterms(inner)


def terms_of(sentence):
    return [inner for _, terms in atoms(sentence) for term in terms for inner in subterms(term)]


def conclusion(sentence):
    while sentence[0] == "implies":
        sentence = sentence[2]
    return sentence
