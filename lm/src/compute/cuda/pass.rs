//! One pass of a batch of rows through a model, on a device. It repeats the [processor](crate::compute::processor)
//! operation by operation.

use theoremata_kernels::cuda::{
    Angles, Buffer, Choice, Choices, Cuda, CudaError, DevicePages, Plain, Product, Scoring, Step, StepPlan, Weights,
};
use theoremata_kernels::{Cell, PageShape};

use crate::compute::backend::Batch;
use crate::compute::cuda::weights::{DeviceLayer, DeviceLinear, DeviceModel, DeviceProjection};
use crate::weights::shape::{LayerAttention, ModelShape};

/// Attention scores in memory at a time, one per row, head and visible token: 64 MB.
const SCORES_MAX: usize = 1 << 24;

/// A batch on its way through a model.
pub(super) struct Pass<'a> {
    cuda: &'a Cuda,
    shape: &'a ModelShape,
    weights: &'a DeviceModel,
    angles: &'a [Angles],
    batch: &'a Batch<'a>,
    step: Step,
}

impl<'a> Pass<'a> {
    /// Uploads the inputs of all layers.
    pub(super) fn new(
        cuda: &'a Cuda,
        shape: &'a ModelShape,
        weights: &'a DeviceModel,
        angles: &'a [Angles],
        (pages, capacity): (PageShape, usize),
        batch: &'a Batch<'a>,
        choices: &[Choice<'_>],
    ) -> Result<Pass<'a>, CudaError> {
        let wanted: Vec<u32> = batch.wanted.iter().map(|wanted| wanted.row as u32).collect();
        let plan = StepPlan {
            heads: shape.heads,
            shape: pages,
            pages: capacity,
            groups: batch.groups,
            weights_max: SCORES_MAX,
            slots: batch.slots,
            tokens: batch.tokens,
            wanted: &wanted,
            choices,
            vocabulary: shape.vocabulary,
        };
        let step = cuda.step(&plan, &angles[0])?;
        Ok(Pass { cuda, shape, weights, angles, batch, step })
    }

    /// The logits of the wanted rows.
    pub(super) fn run<C: Cell + Plain>(&mut self, memory: &mut [DevicePages<C>]) -> Result<Buffer<f32>, CudaError> {
        let Pass { cuda, shape, weights, batch, .. } = *self;
        let mut state = cuda.buffer(batch.tokens.len() * shape.width)?;
        cuda.rows(&weights.embedding, &self.step.tokens, &mut state)?;
        self.scale(&mut state, shape.embedding_scale)?;
        for ((layer, attention), pages) in weights.layers.iter().zip(&shape.attention).zip(memory) {
            let normed = self.norm(&state, layer.attention_norm.as_ref())?;
            let attended = self.attention(layer, *attention, normed.as_ref().unwrap_or(&state), pages)?;
            self.add(&attended, &layer.output, layer.attention_after.as_ref(), &mut state)?;
            let normed = self.norm(&state, layer.feed_norm.as_ref())?;
            let fed = self.feed(layer, normed.as_ref().unwrap_or(&state))?;
            self.add(&fed, &layer.down, layer.feed_after.as_ref(), &mut state)?;
        }
        let which = &self.step.wanted;
        let mut last = cuda.buffer(which.length() * shape.width)?;
        cuda.choose(&state, shape.width, which, &mut last)?;
        let mut normed = cuda.buffer(last.length())?;
        cuda.rms_norm(&last, &weights.norm, shape.norm_epsilon, &mut normed)?;
        let head = weights.head.as_ref().unwrap_or(&weights.embedding);
        let mut logits = self.product(head, &normed, which.length())?;
        self.scale(&mut logits, shape.logit_scale)?;
        if let Some(cap) = shape.logit_cap {
            cuda.soft_cap(&mut logits, cap)?;
        }
        Ok(logits)
    }

    /// How tokens are drawn.
    pub(super) fn choices(&self) -> &Choices {
        &self.step.choices
    }

