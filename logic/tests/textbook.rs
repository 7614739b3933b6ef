//! Laws of textbooks: what explorations look for first, and prove in the end.

mod verdict;

use theoremata_logic::search::explore::{Exploration, Fate, Options};

fn proved(exploration: &Exploration) -> Vec<String> {
    let reading = exploration.reading();
    exploration.theorems.iter().map(|theorem| reading.statement(theorem.checked.statement()).to_string()).collect()
}

/// What is neutral, absorbing, least or greatest is so once, and equations of groups have solutions; but nothing is said
/// of what no model has.
#[test]
fn laws_with_a_quantifier_inside_are_proved_where_they_are_about_something() {
    for (name, laws, none) in [
        ("monoid.mpl", &["(∀ x ∈ M : a · x = x) → a = e", "(∀ x ∈ M : x · b = x) → a = b"][..], "∃"),
        ("partial-order.mpl", &["(∀ x ∈ P : a ≤ x) ∧ (∀ x ∈ P : b ≤ x) → a = b"], "¬"),
        ("group.mpl", &["∃ x ∈ G : a · x = b", "∃ x ∈ G : x · a = b"], "a · x = a"),
    ] {
        let exploration = verdict::explore_theory(verdict::shipped(name), &[], Options::default());
        let found = proved(&exploration);
        for law in laws {
            assert!(found.iter().any(|statement| statement.ends_with(law)), "{name}: {law} in {found:#?}");
        }
        assert!(found.iter().all(|statement| !statement.contains(none)), "{name}: {none} in {found:#?}");
    }
}

/// Of the theorems of the integers most are in the way of the next one.
#[test]
fn a_goal_is_proved_with_the_theorems_that_matter_for_it() {
    let law = "(>[x,y,u,z,v,w,q] (& (in3[x,y,u,*]) (in3[x,z,v,*]) (in3[u,v,w,+]) (in3[y,z,q,+])) (in3[x,q,w,*]))";
    let options = Options { generate: false, ..Options::default() };
    let exploration = verdict::explore_theory(verdict::shipped("integers.mpl"), &[law], options);
    assert!(matches!(exploration.conjectures[0].fate, Fate::Proved(_)), "{:?}", exploration.conjectures[0].fate);
    assert!(exploration.theorems.len() < 100, "{} theorems were proved before it", exploration.theorems.len());
}
