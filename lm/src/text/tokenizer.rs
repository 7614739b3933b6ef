//! Text to tokens and back, by the vocabulary that a model's file carries.
//!
//! Every text has tokens, and every token has bytes. Tokens that steer a model (`<|im_end|>` and the like) come out of a
//! text only where the caller says that the text may steer: what a user wrote can never close a turn. Tokens that its
//! makers added without such a meaning (`<think>`, runs of blanks) are text like any other, of one piece.

use crate::text::alphabet::Alphabet;
use crate::text::pieces::{BLANK, SentencePieces};
use crate::text::steering::{Named, Steering};
use crate::text::token::Token;
use crate::text::tokenizer_error::TokenizerError;

/// Breaks the name of a steering token in what a person wrote; it is taken out before pairs are made. A code
/// point that Unicode keeps for the inside of programs.
const SHIELD: char = '\u{FDD0}';

/// How a text is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// Names of steering tokens become these tokens: for what templates write.
    Steering,
    /// Every character is meant as it stands: for what people write.
    Literal,
}

/// What a token is to a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    /// Made of pairs or pieces.
    Plain,
    /// Added by the makers: text, found as a whole.
    Added,
    /// Steers, and is no text.
    Control,
    /// Text that nothing is read as.
    Unused,
}

/// What makes tokens of a text without names.
#[derive(Clone, Debug)]
pub(crate) enum Pairs {
    /// The library, with what it does to a text that begins with a word, and to one that goes on.
    Library { first: Box<tokenizers::Tokenizer>, later: Box<tokenizers::Tokenizer> },
    /// Pieces, and whether a text gets a blank before its first word.
    Sentence { pieces: SentencePieces, blank: bool },
}

/// The parts of a vocabulary, as a file tells them.
pub(crate) struct Vocabulary<'n> {
    pub(crate) pairs: Pairs,
    pub(crate) names: Vec<&'n str>,
    pub(crate) kinds: Vec<TokenKind>,
    pub(crate) alphabet: Alphabet,
    /// Whether a text begins anew behind each steering token.
    pub(crate) begins_anew: bool,
    pub(crate) begin: Option<Token>,
    pub(crate) ends: Vec<Token>,
}

/// A vocabulary with its rules.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    pairs: Pairs,
    begins_anew: bool,
    /// The bytes of each token; none for tokens that steer.
    pieces: Vec<Box<[u8]>>,
    /// Tokens that steer.
    steering: Steering,
    /// Tokens that were added.
    added: Steering,
    /// Both.
    all: Steering,
    /// The token that begins a text, where the model wants one.
    begin: Option<Token>,
    ends: Vec<Token>,
}

/// Names by which models end a turn or a text. Files often name one of several alone.
const ENDS: [&str; 13] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "</s>",
    "<end_of_turn>",
    "<|end|>",
    "<eos>",
    "<|eos|>",
    "<｜end▁of▁sentence｜>",
    "<|EOT|>",
    "<|end_of_turn|>",
];

