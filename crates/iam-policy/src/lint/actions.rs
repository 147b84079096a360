//! Rules on actions: all of them at once, all but a few, and those that AWS doesn't have.

use crate::Usage;
use crate::catalogue::{self, AccessLevel};
use crate::diagnostic::Severity;

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::Site;

pub(super) const ACTION_WILDCARD: Rule = Rule::new(
    "action-wildcard",
    Severity::Error,
    "Action \"*\" allows everything that AWS can do",
    "Whoever holds it is an administrator, also of services that nobody here has heard of, and of \
        those that AWS adds tomorrow.",
    "Name the actions that are needed. Where an administrator is meant, attach AWS's own \
        AdministratorAccess, which every reviewer knows.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::IamGuide("best-practices"));

pub(super) const SERVICE_WILDCARD: Rule = Rule::new(
    "service-wildcard",
    Severity::Note,
    "All actions of one service are allowed",
    "Most services have actions that delete and actions that manage permissions besides those \
        that are needed.",
    "Name the actions that are needed, or at least their kind, such as Get* and Put*.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::relay-data/*"}"#,
    r#"{"Effect": "Allow", "Action": ["s3:Get*", "s3:Put*"],
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::IamGuide("best-practices"));

pub(super) const NOT_ACTION: Rule = Rule::new(
    "not-action",
    Severity::Error,
    "NotAction with Allow allows everything but a few actions",
    "What isn't named is allowed, also what AWS adds tomorrow. It is easily read as a Deny, which \
        it isn't. It is a warning, and an error where it leaves ways to more permissions open.",
    "Name the actions in Action, and deny the exceptions in a statement of their own.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"#,
    r#"{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_notaction"));

pub(super) const UNKNOWN_ACTION: Rule = Rule::new(
    "unknown-action",
    Severity::Warning,
    "An action that AWS doesn't have",
    "IAM accepts any name, so a slip of the pen allows, or denies, nothing. The list of actions \
        is the one that `relayctl --version --verbose` gives the date of.",
    "Correct the name, or take it out.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObjekt",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::ServiceAuthorization("reference_policies_actions-resources-contextkeys"));

pub(super) const UNKNOWN_SERVICE: Rule = Rule::new(
    "unknown-service",
    Severity::Warning,
    "A service that AWS doesn't have",
    "As with unknown-action: the statement says nothing by it.",
    "Correct the prefix, or take the action out.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "lamda:InvokeFunction",
 "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:relay"}"#,
    r#"{"Effect": "Allow", "Action": "lambda:InvokeFunction",
 "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:relay"}"#,
)
.with_source(RuleSource::ServiceAuthorization("reference_policies_actions-resources-contextkeys"));

pub(super) const RETIRED_SERVICE: Rule = Rule::new(
    "retired-service",
    Severity::Note,
    "A service that AWS has retired",
    "IAM takes its actions, and nobody can call them any more: the statement says nothing by them.",
    "Take the actions out.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "deepcomposer:ListCompositions", "Resource": "*"}"#,
    r#"{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}"#,
)
.with_source(RuleSource::ServiceAuthorization("reference_policies_actions-resources-contextkeys"));

pub(super) fn find_wildcard_actions(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let clause = &site.statement.actions;
    if clause.not {
        let message = format!(
            "everything is allowed but {}: also what AWS adds tomorrow",
            super::wording::list_few(&clause.patterns)
        );
        let remedy = "name the actions that are meant in `Action`; to except some of them, add a \
            statement that denies them";
        return vec![Finding::new(
            &NOT_ACTION,
            Severity::Warning,
            site.element("Action"),
            message,
            remedy,
        )];
    }
    let each = clause.patterns.iter().enumerate();
    each.filter_map(|(index, pattern)| star(site, home.usage, index, pattern)).collect()
}

fn star(site: &Site<'_>, usage: Usage, index: usize, pattern: &str) -> Option<Finding> {
    let place = site.value("Action", index);
    let every = pattern == "*";
    // In a bucket policy it is what S3 can do with the bucket.
    if every && usage != Usage::Bucket {
        let message = "every action of every service is allowed";
        let remedy = "name the actions that are needed; for an administrator, attach AWS's own \
            AdministratorAccess, so that everybody sees what it is";
        return Some(Finding::new(&ACTION_WILDCARD, Severity::Error, place, message, remedy));
    }
    if usage == Usage::Bucket && is_delegated(site) {
        return None;
    }
    let prefix = if every { "s3" } else { pattern.strip_suffix(":*")? };
    let service = catalogue::service(prefix)?;
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
    Some(Finding::new(&SERVICE_WILDCARD, Severity::Note, place, message, remedy))
}

