//! The feed-forward part of a layer: a single one, or a mixture of experts.

use theoremata_kernels::Matrix;

use crate::weights::error::ModelError;
use crate::weights::part::{ExpertPart, LayerPart, Part};
use crate::weights::shape::{Experts, Family, ModelShape};
use crate::weights::tensors::{Linear, Tensors};

/// A feed-forward part: `down · (activation(gate · x) ⊙ (up · x))`.
pub(crate) struct Feed {
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

/// Several feed-forward parts, of which each row uses a few.
pub(crate) struct Mixture {
    /// Computes the share of each expert in a row.
    pub(crate) router: Matrix,
    /// How many experts a row uses.
    pub(crate) choice: Experts,
    pub(crate) experts: Vec<Feed>,
}

/// The feed-forward part of a layer.
pub(crate) enum FeedForward {
    /// One for all rows.
    One(Feed),
    /// Several.
    Mixture(Mixture),
}

impl FeedForward {
    /// The single feed-forward part; `None` for a mixture.
    pub(crate) fn only(&self) -> Option<&Feed> {
        match self {
            FeedForward::One(feed) => Some(feed),
            FeedForward::Mixture(_) => None,
        }
    }

    pub(crate) fn matrices(&self) -> Vec<&Matrix> {
        match self {
            FeedForward::One(feed) => feed.matrices().to_vec(),
            FeedForward::Mixture(Mixture { router, experts, .. }) => {
                [router].into_iter().chain(experts.iter().flat_map(Feed::matrices)).collect()
            }
        }
    }
}

impl Feed {
    fn matrices(&self) -> [&Matrix; 3] {
        [&self.gate, &self.up, &self.down].map(|linear| &linear.matrix)
    }
}

/// Reads the feed-forward part of a layer.
pub(crate) fn feed_forward(
    tensors: &mut Tensors<'_>,
    shape: &ModelShape,
    number: usize,
) -> Result<FeedForward, ModelError> {
    let of = |part| Part::Layer(number, part);
    let (width, hidden) = (shape.width, shape.hidden);
    if let Some(choice) = shape.experts {
        let router = tensors.matrix(of(LayerPart::Router), choice.count, width)?;
        let gates = tensors.of_experts(number, ExpertPart::Gate, choice.count, (hidden, width))?;
        let ups = tensors.of_experts(number, ExpertPart::Up, choice.count, (hidden, width))?;
        let downs = tensors.of_experts(number, ExpertPart::Down, choice.count, (width, hidden))?;
        let plain = |matrix| Linear { matrix, bias: None };
        let all = gates.into_iter().zip(ups).zip(downs);
        let experts = all.map(|((gate, up), down)| Feed { gate: plain(gate), up: plain(up), down: plain(down) });
        return Ok(FeedForward::Mixture(Mixture { router, choice, experts: experts.collect() }));
    }
    let [gate, up] = if shape.family == Family::Phi3 {
        let both = tensors.linears(of(LayerPart::GateUp), (&[hidden, hidden], width), shape.feed_biases)?;
        both.try_into().unwrap_or_else(|_| unreachable!("a matrix for each of two counts of rows"))
    } else {
        [
            tensors.linear(of(LayerPart::Gate), (hidden, width), shape.feed_biases)?,
            tensors.linear(of(LayerPart::Up), (hidden, width), shape.feed_biases)?,
        ]
    };
    let down = tensors.linear(of(LayerPart::Down), (width, hidden), shape.feed_biases)?;
    Ok(FeedForward::One(Feed { gate, up, down }))
}
