//! Reads a theory from a configuration and a folder of definition files, each one formula.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::calculus::formula::PredicateId;
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Bounds, Constructor, Induction, Predicate, PredicateBounds, Theory};
use crate::language::sort_text::sort_text;

use super::codes;
use super::config::{Body, Configuration, Entry, read_configuration};
use super::decode::decode;
use super::diagnostic::{Diagnostic, FileId, Report, Span, did_you_mean, short};
use super::elaborate::{Declared, Item, elaborate};
use super::parse::Parser;
use super::parts::{Generation, induction_name};
use super::read::readable_name;
use super::resolve::Predicates;
use super::syntax::{DefinitionSyntax, Ident};

/// The structure for which the reader adds induction: its set is the first parameter, zero the second, the successor
/// the first binary relation.
const NUMBERS: &str = "NaturalNumbers";

/// Reads a theory. `config_name` is the file name of the configuration, which determines the anchor if the
/// configuration does not name it; `files` are the definition files by name.
///
/// # Errors
/// A report of the errors. The report returned with a theory has warnings and notes only.
pub fn read_gl(
    config_text: &[u8],
    config_name: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<(Theory, Report), Report> {
    let mut report = Report::default();
    let theory = read(config_text, config_name, files, &mut report);
    match theory {
        Some(theory) if !report.failed() => Ok((theory, report)),
        _ => Err(report.finish()),
    }
}

/// The definitions of a configuration, with their declarations.
pub(crate) struct Definitions {
    pub(crate) written: Vec<DefinitionSyntax>,
    declared: Vec<Declared>,
    broken: Vec<(Arc<str>, usize)>,
}

fn read(
    config_text: &[u8],
    config_name: &str,
    files: &BTreeMap<String, Vec<u8>>,
    report: &mut Report,
) -> Option<Theory> {
    let file = decode(config_name, config_text, report)?;
    let mut configuration = read_configuration(file, report)?;
    let definitions = definitions(&mut configuration, files, report);
    let items: Vec<Item<'_>> = definitions
        .written
        .iter()
        .zip(definitions.declared)
        .map(|(definition, declared)| Item { definition, declared: Some(declared) })
        .collect();
    let advice = "add an entry for it to the configuration".to_owned();
    let primitive = Predicates { advice, ..Predicates::primitive() };
    let mut predicates = elaborate(primitive, &items, &definitions.broken, report);
    let anchor = anchor(&configuration, config_name, file, &predicates, report)?;
    let inductions = induction(&mut predicates, report).into_iter().collect();
    let bounds = bounds(&configuration, &predicates);
    let name = readable_name(&predicates.list[anchor.index()].name);
    if report.failed() {
        return None;
    }
    Some(Theory {
        name,
        predicates: predicates.list,
        anchor,
        inductions,
        notations: Vec::new(),
        goals: Vec::new(),
        bounds,
        uses: Vec::new(),
    })
}

/// Reads the definition files. Files without an entry are left out, with a note.
pub(crate) fn definitions(
    configuration: &mut Configuration,
    files: &BTreeMap<String, Vec<u8>>,
    report: &mut Report,
) -> Definitions {
    let mut definitions = Definitions { written: Vec::new(), declared: Vec::new(), broken: Vec::new() };
    let mut used: HashSet<String> = HashSet::new();
    for entry in std::mem::take(&mut configuration.entries) {
        let primitive = Predicate::primitives().into_iter().find(|known| known.name == entry.name.text);
        if let Some(primitive) = primitive {
            check_primitive(&entry, &primitive.sorts, report);
        } else {
            let body = match &entry.body {
                Some(Body::Formula(expr)) => Some((**expr).clone()),
                Some(Body::File { name, span }) => {
                    used.insert(name.clone());
                    read_file(name, *span, files, report)
                }
                None => None,
            };
            match (body, &entry.parameters) {
                (Some(body), Some(parameters)) => {
                    definitions.written.push(DefinitionSyntax {
                        name: entry.name.clone(),
                        parameters: parameters.clone(),
                        doc: None,
                        body,
                    });
                    definitions
                        .declared
                        .push(Declared { sorts: entry.sorts.clone(), places: entry.sort_places.clone() });
                }
                _ => definitions.broken.push((entry.name.text.clone(), entry.arity)),
            }
        }
        configuration.entries.push(entry);
    }
    let ignored: Vec<&str> = files.keys().filter(|name| !used.contains(*name)).map(String::as_str).collect();
    if !ignored.is_empty() {
        const SHOWN: usize = 20;
        let more = if ignored.len() > SHOWN { format!(" and {} more", ignored.len() - SHOWN) } else { String::new() };
        let names = ignored[..ignored.len().min(SHOWN)].join(", ");
        let message = format!("definition files that the configuration does not name: {names}{more}");
        report.push(Diagnostic::new(codes::FILES_IGNORED, message));
    }
    definitions
}

fn read_file(
    name: &str,
    span: Span,
    files: &BTreeMap<String, Vec<u8>>,
    report: &mut Report,
) -> Option<super::syntax::Expr> {
    let Some(bytes) = files.get(name) else {
        let mut diagnostic =
            Diagnostic::new(codes::NO_FILE, format!("the definition file `{}` is missing", short(name)))
                .at(span, "named here");
        diagnostic.help = did_you_mean(name, files.keys().map(String::as_str))
            .or_else(|| Some("put it into the folder of definitions".to_owned()));
        report.push(diagnostic);
        return None;
    };
    let file = decode(name, bytes, report)?;
    let text = report.sources.text(file).clone();
    Parser::new(&text, file, report).only_formula()
}

/// A primitive predicate may be listed, for its limits, but not redefined.
fn check_primitive(entry: &Entry, sorts: &[Sort], report: &mut Report) {
    let shown = &entry.name.text;
    if entry.arity == 0 {
        return;
    }
    if entry.arity != sorts.len() {
        report.push(
            Diagnostic::new(
                codes::ARITY_DISAGREES,
                format!("`{shown}` takes {} arguments, but the configuration says {}", sorts.len(), entry.arity),
            )
            .at(entry.name.span, "this entry")
            .help(format!("write \"arity\": {}", sorts.len())),
        );
        return;
    }
    for ((declared, (span, key)), sort) in entry.sorts.iter().zip(&entry.sort_places).zip(sorts) {
        if let Some(declared) = declared
            && !same_shape(declared, sort)
        {
            report.push(
                Diagnostic::new(
                    codes::DECLARED_CLASH,
                    format!("{key} declares `{}`, but it is `{}`", sort_text(declared), sort_text(sort)),
                )
                .at(*span, "declared here")
                .help(format!("write \"{}\"", sort_text(sort))),
            );
        }
    }
}

/// Whether two sorts are equal up to the numbers of base sorts.
fn same_shape(left: &Sort, right: &Sort) -> bool {
    match (left, right) {
        (Sort::Individual(_), Sort::Individual(_)) => true,
        (Sort::Power(left), Sort::Power(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_shape(left, right))
        }
        _ => false,
    }
}

fn anchor(
    configuration: &Configuration,
    config_name: &str,
    file: FileId,
    predicates: &Predicates,
    report: &mut Report,
) -> Option<PredicateId> {
    let find = |name: &str| predicates.known.get(name).filter(|known| !known.id.is_primitive());
    if let Some(name) = &configuration.anchor {
        if let Some(known) = find(&name.text) {
            return Some(known.id);
        }
        let mut diagnostic = Diagnostic::new(
            codes::NO_ANCHOR,
            format!("there is no predicate `{}` to be the anchor", short(&name.text)),
        )
        .at(name.span, "named here");
        diagnostic.help = did_you_mean(&name.text, configuration.entries.iter().map(|entry| &*entry.name.text));
        report.push(diagnostic);
        return None;
    }
    let anchors: Vec<&Ident> = configuration
        .entries
        .iter()
        .map(|entry| &entry.name)
        .filter(|name| name.text.starts_with("Anchor") && find(&name.text).is_some())
        .collect();
    let base = config_name.rsplit(['/', '\\']).next().unwrap_or(config_name);
    let tag = base.strip_suffix(".json").unwrap_or(base);
    let tag = tag.strip_prefix("Config").unwrap_or(tag);
    let chosen = anchors
        .iter()
        .find(|name| name.text.strip_prefix("Anchor") == Some(tag))
        .or_else(|| anchors.iter().find(|name| !tag.is_empty() && name.text.ends_with(tag)))
        .or(if anchors.len() == 1 { anchors.first() } else { None });
    if let Some(known) = chosen.and_then(|name| find(&name.text)) {
        return Some(known.id);
    }
    let names: Vec<String> = anchors.iter().map(|name| format!("`{}`", short(&name.text))).collect();
    let found =
        if names.is_empty() { "none is configured".to_owned() } else { format!("there are {}", names.join(", ")) };
    report.push(
        Diagnostic::new(codes::NO_ANCHOR, format!("which predicate is the anchor? {found}"))
            .at(Span { file, start: 0, end: 0 }, "in this configuration")
            .help("add \"anchor_name\": \"…\" with the predicate that joins all axioms"),
    );
    None
}

fn induction(predicates: &mut Predicates, report: &mut Report) -> Option<Induction> {
    let known = *predicates.known.get(NUMBERS).filter(|known| known.sound)?;
    let sorts = &predicates.list[known.id.index()].sorts;
    let one = |sort: &Sort| matches!(sort, Sort::Individual(_));
    let relation = |sort: &Sort, places: usize| matches!(sort, Sort::Power(parts) if parts.len() == places && parts.iter().all(one));
    let successor = sorts.iter().position(|sort| relation(sort, 2));
    let fits = sorts.first().is_some_and(|sort| relation(sort, 1)) && sorts.get(1).is_some_and(one);
    let Some(successor) = successor.filter(|_| fits) else {
        let message =
            format!("no induction is added: `{NUMBERS}` does not begin with a set and a constant, or has no function");
        report.push(Diagnostic::new(codes::INDUCTION_ADDED, message));
        return None;
    };
    let parameters = predicates.list[known.id.index()].definition.as_ref().map(|definition| &definition.parameters)?;
    let message = format!(
        "induction over `{}` with `{}` and `{}` was added for `{NUMBERS}`, because the format cannot state it",
        parameters[0], parameters[1], parameters[successor]
    );
    report.push(Diagnostic::new(codes::INDUCTION_ADDED, message));
    let generation = Generation {
        name: induction_name(NUMBERS),
        structure: known.id,
        set: 0,
        constructors: vec![
            Constructor { parameter: 1, arguments: Vec::new() },
            Constructor { parameter: successor, arguments: vec![0] },
        ],
        added_by_reader: true,
    };
    Some(generation.state(predicates))
}

fn bounds(configuration: &Configuration, predicates: &Predicates) -> Bounds {
    let default = Bounds::default();
    Bounds {
        atoms: configuration.atoms.unwrap_or(default.atoms),
        atoms_with_constant: configuration.atoms_with_constant.unwrap_or(default.atoms_with_constant),
        variables: default.variables,
        predicates: configuration
            .entries
            .iter()
            .filter_map(|entry| {
                Some(PredicateBounds {
                    predicate: predicates.known.get(&entry.name.text)?.id,
                    count: entry.count,
                    min_atoms: entry.min_atoms,
                    max_atoms: entry.max_atoms,
                })
            })
            .collect(),
        exclude: configuration.exclude.clone(),
    }
}
