//! Exports to Metamath, checked by two independent verifiers.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use common::draft::Draft;
use common::exported::{Collection, collections, folder, program, say};
use common::other_sorts::other_sorts;
use common::theories::{Definer, conjunction};
use theoremata_logic::calculus::proof::Rule;
use theoremata_logic::export::metamath::Metamath;

fn written(collection: &Collection) -> String {
    collection.written(&mut Metamath::new(&collection.theory))
}

/// Whether metamath-exe accepts a file with `theorems` theorems; its exit code is always 0.
fn metamath_accepts(verifier: &Path, file: &Path, theorems: usize) -> Result<(), String> {
    let read = format!("read \"{}\"", file.display());
    let (text, _) = say(Command::new(verifier).args([&read, "verify proof *", "exit"]));
    let read_well = text.contains("No errors were found.");
    let proved_well = text.contains("All proofs in the database were verified");
    let complained = text.contains("?Error") || text.contains("?Warning") || text.contains("were not proved");
    let counted = text.contains(&format!(" and {theorems} are $p."));
    if read_well && proved_well && !complained && counted { Ok(()) } else { Err(text) }
}

/// Whether smetamath accepts a file; its exit code is always 0, and it prints nothing for a valid file.
fn smetamath_accepts(verifier: &Path, file: &Path) -> Result<(), String> {
    let (text, _) = say(Command::new(verifier).arg("-v").arg(file));
    if text.trim().is_empty() { Ok(()) } else { Err(text) }
}

#[test]
fn two_verifiers_accept_every_theorem_of_every_theory() {
    let folder = folder("metamath");
    let (first, second) = (program("metamath"), program("smetamath"));
    for collection in collections() {
        let file = folder.join(format!("{}.mm", collection.label));
        let text = written(collection);
        fs::write(&file, &text).expect("written");
        assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 110), "{}", file.display());
        println!("{}: {} theorems, {} bytes", collection.label, collection.proofs.len(), text.len());
        if let Some(verifier) = &first {
            let verdict = metamath_accepts(verifier, &file, text.matches(" $p |- ").count());
            assert!(verdict.is_ok(), "{}: {}", file.display(), verdict.unwrap_err());
        }
        if let Some(verifier) = &second {
            let verdict = smetamath_accepts(verifier, &file);
            assert!(verdict.is_ok(), "{}: {}", file.display(), verdict.unwrap_err());
        }
    }
}

