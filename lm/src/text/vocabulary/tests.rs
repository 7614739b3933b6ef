use serde_json::{Value as Json, json};

use crate::text::alphabet::{Alphabet, byte_of};
use crate::text::tokenizer::{Pairs, Reading, TokenKind, Tokenizer, Vocabulary};
use crate::text::vocabulary::entries::byte_pairs;
use crate::text::words::Words;

/// All characters of the byte alphabet, and then these names.
fn names(more: &[&str]) -> Vec<String> {
    let characters = (0u32..0x144).filter_map(char::from_u32).filter(|character| byte_of(*character).is_some());
    let names: Vec<String> = characters.map(String::from).chain(more.iter().map(|name| (*name).to_owned())).collect();
    assert_eq!(names.len(), 256 + more.len(), "every byte has one character");
    names
}

fn library(names: &[&str]) -> Pairs {
    let merges = vec![("h".into(), "e".into()), ("l".into(), "l".into())];
    byte_pairs(names, merges, Words::named("smollm").expect("words")).expect("pairs")
}

/// A vocabulary of all bytes, `he`, `ll`, one control token and one added token.
fn tiny() -> Tokenizer {
    let names = names(&["he", "ll", "<|end|>", "<think>"]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut kinds = vec![TokenKind::Plain; 258];
    kinds.extend([TokenKind::Control, TokenKind::Added]);
    let pairs = library(&names);
    let (alphabet, begins_anew) = (Alphabet::Bytes, true);
    let vocabulary = Vocabulary { pairs, names, kinds, alphabet, begins_anew, begin: None, ends: Vec::new() };
    Tokenizer::assemble(vocabulary).expect("a tokenizer")
}

/// This vocabulary as a `tokenizer.json`, with changes.
fn as_json(change: impl Fn(&mut Json)) -> Result<Tokenizer, String> {
    let names = names(&["he", "ll"]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Pairs::Library { first, .. } = library(&names) else { panic!("it is the library's") };
    let mut json: Json = serde_json::from_str(&first.to_string(false).expect("json")).expect("json");
    json["added_tokens"] = json!([
        { "id": 258, "content": "<|end|>", "special": true }, { "id": 259, "content": "<think>", "special": false },
    ]);
    change(&mut json);
    Tokenizer::from_json(json.to_string().as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn a_text_comes_back_from_its_tokens() {
    let tokenizer = tiny();
    for text in ["hello", " two  words\n", "π ≈ 3.14159", "\u{0}\u{7f}é🦀", "<think>h</think>"] {
        let tokens = tokenizer.encode(text, Reading::Literal).expect("tokens");
        assert_eq!(tokenizer.decode(&tokens), text);
    }
    assert_eq!(tokenizer.encode("hello", Reading::Literal).expect("tokens").len(), 3);
}

#[test]
fn only_a_text_that_may_steer_does_and_what_was_added_is_text() {
    let tokenizer = tiny();
    let text = "he<|end|>ll<think>";
    assert_eq!(tokenizer.encode(text, Reading::Steering).expect("tokens"), [256, 258, 257, 259]);
    let literal = tokenizer.encode(text, Reading::Literal).expect("tokens");
    assert!(!literal.contains(&258) && literal.ends_with(&[257, 259]));
    assert_eq!(tokenizer.decode(&literal), text);
    assert_eq!(tokenizer.decode(&[258, 259]), "<think>", "a token that steers is no text");
    assert_eq!(tokenizer.ends(), [258], "its name is one by which turns end");
    let inside = format!("he{}<|end|>", tokenizer.shield("a<|end|>\u{FDD0}<|end|>b"));
    let mut expected = vec![256];
    expected.extend(tokenizer.encode("a<|end|><|end|>b", Reading::Literal).expect("tokens"));
    expected.push(258);
    assert_eq!(tokenizer.encode(&inside, Reading::Steering).expect("tokens"), expected);
}

#[test]
fn a_tokenizer_file_reads_as_the_vocabulary_does() {
    let (read, made) = (as_json(|_| {}).expect("a tokenizer"), tiny());
    let text = "hello <|end|> 12<think>";
    for reading in [Reading::Steering, Reading::Literal] {
        assert_eq!(read.encode(text, reading).ok(), made.encode(text, reading).ok());
    }
    assert_eq!((read.ends(), read.begin()), ([258].as_slice(), None));
    assert!(Tokenizer::from_json(b"{}").is_err());
    assert!(Tokenizer::from_json(b"\xff").is_err());
    let refused = |change: &dyn Fn(&mut Json)| as_json(change).expect_err("refused");
    assert!(refused(&|json| json["model"]["type"] = "WordPiece".into()).contains("WordPiece"));
    assert!(refused(&|json| json["added_tokens"][0]["id"] = (-1).into()).contains("place"));
}

#[test]
fn a_template_of_the_file_says_what_begins_a_text() {
    let template = json!({
        "type": "Sequence", "processors": [{ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true }, {
            "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "<|end|>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
            "pair": [], "special_tokens": { "<|end|>": { "id": "<|end|>", "ids": [258], "tokens": ["<|end|>"] } },
        }],
    });
    assert_eq!(as_json(|json| json["post_processor"] = template.clone()).expect("a tokenizer").begin(), Some(258));
}

/// A vocabulary in the form of Llama 2: with a symbol for blanks, and byte tokens for characters that are in no piece.
fn with_blanks(change: impl Fn(&mut Json)) -> Tokenizer {
    let mut vocabulary: serde_json::Map<String, Json> =
        (0..256).map(|byte| (format!("<0x{byte:02X}>"), byte.into())).collect();
    for (name, place) in ["▁", "a", "b", "▁a", "ab", "▁ab"].iter().zip(256..) {
        vocabulary.insert((*name).to_owned(), place.into());
    }
    let mut json = json!({
        "version": "1.0", "added_tokens": [{ "id": 262, "content": "<s>", "special": true }],
        "normalizer": { "type": "Sequence", "normalizers": [
            { "type": "Prepend", "prepend": "▁" },
            { "type": "Replace", "pattern": { "String": " " }, "content": "▁" },
        ] },
        "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {
            "type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": null, "vocab": vocabulary,
            "merges": ["▁ a", "a b", "▁a b"],
        },
    });
    change(&mut json);
    Tokenizer::from_json(json.to_string().as_bytes()).expect("a tokenizer")
}

#[test]
fn a_text_gets_a_blank_at_its_beginning_and_nowhere_else() {
    let (blank_ab, ab) = (261, 260);
    let tokenizer = with_blanks(|_| {});
    assert_eq!(tokenizer.encode_first("ab ab", Reading::Literal).expect("tokens"), [blank_ab, blank_ab]);
    assert_eq!(tokenizer.encode("ab ab", Reading::Literal).expect("tokens"), [ab, blank_ab], "behind another text");
    assert_eq!(tokenizer.encode_first("ab<s>ab", Reading::Steering).expect("tokens"), [blank_ab, 262, blank_ab]);
    assert_eq!(tokenizer.decode(&[blank_ab, ab, 0xC3, 0xA9]), " ababé");
    let once = with_blanks(|json| {
        json["normalizer"] = Json::Null;
        json["pre_tokenizer"] =
            json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false });
    });
    assert_eq!(once.encode_first("ab<s>ab", Reading::Steering).expect("tokens"), [blank_ab, 262, ab]);
}
