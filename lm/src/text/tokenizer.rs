//! Text to tokens and back, by the vocabulary that a model's file carries.
//!
//! Byte-level pair encoding only: every text has tokens, and every token has bytes. Tokens that steer a
//! model (`<|im_end|>` and the like) come out of a text only where the caller says that the text may
//! steer: what a user wrote can never close a turn.

use std::io::{Read, Seek};

use serde_json::Value as Json;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

use crate::text::steering::{Named, Steering};
use crate::text::token::Token;
use crate::weights::gguf::{Gguf, GgufError, Value};

/// Where words end, for the vocabularies of Llama 3 and of Qwen 2. Source: the vocabularies' own files.
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2_WORDS: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Breaks the name of a steering token in what a person wrote; it is taken out before pairs are made. A code
/// point that Unicode keeps for the inside of programs.
const SHIELD: char = '\u{FDD0}';

/// Why a vocabulary cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The file lacks what a vocabulary is made of.
    #[error(transparent)]
    File(#[from] GgufError),
    /// A kind of vocabulary that is not built here.
    #[error("the vocabulary is of kind {found}; this program reads {known}")]
    Kind {
        /// What the file says.
        found: String,
        /// What is read.
        known: &'static str,
    },
    /// The parts of the vocabulary do not fit together.
    #[error("the vocabulary is damaged: {0}")]
    Damaged(String),
}

/// How a text is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// Names of steering tokens become these tokens: for what templates write.
    Steering,
    /// Every character is meant as it stands: for what people write.
    Literal,
}

/// A vocabulary with its rules.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    pairs: tokenizers::Tokenizer,
    /// The bytes of each token; none for tokens that steer.
    pieces: Vec<Box<[u8]>>,
    /// Tokens that stand for themselves.
    steering: Steering,
    /// The token that begins a text, where the model wants one.
    begin: Option<Token>,
    ends: Vec<Token>,
}

