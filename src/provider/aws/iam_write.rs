//! Writing IAM. Documents go out raw: the SDK encodes the form that carries them.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;
use secrecy::SecretString;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::convert::{self, iam_tags};
use super::failure::Cause;
use super::iam_hanging;
use crate::call::{FailureKind, IamReply, IamWrite, Reply};

/// Sends a call whose answer tells nothing.
macro_rules! done {
    ($call:expr) => {
        $call.send().await.map(|_| Reply::Done)?
    };
}
pub(super) use done;

/// A create answers with what it made, whose id the state keeps: it tells this object from a later one of the same name.
pub(super) async fn write(iam: &Client, write: &IamWrite) -> Result<Reply, Cause> {
    use IamWrite as W;
    Ok(match write {
        W::CreateUser { user, path, boundary, tags } => {
            let call = iam.create_user().user_name(user).path(path).set_permissions_boundary(boundary.clone());
            let made = call.set_tags(Some(iam_tags(tags)?)).send().await?;
            Reply::Iam(IamReply::User(convert::user(convert::must(made.user, "User")?)))
        }
        W::UpdateUser { user, path } => done!(iam.update_user().user_name(user).new_path(path)),
        W::DeleteUser { user } => done!(iam.delete_user().user_name(user)),
        W::TagUser { user, tags } => done!(iam.tag_user().user_name(user).set_tags(Some(iam_tags(tags)?))),
        W::UntagUser { user, keys } => done!(iam.untag_user().user_name(user).set_tag_keys(Some(keys.clone()))),
        W::PutUserPermissionsBoundary { user, arn } => {
            done!(iam.put_user_permissions_boundary().user_name(user).permissions_boundary(arn))
        }
        W::DeleteUserPermissionsBoundary { user } => done!(iam.delete_user_permissions_boundary().user_name(user)),
        W::AttachUserPolicy { user, arn } => done!(iam.attach_user_policy().user_name(user).policy_arn(arn)),
        W::DetachUserPolicy { user, arn } => done!(iam.detach_user_policy().user_name(user).policy_arn(arn)),
        W::PutUserPolicy { user, policy, document } => {
            let call = iam.put_user_policy().user_name(user).policy_name(policy);
            done!(call.policy_document(document.to_string()))
        }
        W::DeleteUserPolicy { user, policy } => done!(iam.delete_user_policy().user_name(user).policy_name(policy)),
        W::CreateAccessKey { user } => create_access_key(iam, user).await?,
        W::DeleteAccessKey { user, id } => done!(iam.delete_access_key().user_name(user).access_key_id(id)),
        W::UpdateAccessKey { user, id, active } => update_access_key(iam, user, id, *active).await?,
        W::CreateRole { role, path, description, max_session_duration, trust, boundary, tags } => {
            let call = iam.create_role().role_name(role).path(path).assume_role_policy_document(trust.to_string());
            let call = call.set_description(description.clone()).set_permissions_boundary(boundary.clone());
            let call = call.set_max_session_duration(max_session_duration.map(seconds).transpose()?);
            let made = call.set_tags(Some(iam_tags(tags)?)).send().await?;
            Reply::Iam(IamReply::Role(convert::role(convert::must(made.role, "Role")?)?))
        }
        W::UpdateRole { role, description, max_session_duration: s } => update_role(iam, role, description, *s).await?,
        W::UpdateAssumeRolePolicy { role, trust } => {
            done!(iam.update_assume_role_policy().role_name(role).policy_document(trust.to_string()))
        }
        W::DeleteRole { role } => done!(iam.delete_role().role_name(role)),
        W::TagRole { role, tags } => done!(iam.tag_role().role_name(role).set_tags(Some(iam_tags(tags)?))),
        W::UntagRole { role, keys } => done!(iam.untag_role().role_name(role).set_tag_keys(Some(keys.clone()))),
        W::PutRolePermissionsBoundary { role, arn } => {
            done!(iam.put_role_permissions_boundary().role_name(role).permissions_boundary(arn))
        }
        W::DeleteRolePermissionsBoundary { role } => done!(iam.delete_role_permissions_boundary().role_name(role)),
        W::AttachRolePolicy { role, arn } => done!(iam.attach_role_policy().role_name(role).policy_arn(arn)),
        W::DetachRolePolicy { role, arn } => done!(iam.detach_role_policy().role_name(role).policy_arn(arn)),
        W::PutRolePolicy { role, policy, document } => {
            let call = iam.put_role_policy().role_name(role).policy_name(policy);
            done!(call.policy_document(document.to_string()))
        }
        W::DeleteRolePolicy { role, policy } => done!(iam.delete_role_policy().role_name(role).policy_name(policy)),
        W::CreatePolicy { policy, path, description, document, tags } => {
            let call = iam.create_policy().policy_name(policy).path(path).policy_document(document.to_string());
            let call = call.set_description(description.clone()).set_tags(Some(iam_tags(tags)?));
            Reply::Iam(IamReply::Policy(convert::policy(convert::must(call.send().await?.policy, "Policy")?)?))
        }
        W::CreatePolicyVersion { arn, document } => {
            let call = iam.create_policy_version().policy_arn(arn).policy_document(document.to_string());
            done!(call.set_as_default(true))
        }
        W::DeletePolicyVersion { arn, version } => {
            done!(iam.delete_policy_version().policy_arn(arn).version_id(version))
        }
        W::DeletePolicy { arn } => done!(iam.delete_policy().policy_arn(arn)),
        W::TagPolicy { arn, tags } => done!(iam.tag_policy().policy_arn(arn).set_tags(Some(iam_tags(tags)?))),
        W::UntagPolicy { arn, keys } => done!(iam.untag_policy().policy_arn(arn).set_tag_keys(Some(keys.clone()))),
        W::DeleteLoginProfile { .. }
        | W::DeactivateMFADevice { .. }
        | W::DeleteVirtualMFADevice { .. }
        | W::DeleteSSHPublicKey { .. }
        | W::DeleteSigningCertificate { .. }
        | W::DeleteServiceSpecificCredential { .. }
        | W::RemoveUserFromGroup { .. }
        | W::RemoveRoleFromInstanceProfile { .. }
        | W::AttachGroupPolicy { .. }
        | W::DetachGroupPolicy { .. }
        | W::PutGroupPolicy { .. }
        | W::DeleteGroupPolicy { .. } => iam_hanging::remove(iam, write).await?,
    })
}

