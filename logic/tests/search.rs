//! Explorations find consequences, report what does not follow, and do so in any order of execution.

mod common;

use std::sync::Arc;

use common::random::{Random, seeds};
use common::run::{at_random, explore, in_order, prove_goals, try_goals};
use common::theories::{self, Definer};
use common::{goal, show};
use theoremata_logic::calculus::formula::Formula;
use theoremata_logic::calculus::proof::Rule;
use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::search::explore::{Exploration, Fate, Options, Origin, Task, Theorem};

/// Lemmas and laws of arithmetic; the six laws are marked with a star.
const LAWS: &[(&str, &str)] = &[
    ("0 + x = x", "(>[x] (in[x,N]) (in3[0,x,x,+]))"),
    ("s(x) + y = s(x + y)", "(>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[x,u,s]) (in2[z,v,s])) (in3[u,y,v,+])))"),
    ("* x + y = y + x", "(>[x,y,z] (in3[x,y,z,+]) (in3[y,x,z,+]))"),
    (
        "* (x + y) + z = x + (y + z)",
        "(>[x,y,u] (in3[x,y,u,+]) (>[z,v] (in3[u,z,v,+]) (>[w] (in3[y,z,w,+]) (in3[x,w,v,+]))))",
    ),
    ("0 · x = 0", "(>[x] (in[x,N]) (in3[0,x,0,*]))"),
    ("s(x) · y = x · y + y", "(>[x,y,z] (in3[x,y,z,*]) (>[u,v] (& (in2[x,u,s]) (in3[z,y,v,+])) (in3[u,y,v,*])))"),
    ("* x · y = y · x", "(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))"),
    (
        "* x · (y + z) = x · y + x · z",
        "(>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[x,z,v,*]) (>[w,t] (& (in3[y,z,w,+]) (in3[u,v,t,+])) (in3[x,w,t,*]))))",
    ),
    (
        "* (y + z) · x = y · x + z · x",
        "(>[x,y,u] (in3[y,x,u,*]) (>[z,v] (in3[z,x,v,*]) (>[w,t] (& (in3[y,z,w,+]) (in3[u,v,t,+])) (in3[w,x,t,*]))))",
    ),
    (
        "* (x · y) · z = x · (y · z)",
        "(>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[u,z,v,*]) (>[w] (in3[y,z,w,*]) (in3[x,w,v,*]))))",
    ),
];

fn theorem(exploration: &Exploration, place: usize) -> &Theorem {
    match &exploration.conjectures[place].fate {
        Fate::Proved(id) => &exploration.theorems[id.0 as usize],
        other => panic!("not proved: {other:?}"),
    }
}

fn named<'e>(exploration: &'e Exploration, label: &str) -> &'e Theorem {
    let is_it = |origin: &Origin| matches!(origin, Origin::Goal(goal) if &*goal.label == label);
    let place = exploration.conjectures.iter().position(|conjecture| is_it(&conjecture.origin));
    theorem(exploration, place.expect("a goal with this label"))
}

fn uses(theorem: &Theorem, rule: fn(&Rule) -> bool) -> bool {
    theorem.checked.proof().steps.iter().any(|step| rule(&step.rule))
}

#[test]
fn the_six_laws_of_arithmetic_follow_from_lemmas() {
    let exploration = prove_goals(theories::arithmetic(), LAWS);
    for (place, (label, _)) in LAWS.iter().enumerate() {
        let theorem = theorem(&exploration, place);
        println!("{label}: {} steps, induction on {:?}", theorem.checked.proof().steps.len(), theorem.induction);
        // No law of arithmetic holds without induction, in its own proof or a cited one.
        assert!(
            !theorem.checked.basis().inductions.is_empty() || !theorem.checked.basis().theorems.is_empty(),
            "{label}"
        );
        assert!(!theorem.checked.basis().classical && theorem.checked.basis().comprehensions.is_empty(), "{label}");
    }
}

