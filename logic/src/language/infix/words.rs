//! A statement in English words: "for all x and y, x plus y equals y plus x".

use super::parse::{Sentence, Term};
use super::vocabulary::{Place, Sign, Vocabulary};

/// The English names of common symbols.
const CALLED: [(&str, &str); 16] = [
    ("+", "plus"),
    ("·", "times"),
    ("*", "times"),
    ("^", "to the power of"),
    ("≤", "is at most"),
    ("<", "is less than"),
    ("∣", "divides"),
    ("⊓", "meet"),
    ("⊔", "join"),
    ("∪", "union"),
    ("∩", "intersected with"),
    ("⊆", "is contained in"),
    ("⁻¹", "the inverse of"),
    ("−", "the negative of"),
    ("s", "the successor of"),
    ("!", "the factorial of"),
];

pub(super) fn words(vocabulary: &Vocabulary, sentence: &Sentence) -> String {
    let mut variables: Vec<String> = Vec::new();
    sentence.each_variable(&mut |name| {
        if !variables.iter().any(|known| known == name) {
            variables.push(name.to_owned());
        }
    });
    let said = Speaker(vocabulary).sentence(sentence);
    match variables.split_last() {
        None => said,
        Some((last, [])) => format!("for all {last}, {said}"),
        Some((last, others)) => format!("for all {} and {last}, {said}", others.join(", ")),
    }
}

struct Speaker<'v>(&'v Vocabulary);

impl Speaker<'_> {
    fn called(sign: &Sign) -> String {
        let text = &*sign.texts[0];
        CALLED.iter().find(|(known, _)| *known == text).map_or_else(|| text.to_owned(), |(_, word)| (*word).to_owned())
    }

    fn sentence(&self, sentence: &Sentence) -> String {
        match sentence {
            Sentence::Equal(left, right) => format!("{} equals {}", self.term(left, false), self.term(right, false)),
            Sentence::Relation(relation, terms) => self.applied(&self.0.relations[*relation], terms),
            Sentence::In(term, set) => format!("{} is in {}", self.term(term, false), self.0.sets[*set].0),
            Sentence::Not(inner) => match &**inner {
                Sentence::Equal(left, right) => {
                    format!("{} is different from {}", self.term(left, false), self.term(right, false))
                }
                inner => format!("it is not the case that {}", self.sentence(inner)),
            },
            Sentence::And(parts) => self.joined(parts, " and "),
            Sentence::Or(parts) => self.joined(parts, " or "),
            Sentence::Implies(left, right) => format!("if {}, then {}", self.sentence(left), self.sentence(right)),
            Sentence::Iff(left, right) => format!("{} if and only if {}", self.sentence(left), self.sentence(right)),
        }
    }

    fn joined(&self, parts: &[Sentence], word: &str) -> String {
        parts.iter().map(|part| self.sentence(part)).collect::<Vec<_>>().join(word)
    }

    fn applied(&self, sign: &Sign, terms: &[Term]) -> String {
        let called = Self::called(sign);
        match (sign.place, terms) {
            (Place::Between(_), [left, right]) => {
                format!("{} {called} {}", self.term(left, true), self.term(right, true))
            }
            (_, [one]) => format!("{called} {}", self.term(one, true)),
            (_, several) => {
                let several: Vec<String> = several.iter().map(|term| self.term(term, false)).collect();
                format!("{called} of {}", several.join(" and "))
            }
        }
    }

    /// A term; bracketed inside another one.
    fn term(&self, term: &Term, inside: bool) -> String {
        match term {
            Term::Variable(name) => name.clone(),
            Term::Constant(place) => self.0.constants[*place].0.to_string(),
            Term::Numeral(number) => number.to_string(),
            Term::Apply(operation, terms) => {
                let said = self.applied(&self.0.operations[*operation], terms);
                if inside { format!("({said})") } else { said }
            }
        }
    }
}
