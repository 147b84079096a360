//! What AWS accepts in a document, and what still is likely a mistake or more than was meant. Pure: one document at a
//! time, and for what several of them say together, the policies that somebody holds.

mod actions;
mod conditions;
mod federation;
mod pass_role;
mod principals;
mod resources;
mod rule;
mod site;
mod size;
mod spare;

use crate::diagnostic::Severity;
use crate::value::Value;

use super::Usage;
use super::statement::{Effect, Policy};

pub use actions::{Unknown, unknown_action};
pub use rule::{Rule, explain, named, rules};
pub use size::nearly_full;
pub use spare::{Spare, redundant, shadowed};

use site::Site;

/// Something in a document that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of its rule.
    pub rule: &'static str,
    pub severity: Severity,
    /// JSON pointer into the document.
    pub pointer: String,
    pub message: String,
    pub remedy: String,
}

impl Finding {
    fn new(
        rule: &'static str,
        severity: Severity,
        pointer: String,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { rule, severity, pointer, message: message.into(), remedy: remedy.into() }
    }
}

/// Where a document belongs.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    pub usage: Usage,
    pub account: &'a str,
    pub partition: &'a str,
    /// Whether what it allows is given to somebody: a permissions boundary gives nothing.
    pub grants: bool,
}

/// All that the rules have to say about one document, in its order. `document` is valid.
pub fn lint(document: &Value, home: &Home<'_>) -> Vec<Finding> {
    // Validation has said why, with the place.
    let Ok(policy) = Policy::compile("", document) else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(size::document(document, home));
    for site in Site::all(document, &policy) {
        findings.extend(names(&site, home));
        if site.statement.effect == Effect::Allow && home.grants {
            findings.extend(allow(&site, home));
        }
    }
    findings
}

fn names(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let mut findings = actions::names(site);
    findings.extend(conditions::keys(site, home));
    findings
}

fn allow(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if home.usage.is_identity() {
        findings.extend(actions::wide(site));
        findings.extend(resources::wide(site));
        findings.extend(pass_role::anywhere(site, home));
    } else {
        findings.extend(actions::wide(site));
        findings.extend(principals::wide(site, home));
        findings.extend(federation::wide(site));
    }
    findings
}

/// JSON pointer to a statement, by its number from 1, or to one of its action patterns.
pub fn pointer(document: &Value, statement: usize, action: Option<usize>) -> Option<String> {
    let policy = Policy::compile("", document).ok()?;
    let site = Site::all(document, &policy).into_iter().find(|site| site.statement.number == statement)?;
    Some(action.map_or_else(|| site.pointer.clone(), |index| site.value("Action", index)))
}

#[cfg(test)]
mod tests;
