//! A model: its shape, its weights packed for the kernels, its vocabulary and its template.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde_json::Value as Json;
use theoremata_kernels::{Arena, Format, Inline, Matrix, PackError, Parallel};

use crate::text::template::Template;
use crate::text::tokenizer::{Tokenizer, TokenizerError};
use crate::weights::gguf::{Gguf, GgufError, Value};
use crate::weights::shape::{Family, ModelShape, ModelShapeError};

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    World {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is no good GGUF.
    #[error(transparent)]
    File(#[from] GgufError),
    /// The shape is none that is computed here.
    #[error(transparent)]
    ModelShape(#[from] ModelShapeError),
    /// The vocabulary cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A tensor is missing.
    #[error("there is no tensor {0}")]
    Missing(String),
    /// A tensor is not as large as the shape says.
    #[error("tensor {name} is {found:?} and should be {expected:?}")]
    Size {
        /// Its name.
        name: String,
        /// Rows and columns found.
        found: Vec<usize>,
        /// Rows and columns expected.
        expected: Vec<usize>,
    },
    /// The bytes of a tensor cannot be read, or do not fit its shape.
    #[error("tensor {name}: {error}")]
    Bytes {
        /// Its name.
        name: String,
        /// What is wrong.
        error: PackError,
    },
    /// A file of weights or a configuration in another form than expected.
    #[error("{path}: {text}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
}

/// Matrices and vectors of one layer.
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query: Projection,
    pub(crate) key: Projection,
    pub(crate) value: Projection,
    pub(crate) output: Matrix,
    pub(crate) feed_norm: Vec<f32>,
    pub(crate) gate: Matrix,
    pub(crate) up: Matrix,
    pub(crate) down: Matrix,
}

/// What makes queries, keys or values of a row.
pub(crate) struct Projection {
    pub(crate) matrix: Matrix,
    /// Added, in Qwen 2.
    pub(crate) bias: Option<Vec<f32>>,
    /// Gain of the norm of each head, in Qwen 3.
    pub(crate) norm: Option<Vec<f32>>,
}

/// A model that is ready to compute.
pub struct Model {
    shape: ModelShape,
    pub(crate) embedding: Matrix,
    pub(crate) layers: Vec<Layer>,
    pub(crate) norm: Vec<f32>,
    /// What makes logits; none where the embedding does.
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
    /// Loads a GGUF file, or a folder as the Hugging Face libraries write it: `config.json`,
    /// `model.safetensors`, and perhaps `tokenizer.json` and a chat template.
    pub fn load(path: &Path) -> Result<Model, ModelError> {
        Model::load_on(path, &Inline)
    }

    /// The same on several threads: most of the time goes to memory that the system has to find, and threads find
    /// it side by side.
    pub fn load_on(path: &Path, parallel: &dyn Parallel) -> Result<Model, ModelError> {
        if path.is_dir() {
            return Model::from_folder(path);
        }
        let file = File::open(path).map_err(|error| ModelError::World { path: path.into(), error })?;
        Model::from_gguf(file, parallel)
    }

    /// Loads a GGUF file. Tensors are read and packed piece by piece: at no time is more in memory than the
    /// packed weights and one piece.
    pub fn from_gguf<R: Read + Seek>(source: R, parallel: &dyn Parallel) -> Result<Model, ModelError> {
        let mut file = Gguf::open(source)?;
        let shape = ModelShape::from_gguf(&file)?;
        let tokenizer = match file.entry("tokenizer.ggml.model") {
            Some(_) => Some(Tokenizer::from_gguf(&file)?),
            None => None,
        };
        let name_of = |entry: &str| -> String {
            match (file.texts("tokenizer.ggml.tokens"), file.entry(entry)) {
                (Ok(tokens), Some(Value::Integer(place))) => {
                    usize::try_from(*place).ok().and_then(|place| tokens.get(place)).unwrap_or_default().to_owned()
                }
                _ => String::new(),
            }
        };
        let template = match file.entry("tokenizer.chat_template") {
            Some(Value::Text(source)) => {
                let (begin, end) = (name_of("tokenizer.ggml.bos_token_id"), name_of("tokenizer.ggml.eos_token_id"));
                Some(Template::new(source, &begin, &end))
            }
            _ => None,
        };
        let name = file.text("general.name").unwrap_or("unnamed").chars().take(100).collect();
        file.forget_entries();
        let mut model = Model::assemble(shape, &mut GgufWeights { file, arena: Arena::new(), parallel })?;
        (model.tokenizer, model.template, model.name) = (tokenizer, template, name);
        Ok(model)
    }

    fn from_folder(folder: &Path) -> Result<Model, ModelError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| ModelError::World { path, error })
        };
        let damaged = |name: &str, text: String| ModelError::Damaged { path: folder.join(name), text };
        let config =
            serde_json::from_slice(&read("config.json")?).map_err(|error| damaged("config.json", error.to_string()))?;
        let shape = ModelShape::from_json(&config)?;
        let path = folder.join("model.safetensors");
        File::open(&path).map_err(|error| ModelError::World { path: path.clone(), error })?;
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu)
            .map_err(|error| damaged("model.safetensors", error.to_string()))?;
        let mut model = Model::assemble(shape, &mut FolderWeights { path, tensors })?;
        if folder.join("tokenizer.json").exists() {
            model.tokenizer = Some(Tokenizer::from_json(&read("tokenizer.json")?)?);
        }
        // The template stands in a file of its own, or in the configuration of the tokenizer.
        let config = read("tokenizer_config.json").ok().and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok());
        let config = config.unwrap_or_default();
        let named = |name: &str| config[name].as_str().or(config[name]["content"].as_str()).unwrap_or_default();
        let source = match read("chat_template.jinja") {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(_) => config["chat_template"].as_str().map(str::to_owned),
        };
        if let Some(source) = source {
            model.template = Some(Template::new(&source, named("bos_token"), named("eos_token")));
        }
        model.name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(model)
    }

    fn assemble(shape: ModelShape, weights: &mut dyn Weights) -> Result<Model, ModelError> {
        let (width, hidden) = (shape.width, shape.hidden);
        let (query_width, key_width) = (shape.heads * shape.head_width, shape.key_width());
        let embedding = weights.matrix(Part::Embedding, shape.vocabulary, width)?;
        let mut layers = Vec::new();
        for layer in 0..shape.layers {
            let of = |part| Part::Layer(layer, part);
            let mut projection = |part, bias, norm, rows| -> Result<Projection, ModelError> {
                Ok(Projection {
                    matrix: weights.matrix(of(part), rows, width)?,
                    bias: match (shape.family, bias) {
                        (Family::Qwen2, Some(bias)) => Some(weights.vector(of(bias), rows)?),
                        _ => None,
                    },
                    norm: match (shape.family, norm) {
                        (Family::Qwen3, Some(norm)) => Some(weights.vector(of(norm), shape.head_width)?),
                        _ => None,
                    },
                })
            };
            let query =
                projection(LayerPart::Query, Some(LayerPart::QueryBias), Some(LayerPart::QueryNorm), query_width)?;
            let key = projection(LayerPart::Key, Some(LayerPart::KeyBias), Some(LayerPart::KeyNorm), key_width)?;
            let value = projection(LayerPart::Value, Some(LayerPart::ValueBias), None, key_width)?;
            layers.push(Layer {
                attention_norm: weights.vector(of(LayerPart::AttentionNorm), width)?,
                query,
                key,
                value,
                output: weights.matrix(of(LayerPart::Output), width, query_width)?,
                feed_norm: weights.vector(of(LayerPart::FeedNorm), width)?,
                gate: weights.matrix(of(LayerPart::Gate), hidden, width)?,
                up: weights.matrix(of(LayerPart::Up), hidden, width)?,
                down: weights.matrix(of(LayerPart::Down), width, hidden)?,
            });
        }
        let norm = weights.vector(Part::Norm, width)?;
        let head = match weights.has(Part::Head) {
            true => Some(weights.matrix(Part::Head, shape.vocabulary, width)?),
            false => None,
        };
        Ok(Model { shape, embedding, layers, norm, head, tokenizer: None, template: None, name: String::new() })
    }

    /// Sizes and constants.
    pub fn shape(&self) -> &ModelShape {
        &self.shape
    }

    /// The vocabulary, where the file has one.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        self.tokenizer.as_ref()
    }

    /// The chat template, where the file has one.
    pub fn template(&self) -> Option<&Template> {
        self.template.as_ref()
    }

    /// What the file calls the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Memory of the packed weights, in bytes.
    pub fn bytes(&self) -> usize {
        let of_layer = |layer: &Layer| {
            let projections = [&layer.query.matrix, &layer.key.matrix, &layer.value.matrix];
            let others = [&layer.output, &layer.gate, &layer.up, &layer.down];
            projections.iter().chain(&others).map(|matrix| matrix.bytes()).sum::<usize>()
        };
        let layers: usize = self.layers.iter().map(of_layer).sum();
        layers + self.embedding.bytes() + self.head.as_ref().map_or(0, Matrix::bytes)
    }
}

