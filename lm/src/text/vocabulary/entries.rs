//! The vocabulary of a GGUF file.

use std::collections::HashMap;
use std::io::{Read, Seek};

use tokenizers::models::bpe::{BPE, Vocab};

use crate::text::alphabet::{Alphabet, byte_named};
use crate::text::pieces::SentencePieces;
use crate::text::token::Token;
use crate::text::tokenizer::{Pairs, TokenKind, Tokenizer, Vocabulary};
use crate::text::tokenizer_error::TokenizerError;
use crate::text::words::Words;
use crate::weights::gguf::{Gguf, Value};

/// The kind of a token, by its number in GGUF.
fn kind(number: Option<&i64>) -> TokenKind {
    match number {
        Some(2 | 3) => TokenKind::Control,
        Some(4) => TokenKind::Added,
        Some(5) => TokenKind::Unused,
        _ => TokenKind::Plain,
    }
}

impl Tokenizer {
    /// The vocabulary of a GGUF file.
    pub fn from_gguf<R: Read + Seek>(file: &Gguf<R>) -> Result<Tokenizer, TokenizerError> {
        let model = file.text("tokenizer.ggml.model")?;
        let names: Vec<&str> = file.texts("tokenizer.ggml.tokens")?.iter().collect();
        let numbers: &[i64] = match file.entry("tokenizer.ggml.token_type") {
            Some(Value::Integers(numbers)) => numbers,
            _ => &[],
        };
        if !numbers.is_empty() && numbers.len() != names.len() {
            let text = format!("it has {} tokens and {} kinds of them", names.len(), numbers.len());
            return Err(TokenizerError::Damaged(text));
        }
        let kinds: Vec<TokenKind> = (0..names.len()).map(|place| kind(numbers.get(place))).collect();
        let flag = |name: &str| match file.entry(&format!("tokenizer.ggml.{name}")) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        };
        let (pairs, alphabet, usual_begin) = match model {
            "gpt2" => {
                let rule = match file.entry("tokenizer.ggml.pre") {
                    Some(Value::Text(text)) => text.as_str(),
                    _ => "default",
                };
                let words = Words::named(rule)?;
                let begins = words.begins;
                (byte_pairs(&names, merges(file)?, words)?, Alphabet::Bytes, begins)
            }
            "llama" => {
                let blank = flag("add_space_prefix").unwrap_or(true);
                let pieces = sentence_pieces(file, &names, &kinds)?;
                (Pairs::Sentence { pieces, blank }, Alphabet::Blanks, true)
            }
            other => {
                let known = "gpt2 (byte-level pair encoding) and llama (SentencePiece)";
                return Err(TokenizerError::Kind { found: other.chars().take(40).collect(), known });
            }
        };
        let begin = number(file, "bos", names.len()).filter(|_| flag("add_bos_token").unwrap_or(usual_begin));
        let ends = ["eos", "eot", "eom"].iter().flat_map(|name| all_numbers(file, name, names.len())).collect();
        Tokenizer::assemble(Vocabulary { pairs, names, kinds, alphabet, begins_anew: true, begin, ends })
    }
}

fn merges<R: Read + Seek>(file: &Gguf<R>) -> Result<Vec<(String, String)>, TokenizerError> {
    let merges = file.texts("tokenizer.ggml.merges")?;
    let pairs =
        merges.iter().map(|merge| merge.split_once(' ').map(|(left, right)| (left.to_owned(), right.to_owned())));
    pairs.collect::<Option<Vec<_>>>().ok_or_else(|| TokenizerError::Damaged("a merge is no pair".into()))
}

/// Byte-level BPE, with the word rule of the vocabulary.
pub(super) fn byte_pairs(
    tokens: &[&str],
    merges: Vec<(String, String)>,
    words: Words,
) -> Result<Pairs, TokenizerError> {
    let vocabulary: Vocab =
        tokens.iter().enumerate().map(|(place, token)| ((*token).to_owned(), place as Token)).collect();
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .ignore_merges(words.ignore_merges)
        .build()
        .map_err(|error| TokenizerError::Damaged(error.to_string()))?;
    let mut library = tokenizers::Tokenizer::new(model);
    library.with_pre_tokenizer(Some(words.splitter));
    Ok(Pairs::Library { first: Box::new(library.clone()), later: Box::new(library) })
}

fn sentence_pieces<R: Read + Seek>(
    file: &Gguf<R>,
    names: &[&str],
    kinds: &[TokenKind],
) -> Result<SentencePieces, TokenizerError> {
    let damaged = |text: String| TokenizerError::Damaged(text);
    let scores = match file.entry("tokenizer.ggml.scores") {
        Some(Value::Floats(scores)) if scores.len() == names.len() => scores,
        _ => return Err(damaged(format!("there is no score for each of its {} tokens", names.len()))),
    };
    let mut pieces = HashMap::new();
    let mut bytes = vec![None; 256];
    for (place, name) in names.iter().enumerate() {
        let token = place as Token;
        match byte_named(name) {
            Some(byte) => bytes[usize::from(byte)] = Some(token),
            None if kinds[place] == TokenKind::Plain && !name.is_empty() => {
                pieces.entry(Box::from(*name)).or_insert((token, scores[place] as f32));
            }
            None => {}
        }
    }
    if bytes.contains(&None) {
        return Err(damaged("it cannot spell every byte: tokens from <0x00> to <0xFF> are missing".into()));
    }
    Ok(SentencePieces::new(pieces, bytes))
}

/// The token in an entry; `None` if there is none.
fn number<R: Read + Seek>(file: &Gguf<R>, name: &str, count: usize) -> Option<Token> {
    all_numbers(file, name, count).first().copied()
}

/// The tokens in an entry: one, or a list of them.
fn all_numbers<R: Read + Seek>(file: &Gguf<R>, name: &str, count: usize) -> Vec<Token> {
    let numbers: &[i64] = match file.entry(&format!("tokenizer.ggml.{name}_token_id")) {
        Some(Value::Integer(number)) => std::slice::from_ref(number),
        Some(Value::Integers(numbers)) => numbers,
        _ => &[],
    };
    let tokens = numbers.iter().filter_map(|number| Token::try_from(*number).ok());
    tokens.filter(|token| (*token as usize) < count).collect()
}
