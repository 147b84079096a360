//! Policies that limit what others grant, and what no policy grants.

use serde_json::{Value, json};

use super::*;

const FEDERATED: &str = "arn:aws:sts::123456789012:federated-user/bob";
const LINKED: &str =
    "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling";

impl Asked {
    fn during(mut self, statements: &Value) -> Self {
        let name = "session".to_owned();
        self.session.get_or_insert_default().push(policy(&name, statements));
        self
    }

    fn below(mut self, level: &[Value]) -> Self {
        let number = self.service_control.len() + 1;
        let policies = level.iter().map(|it| policy(&format!("scp-{number}"), it)).collect();
        self.service_control.push(policies);
        self
    }

    fn guarded(mut self, statements: &Value) -> Self {
        self.resource_control.push(vec![policy("rcp", statements)]);
        self
    }

    fn through(mut self, statements: &Value) -> Self {
        self.endpoint = Some(policy("endpoint", statements));
        self
    }

    fn managed_by(mut self, account: &'static str) -> Self {
        self.management_account = Some(account);
        self
    }
}

fn deny_everybody(action: &str) -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"})
}

#[test]
fn the_policies_of_a_session_limit_what_its_role_grants() {
    let held = || get(SESSION).holding(&allow("s3:*", "*"));
    allowed(&held().during(&allow("s3:Get*", "*")));
    denied(&held().during(&allow("s3:Put*", "*")));
    denied(&held().during(&json!([])));
    denied(&get(SESSION).during(&allow("*", "*")));
    forbidden(&held().during(&json!([allow("*", "*"), deny("s3:GetObject", "*")])));
    // One of several suffices, as of policies that are attached to a role.
    allowed(&held().during(&allow("s3:Put*", "*")).during(&allow("s3:GetObject", "*")));
    // The boundary and the session must allow it both.
    denied(&held().within(&allow("iam:*", "*")).during(&allow("s3:*", "*")));
    denied(&held().within(&allow("s3:*", "*")).during(&allow("iam:*", "*")));
    // Users have no sessions with policies.
    allowed(&get(USER).holding(&allow("s3:*", "*")).during(&allow("iam:*", "*")));
}

#[test]
fn whom_a_resource_names_decides_whether_the_policies_of_the_session_count() {
    let table = [
        (json!({"AWS": SESSION}), true),
        (json!({"AWS": "arn:aws:iam::123456789012:role/ops"}), false),
        (json!({"AWS": "123456789012"}), false),
    ];
    for (principal, expected) in table {
        let at = || get(SESSION).at(&grants(&principal, "s3:*"));
        let verdict = at().during(&allow("iam:*", "*")).verdict();
        assert_eq!(verdict == Verdict::Allowed, expected, "{principal}");
        forbidden(&at().during(&deny("*", "*")));
    }
    // Another account's resource never suffices alone.
    let foreign = || get(SESSION).with("aws:ResourceAccount", "999999999999");
    let at = || foreign().holding(&allow("*", "*")).at(&grants(&json!({"AWS": SESSION}), "s3:*"));
    allowed(&at().during(&allow("s3:*", "*")));
    denied(&at().during(&allow("iam:*", "*")));
}

#[test]
fn a_federated_user_has_no_permissions_without_session_policies() {
    let held = || get(FEDERATED).holding(&allow("s3:*", "*"));
    denied(&held());
    assert!(held().decision().reason.ends_with("no permissions without session policies"));
    allowed(&held().during(&allow("s3:Get*", "*")));
    denied(&held().during(&allow("s3:Put*", "*")));
    allowed(&get(FEDERATED).at(&grants(&json!({"AWS": FEDERATED}), "s3:*")));
}

#[test]
fn every_level_of_the_organization_must_allow_it() {
    let held = || get(USER).holding(&allow("*", "*"));
    let full = || vec![allow("*", "*")];
    allowed(&held().below(&full()).below(&full()));
    denied(&held().below(&full()).below(&[allow("iam:*", "*")]));
    denied(&held().below(&[allow("iam:*", "*")]).below(&full()));
    denied(&held().below(&full()).below(&[]));
    allowed(&held().below(&[allow("iam:*", "*"), allow("s3:*", "*")]).below(&full()));
    forbidden(&held().below(&[allow("*", "*"), deny("s3:*", "*")]).below(&full()));
    // They grant nothing, and limit the root user and what resources grant, too.
    denied(&get(USER).below(&full()));
    denied(&get("123456789012").below(&[allow("iam:*", "*")]));
    denied(&get(USER).at(&grants(&json!({"AWS": USER}), "s3:*")).below(&[allow("iam:*", "*")]));
    let reason = held().below(&full()).below(&[allow("iam:*", "*")]).decision().reason;
    assert!(
        reason.ends_with(
            "but the service control policies of level 2 don't: no Allow is about s3:GetObject"
        ),
        "{reason}"
    );
}

