//! One pass of a batch of rows through a model.

use std::borrow::Cow;

use theoremata_kernels::{Cell, Group, Heads, Kernels, PageShape, Pages, Parallel, Product, Rotary, Slot, f16};

use crate::text::token::Token;
use crate::weights::model::{Layer, Model};
use crate::weights::shape::{LayerAttention, Rotation};
use crate::weights::tensors::Linear;

/// How keys and values are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// 32 bits: as computed.
    Single,
    /// 16 bits: half of the memory, and keys and values are rounded once, when they are stored.
    Half,
}

/// How rows meet weights that are kept in fewer bits than they have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// Rounded to 8 bits in blocks of 32, so that products are of integers: fast.
    Rounded,
    /// As they are, with weights as they are read: an order of magnitude slower, to tell what rounding does.
    Exact,
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
    /// How rows meet weights.
    rows: Rows,
    /// Angles by position, for each rotation of the model.
    rotaries: Vec<Rotary>,
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
        (precision, rows): (Precision, Rows),
        (capacity, page_tokens): (usize, usize),
        positions: usize,
    ) -> Forward {
        let shape = model.shape();
        let pages = PageShape { page_tokens, kv_heads: shape.key_heads, head_dim: shape.head_width };
        let rotary = |rotation: &Rotation| {
            let Rotation { frequencies, magnitude } = rotation;
            Rotary::stretching(shape.pairing, shape.head_width, frequencies, *magnitude, positions)
        };
        let rotaries = shape.rotations.iter().map(rotary).collect();
        let memory = match precision {
            Precision::Single => Memory::Single(blank(shape.layers, capacity * pages.cells())),
            Precision::Half => Memory::Half(blank(shape.layers, capacity * pages.cells())),
        };
        Forward { kernels, rows, rotaries, pages, memory }
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
        let Forward { kernels, rows, rotaries, pages, memory } = self;
        let cells = batch.slots.iter().map(|slot| slot.page as usize + 1).max().unwrap_or(0) * pages.cells();
        let pass = Pass { model, kernels: *kernels, rows: *rows, rotaries, pages: *pages, parallel, batch };
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

    /// Writes over keys and values, so that reading them shows.
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
    rows: Rows,
    rotaries: &'a [Rotary],
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
        scale(&mut state, shape.embedding_scale);
        for ((layer, attention), (keys, values)) in self.model.layers.iter().zip(&shape.attention).zip(memory) {
            let normed = self.norm(&state, layer.attention_norm.as_deref());
            let attended = self.attention(layer, *attention, &normed, keys, values);
            self.add(&attended, &layer.output, layer.attention_after.as_deref(), &mut state);
            let normed = self.norm(&state, layer.feed_norm.as_deref());
            let fed = self.feed(layer, &normed);
            self.add(&fed, &layer.down, layer.feed_after.as_deref(), &mut state);
        }
        let wanted = self.batch.wanted;
        let mut last = Vec::with_capacity(wanted.len() * width);
        for row in wanted {
            last.extend_from_slice(&state[row * width..(row + 1) * width]);
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

    /// Rows by their root mean square and a gain, or as they are.
    fn norm<'x>(&self, x: &'x [f32], gain: Option<&[f32]>) -> Cow<'x, [f32]> {
        let Some(gain) = gain else { return Cow::Borrowed(x) };
        let mut normed = vec![0.0; x.len()];
        self.kernels.rms_norm(self.parallel, x, gain, self.model.shape().norm_epsilon, &mut normed);
        Cow::Owned(normed)
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
        keys: &mut [C],
        values: &mut [C],
    ) -> Vec<f32> {
        let shape = self.model.shape();
        let rows = self.batch.tokens.len();
        let query_width = shape.heads * shape.head_width;
        let mut queries = vec![0.0; rows * query_width];
        let mut new_keys = vec![0.0; rows * shape.key_width()];
        let mut new_values = vec![0.0; rows * shape.key_width()];
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
        let mut attended = vec![0.0; rows * query_width];
        let pages = Pages { keys: &*keys, values: &*values };
        self.kernels.attend(self.parallel, &heads, pages, &queries, self.batch.groups, &mut attended);
        attended
    }

    fn feed(&self, layer: &Layer, normed: &[f32]) -> Vec<f32> {
        let rows = self.batch.tokens.len();
        let shape = self.model.shape();
        let (mut gate, mut up) = (vec![0.0; rows * shape.hidden], vec![0.0; rows * shape.hidden]);
        let products = &mut [
            Product { matrix: &layer.gate.matrix, out: &mut gate },
            Product { matrix: &layer.up.matrix, out: &mut up },
        ];
        self.multiply(normed, rows, products);
        add_bias(&layer.gate, &mut gate);
        add_bias(&layer.up, &mut up);
        let mut fed = vec![0.0; rows * shape.hidden];
        self.kernels.gate(shape.activation, self.parallel, &gate, &up, &mut fed);
        fed
    }

    /// Adds what a part gives to the rows, behind the norm of it if there is one.
    fn add(&self, x: &[f32], linear: &Linear, after: Option<&[f32]>, state: &mut [f32]) {
        let mut product = vec![0.0; state.len()];
        self.multiply(x, self.batch.tokens.len(), &mut [Product { matrix: &linear.matrix, out: &mut product }]);
        add_bias(linear, &mut product);
        let factor = self.model.shape().residual_scale;
        let product = self.norm(&product, after);
        if factor == 1.0 {
            state.iter_mut().zip(product.iter()).for_each(|(state, product)| *state += product);
        } else {
            state.iter_mut().zip(product.iter()).for_each(|(state, product)| *state += product * factor);
        }
    }
}

/// Adds the bias of a matrix to each row that it gave.
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use theoremata_kernels::{Inline, Span};

    use super::*;

    /// The tiny models, of which each has something that others have not.
    const FAMILIES: [&str; 13] = [
        "llama", "qwen2", "qwen3", "llama3", "yarn", "linear", "mistral", "gemma2", "gemma3", "phi3", "smollm3",
        "olmo2", "granite",
    ];

    /// A tiny model of a family, the tokens of its example, and the logits of the public implementation.
    fn golden(family: &str) -> (Model, Vec<Token>, Vec<f32>) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(family);
        let model = Model::load(&folder).expect("the model");
        let bytes = std::fs::read(folder.join("expected.safetensors")).expect("a file");
        let expected = safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
        let of = |name: &str| expected.tensor(name).expect(name).data().to_vec();
        let tokens = of("tokens").as_chunks().0.iter().map(|eight| i64::from_le_bytes(*eight) as Token).collect();
        let logits = of("logits").as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        (model, tokens, logits)
    }

    /// The logits of all tokens of one plain thread, computed in batches of the given size.
    fn logits(model: &Model, tokens: &[Token], batch: usize, page_tokens: usize, precision: Precision) -> Vec<f32> {
        let pages = tokens.len().div_ceil(page_tokens);
        let mut forward =
            Forward::new(model, Kernels::best(), (precision, Rows::Rounded), (pages, page_tokens), tokens.len());
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
        for family in FAMILIES {
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
        for family in FAMILIES {
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
