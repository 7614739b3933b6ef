//! Parses the JSON configuration of a folder of definition files, with source positions.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::calculus::sort::Sort;
use crate::language::characters::flaw_in_prose;
use crate::language::sort_text::parse_sort;

use super::codes;
use super::diagnostic::{Diagnostic, FileId, Report, Span, short};
use super::json::{Reader, find, span};
use super::lex::Lexer;
use super::parse::{Parser, bad_character};
use super::syntax::{Expr, Ident};

/// The largest number in a configuration, where this program uses it.
const LARGEST: i64 = 1_000;

const PREDICATE_KEYS: &[&str] = &[
    "arity",
    "definition_sets",
    "full_mpl",
    "short_mpl",
    "max_count_per_conjecture",
    "input_args",
    "output_args",
    "max_size_expression",
    "min_size_expression",
];
const TOP_KEYS: &[&str] = &[
    "anchor_name",
    "patterns_to_exclude",
    "only_in_head",
    "prohibited_combinations",
    "prohibited_heads",
    "theorems_folder",
    "raw_proof_graph_folder",
    "background_theorems_folder",
    "parameters",
    "prover_parameters",
];
const PARAMETER_KEYS: &[&str] = &[
    "min_number_simple_expressions",
    "max_number_simple_expressions",
    "max_size_mapping_def_set",
    "max_number_args_expr",
    "operator_threshold",
    "max_values_for_def_sets",
    "max_values_for_uncomb_def_sets",
    "max_values_for_def_sets_prior_connection",
    "max_complexity_if_anchor_parameter_connected",
    "max_size_binary_list",
    "simple_facts_parameters",
    "fact_variable_kinds",
    "incubator_mode",
];
/// Keys for the format's own program; here only spelling and type are checked.
const PROVER_KEYS: &[&str] = &[
    "sizeAllBinariesAna",
    "maxIterationNumberProof",
    "numberIterationsConjectureFiltering",
    "maxSizeDefSetMapping",
    "maxSizeTargetSetMapping",
    "maxNumberSecondaryVariables",
    "sizeAllPermutationsAna",
    "minNumOperatorsKey",
    "minNumOperatorsKeyCE",
    "maxIterationNumberVariable",
    "standardMaxSecondaryNumber",
    "trackHistory",
    "standardMaxAdmissionDepth",
    "inductionMaxAdmissionDepth",
    "inductionMaxSecondaryNumber",
    "counterExampleBoundary",
    "minLenLongKey",
    "maxLenHypoKey",
    "debug",
    "max_origin_per_expr",
    "compressor_max_origins_per_expr",
    "max_partition_size",
    "try_contradiction",
    "ban_disintegration",
    "skip_ce_filter",
    "skip_eq_classes",
    "incubator_mode",
];

/// The configuration of a predicate.
pub(crate) struct Entry {
    pub(crate) name: Ident,
    /// From `short_mpl`; `None` when that could not be read.
    pub(crate) parameters: Option<Vec<Ident>>,
    pub(crate) arity: usize,
    /// From `definition_sets`, one for each argument.
    pub(crate) sorts: Vec<Option<Sort>>,
    /// The position of each sort, and its key as text.
    pub(crate) sort_places: Vec<(Span, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) count: usize,
    pub(crate) min_atoms: usize,
    pub(crate) max_atoms: usize,
}

/// The source of a predicate's formula.
pub(crate) enum Body {
    File {
        name: String,
        span: Span,
    },
    /// In the configuration itself.
    Formula(Box<Expr>),
}

/// A configuration.
#[derive(Default)]
pub(crate) struct Configuration {
    pub(crate) entries: Vec<Entry>,
    pub(crate) anchor: Option<Ident>,
    pub(crate) atoms: Option<usize>,
    pub(crate) atoms_with_constant: Option<usize>,
    pub(crate) exclude: Vec<String>,
}

