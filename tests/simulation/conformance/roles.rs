//! Roles.

use relayctl::call::{IamRead, IamReply, IamWrite, Reply};
use relayctl::value::Tags;
use serde_json::json;
use std::collections::BTreeSet;

use super::world::{
    ACCOUNT, World, allow, attach_to_role, create_role, create_user, delete_policy, delete_role,
    delete_user, full_role, lambda, policy_arn, put_role_policy, tags, text, trust, with_role,
    with_user,
};

#[test]
fn a_role_is_made_with_all_that_it_can_have() {
    let world = with_user();
    let reply = world.iam(full_role());
    let Reply::Iam(IamReply::Role(created)) = reply else { panic!("{reply:?}") };
    assert_eq!(created.arn, format!("arn:aws:iam::{ACCOUNT}:role/team/relay"));
    assert_eq!(created.max_session_duration, 7200);
    assert_eq!(world.role("relay"), created);
}

#[test]
fn a_role_says_all_that_it_has() {
    let world = with_user();
    world.iam(full_role());
    let seen = world.role("relay");
    assert_eq!((seen.path.as_str(), seen.description.as_str()), ("/team/", "runs the relay"));
    assert_eq!((seen.trust, seen.boundary), (lambda().into(), Some(policy_arn("Reader"))));
    assert_eq!(seen.tags, tags(&[("stage", "dev")]));
}

#[test]
fn a_roles_trust_is_replaced() {
    let world = with_role();
    let other = trust(&json!({"Service": "ec2.amazonaws.com"}));
    world
        .iam(IamWrite::UpdateAssumeRolePolicy { role: text("relay"), trust: other.clone().into() });
    assert_eq!(world.role("relay").trust, other.into());
}

fn update_role(session: i64) -> IamWrite {
    IamWrite::UpdateRole {
        role: text("relay"),
        description: text("new"),
        max_session_duration: session,
    }
}

#[test]
fn a_roles_description_and_session_are_replaced() {
    let world = with_role();
    assert_eq!(world.role("relay").max_session_duration, 3600);
    world.iam(update_role(43200));
    let seen = world.role("relay");
    assert_eq!((seen.description.as_str(), seen.max_session_duration), ("new", 43200));
}

#[test]
fn a_session_lasts_from_one_hour_to_twelve() {
    let world = with_role();
    world.iam_refuses("ValidationError", update_role(3599));
    world.iam_refuses("ValidationError", update_role(43201));
}

#[test]
fn a_roles_boundary_is_put_and_deleted() {
    let world = with_role();
    world.iam(IamWrite::PutRolePermissionsBoundary {
        role: text("relay"),
        arn: policy_arn("Reader"),
    });
    assert_eq!(world.role("relay").boundary, Some(policy_arn("Reader")));
    world.iam_refuses("DeleteConflict", delete_policy("Reader"));
    world.iam(IamWrite::DeleteRolePermissionsBoundary { role: text("relay") });
    assert_eq!(world.role("relay").boundary, None);
}

#[test]
fn roles_are_tagged_and_untagged() {
    let world = with_role();
    world.iam(IamWrite::TagRole { role: text("relay"), tags: tags(&[("a", "1"), ("b", "2")]) });
    world.iam(IamWrite::UntagRole { role: text("relay"), keys: vec![text("a")] });
    assert_eq!(world.role("relay").tags, tags(&[("b", "2")]));
}

#[test]
fn a_role_with_policies_cannot_be_deleted() {
    let world = with_role();
    world.iam(put_role_policy("inline", allow("s3:ListBucket")));
    world.iam(attach_to_role("relay", &policy_arn("Reader")));
    let failure = world.iam_refuses("DeleteConflict", delete_role("relay"));
    assert_eq!(failure.message, "Cannot delete entity, must detach all policies first.");
    world.iam(IamWrite::DetachRolePolicy { role: text("relay"), arn: policy_arn("Reader") });
    let failure = world.iam_refuses("DeleteConflict", delete_role("relay"));
    assert_eq!(failure.message, "Cannot delete entity, must delete policies first.");
    world.iam(IamWrite::DeleteRolePolicy { role: text("relay"), policy: text("inline") });
    world.iam(delete_role("relay"));
}

#[test]
fn a_deleted_principal_leaves_its_id_in_the_trust_policy() {
    let world = with_user();
    let arn = world.user("bob").arn;
    let id = world.user("bob").id;
    world.iam(create_role("relay", trust(&json!({"AWS": [arn]}))));
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": arn})).into());
    world.iam(delete_user("bob"));
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": id})).into());
    world.iam(create_user("bob"));
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": id})).into());
}

#[test]
fn a_principal_that_is_moved_is_shown_by_its_new_arn() {
    let world = with_user();
    world.iam(create_role("relay", trust(&json!({"AWS": world.user("bob").arn}))));
    world.iam(IamWrite::UpdateUser { user: text("bob"), path: text("/moved/") });
    assert_eq!(world.role("relay").trust, trust(&json!({"AWS": world.user("bob").arn})).into());
}

#[test]
fn an_account_number_is_shown_as_its_root() {
    let world = World::new();
    world.iam(create_role("relay", trust(&json!({"AWS": "210987654321"}))));
    assert_eq!(
        world.role("relay").trust,
        trust(&json!({"AWS": "arn:aws:iam::210987654321:root"})).into()
    );
}

#[test]
fn roles_are_listed_with_description_and_session_but_without_tags_and_boundary() {
    let world = with_user();
    world.iam(full_role());
    let IamReply::Roles(roles) = world.see(IamRead::ListRoles) else { panic!("no roles") };
    let seen = world.role("relay");
    assert_eq!(roles, [relayctl::call::iam::Role { tags: Tags::new(), boundary: None, ..seen }]);
}

#[test]
fn a_paged_list_answers_with_all_of_its_pages() {
    let world = World::new();
    for n in 0..150 {
        world.iam(create_role(&format!("role{n}"), lambda()));
        world.iam(create_user(&format!("user{n}")));
    }
    let IamReply::Roles(roles) = world.see(IamRead::ListRoles) else { panic!("no roles") };
    let names: BTreeSet<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    assert_eq!((names.len(), world.sweep().users.len()), (150, 150));
}
