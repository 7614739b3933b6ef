//! Bad input: each gets its error, at its place, and none takes the program down.

use std::collections::BTreeMap;

use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl::{
    MAX_FILE_BYTES, MAX_NESTING, Report, format, lint_gl, lint_mpl, parse_goal, read_gl, read_goals, read_mpl,
};

const DEFINITIONS: &str = "(define below[x,y,N,+] !(>[z] (in[z,N]) !(in3[x,z,y,+])))\n";

fn no_files(path: &str) -> Result<Vec<u8>, String> {
    Err(format!("no file {path}"))
}

fn read(text: &str) -> Result<(Theory, Report), Report> {
    read_mpl("a.mpl", text.as_bytes(), &mut no_files)
}

/// The codes of a report with the lines and columns of their first places.
fn codes(report: &Report) -> Vec<String> {
    let show = |diagnostic: &theoremata_logic::language::mpl::Diagnostic| match diagnostic.labels.first() {
        Some(label) => {
            let (line, column) = report.sources.place(label.span.file, label.span.start);
            format!("{} {line}:{column}", diagnostic.code)
        }
        None => diagnostic.code.to_string(),
    };
    report.diagnostics.iter().map(show).collect()
}

fn check(text: &str, wanted: &[&str]) {
    let report = match read(text) {
        Ok((_, report)) => report,
        Err(report) => report,
    };
    assert_eq!(codes(&report), wanted, "{text}\n{}", report.render(false));
    assert!(report.render(true).len() < 100_000 && report.json_lines().lines().count() == report.diagnostics.len());
}

/// As `check`, for the formula of a theory whose parameters are `N`, `i0`, `s`, `+`.
fn check_formula(formula: &str, wanted: &[&str]) {
    check(&format!("{DEFINITIONS}(theory T[N,i0,s,+]\n{formula})"), wanted);
}

#[test]
fn unbalanced_text_is_reported_where_it_is() {
    check_formula("(& (in[i0,N]) (in2[i0,i0,s]) (in3[i0,i0,i0,+])", &["E0107 3:48"]);
    check_formula("(& (in[i0,N) (in2[i0,i0,s]) (in3[i0,i0,i0,+]))", &["E0107 3:12"]);
    check_formula("(& in[i0,N]) (in2[i0,i0,s]) (in3[i0,i0,i0,+]))", &["E0110 3:4", "E0108 3:47"]);
    check_formula("(in[i0,N])))", &["E0108 3:12"]);
    // A form at the start of a line ends an open group, so the next form is not lost.
    check("(define a[x,S] (in[x,S]\n(define b[x,S] (in[x,T]))\n", &["E0107 2:1", "E0203 2:22"]);
}

#[test]
fn malformed_formulas_are_reported() {
    check_formula("(& (in[i0,N]))", &["E0112 3:1"]);
    check_formula("(>(in[i0,N]) (in[i0,N]))", &["E0113 3:2"]);
    check_formula("(>[x] (in[x,N]))", &["E0114 3:1"]);
    check_formula("(>[x] (in[x,N]) (in[x,N]) (in[x,N]))", &["E0114 3:1"]);
    check_formula("(in)", &["E0115 3:2"]);
    check_formula("(in[i0 N])", &["E0111 3:8"]);
    check_formula("(in[i0,,N])", &["E0111 3:8"]);
    check_formula("((in[i0,N]))", &["E0110 3:1"]);
    check_formula("in[i0,N]", &["E0110 3:1"]);
    check_formula("!", &["E0110 3:2"]);
    check_formula("()", &["E0110 3:2"]);
    check_formula("(in[i0,\u{7}N])", &["E0105 3:8"]);
    check_formula("(in[i0,N\u{202e}])", &["E0105 3:9"]);
    check_formula("\"open", &["E0106 3:1"]);
}

