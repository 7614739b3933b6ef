//! Constraints: what the next token may be.
//!
//! A constraint is a value that follows one text. The engine asks which tokens may come, says which one
//! came, and is told when the text may or must end. Its state belongs to a sequence: a fork of the sequence
//! takes a fork of the constraint, and neither notices the other.

use std::fmt;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use crate::text::token::Token;

/// Restricts a text, token by token.
///
/// All answers are functions of the tokens accepted so far, so a text that is generated again is constrained
/// the same way.
pub trait Constraint: Send + Sync {
    /// The tokens that may come next. Tokens that say that the text ends are never among them, see
    /// [`Constraint::ending`]. Empty where the text must end.
    fn allowed(&mut self) -> Result<TokenSet, ConstraintError>;

    /// Takes the token that came. One that is not allowed is an error, and the constraint is of no use after it.
    fn accept(&mut self, token: Token) -> Result<(), ConstraintError>;

    /// Whether the text may end here.
    fn ending(&mut self) -> Result<Ending, ConstraintError>;

    /// Tokens that come next whatever is chosen, as far as that is known: they need not be drawn. They
    /// are not accepted yet.
    fn forced(&mut self) -> Result<Vec<Token>, ConstraintError>;

    /// The same state once more, independent of this one.
    fn fork(&self) -> Box<dyn Constraint>;
}

/// Whether a text may end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It is not complete.
    Not,
    /// It is complete, and may go on.
    May,
    /// It is complete, and nothing may follow.
    Must,
}

/// Why a constraint cannot go on, or was not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// The grammar, schema or expression is not understood.
    #[error("the grammar cannot be used: {0}")]
    Grammar(String),
    /// The grammar is larger or nested deeper than is read.
    #[error("the grammar is too large: {what} above {bound}")]
    Bound {
        /// What is too large.
        what: &'static str,
        /// The bound.
        bound: usize,
    },
    /// The vocabulary cannot be used for constraints.
    #[error("the vocabulary cannot be constrained: {0}")]
    Vocabulary(String),
    /// A token came that may not.
    #[error("token {0} may not come here")]
    Refused(Token),
    /// The constraint gave up within its bounds of work.
    #[error("the constraint gave up: {0}")]
    GaveUp(String),
}

/// A set of tokens, one bit each.
#[derive(Clone, Default)]
pub struct TokenSet {
    bits: FixedBitSet,
}

impl TokenSet {
    /// The set of those tokens whose bits are set, 32 a word.
    pub(crate) fn from_words(words: &[u32]) -> TokenSet {
        let mut bits = FixedBitSet::with_capacity(words.len() * 32);
        for (at, word) in words.iter().enumerate() {
            (0..32).filter(|bit| word >> bit & 1 == 1).for_each(|bit| bits.insert(at * 32 + bit));
        }
        TokenSet { bits }
    }

    /// The set as bits, 32 a word, of the first `tokens` tokens.
    pub(crate) fn to_words(&self, tokens: usize) -> Vec<u32> {
        let mut words = vec![0; tokens.div_ceil(32)];
        self.iter().take_while(|token| (*token as usize) < tokens).for_each(|token| {
            words[token as usize / 32] |= 1 << (token % 32);
        });
        words
    }

    /// Whether a token is in the set.
    pub fn contains(&self, token: Token) -> bool {
        self.bits.contains(token as usize)
    }

    /// Adds a token.
    pub fn insert(&mut self, token: Token) {
        self.bits.grow_and_insert(token as usize);
    }

    /// Takes a token out.
    pub fn remove(&mut self, token: Token) {
        if self.contains(token) {
            self.bits.remove(token as usize);
        }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.bits.count_ones(..)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bits.is_clear()
    }

    /// The tokens, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Token> {
        self.bits.ones().map(|token| token as Token)
    }

    /// Logits with -∞ for all tokens that are not in the set.
    pub(crate) fn masked(&self, logits: &[f32]) -> Vec<f32> {
        let mut masked = vec![f32::NEG_INFINITY; logits.len()];
        for token in self.iter().map(|token| token as usize).take_while(|token| *token < logits.len()) {
            masked[token] = logits[token];
        }
        masked
    }
}

/// Two sets are the same if they have the same tokens, whatever they have room for.
impl PartialEq for TokenSet {
    fn eq(&self, other: &TokenSet) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for TokenSet {}

impl fmt::Debug for TokenSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

/// What constrains a turn.
#[derive(Clone, Default, PartialEq, Debug)]
pub enum TurnConstraint {
    /// Nothing: every token may come. What constrained the node before is forgotten.
    #[default]
    Free,
    /// A constraint, from its present state on. The turn ends as soon as the constraint says that nothing may follow.
    By(InitialState),
    /// What constrained the node before, or its parent at the fork. It has read all that came to the node since
    /// it began: tokens that were generated, given, or came back of branches; it does not notice what is
    /// pruned. If it could not read them, or if nothing constrained, the turn ends as
    /// [`Outcome::Invalid`](crate::Outcome::Invalid).
    Continued,
}

impl TurnConstraint {
    /// The same behind more text: what constrains a sequence that goes on from there. Only a constraint of its own can
    /// be moved on; what is free or continued stays as it is.
    ///
    /// # Errors
    /// If the constraint refuses one of the tokens.
    pub fn after(&self, tokens: &[Token]) -> Result<TurnConstraint, ConstraintError> {
        let TurnConstraint::By(start) = self else { return Ok(self.clone()) };
        let mut constraint = start.constraint();
        tokens.iter().try_for_each(|token| constraint.accept(*token))?;
        Ok(constraint.into())
    }
}

/// The state in which a constraint begins.
#[derive(Clone)]
pub struct InitialState(Arc<dyn Constraint>);

impl InitialState {
    pub(crate) fn constraint(&self) -> Box<dyn Constraint> {
        self.0.fork()
    }
}

impl<G: Constraint + 'static> From<G> for TurnConstraint {
    fn from(constraint: G) -> TurnConstraint {
        TurnConstraint::By(InitialState(Arc::new(constraint)))
    }
}

impl From<Box<dyn Constraint>> for TurnConstraint {
    fn from(constraint: Box<dyn Constraint>) -> TurnConstraint {
        TurnConstraint::By(InitialState(Arc::from(constraint)))
    }
}

/// Two are the same if they are one.
impl PartialEq for InitialState {
    fn eq(&self, other: &InitialState) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for InitialState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("InitialState")
    }
}
