//! Flattens terms to atoms.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Sentence, Term};
use super::unread::Unread;
use super::vocabulary::{Sign, Vocabulary};

/// The statement in MPL. Each distinct term is named once, by a variable that a premise defines; all variables are
/// bound outermost.
pub(super) fn flatten(vocabulary: &Vocabulary, sentence: &Sentence) -> Result<String, Unread> {
    let mut flattener = Flattener { vocabulary, ..Flattener::empty(vocabulary) };
    // Variables are bound in order of occurrence.
    sentence.each_variable(&mut |name| drop(flattener.name(&Term::Variable(name.to_owned()))));
    let (mut premises, mut conclusion) = (Vec::new(), sentence);
    while let Sentence::Implies(premise, rest) = conclusion {
        parts(premise, &mut premises);
        conclusion = rest;
    }
    for premise in premises {
        let atom = flattener.premise(premise);
        flattener.given.push(atom);
    }
    let conclusion = flattener.conclusion(conclusion);
    flattener.whole(&conclusion)
}

/// The conjuncts of a conjunction, flattened.
fn parts<'s>(sentence: &'s Sentence, into: &mut Vec<&'s Sentence>) {
    match sentence {
        Sentence::And(all) => all.iter().for_each(|part| parts(part, into)),
        other => into.push(other),
    }
}

struct Flattener<'v> {
    vocabulary: &'v Vocabulary,
    /// Premises in MPL, in order.
    given: Vec<String>,
    /// The names of terms.
    named: BTreeMap<Term, String>,
    /// The variables of the text, in order of first occurrence.
    variables: Vec<String>,
    names: Vec<String>,
    /// Variables whose range a premise determines.
    known: BTreeSet<String>,
    /// The variables of the text.
    written: BTreeSet<String>,
}

