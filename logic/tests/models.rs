//! Models of theories with several sorts, and of theories whose constructors are not free: they refute false
//! statements, and no proved one.

mod common;

use std::sync::Arc;

use common::run::{explore, in_order};
use common::show;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::mpl;
use theoremata_logic::models::evaluate::refute;
use theoremata_logic::models::model::Model;
use theoremata_logic::search::explore::{Exploration, Fate, Note, Options};

const FUNCTIONS: &str = "
(define function[f,X,Y]
  (& (>[x,y] (in2[x,y,f]) (& (in[x,X]) (in[y,Y])))
     (>[x] (in[x,X]) !(>[y] (in[y,Y]) !(in2[x,y,f])))
     (>[x] (in[x,X]) (>[y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])))))
(define operation[f,X,Y,Z]
  (& (>[x,y,z] (in3[x,y,z,f]) (& (in[x,X]) (in[y,Y]) (in[z,Z])))
     (>[x,y] (& (in[x,X]) (in[y,Y])) !(>[z] (in[z,Z]) !(in3[x,y,z,f])))
     (>[x,y] (& (in[x,X]) (in[y,Y])) (>[z,w] (& (in3[x,y,z,f]) (in3[x,y,w,f])) (=[z,w])))))";

const LISTS: &str = "
(define Lists[L,A,nil,cons]
  (& (in[nil,L])
     (operation[cons,A,L,L])
     (>[a,l] (& (in[a,A]) (in[l,L])) !(in3[a,l,nil,cons]))
     (>[a,l,b,k,m] (& (in3[a,l,m,cons]) (in3[b,k,m,cons])) (& (=[a,b]) (=[l,k])))))
(generated \"induction on lists\" Lists[L,A,nil,cons] L nil cons[A,L])
(define Append[L,nil,cons,++]
  (& (operation[++,L,L,L])
     (>[x] (in[x,L]) (in3[nil,x,x,++]))
     (>[x,y,z] (in3[x,y,z,++]) (>[a,u,v] (& (in3[a,x,u,cons]) (in3[a,z,v,cons])) (in3[u,y,v,++])))))
(define Reverse[L,nil,cons,++,rev]
  (& (function[rev,L,L])
     (in2[nil,nil,rev])
     (>[x,y] (in2[x,y,rev]) (>[a,u,v,w] (& (in3[a,x,u,cons]) (in3[a,nil,v,cons]) (in3[y,v,w,++])) (in2[u,w,rev])))))
(define Map[L,A,nil,cons,g,map]
  (& (function[g,A,A])
     (function[map,L,L])
     (in2[nil,nil,map])
     (>[x,y] (in2[x,y,map]) (>[a,b,u,v] (& (in3[a,x,u,cons]) (in2[a,b,g]) (in3[b,y,v,cons])) (in2[u,v,map])))))";

/// Lists with append, reverse and map; `more` are further parameters and axioms.
fn lists(parameters: &str, more: &str) -> Arc<Theory> {
    theory(&format!(
        "{FUNCTIONS}{LISTS}(theory ListTheory[A,L,nil,cons,++,rev,g,map{parameters}]
          (& (Lists[L,A,nil,cons]) (Append[L,nil,cons,++]) (Reverse[L,nil,cons,++,rev]) (Map[L,A,nil,cons,g,map]) {more}))"
    ))
}

