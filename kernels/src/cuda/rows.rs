//! Operations on rows of floats on a device: norm, gate, sums, scaling, gather, softmax, sampling.

use crate::cuda::buffer::Buffer;
use crate::cuda::machine::{Address, arguments, blocks, word};
use crate::cuda::step::{Indices, Placed, Uploads};
use crate::cuda::{Cuda, CudaError};
use crate::gate::Activation;
use crate::random::Draw;

arguments! {
    struct NormArguments { x: Address, gain: Address, out: Address, dim: u32, eps: f32, }
    struct GateArguments { gate: Address, up: Address, out: Address, count: u64, }
    struct FactorArguments { x: Address, count: u64, factor: f32, unused: u32, }
    struct AddArguments { x: Address, term: Address, count: u64, period: u64, }
    struct ChooseArguments { x: Address, which: Address, out: Address, width: u32, rows: u32, }
    struct ExponentialArguments {
        entries: Address, starts: Address, counts: Address, inverses: Address, lists: u32, finish: u32,
    }
    struct LogSumArguments { x: Address, out: Address, count: u32, unused: u32, }
    struct SampleArguments { logits: Address, choices: Address, sets: Address, out: Address, count: u32, unused: u32, }
    struct TellArguments { logits: Address, tokens: Address, totals: Address, out: Address, count: u32, unused: u32, }
    /// One draw, `Choice` of the kernels; `inverse` is the inverse temperature, below 0 for the most likely token.
    struct Line { seed: u64, path: u64, position: u32, inverse: f32, set: u32, given: u32, }
    /// Its result.
    struct Told { token: u32, log_probability: f32, finite: u32, unused: u32, }
}

/// How a token is drawn from one row of logits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Choice<'a> {
    /// Divides the logits. 0 takes the most likely token.
    pub temperature: f32,
    /// Identifies the draw.
    pub draw: Draw,
    /// The tokens that may be drawn, one bit each, 32 per word; the logits of others count as -∞. `None` for all.
    pub allowed: Option<&'a [u32]>,
    /// The token that is used whatever would be drawn.
    pub given: Option<u32>,
}

/// A token that was drawn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Drawn {
    /// `None` if no allowed token has a logit above -∞.
    pub token: Option<u32>,
    /// Its log-probability among all tokens at temperature 1.
    pub log_probability: f32,
    /// Whether all logits are finite.
    pub finite: bool,
}

/// The value that a kernel writes if no token can be drawn.
const NONE: u32 = u32::MAX;

impl Cuda {
    /// Scales every row to unit root mean square, then by `gain`, with the bits of [`crate::Kernels::rms_norm`].
    ///
    /// # Panics
    /// If a length disagrees with its shape, or `gain` is empty.
    pub fn rms_norm(
        &self,
        x: &Buffer<f32>,
        gain: &Buffer<f32>,
        eps: f32,
        out: &mut Buffer<f32>,
    ) -> Result<(), CudaError> {
        let dim = gain.length();
        assert!(dim > 0 && x.length().is_multiple_of(dim), "x is [rows, dim]");
        assert_eq!(x.length(), out.length(), "out is [rows, dim]");
        let arguments =
            NormArguments { x: self.address(x), gain: self.address(gain), out: self.address(out), dim: word(dim), eps };
        // SAFETY: one block per row of `dim` numbers, all of whose lengths were asserted.
        unsafe { self.launch("rms_norm", [blocks(x.length(), dim), 1, 1], 128, arguments) }
    }

    /// `out[i] = activation(gate[i]) · up[i]`, with the bits of [`crate::Kernels::gate`].
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn gate(
        &self,
        activation: Activation,
        gate: &Buffer<f32>,
        up: &Buffer<f32>,
        out: &mut Buffer<f32>,
    ) -> Result<(), CudaError> {
        let count = gate.length();
        assert!(count == up.length() && count == out.length(), "gate, up and out are of one length");
        let arguments = GateArguments {
            gate: self.address(gate),
            up: self.address(up),
            out: self.address(out),
            count: count as u64,
        };
        let kernel = match activation {
            Activation::Silu => "swiglu",
            Activation::GeluTanh => "geglu",
        };
        // SAFETY: all three have `count` numbers.
        unsafe { self.launch(kernel, [blocks(count, 256), 1, 1], 256, arguments) }
    }

    /// `x[i] *= factor`.
    pub fn scale(&self, x: &mut Buffer<f32>, factor: f32) -> Result<(), CudaError> {
        self.by_a_factor("scale", x, factor)
    }

    /// `x[i] = cap · tanh(x[i] / cap)`, with the bits of [`crate::Kernels::soft_cap`].
    pub fn soft_cap(&self, x: &mut Buffer<f32>, cap: f32) -> Result<(), CudaError> {
        self.by_a_factor("soft_cap", x, cap)
    }

