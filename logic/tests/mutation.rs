//! Damaged proofs are refused.
//!
//! Valid proofs, found by the search or written by hand, are damaged in every way of [`common::damage::KINDS`], at
//! every place. The checker must report a step or scope of each damaged proof, unless the damage was harmless, i.e.
//! only changed
//!
//! - a premise, and the new one has the same conclusion and is visible wherever the old one was; or
//! - the premises or the conclusion of a congruence, which still replaces equals only; or
//! - the conclusion of an ex falso; or
//! - a step's scope to an enclosing one, where all that the step depends on and mentions is visible;
//!
//! and every step that depends on a changed conclusion is such a congruence. The proof then still proves its statement.
//! This is decided here, without the checker.

mod common;

use std::collections::BTreeMap;

use common::damage::KINDS;
use common::places::{congruent, encloses, pruned, visible};
use common::{Subject, accepts, byhand, list, prove_all, theories};
use theoremata_logic::calculus::check::{Flaw, check};
use theoremata_logic::calculus::proof::{Proof, Rule, Step, StepId};

/// Proofs of many kinds: direct, by induction (also over trees and lists, also nested), by contradiction, from
/// contradictory premises, with existence, with citations.
fn subjects() -> Vec<Subject> {
    let mut subjects = byhand::subjects();
    for (theory, goals) in [
        (
            theories::arithmetic(),
            &[
                ("0 + x = x", "(>[x] (in[x,N]) (in3[0,x,x,+]))"),
                (
                    "s(x) + y = s(x + y)",
                    "(>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[x,u,s]) (in2[z,v,s])) (in3[u,y,v,+])))",
                ),
                ("x + y = y + x", "(>[x,y,z] (in3[x,y,z,+]) (in3[y,x,z,+]))"),
                (
                    "(x + y) + z = x + (y + z)",
                    "(>[x,y,u] (in3[x,y,u,+]) (>[z,v] (in3[u,z,v,+]) (>[w] (in3[y,z,w,+]) (in3[x,w,v,+]))))",
                ),
                ("s(x) is not 0", "(>[x,y] (in2[x,y,s]) !(=[y,0]))"),
                ("ex falso", "(>[x] (in2[x,0,s]) (=[x,1]))"),
                ("s(x) = x + 1", "(>[x] (in[x,N]) !(>[y] (in2[x,y,s]) !(in3[x,1,y,+])))"),
            ][..],
        ),
        (theories::trees(), &[("mirror of mirror", "(>[x,y] (in2[x,y,mirror]) (in2[y,x,mirror]))")]),
        (theories::lists(), &[("x joined with nil", "(>[x] (in[x,L]) (in3[x,nil,x,join]))")]),
        (
            theories::ordered_arithmetic(),
            &[
                ("x + 1 = s(x)", "(>[x,y] (in2[x,y,s]) (in3[x,1,y,+]))"),
                ("x below s(x)", "(>[x,y] (in2[x,y,s]) (leq[x,y,N,+]))"),
            ],
        ),
        (theories::unions(), theories::OF_UNIONS),
        (theories::central_groupoids(), theories::OF_CENTRAL_GROUPOIDS),
        (
            theories::groups(),
            &[
                ("right inverse", "(>[x,y] (in2[x,y,i]) (in3[x,y,e,*]))"),
                ("right identity", "(>[x] (in[x,G]) (in3[x,e,x,*]))"),
                ("cancellation", "(>[x,y,u] (in3[x,y,u,*]) (>[z] (in3[x,z,u,*]) (=[y,z])))"),
            ],
        ),
    ] {
        let labels: Vec<&str> = goals.iter().map(|(label, _)| *label).collect();
        subjects.extend(prove_all(theory, goals).subjects(&labels));
    }
    for subject in &mut subjects {
        // A step that nothing depends on can be damaged without harm.
        subject.proof = pruned(&subject.proof);
        accepts(&subject.theory, &subject.statements[..subject.number], &subject.proof);
    }
    subjects
}

fn word(rule: &Rule) -> &'static str {
    match rule {
        Rule::Assumption(_) => "assumption",
        Rule::Theorem(_) => "theorem",
        Rule::Generalise(_) => "generalise",
        Rule::Instantiate(_) => "instantiate",
        Rule::AndIntroduction => "and introduction",
        Rule::AndLeft => "and left",
        Rule::AndRight => "and right",
        Rule::ExistsIntroduction(_) => "exists introduction",
        Rule::ExistsElimination(_) => "exists elimination",
        Rule::NotIntroduction(_) => "not introduction",
        Rule::ExFalso => "ex falso",
        Rule::Reflexivity => "reflexivity",
        Rule::Congruence => "congruence",
        Rule::Unfold => "unfold",
        Rule::Fold => "fold",
        Rule::Induction(_) => "induction",
        Rule::Reductio(_) => "reductio",
        Rule::Cases(..) => "cases",
        Rule::Comprehension { .. } => "comprehension",
    }
}

