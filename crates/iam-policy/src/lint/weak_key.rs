//! Rules on keys that don't prove by themselves what their author wants: keys that the caller
//! writes, keys that need a second one, keys that are always the same or may be missing.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::pattern::action_matches;
use crate::statement::{Effect, OperatorName};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};

pub(super) const SPOOFABLE_CONDITION_KEY: Rule = Rule::new(
    "spoofable-condition-key",
    Severity::Warning,
    "A condition on a key that the caller writes as he likes",
    "aws:Referer and aws:UserAgent are headers of the request: whoever knows the value sends it. \
        In a Deny this is a note.",
    "Demand something that the caller can't choose, such as aws:PrincipalOrgID or aws:SourceVpce.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringLike": {"aws:Referer": "https://relay.example.com/*"}}}"#,
    r#"{"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}}"#,
)
.with_source(RuleSource::IamGuide("access-analyzer-reference-policy-checks"));

pub(super) const PAIRED_CONDITION_KEY: Rule = Rule::new(
    "paired-condition-key",
    Severity::Warning,
    "A condition key that says little without another one",
    "Every VPC may have the address 10.0.0.7, so aws:VpcSourceIp needs aws:SourceVpc or \
        aws:SourceVpce beside it. dynamodb:Attributes limits a Query or Scan only if \
        dynamodb:Select is SPECIFIC_ATTRIBUTES: else a request without attributes gets all.",
    "Add the other key.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/16"},
 "StringEquals": {"aws:SourceVpc": "vpc-0123456789abcdef0"}}}"#,
)
.with_source(RuleSource::AccessAnalyzer("security-warning-missing-paired-condition-keys"));

pub(super) const IRRELEVANT_CONDITION_KEY: Rule = Rule::new(
    "irrelevant-condition-key",
    Severity::Note,
    "A condition in a bucket policy on the account or the organization of the bucket",
    "They are the same in every request to the bucket, so the test says nothing.",
    "Leave the test out, or test the account of the caller: aws:PrincipalAccount.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:ResourceAccount": "123456789012"}}}"#,
    r#"{"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::AccessAnalyzer("suggestion-irrelevant-condition-key-in-policy"));

pub(super) const MFA_WITHOUT_IF_EXISTS: Rule = Rule::new(
    "mfa-without-if-exists",
    Severity::Warning,
    "A Deny without MFA that misses requests with access keys",
    "Requests with a user's access keys don't carry aws:MultiFactorAuthPresent at all, so \
        Bool on false doesn't hold for them, and the Deny doesn't deny them.",
    "Write BoolIfExists.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*",
 "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}"#,
    r#"{"Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*",
 "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}"#,
)
.with_source(RuleSource::IamGuide(
    "reference_policies_condition-keys#condition-keys-multifactorauthpresent",
));

/// The keys that the caller writes.
const OF_CALLER: &[&str] = &["aws:Referer", "aws:UserAgent"];

/// The keys that are the bucket's own.
const OF_BUCKET: &[&str] =
    &["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths", "s3:ResourceAccount"];

const MFA: &str = "aws:MultiFactorAuthPresent";

fn is_one_of(test: &TestSite<'_>, keys: &[&str]) -> bool {
    keys.iter().any(|key| test.is_on(key))
}

/// Finds statements that depend on what the caller writes alone.
pub(super) fn find_spoofable(site: &Site<'_>, tests: &[TestSite<'_>]) -> Option<Finding> {
    // The rules on principals tell it where anybody is allowed.
    if site.allows_everyone() {
        return None;
    }
    let first = tests.iter().find(|test| is_one_of(test, OF_CALLER))?;
    let key = &first.test.key;
    let found = |severity, message: String| {
        let remedy = "test something that the caller can't choose, such as aws:SourceVpce";
        let (rule, pointer) = (&SPOOFABLE_CONDITION_KEY, first.pointer.clone());
        Some(Finding::new(rule, severity, pointer, message, remedy))
    };
    match site.statement.effect {
        Effect::Deny => {
            found(Severity::Note, format!("the caller writes {key}: who knows this gets around it"))
        }
        Effect::Allow => {
            let mut demands = site.demands().peekable();
            let alone = demands.peek().is_some()
                && demands.all(|test| OF_CALLER.iter().any(|it| test.key.eq_ignore_ascii_case(it)));
            if !alone {
                return None;
            }
            found(Severity::Warning, format!("the caller writes {key}: it keeps nobody out"))
        }
    }
}

/// Finds keys that need another one beside them.
pub(super) fn find_unpaired(site: &Site<'_>, tests: &[TestSite<'_>]) -> Vec<Finding> {
    let on = |keys: &[&str]| tests.iter().find(|test| is_one_of(test, keys));
    let mut findings = Vec::new();
    let mut add = |test: &TestSite<'_>, message: &str, remedy: &str| {
        let (rule, pointer) = (&PAIRED_CONDITION_KEY, test.pointer.clone());
        findings.push(Finding::new(rule, Severity::Warning, pointer, message, remedy));
    };
    let networks = on(&["aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"]);
    if let (Some(address), None) = (on(&["aws:VpcSourceIp"]), networks) {
        add(
            address,
            "any VPC can have such an address: the statement doesn't say which VPC",
            "test aws:SourceVpc or aws:SourceVpce as well",
        );
    }
    let reads = |pattern: &String| {
        ["dynamodb:Query", "dynamodb:Scan"].iter().any(|read| action_matches(pattern, read))
    };
    let actions = &site.statement.actions;
    let reads = !actions.not && actions.patterns.iter().any(reads);
    let attributes = on(&["dynamodb:Attributes"]).filter(|_| reads);
    if let (Some(attributes), None) = (attributes, on(&["dynamodb:Select"])) {
        add(
            attributes,
            "a Query or Scan that names no attributes returns all of them",
            "demand {\"StringEqualsIfExists\": {\"dynamodb:Select\": \"SPECIFIC_ATTRIBUTES\"}}",
        );
    }
    findings
}

/// Finds tests in a bucket policy that are the same for every request.
pub(super) fn find_irrelevant(test: &TestSite<'_>, home: &Home<'_>) -> Option<Finding> {
    if home.usage != Usage::Bucket || !is_one_of(test, OF_BUCKET) {
        return None;
    }
    let key = &test.test.key;
    let of = if key.to_lowercase().contains("org") { "organization" } else { "account" };
    let message = format!("{key} is the {of} of this bucket in every request");
    let remedy =
        "leave the test out, or test the caller's: aws:PrincipalAccount, aws:PrincipalOrgID";
    let (rule, pointer) = (&IRRELEVANT_CONDITION_KEY, test.pointer.clone());
    Some(Finding::new(rule, Severity::Note, pointer, message, remedy))
}

/// Finds a Deny for callers without MFA that requests without the key get around.
pub(super) fn find_mfa(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    let operator = test.test.operator;
    let misses = site.statement.effect == Effect::Deny
        && operator.comparison == OperatorName::Bool
        && !test.passes_without_key()
        && test.is_on(MFA)
        && test.test.values.iter().all(|value| value.eq_ignore_ascii_case("false"));
    misses.then(|| {
        let message = format!("requests with access keys carry no {MFA}: they aren't denied");
        let (rule, pointer) = (&MFA_WITHOUT_IF_EXISTS, test.pointer.clone());
        Finding::new(rule, Severity::Warning, pointer, message, "write BoolIfExists")
    })
}
