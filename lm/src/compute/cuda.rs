//! A model on a CUDA device: weights, pages and whole passes, with the bits of the processor.
//!
//! Weights are uploaded once; keys, values and all intermediate results stay on the device. In each step tokens, lists
//! and draws are uploaded; tokens with their log-probabilities are read back, and logits where they are needed.

mod pass;
mod weights;

use std::sync::Arc;

use theoremata_kernels::cuda::{self, Angles, Buffer, Choice, Cuda, CudaError, DevicePages, Plain, Slots};
use theoremata_kernels::{Cell, Draw, PageShape, Parallel, Slot, f16};

use crate::compute::backend::{
    Backend, BackendError, Batch, Drawing, Drawn, Output, Outputs, Precision, Room, Rows, Wanted,
};
use crate::compute::cuda::pass::Pass;
use crate::compute::cuda::weights::DeviceModel;
use crate::compute::processor::rotary;
use crate::keep::run::Cells;
use crate::weights::model::Model;

/// A model on a device, with the KV cache of an engine.
pub(crate) struct CudaBackend {
    cuda: Cuda,
    /// Sizes and constants; its weights are in host memory.
    model: Arc<Model>,
    weights: DeviceModel,
    /// Rotary angles by position, for each rotation of the model.
    angles: Vec<Angles>,
    pages: PageShape,
    /// Pages in each layer.
    capacity: usize,
    memory: Memory,
}

/// The keys and values of each layer.
enum Memory {
    Single(Vec<DevicePages<f32>>),
    Half(Vec<DevicePages<f16>>),
}

impl CudaBackend {
    /// Uploads the weights, and allocates all pages.
    ///
    /// # Errors
    /// If the model needs an operation without a kernel, or the device has too little memory.
    pub(crate) fn open(cuda: Cuda, model: Arc<Model>, rows: Rows, room: Room) -> Result<CudaBackend, BackendError> {
        check(&cuda, &model, rows)?;
        CudaBackend::upload(&cuda, model.clone(), room).map_err(|error| BackendError::Room {
            device: cuda.name(),
            weights: model.bytes().div_ceil(1 << 20),
            pages: (room.pages * page_bytes(&model, room)).div_ceil(1 << 20),
            error,
        })
    }

    fn upload(cuda: &Cuda, model: Arc<Model>, room: Room) -> Result<CudaBackend, CudaError> {
        let shape = model.shape();
        let pages = PageShape { page_tokens: room.page_tokens, kv_heads: shape.key_heads, head_dim: shape.head_width };
        let angles = shape.rotations.iter().map(|rotation| cuda.angles(&rotary(shape, rotation, room.positions)));
        let angles = angles.collect::<Result<_, _>>()?;
        let weights = DeviceModel::upload(cuda, &model)?;
        let layers = 0..shape.layers;
        let memory = match room.precision {
            Precision::Single => {
                Memory::Single(layers.map(|_| cuda.pages(pages, room.pages)).collect::<Result<_, _>>()?)
            }
            Precision::Half => Memory::Half(layers.map(|_| cuda.pages(pages, room.pages)).collect::<Result<_, _>>()?),
        };
        cuda.wait()?;
        Ok(CudaBackend { cuda: cuda.clone(), model, weights, angles, pages, capacity: room.pages, memory })
    }

    fn step(&mut self, batch: &Batch<'_>) -> Result<Outputs, CudaError> {
        let CudaBackend { cuda, model, weights, angles, pages, capacity, memory } = self;
        let vocabulary = model.shape().vocabulary;
        let sets = sets(batch.wanted, vocabulary);
        let choices = choices(batch.wanted, &sets);
        let mut pass = Pass::new(cuda, model.shape(), weights, angles, (*pages, *capacity), batch, &choices)?;
        let logits = match memory {
            Memory::Single(layers) => pass.run(layers)?,
            Memory::Half(layers) => pass.run(layers)?,
        };
        let drawn = if choices.is_empty() { Vec::new() } else { cuda.draw(&logits, pass.choices())? };
        let (mut downloaded, mut rows) = (Vec::new(), Vec::with_capacity(batch.wanted.len()));
        for (place, wanted) in batch.wanted.iter().enumerate() {
            let row = place * vocabulary;
            if wanted.draw.is_some() {
                let cuda::Drawn { token, log_probability, finite } = drawn[place];
                #[cfg(test)]
                let logits = read(&logits, row, vocabulary)?;
                let drawn = Drawn {
                    token,
                    log_probability,
                    finite,
                    #[cfg(test)]
                    logits,
                };
                rows.push(Output::Drawn(drawn));
            } else {
                let from = downloaded.len();
                downloaded.extend(read(&logits, row, vocabulary)?);
                rows.push(Output::Logits(from..from + vocabulary));
            }
        }
        Ok(Outputs { logits: downloaded, rows, watched: Vec::new() })
    }
}

