//! Requests that the caller's credentials decide, and resources that other accounts can't open.

use serde_json::json;

use super::*;

const ROOT: &str = "arn:aws:iam::123456789012:root";
const FEDERATED: &str = "arn:aws:sts::123456789012:federated-user/bob";
const FOREIGN_ROLE: &str = "arn:aws:iam::999999999999:role/ops";

/// A request of a caller whom all policies allow everything, also the one of the resource.
fn free(caller: &str, action: &str, resource: &str) -> Asked {
    let mut asked =
        asked(caller, action, resource).holding(&allow("*", "*")).at(&grants(&json!("*"), "*"));
    asked.session = Some(vec![policy("session", &allow("*", "*"))]);
    asked
}

#[track_caller]
fn refused(asked: &Asked, reason: &str) {
    denied(asked);
    let decision = asked.decision();
    assert!(decision.reason.contains(reason), "{}", decision.reason);
    let last = decision.steps.last().unwrap();
    assert_eq!(
        (last.stage.label(), last.outcome.label()),
        ("credentials of the caller", "not allowed")
    );
}

#[test]
fn only_users_and_roles_assume_roles() {
    let take = |caller: &str| free(caller, "STS:assumeRole", ROLE);
    allowed(&take(USER));
    allowed(&take(SESSION));
    refused(&take(ROOT), "a root user can't call sts:AssumeRole");
    refused(&take("123456789012"), "a root user can't");
    refused(&take(FEDERATED), "can call only sts:GetCallerIdentity");
    for (kind, name) in
        [(PrincipalType::Everyone, "*"), (PrincipalType::Federated, "accounts.google.com")]
    {
        refused(&take(USER).by(kind, name), "has no AWS credentials");
    }
    allowed(&take(USER).by(PrincipalType::Service, "lambda.amazonaws.com"));
    // These requests aren't signed.
    for action in ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:TagSession"] {
        let name = "accounts.google.com";
        allowed(&free(USER, action, ROLE).by(PrincipalType::Federated, name));
    }
    allowed(&free(USER, "sts:AssumeRoleWithWebIdentity", ROLE).by(PrincipalType::Everyone, "*"));
    // A Deny is what stops it first.
    forbidden(&take(ROOT).at(&json!([{"Effect": "Deny", "Principal": "*", "Action": "*"}])));
}

#[test]
fn a_federated_user_calls_nothing_of_iam_and_of_sts_only_who_it_is() {
    refused(&free(FEDERATED, "iam:GetUser", USER), "no action of IAM");
    refused(&free(FEDERATED, "IAM:ListUsers", "*"), "no action of IAM");
    refused(&free(FEDERATED, "sts:DecodeAuthorizationMessage", "*"), "sts:GetCallerIdentity");
    allowed(&free(FEDERATED, "sts:GetCallerIdentity", "*"));
    allowed(&free(FEDERATED, "iam:PassRole", ROLE));
    allowed(&free(FEDERATED, "s3:GetObject", KEY));
    allowed(&free(USER, "iam:GetUser", USER));
}

#[test]
fn users_get_tokens_of_their_own_without_permission_and_roles_get_none() {
    let token = |caller: &str| asked(caller, "sts:GetSessionToken", "*");
    for caller in [USER, ROOT] {
        allowed(&token(caller));
        allowed(&token(caller).holding(&deny("*", "*")));
        allowed(&free(caller, "sts:GetFederationToken", "*"));
    }
    for caller in [ROLE, SESSION] {
        refused(&free(caller, "sts:GetSessionToken", "*"), "users and root users can");
        refused(&free(caller, "sts:GetFederationToken", "*"), "users and root users can");
    }
    denied(&asked(USER, "sts:GetFederationToken", "*"));
    denied(&token(USER).by(PrincipalType::Everyone, "*"));
    let steps = token(USER).decision().steps;
    let told: Vec<_> = steps.iter().map(|it| (it.stage.label(), it.outcome.label())).collect();
    assert_eq!(told, [("credentials of the caller", "allowed")]);
}

#[test]
fn what_has_no_policy_stays_closed_to_other_accounts() {
    let held = |caller: &str, action: &str, resource: &str| {
        asked(caller, action, resource).holding(&allow("*", "*"))
    };
    let group =
        "arn:aws:autoscaling:us-east-1:999999999999:autoScalingGroup:1:autoScalingGroupName/a";
    for (action, resource) in [
        ("iam:PassRole", FOREIGN_ROLE),
        ("iam:GetRole", FOREIGN_ROLE),
        ("IAM:DeleteUser", "arn:aws:iam::999999999999:user/eve"),
        ("autoscaling:DeleteAutoScalingGroup", group),
    ] {
        for caller in [USER, ROOT] {
            let asked = held(caller, action, resource);
            denied(&asked);
            let decision = asked.decision();
            assert!(
                decision.reason.contains("has no resource-based policies"),
                "{}",
                decision.reason
            );
            let step = &decision.steps[4];
            assert_eq!(
                (step.stage.label(), step.outcome),
                ("resource-based policy", StepOutcome::NotAllowed)
            );
        }
        // The caller's side comes first.
        let own = asked(USER, action, resource).decision().reason;
        assert!(own.starts_with("nothing allows"), "{own}");
        allowed(&held(USER, action, &resource.replace("999999999999", "123456789012")));
    }
    // Roles have trust policies, and of other services it isn't known.
    needs_resource_policy(&held(USER, "sts:AssumeRole", FOREIGN_ROLE));
    for resource in
        ["ec2:us-east-1:999999999999:subnet/s-1", "dynamodb:us-east-1:999999999999:table/t"]
    {
        let action = format!("{}:DescribeIt", resource.split(':').next().unwrap());
        needs_resource_policy(&held(USER, &action, &format!("arn:aws:{resource}")));
    }
}

#[test]
fn a_role_that_is_not_named_has_a_trust_policy_too() {
    let held = |action: &str| asked(USER, action, "*").holding(&allow("*", "*"));
    needs_resource_policy(&held("sts:AssumeRole"));
    needs_resource_policy(&held("kms:Decrypt"));
    allowed(&held("kms:ListKeys"));
    allowed(&held("sts:DecodeAuthorizationMessage"));
}