fn integers() -> Arc<Theory> {
    theory(&format!(
        "{FUNCTIONS}
(define Integers[Z,0,s,p]
  (& (in[0,Z]) (function[s,Z,Z]) (function[p,Z,Z])
     (>[x,y] (in2[x,y,s]) (in2[y,x,p]))
     (>[x,y] (in2[x,y,p]) (in2[y,x,s]))))
(generated \"induction on the integers\" Integers[Z,0,s,p] Z 0 s[Z] p[Z])
(theory IntegerTheory[Z,0,s,p,-]
  (& (Integers[Z,0,s,p])
     (function[-,Z,Z])
     (in2[0,0,-])
     (>[x,y] (in2[x,y,-]) (>[u,v] (& (in2[x,u,s]) (in2[y,v,p])) (in2[u,v,-])))
     (>[x,y] (in2[x,y,-]) (>[u,v] (& (in2[x,u,p]) (in2[y,v,s])) (in2[u,v,-])))))"
    ))
}

fn theory(text: &str) -> Arc<Theory> {
    let read = mpl::read_mpl("test.mpl", text.as_bytes(), &mut |_| Err("no imports".into()));
    match read {
        Ok((theory, _)) => Arc::new(theory),
        Err(report) => panic!("{report:?}"),
    }
}

fn ask(theory: &Arc<Theory>, goals: &[&str], generate: bool) -> Exploration {
    let goals: Vec<Goal> = goals.iter().map(|text| mpl::parse_goal(theory, text).expect("a goal")).collect();
    let options = Options { generate, last_effort: None, ..Options::default() };
    explore(theory, &goals, options, &mut in_order)
}

/// The counterexample of each refuted goal, by variable.
fn counterexamples(exploration: &Exploration) -> Vec<Option<Vec<&str>>> {
    let named = |fate: &Fate| match fate {
        Fate::Refuted(model, values) => {
            let Model { names, .. } = &exploration.models[*model];
            Some(values.iter().map(|value| names[usize::from(*value)].clone()).collect::<Vec<_>>())
        }
        _ => None,
    };
    let leak = |names: Vec<String>| names.into_iter().map(|name| &*name.leak()).collect();
    exploration.conjectures.iter().map(|conjecture| named(&conjecture.fate).map(leak)).collect()
}

const COMMUTATIVE: &str = "(>[x,y,z] (in3[x,y,z,++]) (in3[y,x,z,++]))";

#[test]
fn false_twins_of_list_laws_fail_for_lists_of_letters() {
    let goals = [
        COMMUTATIVE,
        "(>[x] (in[x,L]) (in2[x,x,rev]))",
        "(>[x,t,y,u,v,w] (& (in2[x,t,rev]) (in2[y,u,rev]) (in3[t,u,v,++]) (in3[x,y,w,++])) (in2[w,v,rev]))",
        "(>[x] (in[x,L]) (in2[x,x,map]))",
        "(>[x,y] (in2[x,y,map]) (in2[y,y,map]))",
    ];
    let exploration = ask(&lists("", ""), &goals, false);
    let found = counterexamples(&exploration);
    assert_eq!(found[0], Some(vec!["[a]", "[b]", "[a, b]"]));
    assert_eq!(found[1], Some(vec!["[a, b]"]));
    assert!(found.iter().all(Option::is_some), "{found:?}");
}

#[test]
fn no_theorem_fails_in_a_model() {
    for theory in [lists("", ""), integers()] {
        let mut theory = (*theory).clone();
        theory.bounds.atoms = 3;
        let exploration = ask(&Arc::new(theory), &[], true);
        assert!(!exploration.models.is_empty() && exploration.theorems.len() > 3, "{:?}", exploration.counts());
        for theorem in &exploration.theorems {
            let Some(clause) = &theorem.clause else { continue };
            for model in &exploration.models {
                assert_eq!(refute(model, clause), None, "{}", show(exploration.theory(), theorem.checked.statement()));
            }
        }
    }
}

#[test]
fn where_axioms_say_more_of_lists_than_definitions_no_letters_are_assumed() {
    // At most one letter: then ++ is commutative, which is not obvious without a proof.
    let theory = lists("", "(>[x,y,z] (in3[x,y,z,++]) (in3[y,x,z,++]))");
    let exploration = ask(&theory, &["(>[a,b] (& (in[a,A]) (in[b,A])) (=[a,b]))"], false);
    assert!(!matches!(exploration.conjectures[0].fate, Fate::Refuted(..)));
    assert!(
        matches!(&exploration.notes()[..], [Note::NoParameters(axioms)] if axioms.len() == 1),
        "{:?}",
        exploration.notes()
    );
}

/// Two equations of zip overlap at zip(nil, nil), where they agree; with a letter as the second value they need not.
#[test]
fn equations_that_agree_where_they_overlap_define_a_function() {
    let zip = |at_the_end: &str| {
        lists(
            ",zip",
            &format!(
                "(operation[zip,L,L,L])
                 (>[x] (in[x,L]) (in3[nil,x,x,zip]))
                 (>[x] (in[x,L]) {at_the_end})
                 (>[a,b,x,y,u,v,z,w] (& (in3[a,x,u,cons]) (in3[b,y,v,cons]) (in3[x,y,z,zip]) (in3[a,z,w,cons]))
                   (in3[u,v,w,zip]))"
            ),
        )
    };
    let same = ask(&zip("(in3[x,nil,x,zip])"), &[COMMUTATIVE, "(>[x,y] (in3[x,x,y,zip]) (in2[x,y,rev]))"], false);
    assert_eq!(counterexamples(&same), [Some(vec!["[a]", "[b]", "[a, b]"]), Some(vec!["[a, b]", "[a, b]"])]);
    let other = "(>[a,y] (in3[a,nil,y,cons]) (in3[x,nil,y,zip]))";
    let notes = ask(&zip(other), &[COMMUTATIVE], false).notes();
    assert!(notes.iter().any(|note| matches!(note, Note::NoParameters(axioms) if axioms.len() == 1)), "{notes:?}");
}

#[test]
fn axioms_about_letters_are_kept_by_those_that_are_assumed() {
    let theory = lists("", "(>[a,b] (in2[a,b,g]) (in2[b,b,g]))");
    let idempotent = "(>[x,y] (in2[x,y,map]) (in2[y,y,map]))";
    let exploration = ask(&theory, &[idempotent, COMMUTATIVE, "(>[x] (in[x,L]) (in2[x,x,map]))"], false);
    assert!(!matches!(exploration.conjectures[0].fate, Fate::Refuted(..)));
    assert!(matches!(exploration.conjectures[1].fate, Fate::Refuted(..)));
}

#[test]
fn a_relation_by_recursion_keeps_its_letters() {
    let theory = lists(
        ",∈",
        "(>[a,l] (in2[a,l,∈]) (& (in[a,A]) (in[l,L])))
         (>[a] (in[a,A]) !(in2[a,nil,∈]))
         (>[a,l,m] (in3[a,l,m,cons]) (in2[a,m,∈]))
         (>[a,b,l,m] (& (in3[b,l,m,cons]) (in2[a,l,∈])) (in2[a,m,∈]))
         (>[a,b,l,m] (& (in3[b,l,m,cons]) (in2[a,m,∈]) !(=[a,b])) (in2[a,l,∈]))",
    );
    let exploration = ask(&theory, &["(>[a,b,x] (& (in2[a,x,∈]) (in2[b,x,∈])) (=[a,b]))"], false);
    assert_eq!(counterexamples(&exploration)[0], Some(vec!["a", "b", "[a, b]"]));
}

#[test]
fn integers_are_refuted_in_finite_models_that_their_constructors_reach() {
    let goals = [
        "(>[x] (in[x,Z]) (in2[x,x,-]))",
        "(>[x,y] (in2[x,y,s]) !(=[x,y]))",
        "(>[x,y] (in2[x,y,-]) (in2[y,x,-]))",
        // True since everything is reached from 0.
        "(>[x,y,z] (& (in2[x,y,-]) (in2[y,z,s])) (>[u] (in2[x,u,p]) (in2[u,z,-])))",
    ];
    let exploration = ask(&integers(), &goals, false);
    let found = counterexamples(&exploration);
    assert!(found[0].is_some() && found[1].is_some(), "{found:?}");
    assert!(found[2].is_none() && found[3].is_none(), "{found:?}");
}

#[test]
fn things_and_sets_of_them_have_models_of_different_sizes() {
    let theory = theory(&format!(
        "{FUNCTIONS}(theory Sets[U,P,e,∪,∅]
          (& (>[x,a] (in2[x,a,e]) (& (in[x,U]) (in[a,P])))
             (operation[∪,P,P,P])
             (in[∅,P])
             (>[x] (in[x,U]) !(in2[x,∅,e]))
             (>[x,a,b,c] (& (in3[a,b,c,∪]) (in2[x,a,e])) (in2[x,c,e]))
             (>[x,a,b,c] (& (in3[a,b,c,∪]) (in2[x,b,e])) (in2[x,c,e]))
             (>[x,a,b,c] (& (in3[a,b,c,∪]) (in2[x,c,e]) !(in2[x,a,e])) (in2[x,b,e]))))"
    ));
    let goals = [
        "(>[a] (in[a,P]) (=[a,∅]))",
        "(>[x,y] (& (in[x,U]) (in[y,U])) (=[x,y]))",
        "(>[a,b,t,c] (& (in3[a,b,t,∪]) (in3[c,b,t,∪])) (=[a,c]))",
        "(>[x,a,b,c] (& (in3[a,b,c,∪]) (in2[x,a,e])) (in2[x,b,e]))",
        "(>[x,a,b,c] (& (in3[a,b,c,∪]) (in2[x,a,e])) (in2[x,c,e]))",
    ];
    let exploration = ask(&theory, &goals, false);
    let found = counterexamples(&exploration);
    assert!(found[..4].iter().all(Option::is_some), "{found:?}");
    assert!(found[4].is_none());
}

