//! A program made from the kernels' sources that stands in for a device.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use theoremata_kernels::cuda::{Address, CudaError, Launch, Machine};

/// The program, built once a run; nothing where there is no compiler for it.
pub(crate) fn program() -> Option<&'static Path> {
    static PROGRAM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        build("host.cpp", "cuda-host", &sanitized).or_else(|| {
            println!("this compiler has no sanitizers: accesses outside of buffers may go unseen");
            build("host.cpp", "cuda-host", &[])
        })
    });
    PROGRAM.as_deref()
}

/// A folder with a library that stands in for the driver's.
#[cfg(all(feature = "cuda", target_os = "linux"))]
pub(crate) fn driver() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cuda-driver");
    std::fs::create_dir_all(&folder).expect("a folder of this build");
    build("driver.cpp", "cuda-driver/libcuda.so", &["-shared", "-fPIC"]).map(|_| folder)
}

/// Builds a source beside the kernels for this machine; nothing where there is no compiler, it does not know the
/// options, or the system is not one on which the stand-ins run.
fn build(source: &str, name: &str, options: &[&str]) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda").join(source);
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = Command::new("g++")
        .args(["-std=c++17", "-O1", "-march=native", "-g", "-ffp-contract=off", "-Wno-unknown-pragmas"])
        .args(options)
        .arg("-o")
        .args([&built, &source])
        .output()
        .ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let ours = |line: &str| line.contains(" error: ") && line.contains("cuda/");
    assert!(!errors.lines().any(ours), "{errors}");
    output.status.success().then_some(built)
}

/// The program at work.
pub(crate) struct Host {
    pipes: Mutex<Pipes>,
}

struct Pipes {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
}

impl Host {
    /// Starts the program. Some systems put it, now and then, where its sanitizer wants to have its tables, and it ends
    /// at once; so it is started again a few times if it does not answer.
    pub(crate) fn start(program: &Path) -> Arc<Host> {
        for _ in 0..10 {
            let host = Host::try_start(program);
            if host.answers() {
                return Arc::new(host);
            }
        }
        let host = Host::try_start(program);
        host.wait().expect("an answer"); // or it says why there is none
        Arc::new(host)
    }

    fn try_start(program: &Path) -> Host {
        let mut child = Command::new(program)
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program that was just built");
        let input = Some(BufWriter::new(child.stdin.take().expect("a pipe")));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Host { pipes: Mutex::new(Pipes { child, input, output }) }
    }

    fn answers(&self) -> bool {
        let mut pipes = self.pipes();
        let input = pipes.input.as_mut().expect("open until dropped");
        let asked = input.write_all(b"Q").and_then(|()| input.flush());
        asked.is_ok() && pipes.output.read_exact(&mut [0; 8]).is_ok()
    }

    /// Sets the order in which threads and blocks take turns.
    pub(crate) fn take_turns(&self, order: u64) {
        self.pipes().tell(b'O', &[order], &[]);
    }

    fn pipes(&self) -> MutexGuard<'_, Pipes> {
        self.pipes.lock().expect("no test goes on after a panic")
    }
}

impl Pipes {
    /// Sends a command with its numbers, then runs of bytes, each after its length.
    fn tell(&mut self, command: u8, numbers: &[u64], bytes: &[&[u8]]) {
        let mut message = vec![command];
        message.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        for bytes in bytes {
            message.extend((bytes.len() as u64).to_le_bytes());
            message.extend(*bytes);
        }
        let sent = self.input.as_mut().expect("open until dropped").write_all(&message);
        sent.unwrap_or_else(|_| self.ended());
    }

    fn hear(&mut self, bytes: &mut [u8]) {
        let flushed = self.input.as_mut().expect("open until dropped").flush();
        flushed.and_then(|()| self.output.read_exact(bytes)).unwrap_or_else(|_| self.ended());
    }

    /// Says why the program is gone.
    fn ended(&mut self) -> ! {
        let mut last = String::new();
        let _ = self.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut last));
        panic!("the stand-in has ended: {last}");
    }
}

impl Machine for Host {
    fn name(&self) -> String {
        String::from("a stand-in for a device")
    }

    fn allocate(&self, bytes: usize) -> Result<Address, CudaError> {
        let (mut pipes, mut address) = (self.pipes(), [0; 8]);
        pipes.tell(b'A', &[bytes as u64], &[]);
        pipes.hear(&mut address);
        Ok(Address(u64::from_le_bytes(address)))
    }

    unsafe fn free(&self, address: Address) {
        // A panic of the test must not become one within a panic.
        if !std::thread::panicking() {
            self.pipes().tell(b'F', &[address.0], &[]);
        }
    }

    unsafe fn write(&self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        self.pipes().tell(b'W', &[to.0], &[bytes]);
        Ok(())
    }

    unsafe fn read(&self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError> {
        let mut pipes = self.pipes();
        pipes.tell(b'R', &[from.0, bytes.len() as u64], &[]);
        pipes.hear(bytes);
        Ok(())
    }

    unsafe fn launch(&self, launch: &Launch<'_>) -> Result<(), CudaError> {
        let [x, y, z] = launch.grid.map(u64::from);
        let bytes = [launch.kernel.as_bytes(), launch.arguments];
        self.pipes().tell(b'L', &[x, y, z, launch.threads.into()], &bytes);
        Ok(())
    }

    fn wait(&self) -> Result<(), CudaError> {
        let mut pipes = self.pipes();
        pipes.tell(b'Q', &[], &[]);
        pipes.hear(&mut [0; 8]);
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let pipes = self.pipes.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        pipes.input.take(); // the program ends with its input
        let _ = pipes.child.wait();
    }
}

/// A machine that does nothing, for what is refused before it is asked.
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
