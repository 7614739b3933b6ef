//! The input of a step, uploaded in one piece.

use crate::attention::Group;
use crate::cuda::attention::Angles;
use crate::cuda::buffer::{Buffer, Plain, bytes_of};
use crate::cuda::lists::{Lists, Planned, Slots};
use crate::cuda::rows::{Choice, Choices};
use crate::cuda::{Cuda, CudaError};
use crate::pages::{PageShape, Slot};

/// The alignment of values in the upload, enough for any that kernels read.
const ALIGN: usize = 16;

/// Row numbers, on a device.
pub struct Indices {
    /// All numbers are below this.
    pub(crate) bound: usize,
    pub(crate) numbers: Buffer<u32>,
}

impl Indices {
    /// Number of row numbers.
    pub fn length(&self) -> usize {
        self.numbers.length()
    }
}

/// The input of a step.
#[derive(Clone, Copy)]
pub struct StepPlan<'a> {
    /// Query heads.
    pub heads: usize,
    /// The dimensions of pages.
    pub shape: PageShape,
    /// Pages in each layer.
    pub pages: usize,
    /// What rows see.
    pub groups: &'a [Group<'a>],
    /// The largest number of attention weights in memory at a time, see [`Cuda::lists`].
    pub weights_max: usize,
    /// The slots of the rows' keys and values.
    pub slots: &'a [Slot],
    /// The token of each row.
    pub tokens: &'a [u32],
    /// Rows whose output is needed.
    pub wanted: &'a [u32],
    /// How tokens are drawn from the wanted rows; empty if none is.
    pub choices: &'a [Choice<'a>],
    /// The size of the vocabulary.
    pub vocabulary: usize,
}

/// The input of a step, on a device.
pub struct Step {
    /// What rows see.
    pub lists: Lists,
    /// The slots of keys and values.
    pub slots: Slots,
    /// The token of each row.
    pub tokens: Indices,
    /// Rows whose output is needed.
    pub wanted: Indices,
    /// How tokens are drawn.
    pub choices: Choices,
}

/// Values that are uploaded together. Each gets its place before it is on the device, so nothing with a place leaves
/// this crate before the upload.
pub(crate) struct Uploads {
    bytes: Vec<u8>,
    places: Option<Buffer<u8>>,
}

impl Uploads {
    /// An empty upload.
    fn new() -> Uploads {
        Uploads { bytes: Vec::new(), places: None }
    }

    /// Adds values, and returns their place.
    pub(crate) fn put<T: Plain>(&mut self, values: &[T]) -> Placed<T> {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGN), 0);
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes_of(values));
        Placed { from, length: values.len(), values: std::marker::PhantomData }
    }

    /// Uploads everything.
    fn send(&mut self, cuda: &Cuda) -> Result<(), CudaError> {
        self.places = Some(cuda.upload(&self.bytes)?);
        Ok(())
    }

    /// The values at a place, after the upload.
    pub(crate) fn get<T: Plain>(&self, placed: &Placed<T>) -> Buffer<T> {
        let sent = self.places.as_ref().expect("sent before anything is asked for");
        sent.part(placed.from, placed.length)
    }
}

/// The place of values in an upload.
pub(crate) struct Placed<T> {
    from: usize,
    length: usize,
    values: std::marker::PhantomData<T>,
}

impl Cuda {
    /// Uploads the whole input of a step, in one copy.
    ///
    /// # Panics
    /// As [`Cuda::lists`], [`Cuda::slots`] and [`Cuda::draw`].
    pub fn step(&self, plan: &StepPlan<'_>, angles: &Angles) -> Result<Step, CudaError> {
        let StepPlan { heads, shape, pages, groups, weights_max, slots, tokens, wanted, choices, vocabulary } = *plan;
        let mut uploads = Uploads::new();
        let lists = Planned::new(&mut uploads, (heads, shape, pages), angles, groups, weights_max);
        let places = Slots::put(&mut uploads, shape, pages, slots);
        let numbers = [tokens, wanted].map(|numbers| uploads.put(numbers));
        let lines = Choices::put(&mut uploads, vocabulary, choices);
        uploads.send(self)?;
        let indices = |placed, numbers: &[u32]| Indices {
            bound: numbers.iter().max().map_or(0, |largest| *largest as usize + 1),
            numbers: uploads.get(placed),
        };
        Ok(Step {
            lists: lists.sent(self, &uploads)?,
            slots: Slots { shape, pages, places: uploads.get(&places) },
            tokens: indices(&numbers[0], tokens),
            wanted: indices(&numbers[1], wanted),
            choices: lines.sent(&uploads),
        })
    }

    /// Prepares attention of `heads` query heads over `pages` pages of `shape`: the visibility rule and all meanings
    /// are those of [`Group`].
    ///
    /// Attention keeps a weight for each row, head and visible token. Rows are computed together as long as these are
    /// no more than `weights_max`; a single row may have more.
    ///
    /// # Panics
    /// If a row sees more than is listed, or a position or page is outside the tables.
    pub fn lists(
        &self,
        heads: usize,
        shape: PageShape,
        angles: &Angles,
        pages: usize,
        groups: &[Group<'_>],
        weights_max: usize,
    ) -> Result<Lists, CudaError> {
        let mut uploads = Uploads::new();
        let planned = Planned::new(&mut uploads, (heads, shape, pages), angles, groups, weights_max);
        uploads.send(self)?;
        planned.sent(self, &uploads)
    }

    /// Prepares writing rows into `pages` pages of `shape`.
    ///
    /// # Panics
    /// If a slot is outside the pages, or occurs twice: both rows would be written at once.
    pub fn slots(&self, shape: PageShape, pages: usize, slots: &[Slot]) -> Result<Slots, CudaError> {
        let mut uploads = Uploads::new();
        let places = Slots::put(&mut uploads, shape, pages, slots);
        uploads.send(self)?;
        Ok(Slots { shape, pages, places: uploads.get(&places) })
    }

    /// Uploads row numbers.
    pub fn indices(&self, numbers: &[u32]) -> Result<Indices, CudaError> {
        let bound = numbers.iter().max().map_or(0, |largest| *largest as usize + 1);
        Ok(Indices { bound, numbers: self.upload(numbers)? })
    }

    /// Uploads how tokens are drawn from rows of logits over `vocabulary` tokens.
    ///
    /// # Panics
    /// If a given token is outside the vocabulary, or a set has the wrong length.
    pub fn choices(&self, vocabulary: usize, choices: &[Choice<'_>]) -> Result<Choices, CudaError> {
        let mut uploads = Uploads::new();
        let lines = Choices::put(&mut uploads, vocabulary, choices);
        uploads.send(self)?;
        Ok(lines.sent(&uploads))
    }
}