#[test]
fn service_control_policies_spare_whom_aws_says() {
    let none = [allow("iam:*", "*")];
    let held = |caller: &str| get(caller).holding(&allow("*", "*")).below(&none);
    denied(&held(USER));
    allowed(&held(USER).managed_by("123456789012"));
    denied(&held(USER).managed_by("999999999999"));
    allowed(&held(LINKED));
    allowed(&held("arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/X"));
    denied(&held("arn:aws:iam::123456789012:role/service-role/X"));
    let named = json!({"Service": "lambda.amazonaws.com"});
    let service = get(USER).by(PrincipalType::Service, "lambda.amazonaws.com").below(&none);
    allowed(&service.at(&grants(&named, "s3:*")));
}

#[test]
fn resource_control_policies_deny_whoever_asks() {
    let guard = deny_everybody("s3:*");
    let held = |caller: &str| get(caller).holding(&allow("*", "*")).guarded(&guard);
    forbidden(&held(USER));
    forbidden(&held("123456789012"));
    let anybody = grants(&json!("*"), "s3:*");
    forbidden(&get(USER).by(PrincipalType::Everyone, "*").at(&anybody).guarded(&guard));
    let service = get(USER).by(PrincipalType::Service, "lambda.amazonaws.com");
    forbidden(
        &service.at(&grants(&json!({"Service": "lambda.amazonaws.com"}), "s3:*")).guarded(&guard),
    );
    // Nothing else is denied, and RCPFullAWSAccess needn't be given.
    allowed(&get(USER).holding(&allow("*", "*")).guarded(&deny_everybody("sqs:*")));
    allowed(&held(LINKED));
}

#[test]
fn resource_control_policies_spare_what_aws_says() {
    let all = deny_everybody("*");
    let held = |action: &str, resource: &str| {
        asked(USER, action, resource).holding(&allow("*", "*")).guarded(&all)
    };
    forbidden(&held("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:jobs"));
    allowed(&held("ec2:StartInstances", "arn:aws:ec2:us-east-1:123456789012:instance/i-1"));
    needs_resource_policy(&held("kms:RetireGrant", "*"));
    forbidden(&held("kms:ListKeys", "*"));
    forbidden(&held("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/t"));
    let (linked, alias) = (
        "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
        "arn:aws:kms:us-east-1:123456789012:alias/aws/s3",
    );
    needs_resource_policy(&held("sts:AssumeRole", linked));
    denied(&held("kms:DeleteAlias", alias));
    allowed(&held("kms:ListKeys", "*").managed_by("123456789012"));
    // The owner of the resource counts, not the caller's account.
    let queue = "arn:aws:sqs:us-east-1:999999999999:jobs";
    forbidden(&held("sqs:SendMessage", queue).managed_by("123456789012"));
    needs_resource_policy(&held("sqs:SendMessage", queue).managed_by("999999999999"));
}

#[test]
fn the_policy_of_an_endpoint_must_let_the_request_pass() {
    let held = || get(USER).holding(&allow("*", "*"));
    allowed(&held().through(&grants(&json!("*"), "s3:*")));
    denied(&held().through(&grants(&json!("*"), "sqs:*")));
    denied(&held().through(&json!([])));
    denied(&get(USER).through(&grants(&json!("*"), "*")));
    forbidden(&held().through(&json!([grants(&json!("*"), "*"), deny_everybody("s3:*")])));
    // In the policy of a gateway endpoint an account is its root user; other endpoints are
    // interface endpoints.
    let account = grants(&json!({"AWS": "123456789012"}), "*");
    denied(&held().through(&account));
    allowed(&get("123456789012").through(&account));
    let queue = asked(USER, "sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:jobs");
    allowed(&queue.holding(&allow("*", "*")).through(&account));
}