#[test]
fn names_are_looked_up() {
    check_formula("(inn[i0,N])", &["E0201 3:2"]);
    check_formula("(in[i0])", &["E0202 3:2"]);
    check_formula("(below[i0,i0,N])", &["E0202 3:2"]);
    check_formula("(in[i1,N])", &["E0203 3:5"]);
    check_formula("(>[N] (in[i0,N]) (in[i0,N]))", &["E0204 3:4"]);
    check_formula("(>[x] (in[x,N]) (>[x] (in[x,N]) (in[x,N])))", &["E0204 3:20"]);
    check_formula("(>[x,x] (in[x,N]) (in[x,N]))", &["E0205 3:6"]);
    check("(theory T[N,N] (in[N,N]))", &["E0205 1:13", "E0302 1:17"]);
    check("(define in[x,S] (=[x,S]))\n(theory T[x] (=[x,x]))", &["E0206 1:9"]);
    check("(define a[x] (=[x,x]))\n(define a[x] (=[x,x]))\n(theory T[x] (a[x]))", &["E0206 2:9"]);
    let Err(report) = read("(theory T[N,i0] (in[i0,M]))") else { panic!("`M` is not bound") };
    assert!(report.render(false).contains("bind it in a `>[…]`"), "{}", report.render(false));
    let Err(report) = read(&format!("{DEFINITIONS}(theory T[N,+,a] (belov[a,a,N,+]))")) else { panic!("unknown") };
    assert!(report.render(false).contains("did you mean `below`?"), "{}", report.render(false));
}

#[test]
fn a_circle_of_definitions_is_shown() {
    let text = "(define a[x] (b[x]))\n(define b[x] !(c[x]))\n(define c[x] (a[x]))\n(theory T[x] (a[x]))";
    check(text, &["E0207 1:15"]);
    let Err(report) = read(text) else { panic!("a circle") };
    assert!(report.diagnostics[0].message.contains("`a` → `b` → `c` → `a`"), "{}", report.render(false));
    check("(define a[x] (a[x]))\n(theory T[x] (a[x]))", &["E0207 1:15"]);
}

#[test]
fn definitions_may_stand_in_any_order() {
    let (theory, _) =
        read("(theory T[x,S] (b[x,S]))\n(define b[x,S] (a[x,S]))\n(define a[x,S] (in[x,S]))").expect("good");
    let names: Vec<&str> = theory.predicates.iter().map(|predicate| &*predicate.name).collect();
    assert_eq!(names, ["=", "in", "in2", "in3", "a", "b", "T"]);
}

#[test]
fn sorts_that_clash_are_shown_at_both_places() {
    check_formula("(& (in[i0,N]) (in2[i0,i0,N]))", &["E0301 3:26"]);
    check_formula("(& (in[i0,N]) (in[N,i0]))", &["E0302 3:5"]);
    check_formula("(in[N,N])", &["E0302 3:2"]);
    let Err(report) = read("(theory T[N,a] (& (in[a,N])\n (in2[a,a,N])))") else { panic!("a clash") };
    assert_eq!(report.diagnostics[0].labels.len(), 2, "{}", report.render(false));
    assert_eq!(report.diagnostics[0].message, "`N` is a set, but used as a relation of 2 places here");
    // A chain of sets of sets, and sorts that double with each step.
    let mut formula = String::from("(&");
    for number in 1..40 {
        formula.push_str(&format!(" (in[x{number},x{}])", number + 1));
    }
    let names: Vec<String> = (1..=40).map(|number| format!("x{number}")).collect();
    check(&format!("(theory T[{}] {formula}))", names.join(",")), &["E0303 1:167"]);
    let formula = formula.replace("in[", "in2[").replace(",x", ",y,x");
    assert!(formula.contains("(in2[x1,y,x2])"));
    let doubled: String = (1..40).map(|number| format!(" (in2[x{number},x{number},x{}])", number + 1)).collect();
    let Err(report) = read(&format!("(theory T[{}] (&{doubled}))", names.join(","))) else { panic!("too large") };
    assert_eq!(report.diagnostics[0].code.text(), "E0303");
}

#[test]
fn forms_are_checked() {
    check("(defin a[x] (=[x,x]))\n(theory T[x] (=[x,x]))", &["E0401 1:2"]);
    check("prose\n(theory T[x] (=[x,x]))", &["E0401 1:1"]);
    check("(define [x] (=[x,x]))\n(theory T[x] (=[x,x]))", &["E0402 1:9"]);
    check("(import \"b.mpl\")\n(theory T[x] (=[x,x]))", &["E0403 1:1"]);
    check("(define a[x] (=[x,x]))", &["E0405 1:1"]);
    check("(theory T[x] (=[x,x]))\n(theory U[x] (=[x,x]))", &["E0406 2:9"]);
    check("(theory T[N,c,f] (& (in[c,N]) (in2[c,c,f])))\n(generated T[N,c,f] N c f)", &["E0407 2:25"]);
    check("(theory T[N,c,f] (& (in[c,N]) (in2[c,c,f])))\n(generated T[N,c,f] c N)", &["E0407 2:21"]);
    check("(theory T[N,c,f] (& (in[c,N]) (in2[c,c,f])))\n(generated T[N,c] N c)", &["E0202 2:12"]);
    check("(theory T[x,S] (in[x,S]))\n(notation (in[a,S]) (infix \"∈\" 1))", &["E0408 2:1"]);
    check("(theory T[x,S] (in[x,S]))\n(notation (in[a,B]) (infix \"∈\" 10))", &["E0409 2:32"]);
    check("(theory T[x,S] (in[x,S]))\n(bounds (atoms -3))", &["E0409 2:16"]);
    check("(theory T[x,S] (in[x,S]))\n(bounds (atom 3))", &["E0409 2:10"]);
    check("(theory T[x,S] (in[x,S]))\n(conjecture a (in[x,S]))\n(conjecture a (in[x,S]))", &["E0603 3:13"]);
    check("", &["E0103 1:1"]);
    check("; only a comment\n", &["E0103 1:1"]);
}

