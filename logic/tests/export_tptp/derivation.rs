//! A verifier of TSTP derivations in natural deduction, independent of the exporter.
//!
//! [`Derivation::read`] parses the text, [`Derivation::flaw`] checks how the formulas fit together, and
//! [`Derivation::question`] returns the problem that a prover has to solve for one of them.

use std::collections::{BTreeSet, HashMap};

/// An annotated formula.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) formula: String,
    /// The rule; empty for introduced formulas and assumptions.
    pub(crate) rule: String,
    parents: Vec<String>,
    assumptions: BTreeSet<String>,
    discharged: BTreeSet<String>,
    eigenvariables: Vec<String>,
    announced: Vec<String>,
}

pub(crate) struct Derivation {
    pub(crate) lines: Vec<Line>,
    places: HashMap<String, usize>,
}

/// The parts between top-level commas.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start, mut quoted) = (Vec::new(), 0, 0, false);
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// The head and arguments of `head(…)` or `head[…]`.
fn call(text: &str) -> Option<(&str, Vec<&str>)> {
    let open = text.find(['(', '['])?;
    let close = if text[open..].starts_with('(') { ')' } else { ']' };
    Some((&text[..open], parts(text[open + 1..].strip_suffix(close)?)))
}

fn list(text: &str) -> Option<Vec<String>> {
    call(text).map(|(_, parts)| parts.into_iter().map(str::to_owned).collect())
}

impl Line {
    fn read(text: &str) -> Option<Line> {
        let ("fof", fields) = call(text.strip_suffix('.')?)? else { return None };
        let [name, role, formula, source] = fields[..] else { return None };
        let mut line = Line {
            name: name.into(),
            role: role.into(),
            formula: formula.into(),
            rule: String::new(),
            parents: Vec::new(),
            assumptions: BTreeSet::new(),
            discharged: BTreeSet::new(),
            eigenvariables: Vec::new(),
            announced: Vec::new(),
        };
        match call(source)? {
            ("introduced", fields) => {
                for item in fields.iter().skip(1).filter_map(|list| call(list)).flat_map(|(_, items)| items) {
                    let ("new_symbols", symbols) = call(item)? else { return None };
                    line.announced = list(symbols[1])?;
                }
            }
            ("theory", _) => {}
            ("inference", fields) => {
                let [rule, items, parents] = fields[..] else { return None };
                line.rule = rule.into();
                line.parents = list(parents)?;
                for item in call(items)?.1 {
                    match call(item)? {
                        ("status", status) if status == ["thm"] => {}
                        ("assumptions", _) => line.assumptions = list(call(item)?.1[0])?.into_iter().collect(),
                        (head, fields) if head == rule && fields[0] == "discharge" => {
                            line.discharged = list(fields[1])?.into_iter().collect();
                        }
                        (head, fields) if head == rule && fields[0] == "eigenvariables" => {
                            line.eigenvariables = list(fields[1])?;
                        }
                        (head, fields) if head == rule && fields[0] == "values" => {}
                        _ => return None,
                    }
                }
            }
            _ => return None,
        }
        Some(line)
    }
}

