//! What the rules find, and what they must know of a document.

use crate::Usage;
use crate::diagnostic::Severity;

use super::rule::Rule;

/// Something in a document that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of its rule.
    pub rule: &'static str,
    /// How much it matters here.
    pub severity: Severity,
    /// JSON pointer into the document.
    pub pointer: String,
    /// What was found.
    pub message: String,
    /// What to do about it.
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

/// Where a document belongs.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// What the policy is used for.
    pub usage: Usage,
    /// The id of the account that it is in.
    pub account: &'a str,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// Whether what it allows is given to somebody: a permissions boundary gives nothing.
    pub grants: bool,
}
