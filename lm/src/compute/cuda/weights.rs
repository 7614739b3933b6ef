//! The weights of a model on a device.

use theoremata_kernels::Matrix;
use theoremata_kernels::cuda::{Buffer, Cuda, CudaError, Weights};

use crate::weights::model::{Layer, Model, Projection};
use crate::weights::tensors::Linear;

/// A matrix with its bias.
pub(super) struct DeviceLinear {
    pub(super) weights: Weights,
    pub(super) bias: Option<Buffer<f32>>,
}

/// The projection of a row to queries, keys or values.
pub(super) struct DeviceProjection {
    pub(super) linear: DeviceLinear,
    pub(super) norm: Option<Buffer<f32>>,
}

/// The weights of one layer, as in [`Layer`].
pub(super) struct DeviceLayer {
    pub(super) attention_norm: Option<Buffer<f32>>,
    pub(super) query: DeviceProjection,
    pub(super) key: DeviceProjection,
    pub(super) value: DeviceProjection,
    pub(super) output: DeviceLinear,
    pub(super) attention_after: Option<Buffer<f32>>,
    pub(super) feed_norm: Option<Buffer<f32>>,
    pub(super) gate: DeviceLinear,
    pub(super) up: DeviceLinear,
    pub(super) down: DeviceLinear,
    pub(super) feed_after: Option<Buffer<f32>>,
}

/// The weights of a model.
pub(super) struct DeviceModel {
    pub(super) embedding: Weights,
    pub(super) layers: Vec<DeviceLayer>,
    pub(super) norm: Buffer<f32>,
    /// The output head; `None` if the embedding is used.
    pub(super) head: Option<Weights>,
}

impl DeviceModel {
    pub(super) fn upload(cuda: &Cuda, model: &Model) -> Result<DeviceModel, CudaError> {
        Ok(DeviceModel {
            embedding: cuda.weights(&model.embedding)?,
            layers: model.layers.iter().map(|layer| DeviceLayer::upload(cuda, layer)).collect::<Result<_, _>>()?,
            norm: cuda.upload(&model.norm)?,
            head: model.head.as_ref().map(|head: &Matrix| cuda.weights(head)).transpose()?,
        })
    }
}

impl DeviceLayer {
    fn upload(cuda: &Cuda, layer: &Layer) -> Result<DeviceLayer, CudaError> {
        let vector = |gain: &Option<Vec<f32>>| gain.as_ref().map(|gain| cuda.upload(gain)).transpose();
        let linear = |linear: &Linear| -> Result<DeviceLinear, CudaError> {
            Ok(DeviceLinear { weights: cuda.weights(&linear.matrix)?, bias: vector(&linear.bias)? })
        };
        let projection = |projection: &Projection| -> Result<DeviceProjection, CudaError> {
            Ok(DeviceProjection { linear: linear(&projection.linear)?, norm: vector(&projection.norm)? })
        };
        // Mixtures are refused before anything is uploaded.
        let feed = layer.feed.only().unwrap_or_else(|| unreachable!("a mixture has no kernel"));
        Ok(DeviceLayer {
            attention_norm: vector(&layer.attention_norm)?,
            query: projection(&layer.query)?,
            key: projection(&layer.key)?,
            value: projection(&layer.value)?,
            output: linear(&layer.output)?,
            attention_after: vector(&layer.attention_after)?,
            feed_norm: vector(&layer.feed_norm)?,
            gate: linear(&feed.gate)?,
            up: linear(&feed.up)?,
            down: linear(&feed.down)?,
            feed_after: vector(&layer.feed_after)?,
        })
    }
}
