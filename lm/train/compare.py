"""Asks each law of the theories held apart by itself: without advice, and with each advisor.

    python compare.py --program PATH --model FILE.gguf [--cpu SECONDS] [--only NAME,…] [--advisors NAME,…] [--topics TOPIC,…] [--seed N] [--smoke]

Every run has the same CPU seconds of the prover, one thread, and takes the same number of proposals of an answer (8). CPU seconds are
those of the process, the model's among them.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile

import statements

ADVISORS = ("nobody", "random", "generalise", "overlap", "model")


def laws(name):
    """The laws of a theory, each on a line of its own."""
    lines = (statements.THEORIES / "laws" / f"{name}.goals").read_text().splitlines()
    return [line for line in lines if line.startswith("(")]


def ask(options, name, law, advisor):
    """What became of a law, the CPU seconds, and what became of the proposals."""
    with tempfile.TemporaryDirectory() as folder:
        goals = pathlib.Path(folder) / "law.goals"
        goals.write_text(law + "\n")
        command = [options.program, "prove", statements.THEORIES / f"{name}.mpl", "--goals", goals, "--cpu", str(options.cpu),
                   "--threads", "1", "--db", pathlib.Path(folder) / "db", "--json"]
        if advisor != "nobody":
            command += ["--advice", advisor, "--advice-seed", str(options.seed)] + (["--advice-topics", options.topics] if options.topics else [])
        if advisor == "model":
            command += ["--advice-model", options.model]
        before = os.times()
        told = subprocess.run(command, capture_output=True, text=True)
        after = os.times()
    spent = sum(after[2:4]) - sum(before[2:4])
    events = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    return told.returncode, spent, events


def received(events):
    """How many proposals became what."""
    answers = (answer for event in events if event.get("event") == "summary" for answer in event.get("advice") or [])
    return collections.Counter(proposal["became"] for answer in answers for proposal in answer["proposals"] or [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--cpu", type=float, default=2)
    parser.add_argument("--only", default=",".join(statements.HELD_APART))
    parser.add_argument("--advisors", default=",".join(ADVISORS))
    parser.add_argument("--topics", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="two laws of each theory")
    options = parser.parse_args()
    options.program, options.model = (os.path.abspath(path) for path in (options.program, options.model))
    asked = [(name, law) for name in options.only.split(",") for law in laws(name)[:2 if options.smoke else None]]
    closed = {}
    print("| advisor | goals | closed | CPU s | proposals |\n|---|---|---|---|---|")
    for advisor in options.advisors.split(","):
        closed[advisor], spent, counts = set(), 0.0, collections.Counter()
        for place, (name, law) in enumerate(asked):
            code, seconds, events = ask(options, name, law, advisor)
            spent += seconds
            if code not in (0, 1, 3):
                print(f"{name}: {law}: ended with {code}: {events[-1:]}")
            if code == 0:
                closed[advisor].add(place)
            counts += received(events)
        shown = ", ".join(f"{key} {value}" for key, value in sorted(counts.items()))
        print(f"| {advisor} | {len(asked)} | {len(closed[advisor])} | {spent:.1f} | {shown} |", flush=True)
    first, *others = closed
    say = lambda places: ", ".join(f"{asked[place][0]} {label(asked[place][1])}" for place in sorted(places)) or "none"
    print(f"open with {first}: {say(set(range(len(asked))) - closed[first])}")
    for advisor in others:
        print(f"{advisor}: closes {say(closed[advisor] - closed[first])}; loses {say(closed[first] - closed[advisor])}")


def label(law):
    named = re.match(r"\(conjecture (\S+)", law)
    return named.group(1) if named else law


if __name__ == "__main__":
    main()
