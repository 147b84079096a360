//! Evaluation of a condition on a request, by the rules of the IAM User Guide's pages "Condition
//! operators", "Set operators for multivalued context keys" and "Policy variables with no value".

mod date;
mod network;
mod number;

use std::cmp::Ordering;

use data_encoding::BASE64;

use super::pattern::{Filling, VariableForm, arn_matches, filled, text_matches};
use super::request::Context;
use super::statement::{ConditionTest, OperatorName, Quantifier};

pub(super) use date::{may_be_date, parse_date};
pub(super) use network::{is_address_range, network};
pub(super) use number::Number;

/// Tells if a test holds for the context of a request. `variables` is true if `${…}` in the test's
/// values is filled in.
///
/// A key without values counts as a missing key: AWS calls both "a null data set".
pub fn holds(test: &ConditionTest, context: &Context, variables: bool) -> bool {
    let operator = test.operator;
    let found = context.get(&test.key).filter(|values| !values.is_empty());
    if operator.comparison == OperatorName::Null {
        let missing = if found.is_none() { "true" } else { "false" };
        return test.values.iter().any(|wanted| wanted.eq_ignore_ascii_case(missing));
    }
    let (comparison, negated) = operator.comparison.positive();
    let Some(found) = found else {
        return operator.if_exists || without_values(operator.quantifier, negated);
    };
    let filling = Filling::of(context, variables);
    let equal = |value: &String| {
        test.values.iter().any(|wanted| matches(comparison, wanted, value, filling))
    };
    // "… if the key resolves to a null data set, such as an empty string".
    let empty = found.iter().all(String::is_empty);
    match operator.quantifier {
        Some(quantifier) if empty => without_values(Some(quantifier), negated),
        Some(Quantifier::ForAllValues) => found.iter().all(|value| equal(value) != negated),
        Some(Quantifier::ForAnyValue) => found.iter().any(|value| equal(value) != negated),
        None => found.iter().any(equal) != negated,
    }
}

/// Returns the result of a test on a key without values.
///
/// "If the key is not present, the values do not match and the condition is false". A test that
/// "requires that the key is not matched" is true then, and so is ForAllValues; ForAnyValue is
/// false.
fn without_values(quantifier: Option<Quantifier>, negated: bool) -> bool {
    match quantifier {
        Some(Quantifier::ForAllValues) => true,
        Some(Quantifier::ForAnyValue) => false,
        None => negated,
    }
}

impl OperatorName {
    /// Returns the positive comparison, and true if this operator is its negation. Several values
    /// are an "or", and a negated operator is the negation of that. ArnEquals and ArnLike "behave
    /// identically".
    pub(super) fn positive(self) -> (Self, bool) {
        match self {
            Self::StringNotEquals => (Self::StringEquals, true),
            Self::StringNotEqualsIgnoreCase => (Self::StringEqualsIgnoreCase, true),
            Self::StringNotLike => (Self::StringLike, true),
            Self::NumericNotEquals => (Self::NumericEquals, true),
            Self::DateNotEquals => (Self::DateEquals, true),
            Self::NotIpAddress => (Self::IpAddress, true),
            Self::ArnNotEquals | Self::ArnNotLike => (Self::ArnLike, true),
            Self::ArnEquals => (Self::ArnLike, false),
            other => (other, false),
        }
    }

    /// Returns the form of the values of the operator, if they may have variables. Only texts and
    /// ARNs may ("Where you can use policy variables").
    pub(super) fn variable_form(self) -> Option<VariableForm> {
        match self.positive().0 {
            Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike => {
                Some(VariableForm::Text)
            }
            Self::ArnLike => Some(VariableForm::Arn),
            _ => None,
        }
    }
}

/// Compares a value of a policy with one of the request, by a positive comparison. A value that
/// can't be read never matches. Only texts and ARNs have variables ("Where you can use policy
/// variables").
fn matches(comparison: OperatorName, wanted: &str, found: &str, filling: Filling<'_>) -> bool {
    let number = |expected: &[Ordering]| {
        let order = Number::parse(found)
            .zip(Number::parse(wanted))
            .map(|(found, wanted)| found.cmp(&wanted));
        order.is_some_and(|order| expected.contains(&order))
    };
    let date = |expected: &[Ordering]| {
        let order =
            parse_date(found).zip(parse_date(wanted)).map(|(found, wanted)| found.cmp(&wanted));
        order.is_some_and(|order| expected.contains(&order))
    };
    match comparison {
        OperatorName::StringEquals => filled(wanted, filling).is_some_and(|wanted| wanted == found),
        OperatorName::StringEqualsIgnoreCase => filled(wanted, filling)
            .is_some_and(|wanted| wanted.to_lowercase() == found.to_lowercase()),
        OperatorName::StringLike => text_matches(wanted, found, filling),
        OperatorName::ArnLike => arn_matches(wanted, found, filling),
        OperatorName::NumericEquals => number(&[Ordering::Equal]),
        OperatorName::NumericLessThan => number(&[Ordering::Less]),
        OperatorName::NumericLessThanEquals => number(&[Ordering::Less, Ordering::Equal]),
        OperatorName::NumericGreaterThan => number(&[Ordering::Greater]),
        OperatorName::NumericGreaterThanEquals => number(&[Ordering::Greater, Ordering::Equal]),
        OperatorName::DateEquals => date(&[Ordering::Equal]),
        OperatorName::DateLessThan => date(&[Ordering::Less]),
        OperatorName::DateLessThanEquals => date(&[Ordering::Less, Ordering::Equal]),
        OperatorName::DateGreaterThan => date(&[Ordering::Greater]),
        OperatorName::DateGreaterThanEquals => date(&[Ordering::Greater, Ordering::Equal]),
        OperatorName::Bool => boolean(found).is_some_and(|found| boolean(wanted) == Some(found)),
        OperatorName::BinaryEquals => {
            bytes(found).is_some_and(|found| bytes(wanted) == Some(found))
        }
        OperatorName::IpAddress => {
            network(wanted).zip(network(found)).is_some_and(|(wide, one)| wide.contains(&one))
        }
        // The other operators are negations of these, and Null is about the key.
        _ => false,
    }
}

fn boolean(text: &str) -> Option<bool> {
    ["false", "true"]
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text))
        .map(|index| index == 1)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests;
