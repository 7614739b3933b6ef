//! Remarks on what a run left out, which its results do not show.

use theoremata_logic::language::notation::Reading;
use theoremata_logic::search::explore::{Exploration, Note};

/// Maximal number of axioms listed individually; beyond it only their number is given.
const SHOWN: usize = 20;

/// One sentence for each remark that readers of the results need.
pub(crate) fn remarks(exploration: &Exploration) -> Vec<String> {
    let mut remarks = Vec::new();
    let theory = exploration.theory();
    let reading = Reading::new(theory);
    if exploration.inconsistency.is_some() {
        // An inconsistency is reported separately, and nothing else was tried.
        return remarks;
    }
    let mut skipped = 0;
    for note in exploration.notes() {
        match note {
            Note::Skipped(formula, reason) => {
                skipped += 1;
                if skipped <= SHOWN {
                    let shown = reading.under_anchor(&formula);
                    remarks.push(format!("an axiom was not reasoned with ({reason}): {shown}"));
                }
            }
            Note::NoModel => remarks.push("no model of the axioms was found, so nothing could be refuted".to_owned()),
            Note::NoParameters(axioms) => {
                let shown: Vec<String> = axioms.iter().map(|axiom| reading.under_anchor(axiom).to_string()).collect();
                let which = if shown.is_empty() { String::new() } else { format!(": {}", shown.join(" and ")) };
                remarks.push(format!(
                    "statements about individuals that nothing generates were not tested: the axioms say more than \
                     definitions by recursion do{which}"
                ));
            }
            Note::Existence => remarks.push(
                "an open statement claims an existence, which a piece of an infinite structure cannot refute"
                    .to_owned(),
            ),
            Note::LeftOut(count) => {
                remarks.push(format!("{count} candidates for conjectures were left out, since there were too many"));
            }
            Note::TooLarge(atoms) => remarks.push(format!(
                "conjectures of {atoms} and more atoms were not generated, since there are too many; --max-size \
                 {atoms} asks for them, bounds in the theory can leave out what is not wanted"
            )),
            Note::NotTaken(used, count, why) => {
                let name = &theory.uses[used].theory.name;
                remarks.push(format!("{count} theorems of {name} could not be taken over, the first since {why}"));
            }
            Note::Lost(said) => remarks.push(format!("a fault of this program in the preparation: {said}")),
        }
    }
    if let Some(more @ 1..) = skipped.checked_sub(SHOWN) {
        remarks.push(format!("{more} more axioms were not reasoned with"));
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
