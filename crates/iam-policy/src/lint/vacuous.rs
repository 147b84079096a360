//! Rules on conditions that test nothing, or only if a key is there.

use serde_json::Map;

use crate::diagnostic::Severity;
use crate::layout::member;
use crate::statement::{Operator, OperatorName, Quantifier};
use crate::{Usage, Value};

use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};

pub(super) const VACUOUS_CONDITION: Rule = Rule::new(
    "vacuous-condition",
    Severity::Warning,
    "A condition on any value of a key",
    "StringLike with * asks only if the key is there, which Null says plainly; with IfExists or \
        ForAllValues it asks nothing. These are notes. StringNotLike with * holds without the key \
        only: on a key of every request it never holds, which is a warning.",
    "Write Null, or the values that are meant, or leave the test out.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringLikeIfExists": {"aws:PrincipalTag/team": "*"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"Null": {"aws:PrincipalTag/team": "false"}}}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_condition_operators"));

pub(super) const EMPTY_CONDITION: Rule = Rule::new(
    "empty-condition",
    Severity::Warning,
    "A condition without values",
    "A key with an empty list equals nothing: the test never holds, and a negated one always does. \
        With ForAllValues or IfExists it holds without the key only. A Condition or an operator \
        without keys tests nothing, which is a note.",
    "Write the values, or Null for a key that must be missing, or leave the test out.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:PrincipalTag/team": []}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["relay"]}}}"#,
)
.with_source(RuleSource::AccessAnalyzer("suggestion-empty-array-condition"));

/// The keys of every request ("AWS global condition context keys": "always included").
const ALWAYS: &[&str] = &[
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:SecureTransport",
    "aws:userid",
];

pub(super) fn find_vacuous(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    let operator = test.test.operator;
    // The rules on principals and on federation tell whom such a test lets in.
    let claim = test.test.key.split(':').next().is_some_and(|provider| provider.contains('.'));
    if claim || site.allows_everyone() {
        return None;
    }
    let negated = match operator.comparison {
        OperatorName::StringLike => false,
        OperatorName::StringNotLike => true,
        _ => return None,
    };
    let index = test.test.values.iter().position(|value| value == "*")?;
    let key = &test.test.key;
    let null = |missing: bool| format!("write {{\"Null\": {{\"{key}\": \"{missing}\"}}}}");
    let (severity, message, remedy) = if negated && ALWAYS.iter().any(|it| test.is_on(it)) {
        let message = format!("{operator} with * never holds: every request has {key}");
        (Severity::Warning, message, "write the values that are meant".to_owned())
    } else if negated {
        let message = format!("{operator} with * holds only for requests without {key}");
        (Severity::Note, message, null(true))
    } else if test.passes_without_key() {
        let message = format!("{operator} with * always holds: it tests nothing");
        (
            Severity::Note,
            message,
            "write the values that are meant, or leave the test out".to_owned(),
        )
    } else if test.test.values.len() > 1 {
        let message = format!("{operator} with * holds for every value: the others say nothing");
        (Severity::Note, message, format!("take out *, or {}", null(false)))
    } else {
        let message = format!("{operator} with * holds for every request with {key}");
        (Severity::Note, message, null(false))
    };
    Some(Finding::new(&VACUOUS_CONDITION, severity, test.value(index), message, remedy))
}

/// Finds conditions and operators without keys, and keys without values.
pub(super) fn find_empty(site: &Site<'_>) -> Vec<Finding> {
    let Some(Value::Object(operators)) = site.elements.get("Condition") else { return Vec::new() };
    let place = member(&site.pointer, "Condition");
    let nothing = |pointer: String, what: &str| {
        let message = format!("{what} without a key tests nothing");
        let remedy = "take it out, or write the test that is meant";
        Finding::new(&EMPTY_CONDITION, Severity::Note, pointer, message, remedy)
    };
    if operators.is_empty() {
        return vec![nothing(place, "a Condition")];
    }
    let mut findings = Vec::new();
    for (operator, keys) in operators {
        let place = member(&place, operator);
        match keys.as_object() {
            Some(keys) if keys.is_empty() => findings.push(nothing(place, operator)),
            Some(keys) => findings.extend(without_values(&place, operator, keys)),
            None => {}
        }
    }
    findings
}

fn without_values(place: &str, operator: &str, keys: &Map<String, Value>) -> Vec<Finding> {
    let Some(parsed) = Operator::parse(operator) else { return Vec::new() };
    let holds = holds_without_values(parsed);
    let empty = keys.iter().filter(|(_, values)| values.as_array().is_some_and(Vec::is_empty));
    let found = |(key, _): (&String, &Value)| {
        let message = format!("{operator} names no value of {key}: it {holds}");
        let remedy = "write the values that are meant, Null for a key that must be missing, or \
            take the test out";
        let pointer = member(place, key);
        Finding::new(&EMPTY_CONDITION, Severity::Warning, pointer, message, remedy)
    };
    empty.map(found).collect()
}

fn holds_without_values(operator: Operator) -> &'static str {
    let (_, negated) = operator.comparison.positive();
    match operator.quantifier {
        // An empty list differs from every value of the request.
        None | Some(Quantifier::ForAllValues) if negated => "always holds",
        Some(Quantifier::ForAnyValue) if negated => "holds for every request with the key",
        Some(Quantifier::ForAllValues) => "holds for requests without the key only",
        None | Some(Quantifier::ForAnyValue) if operator.if_exists => {
            "holds for requests without the key only"
        }
        None | Some(Quantifier::ForAnyValue) => "never holds",
    }
}
