//! Theorems that need case splits, negative facts or compound formulas are proved; similar false statements are not.

mod verdict;

use theoremata_logic::calculus::proof::Rule;
use theoremata_logic::search::explore::{Exploration, Fate, Options, Origin};
use verdict::{Told, explore, told};

const GOALS_ONLY: Options = Options { generate: false, ..Options::DEFAULT };

/// Three sets of things; what is in A is in P or in Q.
const SETS: &str = "(theory Sets[A,P,Q,R,S] (&
    (>[x] (in[x,A]) !(& !(in[x,P]) !(in[x,Q])))
    (>[x] (in[x,P]) (in[x,R]))
    (>[x] (in[x,Q]) (in[x,R]))
    (>[x] (& (in[x,A]) !(in[x,S])) (in[x,P]))
    (>[x] (in[x,S]) (in[x,A]))))";

/// Things and collections of things; the order between collections is determined by their elements.
const ELEMENTS: &str = "(theory Elements[U,C,e,below,join] (&
    (>[x,a] (in2[x,a,e]) (& (in[x,U]) (in[a,C])))
    (>[a,b] (in2[a,b,below]) (& (in[a,C]) (in[b,C]) (>[x] (in2[x,a,e]) (in2[x,b,e]))))
    (>[a,b] (& (in[a,C]) (in[b,C]) (>[x] (in2[x,a,e]) (in2[x,b,e]))) (in2[a,b,below]))
    (>[a,b] (& (in2[a,b,below]) (in2[b,a,below])) (=[a,b]))
    (>[a,b,c] (in3[a,b,c,join]) (& (in[a,C]) (in[b,C]) (in[c,C])))
    (>[a,b] (& (in[a,C]) (in[b,C])) !(>[c] (in[c,C]) !(in3[a,b,c,join])))
    (>[a,b] (& (in[a,C]) (in[b,C])) (>[c,d] (& (in3[a,b,c,join]) (in3[a,b,d,join])) (=[c,d])))
    (>[x,a,b,c] (& (in3[a,b,c,join]) (in2[x,a,e])) (in2[x,c,e]))
    (>[x,a,b,c] (& (in3[a,b,c,join]) (in2[x,b,e])) (in2[x,c,e]))
    (>[x,a,b,c] (& (in3[a,b,c,join]) (in2[x,c,e]) !(in2[x,a,e])) (in2[x,b,e]))))";

/// The natural numbers.
const NUMBERS: &str = "(define function[f,X,Y] (&
    (>[x,y] (in2[x,y,f]) (& (in[x,X]) (in[y,Y])))
    (>[x] (in[x,X]) !(>[y] (in[y,Y]) !(in2[x,y,f])))
    (>[x] (in[x,X]) (>[y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])))))
  (define operation[f,X,Y,Z] (&
    (>[x,y,z] (in3[x,y,z,f]) (& (in[x,X]) (in[y,Y]) (in[z,Z])))
    (>[x,y] (& (in[x,X]) (in[y,Y])) !(>[z] (in[z,Z]) !(in3[x,y,z,f])))
    (>[x,y] (& (in[x,X]) (in[y,Y])) (>[z,w] (& (in3[x,y,z,f]) (in3[x,y,w,f])) (=[z,w])))))
  (define Numbers[N,0,s] (& (in[0,N]) (function[s,N,N])
    (>[x] (in[x,N]) !(in2[x,0,s]))
    (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))))
  (generated \"induction\" Numbers[N,0,s] N 0 s[N])";

/// Numbers with an order defined by addition, but without a name for the number one.
const ORDERED: &str = "(theory Ordered[N,0,s,+,le] (& (Numbers[N,0,s]) (operation[+,N,N,N])
    (>[x] (in[x,N]) (in3[x,0,x,+]))
    (>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[y,u,s]) (in2[z,v,s])) (in3[x,u,v,+])))
    (>[x,y] (in2[x,y,le]) (& (in[x,N]) (in[y,N]) !(>[z] (in[z,N]) !(in3[x,z,y,+]))))
    (>[x,y,z] (in3[x,z,y,+]) (in2[x,y,le]))))";

fn uses(exploration: &Exploration, rule: fn(&Rule) -> bool) -> bool {
    exploration.theorems.iter().any(|theorem| theorem.checked.proof().steps.iter().any(|step| rule(&step.rule)))
}

fn expect(theory: &str, goals: &[(&str, bool)]) -> Exploration {
    let texts: Vec<&str> = goals.iter().map(|(text, _)| *text).collect();
    let exploration = explore(theory, &texts, GOALS_ONLY);
    for ((text, holds), told) in goals.iter().zip(told(&exploration)) {
        assert_eq!(told == Told::Theorem, *holds, "{text}: {told:?}");
    }
    exploration
}

