//! Exports to Rocq, Dedukti and Lean: their checkers accept them and refuse damaged ones, and the dependencies they
//! list are those of the pages.

mod common;

#[path = "export_typed/damage.rs"]
mod damage;
#[path = "export_typed/lean.rs"]
mod grammar;
#[path = "export_typed/more.rs"]
mod more;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use common::exported::{Collection, collections, folder, program, say};
use common::goal;
use common::other_sorts::other_sorts;
use damage::{KINDS, Language, Sample};
use theoremata_logic::calculus::proof::{Rule, TheoremId};
use theoremata_logic::export::dedukti::Dedukti;
use theoremata_logic::export::lean::Lean;
use theoremata_logic::export::rocq::Rocq;
use theoremata_logic::proofs::axiom_use::{Axioms, Given};

fn rocq(collection: &Collection) -> String {
    collection.written(&mut Rocq::new(&collection.theory))
}

fn dedukti(collection: &Collection) -> String {
    collection.written(&mut Dedukti::new(&collection.theory))
}

fn lean(collection: &Collection) -> String {
    collection.written(&mut Lean::new(&collection.theory))
}

/// Calls `act` with each collection of theorems for tests of exports.
fn for_each(mut act: impl FnMut(&Collection)) {
    collections().iter().for_each(&mut act);
    let (bridges, closed) = (more::bridges(), more::closed());
    [&bridges, &closed, &more::ugly(&closed)].into_iter().for_each(&mut act);
    let ugly = Collection { label: "anchored_ugly", ..more::ugly(&bridges) };
    act(&ugly);
    act(&other_sorts());
}

fn collection(label: &str) -> &'static Collection {
    collections().iter().find(|collection| collection.label == label).expect("one of the collections")
}

/// Compiles a text with Rocq; returns its output, and whether it accepts.
fn compiled(coqc: &Path, folder: &Path, name: &str, text: &str) -> (String, bool) {
    fs::write(folder.join(format!("{name}.v")), text).expect("a file of the test");
    let (said, good) = say(Command::new(coqc).arg("-q").arg(format!("{name}.v")).current_dir(folder));
    let good = good && !said.contains("Error") && folder.join(format!("{name}.vo")).is_file();
    (said, good)
}

fn kocheck(kocheck: &Path, folder: &Path, name: &str, text: &str) -> (String, bool) {
    fs::write(folder.join(format!("{name}.dk")), text).expect("a file of the test");
    // The path given becomes the module's name, so it has to be short.
    let (said, good) = say(Command::new(kocheck).arg(format!("{name}.dk")).current_dir(folder));
    let good = good && said.is_empty();
    (said, good)
}

#[test]
fn rocq_accepts_all_theorems() {
    let Some(coqc) = program("coqc") else { return };
    let folder = folder("rocq");
    let mut modules = Vec::new();
    for_each(|collection| {
        let text = rocq(collection);
        let (said, good) = compiled(&coqc, &folder, collection.label, &text);
        assert!(good && said.is_empty(), "{}: {said}", collection.label);
        assert_eq!(text.matches("\nTheorem ").count(), collection.proofs.len(), "{}", collection.label);
        assert_eq!(text.matches("\nQed.").count(), collection.proofs.len(), "{}", collection.label);
        modules.push(collection.label);
    });
    let Some(coqchk) = program("coqchk") else { return };
    let (said, good) = say(Command::new(coqchk).arg("-o").args(&modules).current_dir(&folder));
    assert!(good && said.contains("Modules were successfully checked"), "{said}");
    // Outside the section the hypotheses are premises, and nothing else is assumed.
    assert!(said.contains("* Axioms: <none>"), "{said}");
    let checked = said.matches("checking cst:peano.t").count();
    assert_eq!(checked, self::collection("peano").proofs.len(), "{said}");
}

#[test]
fn dedukti_accepts_all_theorems() {
    let Some(program) = program("kocheck") else { return };
    let folder = folder("dedukti");
    for_each(|collection| {
        let text = dedukti(collection);
        let (said, good) = kocheck(&program, &folder, collection.label, &text);
        assert!(good, "{}: {said}", collection.label);
        assert_eq!(text.matches("\nthm t").count(), collection.proofs.len(), "{}", collection.label);
    });
}

#[test]
fn lean_exports_follow_the_grammar() {
    for_each(|collection| {
        let text = lean(collection);
        let theorems = grammar::read(&text).unwrap_or_else(|(line, expected)| {
            panic!("{}, line {line}: {expected}\n{}", collection.label, text.lines().nth(line - 1).unwrap_or(""))
        });
        assert_eq!(theorems, collection.proofs.len(), "{}", collection.label);
    });
}