#[test]
fn laws_of_an_order_defined_by_addition_follow() {
    let exploration = prove_goals(
        theories::ordered_arithmetic(),
        &[
            ("x ≤ s(x)", "(>[x,y] (in2[x,y,s]) (leq[x,y,N,+]))"),
            ("x ≤ x", "(>[x] (in[x,N]) (leq[x,x,N,+]))"),
            ("transitive", "(>[x,y] (leq[x,y,N,+]) (>[z] (leq[y,z,N,+]) (leq[x,z,N,+])))"),
            ("x ≤ x + y", "(>[x,y,z] (in3[x,y,z,+]) (leq[x,z,N,+]))"),
            ("something is between", "(>[x,y] (leq[x,y,N,+]) !(>[z] (leq[x,z,N,+]) !(leq[z,y,N,+])))"),
        ],
    );
    // The goal may be an instance of a law that was found first.
    let proved = |rule: fn(&Rule) -> bool| exploration.theorems.iter().any(|theorem| uses(theorem, rule));
    named(&exploration, "transitive");
    assert!(proved(|rule| *rule == Rule::Unfold) && proved(|rule| *rule == Rule::Fold));
    assert!(proved(|rule| matches!(rule, Rule::ExistsElimination(_))));
}

#[test]
fn trees_and_lists_have_their_inductions() {
    let trees = prove_goals(theories::trees(), &[("mirror of mirror", "(>[x,y] (in2[x,y,mirror]) (in2[y,x,mirror]))")]);
    assert_eq!(theorem(&trees, 0).checked.basis().inductions, [0]);
    let lists = prove_goals(
        theories::lists(),
        &[
            ("x joined with nil", "(>[x] (in[x,L]) (in3[x,nil,x,join]))"),
            (
                "joining is associative",
                "(>[x,y,u] (in3[x,y,u,join]) (>[z,v] (in3[u,z,v,join]) (>[w] (in3[y,z,w,join]) (in3[x,w,v,join]))))",
            ),
        ],
    );
    assert_eq!(theorem(&lists, 1).checked.basis().inductions, [0]);
}

#[test]
fn groups_need_no_induction() {
    let exploration = prove_goals(
        theories::groups(),
        &[
            ("right inverse", "(>[x,y] (in2[x,y,i]) (in3[x,y,e,*]))"),
            ("right identity", "(>[x] (in[x,G]) (in3[x,e,x,*]))"),
            ("cancellation", "(>[x,y,u] (in3[x,y,u,*]) (>[z] (in3[x,z,u,*]) (=[y,z])))"),
            ("only one identity", "(>[x,y] (in3[x,y,y,*]) (=[x,e]))"),
            ("inverse of the inverse", "(>[x,y] (in2[x,y,i]) (in2[y,x,i]))"),
        ],
    );
    assert!(exploration.theorems.iter().all(|theorem| theorem.induction.is_none()));
}

#[test]
fn a_theory_that_contradicts_itself_is_found_out() {
    let mut plain = Definer::new("plain");
    plain.define("Plain", "c P/1", &["(in[c,P])", "(>[x] (in[x,P]) !(in[x,P]))"]);
    let mut deep = Definer::new("deep");
    deep.functions();
    deep.define(
        "Deep",
        "N/1 0 s/2 1",
        &[
            "(in[0,N])",
            "(function[s,N,N])",
            "(in2[0,1,s])",
            "(>[x,y] (in2[x,y,s]) (=[x,y]))",
            "(>[x] (in[x,N]) !(in2[x,0,s]))",
        ],
    );
    for theory in [plain.finish(), deep.finish()] {
        let name = theory.name.clone();
        let exploration = try_goals(theory, &[]);
        let found = exploration.inconsistency.unwrap_or_else(|| panic!("{name} contradicts itself"));
        let theorem = &exploration.theorems[found.0 as usize];
        // It states that something differs from itself, whatever the axioms are about.
        let Formula::Implies(_, _, conclusion) = theorem.checked.statement() else { panic!("behind the anchor") };
        assert!(matches!(&**conclusion, Formula::Not(_)), "{name}");
        assert!(theorem.checked.basis().theorems.is_empty() && theorem.checked.basis().inductions.is_empty(), "{name}");
    }
    // Inconsistent, but not detected: there is no demand for s(0), since values that the root block wants are not
    // demanded in the blocks below it.
    let mut hidden = Definer::new("hidden");
    hidden.functions();
    hidden.define(
        "Hidden",
        "N/1 0 s/2",
        &["(in[0,N])", "(function[s,N,N])", "(>[x,y] (in2[x,y,s]) (=[x,y]))", "(>[x] (in[x,N]) !(in2[x,0,s]))"],
    );
    assert_eq!(try_goals(hidden.finish(), &[]).inconsistency, None);
    for theory in [theories::arithmetic(), theories::groups(), theories::trees(), theories::lists()] {
        assert_eq!(try_goals(theory, &[]).inconsistency, None);
    }
}

