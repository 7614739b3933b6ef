use std::sync::Arc;

use super::shape::{Token, tokens};
use super::*;
use crate::calculus::theory::Theory;
use crate::language::infix::Infix;
use crate::language::mpl::read_mpl;

fn theory(name: &str) -> Arc<Theory> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../theories/");
    let read = |name: &str| std::fs::read(format!("{folder}{name}")).expect("a theory that is shipped");
    let mut loader = |import: &str| Ok(read(import));
    Arc::new(read_mpl(name, &read(name), &mut loader).unwrap_or_else(|_| panic!("{name} is a theory")).0)
}

fn query(theory: &Arc<Theory>, topic: Topic, goal: Option<&str>, stuck: &[&str], most: usize) -> Query {
    let infix = Infix::new(theory);
    let read = |text: &str| infix.goal(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}")).statement;
    Query {
        number: 0,
        topic,
        theory: theory.clone(),
        goal: goal.map(read),
        stuck: stuck.iter().map(|text| read(text)).collect(),
        theorems: Vec::new(),
        consequences: Vec::new(),
        most,
    }
}

fn shape(theory: &Theory, text: &str) -> Vec<Token> {
    let infix = Infix::new(theory);
    let sentence = infix.sentence(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
    tokens(infix.vocabulary(), &sentence).expect("literals")
}

#[test]
fn statements_of_one_form_are_the_same_tokens_in_any_theory() {
    let (peano, group) = (theory("peano.mpl"), theory("group.mpl"));
    assert_eq!(shape(&peano, "a + b = b + a"), shape(&group, "x · y = y · x"));
    assert_eq!(shape(&peano, "a + b = b + a"), shape(&peano, "b · a = a · b"));
    assert_ne!(shape(&peano, "a + b = b · a"), shape(&peano, "a + b = b + a"));
    assert_eq!(shape(&peano, "a + 0 = a → a ≠ b"), shape(&peano, "b · 1 = b → b ≠ a"));
}

#[test]
fn what_is_written_is_read_as_the_same_tree() {
    for (name, texts) in [
        (
            "peano.mpl",
            &["(a + b) · c = (a · c) + (b · c)", "s(a) = s(b) ∧ a ≠ 0 → a = b", "¬(a = b ∧ b = a) ∨ a = 0"][..],
        ),
        ("group.mpl", &["(a · b)⁻¹ = (b⁻¹) · (a⁻¹)", "(a⁻¹)⁻¹ = a ↔ a = a"]),
        ("lists.mpl", &["rev(x ++ y) = (rev(y)) ++ (rev(x))", "len(a :: x) = s(len(x))"]),
        ("natural-order.mpl", &["a ≤ b ∧ b ≤ c → a ≤ c", "¬(a < a)"]),
    ] {
        let theory = theory(name);
        let infix = Infix::new(&theory);
        for text in texts {
            let tree = infix.sentence(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
            let written = infix.written(&tree);
            assert_eq!(infix.sentence(&written), Ok(tree), "{text} was written {written}");
        }
    }
}

#[test]
fn drawn_statements_are_statements_of_any_theory_and_hang_on_seed_and_question() {
    let drawn = |guide: &Guide, theory: &Arc<Theory>, topic: Topic| {
        // If several sets are possible, a goal has to say which.
        let goal = Some("x = y → y = x").filter(|goal| Infix::new(theory).goal(goal).is_ok());
        guide.statements(&query(theory, topic, goal, &[], 12))
    };
    for name in ["peano.mpl", "group.mpl", "lists.mpl", "sets.mpl", "graphs.mpl", "mappings.mpl"] {
        let theory = theory(name);
        let statements = drawn(&Guide::random(7), &theory, Topic::Lemma);
        assert!(statements.len() >= 6, "{name}: {statements:?}");
        assert_eq!(statements, drawn(&Guide::random(7), &theory, Topic::Lemma));
        assert_ne!(statements, drawn(&Guide::random(8), &theory, Topic::Lemma));
        for text in &statements {
            assert!(Infix::new(&theory).goal(text).is_ok(), "{name}: {text}");
        }
        // A case is about the individuals of the goal and is no implication.
        let cases = drawn(&Guide::random(7), &theory, Topic::Split);
        assert!(cases.iter().all(|text| !text.contains('→')), "{cases:?}");
    }
}

#[test]
fn a_table_draws_what_it_has_learned_in_a_theory_that_it_never_saw() {
    let (peano, lattice) = (theory("peano.mpl"), theory("lattice.mpl"));
    let infix = Infix::new(&peano);
    let mut table = Table::default();
    for _ in 0..20 {
        table.learn(&peano, &infix.goal("a + b = b + a").expect("a statement").statement);
    }
    assert_eq!(table.statements, 20);
    let shapes = |guide: &Guide| -> Vec<Vec<Token>> {
        let statements = guide.statements(&query(&lattice, Topic::Conjectures, None, &[], 12));
        statements.iter().map(|text| shape(&lattice, text)).collect()
    };
    let commutativity = shape(&peano, "a + b = b + a");
    let count = |shapes: Vec<Vec<Token>>| shapes.iter().filter(|shape| **shape == commutativity).count();
    // Of the two operations of a lattice.
    assert_eq!(count(shapes(&Guide::learned(Arc::new(table.clone()), 1))), 2);
    assert!(count(shapes(&Guide::random(1))) < 2);
    let fingerprint = table.fingerprint();
    table.learn(&peano, &infix.goal("a + 0 = a").expect("a statement").statement);
    assert_ne!(table.fingerprint(), fingerprint);
}

#[test]
fn subgoals_become_more_general() {
    let peano = theory("peano.mpl");
    let asked = query(&peano, Topic::Lemma, Some("x + s(0) = s(0) + x"), &["x + (y · y) = (y · y) + x"], 8);
    let found = generalised(&asked);
    assert!(found.contains(&"x + z = z + x".to_owned()) || found.contains(&"x + y = y + x".to_owned()), "{found:?}");
    // The simplest come first.
    assert!(found.windows(2).all(|two| two[0].chars().count() <= two[1].chars().count()), "{found:?}");
}
