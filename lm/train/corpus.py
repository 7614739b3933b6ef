"""Makes the data: explores each theory that is shipped, and drawn ones, and exports what the checker accepted.

    python corpus.py --program PATH [--out FOLDER] [--cpu SECONDS] [--generated N] [--smoke]

FOLDER gets `NAME.jsonl` for each theory (`theoremata export --format corpus`); what is there already is kept. The split is
`HELD_APART` of statements.py, and not that of the lines, since theories are to be held apart with all that is like them.
"""

import argparse
import json
import pathlib
import re
import subprocess
import tempfile

import statements
import theories


# What a theory proves if all its individuals are one; nothing is learned from it.
TRIVIAL = "∀ a b : a = b"


def file_of(folder, name):
    """The file of a theory, which is shipped or was drawn."""
    file = statements.THEORIES / f"{name}.mpl"
    return file if file.exists() else folder / "theories" / file.name


def explore(program, name, cpu, out):
    """The corpus of one theory, without the theorems of theories that it uses."""
    with tempfile.TemporaryDirectory() as database:
        where = ["--db", database]
        file = file_of(out, name)
        told = subprocess.run([program, "explore", file, *where, "--cpu", str(cpu), "--threads", "1", "--json"],
                              capture_output=True, text=True)
        # 3: the time was over before there was nothing left to try.
        if told.returncode not in (0, 3):
            print(f"{name}: left out, since exploring it ended with {told.returncode}: {told.stderr.strip()[-200:]}")
            return
        corpus = subprocess.run([program, "export", "--format", "corpus", *where, "-q"],
                                capture_output=True, text=True, check=True).stdout
    lines = corpus.splitlines()
    own = re.search(r"\(theory ([^[]+)\[", file.read_text()).group(1)
    kept = [line for line in lines if json.loads(line)["theory"] == own]
    if any(json.loads(line).get("math") == TRIVIAL for line in kept):
        print(f"{name}: left out, since it has one individual")
        return
    partial = out / f"{name}.partial"
    partial.write_text("".join(line + "\n" for line in kept))
    partial.rename(out / f"{name}.jsonl")
    print(f"{name}: {len(kept)} lines")


def load(folder, name):
    """The theorems of a theory in their order."""
    lines = map(json.loads, (folder / f"{name}.jsonl").read_text().splitlines())
    return sorted((line for line in lines if line["kind"] == "theorem"), key=lambda line: line["number"])


def parted(folder):
    """The names that are trained on, and those held apart."""
    names = sorted(path.stem for path in folder.glob("*.jsonl") if path.stat().st_size)
    return ([name for name in names if name not in statements.HELD_APART],
            [name for name in names if name in statements.HELD_APART])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("corpus"))
    parser.add_argument("--cpu", type=float, default=10)
    parser.add_argument("--generated", type=int, default=60, help="theories that are drawn at random, 3 seconds each")
    parser.add_argument("--smoke", action="store_true", help="two small theories, two seconds each")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    names = sorted(path.stem for path in (statements.THEORIES / "laws").glob("*.goals") if "." not in path.stem)
    if options.smoke:
        names, options.cpu, options.generated = ["boolean-ring", "lists", "peano"], 2, 2
    drawn = theories.write(options.out / "theories", options.generated, seed=0)
    for name in names + drawn:
        if not (options.out / f"{name}.jsonl").exists():
            explore(options.program, name, min(options.cpu, 3) if name in drawn else options.cpu, options.out)


if __name__ == "__main__":
    main()
