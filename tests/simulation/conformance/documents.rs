//! Policy documents: malformed ones, and their limits.

use relayctl::call::IamWrite;
use serde_json::json;

use super::world::{
    ACCOUNT, World, allow, create_role, create_user, lambda, large, policy_arn, policy_with,
    put_role_policy, put_user_policy, text, trust, version, with_role, with_user,
};

#[test]
fn a_policy_that_is_no_json_is_malformed() {
    let world = World::new();
    let failure =
        world.iam_refuses("MalformedPolicyDocument", policy_with("Reader", json!("{\"Version\"")));
    assert!(failure.message.starts_with("Syntax errors in policy."), "{failure}");
}

#[test]
fn an_unknown_effect_is_malformed() {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Maybe", "Action": "s3:GetObject", "Resource": "*"}],
    });
    World::new().iam_refuses("MalformedPolicyDocument", policy_with("Reader", document));
}

#[test]
fn a_statement_without_resource_is_malformed() {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]});
    let failure =
        World::new().iam_refuses("MalformedPolicyDocument", policy_with("Reader", document));
    assert_eq!(failure.message, "Policy statement must contain resources.");
}

#[test]
fn an_inline_policy_that_is_no_json_is_malformed() {
    let world = with_user();
    world.iam_refuses("MalformedPolicyDocument", put_user_policy("inline", json!("nonsense")));
    with_role()
        .iam_refuses("MalformedPolicyDocument", put_role_policy("inline", json!("nonsense")));
    assert!(world.sweep().users[0].inline.is_empty());
}

#[test]
fn a_malformed_version_is_refused_and_not_counted() {
    let world = with_user();
    let broken = IamWrite::CreatePolicyVersion {
        arn: policy_arn("Reader"),
        document: json!("nonsense").into(),
    };
    world.iam_refuses("MalformedPolicyDocument", broken);
    world.iam(version("Reader", "s3:PutObject"));
    assert_eq!(world.policy(&policy_arn("Reader")).default_version, "v2");
}

#[test]
fn a_trust_policy_that_is_no_json_is_malformed() {
    World::new().iam_refuses("MalformedPolicyDocument", create_role("relay", json!("nonsense")));
}

#[test]
fn a_trust_policy_with_a_resource_is_malformed() {
    let mut document = lambda();
    document["Statement"][0]["Resource"] = json!("*");
    let failure =
        World::new().iam_refuses("MalformedPolicyDocument", create_role("relay", document));
    assert_eq!(failure.message, "Has prohibited field Resource");
}

#[test]
fn a_malformed_trust_policy_does_not_replace_the_old_one() {
    let world = with_role();
    let broken = IamWrite::UpdateAssumeRolePolicy {
        role: text("relay"),
        trust: json!({"Statement": []}).into(),
    };
    world.iam_refuses("MalformedPolicyDocument", broken);
    assert_eq!(world.role("relay").trust, lambda().into());
}

#[test]
fn a_trust_policy_cannot_name_a_principal_that_does_not_exist() {
    let world = World::new();
    let nobody = format!("arn:aws:iam::{ACCOUNT}:user/nobody");
    let failure = world.iam_refuses(
        "MalformedPolicyDocument",
        create_role("relay", trust(&json!({"AWS": nobody.clone()}))),
    );
    assert_eq!(failure.message, format!("Invalid principal in policy: \"AWS\":\"{nobody}\""));
    for principal in [
        json!({"Service": "lambda"}),
        json!({"AWS": "AIDAAAAAAAAAAAAAAAAAA"}),
        json!({"AWS": "nobody"}),
    ] {
        world.iam_refuses("MalformedPolicyDocument", create_role("relay", trust(&principal)));
    }
    world.iam(create_user("nobody"));
    world.iam(create_role("relay", trust(&json!({"AWS": nobody}))));
}

#[test]
fn a_managed_policy_has_at_most_6144_characters() {
    let world = with_user();
    let failure = world.iam_refuses("LimitExceeded", policy_with("Large", large(6200)));
    assert_eq!(failure.message, "Cannot exceed quota for PolicySize: 6144");
    let grown =
        IamWrite::CreatePolicyVersion { arn: policy_arn("Reader"), document: large(6200).into() };
    world.iam_refuses("LimitExceeded", grown);
    world.iam(policy_with("Large", large(5500)));
}

#[test]
fn white_space_does_not_count_towards_the_limit() {
    let mut document = allow("s3:GetObject");
    document["Id"] = json!(" ".repeat(7000));
    World::new().iam(policy_with("Wide", document));
}

#[test]
fn a_users_inline_policies_share_2048_characters() {
    let world = with_user();
    world.iam(put_user_policy("one", large(1000)));
    let failure = world.iam_refuses("LimitExceeded", put_user_policy("two", large(1200)));
    assert_eq!(failure.message, "Maximum policy size of 2048 bytes exceeded for user bob");
    world.iam(put_user_policy("one", large(1200)));
    world.iam_refuses("LimitExceeded", put_user_policy("large", large(2400)));
}

#[test]
fn a_roles_inline_policies_share_10240_characters() {
    let world = with_role();
    world.iam(put_role_policy("one", large(6000)));
    let failure = world.iam_refuses("LimitExceeded", put_role_policy("two", large(6000)));
    assert_eq!(failure.message, "Maximum policy size of 10240 bytes exceeded for role relay");
}

#[test]
fn a_trust_policy_has_at_most_2048_characters() {
    let services: Vec<String> = (0..80).map(|n| format!("service-{n:010}.amazonaws.com")).collect();
    let wide = trust(&json!({"Service": services}));
    let failure = World::new().iam_refuses("LimitExceeded", create_role("relay", wide));
    assert_eq!(failure.message, "Cannot exceed quota for ACLSizePerRole: 2048");
}
