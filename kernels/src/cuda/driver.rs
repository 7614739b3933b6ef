//! A CUDA device behind its driver, which is loaded on demand.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{self, CUfunction, CUmemPool_attribute_enum, CUmodule};
use cudarc::driver::{CudaContext, CudaStream};

use crate::cuda::CudaError;
use crate::cuda::machine::{Address, Launch, Machine};

/// The kernels, terminated by a 0 as the driver requires.
const SOURCES: [(&str, &str); 3] = [
    ("products", concat!(include_str!("../../cuda/products.ptx"), "\0")),
    ("rows", concat!(include_str!("../../cuda/rows.ptx"), "\0")),
    ("attention", concat!(include_str!("../../cuda/attention.ptx"), "\0")),
];

/// A device with one stream, so that operations are executed in order.
pub(crate) struct Driver {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    modules: Vec<CUmodule>,
    functions: Mutex<HashMap<&'static str, CUfunction>>,
}

// SAFETY: modules and functions are handles of the context, which any thread may use that has made it current; every
// method does so first.
unsafe impl Send for Driver {}
// SAFETY: as above; the driver's calls may come from several threads at once.
unsafe impl Sync for Driver {}

fn failed(act: impl Into<String>) -> impl FnOnce(DriverError) -> CudaError {
    let act = act.into();
    move |error| CudaError::Failed { act, reason: error.to_string() }
}

impl Driver {
    pub(crate) fn open(number: usize) -> Result<Driver, CudaError> {
        // SAFETY: loading the driver's library runs its initialisers, which are sound on their own.
        if !unsafe { sys::is_culib_present() } {
            return Err(CudaError::NoDriver);
        }
        let count = match CudaContext::device_count() {
            Ok(0) | Err(DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => return Err(CudaError::NoDevice),
            other => other.map_err(failed("ask the driver for devices"))? as usize,
        };
        if number >= count {
            return Err(CudaError::NoSuchDevice { number, count });
        }
        let context = CudaContext::new(number).map_err(failed(format!("open device {number}")))?;
        let (major, minor) = context.compute_capability().map_err(failed("ask the device what it can do"))?;
        if major < 8 {
            let name = context.name().map_err(failed("ask the device for its name"))?;
            return Err(CudaError::TooOld { name, major, minor });
        }
        let stream = context.new_stream().map_err(failed("make a stream"))?;
        let mut driver = Driver { context, stream, modules: Vec::new(), functions: Mutex::default() };
        driver.keep_freed_memory()?;
        for (name, text) in SOURCES {
            let act = format!("load the kernels of {name} (they take a driver of CUDA 13.0 or above)");
            // SAFETY: the PTX ends with a 0.
            let module = unsafe { result::module::load_data(text.as_ptr().cast()) }.map_err(failed(act))?;
            driver.modules.push(module);
        }
        Ok(driver)
    }

    /// Lets the device keep freed memory for later allocations; it would otherwise return it at every wait.
    fn keep_freed_memory(&self) -> Result<(), CudaError> {
        if !self.context.has_async_alloc() {
            return Ok(());
        }
        let mut bytes = u64::MAX;
        // SAFETY: the device is the one just opened, and the attribute is a number of 64 bits.
        unsafe {
            let pool = result::device::get_default_mem_pool(self.context.cu_device());
            pool.and_then(|pool| {
                let attribute = CUmemPool_attribute_enum::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
                result::mem_pool::set_attribute(pool, attribute, (&raw mut bytes).cast())
            })
        }
        .map_err(failed("keep the device's memory"))
    }

    fn bind(&self) -> Result<(), CudaError> {
        self.context.bind_to_thread().map_err(failed("make the device current"))
    }

    /// A kernel by name; on first use, the size of its arguments is compared with ours.
    fn function(&self, launch: &Launch<'_>) -> Result<CUfunction, CudaError> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = functions.get(launch.kernel) {
            return Ok(*function);
        }
        let act = || format!("find the kernel {}", launch.kernel);
        let name = CString::new(launch.kernel).expect("a name in the sources");
        // SAFETY: the modules live as long as the driver.
        let mut found =
            self.modules.iter().map(|module| unsafe { result::module::get_function(*module, name.clone()) });
        let missing = DriverError(sys::CUresult::CUDA_ERROR_NOT_FOUND);
        let function = found.find_map(Result::ok).ok_or(missing).map_err(failed(act()))?;
        let (mut offset, mut bytes) = (0, 0);
        // SAFETY: the function is ours and has one argument, and both numbers are valid to write.
        unsafe { sys::cuFuncGetParamInfo(function, 0, &raw mut offset, &raw mut bytes) }
            .result()
            .map_err(failed(act()))?;
        assert_eq!(bytes, launch.arguments.len(), "bytes that {} takes", launch.kernel);
        functions.insert(launch.kernel, function);
        Ok(function)
    }
}