/// A part of a model, whatever a file calls it.
#[derive(Clone, Copy)]
enum Part {
    Embedding,
    Layer(usize, LayerPart),
    Norm,
    Head,
}

#[derive(Clone, Copy)]
enum LayerPart {
    AttentionNorm,
    Query,
    QueryBias,
    QueryNorm,
    Key,
    KeyBias,
    KeyNorm,
    Value,
    ValueBias,
    Output,
    FeedNorm,
    Gate,
    Up,
    Down,
}

/// A file of weights.
trait Weights {
    fn has(&self, part: Part) -> bool;
    fn matrix(&mut self, part: Part, rows: usize, columns: usize) -> Result<Matrix, ModelError>;
    fn vector(&mut self, part: Part, length: usize) -> Result<Vec<f32>, ModelError>;
}

struct GgufWeights<'p, R> {
    file: Gguf<R>,
    parallel: &'p dyn Parallel,
    /// Where the matrices lie side by side, in huge pages.
    arena: Arena,
}

impl<R> GgufWeights<'_, R> {
    fn name(part: Part) -> String {
        match part {
            Part::Embedding => "token_embd.weight".into(),
            Part::Norm => "output_norm.weight".into(),
            Part::Head => "output.weight".into(),
            Part::Layer(layer, part) => {
                let name = match part {
                    LayerPart::AttentionNorm => "attn_norm.weight",
                    LayerPart::Query => "attn_q.weight",
                    LayerPart::QueryBias => "attn_q.bias",
                    LayerPart::QueryNorm => "attn_q_norm.weight",
                    LayerPart::Key => "attn_k.weight",
                    LayerPart::KeyBias => "attn_k.bias",
                    LayerPart::KeyNorm => "attn_k_norm.weight",
                    LayerPart::Value => "attn_v.weight",
                    LayerPart::ValueBias => "attn_v.bias",
                    LayerPart::Output => "attn_output.weight",
                    LayerPart::FeedNorm => "ffn_norm.weight",
                    LayerPart::Gate => "ffn_gate.weight",
                    LayerPart::Up => "ffn_up.weight",
                    LayerPart::Down => "ffn_down.weight",
                };
                format!("blk.{layer}.{name}")
            }
        }
    }
}