    fn by_a_factor(&self, kernel: &'static str, x: &mut Buffer<f32>, factor: f32) -> Result<(), CudaError> {
        let count = x.length();
        let arguments = FactorArguments { x: self.address(x), count: count as u64, factor, unused: 0 };
        // SAFETY: `x` has `count` numbers.
        unsafe { self.launch(kernel, [blocks(count, 256), 1, 1], 256, arguments) }
    }

    /// `x[i] += term[i mod term.length()]`: a residual, or the same bias for every row.
    ///
    /// # Panics
    /// If the length of `x` is not a multiple of that of `term`, or `term` is empty.
    pub fn add(&self, x: &mut Buffer<f32>, term: &Buffer<f32>) -> Result<(), CudaError> {
        assert!(term.length() > 0 && x.length().is_multiple_of(term.length()), "x is [rows, term]");
        let arguments = AddArguments {
            x: self.address(x),
            term: self.address(term),
            count: x.length() as u64,
            period: term.length() as u64,
        };
        // SAFETY: `x` has `count` numbers and `term` has `period`.
        unsafe { self.launch("add", [blocks(x.length(), 256), 1, 1], 256, arguments) }
    }

    /// Gathers rows: `out[i] = x[which[i]]`, rows of `width` numbers.
    ///
    /// # Panics
    /// If there is no such row, or `out` is not `[which, width]`.
    pub fn choose(
        &self,
        x: &Buffer<f32>,
        width: usize,
        which: &Indices,
        out: &mut Buffer<f32>,
    ) -> Result<(), CudaError> {
        assert!(width > 0 && x.length().is_multiple_of(width), "x is [rows, width]");
        let rows = x.length() / width;
        assert!(which.bound <= rows, "rows of the {rows} there are");
        assert_eq!(out.length(), which.length() * width, "out is [which, width]");
        let arguments = ChooseArguments {
            x: self.address(x),
            which: self.address(&which.numbers),
            out: self.address(out),
            width: word(width),
            rows: word(which.length()),
        };
        // SAFETY: the rows exist and `out` holds them, as asserted.
        unsafe { self.launch("choose", [blocks(out.length(), 256), 1, 1], 256, arguments) }
    }

    /// The softmax of each of `rows` rows, in place, with the bits of [`crate::Kernels::softmax`].
    ///
    /// # Panics
    /// If the rows do not have the same length.
    pub fn softmax(&self, x: &mut Buffer<f32>, rows: usize) -> Result<(), CudaError> {
        let count = row_length(x, rows);
        let starts: Vec<u64> = (0..rows).map(|row| (row * count) as u64).collect();
        let (starts, counts) = (self.upload(&starts)?, self.upload(&vec![word(count); rows])?);
        // SAFETY: the rows partition `x`.
        unsafe { self.exponentials(x, &starts, &counts, 1, None) }
    }

    /// Replaces lists of entries by `e^(entry - largest)`: each row has `lists` lists, one after another from its start
    /// on, of `counts` entries each. The inverses of their sums are written to `inverses`; if `None`, the entries are
    /// multiplied by them.
    ///
    /// # Safety
    /// The lists are within `entries`.
    pub(crate) unsafe fn exponentials(
        &self,
        entries: &mut Buffer<f32>,
        starts: &Buffer<u64>,
        counts: &Buffer<u32>,
        lists: usize,
        inverses: Option<&mut Buffer<f32>>,
    ) -> Result<(), CudaError> {
        let blocks = blocks(starts.length() * lists, 1);
        assert!(starts.length() == counts.length(), "a count for each start");
        assert!(inverses.as_ref().is_none_or(|inverses| inverses.length() == blocks as usize), "one inverse a list");
        let arguments = ExponentialArguments {
            entries: self.address(entries),
            starts: self.address(starts),
            counts: self.address(counts),
            inverses: inverses.as_ref().map_or(Address(0), |inverses| self.address(inverses)),
            lists: word(lists),
            finish: u32::from(inverses.is_none()),
        };
        // SAFETY: one block per list, which is within `entries`, as the caller promises.
        unsafe { self.launch("exponentials", [blocks, 1, 1], 256, arguments) }
    }

    /// `ln Σ_j e^x[r][j]` of each of `rows` rows, with the bits of [`crate::Kernels::log_sum_exp`]. Waits.
    ///
    /// # Panics
    /// If the rows do not have the same length.
    pub fn log_sum_exp(&self, x: &Buffer<f32>, rows: usize) -> Result<Vec<f32>, CudaError> {
        self.totals(x, rows)?.to_vec()
    }

