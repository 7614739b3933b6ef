//! Parses text to a tree of terms and formulas.

use super::unread::Unread;
use super::vocabulary::{Place, Vocabulary, is_word};

/// The deepest nesting of terms and formulas.
const DEEPEST: usize = 60;
/// The largest numeral: its number of atoms is its value.
const LARGEST: usize = 64;
/// The longest statement, in bytes.
const LONGEST: usize = 4096;

/// A term.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Term {
    Variable(String),
    /// The index of a constant in the vocabulary.
    Constant(usize),
    Numeral(usize),
    Apply(usize, Vec<Term>),
}

/// A formula.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sentence {
    Equal(Term, Term),
    Relation(usize, Vec<Term>),
    /// The index of a set in the vocabulary.
    In(Term, usize),
    Not(Box<Sentence>),
    And(Vec<Sentence>),
    Or(Vec<Sentence>),
    Implies(Box<Sentence>, Box<Sentence>),
    Iff(Box<Sentence>, Box<Sentence>),
}

impl Sentence {
    /// Calls `visit` with each occurrence of a variable, left to right.
    pub(crate) fn each_variable(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Sentence::Equal(left, right) => [left, right].into_iter().for_each(|term| term.each_variable(visit)),
            Sentence::Relation(_, terms) => terms.iter().for_each(|term| term.each_variable(visit)),
            Sentence::In(term, _) => term.each_variable(visit),
            Sentence::Not(inner) => inner.each_variable(visit),
            Sentence::And(parts) | Sentence::Or(parts) => parts.iter().for_each(|part| part.each_variable(visit)),
            Sentence::Implies(left, right) | Sentence::Iff(left, right) => {
                left.each_variable(visit);
                right.each_variable(visit);
            }
        }
    }
}

impl Term {
    pub(crate) fn each_variable(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Term::Variable(name) => visit(name),
            Term::Apply(_, terms) => terms.iter().for_each(|term| term.each_variable(visit)),
            Term::Constant(_) | Term::Numeral(_) => {}
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    /// A symbol of the logic or of the theory.
    Sign(String),
    Word(String),
    Number(usize),
}

/// Parses a statement. Names bound at its beginning may be used like others.
pub(super) fn statement(vocabulary: &Vocabulary, text: &str) -> Result<Sentence, Unread> {
    let pieces = pieces(vocabulary, text)?;
    let mut parser = Parser { vocabulary, pieces, next: 0, end: text.chars().count(), depth: 0, farthest: None };
    let read = parser.binders().and_then(|ranges| {
        let sentence = parser.formula()?;
        let ranged = |sentence: Sentence, range| Sentence::Implies(Box::new(range), Box::new(sentence));
        Some(ranges.into_iter().rev().fold(sentence, ranged))
    });
    match read {
        Some(sentence) if parser.next == parser.pieces.len() => Ok(sentence),
        Some(_) => {
            let (at, found) = parser.here();
            Err(parser
                .farthest
                .take()
                .filter(|unread| unread.at >= at)
                .unwrap_or_else(|| parser.unread(at, format!("{found} is left over"))))
        }
        None => Err(parser.farthest.take().unwrap_or_else(|| parser.unread(0, "there is no statement".to_owned()))),
    }
}

fn pieces(vocabulary: &Vocabulary, text: &str) -> Result<Vec<(usize, Piece)>, Unread> {
    let unread = |at, wrong: String| Err(Unread { at, wrong, help: vocabulary.help() });
    if text.len() > LONGEST {
        return unread(0, format!("the statement has more than {LONGEST} bytes"));
    }
    let letters: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let rest: String = letters[at..].iter().collect();
        if letters[at].is_whitespace() {
            at += 1;
            continue;
        }
        let word: String = letters[at..].iter().take_while(|c| is_word(&c.to_string())).collect();
        let sign =
            vocabulary.texts.iter().find(|sign| rest.starts_with(&***sign) && (!is_word(sign) || ***sign == *word));
        let length = match sign {
            Some(sign) => {
                pieces.push((at, Piece::Sign(sign.to_string())));
                sign.chars().count()
            }
            None if word.is_empty() => return unread(at, format!("`{}` is no sign of this theory", letters[at])),
            None => {
                let number =
                    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse::<usize>().unwrap_or(usize::MAX));
                match number {
                    Some(number) if vocabulary.numerals.is_none() => {
                        return unread(at, format!("there is no number {number} here"));
                    }
                    Some(number) if number > LARGEST => return unread(at, format!("numerals go up to {LARGEST}")),
                    Some(number) => pieces.push((at, Piece::Number(number))),
                    None => pieces.push((at, Piece::Word(word.clone()))),
                }
                word.chars().count()
            }
        };
        at += length;
    }
    Ok(pieces)
}

struct Parser<'v> {
    vocabulary: &'v Vocabulary,
    pieces: Vec<(usize, Piece)>,
    next: usize,
    end: usize,
    depth: usize,
    /// The rightmost error.
    farthest: Option<Unread>,
}

