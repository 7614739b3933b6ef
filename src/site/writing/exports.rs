//! The page of what other checkers read, and the files themselves.

use serde_json::{Value, json};
use theoremata_logic::calculus::checked::Checked;

use super::folder::Folder;
use super::pages::Pages;
use crate::exchange::checkers::Checker;
use crate::exchange::languages::{self, Language};
use crate::site::SiteError;
use crate::site::values::catalogue::Catalogue;

/// A file of the site with all its theorems in the language of other checkers.
pub(crate) struct Exported {
    language: Language,
    /// Its name, without folder.
    file: String,
    bytes: u64,
}

/// Writes the theorems in every language.
///
/// # Errors
/// If the disk does not take a file.
pub(crate) fn write(catalogue: &Catalogue<'_>, folder: &mut Folder) -> Result<Vec<Exported>, SiteError> {
    let report = catalogue.report;
    if !report.exports {
        return Ok(Vec::new());
    }
    let theorems: Vec<Checked> = report.theorems.iter().map(|theorem| theorem.checked.clone()).collect();
    let mut written = Vec::new();
    for language in Language::ALL {
        let file = language.file(catalogue.theory);
        let path = format!("data/{file}");
        let bytes = folder.stream(&path, &mut |out| {
            let bytes = languages::write(catalogue.theory, &theorems, language, out)?;
            out.flush()?;
            Ok(bytes)
        })?;
        written.push(Exported { language, file, bytes });
    }
    Ok(written)
}

impl Pages<'_, '_> {
    /// What a theorem's page says of its exports.
    pub(crate) fn exports_of(&self, number: usize) -> Vec<Value> {
        let link = |exported: &Exported| {
            json!({
                "title": exported.language.title(),
                "file": exported.file,
                "label": exported.language.label(number as u32 + 1),
            })
        };
        self.exported.iter().map(link).collect()
    }

    /// Which checkers have accepted the theorems, and when.
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
