//! Why an attempt ended without a proof, and keeping a fault of ours to the attempt in which it shows.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::saturation::block::End;

/// Why an attempt ended without a proof.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Ended {
    /// Nothing more follows, and no value is asked for.
    #[default]
    Saturated,
    /// The bound on new values was met.
    OutOfValues,
    /// The bound on steps was met.
    OutOfSteps,
    /// It had a proof, which the checker refuses: a fault of this program. What the checker says.
    Refused(Arc<str>),
    /// It panicked: a fault of this program. What the panic said.
    Panicked(Arc<str>),
}

impl Ended {
    /// For readers.
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

/// Does some work that changes nothing but its result; `Err` with what was said if it panics. So a fault costs the
/// work in which it shows, and nothing else.
pub(crate) fn kept_apart<T>(work: impl FnOnce() -> T) -> Result<T, Arc<str>> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(&*panic))
}

fn said(panic: &(dyn Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it panicked without a word").into()
}