#[test]
fn imports_are_read_once_and_circles_are_shown() {
    let mut asked = Vec::new();
    let mut load = |path: &str| {
        asked.push(path.to_owned());
        match path {
            "lib/b.mpl" => Ok(b"(import \"../c.mpl\") (define b[x,S] (c[x,S]))".to_vec()),
            "c.mpl" => Ok(b"(define c[x,S] (in[x,S]))".to_vec()),
            _ => Err("no such file".to_owned()),
        }
    };
    let text = b"(import \"lib/b.mpl\") (import \"./c.mpl\") (theory T[x,S] (& (b[x,S]) (c[x,S])))";
    let (theory, _) = read_mpl("a.mpl", text, &mut load).unwrap_or_else(|report| panic!("{}", report.render(false)));
    assert_eq!(theory.predicates.len(), 7);
    assert_eq!(asked, ["lib/b.mpl", "c.mpl"]);
    let mut load = |_: &str| Ok(b"(import \"a.mpl\")".to_vec());
    let Err(report) = read_mpl("a.mpl", b"(import \"b.mpl\") (theory T[x] (=[x,x]))", &mut load) else {
        panic!("a circle")
    };
    assert_eq!(codes(&report), ["E0404 1:1"]);
    assert!(report.diagnostics[0].message.contains("a.mpl → b.mpl → a.mpl"));
}

#[test]
fn several_errors_come_at_once_and_many_are_counted() {
    check_formula(
        "(& (in[a,N]) (inn[i0,N]) (in[i0]) (>[x,x] (in[x,N]) (in[y,N])))",
        &["E0203 3:8", "E0201 3:15", "E0202 3:27", "E0205 3:40", "E0203 3:57"],
    );
    let bad = "(in[q,N])".repeat(100);
    let Err(report) = read(&format!("(theory T[N] (& {bad}))")) else { panic!("errors") };
    assert_eq!(report.diagnostics.len(), 21, "20 errors and the count of the rest");
    assert_eq!(report.diagnostics[20].code.text(), "N0101");
}

/// Runs in a thread with the stack that a thread usually has.
fn with_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn nesting_to_the_bound_is_fine_and_beyond_it_is_an_error() {
    with_small_stack(|| {
        for (shape, close) in [("(& (in[i0,N]) ", ")"), ("!", ""), ("(>[] (in[i0,N]) ", ")"), ("(>[] ", " (in[i0,N]))")]
        {
            let text = |levels: usize| format!("{}(in[i0,N]){}", shape.repeat(levels), close.repeat(levels));
            let whole = |levels: usize| format!("(theory T[N,i0] {})", text(levels));
            let (theory, _) = read(&whole(MAX_NESTING - 1)).unwrap_or_else(|report| panic!("{}", report.render(false)));
            let body = &theory.anchor_definition().body;
            let copy = body.substitute(&mut |name| name);
            assert_eq!(*body, copy);
            assert_eq!(body.depth(), MAX_NESTING - 1);
            let printed = theory.to_mpl();
            let (again, _) = read(&printed).unwrap_or_else(|report| panic!("{}", report.render(false)));
            assert_eq!(*body, again.anchor_definition().body);
            format("a.mpl", printed.as_bytes()).unwrap_or_else(|report| panic!("{}", report.render(false)));
            assert!(!lint_mpl("a.mpl", printed.as_bytes(), &mut no_files).failed());
            assert!(parse_goal(&theory, &text(MAX_NESTING - 1)).is_ok());
            for levels in [MAX_NESTING + 1, 100_000] {
                let Err(report) = read(&whole(levels)) else { panic!("too deep") };
                assert_eq!(report.diagnostics[0].code.text(), "E0104");
                assert!(report.diagnostics[0].message.contains("1000"), "the bound is named");
                assert!(parse_goal(&theory, &text(levels)).is_err());
            }
        }
        let Err(report) = read(&format!("(theory T[N,i0] (&{}))", " (in[i0,N])".repeat(5_000))) else {
            panic!("too deep")
        };
        assert_eq!(codes(&report)[0], format!("E0104 1:{}", 20 + 11 * MAX_NESTING));
    });
}