/// A kind of damage to a file: returns the damaged text for each place where it applies.
type Damage = (&'static str, fn(&str) -> Vec<String>);

/// `text` with `from` replaced at each occurrence, one at a time.
fn each(text: &str, from: &str, to: &str) -> Vec<String> {
    text.match_indices(from).map(|(at, _)| format!("{}{to}{}", &text[..at], &text[at + from.len()..])).collect()
}

/// The proofs of a file, each as the ranges of its labels and of its letters.
fn proofs(text: &str) -> Vec<[std::ops::Range<usize>; 2]> {
    let begin = |at: usize| text[at..].find("( ").map(|open| at + open + 2);
    (text.match_indices("$=").filter_map(|(at, _)| begin(at)))
        .map(|labels| {
            let close = labels + text[labels..].find(" )\n").expect("labels are closed");
            let end = close + text[close..].find(" $.").expect("a proof ends");
            [labels..close, close + 3..end]
        })
        .collect()
}

/// Maps the labels and letters of a proof to damaged ones, if that is possible.
type Change<'c> = &'c dyn Fn(&str, &str) -> Option<(String, String)>;

/// Damages the labels and letters of each proof.
fn in_proofs(text: &str, change: Change<'_>) -> Vec<String> {
    let damaged = proofs(text).into_iter().filter_map(|[labels, letters]| {
        let (new_labels, new_letters) = change(&text[labels.clone()], &text[letters.clone()])?;
        let between = &text[labels.end..letters.start];
        Some(format!("{}{new_labels}{between}{new_letters}{}", &text[..labels.start], &text[letters.end..]))
    });
    damaged.collect()
}

/// Replaces the middle one of the letters that `fits` accepts.
fn letter(letters: &str, fits: fn(u8) -> bool, to: &str) -> Option<String> {
    let places: Vec<usize> = (0..letters.len()).filter(|at| fits(letters.as_bytes()[*at])).collect();
    let at = *places.get(places.len() / 2)?;
    Some(format!("{}{to}{}", &letters[..at], &letters[at + 1..]))
}

/// Replaces the first `from` of each statement with a proof.
fn statements(text: &str, from: &str, to: &str) -> Vec<String> {
    let damaged = text.match_indices(" $p |- ").filter_map(|(at, _)| {
        let end = at + text[at..].find("$=")?;
        let place = at + text[at..end].rfind(from)?;
        Some(format!("{}{to}{}", &text[..place], &text[place + from.len()..]))
    });
    damaged.collect()
}

/// Puts `insert` into each definition that some proof uses, behind `after` or else before its name.
fn definitions(text: &str, after: &str, insert: &str) -> Vec<String> {
    let damaged = text.match_indices(" $a |- {} => ( ").filter_map(|(at, _)| {
        let label = text[..at].rfind("d-")?;
        let used = text.matches(&format!(" {} ", &text[label..at])).count() > 1;
        let place = if after.is_empty() { label } else { at + text[at..].find(after)? + after.len() };
        used.then(|| format!("{}{insert}{}", &text[..place], &text[place..]))
    });
    damaged.collect()
}

const DAMAGES: [Damage; 15] = [
    ("a premise of modus ponens is not asked for", |text| each(text, "  r-mp.2 $e |- G => A $.\n", "")),
    ("a definition is missing", |text| definitions(text, "", "no-")),
    ("a definition says the contrary", |text| definitions(text, "<-> ", "-. ")),
    ("induction without its hypothesis", |text| each(text, "( W.2 -> A. q.0", "( W.1 -> A. q.0")),
    ("a statement has one variable for another", |text| statements(text, " b.0 ", " b.1 ")),
    ("a theorem is denied", |text| each(text, "$p |- {} => ", "$p |- {} => -. ")),
    ("a theorem is claimed without the axioms", |text| {
        let judgements = text.match_indices(" $p |- {} , ").filter_map(|(at, _)| {
            let axioms = at + 10;
            let end = axioms + text[axioms..].find("=>")?;
            Some(format!("{}{}", &text[..axioms], &text[end..]))
        });
        judgements.collect()
    }),
    ("variables need not differ", |text| {
        let damaged = text.match_indices(" $.\n  $( Theorem").filter_map(|(at, _)| {
            let condition = text[..at].rfind("$d")?;
            Some(format!("{}{}", &text[..condition], &text[at + 3..]))
        });
        damaged.collect()
    }),
    ("a letter is another", |text| {
        in_proofs(text, &|labels, letters| Some((labels.into(), letter(letters, |byte| byte == b'B', "C")?)))
    }),
    ("a letter is missing", |text| {
        in_proofs(text, &|labels, letters| {
            Some((labels.into(), letter(letters, |byte| byte.is_ascii_uppercase(), "")?))
        })
    }),
    ("a subproof is not kept", |text| {
        in_proofs(text, &|labels, letters| Some((labels.into(), letter(letters, |byte| byte == b'Z', "")?)))
    }),
    ("two labels have changed places", |text| {
        in_proofs(text, &|labels, letters| {
            let mut words: Vec<&str> = labels.split_whitespace().collect();
            let last = words.len().checked_sub(1)?;
            (last > 0).then(|| words.swap(0, last))?;
            Some((words.join(" "), letters.into()))
        })
    }),
    ("the left part is taken for the right one", |text| {
        in_proofs(text, &|labels, letters| {
            let swapped = labels.replace("r-al", "r-??").replace("r-ar", "r-al").replace("r-??", "r-ar");
            (swapped != labels).then(|| (swapped, letters.into()))
        })
    }),
    ("a theorem is proved by itself or a later one", |text| {
        let last = text.matches(" $p |- {} => ").count();
        in_proofs(text, &|labels, letters| {
            let at = labels.find(" u-").or_else(|| labels.find(" t-"))?;
            let end = labels[at + 3..].find(' ').map_or(labels.len(), |end| at + 3 + end);
            Some((format!("{}{}{}", &labels[..at + 3], last + 1, &labels[end..]), letters.into()))
        })
    }),
    ("a proof breaks off", |text| {
        in_proofs(text, &|labels, letters| Some((labels.into(), letters[..letters.len() / 2].trim_end().into())))
    }),
];

#[test]
fn two_verifiers_refuse_damaged_files() {
    let folder = folder("metamath-damaged");
    let verifiers = (program("metamath"), program("smetamath"));
    let mut tried = 0;
    for collection in collections().iter().filter(|collection| ["byhand", "order"].contains(&collection.label)) {
        let good = written(collection);
        let theorems = good.matches(" $p |- ").count();
        for (number, (kind, damage)) in DAMAGES.iter().enumerate() {
            for (place, text) in damage(&good).into_iter().enumerate() {
                assert_ne!(text, good, "{kind}, place {place}: nothing was damaged");
                let file = folder.join(format!("{}-{number}-{place}.mm", collection.label));
                fs::write(&file, &text).expect("written");
                if let Some(verifier) = &verifiers.0 {
                    assert!(metamath_accepts(verifier, &file, theorems).is_err(), "{kind}: {}", file.display());
                }
                if let Some(verifier) = &verifiers.1 {
                    assert!(smetamath_accepts(verifier, &file).is_err(), "{kind}: {}", file.display());
                }
                tried += 1;
            }
        }
    }
    println!("{tried} damaged files, {} kinds of damage", DAMAGES.len());
}

#[test]
fn the_same_theorems_give_the_same_file() {
    let peano = &collections()[1];
    assert_eq!(written(peano), written(peano));
}

/// The sort instances of each theorem, by label.
const AT_SORTS: [&[&str]; 4] = [&["t-1", "t-1-1", "t-1-2"], &["t-2", "t-2-1", "t-2-2"], &["t-3", "t-3-1"], &["t-4"]];

#[test]
fn theorems_that_are_cited_at_other_sorts_are_stated_there_and_accepted() {
    let folder = folder("metamath-sorts");
    let good = written(&other_sorts());
    let labels: Vec<&str> =
        good.match_indices(" $p |- ").filter_map(|(at, _)| good[..at].split(' ').next_back()).collect();
    assert_eq!(labels, AT_SORTS.concat());
    // A theorem at other sorts in the place of a cited one.
    let swapped =
        AT_SORTS.iter().flat_map(|labels| labels.iter().flat_map(|from| labels.iter().map(move |to| (from, to))));
    let damaged = swapped.filter(|(from, to)| from != to).flat_map(|(from, to)| {
        in_proofs(&good, &|labels, letters| {
            let mut words: Vec<&str> = labels.split_whitespace().collect();
            *words.iter_mut().find(|word| *word == from)? = to;
            Some((words.join(" "), letters.into()))
        })
    });
    let damaged: Vec<String> = damaged.collect();
    assert!(damaged.len() >= 10, "{} citations could be damaged", damaged.len());
    let verifiers = (program("metamath"), program("smetamath"));
    let judge = |name: &str, text: &str, is_good: bool| {
        let file = folder.join(name);
        fs::write(&file, text).expect("written");
        let said = [
            verifiers.0.as_ref().map(|verifier| metamath_accepts(verifier, &file, labels.len())),
            verifiers.1.as_ref().map(|verifier| smetamath_accepts(verifier, &file)),
        ];
        for said in said.into_iter().flatten() {
            assert_eq!(said.is_ok(), is_good, "{}: {said:?}", file.display());
        }
    };
    judge("good.mm", &good, true);
    for (number, text) in damaged.iter().enumerate() {
        judge(&format!("damaged-{number}.mm"), text, false);
    }
}

/// A theory all of whose names are reserved by Metamath or our kernel, or not allowed in its files.
fn awkward() -> Collection {
    let names = ["all", "wff", "G", "w-all", "x", "$c", "b.0", "$", "in9", "é"];
    let mut definer = Definer::new("$( odd $)");
    for name in names {
        definer.define(name, "$e |-/1", &["(in[$e,|-])"]);
    }
    let parts = names.map(|name| format!("({name}[0,N])"));
    definer.define("equal", "N/1 0", &parts.iter().map(String::as_str).collect::<Vec<_>>());
    let theory = definer.finish();
    let mut draft = Draft::new(&theory);
    let (_, anchor) = draft.open("N 0", &["(equal[N,0])"]);
    let body = draft.step(Rule::Unfold, &anchor, &conjunction(&parts.iter().map(String::as_str).collect::<Vec<_>>()));
    let first = draft.step(Rule::AndLeft, &[body], "(all[0,N])");
    let member = draft.step(Rule::Unfold, &[first], "(in[0,N])");
    let last = draft.step(Rule::Fold, &[member], "(é[0,N])");
    draft.generalise(last);
    let proof = draft.finish();
    Collection { label: "awkward", theory: Arc::new(theory), proofs: vec![proof] }
}

#[test]
fn names_that_mean_something_else_do_no_harm() {
    let file = folder("metamath-names").join("awkward.mm");
    let text = written(&awkward());
    fs::write(&file, &text).expect("written");
    if let Some(verifier) = program("metamath") {
        metamath_accepts(&verifier, &file, 2).unwrap_or_else(|said| panic!("{said}"));
    }
    if let Some(verifier) = program("smetamath") {
        smetamath_accepts(&verifier, &file).unwrap_or_else(|said| panic!("{said}"));
    }
}
