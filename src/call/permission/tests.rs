//! The permissions of all calls, compared with the Service Authorization Reference.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;
use crate::call::iam::PolicyUsage;
use crate::call::s3::{BucketEncryption, PublicAccessBlock};
use crate::call::{FileWrite, IamRead, IamWrite, S3Read, S3Write};
use crate::policy::catalogue::{self, ResourceUse};

const MFA: &str = "arn:aws:iam::123456789012:mfa/ada";
const OIDC: &str = "arn:aws:iam::123456789012:oidc-provider/login.acme.example";
const POLICY: &str = "arn:aws:iam::123456789012:policy/team/deploy";

fn places() -> ObjectPaths {
    ObjectPaths {
        partition: "aws".into(),
        account: "123456789012".into(),
        paths: [
            (KindName::USER, "ada"),
            (KindName::ROLE, "runner"),
            (KindName::GROUP, "staff"),
            (KindName::InstanceProfile, "machines"),
        ]
        .map(|(kind, name)| (Address::new(kind, name), "/team/".to_owned()))
        .into(),
    }
}

fn tags() -> Tags {
    Tags::from([
        ("relayctl:manifest".to_owned(), "dev".to_owned()),
        ("stage".to_owned(), "dev".to_owned()),
    ])
}

fn iam_reads() -> Vec<IamRead> {
    let (user, role, arn) = (|| "ada".to_owned(), || "runner".to_owned(), || POLICY.to_owned());
    let (group, policy) = (|| "staff".to_owned(), || "inline".to_owned());
    vec![
        IamRead::GetAccountAuthorizationDetails { filter: BTreeSet::new(), marker: None },
        IamRead::GetAccountSummary,
        IamRead::ListRoles,
        IamRead::GetUser { user: user() },
        IamRead::ListAttachedUserPolicies { user: user() },
        IamRead::ListUserPolicies { user: user() },
        IamRead::GetUserPolicy { user: user(), policy: policy() },
        IamRead::ListAccessKeys { user: user() },
        IamRead::GetAccessKeyLastUsed { user: user(), id: "AKIA".into() },
        IamRead::ListGroupsForUser { user: user() },
        IamRead::GetGroup { group: group() },
        IamRead::ListAttachedGroupPolicies { group: group() },
        IamRead::ListGroupPolicies { group: group() },
        IamRead::GetGroupPolicy { group: group(), policy: policy() },
        IamRead::GetRole { role: role() },
        IamRead::ListAttachedRolePolicies { role: role() },
        IamRead::ListRolePolicies { role: role() },
        IamRead::GetRolePolicy { role: role(), policy: policy() },
        IamRead::GetPolicy { arn: arn() },
        IamRead::GetPolicyVersion { arn: arn(), version: "v1".into() },
        IamRead::ListPolicyVersions { arn: arn() },
        IamRead::GetLoginProfile { user: user() },
        IamRead::ListMFADevices { user: user() },
        IamRead::ListSSHPublicKeys { user: user() },
        IamRead::ListSigningCertificates { user: user() },
        IamRead::ListServiceSpecificCredentials { user: user() },
        IamRead::ListInstanceProfilesForRole { role: role() },
        IamRead::GetInstanceProfile { profile: "machines".into() },
        IamRead::ListInstanceProfiles,
        IamRead::GetOpenIDConnectProvider { arn: OIDC.into() },
        IamRead::ListOpenIDConnectProviders,
        IamRead::ListEntitiesForPolicy { arn: arn(), usage: PolicyUsage::PermissionsPolicy },
        IamRead::ListEntitiesForPolicy { arn: arn(), usage: PolicyUsage::PermissionsBoundary },
        IamRead::ListEntitiesForPolicy { arn: arn(), usage: PolicyUsage::Any },
    ]
}

