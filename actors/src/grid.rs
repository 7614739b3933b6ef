//! The grid of logic blocks. The page of the crate says how it works.

mod actix;
mod block;
mod cell;
mod desk;
mod drive;
mod exchange;
mod house;
mod inline;
mod register;
mod runtime;

pub use self::actix::{ActixRuntime, Cells, Layout};
pub use block::{Block, BlockId, Cycle, End, Failure, Post};
pub use drive::{Coordinator, Ended, Next, Observer, Progress, Silent, Watch, drive};
pub use inline::InlineRuntime;
pub use runtime::{Cancel, Committed, Counts, Halt, Look, Options, Runtime, Schedule, Spawned, ask};