impl Tokenizer {
    /// Puts the parts of a vocabulary together.
    pub(crate) fn assemble(vocabulary: Vocabulary<'_>) -> Result<Tokenizer, TokenizerError> {
        let Vocabulary { pairs, names, kinds, alphabet, begins_anew, begin, mut ends } = vocabulary;
        let mut pieces = Vec::with_capacity(names.len());
        let (mut steering, mut added) = (Vec::new(), Vec::new());
        for (place, name) in names.iter().enumerate() {
            let token = place as Token;
            match kinds.get(place).copied().unwrap_or(TokenKind::Plain) {
                TokenKind::Control => {
                    if ENDS.contains(name) {
                        ends.push(token);
                    }
                    steering.push(((*name).to_owned(), token));
                    pieces.push(Box::default());
                }
                TokenKind::Added => {
                    // Some vocabularies write blanks of added tokens like those of others.
                    let text = if alphabet == Alphabet::Blanks { name.replace(BLANK, " ") } else { (*name).to_owned() };
                    pieces.push(text.as_bytes().into());
                    added.push((text, token));
                }
                TokenKind::Plain | TokenKind::Unused => pieces.push(alphabet.bytes(name).into_boxed_slice()),
            }
        }
        let all = steering.iter().chain(&added).cloned().collect();
        let finder = |names| Steering::new(names).map_err(|error| TokenizerError::Damaged(error.to_string()));
        ends.sort_unstable();
        ends.dedup();
        let (steering, added, all) = (finder(steering)?, finder(added)?, finder(all)?);
        Ok(Tokenizer { pairs, begins_anew, pieces, steering, added, all, begin, ends })
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The token that the model wants before every text, if it wants one.
    pub fn begin(&self) -> Option<Token> {
        self.begin
    }

    /// The tokens with which the model ends a turn or a text, ascending.
    pub fn ends(&self) -> &[Token] {
        &self.ends
    }

    /// Says that tokens end a turn or a text. Those beyond the vocabulary are passed over.
    pub(crate) fn add_ends(&mut self, ends: impl IntoIterator<Item = Token>) {
        let count = self.len();
        self.ends.extend(ends.into_iter().filter(|end| (*end as usize) < count));
        self.ends.sort_unstable();
        self.ends.dedup();
    }

    /// Says with which token a text begins.
    pub(crate) fn set_begin(&mut self, begin: Option<Token>) {
        self.begin = begin.filter(|begin| (*begin as usize) < self.len());
    }

    /// The token of a name that stands for itself.
    pub(crate) fn named(&self, name: &str) -> Option<Token> {
        self.all.iter().find(|(other, _)| *other == name).map(|(_, token)| token)
    }

    /// The tokens that steer, with their names.
    pub fn steering(&self) -> impl Iterator<Item = (&str, Token)> {
        self.steering.iter()
    }

    /// The tokens of a text that stands behind another one.
    pub fn encode(&self, text: &str, reading: Reading) -> Result<Vec<Token>, TokenizerError> {
        self.encode_at(text, reading, false)
    }

    /// The tokens of a text from its beginning on. The token that begins a text is not put before it.
    pub fn encode_first(&self, text: &str, reading: Reading) -> Result<Vec<Token>, TokenizerError> {
        self.encode_at(text, reading, true)
    }

    fn encode_at(&self, text: &str, reading: Reading, mut first: bool) -> Result<Vec<Token>, TokenizerError> {
        let named = match reading {
            Reading::Literal => self.added.named_in(text),
            Reading::Steering => self.all.named_in(text),
        };
        let plain = |text: &str| if reading == Reading::Literal { text.to_owned() } else { text.replace(SHIELD, "") };
        let (mut tokens, mut end) = (Vec::new(), 0);
        for Named { at, length, token } in named {
            // A name that begins within another one is a part of that.
            if at >= end {
                self.encode_plain(&plain(&text[end..at]), first, &mut tokens)?;
                tokens.push(token);
                end = at + length;
                // The tokens that were added are a part of the text around them.
                first = self.begins_anew && self.steering.name(token).is_some();
            }
        }
        self.encode_plain(&plain(&text[end..]), first, &mut tokens)?;
        Ok(tokens)
    }

    /// A text in which no steering token is named, for what people write inside of what templates write:
    /// read as [`Reading::Steering`] it gives the tokens of the original read as [`Reading::Literal`].
    pub fn shield(&self, text: &str) -> String {
        let text = text.replace(SHIELD, "");
        let (mut shielded, mut end) = (String::with_capacity(text.len()), 0);
        for Named { at, .. } in self.steering.named_in(&text) {
            let first = at + text[at..].chars().next().map_or(0, char::len_utf8);
            shielded.push_str(&text[end..first]);
            shielded.push(SHIELD);
            end = first;
        }
        shielded.push_str(&text[end..]);
        shielded
    }

    fn encode_plain(&self, text: &str, is_first: bool, tokens: &mut Vec<Token>) -> Result<(), TokenizerError> {
        if text.is_empty() {
            return Ok(());
        }
        match &self.pairs {
            Pairs::Library { first, later } => {
                let library = if is_first { first } else { later };
                let encoding = library.encode_fast(text, false);
                let encoding = encoding.map_err(|error| TokenizerError::Damaged(error.to_string()))?;
                tokens.extend_from_slice(encoding.get_ids());
            }
            Pairs::Sentence { pieces, blank } => {
                let text = text.replace(' ', BLANK.encode_utf8(&mut [0; 4]));
                let before = if is_first && *blank { BLANK.to_string() } else { String::new() };
                pieces.encode(&(before + &text), tokens);
            }
        }
        Ok(())
    }

    /// The bytes that a token stands for; none for tokens that steer and for numbers beyond the vocabulary.
    pub fn piece(&self, token: Token) -> &[u8] {
        self.pieces.get(token as usize).map_or(&[], |piece| piece)
    }

    /// The bytes by which a token is written: its name if it steers, else what it stands for.
    pub fn spelling(&self, token: Token) -> &[u8] {
        match self.piece(token) {
            [] => self.steering.name(token).map_or(&[], str::as_bytes),
            piece => piece,
        }
    }

    /// The text of tokens; bytes that are no UTF-8 are replaced.
    pub fn decode(&self, tokens: &[Token]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.piece(*token)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
