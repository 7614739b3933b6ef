//! The pages of `docs/theories`, from the measurements.

use std::fmt::Write as _;
use std::path::Path;

use theoremata_logic::language::notation::Reading;

use super::{FIRST, Found, Measured};

/// Writes a page for each theory, and their index if all were measured.
pub(crate) fn write(all: &[Measured], folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder for the pages");
    for one in all {
        std::fs::write(folder.join(format!("{}.md", one.name)), page(one)).expect("a page can be written");
    }
    if all.len() > 1 {
        std::fs::write(folder.join("README.md"), list(all)).expect("the list can be written");
    }
}

fn list(all: &[Measured]) -> String {
    let mut text = String::from(
        "# Theories\n\nWhat is put into each theory that we ship, and what comes out. The pages are written by \
         `cargo bench --bench recall -- --docs docs/theories`;\nthe laws of each list were written down before the theory was \
         explored. A law behind a plus is not listed by `explore`, since it is an instance of one that is.\n\n\
         | theory | axioms | laws listed | found by `explore` | proved by `prove` | false ones refuted | CPU s, MB of \
         `explore` |\n|---|---|---|---|---|---|---|\n",
    );
    for one in all {
        let _ = writeln!(
            text,
            "| [{}]({}.md) | {} | {} | {}{} | {} | {} of {} | {:.1}, {:.0} |",
            title(one),
            one.name,
            Reading::new(&one.theory).axioms().len(),
            one.laws.len(),
            one.found(),
            with_instances(one),
            one.answered("Theorem"),
            one.twins("CounterSatisfiable"),
            one.twins.len(),
            one.explored.seconds,
            one.explored.megabytes,
        );
    }
    text
}

/// The number of further laws that are instances of theorems, if any.
fn with_instances(one: &Measured) -> String {
    match one.instances() {
        0 => String::new(),
        count => format!(" + {count}"),
    }
}

/// The theory's name with blanks between words.
fn title(one: &Measured) -> String {
    let mut title = String::new();
    for (place, letter) in one.theory.name.chars().enumerate() {
        if letter.is_uppercase() && place > 0 {
            title.push(' ');
            title.extend(letter.to_lowercase());
        } else {
            title.push(letter);
        }
    }
    title
}

/// A table cell, with vertical bars escaped.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn page(one: &Measured) -> String {
    let theory = &one.theory;
    let reading = Reading::new(theory);
    let mut text = format!("# {}\n\n", title(one));
    if let Some(doc) = &theory.anchor_definition().doc {
        let _ = writeln!(text, "{doc}\n");
    }
    let _ = writeln!(
        text,
        "Written by `cargo bench --bench recall -- --docs docs/theories`: what stands here was measured.\n\n## What is put \
         in\n\n[theories/{0}.mpl](../../theories/{0}.mpl)\n",
        one.name
    );
    let mut last = None;
    let mut told = std::collections::HashSet::new();
    for axiom in reading.axioms() {
        let from = axiom.path.last().copied().filter(|id| *id != theory.anchor);
        if from != last
            && let Some(id) = from
            && let Some(definition) = &theory.predicate(id).definition
        {
            let doc = definition.doc.as_deref().filter(|_| told.insert(id));
            let doc = doc.map_or(String::new(), |doc| format!(": {doc}"));
            let _ = writeln!(text, "- *{}*{doc}", theory.predicate(id).name);
        }
        last = from;
        let indent = if from.is_some() { "  " } else { "" };
        let _ = writeln!(text, "{indent}- `{}`", reading.under_anchor(&axiom.formula));
    }
    let explored = &one.explored;
    let _ = writeln!(
        text,
        "\n## What comes out\n\n`theoremata explore theories/{}.mpl`: {} theorems, of which the first {} are \
         shown, in {:.1} CPU s and {:.0} MB{}.\n",
        one.name,
        explored.theorems.len(),
        explored.shown.len(),
        explored.seconds,
        explored.megabytes,
        if explored.finished { "" } else { ", where a bound of 10 s or 300 MB ended it" },
    );
    if !explored.shown.is_empty() {
        text.push_str("```text\n");
        for number in explored.shown.iter().take(FIRST) {
            let Some(theorem) = explored.theorems.iter().find(|theorem| theorem.number == *number) else { continue };
            let how =
                theorem.variable.as_ref().map_or(String::new(), |variable| format!("   [induction on {variable}]"));
            let _ = writeln!(text, "{number:>5}  {}{how}", theorem.math);
        }
        if explored.shown.len() > FIRST {
            let _ = writeln!(text, "       … {} more", explored.shown.len() - FIRST);
        }
        text.push_str("```\n");
    }
    let remarks = explored.remarks.iter().filter(|line| !line.starts_with("open:"));
    for remark in remarks.take(8) {
        let _ = writeln!(text, "\n{}", cell(remark));
    }
    text.push_str("\n| conjectures and how they went | |\n|---|---|\n");
    for (label, value) in explored.rows.iter().filter(|(label, _)| !label.contains(" s") && !label.contains("MB")) {
        let _ = writeln!(text, "| {} | {} |", cell(label), cell(value));
    }
    let _ = writeln!(
        text,
        "\n## The laws of textbooks\n\nOf {} laws {} are found by `explore`{}, and {} are proved by `prove` in {:.1} CPU s.\n\n| \
         law | | explore | prove |\n|---|---|---|---|",
        one.laws.len(),
        one.found(),
        match one.instances() {
            0 => String::new(),
            count => format!(" (of the others, {count} are instances of what is found)"),
        },
        one.answered("Theorem"),
        one.laws_cost,
    );
    for law in &one.laws {
        let found = match law.found {
            Found::Shown(number, line) => format!("{number}, line {line}"),
            Found::Consequence(number) => format!("{number}, a consequence"),
            Found::Instance(number) => format!("an instance of {number}"),
            Found::Missed => "not found".to_owned(),
        };
        let name = law.name.as_deref().unwrap_or("");
        let _ = writeln!(text, "| `{}` | {name} | {found} | {} |", cell(&law.math), word(&law.szs));
    }
    let _ = writeln!(
        text,
        "\n## What looks like a law\n\nNone of these follows; {} of {} are refuted by a model, in {:.1} CPU s.\n\n| statement | \
         prove |\n|---|---|",
        one.twins("CounterSatisfiable"),
        one.twins.len(),
        one.twins_cost,
    );
    for twin in &one.twins {
        let _ = writeln!(text, "| `{}` | {} |", cell(&twin.math), word(&twin.szs));
    }
    text
}

fn word(szs: &str) -> &str {
    match szs {
        "Theorem" => "proved",
        "CounterSatisfiable" => "refuted",
        "GaveUp" => "open",
        "Timeout" => "out of time",
        "ResourceOut" => "out of memory",
        other => other,
    }
}
