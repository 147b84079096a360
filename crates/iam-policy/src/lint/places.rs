//! Rules on account ids and Regions that can't be.

use crate::Usage;
use crate::canonical::is_account;
use crate::catalogue;
use crate::diagnostic::Severity;
use crate::pattern::{Filling, text_matches};
use crate::statement::OperatorName;

use super::arn::{Arn, is_literal, is_open};
use super::finding::Finding;
use super::placeholder::find_placeholder;
use super::rule::{Rule, RuleSource};
use super::site::TestSite;

pub(super) const UNKNOWN_REGION: Rule = Rule::new(
    "unknown-region",
    Severity::Warning,
    "A Region that AWS doesn't have",
    "In an ARN or a condition it matches nothing. AWS adds Regions, so a new one may be told, too.",
    "Correct the Region, such as eu-west-1.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:eu-wset-1:123456789012:relay-queue"}"#,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:eu-west-1:123456789012:relay-queue"}"#,
)
.with_source(RuleSource::AccessAnalyzer("error-invalid-arn-region"));

pub(super) const INVALID_ACCOUNT_ID: Rule = Rule::new(
    "invalid-account-id",
    Severity::Warning,
    "An account id that can't be one",
    "An account id has twelve digits. YAML reads one without quotes as a number, and drops its \
        leading zeros. In an ARN or a condition it matches nothing.",
    "Write all twelve digits, in quotes.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:eu-west-1:12345678901:relay-queue"}"#,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:eu-west-1:012345678901:relay-queue"}"#,
)
.with_source(RuleSource::AccessAnalyzer("error-invalid-arn-account"));

/// The condition keys whose values are account ids.
const OF_ACCOUNTS: &[&str] = &[
    "aws:PrincipalAccount",
    "aws:ResourceAccount",
    "aws:SourceAccount",
    "aws:SourceOwner",
    "aws:VpceAccount",
    "kms:CallerAccount",
    "s3:DataAccessPointAccount",
    "s3:ResourceAccount",
];

/// The condition keys whose values are Regions.
const OF_REGIONS: &[&str] = &["aws:RequestedRegion", "ec2:Region"];

/// Finds a Region or an account of an ARN that can't be.
pub(super) fn find_in_arn(arn: &Arn<'_>, pointer: &str) -> Option<Finding> {
    let formats = catalogue::arn_formats(arn.service());
    // Some ARNs hold a word in these places: `aws`, `cloudfront`, `us-east-1`.
    let is_fixed = |index: usize, written: &str| {
        formats.iter().any(|format| format.splitn(6, ':').nth(index) == Some(written))
    };
    let region = arn.region();
    let found = |rule, (message, remedy): (String, String)| {
        Some(Finding::new(rule, Severity::Warning, pointer.to_owned(), message, remedy))
    };
    if !is_fixed(3, region)
        && let Some(wrong) = wrong_region(region, arn.partition())
    {
        return found(&UNKNOWN_REGION, wrong);
    }
    let account = arn.account();
    let is_word = account.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if is_literal(account) && !is_word && !is_account(account) && !is_fixed(4, account) {
        return found(&INVALID_ACCOUNT_ID, wrong_account(account));
    }
    None
}

/// Finds Regions and accounts in the values of a test that can't be.
pub(super) fn find_in_values(test: &TestSite<'_>) -> Vec<Finding> {
    let texts = [
        OperatorName::StringEquals,
        OperatorName::StringEqualsIgnoreCase,
        OperatorName::StringLike,
    ];
    if !test.compares_by(&texts) {
        return Vec::new();
    }
    let is_one_of = |keys: &[&str]| keys.iter().any(|key| test.is_on(key));
    let mut findings = Vec::new();
    for (index, value) in test.test.values.iter().enumerate() {
        if find_placeholder(value).is_some() {
            continue;
        }
        let wrong = if is_one_of(OF_REGIONS) {
            let region = wrong_region(value, "*");
            region.map(|(message, remedy)| (&UNKNOWN_REGION, message, remedy))
        } else if is_one_of(OF_ACCOUNTS) && is_literal(value) && !is_account(value) {
            let (message, remedy) = wrong_account(value);
            Some((&INVALID_ACCOUNT_ID, message, remedy))
        } else {
            None
        };
        findings.extend(wrong.map(|(rule, message, remedy)| {
            Finding::new(rule, Severity::Warning, test.value(index), message, remedy)
        }));
    }
    findings
}

/// Returns what is wrong with a Region, and the remedy. `partition` is that of the ARN, or `*`.
fn wrong_region(region: &str, partition: &str) -> Option<(String, String)> {
    if region.is_empty() || region == "aws-global" || region.contains("${") {
        return None;
    }
    let matches = |name: &str| text_matches(region, name, Filling::Literal);
    let mut of_aws = catalogue::regions().filter(|(name, _)| matches(name)).peekable();
    let Some((_, first)) = of_aws.peek().copied() else {
        let matching = if is_open(region) { "matching" } else { "named" };
        let remedy = catalogue::nearest_region(region).map_or_else(
            || {
                format!(
                    "look the Region up in AWS's list (relayctl's is of {})",
                    catalogue::catalogue_date()
                )
            },
            |near| format!("did you mean `{near}`?"),
        );
        return Some((format!("AWS has no Region {matching} `{region}`"), remedy));
    };
    let elsewhere = is_literal(partition) && !of_aws.any(|(_, of)| of == partition);
    elsewhere.then(|| {
        let message = format!(
            "`{region}` is in the partition {first}, and the ARN in {partition}: it matches nothing"
        );
        (message, format!("write a Region of {partition}"))
    })
}

fn wrong_account(account: &str) -> (String, String) {
    let digits = account.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        let message = format!("`{account}` is no account id: it has other characters than digits");
        return (message, "write the twelve digits of the account".to_owned());
    }
    let count = account.len();
    let message = format!("an account id has 12 digits, and `{account}` has {count}");
    let remedy = if count < 12 {
        format!("if the leading zeros are missing, write it in quotes: \"{account:0>12}\"")
    } else {
        "write the twelve digits of the account".to_owned()
    };
    (message, remedy)
}
