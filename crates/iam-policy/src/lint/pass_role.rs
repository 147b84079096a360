//! The rules on `iam:PassRole`, the permission to give a service the permissions of a role.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::escalation;
use crate::pattern::action_matches;

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::Site;

pub(super) const PASS_ROLE_WILDCARD: Rule = Rule::new(
    "pass-role-wildcard",
    Severity::Error,
    "iam:PassRole on every role",
    "Whoever passes a role to a service of their own gets what the role may do; one of them is an \
        administrator's.",
    "Name the roles that are meant, or give them a path of their own.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
 "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}"#,
    r#"{"Effect": "Allow", "Action": "iam:PassRole",
 "Resource": "arn:aws:iam::123456789012:role/app/*",
 "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}"#,
)
.with_source(RuleSource::IamGuide("id_roles_use_passrole"));

pub(super) const PASS_ROLE_ANY_SERVICE: Rule = Rule::new(
    "pass-role-any-service",
    Severity::Note,
    "iam:PassRole without the condition iam:PassedToService",
    "The role can be passed to every service that it trusts, also to those that are added to its \
        trust later.",
    "Demand iam:PassedToService in a condition.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "iam:PassRole",
 "Resource": "arn:aws:iam::123456789012:role/app/*"}"#,
    r#"{"Effect": "Allow", "Action": "iam:PassRole",
 "Resource": "arn:aws:iam::123456789012:role/app/*",
 "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}"#,
)
.with_source(RuleSource::IamGuide("id_roles_use_passrole"));

const ACTION: &str = "iam:PassRole";
const KEY: &str = "iam:PassedToService";

pub(super) fn anywhere(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let actions = &site.statement.actions;
    // `*` and NotAction have rules of their own.
    let named = actions
        .patterns
        .iter()
        .position(|pattern| pattern.contains(':') && action_matches(pattern, ACTION));
    let Some(action) = named.filter(|_| !actions.not) else { return Vec::new() };
    let mut findings = Vec::new();
    let every = format!("arn:{}:iam::{}:role/*", home.partition, home.account);
    let resources = site.statement.resources.as_ref().filter(|clause| !clause.not);
    let all = resources
        .and_then(|clause| clause.patterns.iter().position(|it| escalation::covers(it, &every)));
    if let Some(resource) = all {
        let message =
            "every role of the account may be passed to a service, the most powerful ones too";
        let remedy = "name the roles that are meant, or give them a path of their own: role/app/*";
        findings.push(Finding::new(
            &PASS_ROLE_WILDCARD,
            Severity::Error,
            site.value("Resource", resource),
            message,
            remedy,
        ));
    }
    let limited = site.statement.conditions.iter().any(|test| test.key.eq_ignore_ascii_case(KEY));
    if !limited {
        let message = "the roles may be passed to any service that they trust";
        let remedy = format!(
            "say to which, with the condition {KEY}: {{\"StringEquals\": {{\"{KEY}\": \
                \"lambda.amazonaws.com\"}}}}"
        );
        findings.push(Finding::new(
            &PASS_ROLE_ANY_SERVICE,
            Severity::Note,
            site.value("Action", action),
            message,
            remedy,
        ));
    }
    findings
}
