//! Validation of the values of conditions: only values that AWS is known to refuse, and booleans.
//! AWS takes a malformed number, binary or ARN: the test then never holds. IAM refuses a malformed
//! date, and S3 a malformed address.
//!
//! IAM takes a malformed boolean, too, and Access Analyzer reports it ("Type mismatch Boolean"). It
//! is refused here since nobody means it: a Deny with `"Bool": {"aws:SecureTransport": "no"}`
//! denies nothing.

use std::net::IpAddr;

use crate::Usage;
use crate::Value;
use crate::statement::{Operator, OperatorName};

use super::{Report, ValidationStage, Violation};

const CODE: &str = "policy-condition";

impl Report {
    pub(super) fn value(&mut self, pointer: &str, operator: Option<Operator>, value: &Value) {
        let text = match value {
            Value::Null | Value::Object(_) | Value::Array(_) => {
                let detail =
                    "A condition's value is a text, a number, a boolean, or a list of them.";
                return self.syntax(pointer, detail);
            }
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
        };
        let Some(Operator { comparison, .. }) = operator else { return };
        // The value of a variable isn't known here.
        if text.contains("${") {
            return;
        }
        if matches!(comparison, OperatorName::Bool | OperatorName::Null) && !is_boolean(&text) {
            self.boolean(pointer, comparison, &text);
        }
        if is_date_comparison(comparison) && self.usage.is_identity() && !may_be_date(&text) {
            let help =
                "a date is written as 2026-01-31T12:00:00Z or in seconds since 1970".to_owned();
            self.legacy(pointer, CODE, format!("`{text}` is not a date"), help);
        }
        let is_address = matches!(comparison, OperatorName::IpAddress | OperatorName::NotIpAddress);
        if is_address && self.usage == Usage::Bucket && !is_address_range(&text) {
            let help =
                "an address is written as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32".to_owned();
            self.add(
                ValidationStage::Syntax,
                pointer,
                CODE,
                "Invalid IP address in Conditions",
                Some(help),
            );
        }
    }

    fn boolean(&mut self, pointer: &str, comparison: OperatorName, text: &str) {
        let operator = if comparison == OperatorName::Null { "Null" } else { "Bool" };
        let message = format!(
            "Type mismatch Boolean: Add a valid Boolean value (true or false) for the condition \
                operator {operator}."
        );
        let help = match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "on" | "1" => "write \"true\"",
            "no" | "n" | "off" | "0" => "write \"false\"",
            _ => "write \"true\" or \"false\"",
        };
        let summary =
            format!("`{text}` is neither `true` nor `false`, so no request ever matches it");
        let violation = Violation {
            pointer: pointer.to_owned(),
            code: CODE,
            message,
            summary: None,
            help: Some(help.to_owned()),
        };
        self.add_described(ValidationStage::AccessAnalyzer, summary, violation);
    }
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn is_date_comparison(comparison: OperatorName) -> bool {
    matches!(
        comparison,
        OperatorName::DateEquals
            | OperatorName::DateNotEquals
            | OperatorName::DateLessThan
            | OperatorName::DateLessThanEquals
            | OperatorName::DateGreaterThan
            | OperatorName::DateGreaterThanEquals
    )
}

/// Tells if a text may be a date: seconds since 1970, or a W3C date. IAM is generous with the
/// latter: it takes `01T` and `-292275054`. So only texts that can't be dates are refused: those
/// with parts that are no numbers, or numbers out of their range.
fn may_be_date(text: &str) -> bool {
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

fn within(part: &str, first: u32, last: u32) -> bool {
    part.parse::<u32>().is_ok_and(|number| (first..=last).contains(&number))
}

fn is_address_range(text: &str) -> bool {
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| within(prefix, 0, longest))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn addresses_are_of_both_families_with_or_without_a_length() {
        for address in ["192.0.2.1", "10.0.0.1/8", "2001:DB8::/32", "::1", "0.0.0.0/0"] {
            assert!(is_address_range(address), "{address}");
        }
        for wrong in [
            "123",
            "10.0.0.256",
            "10.0.0.0/33",
            "10.0.0.0/",
            "2001:db8::/129",
            "*",
            "192.168.0.*",
            "",
        ] {
            assert!(!is_address_range(wrong), "{wrong}");
        }
    }
}
