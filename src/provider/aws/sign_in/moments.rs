//! The moments at which credentials end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time before their end at which credentials are renewed.
pub(super) const RENEWAL: Duration = Duration::from_mins(1);

/// Returns a moment as the SDK has it. No credentials are from before 1970.
pub(super) fn system_time(moment: jiff::Timestamp) -> SystemTime {
    let since = u64::try_from(moment.as_second()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since)
}

/// Reads a moment in a file of the AWS CLI.
pub(super) fn parse_time(text: &str) -> Option<SystemTime> {
    // The first versions of the AWS CLI wrote `2020-06-17T21:10:05UTC`.
    text.replace("UTC", "Z").parse::<jiff::Timestamp>().ok().map(system_time)
}