/// Parses a configuration. `None` if it is not JSON at all.
pub(crate) fn read_configuration(file: FileId, report: &mut Report) -> Option<Configuration> {
    let text = report.sources.text(file).clone();
    let whole = Span { file, start: 0, end: 0 };
    if text.trim().is_empty() {
        report.push(
            Diagnostic::new(codes::EMPTY, "the configuration is empty")
                .at(whole, "nothing but blanks")
                .help("write a JSON object with an entry for each predicate"),
        );
        return None;
    }
    let bad = text.char_indices().find(|(place, c)| (*place > 0 || *c != '\u{feff}') && flaw_in_prose(*c).is_some());
    if let Some((place, bad)) = bad {
        report.push(bad_character(bad, span(file, Range::new(place, place + bad.len_utf8()))));
        return None;
    }
    let options = ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = match parse_to_ast(&text, &CollectOptions::default(), &options) {
        Ok(parsed) => parsed,
        Err(error) => {
            let range = error.range();
            let span = span(file, Range::new(range.start, range.end.max(range.start)));
            report.push(
                Diagnostic::new(codes::BAD_JSON, format!("the configuration is not JSON: {}", error.kind()))
                    .at(span, "here")
                    .help("check commas, quotation marks and closing brackets before this place"),
            );
            return None;
        }
    };
    let Some(Value::Object(object)) = parsed.value else {
        report.push(
            Diagnostic::new(codes::WRONG_TYPE, "the configuration must be a JSON object").at(whole, "in this file"),
        );
        return None;
    };
    let mut reader = Reader { text: &text, file, report, ignored: Vec::new(), unset: Vec::new() };
    Some(reader.configuration(&object))
}

