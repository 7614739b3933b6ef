//! A model: its configuration, its weights packed for the kernels, its vocabulary and its template.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use theoremata_kernels::{Inline, Matrix, Parallel};

use crate::text::json;
use crate::text::template::Template;
use crate::text::tokenizer::Tokenizer;
use crate::text::vocabulary;
use crate::weights::error::ModelError;
use crate::weights::feed::{FeedForward, feed_forward};
use crate::weights::gguf::{Gguf, GgufError, Value};
use crate::weights::part::{LayerPart, Part};
use crate::weights::safetensors::Shards;
use crate::weights::shape::{Family, HeadNorms, ModelShape, Norms};
use crate::weights::tensors::{FolderTensors, GgufTensors, Linear, TensorFile, Tensors};

/// The weights of one layer.
pub(crate) struct Layer {
    pub(crate) attention_norm: Option<Vec<f32>>,
    pub(crate) query: Projection,
    pub(crate) key: Projection,
    pub(crate) value: Projection,
    pub(crate) output: Linear,
    pub(crate) attention_after: Option<Vec<f32>>,
    pub(crate) feed_norm: Option<Vec<f32>>,
    pub(crate) feed: FeedForward,
    pub(crate) feed_after: Option<Vec<f32>>,
}

impl Layer {
    fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let projections = [&self.query, &self.key, &self.value].map(|projection| &projection.linear);
        let matrices = projections.into_iter().chain([&self.output]).map(|linear| &linear.matrix);
        matrices.chain(self.feed.matrices())
    }
}

/// The projection of a row to queries, keys or values.
pub(crate) struct Projection {
    pub(crate) linear: Linear,
    /// Gain of the norm of each head, or of all heads together.
    pub(crate) norm: Option<Vec<f32>>,
}

/// A model that is ready for inference.
pub struct Model {
    shape: ModelShape,
    pub(crate) embedding: Matrix,
    pub(crate) layers: Vec<Layer>,
    pub(crate) norm: Vec<f32>,
    /// The output head; `None` if the embedding is used.
    pub(crate) head: Option<Matrix>,
    tokenizer: Option<Tokenizer>,
    template: Option<Template>,
    name: String,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("name", &self.name).field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl Model {
    /// Loads a GGUF file, the first of several that contain one model, or a folder in Hugging Face format:
    /// `config.json`, safetensors files, and optionally `tokenizer.json` and a chat template.
    ///
    /// # Errors
    /// If a file cannot be read or is malformed, or has settings or tensors that are not supported: a model is computed
    /// as its makers intended, or not at all.
    pub fn load(path: &Path) -> Result<Model, ModelError> {
        Model::load_on(path, &Inline)
    }

    /// As [`Model::load`], on several threads: most of the time goes into page faults, which threads take in parallel.
    pub fn load_on(path: &Path, parallel: &dyn Parallel) -> Result<Model, ModelError> {
        if path.is_dir() {
            return Model::from_folder(path, parallel);
        }
        let open = |path: &Path| -> Result<Gguf<File>, ModelError> {
            let file = File::open(path).map_err(|error| ModelError::World { path: path.into(), error })?;
            Ok(Gguf::open(file)?)
        };
        let first = open(path)?;
        let mut files = vec![first];
        for path in other_parts(path, &files[0])? {
            files.push(open(&path)?);
        }
        Model::from_files(files, parallel)
    }

    /// Loads a GGUF file. Tensors are read and packed piece by piece: memory never holds more than the packed weights
    /// and one piece.
    ///
    /// # Errors
    /// As [`Model::load`], and if the file contains only a part of a model.
    pub fn from_gguf<R: Read + Seek>(source: R, parallel: &dyn Parallel) -> Result<Model, ModelError> {
        Model::from_files(vec![Gguf::open(source)?], parallel)
    }

    fn from_files<R: Read + Seek>(mut files: Vec<Gguf<R>>, parallel: &dyn Parallel) -> Result<Model, ModelError> {
        check_parts(&files)?;
        let file = &files[0];
        let shape = ModelShape::from_gguf(file)?;
        let tokenizer = match file.entry("tokenizer.ggml.model") {
            Some(Value::Text(model)) if model != "none" => Some(Tokenizer::from_gguf(file)?),
            _ => None,
        };
        let template = template_of(file);
        let name = file.text("general.name").unwrap_or("unnamed").chars().take(100).collect();
        files.iter_mut().for_each(Gguf::forget_entries);
        let family = shape.family;
        let mut model = Model::assemble(shape, &mut GgufTensors { files, family }, parallel)?;
        (model.tokenizer, model.template, model.name) = (tokenizer, template, name);
        Ok(model)
    }

    fn from_folder(folder: &Path, parallel: &dyn Parallel) -> Result<Model, ModelError> {
        let path = folder.join("config.json");
        let bytes = std::fs::read(&path).map_err(|error| ModelError::World { path: path.clone(), error })?;
        let config: Json = json::read(&bytes).map_err(|text| ModelError::Damaged { path, text })?;
        let shape = ModelShape::from_json(&config)?;
        let shards = Shards::open(folder)?;
        let mut tensors = FolderTensors { shards, shape: shape.clone() };
        let mut model = Model::assemble(shape, &mut tensors, parallel)?;
        (model.tokenizer, model.template) = vocabulary::folder::read(folder, &config)?;
        model.name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(model)
    }

    fn assemble(
        mut shape: ModelShape,
        file: &mut dyn TensorFile,
        parallel: &dyn Parallel,
    ) -> Result<Model, ModelError> {
        let width = shape.width;
        let mut tensors = Tensors::new(file, parallel);
        let embedding = tensors.matrix(Part::Embedding, shape.vocabulary, width)?;
        let layers = (0..shape.layers).map(|number| layer(&mut tensors, &shape, number)).collect::<Result<_, _>>()?;
        let norm = tensors.gain(Part::Norm, width)?;
        let has_head = match shape.tied {
            Some(true) => {
                tensors.pass_over(Part::Head);
                false
            }
            Some(false) => true,
            None => tensors.has(Part::Head)?,
        };
        let head = if has_head { Some(tensors.matrix(Part::Head, shape.vocabulary, width)?) } else { None };
        divide_frequencies(&mut tensors, &mut shape)?;
        tensors.refuse_unread()?;
        Ok(Model { shape, embedding, layers, norm, head, tokenizer: None, template: None, name: String::new() })
    }

    /// The configuration.
    pub fn shape(&self) -> &ModelShape {
        &self.shape
    }

    /// The vocabulary; `None` if the file has none.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        self.tokenizer.as_ref()
    }

