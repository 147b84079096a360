//! Rules on resources: `*`, where the actions could be limited to some.

use crate::Usage;
use crate::catalogue::{self, AccessLevel, Action};
use crate::diagnostic::Severity;
use crate::statement::ConditionTest;

use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::Site;
use super::wording::list_few;

pub(super) const RESOURCE_WILDCARD: Rule = Rule::new(
    "resource-wildcard",
    Severity::Warning,
    "Resource \"*\" for actions that can be limited to resources",
    "What reads is a note, what writes a warning. Actions that take no resource need \"*\", and \
        are not told, nor are those that a condition limits to some resources.",
    "Name the resources: by ARN, by a prefix of their names, or by ARN and a condition on tags.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}"#,
    r#"{"Effect": "Allow", "Action": "lambda:InvokeFunction",
 "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:relay-*"}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_resource"));

pub(super) const NOT_RESOURCE: Rule = Rule::new(
    "not-resource",
    Severity::Warning,
    "NotResource with Allow allows everything but a few resources",
    "What isn't named is allowed, also what is made tomorrow.",
    "Name the resources in Resource, and deny the exceptions in a statement of their own.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "NotResource": "arn:aws:s3:::secrets/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_notresource"));

pub(super) fn find_wildcard_resources(site: &Site<'_>) -> Vec<Finding> {
    let Some(clause) = &site.statement.resources else { return Vec::new() };
    if clause.not {
        let message = format!(
            "allowed on everything but {}: also on what is made tomorrow",
            list_few(&clause.patterns)
        );
        let remedy = "name the resources that are meant in `Resource`; to except some of them, \
            add a statement that denies them";
        return vec![Finding::new(
            &NOT_RESOURCE,
            Severity::Warning,
            site.element("Resource"),
            message,
            remedy,
        )];
    }
    let star = clause.patterns.iter().position(|pattern| pattern == "*");
    star.and_then(|index| all(site, index)).into_iter().collect()
}

/// Returns the finding for `Resource: "*"`, with the resources that the actions could be limited
/// to.
fn all(site: &Site<'_>, index: usize) -> Option<Finding> {
    let clause = &site.statement.actions;
    // Every action, and all but a few, have rules of their own.
    let has_own_rule = clause.not || clause.patterns.iter().any(|it| !it.contains(':'));
    if has_own_rule || site.demands().any(limits) {
        return None;
    }
    let mut scoped: Vec<&'static Action> = Vec::new();
    for action in clause.patterns.iter().flat_map(|pattern| catalogue::matching(pattern)) {
        if action.takes_resource() && !scoped.contains(&action) {
            scoped.push(action);
        }
    }
    let first = scoped.first()?;
    let reads = |action: &&&Action| matches!(action.access, AccessLevel::List | AccessLevel::Read);
    let writes = scoped.iter().any(|action| !reads(&action) && !is_account_wide(action));
    let severity = if writes { Severity::Warning } else { Severity::Note };
    let names: Vec<String> = scoped.iter().map(|action| action.name.clone()).collect();
    let message = match names.as_slice() {
        [name] => format!("{name} is allowed on every resource, and could be on some"),
        names => format!(
            "{} actions are allowed on every resource, and could be on some: {}",
            names.len(),
            list_few(names)
        ),
    };
    let mut forms: Vec<String> = Vec::new();
    for resource in scoped.iter().flat_map(|action| &action.resources) {
        let form = resource.format.to_string();
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    let whole = if scoped.len() == 1 { first.name.as_str() } else { "they" };
    let remedy = format!("limit `Resource`: {whole} can be allowed on {}", list_few(&forms));
    Some(Finding::new(&RESOURCE_WILDCARD, severity, site.value("Resource", index), message, remedy))
}

/// The keys that say which resources are meant, besides those on tags.
const LIMITING: &[&str] = &[
    "account:TargetRegion",
    "cloudwatch:namespace",
    "dynamodb:LeadingKeys",
    "ec2:InstanceID",
    "ec2:Subnet",
    "ec2:Vpc",
    "ecs:cluster",
    "ecs:service",
    "elasticfilesystem:AccessPointArn",
    "iam:AWSServiceName",
    "iam:AssociatedResourceArn",
    "iam:OrganizationsPolicyId",
    "iam:PermissionsBoundary",
    "kms:ResourceAliases",
    "kms:ViaService",
    "route53:ChangeResourceRecordSetsNormalizedRecordNames",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "secretsmanager:Name",
    "secretsmanager:SecretId",
];

/// Tells if a test limits the resources to some. A test on the caller, the network, the time or the
/// account doesn't. An action whose requests don't carry the key isn't allowed at all.
fn limits(test: &ConditionTest) -> bool {
    const OF_TAGS: [&str; 4] = ["resourcetag/", "requesttag/", "existingobjecttag/", "-tag/"];
    let key = test.key.to_lowercase();
    OF_TAGS.iter().any(|part| key.contains(part))
        || LIMITING.iter().any(|known| known.eq_ignore_ascii_case(&key))
}

/// Tells if an action is about the account as a whole: it takes one type of resource, and that is
/// optional.
fn is_account_wide(action: &Action) -> bool {
    matches!(action.resources.as_slice(), [resource] if !resource.required)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lint::Home;
    use crate::lint::tests::lint_reach;
    use crate::{Severity, Usage};

    fn found(action: &str, condition: &Value) -> Vec<(&'static str, Severity)> {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": action, "Resource": "*", "Condition": condition}});
        let home =
            Home { usage: Usage::Managed, account: "123456789012", partition: "aws", grants: true };
        lint_reach(&document, &home).into_iter().map(|it| (it.rule, it.severity)).collect()
    }

    #[test]
    fn what_a_condition_limits_is_no_wildcard() {
        for (action, key, value) in [
            ("cloudwatch:PutMetricData", "cloudwatch:namespace", "Quarry"),
            ("ec2:TerminateInstances", "aws:ResourceTag/team", "quarry"),
            ("ec2:TerminateInstances", "ec2:ResourceTag/team", "quarry"),
            ("ec2:RunInstances", "aws:RequestTag/team", "quarry"),
            ("iam:CreateServiceLinkedRole", "iam:AWSServiceName", "ecs.amazonaws.com"),
            ("account:EnableRegion", "account:TargetRegion", "ap-east-1"),
        ] {
            assert_eq!(found(action, &json!({"StringEquals": {key: value}})), [], "{key}");
        }
        let warning = [("resource-wildcard", Severity::Warning)];
        for vain in [
            json!({"StringEquals": {"aws:PrincipalTag/team": "quarry"}}),
            json!({"StringLike": {"aws:ResourceTag/team": "*"}}),
            json!({"StringEqualsIfExists": {"aws:ResourceTag/team": "quarry"}}),
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}),
            json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        ] {
            assert_eq!(found("ec2:TerminateInstances", &vain), warning, "{vain}");
        }
    }

    #[test]
    fn an_action_on_the_account_with_an_optional_resource_is_a_note() {
        let note = [("resource-wildcard", Severity::Note)];
        assert_eq!(found("cloudwatch:PutMetricData", &json!({})), note);
    }
}
