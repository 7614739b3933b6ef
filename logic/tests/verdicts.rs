//! Verdicts on goals: kinds of theories and goals, each with the right verdict.

mod verdict;

use theoremata_logic::search::explore::Options;
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
    let theory = "(theory T[R,S,c] (& (in[c,S]) (>[x] (in2[x,c,R]) (in2[x,c,R])) (>[x] (=[x,x]) (in2[x,x,R]))))";
    let goals = [
        "(in2[c,c,R])",
        "(>[x] (=[x,x]) (in2[x,x,R]))",
        "(>[x] (in[x,S]) (in2[x,x,R]))",
        "(>[x] (in2[x,x,R]) (in[x,S]))",
    ];
    assert_eq!(ask(theory, &goals), [Told::Theorem, Told::Theorem, Told::Theorem, Told::CounterSatisfiable]);
    let one = "(theory One[S,T,c] (& (>[x,y] (& (=[x,x]) (=[y,y])) (=[x,y])) (& (in[c,S]) !(in[c,T]))))";
    assert_eq!(ask(one, &["(in[c,T])", "(>[x] (in[x,T]) (in[x,S]))"]), [Told::CounterSatisfiable, Told::Theorem]);
}

#[test]
fn an_existence_axiom_gives_its_witness() {
    let theory = "(theory T[R,S] !(>[x] (in[x,S]) !(in2[x,x,R])))";
    assert_eq!(
        ask(theory, &["!(>[x] (in[x,S]) !(in[x,S]))", "!(>[x] (in2[x,x,R]) !(=[x,x]))"]),
        [Told::Theorem, Told::Theorem]
    );
}

#[test]
fn a_goal_that_is_an_axiom_is_proved_whatever_its_shape() {
    let axioms = [
        "(>[x] (=[x,x]) (in2[x,x,R]))",
        "(>[x] (>[y] (in[y,S]) (in2[x,y,R])) (in[x,S]))",
        "!(>[x] (in[x,S]) (in2[x,x,R]))",
        "(>[x] (in[x,S]) !(& !(in2[x,x,R]) !(in2[x,x,R])))",
    ];
    for axiom in axioms {
        assert_eq!(ask(&format!("(theory T[R,S,c] (& (in[c,S]) {axiom}))"), &[axiom]), [Told::Theorem], "{axiom}");
    }
}

#[test]
fn a_contradiction_without_constants_is_noticed() {
    let theory = "(theory T[N,R] (& !(>[x] (in[x,N]) !(in2[x,x,R])) (>[x] (in[x,N]) !(in2[x,x,R]))))";
    assert_eq!(ask(theory, &["(>[x] (in[x,N]) !(in[x,N]))"]), [Told::Contradiction]);
    // Here a contradiction needs an individual, and the sort may be empty.
    let theory = "(theory T[N] (& (>[x] (=[x,x]) (in[x,N])) (>[x] (=[x,x]) !(in[x,N]))))";
    assert_eq!(ask(theory, &["!(>[x] (=[x,x]) !(in[x,N]))"]), [Told::CounterSatisfiable]);
}

