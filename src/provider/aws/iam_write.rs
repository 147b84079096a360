//! The writes of IAM. Documents are passed raw: the SDK encodes the form that carries them.

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::create_role::builders::CreateRoleFluentBuilder;
use aws_sdk_iam::types::StatusType;
use secrecy::SecretString;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::convert::{self, iam_tags};
use super::failure::FailureCause;
use super::{iam_group, iam_oidc, iam_profile};
use crate::call::IamWrite as W;
use crate::call::{FailureKind, IamReply, IamWrite, Reply};
use crate::value::{SharedValue, Tags};

/// Sends a call whose answer carries no information.
macro_rules! ok {
    ($call:expr) => {
        $call.send().await.map(|_| Reply::Done)?
    };
}

/// Sends a write. The answer to a create has the id of the new object, which the state keeps: it
/// tells this object from a later one of the same name.
#[expect(clippy::too_many_lines, reason = "an arm a call; a part of it could not be exhaustive")]
pub(super) async fn write(iam: &Client, write: &IamWrite) -> Result<Reply, FailureCause> {
    Ok(match write {
        W::CreateUser { user, path, boundary, tags } => {
            create_user(iam, user, path, boundary.as_ref(), tags).await?
        }
        W::UpdateUser { user, path } => ok!(iam.update_user().user_name(user).new_path(path)),
        W::RenameUser { user, name, path: _ } => {
            ok!(iam.update_user().user_name(user).new_user_name(name))
        }
        W::DeleteUser { user } => ok!(iam.delete_user().user_name(user)),
        W::TagUser { user, tags } => {
            ok!(iam.tag_user().user_name(user).set_tags(Some(iam_tags(tags)?)))
        }
        W::UntagUser { user, keys } => {
            ok!(iam.untag_user().user_name(user).set_tag_keys(Some(keys.clone())))
        }
        W::PutUserPermissionsBoundary { user, arn } => {
            ok!(iam.put_user_permissions_boundary().user_name(user).permissions_boundary(arn))
        }
        W::DeleteUserPermissionsBoundary { user } => {
            ok!(iam.delete_user_permissions_boundary().user_name(user))
        }
        W::AttachUserPolicy { user, arn } => {
            ok!(iam.attach_user_policy().user_name(user).policy_arn(arn))
        }
        W::DetachUserPolicy { user, arn } => {
            ok!(iam.detach_user_policy().user_name(user).policy_arn(arn))
        }
        W::PutUserPolicy { user, policy, document } => {
            put_user_policy(iam, user, policy, document).await?
        }
        W::DeleteUserPolicy { user, policy } => {
            ok!(iam.delete_user_policy().user_name(user).policy_name(policy))
        }
        W::CreateAccessKey { user } => create_access_key(iam, user).await?,
        W::DeleteAccessKey { user, id } => {
            ok!(iam.delete_access_key().user_name(user).access_key_id(id))
        }
        W::UpdateAccessKey { user, id, active } => {
            update_access_key(iam, user, id, *active).await?
        }
        W::CreateRole { role, path, description, max_session_duration, trust, boundary, tags } => {
            let call =
                iam.create_role().role_name(role).path(path).set_description(description.clone());
            let call =
                call.set_permissions_boundary(boundary.clone()).set_tags(Some(iam_tags(tags)?));
            create_role(call, *max_session_duration, trust).await?
        }
        W::UpdateRole { role, description, max_session_duration } => {
            update_role(iam, role, description, *max_session_duration).await?
        }
        W::UpdateAssumeRolePolicy { role, trust } => {
            ok!(iam.update_assume_role_policy().role_name(role).policy_document(trust.to_string()))
        }
        W::DeleteRole { role } => ok!(iam.delete_role().role_name(role)),
        W::TagRole { role, tags } => {
            ok!(iam.tag_role().role_name(role).set_tags(Some(iam_tags(tags)?)))
        }
        W::UntagRole { role, keys } => {
            ok!(iam.untag_role().role_name(role).set_tag_keys(Some(keys.clone())))
        }
        W::PutRolePermissionsBoundary { role, arn } => {
            ok!(iam.put_role_permissions_boundary().role_name(role).permissions_boundary(arn))
        }
        W::DeleteRolePermissionsBoundary { role } => {
            ok!(iam.delete_role_permissions_boundary().role_name(role))
        }
        W::AttachRolePolicy { role, arn } => {
            ok!(iam.attach_role_policy().role_name(role).policy_arn(arn))
        }
        W::DetachRolePolicy { role, arn } => {
            ok!(iam.detach_role_policy().role_name(role).policy_arn(arn))
        }
        W::PutRolePolicy { role, policy, document } => {
            put_role_policy(iam, role, policy, document).await?
        }
        W::DeleteRolePolicy { role, policy } => {
            ok!(iam.delete_role_policy().role_name(role).policy_name(policy))
        }
        W::CreatePolicy { policy, path, description, document, tags } => {
            create_policy(iam, policy, path, description.as_deref(), document, tags).await?
        }
        W::CreatePolicyVersion { arn, document } => {
            create_policy_version(iam, arn, document).await?
        }
        W::DeletePolicyVersion { arn, version } => {
            ok!(iam.delete_policy_version().policy_arn(arn).version_id(version))
        }
        W::DeletePolicy { arn } => ok!(iam.delete_policy().policy_arn(arn)),
        W::TagPolicy { arn, tags } => {
            ok!(iam.tag_policy().policy_arn(arn).set_tags(Some(iam_tags(tags)?)))
        }
        W::UntagPolicy { arn, keys } => {
            ok!(iam.untag_policy().policy_arn(arn).set_tag_keys(Some(keys.clone())))
        }
        W::DeleteLoginProfile { user } => ok!(iam.delete_login_profile().user_name(user)),
        W::DeactivateMFADevice { user, serial } => {
            ok!(iam.deactivate_mfa_device().user_name(user).serial_number(serial))
        }
        W::DeleteVirtualMFADevice { serial } => {
            ok!(iam.delete_virtual_mfa_device().serial_number(serial))
        }
        W::DeleteSSHPublicKey { user, id } => {
            ok!(iam.delete_ssh_public_key().user_name(user).ssh_public_key_id(id))
        }
        W::DeleteSigningCertificate { user, id } => {
            ok!(iam.delete_signing_certificate().user_name(user).certificate_id(id))
        }
        W::DeleteServiceSpecificCredential { user, id } => {
            ok!(iam
                .delete_service_specific_credential()
                .user_name(user)
                .service_specific_credential_id(id))
        }
        W::CreateOpenIDConnectProvider { provider, client_ids, thumbprints, tags } => {
            iam_oidc::create(iam, provider, client_ids, thumbprints, tags).await?
        }
        W::AddClientIDToOpenIDConnectProvider { arn, client_id } => {
            let call = iam.add_client_id_to_open_id_connect_provider().client_id(client_id);
            ok!(call.open_id_connect_provider_arn(arn))
        }
        W::RemoveClientIDFromOpenIDConnectProvider { arn, client_id } => {
            let call = iam.remove_client_id_from_open_id_connect_provider().client_id(client_id);
            ok!(call.open_id_connect_provider_arn(arn))
        }
        W::UpdateOpenIDConnectProviderThumbprint { arn, thumbprints } => {
            let call = iam.update_open_id_connect_provider_thumbprint();
            let call = call.set_thumbprint_list(Some(thumbprints.clone()));
            ok!(call.open_id_connect_provider_arn(arn))
        }
        W::TagOpenIDConnectProvider { arn, tags } => {
            let call = iam.tag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            ok!(call.set_tags(Some(iam_tags(tags)?)))
        }
        W::UntagOpenIDConnectProvider { arn, keys } => {
            let call = iam.untag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            ok!(call.set_tag_keys(Some(keys.clone())))
        }
        W::DeleteOpenIDConnectProvider { arn } => {
            ok!(iam.delete_open_id_connect_provider().open_id_connect_provider_arn(arn))
        }
        W::CreateInstanceProfile { profile, path, tags } => {
            iam_profile::create(iam, profile, path, tags).await?
        }
        W::TagInstanceProfile { profile, tags } => {
            let call = iam.tag_instance_profile().instance_profile_name(profile);
            ok!(call.set_tags(Some(iam_tags(tags)?)))
        }
        W::UntagInstanceProfile { profile, keys } => {
            let call = iam.untag_instance_profile().instance_profile_name(profile);
            ok!(call.set_tag_keys(Some(keys.clone())))
        }
        W::DeleteInstanceProfile { profile } => {
            ok!(iam.delete_instance_profile().instance_profile_name(profile))
        }
        W::AddRoleToInstanceProfile { profile, role } => {
            let call = iam.add_role_to_instance_profile().instance_profile_name(profile);
            ok!(call.role_name(role))
        }
        W::RemoveRoleFromInstanceProfile { role, profile } => {
            ok!(iam
                .remove_role_from_instance_profile()
                .role_name(role)
                .instance_profile_name(profile))
        }
        W::CreateGroup { group, path } => iam_group::create(iam, group, path).await?,
        W::UpdateGroup { group, path } => ok!(iam.update_group().group_name(group).new_path(path)),
        W::RenameGroup { group, name, path: _ } => {
            ok!(iam.update_group().group_name(group).new_group_name(name))
        }
        W::DeleteGroup { group } => ok!(iam.delete_group().group_name(group)),
        W::AddUserToGroup { user, group } => {
            ok!(iam.add_user_to_group().user_name(user).group_name(group))
        }
        W::RemoveUserFromGroup { user, group } => {
            ok!(iam.remove_user_from_group().user_name(user).group_name(group))
        }
        W::AttachGroupPolicy { group, arn } => {
            ok!(iam.attach_group_policy().group_name(group).policy_arn(arn))
        }
        W::DetachGroupPolicy { group, arn } => {
            ok!(iam.detach_group_policy().group_name(group).policy_arn(arn))
        }
        W::PutGroupPolicy { group, policy, document } => {
            put_group_policy(iam, group, policy, document).await?
        }
        W::DeleteGroupPolicy { group, policy } => {
            ok!(iam.delete_group_policy().group_name(group).policy_name(policy))
        }
    })
}