fn user_writes() -> Vec<IamWrite> {
    let (user, arn, policy) = (|| "ada".to_owned(), || POLICY.to_owned(), || "inline".to_owned());
    vec![
        IamWrite::CreateUser {
            user: user(),
            path: "/team/".into(),
            boundary: Some(arn()),
            tags: tags(),
        },
        IamWrite::UpdateUser { user: user(), path: "/other/".into() },
        IamWrite::RenameUser { user: user(), path: "/team/".into(), name: "eve".into() },
        IamWrite::DeleteUser { user: user() },
        IamWrite::TagUser { user: user(), tags: tags() },
        IamWrite::UntagUser { user: user(), keys: vec!["old".into()] },
        IamWrite::PutUserPermissionsBoundary { user: user(), arn: arn() },
        IamWrite::DeleteUserPermissionsBoundary { user: user() },
        IamWrite::AttachUserPolicy { user: user(), arn: arn() },
        IamWrite::DetachUserPolicy { user: user(), arn: arn() },
        IamWrite::PutUserPolicy { user: user(), policy: policy(), document: json!({}).into() },
        IamWrite::DeleteUserPolicy { user: user(), policy: policy() },
        IamWrite::CreateAccessKey { user: user() },
        IamWrite::DeleteAccessKey { user: user(), id: "AKIA".into() },
        IamWrite::UpdateAccessKey { user: user(), id: "AKIA".into(), active: false },
        IamWrite::DeleteLoginProfile { user: user() },
        IamWrite::DeactivateMFADevice { user: user(), serial: MFA.into() },
        IamWrite::DeleteVirtualMFADevice { serial: MFA.into() },
        IamWrite::DeleteSSHPublicKey { user: user(), id: "APKA".into() },
        IamWrite::DeleteSigningCertificate { user: user(), id: "CERT".into() },
        IamWrite::DeleteServiceSpecificCredential { user: user(), id: "ACCA".into() },
    ]
}

fn group_writes() -> Vec<IamWrite> {
    let (group, arn, policy) =
        (|| "staff".to_owned(), || POLICY.to_owned(), || "inline".to_owned());
    vec![
        IamWrite::CreateGroup { group: group(), path: "/team/".into() },
        IamWrite::UpdateGroup { group: group(), path: "/other/".into() },
        IamWrite::RenameGroup { group: group(), path: "/team/".into(), name: "crew".into() },
        IamWrite::DeleteGroup { group: group() },
        IamWrite::AddUserToGroup { user: "ada".into(), group: group() },
        IamWrite::RemoveUserFromGroup { user: "ada".into(), group: group() },
        IamWrite::AttachGroupPolicy { group: group(), arn: arn() },
        IamWrite::DetachGroupPolicy { group: group(), arn: arn() },
        IamWrite::PutGroupPolicy { group: group(), policy: policy(), document: json!({}).into() },
        IamWrite::DeleteGroupPolicy { group: group(), policy: policy() },
    ]
}

fn role_writes() -> Vec<IamWrite> {
    let (role, arn, policy) =
        (|| "runner".to_owned(), || POLICY.to_owned(), || "inline".to_owned());
    vec![
        IamWrite::CreateRole {
            role: role(),
            path: "/team/".into(),
            description: None,
            max_session_duration: None,
            trust: json!({}).into(),
            boundary: Some(arn()),
            tags: tags(),
        },
        IamWrite::UpdateRole {
            role: role(),
            description: String::new(),
            max_session_duration: 3600,
        },
        IamWrite::UpdateAssumeRolePolicy { role: role(), trust: json!({}).into() },
        IamWrite::DeleteRole { role: role() },
        IamWrite::TagRole { role: role(), tags: tags() },
        IamWrite::UntagRole { role: role(), keys: vec!["old".into()] },
        IamWrite::PutRolePermissionsBoundary { role: role(), arn: arn() },
        IamWrite::DeleteRolePermissionsBoundary { role: role() },
        IamWrite::AttachRolePolicy { role: role(), arn: arn() },
        IamWrite::DetachRolePolicy { role: role(), arn: arn() },
        IamWrite::PutRolePolicy { role: role(), policy: policy(), document: json!({}).into() },
        IamWrite::DeleteRolePolicy { role: role(), policy: policy() },
    ]
}

