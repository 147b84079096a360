//! Managed policies and their versions.

use relayctl::call::iam::{PolicyUsage, PolicyVersion};
use relayctl::call::{IamRead, IamReply, IamWrite, Reply};
use relayctl::value::Tags;

use super::world::{
    ACCOUNT, World, allow, attach_to_user, create_role, create_user, delete_policy, delete_version,
    lambda, policy_arn, tags, text, version, version_of, with_user,
};

#[test]
fn a_policy_is_made_with_path_description_and_tags() {
    let world = World::new();
    let reply = world.iam(IamWrite::CreatePolicy {
        policy: text("Reader"),
        path: text("/team/"),
        description: Some(text("reads")),
        document: allow("s3:GetObject").into(),
        tags: tags(&[("stage", "dev")]),
    });
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/team/Reader");
    let Reply::Iam(IamReply::Policy(created)) = reply else { panic!("{reply:?}") };
    assert_eq!(created.arn, arn);
    assert_eq!(world.policy(&arn), created);
}

#[test]
fn a_policy_says_its_path_description_tags_and_default_version() {
    let world = World::new();
    world.iam(IamWrite::CreatePolicy {
        policy: text("Reader"),
        path: text("/team/"),
        description: Some(text("reads")),
        document: allow("s3:GetObject").into(),
        tags: tags(&[("stage", "dev")]),
    });
    let seen = world.policy(&format!("arn:aws:iam::{ACCOUNT}:policy/team/Reader"));
    assert_eq!(
        (seen.name.as_str(), seen.path.as_str(), seen.description.as_str()),
        ("Reader", "/team/", "reads")
    );
    assert_eq!((seen.default_version.as_str(), seen.tags), ("v1", tags(&[("stage", "dev")])));
}

#[test]
fn a_version_holds_its_document() {
    let world = with_user();
    assert_eq!(world.document(version_of("Reader", "v1")), allow("s3:GetObject").into());
    world.iam_lacks(version_of("Reader", "v2"));
}

#[test]
fn a_new_version_becomes_the_default() {
    let world = with_user();
    let reply = world.iam(version("Reader", "s3:PutObject"));
    let Reply::Iam(IamReply::PolicyVersion(created)) = reply else { panic!("{reply:?}") };
    assert_eq!((created.id.as_str(), created.is_default), ("v2", true));
    assert_eq!(world.policy(&policy_arn("Reader")).default_version, "v2");
    assert_eq!(world.document(version_of("Reader", "v2")), allow("s3:PutObject").into());
    assert_eq!(world.document(version_of("Reader", "v1")), allow("s3:GetObject").into());
}

#[test]
fn versions_are_listed_without_documents_and_one_is_the_default() {
    let world = with_user();
    world.iam(version("Reader", "s3:PutObject"));
    let listed = |id: &str, is_default| PolicyVersion { id: text(id), is_default, document: None };
    assert_eq!(world.versions("Reader"), [listed("v1", false), listed("v2", true)]);
}

#[test]
fn a_sixth_version_exceeds_the_limit() {
    let world = with_user();
    for action in ["s3:A", "s3:B", "s3:C", "s3:D"] {
        world.iam(version("Reader", action));
    }
    let failure = world.iam_refuses("LimitExceeded", version("Reader", "s3:E"));
    assert!(
        failure.message.starts_with("A managed policy can have up to 5 versions."),
        "{failure}"
    );
    assert_eq!(world.versions("Reader").len(), 5);
}

#[test]
fn a_version_that_is_not_the_default_can_be_deleted() {
    let world = with_user();
    world.iam(version("Reader", "s3:PutObject"));
    world.iam(delete_version("Reader", "v1"));
    world.iam_lacks(version_of("Reader", "v1"));
    world.iam_refuses("NoSuchEntity", delete_version("Reader", "v1"));
}

#[test]
fn version_ids_are_never_used_again() {
    let world = with_user();
    for action in ["s3:A", "s3:B", "s3:C", "s3:D"] {
        world.iam(version("Reader", action));
    }
    world.iam(delete_version("Reader", "v1"));
    world.iam(version("Reader", "s3:E"));
    let ids: Vec<String> = world.versions("Reader").into_iter().map(|version| version.id).collect();
    assert_eq!(ids, ["v2", "v3", "v4", "v5", "v6"]);
}

