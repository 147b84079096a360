//! Users.

use relayctl::call::{IamRead, IamReply, IamWrite, Reply};
use relayctl::value::Tags;

use super::world::{
    ACCOUNT, World, allow, attach_to_user, bounded_user, create_policy, create_role, create_user,
    delete_role, delete_user, lambda, of_role, of_user, policy_arn, put_user_policy, tags, text,
    with_user,
};

#[test]
fn a_user_is_made_with_path_boundary_and_tags() {
    let world = with_user();
    let reply = world.iam(IamWrite::CreateUser {
        user: text("alice"),
        path: text("/team/"),
        boundary: Some(policy_arn("Reader")),
        tags: tags(&[("stage", "dev")]),
    });
    let Reply::Iam(IamReply::User(created)) = reply else { panic!("{reply:?}") };
    assert_eq!(created.arn, format!("arn:aws:iam::{ACCOUNT}:user/team/alice"));
    assert_eq!(created.boundary, Some(policy_arn("Reader")));
    assert_eq!(world.user("alice"), created);
}

#[test]
fn a_user_says_its_path_boundary_and_tags() {
    let world = with_user();
    world.iam(IamWrite::CreateUser {
        user: text("alice"),
        path: text("/team/"),
        boundary: Some(policy_arn("Reader")),
        tags: tags(&[("stage", "dev")]),
    });
    let seen = world.user("alice");
    assert_eq!((seen.name.as_str(), seen.path.as_str()), ("alice", "/team/"));
    assert_eq!((seen.boundary, seen.tags), (Some(policy_arn("Reader")), tags(&[("stage", "dev")])));
}

#[test]
fn users_are_tagged_and_untagged_ignoring_the_keys_case() {
    let world = with_user();
    let tag = |pairs| IamWrite::TagUser { user: text("bob"), tags: tags(pairs) };
    world.iam(tag(&[("stage", "dev"), ("team", "a")]));
    world.iam(tag(&[("Stage", "prod")]));
    world.iam(IamWrite::UntagUser { user: text("bob"), keys: vec![text("TEAM"), text("never")] });
    assert_eq!(world.user("bob").tags, tags(&[("Stage", "prod")]));
    world.iam_refuses("InvalidInput", tag(&[("aws:reserved", "1")]));
    world.iam_refuses("InvalidInput", tag(&[("one", "1"), ("ONE", "2")]));
}

#[test]
fn at_most_fifty_tags() {
    let world = with_user();
    let many: Tags = (0..51).map(|n| (format!("key{n}"), String::new())).collect();
    world.iam_refuses("LimitExceeded", IamWrite::TagUser { user: text("bob"), tags: many.clone() });
    world.iam_refuses(
        "LimitExceeded",
        IamWrite::TagPolicy { arn: policy_arn("Reader"), tags: many },
    );
    assert!(world.user("bob").tags.is_empty());
}

#[test]
fn user_names_are_unique_ignoring_case() {
    let world = with_user();
    let failure = world.iam_refuses("EntityAlreadyExists", create_user("Bob"));
    assert_eq!(failure.message, "User with name Bob already exists.");
}

#[test]
fn a_user_name_holds_only_what_iam_allows() {
    let world = World::new();
    let failure = world.iam_refuses("ValidationError", create_user("bob smith"));
    assert_eq!(
        failure.message,
        "The specified value for userName is invalid. It must contain only alphanumeric \
            characters and/or the following: +=,.@_-"
    );
    world.iam_refuses("ValidationError", create_user(""));
    world.iam_refuses("ValidationError", create_user(&"u".repeat(65)));
    world.iam(create_user(&"u".repeat(64)));
    world.iam(create_user("b+=,.@_-9"));
}

#[test]
fn a_path_begins_and_ends_with_a_slash() {
    let world = with_user();
    for path in ["team", "/team", "team/", "/te am/", ""] {
        let moved = IamWrite::UpdateUser { user: text("bob"), path: text(path) };
        world.iam_refuses("ValidationError", moved);
    }
}

#[test]
fn a_missing_boundary_policy_is_refused() {
    let world = with_user();
    let missing = policy_arn("Missing");
    let failure = world.iam_refuses("NoSuchEntity", bounded_user("alice", Some(missing.clone())));
    assert_eq!(
        failure.message,
        format!("Scope ARN: {missing} does not exist or is not attachable.")
    );
    world.iam_refuses(
        "NoSuchEntity",
        IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: missing },
    );
    world.iam_lacks(IamRead::GetUser { user: text("alice") });
}