fn profile_writes() -> Vec<IamWrite> {
    let (profile, role) = (|| "machines".to_owned(), || "runner".to_owned());
    vec![
        IamWrite::CreateInstanceProfile { profile: profile(), path: "/team/".into(), tags: tags() },
        IamWrite::TagInstanceProfile { profile: profile(), tags: tags() },
        IamWrite::UntagInstanceProfile { profile: profile(), keys: vec!["old".into()] },
        IamWrite::DeleteInstanceProfile { profile: profile() },
        IamWrite::AddRoleToInstanceProfile { profile: profile(), role: role() },
        IamWrite::RemoveRoleFromInstanceProfile { role: role(), profile: profile() },
    ]
}

fn provider_writes() -> Vec<IamWrite> {
    let (arn, client_id) = (|| OIDC.to_owned(), || "web".to_owned());
    vec![
        IamWrite::CreateOpenIDConnectProvider {
            provider: "login.acme.example".into(),
            client_ids: vec![client_id()],
            thumbprints: Vec::new(),
            tags: tags(),
        },
        IamWrite::AddClientIDToOpenIDConnectProvider { arn: arn(), client_id: client_id() },
        IamWrite::RemoveClientIDFromOpenIDConnectProvider { arn: arn(), client_id: client_id() },
        IamWrite::UpdateOpenIDConnectProviderThumbprint { arn: arn(), thumbprints: Vec::new() },
        IamWrite::TagOpenIDConnectProvider { arn: arn(), tags: tags() },
        IamWrite::UntagOpenIDConnectProvider { arn: arn(), keys: vec!["old".into()] },
        IamWrite::DeleteOpenIDConnectProvider { arn: arn() },
    ]
}

fn policy_writes() -> Vec<IamWrite> {
    let arn = || POLICY.to_owned();
    vec![
        IamWrite::CreatePolicy {
            policy: "deploy".into(),
            path: "/team/".into(),
            description: None,
            document: json!({}).into(),
            tags: tags(),
        },
        IamWrite::CreatePolicyVersion { arn: arn(), document: json!({}).into() },
        IamWrite::DeletePolicyVersion { arn: arn(), version: "v1".into() },
        IamWrite::DeletePolicy { arn: arn() },
        IamWrite::TagPolicy { arn: arn(), tags: tags() },
        IamWrite::UntagPolicy { arn: arn(), keys: vec!["old".into()] },
    ]
}

fn bucket() -> BucketRef {
    BucketRef { name: "relay".into(), region: "eu-west-1".into() }
}

fn s3_reads() -> Vec<S3Read> {
    vec![
        S3Read::HeadBucket(bucket()),
        S3Read::GetBucketTagging(bucket()),
        S3Read::GetBucketVersioning(bucket()),
        S3Read::GetBucketEncryption(bucket()),
        S3Read::GetPublicAccessBlock(bucket()),
        S3Read::GetBucketOwnershipControls(bucket()),
        S3Read::GetBucketPolicy(bucket()),
        S3Read::GetBucketLifecycle(bucket()),
        S3Read::ListObjectVersions(bucket()),
        S3Read::ListBuckets { region: "eu-west-1".into() },
    ]
}

fn s3_writes() -> Vec<S3Write> {
    let ownership = || "BucketOwnerEnforced".to_owned();
    let block = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
    let encryption =
        BucketEncryption { algorithm: "AES256".into(), kms_key: None, bucket_key: false };
    vec![
        S3Write::CreateBucket { bucket: bucket(), ownership: ownership() },
        S3Write::DeleteBucket(bucket()),
        S3Write::EmptyBucket(bucket()),
        S3Write::PutBucketTagging { bucket: bucket(), tags: tags() },
        S3Write::PutBucketVersioning { bucket: bucket(), status: "Enabled".into() },
        S3Write::PutBucketEncryption { bucket: bucket(), encryption },
        S3Write::PutPublicAccessBlock { bucket: bucket(), block },
        S3Write::PutBucketOwnershipControls { bucket: bucket(), ownership: ownership() },
        S3Write::PutBucketPolicy { bucket: bucket(), document: json!({}).into() },
        S3Write::DeleteBucketPolicy(bucket()),
        S3Write::PutBucketLifecycle { bucket: bucket(), rules: Vec::new() },
        S3Write::DeleteBucketLifecycle(bucket()),
    ]
}

