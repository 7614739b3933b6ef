//! Proofs written by hand, so that every rule of the calculus occurs in some proof.

use std::sync::Arc;

use theoremata_logic::calculus::formula::Name;
use theoremata_logic::calculus::proof::{Proof, Rule, StepId, TheoremId};
use theoremata_logic::calculus::theory::Theory;

use super::draft::Draft;
use super::theories::Definer;
use super::{Subject, accepts};

/// The theory of the proofs by hand: a set generated in two ways, a definition of each kind, and further parameters.
pub fn playground() -> Theory {
    let mut definer = Definer::new("playground");
    definer.functions();
    let chain = definer.define("Chain", "N/1 0 s/2", &["(in[0,N])", "(function[s,N,N])"]);
    let bush = definer.define("Bush", "N/1 0 j/3", &["(in[0,N])", "(operation[j,N,N,N])"]);
    let words = definer.define("Words", "N/1 0 A/1 c/3", &["(in[0,N])", "(operation[c,A,N,N])"]);
    definer.generated("along the chain", chain, 0, &[(1, &[]), (2, &[0])]);
    definer.generated("over the bush", bush, 0, &[(1, &[]), (2, &[0, 0])]);
    definer.generated("over the words", words, 0, &[(1, &[]), (3, &[2, 0])]);
    definer.define("below", "x y N/1 j/3", &["!(>[z] (in[z,N]) !(in3[x,z,y,j]))"]);
    definer.define(
        "others",
        "a N/1 S/1",
        &["(>[x] (in[x,S]) (& (in[x,N]) !(=[x,a])))", "(>[x] (& (in[x,N]) !(=[x,a])) (in[x,S]))"],
    );
    definer.define("Play", "N/1 0 s/2 j/3 A/1 c/3", &["(Chain[N,0,s])", "(Bush[N,0,j])", "(Words[N,0,A,c])"]);
    definer.finish()
}

const ANCHOR: &str = "(Play[N,0,s,j,A,c])";

const CHAIN: &str = "(& (& (in[0,N]) (function[s,N,N])) (generated[N,0,s]))";
const BUSH: &str = "(& (& (in[0,N]) (operation[j,N,N,N])) (generated2[N,0,j]))";
const WORDS: &str = "(& (& (in[0,N]) (operation[c,A,N,N])) (generated3[N,0,c,A]))";

/// The parts of the anchor, unfolded: chain, bush, words.
fn open_anchor(draft: &mut Draft<'_>) -> [StepId; 3] {
    let (_, anchor) = draft.open("N 0 s j A c", &[ANCHOR]);
    let body = draft.step(Rule::Unfold, &anchor, "(& (Chain[N,0,s]) (& (Bush[N,0,j]) (Words[N,0,A,c])))");
    let chain = draft.step(Rule::AndLeft, &[body], "(Chain[N,0,s])");
    let rest = draft.step(Rule::AndRight, &[body], "(& (Bush[N,0,j]) (Words[N,0,A,c]))");
    let bush = draft.step(Rule::AndLeft, &[rest], "(Bush[N,0,j])");
    let words = draft.step(Rule::AndRight, &[rest], "(Words[N,0,A,c])");
    [chain, bush, words]
}

fn zero(draft: &mut Draft<'_>, bush: StepId) -> StepId {
    let body = draft.step(Rule::Unfold, &[bush], BUSH);
    let body = draft.step(Rule::AndLeft, &[body], "(& (in[0,N]) (operation[j,N,N,N]))");
    draft.step(Rule::AndLeft, &[body], "(in[0,N])")
}

