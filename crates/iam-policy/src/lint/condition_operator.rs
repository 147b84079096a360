//! Rules on operators that don't do with a value or a key what their author expects: wildcards
//! that are taken literally, sets of values, and wildcards that run over the parts of an ARN.

use crate::Usage;
use crate::catalogue::ValueType;
use crate::diagnostic::Severity;
use crate::statement::{Effect, Operator, OperatorName, Quantifier};

use super::arn::{has_wildcard, is_open};
use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};
use super::wording::list_few;

pub(super) const LITERAL_WILDCARD: Rule = Rule::new(
    "literal-wildcard",
    Severity::Error,
    "A wildcard under an operator that takes it literally",
    "StringEquals compares characters, and * is one of them: no request has such a value, and \
        StringNotEquals always holds. A Deny with StringNotEquals then denies everybody, which is \
        an error; else this is a warning.",
    "Write StringLike or StringNotLike.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::relay-data",
 "Condition": {"StringEquals": {"s3:prefix": "home/*"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::relay-data",
 "Condition": {"StringLike": {"s3:prefix": "home/*"}}}"#,
)
.with_source(RuleSource::AccessAnalyzer("general-warning-wildcard-without-like-operator"));

pub(super) const CONDITION_SET_OPERATOR: Rule = Rule::new(
    "condition-set-operator",
    Severity::Warning,
    "ForAllValues or ForAnyValue where they don't belong, or none where one does",
    "ForAllValues also passes requests without the key, so an Allow on a key with one value \
        allows more than it says. A key with several values needs one of the two. ForAnyValue on \
        a key with one value does nothing, which is a note.",
    "Leave out ForAllValues on a key with one value, or demand the key with Null as well. Write \
        ForAnyValue or ForAllValues on a key with several values.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"ForAllValues:StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}}"#,
)
.with_source(RuleSource::IamGuide(
    "reference_policies_condition-single-vs-multi-valued-context-keys",
));

pub(super) const STRING_OPERATOR_ON_ARN: Rule = Rule::new(
    "string-operator-on-arn",
    Severity::Warning,
    "A wildcard under StringLike on a key whose values are ARNs",
    "StringLike takes an ARN for one text: a * spans colons, and so also matches another account, \
        kind or name than the one it stands for. ArnLike compares part by part. A wildcard that \
        stands in the last part only is a note.",
    "Write ArnLike or ArnNotLike.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "sns:Publish",
 "Resource": "arn:aws:sns:eu-west-1:123456789012:relay-events",
 "Condition": {"StringLike": {"aws:SourceArn": "arn:aws:s3:*:*:relay-data"}}}"#,
    r#"{"Effect": "Allow", "Action": "sns:Publish",
 "Resource": "arn:aws:sns:eu-west-1:123456789012:relay-events",
 "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:relay-data"}}}"#,
)
.with_source(RuleSource::AccessAnalyzer(
    "security-warning-string-like-operator-with-arn-condition-keys",
));

/// The keys that the reference lists as having several values, and that their guide tests without
/// a set operator ("Using IAM policy conditions in Amazon EventBridge").
const BARE_IN_GUIDE: &[&str] = &["events:detail-type", "events:source"];

/// Returns the comparison that takes wildcards, for one of texts that doesn't.
pub(super) fn comparison_with_wildcards(comparison: OperatorName) -> Option<OperatorName> {
    match comparison {
        OperatorName::StringEquals | OperatorName::StringEqualsIgnoreCase => {
            Some(OperatorName::StringLike)
        }
        OperatorName::StringNotEquals | OperatorName::StringNotEqualsIgnoreCase => {
            Some(OperatorName::StringNotLike)
        }
        _ => None,
    }
}

pub(super) fn find_literal_wildcards(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    let operator = test.test.operator;
    let like = comparison_with_wildcards(operator.comparison)?;
    let values = &test.test.values;
    let literal: Vec<String> = values.iter().filter(|it| has_wildcard(it)).cloned().collect();
    let first = values.iter().position(|it| has_wildcard(it))?;
    let negated = test.is_negated();
    let consequence = if negated { "every value differs from it" } else { "no value equals it" };
    let message = format!(
        "{operator} takes `{}` literally: {consequence} in {}",
        list_few(&literal),
        test.test.key
    );
    // Everybody has a value that differs, or none.
    let denies_everybody =
        negated && site.statement.effect == Effect::Deny && literal.len() == values.len();
    let severity = if denies_everybody { Severity::Error } else { Severity::Warning };
    let remedy = format!("write {}", Operator { comparison: like, ..operator });
    Some(Finding::new(&LITERAL_WILDCARD, severity, test.value(first), message, remedy))
}

