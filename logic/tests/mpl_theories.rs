//! Files that import other theories: what is taken over, and what is not.

use theoremata_logic::calculus::theory::{NotationForm, Theory};
use theoremata_logic::language::application::applications;
use theoremata_logic::language::mpl::{Report, read_mpl};
use theoremata_logic::language::notation::Reading;

const ORDER: &str = "(define transitive[R] (>[x,y,z] (& (in2[x,y,R]) (in2[y,z,R])) (in2[x,z,R])))
(theory Order[S,≤] (& (transitive[≤]) (>[x] (in[x,S]) (in2[x,x,≤]))))
(notation (in2[x,y,≤]) (infix \"≤\" 1))
(conjecture own (>[x] (in[x,S]) (in2[x,x,≤])))
(bounds (atoms 2))";

/// Reads the first file; imports are found among the others.
fn read(files: &[(&str, &str)]) -> Result<(Theory, Report), Report> {
    let mut load = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| "there is no such file".to_owned())
    };
    read_mpl(files[0].0, files[0].1.as_bytes(), &mut load)
}

fn theory(files: &[(&str, &str)]) -> Theory {
    read(files).map(|(theory, _)| theory).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

/// The codes of the errors, with file and line.
fn errors(files: &[(&str, &str)]) -> Vec<String> {
    let report = read(files).expect_err("an error");
    let place = |report: &Report, one: &theoremata_logic::language::mpl::Diagnostic| match one.labels.first() {
        Some(label) => {
            let (line, _) = report.sources.place(label.span.file, label.span.start);
            format!("{} {}:{line}", one.code, report.sources.name(label.span.file))
        }
        None => one.code.to_string(),
    };
    report.diagnostics.iter().map(|one| place(&report, one)).collect()
}

#[test]
fn a_theory_of_another_file_is_a_definition_that_can_be_applied_at_other_parameters() {
    let text = "(import \"order.mpl\")
(define both[S,R,Q] (& (Order[S,R]) (Order[S,Q])))
(theory Two[T,≤,⊑] (& (both[T,≤,⊑]) (>[x,y] (in2[x,y,≤]) (in2[x,y,⊑]))))
(conjecture mine (>[x] (in[x,T]) (in2[x,x,⊑])))";
    let theory = theory(&[("two.mpl", text), ("order.mpl", ORDER)]);
    assert_eq!(&*theory.name, "Two");
    let order = theory.find("Order").expect("a definition");
    assert_eq!(applications(&theory.predicates, theory.anchor, order), [[0, 1], [0, 2]]);
    let labels: Vec<&str> = theory.goals.iter().map(|goal| &*goal.label).collect();
    assert_eq!(labels, ["mine"], "the other theory's goals are its own");
    assert_eq!(theory.bounds.atoms, 5, "and its bounds");
    // Its notation applies to parameters of the same name here, and to nothing else.
    let reading = Reading::new(&theory);
    let axioms: Vec<String> =
        reading.axioms().iter().map(|axiom| reading.under_anchor(&axiom.formula).to_string()).collect();
    assert!(axioms.iter().any(|axiom| axiom.contains("a ≤ b") || axiom.contains("x ≤ y")), "{axioms:?}");
    assert!(!axioms.iter().any(|axiom| axiom.contains("a ⊑ b")), "{axioms:?}");
    assert!(theory.uses.is_empty());
}

#[test]
fn own_notation_comes_before_that_of_a_theory_below() {
    let text = "(import \"order.mpl\")
(theory Chain[S,≤] (& (Order[S,≤]) (>[x,y] (& (in[x,S]) (in[y,S])) (or (in2[x,y,≤]) (in2[y,x,≤])))))
(notation (in2[x,y,≤]) (infix \"⊴\" 1))";
    let (theory, report) = read(&[("chain.mpl", text), ("order.mpl", ORDER)]).expect("a theory");
    assert_eq!(theory.notations.len(), 1);
    assert!(matches!(&theory.notations[0].form, NotationForm::Infix { symbol, .. } if &**symbol == "⊴"));
    assert!(report.diagnostics.is_empty(), "{}", report.render(false));
}

#[test]
fn what_the_notation_of_a_theory_below_leaves_open_stays_open() {
    // `x` is any individual there and a constant here.
    let text = "(import \"order.mpl\")\n(theory Pointed[S,≤,x] (& (Order[S,≤]) (in[x,S])))";
    let theory = theory(&[("pointed.mpl", text), ("order.mpl", ORDER)]);
    let arguments: Vec<&str> = theory.notations[0].arguments.iter().map(|one| &**one).collect();
    assert_eq!(arguments, ["x'", "y", "≤"]);
}

#[test]
fn a_file_without_a_theory_is_about_the_topmost_one_that_it_imports() {
    let chain = "(import \"order.mpl\")
(theory Chain[S,≤] (& (Order[S,≤]) (>[x,y] (& (in[x,S]) (in[y,S])) (or (in2[x,y,≤]) (in2[y,x,≤])))))";
    let goals = "(import \"order.mpl\")\n(import \"chain.mpl\")\n(conjecture mine (>[x] (in[x,S]) (in2[x,x,≤])))";
    let theory = theory(&[("goals.mpl", goals), ("chain.mpl", chain), ("order.mpl", ORDER)]);
    assert_eq!(&*theory.name, "Chain");
    assert_eq!(theory.goals.len(), 1);
}

#[test]
fn theories_of_which_none_is_on_top_are_an_error_with_both_places() {
    let other = "(theory Other[S,c] (in[c,S]))";
    let files =
        [("main.mpl", "(import \"order.mpl\")\n(import \"other.mpl\")"), ("order.mpl", ORDER), ("other.mpl", other)];
    assert_eq!(errors(&files), ["E0406 other.mpl:1"]);
    let two = format!("{other}\n(theory More[S,c] (in[c,S]))");
    assert_eq!(errors(&[("two.mpl", &two)]), ["E0406 two.mpl:2"]);
    assert_eq!(
        errors(&[("main.mpl", "(import \"two.mpl\")\n(theory Top[S,c] (Other[S,c]))"), ("two.mpl", &two)]),
        ["E0406 two.mpl:2"]
    );
}

#[test]
fn a_use_names_the_theory_and_its_files_as_they_are_read_alone() {
    let text = "(use \"below/order.mpl\")\n(theory Two[T,≤,⊑] (& (Order[T,≤]) (Order[T,⊑])))";
    let order = ORDER.replacen("(define transitive", "(import \"../helper.mpl\")\n(define transitive", 1);
    let helper = "(define helper[S,x] (in[x,S]))";
    let files = [("two.mpl", text), ("below/order.mpl", &order), ("helper.mpl", helper)];
    let theory = theory(&files);
    let [used] = &theory.uses[..] else { panic!("one use") };
    let names: Vec<&str> = used.files.iter().map(|file| &**file).collect();
    assert_eq!(names, ["below/order.mpl", "helper.mpl"]);
    assert_eq!((theory.find("Order"), &used.places[..]), (used.predicate, &[vec![0, 1], vec![0, 2]][..]));
    let (alone, _) = read(&[files[1], files[2]]).expect("a theory by itself");
    assert_eq!(format!("{:?}", *used.theory), format!("{alone:?}"), "as if it were read by itself");
}

#[test]
fn a_use_that_brings_nothing_is_an_error_at_its_place() {
    let unused = "(use \"order.mpl\")\n(theory Pointed[S,c] (in[c,S]))";
    assert_eq!(errors(&[("main.mpl", unused), ("order.mpl", ORDER)]), ["E0410 main.mpl:1"]);
    let helper = "(use \"helper.mpl\")\n(theory Pointed[S,c] (in[c,S]))";
    assert_eq!(errors(&[("main.mpl", helper), ("helper.mpl", "(define helper[S,x] (in[x,S]))")]), ["E0410 main.mpl:1"]);
    assert_eq!(errors(&[("main.mpl", "(use \"order.mpl\")"), ("order.mpl", ORDER)]), ["E0410 main.mpl:1"]);
    assert_eq!(errors(&[("main.mpl", "(use order.mpl)\n(theory T[S,c] (in[c,S]))")]), ["E0402 main.mpl:1"]);
}

#[test]
fn an_error_in_what_a_used_theory_says_of_itself_is_told_with_its_file() {
    let broken = format!("{ORDER}\n(conjecture wrong (>[x] (in[x,S]) (in2[x,q,≤])))");
    let text = "(use \"order.mpl\")\n(theory More[S,≤] (& (Order[S,≤]) (>[x,y] (in2[x,y,≤]) (in[x,S]))))";
    assert_eq!(errors(&[("main.mpl", text), ("order.mpl", &broken)]), ["E0203 order.mpl:6"]);
    let imported = text.replace("(use", "(import");
    assert_eq!(
        &*theory(&[("main.mpl", &imported), ("order.mpl", &broken)]).name,
        "More",
        "which an import leaves aside"
    );
}
