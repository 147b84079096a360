//! Rules on condition keys: those that AWS doesn't have, those that no request for the statement's
//! actions carries, and those that are written twice.

use crate::Usage;
use crate::catalogue::{self, Action, ConditionKey};
use crate::diagnostic::Severity;
use crate::statement::{Effect, OperatorName};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};
use super::wording::list_few;

pub(super) const UNKNOWN_CONDITION_KEY: Rule = Rule::new(
    "unknown-condition-key",
    Severity::Warning,
    "A condition key that AWS doesn't have, or that requests for these actions don't carry",
    "A test for equality then never holds, and a negated one always does. A key that AWS has, and \
        that these actions don't carry, is a note: AWS's reference may lack it.",
    "Correct the key, or put the actions that carry it into a statement of their own.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:ListBucket",
 "Resource": "arn:aws:s3:::relay-data",
 "Condition": {"StringLike": {"s3:prefixes": "team/*"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:ListBucket",
 "Resource": "arn:aws:s3:::relay-data",
 "Condition": {"StringLike": {"s3:prefix": "team/*"}}}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_condition-keys"));

pub(super) const DUPLICATE_CONDITION_KEY: Rule = Rule::new(
    "duplicate-condition-key",
    Severity::Warning,
    "A condition key that stands twice under one operator, in different case",
    "AWS ignores the case of keys, so both are one key. AWS doesn't document which of the two \
        tests counts.",
    "Put the values into one list.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24",
 "aws:sourceip": "198.51.100.0/24"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}}}"#,
)
.with_source(RuleSource::AccessAnalyzer("error-duplicate-keys-with-different-case"));

