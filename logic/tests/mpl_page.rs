//! Checks `docs/mpl.md`: every code is on the page, and every example gives the stated result.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use theoremata_logic::language::mpl::{Report, codes, lint_gl, lint_mpl, parse_goal, read_mpl};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/mpl.md")).expect("the page about MPL")
}

fn load(path: &str) -> Result<Vec<u8>, String> {
    fs::read(root().join("theories").join(path)).map_err(|error| error.to_string())
}

/// The examples of the page: first line, kind, codes, text.
fn examples(page: &str) -> Vec<(usize, String, Vec<String>, String)> {
    let mut examples = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut words = info.split_whitespace().map(str::to_owned);
        let kind = words.next().unwrap_or_default();
        let text = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect::<Vec<_>>();
        examples.push((number + 1, kind, words.collect(), text.join("\n") + "\n"));
    }
    examples
}

/// The definition of the page's configuration, with `line` instead of the line with the same key.
fn configuration(base: &str, line: Option<&str>) -> String {
    let Some(line) = line else { return base.to_owned() };
    let key = |line: &str| line.trim().split(':').next().unwrap_or_default().to_owned();
    // A misspelt key replaces the key nearest to it.
    let wanted = if key(line) == "\"arty\"" { "\"arity\"".to_owned() } else { key(line) };
    let lines: Vec<&str> = base.lines().map(|old| if key(old) == wanted { line.trim() } else { old }).collect();
    assert_ne!(lines.join("\n"), base.trim_end(), "{wanted} is a line of the configuration");
    lines.join("\n")
}

#[test]
fn every_example_of_the_page_gives_what_it_says() {
    let page = page();
    let examples = examples(&page);
    let of_kind = |kind: &str| {
        let found = examples.iter().find(|(_, known, codes, _)| known == kind && codes.is_empty());
        found.map(|(_, _, _, text)| text.clone()).expect("a good example")
    };
    let (json, formula) = (of_kind("json"), of_kind("formula"));
    let peano = load("peano.mpl").expect("the theory of the page's goals");
    let (peano, _) = read_mpl("peano.mpl", &peano, &mut load).expect("a good theory");
    let gl = |json: &str, formula: &str| {
        let files = BTreeMap::from([("Start.txt".to_owned(), formula.as_bytes().to_vec())]);
        lint_gl(json.as_bytes(), "ConfigStart.json", &files)
    };
    for (line, kind, wanted, text) in &examples {
        let report = match kind.as_str() {
            "mpl" => lint_mpl("example.mpl", text.as_bytes(), &mut load),
            "goal" => parse_goal(&peano, text).err().unwrap_or_default(),
            "formula" => gl(&json, text),
            "json" => gl(&configuration(&json, (!wanted.is_empty()).then_some(text.as_str())), &formula),
            other => panic!("docs/mpl.md:{line}: {other} is no kind of example"),
        };
        let found: Vec<&str> = report.diagnostics.iter().map(|diagnostic| diagnostic.code.text()).collect();
        assert_eq!(found, *wanted, "docs/mpl.md:{line}\n{text}\n{}", report.render(false));
        mends_are_named(&report);
    }
    assert!(examples.len() > 50);
}

/// Every error has a position and says how to fix it.
fn mends_are_named(report: &Report) {
    for diagnostic in &report.diagnostics {
        if diagnostic.code.text().starts_with('E') {
            assert!(!diagnostic.labels.is_empty(), "{}", report.render(false));
        }
    }
}

#[test]
fn every_code_stands_in_the_page_and_no_other() {
    let page = page();
    let mut headings: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("### ")).filter(|line| line.contains(": ")).collect();
    headings.retain(|heading| !heading.starts_with('`'));
    let mut wanted: Vec<String> = codes::ALL.iter().map(|(code, summary)| format!("{code}: {summary}")).collect();
    let mut found: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    // Codes for files too large or too strange for a page, and notes, are described in words only.
    const WORDS_ONLY: [&str; 7] = ["E0101", "E0102", "E0104", "E0116", "E0117", "E0405", "N"];
    let examples = examples(&page);
    for (code, _) in codes::ALL {
        let shown = examples.iter().any(|(_, _, codes, _)| codes.iter().any(|known| known == code.text()));
        let words_only = WORDS_ONLY.iter().any(|prefix| code.text().starts_with(prefix));
        assert!(shown || words_only, "{code} has no example");
    }
}