impl<R: Read + Seek> GgufWeights<'_, R> {
    /// The name and the format of a tensor whose sizes, slowest first, are as expected.
    fn find(&self, part: Part, expected: &[usize]) -> Result<(String, Format), ModelError> {
        let name = Self::name(part);
        let place = self.file.place(&name).ok_or_else(|| ModelError::Missing(name.clone()))?;
        let found: Vec<usize> = place.shape.iter().rev().copied().collect();
        if found != expected {
            return Err(ModelError::Size { name, found, expected: expected.into() });
        }
        Ok((name, place.format))
    }
}

impl<R: Read + Seek> Weights for GgufWeights<'_, R> {
    fn has(&self, part: Part) -> bool {
        self.file.place(&Self::name(part)).is_some()
    }

    fn matrix(&mut self, part: Part, rows: usize, columns: usize) -> Result<Matrix, ModelError> {
        let (name, format) = self.find(part, &[rows, columns])?;
        let mut source = self.file.read(&name)?;
        let packed = Matrix::pack_in(&mut self.arena, self.parallel, format, rows, columns, &mut source);
        packed.map_err(|error| ModelError::Bytes { name, error })
    }

    fn vector(&mut self, part: Part, length: usize) -> Result<Vec<f32>, ModelError> {
        let (name, format) = self.find(part, &[length])?;
        let mut source = self.file.read(&name)?;
        let mut bytes = vec![0; source.limit() as usize];
        source.read_exact(&mut bytes).map_err(GgufError::World)?;
        let mut numbers = vec![0.0; length];
        format.dequantise(&bytes, &mut numbers);
        Ok(numbers)
    }
}

