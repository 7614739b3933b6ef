//! Equations between functions are decided by completion, and each success is a proof that the checker accepts.

mod verdict;

use std::collections::BTreeSet;

use theoremata_logic::search::explore::{Exploration, Options};
use verdict::{FUNCTIONS, Told, check_again, explore, told};

const GOALS_ONLY: Options = Options { generate: false, ..Options::DEFAULT };

/// A set with an operation that satisfies some laws.
fn magma(laws: &str) -> String {
    format!("{FUNCTIONS} (theory Magma[N,*] (& (operation[*,N,N,N]) {laws}))")
}

/// Explores goals, checks the proofs, and compares the verdicts.
fn expect(theory: &str, goals: &[(&str, Told)]) -> Exploration {
    let texts: Vec<&str> = goals.iter().map(|(text, _)| *text).collect();
    let exploration = explore(theory, &texts, GOALS_ONLY);
    check_again(&exploration);
    for ((text, expected), told) in goals.iter().zip(told(&exploration)) {
        assert_eq!(told, *expected, "{text}");
    }
    exploration
}

#[test]
fn a_strange_law_collapses_everything() {
    // (x·y)·z = y: any two elements are equal.
    let theory = magma("(>[x,y,z,u] (& (in3[x,y,u,*]) (in[z,N])) (in3[u,z,y,*]))");
    let goals = [
        ("(>[x,y] (& (in[x,N]) (in[y,N])) (=[x,y]))", Told::Theorem),
        ("(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))", Told::Theorem),
    ];
    expect(&theory, &goals);
}

#[test]
fn central_groupoids_and_what_they_are_not() {
    // (x·y)·(y·z) = y.
    let theory = magma("(>[x,y,z,u,v] (& (in3[x,y,u,*]) (in3[y,z,v,*])) (in3[u,v,y,*]))");
    let goals = [
        // x·((x·y)·z) = x·y.
        ("(>[x,y,z,u,v] (& (in3[x,y,u,*]) (in3[u,z,v,*])) (in3[x,v,u,*]))", Told::Theorem),
        // (x·x)·x ≠ x in the smallest non-trivial one.
        ("(>[x,u] (in3[x,x,u,*]) (in3[u,x,x,*]))", Told::CounterSatisfiable),
        ("(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))", Told::CounterSatisfiable),
    ];
    expect(&theory, &goals);
}

#[test]
fn premises_are_equations_too() {
    // x·(x·y) = y, and a, b with a·b = b·a.
    let theory = magma("(>[x,y,u] (in3[x,y,u,*]) (in3[x,u,y,*]))");
    let goals = [
        ("(>[a,b,c] (& (in3[a,b,c,*]) (in3[b,a,c,*])) (in3[a,c,b,*]))", Told::Theorem),
        // From a·b = a·c follows b = c.
        ("(>[a,b,c,d] (& (in3[a,b,d,*]) (in3[a,c,d,*])) (=[b,c]))", Told::Theorem),
        ("(>[a,b,c,d] (& (in3[b,a,d,*]) (in3[c,a,d,*])) (=[b,c]))", Told::CounterSatisfiable),
    ];
    expect(&theory, &goals);
}

#[test]
fn two_sets_are_not_mixed() {
    // f maps A to B and collapses A; nothing is stated about B.
    let theory = format!(
        "{FUNCTIONS} (theory Two[A,B,f,g] (& (function[f,A,B]) (function[g,B,A])
           (>[x,u] (in2[x,u,f]) (in2[u,x,g]))
           (>[x,y,u] (& (in2[x,u,f]) (in[y,A])) (in2[y,u,f]))))"
    );
    let goals = [
        ("(>[x,y] (& (in[x,A]) (in[y,A])) (=[x,y]))", Told::Theorem),
        ("(>[x,y] (& (in[x,B]) (in[y,B])) (=[x,y]))", Told::CounterSatisfiable),
    ];
    expect(&theory, &goals);
}

#[test]
fn constants_and_several_functions() {
    // A group by one left identity and one left inverse: the inverse of a product.
    let theory = format!(
        "{FUNCTIONS} (theory Group[G,*,e,inv] (& (operation[*,G,G,G]) (in[e,G]) (function[inv,G,G])
           (>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[y,z,v,*]) (>[w] (in3[u,z,w,*]) (in3[x,v,w,*]))))
           (>[x] (in[x,G]) (in3[e,x,x,*]))
           (>[x,y] (in2[x,y,inv]) (in3[y,x,e,*]))))"
    );
    let goals = [
        (
            "(>[x,y,z,u,v,w] (& (in3[x,y,z,*]) (in2[x,u,inv]) (in2[y,v,inv]) (in3[v,u,w,*])) (in2[z,w,inv]))",
            Told::Theorem,
        ),
        ("(>[x,y] (in2[x,y,inv]) (in3[x,y,e,*]))", Told::Theorem),
        ("(>[x,y] (in2[x,y,inv]) (=[x,y]))", Told::CounterSatisfiable),
    ];
    expect(&theory, &goals);
}

