//! The tensors of a model in any kind of file, and which of them were read.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use theoremata_kernels::{Arena, Format, Matrix, Parallel};

use crate::weights::error::ModelError;
use crate::weights::gguf::{Gguf, GgufError};
use crate::weights::part::{ExpertPart, LayerPart, Part};
use crate::weights::safetensors::Shards;
use crate::weights::shape::{Biases, Family, ModelShape};

/// Tensors that do not affect the result, by the end of their name: frequencies that follow from the configuration.
const HARMLESS: [&str; 2] = [".rotary_emb.inv_freq", ".attn_rot_embd.weight"];

/// Tensors by name.
pub(crate) trait TensorFile {
    /// All names.
    fn names(&self) -> Vec<String>;
    /// The sizes, slowest first, and the format of a tensor; `None` if there is none.
    fn find(&self, name: &str) -> Result<Option<(Vec<usize>, Format)>, ModelError>;
    /// A reader of a tensor's bytes.
    fn read(&mut self, name: &str) -> Result<Box<dyn Read + '_>, ModelError>;
    /// The name of a part in the file, without `.weight` or `.bias`.
    fn name(&self, part: Part) -> String;
    /// What is added to the gains of norms.
    fn gain_offset(&self) -> f32;
}

/// The tensors of a GGUF model, in one file or several.
pub(crate) struct GgufTensors<R> {
    pub(crate) files: Vec<Gguf<R>>,
    pub(crate) family: Family,
}

impl<R: Read + Seek> TensorFile for GgufTensors<R> {
    fn names(&self) -> Vec<String> {
        self.files.iter().flat_map(|file| file.tensors().map(|(name, _)| name.to_owned())).collect()
    }

    fn find(&self, name: &str) -> Result<Option<(Vec<usize>, Format)>, ModelError> {
        let place = self.files.iter().find_map(|file| file.place(name));
        Ok(place.map(|place| (place.shape.iter().rev().copied().collect(), place.format)))
    }

    fn read(&mut self, name: &str) -> Result<Box<dyn Read + '_>, ModelError> {
        let file = self.files.iter_mut().find(|file| file.place(name).is_some());
        let file = file.ok_or_else(|| GgufError::Missing { what: "tensor", name: name.into() })?;
        Ok(Box::new(file.read(name)?))
    }

    fn name(&self, part: Part) -> String {
        part.in_gguf(self.family)
    }

    /// The converter to GGUF has already added it.
    fn gain_offset(&self) -> f32 {
        0.0
    }
}

/// The tensors of a folder.
pub(crate) struct FolderTensors {
    pub(crate) shards: Shards,
    pub(crate) shape: ModelShape,
}

impl TensorFile for FolderTensors {
    fn names(&self) -> Vec<String> {
        self.shards.names().map(str::to_owned).collect()
    }

    fn find(&self, name: &str) -> Result<Option<(Vec<usize>, Format)>, ModelError> {
        self.shards.find(name)
    }

    fn read(&mut self, name: &str) -> Result<Box<dyn Read + '_>, ModelError> {
        Ok(Box::new(self.shards.read(name)?))
    }

    fn name(&self, part: Part) -> String {
        part.in_folder(self.shape.norms)
    }

    fn gain_offset(&self) -> f32 {
        if matches!(self.shape.family, Family::Gemma2 | Family::Gemma3) { 1.0 } else { 0.0 }
    }
}

/// A matrix with its bias.
pub(crate) struct Linear {
    pub(crate) matrix: Matrix,
    pub(crate) bias: Option<Vec<f32>>,
}

/// Reads tensors, and records which were read.
pub(crate) struct Tensors<'t> {
    file: &'t mut dyn TensorFile,
    parallel: &'t dyn Parallel,
    /// The memory of all matrices, in huge pages.
    arena: Arena,
    read: BTreeSet<String>,
}