fn iam_writes() -> Vec<IamWrite> {
    [
        user_writes(),
        role_writes(),
        group_writes(),
        policy_writes(),
        profile_writes(),
        provider_writes(),
    ]
    .concat()
}

fn reads() -> Vec<Read> {
    iam_reads().into_iter().map(Read::Iam).chain(s3_reads().into_iter().map(Read::S3)).collect()
}

fn writes() -> Vec<Write> {
    iam_writes().into_iter().map(Write::Iam).chain(s3_writes().into_iter().map(Write::S3)).collect()
}

/// Returns every permission of every call, with the call's own action.
fn all() -> Vec<(&'static str, Vec<Permission>)> {
    let reads = reads().into_iter().map(|read| (read.action(), read.permissions(&places())));
    reads
        .chain(writes().into_iter().map(|write| (write.action(), write.permissions(&places()))))
        .collect()
}

/// Returns the names of an enum's variants, which serde lists for a variant that it doesn't know.
fn variants<T: DeserializeOwned + std::fmt::Debug>() -> BTreeSet<String> {
    let error = serde_json::from_str::<T>("\"?\"").unwrap_err().to_string();
    let listed = error.split("expected one of").nth(1).expect("serde lists the variants");
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn names<T: Serialize>(calls: &[T]) -> BTreeSet<String> {
    let name = |call: &T| {
        let value = serde_json::to_value(call).unwrap();
        value.as_str().map_or_else(
            || value.as_object().unwrap().keys().next().unwrap().clone(),
            str::to_owned,
        )
    };
    calls.iter().map(name).collect()
}

#[test]
fn the_samples_are_all_calls_that_there_are() {
    assert_eq!(names(&iam_reads()), variants::<IamRead>());
    assert_eq!(names(&iam_writes()), variants::<IamWrite>());
    assert_eq!(names(&s3_reads()), variants::<S3Read>());
    assert_eq!(names(&s3_writes()), variants::<S3Write>());
}

#[test]
fn every_call_needs_the_action_that_it_is_named_after() {
    for (action, permissions) in all() {
        assert!(permissions.iter().any(|it| it.action == action), "{action}: {permissions:?}");
    }
}

/// Returns true if a resource's pattern matches an ARN: `arn:*:iam::*:user/*` fits
/// `arn:aws:iam::123456789012:user/team/ada`. A resource's name may hold slashes, as that of a user
/// with a path does. A bucket's doesn't, or every object would be a bucket.
fn fits(resource: &ResourceUse, arn: &str) -> bool {
    let slashes = |text: &str| text.matches('/').count();
    resource.fits(arn) && (resource.name != "bucket" || slashes(arn) == 0)
}

#[test]
fn every_action_exists_and_takes_the_resource_that_is_named() {
    for permission in all().into_iter().flat_map(|(_, permissions)| permissions) {
        let action = catalogue::action(permission.action)
            .unwrap_or_else(|| panic!("no action {}", permission.action));
        assert_eq!(action.name, permission.action, "AWS spells it so");
        if action.takes_resource() {
            let taken =
                action.resources.iter().any(|resource| fits(resource, &permission.resource));
            assert!(taken, "{permission:?} is none of {:?}", action.resources);
        } else {
            assert_eq!(permission.resource, "*", "{}", permission.action);
        }
    }
}

#[test]
fn every_condition_key_is_one_of_the_action() {
    let mut seen = BTreeSet::new();
    for permission in all().into_iter().flat_map(|(_, permissions)| permissions) {
        let action = catalogue::action(permission.action).unwrap();
        for key in permission.context.keys() {
            assert!(action.takes_key(key), "{} has no {key}", permission.action);
            seen.insert(key.clone());
        }
    }
    assert!(seen.contains("iam:PolicyARN") && seen.contains("iam:PermissionsBoundary"), "{seen:?}");
}

#[test]
fn dependent_actions_are_covered() {
    for (call, permissions) in all() {
        let named: BTreeSet<&str> = permissions.iter().map(|it| it.action).collect();
        for permission in &permissions {
            let action = catalogue::action(permission.action).unwrap();
            let lacking: Vec<_> =
                action.dependent.iter().filter(|it| !named.contains(it.as_str())).collect();
            assert!(lacking.is_empty(), "{call} also needs {lacking:?}");
        }
    }
}

#[test]
fn paths_are_part_of_arns() {
    let arns = |write: &Write| {
        write.permissions(&places()).into_iter().map(|it| it.resource).collect::<Vec<_>>()
    };
    let moved = Write::Iam(IamWrite::UpdateUser { user: "ada".into(), path: "/other/".into() });
    let user = |path: &str| format!("arn:aws:iam::123456789012:user{path}ada");
    assert_eq!(arns(&moved), [user("/team/"), user("/other/")]);
    let regrouped =
        Write::Iam(IamWrite::UpdateGroup { group: "staff".into(), path: "/other/".into() });
    let group = |path: &str| format!("arn:aws:iam::123456789012:group{path}staff");
    assert_eq!(arns(&regrouped), [group("/team/"), group("/other/")]);
    let renamed =
        IamWrite::RenameUser { user: "ada".into(), path: "/team/".into(), name: "eve".into() };
    let both = [user("/team/"), user("/team/").replace("ada", "eve")];
    assert_eq!(arns(&Write::Iam(renamed)), both, "the old name and the new one");
    let stranger = Write::Iam(IamWrite::DeleteUser { user: "bob".into() });
    assert_eq!(arns(&stranger), ["arn:aws:iam::123456789012:user/bob"]);
}

#[test]
fn tags_of_a_create_take_a_permission_of_their_own() {
    let create = |tags| {
        Write::Iam(IamWrite::CreateUser {
            user: "ada".into(),
            path: "/".into(),
            boundary: None,
            tags,
        })
    };
    let actions =
        |tags| create(tags).permissions(&places()).iter().map(|it| it.action).collect::<Vec<_>>();
    assert_eq!(actions(tags()), ["iam:CreateUser", "iam:TagUser"]);
    assert_eq!(actions(Tags::new()), ["iam:CreateUser"]);
}

#[test]
fn the_caller_and_local_files_need_none() {
    assert!(Read::CallerIdentity.permissions(&places()).is_empty());
    assert!(Read::Clock.permissions(&places()).is_empty());
    assert!(Write::ProveKey { user: "ada".into() }.permissions(&places()).is_empty());
    let unset = FileWrite::UnsetProfile { profile: "x".into(), settings: Vec::new() };
    assert!(Write::File(unset).permissions(&places()).is_empty());
}

/// Retries, permissions and the brake on lock-outs follow from these rows: a changed one is a
/// decision.
#[test]
fn the_table_of_writes_is_as_decided() {
    let rows = [IamWrite::ALL, S3Write::ALL, FileWrite::ALL].concat();
    let told: Vec<String> = rows
        .iter()
        .map(|it| {
            let undone = it.undone_by.unwrap_or("-");
            let flags = [(it.names_principals, "names principals"), (it.gone_stays_gone, "gone")];
            let flags = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, word)| *word);
            let flags = flags.collect::<Vec<_>>().join(", ");
            format!("{} {:?} {undone} {:?} {flags}", it.name, it.verb, it.lost_answer)
                .trim_end()
                .to_owned()
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
