//! Backends, which compute the rows of a step: the processor or a device.

pub(crate) mod backend;
mod buffers;
mod cells;
pub(crate) mod cuda;
pub(crate) mod device;
mod mixture;
pub(crate) mod processor;
mod watch;
