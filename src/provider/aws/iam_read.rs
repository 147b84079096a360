//! The reads of IAM. A paged read follows its pages to the end. If one page fails, the whole read
//! fails: objects that half of a list lacks would look absent.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyUsageType;

use super::convert::{self, require_part};
use super::failure::FailureCause;
use super::pages::pages;
use super::{iam_group, iam_oidc, iam_profile, iam_sweep};
use crate::call::iam::{
    AccessKey, Entities, LastUsed, ManagedPolicy, PolicyUsage, PolicyVersion, Role, User,
};
use crate::call::{IamRead, IamReply};

/// Sends a read. `emulator` is true if a server at a given address answers, and not AWS itself.
pub(super) async fn read(
    iam: &Client,
    read: &IamRead,
    emulator: bool,
) -> Result<IamReply, FailureCause> {
    Ok(match read {
        IamRead::GetAccountAuthorizationDetails { filter, marker } => {
            IamReply::AuthorizationDetails(iam_sweep::details(iam, filter, marker.clone()).await?)
        }
        IamRead::GetAccountSummary => IamReply::AccountSummary(iam_sweep::summary(iam).await?),
        IamRead::ListRoles => IamReply::Roles(roles(iam).await?),
        IamRead::GetUser { user } => IamReply::User(get_user(iam, user).await?),
        IamRead::ListAttachedUserPolicies { user } => {
            IamReply::Attached(attached_to_user(iam, user).await?)
        }
        IamRead::ListUserPolicies { user } => IamReply::Names(user_policies(iam, user).await?),
        IamRead::GetUserPolicy { user, policy } => {
            let found = iam.get_user_policy().user_name(user).policy_name(policy).send().await?;
            IamReply::Document(convert::document(&found.policy_document)?)
        }
        IamRead::ListAccessKeys { user } => IamReply::AccessKeys(access_keys(iam, user).await?),
        IamRead::GetAccessKeyLastUsed { id, .. } => IamReply::LastUsed(last_used(iam, id).await?),
        IamRead::ListGroupsForUser { user } => IamReply::Names(groups(iam, user).await?),
        IamRead::GetRole { role } => IamReply::Role(get_role(iam, role).await?),
        IamRead::ListAttachedRolePolicies { role } => {
            IamReply::Attached(attached_to_role(iam, role).await?)
        }
        IamRead::ListRolePolicies { role } => IamReply::Names(role_policies(iam, role).await?),
        IamRead::GetRolePolicy { role, policy } => {
            let found = iam.get_role_policy().role_name(role).policy_name(policy).send().await?;
            IamReply::Document(convert::document(&found.policy_document)?)
        }
        IamRead::GetPolicy { arn } => IamReply::Policy(get_policy(iam, arn).await?),
        IamRead::GetPolicyVersion { arn, version } => {
            IamReply::PolicyVersion(get_version(iam, arn, version).await?)
        }
        IamRead::ListPolicyVersions { arn } => IamReply::PolicyVersions(versions(iam, arn).await?),
        IamRead::GetLoginProfile { user } => {
            iam.get_login_profile().user_name(user).send().await?;
            IamReply::LoginProfile
        }
        IamRead::ListMFADevices { user } => names(mfa_devices(iam, user).await, emulator)?,
        IamRead::ListSSHPublicKeys { user } => names(ssh_public_keys(iam, user).await, emulator)?,
        IamRead::ListSigningCertificates { user } => {
            names(signing_certificates(iam, user).await, emulator)?
        }
        IamRead::ListServiceSpecificCredentials { user } => {
            names(service_credentials(iam, user).await, emulator)?
        }
        IamRead::ListInstanceProfilesForRole { role } => {
            names(iam_profile::of_role(iam, role).await, emulator)?
        }
        IamRead::GetInstanceProfile { profile } => {
            IamReply::InstanceProfile(iam_profile::get_profile(iam, profile).await?)
        }
        IamRead::ListInstanceProfiles => IamReply::Names(iam_profile::list_profiles(iam).await?),
        IamRead::GetOpenIDConnectProvider { arn } => {
            IamReply::OidcProvider(iam_oidc::get_provider(iam, arn).await?)
        }
        IamRead::ListOpenIDConnectProviders => {
            IamReply::Names(iam_oidc::list_providers(iam).await?)
        }
        IamRead::ListEntitiesForPolicy { arn, usage } => {
            IamReply::Entities(entities(iam, arn, *usage).await?)
        }
        IamRead::GetGroup { group } => iam_group::members(iam, group).await?,
        IamRead::ListAttachedGroupPolicies { group } => {
            IamReply::Attached(iam_group::attached(iam, group).await?)
        }
        IamRead::ListGroupPolicies { group } => {
            IamReply::Names(iam_group::inline_names(iam, group).await?)
        }
        IamRead::GetGroupPolicy { group, policy } => {
            let found = iam.get_group_policy().group_name(group).policy_name(policy).send().await?;
            IamReply::Document(convert::document(&found.policy_document)?)
        }
    })
}

/// Takes a list of names or ids. If a server doesn't know the call, the list is empty: nobody can
/// have made such an object on it. Emulators know IAM only in part.
fn names(
    listed: Result<Vec<String>, FailureCause>,
    emulator: bool,
) -> Result<IamReply, FailureCause> {
    match listed {
        Err(cause) if cause.unknown_operation(emulator) => Ok(IamReply::Names(Vec::new())),
        answer => answer.map(IamReply::Names),
    }
}