#[test]
fn premises_that_contradict_give_anything() {
    let exploration = prove_goals(
        theories::arithmetic(),
        &[
            ("0 is a successor", "(>[x] (in2[x,0,s]) (=[x,1]))"),
            ("1 is 0", "(>[x,y,z] (& (=[1,0]) (in3[x,y,z,+])) (in3[x,y,x,*]))"),
        ],
    );
    for place in 0..2 {
        assert!(exploration.conjectures[place].vacuous);
        assert!(uses(theorem(&exploration, place), |rule| *rule == Rule::ExFalso));
    }
}

#[test]
fn what_is_denied_is_refuted() {
    let exploration = prove_goals(
        theories::arithmetic(),
        &[
            ("s(x) is not 0", "(>[x,y] (in2[x,y,s]) !(=[y,0]))"),
            ("1 is not 0", "!(=[1,0])"),
            ("no number is its successor", "(>[x] (in[x,N]) !(in2[x,x,s]))"),
        ],
    );
    for place in 0..3 {
        assert!(uses(theorem(&exploration, place), |rule| matches!(rule, Rule::NotIntroduction(_))));
    }
}

#[test]
fn what_exists_has_a_witness() {
    let exploration = prove_goals(
        theories::arithmetic(),
        &[
            ("x + 1 = s(x)", "(>[x] (in[x,N]) !(>[y] (in2[x,y,s]) !(in3[x,1,y,+])))"),
            ("every number has a successor", "(>[x] (in[x,N]) !(>[y] (in[y,N]) !(in2[x,y,s])))"),
            ("sum and product", "(>[x,y] (& (in[x,N]) (in[y,N])) !(>[z,u] (in3[x,y,z,+]) !(in3[x,y,u,*])))"),
        ],
    );
    for place in 0..3 {
        assert!(uses(theorem(&exploration, place), |rule| matches!(rule, Rule::ExistsIntroduction(_))));
    }
}

#[test]
fn what_is_false_is_refuted_with_its_numbers() {
    let goals = [
        ("x + y = x", "(>[x,y,z] (in3[x,y,z,+]) (=[z,x]))"),
        ("x · x = x + x", "(>[x,y] (in3[x,x,y,*]) (in3[x,x,y,+]))"),
    ];
    let exploration = try_goals(theories::arithmetic(), &goals);
    for ((label, _), conjecture) in goals.iter().zip(&exploration.conjectures) {
        let Fate::Refuted(model, values) = &conjecture.fate else { panic!("{label}: {:?}", conjecture.fate) };
        assert!(*model < exploration.models.len());
        assert_eq!(values.len(), conjecture.clause.as_ref().map_or(0, |clause| clause.variables as usize), "{label}");
    }
    assert!(exploration.theorems.is_empty());
}

/// The complete result of an exploration, as text.
fn outcome(theory: &Theory, exploration: &Exploration) -> String {
    let mut text = format!("{:?}\n", exploration.counts());
    for theorem in &exploration.theorems {
        text += &format!(
            "{} {:?} {:?}\n",
            show(theory, theorem.checked.statement()),
            theorem.checked.proof(),
            theorem.checked.basis()
        );
    }
    for conjecture in &exploration.conjectures {
        text += &format!("{} {:?}\n", show(theory, &conjecture.statement), conjecture.fate);
    }
    text
}

