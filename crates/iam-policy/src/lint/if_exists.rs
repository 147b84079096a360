//! The rule on Allows whose IfExists lets in the requests that they are meant to keep out.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::statement::{Effect, OperatorName};

use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};

pub(super) const ALLOW_IF_EXISTS: Rule = Rule::new(
    "allow-if-exists",
    Severity::Warning,
    "An Allow that requests without its condition key pass",
    "IfExists passes a request that lacks the key. Requests with access keys lack that of MFA, \
        those from the internet lack those of a VPC, and untagged resources lack their tags, which \
        is a note.",
    "Leave out IfExists in an Allow. It belongs into a Deny.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}"#,
)
.with_source(RuleSource::IamGuide(
    "reference_policies_elements_condition_operators#Conditions_IfExists",
));

/// The keys that some requests lack, in lower case, the requests that lack them, and the severity.
const LACKED: &[(&str, &str, Severity)] = &[
    ("aws:multifactorauthage", "requests with access keys", Severity::Warning),
    ("aws:multifactorauthpresent", "requests with access keys", Severity::Warning),
    ("aws:sourcevpc", "requests from the internet", Severity::Warning),
    ("aws:sourcevpcarn", "requests from the internet", Severity::Warning),
    ("aws:sourcevpce", "requests from the internet", Severity::Warning),
    ("aws:vpceaccount", "requests from the internet", Severity::Warning),
    ("aws:vpceorgid", "requests from the internet", Severity::Warning),
    ("aws:vpceorgpaths", "requests from the internet", Severity::Warning),
    ("aws:vpcsourceip", "requests from the internet", Severity::Warning),
];

/// The key of a resource's tag. EC2 and others have it under their own names, too.
const RESOURCE_TAG: &str = ":resourcetag/";

/// Finds a test of an Allow that a request passes because it lacks the key.
pub(super) fn find_passed(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    let operator = test.test.operator;
    // The rules on principals tell it where everybody is allowed. A negated test without IfExists
    // also passes a request without the key.
    let is_limit =
        site.statement.effect == Effect::Allow && operator.if_exists && !test.is_negated();
    if !is_limit || site.allows_everyone() {
        return None;
    }
    // Such an Allow is for requests without the key: those without MFA.
    let is_for_lacking = operator.comparison == OperatorName::Bool
        && test.test.values.iter().all(|value| value.eq_ignore_ascii_case("false"));
    if is_for_lacking {
        return None;
    }
    let key = test.test.key.to_lowercase();
    let listed = LACKED.iter().find(|(known, ..)| *known == key);
    let (requests, severity) = match listed {
        Some((_, requests, severity)) => (*requests, *severity),
        None if key.contains(RESOURCE_TAG) => ("requests for untagged resources", Severity::Note),
        None => return None,
    };
    let key = &test.test.key;
    let message = format!("{requests} carry no {key}: {operator} allows them");
    let plain = crate::statement::Operator { if_exists: false, ..operator };
    let remedy = format!("write {plain}");
    Some(Finding::new(&ALLOW_IF_EXISTS, severity, test.pointer.clone(), message, remedy))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lint::{Home, lint};
    use crate::{Severity, Usage};

    fn found(effect: &str, condition: &Value) -> Option<Severity> {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": effect,
            "Action": "ec2:StopInstances", "Resource": "*", "Condition": condition}});
        let home =
            Home { usage: Usage::Managed, account: "123456789012", partition: "aws", grants: true };
        let findings = lint(&document, &home);
        findings.iter().find(|it| it.rule == "allow-if-exists").map(|it| it.severity)
    }

    #[test]
    fn an_allow_passes_requests_without_the_key() {
        let mfa =
            |operator: &str, value: &str| json!({operator: {"aws:MultiFactorAuthPresent": value}});
        assert_eq!(found("Allow", &mfa("BoolIfExists", "true")), Some(Severity::Warning));
        assert_eq!(found("Allow", &mfa("Bool", "true")), None);
        assert_eq!(found("Allow", &mfa("BoolIfExists", "false")), None);
        assert_eq!(found("Deny", &mfa("BoolIfExists", "false")), None);
        let age = json!({"NumericLessThanIfExists": {"AWS:MultiFactorAuthAge": "3600"}});
        assert_eq!(found("Allow", &age), Some(Severity::Warning));
        let on = |operator: &str, key: &str| json!({operator: {key: "x"}});
        let vpc = on("StringEqualsIfExists", "aws:SourceVpc");
        assert_eq!(found("Allow", &vpc), Some(Severity::Warning));
        assert_eq!(found("Allow", &on("StringNotEqualsIfExists", "aws:SourceVpc")), None);
        let tag = on("StringEqualsIfExists", "ec2:ResourceTag/team");
        assert_eq!(found("Allow", &tag), Some(Severity::Note));
        // A request that gives no tags gives no wrong ones.
        assert_eq!(found("Allow", &on("StringEqualsIfExists", "aws:RequestTag/team")), None);
    }
}