#[test]
fn huge_files_end_soon() {
    with_small_stack(|| {
        for text in ["(".repeat(10 << 20), "!".repeat(10 << 20), "[".repeat(10 << 20), "(& ".repeat(3 << 20)] {
            let Err(report) = read(&text) else { panic!("an error") };
            assert!(report.errors() <= 25 && report.render(false).len() < 20_000);
            assert!(format("a.mpl", text.as_bytes()).is_err());
        }
        let Err(report) = read(&" ".repeat(50 << 20)) else { panic!("too large") };
        assert_eq!(codes(&report), ["E0102 1:1"]);
        assert!(report.diagnostics[0].message.contains(&MAX_FILE_BYTES.to_string()), "the bound is named");
        let name = "x".repeat(1 << 20);
        let Err(report) = read(&format!("(theory T[{name}] (in[{name}y,{name}]))")) else { panic!("an error") };
        assert!(report.render(false).len() < 4_000 && report.json_lines().len() < 4_000);
    });
}

#[test]
fn what_is_no_text_is_refused() {
    for bytes in
        [&b"\xff\xfe(\0i\0"[..], b"(theory T[x] \0 (=[x,x]))", b"\x7fELF\x02\x01\x01\0\0\0", b"(theory \xc3\x28"]
    {
        let Err(report) = read_mpl("a.mpl", bytes, &mut no_files) else { panic!("not a text") };
        assert_eq!(report.diagnostics[0].code.text(), "E0101");
        let (goals, report) = read_goals(&read("(theory T[x] (=[x,x]))").expect("good").0, bytes, "goals.txt");
        assert!(goals.is_empty() && report.failed());
    }
}

#[test]
fn a_mark_of_byte_order_and_carriage_returns_do_no_harm() {
    let (theory, _) = read("\u{feff}(theory T[N,i0]\r\n  (& (in[i0,N])\r\n  (in[i0,N])))\r\n").expect("good");
    assert_eq!(&*theory.name, "T");
    let files = BTreeMap::from([("T.txt".to_owned(), "\u{feff}(in[\r\ni0,N])\r\n".as_bytes().to_vec())]);
    read_gl(CONFIGURATION.as_bytes(), "ConfigT.json", &files)
        .unwrap_or_else(|report| panic!("{}", report.render(false)));
}

#[test]
fn a_negation_may_stand_in_parentheses() {
    let (theory, _) = read("(theory T[N,i0] (& (!(in[i0,N])) !(in[i0,N])))").expect("good");
    let text = theory.write(&theory.anchor_definition().body, &theory.anchor_definition().parameters);
    assert_eq!(text, "(& !(in[i0,N]) !(in[i0,N]))");
}

const CONFIGURATION: &str = r#"{
  "AnchorT": {
    "arity": 2,
    "definition_sets": { "1": ["P(1)", true], "2": ["(1)", true] },
    "full_mpl": "T.txt",
    "short_mpl": "(AnchorT[N,i0])",
    "max_count_per_conjecture": 0,
    "max_size_expression": 5
  },
  "parameters": { "max_number_simple_expressions": 5 }
}"#;

/// The codes of the configuration with `from` replaced by `to`, notes left out.
fn check_configuration(from: &str, to: &str, wanted: &[&str]) {
    assert!(CONFIGURATION.contains(from), "{from}");
    let text = CONFIGURATION.replace(from, to);
    let files = BTreeMap::from([("T.txt".to_owned(), b"(in[i0,N])".to_vec())]);
    let report = match read_gl(text.as_bytes(), "folder/ConfigT.json", &files) {
        Ok((_, report)) => report,
        Err(report) => report,
    };
    let found: Vec<String> = codes(&report).into_iter().filter(|code| !code.starts_with('N')).collect();
    assert_eq!(found, wanted, "{}", report.render(false));
    let _ = lint_gl(text.as_bytes(), "folder/ConfigT.json", &files);
}

