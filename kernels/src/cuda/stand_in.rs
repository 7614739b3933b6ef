//! A program built from the kernels' sources that stands in for a device in tests.
//!
//! It is built with g++ on first use, in the folder of the test, and again when a source changes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::cuda::CudaError;
use crate::cuda::machine::{Address, Launch, Machine};

/// The sources of `host.cpp` and `driver.cpp`.
const SOURCES: [&str; 8] =
    ["host.cpp", "driver.cpp", "blocks.h", "host.h", "common.h", "products.cu", "rows.cu", "attention.cu"];

/// How the program is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Build {
    /// With sanitizers if there are any: every access is checked.
    Sanitized,
    /// Without: several times faster.
    Fast,
}

/// The program, built once per run; `None` without a suitable compiler.
fn program(build: Build) -> Option<&'static Path> {
    static SANITIZED: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let sanitized = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        built("host.cpp", "cuda-host-sanitized", &sanitized).or_else(|| {
            println!("this compiler has no sanitizers: accesses outside of buffers may go unseen");
            built("host.cpp", "cuda-host-plain", &["-O1"])
        })
    });
    static FAST: LazyLock<Option<PathBuf>> = LazyLock::new(|| built("host.cpp", "cuda-host", &["-O2"]));
    match build {
        Build::Sanitized => SANITIZED.as_deref(),
        Build::Fast => FAST.as_deref(),
    }
}

/// A folder with a library that stands in for the driver's, for use in `LD_LIBRARY_PATH`; `None` without a suitable
/// compiler.
pub fn driver() -> Option<PathBuf> {
    let library = built("driver.cpp", "cuda-driver", &["-O1", "-shared", "-fPIC"])?;
    let folder = library.with_extension("folder");
    std::fs::create_dir_all(&folder).ok()?;
    std::fs::copy(library, folder.join("libcuda.so")).ok()?;
    Some(folder)
}

/// Builds a source for this machine unless that was done before. `None` if there is no compiler, it does not know the
/// options, or the stand-ins do not run on this system.
///
/// # Panics
/// If one of our sources does not compile.
fn built(source: &str, name: &str, options: &[&str]) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda");
    let mut hash = DefaultHasher::new();
    options.hash(&mut hash);
    for source in SOURCES {
        std::fs::read(sources.join(source)).ok()?.hash(&mut hash);
    }
    // It is built for this processor.
    std::fs::read_to_string("/proc/cpuinfo").ok()?.lines().find(|line| line.starts_with("flags")).hash(&mut hash);
    // Tests are in `target/<profile>/deps`.
    let test = std::env::current_exe().ok()?;
    let folder = test.ancestors().nth(3)?.join("tmp");
    std::fs::create_dir_all(&folder).ok()?;
    let target = folder.join(format!("{name}-{:016x}", hash.finish()));
    if target.exists() {
        return Some(target);
    }
    // Other processes may be building the same.
    let own = folder.join(format!("{name}-{}", std::process::id()));
    let output = Command::new("g++")
        .args(["-std=c++17", "-march=native", "-g", "-ffp-contract=off", "-Wno-unknown-pragmas"])
        .args(options)
        .arg("-o")
        .args([&own, &sources.join(source)])
        .output()
        .ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let ours = |line: &str| line.contains(" error: ") && line.contains("cuda/");
    assert!(!errors.lines().any(ours), "{errors}");
    (output.status.success() && std::fs::rename(&own, &target).is_ok()).then_some(target)
}

/// The running program.
pub struct StandIn {
    pipes: Mutex<Pipes>,
    limits: Mutex<Limits>,
}

/// The limits of the simulated device, and its counters.
struct Limits {
    /// Bytes that are still available.
    left: usize,
    /// Bytes allocated at each address.
    taken: HashMap<Address, usize>,
    /// Launches before the device is lost.
    launches: u64,
    /// Number of copies to the device.
    copies: u64,
}

struct Pipes {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
}

impl StandIn {
    /// Builds the program if necessary, and starts it; `None` without a suitable compiler. Some systems occasionally
    /// map it where its sanitizer needs its tables, and it ends at once; so it is started a few more times if it does
    /// not answer.
    ///
    /// # Panics
    /// If one of our sources does not compile, or the program does not answer.
    pub fn start(build: Build) -> Option<Arc<StandIn>> {
        let program = program(build)?;
        for _ in 0..10 {
            let host = StandIn::try_start(program);
            if host.answers() {
                return Some(Arc::new(host));
            }
        }
        let host = StandIn::try_start(program);
        host.wait().expect("an answer"); // panics with the reason if there is none
        Some(Arc::new(host))
    }

    /// Limits the device to `bytes` bytes beyond what is allocated.
    pub fn give_memory(&self, bytes: usize) {
        self.limits().left = bytes;
    }

    /// Lets the device run `launches` more kernels, and then be lost.
    pub fn lose_after(&self, launches: u64) {
        self.limits().launches = launches;
    }

