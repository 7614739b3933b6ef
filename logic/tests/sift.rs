//! Open conjectures are evaluated in models found for them, and the conjectures that they hid are proved.

mod common;

use std::sync::Arc;

use common::exported::shipped;
use common::run::in_order;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::infix::Infix;
use theoremata_logic::search::explore::{Exploration, Fate, Options, Task};

/// Explores; with `restarts` the exploration is saved and restored after every round.
fn explored(theory: &Arc<Theory>, restarts: bool) -> Exploration {
    let mut exploration = Exploration::new(theory.clone(), &[], Options::default());
    loop {
        match exploration.next() {
            Task::Prepare => assert!(exploration.prepare(&mut || true)),
            Task::Solve(blocks) => {
                let (verdicts, count, steps) = in_order(blocks);
                exploration.commit(verdicts, count, steps);
            }
            Task::Ask | Task::Finished => return exploration,
        }
        if restarts && exploration.round() > 0 {
            let bytes = exploration.save();
            let proofs = exploration.theorems.iter().map(|theorem| theorem.checked.proof().clone()).collect();
            exploration = Exploration::restore(theory.clone(), &[], Options::default(), &bytes, proofs)
                .expect("it was saved just now");
            assert_eq!(exploration.save(), bytes);
        }
    }
}

fn text(exploration: &Exploration) -> Vec<String> {
    let reading = exploration.reading();
    let fate = |fate: &Fate| match fate {
        Fate::Proved(_) => "proved".to_owned(),
        Fate::Refuted(model, values) => format!("refuted by {model}: {values:?}"),
        Fate::Open(_) | Fate::Waiting => "open".to_owned(),
        Fate::Unsupported(why) => (*why).to_owned(),
    };
    let one = |known: &theoremata_logic::search::explore::Conjecture| {
        format!("{} {}", reading.statement(&known.statement), fate(&known.fate))
    };
    exploration.conjectures.iter().map(one).collect()
}

#[test]
fn what_hid_behind_false_conjectures_is_found() {
    let theory = Arc::new(shipped("monoid.mpl"));
    let exploration = explored(&theory, false);
    let open: Vec<String> = text(&exploration).into_iter().filter(|line| line.ends_with(" open")).collect();
    // In finite monoids one-sided inverses are two-sided, so no finite model refutes that this always holds.
    assert!(open.len() <= 1, "{open:?}");
    let infix = Infix::new(&theory);
    for law in ["x · y = e ∧ z · x = w · x → z = w", "x · y = e ∧ y · z = e → x = z"] {
        let law = infix.goal(law).expect("a statement");
        let (again, known) = (exploration.reading(), exploration.theorems.iter());
        let shown = again.statement(&again.named(&law.statement)).to_string();
        let mut all = known.map(|theorem| again.statement(theorem.checked.statement()).to_string());
        assert!(all.any(|theorem| theorem == shown), "{shown}");
    }
}

/// Most false equations between trees have values that lie outside of the piece in which conjectures are tested.
#[test]
fn false_equations_with_large_values_do_not_stay_open() {
    let exploration = explored(&Arc::new(shipped("trees.mpl")), false);
    let open: Vec<String> = text(&exploration).into_iter().filter(|line| line.ends_with(" open")).collect();
    assert!(open.is_empty(), "{open:?}");
    let pieces = exploration.models.iter().filter(|model| !model.free.is_empty()).count();
    let beyond = |known: &&theoremata_logic::search::explore::Conjecture| matches!(known.fate, Fate::Refuted(model, _) if model >= pieces);
    assert!(exploration.conjectures.iter().filter(beyond).count() > 5, "{:?}", text(&exploration));
}

#[test]
fn a_sifted_exploration_is_the_same_after_restarts() {
    for name in ["monoid.mpl", "semigroup.mpl", "trees.mpl"] {
        let theory = Arc::new(shipped(name));
        let (whole, cut) = (explored(&theory, false), explored(&theory, true));
        assert_eq!(text(&whole), text(&cut), "{name}");
        assert_eq!(whole.models, cut.models, "{name}");
        assert_eq!(whole.save(), cut.save(), "{name}");
    }
}
