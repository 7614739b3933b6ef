"""The training-free choosers of `logic/src/search/premises.rs`, said again: rankings of theorems for a goal.

A goal and theorems are trees of statements.py; a ranking is a list of places. Ties go to the earlier theorem.
"""

import functools
import math
from collections import Counter

import numpy

from statements import atoms, conclusion, subterms, terms_of

HASHES = 64
MASK = (1 << 64) - 1
STEP = 0x9E37_79B9_7F4A_7C15
BEGIN = numpy.array([0xCBF2_9CE4_8422_2325 ^ (number * STEP & MASK) for number in range(HASHES)], numpy.uint64)


def symbols(sentence):
    found = {("r", sign) for sign, _ in atoms(sentence) if sign is not None}
    return frozenset(found | {term[:2] for term in terms_of(sentence) if term[0] in "cf"})


def patterns(sentence):
    """What terms and atoms look like down to two signs, whatever their variables are called."""
    def shown(term, depth):
        if term[0] == "v" or term[0] == "f" and depth == 0:
            return "_"
        if term[0] == "c":
            return term[1]
        return f"{term[1]}({','.join(shown(inner, depth - 1) for inner in term[2])})"

    found = set()
    for sign, terms in atoms(sentence):
        for depth in range(2):
            found.add(f"{sign}[{','.join(shown(term, depth) for term in terms)}]")
        for inner in (inner for term in terms for inner in subterms(term)):
            if inner[0] != "v":
                found.update((shown(inner, 1), shown(inner, 2)))
    return frozenset(found)


@functools.lru_cache(None)
def _hashes(text):
    with numpy.errstate(over="ignore"):
        value = BEGIN.copy()
        for byte in text.encode():
            value = (value ^ numpy.uint64(byte)) * numpy.uint64(0x0100_0000_01B3)
        return (value ^ (value >> numpy.uint64(29))) * numpy.uint64(0xBF58_476D_1CE4_E5B9)


@functools.lru_cache(None)
def signature(found):
    if not found:
        return numpy.full(HASHES, MASK, numpy.uint64)
    return numpy.min([_hashes(pattern) for pattern in found], axis=0)


def compound(terms):
    return [term for term in terms if term[0] == "f"]


def sides(sentence):
    """The compound sides of equations and arguments of relations of what a theorem concludes."""
    return compound(term for _, terms in atoms(conclusion(sentence)) for term in terms)


def unify(one, other):
    """Whether two terms have an instance in common, their variables taken apart."""
    return _solved(one, other, True) is not None


def matches(pattern, term):
    """Whether a term is an instance of a pattern."""
    return _solved(pattern, term, False) is not None


def _solved(one, other, both):
    bound, pairs = {}, [((0, one), (1, other))]

    def walked(side, term):
        while term[0] == "v" and (side, term[1]) in bound:
            side, term = bound[side, term[1]]
        return side, term

    def occurs(name, side, term):
        side, term = walked(side, term)
        if term[0] == "v":
            return (side, term[1]) == name
        return term[0] == "f" and any(occurs(name, side, inner) for inner in term[2])

    while pairs:
        (side, left), (other_side, right) = (walked(*part) for part in pairs.pop())
        if left[0] == "v" and right[0] == "v" and (side, left[1]) == (other_side, right[1]):
            continue
        if side == other_side == 1 and left == right:
            continue
        if left[0] == "v" and (both or side == 0):
            if both and occurs((side, left[1]), other_side, right):
                return None
            bound[side, left[1]] = (other_side, right)
        elif right[0] == "v" and (both or other_side == 0):
            if both and occurs((other_side, right[1]), side, left):
                return None
            bound[other_side, right[1]] = (side, left)
        elif left[0] == right[0] == "f" and left[1] == right[1] and len(left[2]) == len(right[2]):
            pairs += [((side, a), (other_side, b)) for a, b in zip(left[2], right[2])]
        elif left[0] != "c" or left != right:
            return None
    return bound


def recent(goal, theorems):
    return list(reversed(range(len(theorems))))


def sine(goal, theorems):
    every = [theorem.symbols for theorem in theorems]
    count = Counter(symbol for found in every for symbol in found)
    asked, reached = goal.symbols, set(goal.symbols)
    left, order = list(range(len(theorems))), []
    while left:
        def triggered(place):
            rarest = min((count[symbol] for symbol in every[place]), default=0)
            return not every[place] or any(count[symbol] == rarest and symbol in reached for symbol in every[place])
        now = [place for place in left if triggered(place)]
        if not now:
            return order + left
        left = [place for place in left if place not in now]
        now.sort(key=lambda place: (-len(every[place] & asked), len(every[place] - asked), place))
        for place in now:
            reached |= every[place]
        order += now
    return order


def mepo(goal, theorems):
    every = [theorem.symbols for theorem in theorems]
    count = Counter(symbol for found in every for symbol in found)
    relevant, left, order = set(goal.symbols), list(range(len(theorems))), []

    def weight(symbol):
        return 1 + 2 / max(math.log2(count[symbol] + 1), 0.5)

    while left:
        def score(place):
            inside = sum(weight(symbol) for symbol in sorted(every[place] & relevant))
            outside = len(every[place] - relevant)
            return inside / (inside + outside) if inside + outside else 0
        scores = {place: score(place) for place in left}
        best = max(scores.values())
        now = sorted((place for place in left if scores[place] >= best), key=lambda place: (len(every[place]), place))
        left = [place for place in left if scores[place] < best]
        for place in now:
            relevant |= every[place]
        order += now
    return order


def similar(goal, theorem):
    """Hashes that two signatures have in common."""
    return int((signature(goal.patterns) == signature(theorem.patterns)).sum())


def minhash(goal, theorems):
    scores = [similar(goal, theorem) + HASHES // 8 * goal.unifies(theorem) for theorem in theorems]
    return sorted(range(len(theorems)), key=lambda place: (-scores[place], place))


ALL = {"recent": recent, "sine": sine, "mepo": mepo, "minhash": minhash}


class Statement:
    """A tree with what is asked of it again and again."""

    def __init__(self, tree):
        self.tree = tree
        self.symbols, self.patterns = symbols(tree), patterns(tree)
        self.terms, self.sides = compound(terms_of(tree)), sides(tree)
        self._unified = {}

    def unifies(self, theorem):
        """Whether a side of the theorem unifies with a term of this statement."""
        if id(theorem) not in self._unified:
            self._unified[id(theorem)] = any(unify(side, term) for side in theorem.sides for term in self.terms)
        return self._unified[id(theorem)]