/// The edge does not judge it, AWS does (3600 to 43200); it only must be a number that the request can carry.
fn seconds(duration: i64) -> Result<i32, Cause> {
    i32::try_from(duration).map_err(|_| {
        Cause::new(
            FailureKind::Invalid,
            "InvalidRequest",
            format!("a session of {duration} s is longer than IAM takes"),
        )
    })
}

async fn update_role(iam: &Client, role: &str, description: &str, duration: i64) -> Result<Reply, Cause> {
    let call = iam.update_role().role_name(role).description(description);
    Ok(done!(call.max_session_duration(seconds(duration)?)))
}

async fn update_access_key(iam: &Client, user: &str, id: &str, active: bool) -> Result<Reply, Cause> {
    let status = if active { StatusType::Active } else { StatusType::Inactive };
    Ok(done!(iam.update_access_key().user_name(user).access_key_id(id).status(status)))
}

/// Never sent again once AWS may have it (`Call::once`): if the answer is lost, AWS may have made a key whose secret nobody will
/// ever know, and a second try would make another one. The secret moves from the answer into its wrapper without a copy.
///
/// Nothing that the SDK says meanwhile is logged, at any level: it prints the bodies of answers at `trace`, those with a
/// secret too where `LOG_SENSITIVE_BODIES` is set, and quotes what it can't read in its errors.
async fn create_access_key(iam: &Client, user: &str) -> Result<Reply, Cause> {
    tracing::debug!(user, "iam:CreateAccessKey is sent; its answer is not logged");
    let call = iam.create_access_key().user_name(user);
    let made = call.send().with_subscriber(NoSubscriber::default()).await.map_err(|error| silent(error.into()))?;
    let key = made.access_key.ok_or_else(|| Cause::unreadable("the answer has no AccessKey"))?;
    Ok(Reply::Iam(IamReply::NewAccessKey { id: key.access_key_id, secret: SecretString::from(key.secret_access_key) }))
}

/// What is wrong with a success that cannot be read is not told: the telling might quote the secret.
fn silent(cause: Cause) -> Cause {
    match cause.status {
        Some(200..=299) => Cause { message: "the answer with the new key cannot be read".to_owned(), ..cause },
        _ => cause,
    }
}
