//! One pass of a batch of rows through a model, on the processor.

use std::sync::Arc;

use theoremata_kernels::{Cell, Heads, Kernels, PageShape, Pages, Parallel, Product, Rotary, Slot, f16};

use crate::compute::backend::{Backend, BackendError, Batch, Output, Outputs, Precision, Room, Rows};
use crate::compute::buffers::{Buffer, Buffers, Normed};
use crate::compute::cells::rows;
use crate::compute::mixture::takers;
use crate::compute::watch;
use crate::keep::run::Cells;
use crate::kv::reduced::Watched;
use crate::weights::feed::{Feed, FeedForward, Mixture};
use crate::weights::model::{Layer, Model};
use crate::weights::shape::{LayerAttention, ModelShape, Rotation};
use crate::weights::tensors::Linear;

/// A model, the keys and values of all its layers, and the tables of a pass.
pub(crate) struct Processor {
    /// The weights; may be shared.
    model: Arc<Model>,
    /// The kernels to use.
    kernels: Kernels,
    /// How rows are multiplied with weights.
    rows: Rows,
    /// Rotary angles by position, for each rotation of the model.
    rotaries: Vec<Rotary>,
    /// The layout of keys and values in a page.
    pages: PageShape,
    /// The pages of each layer.
    memory: Memory,
    /// The buffers of a pass.
    buffers: Buffers,
}

/// The keys and values of each layer.
enum Memory {
    Single(Vec<(Vec<f32>, Vec<f32>)>),
    Half(Vec<(Vec<f16>, Vec<f16>)>),
}

impl Processor {
    /// Memory is reserved at once, and touched as pages are used.
    pub(crate) fn new(model: Arc<Model>, kernels: Kernels, rows: Rows, room: Room) -> Processor {
        let Room { pages: capacity, page_tokens, positions, precision } = room;
        let shape = model.shape();
        let pages = PageShape { page_tokens, kv_heads: shape.key_heads, head_dim: shape.head_width };
        let rotary = |rotation: &Rotation| rotary(shape, rotation, positions);
        let rotaries = shape.rotations.iter().map(rotary).collect();
        let memory = match precision {
            Precision::Single => Memory::Single(blank(shape.layers, capacity * pages.cells())),
            Precision::Half => Memory::Half(blank(shape.layers, capacity * pages.cells())),
        };
        Processor { model, kernels, rows, rotaries, pages, memory, buffers: Buffers::default() }
    }
}

/// The rotary angles at positions below `positions`.
pub(crate) fn rotary(shape: &ModelShape, rotation: &Rotation, positions: usize) -> Rotary {
    Rotary::stretching(shape.pairing, shape.head_width, &rotation.frequencies, rotation.magnitude, positions)
}

impl Backend for Processor {
    fn name(&self) -> String {
        format!("the processor ({})", self.kernels.level())
    }

    fn page_bytes(&self) -> usize {
        match &self.memory {
            Memory::Single(layers) => layers.len() * self.pages.cells() * 8,
            Memory::Half(layers) => layers.len() * self.pages.cells() * 4,
        }
    }

    /// The engine draws from the logits itself.
    fn draws(&self) -> bool {
        false
    }

    fn forward(&mut self, parallel: &dyn Parallel, batch: &Batch<'_>) -> Result<Outputs, BackendError> {
        let Processor { model, kernels, rows, rotaries, pages, memory, buffers } = self;
        let cells = reached(*pages, batch.slots);
        let pass = Pass { model, kernels: *kernels, rows: *rows, rotaries, pages: *pages, parallel, batch, buffers };
        let mut watched = vec![Watched::default(); batch.watched.len()];
        let logits = match memory {
            Memory::Single(layers) => {
                reach(layers, cells);
                pass.run(layers, &mut watched)
            }
            Memory::Half(layers) => {
                reach(layers, cells);
                pass.run(layers, &mut watched)
            }
        };
        let vocabulary = model.shape().vocabulary;
        let row = |place: usize| Output::Logits(place * vocabulary..(place + 1) * vocabulary);
        Ok(Outputs { logits, rows: (0..batch.wanted.len()).map(row).collect(), watched })
    }

    fn watches(&self) -> bool {
        true
    }

    fn fetch(&self, slots: &[Slot]) -> Result<Vec<Cells>, BackendError> {
        fn of<C: Cell>(pages: PageShape, layers: &[(Vec<C>, Vec<C>)], slots: &[Slot]) -> Vec<Cells> {
            layers.iter().map(|(keys, values)| rows(pages, Pages { keys, values }, slots.iter().copied())).collect()
        }
        Ok(match &self.memory {
            Memory::Single(layers) => of(self.pages, layers, slots),
            Memory::Half(layers) => of(self.pages, layers, slots),
        })
    }

