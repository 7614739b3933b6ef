//! A reader of the safetensors files in a folder: a single one, or several that an index lists.
//!
//! Files are untrusted: headers are bounded, and a file with a tensor outside of it is refused before anything of it is
//! used.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata};
use theoremata_kernels::Format;

use crate::text::json;
use crate::weights::error::ModelError;

/// The largest header, in bytes; that of a large model takes about 1 MB.
const HEAD_BYTES_MAX: u64 = 64 << 20;
/// The largest number of files of a model: real models have up to about 200.
const SHARDS_MAX: usize = 4096;

/// The place of a tensor.
#[derive(Clone, Debug)]
struct Place {
    shard: usize,
    shape: Vec<usize>,
    dtype: Dtype,
    at: u64,
    bytes: u64,
}

/// The tensors of a folder.
#[derive(Debug)]
pub(crate) struct Shards {
    files: Vec<(PathBuf, File)>,
    places: BTreeMap<String, Place>,
}

impl Shards {
    /// Opens all files and reads their headers.
    pub(crate) fn open(folder: &Path) -> Result<Shards, ModelError> {
        let mut shards = Shards { files: Vec::new(), places: BTreeMap::new() };
        for name in names(folder)? {
            shards.add(folder.join(name))?;
        }
        Ok(shards)
    }

    fn add(&mut self, path: PathBuf) -> Result<(), ModelError> {
        let world = |error| ModelError::World { path: path.clone(), error };
        let damaged = |text: String| ModelError::Damaged { path: path.clone(), text };
        let mut file = File::open(&path).map_err(world)?;
        let length = file.metadata().map_err(world)?.len();
        let mut announced = [0; 8];
        file.read_exact(&mut announced).map_err(|_| damaged(format!("the file has {length} bytes, and no head")))?;
        let head = u64::from_le_bytes(announced);
        if head > HEAD_BYTES_MAX || head + 8 > length {
            return Err(damaged(format!("the file is cut off or damaged: its head is said to have {head} bytes")));
        }
        let mut bytes = Vec::new();
        (&mut file).take(head).read_to_end(&mut bytes).map_err(world)?;
        let metadata: Metadata = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let shard = self.files.len();
        for (name, tensor) in metadata.tensors() {
            let (from, to) = tensor.data_offsets;
            let count = tensor.shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
            let bits = count.and_then(|count| count.checked_mul(tensor.dtype.bitsize()));
            let bytes = to.checked_sub(from).filter(|bytes| bytes.checked_mul(8) == bits);
            let Some(bytes) = bytes.map(|bytes| bytes as u64) else {
                return Err(damaged(format!("tensor {name} has not as many bytes as its sizes ask for")));
            };
            let at = (8 + head).checked_add(from as u64);
            let Some(at) = at.filter(|at| at.checked_add(bytes).is_some_and(|end| end <= length)) else {
                return Err(damaged(format!("the file is cut off: tensor {name} lies beyond its end")));
            };
            let place = Place { shard, shape: tensor.shape.clone(), dtype: tensor.dtype, at, bytes };
            if self.places.insert(name.clone(), place).is_some() {
                return Err(damaged(format!("tensor {name} is there twice")));
            }
        }
        self.files.push((path, file));
        Ok(())
    }

    /// The names of all tensors, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The sizes, slowest first, and the format of a tensor.
    pub(crate) fn find(&self, name: &str) -> Result<Option<(Vec<usize>, Format)>, ModelError> {
        let Some(place) = self.places.get(name) else { return Ok(None) };
        let format = match place.dtype {
            Dtype::F32 => Format::F32,
            Dtype::F16 => Format::F16,
            Dtype::BF16 => Format::Bf16,
            other => {
                let text = format!("tensor {name} holds numbers of type {other:?}; F32, F16 and BF16 are read");
                return Err(ModelError::Damaged { path: self.files[place.shard].0.clone(), text });
            }
        };
        Ok(Some((place.shape.clone(), format)))
    }

    /// A reader of a tensor's bytes.
    pub(crate) fn read(&mut self, name: &str) -> Result<impl Read + use<'_>, ModelError> {
        let missing = || ModelError::Missing(name.to_owned());
        let Place { shard, at, bytes, .. } = self.places.get(name).ok_or_else(missing)?.clone();
        let (path, file) = &mut self.files[shard];
        file.seek(SeekFrom::Start(at)).map_err(|error| ModelError::World { path: path.clone(), error })?;
        Ok(file.take(bytes))
    }
}

/// The files of a folder: those of its index, or the single one.
fn names(folder: &Path) -> Result<Vec<String>, ModelError> {
    const INDEX: &str = "model.safetensors.index.json";
    const ONE: &str = "model.safetensors";
    let damaged = |text: &str| ModelError::Damaged { path: folder.join(INDEX), text: text.into() };
    if !folder.join(ONE).exists() && folder.join(INDEX).exists() {
        let path = folder.join(INDEX);
        let bytes = std::fs::read(&path).map_err(|error| ModelError::World { path: path.clone(), error })?;
        let index = json::read(&bytes).map_err(|error| damaged(&error))?;
        let map = index["weight_map"].as_object().ok_or_else(|| damaged("there is no weight_map"))?;
        let mut names: Vec<String> = Vec::new();
        for name in map.values() {
            let name = name.as_str().unwrap_or_default();
            // A name that leads out of the folder is not a file of the model.
            if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
                return Err(damaged("a file of the weight_map is not a name of this folder"));
            }
            names.push(name.to_owned());
        }
        names.sort();
        names.dedup();
        return if names.len() > SHARDS_MAX { Err(damaged("it lists more than 4,096 files")) } else { Ok(names) };
    }
    let single = "model-00001-of-00001.safetensors";
    let only_single = !folder.join(ONE).exists() && folder.join(single).exists();
    Ok(vec![if only_single { single } else { ONE }.to_owned()])
}
