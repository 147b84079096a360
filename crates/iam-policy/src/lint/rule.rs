//! A rule: its name, severity and explanation.

use crate::diagnostic::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable name: `action-wildcard`.
    pub name: &'static str,
    /// The highest severity of its findings; a finding may be less severe.
    pub severity: Severity,
    /// A summary of one line.
    pub summary: &'static str,
    /// The reason why its findings matter, and the cases in which they are less severe.
    pub why: &'static str,
    /// The remedy.
    pub remedy: &'static str,
}

impl Rule {
    /// Makes a rule: name, severity, summary, why, remedy.
    pub const fn new(
        name: &'static str,
        severity: Severity,
        summary: &'static str,
        why: &'static str,
        remedy: &'static str,
    ) -> Self {
        Self { name, severity, summary, why, remedy }
    }
}
