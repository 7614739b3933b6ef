//! Inductions by two steps: what is defined by recursion from two steps before, or by mutual recursion.

mod verdict;

use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::{Rule, Step};
use theoremata_logic::search::explore::{Exploration, Options, Theorem};
use verdict::{FUNCTIONS, Told, check_again, explore, told};

const GOALS_ONLY: Options = Options { generate: false, ..Options::DEFAULT };

/// Numbers with double and half, and the even and odd ones, defined by each other.
const NUMBERS: &str = "
  (define Numbers[N,0,s] (& (in[0,N]) (function[s,N,N]) (>[x] (in[x,N]) !(in2[x,0,s]))
    (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))))
  (generated \"induction\" Numbers[N,0,s] N 0 s[N])
  (theory Parity[N,0,s,E,O,d,h] (& (Numbers[N,0,s]) (function[d,N,N]) (function[h,N,N])
    (>[x] (in[x,E]) (in[x,N])) (>[x] (in[x,O]) (in[x,N])) (in[0,E]) !(in[0,O])
    (>[x,y] (& (in[x,E]) (in2[x,y,s])) (in[y,O])) (>[x,y] (& (in[y,O]) (in2[x,y,s])) (in[x,E]))
    (>[x,y] (& (in[x,O]) (in2[x,y,s])) (in[y,E])) (>[x,y] (& (in[y,E]) (in2[x,y,s])) (in[x,O]))
    (in2[0,0,d]) (>[x,y,z,u,v] (& (in2[x,y,s]) (in2[x,z,d]) (in2[z,u,s]) (in2[u,v,s])) (in2[y,v,d]))
    (in2[0,0,h]) (>[x] (in2[0,x,s]) (in2[x,0,h]))
    (>[x,y,z,u,v] (& (in2[x,y,s]) (in2[y,z,s]) (in2[x,u,h]) (in2[u,v,s])) (in2[z,v,h]))))";

/// Lists with the elements at even and at odd places, and two lists interleaved.
const LISTS: &str = "
  (define Lists[A,L,nil,cons] (& (in[nil,L]) (operation[cons,A,L,L])
    (>[a,x] (in[x,L]) !(in3[a,x,nil,cons]))
    (>[a,x,b,y,z] (& (in3[a,x,z,cons]) (in3[b,y,z,cons])) (& (=[a,b]) (=[x,y])))))
  (generated \"induction\" Lists[A,L,nil,cons] L nil cons[A,L])
  (theory Places[A,L,nil,cons,e,o,zip] (& (Lists[A,L,nil,cons]) (function[e,L,L]) (function[o,L,L]) (operation[zip,L,L,L])
    (in2[nil,nil,e]) (>[a,x] (in3[a,nil,x,cons]) (in2[x,x,e]))
    (>[a,b,x,y,z,u,v] (& (in3[b,x,y,cons]) (in3[a,y,z,cons]) (in2[x,u,e]) (in3[a,u,v,cons])) (in2[z,v,e]))
    (in2[nil,nil,o]) (>[a,x] (in3[a,nil,x,cons]) (in2[x,nil,o]))
    (>[a,b,x,y,z,u,v] (& (in3[b,x,y,cons]) (in3[a,y,z,cons]) (in2[x,u,o]) (in3[b,u,v,cons])) (in2[z,v,o]))
    (>[x] (in[x,L]) (in3[nil,x,x,zip])) (>[a,x,y] (in3[a,x,y,cons]) (in3[y,nil,y,zip]))
    (>[a,x,y,b,z,u,v,w,t] (& (in3[a,x,y,cons]) (in3[b,z,u,cons]) (in3[x,z,v,zip]) (in3[b,v,w,cons]) (in3[a,w,t,cons]))
      (in3[y,u,t,zip]))))";

/// Explores the goals, checks the proofs again, and compares the verdicts; within 3 million steps.
fn decide(theory: &str, goals: &[(&str, Told)]) -> Exploration {
    let texts: Vec<&str> = goals.iter().map(|(text, _)| *text).collect();
    let exploration = explore(&format!("{FUNCTIONS}{theory}"), &texts, GOALS_ONLY);
    for ((text, expected), told) in goals.iter().zip(told(&exploration)) {
        assert_eq!(told, *expected, "{text}");
    }
    check_again(&exploration);
    assert!(exploration.counts().steps < 3_000_000, "{} steps", exploration.counts().steps);
    exploration
}

#[test]
fn half_even_and_odd() {
    let goals = [
        // Half of an even number, doubled.
        ("(>[x,y,z] (& (in[x,E]) (in2[x,y,h]) (in2[y,z,d])) (=[z,x]))", Told::Theorem),
        ("(>[x,y,z,u] (& (in[x,O]) (in2[x,y,h]) (in2[y,z,d]) (in2[z,u,s])) (=[u,x]))", Told::Theorem),
        ("(>[x,y] (in2[x,y,d]) (in[y,E]))", Told::Theorem),
        ("(>[x,y,z] (& (in2[x,y,d]) (in2[y,z,h])) (=[z,x]))", Told::Theorem),
        ("(>[x] (in[x,E]) !(in[x,O]))", Told::Theorem),
        // Only the goal has a negative premise.
        ("(>[x] (& (in[x,N]) !(in[x,E])) (in[x,O]))", Told::Theorem),
        ("(>[x] (in[x,N]) (in[x,E]))", Told::CounterSatisfiable),
        ("(>[x,y,z] (& (in2[x,y,h]) (in2[y,z,d])) (=[z,x]))", Told::CounterSatisfiable),
        ("(>[x,y,z] (& (in2[x,z,h]) (in2[y,z,h])) (=[x,y]))", Told::CounterSatisfiable),
    ];
    let exploration = decide(NUMBERS, &goals);
    // The property of such an induction is a conjunction.
    let by_two = |step: &Step| {
        matches!(step.rule, Rule::Induction(_))
            && matches!(&step.conclusion, Formula::Implies(_, _, property) if matches!(**property, Formula::And(..)))
    };
    let steps = |theorem: &Theorem| theorem.checked.proof().steps.iter().any(by_two);
    assert!(exploration.theorems.iter().any(steps));
}

#[test]
fn places_of_lists() {
    let goals = [
        ("(>[x,y,z] (& (in2[x,y,e]) (in2[x,z,o])) (in3[y,z,x,zip]))", Told::Theorem),
        ("(>[a,x,y,z,u] (& (in3[a,x,y,cons]) (in2[y,z,e]) (in2[x,u,o])) (in3[a,u,z,cons]))", Told::Theorem),
        ("(>[x] (in[x,L]) (in2[x,x,e]))", Told::CounterSatisfiable),
    ];
    decide(LISTS, &goals);
}