async fn roles(iam: &Client) -> Result<Vec<Role>, FailureCause> {
    pages!(iam.list_roles().max_items(1000))
        .flat_map(|page| page.roles)
        .map(convert::convert_role)
        .collect()
}

async fn get_user(iam: &Client, user: &str) -> Result<User, FailureCause> {
    let found = iam.get_user().user_name(user).send().await?;
    found
        .user
        .map(convert::convert_user)
        .ok_or_else(|| FailureCause::unreadable("the answer has no User"))
}

async fn attached_to_user(iam: &Client, user: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_attached_user_policies().user_name(user));
    convert::attached(Some(pages.filter_map(|page| page.attached_policies).flatten().collect()))
}

async fn user_policies(iam: &Client, user: &str) -> Result<Vec<String>, FailureCause> {
    Ok(pages!(iam.list_user_policies().user_name(user))
        .flat_map(|page| page.policy_names)
        .collect())
}

async fn access_keys(iam: &Client, user: &str) -> Result<Vec<AccessKey>, FailureCause> {
    let pages = pages!(iam.list_access_keys().user_name(user));
    pages.flat_map(|page| page.access_key_metadata).map(convert::access_key).collect()
}

async fn last_used(iam: &Client, id: &str) -> Result<Option<LastUsed>, FailureCause> {
    let found = iam.get_access_key_last_used().access_key_id(id).send().await?;
    Ok(found.access_key_last_used.and_then(convert::last_used))
}

async fn groups(iam: &Client, user: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_groups_for_user().user_name(user));
    Ok(pages.flat_map(|page| page.groups).map(|group| group.group_name).collect())
}

async fn get_role(iam: &Client, role: &str) -> Result<Role, FailureCause> {
    let found = iam.get_role().role_name(role).send().await?;
    convert::convert_role(
        found.role.ok_or_else(|| FailureCause::unreadable("the answer has no Role"))?,
    )
}

async fn attached_to_role(iam: &Client, role: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_attached_role_policies().role_name(role));
    convert::attached(Some(pages.filter_map(|page| page.attached_policies).flatten().collect()))
}

async fn role_policies(iam: &Client, role: &str) -> Result<Vec<String>, FailureCause> {
    Ok(pages!(iam.list_role_policies().role_name(role))
        .flat_map(|page| page.policy_names)
        .collect())
}

async fn get_policy(iam: &Client, arn: &str) -> Result<ManagedPolicy, FailureCause> {
    let found = iam.get_policy().policy_arn(arn).send().await?;
    convert::policy(
        found.policy.ok_or_else(|| FailureCause::unreadable("the answer has no Policy"))?,
    )
}

async fn get_version(
    iam: &Client,
    arn: &str,
    version: &str,
) -> Result<PolicyVersion, FailureCause> {
    let found = iam.get_policy_version().policy_arn(arn).version_id(version).send().await?;
    convert::policy_version(
        found
            .policy_version
            .ok_or_else(|| FailureCause::unreadable("the answer has no PolicyVersion"))?,
    )
}

async fn versions(iam: &Client, arn: &str) -> Result<Vec<PolicyVersion>, FailureCause> {
    let pages = pages!(iam.list_policy_versions().policy_arn(arn));
    let versions = pages.filter_map(|page| page.versions).flatten().map(convert::policy_version);
    Ok(versions
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|one| PolicyVersion { document: None, ..one })
        .collect())
}

async fn mfa_devices(iam: &Client, user: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_mfa_devices().user_name(user));
    Ok(pages.flat_map(|page| page.mfa_devices).map(|device| device.serial_number).collect())
}

async fn ssh_public_keys(iam: &Client, user: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_ssh_public_keys().user_name(user));
    Ok(pages
        .filter_map(|page| page.ssh_public_keys)
        .flatten()
        .map(|key| key.ssh_public_key_id)
        .collect())
}

async fn signing_certificates(iam: &Client, user: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_signing_certificates().user_name(user));
    Ok(pages
        .flat_map(|page| page.certificates)
        .map(|certificate| certificate.certificate_id)
        .collect())
}

/// Returns the ids of a user's service-specific credentials.
async fn service_credentials(iam: &Client, user: &str) -> Result<Vec<String>, FailureCause> {
    let pages = pages!(iam.list_service_specific_credentials().user_name(user));
    Ok(pages
        .filter_map(|page| page.service_specific_credentials)
        .flatten()
        .map(|credential| credential.service_specific_credential_id)
        .collect())
}

async fn entities(iam: &Client, arn: &str, usage: PolicyUsage) -> Result<Entities, FailureCause> {
    let usage = match usage {
        PolicyUsage::Any => None,
        PolicyUsage::PermissionsPolicy => Some(PolicyUsageType::PermissionsPolicy),
        PolicyUsage::PermissionsBoundary => Some(PolicyUsageType::PermissionsBoundary),
    };
    let mut all = Entities::default();
    for page in
        pages!(iam.list_entities_for_policy().policy_arn(arn).set_policy_usage_filter(usage))
    {
        for user in page.policy_users.unwrap_or_default() {
            all.users.push(require_part(user.user_name, "UserName")?);
        }
        for role in page.policy_roles.unwrap_or_default() {
            all.roles.push(require_part(role.role_name, "RoleName")?);
        }
        for group in page.policy_groups.unwrap_or_default() {
            all.groups.push(require_part(group.group_name, "GroupName")?);
        }
    }
    Ok(all)
}
