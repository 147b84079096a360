//! The rules on bucket policies that lock the owner out, or hand the bucket to another account.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::principal::account_of;
use crate::statement::{ConditionTest, Effect, OperatorName, PrincipalType};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::Site;
use super::wording::list_few;

pub(super) const BUCKET_LOCKOUT: Rule = Rule::new(
    "bucket-lockout",
    Severity::Error,
    "A bucket policy that denies its owner the change of the policy",
    "A Deny for everybody also denies the account of the bucket: only the account's root user can \
        remove the policy then. Where the Deny has a condition on the owner's organization, it is \
        a warning.",
    "Except those who manage the bucket by a condition, such as StringNotEquals on \
        aws:PrincipalArn, or deny fewer actions.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
 "Resource": ["arn:aws:s3:::relay-data", "arn:aws:s3:::relay-data/*"],
 "Condition": {"Bool": {"aws:SecureTransport": "true"}}}"#,
    r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
 "Resource": ["arn:aws:s3:::relay-data", "arn:aws:s3:::relay-data/*"],
 "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
)
.with_source(RuleSource::Page("https://repost.aws/knowledge-center/s3-accidentally-denied-access"));

pub(super) const BUCKET_MANAGED_BY_OTHERS: Rule = Rule::new(
    "bucket-managed-by-others",
    Severity::Warning,
    "A bucket that another account may manage",
    "The other account can change who may read the bucket and how it is encrypted, or delete it.",
    "Name the actions on objects that the account needs, such as s3:GetObject and s3:PutObject.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "s3:*",
 "Resource": ["arn:aws:s3:::relay-data", "arn:aws:s3:::relay-data/*"]}"#,
    r#"{"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::Page(
    "https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-6",
));

/// The actions that somebody needs to mend a bucket policy.
const OF_POLICY: [&str; 2] = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];

/// The actions on a bucket that control S3.6 of AWS Security Hub doesn't want another account to
/// have, and the deletion of the bucket.
const OF_MANAGEMENT: [&str; 6] = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
];

/// The callers of the owner's account whom a test of a Deny applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Some of them, or nobody.
    Some,
    /// All, if the organization is the owner's.
    Organization,
    /// All of them.
    All,
}

/// Finds a Deny that leaves nobody in the bucket's account who could change the policy.
pub(super) fn find_lockout(site: &Site<'_>, home: &Home<'_>) -> Option<Finding> {
    let statement = site.statement;
    let is_deny = home.usage == Usage::Bucket && statement.effect == Effect::Deny;
    if !is_deny || !denies_account(site, home) {
        return None;
    }
    if !OF_POLICY.iter().all(|action| statement.actions.applies_to(action)) {
        return None;
    }
    // Those of a bucket hold no slash; that of NotResource is for the rules on it.
    let on_bucket = site.resources().iter().any(|(_, pattern)| !pattern.contains('/'));
    if !on_bucket || statement.resources.as_ref().is_none_or(|clause| clause.not) {
        return None;
    }
    let reach = statement.conditions.iter().map(|test| reach(test, home)).min();
    let (severity, whom) = match reach.unwrap_or(Reach::All) {
        Reach::Some => return None,
        Reach::Organization => (Severity::Warning, "everybody in the organization"),
        Reach::All => (Severity::Error, "everybody in the account"),
    };
    let message = format!(
        "{whom} is denied to change or remove this policy: only the root user of the account can \
            remove it"
    );
    let remedy = match statement.conditions.first() {
        Some(test) => format!("write the opposite of the test on {}", test.key),
        None => "deny fewer actions, or except those who manage the bucket: \
            {\"ArnNotLike\": {\"aws:PrincipalArn\": …}}"
            .to_owned(),
    };
    let place = site.element("Action");
    Some(Finding::new(&BUCKET_LOCKOUT, severity, place, message, remedy))
}

/// Tells if the principals of a statement are everybody, or the account of the bucket.
fn denies_account(site: &Site<'_>, home: &Home<'_>) -> bool {
    let Some(principals) = site.statement.principals.as_ref().filter(|it| !it.not) else {
        return false;
    };
    principals.names.iter().any(|(kind, name)| match kind {
        PrincipalType::Everyone => true,
        PrincipalType::AWS => {
            crate::principal::whole_account(name).is_some_and(|account| account == home.account)
        }
        PrincipalType::Service | PrincipalType::Federated | PrincipalType::CanonicalUser => false,
    })
}

/// Returns the callers of the owner's account whom a test applies to, each with TLS.
fn reach(test: &ConditionTest, home: &Home<'_>) -> Reach {
    let operator = test.operator;
    let is_plain = operator.quantifier.is_none();
    let holds = |value: &str| test.values.iter().any(|it| it.eq_ignore_ascii_case(value));
    let is_equality = matches!(
        operator.comparison,
        OperatorName::StringEquals
            | OperatorName::StringEqualsIgnoreCase
            | OperatorName::StringLike
            | OperatorName::Bool
    );
    if !is_plain || !is_equality {
        return Reach::Some;
    }
    match test.key.to_lowercase().as_str() {
        "aws:securetransport" if holds("true") => Reach::All,
        "aws:principalaccount" if holds(home.account) || holds("*") => Reach::All,
        "aws:resourceaccount" | "s3:resourceaccount" if holds(home.account) => Reach::All,
        "aws:principalorgid" => Reach::Organization,
        _ => Reach::Some,
    }
}