/// Typing and totality of an operation.
fn parts_of_operation(draft: &mut Draft<'_>, operation: StepId, [f, a, b]: [&str; 3]) -> [StepId; 2] {
    let typing = format!("(>[x,y,z] (in3[x,y,z,{f}]) (& (in[x,{a}]) (& (in[y,{b}]) (in[z,{b}]))))");
    let total = format!("(>[x,y] (& (in[x,{a}]) (in[y,{b}])) !(>[z] (in[z,{b}]) !(in3[x,y,z,{f}])))");
    let unique =
        format!("(>[x,y] (& (in[x,{a}]) (in[y,{b}])) (>[z,u] (& (in3[x,y,z,{f}]) (in3[x,y,u,{f}])) (=[z,u])))");
    let rest = format!("(& {total} {unique})");
    let body = draft.step(Rule::Unfold, &[operation], &format!("(& {typing} {rest})"));
    let first = draft.step(Rule::AndLeft, &[body], &typing);
    let second = draft.step(Rule::AndRight, &[body], &rest);
    let second = draft.step(Rule::AndLeft, &[second], &total);
    [first, second]
}

/// `0` is below something: ∃ elimination, ∃ introduction, fold.
fn existence(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let [_, bush, _] = open_anchor(&mut draft);
    let zero = zero(&mut draft, bush);
    let body = draft.step(Rule::Unfold, &[bush], BUSH);
    let body = draft.step(Rule::AndLeft, &[body], "(& (in[0,N]) (operation[j,N,N,N]))");
    let operation = draft.step(Rule::AndRight, &[body], "(operation[j,N,N,N])");
    let [typing, total] = parts_of_operation(&mut draft, operation, ["j", "N", "N"]);
    let (_, assumed) = draft.open("x", &["(in[x,N])"]);
    let pair = draft.step(Rule::AndIntroduction, &[assumed[0], zero], "(& (in[x,N]) (in[0,N]))");
    let exists = draft.apply("x 0", &[total, pair], "!(>[z] (in[z,N]) !(in3[x,0,z,j]))");
    let (scope, parts) = draft.open("w", &["(in[w,N])", "(in3[x,0,w,j])"]);
    let types = draft.apply("x 0 w", &[typing, parts[1]], "(& (in[x,N]) (& (in[0,N]) (in[w,N])))");
    let types = draft.step(Rule::AndRight, &[types], "(& (in[0,N]) (in[w,N]))");
    let member = draft.step(Rule::AndLeft, &[types], "(in[0,N])");
    let found = draft.witness("0", &[member, parts[1]], "!(>[z] (in[z,N]) !(in3[x,z,w,j]))");
    let below = draft.step(Rule::Fold, &[found], "(below[x,w,N,j])");
    let whole = "!(>[y] (in[y,N]) !(below[x,y,N,j]))";
    let inner = draft.witness("w", &[parts[0], below], whole);
    draft.leave();
    let outer = draft.step(Rule::ExistsElimination(scope), &[exists, inner], whole);
    let outer = draft.generalise(outer);
    draft.generalise(outer);
    draft.finish()
}

/// Everything below something is a number: unfolding, and a citation of `existence`.
fn citation(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let (_, anchor) = draft.open("N 0 s j A c", &[ANCHOR]);
    let (_, assumed) = draft.open("x", &["(in[x,N])"]);
    let text = format!("(>[N,0,s,j,A,c] {ANCHOR} (>[x] (in[x,N]) !(>[y] (in[y,N]) !(below[x,y,N,j]))))");
    let theorem = draft.step(Rule::Theorem(TheoremId(0)), &[], &text);
    let exists = draft.apply("N 0 s j A c x", &[theorem, anchor[0], assumed[0]], "!(>[y] (in[y,N]) !(below[x,y,N,j]))");
    let (first, parts) = draft.open("y", &["(in[y,N])", "(below[x,y,N,j])"]);
    let body = draft.step(Rule::Unfold, &[parts[1]], "!(>[z] (in[z,N]) !(in3[x,z,y,j]))");
    let (second, deeper) = draft.open("z", &["(in[z,N])", "(in3[x,z,y,j])"]);
    let whole = "!(>[y,z] (in3[x,z,y,j]) !(& (in[y,N]) (in[z,N])))";
    let pair = draft.step(Rule::AndIntroduction, &[parts[0], deeper[0]], "(& (in[y,N]) (in[z,N]))");
    let found = draft.witness("y z", &[deeper[1], pair], whole);
    draft.leave();
    let found = draft.step(Rule::ExistsElimination(second), &[body, found], whole);
    draft.leave();
    let found = draft.step(Rule::ExistsElimination(first), &[exists, found], whole);
    let found = draft.generalise(found);
    draft.generalise(found);
    draft.finish()
}

