//! Who computes the rows of a step: the processor, or a device.

pub(crate) mod backend;
pub(crate) mod processor;
