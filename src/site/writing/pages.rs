//! The HTML pages, as values for the templates.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use tera::{Context, Tera};
use theoremata_logic::calculus::formula::{Name, PredicateId};
use theoremata_logic::language::notation::Math;

use super::downloads::mpl;
use super::escape::shortened;
use super::exports::Exported;
use super::shelf::Shelf;
use super::{drawing, math};
use crate::site::SiteError;
use crate::site::values::address;
use crate::site::values::catalogue::Catalogue;
use crate::site::values::paging::{MOST_ROWS, ROWS, page_path, pager, paginate, source_path, within};
use crate::site::values::report::{Kind, SHOWN_REFUTED};

/// Maximal number of links in a list.
pub(crate) const MOST_LINKS: usize = 400;

const TEMPLATES: [(&str, &str); 12] = [
    ("base.html", include_str!("../../../templates/base.html")),
    ("index.html", include_str!("../../../templates/index.html")),
    ("theorems.html", include_str!("../../../templates/theorems.html")),
    ("theorem.html", include_str!("../../../templates/theorem.html")),
    ("definition.html", include_str!("../../../templates/definition.html")),
    ("conjectures.html", include_str!("../../../templates/conjectures.html")),
    ("graph.html", include_str!("../../../templates/graph.html")),
    ("rows.html", include_str!("../../../templates/rows.html")),
    ("pager.html", include_str!("../../../templates/pager.html")),
    ("line.html", include_str!("../../../templates/line.html")),
    ("guide.html", include_str!("../../../templates/guide.html")),
    ("exports.html", include_str!("../../../templates/exports.html")),
];

const ASSETS: [(&str, &str); 3] = [
    ("assets/site.css", include_str!("../../../templates/site.css")),
    ("assets/site.js", include_str!("../../../templates/site.js")),
    ("assets/scheme.js", include_str!("../../../templates/scheme.js")),
];

/// The parsed templates.
///
/// # Errors
/// If one of them is malformed, which is a bug.
pub(crate) fn templates() -> Result<Tera, SiteError> {
    let mut tera = Tera::new();
    let failed = |error: tera::Error| SiteError::Template { page: "templates".into(), reason: error.to_string() };
    tera.add_raw_templates(TEMPLATES).map_err(failed)?;
    Ok(tera)
}

/// Static files of the pages: style and scripts, the same for all sites.
pub(crate) fn asset(path: &str) -> Option<&'static str> {
    ASSETS.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// Where a site is located.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Home {
    /// In a folder of its own.
    Folder,
    /// On a server that has more than this site.
    Server,
}

/// The data common to all pages of a site, and their destination.
pub(crate) struct Pages<'p, 'r> {
    pub(crate) catalogue: &'p Catalogue<'r>,
    pub(crate) tera: &'p Tera,
    /// The number of files of the search index.
    pub(crate) pieces: usize,
    /// The files for other checkers.
    pub(crate) exported: Vec<Exported>,
    pub(crate) home: Home,
    pub(crate) shelf: &'p mut dyn Shelf,
}

impl Pages<'_, '_> {
    /// Writes all pages and their static files.
    ///
    /// # Errors
    /// If the shelf rejects one.
    pub(crate) fn all(&mut self) -> Result<(), SiteError> {
        for (path, text) in ASSETS {
            self.shelf.file(path, text)?;
        }
        self.sources()?;
        self.index()?;
        self.theorems()?;
        for number in 0..self.catalogue.theorems.len() {
            self.theorem(number)?;
        }
        self.definitions()?;
        self.open()?;
        self.refuted()?;
        self.graph()?;
        self.exports()?;
        self.guide()
    }

    /// Writes the pages that include the one at this path, if it exists.
    ///
    /// # Errors
    /// If the shelf rejects one.
    pub(crate) fn those_with(&mut self, path: &str) -> Result<(), SiteError> {
        let stem = path.strip_suffix(".html").unwrap_or(path);
        let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
        match stem {
            _ if path.starts_with("source/") => self.sources(),
            _ if path.starts_with("definition/") => self.definitions(),
            "index" => self.index(),
            "theorems" => self.theorems(),
            "open" => self.open(),
            "refuted" => self.refuted(),
            "graph" => self.graph(),
            "exports" => self.exports(),
            "guide" => self.guide(),
            _ => match self.catalogue.theorem_at(path) {
                Some(number) => self.theorem(number),
                None => Ok(()),
            },
        }
    }

