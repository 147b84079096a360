//! The rule on wildcards in the ids of accounts, organizations and networks.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::statement::OperatorName;

use super::arn::is_open;
use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};

pub(super) const WILDCARD_IN_SENSITIVE_KEY: Rule = Rule::new(
    "wildcard-in-sensitive-key",
    Severity::Warning,
    "A wildcard or a variable in the id of an account, an organization or a network",
    "AWS gives out these ids at random: o-a* is the id of many organizations, most of them of \
        strangers.",
    "Write the whole ids.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringLike": {"aws:PrincipalOrgID": "o-a*"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}"#,
)
.with_source(RuleSource::IamGuide("access-analyzer-reference-policy-checks"));

/// The keys whose values are such ids.
const SENSITIVE: &[&str] = &[
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:SourceAccount",
    "aws:SourceOrgID",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpceAccount",
    "aws:VpceOrgID",
];

/// The variables with the account or the organization of the caller: under them the two are the
/// same.
const OWN: &[&str] = &[
    "${aws:principalaccount}",
    "${aws:principalorgid}",
    "${aws:resourceaccount}",
    "${aws:resourceorgid}",
];

/// The characters before a wildcard from which on a user id is the beginning of one id only.
const USER_ID: usize = 16;

pub(super) fn find_open_ids(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    let like = matches!(
        test.test.operator.comparison,
        OperatorName::StringLike | OperatorName::StringNotLike
    );
    // The rules on principals tell it where anybody is allowed.
    if !like || site.allows_everyone() {
        return None;
    }
    let is_wide: fn(&str) -> bool = if SENSITIVE.iter().any(|key| test.is_on(key)) {
        |value| value != "*" && is_open(value) && !OWN.contains(&value.to_lowercase().as_str())
    } else if test.is_on("aws:userid") {
        is_wide_user_id
    } else {
        return None;
    };
    let index = test.test.values.iter().position(|value| is_wide(value))?;
    let (value, key) = (&test.test.values[index], &test.test.key);
    let message = format!("`{value}` also matches ids of strangers: AWS gives out {key} at random");
    let (rule, pointer) = (&WILDCARD_IN_SENSITIVE_KEY, test.value(index));
    Some(Finding::new(rule, Severity::Warning, pointer, message, "write the whole id"))
}

/// Tells if a pattern of user ids matches those of several principals. `AROA…:*` is every session
/// of one role, and `*:name` a session of that name of any role.
fn is_wide_user_id(value: &str) -> bool {
    let id = value.split(':').next().unwrap_or_default();
    let certain = id.find(['*', '?']).unwrap_or(USER_ID);
    id != "*" && certain < USER_ID
}
