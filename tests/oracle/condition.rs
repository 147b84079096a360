//! Condition operators, after the IAM User Guide's pages "IAM JSON policy elements: Condition
//! operators" and "Set operators for multivalued context keys".

use std::net::IpAddr;

use super::document::Test;
use super::pattern::{arn_matches, filled, text_matches};
use super::request::Circumstances;

/// An operator's name taken apart: `ForAnyValue:StringNotLikeIfExists`.
struct Operator {
    set: Option<Set>,
    /// Without its negation: `StringLike`.
    comparison: String,
    negated: bool,
    if_exists: bool,
}

#[derive(Clone, Copy)]
enum Set {
    All,
    Any,
}

impl Operator {
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let (set, name) = match name.split_once(':') {
            Some(("forallvalues", rest)) => (Some(Set::All), rest),
            Some((_, rest)) => (Some(Set::Any), rest),
            None => (None, name.as_str()),
        };
        let (name, if_exists) =
            name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
        let comparison = name.replacen("not", "", 1);
        Self { set, negated: comparison != name, comparison, if_exists }
    }
}

/// `variables`: whether the document has any.
pub fn holds(test: &Test, circumstances: &Circumstances, variables: bool) -> bool {
    let operator = Operator::of(&test.operator);
    let found = circumstances.values(&test.key);
    let filling = variables.then_some(circumstances);
    if operator.comparison == "null" {
        // "True if the key doesn't exist, it is null. False if the key exists and its value is not
        // null."
        return test
            .values
            .iter()
            .any(|value| value.eq_ignore_ascii_case(&found.is_empty().to_string()));
    }
    if found.is_empty() && operator.if_exists {
        return true;
    }
    // Values are an "or"; a negated operator is true where none of them matches.
    let matches = |found: &String| {
        test.values.iter().any(|value| one_matches(&operator.comparison, value, found, filling))
            != operator.negated
    };
    // "A null data set, such as an empty string".
    let null = found.iter().all(String::is_empty);
    match operator.set {
        Some(Set::All) => null || found.iter().all(matches),
        Some(Set::Any) => !null && found.iter().any(matches),
        None if found.is_empty() => operator.negated,
        // Which value counts of a key with several isn't said for operators that aren't about sets.
        None if operator.negated => found.iter().all(matches),
        None => found.iter().any(matches),
    }
}

fn one_matches(
    comparison: &str,
    wanted: &str,
    found: &str,
    filling: Option<&Circumstances>,
) -> bool {
    let text = |same: fn(&str, &str) -> bool| {
        filled(wanted, filling).is_some_and(|wanted| same(&wanted, found))
    };
    let number = |holds: fn(f64, f64) -> bool| match (found.parse(), wanted.parse()) {
        (Ok(found), Ok(wanted)) => holds(found, wanted),
        _ => false,
    };
    let date = |holds: fn(i64, i64) -> bool| match (moment(found), moment(wanted)) {
        (Some(found), Some(wanted)) => holds(found, wanted),
        _ => false,
    };
    match comparison {
        "stringequals" => text(|wanted, found| wanted == found),
        "stringequalsignorecase" => text(str::eq_ignore_ascii_case),
        "stringlike" => text_matches(wanted, found, filling),
        "arnequals" | "arnlike" => arn_matches(wanted, found, filling),
        "bool" => wanted.eq_ignore_ascii_case(found),
        "numericequals" => number(|found, wanted| (found - wanted).abs() < f64::EPSILON),
        "numericlessthan" => number(|found, wanted| found < wanted),
        "numericlessthanequals" => number(|found, wanted| found <= wanted),
        "numericgreaterthan" => number(|found, wanted| found > wanted),
        "numericgreaterthanequals" => number(|found, wanted| found >= wanted),
        "dateequals" => date(|found, wanted| found == wanted),
        "datelessthan" => date(|found, wanted| found < wanted),
        "datelessthanequals" => date(|found, wanted| found <= wanted),
        "dategreaterthan" => date(|found, wanted| found > wanted),
        "dategreaterthanequals" => date(|found, wanted| found >= wanted),
        "ipaddress" => network_holds(wanted, found),
        other => panic!("the alphabet has no {other}"),
    }
}

/// The seconds of a moment since 1970; a day is its midnight in UTC.
fn moment(text: &str) -> Option<i64> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let time = match (text.len(), digits) {
        (20, 14) => number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?,
        (10, 8) => 0,
        (length, digits) if length == digits => return text.parse().ok(),
        _ => return None,
    };
    // The days before a month, where years begin in March.
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leap + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + time)
}

fn network_holds(network: &str, address: &str) -> bool {
    let (network, bits) = network.split_once('/').unwrap_or((network, "128"));
    let (Ok(network), Ok(address), Ok(length)) =
        (network.parse(), address.parse(), bits.parse::<u32>())
    else {
        return false;
    };
    let same = |one: u128, other: u128, width: u32| {
        one.checked_shr(width.saturating_sub(length))
            == other.checked_shr(width.saturating_sub(length))
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            same(u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            same(network.to_bits(), address.to_bits(), 128)
        }
        _ => false,
    }
}