    fn guide(&mut self) -> Result<(), SiteError> {
        self.render("guide.html", "guide.html", json!({}))
    }

    /// Renders a page at `path`, with the values common to all pages.
    pub(crate) fn render(&mut self, template: &str, path: &str, values: impl Serialize) -> Result<(), SiteError> {
        if !self.shelf.wants(path) {
            return Ok(());
        }
        let failed = |reason: String| SiteError::Template { page: path.to_owned(), reason };
        let report = self.catalogue.report;
        let mut context = Context::from_serialize(&values).map_err(|error| failed(error.to_string()))?;
        context.insert("site", &*self.catalogue.theory.name);
        context.insert("root", if path.contains('/') { "../" } else { "" });
        context.insert("path", path);
        context.insert("on_server", &(self.home == Home::Server));
        context.insert("pieces", &self.pieces);
        context.insert("exporting", &!self.exported.is_empty());
        context.insert(
            "totals",
            &json!({ "theorems": report.theorems.len(), "open": report.open.len(), "refuted": report.refuted.len() }),
        );
        let html = self.tera.render(template, &context).map_err(|error| failed(error.to_string()))?;
        self.shelf.file(path, &html)
    }

    fn sources(&mut self) -> Result<(), SiteError> {
        for (number, source) in self.catalogue.report.sources.iter().enumerate() {
            self.shelf.file(&source_path(number), &source.text)?;
        }
        Ok(())
    }

