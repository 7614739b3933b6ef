//! All that lives in time: the grid of logic blocks, the prover that runs on it, and [`run`], which joins a
//! question with a store and tells what comes of it.
//!
//! A run is a row of *cycles*. In each, every block that is new, has mail or asked to go on works once,
//! for at most a given number of steps, and says what came of it: mail to other blocks, new blocks,
//! reports to the coordinator. When all have worked, the cycle is committed in the order of block
//! ids; what was posted is read in the next one. Blocks never wait for each other inside a cycle, so it
//! does not matter in which order or on how many threads they work: the run is the same.
//!
//! ```text
//!  coordinator ── task: mail, budget ──►┌ thread 0 ───────────────────┐
//!   (calling   ── blocks, removals ────►│ exchange ─ mail ─► shard 0  │──┐
//!    thread)                            │    ▲     ─ mail ─► shard 2  │  │ message batches,
//!      ▲                                └────┼────────────────────────┘  │ one to every thread,
//!      │                                     ├───────────────────────────┤ in every cycle
//!      │                                ┌────┼─ thread 1 ─────────────┐  │
//!      └── superstep results: reports,  │ exchange ─ mail ─► shard 1  │──┘
//!          new blocks, failures, counts │          ─ mail ─► shard 3  │
//!                                       └─────────────────────────────┘
//! ```
//!
//! [`grid::InlineRuntime`] is the plain loop and the definition; [`grid::ActixRuntime`] does the same with
//! an actix actor for every shard of blocks. [`grid::drive`] is the loop around the cycles, with its
//! bounds, a coordinator and an observer. `docs/grid.md` tells the whole of it.
//!
//! The grid knows nothing of logic: it asks for a [`grid::Block`], and the side that has one gives it.
//!
//! ```
//! use std::sync::Arc;
//! use theoremata_actors::grid::{Block, BlockId, Cycle, End, InlineRuntime, Options, Runtime};
//!
//! /// Counts down by mail to its neighbour.
//! struct Player;
//!
//! impl Block for Player {
//!     type Mail = u32;
//!     type Report = u32;
//!
//!     fn cycle(&mut self, mail: &[Arc<[u32]>], _budget: u64) -> Cycle<Self> {
//!         let mut cycle = Cycle::silent(End::Saturated);
//!         for ball in mail.iter().flat_map(|slice| slice.iter()) {
//!             cycle.reports.push(*ball);
//!             cycle.posts.push((BlockId::new(ball % 2), Arc::from([ball - 1])));
//!         }
//!         cycle
//!     }
//! }
//!
//! let mut grid = InlineRuntime::new(Options::default());
//! let players = grid.spawn(vec![Player, Player]);
//! let first = grid.cycle(vec![(players[0], Arc::from([10]))], 100)?;
//! assert_eq!(first.reports, [(players[0], 10)]);
//! let second = grid.cycle(Vec::new(), 100)?;
//! assert_eq!(second.reports, [(players[0], 9)]);
//! # Ok::<(), theoremata_actors::grid::Halt>(())
//! ```
//!
//! Reading order inside `grid`: `block` (what a block is), `runtime` (the seam), `block_table` (ids and the commit),
//! `superstep` (what a cycle brought), `inline` (the plain loop), `partition` and `shard` (where blocks live),
//! `message_batch` (how their mail travels), `worker_state` and `actors` (one thread), `actix` (the coordinator's
//! side), `drive`.

pub mod advice;
pub mod examine;
pub mod grid;
pub mod jobs;
pub mod measure;
pub mod proof_codec;
pub mod prover;
pub mod remote_tools;
pub mod run;
