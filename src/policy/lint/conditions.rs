//! Condition keys that no request for the statement's actions carries.

use crate::diagnostic::Severity;
use crate::policy::Usage;
use crate::policy::catalogue;

use super::site::Site;
use super::{Finding, Home};

/// A positive test of a key that never comes never holds, a negated one always does; either is seldom meant.
pub(super) fn keys(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let clause = &site.statement.actions;
    let mut findings = Vec::new();
    for test in &site.statement.conditions {
        // Claims of an identity provider (`token.actions.githubusercontent.com:sub`) are in no catalogue.
        let claim =
            home.usage == Usage::Trust && test.key.split(':').next().is_some_and(|name| name.contains(['.', '/']));
        let wide = |pattern: &String| !pattern.contains(':') || pattern.starts_with('*');
        if claim || clause.not || clause.patterns.iter().any(wide) {
            continue;
        }
        let mut known = clause.patterns.iter().flat_map(|pattern| catalogue::matching(pattern)).peekable();
        if known.peek().is_none() || known.any(|action| action.takes_key(&test.key)) {
            continue;
        }
        let message =
            format!("no request for {} carries the condition key `{}`", super::rule::few(&clause.patterns), test.key);
        let remedy = "look the key up among those of the actions in AWS's Service Authorization Reference";
        findings.push(Finding::new(
            "unknown-condition-key",
            Severity::Note,
            site.condition(&test.key),
            message,
            remedy,
        ));
    }
    findings
}
