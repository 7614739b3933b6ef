//! Elaborates definitions in any order to predicates in dependency order, with names and sorts resolved.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calculus::sort::Sort;
use crate::calculus::theory::{Definition, Predicate};

use super::codes;
use super::diagnostic::{Diagnostic, Report, short};
use super::resolve::{Predicates, Resolver, Within};
use super::sorts::Bases;
use super::syntax::{DefinitionSyntax, Ident};

/// Sorts that a configuration declares for a definition, with source positions.
pub(crate) struct Declared {
    /// One for each parameter; `None` where the declaration could not be read.
    pub(crate) sorts: Vec<Option<Sort>>,
    /// The position of each, and its key.
    pub(crate) places: Vec<(super::diagnostic::Span, String)>,
}

/// A definition with its declaration, if any.
pub(crate) struct Item<'a> {
    pub(crate) definition: &'a DefinitionSyntax,
    pub(crate) declared: Option<Declared>,
}

/// Elaborates all definitions. Those with errors are registered too, so that their uses are not reported as unknown.
/// `predicates` has the primitive ones; `broken` names predicates whose text could not be parsed, with their arities.
pub(crate) fn elaborate(
    mut predicates: Predicates,
    items: &[Item<'_>],
    broken: &[(Arc<str>, usize)],
    report: &mut Report,
) -> Predicates {
    for (name, arity) in broken {
        let sorts = vec![Sort::Individual(1); *arity];
        predicates.add(Predicate { name: name.clone(), sorts, definition: None }, false);
    }
    let places = places(items, report);
    let (order, circular) = order(items, &places, report);
    for item in order {
        define(&items[item], circular[item], &mut predicates, report);
    }
    predicates
}

/// The definition of each name. Duplicates are reported.
fn places<'a>(items: &[Item<'a>], report: &mut Report) -> HashMap<&'a str, usize> {
    let primitives = Predicate::primitives();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        let name = &item.definition.name;
        let shown = short(&name.text);
        if primitives.iter().any(|known| known.name == name.text) || matches!(&*name.text, "&" | ">") {
            report.push(
                Diagnostic::new(codes::DEFINED_TWICE, format!("`{shown}` is built in and cannot be defined"))
                    .at(name.span, "defined here")
                    .help("choose another name"),
            );
        } else if let Some(first) = places.get(&*name.text) {
            let first = items[*first].definition.name.span;
            report.push(
                Diagnostic::new(codes::DEFINED_TWICE, format!("`{shown}` is defined twice"))
                    .at(name.span, "the second time")
                    .at(first, "the first time")
                    .help("rename or remove one of the two"),
            );
        } else {
            places.insert(&name.text, place);
        }
    }
    places
}