impl Parser<'_> {
    fn unread(&self, at: usize, wrong: String) -> Unread {
        Unread { at, wrong, help: self.vocabulary.help() }
    }

    fn here(&self) -> (usize, String) {
        match self.pieces.get(self.next) {
            Some((at, Piece::Sign(text) | Piece::Word(text))) => (*at, format!("`{text}`")),
            Some((at, Piece::Number(number))) => (*at, format!("`{number}`")),
            None => (self.end, "the end".to_owned()),
        }
    }

    fn missing<T>(&mut self, wanted: &str) -> Option<T> {
        let (at, found) = self.here();
        if self.farthest.as_ref().is_none_or(|known| known.at < at) {
            self.farthest = Some(self.unread(at, format!("{wanted} is missing before {found}")));
        }
        None
    }

    fn takes(&mut self, signs: &[&str]) -> bool {
        let found = match self.pieces.get(self.next) {
            Some((_, Piece::Sign(text) | Piece::Word(text))) => signs.contains(&&**text),
            _ => false,
        };
        self.next += usize::from(found);
        found
    }

    fn wants(&mut self, sign: &str) -> Option<()> {
        if self.takes(&[sign]) { Some(()) } else { self.missing(&format!("`{sign}`")) }
    }

    /// `∀ x y :` or `∀ x y ∈ S :`, repeated. Returns the membership premises.
    fn binders(&mut self) -> Option<Vec<Sentence>> {
        let mut ranges = Vec::new();
        loop {
            let begin = self.next;
            if self.takes(&["for"]) && !self.takes(&["all", "every", "any"]) {
                self.next = begin;
                return Some(ranges);
            }
            if self.next == begin && !self.takes(&["∀", "forall", "all"]) {
                return Some(ranges);
            }
            let mut names = Vec::new();
            while let Some((_, Piece::Word(name))) = self.pieces.get(self.next) {
                let is_joint = name == "and" && !names.is_empty();
                if !is_joint && KEYWORDS.contains(&&**name) {
                    break;
                }
                names.extend((!is_joint).then(|| name.clone()));
                self.next += 1;
                self.takes(&[","]);
            }
            if names.is_empty() {
                return self.missing("a variable");
            }
            if self.takes(&["∈", "in"]) {
                let set = self.set()?;
                ranges.extend(names.into_iter().map(|name| Sentence::In(Term::Variable(name), set)));
            }
            self.takes(&[":", ".", ","]);
        }
    }

    /// The index of the set named here.
    fn set(&mut self) -> Option<usize> {
        let name = match self.pieces.get(self.next) {
            Some((_, Piece::Sign(text))) => text.clone(),
            _ => return self.missing("a set"),
        };
        let found = self.vocabulary.sets.iter().position(|(shown, own)| *name == **shown || *name == **own);
        self.next += usize::from(found.is_some());
        found.or_else(|| self.missing("a set"))
    }

    fn formula(&mut self) -> Option<Sentence> {
        self.depth += 1;
        let read = if self.depth > DEEPEST { self.missing("an end of the nesting") } else { self.implication() };
        self.depth -= 1;
        read
    }

    fn implication(&mut self) -> Option<Sentence> {
        let given = self.takes(&["if"]);
        let left = self.disjunction()?;
        if given {
            self.takes(&[","]);
            if !self.takes(&["then", "→", "->"]) {
                return self.missing("`then`");
            }
            return Some(Sentence::Implies(Box::new(left), Box::new(self.formula()?)));
        }
        if self.takes(&["→", "->", "implies"]) {
            return Some(Sentence::Implies(Box::new(left), Box::new(self.formula()?)));
        }
        if self.takes(&["↔", "<->", "iff"]) {
            return Some(Sentence::Iff(Box::new(left), Box::new(self.disjunction()?)));
        }
        Some(left)
    }

    fn disjunction(&mut self) -> Option<Sentence> {
        let mut parts = vec![self.conjunction()?];
        while self.takes(&["∨", "\\/", "or"]) {
            parts.push(self.conjunction()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Sentence::Or(parts) })
    }

    fn conjunction(&mut self) -> Option<Sentence> {
        let mut parts = vec![self.literal()?];
        while self.takes(&["∧", "/\\", "and"]) {
            parts.push(self.literal()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Sentence::And(parts) })
    }

    fn literal(&mut self) -> Option<Sentence> {
        if self.takes(&["¬", "not"]) {
            self.depth += 1;
            let inner = if self.depth > DEEPEST { self.missing("an end of the nesting") } else { self.literal() };
            self.depth -= 1;
            return Some(Sentence::Not(Box::new(inner?)));
        }
        let begin = self.next;
        if let Some(atom) = self.atom() {
            return Some(atom);
        }
        self.next = begin;
        self.wants("(")?;
        let inner = self.formula()?;
        self.wants(")")?;
        Some(inner)
    }

    fn atom(&mut self) -> Option<Sentence> {
        if let Some(relation) = self.sign(&|sign| sign == Place::Before, false) {
            let count = self.vocabulary.relations[relation].inputs;
            return Some(Sentence::Relation(relation, self.arguments(count)?));
        }
        let left = self.term(0)?;
        if self.takes(&["="]) {
            return Some(Sentence::Equal(left, self.term(0)?));
        }
        if self.takes(&["≠", "!="]) {
            return Some(Sentence::Not(Box::new(Sentence::Equal(left, self.term(0)?))));
        }
        if self.takes(&["∈", "in"]) {
            let set = self.set()?;
            return Some(Sentence::In(left, set));
        }
        if let Some(relation) = self.sign(&|place| place == Place::Behind, false) {
            return Some(Sentence::Relation(relation, vec![left]));
        }
        match self.sign(&|place| matches!(place, Place::Between(_)), false) {
            Some(relation) => Some(Sentence::Relation(relation, vec![left, self.term(0)?])),
            None => self.missing("`=` or a relation"),
        }
    }

    /// The index of the symbol here, if it is one of those wanted.
    fn sign(&mut self, wanted: &dyn Fn(Place) -> bool, of_terms: bool) -> Option<usize> {
        let Some((_, Piece::Sign(text))) = self.pieces.get(self.next) else { return None };
        let signs = if of_terms { &self.vocabulary.operations } else { &self.vocabulary.relations };
        let found =
            signs.iter().position(|sign| wanted(sign.place) && sign.texts.iter().any(|known| **known == **text))?;
        self.next += 1;
        Some(found)
    }

    /// A term whose operators bind more tightly than `above`.
    fn term(&mut self, above: u8) -> Option<Term> {
        self.depth += 1;
        let read = if self.depth > DEEPEST { self.missing("an end of the nesting") } else { self.operations(above) };
        self.depth -= 1;
        read
    }

    fn operations(&mut self, above: u8) -> Option<Term> {
        let mut left = self.primary()?;
        loop {
            let begin = self.next;
            let stronger = |place| matches!(place, Place::Between(strength) if strength.max(2) > above);
            let Some(operation) = self.sign(&stronger, true) else { return Some(left) };
            let Place::Between(strength) = self.vocabulary.operations[operation].place else { return Some(left) };
            match self.term(strength.max(2)) {
                Some(right) => left = Term::Apply(operation, vec![left, right]),
                None => {
                    self.next = begin;
                    return None;
                }
            }
        }
    }

    fn primary(&mut self) -> Option<Term> {
        let mut term = self.bare()?;
        while let Some(operation) = self.sign(&|place| place == Place::Behind, true) {
            term = Term::Apply(operation, vec![term]);
        }
        Some(term)
    }

    fn bare(&mut self) -> Option<Term> {
        if let Some(operation) = self.sign(&|place| place == Place::Before, true) {
            let count = self.vocabulary.operations[operation].inputs;
            return Some(Term::Apply(operation, self.arguments(count)?));
        }
        match self.pieces.get(self.next).map(|(_, piece)| piece.clone()) {
            Some(Piece::Number(number)) => {
                self.next += 1;
                Some(Term::Numeral(number))
            }
            Some(Piece::Word(name)) if !KEYWORDS.contains(&&*name) => {
                self.next += 1;
                Some(Term::Variable(name))
            }
            Some(Piece::Sign(text)) if text == "(" => {
                self.next += 1;
                let term = self.term(0)?;
                self.wants(")")?;
                Some(term)
            }
            Some(Piece::Sign(text)) => {
                let constants = &self.vocabulary.constants;
                match constants.iter().position(|(shown, name)| *text == **shown || *text == **name) {
                    Some(constant) => {
                        self.next += 1;
                        Some(Term::Constant(constant))
                    }
                    None => self.missing("a term"),
                }
            }
            _ => self.missing("a term"),
        }
    }

    /// `(t, t)`; a single argument needs no brackets.
    fn arguments(&mut self, count: usize) -> Option<Vec<Term>> {
        let bracket = matches!(self.pieces.get(self.next), Some((_, Piece::Sign(text))) if text == "(");
        if count == 1 && !bracket {
            self.depth += 1;
            let one = if self.depth > DEEPEST { self.missing("an end of the nesting") } else { self.primary() };
            self.depth -= 1;
            return Some(vec![one?]);
        }
        self.wants("(")?;
        let mut arguments = vec![self.term(0)?];
        while arguments.len() < count {
            self.wants(",")?;
            arguments.push(self.term(0)?);
        }
        self.wants(")")?;
        Some(arguments)
    }
}

/// Words that cannot be variables.
const KEYWORDS: [&str; 13] =
    ["and", "or", "not", "if", "then", "iff", "implies", "in", "for", "all", "every", "any", "forall"];
