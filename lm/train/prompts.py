"""Questions of an advisor with their answers, from a corpus: the prompts of `templates/advice`, filled in as the program does it.

A theory's signs are called otherwise from example to example, so that what is learned is the notation's business: a prompt says which signs
there are. Answers are statements of the grammar to which the program holds a model (`Infix::expression(4, 2)`).
"""

import pathlib
import random
import re

import jinja2

import choosers
import corpus
import statements

TEMPLATES = pathlib.Path(__file__).resolve().parents[2] / "templates" / "advice"
TOPICS = ("lemma", "steps", "split", "premises", "conjectures")
MOST_THEOREMS = 24
SHARES = {"lemma": 8, "steps": 3, "split": 1, "premises": 5, "conjectures": 4}
BETWEEN = ["+", "·", "∘", "∪", "∩", "⊓", "⊔", "::", "++", "^", "@", "⊕", "⊗", "*", "-"]
RELATIONS = ["≤", "<", "∣", "⊆", "⇝", "⟶", "⇄", "ε", "∊", "~", "≈", "▷"]
NAMES = ["f", "g", "h", "s", "p", "t", "len", "rev", "map", "mirror", "nodes", "min", "max", "d"]
BEFORE, BEHIND = ["−", "℘", "□", "◇"], ["⁻¹", "ᶜ", "⁺", "˘", "!", "′"]
CONSTANTS = ["0", "1", "e", "i", "k", "nil", "⊥", "⊤", "∅", "2"]


def depth_fits(term, depth, closed=False):
    """Whether the grammar has a term, so deep at most, and if it is to be closed without brackets around it."""
    if term[0] != "f":
        return True
    sign, terms = term[1], term[2]
    if sign in Written.between:
        inner = depth - 1 if closed else depth
        return inner >= 1 and all(depth_fits(one, inner - 1, True) for one in terms)
    if sign in Written.behind:
        return depth >= 1 and terms[0][0] != "f"
    return depth >= 1 and all(depth_fits(one, depth - 1) for one in terms)


class Written:
    """Trees as the grammar wants them written; which signs stand where is set for each theory."""

    between, behind, names = frozenset(), frozenset(), {}

    @classmethod
    def term(cls, term):
        if term[0] != "f":
            return cls.names.get(term[1], term[1])
        return cls.applied(term[1], term[2])

    @classmethod
    def applied(cls, sign, terms):
        def closed(term):
            text = cls.term(term)
            return f"({text})" if term[0] == "f" and term[1] in cls.between else text
        shown = cls.names.get(sign, sign)
        if sign in cls.between and len(terms) == 2:
            return f"{closed(terms[0])} {shown} {closed(terms[1])}"
        if sign in cls.behind:
            return f"{closed(terms[0])}{shown}"
        return f"{shown}({', '.join(map(cls.term, terms))})"

    @classmethod
    def literal(cls, tree, depth):
        """The text of a literal; None where the grammar has none."""
        denied, tree = (True, tree[1]) if tree[0] == "not" else (False, tree)
        if tree[0] not in ("=", "rel") or denied and tree[0] == "rel":
            return None
        terms = tree[1:] if tree[0] == "=" else tree[2]
        if not all(depth_fits(term, depth) for term in terms):
            return None
        if tree[0] == "rel" and tree[1] in cls.between and len(terms) == 2:
            return f"{cls.term(terms[0])} {cls.names.get(tree[1], tree[1])} {cls.term(terms[1])}"
        if tree[0] == "rel":
            return cls.applied(tree[1], terms)
        return f"{cls.term(terms[0])} {'≠' if denied else '='} {cls.term(terms[1])}"

    @classmethod
    def statement(cls, tree):
        """The text of a statement with up to two premises; None where the grammar has none."""
        given = []
        while tree[0] == "implies":
            given += tree[1][1] if tree[1][0] == "and" else [tree[1]]
            tree = tree[2]
        given = [part for part in given if part[0] != "in"]
        parts = [cls.literal(part, 1) for part in given]
        last = cls.literal(tree, 2)
        if last is None or None in parts or len(parts) > 2:
            return None
        return f"{' ∧ '.join(parts)} → {last}" if parts else last


