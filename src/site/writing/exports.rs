//! The page of exports for other checkers, and the export files.

use serde_json::{Value, json};
use theoremata_logic::calculus::checked::Checked;

use super::pages::Pages;
use super::shelf::Shelf;
use crate::exchange::checkers::Checker;
use crate::exchange::languages::{self, Language};
use crate::site::SiteError;
use crate::site::values::catalogue::Catalogue;

/// The files by name, without their sizes.
pub(crate) fn names(catalogue: &Catalogue<'_>) -> Vec<Exported> {
    let name = |language: Language| Exported { language, file: language.file(catalogue.theory), bytes: 0 };
    if catalogue.report.exports { Language::ALL.map(name).into() } else { Vec::new() }
}

/// Whether this is the path of an export, or of the page that states the sizes.
pub(crate) fn is_export(catalogue: &Catalogue<'_>, path: &str) -> bool {
    let file = path.strip_prefix("data/");
    path == "exports.html" || names(catalogue).iter().any(|exported| file == Some(&*exported.file))
}

/// A file of the site with all theorems in the language of other checkers.
pub(crate) struct Exported {
    language: Language,
    /// Its name, without folder.
    file: String,
    bytes: u64,
}

/// Writes the theorems in every language.
///
/// # Errors
/// If the shelf rejects a file.
pub(crate) fn write(catalogue: &Catalogue<'_>, shelf: &mut dyn Shelf) -> Result<Vec<Exported>, SiteError> {
    let theorems: Vec<Checked> = catalogue.report.theorems.iter().map(|theorem| theorem.checked.clone()).collect();
    let mut written = names(catalogue);
    for exported in &mut written {
        exported.bytes = shelf.stream(&format!("data/{}", exported.file), &mut |out| {
            let bytes = languages::write(catalogue.theory, &theorems, exported.language, out)?;
            out.flush()?;
            Ok(bytes)
        })?;
    }
    Ok(written)
}

impl Pages<'_, '_> {
    /// The exports, as shown on a theorem's page.
    pub(crate) fn exports_of(&self, number: usize) -> Vec<Value> {
        let link = |exported: &Exported| {
            json!({
                "title": exported.language.title(),
                "label": exported.language.label(number as u32 + 1),
            })
        };
        self.exported.iter().map(link).collect()
    }

    /// The checkers that have accepted the theorems, with dates.
    pub(crate) fn acceptances(&self) -> Vec<Value> {
        let accepted = self.catalogue.report.acceptances.iter();
        accepted
            .map(|known| json!({ "checker": known.checker, "version": known.version, "day": known.day() }))
            .collect()
    }

    pub(crate) fn exports(&mut self) -> Result<(), SiteError> {
        if self.exported.is_empty() {
            return Ok(());
        }
        let rows: Vec<Value> = (self.exported.iter())
            .map(|exported| {
                let readers: Vec<Value> = (Checker::ALL.iter())
                    .filter(|checker| checker.language() == exported.language)
                    .map(|checker| {
                        let accepted = self.catalogue.report.acceptances.iter();
                        let accepted = accepted.clone().find(|known| known.checker == checker.name());
                        json!({
                            "about": checker.about(),
                            "installation": checker.installation(),
                            "command": checker.command(&exported.file),
                            "version": accepted.map(|known| &known.version),
                            "theorems": accepted.map(|known| known.theorems),
                            "day": accepted.map(|known| known.day()),
                        })
                    })
                    .collect();
                json!({
                    "title": exported.language.title(),
                    "about": exported.language.about(),
                    "file": exported.file,
                    "kilobytes": exported.bytes.div_ceil(1024),
                    "readers": readers,
                })
            })
            .collect();
        let any = !self.catalogue.report.acceptances.is_empty();
        self.render("exports.html", "exports.html", json!({ "rows": rows, "any": any }))
    }
}
