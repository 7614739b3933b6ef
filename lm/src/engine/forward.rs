//! One pass of a batch of rows through a model.

use theoremata_kernels::{Cell, Group, Heads, Kernels, PageShape, Pages, Parallel, Product, Rotary, Slot, f16};

use crate::text::token::Token;
use crate::weights::model::{Layer, Model, Projection};

/// How keys and values are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// 32 bits: as computed.
    Single,
    /// 16 bits: half of the memory, and keys and values are rounded once, when they are stored.
    Half,
}

/// Rows of different threads, to be computed together.
pub(crate) struct Batch<'a> {
    /// One a row.
    pub(crate) tokens: &'a [Token],
    /// Where the key and value of each row go.
    pub(crate) slots: &'a [Slot],
    /// What each row sees, row after row.
    pub(crate) groups: &'a [Group<'a>],
    /// The rows whose logits are wanted, ascending.
    pub(crate) wanted: &'a [usize],
}

/// Keys and values of all layers, and what a pass needs besides the weights.
pub(crate) struct Forward {
    /// The arithmetic.
    kernels: Kernels,
    /// Angles by position.
    rotary: Rotary,
    /// How keys and values lie in a page.
    pages: PageShape,
    /// The pages of each layer.
    memory: Memory,
}

/// Keys and values of each layer.
enum Memory {
    Single(Vec<(Vec<f32>, Vec<f32>)>),
    Half(Vec<(Vec<f16>, Vec<f16>)>),
}

impl Forward {
    /// Memory for `capacity` pages of `page_tokens` tokens at positions below `positions`.
    pub(crate) fn new(
        model: &Model,
        kernels: Kernels,
        precision: Precision,
        (capacity, page_tokens): (usize, usize),
        positions: usize,
    ) -> Forward {
        let shape = model.shape();
        let pages = PageShape { page_tokens, kv_heads: shape.key_heads, head_dim: shape.head_width };
        let frequencies = Rotary::frequencies(shape.head_width, shape.rotary_base);
        let rotary = Rotary::new(shape.pairing, shape.head_width, &frequencies, positions);
        let memory = match precision {
            Precision::Single => Memory::Single(blank(shape.layers, capacity * pages.cells())),
            Precision::Half => Memory::Half(blank(shape.layers, capacity * pages.cells())),
        };
        Forward { kernels, rotary, pages, memory }
    }

    pub(crate) fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// Bytes of the keys and values of one page in all layers.
    pub(crate) fn page_bytes(&self) -> usize {
        match &self.memory {
            Memory::Single(layers) => layers.len() * self.pages.cells() * 8,
            Memory::Half(layers) => layers.len() * self.pages.cells() * 4,
        }
    }

    /// Computes and stores keys and values of all rows; gives the logits of the wanted ones, row after row.
    ///
    /// What a row gives depends on its token, its position and the keys and values that it sees, and on
    /// nothing else in the batch.
    pub(crate) fn run(&mut self, model: &Model, parallel: &dyn Parallel, batch: &Batch<'_>) -> Vec<f32> {
        let Forward { kernels, rotary, pages, memory } = self;
        let cells = batch.slots.iter().map(|slot| slot.page as usize + 1).max().unwrap_or(0) * pages.cells();
        let pass = Pass { model, kernels: *kernels, rotary, pages: *pages, parallel, batch };
        match memory {
            Memory::Single(layers) => {
                reach(layers, cells);
                pass.run(layers)
            }
            Memory::Half(layers) => {
                reach(layers, cells);
                pass.run(layers)
            }
        }
    }
}

#[cfg(test)]
impl Forward {
    /// The keys and values of a token in all layers.
    pub(crate) fn cells(&self, slot: Slot) -> Vec<f32> {
        fn of<C: Cell + Into<f32>>(pages: PageShape, layers: &[(Vec<C>, Vec<C>)], slot: Slot) -> Vec<f32> {
            let page = slot.page as usize * pages.cells()..(slot.page as usize + 1) * pages.cells();
            let mut cells = Vec::new();
            for (keys, values) in layers {
                // In a page a head's keys stand by number and then by token, its values the other way round.
                let (keys, values) = (&keys[page.clone()], &values[page.clone()]);
                let at = slot.offset as usize;
                cells.extend(keys.chunks_exact(pages.page_tokens).map(|column| column[at].into()));
                let rows = values.chunks_exact(pages.page_tokens * pages.head_dim);
                let row = rows.flat_map(|head| &head[at * pages.head_dim..(at + 1) * pages.head_dim]);
                cells.extend(row.map(|cell| (*cell).into()));
            }
            cells
        }
        match &self.memory {
            Memory::Single(layers) => of(self.pages, layers, slot),
            Memory::Half(layers) => of(self.pages, layers, slot),
        }
    }

