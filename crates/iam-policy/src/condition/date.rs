//! The dates of conditions: "W3C implementations of the ISO 8601 date formats or in epoch (UNIX)
//! time".

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Parses a date; `None` for any other text. Digits alone are seconds since 1970, so `2024` is no
/// year. A date without a time is midnight of that day, and a time without a zone is in UTC.
pub(crate) fn parse_date(text: &str) -> Option<Timestamp> {
    if !text.is_empty()
        && text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
    {
        return Timestamp::from_second(text.parse().ok()?).ok();
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let month = text.len() == 7;
    let civil: DateTime = if month { format!("{text}-01").parse() } else { text.parse() }.ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_date_is_the_same_moment() {
        for text in [
            "2024-07-01T00:00:00Z",
            "2024-07-01T00:00Z",
            "2024-07-01T02:00:00+02:00",
            "2024-06-30T19:00:00.000-05:00",
            "2024-07-01",
            "2024-07",
            "2024-07-01T00:00:00",
            "1719792000",
        ] {
            assert_eq!(parse_date(text).map(Timestamp::as_second), Some(1_719_792_000), "{text}");
        }
        assert_eq!(
            parse_date("2024-07-01T00:00:00.5Z").map(Timestamp::subsec_millisecond),
            Some(500)
        );
        assert_eq!(parse_date("2024").map(Timestamp::as_second), Some(2024));
        assert_eq!(parse_date("-1").map(Timestamp::as_second), Some(-1));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in
            ["", "-", "tomorrow", "2024-13-01", "2024-07-32", "2024/07/01", "99999999999999999999"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
