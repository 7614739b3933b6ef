//! Pages of definitions.

use std::collections::HashMap;

use serde_json::{Value, json};
use theoremata_logic::calculus::formula::{Formula, Name, PredicateId};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::language::notation::Math;

use super::escape::shortened;
use super::math;
use super::pages::{MOST_LINKS, Pages};
use crate::site::SiteError;
use crate::site::values::address;
use crate::site::values::catalogue::Catalogue;

impl Pages<'_, '_> {
    pub(crate) fn defined(&self) -> impl Iterator<Item = PredicateId> + use<'_> {
        let predicates = &self.catalogue.theory.predicates;
        predicates
            .iter()
            .enumerate()
            .filter(|(_, predicate)| predicate.definition.is_some())
            .map(|(place, _)| PredicateId(place as u32))
    }

    pub(crate) fn definitions(&mut self) -> Result<(), SiteError> {
        let catalogue = self.catalogue;
        let theory = catalogue.theory;
        let mut mentioned: HashMap<PredicateId, Vec<usize>> = HashMap::new();
        for (number, theorem) in catalogue.report.theorems.iter().enumerate() {
            for predicate in predicates_of(theorem.checked.statement()) {
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
}

/// The conjuncts of a definition's body, each as a statement.
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

/// The sort of an argument, in words.
fn sort(sort: &Sort) -> String {
    match sort {
        Sort::Individual(number) => format!("individual of sort {number}"),
        Sort::Power(parts) if parts.len() == 1 => "set".to_owned(),
        Sort::Power(parts) => format!("relation of {} places", parts.len()),
    }
}
