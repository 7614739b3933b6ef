//! The tokenizer: text to tokens and back, by the vocabulary in a model's file.
//!
//! Every text has tokens, and every token has bytes. Control tokens (`<|im_end|>` and the like) are produced from a
//! text only where the caller allows it, so text from a user can never end a turn. Tokens that were added to the
//! vocabulary without such a meaning (`<think>`, runs of blanks) are ordinary text in one piece.

use crate::text::alphabet::Alphabet;
use crate::text::pieces::{BLANK, SentencePieces};
use crate::text::steering::{Named, Steering};
use crate::text::token::Token;
use crate::text::tokenizer_error::TokenizerError;

/// Breaks the name of a control token in user text; removed again before the text is encoded. A code point that Unicode
/// reserves for internal use.
const SHIELD: char = '\u{FDD0}';

/// How to read a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// Names of control tokens become these tokens: for the output of templates.
    Steering,
    /// Every character is literal: for text from users.
    Literal,
}

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    /// Built by merges or from pieces.
    Plain,
    /// An added token: text that is matched as a whole.
    Added,
    /// A control token: not text.
    Control,
    /// Text that is never produced by encoding.
    Unused,
}

/// The encoder of text without control or added tokens.
#[derive(Clone, Debug)]
pub(crate) enum Pairs {
    /// The library, configured for the beginning of a text and for text that continues.
    Library { first: Box<tokenizers::Tokenizer>, later: Box<tokenizers::Tokenizer> },
    /// SentencePiece, and whether a text gets a blank before its first word.
    Sentence { pieces: SentencePieces, blank: bool },
}

/// The parts of a vocabulary, as read from a file.
pub(crate) struct Vocabulary<'n> {
    pub(crate) pairs: Pairs,
    pub(crate) names: Vec<&'n str>,
    pub(crate) kinds: Vec<TokenKind>,
    pub(crate) alphabet: Alphabet,
    /// Whether the text after each control token counts as a beginning.
    pub(crate) begins_anew: bool,
    pub(crate) begin: Option<Token>,
    pub(crate) ends: Vec<Token>,
}

/// A vocabulary with its encoding rules.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    pairs: Pairs,
    begins_anew: bool,
    /// The bytes of each token; empty for control tokens.
    pieces: Vec<Box<[u8]>>,
    /// Control tokens.
    steering: Steering,
    /// Added tokens.
    added: Steering,
    /// Both.
    all: Steering,
    /// The begin-of-text token, if the model wants one.
    begin: Option<Token>,
    ends: Vec<Token>,
}

/// Names by which models end a turn or a text. Files often name only one of several.
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
    /// Builds a tokenizer from the parts of a vocabulary.
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
                    // Some vocabularies write blanks in added tokens with the symbol for blanks.
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

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The begin-of-text token, if the model wants one before every text.
    pub fn begin(&self) -> Option<Token> {
        self.begin
    }

    /// The tokens with which the model ends a turn or a text, ascending.
    pub fn ends(&self) -> &[Token] {
        &self.ends
    }

    /// Adds tokens that end a turn or a text. Those outside the vocabulary are ignored.
    pub(crate) fn add_ends(&mut self, ends: impl IntoIterator<Item = Token>) {
        let count = self.len();
        self.ends.extend(ends.into_iter().filter(|end| (*end as usize) < count));
        self.ends.sort_unstable();
        self.ends.dedup();
    }

    /// Sets the begin-of-text token.
    pub(crate) fn set_begin(&mut self, begin: Option<Token>) {
        self.begin = begin.filter(|begin| (*begin as usize) < self.len());
    }

    /// The control or added token with this name.
    pub(crate) fn named(&self, name: &str) -> Option<Token> {
        self.all.iter().find(|(other, _)| *other == name).map(|(_, token)| token)
    }

    /// The control tokens, with their names.
    pub fn steering(&self) -> impl Iterator<Item = (&str, Token)> {
        self.steering.iter()
    }

    /// The tokens of a text that continues another one.
    pub fn encode(&self, text: &str, reading: Reading) -> Result<Vec<Token>, TokenizerError> {
        self.encode_at(text, reading, false)
    }

    /// The tokens of a text from its beginning. The begin-of-text token is not added.
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
            // A name that begins within another one is part of that name.
            if at >= end {
                self.encode_plain(&plain(&text[end..at]), first, &mut tokens)?;
                tokens.push(token);
                end = at + length;
                // Added tokens are part of the text around them.
                first = self.begins_anew && self.steering.name(token).is_some();
            }
        }
        self.encode_plain(&plain(&text[end..]), first, &mut tokens)?;
        Ok(tokens)
    }

    /// A text in which no control token is named, for user text inside the output of templates: read as
    /// [`Reading::Steering`] it gives the same tokens as the original read as [`Reading::Literal`].
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

    /// The bytes of a token; empty for control tokens and outside the vocabulary.
    pub fn piece(&self, token: Token) -> &[u8] {
        self.pieces.get(token as usize).map_or(&[], |piece| piece)
    }

    /// The bytes by which a token is written: the name of a control token, else its bytes.
    pub fn spelling(&self, token: Token) -> &[u8] {
        match self.piece(token) {
            [] => self.steering.name(token).map_or(&[], str::as_bytes),
            piece => piece,
        }
    }

    /// The text of tokens; bytes that are not UTF-8 are replaced.
    pub fn decode(&self, tokens: &[Token]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.piece(*token)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