#[test]
fn existence_fails_where_a_proof_excludes_every_witness() {
    let theory = theory(&format!(
        "{FUNCTIONS}
(define Naturals[N,0,s]
  (& (in[0,N]) (function[s,N,N])
     (>[x] (in[x,N]) !(in2[x,0,s]))
     (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))))
(generated \"induction\" Naturals[N,0,s] N 0 s[N])
(theory Numbers[N,0,s] (Naturals[N,0,s]))"
    ));
    let onto = "(>[x] (in[x,N]) !(>[y] (in[y,N]) !(in2[y,x,s])))";
    let exploration = ask(&theory, &[onto], false);
    assert_eq!(counterexamples(&exploration)[0], Some(vec!["0"]));
}

const BRANCHES: &str = "
(define Trees[A,T,tip,branch] (& (function[tip,A,T]) (operation[branch,T,T,T])))
(generated \"induction on trees\" Trees[A,T,tip,branch] T tip[A] branch[T,T])
(define Mirrored[A,T,tip,branch,mirror]
  (& (function[mirror,T,T])
     (>[a,t] (in2[a,t,tip]) (in2[t,t,mirror]))
     (>[x,y,z] (in3[x,y,z,branch]) (>[u,v,w] (& (in2[x,u,mirror]) (in2[y,v,mirror]) (in3[v,u,w,branch])) (in2[z,w,mirror])))))";

/// Nothing says that a tip is no branch: the trees of constructor terms are one structure of the theory.
#[test]
fn constructors_may_be_taken_to_be_free_where_only_recursion_speaks_of_them() {
    let theory = |more: &str| {
        theory(&format!(
            "{FUNCTIONS}{BRANCHES}(theory Mirror[A,T,tip,branch,mirror]
              (& (Trees[A,T,tip,branch]) (Mirrored[A,T,tip,branch,mirror]) {more}))"
        ))
    };
    let goals = [
        "(>[x] (in[x,T]) (in2[x,x,mirror]))",
        "(>[x,y] (in2[x,y,mirror]) (in2[y,x,mirror]))",
        // An axiom.
        "(>[a,t] (in2[a,t,tip]) (in2[t,t,mirror]))",
    ];
    let fates = |more: &str| -> Vec<Option<bool>> {
        let exploration = ask(&theory(more), &goals, false);
        let decided = exploration.conjectures.iter().filter(|one| one.goals().next().is_some());
        let verdict = |one: &Fate| match one {
            Fate::Proved(_) => Some(true),
            Fate::Refuted(..) => Some(false),
            _ => None,
        };
        decided.map(|conjecture| verdict(&conjecture.fate)).collect()
    };
    assert_eq!(fates(""), [Some(false), Some(true), Some(true)]);
    // Stated twice, an axiom says the same.
    assert_eq!(fates("(function[tip,A,T]) (function[mirror,T,T])"), [Some(false), Some(true), Some(true)]);
    // If all branches are alike, every tree may be its mirror image.
    assert_ne!(fates("(>[x,y,z,u,v,w] (& (in3[x,y,z,branch]) (in3[u,v,w,branch])) (=[z,w]))")[0], Some(false));
}

