"""Trains a scorer of premises on what checked proofs cite, and compares it with choosers that are not trained.

    python premises.py CORPUS [--seeds N] [--smoke]

For each theorem that cites others, the theorems before it that are rules (no variants of others) are ranked, as
`cargo bench --bench premises` does it; recall at k is the share of the cited ones among the first k, where there are more than k. Two scorers
are trained with the cross-entropy of the cited ones among all: a linear one, and one in the manner of Deep Sets, which sees the mean of
what it makes of all candidates beside each. Each of them twice: by the statements alone, and with how often a candidate was
cited before. Then each theory that is shipped is held apart in turn, and the linear scorers are trained on all others.
"""

import argparse
import math
import pathlib
import time
from collections import Counter

import numpy
import torch

import choosers
import corpus
import statements

AT = (8, 16, 32)
EPOCHS, RATE, DECAY, INNER = 12, 0.01, 1e-4, 16
TAUGHT = 120  # theorems of a theory that are trained on at most, no variants first


RIVALS = [*choosers.ALL, "cited", "neighbours"]


class Case:
    """A theorem with the candidates for its premises."""

    def __init__(self, theory, known, rankings, features, cited, corollary):
        self.theory, self.known, self.rankings, self.corollary = theory, known, rankings, corollary
        self.features, self.cited = features, cited


def share(one, other):
    return len(one & other) / len(one) if one else 0.0


def pair(goal, theorem, count, total):
    """Features of a goal and a candidate, whatever the signs are called."""
    rarity = lambda symbols: sum(math.log(1 + total / count[symbol]) for symbol in sorted(symbols))
    shared, extra = goal.symbols & theorem.symbols, theorem.symbols - goal.symbols
    own, other = choosers.conclusion(goal.tree), choosers.conclusion(theorem.tree)
    found = [any(choosers.matches(side, term) for term in goal.terms) for side in theorem.sides]
    return [
        share(goal.symbols, theorem.symbols),
        share(theorem.symbols, goal.symbols),
        len(extra),
        rarity(shared) / (1 + rarity(theorem.symbols)),
        rarity(extra) / 4,
        share(goal.patterns, theorem.patterns),
        share(theorem.patterns, goal.patterns),
        choosers.similar(goal, theorem) / choosers.HASHES,
        float(goal.unifies(theorem)),
        float(any(found)),
        float(bool(found) and all(found)),
        float(own[0] == other[0] and own[:2 if own[0] == "rel" else 1] == other[:2 if own[0] == "rel" else 1]),
        float(other[0] == "="),
        float(theorem.tree[0] == "implies"),
        float(goal.tree[0] == "implies" and theorem.tree[0] == "implies"),
        math.log(1 + len(theorem.terms)),
        math.log((1 + len(theorem.terms)) / (1 + len(goal.terms))),
        float(other[0] == "=" and "v" in (other[1][0], other[2][0])),
        float(theorem.patterns == goal.patterns),
    ]


NAMES = ["goal's signs", "candidate's signs", "signs beside", "rare signs", "rare signs beside", "goal's patterns", "candidate's patterns",
         "minhash", "unifies", "a side matches", "all sides match", "same kind", "equation", "premises", "both premises",
         "size", "size to goal's", "a side is a variable", "same patterns", "place", "late", "sine", "mepo", "minhash's place",
         "citations", "often cited", "never cited", "neighbours", "neighbours' place", "cited's place"]
PLAIN = 24  # features that statements alone have


def cases_of(folder, name, most=None):
    """The cases of a theory."""
    notation = statements.Notation(corpus.file_of(folder, name))
    theorems = corpus.load(folder, name)
    trees = {theorem["number"]: notation.read(theorem["math"]) for theorem in theorems}
    read = {number: choosers.Statement(tree) for number, tree in trees.items() if tree is not None}
    rules = [theorem["number"] for theorem in theorems if not theorem["corollary"]]
    proofs, found = Proofs(), []
    for theorem in theorems[:most]:
        number, cited = theorem["number"], {cited["number"] for cited in theorem["cited"]}
        before = [rule for rule in rules if rule < number]
        # As in the bench: what cites a variant does not count.
        if cited and cited <= set(before):
            found.append(case(name, theorem, number, cited, before, read, proofs))
        proofs.add(read.get(number), cited)
    return found


class Proofs:
    """What was cited by the theorems so far, those included that are variants of others."""

    def __init__(self):
        self.often, self.signatures, self.cited = Counter(), [], []

    def add(self, statement, cited):
        self.often.update(cited)
        if statement and cited:
            self.signatures.append(choosers.signature(statement.patterns))
            self.cited.append(cited)

    def near(self, goal):
        """For each theorem how similar those are to a goal that cited it: nearest neighbours, as MaSh weighs them."""
        found = Counter()
        if goal and self.signatures:
            alike = (numpy.array(self.signatures) == choosers.signature(goal.patterns)).mean(1) ** 4
            for weight, cited in zip(alike.tolist(), self.cited):
                for number in sorted(cited):
                    found[number] += weight / len(cited)
        return found


