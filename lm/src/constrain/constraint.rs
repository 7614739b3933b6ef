//! Constraints: which tokens may come next.
//!
//! A constraint is a value that follows one text. The engine asks which tokens may come next, reports the one that
//! came, and is told when the text may or must end. The state belongs to a sequence: a fork of the sequence gets an
//! independent fork of the constraint.

use std::fmt;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use crate::text::token::Token;

/// Restricts a text, token by token.
///
/// All answers are functions of the tokens accepted so far, so text that is generated again is constrained in the same
/// way.
pub trait Constraint: Send + Sync {
    /// The tokens that may come next, without end-of-text tokens, for which see [`Constraint::ending`]. Empty if the
    /// text must end.
    fn allowed(&mut self) -> Result<TokenSet, ConstraintError>;

    /// Accepts the next token. A token that is not allowed is an error, and makes the constraint unusable.
    fn accept(&mut self, token: Token) -> Result<(), ConstraintError>;

    /// Whether the text may end here.
    fn ending(&mut self) -> Result<Ending, ConstraintError>;

    /// The tokens that must come next, as far as that is known: they need not be drawn. They are not accepted yet.
    fn forced(&mut self) -> Result<Vec<Token>, ConstraintError>;

    /// An independent copy of the state.
    fn fork(&self) -> Box<dyn Constraint>;
}

/// Whether a text may end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It is not complete.
    Not,
    /// It is complete, and may continue.
    May,
    /// It is complete, and must end.
    Must,
}

/// Why a constraint cannot be built, or cannot continue.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// The grammar, schema or regular expression is invalid or not supported.
    #[error("the grammar cannot be used: {0}")]
    Grammar(String),
    /// The grammar is too large or nested too deeply.
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
    /// A token that is not allowed.
    #[error("token {0} may not come here")]
    Refused(Token),
    /// The constraint exceeded its bounds on work.
    #[error("the constraint gave up: {0}")]
    GaveUp(String),
}

/// A set of tokens, one bit each.
#[derive(Clone, Default)]
pub struct TokenSet {
    bits: FixedBitSet,
}

impl TokenSet {
    /// The set of the tokens whose bits are set, 32 bits per word.
    pub(crate) fn from_words(words: &[u32]) -> TokenSet {
        let mut bits = FixedBitSet::with_capacity(words.len() * 32);
        for (at, word) in words.iter().enumerate() {
            (0..32).filter(|bit| word >> bit & 1 == 1).for_each(|bit| bits.insert(at * 32 + bit));
        }
        TokenSet { bits }
    }

    /// The bits of the first `tokens` tokens, 32 per word.
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

    /// Removes a token.
    pub fn remove(&mut self, token: Token) {
        if self.contains(token) {
            self.bits.remove(token as usize);
        }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.bits.count_ones(..)
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.bits.is_clear()
    }

    /// The tokens, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Token> {
        self.bits.ones().map(|token| token as Token)
    }

    /// The logits, with -∞ for all tokens outside the set.
    pub(crate) fn masked(&self, logits: &[f32]) -> Vec<f32> {
        let mut masked = vec![f32::NEG_INFINITY; logits.len()];
        for token in self.iter().map(|token| token as usize).take_while(|token| *token < logits.len()) {
            masked[token] = logits[token];
        }
        masked
    }
}

/// Sets are equal if they have the same tokens, whatever their capacity.
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

/// The constraint of a turn.
#[derive(Clone, Default, PartialEq, Debug)]
pub enum TurnConstraint {
    /// None: every token may come. An earlier constraint of the node is dropped.
    #[default]
    Free,
    /// A constraint, from its present state on. The turn ends as soon as nothing may follow.
    By(InitialState),
    /// The earlier constraint of the node, or of its parent at the fork. It has read all tokens of the node since it
    /// began, whether generated, given or returned by branches; pruning does not affect it. If it could not read them,
    /// or there is no earlier constraint, the turn ends as [`Outcome::Invalid`](crate::Outcome::Invalid).
    Continued,
}

impl TurnConstraint {
    /// The constraint after more text. Only a constraint of its own advances; free and continued stay as they are.
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

/// The initial state of a constraint.
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

/// Equal if they are the same object.
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