/// Tells if a bucket policy leaves the decision to the policies of access points, as AWS advises
/// ("Configuring IAM policies for using access points", Amazon S3 User Guide).
fn is_delegated(site: &Site<'_>) -> bool {
    const KEYS: [&str; 2] = ["s3:DataAccessPointAccount", "s3:DataAccessPointArn"];
    site.demands().any(|test| KEYS.iter().any(|key| test.key.eq_ignore_ascii_case(key)))
}

/// The problem of an action's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAction {
    /// The rule that finds it.
    pub rule: Rule,
    /// The message of the finding.
    pub message: String,
    /// The name that may have been meant.
    pub remedy: String,
}

/// Returns the problem if AWS has no such action, or none that matches; `None` otherwise.
pub fn unknown_action(pattern: &str) -> Option<UnknownAction> {
    let (prefix, _) = pattern.split_once(':')?;
    if pattern.ends_with(":*") && prefix.contains(['*', '?']) || catalogue::has_match(pattern) {
        return None;
    }
    let mean = |near: Option<String>, otherwise: &str| match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    };
    if let Some(retired) = catalogue::retired_service(prefix) {
        let message = format!("`{pattern}` is of a service that AWS has retired: {}", retired.name);
        let remedy = "take it out".to_owned();
        return Some(UnknownAction { rule: RETIRED_SERVICE, message, remedy });
    }
    if !prefix.contains(['*', '?']) && catalogue::service(prefix).is_none() {
        let message = format!(
            "`{prefix}` is no service that relayctl knows (its list is of {})",
            catalogue::catalogue_date()
        );
        let near = catalogue::nearest_service(prefix).map(str::to_owned);
        let remedy = mean(near, "look the prefix up in AWS's Service Authorization Reference");
        return Some(UnknownAction { rule: UNKNOWN_SERVICE, message, remedy });
    }
    let message = if pattern.contains(['*', '?']) {
        format!("`{pattern}` matches no action of AWS: it says nothing")
    } else {
        format!("AWS has no action `{pattern}` (the list is of {})", catalogue::catalogue_date())
    };
    let near = catalogue::nearest_action(pattern);
    let remedy = mean(near, "look the name up in AWS's Service Authorization Reference");
    Some(UnknownAction { rule: UNKNOWN_ACTION, message, remedy })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Usage;
    use crate::lint::Home;
    use crate::lint::tests::lint_reach;

    #[test]
    fn every_action_in_a_bucket_policy_is_every_action_on_the_bucket() {
        let found = |action: &str, condition: Value| {
            let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Principal": {"AWS": "123456789012"}, "Action": action,
                "Resource": ["arn:aws:s3:::quarry-photos", "arn:aws:s3:::quarry-photos/*"],
                "Condition": condition}});
            let home = Home {
                usage: Usage::Bucket,
                account: "123456789012",
                partition: "aws",
                grants: true,
            };
            lint_reach(&document, &home).into_iter().map(|it| it.rule).collect::<Vec<_>>()
        };
        for action in ["*", "*:*", "s3:*"] {
            assert_eq!(found(action, json!({})), ["service-wildcard"], "{action}");
            let delegated = json!({"StringEquals": {"s3:DataAccessPointAccount": "123456789012"}});
            assert_eq!(found(action, delegated), Vec::<&str>::new(), "{action}");
        }
    }

    #[test]
    fn a_pattern_over_all_services_that_matches_no_action_is_unknown() {
        let rule = |pattern: &str| super::unknown_action(pattern).map(|it| it.rule.name);
        assert_eq!(rule("*:Foo*"), Some("unknown-action"));
        assert_eq!(rule("*:Get*"), None);
        assert_eq!(rule("*:*"), None);
        assert_eq!(rule("s*:*"), None);
        assert_eq!(rule("*"), None);
    }
}