async fn create_user(
    iam: &Client,
    user: &str,
    path: &str,
    boundary: Option<&String>,
    tags: &Tags,
) -> Result<Reply, FailureCause> {
    let call =
        iam.create_user().user_name(user).path(path).set_permissions_boundary(boundary.cloned());
    let made = call.set_tags(Some(iam_tags(tags)?)).send().await?;
    Ok(Reply::Iam(IamReply::User(convert::convert_user(convert::require_part(made.user, "User")?))))
}

async fn put_user_policy(
    iam: &Client,
    user: &str,
    policy: &str,
    document: &SharedValue,
) -> Result<Reply, FailureCause> {
    let call = iam.put_user_policy().user_name(user).policy_name(policy);
    Ok(ok!(call.policy_document(document.to_string())))
}

async fn put_group_policy(
    iam: &Client,
    group: &str,
    policy: &str,
    document: &SharedValue,
) -> Result<Reply, FailureCause> {
    let call = iam.put_group_policy().group_name(group).policy_name(policy);
    Ok(ok!(call.policy_document(document.to_string())))
}

async fn create_role(
    call: CreateRoleFluentBuilder,
    max_session_duration: Option<i64>,
    trust: &SharedValue,
) -> Result<Reply, FailureCause> {
    let call = call.set_max_session_duration(max_session_duration.map(seconds).transpose()?);
    let made = call.assume_role_policy_document(trust.to_string()).send().await?;
    Ok(Reply::Iam(IamReply::Role(convert::convert_role(convert::require_part(
        made.role, "Role",
    )?)?)))
}

