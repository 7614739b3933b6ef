//! On what a model is computed.

use std::fmt;
use std::str::FromStr;

use theoremata_kernels::cuda::Cuda;

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