def case(name, theorem, number, cited, before, read, proofs):
    # What is no plain statement comes last, in its order.
    places = [place for place, rule in enumerate(before) if rule in read]
    rest = [place for place in range(len(before)) if place not in places]
    goal, known = read.get(number), [read[before[place]] for place in places]
    rankings = {}
    for chooser, ranked in choosers.ALL.items():
        order = ranked(goal, known) if goal else range(len(known))
        rankings[chooser] = [places[place] for place in order] + rest
    near = proofs.near(goal)
    by_proofs = {"cited": proofs.often, "neighbours": near}
    for chooser, counts in by_proofs.items():
        rankings[chooser] = sorted(range(len(before)), key=lambda place: (-counts[before[place]], -place))
    features = numpy.zeros((len(places), len(NAMES)), numpy.float32)
    if goal:
        count = Counter(symbol for statement in known for symbol in statement.symbols)
        at = {chooser: {place: rank for rank, place in enumerate(order)} for chooser, order in rankings.items()}
        most, nearest = max(proofs.often.values(), default=1), max(near.values(), default=0) or 1
        for row, (place, statement) in enumerate(zip(places, known)):
            cites = proofs.often[before[place]]
            features[row] = pair(goal, statement, count, len(known)) + [
                place / len(before), 1 / (len(before) - place),
                *(at[chooser][place] / len(before) for chooser in ("sine", "mepo", "minhash")),
                math.log(1 + cites), cites / most, float(cites == 0), near[before[place]] / nearest,
                at["neighbours"][place] / len(before), at["cited"][place] / len(before)]
    asked = [float(before[place] in cited) for place in places]
    wanted = [place for place, rule in enumerate(before) if rule in cited]
    return Case(name, len(before), rankings | {"": (places, rest)}, torch.from_numpy(features),
                (torch.tensor(asked), wanted), theorem["corollary"])


