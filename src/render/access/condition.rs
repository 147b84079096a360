//! Conditions in words: `aws:SecureTransport is true`.

use serde_json::Map;

use crate::policy::statement::{Operator, OperatorName, Quantifier};
use crate::value::Value;

/// The number of tests, and of values in a test, that a sentence has room for.
const TESTS: usize = 2;
const VALUES: usize = 2;

/// A condition as a sentence shows it, and in full if the sentence shortens it.
pub struct ConditionPhrase {
    pub short: String,
    pub whole: Option<Vec<String>>,
}

impl ConditionPhrase {
    pub fn all(self) -> Vec<String> {
        self.whole.unwrap_or_else(|| vec![self.short])
    }
}

pub fn condition_phrase(condition: &Value) -> ConditionPhrase {
    let tests = tests(condition);
    let whole: Vec<String> = tests.iter().map(|test| test.words(usize::MAX)).collect();
    let mut short: Vec<String> = tests.iter().take(TESTS).map(|test| test.words(VALUES)).collect();
    match tests.len().saturating_sub(TESTS) {
        0 => {}
        1 => short.push("1 more condition".to_owned()),
        more => short.push(format!("{more} more conditions")),
    }
    let folded = short != whole;
    ConditionPhrase { short: short.join(" and "), whole: folded.then_some(whole) }
}

/// Returns the keys of a condition, in its own spelling.
pub fn keys(condition: &Value) -> Vec<&str> {
    match condition {
        Value::Object(operators) => operators
            .values()
            .filter_map(Value::as_object)
            .flat_map(|keys| keys.keys().map(String::as_str))
            .collect(),
        Value::Array(several) => several.iter().flat_map(keys).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// One operator on one key. Anything else is kept as it is.
enum TestPhrase<'a> {
    Known { operator: Operator, key: &'a str, values: Vec<String> },
    Other(String),
}

fn tests(condition: &Value) -> Vec<TestPhrase<'_>> {
    match condition {
        Value::Object(operators) => {
            operators.iter().flat_map(|(name, keys)| of_operator(name, keys)).collect()
        }
        Value::Array(several) => several.iter().flat_map(tests).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![TestPhrase::Other(condition.to_string())]
        }
    }
}

fn of_operator<'a>(name: &str, keys: &'a Value) -> Vec<TestPhrase<'a>> {
    let (Some(operator), Some(keys)) = (Operator::parse(name), keys.as_object()) else {
        return vec![TestPhrase::Other(format!("{name} {keys}"))];
    };
    known(operator, keys)
}

fn known(operator: Operator, keys: &Map<String, Value>) -> Vec<TestPhrase<'_>> {
    let texts = |value: &Value| match value.as_array() {
        Some(items) => items.iter().map(text).collect(),
        None => vec![text(value)],
    };
    keys.iter()
        .map(|(key, value)| TestPhrase::Known { operator, key, values: texts(value) })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl TestPhrase<'_> {
    fn words(&self, most: usize) -> String {
        let (operator, key, values) = match self {
            Self::Other(text) => return text.clone(),
            Self::Known { operator, key, values } => (*operator, *key, values),
        };
        if operator.comparison == OperatorName::Null {
            return null(key, values);
        }
        let (positive, verb) = verb(operator.comparison);
        let key = match operator.quantifier {
            None => key.to_owned(),
            // ForAllValues also matches if the key is missing, or has no value.
            Some(Quantifier::ForAllValues) => format!("every value of {key}"),
            Some(Quantifier::ForAnyValue) => format!("a value of {key}"),
        };
        let values = listed(values, if positive { "or" } else { "nor" }, most);
        let missing = if operator.if_exists { " or missing" } else { "" };
        format!("{key} {verb} {values}{missing}")
    }
}

/// `Null: true` requires that the key is missing.
fn null(key: &str, values: &[String]) -> String {
    match values {
        [one] if one.eq_ignore_ascii_case("true") => format!("{key} is missing"),
        [one] if one.eq_ignore_ascii_case("false") => format!("{key} is there"),
        other => format!("{key} missing is {}", listed(other, "or", usize::MAX)),
    }
}

fn listed(values: &[String], word: &str, most: usize) -> String {
    let quoted = |text: &String| if text.is_empty() { "\"\"".to_owned() } else { text.clone() };
    let mut shown: Vec<String> = values.iter().take(most).map(quoted).collect();
    if values.len() > most {
        shown.push(format!("{} more", values.len() - most));
    }
    let Some(last) = shown.pop() else { return "nothing".to_owned() };
    if shown.is_empty() { last } else { format!("{} {word} {last}", shown.join(", ")) }
}

