//! The HTML pages: what each shows, as values for the templates.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use tera::{Context, Tera};
use theoremata_logic::formula::{Formula, Name, PredicateId};
use theoremata_logic::notation::Math;
use theoremata_logic::theory::Sort;

use super::catalogue::Catalogue;
use super::downloads::mpl;
use super::folder::Folder;
use super::proof::{self, Event, Line, Teller};
use super::report::{Kind, SHOWN_REFUTED};
use super::{SiteError, address, drawing, math, shortened};

/// The bytes of a page's rows, about; with what stands around them a page stays well below 1 MB.
const ROWS: usize = 550_000;

/// The most rows of a page.
const MOST_ROWS: usize = 300;

/// The most links of one list on a page.
const MOST_LINKS: usize = 400;

const TEMPLATES: [(&str, &str); 11] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("index.html", include_str!("../../templates/index.html")),
    ("theorems.html", include_str!("../../templates/theorems.html")),
    ("theorem.html", include_str!("../../templates/theorem.html")),
    ("definition.html", include_str!("../../templates/definition.html")),
    ("conjectures.html", include_str!("../../templates/conjectures.html")),
    ("graph.html", include_str!("../../templates/graph.html")),
    ("rows.html", include_str!("../../templates/rows.html")),
    ("pager.html", include_str!("../../templates/pager.html")),
    ("line.html", include_str!("../../templates/line.html")),
    ("guide.html", include_str!("../../templates/guide.html")),
];

const ASSETS: [(&str, &str); 3] = [
    ("assets/site.css", include_str!("../../templates/site.css")),
    ("assets/site.js", include_str!("../../templates/site.js")),
    ("assets/scheme.js", include_str!("../../templates/scheme.js")),
];

/// Writes all pages and what they load. `pieces` is the number of files of the search index.
pub(crate) fn write(catalogue: &Catalogue<'_>, pieces: usize, folder: &mut Folder) -> Result<(), SiteError> {
    for (path, text) in ASSETS {
        folder.file(path, text)?;
    }
    let mut pages = Pages { catalogue, tera: Tera::new(), pieces, folder };
    pages
        .tera
        .add_raw_templates(TEMPLATES)
        .map_err(|error| SiteError::Template { page: "templates".into(), reason: error.to_string() })?;
    pages.sources()?;
    pages.index()?;
    pages.theorems()?;
    for number in 0..catalogue.theorems.len() {
        pages.theorem(number)?;
    }
    pages.definitions()?;
    pages.open()?;
    pages.refuted()?;
    pages.graph()?;
    pages.render("guide.html", "guide.html", json!({}))
}

/// The values of a theorem's page. The lines of the proof, by far the most of it, go to the template
/// without a detour.
#[derive(Serialize)]
struct Lines<'a> {
    given: &'a [Line],
    fetched: &'a [Line],
    events: &'a [Event],
    #[serde(flatten)]
    values: Value,
}

struct Pages<'p, 'r> {
    catalogue: &'p Catalogue<'r>,
    tera: Tera,
    pieces: usize,
    folder: &'p mut Folder,
}

impl Pages<'_, '_> {
    /// Renders a page at `path` with the values that every page needs.
    fn render(&mut self, template: &str, path: &str, values: impl Serialize) -> Result<(), SiteError> {
        let failed = |reason: String| SiteError::Template { page: path.to_owned(), reason };
        let report = self.catalogue.report;
        let mut context = Context::from_serialize(&values).map_err(|error| failed(error.to_string()))?;
        context.insert("site", &*self.catalogue.theory.name);
        context.insert("root", if path.contains('/') { "../" } else { "" });
        context.insert("path", path);
        context.insert("pieces", &self.pieces);
        context.insert(
            "totals",
            &json!({ "theorems": report.theorems.len(), "open": report.open.len(), "refuted": report.refuted.len() }),
        );
        let html = self.tera.render(template, &context).map_err(|error| failed(error.to_string()))?;
        self.folder.file(path, &html)
    }