    fn index(&mut self) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let (report, theory) = (catalogue.report, catalogue.theory);
        let mut uses = vec![0_usize; catalogue.axioms.list.len()];
        for entry in &catalogue.theorems {
            for axiom in &entry.whole.axioms {
                uses[*axiom] += 1;
            }
        }
        let parameters = &theory.anchor_definition().parameters;
        let name = |name: Name| parameters.get(name.0 as usize).cloned().unwrap_or_else(|| "?".into());
        let axioms: Vec<Value> = catalogue
            .axioms
            .list
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
                let formal = |place: usize| {
                    theory
                        .shown_argument(induction, place)
                        .map_or_else(|| "?".to_owned(), |name| math::symbol(&catalogue.reading.symbol(name)))
                };
                json!({
                    "name": &*induction.name,
                    "set_html": formal(theoremata_logic::calculus::theory::Induction::SET),
                    "constructors_html": induction.constructors.iter().map(|constructor| formal(constructor.parameter))
                        .collect::<Vec<_>>().join(", "),
                    "structure": self.definition_link(induction.structure),
                    "added": induction.added_by_reader,
                })
            })
            .collect();
        let essential = report.theorems.iter().filter(|theorem| theorem.essential).count();
        let by_induction = report.theorems.iter().filter(|theorem| matches!(theorem.kind, Kind::Induction(_))).count();
        // Variants come last, as they add little. Theorems known before are listed separately.
        let is_known = |number: &usize| report.theorems[*number].from.is_some();
        let (known, laws): (Vec<usize>, Vec<usize>) = catalogue.interest.laws.iter().copied().partition(is_known);
        let (rows, rest) = self.theorem_rows(&laws);
        let (known, more_known) = self.theorem_rows(&known);
        let is_variant = |number: &usize| catalogue.interest.listed[*number].variant.is_some();
        let variants: Vec<usize> = (0..catalogue.theorems.len()).filter(is_variant).collect();
        let (variants, more) = self.theorem_rows(&variants);
        let all = rows.len() + known.len() + variants.len();
        let complete = rest.is_empty() && more_known.is_empty() && more.is_empty() && all <= MOST_ROWS;
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
            "contradiction": report.contradiction.iter().map(|number| self.theorem_link(*number)).collect::<Vec<_>>(),
            "essential": essential,
            "by_induction": by_induction,
            "remarks": report.remarks,
            "advice": report.advice,
            "counts": report.counts.iter().map(|count| json!({ "label": count.label, "number": count.number })).collect::<Vec<_>>(),
            "axioms": within(axioms, ROWS / 2),
            "definitions": definitions,
            "inductions": inductions,
            "rows": rows,
            "known": known,
            "complete": complete,
            "variants": if complete { variants } else { Vec::new() },
            "sources": sources,
        });
        self.render("index.html", "index.html", values)
    }

    /// Rows of the table of theorems: those of the first page, and those of each further page.
    fn theorem_rows(&self, numbers: &[usize]) -> (Vec<Value>, Vec<Vec<Value>>) {
        let catalogue = self.catalogue;
        let rows: Vec<Value> = numbers
            .iter()
            .map(|&number| {
                let (entry, theorem) = (&catalogue.theorems[number], &catalogue.report.theorems[number]);
                json!({
                    "number": number + 1,
                    "file": entry.file,
                    "math_html": math::statement(&entry.math),
                    "name": catalogue.name(number),
                    "kind": self.kind(number),
                    "variant": catalogue.variant(number),
                    "from": theorem.from.as_ref().map(|from| json!({
                        "theory": from.theory, "definition": from.predicate.map(|id| self.definition_link(id)),
                    })),
                    "essential": theorem.essential,
                    "used": entry.used_by.len(),
                    "steps": theorem.checked.proof().steps.len(),
                })
            })
            .collect();
        let mut pages = paginate(rows).into_iter();
        (pages.next().unwrap_or_default(), pages.collect())
    }

    fn theorems(&mut self) -> Result<(), SiteError> {
        let (first, rest) = self.theorem_rows(&(0..self.catalogue.theorems.len()).collect::<Vec<_>>());
        let pages: Vec<Vec<Value>> = std::iter::once(first).chain(rest).collect();
        let count = pages.len();
        for (number, rows) in pages.into_iter().enumerate() {
            let values = json!({ "rows": rows, "pager": pager("theorems", number, count) });
            self.render("theorems.html", &page_path("theorems", number), values)?;
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
                    // Variables that are displayed as terms are omitted.
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
        // Ascending, like `alone`.
        let linked = (0..catalogue.theorems.len()).filter(|node| alone.binary_search(node).is_err());
        let (folded, linked): (Vec<usize>, Vec<usize>) = linked.partition(|node| drawing::is_folded(catalogue, *node));
        let folded = folded.len();
        let levels = catalogue.theorems.iter().map(|entry| entry.level + 1).max().unwrap_or(0);
        let values = json!({
            "picture_html": (!nodes.is_empty()).then(|| drawing::draw(catalogue, &nodes, "theorem/", None)),
            "drawn": nodes.len(),
            "linked": linked.len(),
            "folded": folded,
            "alone": alone.iter().take(MOST_LINKS).map(|number| self.theorem_link(*number)).collect::<Vec<_>>(),
            "more_alone": alone.len().saturating_sub(MOST_LINKS),
            "levels": levels,
        });
        self.render("graph.html", "graph.html", values)
    }

    /// How a theorem was found, in words.
    pub(crate) fn kind(&self, number: usize) -> String {
        let theorem = &self.catalogue.report.theorems[number];
        match &theorem.kind {
            Kind::Direct => "direct".to_owned(),
            Kind::Corollary => "corollary".to_owned(),
            Kind::Induction(variable) => {
                let names = self.catalogue.reading.variables(theorem.checked.statement());
                let shown =
                    names.iter().find(|(binder, _)| **binder == **variable).map_or(&**variable, |(_, shown)| shown);
                format!("induction on {shown}")
            }
        }
    }

    pub(crate) fn theorem_link(&self, number: usize) -> Value {
        let entry = &self.catalogue.theorems[number];
        let text: String = entry.text.chars().take(120).collect();
        json!({ "number": number + 1, "file": entry.file, "text": text })
    }

    pub(crate) fn definition_link(&self, id: PredicateId) -> Value {
        let name = &self.catalogue.theory.predicate(id).name;
        json!({ "name": &**name, "file": format!("{}.html", address::of_name(name)) })
    }
}
