//! The files beside `tokenizer.json` in a folder: begin-of-text and end-of-text tokens, and the template.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::text::json;
use crate::text::template::Template;
use crate::text::token::Token;
use crate::text::tokenizer::Tokenizer;
use crate::weights::error::ModelError;

/// The files that may name tokens or contain a template.
struct Files {
    /// `tokenizer_config.json`
    tokenizer: Json,
    /// `special_tokens_map.json`
    special: Json,
    /// `generation_config.json`
    generation: Json,
    /// `config.json`
    model: Json,
}

/// The vocabulary and the template of a folder, as far as they exist.
pub(crate) fn read(folder: &Path, config: &Json) -> Result<(Option<Tokenizer>, Option<Template>), ModelError> {
    let files = Files {
        tokenizer: optional(folder, "tokenizer_config.json")?,
        special: optional(folder, "special_tokens_map.json")?,
        generation: optional(folder, "generation_config.json")?,
        model: config.clone(),
    };
    let mut tokenizer = match bytes(folder, "tokenizer.json")? {
        Some(bytes) => Some(Tokenizer::from_json(&bytes)?),
        None => None,
    };
    if let Some(tokenizer) = &mut tokenizer {
        let ends = [&files.model, &files.generation].into_iter().flat_map(|file| numbers(&file["eos_token_id"]));
        tokenizer.add_ends(ends);
        let named = files.name("eos_token").and_then(|name| tokenizer.named(name));
        tokenizer.add_ends(named);
        if tokenizer.begin().is_none() && files.tokenizer["add_bos_token"] == true {
            let begin = files.name("bos_token").and_then(|name| tokenizer.named(name));
            tokenizer.set_begin(begin.or_else(|| numbers(&files.model["bos_token_id"]).first().copied()));
        }
    }
    let template = template(folder, &files)?;
    let named = |name| files.name(name).unwrap_or_default();
    Ok((tokenizer, template.map(|source| Template::new(&source, named("bos_token"), named("eos_token")))))
}

impl Files {
    /// The name of a token, which is a string or the content of an object.
    fn name(&self, token: &str) -> Option<&str> {
        [&self.tokenizer, &self.special]
            .into_iter()
            .find_map(|file| file[token].as_str().or(file[token]["content"].as_str()).filter(|name| !name.is_empty()))
    }
}

/// The source of the template: a file of its own, or a setting with one text or a list of named ones.
fn template(folder: &Path, files: &Files) -> Result<Option<String>, ModelError> {
    if let Some(bytes) = bytes(folder, "chat_template.jinja")? {
        return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
    }
    let own = optional(folder, "chat_template.json")?;
    for setting in [&own["chat_template"], &files.tokenizer["chat_template"]] {
        if let Some(source) = setting.as_str() {
            return Ok(Some(source.to_owned()));
        }
        if let Some(listed) = setting.as_array() {
            let default = listed.iter().find(|template| template["name"] == "default").or(listed.first());
            return Ok(default.and_then(|template| template["template"].as_str()).map(str::to_owned));
        }
    }
    Ok(None)
}

/// The tokens of a number or a list of numbers.
fn numbers(value: &Json) -> Vec<Token> {
    let one = value.as_u64().into_iter();
    let many = value.as_array().into_iter().flatten().filter_map(Json::as_u64);
    one.chain(many).filter_map(|number| Token::try_from(number).ok()).collect()
}

/// The bytes of an optional file.
fn bytes(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, ModelError> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ModelError::World { path, error }),
    }
}

/// The JSON of an optional file.
fn optional(folder: &Path, name: &str) -> Result<Json, ModelError> {
    match bytes(folder, name)? {
        Some(bytes) => json::read(&bytes).map_err(|text| ModelError::Damaged { path: folder.join(name), text }),
        None => Ok(Json::Null),
    }
}
