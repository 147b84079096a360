//! The rule on operators that don't suit the type of a key, and on values of several types.

use crate::catalogue::ValueType;
use crate::diagnostic::Severity;
use crate::statement::OperatorName as C;
use crate::{Usage, Value};

use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::TestSite;

pub(super) const CONDITION_TYPE: Rule = Rule::new(
    "condition-type",
    Severity::Warning,
    "An operator that doesn't suit the type of the condition key",
    "Bool on an address, or IpAddress on a text, never holds, and a negated operator always does. \
        A String operator on a key of another type compares characters, which is a note: `True` \
        isn't `true`, and 10.0 isn't 10.",
    "Write the operator of the key's type, as AWS's Service Authorization Reference has it.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*",
 "Condition": {"StringNotLike": {"aws:SourceIp": "203.0.113.*"}}}"#,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*",
 "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}"#,
)
.with_source(RuleSource::AccessAnalyzer("general-warning-type-mismatch"));

/// The comparisons by their types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComparisonType {
    Text,
    Arn,
    Number,
    Date,
    Boolean,
    Bytes,
    Address,
    /// `Null` tests keys of any type.
    Presence,
}

pub(super) fn find_type_mismatch(test: &TestSite<'_>) -> Option<Finding> {
    let found = |severity, message: String, remedy: String| {
        Finding::new(&CONDITION_TYPE, severity, test.pointer.clone(), message, remedy)
    };
    if let Some((message, remedy)) = both_booleans(test) {
        return Some(found(Severity::Warning, message, remedy));
    }
    let mismatch = test.known.and_then(|known| {
        let (severity, advice) = mismatch(test, known.name, known.value)?;
        let (operator, key) = (test.test.operator, &test.test.key);
        let message = format!("{operator} tests {key}, whose values are {}", words(known.value));
        Some(found(severity, message, format!("write {advice}")))
    });
    mismatch.or_else(|| {
        mixed_types(test).map(|(message, remedy)| found(Severity::Note, message, remedy))
    })
}

/// Returns the severity, and the operator to write, where the comparison isn't that of the type.
fn mismatch(test: &TestSite<'_>, key: &str, value: ValueType) -> Option<(Severity, String)> {
    use ComparisonType as T;
    let comparison = comparison_type(test.test.operator.comparison);
    let values = &test.test.values;
    let every = |is: fn(&str) -> bool| values.iter().all(|value| value.contains("${") || is(value));
    let advice = |operator: &str| {
        let negated = if test.is_negated() { "Not" } else { "" };
        match operator {
            "IpAddress" => format!("{negated}IpAddress"),
            "Bool" => "Bool".to_owned(),
            like => like.replace('#', negated),
        }
    };
    let is_clock =
        ["aws:CurrentTime", "aws:EpochTime"].iter().any(|it| key.eq_ignore_ascii_case(it));
    let (severity, operator) = match (value, comparison) {
        (_, T::Presence)
        | (ValueType::String | ValueType::ArrayOfString, T::Text | T::Bytes)
        | (ValueType::Arn | ValueType::ArrayOfArn, T::Arn | T::Text)
        | (ValueType::Bool | ValueType::ArrayOfBool, T::Boolean)
        | (ValueType::Numeric, T::Number)
        | (ValueType::Date, T::Date)
        | (ValueType::IpAddress, T::Address) => return None,
        (ValueType::Date | ValueType::Numeric, T::Number | T::Date) if is_clock => return None,
        (ValueType::String | ValueType::ArrayOfString, T::Arn)
            if every(|it| it.starts_with("arn:")) =>
        {
            return None;
        }
        // The reference has this type for many keys of other types.
        (ValueType::String | ValueType::ArrayOfString, T::Arn) => {
            (Severity::Warning, "String#Equals or String#Like")
        }
        (ValueType::String | ValueType::ArrayOfString, _) => {
            (Severity::Note, "String#Equals or String#Like")
        }
        (ValueType::Arn | ValueType::ArrayOfArn, _) => (Severity::Warning, "Arn#Like"),
        (ValueType::Bool | ValueType::ArrayOfBool, T::Text)
            if every(|it| it == "true" || it == "false") =>
        {
            (Severity::Note, "Bool")
        }
        (ValueType::Bool | ValueType::ArrayOfBool, _) => (Severity::Warning, "Bool"),
        (ValueType::Numeric, T::Text) => (Severity::Note, "Numeric#Equals"),
        (ValueType::Numeric, _) => (Severity::Warning, "Numeric#Equals"),
        (ValueType::Date, _) => (Severity::Warning, "DateLessThan or DateGreaterThan"),
        (ValueType::IpAddress, T::Text) if every(|it| it.parse::<std::net::IpAddr>().is_ok()) => {
            (Severity::Note, "IpAddress")
        }
        (ValueType::IpAddress, _) => (Severity::Warning, "IpAddress"),
    };
    Some((severity, advice(operator)))
}

fn comparison_type(comparison: C) -> ComparisonType {
    match comparison {
        C::StringEquals
        | C::StringNotEquals
        | C::StringEqualsIgnoreCase
        | C::StringNotEqualsIgnoreCase
        | C::StringLike
        | C::StringNotLike => ComparisonType::Text,
        C::NumericEquals
        | C::NumericNotEquals
        | C::NumericLessThan
        | C::NumericLessThanEquals
        | C::NumericGreaterThan
        | C::NumericGreaterThanEquals => ComparisonType::Number,
        C::DateEquals
        | C::DateNotEquals
        | C::DateLessThan
        | C::DateLessThanEquals
        | C::DateGreaterThan
        | C::DateGreaterThanEquals => ComparisonType::Date,
        C::Bool => ComparisonType::Boolean,
        C::BinaryEquals => ComparisonType::Bytes,
        C::IpAddress | C::NotIpAddress => ComparisonType::Address,
        C::ArnEquals | C::ArnLike | C::ArnNotEquals | C::ArnNotLike => ComparisonType::Arn,
        C::Null => ComparisonType::Presence,
    }
}

fn words(value: ValueType) -> &'static str {
    match value {
        ValueType::String | ValueType::ArrayOfString => "texts",
        ValueType::Arn | ValueType::ArrayOfArn => "ARNs",
        ValueType::Bool | ValueType::ArrayOfBool => "true or false",
        ValueType::Numeric => "numbers",
        ValueType::Date => "dates",
        ValueType::IpAddress => "addresses",
    }
}

/// Returns the slip of a test that names both booleans.
fn both_booleans(test: &TestSite<'_>) -> Option<(String, String)> {
    let operator = test.test.operator;
    let names = |wanted: &str| test.test.values.iter().any(|it| it.eq_ignore_ascii_case(wanted));
    let of_booleans = matches!(operator.comparison, C::Bool | C::Null);
    (of_booleans && names("true") && names("false")).then(|| {
        let whenever =
            if operator.comparison == C::Null { "always holds" } else { "holds for every value" };
        let message =
            format!("{operator} {whenever} of {}: it names true and false", test.test.key);
        (message, "keep the value that is meant".to_owned())
    })
}

/// Returns the slip of a list with texts, numbers and booleans: AWS wants one type.
fn mixed_types(test: &TestSite<'_>) -> Option<(String, String)> {
    let list = test.written.as_array()?;
    let kind = |value: &Value| (value.is_string(), value.is_number(), value.is_boolean());
    let first = kind(list.first()?);
    list.iter().any(|value| kind(value) != first).then(|| {
        let message = format!("the values of {} are of several JSON types", test.test.key);
        (message, "write all of them as texts, in quotes".to_owned())
    })
}