    /// The chat template; `None` if the file has none.
    pub fn template(&self) -> Option<&Template> {
        self.template.as_ref()
    }

    /// The name of the model in its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Size of the packed weights, in bytes.
    pub fn bytes(&self) -> usize {
        self.matrices().map(Matrix::bytes).sum()
    }

    /// All matrices.
    pub(crate) fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        [&self.embedding].into_iter().chain(&self.head).chain(self.layers.iter().flat_map(Layer::matrices))
    }
}

/// Reads one layer.
fn layer(tensors: &mut Tensors<'_>, shape: &ModelShape, number: usize) -> Result<Layer, ModelError> {
    let of = |part| Part::Layer(number, part);
    let (width, head_width) = (shape.width, shape.head_width);
    let (query_width, key_width) = (shape.heads * head_width, shape.key_width());
    let before = shape.norms != Norms::After;
    let after = shape.norms != Norms::Before;
    let fused = shape.family == Family::Phi3;
    let attention_norm = if before { Some(tensors.gain(of(LayerPart::AttentionNorm), width)?) } else { None };
    let [query, key, value] = if fused {
        let rows = [query_width, key_width, key_width];
        let three = tensors.linears(of(LayerPart::QueryKeyValue), (&rows, width), shape.input_biases)?;
        three.try_into().unwrap_or_else(|_| unreachable!("a matrix for each of three counts of rows"))
    } else {
        [
            tensors.linear(of(LayerPart::Query), (query_width, width), shape.input_biases)?,
            tensors.linear(of(LayerPart::Key), (key_width, width), shape.input_biases)?,
            tensors.linear(of(LayerPart::Value), (key_width, width), shape.input_biases)?,
        ]
    };
    let mut head_norm = |part, all: usize| -> Result<Option<Vec<f32>>, ModelError> {
        match shape.head_norms {
            HeadNorms::None => Ok(None),
            HeadNorms::Each => tensors.gain(of(part), head_width).map(Some),
            HeadNorms::Whole => tensors.gain(of(part), all).map(Some),
        }
    };
    let query_norm = head_norm(LayerPart::QueryNorm, query_width)?;
    let key_norm = head_norm(LayerPart::KeyNorm, key_width)?;
    let output = tensors.linear(of(LayerPart::Output), (width, query_width), shape.output_biases)?;
    let attention_after = if after { Some(tensors.gain(of(LayerPart::AttentionAfter), width)?) } else { None };
    let feed_norm = if before { Some(tensors.gain(of(LayerPart::FeedNorm), width)?) } else { None };
    Ok(Layer {
        attention_norm,
        query: Projection { linear: query, norm: query_norm },
        key: Projection { linear: key, norm: key_norm },
        value: Projection { linear: value, norm: None },
        output,
        attention_after,
        feed_norm,
        feed: feed_forward(tensors, shape, number)?,
        feed_after: if after { Some(tensors.gain(of(LayerPart::FeedAfter), width)?) } else { None },
    })
}