/// The verdicts are as expected, and found within so many steps.
fn decide(theory: &str, goals: &[(&str, Told)], steps: u64) -> Exploration {
    let texts: Vec<&str> = goals.iter().map(|(text, _)| *text).collect();
    let exploration = explore(theory, &texts, GOALS_ONLY);
    for ((text, expected), told) in goals.iter().zip(told(&exploration)) {
        assert_eq!(told, *expected, "{text}");
    }
    assert!(exploration.counts().steps < steps, "{:?}", exploration.counts());
    exploration
}

#[test]
fn disjunctions_and_contraposition() {
    let exploration = expect(
        SETS,
        &[
            ("(>[x] (in[x,A]) (in[x,R]))", true),
            ("(>[x] (& (in[x,A]) !(in[x,R])) (in[x,S]))", true),
            ("(>[x] (& (in[x,A]) !(in[x,P])) (in[x,Q]))", true),
            ("(>[x] (& (in[x,A]) !(in[x,P])) (in[x,S]))", true),
            ("(>[x] (& (in[x,A]) !(in[x,P])) !(& !(in[x,S]) (in[x,A])))", true),
            ("(>[x] !(& !(in[x,P]) !(in[x,Q])) (in[x,R]))", true),
            ("(>[x] (in[x,A]) (in[x,P]))", false),
            ("(>[x] (in[x,R]) (in[x,A]))", false),
            ("(>[x] (& (in[x,A]) !(in[x,P])) !(in[x,Q]))", false),
        ],
    );
    assert!(uses(&exploration, |rule| matches!(rule, Rule::Cases(..) | Rule::Reductio(_))));
    assert!(exploration.theorems.iter().any(|theorem| theorem.checked.basis().classical), "and it is said");
}

#[test]
fn premises_that_are_themselves_implications() {
    expect(
        ELEMENTS,
        &[
            ("(>[a] (in[a,C]) (in2[a,a,below]))", true),
            ("(>[a,b,c] (& (in2[a,b,below]) (in2[b,c,below])) (in2[a,c,below]))", true),
            ("(>[a,b,c] (in3[a,b,c,join]) (in3[b,a,c,join]))", true),
            ("(>[a] (in[a,C]) (in3[a,a,a,join]))", true),
            ("(>[a,b,c] (in3[a,b,c,join]) (in2[a,c,below]))", true),
            ("(>[a,b] (in2[a,b,below]) (in3[a,b,b,join]))", true),
            ("(>[a,b] (& (in[a,C]) (in[b,C])) (in2[a,b,below]))", false),
            ("(>[a,b,c] (in3[a,b,c,join]) (in2[c,a,below]))", false),
        ],
    );
}

#[test]
fn witnesses_and_the_form_of_a_number() {
    let exploration = expect(
        &format!("{NUMBERS}{ORDERED}"),
        &[
            ("(>[x] (in[x,N]) (in2[x,x,le]))", true),
            ("(>[x] (in[x,N]) (in2[0,x,le]))", true),
            ("(>[x,y] (in2[x,y,s]) (in2[x,y,le]))", true),
            ("(>[x,y,z,u,v] (& (in3[x,y,z,+]) (in2[x,u,s]) (in2[z,v,s])) (in3[u,y,v,+]))", true),
            ("(>[x,y] (& (in[x,N]) (in[y,N])) !(& !(in2[x,y,le]) !(in2[y,x,le])))", true),
            ("(>[x] (& (in[x,N]) !(=[x,0])) !(>[y] (in[y,N]) !(in2[y,x,s])))", true),
            ("(>[x,y] (& (in[x,N]) (in[y,N])) (in2[x,y,le]))", false),
            ("(>[x,y] (in2[x,y,s]) (in2[y,x,le]))", false),
        ],
    );
    assert!(uses(&exploration, |rule| matches!(rule, Rule::Induction(_))));
}

/// The value of `f ∘ g` at a point is computed where `g` is known there, without any demand for `f ∘ g`.
#[test]
fn compositions_are_worked_out_at_the_points_that_are_known() {
    let goals = [
        ("(>[f,g,h,k] (& (in[f,Inj]) (in3[f,g,k,∘]) (in3[f,h,k,∘])) (=[g,h]))", true),
        ("(>[f,g,u] (& (in[u,Inj]) (in3[f,g,u,∘])) (in[g,Inj]))", true),
        ("(>[f,g,u] (& (in[f,Inj]) (in[g,Inj]) (in3[f,g,u,∘])) (in[u,Inj]))", true),
        ("(>[f,g,h,k] (& (in3[f,g,k,∘]) (in3[f,h,k,∘])) (=[g,h]))", false),
    ];
    let texts = goals.each_ref().map(|(text, _)| *text);
    let exploration = verdict::explore_theory(verdict::shipped("mappings.mpl"), &texts, GOALS_ONLY);
    for ((text, holds), told) in goals.iter().zip(told(&exploration)) {
        let expected = if *holds { Told::Theorem } else { Told::CounterSatisfiable };
        assert_eq!(told, expected, "{text}");
    }
    assert!(exploration.counts().steps < 300_000, "{:?}", exploration.counts());
}