pub(super) const CONDITION_KEY_FOR_SOME_ACTIONS: Rule = Rule::new(
    "condition-key-for-some-actions",
    Severity::Warning,
    "A condition key that requests for some of the statement's actions don't carry",
    "The test never holds for the other actions: a Deny doesn't deny them, and an Allow never \
        allows them, which is a note. AWS's reference may lack the key for an action.",
    "Put the actions that carry the key into a statement of their own.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Deny", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*",
 "Condition": {"StringLike": {"s3:prefix": "secret/*"}}}"#,
    r#"[{"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*",
 "Condition": {"StringLike": {"s3:prefix": "secret/*"}}},
 {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/secret/*"}]"#,
)
.with_source(RuleSource::AccessAnalyzer("error-unsupported-action-for-condition-key"));

/// The global keys that only requests on tagged objects, or with tags, carry.
const TAG_KEYS: &[&str] = &["aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"];

/// Finds keys that AWS doesn't have, and keys that no request for the statement's actions carries.
pub(super) fn find_unknown_key(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    let rule = &UNKNOWN_CONDITION_KEY;
    let pointer = || test.pointer.clone();
    if let Some((message, remedy)) = unknown(&test.test.key, test.known) {
        return Some(Finding::new(rule, Severity::Warning, pointer(), message, remedy));
    }
    let key = &test.test.key;
    if is_of_federated_session(key) || !names_actions(site) {
        return None;
    }
    let mut known = matching(site).peekable();
    if known.peek().is_none() || known.any(|action| action.takes_key(key)) {
        return None;
    }
    let actions = list_few(&site.statement.actions.patterns);
    let message = format!("no request for {actions} carries the condition key `{key}`");
    let remedy =
        "look the key up among those of the actions in AWS's Service Authorization Reference";
    Some(Finding::new(rule, Severity::Note, pointer(), message, remedy))
}

/// Tells if a key is one of the identity provider's that the session keeps: each later request
/// carries it, whatever its action ("Cross-service AWS OIDC federation context keys" and
/// "Cross-service SAML-based AWS STS federation context keys", IAM User Guide). The claims of
/// providers (`token.actions.githubusercontent.com:sub`) are in no catalogue.
fn is_of_federated_session(key: &str) -> bool {
    const OF_SAML: [&str; 3] = ["saml:namequalifier", "saml:sub", "saml:sub_type"];
    key.split(':').next().is_some_and(|name| name.contains(['.', '/']))
        || OF_SAML.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// Tells if the statement names actions of known services, and not nearly everything.
fn names_actions(site: &Site<'_>) -> bool {
    let clause = &site.statement.actions;
    let wide = |pattern: &String| !pattern.contains(':') || pattern.starts_with('*');
    !clause.not && !clause.patterns.iter().any(wide)
}

fn matching(site: &Site<'_>) -> impl Iterator<Item = &'static Action> {
    site.statement.actions.patterns.iter().flat_map(|pattern| catalogue::matching(pattern))
}

/// Returns what is wrong with a key that AWS doesn't have, and the remedy.
fn unknown(key: &str, known: Option<ConditionKey>) -> Option<(String, String)> {
    let lacks_tag = key.ends_with('/') || !key.contains('/');
    let tagged = format!("{}/team", key.trim_end_matches('/'));
    let of_tags = || catalogue::condition_key(&tagged).filter(|it| it.name.contains("Tag"));
    if known.is_none() && lacks_tag && of_tags().is_some() {
        let message = format!("`{key}` lacks the key of the tag");
        return Some((message, format!("write it behind a slash: {tagged}")));
    }
    if known.is_some() || key.contains("${") {
        return None;
    }
    let Some((prefix, _)) = key.split_once(':') else {
        let message = format!("`{key}` is no condition key: it names no service");
        let near = catalogue::nearest_condition_key(&format!("aws:{key}"));
        let remedy = near.map_or_else(
            || "a key is <service>:<name>, such as aws:SourceIp".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Some((message, remedy));
    };
    // The rules on federation know the claims of identity providers.
    if prefix.contains(['.', '/']) || catalogue::retired_service(prefix).is_some() {
        return None;
    }
    let message = format!("AWS has no condition key `{key}`");
    if key.eq_ignore_ascii_case("aws:ARN") {
        return Some((message, "write aws:PrincipalArn, or aws:SourceArn".to_owned()));
    }
    let remedy = catalogue::nearest_condition_key(key).map_or_else(
        || {
            let date = catalogue::catalogue_date();
            format!("look it up in AWS's Service Authorization Reference (relayctl's is of {date})")
        },
        |near| format!("did you mean `{near}`?"),
    );
    Some((message, remedy))
}

/// Finds keys that are equal in any case, under operators that are equal in any case.
pub(super) fn find_duplicate_keys(tests: &[TestSite<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, test) in tests.iter().enumerate() {
        let same = |first: &&TestSite<'_>| {
            first.test.operator == test.test.operator && first.is_on(&test.test.key)
        };
        let Some(first) = tests[..index].iter().find(same) else { continue };
        let (one, other) = (&first.test.key, &test.test.key);
        let message = format!(
            "`{one}` and `{other}` are one key: AWS doesn't document which of the tests counts"
        );
        let remedy = format!("put the values into one list: {one}");
        let (rule, pointer) = (&DUPLICATE_CONDITION_KEY, test.pointer.clone());
        findings.push(Finding::new(rule, Severity::Warning, pointer, message, remedy));
    }
    findings
}

/// Finds keys that requests for some of the actions carry, and requests for others don't.
pub(super) fn find_key_of_some_actions(
    site: &Site<'_>,
    test: &TestSite<'_>,
    home: &Home<'_>,
) -> Option<Finding> {
    let operator = test.test.operator;
    // All actions of a trust policy are parts of one request: sts:TagSession of AssumeRole.
    if home.usage == Usage::Trust || is_of_federated_session(&test.test.key) {
        return None;
    }
    let demands_key = operator.comparison != OperatorName::Null
        && !test.is_negated()
        && !test.passes_without_key();
    let known = test.known?;
    let key = &test.test.key;
    if demands_key && site.statement.actions.not {
        return denies_by_tag(site, test);
    }
    if !demands_key || !names_actions(site) {
        return None;
    }
    if known.global && !is_tag_key(key) {
        return None;
    }
    let patterns = &site.statement.actions.patterns;
    let carries = |pattern: &String| {
        let mut actions = catalogue::matching(pattern).peekable();
        // An unknown action has a finding of its own.
        actions.peek().is_none() || actions.any(|action| carries(action, key))
    };
    let (with, without): (Vec<String>, Vec<String>) = patterns.iter().cloned().partition(carries);
    let first = patterns.iter().position(|pattern| !carries(pattern))?;
    // `unknown-condition-key` tells it where no action carries the key.
    if with.is_empty() && !known.global {
        return None;
    }
    let (severity, effect) = match site.statement.effect {
        Effect::Deny => (Severity::Warning, "doesn't deny them"),
        Effect::Allow => (Severity::Note, "never allows them"),
    };
    let message = format!(
        "by AWS's reference, requests for {} don't carry {key}: the statement {effect}",
        list_few(&without)
    );
    let remedy = "move them into a statement without this condition";
    let (rule, pointer) = (&CONDITION_KEY_FOR_SOME_ACTIONS, site.value("Action", first));
    Some(Finding::new(rule, severity, pointer, message, remedy))
}

/// Finds a Deny of everything but some actions by a tag: it leaves out the services without tags.
fn denies_by_tag(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    let key = &test.test.key;
    if site.statement.effect == Effect::Allow || !is_tag_key(key) {
        return None;
    }
    let message = format!(
        "many services send no tags: requests without {key} aren't denied, whatever the action"
    );
    let remedy = "name the actions that are meant in Action";
    let (rule, pointer) = (&CONDITION_KEY_FOR_SOME_ACTIONS, test.pointer.clone());
    Some(Finding::new(rule, Severity::Warning, pointer, message, remedy))
}

fn is_tag_key(key: &str) -> bool {
    let key = key.to_lowercase();
    TAG_KEYS.iter().any(|tag| key.starts_with(tag))
}

/// Tells if requests for the action carry the key. Of the keys that are global by name, AWS lists
/// those of tags with each action and resource that has them.
fn carries(action: &Action, key: &str) -> bool {
    if !is_tag_key(key) {
        return action.takes_key(key);
    }
    let of_resources = action.resources.iter().flat_map(|resource| &resource.condition_keys);
    let name = key.split('/').next().unwrap_or_default();
    action
        .condition_keys
        .iter()
        .chain(of_resources)
        .any(|form| form.split('/').next().is_some_and(|of| of.eq_ignore_ascii_case(name)))
}
