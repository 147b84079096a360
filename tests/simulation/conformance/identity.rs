//! The caller, ids, and a whole account that comes and goes.

use futures::executor::block_on;
use relayctl::call::{FailureKind, FileRead, IamWrite, Read, Reply};
use relayctl::port::Provider;
use relayctl::provider::sandbox::Sandbox;

use super::world::{
    ACCOUNT, World, allow, attach_to_user, create_role, create_user, delete_policy, delete_role,
    delete_user, delete_version, lambda, policy_arn, put_role_policy, text, version, with_user,
};

#[test]
fn the_caller_is_an_admin_of_the_account() {
    let cases = [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")];
    for (region, partition) in cases {
        let sandbox = Sandbox::in_memory(ACCOUNT, region);
        let reply = block_on(sandbox.read(&Read::CallerIdentity)).unwrap();
        let Reply::Caller(caller) = reply else { panic!("{reply:?}") };
        assert_eq!(caller.account, ACCOUNT);
        assert_eq!(caller.arn, format!("arn:{partition}:iam::{ACCOUNT}:user/sandbox-admin"));
        assert!(caller.user_id.starts_with("AIDA"));
    }
}

#[test]
fn unique_ids_say_what_they_are_of_and_are_never_used_again() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    let old = world.user("bob").id;
    let ids = [old.clone(), world.role("relay").id, world.policy(&policy_arn("Reader")).id];
    for (id, prefix) in ids.iter().zip(["AIDA", "AROA", "ANPA"]) {
        assert!(id.starts_with(prefix) && id.len() == 21, "{id}");
    }
    world.iam(delete_user("bob"));
    world.iam(create_user("bob"));
    assert_ne!(world.user("bob").id, old);
}

#[test]
fn two_accounts_give_different_ids() {
    assert_ne!(with_user().user("bob").id, with_user().user("bob").id);
}

#[test]
fn a_tear_down_in_the_right_order_leaves_nothing() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(put_role_policy("inline", allow("s3:ListBucket")));
    world.iam(version("Reader", "s3:PutObject"));
    let (id, _) = world.key("bob");
    world.iam(IamWrite::DeleteAccessKey { user: text("bob"), id });
    world.iam(IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") });
    world.iam(delete_user("bob"));
    world.iam(IamWrite::DeleteRolePolicy { role: text("relay"), policy: text("inline") });
    world.iam(delete_role("relay"));
    world.iam(delete_version("Reader", "v1"));
    world.iam(delete_policy("Reader"));
    let details = world.sweep();
    assert!(details.users.is_empty() && details.roles.is_empty() && details.policies.is_empty());
}

#[test]
fn local_files_are_not_simulated() {
    let read = Read::File(FileRead::Credentials { profile: text("serverless") });
    assert_eq!(block_on(World::new().0.read(&read)).unwrap_err().kind, FailureKind::Other);
}