async fn update_role(
    iam: &Client,
    role: &str,
    description: &str,
    max_session_duration: i64,
) -> Result<Reply, FailureCause> {
    let call = iam.update_role().role_name(role).description(description);
    Ok(ok!(call.max_session_duration(seconds(max_session_duration)?)))
}

async fn put_role_policy(
    iam: &Client,
    role: &str,
    policy: &str,
    document: &SharedValue,
) -> Result<Reply, FailureCause> {
    let call = iam.put_role_policy().role_name(role).policy_name(policy);
    Ok(ok!(call.policy_document(document.to_string())))
}

async fn create_policy(
    iam: &Client,
    policy: &str,
    path: &str,
    description: Option<&str>,
    document: &SharedValue,
    tags: &Tags,
) -> Result<Reply, FailureCause> {
    let call =
        iam.create_policy().policy_name(policy).path(path).policy_document(document.to_string());
    let call = call.set_description(description.map(str::to_owned)).set_tags(Some(iam_tags(tags)?));
    Ok(Reply::Iam(IamReply::Policy(convert::policy(convert::require_part(
        call.send().await?.policy,
        "Policy",
    )?)?)))
}

async fn create_policy_version(
    iam: &Client,
    arn: &str,
    document: &SharedValue,
) -> Result<Reply, FailureCause> {
    let call = iam.create_policy_version().policy_arn(arn).policy_document(document.to_string());
    Ok(ok!(call.set_as_default(true)))
}

