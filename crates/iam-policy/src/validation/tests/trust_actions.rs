//! The actions of trust policies.

use super::*;

fn by(element: &str, action: &str) -> Value {
    trust(&json!({"Effect": "Allow", element: action, "Principal": {"AWS": "123456789012"}}))
}

#[test]
fn a_trust_policy_has_the_actions_that_begin_a_session() {
    for action in [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "STS:assumerolewithwebidentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
        "sts:AssumeRole*",
        "sts:Set*",
        "sts:?agSession",
        "sts:*",
    ] {
        assert_eq!(found(&by("Action", action), Usage::Trust), [], "{action}");
    }
    for action in [
        "*",
        "*:*",
        "sts",
        "sts:",
        "sts:AssumeRoot",
        "sts:GetCallerIdentity",
        "sts:Get*",
        "sts:DecodeAuthorizationMessage",
        "sts:AssumeRol",
        "st*:AssumeRole",
        "iam:PassRole",
    ] {
        for element in ["Action", "NotAction"] {
            let message = "AssumeRole policy may only specify STS AssumeRole actions.";
            let document = by(element, action);
            only(&document, Usage::Trust, &format!("/Statement/{element}"), message);
        }
    }
}

#[test]
fn a_slip_in_an_action_is_mended_and_another_action_is_not() {
    let help = |action: &str| validate(&by("Action", action), Usage::Trust).remove(0).help.unwrap();
    let meant = "did you mean `sts:AssumeRoleWithWebIdentity`?";
    assert_eq!(help("sts:AssumeRoleWithWebIdendity"), meant);
    for action in ["sts:GetCallerIdentity", "*", "s3:GetObject"] {
        let listed = "the actions of a trust policy are sts:AssumeRole, sts:AssumeRoleWithSAML, ";
        assert!(help(action).starts_with(listed), "{action}");
    }
}