#[test]
fn the_default_version_cannot_be_deleted() {
    let world = with_user();
    let failure = world.iam_refuses("DeleteConflict", delete_version("Reader", "v1"));
    assert_eq!(failure.message, "Cannot delete the default version of a policy.");
}

#[test]
fn a_policy_with_more_than_one_version_cannot_be_deleted() {
    let world = with_user();
    world.iam(version("Reader", "s3:PutObject"));
    world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    world.iam(delete_version("Reader", "v1"));
    world.iam(delete_policy("Reader"));
    world.iam_lacks(IamRead::GetPolicy { arn: policy_arn("Reader") });
}

#[test]
fn policies_are_tagged_and_untagged_key_by_key() {
    let world = with_user();
    let arn = policy_arn("Reader");
    world.iam(IamWrite::TagPolicy { arn: arn.clone(), tags: tags(&[("a", "1"), ("b", "2")]) });
    world.iam(IamWrite::TagPolicy { arn: arn.clone(), tags: tags(&[("b", "3"), ("B", "4")]) });
    world.iam(IamWrite::UntagPolicy { arn: arn.clone(), keys: vec![text("a"), text("never")] });
    assert_eq!(world.policy(&arn).tags, tags(&[("B", "4"), ("b", "3")]));
}

#[test]
fn everybody_who_has_a_policy_or_is_bound_by_it_is_listed() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam(create_user("ada"));
    let arn = policy_arn("Reader");
    world.iam(attach_to_user("bob", &arn));
    world.iam(IamWrite::PutRolePermissionsBoundary { role: text("relay"), arn: arn.clone() });
    let IamReply::Entities(found) =
        world.see(IamRead::ListEntitiesForPolicy { arn, usage: PolicyUsage::Any })
    else {
        panic!()
    };
    assert_eq!(
        (found.users, found.roles, found.groups),
        (vec![text("bob")], vec![text("relay")], Vec::new())
    );
    let IamReply::Names(groups) = world.see(IamRead::ListGroupsForUser { user: text("bob") })
    else {
        panic!()
    };
    assert!(groups.is_empty(), "the sandbox has no groups");
}

#[test]
fn an_attached_policy_cannot_be_deleted() {
    let world = with_user();
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    let failure = world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    assert_eq!(failure.message, "Cannot delete a policy attached to entities.");
    world.iam(IamWrite::DetachUserPolicy { user: text("bob"), arn: policy_arn("Reader") });
    world.iam(delete_policy("Reader"));
}

#[test]
fn a_policy_used_as_a_boundary_cannot_be_deleted() {
    let world = with_user();
    world
        .iam(IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: policy_arn("Reader") });
    world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    world.iam(IamWrite::DeleteUserPermissionsBoundary { user: text("bob") });
    world.iam(delete_policy("Reader"));
}

#[test]
fn aws_own_policies_cannot_be_changed() {
    let arn = text("arn:aws:iam::aws:policy/ReadOnlyAccess");
    let world = World::new();
    world.iam_refuses("AccessDenied", IamWrite::DeletePolicy { arn: arn.clone() });
    world.iam_refuses(
        "AccessDenied",
        IamWrite::CreatePolicyVersion { arn, document: allow("s3:*").into() },
    );
}

#[test]
fn policy_names_are_unique_across_paths_and_ignoring_case() {
    let world = with_user();
    for (policy, path) in [("Reader", "/"), ("Reader", "/team/"), ("READER", "/")] {
        let (policy, path) = (text(policy), text(path));
        let document = allow("s3:GetObject");
        let again = IamWrite::CreatePolicy {
            policy,
            path,
            description: None,
            document: document.into(),
            tags: Tags::new(),
        };
        let failure = world.iam_refuses("EntityAlreadyExists", again);
        assert!(
            failure.message.ends_with("already exists. Duplicate names are not allowed."),
            "{failure}"
        );
    }
}