/// A number other than 0 differs from everything equal to 0: ¬ introduction, congruence, ex falso.
fn denial(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    draft.open("N 0 s j A c", &[ANCHOR]);
    let (_, different) = draft.open("x y", &["(& !(=[x,0]) (=[y,0]))"]);
    let apart = draft.step(Rule::AndLeft, &different, "!(=[x,0])");
    let zero = draft.step(Rule::AndRight, &different, "(=[y,0])");
    let (scope, equal) = draft.open("", &["(=[x,y])"]);
    let clash = draft.step(Rule::Congruence, &[equal[0], zero], "(=[x,0])");
    draft.leave();
    let denied = draft.step(Rule::NotIntroduction(scope), &[clash, apart], "!(=[x,y])");
    let (_, wrong) = draft.open("", &["(=[x,0])"]);
    let anything = draft.step(Rule::ExFalso, &[wrong[0], apart], "(in3[x,y,x,c])");
    let anything = draft.generalise(anything);
    let both = draft.step(Rule::AndIntroduction, &[denied, anything], "(& !(=[x,y]) (>[] (=[x,0]) (in3[x,y,x,c])))");
    let both = draft.generalise(both);
    draft.generalise(both);
    draft.finish()
}

/// Double negation elimination for a ∀→ statement, by reductio; symmetry of `=` by congruence from reflexivity, under a
/// quantifier too.
fn classical(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    draft.open("N 0 s j A c", &[ANCHOR]);
    let (_, twice) = draft.open("x y", &["(& !!(>[z] (in[z,N]) !(in3[z,x,y,j])) (=[x,y]))"]);
    let denied = draft.step(Rule::AndLeft, &twice, "!!(>[z] (in[z,N]) !(in3[z,x,y,j]))");
    let equal = draft.step(Rule::AndRight, &twice, "(=[x,y])");
    let (scope, assumed) = draft.open("", &["!(>[z] (in[z,N]) !(in3[z,x,y,j]))"]);
    draft.leave();
    let plain = draft.step(Rule::Reductio(scope), &[assumed[0], denied], "(>[z] (in[z,N]) !(in3[z,x,y,j]))");
    let swapped = draft.step(Rule::Congruence, &[plain, equal], "(>[z] (in[z,N]) !(in3[z,y,x,j]))");
    let same = draft.step(Rule::Reflexivity, &[], "(=[x,x])");
    let back = draft.step(Rule::Congruence, &[same, equal], "(=[y,x])");
    let both = draft.step(Rule::AndIntroduction, &[swapped, back], "(& (>[z] (in[z,N]) !(in3[z,y,x,j])) (=[y,x]))");
    let both = draft.generalise(both);
    draft.generalise(both);
    draft.finish()
}

