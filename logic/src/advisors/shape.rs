//! Statements as sequences of theory-independent tokens, and back.
//!
//! A statement is written in Polish notation, with each symbol represented by its kind, its arity, and its order of
//! first occurrence among symbols of that kind: `a + b = b + a` and `x · y = y · x` are both `= f2.0 v0 v1 f2.0 v1 v0`.

use crate::language::infix::{Sentence, Term, Vocabulary};

/// A token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Token {
    /// Followed by two statements: premise and conclusion.
    Implies,
    /// Followed by two statements.
    And,
    /// Followed by one statement.
    Not,
    /// Followed by two terms.
    Equal,
    /// Followed by this many terms; and the relation's number among those of its arity.
    Relation(u8, u8),
    /// Followed by a term; and the set's number.
    In(u8),
    /// Followed by this many terms; and the operation's number among those of its arity.
    Operation(u8, u8),
    Constant(u8),
    Variable(u8),
}

/// What a position in the sequence may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// A statement that may be an implication.
    Whole,
    Statement,
    Term,
}

impl Token {
    /// The operands of a token, from left to right.
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

/// The tokens of a statement; `None` if it contains "or" or "if and only if".
pub(super) fn tokens(vocabulary: &Vocabulary, sentence: &Sentence) -> Option<Vec<Token>> {
    let mut shaper = Shaper { vocabulary, met: Vec::new(), out: Vec::new() };
    shaper.sentence(sentence)?;
    Some(shaper.out)
}

/// A symbol or name that has occurred.
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
    /// Appends `token`, numbered by first occurrence of the symbol among those of its kind.
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

/// The symbols of a theory in some order, which instantiate tokens.
pub(super) struct Filling {
    pub(super) variables: Vec<String>,
    pub(super) constants: Vec<usize>,
    pub(super) sets: Vec<usize>,
    /// Indices of operations and relations, by arity.
    pub(super) operations: Vec<Vec<usize>>,
    pub(super) relations: Vec<Vec<usize>>,
}

impl Filling {
    /// Whether there is a symbol for a token.
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

    /// The statement of a token sequence whose symbols all exist.
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