#[test]
fn theorems_that_contradict_an_axiom_are_noticed() {
    let theory = "(define Two[N,a,b] (& (in[a,N]) (in[b,N]) !(=[a,b])))
        (generated \"only a\" Two[N,a,b] N a)
        (theory T[N,a,b] (Two[N,a,b]))";
    let exploration = verdict::explore(
        theory,
        &["(>[x] (in[x,N]) (=[x,a]))", "(=[a,b])", "!(=[a,b])"],
        Options { generate: false, ..Default::default() },
    );
    assert!(exploration.inconsistency.is_some() && exploration.is_finished());
}

#[test]
fn equal_goals_are_one_attempt() {
    let theory = "(theory T[S,T,c] (& (in[c,S]) (>[x] (in[x,S]) (in[x,T]))))";
    let goal = "(in[c,T])";
    let options = Options { generate: false, ..Default::default() };
    let once = verdict::explore(theory, &[goal], options);
    let often = verdict::explore(theory, &[goal; 50], options);
    assert_eq!(verdict::told(&often), vec![Told::Theorem; 50]);
    assert_eq!((once.counts().blocks, once.counts().steps), (often.counts().blocks, often.counts().steps));
    assert_eq!(often.theorems.len(), 1);
}

#[test]
fn what_speaks_of_all_sets_is_refuted_by_no_structure_of_individuals() {
    let theory = "(theory T[S,c,d] (& (in[c,S]) (in[d,S]) !(=[c,d])))";
    let goals = ["(>[A] (in[c,A]) (in[d,A]))", "(>[A,B] (=[A,B]) (=[B,A]))", "(=[S,S])"];
    let told = ask(theory, &goals);
    assert!(!told.contains(&Told::CounterSatisfiable), "{told:?}");
}

/// The natural numbers with addition.
const NUMBERS: &str = "
    (define Numbers[N,0,s,+] (& (in[0,N])
        (>[x,y] (in2[x,y,s]) (& (in[x,N]) (in[y,N])))
        (>[x] (in[x,N]) !(>[y] (in[y,N]) !(in2[x,y,s])))
        (>[x] (in[x,N]) (>[y,z] (& (in2[x,y,s]) (in2[x,z,s])) (=[y,z])))
        (>[x] (in[x,N]) !(in2[x,0,s]))
        (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))
        (>[x,y,z] (in3[x,y,z,+]) (& (in[x,N]) (in[y,N]) (in[z,N])))
        (>[x,y] (& (in[x,N]) (in[y,N])) !(>[z] (in[z,N]) !(in3[x,y,z,+])))
        (>[x,y] (& (in[x,N]) (in[y,N])) (>[z,w] (& (in3[x,y,z,+]) (in3[x,y,w,+])) (=[z,w])))
        (>[x] (in[x,N]) (in3[x,0,x,+]))
        (>[x,y,z,u,v] (& (in3[x,y,z,+]) (in2[y,u,s]) (in2[z,v,s])) (in3[x,u,v,+]))))
    (generated \"induction\" Numbers[N,0,s,+] N 0 s[N])
    (theory T[N,0,s,+] (Numbers[N,0,s,+]))";

/// Goals about individuals only: proved, refuted, and too hard for a small search.
const PLAIN: [&str; 20] = [
    "(>[a] (in[a,N]) (in3[0,a,a,+]))",
    "(>[a,b,c] (in3[a,b,c,+]) (in3[b,a,c,+]))",
    "(>[a,b] (in2[a,b,s]) !(=[a,b]))",
    "(>[a,b] (in3[a,b,0,+]) (=[a,0]))",
    "(>[a,b] (in3[a,b,b,+]) (=[a,0]))",
    "(>[a,b] (in3[a,a,b,+]) (=[a,0]))",
    "(>[a,b,c] (in3[a,b,c,+]) (in2[a,c,s]))",
    "(in3[0,0,0,+])",
    "!(>[x] (in[x,N]) !(in2[0,x,s]))",
    "(>[a,b,c,d,e] (& (in3[a,b,c,+]) (& (in3[c,d,e,+]) (in3[b,d,0,+]))) (=[a,e]))",
    "(>[a,b,c,d] (& (in3[a,b,c,+]) (in3[a,b,d,+])) (=[c,d]))",
    "(>[a,b,c,d] (& (in3[a,b,c,+]) (in3[a,d,c,+])) (=[b,d]))",
    "(>[a,b,c] (& (in3[a,b,c,+]) (in2[a,b,s])) (in3[b,a,c,+]))",
    "(>[a,b,c,d] (& (in2[a,b,s]) (& (in3[b,c,d,+]) (=[c,0]))) (=[b,d]))",
    "(>[a] (in[a,N]) !(in2[a,a,s]))",
    "(>[a,b] (in2[a,b,s]) (in2[b,a,s]))",
    "(>[a] (in[a,N]) (in3[a,a,a,+]))",
    "!(>[x,y] (in2[x,y,s]) !(in2[y,x,s]))",
    "(>[a,b,c,d,e,f] (& (in3[a,b,c,+]) (& (in3[c,d,e,+]) (in3[b,d,f,+]))) (in3[a,f,e,+]))",
    "(>[x] (=[x,x]) (in[x,N]))",
];

/// Goals about all sets, functions and operations, with the verdict of each when it is alone, if any.
const OF_SETS: [(&str, Option<Told>); 10] = [
    ("(>[A] (in[0,A]) (in[0,N]))", Some(Told::Theorem)),
    ("(>[A] (>[x] (in[x,N]) (in[x,A])) (in[0,A]))", None),
    ("(>[f,x,y] (in2[x,y,f]) (in[0,N]))", Some(Told::Theorem)),
    ("(>[f,x,y,z] (& (in3[x,y,z,f]) (=[f,+])) (in3[x,y,z,+]))", Some(Told::Theorem)),
    ("(>[A,x] (& (in[x,A]) (=[A,N])) (in[x,N]))", Some(Told::Theorem)),
    ("!(>[A] (in[0,A]) !(in[0,A]))", Some(Told::Theorem)),
    ("(>[A,B] (=[A,B]) (>[x] (in[x,A]) (in[x,B])))", Some(Told::Theorem)),
    ("(>[A,f] (>[x,y] (& (in[x,A]) (in2[x,y,f])) (in[y,A])) (>[x,y] (& (in[x,A]) (in2[x,y,f])) (in[y,A])))", None),
    ("(>[f] (=[f,s]) (>[x,y] (in2[x,y,f]) (in2[x,y,s])))", Some(Told::Theorem)),
    ("(>[f,g] (& (=[f,+]) (=[g,f])) (in3[0,0,0,g]))", None),
];

#[test]
fn goals_about_sets_change_no_other_verdict() {
    let kinds = |told: &[Told]| told.iter().map(std::mem::discriminant).collect::<Vec<_>>();
    let alone = ask(NUMBERS, &PLAIN);
    let count = |told: &Told| alone.iter().filter(|other| *other == told).count();
    assert!(count(&Told::Theorem) >= 12 && count(&Told::CounterSatisfiable) >= 4, "{alone:?}");
    let beside = |sets: &[&str], place: usize| {
        let mut together = PLAIN.to_vec();
        together.splice(place..place, sets.iter().copied());
        let mut told = ask(NUMBERS, &together);
        let own: Vec<Told> = told.drain(place..place + sets.len()).collect();
        assert_eq!(kinds(&told), kinds(&alone), "beside {sets:?} at place {place}: {told:?}");
        own
    };
    for (number, (set, verdict)) in OF_SETS.iter().enumerate() {
        // It comes first, between the others, and last.
        for place in [0, PLAIN.len() / 2, PLAIN.len()] {
            let own = beside(&[set], place);
            assert!(verdict.as_ref().is_none_or(|verdict| own[0] == *verdict), "{set}: {own:?}");
        }
        for (other, _) in &OF_SETS[number + 1..] {
            beside(&[set, other], number);
        }
    }
    beside(&OF_SETS.map(|(set, _)| set), 0);
}

/// Vertices are parameters, and reachability is derived from edges; numbers are distinguished where axioms need it.
#[test]
fn what_definitions_determine_is_refuted_where_it_fails() {
    let told = |name: &str, goals: &[&str]| {
        let options = Options { generate: false, ..Options::default() };
        verdict::told(&verdict::explore_theory(verdict::shipped(name), goals, options))
    };
    let edges = [
        "(>[x,y] (in2[x,y,→]) (in2[x,y,⇝]))",
        "(>[x,y] (in2[x,y,⇝]) (in2[x,y,→]))",
        "(>[x,y] (in2[x,y,→]) (in2[y,x,→]))",
    ];
    assert_eq!(told("graphs.mpl", &edges), [Told::Theorem, Told::CounterSatisfiable, Told::CounterSatisfiable]);
    let order = ["(>[x,y] (in2[x,y,<]) (in2[x,y,≤]))", "(>[x,y] (in2[x,y,≤]) (in2[x,y,<]))"];
    assert_eq!(told("natural-order.mpl", &order), [Told::Theorem, Told::CounterSatisfiable]);
}

/// The project's showcase: the same counts as before, and they add up.
#[test]
fn the_counts_of_an_exploration_add_up() {
    for (name, built, refuted, shown) in
        [("peano.mpl", 663, 308, 25), ("group.mpl", 0, 0, 0), ("monoid.mpl", 0, 0, 0), ("partial-order.mpl", 0, 0, 0)]
    {
        let exploration = verdict::explore_theory(verdict::shipped(name), &[], Default::default());
        let counts = exploration.counts();
        let kept = counts.candidates - counts.lemmas;
        assert_eq!(
            counts.built,
            counts.refuted + counts.instances + counts.vacuous + counts.idle + counts.unlikely + kept as u64,
            "{name}: {counts:?}"
        );
        assert_eq!(
            counts.candidates,
            counts.direct + counts.induction + counts.corollaries + counts.open,
            "{counts:?}"
        );
        if built > 0 {
            let without = exploration.theorems.iter().filter(|theorem| !theorem.corollary).count();
            assert_eq!((counts.built, counts.refuted, without), (built, refuted, shown), "{name}: {counts:?}");
        }
    }
}

/// An axiom with a ∀→ premise was once skipped; now goals that need it are proved.
#[test]
fn no_axiom_is_left_aside() {
    use theoremata_logic::search::explore::{Fate, Note};
    let options = Options { generate: false, ..Default::default() };
    let theory = "(theory T[R,S,c,d] (& (in[d,S]) (>[] (in[c,S]) (in[d,S])) (>[x,y] (in2[x,y,R]) (in[y,S])) \
                  (>[x] (>[y] (in[y,S]) (in2[x,y,R])) (in[x,S]))))";
    let goals = ["(>[] (>[y] (in[y,S]) (in2[c,y,R])) (in[c,S]))", "(in[c,S])"];
    let exploration = verdict::explore(theory, &goals, options);
    assert!(!exploration.notes().iter().any(|note| matches!(note, Note::Skipped(..))), "{:?}", exploration.notes());
    assert!(matches!(exploration.conjectures[0].fate, Fate::Proved(_)), "{:?}", exploration.conjectures[0].fate);
    assert!(matches!(exploration.conjectures[1].fate, Fate::Refuted(..)), "{:?}", exploration.conjectures[1].fate);
}

#[test]
fn a_run_that_is_told_to_stop_keeps_what_it_has() {
    use theoremata_logic::search::explore::{Exploration, Options, Task};
    let mut asked = 0;
    let theory = verdict::shipped("peano.mpl");
    let mut first = Exploration::new(theory.clone(), &[], Options::default());
    assert!(matches!(first.next(), Task::Prepare));
    assert!(first.prepare(&mut || {
        asked += 1;
        true
    }));
    // `go_on` is called throughout: an exploration can be stopped at any of these calls.
    for stop in [0, 1, asked / 3, asked / 2, asked - 1] {
        let mut exploration = Exploration::new(theory.clone(), &[], Options::default());
        let (mut count, mut after) = (0, 0);
        let finished = exploration.prepare(&mut || {
            count += 1;
            after += usize::from(count > stop);
            count <= stop
        });
        assert!(!finished, "told to stop at {stop} of {asked}");
        assert!(after < 80, "it went on {after} times after it was told to stop at {stop}");
    }
}

#[test]
fn a_theorem_about_coinciding_sorts_is_no_rule_for_others() {
    // The first goal identifies the sorts of S and T; the second does not.
    let theory = "(theory T[S,T,R,c,d] (& (in[c,S]) (in[d,T]) (>[x] (in2[x,c,R]) (in[x,S]))))";
    let goals = ["(>[x] (& (in[x,S]) (in[x,T])) (in[x,T]))", "(>[x] (in[x,T]) (in[x,T]))", "(in[d,T])"];
    assert_eq!(ask(theory, &goals), [Told::Theorem, Told::Theorem, Told::Theorem]);
}

#[test]
fn a_goal_about_all_relations_makes_no_statements_about_them() {
    let options = Options { generate: false, ..Default::default() };
    let exploration = verdict::explore(NUMBERS, &["(>[a,b,c,q] (in3[a,b,c,q]) (in3[b,a,c,q]))"], options);
    assert!(exploration.counts().built < 1_000, "{:?}", exploration.counts());
}
