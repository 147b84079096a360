//! Everything that people hang on users, roles and policies.

use relayctl::call::iam::{Entities, PolicyUsage};
use relayctl::call::{IamRead, IamReply, IamWrite};
use relayctl::provider::sandbox::UnmanagedObject;
use relayctl::value::Tags;

use super::world::{
    ACCOUNT, World, allow, attach_to_role, attach_to_user, bounded_user, create_policy,
    create_role, create_user, delete_policy, delete_role, delete_user, lambda, policy_arn, text,
};

/// A user, a role and a policy, and everything that people hang on them.
fn laden() -> (World, [(UnmanagedObject, IamWrite); 8]) {
    let world = World::new();
    world.iam(create_user("bob"));
    world.iam(create_role("relay", lambda()));
    world.iam(create_policy("Deploy"));
    let (bob, id) = (|| text("bob"), text);
    let device = || format!("arn:aws:iam::{ACCOUNT}:mfa/phone");
    let things = [
        (
            UnmanagedObject::LoginProfile { user: bob() },
            IamWrite::DeleteLoginProfile { user: bob() },
        ),
        (
            UnmanagedObject::MfaDevice { user: bob(), serial: device() },
            IamWrite::DeactivateMFADevice { user: bob(), serial: device() },
        ),
        (
            UnmanagedObject::SshKey { user: bob(), id: id("APKA1") },
            IamWrite::DeleteSSHPublicKey { user: bob(), id: id("APKA1") },
        ),
        (
            UnmanagedObject::Certificate { user: bob(), id: id("C1") },
            IamWrite::DeleteSigningCertificate { user: bob(), id: id("C1") },
        ),
        (
            UnmanagedObject::ServiceCredential { user: bob(), id: id("ACCA1") },
            IamWrite::DeleteServiceSpecificCredential { user: bob(), id: id("ACCA1") },
        ),
        (
            UnmanagedObject::Member { group: id("staff"), user: bob() },
            IamWrite::RemoveUserFromGroup { user: bob(), group: id("staff") },
        ),
        (
            UnmanagedObject::InstanceProfile { profile: id("machines"), role: id("relay") },
            IamWrite::RemoveRoleFromInstanceProfile { role: id("relay"), profile: id("machines") },
        ),
        (
            UnmanagedObject::GroupPolicy { group: id("staff"), arn: policy_arn("Deploy") },
            IamWrite::DetachGroupPolicy { group: id("staff"), arn: policy_arn("Deploy") },
        ),
    ];
    (world, things)
}

#[test]
fn nothing_is_deleted_that_people_hung_something_on_until_that_is_gone() {
    for number in 0..8 {
        let (world, things) = laden();
        let (thing, removal) = &things[number];
        let delete = || match thing {
            UnmanagedObject::InstanceProfile { .. } => delete_role("relay"),
            UnmanagedObject::GroupPolicy { .. } => delete_policy("Deploy"),
            _ => delete_user("bob"),
        };
        world.0.add(thing).unwrap();
        world.iam_refuses("DeleteConflict", delete());
        world.iam(removal.clone());
        world.iam_refuses("NoSuchEntity", removal.clone());
        world.iam(delete());
    }
}