/// Applies frequency factors that are stored as tensors of a GGUF file.
fn divide_frequencies(tensors: &mut Tensors<'_>, shape: &mut ModelShape) -> Result<(), ModelError> {
    let count = shape.rotations[0].frequencies.len();
    for name in ["rope_freqs.weight", "rope_factors_short.weight"] {
        let Some(factors) = tensors.named(name, count)? else { continue };
        if !factors.iter().all(|factor| factor.is_finite() && *factor > 0.0) {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidData, "a factor that is no positive number");
            return Err(ModelError::Bytes { name: name.into(), error: error.into() });
        }
        shape.rotations[0].divide(&factors);
        // Texts that are long enough for these factors are not accepted.
        tensors.named("rope_factors_long.weight", count)?;
    }
    Ok(())
}

/// The template of a GGUF file, with the names of the begin-of-text and end-of-text tokens.
fn template_of<R: Read + Seek>(file: &Gguf<R>) -> Option<Template> {
    let name_of = |entry: &str| -> String {
        match (file.texts("tokenizer.ggml.tokens"), file.entry(entry)) {
            (Ok(tokens), Some(Value::Integer(place))) => {
                usize::try_from(*place).ok().and_then(|place| tokens.get(place)).unwrap_or_default().to_owned()
            }
            _ => String::new(),
        }
    };
    let Some(Value::Text(source)) = file.entry("tokenizer.chat_template") else { return None };
    let (begin, end) = (name_of("tokenizer.ggml.bos_token_id"), name_of("tokenizer.ggml.eos_token_id"));
    Some(Template::new(source, &begin, &end))
}

/// The number of files that contain the model.
fn parts<R: Read + Seek>(file: &Gguf<R>) -> usize {
    match file.entry("split.count") {
        Some(Value::Integer(count)) => usize::try_from(*count).unwrap_or(0).clamp(1, 4096),
        _ => 1,
    }
}

/// The other files of a model in several files, of which the first is named `NAME-00001-of-00003.gguf`.
fn other_parts<R: Read + Seek>(path: &Path, first: &Gguf<R>) -> Result<Vec<PathBuf>, ModelError> {
    let count = parts(first);
    if count == 1 {
        return Ok(Vec::new());
    }
    let end = format!("-00001-of-{count:05}.gguf");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(stem) = name.strip_suffix(&end) else {
        let text = format!("this is a part of a model in {count} files; name the first, which ends in {end}");
        return Err(ModelError::Damaged { path: path.into(), text });
    };
    let other = |number| path.with_file_name(format!("{stem}-{number:05}-of-{count:05}.gguf"));
    Ok((2..=count).map(other).collect())
}

/// Checks that every part of a model is present exactly once.
fn check_parts<R: Read + Seek>(files: &[Gguf<R>]) -> Result<(), ModelError> {
    let wrong = |what, found: String| GgufError::Impossible { name: "split.count".into(), what, found };
    if parts(&files[0]) != files.len() {
        return Err(wrong("the number of files", format!("{}, and one was given", parts(&files[0]))).into());
    }
    for (place, file) in files.iter().enumerate().skip(1) {
        match file.entry("split.no") {
            Some(Value::Integer(number)) if usize::try_from(*number) == Ok(place) => {}
            other => return Err(wrong("the number of a part", format!("{other:?}")).into()),
        }
        let twice = file
            .tensors()
            .map(|(name, _)| name)
            .find(|name| files[..place].iter().any(|other| other.place(name).is_some()));
        if let Some(name) = twice {
            return Err(wrong("a tensor that is there twice", name.to_owned()).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