impl<'t> Tensors<'t> {
    pub(crate) fn new(file: &'t mut dyn TensorFile, parallel: &'t dyn Parallel) -> Tensors<'t> {
        Tensors { file, parallel, arena: Arena::new(), read: BTreeSet::new() }
    }

    pub(crate) fn has(&self, part: Part) -> Result<bool, ModelError> {
        Ok(self.file.find(&format!("{}.weight", self.file.name(part)))?.is_some())
    }

    /// The format of a tensor, if its sizes are as expected.
    fn find(&mut self, name: &str, expected: &[usize]) -> Result<Format, ModelError> {
        let (found, format) = self.file.find(name)?.ok_or_else(|| ModelError::Missing(name.to_owned()))?;
        if found != expected {
            return Err(ModelError::Size { name: name.to_owned(), found, expected: expected.into() });
        }
        self.read.insert(name.to_owned());
        Ok(format)
    }

    /// One matrix of each expert of a layer: in one tensor, or in one each.
    pub(crate) fn of_experts(
        &mut self,
        layer: usize,
        part: ExpertPart,
        count: usize,
        (rows, columns): (usize, usize),
    ) -> Result<Vec<Matrix>, ModelError> {
        let all = format!("{}.weight", self.file.name(Part::Layer(layer, LayerPart::Experts(part))));
        if self.file.find(&all)?.is_some() {
            let format = self.find(&all, &[count, rows, columns])?;
            return self.pack(&all, format, &vec![rows; count], columns);
        }
        let one = |expert| Part::Layer(layer, LayerPart::Expert(expert, part));
        (0..count).map(|expert| self.matrix(one(expert), rows, columns)).collect()
    }

    /// Matrices that are stacked by rows in one tensor, given their numbers of rows.
    fn stacked(&mut self, name: &str, rows: &[usize], columns: usize) -> Result<Vec<Matrix>, ModelError> {
        let format = self.find(name, &[rows.iter().sum(), columns])?;
        self.pack(name, format, rows, columns)
    }

    fn pack(&mut self, name: &str, format: Format, rows: &[usize], columns: usize) -> Result<Vec<Matrix>, ModelError> {
        let mut source = self.file.read(name)?;
        let mut matrices = Vec::new();
        for rows in rows {
            let packed = Matrix::pack_in(&mut self.arena, self.parallel, format, *rows, columns, &mut source);
            matrices.push(packed.map_err(|error| ModelError::Bytes { name: name.to_owned(), error })?);
        }
        Ok(matrices)
    }

    pub(crate) fn matrix(&mut self, part: Part, rows: usize, columns: usize) -> Result<Matrix, ModelError> {
        let name = format!("{}.weight", self.file.name(part));
        let mut matrices = self.stacked(&name, &[rows], columns)?;
        Ok(matrices.remove(0))
    }

    /// The numbers of a one-dimensional tensor.
    fn numbers(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let format = self.find(name, &[length])?;
        let mut bytes = Vec::new();
        self.file.read(name)?.read_to_end(&mut bytes).map_err(GgufError::World)?;
        let wrong = |error| ModelError::Bytes { name: name.to_owned(), error };
        if format.bytes(1, length).map_err(|error| wrong(error.into()))? != bytes.len() {
            return Err(GgufError::World(std::io::ErrorKind::UnexpectedEof.into()).into());
        }
        let mut numbers = vec![0.0; length];
        format.dequantise(&bytes, &mut numbers);
        Ok(numbers)
    }

    /// The gain of a norm.
    pub(crate) fn gain(&mut self, part: Part, length: usize) -> Result<Vec<f32>, ModelError> {
        let name = format!("{}.weight", self.file.name(part));
        let offset = self.file.gain_offset();
        Ok(self.numbers(&name, length)?.iter().map(|gain| gain + offset).collect())
    }

    /// The numbers of a tensor with this name, if there is one.
    pub(crate) fn named(&mut self, name: &str, length: usize) -> Result<Option<Vec<f32>>, ModelError> {
        if self.file.find(name)?.is_none() { Ok(None) } else { self.numbers(name, length).map(Some) }
    }

    fn bias(&mut self, part: Part, biases: Biases, length: usize) -> Result<Option<Vec<f32>>, ModelError> {
        let name = format!("{}.bias", self.file.name(part));
        match biases {
            Biases::Never => Ok(None),
            Biases::Always => self.numbers(&name, length).map(Some),
            Biases::IfThere => self.named(&name, length),
        }
    }

    /// A matrix with its bias.
    pub(crate) fn linear(
        &mut self,
        part: Part,
        (rows, columns): (usize, usize),
        biases: Biases,
    ) -> Result<Linear, ModelError> {
        Ok(Linear { matrix: self.matrix(part, rows, columns)?, bias: self.bias(part, biases, rows)? })
    }

    /// Matrices that are stacked by rows in one tensor, with their biases, given their numbers of rows.
    pub(crate) fn linears(
        &mut self,
        part: Part,
        (rows, columns): (&[usize], usize),
        biases: Biases,
    ) -> Result<Vec<Linear>, ModelError> {
        let name = format!("{}.weight", self.file.name(part));
        let matrices = self.stacked(&name, rows, columns)?;
        let bias = self.bias(part, biases, rows.iter().sum())?;
        let mut left = bias.as_deref();
        let parted = matrices.into_iter().zip(rows).map(|(matrix, rows)| {
            let (own, rest) = left.map(|left| left.split_at(*rows)).unzip();
            left = rest;
            Linear { matrix, bias: own.map(<[f32]>::to_vec) }
        });
        Ok(parted.collect())
    }

    /// Marks a part as not needed, though it may exist.
    pub(crate) fn pass_over(&mut self, part: Part) {
        self.read.insert(format!("{}.weight", self.file.name(part)));
    }

    /// Refuses tensors that were not read.
    pub(crate) fn refuse_unread(&self) -> Result<(), ModelError> {
        let harmless = |name: &String| HARMLESS.iter().any(|end| name.ends_with(end));
        let mut unread: Vec<String> =
            self.file.names().into_iter().filter(|name| !self.read.contains(name) && !harmless(name)).collect();
        unread.sort();
        if unread.is_empty() { Ok(()) } else { Err(ModelError::Unread(unread)) }
    }
}