/// Returns the session length as a request can carry it. AWS checks its limits (3600 to 43200), and
/// this function does not.
fn seconds(duration: i64) -> Result<i32, FailureCause> {
    i32::try_from(duration).map_err(|_| {
        FailureCause::new(
            FailureKind::Invalid,
            "InvalidRequest",
            format!("a session of {duration} s is longer than IAM takes"),
        )
    })
}

async fn update_access_key(
    iam: &Client,
    user: &str,
    id: &str,
    active: bool,
) -> Result<Reply, FailureCause> {
    let status = if active { StatusType::Active } else { StatusType::Inactive };
    Ok(ok!(iam.update_access_key().user_name(user).access_key_id(id).status(status)))
}

/// Makes a key. It is never sent again once AWS may have it
/// ([`LostAnswer::GiveUp`](crate::call::LostAnswer::GiveUp)): if the answer is lost, AWS may have
/// made a key whose secret nobody will ever know, and a second try would make another one. The
/// secret moves from the answer into its wrapper without a copy.
///
/// Nothing that the SDK logs meanwhile is kept, at any level: it prints the bodies of answers at
/// `trace`, those with a secret too if `LOG_SENSITIVE_BODIES` is set, and quotes text that it can't
/// read in its errors.
async fn create_access_key(iam: &Client, user: &str) -> Result<Reply, FailureCause> {
    tracing::debug!(user, "iam:CreateAccessKey is sent; its answer is not logged");
    let call = iam.create_access_key().user_name(user);
    let made = call
        .send()
        .with_subscriber(NoSubscriber::default())
        .await
        .map_err(|error| silent(error.into()))?;
    let key =
        made.access_key.ok_or_else(|| FailureCause::unreadable("the answer has no AccessKey"))?;
    Ok(Reply::Iam(IamReply::NewAccessKey {
        id: key.access_key_id,
        secret: SecretString::from(key.secret_access_key),
    }))
}

/// Removes the message from the error of a success that cannot be read: it might quote the secret.
fn silent(cause: FailureCause) -> FailureCause {
    match cause.status {
        Some(200..=299) => FailureCause {
            message: "the answer with the new key cannot be read".to_owned(),
            ..cause
        },
        _ => cause,
    }
}
