//! Theoremata: axioms in, discovered and checked theorems out.
//!
//! The one binary. It reads arguments and files, calls the crates, and says what came of it; all that
//! is clever is theirs.

mod cli;
mod exchange;
mod failure;
mod remarks;
mod server;
mod site;
mod time;

use std::process::ExitCode;

/// Blocks are made and dropped by thousands, on several threads: a third of the time of a run went to
/// the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The allocator is built to do without huge pages: of each it would use a corner only, up to a third of a run's
/// memory. It forbids them to the whole process; the weights of a model, which fill them, are to have them.
fn allow_huge_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(false); // where that fails, pages are small and all works
}

fn main() -> ExitCode {
    allow_huge_pages();
    cli::run()
}
