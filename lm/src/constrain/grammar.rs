//! Constraints by JSON schema, regular expression and context-free grammar, on llguidance.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use llguidance::api::{StopReason, TopLevelGrammar};
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value as Json, json};

use super::constraint::{Constraint, ConstraintError, Ending, TokenSet};
use crate::text::token::Token;
use crate::text::tokenizer::{Reading, Tokenizer};

/// The largest grammar, in bytes.
const GRAMMAR_BYTES: usize = 1 << 20;
/// The deepest nesting of brackets: the grammar parser is recursive.
const NESTING: usize = 100;
/// The longest token that is ever allowed, in bytes; bounds the depth of the token trie.
const PIECE_BYTES: usize = 1000;
/// Lexer states, of one to two kilobytes each.
const LEXER_STATES: usize = 50_000;

/// Builds constraints for a vocabulary. Built once for a model; takes a tenth of a second and about ten megabytes for
/// 50,000 tokens.
pub struct Grammars {
    factory: ParserFactory,
    /// The end-of-text token within a parser.
    end: Token,
}

impl Grammars {
    /// Constraints over a vocabulary.
    pub fn new(tokenizer: &Tokenizer) -> Result<Grammars, ConstraintError> {
        Grammars::parted(tokenizer, None)
    }

    /// Constraints in which no token ends one tag and begins another, so that a span ends with its tag and the text
    /// after it is in another span. Tokens with `><` are never allowed.
    pub fn of_tags(tokenizer: &Tokenizer) -> Result<Grammars, ConstraintError> {
        Grammars::parted(tokenizer, Some("><"))
    }

    /// Constraints in which no token contains this pair of characters.
    fn parted(tokenizer: &Tokenizer, seam: Option<&'static str>) -> Result<Grammars, ConstraintError> {
        let holds_seam = |piece: &[u8]| seam.is_some_and(|seam| piece.windows(2).any(|pair| pair == seam.as_bytes()));
        let count = tokenizer.len();
        let end = Token::try_from(count).ok().filter(|count| *count < 1 << 22);
        let end = end.ok_or_else(|| ConstraintError::Vocabulary(format!("{count} tokens")))?;
        let mut pieces: Vec<Vec<u8>> = (0..end)
            .map(|token| tokenizer.piece(token))
            .map(|piece| if holds_seam(piece) { Vec::new() } else { plain_piece(piece) })
            .collect();
        for (name, token) in tokenizer.steering() {
            pieces[token as usize] = steering_piece(name);
        }
        // The parser needs an end-of-text token. It gets one that no model has: whether a text may end is reported
        // separately, and how a turn ends is up to the caller.
        pieces.push(steering_piece("<end of guided text>"));
        let factory = guarded(|| {
            let trie = TokTrie::from(&TokRxInfo::new(end + 1, end), &pieces);
            let words: TokEnv = Arc::new(Words { trie, tokenizer: tokenizer.clone(), seam });
            let slices = SlicedBiasComputer::general_slices();
            let abilities = InferenceCapabilities { ff_tokens: true, ..InferenceCapabilities::default() };
            ParserFactory::new(&words, abilities, &slices)
        });
        let mut factory = factory.map_err(ConstraintError::Vocabulary)?;
        factory.quiet();
        factory.limits_mut().max_lexer_states = LEXER_STATES;
        factory.limits_mut().verbose_errors = false;
        Ok(Grammars { factory, end })
    }

    /// JSON texts that match a schema: on one line, with a blank after each comma and colon, and properties in the
    /// order of the schema.
    pub fn json_schema(&self, schema: &Json) -> Result<Box<dyn Constraint>, ConstraintError> {
        bounded(&schema.to_string())?;
        let mut schema = schema.clone();
        drop_notes(&mut schema);
        if let Some(keywords) = schema.as_object_mut() {
            // Flexible whitespace would let a model emit blanks for ever, and leave fewer tokens forced.
            let layout = json!({ "whitespace_flexible": false, "item_separator": ", ", "key_separator": ": " });
            keywords.insert("x-guidance".into(), layout);
        }
        self.start(TopLevelGrammar::from_json_schema(schema))
    }

    /// Texts that a regular expression matches as a whole. Look-around and back references are not supported.
    pub fn regex(&self, expression: &str) -> Result<Box<dyn Constraint>, ConstraintError> {
        bounded(expression)?;
        self.start(TopLevelGrammar::from_regex(expression))
    }

    /// Texts of a context-free grammar in Lark notation, from its rule `start`. A control token is written as its name
    /// in angle brackets, without quotes.
    pub fn lark(&self, grammar: &str) -> Result<Box<dyn Constraint>, ConstraintError> {
        bounded(grammar)?;
        self.start(TopLevelGrammar::from_lark(grammar.to_owned()))
    }

    fn start(&self, grammar: TopLevelGrammar) -> Result<Box<dyn Constraint>, ConstraintError> {
        let parser = guarded(|| self.factory.create_parser(grammar)).map_err(ConstraintError::Grammar)?;
        let mut matcher = Matcher::new(Ok(parser));
        if let Some(error) = matcher.get_error() {
            return Err(ConstraintError::Grammar(brief(&error)));
        }
        // A grammar whose first token cannot be found is refused now, when the caller can still fix it.
        if !matcher.is_stopped() {
            matcher.compute_mask().map_err(|error| ConstraintError::Grammar(brief(&error.to_string())))?;
        }
        Ok(Box::new(Grammatical { matcher, end: self.end }))
    }
}

/// Formats that restrict the text; others, such as `password`, are annotations and match any text.
const FORMATS: [&str; 11] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri", "unknown"];

