//! `or`, `exists` and `iff`: they equal their expansions, and how readers see them.

use proptest::prelude::*;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl::{codes, format, lint_mpl, parse_goal, read_mpl};
use theoremata_logic::language::notation::Reading;

fn theory() -> Theory {
    let text = "(theory T[S,R,c] (& (in[c,S]) (>[x,y] (in2[x,y,R]) (& (in[x,S]) (in[y,S])))))
        (notation (in2[x,y,R]) (infix \"<\" 1))";
    read_mpl("t.mpl", text.as_bytes(), &mut |_| Err("no files".into())).expect("a good theory").0
}

fn same(short: &str, long: &str) {
    let theory = theory();
    let read = |text: &str| match parse_goal(&theory, text) {
        Ok(goal) => goal.statement,
        Err(report) => panic!("{}", report.render(false)),
    };
    assert_eq!(read(short), read(long), "{short} is {long}");
}

fn shown(text: &str) -> String {
    let theory = theory();
    let goal = parse_goal(&theory, text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    Reading::new(&theory).statement(&goal.statement).to_string()
}

#[test]
fn each_is_the_formula_for_which_it_stands() {
    same("(or (in[c,S]) (in2[c,c,R]))", "!(& !(in[c,S]) !(in2[c,c,R]))");
    same("(or (in[c,S]) (in2[c,c,R]) (=[c,c]))", "!(& !(in[c,S]) !(in2[c,c,R]) !(=[c,c]))");
    same("(or !(in[c,S]) (in2[c,c,R]))", "!(& !!(in[c,S]) !(in2[c,c,R]))");
    same("(exists[x] (in[x,S]) (in2[x,c,R]))", "!(>[x] (in[x,S]) !(in2[x,c,R]))");
    same("(exists[x,y] (in2[x,y,R]) (in2[y,c,R]) (in[x,S]))", "!(>[x,y] (in2[x,y,R]) !(& (in2[y,c,R]) (in[x,S])))");
    same("(iff (in[c,S]) (in2[c,c,R]))", "(& (>[] (in[c,S]) (in2[c,c,R])) (>[] (in2[c,c,R]) (in[c,S])))");
    same(
        "(>[x] (in[x,S]) (iff (exists[y] (in[y,S]) (in2[x,y,R])) (or (=[x,c]) (in2[c,x,R]))))",
        "(>[x] (in[x,S]) (& (>[] !(>[y] (in[y,S]) !(in2[x,y,R])) !(& !(=[x,c]) !(in2[c,x,R]))) \
         (>[] !(& !(=[x,c]) !(in2[c,x,R])) !(>[y] (in[y,S]) !(in2[x,y,R])))))",
    );
}

#[test]
fn readers_see_the_signs_of_mathematics() {
    for (text, wanted) in [
        ("(or (in[c,S]) (in2[c,c,R]) (=[c,c]))", "c ∈ S ∨ c < c ∨ c = c"),
        ("(>[x] (in[x,S]) (or (=[x,c]) (& (in2[x,c,R]) (in2[c,x,R]))))", "∀ x ∈ S : x = c ∨ x < c ∧ c < x"),
        ("(>[x] (in[x,S]) (exists[y] (in[y,S]) (in2[x,y,R])))", "∀ x ∈ S : ∃ y ∈ S : x < y"),
        ("(>[x] (in[x,S]) (iff (in2[x,c,R]) (in2[c,x,R])))", "∀ x ∈ S : x < c ↔ c < x"),
        ("(& (iff (in[c,S]) (in2[c,c,R])) (=[c,c]))", "(c ∈ S ↔ c < c) ∧ c = c"),
        ("(>[x] (& (in[x,S]) (iff (in2[x,c,R]) (=[x,c]))) (=[x,c]))", "∀ x ∈ S : (x < c ↔ x = c) → x = c"),
    ] {
        assert_eq!(shown(text), wanted);
    }
}

#[test]
fn a_predicate_may_have_such_a_name() {
    let text = "(define or[x,y] (=[x,y])) (define iff[x,y] (=[x,y])) (define exists[x,y] (=[x,y]))
        (theory T[x,y] (& (or[x,y]) (iff[x,y]) (exists[x,y])))";
    read_mpl("t.mpl", text.as_bytes(), &mut |_| Err("no files".into()))
        .unwrap_or_else(|report| panic!("{}", report.render(false)));
}

#[test]
fn layout_keeps_the_form_and_lint_knows_it() {
    let text = "(theory T[S,R]\n  (& (>[x] (in[x,S]) (exists[y] (in[y,S]) (in2[x,y,R]))) (>[x,y] (in2[x,y,R]) (or !(in[x,S]) (in[y,S])))))\n";
    let laid_out = format("t.mpl", text.as_bytes()).expect("a good text");
    assert!(laid_out.contains("(exists[y] (in[y,S]) (in2[x,y,R]))") && laid_out.contains("(or !(in[x,S]) (in[y,S]))"));
    let said = |text: &str| lint_mpl("t.mpl", text.as_bytes(), &mut |_| Err("no files".into())).diagnostics;
    assert!(said(text).is_empty(), "a denied part of a disjunction is no double negation");
    for (text, code) in [
        ("(theory T[S,c] (& (in[c,S]) (exists[x,y] (in[x,S]) (=[x,c]))))", codes::UNUSED_VARIABLE),
        ("(theory T[S,c] (or (in[c,S]) (in[c,S])))", codes::REPEATED_PART),
        ("(theory T[S,c] (iff (in[c,S]) !!(in[c,S])))", codes::DOUBLE_NEGATION),
    ] {
        assert!(said(text).iter().any(|one| one.code == code), "{text}: {code}");
    }
}

#[test]
fn equivalences_do_not_grow_without_bound() {
    let theory = theory();
    let nested = |levels: usize| format!("{}(in[c,S]){}", "(iff (in[c,S]) ".repeat(levels), ")".repeat(levels));
    assert!(parse_goal(&theory, &nested(4)).is_ok());
    let report = parse_goal(&theory, &nested(5)).expect_err("too many");
    assert_eq!(report.diagnostics[0].code, codes::TOO_DEEP);
    for (open, count) in [("(or (in[c,S]) ", 300), ("(exists[x] (=[x,c]) ", 1)] {
        let text = format!("{}(in[c,S]){}", open.repeat(count), ")".repeat(count));
        parse_goal(&theory, &text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    }
    let deep = format!("{}(in[c,S]){}", "(or (in[c,S]) ".repeat(20_000), ")".repeat(20_000));
    assert_eq!(parse_goal(&theory, &deep).expect_err("too deep").diagnostics[0].code, codes::TOO_DEEP);
}

/// A formula with shorthands and expanded.
fn both() -> impl Strategy<Value = (String, String)> {
    let leaf = prop_oneof![Just("(in[c,S])"), Just("(=[c,c])"), Just("(in2[c,c,R])")]
        .prop_map(|text| (text.to_owned(), text.to_owned()));
    leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| {
                let short: Vec<&str> = parts.iter().map(|part| &*part.0).collect();
                let long: Vec<String> = parts.iter().map(|part| format!("!{}", part.1)).collect();
                (format!("(or {})", short.join(" ")), format!("!(& {})", long.join(" ")))
            }),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| (
                format!("(iff {} {})", a.0, b.0),
                format!("(& (>[] {} {}) (>[] {1} {0}))", a.1, b.1)
            )),
            (inner.clone(), inner.clone(), any::<u32>()).prop_map(|(a, b, name)| {
                let short = format!("(exists[x{name}] (=[x{name},c]) {} {})", a.0, b.0);
                (short, format!("!(>[x{name}] (=[x{name},c]) !(& {} {}))", a.1, b.1))
            }),
            inner.prop_map(|(short, long)| (format!("!{short}"), format!("!{long}"))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_short_is_written_long_and_read_back((short, long) in both()) {
        let theory = theory();
        let read = |text: &str| parse_goal(&theory, text).map(|goal| goal.statement);
        let statement = read(&short).expect("the short form");
        prop_assert_eq!(&read(&long).expect("the long form"), &statement);
        let printed = theory.write(&statement, &[]);
        prop_assert_eq!(&read(&printed).expect("what is printed"), &statement);
        let laid_out = format("t.mpl", short.as_bytes()).expect("a good text");
        prop_assert_eq!(&read(&laid_out).expect("what is laid out"), &statement);
    }
}