/// An order in which each definition uses only earlier ones, as close to the given order as possible, and which
/// definitions are in cycles. Cycles are reported.
fn order(items: &[Item<'_>], places: &HashMap<&str, usize>, report: &mut Report) -> (Vec<usize>, Vec<bool>) {
    let uses: Vec<Vec<(usize, &Ident)>> = items
        .iter()
        .map(|item| {
            let mut uses: Vec<(usize, &Ident)> = Vec::new();
            let mut seen = std::collections::HashSet::new();
            item.definition.body.for_each_atom(&mut |name, _| {
                if let Some(place) = places.get(&*name.text)
                    && seen.insert(*place)
                {
                    uses.push((*place, name));
                }
            });
            uses
        })
        .collect();
    let mut order = Vec::with_capacity(items.len());
    let mut circular = vec![false; items.len()];
    let mut open = vec![false; items.len()];
    let mut done = vec![false; items.len()];
    for start in 0..items.len() {
        if done[start] {
            continue;
        }
        let mut path = vec![(start, 0_usize)];
        open[start] = true;
        while let Some((item, next)) = path.last_mut() {
            let item = *item;
            let Some((used, _)) = uses[item].get(*next) else {
                open[item] = false;
                done[item] = true;
                order.push(item);
                path.pop();
                continue;
            };
            *next += 1;
            if open[*used] {
                let from = path.iter().position(|(known, _)| known == used).unwrap_or(0);
                report_circle(items, &uses, &path[from..], report);
                for (member, _) in &path[from..] {
                    circular[*member] = true;
                }
            } else if !done[*used] {
                open[*used] = true;
                path.push((*used, 0));
            }
        }
    }
    (order, circular)
}

fn report_circle(items: &[Item<'_>], uses: &[Vec<(usize, &Ident)>], circle: &[(usize, usize)], report: &mut Report) {
    const SHOWN: usize = 6;
    let name = |place: usize| short(&items[place].definition.name.text);
    let mut names: Vec<String> = circle.iter().take(SHOWN).map(|(place, _)| format!("`{}`", name(*place))).collect();
    if circle.len() > SHOWN {
        names.push(format!("… ({} in all)", circle.len()));
    }
    names.push(format!("`{}`", name(circle[0].0)));
    let mut diagnostic = Diagnostic::new(codes::RECURSIVE, format!("a definition uses itself: {}", names.join(" → ")));
    for (place, next) in circle.iter().take(SHOWN) {
        // `next` is one past the use that led to the next member.
        if let Some((used, ident)) = uses[*place].get(next - 1) {
            diagnostic = diagnostic.at(ident.span, format!("`{}` uses `{}` here", name(*place), name(*used)));
        }
    }
    report.push(diagnostic.help("a definition stands for its formula, so it cannot contain itself"));
}

fn define(item: &Item<'_>, circular: bool, predicates: &mut Predicates, report: &mut Report) {
    let definition = item.definition;
    let name = &definition.name;
    let arity = definition.parameters.len();
    if predicates.known.contains_key(&name.text) {
        return;
    }
    let placeholder = |predicates: &mut Predicates| {
        let sorts = vec![Sort::Individual(1); arity];
        predicates.add(Predicate { name: name.text.clone(), sorts, definition: None }, false);
    };
    if circular || report.is_full() {
        placeholder(predicates);
        return;
    }
    let file = report.sources.name(name.span.file).clone();
    let help = "bind it in a `>[…]` around this place, or make it a parameter of the definition";
    let (mut resolver, ids) = Resolver::new(predicates, report, &definition.parameters, help);
    let before = resolver.report.errors();
    let body = resolver.formula(&definition.body);
    let mut bases = Bases::default();
    let read = resolver.sorts.read(&ids, &mut bases).and_then(|sorts| resolver.sorts.check().map(|()| sorts));
    let sorts = match read {
        Ok(mut sorts) => {
            if resolver.report.errors() == before
                && let Some(declared) = &item.declared
            {
                for (place, id) in ids.iter().enumerate() {
                    let (Some(Some(sort)), Some((span, key))) = (declared.sorts.get(place), declared.places.get(place))
                    else {
                        continue;
                    };
                    let fixed = resolver.sorts.fixed(sort, *span);
                    if resolver.sorts.join(*id, fixed).is_err() {
                        let parameter = &definition.parameters[place];
                        let inferred = crate::language::sort_text::sort_text(&sorts[place]);
                        resolver.report.push(
                            Diagnostic::new(
                                codes::DECLARED_CLASH,
                                format!(
                                    "{key} declares `{}`, but `{}` has sort `{inferred}` in the definition of `{}`",
                                    crate::language::sort_text::sort_text(sort),
                                    short(&parameter.text),
                                    short(&name.text)
                                ),
                            )
                            .at(*span, "declared here")
                            .at(definition.body.span(), "the definition that is meant")
                            .help(format!("write \"{inferred}\", or correct the definition")),
                        );
                    }
                }
                // With the declared sorts, base sorts are numbered anew.
                bases = Bases::default();
                match resolver.sorts.read(&ids, &mut bases) {
                    Ok(read) => sorts = read,
                    Err(diagnostic) => resolver.report.push(*diagnostic),
                }
            }
            Some(sorts)
        }
        Err(diagnostic) => {
            let diagnostic =
                if diagnostic.labels.is_empty() { diagnostic.at(name.span, "in this definition") } else { *diagnostic };
            resolver.report.push(diagnostic);
            None
        }
    };
    let body = match (&body, &sorts) {
        (Some(body), Some(sorts)) if resolver.report.errors() == before => {
            resolver.with_sorts(body, sorts, &mut bases, Within::Definition)
        }
        _ => None,
    };
    let sound = resolver.report.errors() == before;
    match (body, sorts) {
        (Some(body), Some(sorts)) if sound => {
            let definition = Definition {
                parameters: definition.parameters.iter().map(|parameter| parameter.text.clone()).collect(),
                body,
                doc: definition.doc.clone(),
                file,
            };
            predicates.add(Predicate { name: name.text.clone(), sorts, definition: Some(definition) }, true);
        }
        _ => placeholder(predicates),
    }
}
