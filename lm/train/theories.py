"""Makes theories at random, for data: algebras with laws drawn from a list, and functions on the numbers by recursion.

    python theories.py FOLDER [--count N] [--seed S]

FOLDER gets `algebra-NN.mpl` and `recursion-NN.mpl`, with the files of definitions beside them. The same seed gives the same bytes. Some
are inconsistent, or have one element: what comes of those is left out by corpus.py.
"""

import argparse
import pathlib
import random
import shutil

import statements

SHARED = ("functions.mpl", "algebra.mpl", "naturals.mpl")
# Laws of one operation, by what else they need.
ONE = {
    "associative[{o}]": "", "commutative[{o}]": "", "idempotent[{o},S]": "", "left-identity[e,{o},S]": "e",
    "right-identity[e,{o},S]": "e", "left-inverse[f,{o},e]": "ef", "right-inverse[f,{o},e]": "ef",
    ">[x] (in[x,S]) (in3[x,e,e,{o}])": "e", ">[x] (in[x,S]) (in3[e,x,e,{o}])": "e",
    ">[x,y,z] (in3[x,y,z,{o}]) (>[u,v,w] (& (in2[x,u,f]) (in2[y,v,f]) (in2[z,w,f])) (in3[u,v,w,{o}]))": "f",
    ">[x,y,z] (in3[x,y,z,{o}]) (>[u,v,w] (& (in2[x,u,f]) (in2[y,v,f]) (in2[z,w,f])) (in3[v,u,w,{o}]))": "f",
    ">[x,y] (in2[x,y,f]) (in3[x,y,y,{o}])": "f", ">[x,y] (in2[x,y,f]) (in3[x,y,x,{o}])": "f",
    ">[x,y,z] (in3[x,y,z,{o}]) (in3[x,z,y,{o}])": "", ">[x,y,z] (in3[x,y,z,{o}]) (in3[z,x,y,{o}])": "",
}
TWO = ("left-distributive[{o},{p}]", "right-distributive[{o},{p}]", "absorbing[{o},{p}]", "absorbing[{p},{o}]",
       "left-distributive[{p},{o}]")
UNARY = (">[x,y] (in2[x,y,f]) (in2[y,x,f])", ">[x,y] (in2[x,y,f]) (in2[y,y,f])", ">[x,y,z] (& (in2[x,z,f]) (in2[y,z,f])) (=[x,y])",
         "in2[e,e,f]")


def algebra(number, draw):
    operations = draw.choice((["*"], ["*"], ["*", "+"]))
    laws = []
    for operation in operations:
        laws += [(law.format(o=operation), needs) for law, needs in draw.sample(list(ONE.items()), draw.randint(1, 4))]
    if len(operations) == 2:
        laws += [(law.format(o="*", p="+"), "") for law in draw.sample(TWO, draw.randint(1, 3))]
    needs = "".join(needs for _, needs in laws)
    if "f" in needs and draw.random() < 0.5:
        law = draw.choice(UNARY)
        laws.append((law, ""))
        needs += "e" if "[e," in law else ""
    own = [f"operation[{operation},S,S,S]" for operation in operations]
    own += ["in[e,S]"] * ("e" in needs) + ["function[f,S,S]"] * ("f" in needs)
    parameters = ["S", *operations, *("e" for _ in own if _ == "in[e,S]"), *("f" for _ in own if _.startswith("function"))]
    axioms = "\n    ".join(f"({law})" for law in own + [law for law, _ in laws])
    notation = '(notation (in3[x,y,z,*]) (value z) (infix "·" 6))\n'
    if "+" in operations:
        notation += '(notation (in3[x,y,z,+]) (value z) (infix "+" 5))\n'
    if "f" in parameters:
        notation += '(notation (in2[x,y,f]) (value y) (prefix "f"))\n'
    return (f'; Drawn at random.\n(import "functions.mpl")\n(import "algebra.mpl")\n\n(theory Algebra{number}[{",".join(parameters)}]\n'
            f"  (&\n    {axioms}))\n\n{notation}\n(bounds (atoms 5) (atoms-with-constant 3) (variables 3) (predicate in (count 0)))\n")


def recursion(number, draw):
    """Numbers with addition, and one or two functions: g(0) is a constant, g(s(x)) is made of g(x) and x."""
    steps = {"s(s(y))": "(in2[y,u,s]) (in2[u,w,s])", "y + y": "(in3[y,y,w,+])", "y + x": "(in3[y,x,w,+])", "x + y": "(in3[x,y,w,+])",
             "s(y + x)": "(in3[y,x,u,+]) (in2[u,w,s])", "s(y)": "(in2[y,w,s])", "x": "(=[x,w])"}
    both = {"s(s(z))": "(in2[z,q,s]) (in2[q,w,s])", "z + x": "(in3[z,x,w,+])", "z + y": "(in3[z,y,w,+])", "s(z)": "(in2[z,w,s])",
            "x + z": "(in3[x,z,w,+])", "y": "(=[y,w])"}
    axioms, notation, parameters = [], "", ["N", "0", "s", "+"]
    kinds = draw.choice((["f"], ["*"], ["f", "*"], ["f", "g"]))
    for sign in kinds:
        if sign == "*":
            begin = draw.choice(("(>[x] (in[x,N]) (in3[x,0,x,*]))", "(>[x] (in[x,N]) (in3[x,0,0,*]))"))
            step = draw.choice(sorted(both.values()))
            axioms += ["(operation[*,N,N,N])", begin,
                       f"(>[x,y,z] (in3[x,y,z,*]) (>[v,q,w] (& (in2[y,v,s]) {step}) (in3[x,v,w,*])))".replace(
                           ",q,", ",q," if "q" in step else ",")]
            notation += '(notation (in3[x,y,z,*]) (value z) (infix "·" 6))\n'
        else:
            step = draw.choice(sorted(steps.values()))
            names = "v,u,w" if "u" in step else "v,w"
            axioms += [f"(function[{sign},N,N])", f"(in2[0,0,{sign}])",
                       f"(>[x,y] (in2[x,y,{sign}]) (>[{names}] (& (in2[x,v,s]) {step}) (in2[v,w,{sign}])))"]
            notation += f'(notation (in2[x,y,{sign}]) (value y) (prefix "{sign}"))\n'
        parameters.append(sign)
    own = "\n    ".join(axioms)
    return (f'; Drawn at random.\n(import "naturals.mpl")\n\n(define Numbers[N,0,s,+]\n  "Zero, successor and addition."\n'
            f"  (& (successor[N,0,s]) (addition[N,0,s,+])))\n\n"
            f'(generated "induction on the numbers" Numbers[N,0,s,+] N 0 s[N])\n\n'
            f'(theory Recursion{number}[{",".join(parameters)}]\n  (& (Numbers[N,0,s,+])\n    {own}))\n\n'
            '(notation (in2[x,y,s]) (value y) (prefix "s"))\n(notation (in3[x,y,z,+]) (value z) (infix "+" 5))\n'
            f"{notation}\n(bounds (atoms 5) (atoms-with-constant 3) (variables 3) (predicate in (count 0)))\n")


def write(folder, count, seed):
    """The names of the theories that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in SHARED:
        shutil.copy(statements.THEORIES / file, folder / file)
    names = []
    for number in range(count):
        kind = (algebra, recursion)[number % 2]
        name = f"{kind.__name__}-{number:02}"
        (folder / f"{name}.mpl").write_text(kind(number, random.Random(seed * 1000 + number)))
        names.append(name)
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(", ".join(write(options.folder, options.count, options.seed)))


if __name__ == "__main__":
    main()
