//! The operations on a CUDA device, with the bits of their definitions.
//!
//! ```text
//! kernels/cuda/*.cu     the kernels, compiled to PTX which stands beside them
//! Machine               what runs them: the driver (feature `cuda`), or in the tests a program made from the same
//!                       sources by a C++ compiler
//! Cuda, Buffer, ...     checks shapes, keeps memory, and queues launches; the same code for both
//! ```
//!
//! Operations are queued and executed in order; only reads wait. Weights are uploaded once, pages stay on the device,
//! and the lists of a step ([`Lists`], [`Slots`]) are uploaded once for all layers, with all other input of the step
//! ([`Cuda::step`]). Everything that indexes memory is checked on the host before it is sent, so that no caller can
//! make a kernel leave its buffers.
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

/// A device and its queue of operations. Clones share both.
#[derive(Clone)]
pub struct Cuda {
    machine: Arc<dyn Machine>,
}

/// Why a device cannot be opened, or failed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The program was built without the feature `cuda`.
    #[error("this program was built without the feature `cuda`")]
    NotBuilt,
    /// The library of the driver was not found.
    #[error("no CUDA driver: libcuda cannot be loaded; it comes with the driver of an NVIDIA device")]
    NoDriver,
    /// The driver sees no device.
    #[error("the CUDA driver sees no device")]
    NoDevice,
    /// The driver sees fewer devices.
    #[error("there is no CUDA device {number}: the driver sees {count}, counted from 0")]
    NoSuchDevice {
        /// The requested number.
        number: usize,
        /// Number of devices.
        count: usize,
    },
    /// The device lacks instructions that the kernels use.
    #[error("{name} has compute capability {major}.{minor}; the kernels take 8.0 or above")]
    TooOld {
        /// The device.
        name: String,
        /// Major compute capability.
        major: i32,
        /// Minor compute capability.
        minor: i32,
    },
    /// An operation failed. Operations that were queued before may not have been executed either.
    #[error("{act}: {reason}")]
    Failed {
        /// The operation and its object.
        act: String,
        /// The error of the driver.
        reason: String,
    },
}

impl Cuda {
    /// Opens a device by its number in the driver's list (see `CUDA_VISIBLE_DEVICES`), and loads the kernels.
    ///
    /// Fails if the program was built without the feature `cuda`, there is no driver or no such device, the device is
    /// too old, or the driver is older than CUDA 13.0 (580 on Linux) and refuses the kernels.
    #[cfg(feature = "cuda")]
    pub fn open(number: usize) -> Result<Cuda, CudaError> {
        Ok(Cuda::on(Arc::new(driver::Driver::open(number)?)))
    }

    /// Fails: the program was built without the feature `cuda`.
    #[cfg(not(feature = "cuda"))]
    pub fn open(_: usize) -> Result<Cuda, CudaError> {
        Err(CudaError::NotBuilt)
    }

    /// The operations on a machine of the caller's.
    pub fn on(machine: Arc<dyn Machine>) -> Cuda {
        Cuda { machine }
    }

    /// The name of the machine.
    pub fn name(&self) -> String {
        self.machine.name()
    }

    /// Waits until all queued operations are done; fails if any did.
    pub fn wait(&self) -> Result<(), CudaError> {
        self.machine.wait()
    }

    /// Uninitialised memory for `length` values.
    pub fn buffer<T: Plain>(&self, length: usize) -> Result<Buffer<T>, CudaError> {
        Buffer::new(&self.machine, length)
    }

    /// Memory initialised with these values.
    pub fn upload<T: Plain>(&self, values: &[T]) -> Result<Buffer<T>, CudaError> {
        let mut buffer = self.buffer(values.len())?;
        buffer.write(0, values)?;
        Ok(buffer)
    }
}
