//! Functions of more than two arguments, including constructors: in proofs, by induction too, and in refutations.

use std::sync::Arc;

use theoremata_logic::language::mpl::read_mpl;
use theoremata_logic::search::attempt;
use theoremata_logic::search::explore::{Exploration, Fate, Options, Task};

/// The outcome for each goal of a theory: proved by induction, proved otherwise, refuted, or open.
fn fates(text: &str) -> Vec<(String, &'static str)> {
    let (theory, _) = read_mpl("arity.mpl", text.as_bytes(), &mut |_| Err("no imports".to_owned()))
        .unwrap_or_else(|report| panic!("{}", report.render(false)));
    let mut exploration = Exploration::new(Arc::new(theory), &[], Options { generate: false, ..Options::default() });
    loop {
        match exploration.next() {
            Task::Prepare => assert!(exploration.prepare(&mut || true)),
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(attempt::solve).unzip();
                exploration.commit(verdicts, count, steps.iter().sum());
            }
            Task::Ask | Task::Finished => break,
        }
    }
    let fate = |conjecture: &theoremata_logic::search::explore::Conjecture| {
        let label = conjecture.goals().next()?.label.to_string();
        Some((
            label,
            match &conjecture.fate {
                Fate::Proved(id) if exploration.theorems[id.0 as usize].induction.is_some() => "by induction",
                Fate::Proved(_) => "proved",
                Fate::Refuted(..) => "refuted",
                _ => "open",
            },
        ))
    };
    exploration.conjectures.iter().filter_map(fate).collect()
}

fn check(text: &str, wanted: &[(&str, &str)]) {
    let found = fates(text);
    let found: Vec<(&str, &str)> = found.iter().map(|(label, fate)| (label.as_str(), *fate)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn a_constructor_of_three_arguments_has_induction_and_models() {
    check(
        "(define Trees[A,T,empty,node]
           (& (in[empty,T])
              (>[x,a,y,t] (in4[x,a,y,t,node]) (& (in[x,T]) (in[a,A]) (in[y,T]) (in[t,T])))
              (>[x,a,y] (& (in[x,T]) (in[a,A]) (in[y,T])) (exists[t] (in[t,T]) (in4[x,a,y,t,node])))
              (>[x,a,y] (& (in[x,T]) (in[a,A]) (in[y,T]))
                (>[t,u] (& (in4[x,a,y,t,node]) (in4[x,a,y,u,node])) (=[t,u])))
              (>[x,a,y] (& (in[x,T]) (in[a,A]) (in[y,T])) !(in4[x,a,y,empty,node]))
              (>[x,a,y,u,b,v,t] (& (in4[x,a,y,t,node]) (in4[u,b,v,t,node])) (& (=[x,u]) (=[a,b]) (=[y,v])))))
         (generated Trees[A,T,empty,node] T empty node[T,A,T])
         (theory Labelled[A,T,empty,node,mirror]
           (& (Trees[A,T,empty,node])
              (>[x,y] (in2[x,y,mirror]) (& (in[x,T]) (in[y,T])))
              (>[x] (in[x,T]) (exists[y] (in[y,T]) (in2[x,y,mirror])))
              (>[x] (in[x,T]) (>[y,z] (& (in2[x,y,mirror]) (in2[x,z,mirror])) (=[y,z])))
              (in2[empty,empty,mirror])
              (>[x,a,y,t,u,v,w] (& (in4[x,a,y,t,node]) (in2[x,u,mirror]) (in2[y,v,mirror]) (in4[v,a,u,w,node]))
                (in2[t,w,mirror]))))
         (conjecture involution (>[x,y] (in2[x,y,mirror]) (in2[y,x,mirror])))
         (conjecture rows (>[x,a,y,b,t] (& (in4[x,a,y,t,node]) (in4[x,b,y,t,node])) (=[a,b])))
         (conjecture still (>[x] (in[x,T]) (in2[x,x,mirror])))
         (conjecture turned (>[x,a,y,t] (in4[x,a,y,t,node]) (in4[y,a,x,t,node])))",
        &[("involution", "by induction"), ("rows", "proved"), ("still", "refuted"), ("turned", "refuted")],
    );
}

#[test]
fn an_operation_of_four_arguments_is_a_function() {
    check(
        "(theory Quart[X,f,o]
           (& (in[o,X])
              (>[a,b,c,d,e] (in5[a,b,c,d,e,f]) (& (in[a,X]) (in[b,X]) (in[c,X]) (in[d,X]) (in[e,X])))
              (>[a,b,c,d] (& (in[a,X]) (in[b,X]) (in[c,X]) (in[d,X])) (exists[e] (in[e,X]) (in5[a,b,c,d,e,f])))
              (>[a,b,c,d] (& (in[a,X]) (in[b,X]) (in[c,X]) (in[d,X]))
                (>[e,g] (& (in5[a,b,c,d,e,f]) (in5[a,b,c,d,g,f])) (=[e,g])))
              (>[a,b,c,d,e] (in5[a,b,c,d,e,f]) (in5[b,c,d,a,e,f]))
              (>[a] (in[a,X]) (in5[a,o,o,o,a,f]))))
         (conjecture turned (>[a,b,c,d,e] (in5[a,b,c,d,e,f]) (in5[c,d,a,b,e,f])))
         (conjecture middle (>[a] (in[a,X]) (in5[o,a,o,o,a,f])))
         (conjecture swapped (>[a,b,c,d,e] (in5[a,b,c,d,e,f]) (in5[b,a,c,d,e,f])))",
        &[("turned", "proved"), ("middle", "proved"), ("swapped", "refuted")],
    );
}