impl Machine for Driver {
    fn name(&self) -> String {
        self.context.name().unwrap_or_else(|_| String::from("a CUDA device"))
    }

    fn allocate(&self, bytes: usize) -> Result<Address, CudaError> {
        self.bind()?;
        let size = bytes.max(1);
        // SAFETY: the stream is ours, and all operations on the memory go through it.
        let address = unsafe {
            if self.context.has_async_alloc() {
                result::malloc_async(self.stream.cu_stream(), size)
            } else {
                result::malloc_sync(size)
            }
        };
        address.map(Address).map_err(failed(format!("allocate {bytes} bytes on the device")))
    }

    unsafe fn free(&self, address: Address) {
        // A device that fails here has failed and reported it before.
        if self.bind().is_err() {
            return;
        }
        // SAFETY: the caller promises that the memory is from `allocate` and is not used again. Without a pool the
        // driver itself waits for pending uses.
        let _ = unsafe {
            if self.context.has_async_alloc() {
                result::free_async(address.0, self.stream.cu_stream())
            } else {
                result::free_sync(address.0)
            }
        };
    }

    unsafe fn write(&self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.bind()?;
        // SAFETY: the caller promises memory for the bytes. Ordinary host memory is staged before the call returns, so
        // the bytes may be dropped then.
        unsafe { result::memcpy_htod_async(to.0, bytes, self.stream.cu_stream()) }
            .map_err(failed(format!("copy {} bytes to the device", bytes.len())))
    }

    unsafe fn read(&self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError> {
        if bytes.is_empty() {
            return self.wait();
        }
        self.bind()?;
        let count = bytes.len();
        // SAFETY: the caller promises that the source exists; the destination is not read before the wait is over,
        // which also happens if the copy could not be queued.
        let copied = unsafe { result::memcpy_dtoh_async(bytes, from.0, self.stream.cu_stream()) };
        self.wait()?;
        copied.map_err(failed(format!("copy {count} bytes from the device")))
    }

    unsafe fn launch(&self, launch: &Launch<'_>) -> Result<(), CudaError> {
        self.bind()?;
        let function = self.function(launch)?;
        let [x, y, z] = launch.grid;
        let mut arguments = [launch.arguments.as_ptr().cast_mut().cast::<c_void>()];
        // SAFETY: the kernel takes one structure of this size, which the driver copies before it returns; the caller
        // promises the rest.
        unsafe {
            result::launch_kernel(
                function,
                (x, y, z),
                (launch.threads, 1, 1),
                0,
                self.stream.cu_stream(),
                &mut arguments,
            )
        }
        .map_err(failed(format!("run {} on {x}x{y}x{z} blocks", launch.kernel)))
    }

    fn wait(&self) -> Result<(), CudaError> {
        self.bind()?;
        self.stream.synchronize().map_err(failed("wait for the device"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.wait().is_err() {
            return;
        }
        for module in &self.modules {
            // SAFETY: loaded by `open`, and no kernel is running any more.
            let _ = unsafe { result::module::unload(*module) };
        }
    }
}
