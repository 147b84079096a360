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

/// Tells if a text may be a date: seconds since 1970, or a W3C date. IAM is generous with the
/// latter: it takes `01T` and `-292275054`. So only texts that can't be dates are refused: those
/// with parts that are no numbers, or numbers out of their range.
pub(crate) fn may_be_date(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if lower.is_empty() {
        return true;
    }
    if !lower.contains(['t', '-']) {
        return lower.parse::<i64>().is_ok()
            || (lower.contains('.') && lower.parse::<f64>().is_ok());
    }
    let (date, time) = lower.split_once('t').unwrap_or((&lower, ""));
    may_be_day(date) && may_be_time(time)
}

fn may_be_day(date: &str) -> bool {
    let (sign, digits) = date.strip_prefix('-').map_or((1, date), |rest| (-1, rest));
    let mut parts = digits.split('-');
    let year = parts.next().and_then(|year| year.parse::<i64>().ok());
    // The range of years of Java's calendar.
    year.is_some_and(|year| (-292_275_054..=292_278_993).contains(&(sign * year)))
        && parts.next().is_none_or(|month| within(month, 1, 12))
        && parts.next().is_none_or(|day| within(day, 1, 31))
        && parts.next().is_none()
}

fn may_be_time(time: &str) -> bool {
    let (clock, zone) = match time.find(['z', '+', '-']) {
        Some(at) => (&time[..at], &time[at..]),
        None => (time, ""),
    };
    let mut parts = clock.split(':');
    let hour = parts.next().unwrap_or_default();
    (hour.is_empty() || within(hour, 0, 23))
        && parts.next().is_none_or(|minute| within(minute, 0, 59))
        && parts.next().is_none_or(may_be_seconds)
        && parts.next().is_none()
        && may_be_zone(zone)
}

/// Tells if a text may be seconds, with at most nine digits after the point.
fn may_be_seconds(seconds: &str) -> bool {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    within(whole, 0, 59) && within(fraction, 0, 999_999_999)
}

fn may_be_zone(zone: &str) -> bool {
    if zone.is_empty() || zone == "z" {
        return true;
    }
    let Some(offset) = zone.strip_prefix(['+', '-']) else { return false };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
    let two_digits = |part: &str, last| part.len() == 2 && within(part, 0, last);
    two_digits(hours, 23) && two_digits(minutes, 59)
}

pub(super) fn within(part: &str, first: u32, last: u32) -> bool {
    part.parse::<u32>().is_ok_and(|number| (first..=last).contains(&number))
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

    /// Both lists are from moto's tests, each entry of which was checked against AWS.
    #[test]
    fn dates_are_refused_only_where_iam_refuses_them() {
        let taken = [
            "2017-07-01T00:00:00Z",
            "2016-12-13T21:20:37.593194+00:00",
            "2016-12-13t2:00:00.593194+23",
            "-292275054",
            "01T",
            "1500000000",
            "2019-07-01",
        ];
        for date in taken {
            assert!(may_be_date(date), "{date}");
        }
        let refused = [
            "sdfdsf",
            "234-13",
            "2016-12-13t2:00:00.593194+1",
            "2016-12-13t2:00:00.1999999999+10:59",
            "9223372036854775808",
        ];
        for date in refused {
            assert!(!may_be_date(date), "{date}");
        }
    }
}