#[test]
fn what_holds_of_maps_and_folds_holds_for_any_function() {
    check(
        "(define function[f,X,Y]
           (& (>[x,y] (in2[x,y,f]) (& (in[x,X]) (in[y,Y])))
              (>[x] (in[x,X]) (exists[y] (in[y,Y]) (in2[x,y,f])))
              (>[x] (in[x,X]) (>[y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])))))
         (define operation[f,X,Y,Z]
           (& (>[x,y,z] (in3[x,y,z,f]) (& (in[x,X]) (in[y,Y]) (in[z,Z])))
              (>[x,y] (& (in[x,X]) (in[y,Y])) (exists[z] (in[z,Z]) (in3[x,y,z,f])))
              (>[x,y] (& (in[x,X]) (in[y,Y])) (>[z,w] (& (in3[x,y,z,f]) (in3[x,y,w,f])) (=[z,w])))))
         (define Lists[A,L,nil,cons]
           (& (in[nil,L]) (operation[cons,A,L,L])
              (>[a,x] (& (in[a,A]) (in[x,L])) !(in3[a,x,nil,cons]))
              (>[a,x,b,y,z] (& (in3[a,x,z,cons]) (in3[b,y,z,cons])) (& (=[a,b]) (=[x,y])))))
         (generated Lists[A,L,nil,cons] L nil cons[A,L])
         (define appending[L,nil,cons,++]
           (& (operation[++,L,L,L]) (>[y] (in[y,L]) (in3[nil,y,y,++]))
              (>[x,y,z] (in3[x,y,z,++]) (>[a,u,v] (& (in3[a,x,u,cons]) (in3[a,z,v,cons])) (in3[u,y,v,++])))))
         (define mapping[A,L,nil,cons,f,map]
           (& (function[f,A,A]) (function[map,L,L]) (in2[nil,nil,map])
              (>[x,y] (in2[x,y,map])
                (>[a,b,u,v] (& (in3[a,x,u,cons]) (in2[a,b,f]) (in3[b,y,v,cons])) (in2[u,v,map])))))
         (define folding[A,L,nil,cons,B,g,fold]
           (& (operation[g,A,B,B]) (operation[fold,L,B,B]) (>[b] (in[b,B]) (in3[nil,b,b,fold]))
              (>[x,b,c] (in3[x,b,c,fold]) (>[a,u,d] (& (in3[a,x,u,cons]) (in3[a,c,d,g])) (in3[u,b,d,fold])))))
         (theory Sequences[A,L,nil,cons,++] (& (Lists[A,L,nil,cons]) (appending[L,nil,cons,++])))
         (conjecture map-append
           (>[f,m] (mapping[A,L,nil,cons,f,m])
             (>[x,y,z,u,v,w] (& (in3[x,y,z,++]) (in2[x,u,m]) (in2[y,v,m]) (in3[u,v,w,++])) (in2[z,w,m]))))
         (conjecture map-identity
           (>[f,m] (& (mapping[A,L,nil,cons,f,m]) (>[a] (in[a,A]) (in2[a,a,f]))) (>[x] (in[x,L]) (in2[x,x,m]))))
         (conjecture fold-append
           (>[B,g,fold] (folding[A,L,nil,cons,B,g,fold])
             (>[x,y,z,b,c,d] (& (in3[x,y,z,++]) (in3[y,b,c,fold]) (in3[x,c,d,fold])) (in3[z,b,d,fold]))))",
        &[("map-append", "by induction"), ("map-identity", "by induction"), ("fold-append", "by induction")],
    );
}