    fn store(&mut self, slots: &[Slot], cells: &[Cells]) -> Result<(), BackendError> {
        fn to<C: Cell>(pages: PageShape, layers: &mut [(Vec<C>, Vec<C>)], slots: &[Slot], cells: &[Cells]) {
            reach(layers, reached(pages, slots));
            for ((keys, values), from) in layers.iter_mut().zip(cells) {
                pages.store(slots, &from.keys, &from.values, keys, values);
            }
        }
        match &mut self.memory {
            Memory::Single(layers) => to(self.pages, layers, slots, cells),
            Memory::Half(layers) => to(self.pages, layers, slots, cells),
        }
        Ok(())
    }
}

/// Cells up to the highest page of these slots.
fn reached(pages: PageShape, slots: &[Slot]) -> usize {
    slots.iter().map(|slot| slot.page as usize + 1).max().unwrap_or(0) * pages.cells()
}

/// Reserved memory without any cells yet; the system provides it when it is written to.
fn blank<C: Cell>(layers: usize, cells: usize) -> Vec<(Vec<C>, Vec<C>)> {
    (0..layers).map(|_| (Vec::with_capacity(cells), Vec::with_capacity(cells))).collect()
}

/// Creates the cells up to the highest page that is written. The pool hands out low pages first.
fn reach<C: Cell>(layers: &mut [(Vec<C>, Vec<C>)], cells: usize) {
    for (keys, values) in layers {
        if keys.len() < cells {
            keys.resize(cells, C::default());
            values.resize(cells, C::default());
        }
    }
}

struct Pass<'a> {
    model: &'a Model,
    kernels: Kernels,
    rows: Rows,
    rotaries: &'a [Rotary],
    pages: PageShape,
    parallel: &'a dyn Parallel,
    batch: &'a Batch<'a>,
    buffers: &'a Buffers,
}

