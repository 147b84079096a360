mod conditions;
mod forms;

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::compare::Comparer;
use crate::statement::Policy;
use crate::{Severity, Usage};

mod published;

fn all_rules() -> impl Iterator<Item = Rule> {
    rules().chain(escalation_rules())
}

fn named(name: &str) -> Option<Rule> {
    all_rules().find(|rule| rule.name == name)
}

const ACCOUNT: &str = "123456789012";
const GITHUB: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";

/// Returns a document with these statements. An empty Condition, which has a finding of its own, is
/// left out.
fn document(statements: &Value) -> Value {
    let mut document = json!({"Version": "2012-10-17", "Statement": statements});
    for statement in crate::layout::statements_mut(&mut document).filter_map(Value::as_object_mut) {
        if statement.get("Condition").is_some_and(|it| *it == json!({})) {
            statement.remove("Condition");
        }
    }
    document
}

/// Returns the findings of a document without those on the form of its conditions, which have
/// tests of their own.
pub(super) fn lint_reach(document: &Value, home: &Home<'_>) -> Vec<Finding> {
    let mut found = lint(document, home);
    let of_form = ["allow-if-exists", "empty-condition", "vacuous-condition", "redundant-value"];
    found.retain(|finding| !of_form.contains(&finding.rule));
    found
}

fn of(usage: Usage, statements: &Value) -> Vec<Finding> {
    lint(&document(statements), &Home { usage, account: ACCOUNT, partition: "aws", grants: true })
}

/// Returns the rule, severity and place of each finding.
fn told(usage: Usage, statements: &Value) -> Vec<(&'static str, Severity, String)> {
    let found = of(usage, statements);
    // Every finding has a place and a remedy.
    for one in &found {
        assert!(document(statements).pointer(&one.pointer).is_some(), "{one:?}");
        assert!(named(one.rule).is_some_and(|rule| rule.severity <= one.severity), "{one:?}");
        assert!(!one.message.is_empty() && !one.remedy.is_empty());
    }
    found.into_iter().map(|one| (one.rule, one.severity, one.pointer)).collect()
}

fn rules_of(usage: Usage, statements: &Value) -> Vec<&'static str> {
    told(usage, statements).into_iter().map(|(rule, ..)| rule).collect()
}

fn managed(statements: &Value) -> Vec<(&'static str, Severity, String)> {
    told(Usage::Managed, statements)
}

fn one(
    rule: &'static str,
    severity: Severity,
    pointer: &str,
) -> Vec<(&'static str, Severity, String)> {
    vec![(rule, severity, pointer.to_owned())]
}

#[test]
fn all_actions_at_once() {
    let found = managed(
        &json!([{"Effect": "Allow", "Action": ["s3:GetObject", "*"], "Resource": "arn:aws:s3:::b/*"}]),
    );
    assert_eq!(found, one("action-wildcard", Severity::Error, "/Statement/0/Action/1"));
    let found = managed(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    assert_eq!(found, one("action-wildcard", Severity::Error, "/Statement/Action"));
    assert_eq!(managed(&json!({"Effect": "Deny", "Action": "*", "Resource": "*"})), []);
    let found =
        managed(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}));
    assert_eq!(found, one("service-wildcard", Severity::Note, "/Statement/Action"));
}

