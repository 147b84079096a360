//! Roles with the short forms of trust, and manifests with defaults, by the real binary: in the
//! sandbox and against moto.

use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::project::{Project, says};

const MANIFEST: &str = "dev.yaml";

const SHORT: &str = r#"version: 1
name: dev
account: "123456789012"
region: eu-west-1
roles:
  deploy: {trust: {github: [{repository: acme/web, environment: production}]}}
  vendor:
    trust:
      services: [lambda.amazonaws.com]
      accounts: ["444455556666"]
      external_id: x-123
      mfa: true
  people: {trust: {saml: [{provider: corp}], tag_session: true}}
  pod:
    trust:
      gitlab: [{project: acme/web, tag: "v*"}]
      eks:
        - provider: oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF
          namespace: web
          service_account: app
"#;

const DEFAULTS: &str = r#"version: 1
name: dev
account: "123456789012"
region: eu-west-1
defaults:
  roles: {path: /app/, tags: {team: web}, trust: {services: [lambda.amazonaws.com]}}
  users: {path: /people/}
roles:
  web: {}
  api: {tags: {stage: dev}, path: /api/}
users:
  ada:
"#;

const WRITTEN_OUT: &str = r#"version: 1
name: dev
account: "123456789012"
region: eu-west-1
roles:
  web: {path: /app/, tags: {team: web}, trust: {services: [lambda.amazonaws.com]}}
  api: {path: /api/, tags: {team: web, stage: dev}, trust: {services: [lambda.amazonaws.com]}}
users:
  ada: {path: /people/}
"#;

#[test]
fn a_plan_tells_whom_the_short_forms_let_in_and_is_empty_after_it_is_applied() {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, SHORT);
    let plan = project.expect(2, &["plan", MANIFEST, "--detailed-exitcode"]);
    says(
        &plan.stdout,
        &[
            "repo:acme/web:environment:production",
            "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        ],
    );
    insta::assert_snapshot!(plan.stdout);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
}

#[test]
fn a_condition_that_is_taken_out_lets_in_more() {
    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, SHORT);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.write(MANIFEST, &SHORT.replace("      external_id: x-123\n      mfa: true\n", ""));
    let plan = project.expect(2, &["plan", MANIFEST, "--detailed-exitcode"]);
    insta::assert_snapshot!(plan.stdout);
}

#[test]
fn aws_gets_the_document_of_a_short_form() {
    let moto = Moto::start();
    let project = Project::empty().against(&moto);
    project.write(MANIFEST, SHORT);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    let role = moto.aws(&["iam", "get-role", "--role-name", "deploy"]);
    let statements: &Value = &role["Role"]["AssumeRolePolicyDocument"]["Statement"];
    let issuer = "token.actions.githubusercontent.com";
    assert_eq!(
        *statements,
        json!([{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{issuer}")},
            "Condition": {"StringEquals": {format!("{issuer}:aud"): "sts.amazonaws.com",
                format!("{issuer}:sub"): "repo:acme/web:environment:production"}}}])
    );
    let role = moto.aws(&["iam", "get-role", "--role-name", "people"]);
    let statements = role["Role"]["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
    let actions: Vec<&Value> = statements.iter().map(|it| &it["Action"]).collect();
    assert_eq!(actions, [&json!(["sts:AssumeRoleWithSAML", "sts:TagSession"])]);
}

#[test]
fn a_manifest_with_defaults_has_the_plan_of_the_one_that_says_it_all() {
    let planned = |manifest: &str| {
        let project = Project::empty().in_sandbox();
        project.write(MANIFEST, manifest);
        project.expect(2, &["plan", MANIFEST, "--detailed-exitcode"]).stdout
    };
    assert_eq!(planned(DEFAULTS), planned(WRITTEN_OUT));

    let project = Project::empty().in_sandbox();
    project.write(MANIFEST, DEFAULTS);
    project.expect(0, &["apply", MANIFEST, "--yes"]);
    project.expect_no_changes(MANIFEST);
    project.write(MANIFEST, WRITTEN_OUT);
    project.expect_no_changes(MANIFEST);
}