#[test]
fn the_grammar_of_lean_refuses_what_it_should() {
    let text = lean(&more::bridges());
    let damages: [(&str, &str); 12] = [
        ("(And.intro", "And.intro"),
        ("have h2 : ", "have h2 "),
        (" :=\n      axiom_7", "\n      axiom_7"),
        ("axiom_7 x zero w", "axiom_7 x zero unknown"),
        ("h5;\n", "h5\n"),
        ("@Exists.elim I ", "@Exists.elim "),
        ("@Exists.intro I (fun (y : I)", "@Exists.intro I (fun (N : Type)"),
        ("In x N", "In x"),
        ("t1 I N zero s j A c axiom_1", "t1 I N zero s j A axiom_1"),
        ("    (axiom_7 : ", "    ("),
        ("theorem t2 ", "theorem t1 "),
        ("open Language", "open Languages"),
    ];
    assert_eq!(grammar::read(&text).map_err(|refusal| refusal.1), Ok(13));
    for (from, to) in damages {
        assert!(text.contains(from), "{from} is there to be damaged");
        assert!(grammar::read(&text.replacen(from, to, 1)).is_err(), "{from} became {to}");
    }
}

#[test]
fn an_export_is_the_same_each_time() {
    let again = more::closed();
    let peano = collection("peano");
    for write in [rocq, dedukti, lean] {
        assert!(write(&more::closed()) == write(&again), "two collections built alike");
        assert!(write(peano) == write(peano), "one collection, twice");
    }
}

#[test]
fn every_rule_occurs_in_some_export() {
    let proofs = more::closed().proofs;
    let rules: BTreeSet<String> = (proofs.iter().flat_map(|proof| &proof.steps))
        .map(|step| format!("{:?}", step.rule).split(['(', ' ']).next().expect("a name").to_owned())
        .collect();
    assert_eq!(rules.len(), 19, "{rules:?}");
}

#[test]
fn a_part_of_the_anchor_that_is_used_as_a_whole_counts_as_its_axioms() {
    let bridges = more::bridges();
    let axioms = Axioms::of(&bridges.theory);
    let used = |proof| Given::of(&axioms, proof).axioms_used(&bridges.theory, &axioms, proof);
    let whole = bridges.proofs.last().expect("the last of them is about this");
    let different: BTreeSet<usize> = axioms.list.iter().filter_map(|axiom| axioms.number(&axiom.formula)).collect();
    assert_eq!(used(whole), Vec::from_iter(different));
    assert!(used(&bridges.proofs[0]).len() < axioms.list.len(), "others use fewer");
}

/// The dependencies of each theorem, including those of its citations, by their names in an export; derived like those
/// of the pages.
fn listed(collection: &Collection) -> Vec<BTreeSet<String>> {
    let axioms = Axioms::of(&collection.theory);
    let mut listed: Vec<BTreeSet<String>> = Vec::new();
    for proof in &collection.proofs {
        let used = Given::of(&axioms, proof).axioms_used(&collection.theory, &axioms, proof);
        let mut names: BTreeSet<String> = used.iter().map(|number| format!("axiom_{}", number + 1)).collect();
        for step in &proof.steps {
            match &step.rule {
                Rule::Comprehension { predicate, .. } => {
                    names.insert(format!("comprehension_{}", collection.theory.predicate(*predicate).name));
                }
                Rule::Theorem(TheoremId(cited)) => names.extend(listed[*cited as usize].iter().cloned()),
                _ => {}
            }
        }
        listed.push(names);
    }
    listed
}

/// The output of `Print Assumptions` in the section, by theorem.
fn printed(said: &str) -> BTreeMap<usize, BTreeSet<String>> {
    let mut printed = BTreeMap::new();
    let mut current = BTreeSet::new();
    let mut number = 0;
    for line in said.lines().chain(["Section Variables:"]) {
        if line == "Section Variables:" || line.starts_with("Closed under") {
            if number > 0 {
                printed.insert(number - 1, std::mem::take(&mut current));
            }
            number += 1;
        } else if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            current.extend(line.split([' ', ':']).next().map(str::to_owned));
        }
    }
    printed
}

