//! The presentation of an exploration: named laws first, variants with the law they belong to, variables named in
//! reading order; and which theorems are essential.

mod common;

use std::sync::Arc;

use common::run::{explore, in_order};
use common::theories::{self, Definer};
use theoremata_logic::calculus::proof::TheoremId;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::search::explore::{Exploration, Options, Variant};

fn explored(theory: Theory) -> Exploration {
    explore(&Arc::new(theory), &[], Options::default(), &mut in_order)
}

/// An operation like the meet of a lattice.
fn semilattice() -> Theory {
    let mut definer = Definer::new("semilattices");
    definer.functions();
    definer.define(
        "Semilattice",
        "L/1 ^/3 leq/2",
        &[
            "(operation[^,L,L,L])",
            "(>[x,y,z] (in3[x,y,z,^]) (in3[y,x,z,^]))",
            "(>[x,y,z,u,v] (& (in3[x,y,u,^]) (& (in3[u,z,v,^]) (in[z,L]))) (>[w] (in3[y,z,w,^]) (in3[x,w,v,^])))",
            "(>[x] (in[x,L]) (in3[x,x,x,^]))",
            "(>[x,y] (in2[x,y,leq]) (in3[x,y,x,^]))",
            "(>[x,y] (in3[x,y,x,^]) (in2[x,y,leq]))",
        ],
    );
    definer.finish()
}

fn essential(exploration: &Exploration) -> Vec<TheoremId> {
    let theorems = exploration.theorems.iter().enumerate().filter(|(_, theorem)| theorem.essential);
    theorems.map(|(place, _)| TheoremId(place as u32)).collect()
}

fn text(exploration: &Exploration, place: usize) -> String {
    exploration.reading().statement(exploration.theorems[place].checked.statement()).to_string()
}

/// The rules follow from the axioms and the essential theorems, none of which follows from the others; the corollaries
/// follow from the rules.
fn essential_ones_suffice(theory: Theory) -> usize {
    let mut exploration = explored(theory);
    let essential = essential(&exploration);
    let rules: Vec<TheoremId> = (0..exploration.theorems.len() as u32)
        .map(TheoremId)
        .filter(|id| !exploration.theorems[id.0 as usize].corollary)
        .collect();
    for place in 0..exploration.theorems.len() {
        let id = TheoremId(place as u32);
        if essential.contains(&id) {
            let rest: Vec<TheoremId> = essential.iter().copied().filter(|other| *other != id).collect();
            assert!(!exploration.follows_from(&rest, id), "{} follows from the rest", text(&exploration, place));
        } else {
            let known = if exploration.theorems[place].corollary { &rules } else { &essential };
            assert!(exploration.follows_from(known, id), "{} does not follow", text(&exploration, place));
        }
    }
    essential.len()
}

#[test]
fn from_the_essential_theorems_the_others_are_found_again() {
    assert!(essential_ones_suffice(theories::arithmetic()) > 0, "arithmetic needs lemmas");
    essential_ones_suffice(theories::groups());
    essential_ones_suffice(semilattice());
}

/// Whether the laws with these names come first, in whatever order they were proved.
fn first_are(exploration: &Exploration, names: &[&str]) {
    let interest = exploration.interest();
    let first: Vec<&str> =
        interest.laws.iter().take(20).filter_map(|place| interest.listed[*place].name.as_deref()).collect();
    for name in names {
        assert!(first.contains(name), "{name} is not among {first:?}");
    }
}

#[test]
fn what_has_a_name_is_shown_first() {
    first_are(
        &explored(theories::arithmetic()),
        &[
            "commutativity of +",
            "commutativity of ·",
            "associativity of +",
            "associativity of ·",
            "left distributivity of · over +",
            "right distributivity of · over +",
            "left identity of +",
            "left zero of ·",
            "right cancellation of +",
        ],
    );
    first_are(
        &explored(theories::groups()),
        &[
            "right identity of ·",
            "involution of i",
            "anti-homomorphism i of ·",
            "left cancellation of ·",
            "right cancellation of ·",
            "injectivity of i",
        ],
    );
}

#[test]
fn a_variant_stands_with_its_law() {
    let exploration = explored(theories::arithmetic());
    let interest = exploration.interest();
    assert_eq!(interest.laws.len() + interest.variants(), exploration.theorems.len());
    let place = |wanted: &str| {
        let found = (0..exploration.theorems.len()).find(|place| text(&exploration, *place) == wanted);
        found.unwrap_or_else(|| panic!("{wanted} is a theorem"))
    };
    let law = place("∀ a b : a · b = b · a");
    for variant in ["∀ a : 1 · a = a · 1", "∀ a b : s(a · b) = s(b · a)"] {
        assert_eq!(interest.listed[place(variant)].variant, Some(Variant::Theorem(law)), "{variant}");
    }
    for place in &interest.laws {
        assert_eq!(interest.listed[*place].variant, None);
    }
}

#[test]
fn variables_are_named_in_the_order_in_which_they_are_read() {
    for theory in [theories::arithmetic(), theories::groups()] {
        let exploration = explored(theory);
        let parameters = exploration.theory().anchor_definition().parameters.clone();
        for place in 0..exploration.theorems.len() {
            let mut met: Vec<String> = Vec::new();
            let read = exploration.reading().statement(exploration.theorems[place].checked.statement());
            read.for_each_variable(&mut |variable| {
                if !met.contains(&variable.text.to_string()) {
                    met.push(variable.text.to_string());
                }
            });
            // Leading quantifiers are read before inner ones.
            let shown = read.to_string();
            if shown.contains("(∀") || shown.contains('∃') {
                met.sort_by_key(|name| shown.find(name));
            }
            let letters =
                ('a'..='z').map(String::from).filter(|name| !parameters.iter().any(|known| **known == **name));
            assert_eq!(met, letters.take(met.len()).collect::<Vec<_>>(), "{read}");
        }
    }
}
