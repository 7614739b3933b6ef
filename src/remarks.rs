//! What a run did not do, in words: a result says nothing about what was left out.

use theoremata_logic::language::notation::Reading;
use theoremata_logic::search::explore::Exploration;

/// Axioms that are named one by one; of more only the number is said.
const SHOWN: usize = 20;

/// One sentence for each thing that whoever reads the results has to know.
pub(crate) fn remarks(exploration: &Exploration) -> Vec<String> {
    let mut remarks = Vec::new();
    let theory = exploration.theory();
    let reading = Reading::new(theory);
    if exploration.inconsistency.is_some() {
        // That is told by itself, and nothing else was tried.
        return remarks;
    }
    let skipped = &exploration.compiled().skipped;
    for axiom in skipped.iter().take(SHOWN) {
        let shown = reading.under_anchor(&axiom.formula);
        remarks.push(format!("an axiom was not reasoned with ({}): {shown}", axiom.reason));
    }
    if let Some(more @ 1..) = skipped.len().checked_sub(SHOWN) {
        remarks.push(format!("{more} more axioms were not reasoned with"));
    }
    let prepared = exploration.is_finished() || exploration.round() > 0;
    if prepared && exploration.models.is_empty() {
        remarks.push("no model of the axioms was found, so nothing could be refuted".to_owned());
    }
    if exploration.has_generated() && exploration.counts().built == 0 {
        let atoms = theory.bounds.atoms;
        let plural = if atoms == 1 { "" } else { "s" };
        remarks.push(format!(
            "no conjecture was built: none fits the bounds of the theory, which allow {atoms} atom{plural} (--max-size \
             allows more)"
        ));
    }
    remarks
}
