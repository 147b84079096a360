use serde_json::json;

use crate::diagnostic::{Place, Severity};

use super::*;

const ROLE: &str = "relay-ZappaLambdaExecutionRole";
const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/relay-ZappaLambdaExecutionRole";
const POLICY_ARN: &str = "arn:aws:iam::123456789012:policy/Deployment";

fn put(desired: &mut Desired, kind: &str, name: &str, attributes: &Value) {
    let attributes = attributes.as_object().unwrap().clone().into_iter().collect();
    let place = Some(Place { file: format!("{kind}.yaml").into(), line: 1, column: 1, length: 1 });
    desired.resources.insert(
        Address::new(kind.parse().unwrap(), name),
        Resource { attributes, place, ..Resource::default() },
    );
}

/// Returns a manifest in which everything agrees, except for the settings given here.
fn relay(changed: &Value) -> Desired {
    let mut desired = Desired {
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        ..Desired::default()
    };
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::zappa-*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::zappa-*/*"}
    ]});
    put(&mut desired, "policy", "Deployment", &json!({"arn": POLICY_ARN, "document": document}));
    put(
        &mut desired,
        "user_policy_attachment",
        "serverless/Deployment",
        &json!({"user": "serverless", "policy_arn": POLICY_ARN}),
    );
    put(
        &mut desired,
        "access_key",
        "serverless",
        &json!({"user": "serverless", "profile": "serverless"}),
    );
    put(&mut desired, "aws_profile", "serverless", &json!({"profile": "serverless"}));
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["apigateway.amazonaws.com", LAMBDA]}}
    ]});
    put(&mut desired, "role", ROLE, &json!({"arn": ROLE_ARN, "trust": trust}));
    put(&mut desired, "bucket", "zappa-relay", &json!({"arn": "arn:aws:s3:::zappa-relay"}));
    let mut settings = json!({
        "profile_name": "serverless", "aws_region": "us-east-1", "s3_bucket": "zappa-relay", "role_name": ROLE,
        "manage_roles": false, "runtime": "python3.12"
    });
    for (name, value) in changed.as_object().unwrap() {
        settings[name] = value.clone();
    }
    put(&mut desired, "zappa_settings", "dev", &json!({"stage": "dev", "settings": settings}));
    desired
}

fn said(desired: &Desired) -> Vec<(&'static str, String, String)> {
    check(desired)
        .into_iter()
        .map(|found| (found.code, found.message, found.help.unwrap_or_default()))
        .collect()
}

#[track_caller]
fn only(desired: &Desired, code: &str, message: &str, help: &str) {
    let said = said(desired);
    let said: Vec<_> =
        said.iter().map(|(code, message, help)| (*code, message.as_str(), help.as_str())).collect();
    assert_eq!(said, [(code, message, help)]);
}

#[test]
fn a_manifest_that_agrees_is_quiet() {
    assert_eq!(check(&relay(&json!({}))), []);
    let by_arn = relay(&json!({"role_name": null, "role_arn": ROLE_ARN}));
    assert_eq!(check(&by_arn), []);
    let bare = relay(
        &json!({"profile_name": null, "aws_region": null, "s3_bucket": null, "role_name": null, "runtime": null}),
    );
    assert_eq!(check(&bare), []);
}

#[test]
fn the_profile_is_one_that_the_manifest_writes() {
    let message =
        "zappa_settings.dev: profile_name is `serverles`, which this manifest doesn't write";
    only(
        &relay(&json!({"profile_name": "serverles"})),
        "undeclared-profile",
        message,
        "did you mean `serverless`?",
    );
}

#[test]
fn another_region_is_an_error_at_the_stage() {
    let desired = relay(&json!({"aws_region": "eu-west-1"}));
    let message =
        "zappa_settings.dev: aws_region is eu-west-1, but the manifest's region is us-east-1";
    only(&desired, "region-mismatch", message, "set aws_region to us-east-1, or leave it out");
    let found = check(&desired).remove(0);
    assert_eq!(found.severity, Severity::Error);
    assert_eq!(found.place.map(|place| place.file), Some("zappa_settings.yaml".into()));
}

#[test]
fn the_bucket_is_declared_and_allowed() {
    let found = said(&relay(&json!({"s3_bucket": "other"})));
    assert_eq!(
        found,
        [
            (
                "undeclared-bucket",
                "zappa_settings.dev: s3_bucket is `other`, which this manifest doesn't declare"
                    .to_owned(),
                "declare `other` under buckets: Zappa makes a missing one without your settings"
                    .to_owned()
            ),
            (
                "bucket-not-allowed",
                "zappa_settings.dev: user.serverless can't list bucket.other: its policies don't \
                    allow s3:ListBucket on arn:aws:s3:::other"
                    .to_owned(),
                "allow s3:ListBucket on arn:aws:s3:::other, for example in policy.Deployment"
                    .to_owned()
            ),
            (
                "bucket-not-allowed",
                "zappa_settings.dev: user.serverless can't upload to bucket.other: its policies \
                    don't allow s3:PutObject on arn:aws:s3:::other/*"
                    .to_owned(),
                "allow s3:PutObject on arn:aws:s3:::other/*, for example in policy.Deployment"
                    .to_owned()
            ),
        ]
    );
}

#[test]
fn the_role_is_declared_and_left_alone_by_zappa() {
    let message = "zappa_settings.dev: the role is `Nobody`, which this manifest doesn't declare";
    let help = "declare `Nobody` under roles, or see that it exists";
    only(&relay(&json!({"role_name": "Nobody"})), "undeclared-role", message, help);
    let message = format!(
        "zappa_settings.dev: the role is `{ROLE}`, but manage_roles isn't false: Zappa would \
            change the role itself"
    );
    for value in [json!(true), json!(null)] {
        let desired = relay(&json!({"manage_roles": value}));
        only(&desired, "zappa-manages-role", &message, "set `manage_roles: false`");
    }
}

#[test]
fn lambda_can_assume_the_role() {
    let mut desired = relay(&json!({}));
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "apigateway.amazonaws.com"}}
    ]});
    put(&mut desired, "role", ROLE, &json!({"arn": ROLE_ARN, "trust": trust}));
    let message = format!(
        "zappa_settings.dev: Lambda can't run functions as role.{ROLE}: its trust policy doesn't \
            name lambda.amazonaws.com"
    );
    let help = "add lambda.amazonaws.com to the services in the role's trust";
    only(&desired, "role-not-assumable", &message, help);
}

#[test]
fn the_deploying_user_may_pass_the_role() {
    let mut desired = relay(&json!({}));
    let s3 = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
    put(&mut desired, "policy", "Deployment", &json!({"arn": POLICY_ARN, "document": s3}));
    let message = format!(
        "zappa_settings.dev: user.serverless can't give role.{ROLE} to a Lambda function: its \
            policies don't allow iam:PassRole on {ROLE_ARN}"
    );
    let help = format!("allow iam:PassRole on {ROLE_ARN}, for example in policy.Deployment");
    only(&desired, "pass-role-not-allowed", &message, &help);

    // An inline policy counts as well; another user's doesn't.
    let pass =
        json!({"Statement": {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE_ARN}});
    put(&mut desired, "user_policy", "other/pass", &json!({"user": "other", "document": pass}));
    assert_eq!(check(&desired).len(), 1);
    put(
        &mut desired,
        "user_policy",
        "serverless/pass",
        &json!({"user": "serverless", "document": pass}),
    );
    assert_eq!(check(&desired), []);

    // A Deny in one policy wins over the Allow in another.
    let deny = json!({"Statement": {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}});
    put(
        &mut desired,
        "user_policy",
        "serverless/deny",
        &json!({"user": "serverless", "document": deny}),
    );
    assert_eq!(check(&desired).len(), 1);
}

#[test]
fn nothing_is_said_of_policies_that_the_manifest_does_not_hold() {
    let mut desired = relay(&json!({}));
    desired.resources.remove(&Address::new(KindName::Policy, "Deployment"));
    assert_eq!(check(&desired), []);
}

#[test]
fn a_user_without_policies_may_do_nothing() {
    let mut desired = relay(&json!({"s3_bucket": null}));
    desired.resources.remove(&Address::new(
        KindName::PolicyAttachment(PrincipalKind::User),
        "serverless/Deployment",
    ));
    let message = format!(
        "zappa_settings.dev: user.serverless can't give role.{ROLE} to a Lambda function: its \
            policies don't allow iam:PassRole on {ROLE_ARN}"
    );
    let help = format!("attach a policy to user.serverless that allows iam:PassRole on {ROLE_ARN}");
    only(&desired, "pass-role-not-allowed", &message, &help);
}

#[test]
fn retired_and_unknown_runtimes_are_named() {
    let message = "zappa_settings.dev: the runtime python3.7 is retired: AWS Lambda deprecated it \
        on 2023-12-04";
    let help = "choose one of python3.11, python3.12, python3.13, python3.14";
    only(&relay(&json!({"runtime": "python3.7"})), "retired-runtime", message, help);
    let message = "zappa_settings.dev: `pyton3.12` is no Lambda runtime that relayctl knows";
    only(
        &relay(&json!({"runtime": "pyton3.12"})),
        "unknown-runtime",
        message,
        "did you mean `python3.12`?",
    );
}

#[test]
fn a_role_arn_of_another_role_wins_over_the_role_name() {
    let other = "arn:aws:iam::123456789012:role/Old";
    let codes =
        |desired: &Desired| -> Vec<&str> { check(desired).iter().map(|it| it.code).collect() };
    assert_eq!(codes(&relay(&json!({"role_arn": other}))), ["role-arn-wins", "undeclared-role"]);
    assert!(codes(&relay(&json!({"role_arn": ROLE_ARN}))).is_empty(), "the same role");
    let mut desired = relay(&json!({"extends": "base"}));
    let base = json!({"stage": "base", "settings": {
        "profile_name": "serverless", "role_arn": other, "manage_roles": false, "extends": "dev"
    }});
    put(&mut desired, "zappa_settings", "base", &base);
    assert!(codes(&desired).contains(&"role-arn-wins"), "{:?}", codes(&desired));
}

#[test]
fn a_stage_name_that_api_gateway_does_not_take_is_told() {
    let named = |name: &str, settings: &Value| {
        let mut desired = relay(settings);
        let address = Address::new("zappa_settings".parse().unwrap(), "dev");
        let mut resource = desired.resources.remove(&address).unwrap();
        resource.attributes.insert("stage", json!(name));
        desired.resources.insert(Address::new("zappa_settings".parse().unwrap(), name), resource);
        check(&desired).iter().any(|it| it.code == "bad-stage-name")
    };
    for name in ["pre-prod", "dev.1", "dev 1", "dev/1", "é"] {
        assert!(named(name, &json!({})), "{name}");
        assert!(named(name, &json!({"use_apigateway": true})), "{name}");
        for off in ["use_apigateway", "apigateway_enabled"] {
            assert!(!named(name, &json!({off: false})), "{name}");
        }
    }
    assert!(!named("dev_1", &json!({})) && !named("Prod2", &json!({})));
}
