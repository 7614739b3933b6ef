//! Memory on a device.

use std::marker::PhantomData;
use std::sync::Arc;

use half::f16;

use crate::cuda::machine::{Address, Machine};
use crate::cuda::{Cuda, CudaError};

/// A type that consists of its bytes alone.
///
/// # Safety
/// Any bytes are a value of it, and all bytes of a value are set: there is no padding.
pub unsafe trait Plain: Copy + 'static {}

// SAFETY: numbers without padding, for which all bits are valid.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}
// SAFETY: as above.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for f16 {}
// SAFETY: plain values without padding between them.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}
// SAFETY: a transparent `u64`.
unsafe impl Plain for Address {}

pub(crate) fn bytes_of<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: all bytes of plain values are set, and bytes need no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

fn bytes_of_mut<T: Plain>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: as above; and any bytes that are written are valid values.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}

/// Memory on a device, freed with the last buffer in it.
struct Memory {
    machine: Arc<dyn Machine>,
    address: Address,
}

/// Values in the memory of a device.
pub struct Buffer<T> {
    memory: Arc<Memory>,
    address: Address,
    length: usize,
    values: PhantomData<T>,
}

impl<T: Plain> Buffer<T> {
    pub(crate) fn new(machine: &Arc<dyn Machine>, length: usize) -> Result<Buffer<T>, CudaError> {
        let bytes = length.checked_mul(size_of::<T>()).expect("a size that can be written down");
        let address = machine.allocate(bytes)?;
        let memory = Arc::new(Memory { machine: Arc::clone(machine), address });
        Ok(Buffer { memory, address, length, values: PhantomData })
    }

    /// Number of values.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The address of value `at`, within the buffer or just past its end.
    fn place(&self, at: usize) -> Address {
        self.address.plus(at * size_of::<T>())
    }

    /// Writes values from index `at` on.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn write(&mut self, at: usize, values: &[T]) -> Result<(), CudaError> {
        assert!(at <= self.length && values.len() <= self.length - at, "values within the buffer");
        // SAFETY: the bytes lie within this buffer, as was just asserted.
        unsafe { self.memory.machine.write(self.place(at), bytes_of(values)) }
    }

    /// Reads values from index `at` on, after all queued operations. Values that were never written are arbitrary.
    ///
    /// # Panics
    /// If there are fewer values.
    pub fn read(&self, at: usize, values: &mut [T]) -> Result<(), CudaError> {
        assert!(at <= self.length && values.len() <= self.length - at, "values within the buffer");
        // SAFETY: the bytes lie within this buffer, as was just asserted.
        unsafe { self.memory.machine.read(self.place(at), bytes_of_mut(values)) }
    }

    /// All values, as [`Buffer::read`] gives them.
    pub fn to_vec(&self) -> Result<Vec<T>, CudaError> {
        // SAFETY: all bytes 0 are a valid value of a plain type.
        let mut values = vec![unsafe { std::mem::zeroed() }; self.length];
        self.read(0, &mut values)?;
        Ok(values)
    }
}

impl Buffer<u8> {
    /// `length` values from byte `from` on, in the same memory. They are read-only: nothing that owns them writes.
    ///
    /// # Panics
    /// If they do not lie within the bytes, or are not aligned.
    pub(crate) fn part<T: Plain>(&self, from: usize, length: usize) -> Buffer<T> {
        let bytes = length.checked_mul(size_of::<T>()).expect("a size that can be written down");
        assert!(from <= self.length && bytes <= self.length - from, "values within the buffer");
        assert!(from.is_multiple_of(align_of::<T>()), "values where they are aligned");
        Buffer { memory: Arc::clone(&self.memory), address: self.place(from), length, values: PhantomData }
    }
}

impl Cuda {
    /// The address of a buffer.
    ///
    /// # Panics
    /// If it belongs to another machine: its address would be meaningless here.
    pub(crate) fn address<T: Plain>(&self, buffer: &Buffer<T>) -> Address {
        assert!(Arc::ptr_eq(&self.machine, &buffer.memory.machine), "a buffer of this machine");
        buffer.address
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the address is from `allocate` and is owned by this value; no buffer in it is left.
        unsafe { self.machine.free(self.address) }
    }
}
