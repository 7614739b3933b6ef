//! Malformed input: each error is reported at its position, and none crashes the program.

use std::collections::BTreeMap;

use theoremata_logic::calculus::formula::PredicateId;
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl::{
    MAX_ALL_BYTES, MAX_FILE_BYTES, MAX_NAME_BYTES, MAX_NESTING, Report, format, lint_gl, lint_mpl, parse_goal, read_gl,
    read_goals, read_mpl,
};
use theoremata_logic::language::notation::Reading;

const DEFINITIONS: &str = "(define below[x,y,N,+] !(>[z] (in[z,N]) !(in3[x,z,y,+])))\n";

fn no_files(path: &str) -> Result<Vec<u8>, String> {
    Err(format!("no file {path}"))
}

fn read(text: &str) -> Result<(Theory, Report), Report> {
    read_mpl("a.mpl", text.as_bytes(), &mut no_files)
}

/// The codes of a report with the lines and columns of their main positions.
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
    assert_eq!(names, ["=", "in", "in2", "in3", "in4", "in5", "in6", "in7", "in8", "a", "b", "T"]);
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
    assert_eq!(theory.predicates.len(), PredicateId::PRIMITIVES + 3);
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

/// Runs in a thread with the default stack size.
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
    });
}

#[test]
fn a_long_conjunction_is_long_and_not_deep() {
    with_small_stack(|| {
        for (count, depth) in [(2, 1), (64, 63), (65, 7), (1_122, 11), (300_000, 19)] {
            let text = format!("(theory T[N,i0] (&{}))", " (in[i0,N])".repeat(count));
            let (theory, _) = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
            let body = &theory.anchor_definition().body;
            assert_eq!(body.depth(), depth, "{count} parts");
            let printed = theory.to_mpl();
            let (again, _) = read(&printed).unwrap_or_else(|report| panic!("{}", report.render(false)));
            assert_eq!(*body, again.anchor_definition().body, "{count} parts");
            format("a.mpl", text.as_bytes()).unwrap_or_else(|report| panic!("{}", report.render(false)));
            let doubtful = lint_mpl("a.mpl", text.as_bytes(), &mut no_files);
            assert!(!doubtful.failed() && doubtful.diagnostics.len() == count - 1, "each part but one stands before");
        }
        // Maximal nesting at the end of a chain: the limit applies to the resulting tree.
        let deep = format!("{}(in[i0,N])", "!".repeat(MAX_NESTING - 30));
        let chain = format!("(theory T[N,i0] (&{} {deep}))", " (in[i0,N])".repeat(63));
        let Err(report) = read(&chain) else { panic!("too deep") };
        assert_eq!(report.diagnostics[0].code.text(), "E0104");
    });
}

#[test]
fn one_file_by_two_paths_is_one() {
    let mut files = |path: &str| -> Result<Vec<u8>, String> {
        match path {
            "d.mpl" | "link.mpl" | "sub/link.mpl" => Ok(b"(define p[c,S] (in[c,S]))".to_vec()),
            "e.mpl" | "f.mpl" => Ok(b"(import \"d.mpl\")(define q[c,S] (p[c,S]))".to_vec()),
            "round.mpl" => Ok(b"(import \"round.mpl\")(define r[c] (=[c,c]))".to_vec()),
            _ => no_files(path),
        }
    };
    let imports =
        "(import \"link.mpl\")(import \"d.mpl\")(import \"sub/link.mpl\")(import \"f.mpl\")(import \"e.mpl\")";
    let text = format!("{imports}(theory T[S,c] (& (p[c,S]) (q[c,S])))");
    let (theory, _) =
        read_mpl("a.mpl", text.as_bytes(), &mut files).unwrap_or_else(|report| panic!("{}", report.render(false)));
    assert_eq!(theory.predicates.len(), PredicateId::PRIMITIVES + 3, "the primitive ones, `p`, `q` and the theory");
    let text = "(import \"round.mpl\")(theory T[c] (r[c]))";
    let Err(report) = read_mpl("a.mpl", text.as_bytes(), &mut files) else { panic!("a circle") };
    assert_eq!(report.diagnostics[0].code.text(), "E0404");
    // Two files with different contents stay two.
    let mut files = |path: &str| match path {
        "d.mpl" => Ok(b"(define p[c,S] (in[c,S]))".to_vec()),
        _ => Ok(b"(define p[c,S] !(in[c,S]))".to_vec()),
    };
    let text = "(import \"d.mpl\")(import \"e.mpl\")(theory T[S,c] (p[c,S]))";
    let Err(report) = read_mpl("a.mpl", text.as_bytes(), &mut files) else { panic!("two definitions") };
    assert_eq!(report.diagnostics[0].code.text(), "E0206");
}

#[test]
fn files_may_have_so_much_together() {
    let mut files = |path: &str| -> Result<Vec<u8>, String> {
        let next: usize = path.trim_end_matches(".mpl").parse::<usize>().map_err(|error| error.to_string())? + 1;
        let mut text = format!("(import \"{next}.mpl\")(define p{next}[x] (=[x,x]))").into_bytes();
        text.resize(8 << 20, b' ');
        Ok(text)
    };
    let Err(report) = read_mpl("a.mpl", b"(import \"1.mpl\")(theory T[c] (p2[c]))", &mut files) else {
        panic!("too much")
    };
    assert_eq!(report.diagnostics[0].code.text(), "E0403");
    assert!(report.diagnostics[0].message.contains(&MAX_ALL_BYTES.to_string()), "{}", report.render(false));
}