/// Every x is 0 or not: a conclusion of both cases holds.
fn cases(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    draft.open("N 0 s j A c", &[ANCHOR]);
    let (_, rules) = draft.open("x y", &["(& (>[] (=[x,0]) (in[y,A])) (>[z] !(=[z,0]) (& (in[z,N]) (in[y,A]))))"]);
    let first = draft.step(Rule::AndLeft, &rules, "(>[] (=[x,0]) (in[y,A]))");
    let second = draft.step(Rule::AndRight, &rules, "(>[z] !(=[z,0]) (& (in[z,N]) (in[y,A])))");
    let (yes, zero) = draft.open("", &["(=[x,0])"]);
    let here = draft.apply("", &[first, zero[0]], "(in[y,A])");
    draft.leave();
    let (no, other) = draft.open("", &["!(=[x,0])"]);
    let there = draft.apply("x", &[second, other[0]], "(& (in[x,N]) (in[y,A]))");
    let there = draft.step(Rule::AndRight, &[there], "(in[y,A])");
    draft.leave();
    let both = draft.step(Rule::Cases(yes, no), &[here, there], "(in[y,A])");
    let both = draft.generalise(both);
    draft.generalise(both);
    draft.finish()
}

/// There is a set of all numbers except `a`: comprehension.
fn comprehension(theory: &Theory) -> Proof {
    let others = theory.find("others").expect("defined");
    let mut draft = Draft::new(theory);
    let [_, bush, _] = open_anchor(&mut draft);
    let zero = zero(&mut draft, bush);
    let (_, apart) = draft.open("a", &["!(=[0,a])"]);
    let arguments = vec![draft.variable("a"), draft.variable("N"), Name(0)];
    let exists = draft.step(
        Rule::Comprehension { predicate: others, arguments, set: 2 },
        &[],
        "!(>[S] (others[a,N,S]) !(others[a,N,S]))",
    );
    let (scope, set) = draft.open("S", &["(others[a,N,S])", "(others[a,N,S])"]);
    let back = "(>[x] (& (in[x,N]) !(=[x,a])) (in[x,S]))";
    let body = draft.step(Rule::Unfold, &[set[0]], &format!("(& (>[x] (in[x,S]) (& (in[x,N]) !(=[x,a]))) {back})"));
    let back = draft.step(Rule::AndRight, &[body], back);
    let pair = draft.step(Rule::AndIntroduction, &[zero, apart[0]], "(& (in[0,N]) !(=[0,a]))");
    let member = draft.apply("0", &[back, pair], "(in[0,S])");
    let whole = "!(>[T] (others[a,N,T]) !(in[0,T]))";
    let found = draft.witness("S", &[set[1], member], whole);
    draft.leave();
    let found = draft.step(Rule::ExistsElimination(scope), &[exists, found], whole);
    let found = draft.generalise(found);
    draft.generalise(found);
    draft.finish()
}

/// Every number is in every set closed under the chain's steps: induction with a constant and a unary constructor.
fn chain_induction(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let [chain, _, _] = open_anchor(&mut draft);
    let closed = "(>[x,y] (& (in[x,A]) (in2[x,y,s])) (in[y,A]))";
    let (_, rules) = draft.open("", &[&format!("(& (in[0,A]) {closed})")]);
    let start = draft.step(Rule::AndLeft, &rules, "(in[0,A])");
    let closed = draft.step(Rule::AndRight, &rules, closed);
    draft.open("n", &["(in[n,N])"]);
    let (_, hypothesis) = draft.open("", &["(in[n,A])"]);
    let (_, row) = draft.open("m", &["(in2[n,m,s])"]);
    let pair = draft.step(Rule::AndIntroduction, &[hypothesis[0], row[0]], "(& (in[n,A]) (in2[n,m,s]))");
    let last = draft.apply("n m", &[closed, pair], "(in[m,A])");
    let last = draft.generalise(last);
    let last = draft.generalise(last);
    let last = draft.generalise(last);
    let body = draft.step(Rule::Unfold, &[chain], CHAIN);
    let chain = draft.step(Rule::AndRight, &[body], "(generated[N,0,s])");
    let all = draft.step(Rule::Induction(0), &[chain, start, last], "(>[n] (in[n,N]) (in[n,A]))");
    let all = draft.generalise(all);
    draft.generalise(all);
    draft.finish()
}