def taught(cases):
    """Of each theory so many at most, evenly from all of it where there are more."""
    chosen = []
    for name in dict.fromkeys(case.theory for case in cases):
        own = sorted((case for case in cases if case.theory == name), key=lambda case: case.corollary)
        plain = sum(not case.corollary for case in own)
        first, rest = own[:min(plain, TAUGHT)], own[plain:]
        room = TAUGHT - len(first)
        chosen += first + (rest if len(rest) <= room else [rest[place * len(rest) // room] for place in range(room)])
    return chosen


class Linear(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weights = torch.nn.Linear(width, 1)

    def forward(self, rows, _lists, _count):
        return self.weights(rows).squeeze(1)


class DeepSets(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(width, INNER), torch.nn.SiLU())
        self.outer = torch.nn.Sequential(torch.nn.Linear(2 * INNER, INNER), torch.nn.SiLU(), torch.nn.Linear(INNER, 1))

    def forward(self, rows, lists, count):
        made = self.inner(rows)
        sums = torch.zeros(count, INNER).index_add(0, lists, made)
        means = sums / torch.bincount(lists, minlength=count).clamp(min=1).unsqueeze(1)
        return self.outer(torch.cat([made, means[lists]], 1)).squeeze(1)


class Scorer:
    """A model with the scale of its features."""

    def __init__(self, model, width, cases, seed, epochs):
        torch.manual_seed(seed)
        self.width, self.model = width, model(width)
        # A list of one, or of nothing but cited ones, teaches nothing.
        cases = taught([case for case in cases if 0 < case.cited[0].sum() < len(case.features)])
        rows = torch.cat([case.features for case in cases])
        self.mean, self.scale = rows.mean(0), rows.std(0).clamp(min=1e-3)
        # A large theory counts for more than a small one, but not in proportion.
        size = Counter(case.theory for case in cases)
        weights = torch.tensor([size[case.theory] ** -0.5 for case in cases])
        weights *= len(cases) / weights.sum()
        optimiser = torch.optim.AdamW(self.model.parameters(), lr=RATE, weight_decay=DECAY)
        draws = torch.Generator().manual_seed(seed)
        for epoch in range(epochs):
            for group in optimiser.param_groups:
                group["lr"] = RATE * (1 - epoch / epochs)
            total = 0.0
            for batch in torch.randperm(len(cases), generator=draws).split(64):
                loss = self.loss([cases[place] for place in batch], weights[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                total += loss.item() * len(batch)
            self.trained = total / len(cases)

    def scores(self, cases):
        lists = torch.repeat_interleave(torch.tensor([len(case.features) for case in cases]))
        rows = (torch.cat([case.features for case in cases]) - self.mean) / self.scale
        return self.model(rows[:, :self.width], lists, len(cases)), lists

    def loss(self, cases, weights):
        scores, lists = self.scores(cases)
        cited = torch.cat([case.cited[0] for case in cases])
        most = scores.detach().max()
        total = torch.zeros(len(cases)).index_add(0, lists, (scores - most).exp()).log() + most
        number = torch.zeros(len(cases)).index_add(0, lists, cited)
        each = torch.zeros(len(cases)).index_add(0, lists, cited * (total[lists] - scores)) / number
        return (each * weights).mean()

    def order(self, case):
        places, rest = case.rankings[""]
        if not places:
            return rest
        with torch.no_grad():
            scores, _ = self.scores([case])
        return [places[row] for row in torch.argsort(-scores, stable=True).tolist()] + rest


def recall(cases, order):
    """For each k: recall, and of how many cases."""
    sums = {k: [] for k in AT}
    for case in cases:
        ranked = order(case)
        for k in AT:
            if case.known > k:
                first = set(ranked[:k])
                sums[k].append(sum(place in first for place in case.cited[1]) / len(case.cited[1]))
    return {k: (sum(all_) / max(len(all_), 1), len(all_)) for k, all_ in sums.items()}


def line(name, cases, order):
    parts = []
    for chosen in (cases, [case for case in cases if not case.corollary]):
        parts += [f"{value:.3f} of {count:<5}" for value, count in recall(chosen, order).values()]
    print(f"| {name:<34} | " + " | ".join(parts) + " |", flush=True)


KINDS = {"linear, statements": (Linear, PLAIN), "linear, with citations": (Linear, len(NAMES)),
         "Deep Sets, statements": (DeepSets, PLAIN), "Deep Sets, with citations": (DeepSets, len(NAMES))}


def held_apart(trained, apart, seeds, epochs):
    print("| chooser | all: recall at 8 | 16 | 32 | no variants: at 8 | 16 | 32 |\n|---|---|---|---|---|---|---|")
    for name in RIVALS:
        line(name, apart, lambda case: case.rankings[name])
    for name, (model, width) in KINDS.items():
        for seed in range(seeds):
            scorer = Scorer(model, width, trained, seed, epochs)
            line(f"{name}, seed {seed}, loss {scorer.trained:.3f}", apart, scorer.order)
            if model is Linear and seed == 0:
                weights = (scorer.model.weights.weight[0] / scorer.scale[:width]).tolist()
                print("  " + ", ".join(f"{name} {weight:+.2f}" for name, weight in zip(NAMES, weights)))


def each_apart(all_cases, epochs):
    print("\nEach theory held apart in turn: theorems that count at 8 and at 16, and recall at both.")
    print("| held apart | of | " + " | ".join([*RIVALS, "linear", "with citations"]) + " |")
    print("|---" * (len(RIVALS) + 4) + "|")
    shipped = lambda name: (statements.THEORIES / f"{name}.mpl").exists()
    names = sorted({case.theory for case in all_cases if shipped(case.theory)})
    totals = {}
    for name in names:
        apart = [case for case in all_cases if case.theory == name]
        rest = [case for case in all_cases if case.theory != name]
        orders = {chooser: (lambda case, chooser=chooser: case.rankings[chooser]) for chooser in RIVALS}
        for kind in ("linear, statements", "linear, with citations"):
            orders[kind] = Scorer(*KINDS[kind], rest, 0, epochs).order
        found = {kind: recall(apart, order) for kind, order in orders.items()}
        plain = [case for case in apart if not case.corollary]
        for kind, order in orders.items():
            totals.setdefault(kind, []).append(found[kind])
            totals.setdefault(f"{kind}, no variants", []).append(recall(plain, order))
        shown = [f"{values[8][0]:.3f} {values[16][0]:.3f}" for values in found.values()]
        print(f"| {name} | {found['sine'][8][1]}, {found['sine'][16][1]} | " + " | ".join(shown) + " |", flush=True)
    for kind, values in totals.items():
        for k in AT:
            counted = [value[k] for value in values if value[k][1]]
            weighed = sum(value * count for value, count in counted) / max(sum(count for _, count in counted), 1)
            even = sum(value for value, _ in counted) / max(len(counted), 1)
            print(f"{kind}: at {k} {weighed:.3f} over theorems, {even:.3f} over {len(counted)} theories")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="80 theorems of each theory, 2 epochs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    begin = time.process_time()
    trained, apart = corpus.parted(options.corpus)
    most, epochs, seeds = (80, 2, 1) if options.smoke else (None, EPOCHS, options.seeds)
    cases = {name: cases_of(options.corpus, name, most) for name in trained + apart}
    of = lambda names: [case for name in names for case in cases[name]]
    print(f"trained on {', '.join(trained)}: {len(of(trained))} theorems; held apart {', '.join(apart)}: {len(of(apart))} theorems")
    print(f"made in {time.process_time() - begin:.0f} CPU s")
    held_apart(of(trained), of(apart), seeds, epochs)
    each_apart(of(trained + apart), epochs)
    print(f"{time.process_time() - begin:.0f} CPU s")


if __name__ == "__main__":
    main()
