//! Writes a tree as text that parses back to the same tree.

use super::parse::{Sentence, Term};
use super::vocabulary::{Place, Sign, Vocabulary};

/// A statement in infix notation, with brackets around every binary term.
pub(super) fn sentence(vocabulary: &Vocabulary, sentence: &Sentence) -> String {
    let writer = Writer(vocabulary);
    writer.sentence(sentence)
}

struct Writer<'v>(&'v Vocabulary);

impl Writer<'_> {
    fn sentence(&self, sentence: &Sentence) -> String {
        match sentence {
            Sentence::Equal(left, right) => format!("{} = {}", self.term(left), self.term(right)),
            Sentence::Relation(sign, terms) => self.applied(&self.0.relations[*sign], terms),
            Sentence::In(term, set) => format!("{} ∈ {}", self.term(term), self.0.sets[*set].0),
            Sentence::Not(inner) => match &**inner {
                Sentence::Equal(left, right) => format!("{} ≠ {}", self.term(left), self.term(right)),
                other => format!("¬({})", self.sentence(other)),
            },
            Sentence::And(parts) => self.joined(parts, " ∧ "),
            Sentence::Or(parts) => self.joined(parts, " ∨ "),
            Sentence::Implies(left, right) => format!("{} → {}", self.closed(left), self.sentence(right)),
            Sentence::Iff(left, right) => format!("{} ↔ {}", self.closed(left), self.closed(right)),
        }
    }

    fn joined(&self, parts: &[Sentence], sign: &str) -> String {
        parts.iter().map(|part| self.closed(part)).collect::<Vec<_>>().join(sign)
    }

    /// Bracketed if its outermost symbol is one of the logic.
    fn closed(&self, sentence: &Sentence) -> String {
        match sentence {
            Sentence::Equal(..) | Sentence::Relation(..) | Sentence::In(..) | Sentence::Not(_) => {
                self.sentence(sentence)
            }
            _ => format!("({})", self.sentence(sentence)),
        }
    }

    fn term(&self, term: &Term) -> String {
        match term {
            Term::Variable(name) => name.clone(),
            Term::Constant(place) => self.0.constants[*place].0.to_string(),
            Term::Numeral(number) => number.to_string(),
            Term::Apply(sign, terms) => self.applied(&self.0.operations[*sign], terms),
        }
    }

    fn applied(&self, sign: &Sign, terms: &[Term]) -> String {
        let text = &sign.texts[0];
        let closed = |term: &Term| match term {
            Term::Apply(inner, _) if self.0.operations[*inner].place != Place::Before => {
                format!("({})", self.term(term))
            }
            _ => self.term(term),
        };
        match (sign.place, terms) {
            (Place::Between(_), [left, right]) => format!("{} {text} {}", closed(left), closed(right)),
            (Place::Behind, [only]) => format!("{}{text}", closed(only)),
            _ => format!("{text}({})", terms.iter().map(|term| self.term(term)).collect::<Vec<_>>().join(", ")),
        }
    }
}
