//! On what a model is computed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use theoremata_kernels::Kernels;
use theoremata_kernels::cuda::Cuda;

use crate::compute::backend::{Backend, BackendError, Room, Rows};
use crate::compute::cuda::{CudaBackend, check};
use crate::compute::processor::Processor;
use crate::weights::model::Model;

/// On what a model is computed. Tokens do not depend on it.
#[derive(Clone, Default)]
pub enum Device {
    /// The processor.
    #[default]
    Processor,
    /// The CUDA device of this number among those that the driver shows.
    Cuda(usize),
    /// The first CUDA device if the model can be computed there, else the processor.
    Auto,
    /// A machine that is open.
    Machine(Cuda),
}

impl Device {
    /// Whether a model can be computed on it, before anything is taken there.
    ///
    /// # Errors
    /// If there is no such device, or the model asks for something that there is no kernel for. With [`Device::Auto`]
    /// that says why it will be the processor.
    pub fn check(&self, model: &Model, rows: Rows) -> Result<(), BackendError> {
        self.cuda()?.map_or(Ok(()), |cuda| check(&cuda, model, rows))
    }

    /// Takes memory for a model and its pages.
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

    /// The device, open; nothing for the processor.
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

    /// `cpu`, `cuda`, `cuda:N` or `auto`.
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
