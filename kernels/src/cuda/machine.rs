//! What runs kernels, and how they are launched.

use crate::cuda::buffer::{Plain, bytes_of};
use crate::cuda::{Cuda, CudaError};

/// A place in the memory of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Address(pub u64);

impl Address {
    /// The place `bytes` further on.
    pub(crate) fn plus(self, bytes: usize) -> Address {
        Address(self.0 + bytes as u64)
    }
}

/// One run of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Its name in the sources.
    pub kernel: &'static str,
    /// Blocks in each direction; none is 0.
    pub grid: [u32; 3],
    /// Threads of a block, as many as the kernel is built for.
    pub threads: u32,
    /// The structure that it takes, by its bytes.
    pub arguments: &'a [u8],
}

/// A machine with memory of its own that runs kernels: a device behind its driver, or in the tests a program that
/// stands in for one.
///
/// It does what it is told in the order in which it is told; it may do so later, but for reading, which waits.
/// [`Cuda`] keeps the contracts of the `unsafe` methods.
pub trait Machine: Send + Sync {
    /// What it calls itself.
    fn name(&self) -> String;

    /// Memory of at least so many bytes, aligned for any number; nothing in it is set.
    fn allocate(&self, bytes: usize) -> Result<Address, CudaError>;

    /// Frees memory once all that was told before is done.
    ///
    /// # Safety
    /// The address was given by `allocate`, and is not used again.
    unsafe fn free(&self, address: Address);

    /// Copies bytes to the machine; they may be dropped on return.
    ///
    /// # Safety
    /// The bytes at the address lie in memory that was allocated and not freed.
    unsafe fn write(&self, to: Address, bytes: &[u8]) -> Result<(), CudaError>;

    /// Copies bytes from the machine, after all that was told before.
    ///
    /// # Safety
    /// As for `write`.
    unsafe fn read(&self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError>;

    /// Runs a kernel.
    ///
    /// # Safety
    /// The arguments are those that the kernel takes, and all that it reads and writes by them lies in memory that
    /// was allocated and not freed.
    unsafe fn launch(&self, launch: &Launch<'_>) -> Result<(), CudaError>;

    /// Waits until all is done; fails if anything did.
    fn wait(&self) -> Result<(), CudaError>;
}

impl Cuda {
    /// Runs a kernel with its structure of arguments; does nothing for a grid without blocks.
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

/// Blocks of `size` that hold `count` things.
///
/// # Panics
/// If a device takes no such grid.
pub(crate) fn blocks(count: usize, size: usize) -> u32 {
    let blocks = count.div_ceil(size);
    assert!(blocks <= i32::MAX as usize, "{blocks} blocks are more than a device takes");
    blocks as u32
}

/// A count as the kernels take it.
///
/// # Panics
/// If it has more than 32 bits.
pub(crate) fn word(count: usize) -> u32 {
    count.try_into().expect("the kernels count in 32 bits")
}

/// Declares structures that kernels take, which stand in the sources of the kernels with the same fields. There is no
/// padding in them, so that all their bytes are set: 8-byte fields come first, 4-byte fields are even in number.
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