impl Pass<'_> {
    fn run<C: Cell>(&self, memory: &mut [(Vec<C>, Vec<C>)], watched: &mut [Watched]) -> Vec<f32> {
        let shape = self.model.shape();
        let (rows, width) = (self.batch.tokens.len(), shape.width);
        let mut state = self.buffers.take(rows * width);
        for (token, row) in self.batch.tokens.iter().zip(state.chunks_exact_mut(width)) {
            self.model.embedding.row(*token as usize, row);
        }
        scale(&mut state, shape.embedding_scale);
        for ((layer, attention), (keys, values)) in self.model.layers.iter().zip(&shape.attention).zip(memory) {
            let normed = self.norm(&state, layer.attention_norm.as_deref());
            let attended = self.attention(layer, *attention, &normed, (keys, values), watched);
            drop(normed);
            let attended = self.linear(&layer.output, &attended);
            self.add(&attended, layer.attention_after.as_deref(), &mut state);
            let normed = self.norm(&state, layer.feed_norm.as_deref());
            let fed = self.feed_forward(&layer.feed, &normed);
            drop(normed);
            self.add(&fed, layer.feed_after.as_deref(), &mut state);
        }
        let wanted = self.batch.wanted;
        let mut last = Vec::with_capacity(wanted.len() * width);
        for row in wanted {
            last.extend_from_slice(&state[row.row * width..(row.row + 1) * width]);
        }
        let normed = self.norm(&last, Some(&self.model.norm));
        let mut logits = vec![0.0; wanted.len() * shape.vocabulary];
        let head = self.model.head.as_ref().unwrap_or(&self.model.embedding);
        self.multiply(&normed, wanted.len(), &mut [Product { matrix: head, out: &mut logits }]);
        scale(&mut logits, shape.logit_scale);
        if let Some(cap) = shape.logit_cap {
            self.kernels.soft_cap(&mut logits, cap);
        }
        logits
    }

    /// RMS norm of each row with a gain; without a gain, the rows themselves.
    fn norm<'x>(&'x self, x: &'x [f32], gain: Option<&[f32]>) -> Normed<'x> {
        let Some(gain) = gain else { return Normed::Same(x) };
        let mut normed = self.buffers.take(x.len());
        self.kernels.rms_norm(self.parallel, x, gain, self.model.shape().norm_epsilon, &mut normed);
        Normed::New(normed)
    }

    fn multiply(&self, x: &[f32], rows: usize, products: &mut [Product<'_>]) {
        match self.rows {
            Rows::Rounded => self.kernels.multiply(self.parallel, x, rows, products),
            Rows::Exact => self.kernels.multiply_exactly(self.parallel, x, rows, products),
        }
    }

    fn attention<C: Cell>(
        &self,
        layer: &Layer,
        LayerAttention { rotation, window }: LayerAttention,
        normed: &[f32],
        (keys, values): (&mut [C], &mut [C]),
        watched: &mut [Watched],
    ) -> Buffer<'_> {
        let shape = self.model.shape();
        let rows = self.batch.tokens.len();
        let query_width = shape.heads * shape.head_width;
        let mut queries = self.buffers.take(rows * query_width);
        let mut new_keys = self.buffers.take(rows * shape.key_width());
        let mut new_values = self.buffers.take(rows * shape.key_width());
        let products = &mut [
            Product { matrix: &layer.query.linear.matrix, out: &mut queries },
            Product { matrix: &layer.key.linear.matrix, out: &mut new_keys },
            Product { matrix: &layer.value.linear.matrix, out: &mut new_values },
        ];
        self.multiply(normed, rows, products);
        add_bias(&layer.query.linear, &mut queries);
        add_bias(&layer.key.linear, &mut new_keys);
        add_bias(&layer.value.linear, &mut new_values);
        let queries = self.norm(&queries, layer.query.norm.as_deref());
        let new_keys = self.norm(&new_keys, layer.key.norm.as_deref());
        self.pages.store(self.batch.slots, &new_keys, &new_values, keys, values);
        let heads = Heads {
            queries: shape.heads,
            shape: self.pages,
            scale: shape.attention_scale,
            rotary: &self.rotaries[rotation],
            window,
            cap: shape.attention_cap,
        };
        let mut attended = self.buffers.take(rows * query_width);
        let pages = Pages { keys: &*keys, values: &*values };
        self.kernels.attend(self.parallel, &heads, pages, &queries, self.batch.groups, &mut attended);
        for (watch, watched) in self.batch.watched.iter().zip(watched) {
            watch::layer(self.kernels, &heads, pages, &queries, (self.batch.groups, *watch), watched);
        }
        attended
    }

    fn feed_forward(&self, feed: &FeedForward, normed: &[f32]) -> Buffer<'_> {
        match feed {
            FeedForward::One(feed) => self.feed(feed, normed),
            FeedForward::Mixture(mixture) => self.mixture(mixture, normed),
        }
    }

    fn feed(&self, feed: &Feed, x: &[f32]) -> Buffer<'_> {
        let shape = self.model.shape();
        let rows = x.len() / shape.width;
        let [mut gate, mut up] = [(); 2].map(|()| self.buffers.take(rows * shape.hidden));
        let products = &mut [
            Product { matrix: &feed.gate.matrix, out: &mut gate },
            Product { matrix: &feed.up.matrix, out: &mut up },
        ];
        self.multiply(x, rows, products);
        add_bias(&feed.gate, &mut gate);
        add_bias(&feed.up, &mut up);
        let mut fed = self.buffers.take(rows * shape.hidden);
        self.kernels.gate(shape.activation, self.parallel, &gate, &up, &mut fed);
        self.linear(&feed.down, &fed)
    }

    /// The output of the experts of each row, added in the order of expert numbers.
    fn mixture(&self, Mixture { router, choice, experts }: &Mixture, normed: &[f32]) -> Buffer<'_> {
        let shape = self.model.shape();
        let rows = normed.len() / shape.width;
        let mut shares = self.buffers.take(rows * choice.count);
        self.multiply(normed, rows, &mut [Product { matrix: router, out: &mut shares }]);
        shares.chunks_exact_mut(choice.count).for_each(|row| self.kernels.softmax(row));
        let mut mixed = self.buffers.take(normed.len());
        mixed.fill(0.0);
        let row_of = |row: usize| row * shape.width..(row + 1) * shape.width;
        for (expert, takers) in experts.iter().zip(takers(&shares, *choice)) {
            if takers.is_empty() {
                continue;
            }
            let x: Vec<f32> = takers.iter().flat_map(|(row, _)| &normed[row_of(*row)]).copied().collect();
            let given = self.feed(expert, &x);
            for ((row, share), given) in takers.into_iter().zip(given.chunks_exact(shape.width)) {
                mixed[row_of(row)].iter_mut().zip(given).for_each(|(sum, number)| *sum += number * share);
            }
        }
        mixed
    }

    /// The product of rows with a matrix, plus its bias.
    fn linear(&self, linear: &Linear, x: &[f32]) -> Buffer<'_> {
        let rows = x.len() / linear.matrix.columns();
        let mut product = self.buffers.take(rows * linear.matrix.rows());
        self.multiply(x, rows, &mut [Product { matrix: &linear.matrix, out: &mut product }]);
        add_bias(linear, &mut product);
        product
    }

    /// Adds the output of a sublayer to the rows, after its norm if it has one.
    fn add(&self, product: &[f32], after: Option<&[f32]>, state: &mut [f32]) {
        let factor = self.model.shape().residual_scale;
        let product = self.norm(product, after);
        if factor == 1.0 {
            state.iter_mut().zip(product.iter()).for_each(|(state, product)| *state += product);
        } else {
            state.iter_mut().zip(product.iter()).for_each(|(state, product)| *state += product * factor);
        }
    }
}

/// Adds the bias of a matrix to each row of its output.
fn add_bias(linear: &Linear, rows: &mut [f32]) {
    let Some(bias) = &linear.bias else { return };
    for row in rows.chunks_exact_mut(bias.len()) {
        row.iter_mut().zip(bias).for_each(|(number, bias)| *number += bias);
    }
}

fn scale(numbers: &mut [f32], factor: f32) {
    if factor != 1.0 {
        numbers.iter_mut().for_each(|number| *number *= factor);
    }
}