#[test]
fn what_people_hung_on_users_and_roles_is_listed() {
    let (world, things) = laden();
    let user = || text("bob");
    world.iam_lacks(IamRead::GetLoginProfile { user: user() });
    let lists = || {
        [
            IamRead::ListMFADevices { user: user() },
            IamRead::ListSSHPublicKeys { user: user() },
            IamRead::ListSigningCertificates { user: user() },
            IamRead::ListServiceSpecificCredentials { user: user() },
            IamRead::ListGroupsForUser { user: user() },
            IamRead::ListInstanceProfilesForRole { role: text("relay") },
        ]
    };
    let listed = || {
        lists().map(|read| match world.see(read) {
            IamReply::Names(names) => names.join(" "),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(listed(), [""; 6]);
    for (thing, _) in &things {
        world.0.add(thing).unwrap();
    }
    assert!(matches!(world.see(IamRead::GetLoginProfile { user: user() }), IamReply::LoginProfile));
    assert_eq!(
        listed(),
        ["arn:aws:iam::123456789012:mfa/phone", "APKA1", "C1", "ACCA1", "staff", "machines"]
    );
    for read in lists() {
        let nobody = match read {
            IamRead::ListMFADevices { .. } => IamRead::ListMFADevices { user: text("eve") },
            IamRead::ListGroupsForUser { .. } => IamRead::ListGroupsForUser { user: text("eve") },
            IamRead::ListInstanceProfilesForRole { .. } => {
                IamRead::ListInstanceProfilesForRole { role: text("eve") }
            }
            _ => continue,
        };
        world.iam_lacks(nobody);
    }
    let (_, deactivate) = &things[1];
    let virtual_device =
        || IamWrite::DeleteVirtualMFADevice { serial: format!("arn:aws:iam::{ACCOUNT}:mfa/phone") };
    world.iam_refuses("DeleteConflict", virtual_device());
    world.iam(deactivate.clone());
    world.iam(virtual_device());
}

#[test]
fn what_uses_a_policy_is_told_by_kind_and_by_use() {
    let (world, _) = laden();
    world.iam(attach_to_user("bob", &policy_arn("Deploy")));
    world.iam(attach_to_role("relay", &policy_arn("Deploy")));
    world.iam(bounded_user("guest", Some(policy_arn("Deploy"))));
    world
        .0
        .add(&UnmanagedObject::GroupPolicy { group: text("staff"), arn: policy_arn("Deploy") })
        .unwrap();
    let uses = |usage| match world
        .see(IamRead::ListEntitiesForPolicy { arn: policy_arn("Deploy"), usage })
    {
        IamReply::Entities(entities) => entities,
        other => panic!("{other:?}"),
    };
    let one = |name: &str| vec![text(name)];
    assert_eq!(
        uses(PolicyUsage::PermissionsPolicy),
        Entities { users: one("bob"), roles: one("relay"), groups: one("staff") }
    );
    assert_eq!(
        uses(PolicyUsage::PermissionsBoundary),
        Entities { users: one("guest"), ..Entities::default() }
    );
}

#[test]
fn a_group_goes_only_when_nobody_is_in_it_and_nothing_hangs_on_it() {
    let (world, _) = laden();
    let (staff, bob, arn) = (|| text("staff"), || text("bob"), || policy_arn("Deploy"));
    let delete = || IamWrite::DeleteGroup { group: staff() };
    let create = |name: &str| IamWrite::CreateGroup { group: text(name), path: text("/team/") };
    world.iam_refuses("NoSuchEntity", delete());
    world.iam(create("staff"));
    world.iam_refuses("EntityAlreadyExists", create("Staff"));
    for (add, remove) in [
        (
            IamWrite::AddUserToGroup { user: bob(), group: staff() },
            IamWrite::RemoveUserFromGroup { user: bob(), group: staff() },
        ),
        (
            IamWrite::AttachGroupPolicy { group: staff(), arn: arn() },
            IamWrite::DetachGroupPolicy { group: staff(), arn: arn() },
        ),
        (
            IamWrite::PutGroupPolicy {
                group: staff(),
                policy: text("own"),
                document: allow("s3:*").into(),
            },
            IamWrite::DeleteGroupPolicy { group: staff(), policy: text("own") },
        ),
    ] {
        world.iam(add.clone());
        // Twice is as good as once.
        world.iam(add);
        world.iam_refuses("DeleteConflict", delete());
        world.iam(remove.clone());
        world.iam_refuses("NoSuchEntity", remove);
    }
    world.iam(IamWrite::UpdateGroup { group: staff(), path: text("/other/") });
    let IamReply::Members { group, users } = world.see(IamRead::GetGroup { group: staff() }) else {
        panic!()
    };
    assert_eq!(group.arn, format!("arn:aws:iam::{ACCOUNT}:group/other/staff"));
    assert!(users.is_empty(), "{users:?}");
    world.iam(delete());
    world.iam_lacks(IamRead::GetGroup { group: staff() });
}

/// IAM's rules for instance profiles: the IAM API Reference, and the quotas in its user guide.
#[test]
fn an_instance_profile_takes_one_role_and_is_deleted_without_one() {
    let world = World::new();
    world.iam(create_role("relay", lambda()));
    world.iam(create_role("spare", lambda()));
    let create = |name: &str, path: &str| IamWrite::CreateInstanceProfile {
        profile: text(name),
        path: text(path),
        tags: [(text("Team"), text("a"))].into(),
    };
    let add = |name: &str, role: &str| IamWrite::AddRoleToInstanceProfile {
        profile: text(name),
        role: text(role),
    };
    let delete = || IamWrite::DeleteInstanceProfile { profile: text("machines") };
    world.iam(create("machines", "/app/"));
    // Names are unique regardless of case and path.
    world.iam_refuses("EntityAlreadyExists", create("Machines", "/"));
    world.iam_refuses("ValidationError", create("a b", "/"));
    world.iam_refuses("ValidationError", create("other", "app"));
    world.iam_refuses("NoSuchEntity", add("machines", "nobody"));
    world.iam_refuses("NoSuchEntity", add("nothing", "relay"));
    world.iam(add("machines", "relay"));
    for role in ["relay", "spare"] {
        world.iam_refuses("LimitExceeded", add("machines", role));
    }
    world.iam_refuses("DeleteConflict", delete());
    world.iam_refuses("DeleteConflict", delete_role("relay"));
    // Keys of tags that differ in case are two keys here: users and roles ignore it.
    let tags = [(text("team"), text("b"))].into();
    world.iam(IamWrite::TagInstanceProfile { profile: text("machines"), tags });
    let read = IamRead::GetInstanceProfile { profile: text("machines") };
    let IamReply::InstanceProfile(found) = world.see(read) else { panic!("a profile") };
    assert!(found.id.starts_with("AIPA"), "{}", found.id);
    assert_eq!(found.arn, format!("arn:aws:iam::{ACCOUNT}:instance-profile/app/machines"));
    assert_eq!((found.role.as_deref(), found.tags.len()), (Some("relay"), 2));
    let remove = |role: &str| IamWrite::RemoveRoleFromInstanceProfile {
        role: text(role),
        profile: text("machines"),
    };
    world.iam_refuses("NoSuchEntity", remove("spare"));
    world.iam(remove("relay"));
    world.iam(delete());
    world.iam_refuses("NoSuchEntity", delete());
}

/// IAM's rules for OIDC providers: "CreateOpenIDConnectProvider" and the pages around it in the IAM
/// API Reference.
#[test]
fn an_oidc_provider_takes_each_client_id_once_and_always_has_a_thumbprint() {
    let world = World::new();
    let arn = || format!("arn:aws:iam::{ACCOUNT}:oidc-provider/login.acme.example/a");
    let create = |provider: &str, thumbprints: &[&str]| IamWrite::CreateOpenIDConnectProvider {
        provider: text(provider),
        client_ids: vec![text("web")],
        thumbprints: thumbprints.iter().map(|it| text(it)).collect(),
        tags: Tags::new(),
    };
    world.iam(create("login.acme.example/a", &[]));
    world.iam_refuses("EntityAlreadyExists", create("login.acme.example/a", &[]));
    world.iam_refuses("InvalidInput", create("login.acme.example:8443", &[]));
    world.iam_refuses("InvalidInput", create("login.acme.example/?b", &[]));
    world.iam_refuses("InvalidInput", create("other.acme.example", &["abc"]));
    let seen = || {
        let read = IamRead::GetOpenIDConnectProvider { arn: arn() };
        let IamReply::OidcProvider(found) = world.see(read) else { panic!("a provider") };
        found
    };
    // IAM finds the thumbprint itself.
    assert_eq!(seen().thumbprints.len(), 1);
    let set = |thumbprints: Vec<String>| IamWrite::UpdateOpenIDConnectProviderThumbprint {
        arn: arn(),
        thumbprints,
    };
    world.iam_refuses("InvalidInput", set(Vec::new()));
    world.iam(set(vec!["AB".repeat(20)]));
    assert_eq!(seen().thumbprints, ["ab".repeat(20)]);
    let id = |id: &str| (arn(), text(id));
    let add = |(arn, client_id)| IamWrite::AddClientIDToOpenIDConnectProvider { arn, client_id };
    let remove =
        |(arn, client_id)| IamWrite::RemoveClientIDFromOpenIDConnectProvider { arn, client_id };
    world.iam(add(id("web")));
    world.iam(remove(id("nobody")));
    for number in 1..100 {
        world.iam(add(id(&number.to_string())));
    }
    world.iam_refuses("LimitExceeded", add(id("one too many")));
    world.iam(remove(id("7")));
    assert_eq!(seen().client_ids.len(), 99);
    world.iam(IamWrite::DeleteOpenIDConnectProvider { arn: arn() });
    world.iam_refuses("NoSuchEntity", IamWrite::DeleteOpenIDConnectProvider { arn: arn() });
}
