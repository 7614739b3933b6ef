//! Theoremata: axioms in, discovered and checked theorems out.
//!
//! The only binary. It reads arguments and files, calls the crates, and reports the results; it contains no search and
//! no inference.

mod cli;
mod exchange;
mod failure;
mod remarks;
mod server;
mod site;
mod time;

use std::process::ExitCode;

/// Blocks are allocated and freed by the thousands, on several threads; with the system allocator, that took a third of
/// the run time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The allocator is built without huge pages, of which it would use only a small part each: they cost up to a third of
/// a run's memory. It disables them for the whole process; this enables them again for model weights, which fill them.
fn allow_huge_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(false); // if it fails, pages are small and everything works
}

fn main() -> ExitCode {
    allow_huge_pages();
    cli::run()
}
