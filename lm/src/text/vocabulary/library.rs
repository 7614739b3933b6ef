//! The vocabulary of a `tokenizer.json`.

use serde_json::Value as Json;

use crate::text::alphabet::Alphabet;
use crate::text::json;
use crate::text::token::Token;
use crate::text::tokenizer::{Pairs, TokenKind, Tokenizer, Vocabulary};
use crate::text::tokenizer_error::TokenizerError;

/// The largest vocabulary.
const TOKENS_MAX: u64 = 1 << 22;

impl Tokenizer {
    /// The vocabulary of a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
        let damaged = |text: &str| TokenizerError::Damaged(text.into());
        let json = json::read(bytes).map_err(TokenizerError::Damaged)?;
        let level = |part: &str| json[part].to_string().contains("\"ByteLevel\"");
        let is_pairs = json["model"]["type"] == "BPE";
        let alphabet = match (level("pre_tokenizer") || level("decoder"), &json["model"]["byte_fallback"]) {
            (true, _) if is_pairs => Alphabet::Bytes,
            (false, Json::Bool(true)) if is_pairs => Alphabet::Blanks,
            _ => {
                let found = json["model"]["type"].as_str().unwrap_or("unknown").to_owned();
                return Err(TokenizerError::Kind { found, known: "BPE on bytes, or with bytes to fall back to" });
            }
        };
        let vocabulary = json["model"]["vocab"].as_object().ok_or_else(|| damaged("there is no vocabulary"))?;
        let added = json["added_tokens"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (mut names, mut kinds) = (Vec::new(), Vec::new());
        let listed = vocabulary.iter().map(|(name, place)| (name.as_str(), place.as_u64(), TokenKind::Plain));
        let named = added.iter().map(|token| {
            let kind = if token["special"] == true { TokenKind::Control } else { TokenKind::Added };
            (token["content"].as_str().unwrap_or(""), token["id"].as_u64(), kind)
        });
        for (name, place, kind) in listed.chain(named) {
            let place = place.filter(|place| *place < TOKENS_MAX);
            let place = place.ok_or_else(|| damaged(&format!("token {name:?} has no place")))? as usize;
            if names.len() <= place {
                names.resize(place + 1, "");
                kinds.resize(place + 1, TokenKind::Plain);
            }
            (names[place], kinds[place]) = (name, kind);
        }
        let (pairs, begins_anew) = library(&json)?;
        let begin = first_of_template(&json["post_processor"]);
        Tokenizer::assemble(Vocabulary { pairs, names, kinds, alphabet, begins_anew, begin, ends: Vec::new() })
    }
}

/// The library for the beginning of a text and for text that continues, and whether the text after each control token
/// counts as a beginning.
fn library(json: &Json) -> Result<(Pairs, bool), TokenizerError> {
    // Added tokens are matched here instead, so that literal text is not searched for them.
    let mut plain = json.clone();
    plain["added_tokens"] = Json::Array(Vec::new());
    plain["post_processor"] = Json::Null;
    let made = |json: &Json| {
        tokenizers::Tokenizer::from_bytes(json.to_string()).map_err(|error| TokenizerError::Damaged(error.to_string()))
    };
    let first = made(&plain)?;
    let (mut later, mut once) = (plain.clone(), false);
    for part in ["normalizer", "pre_tokenizer"] {
        once |= without_blank(&mut later[part]);
    }
    let later = if later == plain { first.clone() } else { made(&later)? };
    Ok((Pairs::Library { first: Box::new(first), later: Box::new(later) }, !once))
}

/// Removes from a step what puts a blank before a text. Returns whether the blank was for the first word of a whole
/// text only.
fn without_blank(step: &mut Json) -> bool {
    match step["type"].as_str().unwrap_or_default() {
        "Prepend" => *step = Json::Null,
        "ByteLevel" => step["add_prefix_space"] = Json::Bool(false),
        "Metaspace" => {
            let once = step["prepend_scheme"] == "first";
            step["prepend_scheme"] = "never".into();
            step.as_object_mut().map(|step| step.remove("add_prefix_space"));
            return once;
        }
        "Sequence" => {
            let list = if step["normalizers"].is_array() { "normalizers" } else { "pretokenizers" };
            let Some(steps) = step[list].as_array_mut() else { return false };
            let once = steps.iter_mut().map(without_blank).fold(false, |once, own| once | own);
            steps.retain(|step| !step.is_null());
            return once;
        }
        _ => {}
    }
    false
}

/// The token that a post-processing template puts before every text.
fn first_of_template(post: &Json) -> Option<Token> {
    if let Some(steps) = post["processors"].as_array() {
        return steps.iter().find_map(first_of_template);
    }
    let name = post["single"][0]["SpecialToken"]["id"].as_str()?;
    Token::try_from(post["special_tokens"][name]["ids"][0].as_u64()?).ok()
}