#[test]
fn a_users_boundary_is_put_and_deleted() {
    let world = with_user();
    world
        .iam(IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: policy_arn("Reader") });
    assert_eq!(world.user("bob").boundary, Some(policy_arn("Reader")));
    world.iam(IamWrite::DeleteUserPermissionsBoundary { user: text("bob") });
    assert_eq!(world.user("bob").boundary, None);
}

#[test]
fn moving_a_user_changes_its_arn_and_keeps_what_hangs_on_it() {
    let world = with_user();
    let id = world.user("bob").id;
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(put_user_policy("inline", allow("s3:ListBucket")));
    world.iam(IamWrite::UpdateUser { user: text("bob"), path: text("/moved/") });
    let seen = world.user("bob");
    assert_eq!((seen.arn, seen.id), (format!("arn:aws:iam::{ACCOUNT}:user/moved/bob"), id));
    assert_eq!(world.attached(of_user("bob")), [policy_arn("Reader")]);
    assert_eq!(world.sweep().users[0].inline.len(), 1);
}

#[test]
fn a_user_with_keys_cannot_be_deleted() {
    let world = with_user();
    let (id, _) = world.key("bob");
    let failure = world.iam_refuses("DeleteConflict", delete_user("bob"));
    assert_eq!(failure.message, "Cannot delete entity, must delete access keys first.");
    world.iam(IamWrite::DeleteAccessKey { user: text("bob"), id });
    world.iam(delete_user("bob"));
}

#[test]
fn a_user_with_an_attached_policy_cannot_be_deleted() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    let failure = world.iam_refuses("DeleteConflict", delete_user("bob"));
    assert_eq!(failure.message, "Cannot delete entity, must detach all policies first.");
}

#[test]
fn a_user_with_an_inline_policy_cannot_be_deleted() {
    let world = with_user();
    world.iam(put_user_policy("inline", allow("s3:ListBucket")));
    let failure = world.iam_refuses("DeleteConflict", delete_user("bob"));
    assert_eq!(failure.message, "Cannot delete entity, must delete policies first.");
    world.iam(IamWrite::DeleteUserPolicy { user: text("bob"), policy: text("inline") });
    world.iam(delete_user("bob"));
}

#[test]
fn what_does_not_exist_is_said_in_iams_words() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    let missing = [
        (IamRead::GetUser { user: text("eve") }, "The user with name eve cannot be found."),
        (IamRead::ListAccessKeys { user: text("eve") }, "The user with name eve cannot be found."),
        (IamRead::GetRole { role: text("gone") }, "The role with name gone cannot be found."),
        (of_role("gone"), "The role with name gone cannot be found."),
        (
            IamRead::GetRolePolicy { role: text("relay"), policy: text("none") },
            "The role policy with name none cannot be found.",
        ),
        (
            IamRead::GetUserPolicy { user: text("bob"), policy: text("none") },
            "The user policy with name none cannot be found.",
        ),
    ];
    for (read, message) in missing {
        assert_eq!(world.iam_lacks(read).message, message);
    }
    let arn = policy_arn("Gone");
    assert_eq!(
        world.iam_lacks(IamRead::GetPolicy { arn: arn.clone() }).message,
        format!("Policy {arn} was not found.")
    );
    world.iam_refuses("NoSuchEntity", delete_user("eve"));
    world.iam_refuses("NoSuchEntity", delete_role("gone"));
    world.iam_refuses("NoSuchEntity", IamWrite::DeletePolicy { arn });
    world.iam_refuses(
        "NoSuchEntity",
        IamWrite::DeleteRolePolicy { role: text("relay"), policy: text("none") },
    );
}

#[test]
fn what_exists_cannot_be_made_again() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam_refuses("EntityAlreadyExists", create_user("bob"));
    world.iam_refuses("EntityAlreadyExists", create_policy("Reader"));
    for name in ["relay", "RELAY"] {
        let failure = world.iam_refuses("EntityAlreadyExists", create_role(name, lambda()));
        assert_eq!(failure.message, format!("Role with name {name} already exists."));
    }
}
