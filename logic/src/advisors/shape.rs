//! Statements as sequences of tokens that belong to no theory, and back.
//!
//! A statement is written in Polish notation, each sign by its kind, its number of inputs, and the order in which signs of
//! that kind are met: `a + b = b + a` and `x · y = y · x` are the same sequence `= f2.0 v0 v1 f2.0 v1 v0`.

use crate::language::infix::{Sentence, Term, Vocabulary};

/// One token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Token {
    /// Two statements behind it: a premise, and what follows.
    Implies,
    /// Two statements behind it.
    And,
    /// One statement behind it.
    Not,
    /// Two terms behind it.
    Equal,
    /// So many terms behind it, and which of the relations that take so many.
    Relation(u8, u8),
    /// A term behind it, and which of the sets.
    In(u8),
    /// So many terms behind it, and which of the operations that take so many.
    Operation(u8, u8),
    Constant(u8),
    Variable(u8),
}

/// What may stand at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// A statement that may be an implication.
    Whole,
    Statement,
    Term,
}

impl Token {
    /// What stands behind it, from left to right.
    pub(super) fn wants(self) -> Vec<Wanted> {
        match self {
            Token::Implies => vec![Wanted::Statement, Wanted::Statement],
            Token::And => vec![Wanted::Statement; 2],
            Token::Not => vec![Wanted::Statement],
            Token::Equal => vec![Wanted::Term; 2],
            Token::In(_) => vec![Wanted::Term],
            Token::Relation(inputs, _) | Token::Operation(inputs, _) => vec![Wanted::Term; usize::from(inputs)],
            Token::Constant(_) | Token::Variable(_) => Vec::new(),
        }
    }

    pub(super) fn fits(self, wanted: Wanted) -> bool {
        let is_term = matches!(self, Token::Operation(..) | Token::Constant(_) | Token::Variable(_));
        match wanted {
            Wanted::Term => is_term,
            Wanted::Statement => !is_term && self != Token::Implies,
            Wanted::Whole => !is_term,
        }
    }
}

/// The tokens of a statement; `None` for one with an "or" or an "if and only if".
pub(super) fn tokens(vocabulary: &Vocabulary, sentence: &Sentence) -> Option<Vec<Token>> {
    let mut shaper = Shaper { vocabulary, met: Vec::new(), out: Vec::new() };
    shaper.sentence(sentence)?;
    Some(shaper.out)
}

/// A sign or name that was met.
#[derive(Clone, PartialEq, Eq)]
enum Met {
    Relation(usize),
    Set(usize),
    Operation(usize),
    Constant(usize),
    Numeral(usize),
    Variable(String),
}

struct Shaper<'v> {
    vocabulary: &'v Vocabulary,
    met: Vec<(Token, Met)>,
    out: Vec<Token>,
}

impl Shaper<'_> {
    /// The token of what was met: `token` with a number that says how many of its kind were met before it.
    fn push(&mut self, met: Met, token: impl Fn(u8) -> Token) -> Option<()> {
        let known = self.met.iter().find(|(_, known)| *known == met).map(|(token, _)| *token);
        let token = match known {
            Some(token) => token,
            None => {
                let count = (0..u8::MAX).find(|number| self.met.iter().all(|(known, _)| *known != token(*number)))?;
                self.met.push((token(count), met));
                token(count)
            }
        };
        self.out.push(token);
        Some(())
    }

    fn sentence(&mut self, sentence: &Sentence) -> Option<()> {
        match sentence {
            Sentence::Equal(left, right) => {
                self.out.push(Token::Equal);
                self.terms(&[left.clone(), right.clone()])
            }
            Sentence::Relation(sign, terms) => {
                let inputs = self.vocabulary.relations[*sign].inputs as u8;
                self.push(Met::Relation(*sign), |number| Token::Relation(inputs, number))?;
                self.terms(terms)
            }
            Sentence::In(term, set) => {
                self.push(Met::Set(*set), Token::In)?;
                self.term(term)
            }
            Sentence::Not(inner) => {
                self.out.push(Token::Not);
                self.sentence(inner)
            }
            Sentence::And(parts) => {
                let (last, first) = parts.split_last()?;
                for part in first {
                    self.out.push(Token::And);
                    self.sentence(part)?;
                }
                self.sentence(last)
            }
            Sentence::Implies(premise, conclusion) => {
                self.out.push(Token::Implies);
                self.sentence(premise)?;
                self.sentence(conclusion)
            }
            Sentence::Or(_) | Sentence::Iff(..) => None,
        }
    }

    fn terms(&mut self, terms: &[Term]) -> Option<()> {
        terms.iter().try_for_each(|term| self.term(term))
    }

    fn term(&mut self, term: &Term) -> Option<()> {
        match term {
            Term::Variable(name) => self.push(Met::Variable(name.clone()), Token::Variable),
            Term::Constant(place) => self.push(Met::Constant(*place), Token::Constant),
            Term::Numeral(number) => self.push(Met::Numeral(*number), Token::Constant),
            Term::Apply(sign, terms) => {
                let inputs = self.vocabulary.operations[*sign].inputs as u8;
                self.push(Met::Operation(*sign), |number| Token::Operation(inputs, number))?;
                self.terms(terms)
            }
        }
    }
}