#[test]
fn what_bounds_gives_nothing() {
    let all = document(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    assert_eq!(
        lint(
            &all,
            &Home { usage: Usage::Managed, account: ACCOUNT, partition: "aws", grants: false }
        ),
        []
    );
}

#[test]
fn complements_in_an_allow() {
    let found = managed(
        &json!([{"Effect": "Allow", "NotAction": ["iam:*"], "NotResource": "arn:aws:s3:::secret/*"}]),
    );
    let expected = [
        ("not-action", Severity::Warning, "/Statement/0/NotAction".to_owned()),
        ("not-resource", Severity::Warning, "/Statement/0/NotResource".to_owned()),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        managed(
            &json!([{"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::x"}])
        ),
        []
    );
}

#[test]
fn actions_of_a_retired_service_are_noted_as_such() {
    let found = of(
        Usage::Managed,
        &json!([{"Effect": "Deny", "Action": ["DeepLens:List*", "zocalo:CreateUser"], "Resource": "*"}]),
    );
    let told: Vec<_> = found.iter().map(|it| (it.rule, it.severity, it.pointer.as_str())).collect();
    let noted = |place| ("retired-service", Severity::Note, place);
    assert_eq!(told, [noted("/Statement/0/Action/0"), noted("/Statement/0/Action/1")]);
    assert!(found[1].message.contains("Amazon WorkDocs"), "{}", found[1].message);
}

#[test]
fn a_tag_of_a_secret_is_a_condition_key_of_its_requests() {
    let on = |key: &str| {
        managed(&json!([{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
            "Resource": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:relay-*",
            "Condition": {"StringEquals": {key: "relay"}}}]))
    };
    assert_eq!(on("secretsmanager:ResourceTag/team"), []);
    assert_eq!(on("secretsmanager:ResourceTags/team").len(), 1);
}

#[test]
fn names_that_aws_does_not_have() {
    let found = of(
        Usage::Managed,
        &json!([{"Effect": "Deny", "Action": ["s3:GetObjekt", "s4:GetObject", "s3:Fetch*"],
        "Resource": "*"}]),
    );
    let told: Vec<_> =
        found.iter().map(|it| (it.rule, it.pointer.as_str(), it.remedy.as_str())).collect();
    assert_eq!(
        told[0],
        ("unknown-action", "/Statement/0/Action/0", "did you mean `s3:GetObject`?")
    );
    assert_eq!((told[1].0, told[1].1), ("unknown-service", "/Statement/0/Action/1"));
    assert_eq!((told[2].0, told[2].1), ("unknown-action", "/Statement/0/Action/2"));
    assert!(found[2].message.contains("matches no action"), "{}", found[2].message);
    assert_eq!(
        managed(
            &json!([{"Effect": "Deny", "Action": ["S3:getobject", "s3:Put*", "*"], "Resource": "*"}])
        ),
        []
    );
}

#[test]
fn every_resource_where_some_would_do() {
    let star = |actions: Value| {
        managed(&json!([{"Effect": "Allow", "Action": actions, "Resource": ["*"]}]))
    };
    let at = "/Statement/0/Resource/0";
    assert_eq!(
        star(json!("lambda:InvokeFunction")),
        one("resource-wildcard", Severity::Warning, at)
    );
    assert_eq!(star(json!("s3:GetObject")), one("resource-wildcard", Severity::Note, at));
    // These actions take no resource.
    assert_eq!(star(json!(["s3:ListAllMyBuckets", "ec2:DescribeInstances"])), []);
    let found = of(
        Usage::Managed,
        &json!({"Effect": "Allow", "Action": ["lambda:InvokeFunction", "s3:ListAllMyBuckets"],
        "Resource": "*"}),
    );
    assert_eq!(
        found[0].message,
        "lambda:InvokeFunction is allowed on every resource, and could be on some"
    );
    assert!(
        found[0]
            .remedy
            .contains("arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}")
    );
}

#[test]
fn roles_to_pass() {
    let pass = |action: &str, resource: &str, condition: Value| {
        rules_of(
            Usage::Managed,
            &json!([{"Effect": "Allow", "Action": action, "Resource": resource,
            "Condition": condition}]),
        )
    };
    let to = json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}});
    assert_eq!(
        pass("iam:PassRole", "*", json!({})),
        ["resource-wildcard", "pass-role-wildcard", "pass-role-any-service"]
    );
    assert_eq!(pass("iam:Pass*", "arn:aws:iam::*:role/*", to.clone()), ["pass-role-wildcard"]);
    assert_eq!(
        pass("iam:PassRole", "arn:aws:iam::123456789012:role/app-*", json!({})),
        ["pass-role-any-service"]
    );
    assert_eq!(
        pass("iam:PassRole", "arn:aws:iam::123456789012:role/app-*", to),
        Vec::<&str>::new()
    );
}

fn trust(principal: &Value, condition: &Value) -> Vec<(&'static str, Severity, String)> {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition});
    told(Usage::Trust, &json!([statement]))
}

