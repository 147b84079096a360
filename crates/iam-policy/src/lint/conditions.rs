//! The rule on condition keys that no request for the statement's actions carries.

use crate::Usage;
use crate::catalogue;
use crate::diagnostic::Severity;

use super::finding::{Finding, Home};
use super::rule::{Rule, Source};
use super::site::Site;

pub(super) const UNKNOWN_CONDITION_KEY: Rule = Rule::new(
    "unknown-condition-key",
    Severity::Note,
    "A condition key that requests for these actions don't carry",
    "A test for equality then never holds, and a negated one always does.",
    "Correct the key, or put the actions that carry it into a statement of their own.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringLike": {"s3:prefix": "team/*"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:ListBucket",
 "Resource": "arn:aws:s3:::relay-data",
 "Condition": {"StringLike": {"s3:prefix": "team/*"}}}"#,
)
.with_source(Source::IamGuide("reference_policies_condition-keys"));

/// Finds condition keys that requests never carry. A positive test of such a key never holds, and a
/// negated one always does; neither is usually meant.
pub(super) fn keys(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let clause = &site.statement.actions;
    let mut findings = Vec::new();
    for test in &site.statement.conditions {
        // Claims of an identity provider (`token.actions.githubusercontent.com:sub`) are in no
        // catalogue.
        let claim = home.usage == Usage::Trust
            && test.key.split(':').next().is_some_and(|name| name.contains(['.', '/']));
        let wide = |pattern: &String| !pattern.contains(':') || pattern.starts_with('*');
        if claim || clause.not || clause.patterns.iter().any(wide) {
            continue;
        }
        let mut known =
            clause.patterns.iter().flat_map(|pattern| catalogue::matching(pattern)).peekable();
        if known.peek().is_none() || known.any(|action| action.takes_key(&test.key)) {
            continue;
        }
        let message = format!(
            "no request for {} carries the condition key `{}`",
            super::wording::list_few(&clause.patterns),
            test.key
        );
        let remedy =
            "look the key up among those of the actions in AWS's Service Authorization Reference";
        findings.push(Finding::new(
            &UNKNOWN_CONDITION_KEY,
            Severity::Note,
            site.condition(&test.key),
            message,
            remedy,
        ));
    }
    findings
}
