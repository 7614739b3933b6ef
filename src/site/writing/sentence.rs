//! The justification of a step as a sentence, with links to its premises.

use std::sync::Arc;

use theoremata_logic::calculus::formula::{Formula, Name};
use theoremata_logic::calculus::proof::{Proof, Rule, ScopeId, StepId};
use theoremata_logic::proofs::axiom_use::Given;

use super::escape::escaped;
use crate::site::values::address;
use crate::site::values::catalogue::Catalogue;

/// Writes the justifications of one proof, in markup.
pub(crate) struct Sentences<'c, 'r> {
    pub(crate) catalogue: &'c Catalogue<'r>,
    pub(crate) proof: &'c Proof,
    pub(crate) given: &'c Given,
    /// The number of a step on the page.
    pub(crate) number: &'c dyn Fn(StepId) -> usize,
    /// The address of a step by its number.
    pub(crate) href: &'c dyn Fn(usize) -> String,
    pub(crate) names: &'c dyn Fn(Name) -> Arc<str>,
}

impl Sentences<'_, '_> {
    /// The justification of a step.
    pub(crate) fn why(&self, id: StepId) -> String {
        let step = &self.proof.steps[id.index()];
        let premise = |place: usize| match step.premises.get(place) {
            Some(premise) => self.link(*premise),
            None => "?".to_owned(),
        };
        let all = |from: usize| {
            let links: Vec<String> = step.premises.iter().skip(from).map(|premise| self.link(*premise)).collect();
            listed(&links)
        };
        let (rule, sentence) = match &step.rule {
            Rule::Theorem(_) | Rule::Instantiate(_) if self.given.theorems[id.index()].is_some() => {
                let cited = self.given.theorems[id.index()].unwrap_or_default();
                let name = self.theorem(cited);
                match step.rule {
                    Rule::Theorem(_) => ("theorem", format!("{name}, as it was proved.")),
                    _ => ("theorem", format!("{name}, under the axioms.")),
                }
            }
            Rule::Assumption(_) if self.given.is_given[id.index()] => {
                ("axioms", "All axioms together: they are what the theorem presupposes.".to_owned())
            }
            Rule::Assumption(_) => ("assumption", "Assumed in this block.".to_owned()),
            Rule::Unfold | Rule::AndLeft | Rule::AndRight if self.given.axioms[id.index()].is_some() => {
                ("axioms", format!("{}.", axiom_link(self.given.axioms[id.index()].unwrap_or_default())))
            }
            Rule::Theorem(cited) => ("theorem", format!("{}.", self.theorem(cited.0 as usize))),
            Rule::Generalise(scope) => {
                let variables = self.variables(*scope);
                let assumed = self.assumptions(*scope);
                let from = premise(0);
                let sentence = match (variables.is_empty(), assumed.is_empty()) {
                    (false, false) => format!(
                        "{variables} with {assumed} gave {from}, and {} arbitrary.",
                        was(&self.proof.scopes[scope.index()].variables)
                    ),
                    (false, true) => format!(
                        "{variables} gave {from}, and {} arbitrary.",
                        was(&self.proof.scopes[scope.index()].variables)
                    ),
                    (true, _) => format!("Assuming {assumed} gave {from}."),
                };
                ("generalise", sentence)
            }
            Rule::Instantiate(substitution) => {
                let with = self.substitution(step.premises.first().copied(), substitution);
                // That the axioms hold is understood throughout.
                let facts: Vec<String> = step
                    .premises
                    .iter()
                    .skip(1)
                    .filter(|premise| !self.given.anchors.contains(premise))
                    .map(|premise| self.link(*premise))
                    .collect();
                let facts = listed(&facts);
                let sentence = match (with.is_empty(), facts.is_empty()) {
                    (true, true) => format!("{} as it stands.", premise(0)),
                    (true, false) => format!("{} applied to {facts}.", premise(0)),
                    (false, true) => format!("{} for {with}.", premise(0)),
                    (false, false) => format!("{} for {with}, given {facts}.", premise(0)),
                };
                ("instantiate", sentence)
            }
            Rule::AndIntroduction => ("and", format!("{} and {} together.", premise(0), premise(1))),
            Rule::AndLeft => ("and", format!("First part of {}.", premise(0))),
            Rule::AndRight => ("and", format!("Second part of {}.", premise(0))),
            Rule::ExistsIntroduction(witnesses) => {
                let named: Vec<String> = witnesses.iter().map(|name| self.symbol(*name)).collect();
                ("exists", format!("{} is such a thing, by {}.", listed(&named), all(0)))
            }
            Rule::ExistsElimination(scope) => {
                let variables = self.variables(*scope);
                (
                    "exists",
                    format!(
                        "There is such a thing by {}; calling it {variables} gave {}, which does not mention it.",
                        premise(0),
                        premise(1)
                    ),
                )
            }
            Rule::NotIntroduction(scope) => (
                "not",
                format!(
                    "Assuming {} led to {} and {}, which contradict each other.",
                    self.assumptions(*scope),
                    premise(0),
                    premise(1)
                ),
            ),
            Rule::Reductio(scope) => (
                "reductio",
                format!(
                    "The contrary, {}, led to {} and {}, which contradict each other.",
                    self.assumptions(*scope),
                    premise(0),
                    premise(1)
                ),
            ),
            Rule::ExFalso => (
                "exfalso",
                format!(
                    "{} and {} contradict each other, and from a contradiction anything follows.",
                    premise(0),
                    premise(1)
                ),
            ),
            Rule::Reflexivity => ("equality", "Everything equals itself.".to_owned()),
            Rule::Congruence => ("equality", format!("{} with equals put for equals, by {}.", premise(0), all(1))),
            Rule::Unfold => (
                "definition",
                format!(
                    "{}, as {} is defined.",
                    premise(0),
                    self.definition(step.premises.first().map(|id| &self.proof.steps[id.index()].conclusion))
                ),
            ),
            Rule::Fold => (
                "definition",
                format!("{}, by the definition of {}.", premise(0), self.definition(Some(&step.conclusion))),
            ),
            Rule::Induction(number) => {
                let principle = self.catalogue.theory.inductions.get(*number as usize);
                let name = principle.map_or_else(String::new, |principle| escaped(&principle.name));
                ("induction", format!("By “{name}”: the cases are {}, the structure is {}.", all(1), premise(0)))
            }
            Rule::Cases(..) => ("cases", format!("It follows in both cases: {}.", all(0))),
            Rule::Comprehension { predicate, .. } => {
                let name = &self.catalogue.theory.predicate(*predicate).name;
                ("comprehension", format!("The set that {} describes exists.", self.definition_link(name)))
            }
        };
        format!("<i>{rule}</i> {sentence}")
    }

