//! A machine that executes nothing, for tests of arguments that are refused before a launch.

use std::sync::Arc;

use theoremata_kernels::cuda::{Address, CudaError, Launch, Machine};

/// A machine that executes nothing.
pub(crate) struct Nothing;

impl Nothing {
    pub(crate) fn start() -> Arc<Nothing> {
        Arc::new(Nothing)
    }
}

impl Machine for Nothing {
    fn name(&self) -> String {
        String::from("nothing")
    }

    fn allocate(&self, _: usize) -> Result<Address, CudaError> {
        Ok(Address(0))
    }

    unsafe fn free(&self, _: Address) {}

    unsafe fn write(&self, _: Address, _: &[u8]) -> Result<(), CudaError> {
        Ok(())
    }

    unsafe fn read(&self, _: Address, _: &mut [u8]) -> Result<(), CudaError> {
        Ok(())
    }

    unsafe fn launch(&self, _: &Launch<'_>) -> Result<(), CudaError> {
        Ok(())
    }

    fn wait(&self) -> Result<(), CudaError> {
        Ok(())
    }
}
