//! Why an attempt ended without a proof, and isolation of panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::saturation::block::End;

/// Why an attempt ended without a proof.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Ended {
    /// Saturated: nothing more follows, and no value is demanded.
    #[default]
    Saturated,
    /// The limit on new values was reached.
    OutOfValues,
    /// The limit on steps was reached.
    OutOfSteps,
    /// The checker refused the proof, for this reason: a bug.
    Refused(Arc<str>),
    /// A block panicked with this message: a bug.
    Panicked(Arc<str>),
}

impl Ended {
    /// The reason as text for users.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Ended::Saturated => "nothing more follows".to_owned(),
            Ended::OutOfValues => "bound on new values".to_owned(),
            Ended::OutOfSteps => "bound on steps".to_owned(),
            Ended::Refused(flaw) => format!("a fault of this program: the checker refuses the proof ({flaw})"),
            Ended::Panicked(message) => format!("a fault of this program: {message}"),
        }
    }
}

impl From<End> for Ended {
    fn from(end: End) -> Ended {
        match end {
            End::Proved | End::Contradiction | End::Saturated => Ended::Saturated,
            End::OutOfCreations => Ended::OutOfValues,
            End::OutOfSteps => Ended::OutOfSteps,
        }
    }
}

/// Runs a computation without side effects; `Err` with the message if it panics. So a bug costs only the work in which
/// it occurs.
pub(crate) fn kept_apart<T>(work: impl FnOnce() -> T) -> Result<T, Arc<str>> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(&*panic))
}

fn said(panic: &(dyn Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it panicked without a word").into()
}