#[test]
fn how_the_work_is_cut_changes_nothing() {
    let theory = magma("(>[x,y,z,u,v] (& (in3[x,y,u,*]) (in3[y,z,v,*])) (in3[u,v,y,*]))");
    let goal = "(>[x,y,z,u,v] (& (in3[x,y,u,*]) (in3[u,z,v,*])) (in3[x,v,u,*]))";
    let whole = explore(&theory, &[goal], GOALS_ONLY);
    let in_parts = verdict::explore_in_parts(&theory, &[goal], GOALS_ONLY, 7);
    let proofs = |exploration: &Exploration| -> Vec<_> {
        exploration.theorems.iter().map(|theorem| theorem.checked.proof().clone()).collect()
    };
    assert!(!proofs(&whole).is_empty());
    assert_eq!(proofs(&whole), proofs(&in_parts));
    let rules: BTreeSet<String> = proofs(&whole)[0].steps.iter().map(|step| format!("{:?}", step.rule)).collect();
    assert!(rules.len() > 5, "it is more than an instance of the law");
}

/// x · x⁻¹ = 1 only where x ≠ 0: an instance of the axiom is an equation where the premises of the goal satisfy its
/// condition.
#[test]
fn conditional_equations_are_used_where_their_conditions_hold() {
    let theory = format!(
        "{FUNCTIONS} (theory Field[F,+,*,-,0,1,i] (&
        (operation[+,F,F,F]) (operation[*,F,F,F]) (function[-,F,F]) (function[i,F,F]) (in[0,F]) (in[1,F]) !(=[0,1])
        (>[x,y,z] (in3[x,y,z,+]) (in3[y,x,z,+])) (>[x] (in[x,F]) (in3[x,0,x,+])) (>[x,y] (in2[x,y,-]) (in3[x,y,0,+]))
        (>[x,y,z,u,v] (& (in3[x,y,u,+]) (in3[y,z,v,+])) (>[w] (in3[u,z,w,+]) (in3[x,v,w,+])))
        (>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*])) (>[x] (in[x,F]) (in3[x,1,x,*]))
        (>[x,y] (& (in2[x,y,i]) !(=[x,0])) (in3[x,y,1,*]))
        (>[x,y,z,u,v] (& (in3[x,y,u,*]) (in3[y,z,v,*])) (>[w] (in3[u,z,w,*]) (in3[x,v,w,*])))
        (>[x,y,z,u,v,w,t] (& (in3[y,z,u,+]) (in3[x,u,v,*]) (in3[x,y,w,*]) (in3[x,z,t,*])) (in3[w,t,v,+]))))"
    );
    let goals = [
        ("(>[x,y] (& (in3[x,y,0,*]) !(=[x,0])) (=[y,0]))", Told::Theorem),
        ("(>[x,y,z,u] (& (in3[x,z,u,*]) (in3[y,z,u,*]) !(=[z,0])) (=[x,y]))", Told::Theorem),
        ("(>[x,y,z,u] (& (in3[x,z,u,*]) (in3[y,z,u,*])) (=[x,y]))", Told::CounterSatisfiable),
    ];
    expect(&theory, &goals);
}

/// An equation and a relation that follow from the premises of a rule, which completion proves.
#[test]
fn premises_of_rules_become_lemmas() {
    // x·y = 0 is an order, of which 0 is the least element.
    let order = magma(
        "(in[0,N]) (>[x,y,z,u,v,w,t] (& (in3[x,y,u,*]) (in3[x,z,v,*]) (in3[u,v,w,*]) (in3[z,y,t,*])) (in3[w,t,0,*]))
        (>[x,y,z,u] (& (in3[x,y,z,*]) (in3[x,z,u,*])) (in3[u,y,0,*]))
        (>[x] (in[x,N]) (& (in3[x,x,0,*]) (in3[0,x,0,*])))
        (>[x,y] (& (in3[x,y,0,*]) (in3[y,x,0,*])) (=[x,y]))",
    )
    .replace("Magma[N,*]", "Magma[N,*,0]");
    let goals = [
        ("(>[x] (in[x,N]) (in3[x,0,x,*]))", Told::Theorem),
        ("(>[x,y,z] (in3[x,y,z,*]) (in3[z,x,0,*]))", Told::Theorem),
        ("(>[x,y,z] (& (in3[x,y,0,*]) (in3[y,z,0,*])) (in3[x,z,0,*]))", Told::Theorem),
        ("(>[x,y,z,u,v] (& (in3[x,y,z,*]) (in3[x,z,u,*]) (in3[y,x,v,*])) (in3[y,v,u,*]))", Told::CounterSatisfiable),
    ];
    expect(&order, &goals);
    // x ≤ y if x·y = y, and s(x) = 1·(x·s(x)), written as a value of s.
    let stars = magma(
        "(function[s,N,N]) (in[1,N]) (>[x] (in[x,N]) (in3[x,x,x,*]))
        (>[x,y,z,u,v] (& (in3[x,y,u,*]) (in3[y,z,v,*])) (>[w] (in3[u,z,w,*]) (in3[x,v,w,*])))
        (>[x,y] (in3[x,y,y,*]) (in2[x,y,≤]))
        (>[x,y,z,u] (& (in2[x,y,s]) (in3[x,y,z,*]) (in3[1,z,u,*])) (in2[x,u,s]))",
    )
    .replace("Magma[N,*]", "Magma[N,*,s,1,≤]");
    expect(&stars, &[("(>[x,y] (in2[x,y,s]) (in2[1,y,≤]))", Told::Theorem)]);
}