#[test]
fn nobody_changes_what_aws_owns() {
    let (policy, linked, reserved, alias) = (
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
        "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1",
        "arn:aws:kms:us-east-1:123456789012:alias/aws/s3",
    );
    let table = [
        ("iam:CreatePolicyVersion", policy, false),
        ("IAM:deletepolicy", "arn:aws-cn:iam::aws:policy/service-role/X", false),
        ("iam:TagPolicy", policy, false),
        ("iam:GetPolicyVersion", policy, true),
        ("iam:ListEntitiesForPolicy", policy, true),
        ("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/aws", true),
        ("iam:AttachRolePolicy", linked, false),
        ("iam:UpdateAssumeRolePolicy", linked, false),
        ("iam:DeleteRole", linked, false),
        ("iam:DeleteServiceLinkedRole", linked, true),
        ("iam:UpdateRoleDescription", linked, true),
        ("iam:TagRole", linked, true),
        ("iam:PassRole", linked, true),
        ("iam:GetRole", linked, true),
        ("iam:PutRolePolicy", reserved, false),
        ("iam:UpdateRole", reserved, false),
        ("iam:GetRole", reserved, true),
        ("iam:DeleteRole", "arn:aws:iam::123456789012:role/service-role/x", true),
        ("kms:DeleteAlias", alias, false),
        ("kms:CreateAlias", alias, false),
        ("kms:DeleteAlias", "arn:aws:kms:us-east-1:123456789012:alias/awsome", true),
    ];
    for caller in [USER, "123456789012"] {
        for (action, resource, expected) in table {
            let decision = asked(caller, action, resource).holding(&allow("*", "*")).decision();
            let verdict = if expected { Verdict::Allowed } else { Verdict::ImplicitDeny };
            assert_eq!(decision.verdict, verdict, "{action} {resource}: {}", decision.reason);
        }
    }
    denied(&asked(USER, "iam:GetPolicy", policy));
    forbidden(&asked(USER, "iam:DeletePolicy", policy).holding(&deny("*", "*")));
}

#[test]
fn the_steps_stand_in_the_order_of_the_guide_with_their_outcomes() {
    let told = |asked: &Asked| {
        let steps = asked.decision().steps;
        let line = |step: &EvaluationStep| {
            format!("{}: {}: {}", step.stage.label(), step.outcome.label(), step.reason)
        };
        steps.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let limited = get(SESSION)
        .holding(&allow("s3:*", "*"))
        .at(&json!([]))
        .during(&allow("s3:Put*", "*"))
        .within(&allow("*", "*"))
        .below(&[allow("*", "*")])
        .below(&[allow("iam:*", "*")])
        .guarded(&deny_everybody("sqs:*"))
        .through(&grants(&json!("*"), "*"));
    insta::assert_snapshot!(told(&limited));
    insta::assert_snapshot!(told(
        &asked("123456789012", "ec2:RunInstances", "*")
            .guarded(&json!([]))
            .managed_by("123456789012")
            .below(&[])
    ));
    let queue = "arn:aws:sqs:us-east-1:999999999999:jobs";
    insta::assert_snapshot!(told(&asked(USER, "sqs:SendMessage", queue).holding(&allow("*", "*"))));
    insta::assert_snapshot!(told(&get(USER).holding(&deny("*", "*"))));
}

#[test]
fn the_evaluation_ends_with_a_resource_policy_that_suffices() {
    use StepOutcome::{Allowed, NotAllowed, NotEvaluated};
    let outcomes = |asked: &Asked| {
        let steps = asked.decision().steps;
        steps[4..].iter().map(|step| step.outcome).collect::<Vec<_>>()
    };
    let table = [
        (SESSION, json!({"AWS": SESSION}), [Allowed, NotEvaluated, NotEvaluated, NotEvaluated]),
        (
            SESSION,
            json!({"AWS": "arn:aws:iam::123456789012:role/ops"}),
            [Allowed, NotEvaluated, Allowed, Allowed],
        ),
        (SESSION, json!({"AWS": "123456789012"}), [Allowed, NotAllowed, Allowed, Allowed]),
        (SESSION, json!({"AWS": USER}), [NotAllowed, NotAllowed, Allowed, Allowed]),
    ];
    for (caller, principal, expected) in table {
        let at = get(caller).at(&grants(&principal, "s3:*"));
        let asked = at.within(&allow("*", "*")).during(&allow("*", "*"));
        assert_eq!(outcomes(&asked), expected, "{principal}");
    }
    let service = get(USER).by(PrincipalType::Service, "lambda.amazonaws.com");
    let at = service.at(&grants(&json!({"AWS": USER}), "s3:*"));
    assert_eq!(outcomes(&at), [NotAllowed, NotEvaluated, NotEvaluated, NotEvaluated]);
}