    /// The first line of a scope's block, and its kind. `role` is the purpose of the scope.
    pub(crate) fn scope(&self, id: ScopeId, closed_by: Option<&Rule>, role: Option<&str>) -> (&'static str, String) {
        let variables = self.variables(id);
        let assumed = self.assumptions(id);
        let role = role.map(|role| format!("<b>{role}.</b> ")).unwrap_or_default();
        let (kind, text) = match closed_by {
            Some(Rule::ExistsElimination(_)) => ("let", format!("Take {variables} with {assumed}.")),
            Some(Rule::NotIntroduction(_)) => ("suppose", format!("Suppose {assumed}.")),
            Some(Rule::Reductio(_)) => ("suppose", format!("Suppose the contrary: {assumed}.")),
            Some(Rule::Cases(first, _)) => {
                ("case", format!("<b>Case {}.</b> {assumed}.", if *first == id { 1 } else { 2 }))
            }
            _ if variables.is_empty() => ("suppose", format!("Assume {assumed}.")),
            _ if assumed.is_empty() => ("let", format!("Let {variables} be arbitrary.")),
            _ => ("let", format!("Let {variables} be arbitrary with {assumed}.")),
        };
        (kind, format!("{role}{text}"))
    }

    /// A reference to a step by its number, or to an axiom or theorem by name.
    fn link(&self, step: StepId) -> String {
        if self.given.is_given[step.index()] {
            return match (self.given.theorems[step.index()], self.given.axioms[step.index()]) {
                (Some(cited), _) => self.theorem(cited),
                (None, Some(axiom)) => axiom_link(axiom),
                (None, None) => "the axioms".to_owned(),
            };
        }
        let number = (self.number)(step);
        format!("<a class=\"ref\" href=\"{}\">{number}</a>", (self.href)(number))
    }

    fn theorem(&self, cited: usize) -> String {
        match self.catalogue.theorems.get(cited) {
            Some(entry) => {
                let law = entry.law.as_deref().map(|law| format!(" ({})", escaped(law))).unwrap_or_default();
                format!("<a href=\"{}\">Theorem {}</a>{law}", entry.file, cited + 1)
            }
            None => format!("Theorem {}", cited + 1),
        }
    }

    fn variables(&self, scope: ScopeId) -> String {
        let names: Vec<String> =
            self.proof.scopes[scope.index()].variables.iter().map(|name| self.symbol(*name)).collect();
        listed(&names)
    }

    fn assumptions(&self, scope: ScopeId) -> String {
        let formulas: Vec<String> = self.proof.scopes[scope.index()]
            .assumptions
            .iter()
            .map(|formula| escaped(&self.catalogue.reading.formula(formula, self.names).to_string()))
            .collect();
        listed(&formulas)
    }

    fn symbol(&self, name: Name) -> String {
        variable(&self.catalogue.reading.symbol(&(self.names)(name)).text)
    }

    /// `x := a, y := b` for the binders of the rule, except those that keep their names.
    fn substitution(&self, rule: Option<StepId>, arguments: &[Name]) -> String {
        let Some(rule) = rule else { return String::new() };
        let mut binders: Vec<Arc<str>> = Vec::new();
        let mut formula = &self.proof.steps[rule.index()].conclusion;
        while let Formula::Implies(names, _, conclusion) = formula {
            binders.extend(names.names().cloned());
            formula = conclusion;
        }
        let pairs: Vec<String> = binders
            .iter()
            .zip(arguments)
            .filter(|(binder, argument)| **binder != (self.names)(**argument))
            .map(|(binder, argument)| {
                format!(
                    "{}&nbsp;:=&nbsp;{}",
                    variable(&self.catalogue.reading.symbol(binder).text),
                    self.symbol(*argument)
                )
            })
            .collect();
        pairs.join(", ")
    }

    fn definition(&self, atom: Option<&Formula>) -> String {
        match atom {
            Some(Formula::Atom(predicate, _)) => {
                self.definition_link(&self.catalogue.theory.predicate(*predicate).name)
            }
            _ => "it".to_owned(),
        }
    }

    fn definition_link(&self, name: &str) -> String {
        format!("<a href=\"../definition/{}.html\">{}</a>", address::of_name(name), escaped(name))
    }
}

/// A variable in running text.
pub(crate) fn variable(text: &str) -> String {
    format!("<i>{}</i>", escaped(text))
}

/// A reference to an axiom by its number, from 0.
pub(crate) fn axiom_link(axiom: usize) -> String {
    let shown = axiom + 1;
    format!("<a href=\"../index.html#axiom-{shown}\">Axiom {shown}</a>")
}

fn was(variables: &[Name]) -> &'static str {
    if variables.len() == 1 { "it was" } else { "they were" }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
