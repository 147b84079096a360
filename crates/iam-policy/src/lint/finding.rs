//! The findings of the rules, and the facts about a document that the rules need.

use crate::Usage;
use crate::diagnostic::Severity;

use super::rule::Rule;

/// A place in a document that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of its rule.
    pub rule: &'static str,
    /// The severity in this place.
    pub severity: Severity,
    /// The JSON pointer to the place in the document.
    pub pointer: String,
    /// The problem.
    pub message: String,
    /// The remedy.
    pub remedy: String,
}

impl Finding {
    pub(super) fn new(
        rule: &Rule,
        severity: Severity,
        pointer: String,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { rule: rule.name, severity, pointer, message: message.into(), remedy: remedy.into() }
    }
}

/// The use of a document, and the account that it is in.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The use of the policy.
    pub usage: Usage,
    /// The id of the account.
    pub account: &'a str,
    /// The partition: `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// True if the policy gives somebody what it allows: a permissions boundary gives nothing.
    pub grants: bool,
}