/// Numbers without an axiom that s is one to one or never 0 may also be those of a clock.
#[test]
fn where_constructors_are_assumed_to_be_free_there_are_finite_structures_too() {
    let theory = theory(&format!(
        "{FUNCTIONS}
         (define Base[N,0,s] (& (in[0,N]) (function[s,N,N])))
         (generated \"induction\" Base[N,0,s] N 0 s[N])
         (theory Clock[N,0,s,+] (& (Base[N,0,s]) (operation[+,N,N,N])
           (>[x] (in[x,N]) (in3[x,0,x,+]))
           (>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[y,u,s]) (in2[z,v,s])) (in3[x,u,v,+])))))"
    ));
    let goals = [
        "(>[x] (in[x,N]) !(in2[x,0,s]))",
        "(>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))",
        "(>[x] (in[x,N]) (in3[x,x,x,+]))",
    ];
    let exploration = ask(&theory, &goals, false);
    let refuted = exploration.conjectures[..3].iter().map(|one| matches!(one.fate, Fate::Refuted(..)));
    assert_eq!(refuted.collect::<Vec<_>>(), [true; 3]);
}

/// Membership is defined with "or", and sorted lists are declared before the relation that defines them.
#[test]
fn relations_defined_by_cases_extend_the_lists() {
    let theory = lists(
        ",sorted,below,mem,≤",
        "(>[x] (in[x,sorted]) (in[x,L]))
         (>[a,x] (in2[a,x,below]) (& (in[a,A]) (in[x,L])))
         (>[a,x] (in2[a,x,mem]) (& (in[a,A]) (in[x,L])))
         (>[a,b] (in2[a,b,≤]) (& (in[a,A]) (in[b,A])))
         (>[a] (in[a,A]) (in2[a,nil,below]))
         (>[a,b,x,u] (& (in[a,A]) (in3[b,x,u,cons])) (iff (in2[a,u,below]) (& (in2[a,b,≤]) (in2[a,x,below]))))
         (in[nil,sorted])
         (>[a,x,u] (in3[a,x,u,cons]) (iff (in[u,sorted]) (& (in2[a,x,below]) (in[x,sorted]))))
         (>[a] (in[a,A]) !(in2[a,nil,mem]))
         (>[a,b,x,u] (& (in[a,A]) (in3[b,x,u,cons])) (iff (in2[a,u,mem]) (or (=[a,b]) (in2[a,x,mem]))))",
    );
    let exploration = ask(&theory, &[COMMUTATIVE], false);
    assert!(matches!(exploration.conjectures[0].fate, Fate::Refuted(..)), "{:?}", exploration.conjectures[0].fate);
    assert!(exploration.notes().iter().all(|note| !matches!(note, Note::NoParameters(_))));
}