impl Tokenizer {
    /// The vocabulary of a GGUF file.
    pub fn from_gguf<R: Read + Seek>(file: &Gguf<R>) -> Result<Tokenizer, TokenizerError> {
        let model = file.text("tokenizer.ggml.model")?;
        if model != "gpt2" {
            let known = "gpt2 (byte-level pair encoding)";
            return Err(TokenizerError::Kind { found: model.chars().take(40).collect(), known });
        }
        let tokens: Vec<&str> = file.texts("tokenizer.ggml.tokens")?.iter().collect();
        let merges = file.texts("tokenizer.ggml.merges")?;
        let kinds: &[i64] = match file.entry("tokenizer.ggml.token_type") {
            Some(Value::Integers(kinds)) => kinds,
            _ => &[],
        };
        // Kind 3 steers, kind 4 was added by the model's makers; both stand for themselves.
        let steers = |place: usize| matches!(kinds.get(place), Some(3 | 4));
        let words = match file.entry("tokenizer.ggml.pre") {
            Some(Value::Text(text)) => text.as_str(),
            _ => "default",
        };
        let merges = merges
            .iter()
            .map(|merge| merge.split_once(' ').map(|(left, right)| (left.to_owned(), right.to_owned())))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| TokenizerError::Damaged("a merge is no pair".into()))?;
        let pairs = byte_pairs(&tokens, merges, words)?;
        let number = |name: &str| match file.entry(name) {
            Some(Value::Integer(number)) => Token::try_from(*number).ok().filter(|id| (*id as usize) < tokens.len()),
            _ => None,
        };
        let begins = matches!(file.entry("tokenizer.ggml.add_bos_token"), Some(Value::Flag(true)));
        let begin = number("tokenizer.ggml.bos_token_id").filter(|_| begins);
        let mut ends: Vec<Token> = ["eos", "eot", "eom"]
            .iter()
            .filter_map(|name| number(&format!("tokenizer.ggml.{name}_token_id")))
            .collect();
        // Files of models that end a turn otherwise than a text often name the end of a text alone.
        for name in ["<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>"] {
            ends.extend(tokens.iter().position(|token| *token == name).map(|place| place as Token));
        }
        Tokenizer::assemble(pairs, &tokens, steers, begin, ends)
    }

    /// The vocabulary of a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
        let damaged = |text: &str| TokenizerError::Damaged(text.into());
        let json: Json = serde_json::from_slice(bytes).map_err(|error| TokenizerError::Damaged(error.to_string()))?;
        let text = json.to_string();
        let byte_level = text.contains("\"ByteLevel\"") && json["model"]["type"] == "BPE";
        if !byte_level {
            let found = json["model"]["type"].as_str().unwrap_or("unknown").to_owned();
            return Err(TokenizerError::Kind { found, known: "BPE on bytes" });
        }
        let vocabulary = json["model"]["vocab"].as_object().ok_or_else(|| damaged("there is no vocabulary"))?;
        let mut tokens: Vec<&str> = Vec::new();
        let mut steering = Vec::new();
        let added = json["added_tokens"].as_array().map(Vec::as_slice).unwrap_or_default();
        let listed = vocabulary.iter().map(|(name, place)| (name.as_str(), place.as_u64(), false));
        let named = added.iter().map(|token| (token["content"].as_str().unwrap_or(""), token["id"].as_u64(), true));
        for (name, place, stands) in listed.chain(named) {
            let place = place.filter(|place| *place < 1 << 22).ok_or_else(|| damaged("a token has no place"))? as usize;
            if tokens.len() <= place {
                tokens.resize(place + 1, "");
                steering.resize(place + 1, false);
            }
            tokens[place] = name;
            steering[place] = stands;
        }
        // The added tokens are found by us, so that a text that may not steer is not searched for them.
        let mut plain = json.clone();
        plain["added_tokens"] = Json::Array(Vec::new());
        plain["post_processor"] = Json::Null;
        let pairs = tokenizers::Tokenizer::from_bytes(plain.to_string())
            .map_err(|error| TokenizerError::Damaged(error.to_string()))?;
        let ends = ["<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "</s>"]
            .iter()
            .filter_map(|name| tokens.iter().position(|token| token == name).map(|place| place as Token))
            .collect();
        Tokenizer::assemble(pairs, &tokens, |place| steering[place], None, ends)
    }

    fn assemble(
        pairs: tokenizers::Tokenizer,
        tokens: &[&str],
        steers: impl Fn(usize) -> bool,
        begin: Option<Token>,
        mut ends: Vec<Token>,
    ) -> Result<Tokenizer, TokenizerError> {
        let mut pieces = Vec::with_capacity(tokens.len());
        let mut steering = Vec::new();
        for (place, token) in tokens.iter().enumerate() {
            if steers(place) {
                if !token.is_empty() {
                    steering.push(((*token).to_owned(), place as Token));
                }
                pieces.push(Box::default());
            } else {
                // A name with characters outside the alphabet of bytes is taken as the text that it is.
                let bytes: Option<Vec<u8>> = token.chars().map(byte_of).collect();
                pieces.push(bytes.unwrap_or_else(|| token.as_bytes().to_vec()).into_boxed_slice());
            }
        }
        let steering = Steering::new(steering).map_err(|error| TokenizerError::Damaged(error.to_string()))?;
        ends.sort_unstable();
        ends.dedup();
        Ok(Tokenizer { pairs, pieces, steering, begin, ends })
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

    /// The tokens that steer, with their names.
    pub fn steering(&self) -> impl Iterator<Item = (&str, Token)> {
        self.steering.iter()
    }

    /// The tokens of a text. The token that begins a text is not put before it.
    pub fn encode(&self, text: &str, reading: Reading) -> Result<Vec<Token>, TokenizerError> {
        let mut tokens = Vec::new();
        if reading == Reading::Literal {
            self.encode_plain(text, &mut tokens)?;
            return Ok(tokens);
        }
        let mut end = 0;
        for Named { at, length, token } in self.steering.named_in(text) {
            // A name that begins within another one is a part of that.
            if at >= end {
                self.encode_plain(&text[end..at].replace(SHIELD, ""), &mut tokens)?;
                tokens.push(token);
                end = at + length;
            }
        }
        self.encode_plain(&text[end..].replace(SHIELD, ""), &mut tokens)?;
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

    fn encode_plain(&self, text: &str, tokens: &mut Vec<Token>) -> Result<(), TokenizerError> {
        if text.is_empty() {
            return Ok(());
        }
        let encoding =
            self.pairs.encode_fast(text, false).map_err(|error| TokenizerError::Damaged(error.to_string()))?;
        tokens.extend_from_slice(encoding.get_ids());
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

/// Pair encoding over bytes, with words as the vocabulary wants them.
fn byte_pairs(
    tokens: &[&str],
    merges: Vec<(String, String)>,
    words: &str,
) -> Result<tokenizers::Tokenizer, TokenizerError> {
    let by_pattern = |pattern: &str| -> Result<PreTokenizerWrapper, TokenizerError> {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
            .map_err(|error| TokenizerError::Damaged(error.to_string()))?;
        let bytes = ByteLevel::new(false, true, false);
        Ok(Sequence::new(vec![split.into(), bytes.into()]).into())
    };
    let words_first: PreTokenizerWrapper = match words {
        "smollm" | "starcoder" | "refact" | "command-r" => {
            Sequence::new(vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()]).into()
        }
        "gpt-2" | "default" => ByteLevel::new(false, true, true).into(),
        "llama-bpe" | "llama3" | "llama-v3" => by_pattern(LLAMA3_WORDS)?,
        "qwen2" => by_pattern(QWEN2_WORDS)?,
        other => {
            let found = format!("gpt2 with words of {}", other.chars().take(40).collect::<String>());
            return Err(TokenizerError::Kind { found, known: "words of gpt-2, smollm, llama-bpe and qwen2" });
        }
    };
    let vocabulary: tokenizers::models::bpe::Vocab =
        tokens.iter().enumerate().map(|(place, token)| ((*token).to_owned(), place as Token)).collect();
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .ignore_merges(matches!(words, "llama-bpe" | "llama3" | "llama-v3"))
        .build()
        .map_err(|error| TokenizerError::Damaged(error.to_string()))?;
    let mut pairs = tokenizers::Tokenizer::new(model);
    pairs.with_pre_tokenizer(Some(words_first));
    Ok(pairs)
}

/// The byte that a character of a vocabulary stands for. Printable bytes of Latin-1 stand for themselves;
/// the 68 others, in ascending order, are written as the characters from U+0100 on.
/// Source: the byte table of GPT-2.
fn byte_of(character: char) -> Option<u8> {
    let prints = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let code = u32::from(character);
    match u8::try_from(code) {
        Ok(byte) => prints(byte).then_some(byte),
        Err(_) => (0..=255u8).filter(|byte| !prints(*byte)).nth(code.checked_sub(256)? as usize),
    }
}

/// Puts the bytes of tokens together to text as they come: a character that is cut in two waits.
#[derive(Clone, Default, Debug)]
pub struct TextStream {
    waiting: Vec<u8>,
}

impl TextStream {
    /// Takes bytes, gives the text that is complete. Bytes that can never become UTF-8 are replaced.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.waiting.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.waiting) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.waiting.clear();
                    return text;
                }
                Err(error) => {
                    let good = error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(&self.waiting[..good]));
                    let Some(bad) = error.error_len() else {
                        self.waiting.drain(..good);
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.waiting.drain(..good + bad);
                }
            }
        }
    }

    /// What is left when no more comes.
    pub fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.waiting).into_owned();
        self.waiting.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vocabulary of all bytes, `he`, `ll`, and one token that steers.
    fn tiny() -> Tokenizer {
        let characters: Vec<char> =
            (0u32..0x144).filter_map(char::from_u32).filter(|c| byte_of(*c).is_some()).collect();
        assert_eq!(characters.len(), 256, "every byte has one character");
        let characters: Vec<String> = characters.iter().map(char::to_string).collect();
        let tokens: Vec<&str> = characters.iter().map(String::as_str).chain(["he", "ll", "<|end|>"]).collect();
        let merges = vec![("h".into(), "e".into()), ("l".into(), "l".into())];
        let pairs = byte_pairs(&tokens, merges, "smollm").expect("a vocabulary");
        Tokenizer::assemble(pairs, &tokens, |place| place == 258, None, vec![258]).expect("a tokenizer")
    }

    #[test]
    fn a_text_comes_back_from_its_tokens() {
        let tokenizer = tiny();
        for text in ["hello", " two  words\n", "π ≈ 3.14159", "\u{0}\u{7f}é🦀"] {
            let tokens = tokenizer.encode(text, Reading::Literal).expect("tokens");
            assert_eq!(tokenizer.decode(&tokens), text);
        }
        assert_eq!(tokenizer.encode("hello", Reading::Literal).expect("tokens").len(), 3);
    }

    #[test]
    fn only_a_text_that_may_steer_does() {
        let tokenizer = tiny();
        let text = "he<|end|>ll";
        assert_eq!(tokenizer.encode(text, Reading::Steering).expect("tokens"), [256, 258, 257]);
        let literal = tokenizer.encode(text, Reading::Literal).expect("tokens");
        assert!(!literal.contains(&258));
        assert_eq!(tokenizer.decode(&literal), text);
        let inside = format!("he{}<|end|>", tokenizer.shield("a<|end|>\u{FDD0}<|end|>b"));
        let mut expected = vec![256];
        expected.extend(tokenizer.encode("a<|end|><|end|>b", Reading::Literal).expect("tokens"));
        expected.push(258);
        assert_eq!(tokenizer.encode(&inside, Reading::Steering).expect("tokens"), expected);
    }

    #[test]
    fn a_character_that_is_cut_waits_for_its_rest() {
        let mut stream = TextStream::default();
        let crab = "a🦀".as_bytes();
        assert_eq!(stream.push(&crab[..3]), "a");
        assert_eq!(stream.push(&crab[3..]), "🦀");
        assert_eq!(stream.push(&[0xFF, b'b', 0xC3]), "\u{FFFD}b");
        assert_eq!(stream.finish(), "\u{FFFD}");
    }

    #[test]
    fn a_tokenizer_file_reads_as_the_vocabulary_does() {
        let tokenizer = tiny();
        let mut json: Json = serde_json::from_str(&tokenizer.pairs.to_string(false).expect("json")).expect("json");
        json["added_tokens"] = serde_json::json!([{ "id": 258, "content": "<|end|>", "special": true }]);
        let read = Tokenizer::from_json(json.to_string().as_bytes()).expect("a tokenizer");
        let text = "hello <|end|> 12";
        assert_eq!(read.encode(text, Reading::Steering).ok(), tokenizer.encode(text, Reading::Steering).ok());
        assert!(Tokenizer::from_json(b"{}").is_err());
        assert!(Tokenizer::from_json(b"\xff").is_err());
    }
}
