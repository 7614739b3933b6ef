use std::fmt::Write as _;

use theoremata_logic::calculus::theory::Theory;

use super::*;
use crate::site::tests::{arithmetic, explored};
use crate::site::values::report::Report;

/// The view as plain text, one line each, justifications in brackets.
fn text(mathematics: &Mathematics) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for line in &mathematics.lines {
        if *line == Line::Close {
            depth -= 1;
            continue;
        }
        let _ = write!(text, "{}", "  ".repeat(depth));
        let numbered = |number: &Option<usize>| number.map(|number| format!("({number}) ")).unwrap_or_default();
        let from = |from: &[usize]| from.iter().map(|number| format!(" ({number})")).collect::<String>();
        let heading = |heading: &Heading| {
            let variables: Vec<&str> = heading.variables.iter().map(|symbol| &*symbol.text).collect();
            let assumptions: Vec<String> = heading.assumptions.iter().map(ToString::to_string).collect();
            let text = format!("{:?} {} | {}", heading.role, variables.join(" "), assumptions.join(", "));
            text.trim_end().to_owned()
        };
        let _ = match line {
            Line::Close => unreachable!("told above"),
            Line::Open(Opening::Constructor { symbol, constant }) => {
                writeln!(text, "{} {}", if *constant { "base" } else { "step" }, symbol.text)
            }
            Line::Open(Opening::Heading(known)) | Line::Let(known) => {
                writeln!(text, "{}{}", heading(known), from(&known.from))
            }
            Line::Induction { number, claim, .. } => writeln!(text, "{}by induction: {claim}", numbered(number)),
            Line::Chain { number, first, links } => {
                let links: String = links
                    .iter()
                    .map(|(math, reasons)| {
                        let reasons: Vec<String> =
                            reasons.iter().map(|reason| format!("{:?}{}", reason.why, from(&reason.from))).collect();
                        format!(" =[{}] {math}", reasons.join(", "))
                    })
                    .collect();
                writeln!(text, "{}{first}{links}", numbered(number))
            }
            Line::Fact { number, math, reason } => {
                writeln!(text, "{}{math} [{:?}{}]", numbered(number), reason.why, from(&reason.from))
            }
            Line::Contradiction { math, from: lines } => writeln!(text, "contradiction: {math}{}", from(lines)),
        };
        if matches!(line, Line::Open(_)) {
            depth += 1;
        }
    }
    text
}

/// The view of the theorem that is displayed like this.
fn view(theory: &Theory, report: &Report, statement: &str) -> String {
    let catalogue = Catalogue::new(report, theory);
    let place = catalogue.theorems.iter().position(|entry| entry.text == statement);
    let place = place.unwrap_or_else(|| panic!("{statement} is proved"));
    text(&Mathematics::of(&catalogue, report.theorems[place].checked.proof()).expect("a short proof"))
}

#[test]
fn commutativity_of_addition_is_a_chain_with_a_reason_at_each_sign() {
    let (theory, report) = arithmetic(str::to_owned);
    let told = view(&theory, &report, "a + b = b + a");
    let expected = "\
by induction: ∀ a ∈ N, ∀ a1 : a + a1 = a1 + a
base 0
  Any a |
  0 + a =[Theorem(0)] a =[Axiom(9)] a + 0
step s
  Any r |
  Hypothesis  | ∀ a : r + a = a + r
  Any a |
  s(r) + a =[Theorem(1)] s(r + a) =[Hypothesis] s(a + r) =[Axiom(10)] a + s(r)
";
    assert_eq!(told, expected);
}

#[test]
fn what_a_rule_asks_for_is_a_line_of_its_own() {
    let (theory, report) = arithmetic(str::to_owned);
    let told = view(&theory, &report, "a + b = b → a = 0");
    let step = "(1) s(a + r) =[Axiom(10)] a + s(r) =[Assumption] s(r)\n  (2) a + r =[Axiom(5) (1)] r\n";
    assert!(told.contains(step) && told.ends_with("a =[Hypothesis (2)] 0\n"), "{told}");
    let told = view(&theory, &report, "a + b = 0 → a = b");
    let absurd = "(1) s(a + r) =[Axiom(10)] a + s(r) =[Assumption] 0\n  (2) s(a + r) ≠ 0 [Axiom(4)]\n";
    assert!(told.contains(absurd) && told.contains("[Absurd (1) (2)]"), "{told}");
}