/// Insertion into sorted lists: a definition by cases on ≤ is used at the arguments at hand, and its values in a piece
/// refute what is false. ≤ is a parameter, although an axiom about sorted lists concludes it.
#[test]
fn a_definition_by_cases_on_a_relation() {
    let theory = "(define Lists[A,L,nil,cons] (& (in[nil,L])
          (>[a,x,y] (in3[a,x,y,cons]) (& (in[a,A]) (in[x,L]) (in[y,L])))
          (>[a,x] (& (in[a,A]) (in[x,L])) (exists[y] (in[y,L]) (in3[a,x,y,cons])))
          (>[a,x,y,z] (& (in3[a,x,y,cons]) (in3[a,x,z,cons])) (=[y,z]))
          (>[a,x] (& (in[a,A]) (in[x,L])) !(in3[a,x,nil,cons]))
          (>[a,x,b,y,z] (& (in3[a,x,z,cons]) (in3[b,y,z,cons])) (& (=[a,b]) (=[x,y])))))
        (generated \"induction on lists\" Lists[A,L,nil,cons] L nil cons[A,L])
        (theory Sorting[A,≤,L,nil,cons,ins,S] (&
          (>[x,y] (in2[x,y,≤]) (& (in[x,A]) (in[y,A])))
          (>[x,y] (& (in[x,A]) (in[y,A])) (or (in2[x,y,≤]) (in2[y,x,≤])))
          (>[x,y] (& (in2[x,y,≤]) (in2[y,x,≤])) (=[x,y]))
          (>[x,y,z] (& (in2[x,y,≤]) (in2[y,z,≤])) (in2[x,z,≤]))
          (Lists[A,L,nil,cons])
          (>[a,x,y] (in3[a,x,y,ins]) (& (in[a,A]) (in[x,L]) (in[y,L])))
          (>[a,x] (& (in[a,A]) (in[x,L])) (exists[y] (in[y,L]) (in3[a,x,y,ins])))
          (>[a,x,y,z] (& (in3[a,x,y,ins]) (in3[a,x,z,ins])) (=[y,z]))
          (>[a,u] (in3[a,nil,u,cons]) (in3[a,nil,u,ins]))
          (>[a,b,x,y,z] (& (in3[b,x,y,cons]) (in2[a,b,≤]) (in3[a,y,z,cons])) (in3[a,y,z,ins]))
          (>[a,b,x,y,z,w] (& (in3[b,x,y,cons]) !(in2[a,b,≤]) (in3[a,x,z,ins]) (in3[b,z,w,cons])) (in3[a,y,w,ins]))
          (>[x] (in[x,S]) (in[x,L]))
          (in[nil,S])
          (>[a,u] (in3[a,nil,u,cons]) (in[u,S]))
          (>[a,b,x,y,z] (& (in3[b,x,y,cons]) (in3[a,y,z,cons]) (in2[a,b,≤]) (in[y,S])) (in[z,S]))
          (>[a,b,x,y,z] (& (in3[b,x,y,cons]) (in3[a,y,z,cons]) (in[z,S])) (& (in2[a,b,≤]) (in[y,S])))))";
    let goals = [
        ("(>[a,x,y] (& (in3[a,x,y,cons]) (in[y,S])) (in[x,S]))", Told::Theorem),
        ("(>[a,x,y] (& (in[x,S]) (in3[a,x,y,ins])) (in[y,S]))", Told::Theorem),
        ("(>[x] (in[x,L]) (in[x,S]))", Told::CounterSatisfiable),
        ("(>[a,x,y] (in3[a,x,y,ins]) (in3[a,x,y,cons]))", Told::CounterSatisfiable),
    ];
    let exploration = decide(theory, &goals, 10_000_000);
    // That an insertion keeps a list sorted follows from the step of the induction, which needs an induction of its own.
    let steps = exploration.conjectures.iter().filter(|conjecture| {
        matches!(conjecture.origin, Origin::Lemma(1)) && matches!(conjecture.fate, Fate::Proved(_))
    });
    assert!(steps.count() > 0);
}

