//! What becomes of goals: kinds of theories and goals, each with the verdict that is right for it.

mod verdict;

use verdict::{Told, ask};

#[test]
fn existence_of_a_constant_is_proved() {
    let told = ask(
        "(theory T[S,c] (in[c,S]))",
        &["!(>[x] (=[x,c]) !(=[x,c]))", "!(>[x,y] (in[x,S]) !(=[y,x]))", "!(>[x] (in[x,S]) !(=[x,c]))"],
    );
    assert_eq!(told, [Told::Theorem, Told::Theorem, Told::Theorem]);
}

#[test]
fn a_goal_without_individuals_is_decided() {
    let theory = "(define transitive[R] (>[x,y,z] (& (in2[x,y,R]) (in2[y,z,R])) (in2[x,z,R])))
        (theory P[R,S,c] (& (in2[c,c,R]) (in[c,S]) (transitive[R])))";
    assert_eq!(ask(theory, &["(transitive[R])", "(in2[c,c,R])"]), [Told::Theorem, Told::Theorem]);
}

#[test]
fn an_inequation_is_proved_by_induction() {
    let theory = "(define Naturals[N,0,s] (& (in[0,N]) (>[x,y] (in2[x,y,s]) (& (in[x,N]) (in[y,N])))
        (>[x] (in[x,N]) !(>[y] (in[y,N]) !(in2[x,y,s]))) (>[x] (in[x,N]) (>[y,z] (& (in2[x,y,s]) (in2[x,z,s])) (=[y,z])))
        (>[x] (in[x,N]) !(in2[x,0,s])) (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))))
        (generated \"induction\" Naturals[N,0,s] N 0 s[N])
        (theory T[N,0,s] (Naturals[N,0,s]))";
    assert_eq!(ask(theory, &["(>[x,y] (in2[x,y,s]) !(=[x,y]))"]), [Told::Theorem]);
}

#[test]
fn an_axiom_that_ranges_over_a_sort_is_used() {
    let theory = "(theory T[R,S,c] (& (in[c,S]) (>[x] (=[x,x]) (in2[x,x,R]))))";
    let goals = ["(in2[c,c,R])", "(>[x] (=[x,x]) (in2[x,x,R]))", "(>[x] (in[x,S]) (in2[x,x,R]))", "(>[x] (in2[x,x,R]) (in[x,S]))"];
    assert_eq!(ask(theory, &goals), [Told::Theorem, Told::Theorem, Told::Theorem, Told::CounterSatisfiable]);
    let one = "(theory One[S,T,c] (& (>[x,y] (& (=[x,x]) (=[y,y])) (=[x,y])) (& (in[c,S]) !(in[c,T]))))";
    assert_eq!(ask(one, &["(in[c,T])", "(>[x] (in[x,T]) (in[x,S]))"]), [Told::CounterSatisfiable, Told::Theorem]);
}

#[test]
fn an_existence_axiom_gives_its_witness() {
    let theory = "(theory T[R,S] !(>[x] (in[x,S]) !(in2[x,x,R])))";
    assert_eq!(ask(theory, &["!(>[x] (in[x,S]) !(in[x,S]))", "!(>[x] (in2[x,x,R]) !(=[x,x]))"]), [Told::Theorem, Told::Theorem]);
}
