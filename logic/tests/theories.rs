//! Shipped theories are parsed, printed and parsed again.

use std::fs;
use std::path::{Path, PathBuf};

use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::{NotationForm, Theory};
use theoremata_logic::language::mpl::{Report, format, lint_mpl, parse_goal, read_mpl};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../theories")
}

fn read(name: &str, text: &str) -> Result<(Theory, Report), Report> {
    read_mpl(name, text.as_bytes(), &mut |path| fs::read(folder().join(path)).map_err(|error| error.to_string()))
}

fn theory(name: &str) -> Theory {
    let text = fs::read_to_string(folder().join(name)).expect("a theory that we ship");
    match read(name, &text) {
        Ok((theory, report)) => {
            assert!(report.diagnostics.is_empty(), "{}", report.render(false));
            theory
        }
        Err(report) => panic!("{}", report.render(false)),
    }
}

#[test]
fn peano_says_what_it_should() {
    let theory = theory("peano.mpl");
    assert_eq!(&*theory.name, "Peano");
    let induction = &theory.inductions[0];
    assert!(!induction.added_by_reader);
    assert_eq!(induction.places, [0, 1, 2]);
    assert_eq!((induction.constructors[0].parameter, induction.constructors[1].parameter), (1, 2));
    assert_eq!(induction.constructors[1].arguments, [0]);
    let one = || Sort::Individual(1);
    let sorts = [
        Sort::Power(vec![one()]),
        one(),
        Sort::Power(vec![one(), one()]),
        Sort::Power(vec![one(), one(), one()]),
        Sort::Power(vec![one(), one(), one()]),
        one(),
    ];
    assert_eq!(theory.predicate(theory.anchor).sorts, sorts);
    assert_eq!(theory.notations.len(), 3);
    assert!(theory.goals.is_empty());
}

#[test]
fn group_has_no_induction() {
    let theory = theory("group.mpl");
    assert_eq!(&*theory.name, "Group");
    assert!(theory.inductions.is_empty());
    assert!(matches!(&theory.notations[1].form, NotationForm::Postfix { symbol } if &**symbol == "⁻¹"));
    let goal = parse_goal(&theory, "(>[x] (in[x,G]) (in3[x,e,x,*]))").expect("a goal over the parameters");
    assert_eq!(theory.write(&goal.statement, &[]), "(>[G,*,e,inv] (Group[G,*,e,inv]) (>[x] (in[x,G]) (in3[x,e,x,*])))");
}

#[test]
fn what_is_printed_reads_back_to_the_same() {
    for name in ["peano.mpl", "group.mpl"] {
        let first = theory(name);
        let text = first.to_mpl();
        let second = match read(name, &text) {
            Ok((theory, _)) => theory,
            Err(report) => panic!("{}\n{text}", report.render(false)),
        };
        assert_eq!(second.to_mpl(), text);
        assert_eq!(first.predicates.len(), second.predicates.len());
        for (left, right) in first.predicates.iter().zip(&second.predicates) {
            assert_eq!((&left.name, &left.sorts), (&right.name, &right.sorts));
            assert_eq!(
                left.definition.as_ref().map(|definition| &definition.body),
                right.definition.as_ref().map(|definition| &definition.body)
            );
        }
        assert_eq!(first.inductions, second.inductions);
        assert_eq!(first.notations, second.notations);
        assert_eq!(first.bounds, second.bounds);
    }
}

#[test]
fn a_binder_is_not_printed_under_the_name_of_an_unused_parameter() {
    let (mut first, _) = read("a.mpl", "(theory T[N,x] (>[y] (in[y,N]) (in[y,N])))").expect("good");
    let anchor = first.anchor.index();
    let definition = first.predicates[anchor].definition.as_mut().expect("the anchor");
    let (other, _) = read("a.mpl", "(theory T[N] (>[x] (in[x,N]) (in[x,N])))").expect("good");
    definition.body = other.anchor_definition().body.clone();
    let (second, _) = read("a.mpl", &first.to_mpl()).unwrap_or_else(|report| panic!("{}", report.render(false)));
    assert_eq!(first.anchor_definition().body, second.anchor_definition().body);
}

#[test]
fn what_we_ship_is_laid_out_and_free_of_warnings() {
    for entry in fs::read_dir(folder()).expect("the folder of theories") {
        let path = entry.expect("an entry of the folder").path();
        let name = path.file_name().expect("a file name").to_string_lossy().into_owned();
        if !name.ends_with(".mpl") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a theory that we ship");
        let laid_out = format(&name, text.as_bytes()).unwrap_or_else(|report| panic!("{}", report.render(false)));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &laid_out).expect("the theory can be written");
        } else {
            assert_eq!(text, laid_out, "{name} is not laid out: run this test with UPDATE=1");
        }
        let report = lint_mpl(&name, text.as_bytes(), &mut |path| {
            fs::read(folder().join(path)).map_err(|error| error.to_string())
        });
        assert!(report.diagnostics.is_empty(), "{}", report.render(false));
    }
}