/// Whether there is a kernel for every operation of a model.
pub(crate) fn check(cuda: &Cuda, model: &Model, rows: Rows) -> Result<(), BackendError> {
    let unsupported = |what: String| Err(BackendError::Unsupported { device: cuda.name(), what });
    if rows == Rows::Exact {
        return unsupported(String::from("weights as they are read (`--exact-rows`)"));
    }
    if model.shape().experts.is_some() {
        return unsupported(String::from("mixtures of experts"));
    }
    match model.matrices().find(|matrix| !Cuda::FORMATS.contains(&matrix.format())) {
        Some(matrix) => unsupported(format!("products with weights in {:?}", matrix.format())),
        None => Ok(()),
    }
}

/// The draw of a row whose logits are wanted: its result is ignored.
const IDLE: Choice<'static> =
    Choice { temperature: 0.0, draw: Draw { seed: 0, path: 0, position: 0 }, allowed: None, given: None };

/// Reads some of the logits.
fn read(logits: &Buffer<f32>, from: usize, count: usize) -> Result<Vec<f32>, CudaError> {
    let mut row = vec![0.0; count];
    logits.read(from, &mut row)?;
    Ok(row)
}

/// The tokens that may be drawn after each row, as bit sets.
fn sets(wanted: &[Wanted], vocabulary: usize) -> Vec<Option<Vec<u32>>> {
    let words = |drawing: &Drawing| drawing.allowed.as_ref().map(|allowed| allowed.to_words(vocabulary));
    wanted.iter().map(|wanted| wanted.draw.as_ref().and_then(words)).collect()
}

/// A draw for every row; empty if all rows want logits.
fn choices<'a>(wanted: &[Wanted], sets: &'a [Option<Vec<u32>>]) -> Vec<Choice<'a>> {
    if wanted.iter().all(|wanted| wanted.draw.is_none()) {
        return Vec::new();
    }
    let choice = |drawing: &Drawing, set: &'a Option<Vec<u32>>| Choice {
        temperature: drawing.temperature,
        draw: drawing.draw,
        allowed: set.as_deref(),
        given: drawing.given,
    };
    let pairs = wanted.iter().zip(sets);
    pairs.map(|(wanted, set)| wanted.draw.as_ref().map_or(IDLE, |drawing| choice(drawing, set))).collect()
}

fn page_bytes(model: &Model, room: Room) -> usize {
    let cell = if room.precision == Precision::Single { 4 } else { 2 };
    model.shape().layers * room.page_tokens * model.shape().key_width() * 2 * cell
}

impl Backend for CudaBackend {
    fn name(&self) -> String {
        self.cuda.name()
    }

    fn page_bytes(&self) -> usize {
        let cell = if matches!(self.memory, Memory::Single(_)) { 4 } else { 2 };
        self.model.shape().layers * self.pages.cells() * 2 * cell
    }

    fn draws(&self) -> bool {
        true
    }

    fn forward(&mut self, _: &dyn Parallel, batch: &Batch<'_>) -> Result<Outputs, BackendError> {
        self.step(batch).map_err(|error| BackendError::Device { device: self.cuda.name(), error })
    }

    /// The kernels do not keep attention weights.
    fn watches(&self) -> bool {
        false
    }

    fn fetch(&self, slots: &[Slot]) -> Result<Vec<Cells>, BackendError> {
        fn of<C: Cell + Plain>(
            backend: &CudaBackend,
            layers: &[DevicePages<C>],
            slots: &[Slot],
        ) -> Result<Vec<Cells>, CudaError> {
            let cuda = &backend.cuda;
            let places = cuda.slots(backend.pages, backend.capacity, slots)?;
            let size = slots.len() * backend.pages.token_cells();
            let rows = |pages| {
                let (mut keys, mut values) = (cuda.buffer(size)?, cuda.buffer(size)?);
                cuda.fetch(&places, pages, &mut keys, &mut values)?;
                Ok(Cells { keys: keys.to_vec()?, values: values.to_vec()? })
            };
            layers.iter().map(rows).collect()
        }
        let fetched = match &self.memory {
            Memory::Single(layers) => of(self, layers, slots),
            Memory::Half(layers) => of(self, layers, slots),
        };
        fetched.map_err(|error| BackendError::Device { device: self.cuda.name(), error })
    }

    fn store(&mut self, slots: &[Slot], cells: &[Cells]) -> Result<(), BackendError> {
        fn to<C: Cell + Plain>(
            cuda: &Cuda,
            slots: &Slots,
            layers: &mut [DevicePages<C>],
            cells: &[Cells],
        ) -> Result<(), CudaError> {
            layers.iter_mut().zip(cells).try_for_each(|(pages, cells)| {
                cuda.store(slots, &cuda.upload(&cells.keys)?, &cuda.upload(&cells.values)?, pages)
            })
        }
        let CudaBackend { cuda, pages, capacity, memory, .. } = self;
        let stored = cuda.slots(*pages, *capacity, slots).and_then(|slots| match memory {
            Memory::Single(layers) => to(cuda, &slots, layers, cells),
            Memory::Half(layers) => to(cuda, &slots, layers, cells),
        });
        stored.map_err(|error| BackendError::Device { device: cuda.name(), error })
    }
}
