//! Results in machine-readable form: JSON lines to download, and the search index.

use serde_json::{Value, json};
use theoremata_logic::calculus::formula::{Formula, Name};

use super::escape::shortened;
use super::shelf::Shelf;
use crate::site::SiteError;
use crate::site::values::address;
use crate::site::values::catalogue::Catalogue;
use crate::site::values::report::Kind;

/// Approximate size of a piece of the search index, in bytes.
const PIECE: usize = 400_000;

/// A download, with its path.
type Download = (&'static str, fn(&Catalogue<'_>) -> String);

const DOWNLOADS: [Download; 3] =
    [("data/theorems.jsonl", theorems), ("data/open.jsonl", open), ("data/refuted.jsonl", refuted)];

/// Writes the downloads.
///
/// # Errors
/// If the shelf rejects one.
pub(crate) fn write(catalogue: &Catalogue<'_>, shelf: &mut dyn Shelf) -> Result<(), SiteError> {
    let mut wanted = DOWNLOADS.iter().filter(|(path, _)| shelf.wants(path)).collect::<Vec<_>>().into_iter();
    wanted.try_for_each(|(path, text)| shelf.file(path, &text(catalogue)))
}

/// The files of the search index, with their paths. They are scripts, because pages opened from disk may only load
/// scripts.
pub(crate) fn index(catalogue: &Catalogue<'_>) -> Vec<(String, String)> {
    let text = |(number, piece): (usize, Vec<String>)| {
        (format!("assets/index-{}.js", number + 1), format!("theoremataFound([\n{}\n]);\n", piece.join(",\n")))
    };
    pieces(catalogue).into_iter().enumerate().map(text).collect()
}

/// The MPL text of a closed formula.
pub(crate) fn mpl(catalogue: &Catalogue<'_>, formula: &Formula) -> String {
    catalogue.reading.mpl(formula, &|name: Name| format!("v{}", name.0).into())
}

fn lines(values: impl Iterator<Item = Value>) -> String {
    let mut text = String::new();
    for value in values {
        text.push_str(&value.to_string());
        text.push('\n');
    }
    text
}

fn theorems(catalogue: &Catalogue<'_>) -> String {
    lines(catalogue.report.theorems.iter().zip(&catalogue.theorems).enumerate().map(|(place, (theorem, entry))| {
        let kind = match &theorem.kind {
            Kind::Direct => json!("direct"),
            Kind::Induction(variable) => json!({ "induction": variable }),
            Kind::Corollary => json!("corollary"),
        };
        let numbers = |list: &[usize]| -> Vec<usize> { list.iter().map(|number| number + 1).collect() };
        json!({
            "number": place + 1,
            "statement": entry.math.to_string(),
            "mpl": mpl(catalogue, theorem.checked.statement()),
            "kind": kind,
            "essential": theorem.essential,
            "name": catalogue.interest.listed[place].name,
            "rank": catalogue.interest.listed[place].rank.map(|rank| rank + 1),
            "variant_of": catalogue.variant(place),
            "from": theorem.from.as_ref().map(|from| {
                json!({ "theory": from.theory, "file": from.file, "theorem": from.theorem })
            }),
            "cycle": theorem.cycle,
            "cites": numbers(&entry.cites),
            "axioms": numbers(&entry.whole.axioms),
            "inductions": entry.whole.inductions.iter()
                .filter_map(|number| catalogue.theory.inductions.get(*number))
                .map(|principle| principle.name.to_string()).collect::<Vec<_>>(),
            "steps": theorem.checked.proof().steps.len(),
            "page": format!("theorem/{}", entry.file),
        })
    }))
}

fn open(catalogue: &Catalogue<'_>) -> String {
    lines(catalogue.report.open.iter().map(|open| {
        json!({
            "mpl": mpl(catalogue, &open.statement),
            "tried": open.tried,
            "stuck": open.stuck.iter().map(|stuck| mpl(catalogue, stuck)).collect::<Vec<_>>(),
            "bound": open.bound,
        })
    }))
}

fn refuted(catalogue: &Catalogue<'_>) -> String {
    lines(catalogue.report.refuted.iter().map(|refuted| {
        let assignment: Vec<_> =
            refuted.assignment.iter().map(|(variable, value)| json!([&**variable, &**value])).collect();
        json!({
            "mpl": mpl(catalogue, &refuted.statement),
            "counterexample": assignment,
            "model": catalogue.report.models.get(refuted.model).map(|model| model.origin.as_str()),
        })
    }))
}

/// The entries of the search index: kind, title, address, statement, MPL.
fn pieces(catalogue: &Catalogue<'_>) -> Vec<Vec<String>> {
    let mut pieces: Vec<Vec<String>> = vec![Vec::new()];
    let mut size = 0;
    let mut put = |kind: &str, title: String, href: String, statement: String, mpl: String| {
        let line = json!([kind, title, href, shortened(statement), shortened(mpl)]).to_string();
        size += line.len();
        if size > PIECE {
            pieces.push(Vec::new());
            size = line.len();
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(line);
        }
    };
    for (place, (theorem, entry)) in catalogue.report.theorems.iter().zip(&catalogue.theorems).enumerate() {
        let name = catalogue.name(place);
        let title = match name {
            Some(name) => format!("Theorem {}: {name}", place + 1),
            None => format!("Theorem {}", place + 1),
        };
        let href = format!("theorem/{}", entry.file);
        put("theorem", title, href, entry.math.to_string(), mpl(catalogue, theorem.checked.statement()));
    }
    for (place, axiom) in catalogue.axioms.list.iter().enumerate() {
        let statement = catalogue.axiom_texts[place].clone();
        let parameters = &catalogue.theory.anchor_definition().parameters;
        let text = catalogue
            .reading
            .mpl(&axiom.formula, &|name| parameters.get(name.0 as usize).cloned().unwrap_or_else(|| "?".into()));
        put("axiom", format!("Axiom {}", place + 1), format!("index.html#axiom-{}", place + 1), statement, text);
    }
    for predicate in &catalogue.theory.predicates {
        if let Some(definition) = &predicate.definition {
            let href = format!("definition/{}.html", address::of_name(&predicate.name));
            let title = format!("Definition {}", predicate.name);
            put("definition", title, href, definition.doc.clone().unwrap_or_default(), String::new());
        }
    }
    pieces
}