#[test]
fn the_order_of_work_does_not_matter() {
    let total = "(>[x,y] (& (in[x,N]) (in[y,N])) !(& !(leq[x,y,N,+]) !(leq[y,x,N,+])))";
    let orders = (seeds().end / 10).max(1);
    let mut ordered = theories::ordered_arithmetic();
    ordered.bounds.atoms = 3;
    for (theory, texts, orders) in [
        (theories::arithmetic(), LAWS, orders),
        (theories::unions(), theories::OF_UNIONS, 3 * orders),
        // Needs cases, and values that are demanded again when the block is stuck.
        (ordered, &[LAWS[0], LAWS[1], ("total", total)][..], 1),
    ] {
        let theory = Arc::new(theory);
        let goals: Vec<Goal> = texts.iter().map(|(label, text)| goal(&theory, label, text)).collect();
        let options = Options { generate: false, last_effort: None, ..Options::default() };
        let plain = outcome(&theory, &explore(&theory, &goals, options, &mut in_order));
        let again = outcome(&theory, &explore(&theory, &goals, options, &mut in_order));
        assert_eq!(plain, again);
        for seed in 0..orders {
            let random = &mut Random::new(seed);
            let mixed = explore(&theory, &goals, options, &mut |blocks| at_random(blocks, random));
            assert!(plain == outcome(&theory, &mixed), "{}, seed {seed}: something else", theory.name);
        }
        println!("{}: {orders} orders, the same {} bytes", theory.name, plain.len());
    }
}

#[test]
fn conjectures_come_out_the_same_in_any_order() {
    let mut theory = theories::arithmetic();
    theory.bounds.atoms = 4;
    let theory = Arc::new(theory);
    let options = Options { last_effort: None, ..Options::default() };
    let plain = explore(&theory, &[], options, &mut in_order);
    println!("{} theorems", plain.theorems.len());
    assert!(plain.theorems.len() > 20);
    let plain = outcome(&theory, &plain);
    for seed in 0..3 {
        let random = &mut Random::new(seed);
        let mixed = explore(&theory, &[], options, &mut |blocks| at_random(blocks, random));
        let mixed = outcome(&theory, &mixed);
        assert!(plain == mixed, "seed {seed} gives something else");
    }
}

/// A truncated, extended or differently versioned checkpoint is refused; the first byte is the version.
#[test]
fn an_exploration_goes_on_from_a_checkpoint_and_refuses_one_that_does_not_fit() {
    let theory = Arc::new(theories::arithmetic());
    let whole = explore(&theory, &[], Options::default(), &mut in_order);
    let restore = |bytes: &[u8], of: &Exploration| {
        let proofs = of.theorems.iter().map(|theorem| theorem.checked.proof().clone()).collect();
        Exploration::restore(theory.clone(), &[], Options::default(), bytes, proofs)
    };
    let mut exploration = Exploration::new(theory.clone(), &[], Options::default());
    loop {
        match exploration.next() {
            Task::Prepare => {
                exploration.prepare(&mut || true);
            }
            Task::Solve(blocks) => {
                let (verdicts, count, steps) = in_order(blocks);
                exploration.commit(verdicts, count, steps);
            }
            Task::Ask | Task::Finished => break,
        }
        if !exploration.round().is_multiple_of(16) {
            continue;
        }
        let bytes = exploration.save();
        exploration = restore(&bytes, &exploration).expect("it was saved just now");
        assert_eq!(exploration.save(), bytes);
    }
    let statements =
        |of: &Exploration| of.theorems.iter().map(|one| one.checked.statement().clone()).collect::<Vec<_>>();
    assert_eq!(statements(&exploration), statements(&whole));

    let bytes = exploration.save();
    for end in (0..bytes.len()).step_by(bytes.len() / 40) {
        assert!(restore(&bytes[..end], &exploration).is_err(), "the first {end} of {} bytes", bytes.len());
    }
    assert!(restore(&[&bytes[..], &[0]].concat(), &exploration).is_err());
    let other = [&[bytes[0] - 1], &bytes[1..]].concat();
    let refused = restore(&other, &exploration).expect_err("another version").to_string();
    assert_eq!(refused, "the checkpoint does not fit: it was written by another version of this program");
}
