//! The time of day.

/// The current time in UTC, for timestamps of records; no result depends on it.
pub(crate) fn now() -> String {
    format!("{:.0}", jiff::Timestamp::now())
}
