"""What other systems prove of a file of goals, for `cargo bench --bench induction`.

Usage: induction.py cvc5 FILE.smt2 SECONDS    needs `pip install cvc5`; a line for each goal: its label, what was said, CPU s
       induction.py acl2 FILE.lisp SECONDS    needs `acl2` in the path

The file holds a theory and then goals: a comment with the label and a line with the goal. Each goal is a run of its own
with the same limit on CPU time. A system that is not here makes this end with the code 3, a text that it does not accept with 1.
"""

import resource
import shutil
import subprocess
import sys


def goals(path):
    theory, found, label = [], [], None
    for line in open(path, encoding="utf-8"):
        if label:
            found.append((label, line))
            label = None
        elif line.startswith("; ") and len(line.split()) == 2:
            label = line.split()[1]
        else:
            theory.append(line)
    return "".join(theory), found


CVC5 = """
import cvc5, sys
tm = cvc5.TermManager()
solver = cvc5.Solver(tm)
solver.setOption("quant-ind", "true")
solver.setLogic("ALL")
parser = cvc5.InputParser(solver)
parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.stdin.read(), "goal")
symbols = parser.getSymbolManager()
while True:
    command = parser.nextCommand()
    if command.isNull():
        break
    said = command.invoke(solver, symbols).strip()
    if said:
        print(said)
"""


def run(command, text, seconds):
    """What a program says within so many CPU seconds, and what it used."""

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=10 * seconds, preexec_fn=limit)
        said = done.stdout
    except subprocess.TimeoutExpired:
        said = ""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    system, path, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if system == "cvc5":
        try:
            import cvc5  # noqa: F401
        except ImportError:
            sys.exit(3)
    elif not shutil.which("acl2"):
        sys.exit(3)
    theory, found = goals(path)
    if system == "acl2":
        said, _ = run(["acl2"], theory, seconds)
        if "Error" in said or "FAILED" in said or "ACL2 Version" not in said:
            sys.exit(f"{path} is not accepted:\n{said}")
    for label, goal in found:
        if system == "cvc5":
            said, cost = run([sys.executable, "-c", CVC5], theory + goal + "(check-sat)\n", seconds)
            proved = "unsat" in said.split()
            if "(error" in said:
                sys.exit(f"{path} is not accepted: {said}")
        else:
            said, cost = run(["acl2"], theory + goal, seconds)
            proved = "Proof succeeded" in said
        print(label, "proved" if proved else "open", f"{cost:.2f}", flush=True)


main()