#[test]
fn trust_in_anybody() {
    let organisation = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    let at = "/Statement/0/Principal";
    assert_eq!(trust(&json!("*"), &json!({})), one("trust-anyone", Severity::Error, at));
    let listed = json!({"AWS": ["123456789012", "*"]});
    assert_eq!(
        trust(&listed, &json!({})),
        one("trust-anyone", Severity::Error, &format!("{at}/AWS/1"))
    );
    assert_eq!(trust(&json!("*"), &organisation), one("principal-wildcard", Severity::Note, at));
    // None of these conditions keeps anybody out.
    for vain in [
        json!({"StringLike": {"aws:PrincipalOrgID": "*"}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
        json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}),
        json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        json!({"StringEquals": {"sts:RoleSessionName": "x"}}),
        json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        json!({"Bool": {"aws:SecureTransport": "true"}}),
    ] {
        assert_eq!(trust(&json!("*"), &vain)[0].0, "trust-anyone", "{vain}");
    }
    assert_eq!(trust(&json!({"Service": "lambda.amazonaws.com"}), &json!({})), []);
}

#[test]
fn trust_in_another_account() {
    let other = json!({"AWS": "arn:aws:iam::210987654321:role/ci"});
    let at = "/Statement/0/Principal/AWS";
    assert_eq!(trust(&other, &json!({})), one("trust-other-account", Severity::Warning, at));
    assert_eq!(
        trust(&json!({"AWS": "210987654321"}), &json!({})),
        one("trust-other-account", Severity::Warning, at)
    );
    for condition in [
        json!({"StringEquals": {"sts:ExternalId": "secret"}}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": true}}),
        json!({"StringEquals": {"aws:PrincipalTag/team": "ci"}}),
    ] {
        assert_eq!(trust(&other, &condition), [], "{condition}");
    }
    let without = json!({"Bool": {"aws:MultiFactorAuthPresent": false}});
    assert_eq!(trust(&other, &without).len(), 1);
    for own in ["123456789012", "arn:aws:iam::123456789012:root"] {
        assert_eq!(trust(&json!({"AWS": own}), &json!({})), [], "{own}");
    }
    let id = json!({"AWS": "AIDAEXAMPLEEXAMPLE123"});
    assert_eq!(trust(&id, &json!({})), one("principal-id", Severity::Warning, at));
}

#[test]
fn wildcards_and_complements_of_principals() {
    let found = trust(&json!({"AWS": "arn:aws:iam::123456789012:user/*"}), &json!({}));
    assert_eq!(found, one("principal-wildcard", Severity::Error, "/Statement/0/Principal/AWS"));
    let not = json!([{"Effect": "Deny", "NotPrincipal": {"AWS": "123456789012"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]);
    assert_eq!(told(Usage::Bucket, &not), []);
}

#[test]
fn an_exception_from_a_deny_names_the_account_too() {
    let place = "/Statement/0/NotPrincipal/AWS";
    let excepts = |names: Value| {
        told(
            Usage::Bucket,
            &json!([{"Effect": "Deny", "NotPrincipal": {"AWS": names}, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*"}]),
        )
    };
    let [ada, account] = ["arn:aws:iam::123456789012:user/ada", "123456789012"];
    let [role, session] = [
        "arn:aws:iam::123456789012:role/path/ops",
        "arn:aws:sts::123456789012:assumed-role/ops/ada",
    ];
    let warned = |place: &str| one("not-principal-account", Severity::Warning, place);
    assert_eq!(excepts(json!(ada)), warned(place));
    assert_eq!(excepts(json!([ada, "999999999999"])), warned(&format!("{place}/0")));
    assert_eq!(excepts(json!([account, session])), warned(&format!("{place}/1")));
    assert_eq!(excepts(json!([session, role])).len(), 2);
    for names in [json!([ada, account]), json!([session, role, account]), json!(account)] {
        assert_eq!(excepts(names.clone()), [], "{names}");
    }
}

#[test]
fn a_public_bucket() {
    let open = |effect: &str, condition: Value| {
        told(
            Usage::Bucket,
            &json!({"Effect": effect, "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": condition}),
        )
    };
    assert_eq!(
        open("Allow", json!({})),
        one("public-access", Severity::Error, "/Statement/Principal")
    );
    let tls = json!({"Bool": {"aws:SecureTransport": "true"}});
    assert_eq!(open("Allow", tls), one("public-access", Severity::Error, "/Statement/Principal"));
    let network = json!({"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}});
    assert_eq!(
        open("Allow", network),
        one("principal-wildcard", Severity::Note, "/Statement/Principal")
    );
    assert_eq!(open("Deny", json!({"Bool": {"aws:SecureTransport": "false"}})), []);
}

fn oidc(provider: &str, condition: &Value) -> Vec<(&'static str, Severity)> {
    let found = told(
        Usage::Trust,
        &json!([{"Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}]),
    );
    let of_oidc = found.into_iter().filter(|(rule, ..)| rule.starts_with("oidc"));
    of_oidc.map(|(rule, severity, _)| (rule, severity)).collect()
}

#[test]
fn an_identity_provider_without_a_subject() {
    const KEY: &str = "token.actions.githubusercontent.com";
    let missing = [("oidc-without-subject", Severity::Error)];
    let audience = json!({"StringEquals": {format!("{KEY}:aud"): "sts.amazonaws.com"}});
    assert_eq!(oidc(GITHUB, &json!({})), missing);
    assert_eq!(oidc(GITHUB, &audience), missing);
    assert_eq!(
        oidc(GITHUB, &json!({"StringNotLike": {format!("{KEY}:sub"): "repo:evil/*"}})),
        missing
    );
    assert_eq!(
        oidc(GITHUB, &json!({"StringEqualsIfExists": {format!("{KEY}:sub"): "repo:a/b:ref:x"}})),
        missing
    );
    // The claim is of another provider.
    assert_eq!(oidc(GITHUB, &json!({"StringEquals": {"gitlab.com:sub": "x"}})), missing);
    let other = json!({"StringEquals": {format!("{KEY}:job_workflow_ref"): "a/b/.github/workflows/c.yml@refs/heads/main"}});
    assert_eq!(oidc(GITHUB, &other), [("oidc-without-subject", Severity::Note)]);
    assert_eq!(
        oidc(
            GITHUB,
            &json!({"StringEquals": {format!("{KEY}:sub"): "repo:a/b:ref:refs/heads/main"}})
        ),
        []
    );
    assert_eq!(oidc("arn:aws:iam::123456789012:saml-provider/x", &json!({})), []);
    let pool = "cognito-identity.amazonaws.com";
    assert_eq!(oidc(pool, &json!({})), missing);
    assert_eq!(oidc(pool, &json!({"StringEquals": {format!("{pool}:aud"): "us-east-1:1"}})), []);
}

#[test]
fn subjects_of_more_than_one_project() {
    let subject = |value: &str| {
        oidc(GITHUB, &json!({"StringLike": {"token.actions.githubusercontent.com:sub": value}}))
    };
    for everybody in
        ["*", "repo:*", "re*", "repo:octo*", "repo:octo*/x:*", "repo:*/relay:ref:refs/heads/main"]
    {
        assert_eq!(subject(everybody), [("oidc-wide-subject", Severity::Error)], "{everybody}");
    }
    assert_eq!(subject("repo:octo/*"), [("oidc-wide-subject", Severity::Warning)]);
    for enough in [
        "repo:octo/relay:*",
        "repo:octo/relay:ref:refs/heads/release-*",
        "repo:octo/relay-*:environment:prod",
    ] {
        assert_eq!(subject(enough), [], "{enough}");
    }
    let cluster = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC";
    let account = |value: &str| {
        oidc(
            cluster,
            &json!({"StringLike": {"oidc.eks.us-east-1.amazonaws.com/id/ABC:sub": value}}),
        )
    };
    assert_eq!(account("system:serviceaccount:*"), [("oidc-wide-subject", Severity::Error)]);
    assert_eq!(account("system:serviceaccount:web:*"), []);
}

#[test]
fn condition_keys_that_never_come() {
    let key = |actions: Value, key: &str| {
        managed(
            &json!([{"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": {"StringEquals": {key: "x"}}}]),
        )
    };
    let at = "/Statement/0/Condition/StringEquals/lambda:FunctionArn";
    assert_eq!(
        key(json!("s3:GetObject"), "lambda:FunctionArn"),
        one("unknown-condition-key", Severity::Note, at)
    );
    assert_eq!(key(json!("s3:ListBucket"), "s3:prefix"), []);
    assert_eq!(key(json!("s3:GetObject"), "aws:PrincipalTag/team"), []);
    assert_eq!(key(json!("*"), "lambda:FunctionArn"), []);
}

#[test]
fn a_policy_that_is_nearly_full() {
    let sized = |length: usize| {
        let key = "x".repeat(length);
        let resource = format!("arn:aws:s3:::b/{key}");
        let document =
            document(&json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]));
        let size = policy_size(&document);
        (
            size,
            lint(
                &document,
                &Home { usage: Usage::Managed, account: ACCOUNT, partition: "aws", grants: true },
            ),
        )
    };
    let empty = sized(0).0;
    let nine_tenths = 6144 * 9 / 10 - empty;
    assert_eq!(sized(nine_tenths).1, []);
    let (_, full) = sized(nine_tenths + 1);
    assert_eq!((full[0].rule, full[0].pointer.as_str()), ("policy-size", ""));
    assert_eq!(
        full[0].message,
        "5530 of the 6144 characters that a managed policy may have are in use"
    );
}

fn policy_size(document: &Value) -> usize {
    crate::document_size(document, Usage::Managed)
}

fn compiled(name: &str, statements: &Value) -> Policy {
    Policy::compile(name, &document(statements)).unwrap()
}

fn spare(policy: &str, statement: usize, action: Option<usize>) -> Redundant {
    Redundant { policy: policy.to_owned(), statement, action }
}

#[test]
fn a_statement_that_others_say() {
    let held = [
        compiled(
            "a",
            &json!([{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}]),
        ),
        compiled(
            "b",
            &json!([
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/x/*"},
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
                {"Effect": "Allow", "Action": "S3:getobject", "Resource": ["*"]},
            ]),
        ),
    ];
    assert_eq!(
        redundant(&held, &Comparer::default()),
        [spare("b", 1, None), spare("b", 3, None)],
        "of two equal ones, one stays"
    );
    assert_eq!(redundant(&held[..1], &Comparer::default()), []);
}

#[test]
fn a_statement_that_others_say_only_under_a_condition_stays() {
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let narrow = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let wide = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": mfa});
    assert_eq!(redundant(&[compiled("a", &json!([narrow, wide]))], &Comparer::default()), []);
    let also =
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": mfa});
    assert_eq!(
        redundant(&[compiled("a", &json!([also, wide]))], &Comparer::default()),
        [spare("a", 1, None)]
    );
}

#[test]
fn an_action_that_a_deny_always_takes_away() {
    let allow = json!({"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::b/*"});
    let deny = |resource: &str, condition: Value| json!({"Effect": "Deny", "Action": "s3:Delete*", "Resource": resource, "Condition": condition});
    let held = |deny: Value| [compiled("a", &json!([allow])), compiled("b", &json!([deny]))];
    assert_eq!(
        shadowed(&held(deny("*", json!({}))), &Comparer::default()),
        [spare("a", 1, Some(1))]
    );
    assert_eq!(shadowed(&held(deny("arn:aws:s3:::b/x/*", json!({}))), &Comparer::default()), []);
    assert_eq!(
        shadowed(
            &held(deny("*", json!({"Bool": {"aws:SecureTransport": "false"}}))),
            &Comparer::default()
        ),
        []
    );
    let all = json!({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"});
    assert_eq!(shadowed(&held(all), &Comparer::default()), [spare("a", 1, None)]);
}

#[test]
fn every_rule_is_named_once_and_explained() {
    let all: Vec<Rule> = all_rules().collect();
    let names: BTreeSet<&str> = all.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), all.len());
    for rule in all {
        assert!(
            rule.name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{}",
            rule.name
        );
        for text in [rule.summary, rule.why, rule.remedy] {
            assert!(text.len() > 10, "{}", rule.name);
        }
        assert!(explain(&rule).contains("Remedy: "));
    }
    assert!(
        explain(&named("escalation-create-role").unwrap())
            .contains("iam:PutRolePolicy or iam:AttachRolePolicy")
    );
}

#[test]
fn what_is_no_policy_is_for_validation_to_say() {
    for odd in [json!(null), json!({"Statement": 1}), json!({"Statement": [{"Effect": "Allow"}]})] {
        assert_eq!(
            lint(
                &odd,
                &Home { usage: Usage::Managed, account: ACCOUNT, partition: "aws", grants: true }
            ),
            []
        );
    }
}
