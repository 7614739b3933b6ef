//! The time of day.

/// The time of day in UTC, for records of what happened when; no result depends on it.
pub(crate) fn now() -> String {
    format!("{:.0}", jiff::Timestamp::now())
}
