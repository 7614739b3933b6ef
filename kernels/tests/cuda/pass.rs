//! A forward pass through a model, composed of device operations as in an engine.

use theoremata_kernels::cuda::{Angles, Buffer, Cuda, CudaError, DevicePages, Lists, Product, Scoring, Slots, Weights};
use theoremata_kernels::{Activation, Format, Group, Matrix, PageShape, Pairing, Rotary, Slot, Span, f16};

/// The dimensions of a model of the Llama family.
#[derive(Clone, Copy)]
pub(crate) struct Measures {
    pub(crate) width: usize,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) shape: PageShape,
    pub(crate) layers: usize,
    pub(crate) vocabulary: usize,
    /// The formats of the layers' matrices, and of the matrix for embeddings and logits.
    pub(crate) formats: [Format; 2],
}

pub(crate) const EPSILON: f32 = 1e-5;

impl Measures {
    /// Rows and columns of a layer's matrices: query, key, value, output, gate, up, down.
    pub(crate) fn matrices(&self) -> [(usize, usize); 7] {
        let (queries, keys) = (self.heads * self.shape.head_dim, self.shape.token_cells());
        [
            (queries, self.width),
            (keys, self.width),
            (keys, self.width),
            (self.width, queries),
            (self.hidden, self.width),
            (self.hidden, self.width),
            (self.width, self.hidden),
        ]
    }

    pub(crate) fn scale(&self) -> f32 {
        1.0 / (self.shape.head_dim as f32).sqrt()
    }

    pub(crate) fn scoring(&self) -> Scoring {
        Scoring { scale: self.scale(), window: None, cap: None }
    }
}

/// A model on a device; all its norms share one gain vector.
pub(crate) struct Model {
    pub(crate) measures: Measures,
    layers: Vec<Vec<Weights>>,
    embedding: Weights,
    gain: Buffer<f32>,
}

/// The rows of several sequences in one step: their inputs and cache slots, and the rows whose logits are computed.
pub(crate) struct Step {
    pub(crate) lists: Lists,
    pub(crate) slots: Slots,
    pub(crate) angles: Angles,
    pub(crate) tokens: Vec<u32>,
    pub(crate) asking: Vec<u32>,
}

impl Model {
    pub(crate) fn new(
        cuda: &Cuda,
        measures: Measures,
        layers: &[Vec<Matrix>],
        embedding: &Matrix,
        gain: &[f32],
    ) -> Result<Model, CudaError> {
        let upload = |layer: &Vec<Matrix>| layer.iter().map(|matrix| cuda.weights(matrix)).collect();
        Ok(Model {
            measures,
            layers: layers.iter().map(upload).collect::<Result<_, _>>()?,
            embedding: cuda.weights(embedding)?,
            gain: cuda.upload(gain)?,
        })
    }

    /// A KV cache of `pages` pages per layer, filled with ones.
    pub(crate) fn memory(&self, cuda: &Cuda, pages: usize) -> Result<Vec<DevicePages<f16>>, CudaError> {
        let shape = self.measures.shape;
        let blank = vec![f16::ONE; pages * shape.cells()];
        let room = |_| {
            let mut room = cuda.pages(shape, pages)?;
            room.keys.write(0, &blank)?;
            room.values.write(0, &blank)?;
            Ok(room)
        };
        (0..self.measures.layers).map(room).collect()
    }

