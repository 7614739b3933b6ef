//! The page of a theorem.

use serde::Serialize;
use serde_json::{Value, json};

use super::downloads::mpl;
use super::escape::shortened;
use super::mathematics::{self, Written};
use super::pages::{MOST_LINKS, Pages};
use super::proof::{self, Event, Teller};
use super::{drawing, math};
use crate::site::SiteError;
use crate::site::values::mathematics::Mathematics;
use crate::site::values::paging::ROWS;

/// The values of a theorem's page. The lines of the proof, which dominate its size, are passed to the template without
/// conversion.
#[derive(Serialize)]
struct Lines<'a> {
    events: &'a [Event],
    /// The proof in mathematical style, on the first page.
    mathematics: Option<&'a Written>,
    #[serde(flatten)]
    values: Value,
}

impl Pages<'_, '_> {
    pub(crate) fn theorem(&mut self, number: usize) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let (entry, theorem) = (&catalogue.theorems[number], &catalogue.report.theorems[number]);
        let teller = Teller::new(catalogue, theorem.checked.proof());
        let told = teller.tell(&|step| format!("#s{step}"));
        let (mut parts, place) = proof::parts(told.events, ROWS, None);
        let stem = entry.file.trim_end_matches(".html");
        let part_file = |part: usize| {
            if part == 0 { entry.file.clone() } else { format!("{stem}.part{}.html", part + 1) }
        };
        if parts.len() > 1 {
            // Now that the page of each step is known, the links are generated again.
            let href = |step: usize| format!("{}#s{step}", part_file(place.get(&step).copied().unwrap_or(0)));
            parts = proof::parts(teller.tell(&href).events, ROWS, Some(&place)).0;
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
        // A variant is placed beside the theorem that it is a variant of.
        let alone = neighbours.len() < 2 || catalogue.interest.listed[number].variant.is_some();
        let picture = (!alone).then(|| drawing::draw(catalogue, &neighbours, "", Some(number)));
        let mathematics = Mathematics::of(catalogue, theorem.checked.proof());
        let mathematics = mathematics.and_then(|mathematics| mathematics::write(catalogue, &mathematics));
        let count = parts.len();
        for (part, events) in parts.into_iter().enumerate() {
            let first = part == 0;
            let values = json!({
                "number": number + 1,
                "name": catalogue.name(number),
                "text": entry.text.chars().take(200).collect::<String>(),
                "math_html": math::statement(&entry.math),
                "literal_html": math::statement(&catalogue.literal.statement(theorem.checked.statement())),
                "mpl": shortened(mpl(catalogue, theorem.checked.statement())),
                "kind": self.kind(number),
                "variant": catalogue.variant(number),
                "from": theorem.from.as_ref().map(|from| json!({
                    "theory": from.theory, "file": from.file, "theorem": from.theorem,
                    "definition": from.predicate.map(|id| self.definition_link(id)),
                })),
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
                "exports": self.exports_of(number),
                "acceptances": self.acceptances(),
                "askers": self.catalogue.report.askers,
                "proposed": theorem.proposed,
                "steps": told.steps,
                "fetched": told.fetched,
                "picture_html": if first { picture.as_deref() } else { None },
                "part": part + 1,
                "parts": (0..count).map(part_file).collect::<Vec<_>>(),
                "previous": number.checked_sub(1).map(|previous| self.theorem_link(previous)),
                "next": (number + 1 < catalogue.theorems.len()).then(|| self.theorem_link(number + 1)),
            });
            let lines = Lines { events: &events, mathematics: mathematics.as_ref().filter(|_| first), values };
            self.render("theorem.html", &format!("theorem/{}", part_file(part)), lines)?;
        }
        Ok(())
    }
}
