//! Everything that runs over time: the grid of logic blocks, the prover that runs on it, and [`run`], which executes a
//! question against a store and reports events.
//!
//! Execution proceeds in synchronous *cycles* (bulk-synchronous supersteps). In a cycle, every block that is new, has
//! mail or ran out of budget runs once, for at most a given number of steps, and returns mail to other blocks, new
//! blocks and reports to the coordinator. The cycle is then committed in the order of block ids; posted mail is
//! delivered in the next cycle. Blocks never wait for each other inside a cycle, so the result does not depend on their
//! order or the number of threads.
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
//! [`grid::InlineRuntime`] is a plain loop and the reference implementation; [`grid::ActixRuntime`] does the same with
//! an actix actor for every shard of blocks. [`grid::drive`] is the loop over cycles, with bounds, a coordinator and an
//! observer. See `docs/grid.md` for the full description.
//!
//! The grid knows nothing of logic: it runs any [`grid::Block`].
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
//! Reading order inside `grid`: `block` (the block trait), `runtime` (the runtime trait), `block_table` (ids and the
//! commit), `superstep` (the results of a cycle), `inline` (the reference loop), `partition` and `shard` (where blocks
//! live), `message_batch` (mail between threads), `worker_state` and `actors` (one thread), `actix` (the coordinator's
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
