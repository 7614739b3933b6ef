//! Pre-tokenization rules of the vocabularies in GGUF files, which give their names. Merges stay within a word.

use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

use crate::text::tokenizer_error::TokenizerError;

// Source: the `tokenizer.json` files of the makers of each vocabulary; the rule `default` is for files without a name.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DEFAULT: [&str; 4] = [
    r"[\p{P}\$\+<=>\^~\|]+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)",
    r"\p{N}+",
    r"[0-9][0-9][0-9]",
];

/// The supported rules, for error messages.
const KNOWN: &str =
    "words of gpt-2, smollm, starcoder, llama-bpe, qwen2, tekken, gpt-4o and others that end words like these";

/// How a vocabulary splits a text into words.
pub(crate) struct Words {
    /// Splits a text into words, and words into bytes.
    pub(crate) splitter: PreTokenizerWrapper,
    /// Whether a word that is a token is taken as it is, without merges.
    pub(crate) ignore_merges: bool,
    /// Whether a text begins with the begin-of-text token, unless the file says otherwise.
    pub(crate) begins: bool,
}

impl Words {
    /// The rule with this name.
    pub(crate) fn named(name: &str) -> Result<Words, TokenizerError> {
        let plain = |splitter| Words { splitter, ignore_merges: false, begins: false };
        let bytes = || PreTokenizerWrapper::from(ByteLevel::new(false, true, true));
        let one = |pattern| by_patterns(&[pattern]);
        Ok(match name {
            "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" => {
                plain(Sequence::new(vec![Digits::new(true).into(), bytes()]).into())
            }
            "gpt-2" | "phi-2" | "mpt" | "olmo" | "jina-es" | "jina-de" | "jina-v2-code" => plain(bytes()),
            "default" => plain(by_patterns(&DEFAULT)?),
            "llama-bpe" | "llama3" | "llama-v3" | "falcon3" => {
                Words { ignore_merges: true, begins: true, ..plain(one(LLAMA3)?) }
            }
            "smaug-bpe" | "dbrx" => plain(one(LLAMA3)?),
            "qwen2" | "deepseek-r1-qwen" | "stablelm2" | "megrez" => plain(one(QWEN2)?),
            "tekken" => Words { ignore_merges: true, begins: true, ..plain(one(TEKKEN)?) },
            "gpt-4o" => plain(one(GPT4O)?),
            other => {
                let found = format!("gpt2 with words of {}", other.chars().take(40).collect::<String>());
                return Err(TokenizerError::Kind { found, known: KNOWN });
            }
        })
    }
}

/// Splits by patterns, one after another, and then into bytes.
fn by_patterns(patterns: &[&str]) -> Result<PreTokenizerWrapper, TokenizerError> {
    let split = |pattern: &&str| -> Result<PreTokenizerWrapper, TokenizerError> {
        let pattern = SplitPattern::Regex((*pattern).to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
        Ok(split.map_err(|error| TokenizerError::Damaged(error.to_string()))?.into())
    };
    let mut steps = patterns.iter().map(split).collect::<Result<Vec<_>, _>>()?;
    steps.push(ByteLevel::new(false, true, false).into());
    Ok(Sequence::new(steps).into())
}
