//! The document that each short form makes.

use std::path::Path;

use serde_json::json;

use crate::manifest::{Inputs, load_manifest};
use crate::model::Desired;
use crate::policy::lint::{Home, lint};
use crate::policy::{self, Severity, Usage};
use crate::value::Value;

const HOME: Home<'_> =
    Home { usage: Usage::Trust, account: "123456789012", partition: "aws", grants: true };

fn desired(region: &str, text: &str) -> Desired {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.yaml");
    let head = format!("version: 1\nname: relay\naccount: '123456789012'\nregion: {region}\n");
    std::fs::write(&path, format!("{head}{text}")).unwrap();
    let loaded = load_manifest(Path::new(&path), &Inputs::default());
    loaded.desired.unwrap_or_else(|| panic!("{text}: {:#?}", loaded.diagnostics))
}

fn trust_in(region: &str, short: &str) -> Value {
    let text = format!("users: {{ada: {{}}}}\nroles: {{r: {{trust: {short}}}}}\n");
    let desired = desired(region, &text);
    desired.resources[&"role.r".parse().unwrap()].attributes.get("trust").unwrap().clone()
}

fn document(statements: &[Value]) -> Value {
    policy::canonical(&json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Returns a statement for users of a provider.
fn web(issuer: &str, condition: &Value) -> Value {
    let arn = format!("arn:aws:iam::123456789012:oidc-provider/{issuer}");
    json!({"Effect": "Allow", "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
}

fn github(subject: &str) -> Value {
    web(
        "token.actions.githubusercontent.com",
        &json!({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": subject}}),
    )
}

fn github_like(subject: &str) -> Value {
    web(
        "token.actions.githubusercontent.com",
        &json!({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
            "StringLike": {"token.actions.githubusercontent.com:sub": subject}}),
    )
}

fn gitlab(issuer: &str, subject: &str) -> Value {
    web(
        issuer,
        &json!({"StringEquals": {format!("{issuer}:aud"): format!("https://{issuer}"),
            format!("{issuer}:sub"): subject}}),
    )
}

fn saml(partition: &str, audience: &Value) -> Value {
    let arn = format!("arn:{partition}:iam::123456789012:saml-provider/corp");
    json!({"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithSAML",
        "Condition": {"StringEquals": {"SAML:aud": audience}}})
}

const EKS: &str = "oidc.eks.eu-west-1.amazonaws.com/id/0";

/// The short forms on accounts, users, roles and services, and their statements.
fn plain_cases() -> Vec<(&'static str, Vec<Value>)> {
    let ada = "arn:aws:iam::123456789012:user/ada";
    let vendor = "arn:aws:iam::444455556666:root";
    let allow =
        |who: &Value, action: &str| json!({"Effect": "Allow", "Principal": who, "Action": action});
    let assume = |principal: Value| allow(&principal, "sts:AssumeRole");
    let with = |principal: Value, condition: Value| {
        let mut statement = assume(principal);
        statement["Condition"] = condition;
        statement
    };
    let tag = |principal: Value| allow(&principal, "sts:TagSession");
    let id = json!({"StringEquals": {"sts:ExternalId": "x-123"}});
    let both = json!({"StringEquals": {"sts:ExternalId": "x-123"},
        "Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let lambda = json!({"Service": ["lambda.amazonaws.com"]});
    vec![
        (
            "{services: [lambda.amazonaws.com], users: [ada]}",
            vec![assume(json!({"Service": ["lambda.amazonaws.com"], "AWS": [ada]}))],
        ),
        (
            "{accounts: ['444455556666'], external_id: x-123}",
            vec![with(json!({"AWS": [vendor]}), id.clone())],
        ),
        (
            "{users: [ada], mfa: true}",
            vec![with(
                json!({"AWS": [ada]}),
                json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            )],
        ),
        ("{users: [ada], mfa: false}", vec![assume(json!({"AWS": [ada]}))]),
        (
            "{services: [lambda.amazonaws.com], accounts: ['444455556666'], external_id: x-123, \
                mfa: true}",
            vec![assume(lambda.clone()), with(json!({"AWS": [vendor]}), both.clone())],
        ),
        (
            "{services: [pods.eks.amazonaws.com], tag_session: true}",
            vec![json!({"Effect": "Allow", "Principal": {"Service": ["pods.eks.amazonaws.com"]},
                "Action": ["sts:AssumeRole", "sts:TagSession"]})],
        ),
        (
            "{accounts: ['444455556666'], external_id: x-123, mfa: true, tag_session: true}",
            vec![with(json!({"AWS": [vendor]}), both), tag(json!({"AWS": [vendor]}))],
        ),
        (
            "{services: [lambda.amazonaws.com], accounts: ['444455556666'], external_id: x-123, \
                tag_session: true}",
            vec![
                json!({"Effect": "Allow", "Principal": lambda,
                    "Action": ["sts:AssumeRole", "sts:TagSession"]}),
                with(json!({"AWS": [vendor]}), id),
                tag(json!({"AWS": [vendor]})),
            ],
        ),
    ]
}

/// The short forms for GitHub and GitLab, and their statements.
fn repository_cases() -> Vec<(&'static str, Vec<Value>)> {
    let enterprise = "token.actions.githubusercontent.com/acme";
    vec![
        (
            "{github: [{repository: acme/web, environment: production}]}",
            vec![github("repo:acme/web:environment:production")],
        ),
        (
            "{github: [{repository: acme/web, environment: 'Production:V1'}]}",
            vec![github("repo:acme/web:environment:Production%3AV1")],
        ),
        (
            "{github: [{repository: acme/web, branch: main}]}",
            vec![github("repo:acme/web:ref:refs/heads/main")],
        ),
        (
            "{github: [{repository: acme@12/web@34, branch: main}]}",
            vec![github("repo:acme@12/web@34:ref:refs/heads/main")],
        ),
        (
            "{github: [{repository: acme/web, tag: 'v*'}]}",
            vec![github_like("repo:acme/web:ref:refs/tags/v*")],
        ),
        (
            "{github: [{repository: acme/web, ref: refs/heads/main}]}",
            vec![github("repo:acme/web:ref:refs/heads/main")],
        ),
        (
            "{github: [{repository: acme/web, pull_request: true}]}",
            vec![github("repo:acme/web:pull_request")],
        ),
        ("{github: [{repository: acme/web, subject: '*'}]}", vec![github_like("repo:acme/web:*")]),
        (
            "{github: [{repository: acme/web, branch: main, provider: \
                token.actions.githubusercontent.com/acme, audience: deploy}]}",
            vec![web(
                enterprise,
                &json!({"StringEquals": {format!("{enterprise}:aud"): "deploy",
                    format!("{enterprise}:sub"): "repo:acme/web:ref:refs/heads/main"}}),
            )],
        ),
        (
            "{gitlab: [{project: acme/team/web, branch: main}]}",
            vec![gitlab("gitlab.com", "project_path:acme/team/web:ref_type:branch:ref:main")],
        ),
        (
            "{gitlab: [{project: acme/web, ref: refs/tags/v1, provider: \
                'https://gitlab.acme.example'}]}",
            vec![gitlab("gitlab.acme.example", "project_path:acme/web:ref_type:tag:ref:v1")],
        ),
    ]
}

/// The short forms for users of other identity providers, and their statements.
fn federated_cases() -> Vec<(&'static str, Vec<Value>)> {
    let cluster = |operators: Value| web(EKS, &operators);
    vec![
        (
            "{eks: [{provider: \
                'arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0', \
                namespace: web, service_account: app}]}",
            vec![cluster(json!({"StringEquals": {format!("{EKS}:aud"): "sts.amazonaws.com",
                    format!("{EKS}:sub"): "system:serviceaccount:web:app"}}))],
        ),
        (
            "{eks: [{provider: oidc.eks.eu-west-1.amazonaws.com/id/0, namespace: web, \
                service_account: '*'}]}",
            vec![cluster(json!({"StringEquals": {format!("{EKS}:aud"): "sts.amazonaws.com"},
                    "StringLike": {format!("{EKS}:sub"): "system:serviceaccount:web:*"}}))],
        ),
        (
            "{oidc: [{provider: login.acme.example/a, subjects: [one, two, 'team-*'], audiences: \
                [web, cli]}]}",
            vec![
                web(
                    "login.acme.example/a",
                    &json!({"StringEquals": {"login.acme.example/a:aud": ["web", "cli"],
                        "login.acme.example/a:sub": ["one", "two"]}}),
                ),
                web(
                    "login.acme.example/a",
                    &json!({"StringEquals": {"login.acme.example/a:aud": ["web", "cli"]},
                        "StringLike": {"login.acme.example/a:sub": "team-*"}}),
                ),
            ],
        ),
        (
            "{oidc: [{provider: www.amazon.com, subjects: [account.A], audiences: \
                [app.B]}]}",
            vec![json!({"Effect": "Allow", "Principal": {"Federated": "www.amazon.com"},
                "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {
                    "www.amazon.com:app_id": "app.B", "www.amazon.com:user_id": "account.A"}}})],
        ),
        (
            "{saml: [{provider: corp}]}",
            vec![saml("aws", &json!("https://signin.aws.amazon.com/saml"))],
        ),
        (
            "{saml: [{provider: 'arn:aws:iam::123456789012:saml-provider/corp', regions: \
                [eu-west-1]}]}",
            vec![saml(
                "aws",
                &json!([
                    "https://signin.aws.amazon.com/saml",
                    "https://eu-west-1.signin.aws.amazon.com/saml"
                ]),
            )],
        ),
    ]
}

fn all_cases() -> impl Iterator<Item = (&'static str, Vec<Value>)> {
    plain_cases().into_iter().chain(repository_cases()).chain(federated_cases())
}

#[test]
fn each_short_form_makes_its_statements() {
    for (short, statements) in all_cases() {
        assert_eq!(trust_in("eu-west-1", short), document(&statements), "{short}");
    }
}

#[test]
fn no_short_form_has_an_error_of_lint_or_breaks_a_rule_of_iam() {
    for (short, _) in all_cases() {
        let made = trust_in("eu-west-1", short);
        assert_eq!(policy::validate(&made, Usage::Trust), [], "{short}");
        let found = lint(&made, &HOME);
        let errors: Vec<_> = found.iter().filter(|it| it.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{short}: {errors:?}");
    }
}

#[test]
fn several_subjects_of_one_provider_share_a_statement_if_they_are_compared_alike() {
    let made = trust_in(
        "eu-west-1",
        "{github: [{repository: acme/web, branch: main}, {repository: acme/web, tag: 'v*'}, \
            {repository: acme/api, branch: main}, {repository: acme/web, branch: main}]}",
    );
    let mut exact = github("repo:acme/web:ref:refs/heads/main");
    exact["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] =
        json!(["repo:acme/web:ref:refs/heads/main", "repo:acme/api:ref:refs/heads/main"]);
    assert_eq!(made, document(&[exact, github_like("repo:acme/web:ref:refs/tags/v*")]));
}

#[test]
fn session_tags_are_allowed_under_the_claims_of_a_token_and_beside_conditions_on_callers() {
    let made = trust_in(
        "eu-west-1",
        "{users: [ada], mfa: true, tag_session: true, saml: [{provider: corp}], \
            github: [{repository: acme/web, branch: main}, {repository: acme/web, tag: 'v*'}]}",
    );
    let arn = |name: &str| format!("arn:aws:iam::123456789012:{name}");
    let tagging = json!({"Effect": "Allow", "Action": "sts:TagSession",
        "Principal": {"AWS": [arn("user/ada")]}});
    let tagged = |mut statement: Value| {
        statement["Action"] = json!([statement["Action"], "sts:TagSession"]);
        statement
    };
    let ada = json!({"Effect": "Allow", "Principal": {"AWS": [arn("user/ada")]},
        "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    let expected = document(&[
        ada,
        tagged(github("repo:acme/web:ref:refs/heads/main")),
        tagged(github_like("repo:acme/web:ref:refs/tags/v*")),
        tagged(saml("aws", &json!("https://signin.aws.amazon.com/saml"))),
        tagging,
    ]);
    assert_eq!(made, expected);
}

#[test]
fn providers_and_audiences_are_those_of_the_partition() {
    for (region, partition, audience) in [
        ("cn-north-1", "aws-cn", "https://signin.amazonaws.cn/saml"),
        ("us-gov-west-1", "aws-us-gov", "https://signin.amazonaws-us-gov.com/saml"),
    ] {
        let made = trust_in(region, "{saml: [{provider: corp}]}");
        assert_eq!(made, document(&[saml(partition, &json!(audience))]));
        let made = trust_in(region, "{github: [{repository: acme/web, branch: main}]}");
        let arn = &made["Statement"][0]["Principal"]["Federated"];
        let provider = "oidc-provider/token.actions.githubusercontent.com";
        assert_eq!(*arn, json!(format!("arn:{partition}:iam::123456789012:{provider}")));
    }
    let made = trust_in("us-gov-west-1", "{saml: [{provider: corp, regions: [us-gov-east-1]}]}");
    let audiences = json!([
        "https://signin.amazonaws-us-gov.com/saml",
        "https://us-gov-east-1.signin.amazonaws-us-gov.com/saml"
    ]);
    assert_eq!(made, document(&[saml("aws-us-gov", &audiences)]));
}

#[test]
fn a_wide_subject_is_made_as_it_is_asked_for_and_found_by_lint() {
    for (short, severity) in [
        ("{github: [{repository: 'acme/*', subject: '*'}]}", Severity::Warning),
        (
            "{oidc: [{provider: login.acme.example, subjects: ['*'], audiences: [web]}]}",
            Severity::Error,
        ),
    ] {
        let found = lint(&trust_in("eu-west-1", short), &HOME);
        let wide = found.iter().find(|it| it.rule == "oidc-wide-subject");
        assert_eq!(wide.map(|it| it.severity), Some(severity), "{short}: {found:?}");
    }
}