struct FolderWeights {
    path: PathBuf,
    tensors: HashMap<String, Tensor>,
}

impl FolderWeights {
    fn name(part: Part) -> String {
        match part {
            Part::Embedding => "model.embed_tokens.weight".into(),
            Part::Norm => "model.norm.weight".into(),
            Part::Head => "lm_head.weight".into(),
            Part::Layer(layer, part) => {
                let name = match part {
                    LayerPart::AttentionNorm => "input_layernorm.weight",
                    LayerPart::Query => "self_attn.q_proj.weight",
                    LayerPart::QueryBias => "self_attn.q_proj.bias",
                    LayerPart::QueryNorm => "self_attn.q_norm.weight",
                    LayerPart::Key => "self_attn.k_proj.weight",
                    LayerPart::KeyBias => "self_attn.k_proj.bias",
                    LayerPart::KeyNorm => "self_attn.k_norm.weight",
                    LayerPart::Value => "self_attn.v_proj.weight",
                    LayerPart::ValueBias => "self_attn.v_proj.bias",
                    LayerPart::Output => "self_attn.o_proj.weight",
                    LayerPart::FeedNorm => "post_attention_layernorm.weight",
                    LayerPart::Gate => "mlp.gate_proj.weight",
                    LayerPart::Up => "mlp.up_proj.weight",
                    LayerPart::Down => "mlp.down_proj.weight",
                };
                format!("model.layers.{layer}.{name}")
            }
        }
    }

    /// Takes a tensor out, so that it is dropped when it is packed.
    fn take(&mut self, part: Part, expected: &[usize]) -> Result<Tensor, ModelError> {
        let name = Self::name(part);
        let tensor = self.tensors.remove(&name).ok_or_else(|| ModelError::Missing(name.clone()))?;
        if tensor.dims() != expected {
            return Err(ModelError::Size { name, found: tensor.dims().into(), expected: expected.into() });
        }
        Ok(tensor)
    }

    fn damaged(&self, error: &candle_core::Error) -> ModelError {
        ModelError::Damaged { path: self.path.clone(), text: error.to_string() }
    }
}

impl Weights for FolderWeights {
    fn has(&self, part: Part) -> bool {
        self.tensors.contains_key(&Self::name(part))
    }

    fn matrix(&mut self, part: Part, rows: usize, columns: usize) -> Result<Matrix, ModelError> {
        let tensor = self.take(part, &[rows, columns])?;
        // Half of the memory where the file is content with half of the bits.
        if tensor.dtype() == DType::BF16 {
            let numbers = tensor.flatten_all().and_then(|flat| flat.to_vec1::<half::bf16>());
            let numbers = numbers.map_err(|error| self.damaged(&error))?;
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let packed = Matrix::pack(Format::Bf16, rows, columns, &bytes);
            return packed.map_err(|error| ModelError::Bytes { name: Self::name(part), error: error.into() });
        }
        let numbers = floats(&tensor).map_err(|error| self.damaged(&error))?;
        Ok(Matrix::from_floats(rows, columns, &numbers))
    }

    fn vector(&mut self, part: Part, length: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.take(part, &[length])?;
        floats(&tensor).map_err(|error| self.damaged(&error))
    }
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>, candle_core::Error> {
    tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
}

#[cfg(test)]
mod tests;
