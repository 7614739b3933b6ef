//! The grid of logic blocks; see the crate documentation.

mod actix;
mod actors;
mod block;
mod block_table;
mod drive;
mod inline;
mod message_batch;
mod partition;
mod runtime;
mod shard;
mod superstep;
mod worker_state;

pub use self::actix::{ActixRuntime, Layout, ShardSize};
pub use block::{Block, BlockId, Cycle, End, Failure, Look, Post};
pub use drive::{Coordinator, Ended, Next, Observer, Progress, Silent, Watch, drive};
pub use inline::InlineRuntime;
pub use runtime::{Cancel, Committed, Counts, Halt, Options, Runtime, Schedule, Spawned, ask};