    /// The logits of the rows in `step.asking`.
    pub(crate) fn logits(
        &self,
        cuda: &Cuda,
        step: &mut Step,
        memory: &mut [DevicePages<f16>],
    ) -> Result<Buffer<f32>, CudaError> {
        let Measures { width, hidden, heads, shape, vocabulary, .. } = self.measures;
        let rows = step.tokens.len();
        let (queries_width, keys_width) = (heads * shape.head_dim, shape.token_cells());
        let mut state = cuda.buffer(rows * width)?;
        cuda.rows(&self.embedding, &cuda.indices(&step.tokens)?, &mut state)?;
        let mut normed = cuda.buffer(rows * width)?;
        let mut change = cuda.buffer(rows * width)?;
        for (weights, pages) in self.layers.iter().zip(memory) {
            let [query, key, value, output, gate, up, down] = &weights[..] else { panic!("seven matrices a layer") };
            cuda.rms_norm(&state, &self.gain, EPSILON, &mut normed)?;
            let mut queries = cuda.buffer(rows * queries_width)?;
            let (mut keys, mut values) = (cuda.buffer(rows * keys_width)?, cuda.buffer(rows * keys_width)?);
            let products = &mut [
                Product { weights: query, out: &mut queries },
                Product { weights: key, out: &mut keys },
                Product { weights: value, out: &mut values },
            ];
            cuda.multiply(&normed, rows, products)?;
            cuda.store(&step.slots, &keys, &values, pages)?;
            let mut attended = cuda.buffer(rows * queries_width)?;
            let scoring = self.measures.scoring();
            cuda.attend(&mut step.lists, scoring, &step.angles, pages, &queries, &mut attended)?;
            cuda.multiply(&attended, rows, &mut [Product { weights: output, out: &mut change }])?;
            cuda.add(&mut state, &change)?;

            cuda.rms_norm(&state, &self.gain, EPSILON, &mut normed)?;
            let (mut gates, mut ups) = (cuda.buffer(rows * hidden)?, cuda.buffer(rows * hidden)?);
            let products = &mut [Product { weights: gate, out: &mut gates }, Product { weights: up, out: &mut ups }];
            cuda.multiply(&normed, rows, products)?;
            let mut fed = cuda.buffer(rows * hidden)?;
            cuda.gate(Activation::Silu, &gates, &ups, &mut fed)?;
            cuda.multiply(&fed, rows, &mut [Product { weights: down, out: &mut change }])?;
            cuda.add(&mut state, &change)?;
        }
        let asking = step.asking.len();
        let (mut last, mut normed) = (cuda.buffer(asking * width)?, cuda.buffer(asking * width)?);
        cuda.choose(&state, width, &cuda.indices(&step.asking)?, &mut last)?;
        cuda.rms_norm(&last, &self.gain, EPSILON, &mut normed)?;
        let mut logits = cuda.buffer(asking * vocabulary)?;
        cuda.multiply(&normed, asking, &mut [Product { weights: &self.embedding, out: &mut logits }])?;
        Ok(logits)
    }
}

/// Sequences of `tokens` tokens each, of which the last `rows` belong to the step. Sequence `t` owns every `threads`-th
/// page, so its pages are not adjacent.
pub(crate) struct Threads {
    pub(crate) threads: usize,
    pub(crate) tokens: usize,
    pub(crate) rows: usize,
}

impl Threads {
    pub(crate) fn pages(&self, shape: PageShape) -> usize {
        self.tokens.div_ceil(shape.page_tokens) * self.threads
    }

    pub(crate) fn rotary(&self, shape: PageShape) -> Rotary {
        let frequencies = Rotary::frequencies(shape.head_dim, 1e5);
        Rotary::new(Pairing::Neighbours, shape.head_dim, &frequencies, self.tokens)
    }

    pub(crate) fn slots(&self, shape: PageShape) -> Vec<Slot> {
        let first = self.tokens - self.rows;
        let slot = |thread: usize, at: usize| Slot {
            page: (at / shape.page_tokens * self.threads + thread) as u32,
            offset: (at % shape.page_tokens) as u32,
        };
        (0..self.threads).flat_map(|thread| (first..self.tokens).map(move |at| slot(thread, at))).collect()
    }

    /// Calls `act` with the attention groups.
    pub(crate) fn groups<T>(&self, shape: PageShape, act: impl FnOnce(&[Group<'_>]) -> T) -> T {
        let size = shape.page_tokens;
        let span = |thread: usize, number: usize| Span {
            page: (number * self.threads + thread) as u32,
            offset: 0,
            tokens: size.min(self.tokens - number * size) as u32,
            position: (number * size) as u32,
        };
        let spans: Vec<Vec<Span>> = (0..self.threads)
            .map(|thread| (0..self.tokens.div_ceil(size)).map(|number| span(thread, number)).collect())
            .collect();
        let positions: Vec<u32> = (self.tokens - self.rows..self.tokens).map(|at| at as u32).collect();
        let seen: Vec<u32> = positions.iter().map(|position| position + 1).collect();
        let groups: Vec<Group<'_>> =
            spans.iter().map(|spans| Group { positions: &positions, seen: &seen, spans }).collect();
        act(&groups)
    }

    /// A step that includes all sequences and computes logits for the last row of each.
    pub(crate) fn step(&self, cuda: &Cuda, measures: &Measures) -> Result<Step, CudaError> {
        let (shape, pages) = (measures.shape, self.pages(measures.shape));
        let angles = cuda.angles(&self.rotary(shape))?;
        let lists = self.groups(shape, |groups| cuda.lists(measures.heads, shape, &angles, pages, groups, 1 << 26))?;
        let tokens = (0..self.threads * self.rows).map(|row| (row * 7 % measures.vocabulary) as u32).collect();
        let asking = (0..self.threads).map(|thread| ((thread + 1) * self.rows - 1) as u32).collect();
        Ok(Step { lists, slots: cuda.slots(shape, pages, &self.slots(shape))?, angles, tokens, asking })
    }
}
