//! The device that computes a model.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use theoremata_kernels::Kernels;
use theoremata_kernels::cuda::Cuda;

use crate::compute::backend::{Backend, BackendError, Room, Rows};
use crate::compute::cuda::{CudaBackend, check};
use crate::compute::processor::Processor;
use crate::weights::model::Model;

/// The device that computes a model. Tokens do not depend on it.
#[derive(Clone, Default)]
pub enum Device {
    /// The processor.
    #[default]
    Processor,
    /// The CUDA device with this number in the driver's list.
    Cuda(usize),
    /// The first CUDA device if it can compute the model, else the processor.
    Auto,
    /// An open device.
    Machine(Cuda),
}

impl Device {
    /// Whether the device can compute a model, checked before memory is allocated.
    ///
    /// # Errors
    /// If the device does not exist, or the model needs an operation without a kernel. With [`Device::Auto`] the error
    /// says why the processor will be used.
    pub fn check(&self, model: &Model, rows: Rows) -> Result<(), BackendError> {
        self.cuda()?.map_or(Ok(()), |cuda| check(&cuda, model, rows))
    }

    /// Allocates memory for a model and its pages.
    pub(crate) fn open(
        &self,
        model: &Arc<Model>,
        kernels: Kernels,
        rows: Rows,
        room: Room,
    ) -> Result<Box<dyn Backend>, BackendError> {
        let processor = || -> Box<dyn Backend> { Box::new(Processor::new(model.clone(), kernels, rows, room)) };
        let opened = self.cuda().and_then(|cuda| match cuda {
            None => Ok(processor()),
            Some(cuda) => Ok(Box::new(CudaBackend::open(cuda, model.clone(), rows, room)?)),
        });
        if matches!(self, Device::Auto) { Ok(opened.unwrap_or_else(|_| processor())) } else { opened }
    }

    /// The open device; `None` for the processor.
    fn cuda(&self) -> Result<Option<Cuda>, BackendError> {
        let open = |number| Cuda::open(number).map(Some).map_err(BackendError::NotOpen);
        match self {
            Device::Processor => Ok(None),
            Device::Cuda(number) => open(*number),
            Device::Auto => open(0),
            Device::Machine(cuda) => Ok(Some(cuda.clone())),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    /// Parses `cpu`, `cuda`, `cuda:N` or `auto`.
    fn from_str(text: &str) -> Result<Device, String> {
        match text {
            "cpu" => return Ok(Device::Processor),
            "cuda" => return Ok(Device::Cuda(0)),
            "auto" => return Ok(Device::Auto),
            _ => {}
        }
        let number = text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
        number.map(Device::Cuda).ok_or_else(|| format!("`{text}` is no device: `cpu`, `cuda`, `cuda:N` or `auto`"))
    }
}

impl fmt::Display for Device {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Processor => out.write_str("cpu"),
            Device::Cuda(number) => write!(out, "cuda:{number}"),
            Device::Auto => out.write_str("auto"),
            Device::Machine(cuda) => out.write_str(&cuda.name()),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Device({self})")
    }
}