/// Whether a step moved outwards depends on nothing hidden there, mentions nothing hidden there, and discharges
/// nothing.
fn is_free(proof: &Proof, old: &Step, new: &Step) -> bool {
    if let Rule::Assumption(number) = new.rule {
        // Nested scopes may assume the same formula.
        return proof.scopes[new.scope.index()].assumptions.get(number as usize) == Some(&new.conclusion);
    }
    let known = visible(proof, new.scope);
    let mut speaks = true;
    new.conclusion.for_each_free(&mut |name| speaks &= known.contains(&name));
    let names = match &new.rule {
        Rule::Instantiate(names) | Rule::ExistsIntroduction(names) => &names[..],
        _ => &[],
    };
    let rests = new.premises.iter().all(|premise| encloses(proof, proof.steps[premise.index()].scope, new.scope));
    encloses(proof, new.scope, old.scope)
        && speaks
        && rests
        && names.iter().all(|name| known.contains(name))
        && new.rule.discharged().next().is_none()
}

/// Whether the damage was harmless; see the module documentation.
fn is_harmless(before: &Proof, after: &Proof) -> bool {
    if before.scopes != after.scopes || before.steps.len() != after.steps.len() {
        return false;
    }
    let mut changed = Vec::new();
    for (place, (old, new)) in before.steps.iter().zip(&after.steps).enumerate() {
        let rests_on_change = new.premises.iter().any(|premise| changed.contains(premise));
        if old == new && !rests_on_change {
            continue;
        }
        if old.rule != new.rule || (old.scope != new.scope && !is_free(before, old, new)) {
            return false;
        }
        if old.conclusion != new.conclusion {
            changed.push(StepId(place as u32));
        }
        let says_the_same = |(one, other): (&StepId, &StepId)| {
            let (one, other) = (&before.steps[one.index()], &after.steps[other.index()]);
            one.conclusion == other.conclusion && encloses(before, other.scope, one.scope)
        };
        let holds = match new.rule {
            Rule::Congruence => {
                let earlier = |premise: &StepId| premise.index() < place;
                let sees = |premise: &StepId| encloses(after, after.steps[premise.index()].scope, new.scope);
                new.premises.iter().all(|premise| earlier(premise) && sees(premise)) && congruent(after, new)
            }
            Rule::ExFalso => old.premises == new.premises && !rests_on_change,
            _ => {
                old.conclusion == new.conclusion
                    && old.premises.len() == new.premises.len()
                    && old.premises.iter().zip(&new.premises).all(says_the_same)
            }
        };
        if !holds {
            return false;
        }
    }
    before.statement() == after.statement()
}

#[test]
fn every_rule_occurs_in_a_proof() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for subject in subjects() {
        for step in &subject.proof.steps {
            *counts.entry(word(&step.rule)).or_default() += 1;
        }
    }
    println!("{counts:?}");
    assert_eq!(counts.len(), 19);
}

#[test]
fn every_damage_is_refused() {
    let subjects = subjects();
    println!("{} proofs, {} steps", subjects.len(), subjects.iter().map(|s| s.proof.steps.len()).sum::<usize>());
    println!("{:44} {:>8} {:>8} {:>8}", "damage", "places", "refused", "harmless");
    let (mut all, mut spared) = (0, 0);
    for (name, damage) in KINDS {
        let (mut refused, mut harmless) = (0, 0);
        for subject in &subjects {
            let known = &subject.statements[..subject.number];
            for damaged in damage(subject) {
                let verdict = check(&subject.theory, |id| known.get(id.0 as usize), &damaged);
                match verdict {
                    Err(Flaw::Step { .. } | Flaw::Scope { .. }) => refused += 1,
                    Err(flaw @ (Flaw::Empty | Flaw::Theory { .. })) => panic!("{name} in {}: {flaw}", subject.label),
                    Ok(_) => {
                        assert!(
                            is_harmless(&subject.proof, &damaged),
                            "{name} in {} is accepted\nbefore:\n{}\nafter:\n{}",
                            subject.label,
                            list(&subject.theory, &subject.proof),
                            list(&subject.theory, &damaged)
                        );
                        harmless += 1;
                    }
                }
            }
        }
        println!("{name:44} {:8} {refused:8} {harmless:8}", refused + harmless);
        assert!(refused > 0, "{name} is nowhere refused");
        assert!(harmless * 10 <= refused, "{name}: {harmless} of {} are harmless", refused + harmless);
        (all, spared) = (all + refused + harmless, spared + harmless);
    }
    println!("{} kinds, {all} damaged proofs, {spared} of them harmless", KINDS.len());
    assert!(spared * 100 <= all, "{spared} of {all} are harmless");
}