/// Removes the formats that restrict nothing from a schema.
fn drop_notes(schema: &mut Json) {
    match schema {
        Json::Object(keywords) => {
            let is_note = |format: &str| !FORMATS.contains(&format);
            if keywords.get("format").and_then(Json::as_str).is_some_and(is_note) {
                keywords.remove("format");
            }
            // The values here are not schemas.
            let others = keywords
                .iter_mut()
                .filter(|(name, _)| !matches!(name.as_str(), "const" | "enum" | "default" | "examples"));
            others.for_each(|(_, value)| drop_notes(value));
        }
        Json::Array(items) => items.iter_mut().for_each(drop_notes),
        _ => {}
    }
}

/// The bytes of a control token in the trie: its name after a byte that no text contains.
fn steering_piece(name: &str) -> Vec<u8> {
    let piece = [&[TokTrie::SPECIAL_TOKEN_MARKER], name.as_bytes()].concat();
    if piece.len() > PIECE_BYTES { Vec::new() } else { piece }
}

/// The bytes of any other token in the trie; empty for a token that is never allowed. A piece that begins with the
/// marker byte of control tokens is not UTF-8, and would be mistaken for one of them.
fn plain_piece(bytes: &[u8]) -> Vec<u8> {
    let unfit = bytes.len() > PIECE_BYTES || bytes.first() == Some(&TokTrie::SPECIAL_TOKEN_MARKER);
    if unfit { Vec::new() } else { bytes.to_vec() }
}

fn bounded(grammar: &str) -> Result<(), ConstraintError> {
    if grammar.len() > GRAMMAR_BYTES {
        return Err(ConstraintError::Bound { what: "bytes", bound: GRAMMAR_BYTES });
    }
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in grammar.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > NESTING {
        Err(ConstraintError::Bound { what: "brackets in brackets", bound: NESTING })
    } else {
        Ok(())
    }
}

/// Runs a parser of untrusted input: a panic in it becomes an ordinary error.
fn guarded<T, E: Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| brief(&error.to_string())),
        Err(_) => Err("it cannot be read".into()),
    }
}

/// An error message cut to two lines.
fn brief(error: &str) -> String {
    let lines: Vec<&str> = error.lines().map(str::trim).filter(|line| !line.is_empty()).take(2).collect();
    lines.join(": ").chars().take(400).collect()
}

/// The vocabulary in the form that llguidance needs.
struct Words {
    trie: TokTrie,
    tokenizer: Tokenizer,
    /// A pair of characters that no token may contain.
    seam: Option<&'static str>,
}

impl Words {
    fn plain_tokens(&self, text: &str) -> Vec<TokenId> {
        let tokens = self.tokenizer.encode(text, Reading::Literal);
        tokens.unwrap_or_else(|_| self.trie.greedy_tokenize(text.as_bytes()))
    }
}

impl TokenizerEnv for Words {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        self.trie.tokenize_with_greedy_fallback(bytes, |mut text| {
            let mut tokens = Vec::new();
            while let Some(at) = self.seam.and_then(|seam| text.find(seam)) {
                // Both characters are ASCII, so a character begins after the first one.
                let (before, rest) = text.split_at(at + 1);
                tokens.extend(self.plain_tokens(before));
                text = rest;
            }
            tokens.extend(self.plain_tokens(text));
            tokens
        })
    }
}

/// A parser and its state.
struct Grammatical {
    matcher: Matcher,
    end: Token,
}

impl Grammatical {
    fn gave_up(&self, error: &impl Display) -> ConstraintError {
        ConstraintError::GaveUp(brief(&error.to_string()))
    }

    /// Whether the parser has stopped, successfully or not.
    fn stopped(&self) -> Result<bool, ConstraintError> {
        match self.matcher.stop_reason() {
            StopReason::NotStopped => Ok(false),
            StopReason::NoExtension | StopReason::NoExtensionBias | StopReason::EndOfSentence => Ok(true),
            other => Err(self.gave_up(&self.matcher.get_error().unwrap_or_else(|| other.to_string()))),
        }
    }
}

impl Constraint for Grammatical {
    fn allowed(&mut self) -> Result<TokenSet, ConstraintError> {
        if self.stopped()? {
            return Ok(TokenSet::default());
        }
        let mask = self.matcher.compute_mask().map_err(|error| self.gave_up(&error))?;
        let mut allowed = TokenSet::from_words(mask.as_slice());
        allowed.remove(self.end);
        Ok(allowed)
    }

    fn accept(&mut self, token: Token) -> Result<(), ConstraintError> {
        if self.stopped()? || token >= self.end {
            return Err(ConstraintError::Refused(token));
        }
        match self.matcher.try_consume_tokens(&[token]) {
            Ok(1) => Ok(()),
            Ok(_) => Err(ConstraintError::Refused(token)),
            Err(error) => Err(self.gave_up(&error)),
        }
    }

    fn ending(&mut self) -> Result<Ending, ConstraintError> {
        if self.stopped()? {
            return Ok(Ending::Must);
        }
        let accepting = self.matcher.is_accepting().map_err(|error| self.gave_up(&error))?;
        Ok(if accepting { Ending::May } else { Ending::Not })
    }

    fn forced(&mut self) -> Result<Vec<Token>, ConstraintError> {
        if self.stopped()? {
            return Ok(Vec::new());
        }
        let mut tokens = self.matcher.compute_ff_tokens();
        self.stopped()?;
        let end = tokens.iter().position(|token| *token == self.end);
        tokens.truncate(end.unwrap_or(tokens.len()));
        Ok(tokens)
    }

    /// With caches of its own: the work of siblings must not count against its bounds.
    fn fork(&self) -> Box<dyn Constraint> {
        Box::new(Grammatical { matcher: self.matcher.deep_clone(), end: self.end })
    }
}
