//! The interface of a machine that runs kernels, and how they are launched.

use crate::cuda::buffer::{Plain, bytes_of};
use crate::cuda::{Cuda, CudaError};

/// An address in the memory of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Address(pub u64);

impl Address {
    /// The address `bytes` further on.
    pub(crate) fn plus(self, bytes: usize) -> Address {
        Address(self.0 + bytes as u64)
    }
}

/// One launch of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Its name in the sources.
    pub kernel: &'static str,
    /// Blocks in each dimension; none is 0.
    pub grid: [u32; 3],
    /// Threads per block, as many as the kernel is built for.
    pub threads: u32,
    /// The bytes of its argument structure.
    pub arguments: &'a [u8],
}

/// A machine with memory of its own that runs kernels: a device behind its driver, or in tests a program that stands in
/// for one.
///
/// Operations are executed in order, possibly later; only reads and waits block. [`Cuda`] keeps the contracts of the
/// `unsafe` methods.
pub trait Machine: Send + Sync {
    /// Its name.
    fn name(&self) -> String;

    /// Uninitialised memory of at least `bytes` bytes, aligned for any number.
    fn allocate(&self, bytes: usize) -> Result<Address, CudaError>;

    /// Frees memory after all operations queued before.
    ///
    /// # Safety
    /// The address is from `allocate`, and is not used again.
    unsafe fn free(&self, address: Address);

    /// Copies bytes to the machine; they may be dropped on return.
    ///
    /// # Safety
    /// The bytes at the address are in memory that was allocated and not freed.
    unsafe fn write(&self, to: Address, bytes: &[u8]) -> Result<(), CudaError>;

    /// Copies bytes from the machine, after all operations queued before.
    ///
    /// # Safety
    /// As for `write`.
    unsafe fn read(&self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError>;

    /// Runs a kernel.
    ///
    /// # Safety
    /// The arguments are those of the kernel, and all memory that it reads and writes through them was allocated and
    /// not freed.
    unsafe fn launch(&self, launch: &Launch<'_>) -> Result<(), CudaError>;

    /// Waits until all operations are done; fails if any did.
    fn wait(&self) -> Result<(), CudaError>;
}

impl Cuda {
    /// Launches a kernel with its argument structure; does nothing for an empty grid.
    ///
    /// # Safety
    /// As for [`Machine::launch`].
    pub(crate) unsafe fn launch<T: Plain>(
        &self,
        kernel: &'static str,
        grid: [u32; 3],
        threads: u32,
        arguments: T,
    ) -> Result<(), CudaError> {
        if grid.contains(&0) {
            return Ok(());
        }
        let launch = Launch { kernel, grid, threads, arguments: bytes_of(std::slice::from_ref(&arguments)) };
        // SAFETY: the contract is the caller's.
        unsafe { self.machine.launch(&launch) }
    }
}

/// The number of blocks of `size` items for `count` items.
///
/// # Panics
/// If a device does not support such a grid.
pub(crate) fn blocks(count: usize, size: usize) -> u32 {
    let blocks = count.div_ceil(size);
    assert!(blocks <= i32::MAX as usize, "{blocks} blocks are more than a device takes");
    blocks as u32
}

/// A count as a 32-bit number.
///
/// # Panics
/// If it does not fit.
pub(crate) fn word(count: usize) -> u32 {
    count.try_into().expect("the kernels count in 32 bits")
}

/// Declares argument structures, which have the same fields in the sources of the kernels. They have no padding, so
/// that all their bytes are set: 8-byte fields come first, and the number of 4-byte fields is even.
macro_rules! arguments {
    ($($(#[$comment:meta])* struct $name:ident { $($field:ident: $type:ty,)* })*) => { $(
        $(#[$comment])*
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)*
        }

        const _: () = {
            const fn is_plain<T: crate::cuda::Plain>() {}
            $(is_plain::<$type>();)*
            assert!(size_of::<$name>() == 0 $(+ size_of::<$type>())*, "no padding");
        };

        // SAFETY: the fields are plain and fill it, as was just asserted.
        unsafe impl crate::cuda::Plain for $name {}
    )* };
}
pub(crate) use arguments;