/// The words of a formula: its symbols and variables.
fn words(formula: &str) -> impl Iterator<Item = &str> {
    formula.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Constants for scope variables are named `t5_x`.
fn is_eigenvariable(word: &str) -> bool {
    let digits = word.strip_prefix('t').and_then(|rest| rest.split_once('_')).map(|(digits, _)| digits);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

impl Derivation {
    pub(crate) fn read(text: &str) -> Derivation {
        let lines: Vec<Line> = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('%'))
            .map(|line| Line::read(line).unwrap_or_else(|| panic!("no annotated formula: {line}")))
            .collect();
        let places = lines.iter().enumerate().map(|(place, line)| (line.name.clone(), place)).collect();
        Derivation { lines, places }
    }

    fn line(&self, name: &str) -> &Line {
        &self.lines[self.places[name]]
    }

    /// The first structural error of the derivation.
    pub(crate) fn flaw(&self) -> Option<String> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut known: BTreeSet<&str> = BTreeSet::new();
        if self.places.len() != self.lines.len() {
            return Some("two formulas have one name".into());
        }
        for (place, line) in self.lines.iter().enumerate() {
            let flaw = |text: &str| Some(format!("{}: {text}", line.name));
            if line.parents.iter().any(|parent| self.places.get(parent).is_none_or(|parent| *parent >= place)) {
                return flaw("a parent does not stand before it");
            }
            for symbol in &line.announced {
                if seen.contains(symbol.as_str()) || !known.insert(symbol) {
                    return flaw("a new symbol is not new");
                }
            }
            if words(&line.formula).any(|word| is_eigenvariable(word) && !known.contains(word)) {
                return flaw("a constant was not announced");
            }
            seen.extend(words(&line.formula));
            let mentions = |formula: &str, symbols: &[String]| {
                words(formula).any(|word| symbols.iter().any(|symbol| symbol == word))
            };
            let closed = !words(&line.formula).any(is_eigenvariable);
            match &*line.role {
                "assumption" if line.rule.is_empty() => {}
                "definition" | "axiom" if line.rule.is_empty() && closed => {}
                "plain" | "theorem" if !line.rule.is_empty() => {
                    let mut rests: BTreeSet<String> = BTreeSet::new();
                    for parent in &line.parents {
                        rests.extend(self.rests(parent));
                    }
                    rests.retain(|name| !line.discharged.contains(name));
                    if rests != line.assumptions {
                        return flaw("it does not list the assumptions on which it rests");
                    }
                    if mentions(&line.formula, &line.eigenvariables)
                        || rests.iter().any(|name| mentions(&self.line(name).formula, &line.eigenvariables))
                    {
                        return flaw("an eigenvariable is not free for generalisation");
                    }
                    let announced = line.discharged.iter().flat_map(|name| &self.line(name).announced);
                    if !announced.eq(&line.eigenvariables) {
                        return flaw("it does not name the eigenvariables of what it discharges");
                    }
                    if line.role == "theorem" && !(rests.is_empty() && closed) {
                        return flaw("a theorem rests on something");
                    }
                }
                _ => return flaw("its role and its source do not fit"),
            }
        }
        None
    }

    fn rests(&self, name: &str) -> BTreeSet<String> {
        let line = self.line(name);
        if line.role == "assumption" { BTreeSet::from([name.to_owned()]) } else { line.assumptions.clone() }
    }

    /// The problem that a prover must prove if the inference is right; `None` for formulas that are not inferred.
    pub(crate) fn question(&self, line: &Line) -> Option<String> {
        if line.rule.is_empty() {
            return None;
        }
        let mut text = String::new();
        for parent in &line.parents {
            let formula = &self.line(parent).formula;
            let discharged: Vec<String> = (self.rests(parent).intersection(&line.discharged))
                .map(|name| format!("({})", self.line(name).formula))
                .collect();
            let mut premise = match &discharged[..] {
                [] => format!("({formula})"),
                _ => format!("(({}) => ({formula}))", discharged.join(" & ")),
            };
            if !line.eigenvariables.is_empty() {
                // Constants begin with a small t; with a capital they become variables.
                let mut bound = String::new();
                let mut rest = premise.as_str();
                while let Some(word) = words(rest).next() {
                    let at = word.as_ptr() as usize - rest.as_ptr() as usize;
                    bound += &rest[..at];
                    bound +=
                        &if line.eigenvariables.iter().any(|name| name == word) { great(word) } else { word.into() };
                    rest = &rest[at + word.len()..];
                }
                let names: Vec<String> = line.eigenvariables.iter().map(|name| great(name)).collect();
                premise = format!("![{}]: {bound}{rest}", names.join(","));
            }
            text += &format!("fof(parent_{parent}, axiom, {premise}).\n");
        }
        Some(text + &format!("fof(inferred, conjecture, {}).\n", line.formula))
    }
}

fn great(word: &str) -> String {
    word.replacen('t', "T", 1)
}
