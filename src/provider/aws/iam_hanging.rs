//! What stands in the way of a deletion: reading it, and removing it.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyUsageType;

use super::convert::must;
use super::failure::Cause;
use super::iam_read::pages;
use super::iam_write::done;
use crate::call::iam::{Entities, PolicyUsage};
use crate::call::{IamRead, IamWrite, Reply};

/// A list of names or ids. What a server doesn't know at all, nobody can have made on it: emulators know IAM in part.
pub(super) async fn names(iam: &Client, read: &IamRead, emulator: bool) -> Result<Vec<String>, Cause> {
    match listed(iam, read).await {
        Err(cause) if cause.unknown_operation(emulator) => Ok(Vec::new()),
        answer => answer,
    }
}

async fn listed(iam: &Client, read: &IamRead) -> Result<Vec<String>, Cause> {
    Ok(match read {
        IamRead::ListMFADevices { user } => {
            let pages = pages!(iam.list_mfa_devices().user_name(user));
            pages.flat_map(|page| page.mfa_devices).map(|device| device.serial_number).collect()
        }
        IamRead::ListSSHPublicKeys { user } => {
            let pages = pages!(iam.list_ssh_public_keys().user_name(user));
            pages.filter_map(|page| page.ssh_public_keys).flatten().map(|key| key.ssh_public_key_id).collect()
        }
        IamRead::ListSigningCertificates { user } => {
            let pages = pages!(iam.list_signing_certificates().user_name(user));
            pages.flat_map(|page| page.certificates).map(|certificate| certificate.certificate_id).collect()
        }
        IamRead::ListServiceSpecificCredentials { user } => service_credentials(iam, user).await?,
        IamRead::ListInstanceProfilesForRole { role } => {
            let pages = pages!(iam.list_instance_profiles_for_role().role_name(role));
            pages.flat_map(|page| page.instance_profiles).map(|profile| profile.instance_profile_name).collect()
        }
        _ => return Err(Cause::unreadable("this is not a list of names")),
    })
}

/// The SDK has no pages for these.
async fn service_credentials(iam: &Client, user: &str) -> Result<Vec<String>, Cause> {
    let (mut ids, mut marker) = (Vec::new(), None);
    loop {
        let found = iam.list_service_specific_credentials().user_name(user).set_marker(marker).send().await?;
        let credentials = found.service_specific_credentials.unwrap_or_default();
        ids.extend(credentials.into_iter().map(|credential| credential.service_specific_credential_id));
        match found.marker {
            Some(next) if found.is_truncated => marker = Some(next),
            _ => return Ok(ids),
        }
    }
}

pub(super) async fn entities(iam: &Client, arn: &str, usage: PolicyUsage) -> Result<Entities, Cause> {
    let usage = match usage {
        PolicyUsage::Any => None,
        PolicyUsage::PermissionsPolicy => Some(PolicyUsageType::PermissionsPolicy),
        PolicyUsage::PermissionsBoundary => Some(PolicyUsageType::PermissionsBoundary),
    };
    let mut all = Entities::default();
    for page in pages!(iam.list_entities_for_policy().policy_arn(arn).set_policy_usage_filter(usage)) {
        for user in page.policy_users.unwrap_or_default() {
            all.users.push(must(user.user_name, "UserName")?);
        }
        for role in page.policy_roles.unwrap_or_default() {
            all.roles.push(must(role.role_name, "RoleName")?);
        }
        for group in page.policy_groups.unwrap_or_default() {
            all.groups.push(must(group.group_name, "GroupName")?);
        }
    }
    Ok(all)
}

pub(super) async fn remove(iam: &Client, write: &IamWrite) -> Result<Reply, Cause> {
    use IamWrite as W;
    Ok(match write {
        W::DeleteLoginProfile { user } => done!(iam.delete_login_profile().user_name(user)),
        W::DeactivateMFADevice { user, serial } => {
            done!(iam.deactivate_mfa_device().user_name(user).serial_number(serial))
        }
        W::DeleteVirtualMFADevice { serial } => done!(iam.delete_virtual_mfa_device().serial_number(serial)),
        W::DeleteSSHPublicKey { user, id } => done!(iam.delete_ssh_public_key().user_name(user).ssh_public_key_id(id)),
        W::DeleteSigningCertificate { user, id } => {
            done!(iam.delete_signing_certificate().user_name(user).certificate_id(id))
        }
        W::DeleteServiceSpecificCredential { user, id } => {
            done!(iam.delete_service_specific_credential().user_name(user).service_specific_credential_id(id))
        }
        W::RemoveUserFromGroup { user, group } => {
            done!(iam.remove_user_from_group().user_name(user).group_name(group))
        }
        W::RemoveRoleFromInstanceProfile { role, profile } => {
            done!(iam.remove_role_from_instance_profile().role_name(role).instance_profile_name(profile))
        }
        W::AttachGroupPolicy { group, arn } => done!(iam.attach_group_policy().group_name(group).policy_arn(arn)),
        W::PutGroupPolicy { group, policy, document } => {
            let call = iam.put_group_policy().group_name(group).policy_name(policy);
            done!(call.policy_document(document.to_string()))
        }
        W::DeleteGroupPolicy { group, policy } => {
            done!(iam.delete_group_policy().group_name(group).policy_name(policy))
        }
        W::DetachGroupPolicy { group, arn } => done!(iam.detach_group_policy().group_name(group).policy_arn(arn)),
        _ => return Err(Cause::unreadable("this removes nothing that hangs on something else")),
    })
}