impl<'a> Reader<'a, '_> {
    fn configuration(&mut self, object: &Object<'a>) -> Configuration {
        let mut configuration = Configuration::default();
        self.warn_repeated(object);
        let mut parameters = false;
        for property in &object.properties {
            let key = property.name.as_str();
            match key {
                "anchor_name" => {
                    configuration.anchor =
                        self.string(property).map(|text| Ident { text: text.into(), span: self.span(&property.value) });
                }
                "patterns_to_exclude" => {
                    configuration.exclude = self.strings(property);
                    if !configuration.exclude.is_empty() {
                        self.ignore(key);
                    }
                }
                "only_in_head" | "prohibited_heads" => {
                    if !self.strings(property).is_empty() {
                        self.ignore(key);
                    }
                }
                "prohibited_combinations" => {
                    if !self.array(property).is_empty() {
                        self.ignore(key);
                    }
                }
                "theorems_folder" | "raw_proof_graph_folder" | "background_theorems_folder" => {
                    self.string(property);
                    self.ignore(key);
                }
                "parameters" => {
                    parameters = true;
                    self.parameters(property, &mut configuration);
                }
                "prover_parameters" => self.prover_parameters(property),
                _ => match &property.value {
                    Value::Object(entry) if self.is_entry(key, entry) => {
                        let entry = self.entry(property, entry);
                        configuration.entries.push(entry);
                    }
                    _ => self.unknown_key(property, TOP_KEYS, "the configuration"),
                },
            }
        }
        if !parameters {
            self.missing(Span { file: self.file, start: 0, end: 0 }, "parameters", "the configuration");
        }
        if !self.ignored.is_empty() {
            let message = format!("keys that have no meaning here: {}", self.ignored.join(", "));
            self.report.push(Diagnostic::new(codes::KEYS_WITHOUT_MEANING, message));
        }
        if let Some((span, _)) = self.unset.first() {
            let names: Vec<&str> = self.unset.iter().map(|(_, name)| &**name).collect();
            let message = format!("limits of -1 are taken as not set: {}", names.join(", "));
            self.report.push(Diagnostic::new(codes::UNSET_LIMIT, message).at(*span, "the first"));
        }
        configuration
    }

    /// A name with brackets or similar cannot be a predicate; an object without any predicate key is a misspelt
    /// section.
    fn is_entry(&self, key: &str, entry: &Object<'a>) -> bool {
        let section = super::diagnostic::nearest(key, TOP_KEYS.iter().copied()).is_some();
        entry.properties.iter().any(|property| PREDICATE_KEYS.contains(&property.name.as_str()))
            || !section && !key.is_empty()
    }

    fn entry(&mut self, property: &ObjectProp<'a>, object: &Object<'a>) -> Entry {
        let key = property.name.as_str();
        let name = Ident { text: key.into(), span: self.span(&property.name) };
        let owner = format!("the entry `{}`", short(key));
        self.warn_repeated(object);
        for inner in &object.properties {
            if !PREDICATE_KEYS.contains(&inner.name.as_str()) {
                self.unknown_key(inner, PREDICATE_KEYS, &owner);
            }
        }
        for unused in ["input_args", "output_args"] {
            if let Some(property) = find(object, unused) {
                self.strings(property);
                self.ignore(unused);
            }
        }
        let arity = self
            .need(object, "arity", &name, &owner)
            .and_then(|property| self.number(property, 1, LARGEST, false))
            .flatten();
        let sets = self.need(object, "definition_sets", &name, &owner);
        let signature = self.need(object, "short_mpl", &name, &owner);
        // Without an arity there is nothing to compare with. The entry is kept, so that uses of the predicate are not
        // reported as unknown.
        let (sorts, sort_places) = match (sets, arity) {
            (Some(property), Some(arity)) => self.sorts(property, arity, &owner),
            _ => (Vec::new(), Vec::new()),
        };
        let parameters = match (signature, arity) {
            (Some(property), Some(arity)) => self.signature(property, &name, arity),
            _ => None,
        };
        let arity = arity.unwrap_or(0);
        let body = self.need(object, "full_mpl", &name, &owner).and_then(|property| self.body(property));
        let limit = |key: &str, least: i64, needed: bool, reader: &mut Self| {
            let property = if needed { reader.need(object, key, &name, &owner) } else { find(object, key) };
            property.and_then(|property| reader.number(property, least, LARGEST, true)).flatten()
        };
        let count = limit("max_count_per_conjecture", 0, true, self).unwrap_or(usize::MAX);
        let max_atoms = limit("max_size_expression", 0, true, self).unwrap_or(usize::MAX);
        let min_atoms = limit("min_size_expression", 0, false, self).unwrap_or(1);
        Entry { name, parameters, arity, sorts, sort_places, body, count, min_atoms, max_atoms }
    }

    fn sorts(
        &mut self,
        property: &ObjectProp<'a>,
        arity: usize,
        owner: &str,
    ) -> (Vec<Option<Sort>>, Vec<(Span, String)>) {
        let Some(object) = self.object(property) else { return (Vec::new(), Vec::new()) };
        self.warn_repeated(object);
        let mut sorts = vec![None; arity];
        let mut places = vec![(self.span(&property.name), format!("`definition_sets` of {owner}")); arity];
        let mut given = vec![false; arity];
        for position in &object.properties {
            let key = position.name.as_str();
            let Some(place) = key.parse::<usize>().ok().filter(|place| (1..=arity).contains(place)) else {
                self.report.push(
                    Diagnostic::new(
                        codes::ARITY_DISAGREES,
                        format!("{owner} has arity {arity}, but `definition_sets` names position `{}`", short(key)),
                    )
                    .at(self.span(&position.name), "there is no such position")
                    .help(format!("name the positions \"1\" to \"{arity}\", or correct `arity`")),
                );
                continue;
            };
            given[place - 1] = true;
            let Some(parts) = self.array_of(position) else { continue };
            let mut flags = parts.iter();
            match flags.next() {
                Some(Value::StringLit(text)) => {
                    let span = self.span(text);
                    places[place - 1] = (span, format!("`definition_sets`.`{place}` of {owner}"));
                    sorts[place - 1] = parse_sort(&text.value);
                    if sorts[place - 1].is_none() {
                        self.report.push(
                            Diagnostic::new(codes::BAD_SORT, format!("`{}` is not a sort", short(&text.value)))
                                .at(span, "here")
                                .help("sorts are written `(1)`, `P(1)`, `P(x(1)(1))`, `P(x(1)(x(1)(1)))`"),
                        );
                    }
                }
                other => {
                    let span = other.map_or(self.span(&position.value), |other| self.span(other));
                    self.wrong_type(span, "a sort in quotation marks", "definition_sets");
                }
            }
            for flag in flags {
                if !matches!(flag, Value::BooleanLit(_)) {
                    self.wrong_type(self.span(flag), "`true` or `false`", "definition_sets");
                }
            }
        }
        if let Some(place) = given.iter().position(|given| !given) {
            self.report.push(
                Diagnostic::new(
                    codes::ARITY_DISAGREES,
                    format!("{owner} has arity {arity}, but `definition_sets` leaves out position {}", place + 1),
                )
                .at(self.span(&property.name), "in here")
                .help(format!("name the positions \"1\" to \"{arity}\", or correct `arity`")),
            );
        }
        (sorts, places)
    }

    fn signature(&mut self, property: &ObjectProp<'a>, name: &Ident, arity: usize) -> Option<Vec<Ident>> {
        let expr = self.formula(property)?;
        let shown = short(&name.text);
        let Expr::Atom { name: written, arguments, span } = expr else {
            self.wrong_type(expr.span(), "an atom such as `(name[x,y])`", "short_mpl");
            return None;
        };
        if written.text != name.text {
            self.report.push(
                Diagnostic::new(
                    codes::ARITY_DISAGREES,
                    format!("`short_mpl` of the entry `{shown}` names `{}`", short(&written.text)),
                )
                .at(written.span, "here")
                .at(name.span, "the entry")
                .help(format!("write `({shown}[…])`")),
            );
            return None;
        }
        if arguments.len() != arity {
            self.report.push(
                Diagnostic::new(
                    codes::ARITY_DISAGREES,
                    format!("the entry `{shown}` has arity {arity}, but `short_mpl` has {} arguments", arguments.len()),
                )
                .at(span, "here")
                .help("correct one of the two"),
            );
            return None;
        }
        Some(arguments)
    }

    fn body(&mut self, property: &ObjectProp<'a>) -> Option<Body> {
        let text = self.string(property)?;
        if text.trim_start().starts_with(['(', '!']) {
            return self.formula(property).map(|expr| Body::Formula(Box::new(expr)));
        }
        Some(Body::File { span: self.span(&property.value), name: text })
    }

    /// A formula in a string of the configuration.
    fn formula(&mut self, property: &ObjectProp<'a>) -> Option<Expr> {
        self.string(property)?;
        let range = property.value.range();
        let inside = &self.text[range.start + 1..range.end - 1];
        if inside.contains('\\') {
            self.wrong_type(self.span(&property.value), "a formula without escapes", property.name.as_str());
            return None;
        }
        let lexer = Lexer::within(self.text, self.file, range.start + 1, range.end - 1);
        Parser::over(lexer, self.report, &[]).only_formula()
    }

    fn parameters(&mut self, property: &ObjectProp<'a>, configuration: &mut Configuration) {
        let Some(object) = self.object(property) else { return };
        self.warn_repeated(object);
        let name = Ident { text: "parameters".into(), span: self.span(&property.name) };
        for property in &object.properties {
            let key = property.name.as_str();
            match key {
                "max_number_simple_expressions" => {
                    configuration.atoms = self.number(property, 1, LARGEST, true).flatten();
                }
                "max_complexity_if_anchor_parameter_connected" => {
                    let Some(object) = self.object(property) else { continue };
                    for property in &object.properties {
                        let number = self.number(property, 0, LARGEST, true).flatten();
                        if property.name.as_str() == "(1)" {
                            configuration.atoms_with_constant = number;
                        }
                    }
                }
                "incubator_mode" => {
                    if matches!(&property.value, Value::BooleanLit(literal) if literal.value) {
                        self.report.push(
                            Diagnostic::new(codes::INCUBATOR, "the configuration asks for what is not done here")
                                .at(self.span(&property.value), "the incubator of the format's own program")
                                .help("conjectures are built within the other limits as they stand"),
                        );
                    }
                    self.plain(property);
                }
                _ if !PARAMETER_KEYS.contains(&key) => self.unknown_key(property, PARAMETER_KEYS, "`parameters`"),
                _ => {
                    self.ignore(key);
                    self.plain(property);
                }
            }
        }
        self.need(object, "max_number_simple_expressions", &name, "`parameters`");
    }

    fn prover_parameters(&mut self, property: &ObjectProp<'a>) {
        let Some(object) = self.object(property) else { return };
        self.warn_repeated(object);
        for property in &object.properties {
            if PROVER_KEYS.contains(&property.name.as_str()) {
                self.plain(property);
            } else {
                self.unknown_key(property, PROVER_KEYS, "`prover_parameters`");
            }
        }
        self.ignore("prover_parameters");
    }

    /// Checks an unused value: numbers must be at least -1, and strings may occur in arrays only.
    fn plain(&mut self, property: &ObjectProp<'a>) {
        match &property.value {
            Value::NumberLit(_) => {
                self.number(property, 0, i64::MAX, true);
            }
            Value::Object(object) => {
                for property in &object.properties {
                    self.number(property, 0, i64::MAX, true);
                }
            }
            Value::BooleanLit(_) | Value::Array(_) => {}
            other => self.wrong_type(self.span(other), "a number", property.name.as_str()),
        }
    }
}