/// Returns true if one of several values must match, false if none may (the negated operators); and
/// the verb.
fn verb(comparison: OperatorName) -> (bool, &'static str) {
    match comparison {
        OperatorName::StringEquals
        | OperatorName::ArnEquals
        | OperatorName::Bool
        | OperatorName::BinaryEquals
        | OperatorName::NumericEquals
        | OperatorName::DateEquals => (true, "is"),
        OperatorName::StringEqualsIgnoreCase => (true, "is, in any case,"),
        OperatorName::StringNotEqualsIgnoreCase => (false, "is, in any case, not"),
        OperatorName::StringNotEquals
        | OperatorName::ArnNotEquals
        | OperatorName::NumericNotEquals
        | OperatorName::DateNotEquals => (false, "is not"),
        OperatorName::StringLike | OperatorName::ArnLike => (true, "is like"),
        OperatorName::StringNotLike | OperatorName::ArnNotLike => (false, "is not like"),
        OperatorName::IpAddress => (true, "is in"),
        OperatorName::NotIpAddress => (false, "is not in"),
        OperatorName::NumericLessThan => (true, "is less than"),
        OperatorName::NumericLessThanEquals => (true, "is at most"),
        OperatorName::NumericGreaterThan => (true, "is more than"),
        OperatorName::NumericGreaterThanEquals => (true, "is at least"),
        OperatorName::DateLessThan => (true, "is before"),
        OperatorName::DateLessThanEquals => (true, "is not after"),
        OperatorName::DateGreaterThan => (true, "is after"),
        OperatorName::DateGreaterThanEquals => (true, "is not before"),
        OperatorName::Null => (true, "missing is"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn short(condition: &Value) -> String {
        condition_phrase(condition).short
    }

    #[test]
    fn operators_are_words() {
        let cases = [
            (json!({"Bool": {"aws:SecureTransport": true}}), "aws:SecureTransport is true"),
            (
                json!({"StringEquals": {"iam:PassedToService": "l.amazonaws.com"}}),
                "iam:PassedToService is l.amazonaws.com",
            ),
            (json!({"StringNotEquals": {"a:b": ["x", "y"]}}), "a:b is not x nor y"),
            (json!({"StringLike": {"s3:prefix": ["a/*", "b/*"]}}), "s3:prefix is like a/* or b/*"),
            (json!({"StringEqualsIfExists": {"a:b": ""}}), "a:b is \"\" or missing"),
            (
                json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}}),
                "every value of aws:TagKeys is x",
            ),
            (
                json!({"ForAnyValue:StringLike": {"aws:TagKeys": "x*"}}),
                "a value of aws:TagKeys is like x*",
            ),
            (json!({"Null": {"aws:TokenIssueTime": "true"}}), "aws:TokenIssueTime is missing"),
            (json!({"Null": {"aws:MultiFactorAuthAge": false}}), "aws:MultiFactorAuthAge is there"),
            (json!({"NumericLessThanEquals": {"s3:max-keys": 10}}), "s3:max-keys is at most 10"),
            (
                json!({"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}),
                "aws:CurrentTime is before 2030-01-01",
            ),
            (
                json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
                "aws:SourceIp is not in 10.0.0.0/8",
            ),
        ];
        for (condition, words) in cases {
            let said = condition_phrase(&condition);
            assert_eq!((said.short.as_str(), said.whole), (words, None), "{condition}");
        }
    }

    #[test]
    fn long_ones_are_shortened_and_said_whole_elsewhere() {
        let ips: Vec<String> = (0..5).map(|n| format!("10.0.{n}.0/24")).collect();
        let said = condition_phrase(&json!({"IpAddress": {"aws:SourceIp": ips}}));
        assert_eq!(said.short, "aws:SourceIp is in 10.0.0.0/24, 10.0.1.0/24 or 3 more");
        let whole =
            "aws:SourceIp is in 10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24 or 10.0.4.0/24";
        assert_eq!(said.whole, Some(vec![whole.to_owned()]));
        let three = json!({"Bool": {"a:a": true, "a:b": true, "a:c": false}});
        assert_eq!(short(&three), "a:a is true and a:b is true and 1 more condition");
    }

    #[test]
    fn what_is_no_condition_is_shown_as_it_is() {
        assert_eq!(short(&json!({"Odd": {"a:b": "c"}})), r#"Odd {"a:b":"c"}"#);
        assert_eq!(short(&json!({"Bool": "x"})), r#"Bool "x""#);
        assert_eq!(short(&json!("x")), r#""x""#);
        assert_eq!(short(&json!({"StringEquals": {"a:b": []}})), "a:b is nothing");
    }
}
