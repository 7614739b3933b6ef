//! Theorems that are cited at sorts other than those of their statements.

use std::sync::Arc;

use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::{Proof, Rule, StepId, TheoremId};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;

use super::byhand::playground;
use super::draft::Draft;
use super::exported::Collection;

/// Closure under the steps of a chain.
const CLOSED: &str = "(>[x,y] (& (in[x,B]) (in2[x,y,t])) (in[y,B]))";

/// Closed, without the anchor: induction along any chain.
pub fn any_chain(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let (_, given) = draft.open("M o t B", &[&format!("(& (Chain[M,o,t]) (& (in[o,B]) {CLOSED}))")]);
    let chain = draft.step(Rule::AndLeft, &given, "(Chain[M,o,t])");
    let rules = draft.step(Rule::AndRight, &given, &format!("(& (in[o,B]) {CLOSED})"));
    let start = draft.step(Rule::AndLeft, &[rules], "(in[o,B])");
    let closed = draft.step(Rule::AndRight, &[rules], CLOSED);
    draft.open("n", &["(in[n,M])"]);
    let (_, hypothesis) = draft.open("", &["(in[n,B])"]);
    let (_, row) = draft.open("m", &["(in2[n,m,t])"]);
    let pair = draft.step(Rule::AndIntroduction, &[hypothesis[0], row[0]], "(& (in[n,B]) (in2[n,m,t]))");
    let mut last = draft.apply("n m", &[closed, pair], "(in[m,B])");
    for _ in 0..3 {
        last = draft.generalise(last);
    }
    let body = "(& (& (in[o,M]) (function[t,M,M])) (generated[M,o,t]))";
    let body = draft.step(Rule::Unfold, &[chain], body);
    let generated = draft.step(Rule::AndRight, &[body], "(generated[M,o,t])");
    let all = draft.step(Rule::Induction(0), &[generated, start, last], "(>[n] (in[n,M]) (in[n,B]))");
    draft.generalise(all);
    draft.finish()
}

/// Whatever equals an element of a set is an element of every superset.
fn inclusion(theory: &Theory) -> Proof {
    let mut draft = Draft::new(theory);
    let (_, within) = draft.open("S T", &["(>[x] (in[x,S]) (in[x,T]))"]);
    let (_, given) = draft.open("y z", &["(& (in[y,S]) (=[y,z]))"]);
    let member = draft.step(Rule::AndLeft, &given, "(in[y,S])");
    let equation = draft.step(Rule::AndRight, &given, "(=[y,z])");
    let member = draft.apply("y", &[within[0], member], "(in[y,T])");
    let last = draft.step(Rule::Congruence, &[member, equation], "(in[z,T])");
    let last = draft.generalise(last);
    draft.generalise(last);
    draft.finish()
}

/// The formula with base sorts raised by `levels` power sorts.
fn raised(formula: &Formula, levels: usize) -> Formula {
    fn raise(sort: &Sort) -> Sort {
        match sort {
            Sort::Individual(_) => Sort::Power(vec![sort.clone()]),
            Sort::Power(parts) => Sort::Power(parts.iter().map(raise).collect()),
        }
    }
    (0..levels).fold(formula.clone(), |formula, _| formula.with_sorts(&mut raise))
}

fn cite(draft: &mut Draft<'_>, earlier: &[Proof], number: u32, levels: usize) -> StepId {
    let statement = earlier[number as usize].statement().expect("a proof");
    draft.push(Rule::Theorem(TheoremId(number)), &[], raised(statement, levels))
}

const CHAIN_IN: &str = "(& (in[o,B]) (>[x,y] (& (in[x,B]) (in2[x,y,t])) (in[y,B])))";
const WITHIN: &str = "(>[x] (in[x,B]) (in[x,C]))";

/// A chain of sets that begins in `B`, which is closed and a subset of `C`, lies in `C`: cites both theorems above, at
/// sets.
fn chain_of_sets(theory: &Theory, earlier: &[Proof]) -> Proof {
    let mut draft = Draft::new(theory);
    let rest = format!("(& {CHAIN_IN} {WITHIN})");
    let whole = format!("(& (Chain[M,o,t]) {rest})");
    let (_, given) = draft.open_for("M o t B C", &[&whole], &["(>[z] (in[z,o]) (=[z,z]))"]);
    let chain = draft.step(Rule::AndLeft, &given, "(Chain[M,o,t])");
    let rest = draft.step(Rule::AndRight, &given, &rest);
    let closed = draft.step(Rule::AndLeft, &[rest], CHAIN_IN);
    let within = draft.step(Rule::AndRight, &[rest], WITHIN);
    let premise = draft.step(Rule::AndIntroduction, &[chain, closed], &format!("(& (Chain[M,o,t]) {CHAIN_IN})"));
    let along = cite(&mut draft, earlier, 1, 1);
    let along = draft.apply("M o t B", &[along, premise], "(>[n] (in[n,M]) (in[n,B]))");
    let (_, member) = draft.open("n", &["(in[n,M])"]);
    let member = draft.apply("n", &[along, member[0]], "(in[n,B])");
    let same = draft.step(Rule::Reflexivity, &[], "(=[n,n])");
    let pair = draft.step(Rule::AndIntroduction, &[member, same], "(& (in[n,B]) (=[n,n]))");
    let around = cite(&mut draft, earlier, 0, 1);
    let last = draft.apply("B C n n", &[around, within, pair], "(in[n,C])");
    let last = draft.generalise(last);
    draft.generalise(last);
    draft.finish()
}

/// The same for sets of sets, which it cites, besides what it cites at individuals and at sets.
fn chain_of_sets_of_sets(theory: &Theory, earlier: &[Proof]) -> Proof {
    let mut draft = Draft::new(theory);
    let whole = format!("(& (Chain[M,o,t]) (& {CHAIN_IN} {WITHIN}))");
    let (_, given) = draft.open_for("M o t B C", &[&whole], &["(>[Z] (in[Z,o]) (>[z] (in[z,Z]) (=[z,z])))"]);
    let along = cite(&mut draft, earlier, 2, 1);
    let along = draft.apply("M o t B C", &[along, given[0]], "(>[n] (in[n,M]) (in[n,C]))");
    let individuals = cite(&mut draft, earlier, 0, 0);
    let sets = cite(&mut draft, earlier, 0, 1);
    let conclusions = [individuals, sets, along].map(|step| draft.conclusion(step));
    let [individuals_say, sets_say, along_says] = conclusions;
    let both_say = Formula::and(sets_say, along_says);
    let both = draft.push(Rule::AndIntroduction, &[sets, along], both_say.clone());
    let all = draft.push(Rule::AndIntroduction, &[individuals, both], Formula::and(individuals_say, both_say));
    draft.generalise(all);
    draft.finish()
}

/// Theorems 1 and 2 are needed at individuals, sets, and sets of sets; theorem 3 is stated at sets, and needed at sets
/// of sets.
pub fn other_sorts() -> Collection {
    let theory = Arc::new(playground());
    let mut proofs = vec![inclusion(&theory), any_chain(&theory)];
    proofs.push(chain_of_sets(&theory, &proofs));
    proofs.push(chain_of_sets_of_sets(&theory, &proofs));
    Collection { label: "other_sorts", theory, proofs }
}