    /// The number of copies to the device so far.
    pub fn copies(&self) -> u64 {
        self.limits().copies
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if the device is lost.
    fn check(&self, act: &str) -> Result<(), CudaError> {
        if self.limits().launches > 0 {
            return Ok(());
        }
        Err(CudaError::Failed { act: act.to_owned(), reason: String::from("the device is lost") })
    }

    fn try_start(program: &Path) -> StandIn {
        let mut child = Command::new(program)
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program that was just built");
        let input = Some(BufWriter::new(child.stdin.take().expect("a pipe")));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let limits = Limits { left: usize::MAX, taken: HashMap::new(), launches: u64::MAX, copies: 0 };
        StandIn { pipes: Mutex::new(Pipes { child, input, output }), limits: Mutex::new(limits) }
    }

    fn answers(&self) -> bool {
        let mut pipes = self.pipes();
        let input = pipes.input.as_mut().expect("open until dropped");
        let asked = input.write_all(b"Q").and_then(|()| input.flush());
        asked.is_ok() && pipes.output.read_exact(&mut [0; 8]).is_ok()
    }

    /// Sets the order in which threads and blocks take turns.
    pub fn take_turns(&self, order: u64) {
        self.pipes().tell(b'O', &[order], &[]);
    }

    fn pipes(&self) -> MutexGuard<'_, Pipes> {
        self.pipes.lock().expect("no test goes on after a panic")
    }
}

impl Pipes {
    /// Sends a command with its numbers, then byte strings, each after its length.
    fn tell(&mut self, command: u8, numbers: &[u64], bytes: &[&[u8]]) {
        self.send(command, numbers, bytes).unwrap_or_else(|_| self.ended());
    }

    fn send(&mut self, command: u8, numbers: &[u64], bytes: &[&[u8]]) -> io::Result<()> {
        let mut message = vec![command];
        message.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        for bytes in bytes {
            message.extend((bytes.len() as u64).to_le_bytes());
            message.extend(*bytes);
        }
        self.input.as_mut().expect("open until dropped").write_all(&message)
    }

    fn hear(&mut self, bytes: &mut [u8]) {
        let flushed = self.input.as_mut().expect("open until dropped").flush();
        flushed.and_then(|()| self.output.read_exact(bytes)).unwrap_or_else(|_| self.ended());
    }

    /// Panics with the reason why the program ended.
    fn ended(&mut self) -> ! {
        let mut last = String::new();
        let _ = self.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut last));
        panic!("the stand-in has ended: {last}");
    }
}

impl Machine for StandIn {
    fn name(&self) -> String {
        String::from("a stand-in for a device")
    }

    fn allocate(&self, bytes: usize) -> Result<Address, CudaError> {
        let act = format!("allocate {bytes} bytes on the device");
        self.check(&act)?;
        let Some(left) = self.limits().left.checked_sub(bytes) else {
            return Err(CudaError::Failed { act, reason: String::from("out of memory") });
        };
        let (mut pipes, mut address) = (self.pipes(), [0; 8]);
        pipes.tell(b'A', &[bytes as u64], &[]);
        pipes.hear(&mut address);
        let address = Address(u64::from_le_bytes(address));
        let mut limits = self.limits();
        limits.left = left;
        limits.taken.insert(address, bytes);
        Ok(address)
    }

    unsafe fn free(&self, address: Address) {
        let mut limits = self.limits();
        limits.left = limits.left.saturating_add(limits.taken.remove(&address).unwrap_or(0));
        // A test that panics frees as well, and must not panic within that; a program that has ended is not told.
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = pipes.send(b'F', &[address.0], &[]);
    }

    unsafe fn write(&self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        self.check("copy to the device")?;
        self.limits().copies += 1;
        self.pipes().tell(b'W', &[to.0], &[bytes]);
        Ok(())
    }

    unsafe fn read(&self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError> {
        self.check("copy from the device")?;
        let mut pipes = self.pipes();
        pipes.tell(b'R', &[from.0, bytes.len() as u64], &[]);
        pipes.hear(bytes);
        Ok(())
    }

    unsafe fn launch(&self, launch: &Launch<'_>) -> Result<(), CudaError> {
        self.check(launch.kernel)?;
        self.limits().launches -= 1;
        let [x, y, z] = launch.grid.map(u64::from);
        let bytes = [launch.kernel.as_bytes(), launch.arguments];
        self.pipes().tell(b'L', &[x, y, z, launch.threads.into()], &bytes);
        Ok(())
    }

    fn wait(&self) -> Result<(), CudaError> {
        self.check("wait for the device")?;
        let mut pipes = self.pipes();
        pipes.tell(b'Q', &[], &[]);
        pipes.hear(&mut [0; 8]);
        Ok(())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let pipes = self.pipes.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        pipes.input.take(); // the program ends with its input
        let _ = pipes.child.wait();
    }
}