    fn totals(&self, x: &Buffer<f32>, rows: usize) -> Result<Buffer<f32>, CudaError> {
        let count = row_length(x, rows);
        let out = self.buffer(rows)?;
        let arguments = LogSumArguments { x: self.address(x), out: self.address(&out), count: word(count), unused: 0 };
        // SAFETY: `x` has `rows` rows of `count` entries, and `out` one number per row.
        unsafe { self.launch("log_sum_exp", [blocks(rows, 1), 1, 1], 256, arguments) }?;
        Ok(out)
    }

    /// Draws a token from each row of logits, one row per choice: the token of [`crate::Kernels::sample`] without
    /// filters, and its log-probability by [`crate::Kernels::log_sum_exp`]. Waits, and downloads 16 bytes per row.
    ///
    /// # Panics
    /// If the number of logits disagrees with the choices.
    pub fn draw(&self, logits: &Buffer<f32>, choices: &Choices) -> Result<Vec<Drawn>, CudaError> {
        let Choices { lines, sets, count } = choices;
        let (rows, count) = (lines.length(), *count);
        assert_eq!(logits.length(), rows * count, "a row of logits for each choice");
        let tokens = self.buffer::<u32>(rows)?;
        let arguments = SampleArguments {
            logits: self.address(logits),
            choices: self.address(lines),
            sets: self.address(sets),
            out: self.address(&tokens),
            count: word(count),
            unused: 0,
        };
        // SAFETY: `logits` has `rows` rows of `count` entries; there is a line and an output for each, and the sets
        // that lines name exist.
        unsafe { self.launch("sample", [blocks(rows, 1), 1, 1], 256, arguments) }?;
        let (totals, out) = (self.totals(logits, rows)?, self.buffer::<Told>(rows)?);
        let arguments = TellArguments {
            logits: self.address(logits),
            tokens: self.address(&tokens),
            totals: self.address(&totals),
            out: self.address(&out),
            count: word(count),
            unused: 0,
        };
        // SAFETY: as above, and invalid tokens are not looked up.
        unsafe { self.launch("tell", [blocks(rows, 1), 1, 1], 256, arguments) }?;
        let drawn = |Told { token, log_probability, finite, .. }| Drawn {
            token: (token != NONE).then_some(token),
            log_probability,
            finite: finite != 0,
        };
        Ok(out.to_vec()?.into_iter().map(drawn).collect())
    }
}

/// How tokens are drawn from rows of logits, on a device.
pub struct Choices {
    lines: Buffer<Line>,
    sets: Buffer<u32>,
    /// Logits per row.
    count: usize,
}

/// The choices before the upload.
pub(crate) struct PlannedChoices {
    lines: Placed<Line>,
    sets: Placed<u32>,
    count: usize,
}

impl Choices {
    /// Adds choices to an upload; see [`Cuda::choices`].
    pub(crate) fn put(uploads: &mut Uploads, count: usize, choices: &[Choice<'_>]) -> PlannedChoices {
        let mut sets = Vec::new();
        let lines: Vec<Line> = choices.iter().map(|choice| choice.line(count, &mut sets)).collect();
        PlannedChoices { lines: uploads.put(&lines), sets: uploads.put(&sets), count }
    }
}

impl PlannedChoices {
    /// The choices, after the upload.
    pub(crate) fn sent(&self, uploads: &Uploads) -> Choices {
        Choices { lines: uploads.get(&self.lines), sets: uploads.get(&self.sets), count: self.count }
    }
}

impl Choice<'_> {
    /// The choice in the kernels' layout; its set is appended to `sets`.
    fn line(&self, count: usize, sets: &mut Vec<u32>) -> Line {
        let Choice { temperature, draw, allowed, given } = *self;
        let words = count.div_ceil(32);
        let set = allowed.map_or(NONE, |allowed| {
            assert_eq!(allowed.len(), words, "a bit for each of {count} tokens");
            sets.extend_from_slice(allowed);
            word(sets.len() / words.max(1) - 1)
        });
        assert!(given.is_none_or(|given| (given as usize) < count), "a given token is one of {count}");
        let inverse = 1.0 / temperature;
        let greedy = temperature <= 0.0 || !inverse.is_finite();
        Line {
            seed: draw.seed,
            path: draw.path,
            position: draw.position,
            inverse: if greedy { -1.0 } else { inverse },
            set,
            given: given.unwrap_or(NONE),
        }
    }
}

/// The length of each of `rows` rows.
fn row_length(x: &Buffer<f32>, rows: usize) -> usize {
    assert!(if rows == 0 { x.length() == 0 } else { x.length().is_multiple_of(rows) }, "rows of one length");
    x.length().checked_div(rows).unwrap_or(0)
}
