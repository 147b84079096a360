//! When one value of a condition matches whatever another matches.

use std::net::IpAddr;

use crate::policy::statement::Comparison::{
    self, ArnLike, Bool, DateEquals, DateGreaterThan, DateGreaterThanEquals, DateLessThan, DateLessThanEquals,
    IpAddress, NumericEquals, NumericGreaterThan, NumericGreaterThanEquals, NumericLessThan, NumericLessThanEquals,
    StringEquals, StringEqualsIgnoreCase, StringLike,
};

use super::language::includes;
use super::pattern::{self, Pattern};

/// Whether every value of the key that `narrow` matches is matched by `wide`, both being positive. `false` where that
/// isn't known.
pub(super) fn covers(wide: (Comparison, &str), narrow: (Comparison, &str), variables: bool) -> bool {
    if wide == narrow {
        return true;
    }
    if variables && (wide.1.contains("${") || narrow.1.contains("${")) {
        return false;
    }
    match (wide.0, narrow.0) {
        (StringEqualsIgnoreCase, StringEquals | StringEqualsIgnoreCase) => {
            wide.1.to_lowercase() == narrow.1.to_lowercase()
        }
        (StringEquals | StringLike, StringEquals | StringLike) => includes(&text_pattern(wide), &text_pattern(narrow)),
        (ArnLike, ArnLike) => match (arn_pattern(wide.1), arn_pattern(narrow.1)) {
            (Some(wide), Some(narrow)) => includes(&wide, &narrow),
            _ => false,
        },
        (Bool, Bool) => wide.1.eq_ignore_ascii_case(narrow.1),
        (IpAddress, IpAddress) => network_covers(wide.1, narrow.1),
        (wide_operator, narrow_operator) => match (range(wide_operator, wide.1), range(narrow_operator, narrow.1)) {
            (Some((family, low, high)), Some((other, lower, higher))) => {
                family == other && low <= lower && higher <= high
            }
            _ => false,
        },
    }
}

fn text_pattern((comparison, value): (Comparison, &str)) -> Pattern {
    if comparison == StringLike { pattern::text(value) } else { pattern::literal(value) }
}

/// Only whole ones: what fewer than six parts match isn't documented.
fn arn_pattern(value: &str) -> Option<Pattern> {
    (value.splitn(6, ':').count() == 6).then(|| pattern::resource(value, false).tokens)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Number,
    Date,
}

/// What a comparison of numbers or of dates matches, in halves, so that `<` and `<=` differ. Only for whole numbers and
/// whole seconds; of others nothing is said.
fn range(comparison: Comparison, value: &str) -> Option<(Family, i128, i128)> {
    let family = match comparison {
        NumericEquals | NumericLessThan | NumericLessThanEquals | NumericGreaterThan | NumericGreaterThanEquals => {
            Family::Number
        }
        DateEquals | DateLessThan | DateLessThanEquals | DateGreaterThan | DateGreaterThanEquals => Family::Date,
        _ => return None,
    };
    let point = 2 * match family {
        Family::Number => i128::from(value.parse::<i64>().ok()?),
        Family::Date => seconds(value)?,
    };
    let (low, high) = match comparison {
        NumericLessThan | DateLessThan => (i128::MIN, point - 1),
        NumericLessThanEquals | DateLessThanEquals => (i128::MIN, point),
        NumericGreaterThan | DateGreaterThan => (point + 1, i128::MAX),
        NumericGreaterThanEquals | DateGreaterThanEquals => (point, i128::MAX),
        _ => (point, point),
    };
    Some((family, low, high))
}

/// With a time zone; other forms of ISO 8601 are left alone.
fn seconds(value: &str) -> Option<i128> {
    let time: jiff::Timestamp = value.parse().ok()?;
    (time.subsec_nanosecond() == 0).then(|| i128::from(time.as_second()))
}

fn network_covers(wide: &str, narrow: &str) -> bool {
    let (Some((wide, wide_bits)), Some((narrow, narrow_bits))) = (network(wide), network(narrow)) else { return false };
    let same = |a: u128, b: u128, width: u32| wide_bits == 0 || (a ^ b) >> (width - wide_bits) == 0;
    wide_bits <= narrow_bits
        && match (wide, narrow) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
}

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(width), |bits| bits.parse().ok().filter(|bits| *bits <= width))?;
    Some((address, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_what() {
        let covered = [
            (StringLike, "a*", StringEquals, "abc"),
            (StringLike, "*a*", StringLike, "*ab*"),
            (StringEquals, "a", StringLike, "a"),
            (StringEqualsIgnoreCase, "A", StringEquals, "a"),
            (ArnLike, "arn:aws:iam::*:role/*", ArnLike, "arn:aws:iam::1:role/x*"),
            (Bool, "true", Bool, "True"),
            (IpAddress, "10.0.0.0/8", IpAddress, "10.1.2.3"),
            (IpAddress, "2001:db8::/32", IpAddress, "2001:db8:1::/48"),
            (IpAddress, "0.0.0.0/0", IpAddress, "1.2.3.4/5"),
            (NumericLessThanEquals, "5", NumericLessThan, "5"),
            (NumericLessThan, "6", NumericEquals, "5"),
            (DateGreaterThan, "2024-01-01T00:00:00Z", DateGreaterThanEquals, "2024-01-01T00:00:01Z"),
        ];
        for (wide, w, narrow, n) in covered {
            assert!(covers((wide, w), (narrow, n), true), "{wide:?} {w} covers {narrow:?} {n}");
            assert!(!covers((narrow, n), (wide, w), true) || w.eq_ignore_ascii_case(n), "{narrow:?} {n} is narrower");
        }
    }

    #[test]
    fn what_does_not() {
        let not = [
            (StringEquals, "a", StringEqualsIgnoreCase, "a"),
            (StringEquals, "a", StringEquals, "A"),
            (StringLike, "${aws:username}*", StringLike, "${aws:username}/x"),
            (StringLike, "*", StringEquals, "${aws:username}"),
            (ArnLike, "arn:aws:iam::*", ArnLike, "arn:aws:iam::1:role/x"),
            (IpAddress, "10.0.0.0/8", IpAddress, "11.0.0.0"),
            (IpAddress, "0.0.0.0/0", IpAddress, "::1"),
            (NumericLessThan, "5", NumericLessThanEquals, "5"),
            (NumericEquals, "5", DateEquals, "5"),
            (NumericLessThan, "0.2", NumericLessThan, "0.1"),
        ];
        for (wide, w, narrow, n) in not {
            assert!(!covers((wide, w), (narrow, n), true), "{wide:?} {w} covers {narrow:?} {n}");
        }
    }
}
