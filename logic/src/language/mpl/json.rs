//! Typed access to the values of a configuration: missing values and wrong types are reported with their positions.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::{Range, Ranged};

use super::codes;
use super::diagnostic::{Diagnostic, FileId, Report, Span, did_you_mean, short};
use super::syntax::Ident;

pub(crate) fn span(file: FileId, range: Range) -> Span {
    Span { file, start: range.start as u32, end: range.end as u32 }
}

/// A configuration being read.
pub(crate) struct Reader<'a, 'r> {
    pub(crate) text: &'a str,
    pub(crate) file: FileId,
    pub(crate) report: &'r mut Report,
    /// Keys without a meaning here.
    pub(crate) ignored: Vec<String>,
    /// Limits of -1, i.e. unset ones.
    pub(crate) unset: Vec<(Span, String)>,
}

impl<'a> Reader<'a, '_> {
    pub(crate) fn span(&self, node: &impl Ranged) -> Span {
        span(self.file, node.range())
    }

    pub(crate) fn need<'o>(
        &mut self,
        object: &'o Object<'a>,
        key: &str,
        owner: &Ident,
        owner_text: &str,
    ) -> Option<&'o ObjectProp<'a>> {
        let found = find(object, key);
        if found.is_none() {
            self.missing(owner.span, key, owner_text);
        }
        found
    }

    pub(crate) fn missing(&mut self, span: Span, key: &str, owner: &str) {
        self.report.push(
            Diagnostic::new(codes::MISSING_KEY, format!("{owner} has no key `{key}`"))
                .at(span, "in here")
                .help(format!("add \"{key}\": …")),
        );
    }

    /// A number from `least` to `largest`. With `optional`, -1 means unset.
    pub(crate) fn number(
        &mut self,
        property: &ObjectProp<'a>,
        least: i64,
        largest: i64,
        optional: bool,
    ) -> Option<Option<usize>> {
        let key = property.name.as_str();
        let span = self.span(&property.value);
        let Value::NumberLit(literal) = &property.value else {
            self.wrong_type(span, "a number", key);
            return None;
        };
        let Ok(number) = literal.value.parse::<i64>() else {
            self.wrong_type(span, "a whole number", key);
            return None;
        };
        if number == -1 && optional {
            self.unset.push((span, key.to_owned()));
            return Some(None);
        }
        if !(least..=largest).contains(&number) {
            let range = if largest == i64::MAX { format!("{least} or more") } else { format!("{least} to {largest}") };
            self.report.push(
                Diagnostic::new(codes::OUT_OF_RANGE, format!("`{}` is {number}, but must be {range}", short(key)))
                    .at(span, "here")
                    .help(format!("write a number: {range}")),
            );
            return None;
        }
        Some(usize::try_from(number).ok())
    }

    pub(crate) fn string(&mut self, property: &ObjectProp<'a>) -> Option<String> {
        match &property.value {
            Value::StringLit(text) => Some(text.value.clone().into_owned()),
            other => {
                self.wrong_type(self.span(other), "a string", property.name.as_str());
                None
            }
        }
    }

    pub(crate) fn object<'o>(&mut self, property: &'o ObjectProp<'a>) -> Option<&'o Object<'a>> {
        match &property.value {
            Value::Object(object) => Some(object),
            other => {
                self.wrong_type(self.span(other), "an object", property.name.as_str());
                None
            }
        }
    }

    pub(crate) fn array_of<'o>(&mut self, property: &'o ObjectProp<'a>) -> Option<&'o [Value<'a>]> {
        match &property.value {
            Value::Array(array) => Some(&array.elements),
            other => {
                self.wrong_type(self.span(other), "an array", property.name.as_str());
                None
            }
        }
    }

    pub(crate) fn array<'o>(&mut self, property: &'o ObjectProp<'a>) -> &'o [Value<'a>] {
        self.array_of(property).unwrap_or_default()
    }

    pub(crate) fn strings(&mut self, property: &ObjectProp<'a>) -> Vec<String> {
        let mut strings = Vec::new();
        for element in self.array(property) {
            match element {
                Value::StringLit(text) => strings.push(text.value.clone().into_owned()),
                other => self.wrong_type(self.span(other), "a string", property.name.as_str()),
            }
        }
        strings
    }

    pub(crate) fn wrong_type(&mut self, span: Span, expected: &str, key: &str) {
        self.report.push(
            Diagnostic::new(codes::WRONG_TYPE, format!("`{}` must hold {expected}", short(key)))
                .at(span, "this is something else")
                .help(format!("write {expected} here")),
        );
    }

    pub(crate) fn unknown_key(&mut self, property: &ObjectProp<'a>, known: &[&str], owner: &str) {
        let key = property.name.as_str();
        let mut diagnostic =
            Diagnostic::new(codes::UNKNOWN_KEY, format!("{owner} has an unknown key `{}`", short(key)))
                .at(self.span(&property.name), "this key is not used");
        diagnostic.help = did_you_mean(key, known.iter().copied());
        self.report.push(diagnostic);
    }

    pub(crate) fn warn_repeated(&mut self, object: &Object<'a>) {
        let mut seen = std::collections::HashMap::new();
        for property in &object.properties {
            let key = property.name.as_str();
            if let Some(first) = seen.insert(key, self.span(&property.name)) {
                self.report.push(
                    Diagnostic::new(codes::REPEATED_KEY, format!("the key `{}` stands twice", short(key)))
                        .at(self.span(&property.name), "the second time")
                        .at(first, "the first time")
                        .help("remove one of the two"),
                );
            }
        }
    }

    pub(crate) fn ignore(&mut self, key: &str) {
        if !self.ignored.iter().any(|known| known == key) {
            self.ignored.push(key.to_owned());
        }
    }
}

pub(crate) fn find<'o, 'a>(object: &'o Object<'a>, key: &str) -> Option<&'o ObjectProp<'a>> {
    object.properties.iter().find(|property| property.name.as_str() == key)
}