#[test]
fn a_product_with_a_successor_is_the_term_that_it_stands_for() {
    let (theory, report) = explored("peano.mpl", str::to_owned, 5);
    let told = view(&theory, &report, "a · b = b · a");
    let step = told.lines().find(|line| line.contains("s(r) · a")).expect("the step");
    let reasons = regex::Regex::new(r"=\[[^\]]*\]").expect("an expression");
    let chain = reasons.replace_all(step.trim(), "=").into_owned();
    assert_eq!(chain, "s(r) · a = r · a + a = a · r + a = a · s(r)", "{told}");
    // The hypothesis is used far from where its equation is needed; its premises are presented all the same.
    let told = view(&theory, &report, "a + b = c + b → a = c");
    let step: Vec<&str> = told.lines().rev().take(3).map(str::trim).collect();
    assert_eq!(step[0], "a =[Hypothesis (2)] d", "{told}");
    assert_eq!(step[1], "(2) d + r =[Axiom(5) (1)] a + r", "{told}");
    assert!(step[2].starts_with("(1) s(d + r) =[Axiom(10)] d + s(r) =[Assumption] a + s(r) ="), "{told}");
}

#[test]
fn equals_are_chained_in_groups_without_induction() {
    let (theory, report) = explored("group.mpl", str::to_owned, 3);
    let told = view(&theory, &report, "a · a⁻¹ = e");
    assert!(told.starts_with("Any a |\na · a⁻¹ =[Axiom(8)] e · (a · a⁻¹) =[Axiom(9)] "), "{told}");
    assert!(told.ends_with("=[Axiom(9)] e\n"), "{told}");
}

#[test]
fn hypotheses_of_lists_and_facts_about_sets_are_told() {
    let part = "(conjecture part (>[a,b,c,d] (& (in3[b,c,d,∩]) (in2[a,d,ε])) (in2[a,b,ε])))";
    let goal = "(conjecture nothing (>[a,b] (in3[a,b,nil,++]) (=[a,b])))";
    let (theory, report) = explored("lists.mpl", |text| format!("{text}{goal}"), 1);
    let told = view(&theory, &report, "a ++ b = nil → a = b");
    assert!(told.contains("step cons\n  Any r s1 |\n  Hypothesis  | ∀ a : s1 ++ a = nil → s1 = a\n"), "{told}");
    let (theory, report) = explored("sets.mpl", |text| format!("{text}{part}"), 1);
    let told = view(&theory, &report, "a ε b ∩ c → a ε b");
    assert_eq!(told, "Any a b c | a ε b ∩ c\na ε b [Axiom(15)]\n");
}

#[test]
fn nothing_is_told_that_is_not_there_to_be_seen() {
    for (file, atoms) in [("natural-order.mpl", 2), ("relations.mpl", 2), ("trees.mpl", 2)] {
        let (theory, report) = explored(file, str::to_owned, atoms);
        let catalogue = Catalogue::new(&report, &theory);
        assert!(report.theorems.len() > 5, "{file}");
        for theorem in &report.theorems {
            let view = Mathematics::of(&catalogue, theorem.checked.proof()).expect("a short proof");
            let told = text(&view);
            assert!(!told.contains(['\u{e000}', '\u{e001}', '\u{e002}', '?']), "{file}: {told}");
            let opened = view.lines.iter().filter(|line| matches!(line, Line::Open(_))).count();
            assert_eq!(opened, view.lines.iter().filter(|line| matches!(line, Line::Close)).count(), "{file}: {told}");
            assert!(view.lines.iter().any(|line| !matches!(line, Line::Let(_))), "{file}: {told}");
        }
    }
}