def variables(tree):
    """The variables of a statement in their order."""
    found = []
    for _, terms in statements.atoms(tree):
        for inner in (inner for term in terms for inner in statements.subterms(term)):
            if inner[0] == "v" and inner[1] not in found:
                found.append(inner[1])
    return found


class Theory:
    """A theory's theorems, and its signs."""

    def __init__(self, folder, name):
        self.name = name
        self.notation = statements.Notation(corpus.file_of(folder, name))
        self.templates = {topic: jinja2.Template((TEMPLATES / f"{topic}.txt").read_text(), keep_trailing_newline=True)
                          for topic in ("theory", *TOPICS)}
        found = [(theorem, self.notation.read(theorem["math"])) for theorem in corpus.load(folder, name)]
        self.all = [(theorem, tree) for theorem, tree in found if tree is not None]
        self.rules = [(theorem, tree) for theorem, tree in self.all if not theorem["corollary"]]
        self.by_number = {theorem["number"]: (theorem, tree) for theorem, tree in self.all}
        symbols = set().union(*(choosers.symbols(tree) for _, tree in self.all)) if self.all else set()
        signs = self.notation
        plain = {name for kind, name in symbols if kind in "fr" and name[0] != "∈"} - {*signs.infix, *signs.prefix, *signs.postfix}
        self.between = frozenset({*signs.infix} | {name for name in plain if not statements.is_word(name)})
        self.before = frozenset(signs.prefix | {name for name in plain if statements.is_word(name)} - {"∈"})
        self.constants = sorted(name for kind, name in symbols if kind == "c")
        self.relations = frozenset(signs.relations | {name for kind, name in symbols if kind == "r"})
        header = re.search(r"\(theory [^[]+\[([^]]*)]", corpus.file_of(folder, name).read_text()).group(1)
        # Sets of individuals have a large letter for a name in all files.
        self.sets = [name for name in header.split(",") if name.isupper()]
        self.inputs = {inner[1]: len(inner[2]) for _, tree in self.all for inner in statements.terms_of(tree)
                       if inner[0] == "f"}
        self.inputs |= {sign: len(terms) for _, tree in self.all for sign, terms in statements.atoms(tree) if sign}

    def renaming(self, draw):
        """Other names for all signs and constants."""
        names = {}
        def give(signs, pool):
            names.update(zip(sorted(signs), draw.sample(pool, min(len(pool), len(signs)))))
        give(self.between - self.relations, BETWEEN)
        give(self.between & self.relations, RELATIONS)
        give({sign for sign in self.before if statements.is_word(sign)}, NAMES)
        give({sign for sign in self.before if not statements.is_word(sign)}, BEFORE)
        give(self.notation.postfix, BEHIND)
        give(self.constants, CONSTANTS)
        return names

    def renamed(self, text, names):
        """A text with its signs called otherwise, its blanks and brackets as they are."""
        out, at = [], 0
        for piece in self.notation.pieces(text):
            begin = text.index(piece, at)
            out += [text[at:begin], names.get(piece, piece)]
            at = begin + len(piece)
        return "".join(out)

    def help(self, names):
        """What may be written, as a prompt says it."""
        letters = "xyzuvw"
        def example(sign):
            shown = names.get(sign, sign)
            if sign in self.between:
                return f"x {shown} y"
            if sign in self.notation.postfix:
                return f"x{shown}"
            return f"{shown}({', '.join(letters[:self.inputs.get(sign, 1)])})"
        signs = sorted(self.between | self.before | self.notation.postfix)
        operations = [example(sign) for sign in signs if sign not in self.relations]
        relations = ["x = y"] + [example(sign) for sign in signs if sign in self.relations]
        relations += [f"x ∈ {name}" for name in self.sets]
        constants = "".join(f", {names.get(name, name)}" for name in self.constants)
        parts = [f"terms of variables{constants}"] + ([", ".join(operations)] if operations else [])
        return f"write {' and '.join(parts)}; relations {', '.join(relations)}; joined by →, ∧, ∨, ¬"

    def written(self, tree, names, goal=None):
        """A statement in the variables of a proposal: of a goal, or from x on."""
        own = variables(tree)
        taken = {names.get(sign, sign) for sign in (*self.before, *self.constants)}
        usual = variables(goal) if goal else []
        usual += [letter for letter in "xyzuvw" if letter not in taken and letter not in usual]
        if len(own) > 4:
            return None
        Written.between, Written.behind = self.between, frozenset(self.notation.postfix)
        Written.names = names | dict(zip(own, usual))
        return Written.statement(tree)

    def example(self, draw, rename=True):
        """A prompt and its answer, or None where what was drawn has none."""
        names = self.renaming(draw) if rename else {}
        topic = draw.choices(TOPICS, [SHARES[topic] for topic in TOPICS])[0]
        goal, goal_tree = draw.choice(self.rules if self.rules and draw.random() < 0.6 else self.all)
        before = [(theorem, tree) for theorem, tree in self.rules if theorem["number"] < goal["number"]]
        if topic == "conjectures":
            wanted = goal, goal_tree
        elif topic == "split":
            given = [tree for _, tree in self.all if tree[0] == "implies"]
            wanted = (None, draw.choice(given)[1]) if given else None
        else:
            helpful = [cited["number"] for cited in goal["cited"] + (goal["stuck_on"] or [])]
            helpful = [number for number in helpful if number in self.by_number]
            wanted = self.by_number[draw.choice(helpful)] if helpful else None
        if wanted is None:
            return None
        if topic == "premises":
            answer = self.renamed(wanted[0]["math"], names)
        else:
            answer = self.written(wanted[1], names, goal_tree if topic in ("steps", "split") else None)
            if answer is None:
                return None
            answer += "\n"
        shown = [theorem for theorem, _ in before if wanted[0] is None or theorem["number"] != wanted[0]["number"]]
        # Short lists more often than long ones: a goal that is asked about by itself has few theorems before it.
        most = int(MOST_THEOREMS * draw.random() ** 2)
        shown = shown[len(shown) - min(most, len(shown)):] if topic != "premises" else []
        return self.prompt(topic, goal, shown, self.stuck(draw, wanted[0], before), names), answer

    def stuck(self, draw, wanted, before):
        """Subgoals: often with what is wanted among them, as it is where attempts came close."""
        if draw.random() < 0.5 or wanted is None:
            return []
        others = [theorem for theorem, _ in draw.sample(before, min(len(before), draw.randint(0, 3)))]
        others += [wanted] * (draw.random() < 0.7)
        draw.shuffle(others)
        return others

    def prompt(self, topic, goal, shown, stuck, names):
        say = lambda theorem: self.renamed(theorem["math"], names)
        context = {
            "theory": self.name.split("-")[0].capitalize(), "notation": self.help(names), "goal": say(goal),
            "theorems": [{"number": theorem["number"], "math": say(theorem)} for theorem in shown],
            "stuck": [say(theorem) for theorem in stuck],
        }
        head, tail = (self.templates[name].render(context) for name in ("theory", topic))
        return f"{head.rstrip()}\n" + tail.rstrip("\n")


def load(folder, names):
    """The theories that have something to learn from."""
    theories = [Theory(folder, name) for name in names]
    return [theory for theory in theories if theory.rules]


def examples(theories, draw, rename=True):
    """Examples without end; a theory comes as often as the square root of its theorems says."""
    weights = [len(theory.all) ** 0.5 for theory in theories]
    while True:
        found = draw.choices(theories, weights)[0].example(draw, rename)
        if found:
            yield found


if __name__ == "__main__":
    import sys
    folder = pathlib.Path(sys.argv[1])
    trained, _ = corpus.parted(folder)
    for (prompt, answer), _ in zip(examples(load(folder, trained), random.Random(1)), range(4)):
        print(f"{prompt}[{answer}]\n{'-' * 40}")