    fn sources(&mut self) -> Result<(), SiteError> {
        for (number, source) in self.catalogue.report.sources.iter().enumerate() {
            self.folder.file(&source_path(number), &source.text)?;
        }
        Ok(())
    }

    fn index(&mut self) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let (report, theory) = (catalogue.report, catalogue.theory);
        let mut uses = vec![0_usize; catalogue.axioms.len()];
        for entry in &catalogue.theorems {
            for axiom in &entry.whole.axioms {
                uses[*axiom] += 1;
            }
        }
        let parameters = &theory.anchor_definition().parameters;
        let name = |name: Name| parameters.get(name.0 as usize).cloned().unwrap_or_else(|| "?".into());
        let axioms: Vec<Value> = catalogue
            .axioms
            .iter()
            .zip(&uses)
            .map(|(axiom, uses)| {
                json!({
                    "math_html": math::statement(&catalogue.reading.under_anchor(&axiom.formula)),
                    "literal_html": math::statement(&catalogue.literal.under_anchor(&axiom.formula)),
                    "mpl": shortened(catalogue.reading.mpl(&axiom.formula, &name)),
                    "from": axiom.path.last().map(|id| self.definition_link(*id)),
                    "uses": uses,
                })
            })
            .collect();
        let definitions: Vec<Value> = self.defined().map(|id| self.definition_link(id)).collect();
        let inductions: Vec<Value> = theory
            .inductions
            .iter()
            .map(|induction| {
                let structure = theory.predicate(induction.predicate);
                let formal = |place: usize| {
                    structure
                        .definition
                        .as_ref()
                        .and_then(|definition| definition.parameters.get(place))
                        .map_or_else(|| "?".to_owned(), |name| math::symbol(&catalogue.reading.symbol(name)))
                };
                json!({
                    "name": &*induction.name,
                    "set_html": formal(induction.set),
                    "constructors_html": induction.constructors.iter().map(|constructor| formal(constructor.parameter))
                        .collect::<Vec<_>>().join(", "),
                    "structure": self.definition_link(induction.predicate),
                    "added": induction.added_by_reader,
                })
            })
            .collect();
        let essential = report.theorems.iter().filter(|theorem| theorem.essential).count();
        let by_induction = report.theorems.iter().filter(|theorem| matches!(theorem.kind, Kind::Induction(_))).count();
        // Corollaries come last: there are many, and little is new in them.
        let is_corollary =
            |number: usize| report.theorems[number].kind == Kind::Corollary && !report.theorems[number].essential;
        let (rows, rest) = self.theorem_rows(|number| !is_corollary(number));
        let (corollaries, more) = self.theorem_rows(is_corollary);
        let complete = rest.is_empty() && more.is_empty() && rows.len() + corollaries.len() <= MOST_ROWS;
        let rows = if rest.is_empty() { rows } else { self.theorem_rows(|number| report.theorems[number].essential).0 };
        let sources: Vec<Value> = report
            .sources
            .iter()
            .enumerate()
            .map(|(number, source)| {
                json!({
                    "name": source.name,
                    "path": source_path(number),
                    "text": (source.text.len() <= 40_000 && number < 4).then_some(&source.text),
                })
            })
            .collect();
        let values = json!({
            "doc": theory.anchor_definition().doc,
            "anchor": self.definition_link(theory.anchor),
            "essential": essential,
            "by_induction": by_induction,
            "counts": report.counts.iter().map(|count| json!({ "label": count.label, "number": count.number })).collect::<Vec<_>>(),
            "axioms": within(axioms, ROWS / 2),
            "definitions": definitions,
            "inductions": inductions,
            "rows": rows,
            "complete": complete,
            "corollaries": if complete { corollaries } else { Vec::new() },
            "sources": sources,
        });
        self.render("index.html", "index.html", values)
    }

    /// Rows of the table of theorems: those of the first page, and those of the following.
    fn theorem_rows(&self, wanted: impl Fn(usize) -> bool) -> (Vec<Value>, Vec<Vec<Value>>) {
        let catalogue = self.catalogue;
        let rows: Vec<Value> = (0..catalogue.theorems.len())
            .filter(|number| wanted(*number))
            .map(|number| {
                let (entry, theorem) = (&catalogue.theorems[number], &catalogue.report.theorems[number]);
                json!({
                    "number": number + 1,
                    "file": entry.file,
                    "math_html": math::statement(&entry.math),
                    "name": catalogue.name(number),
                    "kind": self.kind(number),
                    "essential": theorem.essential,
                    "used": entry.used_by.len(),
                    "steps": theorem.proof.steps.len(),
                })
            })
            .collect();
        let mut pages = paginate(rows).into_iter();
        (pages.next().unwrap_or_default(), pages.collect())
    }

    fn theorems(&mut self) -> Result<(), SiteError> {
        let (first, rest) = self.theorem_rows(|_| true);
        let pages: Vec<Vec<Value>> = std::iter::once(first).chain(rest).collect();
        let count = pages.len();
        for (number, rows) in pages.into_iter().enumerate() {
            let values = json!({ "rows": rows, "pager": pager("theorems", number, count) });
            self.render("theorems.html", &page_path("theorems", number), values)?;
        }
        Ok(())
    }

    fn theorem(&mut self, number: usize) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let (entry, theorem) = (&catalogue.theorems[number], &catalogue.report.theorems[number]);
        let teller = Teller::new(catalogue, &theorem.proof);
        let told = teller.tell(&|step| format!("#s{step}"));
        let (mut parts, place) = proof::parts(told.events, ROWS, None);
        let stem = entry.file.trim_end_matches(".html");
        let part_file = |part: usize| {
            if part == 0 { entry.file.clone() } else { format!("{stem}.part{}.html", part + 1) }
        };
        let mut given = told.given;
        let mut fetched = told.fetched;
        if parts.len() > 1 {
            // Now that it is known on which page each step stands, the links are made again.
            let href = |step: usize| format!("{}#s{step}", part_file(place.get(&step).copied().unwrap_or(0)));
            let again = teller.tell(&href);
            parts = proof::parts(again.events, ROWS, Some(&place)).0;
            given = again.given;
            fetched = again.fetched;
        }
        let cites: Vec<Value> = entry.cites.iter().take(MOST_LINKS).map(|cited| self.theorem_link(*cited)).collect();
        let used_by: Vec<Value> =
            entry.used_by.iter().take(MOST_LINKS).map(|citing| self.theorem_link(*citing)).collect();
        let inherited: Vec<usize> =
            entry.whole.axioms.iter().copied().filter(|axiom| !entry.own.axioms.contains(axiom)).collect();
        let axioms = |axioms: &[usize]| -> Vec<Value> {
            axioms
                .iter()
                .map(|axiom| {
                    let text: String = catalogue.axiom_texts[*axiom].chars().take(160).collect();
                    json!({ "number": axiom + 1, "text": text })
                })
                .collect()
        };
        let inductions: Vec<&str> = entry
            .whole
            .inductions
            .iter()
            .filter_map(|principle| catalogue.theory.inductions.get(*principle))
            .map(|principle| &*principle.name)
            .collect();
        let comprehensions: Vec<Value> =
            entry.whole.comprehensions.iter().map(|predicate| self.definition_link(*predicate)).collect();
        let neighbours = drawing::around(catalogue, number);
        let picture = (neighbours.len() > 1).then(|| drawing::draw(catalogue, &neighbours, "", Some(number)));
        let count = parts.len();
        for (part, events) in parts.into_iter().enumerate() {
            let first = part == 0;
            let values = json!({
                "number": number + 1,
                "name": catalogue.name(number),
                "text": entry.text.chars().take(200).collect::<String>(),
                "math_html": math::statement(&entry.math),
                "literal_html": math::statement(&catalogue.literal.statement(&theorem.statement)),
                "mpl": shortened(mpl(catalogue, &theorem.statement)),
                "kind": self.kind(number),
                "essential": theorem.essential,
                "cycle": theorem.cycle,
                "own_axioms": axioms(&entry.own.axioms),
                "inherited_axioms": axioms(&inherited),
                "inductions": inductions,
                "comprehensions": comprehensions,
                "classical": entry.whole.classical,
                "cites": cites,
                "more_cites": entry.cites.len().saturating_sub(MOST_LINKS),
                "used_by": used_by,
                "more_used_by": entry.used_by.len().saturating_sub(MOST_LINKS),
                "level": entry.level,
                "steps": told.steps,
                "picture_html": if first { picture.as_deref() } else { None },
                "part": part + 1,
                "parts": (0..count).map(part_file).collect::<Vec<_>>(),
                "previous": number.checked_sub(1).map(|previous| self.theorem_link(previous)),
                "next": (number + 1 < catalogue.theorems.len()).then(|| self.theorem_link(number + 1)),
            });
            let lines = Lines {
                given: if first { &given } else { &[] },
                fetched: if first { &fetched } else { &[] },
                events: &events,
                values,
            };
            self.render("theorem.html", &format!("theorem/{}", part_file(part)), lines)?;
        }
        Ok(())
    }

    fn defined(&self) -> impl Iterator<Item = PredicateId> + use<'_> {
        let predicates = &self.catalogue.theory.predicates;
        predicates
            .iter()
            .enumerate()
            .filter(|(_, predicate)| predicate.definition.is_some())
            .map(|(place, _)| PredicateId(place as u32))
    }

    fn definitions(&mut self) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let theory = catalogue.theory;
        let mut mentioned: HashMap<PredicateId, Vec<usize>> = HashMap::new();
        for (number, theorem) in catalogue.report.theorems.iter().enumerate() {
            for predicate in predicates_of(&theorem.statement) {
                mentioned.entry(predicate).or_default().push(number);
            }
        }
        let ids: Vec<PredicateId> = self.defined().collect();
        for id in ids {
            let predicate = theory.predicate(id);
            let Some(definition) = &predicate.definition else { continue };
            let name = |name: Name| definition.parameters.get(name.0 as usize).cloned().unwrap_or_else(|| "?".into());
            let used_in: Vec<Value> = self
                .defined()
                .filter(|other| {
                    theory
                        .predicate(*other)
                        .definition
                        .as_ref()
                        .is_some_and(|other| predicates_of(&other.body).contains(&id))
                })
                .map(|other| self.definition_link(other))
                .collect();
            let theorems: &[usize] =
                if id == theory.anchor { &[] } else { mentioned.get(&id).map_or(&[], Vec::as_slice) };
            let parameters: Vec<Value> = definition
                .parameters
                .iter()
                .enumerate()
                .map(|(place, parameter)| {
                    json!({
                        "name": &**parameter,
                        "symbol_html": math::symbol(&catalogue.reading.symbol(parameter)),
                        "sort": predicate.sorts.get(place).map(sort),
                    })
                })
                .collect();
            let values = json!({
                "name": &*predicate.name,
                "doc": definition.doc,
                "defined_in": &*definition.file,
                "is_anchor": id == theory.anchor,
                "parameters": parameters,
                "math_html": parts_of(catalogue, &definition.body, &name, false),
                "literal_html": parts_of(catalogue, &definition.body, &name, true),
                "mpl": shortened(catalogue.reading.mpl(&definition.body, &name)),
                "used_in": used_in,
                "theorems": theorems.iter().take(MOST_LINKS).map(|number| self.theorem_link(*number)).collect::<Vec<_>>(),
                "more_theorems": theorems.len().saturating_sub(MOST_LINKS),
            });
            self.render("definition.html", &format!("definition/{}.html", address::of_name(&predicate.name)), values)?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let rows: Vec<Value> = catalogue
            .report
            .open
            .iter()
            .enumerate()
            .map(|(number, open)| {
                json!({
                    "number": number + 1,
                    "math_html": math::statement(&catalogue.reading.statement(&open.statement)),
                    "mpl": shortened(mpl(catalogue, &open.statement)),
                    "tried": open.tried,
                    "stuck_html": open.stuck.iter().take(50)
                        .map(|stuck| math::statement(&catalogue.reading.statement(stuck))).collect::<Vec<_>>(),
                    "bound": open.bound,
                })
            })
            .collect();
        let total = rows.len();
        self.conjectures("open", "Open conjectures", rows, total)
    }

    fn refuted(&mut self) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let rows: Vec<Value> = catalogue
            .report
            .refuted
            .iter()
            .take(SHOWN_REFUTED)
            .enumerate()
            .map(|(number, refuted)| {
                let shown: HashMap<_, _> = catalogue.reading.variables(&refuted.statement).into_iter().collect();
                let read = catalogue.reading.statement(&refuted.statement);
                let assignment: Vec<String> = refuted
                    .assignment
                    .iter()
                    .map(|(variable, value)| (shown.get(variable).unwrap_or(variable), value))
                    // A variable that the reading replaces by a term would only puzzle.
                    .filter(|(variable, _)| {
                        read.binds(&catalogue.reading.symbol(variable))
                            || !shown.values().any(|known| known == *variable)
                    })
                    .map(|(variable, value)| {
                        let value = Math::Symbol(catalogue.reading.symbol(value));
                        format!(
                            "{}&nbsp;=&nbsp;{}",
                            math::symbol(&catalogue.reading.symbol(variable)),
                            math::inline(&value)
                        )
                    })
                    .collect();
                json!({
                    "number": number + 1,
                    "math_html": math::statement(&read),
                    "mpl": shortened(mpl(catalogue, &refuted.statement)),
                    "counterexample_html": assignment.join(", "),
                    "model": catalogue.report.models.get(refuted.model).map(|model| model.origin.as_str()),
                })
            })
            .collect();
        let total = catalogue.report.refuted.len();
        self.conjectures("refuted", "Refuted conjectures", rows, total)
    }

    fn conjectures(&mut self, stem: &str, title: &str, rows: Vec<Value>, total: usize) -> Result<(), SiteError> {
        let shown = rows.len();
        let pages = paginate(rows);
        let count = pages.len();
        for (number, rows) in pages.into_iter().enumerate() {
            let values = json!({
                "title": title,
                "stem": stem,
                "rows": rows,
                "shown": shown,
                "total": total,
                "pager": pager(stem, number, count),
            });
            self.render("conjectures.html", &page_path(stem, number), values)?;
        }
        Ok(())
    }

    fn graph(&mut self) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let nodes = drawing::everything(catalogue);
        let alone = drawing::alone(catalogue);
        let levels = catalogue.theorems.iter().map(|entry| entry.level + 1).max().unwrap_or(0);
        let values = json!({
            "picture_html": (!nodes.is_empty()).then(|| drawing::draw(catalogue, &nodes, "theorem/", None)),
            "drawn": nodes.len(),
            "linked": catalogue.theorems.len() - alone.len(),
            "alone": alone.iter().take(MOST_LINKS).map(|number| self.theorem_link(*number)).collect::<Vec<_>>(),
            "more_alone": alone.len().saturating_sub(MOST_LINKS),
            "levels": levels,
        });
        self.render("graph.html", "graph.html", values)
    }

    /// How a theorem was found, in words.
    fn kind(&self, number: usize) -> String {
        let theorem = &self.catalogue.report.theorems[number];
        match &theorem.kind {
            Kind::Direct => "direct".to_owned(),
            Kind::Corollary => "corollary".to_owned(),
            Kind::Induction(variable) => {
                let names = self.catalogue.reading.variables(&theorem.statement);
                let shown =
                    names.iter().find(|(binder, _)| **binder == **variable).map_or(&**variable, |(_, shown)| shown);
                format!("induction on {shown}")
            }
        }
    }

    fn theorem_link(&self, number: usize) -> Value {
        let entry = &self.catalogue.theorems[number];
        let text: String = entry.text.chars().take(120).collect();
        json!({ "number": number + 1, "file": entry.file, "text": text })
    }

    fn definition_link(&self, id: PredicateId) -> Value {
        let name = &self.catalogue.theory.predicate(id).name;
        json!({ "name": &**name, "file": format!("{}.html", address::of_name(name)) })
    }
}