    /// RMS norm of each row with a gain; `None` without a gain: the rows stay as they are.
    fn norm(&self, x: &Buffer<f32>, gain: Option<&Buffer<f32>>) -> Result<Option<Buffer<f32>>, CudaError> {
        let Some(gain) = gain else { return Ok(None) };
        let mut normed = self.cuda.buffer(x.length())?;
        self.cuda.rms_norm(x, gain, self.shape.norm_epsilon, &mut normed)?;
        Ok(Some(normed))
    }

    fn product(&self, weights: &Weights, x: &Buffer<f32>, rows: usize) -> Result<Buffer<f32>, CudaError> {
        let mut out = self.cuda.buffer(rows * weights.rows())?;
        self.cuda.multiply(x, rows, &mut [Product { weights, out: &mut out }])?;
        Ok(out)
    }

    /// The products of the same rows with several matrices, plus their biases.
    fn linears<const N: usize>(
        &self,
        linears: [&DeviceLinear; N],
        x: &Buffer<f32>,
    ) -> Result<[Buffer<f32>; N], CudaError> {
        let rows = self.batch.tokens.len();
        let mut outs: Vec<Buffer<f32>> = Vec::with_capacity(N);
        for linear in linears {
            outs.push(self.cuda.buffer(rows * linear.weights.rows())?);
        }
        let pairs = linears.into_iter().zip(&mut outs);
        let mut products: Vec<Product<'_>> =
            pairs.map(|(linear, out)| Product { weights: &linear.weights, out }).collect();
        self.cuda.multiply(x, rows, &mut products)?;
        for (linear, out) in linears.into_iter().zip(&mut outs) {
            if let Some(bias) = &linear.bias {
                self.cuda.add(out, bias)?;
            }
        }
        Ok(outs.try_into().unwrap_or_else(|_| unreachable!("a buffer for each matrix")))
    }

    fn attention<C: Cell + Plain>(
        &mut self,
        layer: &DeviceLayer,
        LayerAttention { rotation, window }: LayerAttention,
        x: &Buffer<f32>,
        pages: &mut DevicePages<C>,
    ) -> Result<Buffer<f32>, CudaError> {
        let DeviceLayer { query, key, value, .. } = layer;
        let [queries, keys, values] = self.linears([&query.linear, &key.linear, &value.linear], x)?;
        let (queries, keys) = (self.head_norm(query, queries)?, self.head_norm(key, keys)?);
        self.cuda.store(&self.step.slots, &keys, &values, pages)?;
        let mut attended = self.cuda.buffer(queries.length())?;
        let scoring = Scoring { scale: self.shape.attention_scale, window, cap: self.shape.attention_cap };
        self.cuda.attend(&mut self.step.lists, scoring, &self.angles[rotation], pages, &queries, &mut attended)?;
        Ok(attended)
    }

    fn head_norm(&self, projection: &DeviceProjection, x: Buffer<f32>) -> Result<Buffer<f32>, CudaError> {
        Ok(self.norm(&x, projection.norm.as_ref())?.unwrap_or(x))
    }

    fn feed(&self, layer: &DeviceLayer, x: &Buffer<f32>) -> Result<Buffer<f32>, CudaError> {
        let [gate, up] = self.linears([&layer.gate, &layer.up], x)?;
        let mut fed = self.cuda.buffer(gate.length())?;
        self.cuda.gate(self.shape.activation, &gate, &up, &mut fed)?;
        Ok(fed)
    }

    /// Adds the output of a sublayer to the rows, after its norm if it has one.
    fn add(
        &self,
        x: &Buffer<f32>,
        linear: &DeviceLinear,
        after: Option<&Buffer<f32>>,
        state: &mut Buffer<f32>,
    ) -> Result<(), CudaError> {
        let [product] = self.linears([linear], x)?;
        let mut product = self.norm(&product, after)?.unwrap_or(product);
        self.scale(&mut product, self.shape.residual_scale)?;
        self.cuda.add(state, &product)
    }

    fn scale(&self, x: &mut Buffer<f32>, factor: f32) -> Result<(), CudaError> {
        if factor == 1.0 { Ok(()) } else { self.cuda.scale(x, factor) }
    }
}