/// The same over the bush: a constructor with two recursive arguments.
fn bush_induction(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let [_, bush, _] = open_anchor(&mut draft);
    let closed = "(>[x,y,z] (in3[x,y,z,j]) (>[] (in[x,A]) (>[] (in[y,A]) (in[z,A]))))";
    let (_, rules) = draft.open("", &[&format!("(& (in[0,A]) {closed})")]);
    let start = draft.step(Rule::AndLeft, &rules, "(in[0,A])");
    let closed = draft.step(Rule::AndRight, &rules, closed);
    draft.open("n", &["(in[n,N])"]);
    let (_, first) = draft.open("", &["(in[n,A])"]);
    draft.open("m", &["(in[m,N])"]);
    let (_, second) = draft.open("", &["(in[m,A])"]);
    let (_, row) = draft.open("k", &["(in3[n,m,k,j])"]);
    let mut last = draft.apply("n m k", &[closed, row[0], first[0], second[0]], "(in[k,A])");
    for _ in 0..5 {
        last = draft.generalise(last);
    }
    let body = draft.step(Rule::Unfold, &[bush], BUSH);
    let bush = draft.step(Rule::AndRight, &[body], "(generated2[N,0,j])");
    let all = draft.step(Rule::Induction(1), &[bush, start, last], "(>[n] (in[n,N]) (in[n,A]))");
    let all = draft.generalise(all);
    draft.generalise(all);
    draft.finish()
}

/// The same over the words: a constructor with an argument from another set.
fn words_induction(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let [_, _, words] = open_anchor(&mut draft);
    let closed = "(>[a,x,z] (in[a,A]) (>[] (in2[0,x,s]) (>[] (in3[a,x,z,c]) (in2[0,z,s]))))";
    let (_, rules) = draft.open("", &[&format!("(& (in2[0,0,s]) {closed})")]);
    let start = draft.step(Rule::AndLeft, &rules, "(in2[0,0,s])");
    let closed = draft.step(Rule::AndRight, &rules, closed);
    let (_, letter) = draft.open("a", &["(in[a,A])"]);
    draft.open("n", &["(in[n,N])"]);
    let (_, hypothesis) = draft.open("", &["(in2[0,n,s])"]);
    let (_, row) = draft.open("k", &["(in3[a,n,k,c])"]);
    let mut last = draft.apply("a n k", &[closed, letter[0], hypothesis[0], row[0]], "(in2[0,k,s])");
    for _ in 0..4 {
        last = draft.generalise(last);
    }
    let body = draft.step(Rule::Unfold, &[words], WORDS);
    let words = draft.step(Rule::AndRight, &[body], "(generated3[N,0,c,A])");
    let all = draft.step(Rule::Induction(2), &[words, start, last], "(>[n] (in[n,N]) (in2[0,n,s]))");
    let all = draft.generalise(all);
    draft.generalise(all);
    draft.finish()
}

/// The proofs by hand, each accepted by the checker.
pub fn subjects() -> Vec<Subject> {
    let theory = Arc::new(playground());
    let proofs: Vec<(&str, Proof)> = vec![
        ("existence", existence(&theory)),
        ("citation", citation(&theory)),
        ("denial", denial(&theory)),
        ("classical", classical(&theory)),
        ("cases", cases(&theory)),
        ("comprehension", comprehension(&theory)),
        ("induction along a chain", chain_induction(&theory)),
        ("induction over a bush", bush_induction(&theory)),
        ("induction over words", words_induction(&theory)),
    ];
    let statements: Arc<[_]> =
        proofs.iter().map(|(_, proof)| proof.statement().expect("it has steps").clone()).collect();
    for (number, (_, proof)) in proofs.iter().enumerate() {
        accepts(&theory, &statements[..number], proof);
    }
    proofs
        .into_iter()
        .enumerate()
        .map(|(number, (label, proof))| Subject {
            label: label.into(),
            theory: theory.clone(),
            statements: statements.clone(),
            number,
            proof,
        })
        .collect()
}
