//! GetAccountAuthorizationDetails, and the order of lists.

use relayctl::call::IamWrite;
use relayctl::call::iam::{RoleDetail, UserDetail};
use serde_json::json;
use std::collections::BTreeSet;

use super::world::{
    World, allow, attach_to_role, attach_to_user, create_role, create_user, full_role, lambda,
    policy_arn, policy_with, put_user_policy, tags, text, version, version_of, with_user,
};

#[test]
fn the_sweep_holds_users_roles_and_own_policies() {
    let world = with_user();
    world.iam(create_role("relay", lambda()));
    world.iam(attach_to_user("bob", "arn:aws:iam::aws:policy/ReadOnlyAccess"));
    let details = world.sweep();
    assert_eq!((details.users.len(), details.roles.len(), details.policies.len()), (1, 1, 1));
}

#[test]
fn the_sweep_has_all_of_a_user() {
    let world = with_user();
    world.iam(IamWrite::TagUser { user: text("bob"), tags: tags(&[("stage", "dev")]) });
    world
        .iam(IamWrite::PutUserPermissionsBoundary { user: text("bob"), arn: policy_arn("Reader") });
    world.iam(attach_to_user("bob", &policy_arn("Reader")));
    world.iam(put_user_policy("inline", allow("s3:ListBucket")));
    let inline = relayctl::call::iam::Inline {
        name: text("inline"),
        document: allow("s3:ListBucket").into(),
    };
    let expected = UserDetail {
        user: world.user("bob"),
        attached: vec![policy_arn("Reader")],
        inline: vec![inline],
        groups: Vec::new(),
    };
    assert_eq!(world.sweep().users, [expected]);
}

#[test]
fn the_sweep_has_a_role_without_description_and_session() {
    let world = with_user();
    world.iam(full_role());
    world.iam(attach_to_role("relay", &policy_arn("Reader")));
    let role = relayctl::call::iam::Role {
        description: String::new(),
        max_session_duration: 0,
        ..world.role("relay")
    };
    let expected = RoleDetail {
        role,
        attached: vec![policy_arn("Reader")],
        inline: Vec::new(),
        instance_profiles: Vec::new(),
    };
    assert_eq!(world.sweep().roles, [expected]);
}

#[test]
fn the_sweep_has_every_version_of_a_policy_but_not_its_tags() {
    let world = with_user();
    world.iam(IamWrite::TagPolicy { arn: policy_arn("Reader"), tags: tags(&[("stage", "dev")]) });
    world.iam(version("Reader", "s3:PutObject"));
    let detail = world.sweep().policies.remove(0);
    assert_eq!(
        (detail.policy.name.as_str(), detail.policy.default_version.as_str()),
        ("Reader", "v2")
    );
    assert!(detail.policy.tags.is_empty() && detail.policy.description.is_empty());
    let documents: BTreeSet<_> = detail
        .versions
        .into_iter()
        .map(|version| (version.id, version.document.unwrap().to_string()))
        .collect();
    let expected = [("v1", allow("s3:GetObject")), ("v2", allow("s3:PutObject"))];
    assert_eq!(documents, expected.map(|(id, document)| (text(id), document.to_string())).into());
}

#[test]
fn lists_come_back_in_another_order_at_the_next_read() {
    let world = with_user();
    world.iam(create_user("alice"));
    let names = || world.sweep().users.into_iter().map(|user| user.user.name).collect::<Vec<_>>();
    assert_ne!(names(), names());
    world.key("bob");
    world.key("bob");
    assert_ne!(world.keys("bob"), world.keys("bob"));
}

#[test]
fn the_lists_in_a_document_come_back_in_another_order() {
    let world = World::new();
    let mut document = allow("s3:GetObject");
    document["Statement"][0]["Action"] = json!(["s3:GetObject", "s3:PutObject"]);
    world.iam(policy_with("Reader", document));
    let read = || world.document(version_of("Reader", "v1"));
    let (one, next) = (read(), read());
    assert_ne!(one, next);
    assert!(relayctl::policy::equivalent(&one, &next));
}