/// The conjuncts of a definition's body, each a statement of its own.
fn parts_of(
    catalogue: &Catalogue<'_>,
    body: &Formula,
    name: &dyn Fn(Name) -> std::sync::Arc<str>,
    literal: bool,
) -> Vec<String> {
    let reading = if literal { &catalogue.literal } else { &catalogue.reading };
    let mut parts = Vec::new();
    let mut stack = vec![body];
    while let Some(formula) = stack.pop() {
        match reading.formula(formula, name) {
            Math::And(_) => {
                if let Formula::And(left, right) = formula {
                    stack.push(right);
                    stack.push(left);
                    continue;
                }
                parts.push(math::statement(&reading.formula(formula, name)));
            }
            other => parts.push(math::statement(&other)),
        }
    }
    parts
}

fn predicates_of(formula: &Formula) -> Vec<PredicateId> {
    let mut found = Vec::new();
    let mut stack = vec![formula];
    while let Some(formula) = stack.pop() {
        match formula {
            Formula::Atom(predicate, _) => found.push(*predicate),
            Formula::And(left, right) | Formula::Implies(_, left, right) => stack.extend([&**left, &**right]),
            Formula::Not(inner) => stack.push(inner),
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What an argument place takes, in words.
fn sort(sort: &Sort) -> String {
    match sort {
        Sort::Individual(number) => format!("individual of sort {number}"),
        Sort::Power(parts) if parts.len() == 1 => "set".to_owned(),
        Sort::Power(parts) => format!("relation of {} places", parts.len()),
    }
}

/// Rows in pages that stay small.
fn paginate(rows: Vec<Value>) -> Vec<Vec<Value>> {
    let mut pages = vec![Vec::new()];
    let mut size = 0;
    for row in rows {
        let bytes = weight(&row);
        let full = |page: &Vec<Value>| page.len() == MOST_ROWS || (size + bytes > ROWS && !page.is_empty());
        if pages.last().is_some_and(full) {
            pages.push(Vec::new());
            size = 0;
        }
        size += bytes;
        if let Some(page) = pages.last_mut() {
            page.push(row);
        }
    }
    pages
}

/// The rows that fit into so many bytes.
fn within(rows: Vec<Value>, bytes: usize) -> Vec<Value> {
    let mut left = bytes;
    rows.into_iter()
        .take_while(|row| {
            let weight = weight(row);
            let fits = weight <= left;
            left = left.saturating_sub(weight);
            fits
        })
        .collect()
}

/// About how many bytes of a page a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + text.matches(['<', '>', '&', '"']).count() / 8 + 20,
        Value::Array(parts) => parts.iter().map(weight).sum(),
        Value::Object(parts) => 100 + parts.values().map(weight).sum::<usize>(),
        _ => 10,
    }
}

fn page_path(stem: &str, number: usize) -> String {
    if number == 0 { format!("{stem}.html") } else { format!("{stem}-{}.html", number + 1) }
}

fn source_path(number: usize) -> String {
    format!("source/{}.txt", number + 1)
}

/// Links to the other pages of a list.
fn pager(stem: &str, number: usize, count: usize) -> Value {
    json!({
        "page": number + 1,
        "pages": (0..count).map(|other| page_path(stem, other)).collect::<Vec<_>>(),
        "previous": number.checked_sub(1).map(|other| page_path(stem, other)),
        "next": (number + 1 < count).then(|| page_path(stem, number + 1)),
    })
}