    /// Writes over keys and values, so that nobody can read them unnoticed.
    pub(crate) fn spoil(&mut self, slots: &[Slot]) {
        let width = self.pages.kv_heads * self.pages.head_dim;
        let nothing = vec![f32::NAN; slots.len() * width];
        match &mut self.memory {
            Memory::Single(layers) => {
                layers.iter_mut().for_each(|(keys, values)| self.pages.store(slots, &nothing, &nothing, keys, values));
            }
            Memory::Half(layers) => {
                layers.iter_mut().for_each(|(keys, values)| self.pages.store(slots, &nothing, &nothing, keys, values));
            }
        }
    }
}

/// Room that the system hands out when it is written to: none of it is, yet.
fn blank<C: Cell>(layers: usize, cells: usize) -> Vec<(Vec<C>, Vec<C>)> {
    (0..layers).map(|_| (Vec::with_capacity(cells), Vec::with_capacity(cells))).collect()
}

/// Makes the cells up to the highest page that is written to. The pool hands out low pages first.
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
    rotary: &'a Rotary,
    pages: PageShape,
    parallel: &'a dyn Parallel,
    batch: &'a Batch<'a>,
}

impl Pass<'_> {
    fn run<C: Cell>(&self, memory: &mut [(Vec<C>, Vec<C>)]) -> Vec<f32> {
        let shape = self.model.shape();
        let (rows, width) = (self.batch.tokens.len(), shape.width);
        let mut state = vec![0.0; rows * width];
        for (token, row) in self.batch.tokens.iter().zip(state.chunks_exact_mut(width)) {
            self.model.embedding.row(*token as usize, row);
        }
        let mut normed = vec![0.0; rows * width];
        for (layer, (keys, values)) in self.model.layers.iter().zip(memory) {
            self.norm(&state, &layer.attention_norm, &mut normed);
            let attended = self.attention(layer, &normed, keys, values);
            self.add_product(&attended, &layer.output, &mut state);
            self.norm(&state, &layer.feed_norm, &mut normed);
            let fed = self.feed(layer, &normed);
            self.add_product(&fed, &layer.down, &mut state);
        }
        let wanted = self.batch.wanted;
        let mut last = Vec::with_capacity(wanted.len() * width);
        for row in wanted {
            last.extend_from_slice(&state[row * width..(row + 1) * width]);
        }
        let mut normed = vec![0.0; last.len()];
        self.norm(&last, &self.model.norm, &mut normed);
        let mut logits = vec![0.0; wanted.len() * shape.vocabulary];
        let head = self.model.head.as_ref().unwrap_or(&self.model.embedding);
        let products = &mut [Product { matrix: head, out: &mut logits }];
        self.kernels.multiply(self.parallel, &normed, wanted.len(), products);
        logits
    }

    fn norm(&self, x: &[f32], gain: &[f32], out: &mut [f32]) {
        self.kernels.rms_norm(self.parallel, x, gain, self.model.shape().norm_epsilon, out);
    }

    fn attention<C: Cell>(&self, layer: &Layer, normed: &[f32], keys: &mut [C], values: &mut [C]) -> Vec<f32> {
        let shape = self.model.shape();
        let rows = self.batch.tokens.len();
        let query_width = shape.heads * shape.head_width;
        let mut queries = vec![0.0; rows * query_width];
        let mut new_keys = vec![0.0; rows * shape.key_width()];
        let mut new_values = vec![0.0; rows * shape.key_width()];
        let products = &mut [
            Product { matrix: &layer.query.matrix, out: &mut queries },
            Product { matrix: &layer.key.matrix, out: &mut new_keys },
            Product { matrix: &layer.value.matrix, out: &mut new_values },
        ];
        self.kernels.multiply(self.parallel, normed, rows, products);
        let queries = self.finish(&layer.query, queries);
        let new_keys = self.finish(&layer.key, new_keys);
        let new_values = self.finish(&layer.value, new_values);
        self.pages.store(self.batch.slots, &new_keys, &new_values, keys, values);
        let heads = Heads {
            queries: shape.heads,
            shape: self.pages,
            scale: 1.0 / (shape.head_width as f32).sqrt(),
            rotary: self.rotary,
        };
        let mut attended = vec![0.0; rows * query_width];
        let pages = Pages { keys: &*keys, values: &*values };
        self.kernels.attend(self.parallel, &heads, pages, &queries, self.batch.groups, &mut attended);
        attended
    }

    /// What a family does to queries, keys or values before they turn.
    fn finish(&self, projection: &Projection, mut x: Vec<f32>) -> Vec<f32> {
        if let Some(bias) = &projection.bias {
            for row in x.chunks_exact_mut(bias.len()) {
                for (x, bias) in row.iter_mut().zip(bias) {
                    *x += bias;
                }
            }
        }
        let Some(gain) = &projection.norm else { return x };
        let mut normed = vec![0.0; x.len()];
        self.norm(&x, gain, &mut normed);
        normed
    }

    fn feed(&self, layer: &Layer, normed: &[f32]) -> Vec<f32> {
        let rows = self.batch.tokens.len();
        let hidden = self.model.shape().hidden;
        let (mut gate, mut up) = (vec![0.0; rows * hidden], vec![0.0; rows * hidden]);
        let products =
            &mut [Product { matrix: &layer.gate, out: &mut gate }, Product { matrix: &layer.up, out: &mut up }];
        self.kernels.multiply(self.parallel, normed, rows, products);
        let mut fed = vec![0.0; rows * hidden];
        self.kernels.swiglu(self.parallel, &gate, &up, &mut fed);
        fed
    }

    fn add_product(&self, x: &[f32], matrix: &theoremata_kernels::Matrix, state: &mut [f32]) {
        let mut product = vec![0.0; state.len()];
        let products = &mut [Product { matrix, out: &mut product }];
        self.kernels.multiply(self.parallel, x, self.batch.tokens.len(), products);
        for (state, product) in state.iter_mut().zip(&product) {
            *state += product;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use candle_core::{Device, Tensor};
    use theoremata_kernels::{Inline, Span};

    use super::*;

    /// A tiny model of a family, the tokens of its example, and the logits of the public implementation.
    fn golden(family: &str) -> (Model, Vec<Token>, Vec<f32>) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(family);
        let model = Model::load(&folder).expect("the model");
        let expected = candle_core::safetensors::load(folder.join("expected.safetensors"), &Device::Cpu).expect("file");
        let tokens: Vec<i64> = expected["tokens"].to_vec1().expect("tokens");
        let logits = expected["logits"].flatten_all().and_then(|logits: Tensor| logits.to_vec1()).expect("logits");
        (model, tokens.into_iter().map(|token| token as Token).collect(), logits)
    }

    /// The logits of all tokens of one plain thread, computed in batches of the given size.
    fn logits(model: &Model, tokens: &[Token], batch: usize, page_tokens: usize, precision: Precision) -> Vec<f32> {
        let pages = tokens.len().div_ceil(page_tokens);
        let mut forward = Forward::new(model, Kernels::best(), precision, (pages, page_tokens), tokens.len());
        let mut logits = Vec::new();
        for start in (0..tokens.len()).step_by(batch) {
            let rows = batch.min(tokens.len() - start);
            let end = (start + rows) as u32;
            let slots: Vec<Slot> = (start as u32..end)
                .map(|at| Slot { page: at / page_tokens as u32, offset: at % page_tokens as u32 })
                .collect();
            let spans: Vec<Span> = (0..end.div_ceil(page_tokens as u32))
                .map(|page| {
                    let position = page * page_tokens as u32;
                    Span { page, offset: 0, tokens: (end - position).min(page_tokens as u32), position }
                })
                .collect();
            let positions: Vec<u32> = (start as u32..end).collect();
            let seen: Vec<u32> = (start as u32 + 1..=end).collect();
            let groups = [Group { positions: &positions, seen: &seen, spans: &spans }];
            let wanted: Vec<usize> = (0..rows).collect();
            let tokens = &tokens[start..end as usize];
            let batch = Batch { tokens, slots: &slots, groups: &groups, wanted: &wanted };
            logits.extend(forward.run(model, &Inline, &batch));
        }
        logits
    }

    #[test]
    fn logits_are_those_of_the_public_implementation() {
        for family in ["llama", "qwen2", "qwen3"] {
            let (model, tokens, expected) = golden(family);
            let found = logits(&model, &tokens, tokens.len(), 16, Precision::Single);
            assert_eq!(found.len(), expected.len());
            let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let largest = expected.iter().fold(0.0f32, |largest, logit| largest.max(logit.abs()));
            println!("{family}: differs by at most {worst:e}, the largest logit is {largest}");
            assert!(worst < 1e-4, "{family}: {worst}");
            assert!(largest > 1.0, "the example says something");
        }
    }

    #[test]
    fn the_batch_and_the_pages_do_not_change_a_bit() {
        for family in ["llama", "qwen2", "qwen3"] {
            let (model, tokens, _) = golden(family);
            let whole = logits(&model, &tokens, tokens.len(), 16, Precision::Single);
            for (batch, page_tokens) in [(1, 16), (7, 5), (16, 1), (3, 64)] {
                let parts = logits(&model, &tokens, batch, page_tokens, Precision::Single);
                assert!(parts == whole, "{family}: batches of {batch}, pages of {page_tokens}");
            }
        }
    }

    #[test]
    fn keys_in_half_precision_stay_close() {
        let (model, tokens, expected) = golden("llama");
        let found = logits(&model, &tokens, 8, 16, Precision::Half);
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst > 0.0 && worst < 0.05, "{worst}");
    }
}
