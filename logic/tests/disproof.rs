//! Goals that fail for a reason outside every piece of the structure: the lack of a witness is proved.

mod verdict;

use std::sync::Arc;

use theoremata_logic::calculus::theory::{Goal, Theory};
use theoremata_logic::language::infix::Infix;
use theoremata_logic::language::mpl::read_goals;
use theoremata_logic::models::reference::{head_fails, premises_hold};
use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::{Exploration, Fate, Options, Task};
use verdict::Told;

const GOALS_ONLY: fn() -> Options = || Options { generate: false, ..Options::default() };

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../theories/laws/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a file of ours")
}

/// Explores the goals with a limit on steps; with `restarts` the exploration is saved and restored after every round.
fn asked(theory: &Arc<Theory>, goals: &str, most: u64, restarts: bool) -> Exploration {
    let (goals, report) = read_goals(theory, goals.as_bytes(), "test.goals");
    assert!(!report.failed(), "{report:?}");
    let mut exploration = Exploration::new(theory.clone(), &goals, GOALS_ONLY());
    loop {
        match exploration.next() {
            Task::Prepare => assert!(exploration.prepare(&mut || true)),
            Task::Solve(blocks) => {
                let count = blocks.len() as u64;
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(solve).unzip();
                exploration.commit(verdicts, count, steps.iter().sum());
                if restarts {
                    let proofs = exploration.theorems.iter().map(|theorem| theorem.checked.proof().clone()).collect();
                    let bytes = exploration.save();
                    exploration = Exploration::restore(theory.clone(), &goals, GOALS_ONLY(), &bytes, proofs)
                        .expect("it was saved just now");
                }
            }
            Task::Ask | Task::Finished => return exploration,
        }
        if exploration.counts().steps > most {
            return exploration;
        }
    }
}

#[test]
fn what_does_not_divide_is_seen_by_small_proofs() {
    let theory = verdict::shipped("divisibility.mpl");
    let told = verdict::told(&asked(&theory, &file("divisibility.false.goals"), 1_000_000, false));
    assert_eq!(told, vec![Told::CounterSatisfiable; 6]);
}

/// 3! = 6, and 720 lies outside of the piece.
#[test]
fn large_values_are_computed() {
    let theory = verdict::shipped("powers.mpl");
    let infix = Infix::new(&theory);
    let goals = ["(x!)! = x!", "x ^ x = x! ^ x"];
    let goals: Vec<Goal> = goals.iter().map(|goal| infix.goal(goal).expect("a statement")).collect();
    let mut exploration = Exploration::new(theory.clone(), &goals, GOALS_ONLY());
    assert!(exploration.prepare(&mut || true));
    for conjecture in &exploration.conjectures {
        let Fate::Refuted(model, values) = &conjecture.fate else { panic!("{:?}", conjecture.fate) };
        let (model, clause) = (&exploration.models[*model], conjecture.clause.as_ref().expect("a clause"));
        assert!(premises_hold(model, clause, values) && head_fails(model, clause, values));
        assert_eq!(model.names[usize::from(values[0])], "3");
    }
    let names = exploration.models.iter().flat_map(|model| &model.names);
    assert!(names.into_iter().any(|name| name == "720"));
}

/// Some values are excluded by theorems that are found on the way.
#[test]
fn of_an_order_there_is_no_more_to_see_than_is_proved() {
    let theory = verdict::shipped("natural-order.mpl");
    let goals = file("natural-order.false.goals");
    let exploration = asked(&theory, &goals, u64::MAX, false);
    assert_eq!(verdict::told(&exploration), vec![Told::CounterSatisfiable; 6]);
}

#[test]
fn what_is_disproved_stays_so_when_the_search_is_taken_up_again() {
    let theory = verdict::shipped("divisibility.mpl");
    // A true one that needs induction continues after the others.
    let goals = format!("{}\n(>[x,y,z] (& (in2[x,y,∣]) (in2[y,z,∣])) (in2[x,z,∣]))", file("divisibility.false.goals"));
    let fates = |restarts| {
        let exploration = asked(&theory, &goals, 5_000_000, restarts);
        let fate = |place: usize| match &exploration.conjectures[place].fate {
            Fate::Refuted(model, values) => Some((*model, values.clone())),
            _ => None,
        };
        (0..6).map(fate).collect::<Vec<_>>()
    };
    let straight = fates(false);
    assert!(straight.iter().all(Option::is_some), "{straight:?}");
    assert_eq!(straight, fates(true));
}

/// A recursion equation may be written from the value: `(a :: x) ++ y = z → a :: (x ++ y) = z`. The axioms then still extend
/// every set of elements, so statements about lists are refuted.
#[test]
fn recursion_equations_may_conclude_the_value() {
    let theory = "
      (define Lists[A,L,nil,cons] (& (in[nil,L]) (operation[cons,A,L,L])
        (>[a,x] (in[x,L]) !(in3[a,x,nil,cons]))
        (>[a,x,b,y,z] (& (in3[a,x,z,cons]) (in3[b,y,z,cons])) (& (=[a,b]) (=[x,y])))))
      (generated \"induction\" Lists[A,L,nil,cons] L nil cons[A,L])
      (theory Filtered[A,L,nil,cons,++,P,f,r] (& (Lists[A,L,nil,cons])
        (operation[++,L,L,L]) (function[f,L,L]) (function[r,L,L]) (>[a] (in[a,P]) (in[a,A]))
        (>[x] (in[x,L]) (in3[nil,x,x,++]))
        (>[a,x,y,u,v,w] (& (in3[a,x,u,cons]) (in3[u,y,v,++]) (in3[x,y,w,++])) (in3[a,w,v,cons]))
        (in2[nil,nil,r])
        (>[a,x,u,v,w,t] (& (in3[a,x,u,cons]) (in2[u,v,r]) (in2[x,w,r]) (in3[a,nil,t,cons])) (in3[w,t,v,++]))
        (in2[nil,nil,f])
        (>[a,x,u,v,w] (& (in[a,P]) (in3[a,x,u,cons]) (in2[u,v,f]) (in2[x,w,f])) (in3[a,w,v,cons]))
        (>[a,x,u,v] (& !(in[a,P]) (in3[a,x,u,cons]) (in2[u,v,f])) (in2[x,v,f]))))";
    let goals = [
        "(>[x] (in[x,L]) (in2[x,x,f]))",
        "(>[x] (in[x,L]) (in2[x,x,r]))",
        "(>[x,y,z] (in3[x,y,z,++]) (in3[y,x,z,++]))",
        "(>[x,y] (in2[x,y,f]) (=[y,nil]))",
    ];
    assert_eq!(verdict::ask(&format!("{}{theory}", verdict::FUNCTIONS), &goals), vec![Told::CounterSatisfiable; 4]);
}
