//! The operations on a CUDA device, with the bits of their definitions.
//!
//! ```text
//! kernels/cuda/*.cu     the kernels, compiled to PTX which stands beside them
//! Machine               what runs them: the driver (feature `cuda`), or in the tests a program made from the same
//!                       sources by a C++ compiler
//! Cuda, Buffer, ...     checks shapes, keeps memory, and queues launches; the same code for both
//! ```
//!
//! Operations are queued and done in that order; only reading waits. Weights are uploaded once, pages stay on the
//! device, and what a step reads from its lists ([`Lists`], [`Slots`]) is uploaded once for all layers, with all else that
//! it is told ([`Cuda::step`]). All that
//! indexes memory is checked on this side before it is sent, so that no caller can make a kernel leave its buffers.
//!
//! The feature `cuda` needs nothing to build, and loads the driver when it runs.
//!
//! ```no_run
//! use theoremata_kernels::Matrix;
//! use theoremata_kernels::cuda::{Cuda, Product};
//!
//! let cuda = Cuda::open(0)?;
//! let weights = cuda.weights(&Matrix::from_floats(2, 3, &[1.0, 0.0, 2.0, 0.0, 1.0, 0.0]))?;
//! let x = cuda.upload(&[3.0f32, 4.0, 5.0])?;
//! let mut out = cuda.buffer::<f32>(2)?;
//! cuda.multiply(&x, 1, &mut [Product { weights: &weights, out: &mut out }])?;
//! assert_eq!(out.to_vec()?, [13.0, 4.0]);
//! # Ok::<(), theoremata_kernels::cuda::CudaError>(())
//! ```

mod attention;
mod buffer;
#[cfg(feature = "cuda")]
mod driver;
mod lists;
mod machine;
mod product;
mod rows;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod step;

use std::sync::Arc;

use thiserror::Error;

pub use attention::{Angles, DevicePages, Scoring};
pub use buffer::{Buffer, Plain};
pub use lists::{Lists, Slots};
pub use machine::{Address, Launch, Machine};
pub use product::{Product, Weights};
pub use rows::{Choice, Choices, Drawn};
pub use step::{Indices, Step, StepPlan};

/// A device, and the queue of what it is to do. Clones share both.
#[derive(Clone)]
pub struct Cuda {
    machine: Arc<dyn Machine>,
}

/// Why a device cannot be had, or did not do what it was told.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The feature is not in this program.
    #[error("this program was built without the feature `cuda`")]
    NotBuilt,
    /// The library of the driver is not there.
    #[error("no CUDA driver: libcuda cannot be loaded; it comes with the driver of an NVIDIA device")]
    NoDriver,
    /// The driver sees no device.
    #[error("the CUDA driver sees no device")]
    NoDevice,
    /// The driver sees fewer devices.
    #[error("there is no CUDA device {number}: the driver sees {count}, counted from 0")]
    NoSuchDevice {
        /// The number that was asked for.
        number: usize,
        /// Devices there are.
        count: usize,
    },
    /// The device lacks instructions that the kernels use.
    #[error("{name} has compute capability {major}.{minor}; the kernels take 8.0 or above")]
    TooOld {
        /// The device.
        name: String,
        /// Its capability, before the point.
        major: i32,
        /// The same, after the point.
        minor: i32,
    },
    /// The machine refused to do something. What was queued before may not have been done either.
    #[error("{act}: {reason}")]
    Failed {
        /// What was being done, and to what.
        act: String,
        /// What the machine said.
        reason: String,
    },
}

impl Cuda {
    /// Opens a device by its number among those that the driver shows (`CUDA_VISIBLE_DEVICES` chooses), and loads the
    /// kernels.
    ///
    /// Fails where the program was built without the feature `cuda`, there is no driver or no such device, the device
    /// is too old, or the driver is older than CUDA 13.0 (580 on Linux) and refuses the kernels.
    #[cfg(feature = "cuda")]
    pub fn open(number: usize) -> Result<Cuda, CudaError> {
        Ok(Cuda::on(Arc::new(driver::Driver::open(number)?)))
    }

    /// Fails: the program was built without the feature `cuda`.
    #[cfg(not(feature = "cuda"))]
    pub fn open(_: usize) -> Result<Cuda, CudaError> {
        Err(CudaError::NotBuilt)
    }

    /// The operations, on a machine of the caller's.
    pub fn on(machine: Arc<dyn Machine>) -> Cuda {
        Cuda { machine }
    }

    /// What the machine calls itself.
    pub fn name(&self) -> String {
        self.machine.name()
    }

    /// Waits until all that was queued is done; fails if any of it did.
    pub fn wait(&self) -> Result<(), CudaError> {
        self.machine.wait()
    }

    /// Memory for `length` values, of which none is set.
    pub fn buffer<T: Plain>(&self, length: usize) -> Result<Buffer<T>, CudaError> {
        Buffer::new(&self.machine, length)
    }

    /// Memory with these values.
    pub fn upload<T: Plain>(&self, values: &[T]) -> Result<Buffer<T>, CudaError> {
        let mut buffer = self.buffer(values.len())?;
        buffer.write(0, values)?;
        Ok(buffer)
    }
}