/// The signs of a theory in some order, by which tokens become a statement of it.
pub(super) struct Filling {
    pub(super) variables: Vec<String>,
    pub(super) constants: Vec<usize>,
    pub(super) sets: Vec<usize>,
    /// Places of operations and relations, by how many terms they take.
    pub(super) operations: Vec<Vec<usize>>,
    pub(super) relations: Vec<Vec<usize>>,
}

impl Filling {
    /// Whether there is a sign for a token.
    pub(super) fn has(&self, token: Token) -> bool {
        let in_list = |lists: &[Vec<usize>], inputs: u8, number: u8| {
            lists.get(usize::from(inputs)).is_some_and(|list| usize::from(number) < list.len())
        };
        match token {
            Token::Implies | Token::And | Token::Not | Token::Equal => true,
            Token::Relation(inputs, number) => in_list(&self.relations, inputs, number),
            Token::Operation(inputs, number) => in_list(&self.operations, inputs, number),
            Token::In(number) => usize::from(number) < self.sets.len(),
            Token::Constant(number) => usize::from(number) < self.constants.len(),
            Token::Variable(number) => usize::from(number) < self.variables.len(),
        }
    }

    /// The statement of tokens for all of which there are signs.
    pub(super) fn sentence(&self, tokens: &mut dyn Iterator<Item = Token>) -> Option<Sentence> {
        Some(match tokens.next()? {
            Token::Implies => {
                let premise = Box::new(self.sentence(tokens)?);
                Sentence::Implies(premise, Box::new(self.sentence(tokens)?))
            }
            Token::And => Sentence::And(vec![self.sentence(tokens)?, self.sentence(tokens)?]),
            Token::Not => Sentence::Not(Box::new(self.sentence(tokens)?)),
            Token::Equal => Sentence::Equal(self.term(tokens)?, self.term(tokens)?),
            Token::In(number) => Sentence::In(self.term(tokens)?, *self.sets.get(usize::from(number))?),
            Token::Relation(inputs, number) => {
                let sign = *self.relations.get(usize::from(inputs))?.get(usize::from(number))?;
                Sentence::Relation(sign, self.terms(inputs, tokens)?)
            }
            Token::Operation(..) | Token::Constant(_) | Token::Variable(_) => return None,
        })
    }

    fn terms(&self, inputs: u8, tokens: &mut dyn Iterator<Item = Token>) -> Option<Vec<Term>> {
        (0..inputs).map(|_| self.term(tokens)).collect()
    }

    fn term(&self, tokens: &mut dyn Iterator<Item = Token>) -> Option<Term> {
        Some(match tokens.next()? {
            Token::Variable(number) => Term::Variable(self.variables.get(usize::from(number))?.clone()),
            Token::Constant(number) => Term::Constant(*self.constants.get(usize::from(number))?),
            Token::Operation(inputs, number) => {
                let sign = *self.operations.get(usize::from(inputs))?.get(usize::from(number))?;
                Term::Apply(sign, self.terms(inputs, tokens)?)
            }
            _ => return None,
        })
    }
}
