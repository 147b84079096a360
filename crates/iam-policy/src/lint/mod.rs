//! Rules on documents that AWS accepts, but that likely hold a mistake or give more than was meant.
//! The rules are pure: they take one document at a time, or the policies that somebody holds
//! together.

mod actions;
mod conditions;
mod escalation;
mod explanation;
mod federation;
mod finding;
mod list;
mod names;
mod pass_role;
mod placeholder;
mod principals;
mod provider;
mod redundancy;
mod resources;
mod rule;
mod services;
mod site;
mod size;
mod trust;
mod wording;

use crate::statement::{Effect, Policy};
use crate::{Usage, Value};

use site::Site;

pub use actions::{UnknownAction, unknown_action};
pub use escalation::escalation_rules;
pub use explanation::{explain, explain_in_markdown};
pub use finding::{Finding, Home};
pub use list::rules;
pub use names::NameChecker;
pub use placeholder::find_placeholder;
pub use redundancy::{REDUNDANT_STATEMENT, Redundant, SHADOWED_ACTION, redundant, shadowed};
pub use rule::{Rule, RuleExample, Source};
pub use size::nearly_full;

/// Returns the findings of the rules on one document, in the document's order. An invalid document
/// has no findings.
///
/// ```
/// use iam_policy::lint::Home;
/// use iam_policy::{Severity, Usage, lint, parse};
///
/// let document = parse(
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}}"#,
/// )?;
/// let home =
///     Home { usage: Usage::Managed, account: "123456789012", partition: "aws", grants: true };
/// let findings = lint(&document, &home);
/// assert_eq!((findings[0].rule, findings[0].severity), ("resource-wildcard", Severity::Warning));
/// assert_eq!(findings[0].pointer, "/Statement/Resource");
/// # Ok::<(), iam_policy::SyntaxError>(())
/// ```
pub fn lint(document: &Value, home: &Home<'_>) -> Vec<Finding> {
    // Validation has reported the reason, with the place.
    let Ok(policy) = Policy::compile("", document) else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(size::document(document, home));
    let mut names = NameChecker::new(home.partition);
    for site in Site::all(document, &policy) {
        names.statement(&site.pointer, site.elements, home.usage, &mut findings);
        findings.extend(conditions::keys(&site, home));
        if site.statement.effect == Effect::Allow && home.grants {
            findings.extend(allow(&site, home));
        }
    }
    findings
}

fn allow(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if home.usage.is_identity() {
        findings.extend(actions::find_wildcard_actions(site, home));
        findings.extend(resources::find_wildcard_resources(site));
        findings.extend(pass_role::anywhere(site, home));
    } else {
        findings.extend(actions::find_wildcard_actions(site, home));
        findings.extend(principals::find_wildcard_principals(site, home));
        findings.extend(services::find_services_without_source(site, home));
        findings.extend(federation::find_wide_subjects(site));
        if home.usage == Usage::Trust {
            findings.extend(trust::find_misfits(site));
            findings.extend(trust::find_open_external_ids(site));
        }
    }
    findings
}

/// Returns the JSON pointer to a statement by its number, from 1, or to one of its action patterns;
/// `None` if there is no such statement.
pub fn pointer(document: &Value, statement: usize, action: Option<usize>) -> Option<String> {
    let policy = Policy::compile("", document).ok()?;
    let site =
        Site::all(document, &policy).into_iter().find(|site| site.statement.number == statement)?;
    Some(action.map_or_else(|| site.pointer.clone(), |index| site.value("Action", index)))
}

#[cfg(test)]
mod tests;
