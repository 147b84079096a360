//! A rule: its name, and what it is about.

use crate::diagnostic::Severity;

/// What a kind of finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable: `action-wildcard`.
    pub name: &'static str,
    /// The worst that its findings are; where less is at stake they are less.
    pub severity: Severity,
    /// One line.
    pub summary: &'static str,
    /// Why it matters, and where its findings are less severe.
    pub why: &'static str,
    /// What to do about its findings.
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