#[test]
fn what_cannot_be_seen_is_refused() {
    for hidden in [
        '\u{a0}', '\u{ad}', '\u{3000}', '\u{2028}', '\u{200b}', '\u{3164}', '\u{fe0f}', '\u{e000}', '\u{1b}',
        '\u{2800}',
    ] {
        let text = format!("(theory T[S,c{hidden}] (in[c{hidden},S]))");
        let Err(report) = read(&text) else { panic!("{hidden:?} was taken") };
        assert_eq!(codes(&report)[0], "E0105 1:14", "{hidden:?}");
        let named = format!("U+{:04X}", u32::from(hidden));
        assert!(report.diagnostics[0].message.contains(&named), "{}", report.render(false));
    }
    // A combining mark on a bracket, and terminal controls in comments, strings and symbols.
    check("(theory T[S,\u{301}c] (in[c,S]))", &["E0105 1:13"]);
    check("; \u{1b}[31m\n(theory T[S,c] (in[c,S]))", &["E0105 1:3"]);
    check("(theory T[S,c] \"a \u{202e}b\" (in[c,S]))", &["E0105 1:19"]);
    check("(theory T[S,c] (in[c,S]))(notation (in[x,y]) (infix \"\u{9b}\" 1))", &["E0105 1:54"]);
    check("(theory T[S,c] (in[c,S]))(notation (in[x,y]) (infix \"\u{a0}\" 1))", &["E0105 1:53"]);
    let (theory, _) = read("(theory T[S,c] (in[c,S]))").expect("a theory");
    let (goals, report) = read_goals(&theory, "\u{feff}; fine\n; \u{9b}31m\n(in[c,S])\n".as_bytes(), "g");
    assert_eq!((goals.len(), codes(&report)), (1, vec!["E0105 2:3".to_owned()]));
    let Err(report) = read_gl("{ \"a\": \"\u{202e}\" }".as_bytes(), "c.json", &BTreeMap::new()) else {
        panic!("hidden")
    };
    assert_eq!(codes(&report), ["E0105 1:9"]);
    // No control character reaches the reader of a report, from the text, a name or the file name.
    let named = "a\u{1b}[31m\u{9b}\u{202e}\n.mpl";
    for text in
        ["(theory T[S,c\u{1b}[31m] (in[c,S]))", "(theory \u{202e}T[S,c] (in[d,S]))", "; \u{9b}\n(import \"\u{7}\")"]
    {
        let report = lint_mpl(named, text.as_bytes(), &mut no_files);
        let shown = report.render(false) + &report.json_lines();
        assert!(report.failed() && !shown.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']), "{shown:?}");
        assert_eq!(report.json_lines().lines().count(), report.diagnostics.len());
    }
}

#[test]
fn names_that_look_alike_are_pointed_out() {
    let said = |parameters: &str| {
        let used: String = parameters.split(',').map(|name| format!(" (in[{name},S])")).collect();
        let text = format!("(theory T[S,{parameters}] (& (in[c,S]){used}))");
        let report = lint_mpl("a.mpl", text.as_bytes(), &mut no_files);
        assert!(!report.failed(), "{}", report.render(false));
        codes(&report).into_iter().filter(|code| code.starts_with("W0712")).count()
    };
    for alike in ["c,\u{441}", "\u{430}x,c", "c,é,e\u{301}", "c,e\u{301}", "c,x,\u{ff58}", "c,∗,*", "c,ο", "c,х1,x1"]
    {
        assert!(said(alike) > 0, "{alike}");
    }
    for apart in ["c,a,α", "c,ℕ,N", "c,l,1,O,0,I", "c,×,x", "c,сумма", "c,μ,m", "c,x²,x2", "c,あ,い", "c,rn,m"]
    {
        assert_eq!(said(apart), 0, "{apart}");
    }
}

#[test]
fn a_sign_stands_for_one_thing() {
    let theory = "(theory T[S,j,k,c] (& (in[c,S]) (>[x,y,z] (in3[x,y,z,j]) (in3[y,x,z,k]))))";
    let plus =
        |function: &str, sign: &str| format!("(notation (in3[x,y,z,{function}]) (value z) (infix \"{sign}\" 5))");
    let shown = |notations: &str| {
        let (theory, report) =
            read(&format!("{theory}{notations}")).unwrap_or_else(|report| panic!("{}", report.render(false)));
        let goal = parse_goal(&theory, "(>[x,y,z] (in3[x,y,z,j]) (in3[y,x,z,k]))").expect("a goal");
        (codes(&report), Reading::new(&theory).statement(&goal.statement).to_string())
    };
    let (said, text) = shown(&(plus("j", "+") + &plus("k", "+")));
    assert_eq!((said.len(), &*text), (1, "∀ x y : x + y = y +_k x"), "{said:?}");
    assert!(said[0].starts_with("W0710"));
    let (said, text) = shown(&(plus("j", "+") + &plus("k", "-")));
    assert_eq!((said.len(), &*text), (0, "∀ x y : x + y = y - x"), "{said:?}");
    let (said, text) = shown(&(plus("j", "=") + &plus("k", "c")));
    assert_eq!((said.len(), &*text), (2, "∀ x y : x ≈ y = y c_k x"), "{said:?}");
    let (said, text) = shown(&(plus("j", "+") + &plus("j", "-") + &plus("k", "*")));
    assert_eq!((said.len(), &*text), (1, "∀ x y : x + y = y * x"), "{said:?}");
    assert!(said[0].starts_with("W0711"));
    check(&format!("{theory}{}", plus("j", ") ∧ (")), &["E0408 1:117"]);
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
        let report =
            lint_mpl("a.mpl", format!("(theory T[{}] (=[x,x]))", &name[..MAX_NAME_BYTES]).as_bytes(), &mut no_files);
        assert!(!report.diagnostics.iter().any(|said| said.code.text() == "E0117"), "as long as may be");
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

/// Checks the codes for the configuration with `from` replaced by `to`, without notes.
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