pub(super) fn find_set_operators(
    site: &Site<'_>,
    test: &TestSite<'_>,
    tests: &[TestSite<'_>],
) -> Option<Finding> {
    let operator = test.test.operator;
    let key = &test.test.key;
    let found = |severity, message: String, remedy: String| {
        let rule = &CONDITION_SET_OPERATOR;
        Some(Finding::new(rule, severity, test.pointer.clone(), message, remedy))
    };
    if operator.comparison == OperatorName::Null {
        let holds = match operator.quantifier? {
            Quantifier::ForAllValues => "always holds",
            Quantifier::ForAnyValue => "never holds",
        };
        let remedy = "write Null".to_owned();
        return found(Severity::Warning, format!("{operator} {holds}"), remedy);
    }
    let several = test.known?.value.is_multivalued();
    let bare = Operator { quantifier: None, ..operator };
    match operator.quantifier {
        Some(Quantifier::ForAllValues) if !several && !test.is_negated() => {
            let demanded = |other: &TestSite<'_>| {
                other.is_on(key)
                    && other.test.operator.comparison == OperatorName::Null
                    && other.test.values.iter().all(|it| it.eq_ignore_ascii_case("false"))
            };
            if tests.iter().any(demanded) {
                return None;
            }
            let (severity, effect) = match site.statement.effect {
                Effect::Allow => (Severity::Warning, "allows"),
                Effect::Deny => (Severity::Note, "denies"),
            };
            let message = format!("{operator} also {effect} requests without {key}");
            found(severity, message, format!("write {bare}: {key} has one value"))
        }
        Some(Quantifier::ForAnyValue) if !several => {
            let audience = key.rsplit(':').next().is_some_and(|claim| claim == "aud");
            let severity = if audience { Severity::Warning } else { Severity::Note };
            let message = format!("{key} has one value, and ForAnyValue is for keys with several");
            found(severity, message, format!("write {bare}"))
        }
        None if several && !BARE_IN_GUIDE.iter().any(|it| test.is_on(it)) => {
            let message = format!(
                "{key} may have several values: AWS doesn't document which of them {operator} tests"
            );
            let remedy = format!("write ForAnyValue:{operator} or ForAllValues:{operator}");
            found(Severity::Warning, message, remedy)
        }
        _ => None,
    }
}

pub(super) fn find_string_operators_on_arns(test: &TestSite<'_>) -> Option<Finding> {
    let operator = test.test.operator;
    let arn = match operator.comparison {
        OperatorName::StringLike => OperatorName::ArnLike,
        OperatorName::StringNotLike => OperatorName::ArnNotLike,
        _ => return None,
    };
    if !matches!(test.known?.value, ValueType::Arn | ValueType::ArrayOfArn) {
        return None;
    }
    let values = &test.test.values;
    // ArnLike matches no text that isn't an ARN: `*` alone and `arn:aws:iam::*` are no ARNs.
    let is_arn = |value: &String| value.starts_with("arn:") && value.matches(':').count() >= 5;
    if !values.iter().all(is_arn) {
        return None;
    }
    let before_name = |value: &&String| {
        let parts: Vec<&str> = value.splitn(6, ':').collect();
        parts.iter().take(5).any(|part| has_wildcard(part))
    };
    let in_name = |value: &&String| is_open(value) && has_wildcard(value);
    let early = values.iter().position(|value| before_name(&value));
    let first = early.or_else(|| values.iter().position(|value| in_name(&value)))?;
    let severity = if early.is_some() { Severity::Warning } else { Severity::Note };
    let message = format!(
        "under {operator} the wildcard of `{}` spans colons: it matches more than one part",
        values[first]
    );
    let remedy = format!("write {}", Operator { comparison: arn, ..operator });
    Some(Finding::new(&STRING_OPERATOR_ON_ARN, severity, test.value(first), message, remedy))
}
