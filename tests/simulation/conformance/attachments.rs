//! Attachments and inline policies.

use relayctl::call::{IamRead, IamReply, IamWrite};

use super::world::{
    allow, attach_to_role, attach_to_user, create_policy, create_role, lambda, of_role, of_user,
    policy_arn, put_role_policy, put_user_policy, text, with_role, with_user,
};

#[test]
fn a_policy_is_attached_to_a_user() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    assert_eq!(world.attached(of_user("bob")), [policy_arn("Reader")]);
}

#[test]
fn a_policy_is_attached_to_a_role() {
    let world = with_role();
    world.iam(attach_to_role("relay", &policy_arn("Reader")));
    assert_eq!(world.attached(of_role("relay")), [policy_arn("Reader")]);
}

#[test]
fn attaching_twice_changes_nothing() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    assert_eq!(world.attached(of_user("bob")), [policy_arn("Reader")]);
    world.iam(IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") });
    assert!(world.attached(of_user("bob")).is_empty());
}

#[test]
fn a_missing_policy_cannot_be_attached() {
    let arn = policy_arn("Missing");
    let failure = with_user().iam_refuses("NoSuchEntity", attach_to_user("bob", &arn));
    assert_eq!(failure.message, format!("Policy {arn} does not exist or is not attachable."));
    with_role().iam_refuses("NoSuchEntity", attach_to_role("relay", &arn));
    with_user().iam_refuses("InvalidInput", attach_to_user("bob", "Reader"));
}

#[test]
fn aws_own_policies_can_be_attached_seen_and_detached() {
    let world = with_role();
    let arns = [
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    ];
    for arn in arns {
        world.iam(attach_to_role("relay", arn));
        assert_eq!(world.policy(arn).arn, arn);
        assert_eq!(world.attached(of_role("relay")), [arn]);
        world.iam(IamWrite::DetachRolePolicy { role: text("relay"), arn: text(arn) });
    }
    let wrong_path = "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole";
    world.iam_refuses("NoSuchEntity", attach_to_role("relay", wrong_path));
}

#[test]
fn what_is_not_attached_cannot_be_detached() {
    let world = with_user();
    let detach = IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") };
    let failure = world.iam_refuses("NoSuchEntity", detach);
    assert_eq!(failure.message, format!("Policy {} was not found.", policy_arn("Reader")));
    let detach = IamWrite::DetachRolePolicy { role: text("relay"), arn: policy_arn("Reader") };
    with_role().iam_refuses("NoSuchEntity", detach);
}

#[test]
fn an_eleventh_attached_policy_exceeds_the_limit() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    for n in 0..11 {
        world.iam(create_policy(&format!("Policy{n}")));
    }
    for n in 0..10 {
        world.iam(attach_to_user("bob", &policy_arn(&format!("Policy{n}"))));
        world.iam(attach_to_role("relay", &policy_arn(&format!("Policy{n}"))));
    }
    let failure =
        world.iam_refuses("LimitExceeded", attach_to_user("bob", &policy_arn("Policy10")));
    assert_eq!(failure.message, "Cannot exceed quota for PoliciesPerUser: 10");
    let failure =
        world.iam_refuses("LimitExceeded", attach_to_role("relay", &policy_arn("Policy10")));
    assert_eq!(failure.message, "Cannot exceed quota for PoliciesPerRole: 10");
    world.iam(attach_to_user("bob", &policy_arn("Policy3")));
}

#[test]
fn a_users_inline_policy_is_put_replaced_listed_and_read() {
    let world = with_user();
    world.iam(put_user_policy("inline", allow("s3:GetObject")));
    world.iam(put_user_policy("inline", allow("s3:PutObject")));
    let read = IamRead::GetUserPolicy { user: text("bob"), policy: text("inline") };
    assert_eq!(world.document(read), allow("s3:PutObject").into());
    let IamReply::Names(names) = world.see(IamRead::ListUserPolicies { user: text("bob") }) else {
        panic!("no names")
    };
    assert_eq!(names, ["inline"]);
}

#[test]
fn a_roles_inline_policy_is_put_listed_and_read() {
    let world = with_role();
    world.iam(put_role_policy("inline", allow("s3:GetObject")));
    let read = IamRead::GetRolePolicy { role: text("relay"), policy: text("inline") };
    assert_eq!(world.document(read), allow("s3:GetObject").into());
    let IamReply::Names(names) = world.see(IamRead::ListRolePolicies { role: text("relay") })
    else {
        panic!("no names")
    };
    assert_eq!(names, ["inline"]);
}
