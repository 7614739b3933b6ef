//! What a device is told of a step, in one piece.

use crate::attention::Group;
use crate::cuda::attention::Angles;
use crate::cuda::buffer::{Buffer, Plain, bytes_of};
use crate::cuda::lists::{Lists, Planned, Slots};
use crate::cuda::rows::{Choice, Choices};
use crate::cuda::{Cuda, CudaError};
use crate::pages::{PageShape, Slot};

/// Where values begin among others: aligned for any that kernels take.
const ALIGN: usize = 16;

/// Rows by their numbers, on a device.
pub struct Indices {
    /// All numbers are below it.
    pub(crate) bound: usize,
    pub(crate) numbers: Buffer<u32>,
}

impl Indices {
    /// How many there are.
    pub fn length(&self) -> usize {
        self.numbers.length()
    }
}

/// What is told of a step.
#[derive(Clone, Copy)]
pub struct StepPlan<'a> {
    /// Query heads.
    pub heads: usize,
    /// The measures of pages.
    pub shape: PageShape,
    /// Pages of each layer.
    pub pages: usize,
    /// What rows see.
    pub groups: &'a [Group<'a>],
    /// The most weights that attention keeps at a time, see [`Cuda::lists`].
    pub weights_max: usize,
    /// Where keys and values of rows go.
    pub slots: &'a [Slot],
    /// The token of each row.
    pub tokens: &'a [u32],
    /// Rows of which something is wanted.
    pub wanted: &'a [u32],
    /// How tokens are drawn behind the wanted rows; empty if none is.
    pub choices: &'a [Choice<'a>],
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
}

/// A step on a device.
pub struct Step {
    /// What rows see.
    pub lists: Lists,
    /// Where keys and values go.
    pub slots: Slots,
    /// The token of each row.
    pub tokens: Indices,
    /// Rows of which something is wanted.
    pub wanted: Indices,
    /// How tokens are drawn.
    pub choices: Choices,
}

/// Values that go to a device together. Each is given its place before it is there, so nothing that has one leaves this
/// crate before all are sent.
pub(crate) struct Uploads {
    bytes: Vec<u8>,
    places: Option<Buffer<u8>>,
}

impl Uploads {
    /// Nothing yet.
    fn new() -> Uploads {
        Uploads { bytes: Vec::new(), places: None }
    }

    /// Takes values in, and says where they begin.
    pub(crate) fn put<T: Plain>(&mut self, values: &[T]) -> Placed<T> {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGN), 0);
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes_of(values));
        Placed { from, length: values.len(), values: std::marker::PhantomData }
    }

    /// Sends all that was put.
    fn send(&mut self, cuda: &Cuda) -> Result<(), CudaError> {
        self.places = Some(cuda.upload(&self.bytes)?);
        Ok(())
    }

    /// Values that were sent.
    pub(crate) fn get<T: Plain>(&self, placed: &Placed<T>) -> Buffer<T> {
        let sent = self.places.as_ref().expect("sent before anything is asked for");
        sent.part(placed.from, placed.length)
    }
}

/// Where values lie among those that are sent together.
pub(crate) struct Placed<T> {
    from: usize,
    length: usize,
    values: std::marker::PhantomData<T>,
}

impl Cuda {
    /// Uploads all that a step is told, in one copy.
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

    /// Prepares attention of `heads` query heads over pages of `shape`, of which there are `pages`: the rule of
    /// visibility and all meanings are those of [`Group`].
    ///
    /// Attention keeps a weight for each row, head and token seen. Rows are done together as long as these are no
    /// more than `weights_max`; a row alone may have more.
    ///
    /// # Panics
    /// If a row sees more than is listed, or a position or page lies outside of the tables.
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

    /// Prepares the storing of rows into pages of `shape`, of which there are `pages`.
    ///
    /// # Panics
    /// If a slot lies outside of the pages, or stands there twice: both rows would be written at once.
    pub fn slots(&self, shape: PageShape, pages: usize, slots: &[Slot]) -> Result<Slots, CudaError> {
        let mut uploads = Uploads::new();
        let places = Slots::put(&mut uploads, shape, pages, slots);
        uploads.send(self)?;
        Ok(Slots { shape, pages, places: uploads.get(&places) })
    }

    /// Uploads numbers of rows.
    pub fn indices(&self, numbers: &[u32]) -> Result<Indices, CudaError> {
        let bound = numbers.iter().max().map_or(0, |largest| *largest as usize + 1);
        Ok(Indices { bound, numbers: self.upload(numbers)? })
    }

    /// Uploads how tokens are drawn from rows of logits of `vocabulary` tokens.
    ///
    /// # Panics
    /// If a given token is none of them, or a set has another length than it takes.
    pub fn choices(&self, vocabulary: usize, choices: &[Choice<'_>]) -> Result<Choices, CudaError> {
        let mut uploads = Uploads::new();
        let lines = Choices::put(&mut uploads, vocabulary, choices);
        uploads.send(self)?;
        Ok(lines.sent(&uploads))
    }
}