/// What holds along a walk is proved by induction on its length, which only the definition of reachability mentions.
#[test]
fn a_premise_is_unfolded_for_an_induction_on_its_witness() {
    let symmetric = "(>[x,y] (& (>[z,w] (in2[z,w,→]) (in2[w,z,→])) (in2[x,y,⇝])) (in2[y,x,⇝]))";
    let exploration = verdict::explore_theory(verdict::shipped("graphs.mpl"), &[symmetric], GOALS_ONLY);
    assert_eq!(told(&exploration), [Told::Theorem]);
    assert!(uses(&exploration, |rule| matches!(rule, Rule::Induction(..))));
    assert!(exploration.counts().steps < 1_000_000, "{:?}", exploration.counts());
}

/// A case of an induction distinguishes the cases of a second variable where a function recurs on both, or has the same
/// value at both.
#[test]
fn two_variables_are_distinguished_together() {
    let theory = format!(
        "{NUMBERS}
         (theory Greater[N,0,s,max,double] (& (Numbers[N,0,s]) (function[double,N,N])
           (in2[0,0,double])
           (>[x,y] (in2[x,y,double]) (>[u,v,w] (& (in2[x,u,s]) (in2[y,v,s]) (in2[v,w,s])) (in2[u,w,double])))
           (operation[max,N,N,N])
           (>[x] (in[x,N]) (& (in3[x,0,x,max]) (in3[0,x,x,max])))
           (>[x,y,z] (in3[x,y,z,max])
             (>[u,v,w] (& (in2[x,u,s]) (in2[y,v,s]) (in2[z,w,s])) (in3[u,v,w,max])))))"
    );
    let goals = [
        ("(>[x,y,z] (in3[x,y,z,max]) (in3[y,x,z,max]))", Told::Theorem),
        ("(>[x,y,z,u,v,w] (& (in3[x,y,u,max]) (in3[u,z,v,max]) (in3[y,z,w,max])) (in3[x,w,v,max]))", Told::Theorem),
        ("(>[x,y,z] (& (in2[x,z,double]) (in2[y,z,double])) (=[x,y]))", Told::Theorem),
        ("(>[x,y,z,u,v] (& (in3[x,y,u,max]) (in3[x,z,u,max])) (=[y,z]))", Told::CounterSatisfiable),
    ];
    decide(&theory, &goals, 400_000);
}

/// In a Heyting algebra x → y is the greatest z with z ∧ x ≤ y. Equations follow from both inequalities, and these from
/// values that no term of the goal has: x → y = 1 follows from 1 ∧ x ≤ y.
#[test]
fn equations_are_proved_by_two_inequalities() {
    let theory = format!(
        "{NUMBERS}
         (theory Heyting[H,≤,∧,∨,→,1] (&
           (>[x,y] (in2[x,y,≤]) (& (in[x,H]) (in[y,H])))
           (>[x] (in[x,H]) (in2[x,x,≤]))
           (>[x,y] (& (in2[x,y,≤]) (in2[y,x,≤])) (=[x,y]))
           (>[x,y,z] (& (in2[x,y,≤]) (in2[y,z,≤])) (in2[x,z,≤]))
           (operation[∧,H,H,H]) (operation[∨,H,H,H]) (operation[→,H,H,H]) (in[1,H])
           (>[x] (in[x,H]) (in2[x,1,≤]))
           (>[x,y,z] (in3[x,y,z,∧]) (& (in2[z,x,≤]) (in2[z,y,≤])))
           (>[x,y,z,w] (& (in3[x,y,z,∧]) (in2[w,x,≤]) (in2[w,y,≤])) (in2[w,z,≤]))
           (>[x,y,z] (in3[x,y,z,∨]) (& (in2[x,z,≤]) (in2[y,z,≤])))
           (>[x,y,z,w] (& (in3[x,y,z,∨]) (in2[x,w,≤]) (in2[y,w,≤])) (in2[z,w,≤]))
           (>[x,y,z,u,w] (& (in3[x,y,z,→]) (in3[w,x,u,∧]) (in2[u,y,≤])) (in2[w,z,≤]))
           (>[x,y,z,u,w] (& (in3[x,y,z,→]) (in3[w,x,u,∧]) (in2[w,z,≤])) (in2[u,y,≤]))))"
    );
    let goals = [
        ("(>[x,y] (in2[x,y,≤]) (in3[x,y,1,→]))", Told::Theorem),
        ("(>[x] (in[x,H]) (in3[1,x,x,→]))", Told::Theorem),
        ("(>[x,y,u,v] (& (in3[x,y,u,→]) (in3[y,x,v,→])) (in3[u,v,1,∨]))", Told::CounterSatisfiable),
        ("(>[x,y,z,u] (& (in3[x,y,z,→]) (in3[z,x,u,→])) (in3[u,x,1,→]))", Told::CounterSatisfiable),
    ];
    decide(&theory, &goals, 300_000);
}
