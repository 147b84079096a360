//! The rule on the permission to make service-linked roles of any service.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::pattern::action_matches;
use crate::statement::Effect;

use super::arn::{Arn, is_open};
use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};

pub(super) const SERVICE_LINKED_ROLE_WILDCARD: Rule = Rule::new(
    "service-linked-role-wildcard",
    Severity::Note,
    "iam:CreateServiceLinkedRole for any service",
    "Each service-linked role gives its service permissions in the account.",
    "Name the path of the service, or demand iam:AWSServiceName in a condition.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole",
 "Resource": "arn:aws:iam::*:role/aws-service-role/*"}"#,
    r#"{"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole",
 "Resource": "arn:aws:iam::*:role/aws-service-role/ecs.amazonaws.com/*"}"#,
)
.with_source(RuleSource::AccessAnalyzer("general-warning-create-slr-with-star-in-resource"));

const ACTION: &str = "iam:CreateServiceLinkedRole";
const KEY: &str = "iam:AWSServiceName";

pub(super) fn find_open_paths(site: &Site<'_>, tests: &[TestSite<'_>]) -> Option<Finding> {
    let actions = &site.statement.actions;
    let named = actions.patterns.iter().any(|it| it.contains(':') && action_matches(it, ACTION));
    let limited = tests.iter().any(|test| test.is_on(KEY));
    if site.statement.effect != Effect::Allow || actions.not || !named || limited {
        return None;
    }
    let clause = site.statement.resources.as_ref().filter(|clause| !clause.not)?;
    // `resource-wildcard` tells `*` alone.
    let open = |text: &String| text != "*" && names_no_service(Arn::parse(text).resource());
    let index = clause.patterns.iter().position(open)?;
    let message = format!("the roles of any service may be made: {ACTION} on a pattern");
    let remedy = format!("name the path role/aws-service-role/<service>/*, or demand {KEY}");
    let (rule, pointer) = (&SERVICE_LINKED_ROLE_WILDCARD, site.value("Resource", index));
    Some(Finding::new(rule, Severity::Note, pointer, message, remedy))
}

/// Tells if a pattern of roles fits service-linked roles of any service.
fn names_no_service(role: &str) -> bool {
    const PATH: &str = "role/aws-service-role/";
    if let Some(service) = role.strip_prefix(PATH) {
        // `*.amazonaws.com/` and `*` are any service; `ecs.*` isn't.
        return service.starts_with('*');
    }
    let certain = role.find(is_wild).map_or(role, |end| &role[..end]);
    is_open(role) && PATH.starts_with(certain)
}

fn is_wild(c: char) -> bool {
    matches!(c, '*' | '?' | '$')
}