impl<'v> Flattener<'v> {
    fn empty(vocabulary: &'v Vocabulary) -> Flattener<'v> {
        Flattener {
            vocabulary,
            given: Vec::new(),
            named: BTreeMap::new(),
            variables: Vec::new(),
            names: Vec::new(),
            known: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    /// The name of a term; a compound term gets one, with a premise that defines it.
    fn name(&mut self, term: &Term) -> String {
        match term {
            Term::Variable(name) => {
                if self.written.insert(name.clone()) {
                    self.variables.push(name.clone());
                }
                name.clone()
            }
            Term::Constant(place) => self.vocabulary.constants[*place].1.to_string(),
            Term::Numeral(number) => self.name(&self.unary(*number)),
            Term::Apply(operation, arguments) => {
                if let Some(name) = self.named.get(term) {
                    return name.clone();
                }
                let inputs: Vec<String> = arguments.iter().map(|argument| self.name(argument)).collect();
                // A placeholder that occurs in no parsed name; replaced by a real name at the end.
                let name = format!("\u{1}{}", self.names.len());
                self.names.push(name.clone());
                self.named.insert(term.clone(), name.clone());
                let atom = self.vocabulary.operations[*operation].atom(&inputs, &name);
                self.given.push(atom);
                self.known.extend(inputs);
                name
            }
        }
    }

    /// A numeral as zero and successors.
    fn unary(&self, number: usize) -> Term {
        let Some(numerals) = &self.vocabulary.numerals else { return Term::Variable(number.to_string()) };
        let zero = self.vocabulary.constants.iter().position(|(_, name)| *name == numerals.zero).unwrap_or(0);
        (0..number).fold(Term::Constant(zero), |term, _| Term::Apply(numerals.successor, vec![term]))
    }

    /// The operation and its inputs, if the term is compound.
    fn graph(&mut self, term: &Term) -> Option<(&'v Sign, Vec<String>)> {
        let term = if let Term::Numeral(number) = term { &self.unary(*number) } else { term };
        let Term::Apply(operation, arguments) = term else { return None };
        let sign = &self.vocabulary.operations[*operation];
        Some((sign, arguments.iter().map(|argument| self.name(argument)).collect()))
    }

    /// A premise. It determines the ranges of the variables in it.
    fn premise(&mut self, sentence: &Sentence) -> String {
        match sentence {
            Sentence::Equal(left, right) => {
                let (put_together, other) = if is_plain(right) { (left, right) } else { (right, left) };
                let value = self.name(other);
                let graph = if self.named.contains_key(put_together) { None } else { self.graph(put_together) };
                match graph {
                    Some((sign, inputs)) => {
                        self.known.extend(inputs.iter().cloned().chain([value.clone()]));
                        sign.atom(&inputs, &value)
                    }
                    None => format!("(=[{},{value}])", self.name(put_together)),
                }
            }
            Sentence::Relation(..) | Sentence::In(..) => {
                let atom = self.inner(sentence);
                let terms: Vec<&Term> = match sentence {
                    Sentence::Relation(_, terms) => terms.iter().collect(),
                    Sentence::In(term, _) => vec![term],
                    _ => Vec::new(),
                };
                let names: Vec<String> = terms.into_iter().map(|term| self.name(term)).collect();
                self.known.extend(names);
                atom
            }
            other => self.inner(other),
        }
    }

    /// The conclusion. An equation becomes an atom of one side's operation if everything else in it is known by then.
    fn conclusion(&mut self, sentence: &Sentence) -> String {
        let Sentence::Equal(left, right) = sentence else { return self.inner(sentence) };
        let (first, last) = if is_plain(right) { (right, left) } else { (left, right) };
        let value = self.name(first);
        if !self.named.contains_key(last)
            && let Some((sign, inputs)) = self.graph(last)
        {
            let known = |name: &String| !self.written.contains(name) || self.known.contains(name);
            if inputs.iter().chain([&value]).all(known) {
                return sign.atom(&inputs, &value);
            }
        }
        self.inner(sentence)
    }

    /// A nested formula.
    fn inner(&mut self, sentence: &Sentence) -> String {
        match sentence {
            Sentence::Equal(left, right) => {
                let left = self.name(left);
                format!("(=[{left},{}])", self.name(right))
            }
            Sentence::Relation(relation, terms) => {
                let inputs: Vec<String> = terms.iter().map(|term| self.name(term)).collect();
                self.vocabulary.relations[*relation].atom(&inputs, "")
            }
            Sentence::In(term, set) => format!("(in[{},{}])", self.name(term), self.vocabulary.sets[*set].1),
            Sentence::Not(inner) => format!("!{}", self.inner(inner)),
            Sentence::And(parts) => self.group("&", parts),
            Sentence::Or(parts) => self.group("or", parts),
            Sentence::Implies(left, right) => {
                let left = self.inner(left);
                format!("(>[] {left} {})", self.inner(right))
            }
            Sentence::Iff(left, right) => {
                let left = self.inner(left);
                format!("(iff {left} {})", self.inner(right))
            }
        }
    }

    fn group(&mut self, word: &str, parts: &[Sentence]) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.inner(part)).collect();
        format!("({word} {})", parts.join(" "))
    }

    /// The whole statement, with membership premises for variables whose range is not determined.
    fn whole(mut self, conclusion: &str) -> Result<String, Unread> {
        let free: Vec<&String> = self.variables.iter().filter(|name| !self.known.contains(*name)).collect();
        let mut ranges = Vec::new();
        for name in &free {
            let [(_, set)] = &self.vocabulary.sets[..] else {
                let sets: Vec<&str> = self.vocabulary.sets.iter().map(|(shown, _)| &**shown).collect();
                let wrong = format!("nothing says what `{name}` ranges over");
                let help = format!("write {name} ∈ S → … for one of the sets {}", sets.join(", "));
                return Err(Unread { at: 0, wrong, help });
            };
            ranges.push(format!("(in[{name},{set}])"));
        }
        ranges.append(&mut self.given);
        let mut bound = self.variables.clone();
        let mut renamed = BTreeMap::new();
        let fresh = (1..).map(|number| format!("v{number}"));
        let fresh = fresh.filter(|name| !self.vocabulary.is_taken(name) && !self.written.contains(name));
        for (placeholder, name) in self.names.iter().zip(fresh) {
            bound.push(name.clone());
            renamed.insert(placeholder.clone(), name);
        }
        let premise = match &ranges[..] {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("(& {})", several.join(" "))),
        };
        let text = match premise {
            None if bound.is_empty() => conclusion.to_owned(),
            None => {
                return Err(Unread {
                    at: 0,
                    wrong: "nothing is said of the variables".to_owned(),
                    help: self.vocabulary.help(),
                });
            }
            Some(premise) => format!("(>[{}] {premise} {conclusion})", bound.join(",")),
        };
        Ok(with_names(&text, &renamed))
    }
}

/// Whether a term is atomic.
fn is_plain(term: &Term) -> bool {
    matches!(term, Term::Variable(_) | Term::Constant(_) | Term::Numeral(0))
}

/// Replaces the placeholders by names.
fn with_names(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1}') {
        written.push_str(&rest[..at]);
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let name = &rest[at..at + 1 + digits];
        written.push_str(names.get(name).map_or(name, |name| name));
        rest = &rest[at + 1 + digits..];
    }
    written + rest
}
