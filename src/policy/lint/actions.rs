//! Actions: all of them at once, all but a few, and those that AWS doesn't have.

use crate::diagnostic::Severity;
use crate::policy::catalogue::{self, AccessLevel};

use super::Finding;
use super::site::Site;

pub(super) fn wide(site: &Site<'_>) -> Vec<Finding> {
    let clause = &site.statement.actions;
    if clause.not {
        let message =
            format!("everything is allowed but {}: also what AWS adds tomorrow", super::rule::few(&clause.patterns));
        let remedy =
            "name the actions that are meant in `Action`; to except some of them, add a statement that denies them";
        return vec![Finding::new("not-action", Severity::Warning, site.element("Action"), message, remedy)];
    }
    let each = clause.patterns.iter().enumerate();
    each.filter_map(|(index, pattern)| star(site, index, pattern)).collect()
}

fn star(site: &Site<'_>, index: usize, pattern: &str) -> Option<Finding> {
    let place = site.value("Action", index);
    if pattern.chars().all(|c| c == '*') || pattern == "*:*" {
        let message = "every action of every service is allowed";
        let remedy = "name the actions that are needed; for an administrator, attach AWS's own AdministratorAccess, \
                      so that everybody sees what it is";
        return Some(Finding::new("action-wildcard", Severity::Error, place, message, remedy));
    }
    let service = pattern.strip_suffix(":*").and_then(catalogue::service)?;
    let actions = catalogue::actions_of(service.prefix);
    let count = |level: AccessLevel| actions.iter().filter(|action| action.access == level).count();
    let message = format!(
        "all {} actions of {} are allowed, {} of which write and {} manage permissions",
        actions.len(),
        service.name,
        count(AccessLevel::Write),
        count(AccessLevel::PermissionsManagement)
    );
    let remedy = "name the actions that are needed, or at least their kind, such as Get* and Put*";
    Some(Finding::new("service-wildcard", Severity::Note, place, message, remedy))
}

/// Also in a Deny and in `NotAction`: a slip there denies, or excepts, nothing.
pub(super) fn names(site: &Site<'_>) -> Vec<Finding> {
    let each = site.statement.actions.patterns.iter().enumerate();
    each.filter_map(|(index, pattern)| unknown(site, index, pattern)).collect()
}

fn unknown(site: &Site<'_>, index: usize, pattern: &str) -> Option<Finding> {
    let Unknown { rule, message, remedy } = unknown_action(pattern)?;
    Some(Finding::new(rule, Severity::Warning, site.value("Action", index), message, remedy))
}

/// What is wrong with the name of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub rule: &'static str,
    pub message: String,
    pub remedy: String,
}

/// Whether AWS has no such action, or none that matches.
pub fn unknown_action(pattern: &str) -> Option<Unknown> {
    let (prefix, _) = pattern.split_once(':')?;
    if prefix.contains(['*', '?']) || catalogue::matching(pattern).next().is_some() {
        return None;
    }
    let mean = |near: Option<String>, otherwise: &str| match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    };
    if catalogue::service(prefix).is_none() {
        let message = format!("`{prefix}` is no service that relayctl knows (its list is of {})", catalogue::date());
        let near = catalogue::nearest_service(prefix).map(str::to_owned);
        let remedy = mean(near, "look the prefix up in AWS's Service Authorization Reference");
        return Some(Unknown { rule: "unknown-service", message, remedy });
    }
    let message = if pattern.contains(['*', '?']) {
        format!("`{pattern}` matches no action of AWS: it says nothing")
    } else {
        format!("AWS has no action `{pattern}` (the list is of {})", catalogue::date())
    };
    let near = catalogue::nearest_action(pattern);
    let remedy = mean(near, "look the name up in AWS's Service Authorization Reference");
    Some(Unknown { rule: "unknown-action", message, remedy })
}
