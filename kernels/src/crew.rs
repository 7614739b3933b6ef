//! A thread pool for callers that have no threads of their own to lend.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, TryLockError};
use std::thread::JoinHandle;

use crate::parallel::Parallel;

/// Threads that wait for work, and end when the crew is dropped.
///
/// The caller works too. A thread that is not yet running when the work has been taken up does not join any more, and
/// the caller does not wait for it: on a busy machine, a thread that the scheduler delays costs its help and nothing
/// else. Threads spin for some microseconds between calls, since a decoding step makes its calls in close succession,
/// and then sleep.
///
/// The crew serves one call at a time; a concurrent or nested call runs on its own thread alone.
pub struct Crew {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    callers: Mutex<()>,
}

/// A posted call: the address of its closure, whose lifetime the protocol guarantees.
type Work = *const (dyn Fn() + Sync);

struct Shared {
    /// Bits 0 to 15: the number of threads within the work. Bit 16: whether more may join. Above: the number of the
    /// call.
    state: AtomicU64,
    /// Valid while `state` is open or a thread is within the work.
    work: UnsafeCell<Option<Work>>,
    stop: AtomicBool,
    /// The number of threads that sleep, or are about to; they hold `bed` until they do.
    asleep: AtomicU64,
    bed: Mutex<()>,
    wake: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `work` is written by the one caller that holds `Crew::callers`, while the state is closed and no thread is
// within the work; it is read by threads that have joined, which requires an open state. The orderings of the state put
// the write before the reads, and the reads before the next write. What it points to is `Sync`.
unsafe impl Sync for Shared {}
// SAFETY: as above; the pointer is to something `Sync`.
unsafe impl Send for Shared {}

const MEMBERS: u64 = 0xffff;
const OPEN: u64 = 1 << 16;
const NEXT: u64 = 1 << 17;

/// Iterations of the waiting loop before a thread sleeps.
const PATIENCE: u32 = 4000;

impl Crew {
    /// A crew of `width` threads, including the caller's; at least 1, at most 1024. If the system refuses to start
    /// some, the crew is smaller.
    pub fn new(width: usize) -> Crew {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            work: UnsafeCell::new(None),
            stop: AtomicBool::new(false),
            asleep: AtomicU64::new(0),
            bed: Mutex::new(()),
            wake: Condvar::new(),
            panic: Mutex::new(None),
        });
        let threads = (1..width.clamp(1, 1024))
            .map_while(|number| {
                let shared = Arc::clone(&shared);
                let thread = std::thread::Builder::new().name(format!("kernels-{number}"));
                thread.spawn(move || shared.serve()).ok()
            })
            .collect();
        Crew { shared, threads, callers: Mutex::new(()) }
    }
}

impl Parallel for Crew {
    fn width(&self) -> usize {
        self.threads.len() + 1
    }

    fn run(&self, work: &(dyn Fn() + Sync)) {
        let caller = match self.callers.try_lock() {
            Ok(caller) => Some(caller),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()), // by a panic of the work
            Err(TryLockError::WouldBlock) => None,
        };
        if caller.is_none() || self.threads.is_empty() {
            work();
            return;
        }
        let shared = &*self.shared;
        // A panic that a thread reported in an earlier call, whose caller panicked itself.
        shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        // SAFETY: only the lifetime changes. `Closing` ensures that no thread is within the work, or can join it, when
        // this function is left, by return or by panic.
        let work_forever: Work = unsafe { std::mem::transmute::<*const (dyn Fn() + Sync + '_), Work>(work) };
        // SAFETY: this caller holds `callers`, and the last one has closed the state and waited for all to leave.
        unsafe { *shared.work.get() = Some(work_forever) };
        {
            let _closing = Closing(shared);
            let number = shared.state.load(Ordering::Relaxed) & !(NEXT - 1);
            shared.state.store(number.wrapping_add(NEXT) | OPEN, Ordering::SeqCst);
            if shared.asleep.load(Ordering::SeqCst) > 0 {
                // A thread that is about to sleep holds `bed` until it does, and has looked at the state before it was
                // opened.
                drop(shared.bed.lock().unwrap_or_else(PoisonError::into_inner));
                shared.wake.notify_all();
            }
            work();
        }
        if let Some(panic) = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take() {
            resume_unwind(panic);
        }
    }
}

/// Ends a call: closes it to further threads, and waits for those within.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut turns = 0u32;
        while state & MEMBERS != 0 {
            pause(&mut turns);
            state = self.0.state.load(Ordering::Acquire);
        }
    }
}

impl Shared {
    /// A thread of the crew.
    fn serve(&self) {
        let mut last = 0;
        let mut turns = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let state = self.state.load(Ordering::Acquire);
            if state & OPEN == 0 || state / NEXT == last {
                if turns >= PATIENCE {
                    self.sleep(last);
                    turns = 0;
                } else {
                    pause(&mut turns);
                }
                continue;
            }
            if self.state.compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed).is_err() {
                continue;
            }
            last = state / NEXT;
            turns = 0;
            // SAFETY: this thread has joined an open call, so the work is set, and its caller waits until
            // this thread has left.
            let outcome = catch_unwind(AssertUnwindSafe(|| unsafe {
                if let Some(work) = *self.work.get() {
                    (*work)();
                }
            }));
            if let Err(panic) = outcome {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
            self.state.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Sleeps until there may be a call other than `last`.
    fn sleep(&self, last: u64) {
        let mut bed = self.bed.lock().unwrap_or_else(PoisonError::into_inner);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        loop {
            let state = self.state.load(Ordering::SeqCst);
            if (state & OPEN != 0 && state / NEXT != last) || self.stop.load(Ordering::SeqCst) {
                break;
            }
            bed = self.wake.wait(bed).unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits a moment: first by spinning, then by yielding.
fn pause(turns: &mut u32) {
    *turns += 1;
    if turns.is_multiple_of(64) { std::thread::yield_now() } else { std::hint::spin_loop() }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(self.shared.bed.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A thread of the crew catches the panics of its work, so there is none to report.
            let _ = thread.join();
        }
    }
}
