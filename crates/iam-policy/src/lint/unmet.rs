//! The rule on conditions that exclude each other. It compares the statement with an empty policy,
//! over all requests.

use crate::Usage;
use crate::callers::is_demanded;
use crate::compare::{Comparer, Relation, Set};
use crate::diagnostic::Severity;
use crate::statement::{Effect, Policy, Statement};

use super::rule::{Rule, RuleSource};

/// The rule that finds [`unmet`] statements.
pub const UNMET_CONDITION: Rule = Rule::new(
    "unmet-condition",
    Severity::Warning,
    "Conditions that no request meets together",
    "All tests of a statement must hold. Where two of them exclude each other, the statement \
        allows, or denies, nothing. Requests through a VPC endpoint carry aws:SourceVpc and \
        aws:SourceVpce, and no aws:SourceIp.",
    "Correct one of the tests, or write a statement for each.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-0123456789abcdef0"},
 "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}"#,
    r#"[{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-0123456789abcdef0"}}},
 {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]"#,
)
.with_source(RuleSource::IamGuide(
    "reference_policies_condition-logic-multiple-context-keys-or-values",
));

/// The keys of requests through a VPC endpoint, in lower case. Such a request has no aws:SourceIp
/// ("AWS global condition context keys": "included in the request context, except when the
/// requester uses a VPC endpoint").
const OF_ENDPOINT: [&str; 7] = [
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
];

/// Returns the statements whose conditions no request meets together. Where the comparer's budget
/// is spent, some may be missing.
///
/// ```
/// use iam_policy::compare::Comparer;
/// use iam_policy::{lint, parse, statement::Policy, Budget};
///
/// let document = parse(
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {
///             "DateGreaterThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"},
///             "DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}}}"#,
/// )?;
/// let policy = Policy::compile("", &document).unwrap();
/// let comparer = Comparer::within(Budget::default());
/// assert_eq!(lint::unmet(&policy, &comparer)[0].number, 1);
/// # Ok::<(), iam_policy::SyntaxError>(())
/// ```
pub fn unmet<'a>(policy: &'a Policy, comparer: &Comparer) -> Vec<&'a Statement> {
    let several = policy.statements.iter().filter(|statement| statement.conditions.len() > 1);
    several.filter(|statement| is_unmet(statement, comparer)).collect()
}

fn is_unmet(statement: &Statement, comparer: &Comparer) -> bool {
    let demands = |keys: &[&str]| {
        let mut tests = statement.conditions.iter().filter(|test| is_demanded(test));
        tests.any(|test| keys.contains(&test.key.to_lowercase().as_str()))
    };
    if demands(&OF_ENDPOINT) && demands(&["aws:sourceip"]) {
        return true;
    }
    if comparer.budget().is_spent() {
        return false;
    }
    let alone = Statement { effect: Effect::Allow, ..statement.clone() };
    let alone = [Policy { name: String::new(), statements: vec![alone] }];
    comparer.compare(&Set::of(&[]), &Set::of(&alone), None).relation() == Relation::Equal
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn is_unmet(effect: &str, condition: &Value) -> bool {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": effect,
            "Action": "s3:GetObject", "Resource": "*", "Condition": condition}});
        let policy = Policy::compile("", &document).unwrap();
        !unmet(&policy, &Comparer::default()).is_empty()
    }

    #[test]
    fn tests_that_exclude_each_other_are_met_by_no_request() {
        for unmet in [
            json!({"StringEquals": {"aws:PrincipalTag/a": "x"},
                "StringNotEquals": {"aws:PrincipalTag/a": "x"}}),
            json!({"NumericLessThan": {"s3:max-keys": "3"},
                "NumericGreaterThan": {"s3:max-keys": "5"}}),
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                "NotIpAddress": {"aws:SourceIp": "203.0.0.0/16"}}),
            json!({"StringEquals": {"aws:PrincipalTag/a": "x"},
                "Null": {"aws:PrincipalTag/a": "true"}}),
            json!({"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"},
                "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        ] {
            for effect in ["Allow", "Deny"] {
                assert!(is_unmet(effect, &unmet), "{effect} {unmet}");
            }
        }
        for met in [
            json!({"StringLike": {"aws:PrincipalTag/a": "x*"},
                "StringNotEquals": {"aws:PrincipalTag/a": "x"}}),
            // A request through an endpoint has no aws:SourceIp, and is denied by the other test.
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"},
                "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-0123456789abcdef0"},
                "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        ] {
            assert!(!is_unmet("Allow", &met), "{met}");
        }
    }
}
