//! Forged proofs: each violates exactly one condition of the checker, and is refused for that one.
//!
//! Damage to valid proofs ([`mutation`](mutation.rs)) is often noticed at a later step. Here there is nothing else to
//! notice: without its condition the checker would accept the forgery.

mod common;

use common::byhand::playground;
use common::draft::Draft;
use common::list;
use common::theories::Definer;
use theoremata_logic::calculus::check::{Flaw, RESERVED, check};
use theoremata_logic::calculus::formula::{Binder, Formula, Name, PredicateId, Variable};
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, StepId, TheoremId};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::Theory;

/// A proof that assumes the given formulas, link by link, and concludes what `forge` makes of them.
fn proof(theory: &Theory, free: &str, given: &[&str], forge: &dyn Fn(&mut Draft<'_>, &[StepId]) -> StepId) -> Proof {
    let mut draft = Draft::new(theory);
    let mut steps = Vec::new();
    for (place, assumption) in given.iter().enumerate() {
        let (_, opened) = draft.open_for(if place == 0 { free } else { "" }, &[assumption], given);
        steps.extend(opened);
    }
    let mut last = forge(&mut draft, &steps);
    for _ in given {
        last = draft.generalise(last);
    }
    draft.finish()
}

fn refused(theory: &Theory, proof: &Proof, reason: &str) {
    let known = |_: TheoremId| None;
    match check(theory, known, proof) {
        Err(Flaw::Step { reason: found, .. } | Flaw::Scope { reason: found, .. }) => {
            assert_eq!(found, reason, "\n{}", list(theory, proof));
        }
        other => panic!("{reason}: {other:?}\n{}", list(theory, proof)),
    }
}

/// Forges a proof in the playground.
fn forged(free: &str, given: &[&str], reason: &str, forge: &dyn Fn(&mut Draft<'_>, &[StepId]) -> StepId) {
    let theory = playground();
    refused(&theory, &proof(&theory, free, given, forge), reason);
}

#[test]
fn a_witness_must_be_that_of_both_parts() {
    let exists = "!(>[z] (in[z,N]) !(in2[a,z,f]))";
    forged(
        "N f a b",
        &["(in[a,N])", "(in2[a,b,f])"],
        "the first premise is not about these witnesses",
        &|draft, given| draft.witness("b", given, exists),
    );
    forged(
        "N f a b",
        &["(in[b,N])", "(in2[a,a,f])"],
        "the second premise is not about these witnesses",
        &|draft, given| draft.witness("b", given, exists),
    );
    forged(
        "N f a b",
        &["(in[b,N])", "(in2[a,b,f])"],
        "there must be a witness of its sort for each variable",
        &|draft, given| draft.witness("b a", given, "!(>[z] (in[b,N]) !(in2[a,b,f]))"),
    );
}

#[test]
fn what_exists_has_no_other_properties() {
    let exists = "!(>[z] (in[z,N]) !(in2[a,z,f]))";
    let reason = "the scope does not assume what the existence statement says";
    forged("N A f a", &[exists], reason, &|draft, given| {
        let (scope, assumed) = draft.open("w", &["(in[w,N])", "(in[a,A])"]);
        draft.leave();
        draft.step(Rule::ExistsElimination(scope), &[given[0], assumed[1]], "(in[a,A])")
    });
    forged("N A f a", &[exists], reason, &|draft, given| {
        let (scope, assumed) = draft.open("w", &["(in[a,A])", "(in2[a,w,f])"]);
        draft.leave();
        draft.step(Rule::ExistsElimination(scope), &[given[0], assumed[0]], "(in[a,A])")
    });
    let reason = "the scope must have a variable of its sort for each witness";
    forged("N f a", &[exists, "(in[a,N])"], reason, &|draft, given| {
        let (scope, _) = draft.open("v w", &["(in[w,N])", "(in2[a,w,f])"]);
        draft.leave();
        draft.step(Rule::ExistsElimination(scope), &[given[0], given[1]], "(in[a,N])")
    });
    let reason = "the discharged scope must assume the two parts of the existence statement";
    forged("N A f a", &[exists], reason, &|draft, given| {
        let (scope, assumed) = draft.open("w", &["(in[w,N])", "(in2[a,w,f])", "(in[a,A])"]);
        draft.leave();
        draft.step(Rule::ExistsElimination(scope), &[given[0], assumed[2]], "(in[a,A])")
    });
}

#[test]
fn what_is_discharged_is_one_assumption_and_no_variable() {
    let reason = "the discharged scope must introduce no variable";
    forged("N a", &["(in[a,N])", "!(in[a,N])"], reason, &|draft, given| {
        let (scope, _) = draft.open("w", &["(=[a,a])"]);
        draft.leave();
        draft.step(Rule::NotIntroduction(scope), given, "!(=[a,a])")
    });
    forged("N a", &["(in[a,N])", "!(in[a,N])"], reason, &|draft, given| {
        let (scope, _) = draft.open("w", &["!(=[a,a])"]);
        draft.leave();
        draft.step(Rule::Reductio(scope), given, "(=[a,a])")
    });
    let reason = "the discharged scope must assume exactly one formula";
    forged("N A a", &["!(in[a,N])"], reason, &|draft, given| {
        let (scope, assumed) = draft.open("", &["(in[a,A])", "(in[a,N])"]);
        draft.leave();
        draft.step(Rule::NotIntroduction(scope), &[assumed[1], given[0]], "!(in[a,A])")
    });
    forged("N A a", &["(in[a,N])"], reason, &|draft, _| {
        let (scope, assumed) = draft.open("", &["(in[a,N])", "(in[a,A])"]);
        draft.leave();
        draft.step(Rule::Generalise(scope), &[assumed[1]], "(>[] (in[a,N]) (in[a,A]))")
    });
    let reason = "the outermost scope cannot be discharged";
    forged("N a", &["(in[a,N])", "!(in[a,N])"], reason, &|draft, given| {
        draft.step(Rule::NotIntroduction(ScopeId::OUTER), given, "!(=[a,a])")
    });
}

#[test]
fn cases_are_two_and_give_the_same() {
    let split = |first: &str, second: &str, [here, there]: [&str; 2], conclusion: &str, reason: &str| {
        forged("N A a", &["(& (in[a,N]) (in[a,A]))"], reason, &|draft, given| {
            let variable = |text: &str| if text == "(=[a,a])" { "v" } else { "" }.to_owned();
            let (yes, _) = draft.open(&variable(first), &[first]);
            let rule = |text: &str| if text == "(in[a,N])" { Rule::AndLeft } else { Rule::AndRight };
            let one = draft.step(rule(here), given, here);
            draft.leave();
            let (no, _) = draft.open("", &[second]);
            let other = draft.step(rule(there), given, there);
            draft.leave();
            draft.step(Rule::Cases(yes, no), &[one, other], conclusion)
        });
    };
    let (n, a) = ("(in[a,N])", "(in[a,A])");
    split(n, "!(in[a,N])", [n, a], a, "a case derived something else");
    split(n, "!(in[a,N])", [n, a], n, "a case derived something else");
    split(n, "!(in[a,A])", [n, n], n, "the second case does not deny the first");
    split("(=[a,a])", "!(=[a,a])", [n, n], n, "a case introduces a variable");
}

#[test]
fn induction_is_over_its_own_set() {
    let given = ["(generated[N,0,s])", "(in[0,A])", "(>[n] (in[n,N]) (>[] (in[n,A]) (>[m] (in2[n,m,s]) (in[m,A]))))"];
    let conclude = |conclusion: &str, reason: &str| {
        forged("N 0 s A B", &given, reason, &|draft, given| draft.step(Rule::Induction(0), given, conclusion));
    };
    conclude("(>[n] (in[n,B]) (in[n,A]))", "its variable does not range over the structure's set");
    conclude("(>[n] (=[n,n]) (in[n,A]))", "its variable does not range over the structure's set");
    conclude("(>[m,n] (in[n,N]) (in[n,A]))", "induction binds one variable, of the set's sort");
    conclude("(in[0,A])", "it is no ∀ statement");
    let unguarded =
        ["(generated[N,0,s])", "(in[0,A])", "(>[n] (=[n,n]) (>[] (in[n,A]) (>[m] (in2[n,m,s]) (in[m,A]))))"];
    let reason = "a case is not what induction asks for";
    let forge =
        |draft: &mut Draft<'_>, given: &[StepId]| draft.step(Rule::Induction(0), given, "(>[n] (in[n,N]) (in[n,A]))");
    forged("N 0 s A", &unguarded, reason, &forge);
    let structure = ["(Chain[N,0,s])", given[1], given[2]];
    forged("N 0 s A", &structure, "its first premise is about another principle", &forge);
    let no_start = [given[0], "(in[k,A])", given[2]];
    forged("N 0 s A k", &no_start, reason, &forge);
    // The hypothesis is available for the recursive argument only.
    let words = ["(generated3[N,0,c,A])", "(in[0,B])"];
    let case = "(>[a] (in[a,A]) (>[] (in[a,B]) (>[x] (in[x,N]) (>[] (in[x,B]) (>[z] (in3[a,x,z,c]) (in[z,B]))))))";
    forged("N 0 A c B", &[words[0], words[1], case], reason, &|draft, given| {
        draft.step(Rule::Induction(2), given, "(>[n] (in[n,N]) (in[n,B]))")
    });
}

#[test]
fn comprehension_is_of_extensional_definitions() {
    let mut definer = Definer::new("sets");
    definer.define("halves", "N/1 A/1 S/1", &["(>[x] (in[x,S]) (in[x,N]))", "(>[x] (in[x,A]) (in[x,S]))"]);
    definer.define("itself", "S/1", &["(>[x] (in[x,S]) !(in[x,S]))", "(>[x] !(in[x,S]) (in[x,S]))"]);
    definer.define("turned", "N/1 R/2", &["(>[x,y] (in2[y,x,R]) (in[x,N]))", "(>[x,y] (in[x,N]) (in2[y,x,R]))"]);
    definer.define("one", "N/1 R/2", &["(>[x] (in2[x,x,R]) (in[x,N]))", "(>[x] (in[x,N]) (in2[x,x,R]))"]);
    definer.define("equal", "N/1 a", &["(>[x] (=[x,a]) (in[x,N]))", "(>[x] (in[x,N]) (=[x,a]))"]);
    definer.define("plain", "a S/1", &["(>[x] (in[x,S]) (=[x,a]))", "(in[a,S])"]);
    definer.define("atom", "a S/1", &["(in[a,S])"]);
    definer.define("good", "N/1 S/1", &["(>[x] (in[x,S]) (in[x,N]))", "(>[x] (in[x,N]) (in[x,S]))"]);
    let theory = definer.finish();
    let instance = |name: &str, set: u32| {
        let predicate = theory.find(name).expect("defined");
        let count = theory.predicate(predicate).sorts.len();
        let names = ["N", "A", "S"];
        let mut shown: Vec<&str> = names[..count].to_vec();
        shown[set as usize] = "T";
        let atom = format!("({name}[{}])", shown.join(","));
        proof(&theory, "N A S", &["(=[N,N])"], &|draft, _| {
            let arguments = names[..count].iter().map(|name| draft.variable(name)).collect();
            let rule = Rule::Comprehension { predicate, arguments, set };
            draft.step(rule, &[], &format!("!(>[T] {atom} !{atom})"))
        })
    };
    assert_eq!(check(&theory, |_| None, &instance("good", 1)).map(drop), Ok(()));
    refused(&theory, &instance("good", 0), "the definition is not about membership of all its variables");
    refused(&theory, &instance("halves", 2), "the two halves of the definition do not agree");
    refused(&theory, &instance("itself", 0), "the definition speaks of the set it defines");
    refused(&theory, &instance("turned", 1), "the definition is not about membership of all its variables");
    refused(&theory, &instance("one", 1), "the definition is not about membership of all its variables");
    refused(&theory, &instance("equal", 1), "the definition is not about membership");
    refused(&theory, &instance("plain", 1), "the definition is not extensional");
    refused(&theory, &instance("atom", 1), "the definition is not extensional");
}

#[test]
fn scopes_and_formulas_are_well_formed() {
    let theory = playground();
    let good = || {
        proof(&theory, "N a", &["(in[a,N])", "(=[a,a])"], &|draft, given| {
            draft.step(Rule::AndIntroduction, given, "(& (in[a,N]) (=[a,a]))")
        })
    };
    assert!(check(&theory, |_| None, &good()).is_ok());
    // A step in a nonexistent scope.
    let mut proof = good();
    proof.steps[2].scope = ScopeId(9);
    refused(&theory, &proof, "its scope does not exist");
    // A scope inside itself, and one inside a later one.
    for (scope, parent) in [(2, 2), (1, 2)] {
        let mut proof = good();
        proof.scopes[scope].parent = ScopeId(parent);
        refused(&theory, &proof, "its parent does not stand before it");
    }
    // A variable reserved for the checker.
    let mut proof = good();
    let reserved = |name: Name| if name == Name(1) { RESERVED } else { name };
    proof.scopes[1].variables[1] = RESERVED;
    for scope in &mut proof.scopes {
        scope.assumptions.iter_mut().for_each(|formula| *formula = formula.substitute(&mut |name| reserved(name)));
    }
    for step in &mut proof.steps {
        step.conclusion = step.conclusion.substitute(&mut |name| reserved(name));
    }
    refused(&theory, &proof, "it introduces a reserved variable");
    // Bound variables without binders, wrong arities and unknown predicates, starting in the assumption.
    let malformed = [
        (
            Formula::Atom(PredicateId::IN, [Variable::Bound(0), Variable::Free(Name(0))].into()),
            "a bound variable has no binder",
        ),
        (Formula::atom(PredicateId::IN, [Name(0)]), "a predicate has the wrong number of arguments"),
        (Formula::atom(PredicateId(99), [Name(0)]), "unknown predicate"),
        (Formula::atom(PredicateId::IN, [Name(7), Name(0)]), "it mentions a variable that its scope does not know"),
    ];
    for (formula, reason) in malformed {
        let mut draft = Draft::new(&theory);
        let (scope, steps) = draft.open("N", &["(=[N,N])"]);
        let last = draft.generalise(steps[0]);
        let mut proof = draft.finish();
        proof.scopes[scope.index()].assumptions[0] = formula.clone();
        proof.steps[steps[0].index()].conclusion = formula.clone();
        proof.steps[last.index()].conclusion =
            Formula::forall(&[(Name(0), Binder::new("N", Sort::BASE))], &formula, &formula);
        refused(&theory, &proof, reason);
    }
}

#[test]
fn a_proof_has_steps_and_an_outermost_scope_without_assumptions() {
    let theory = playground();
    assert_eq!(check(&theory, |_| None, &Proof::default()), Err(Flaw::Empty));
    let mut proof = Draft::new(&theory).finish();
    assert_eq!(check(&theory, |_| None, &proof), Err(Flaw::Empty));
    proof.scopes[0].variables.push(Name(0));
    refused(&theory, &proof, "the outermost scope assumes something");
}
