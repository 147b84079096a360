//! The present time.

use std::time::SystemTime;

use jiff::Timestamp;

/// Returns the time that the machine's clock shows. A clock that is thousands of years off shows
/// the nearest time that can be written down: [`Timestamp::now`] would end the program.
pub fn present_time() -> Timestamp {
    timestamp_of(SystemTime::now())
}

fn timestamp_of(time: SystemTime) -> Timestamp {
    let nearest = if time < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::try_from(time).unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_that_cannot_be_written_down_becomes_the_nearest_one() {
        let epoch = SystemTime::UNIX_EPOCH;
        let far = Duration::from_hours(24 * 365 * 20_000);
        assert_eq!(timestamp_of(epoch + Duration::from_secs(5)).as_second(), 5);
        assert_eq!(timestamp_of(epoch + far), Timestamp::MAX);
        assert_eq!(timestamp_of(epoch - far), Timestamp::MIN);
    }
}
