//! Who computes the rows of a step: the processor, or a device.

pub(crate) mod backend;
pub(crate) mod cuda;
pub(crate) mod device;
pub(crate) mod processor;