#[test]
fn configurations_are_checked() {
    check_configuration("\"arity\": 2", "\"arity\": 2", &[]);
    check_configuration(CONFIGURATION, "", &["E0103 1:1"]);
    check_configuration(CONFIGURATION, "[]", &["E0503 1:1"]);
    check_configuration("  \"parameters\"", "  \"parameters\" ,", &["E0501 10:16"]);
    check_configuration("\"arity\": 2", "\"arity\": 3", &["E0505 4:5", "E0505 6:19"]);
    check_configuration("\"arity\": 2", "\"arity\": -1", &["E0504 3:14"]);
    check_configuration("\"arity\": 2", "\"arity\": \"2\"", &["E0503 3:14"]);
    check_configuration("\"arity\": 2,", "", &["E0502 2:3"]);
    check_configuration("\"P(1)\"", "\"P(x(1)(1))\"", &["E0507 4:32"]);
    check_configuration("\"P(1)\"", "\"Q(1)\"", &["E0506 4:32"]);
    check_configuration("T.txt", "U.txt", &["E0508 5:17"]);
    check_configuration("(AnchorT[N,i0])", "(AnchorT[N])", &["E0505 6:19"]);
    check_configuration("(AnchorT[N,i0])", "(Anchor[N,i0])", &["E0505 6:20"]);
    check_configuration("(AnchorT[N,i0])", "(AnchorT[N,i1])", &["E0203 1:5"]);
    check_configuration("AnchorT", "Base", &["E0509 1:1"]);
    check_configuration("max_size_expression", "max_size_expresion", &["W0501 8:5", "E0502 2:3"]);
    check_configuration("\"parameters\"", "\"paramters\"", &["W0501 10:3", "E0502 1:1"]);
    check_configuration("expressions\": 5", "expressions\": -3", &["E0504 10:52"]);
    check_configuration("expressions\": 5", "expressions\": -1", &[]);
    check_configuration("expressions\": 5", "expressions\": \"many\"", &["E0503 10:52"]);
    check_configuration("  \"parameters\"", "  \"in\": {}, \"parameters\"", &["E0502 10:3"; 6]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check_configuration(CONFIGURATION, &deep, &["E0501 1:513"]);
    let files = BTreeMap::new();
    let Err(report) = read_gl(b"\xff\xff", "Config.json", &files) else { panic!("not a text") };
    assert_eq!(codes(&report), ["E0101 1:1"]);
}

#[test]
fn a_bad_goal_is_one_error_and_loses_no_other() {
    let (theory, _) = read("(theory T[N,i0,s] (& (in[i0,N]) (in2[i0,i0,s])))").expect("good");
    let text = "; goals\n\
        (in[i0,N])\n\
        (>[1](T[1,2,3])(>[4](in[4,1])(in2[4,4,3])))\n\
        this is prose\n\
        (in[i0,N]\n\
        (>[1](T[1,2,2])(in[2,1]))\n\
        (>[1](U[1,2,3])(in[2,1]))\n\
        (in[4,N])\n\
        (conjecture named\n  (in2[i0,i0,s])\n)\n\
        (>[4,5](in[4,5])(>[](T[5,6,7])(in[4,5])))\n\
        (>[9](T[1,2,3])(in[9,1]))\n\
        (>[9](T[1,2,3])(>[](in[2,1])(=[2,2])))\n\
        (\n";
    let (goals, report) = read_goals(&theory, text.as_bytes(), "goals.txt");
    let labels: Vec<&str> = goals.iter().map(|goal| &*goal.label).collect();
    assert_eq!(labels, ["2", "3", "named", "12", "14"], "{}", report.render(false));
    assert_eq!(
        codes(&report),
        ["E0110 4:1", "E0107 5:10", "E0601 6:13", "E0201 7:7", "E0203 8:5", "E0602 13:4", "E0107 15:2"],
        "{}",
        report.render(false)
    );
    let shown: Vec<String> = goals.iter().map(|goal| theory.write(&goal.statement, &[])).collect();
    assert_eq!(shown[1], "(>[N,i0,s] (T[N,i0,s]) (>[a] (in[a,N]) (in2[a,a,s])))");
    assert_eq!(shown[3], "(>[N,i0,s] (T[N,i0,s]) (>[a] (in[a,N]) (in[a,N])))");
    assert_eq!(&*goals[2].place, "goals.txt:9");
}

#[test]
fn a_clash_of_sorts_in_a_goal_is_found() {
    let (theory, _) = read("(theory T[N,i0,s] (& (in[i0,N]) (in2[i0,i0,s])))").expect("good");
    let Err(report) = parse_goal(&theory, "(in[i0,s])") else { panic!("`s` is a relation") };
    assert_eq!(codes(&report), ["E0301 1:8"]);
}