/// Finds other accounts that may manage the bucket.
pub(super) fn find_other_managers(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let statement = site.statement;
    let Some(principals) = statement.principals.as_ref().filter(|it| !it.not) else {
        return Vec::new();
    };
    // NotAction has a rule of its own.
    if home.usage != Usage::Bucket || statement.actions.not {
        return Vec::new();
    }
    let given: Vec<String> = OF_MANAGEMENT
        .iter()
        .filter(|action| statement.actions.applies_to(action))
        .map(|action| (*action).to_owned())
        .collect();
    if given.is_empty() {
        return Vec::new();
    }
    let foreign = |(kind, name): &(PrincipalType, String)| {
        let account = account_of(name).filter(|_| *kind == PrincipalType::AWS)?;
        if account == home.account {
            return None;
        }
        let message = format!("`{name}` is in another account, and may {}", list_few(&given));
        let remedy = "name in `Action` what it needs on objects, such as s3:GetObject";
        let place = site.principal(name);
        let rule = &BUCKET_MANAGED_BY_OTHERS;
        Some(Finding::new(rule, Severity::Warning, place, message, remedy))
    };
    principals.names.iter().filter_map(foreign).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lint::Home;
    use crate::lint::tests::lint_reach;
    use crate::{Severity, Usage};

    fn found(statement: &Value) -> Vec<(&'static str, Severity)> {
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        let home =
            Home { usage: Usage::Bucket, account: "123456789012", partition: "aws", grants: true };
        let found = lint_reach(&document, &home).into_iter();
        let of_rules = ["bucket-lockout", "bucket-managed-by-others"];
        found.filter(|it| of_rules.contains(&it.rule)).map(|it| (it.rule, it.severity)).collect()
    }

    fn deny(principal: &Value, action: &str, resource: &str, condition: &Value) -> Value {
        let mut statement = json!({"Effect": "Deny", "Principal": principal, "Action": action,
            "Resource": resource, "Condition": condition});
        if *condition == json!({}) {
            statement.as_object_mut().unwrap().remove("Condition");
        }
        statement
    }

    #[test]
    fn a_deny_that_the_owner_cannot_remove() {
        let (bucket, objects) = ("arn:aws:s3:::quarry", "arn:aws:s3:::quarry/*");
        let (all, none) = (json!("*"), json!({}));
        let error = [("bucket-lockout", Severity::Error)];
        let warning = [("bucket-lockout", Severity::Warning)];
        let on = |principal: &Value, action: &str, condition: &Value| {
            found(&deny(principal, action, bucket, condition))
        };
        assert_eq!(on(&all, "s3:*", &none), error);
        assert_eq!(on(&json!({"AWS": "*"}), "*", &none), error);
        assert_eq!(on(&json!({"AWS": "123456789012"}), "s3:*", &none), error);
        assert_eq!(on(&json!({"AWS": "arn:aws:iam::123456789012:root"}), "s3:*", &none), error);
        assert_eq!(on(&json!({"AWS": "999999999999"}), "s3:*", &none), []);
        assert_eq!(on(&all, "s3:Put*", &none), []);
        assert_eq!(found(&deny(&all, "s3:*", objects, &none)), []);
        assert_eq!(found(&deny(&all, "s3:*", "arn:aws:s3:::quarry*", &none)), error);
        for (condition, expected) in [
            (json!({"Bool": {"aws:SecureTransport": "true"}}), &error[..]),
            (json!({"Bool": {"aws:SecureTransport": "false"}}), &[]),
            (json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}), &warning[..]),
            (json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}), &[]),
            (json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}}), &error[..]),
            (json!({"StringEquals": {"aws:PrincipalAccount": "999999999999"}}), &[]),
            (json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}}), &[]),
            // One test that spares somebody is enough.
            (
                json!({"Bool": {"aws:SecureTransport": "true"},
                    "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/ops"}}),
                &[],
            ),
        ] {
            assert_eq!(on(&all, "s3:*", &condition), expected, "{condition}");
        }
    }

    #[test]
    fn another_account_that_may_manage_the_bucket() {
        let allow = |principal: &str, action: &Value| {
            found(&json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action,
                "Resource": ["arn:aws:s3:::quarry", "arn:aws:s3:::quarry/*"]}))
        };
        let warning = [("bucket-managed-by-others", Severity::Warning)];
        assert_eq!(allow("999999999999", &json!("s3:*")), warning);
        assert_eq!(allow("arn:aws:iam::999999999999:role/x", &json!(["s3:PutBucketAcl"])), warning);
        assert_eq!(allow("999999999999", &json!(["s3:GetObject", "s3:PutObject"])), []);
        assert_eq!(allow("123456789012", &json!("s3:*")), []);
    }
}