#[test]
fn rocq_lists_the_assumptions_that_the_pages_list() {
    let Some(coqc) = program("coqc") else { return };
    let folder = folder("assumptions");
    for collection in [collection("peano"), collection("group"), &more::bridges()] {
        let count = collection.proofs.len();
        let questions: String = (1..=count).map(|number| format!("Print Assumptions t{number}.\n")).collect();
        let text = rocq(collection).replace("\nEnd Theory.", &format!("\n{questions}End Theory."));
        let (said, good) = compiled(&coqc, &folder, collection.label, &text);
        assert!(good, "{said}");
        let printed = printed(&said);
        assert_eq!(printed.len(), count, "an answer for each");
        let parameters = &collection.theory.anchor_definition().parameters;
        let about: BTreeSet<String> =
            ["I", "Power", "Power2", "Power3", "In", "in2", "in3"].map(str::to_owned).into_iter().collect();
        let about = &about | &parameters.iter().map(|name| theoremata_logic::export::names::spelled(name)).collect();
        for (number, expected) in listed(collection).into_iter().enumerate() {
            let mut found = &printed[&number] - &about;
            found.remove("classical"); // the pages list it by the rules of a proof, Rocq by need
            assert_eq!(found, expected, "{}, theorem {}", collection.label, number + 1);
        }
    }
    // The best-known theorem is among them, and depends on several axioms.
    let peano = collection("peano");
    let commutativity = goal(&peano.theory, "", "(>[a,b,c] (in3[a,b,c,*]) (in3[b,a,c,*]))").statement;
    let number = peano.proofs.iter().position(|proof| proof.statement() == Some(&commutativity)).expect("found");
    let listed = &listed(peano)[number];
    assert!(listed.len() > 5 && listed.contains("axiom_17"), "{listed:?}");
}

#[test]
fn long_proofs_are_no_deeper_for_us_and_checkers_bear_them() {
    let folder = folder("long");
    // Fewer steps for Rocq, which is slow for many.
    let long = more::long(6_000);
    let (text, lean) = (dedukti(&long), lean(&long));
    assert!(rocq(&long).len() > 100_000);
    if let Some(program) = program("kocheck") {
        let (said, good) = kocheck(&program, &folder, "long", &text);
        assert!(good, "{said}");
    }
    assert_eq!(lean.matches("have h").count(), 5_999, "all but the last, which is the result");
    if let Some(coqc) = program("coqc") {
        let (said, good) = compiled(&coqc, &folder, "long", &rocq(&more::long(1_000)));
        assert!(good && said.is_empty(), "{said}");
    }
}

/// Applies every kind of damage at the first, middle and last of its places, or at fewer; returns the number of damaged
/// texts.
fn refuses(
    label: &str,
    sample: &Sample<'_>,
    text: &str,
    places: usize,
    accepts: &mut dyn FnMut(&str) -> (String, bool),
) -> BTreeSet<&'static str> {
    let mut done = BTreeSet::new();
    for (kind, edits) in KINDS {
        let edits = edits(sample);
        let chosen: BTreeSet<usize> =
            (0..places.min(edits.len())).map(|place| place * (edits.len() - 1) / (places - 1).max(1)).collect();
        for place in chosen {
            let damaged = edits[place].made(text);
            let (said, good) = accepts(&damaged);
            let edit = edits[place].shown(text);
            assert!(!good, "{label}: {kind}, place {place} of {}, was accepted: {edit} {said}", edits.len());
            done.insert(kind);
        }
    }
    done
}

#[test]
fn rocq_refuses_damaged_proofs() {
    let Some(coqc) = program("coqc") else { return };
    let folder = folder("rocq_damaged");
    let mut done = BTreeSet::new();
    for (text, places) in [(rocq(&more::bridges()), 3), (rocq(collection("peano")), 1)] {
        let sample = Sample::new(&text, Language::Rocq);
        assert!(compiled(&coqc, &folder, "sound", &text).1);
        done.extend(refuses("Rocq", &sample, &text, places, &mut |damaged| {
            let (said, good) = compiled(&coqc, &folder, "damaged", damaged);
            assert!(good || said.contains("Error"), "it says why: {said}");
            assert!(!said.contains("Syntax error"), "the damage is not to the form: {said}");
            (said, good)
        }));
    }
    assert_eq!(done.len(), KINDS.len(), "{done:?}");
}

#[test]
fn dedukti_refuses_damaged_proofs() {
    let Some(program) = program("kocheck") else { return };
    let folder = folder("dedukti_damaged");
    let mut done = BTreeSet::new();
    for (text, places) in [(dedukti(&more::bridges()), 25), (dedukti(collection("peano")), 7)] {
        let sample = Sample::new(&text, Language::Dedukti);
        assert!(kocheck(&program, &folder, "sound", &text).1);
        done.extend(refuses("Dedukti", &sample, &text, places, &mut |damaged| {
            let (said, good) = kocheck(&program, &folder, "damaged", damaged);
            assert!(good || said.contains("Ko("), "the damage is to what is said, not to the form: {said}");
            (said, good)
        }));
    }
    assert_eq!(done.len(), KINDS.len(), "{done:?}");
}
