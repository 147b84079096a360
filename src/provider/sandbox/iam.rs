//! The dispatch of IAM's calls to the functions that answer them.

use std::collections::BTreeSet;

use crate::address::Principal as P;
use crate::call::{IamRead, IamReply, IamWrite, Reply};

use super::account::Account;
use super::identity::{self, NewIdentity, attached, inline_names, inline_policy};
use super::order::ListOrder;
use super::refusal::{Refusal, SandboxResult};
use super::{
    dependents, groups, instance_profiles, keys, oidc_providers, policies, roles, sweep, users,
};

pub(super) fn read(account: &Account, read: &IamRead, order: ListOrder) -> SandboxResult<IamReply> {
    Ok(match read {
        IamRead::GetAccountAuthorizationDetails { filter, marker } => {
            IamReply::AuthorizationDetails(sweep::details(
                account,
                filter,
                marker.as_deref(),
                order,
            ))
        }
        IamRead::GetAccountSummary => IamReply::AccountSummary(sweep::summary(account)),
        IamRead::ListRoles => IamReply::Roles(roles::list_roles(account, order)),
        IamRead::GetUser { user } => IamReply::User(users::reply(account, account.user(user)?)),
        IamRead::ListAttachedUserPolicies { user } => attached(account, &P::user(user), order)?,
        IamRead::ListUserPolicies { user } => inline_names(account, &P::user(user), order)?,
        IamRead::GetUserPolicy { user, policy } => {
            inline_policy(account, &P::user(user), policy, order)?
        }
        IamRead::ListAccessKeys { user } => {
            IamReply::AccessKeys(order.list(keys::list_keys(account, user)?))
        }
        IamRead::GetAccessKeyLastUsed { user: _, id } => {
            IamReply::LastUsed(keys::last_used(account, id)?)
        }
        IamRead::ListGroupsForUser { user } => {
            account.user(user)?;
            IamReply::Names(
                order.list(groups::of_user(account, user).map(|group| group.identity.name.clone())),
            )
        }
        IamRead::GetGroup { group } => groups::read(account, group, order)?,
        IamRead::ListAttachedGroupPolicies { group } => attached(account, &P::group(group), order)?,
        IamRead::ListGroupPolicies { group } => inline_names(account, &P::group(group), order)?,
        IamRead::GetGroupPolicy { group, policy } => {
            inline_policy(account, &P::group(group), policy, order)?
        }
        IamRead::GetRole { role } => {
            IamReply::Role(roles::reply(account, account.role(role)?, order))
        }
        IamRead::ListAttachedRolePolicies { role } => attached(account, &P::role(role), order)?,
        IamRead::ListRolePolicies { role } => inline_names(account, &P::role(role), order)?,
        IamRead::GetRolePolicy { role, policy } => {
            inline_policy(account, &P::role(role), policy, order)?
        }
        IamRead::GetPolicy { arn } => IamReply::Policy(policies::read(account, arn)?),
        IamRead::GetPolicyVersion { arn, version } => {
            IamReply::PolicyVersion(policies::read_version(account, arn, version, order)?)
        }
        IamRead::ListPolicyVersions { arn } => {
            IamReply::PolicyVersions(policies::list_versions(account, arn, order)?)
        }
        IamRead::GetLoginProfile { user } => dependents::login_profile(account, user)?,
        IamRead::ListMFADevices { user } => names(&account.dependents(user)?.mfa_devices, order),
        IamRead::ListSSHPublicKeys { user } => names(&account.dependents(user)?.ssh_keys, order),
        IamRead::ListSigningCertificates { user } => {
            names(&account.dependents(user)?.certificates, order)
        }
        IamRead::ListServiceSpecificCredentials { user } => {
            names(&account.dependents(user)?.service_credentials, order)
        }
        IamRead::ListInstanceProfilesForRole { role } => {
            account.role(role)?;
            IamReply::Names(order.list(instance_profiles::of_role(account, role).cloned()))
        }
        IamRead::GetInstanceProfile { profile } => IamReply::InstanceProfile(
            instance_profiles::reply(account, account.instance_profile(profile)?),
        ),
        IamRead::GetOpenIDConnectProvider { arn } => oidc_providers::read(account, arn, order)?,
        IamRead::ListOpenIDConnectProviders => {
            IamReply::Names(order.list(account.oidc_providers.keys().cloned()))
        }
        IamRead::ListInstanceProfiles => {
            IamReply::Names(order.list(account.instance_profiles.keys().cloned()))
        }
        IamRead::ListEntitiesForPolicy { arn, usage } => {
            IamReply::Entities(policies::entities(account, arn, *usage, order)?)
        }
    })
}

fn names(all: &BTreeSet<String>, order: ListOrder) -> IamReply {
    IamReply::Names(order.list(all.iter().cloned()))
}

#[expect(clippy::too_many_lines, reason = "an arm a call; a part of it could not be exhaustive")]
pub(super) fn write(account: &mut Account, write: &IamWrite) -> SandboxResult<Reply> {
    use IamWrite as W;
    let removed = |gone: bool| removed(write, gone);
    match write {
        W::CreateUser { user, path, boundary, tags } => {
            users::create(account, user, &NewIdentity { path, boundary: boundary.as_deref(), tags })
        }
        W::UpdateUser { user, path } => users::update(account, user, path),
        W::RenameUser { user, name, path: _ } => users::rename(account, user, name),
        W::DeleteUser { user } => users::delete(account, user),
        W::TagUser { user, tags } => identity::tag_principal(account, &P::user(user), tags),
        W::UntagUser { user, keys } => identity::untag(account, &P::user(user), keys),
        W::PutUserPermissionsBoundary { user, arn } => {
            identity::put_boundary(account, &P::user(user), arn)
        }
        W::DeleteUserPermissionsBoundary { user } => {
            identity::delete_boundary(account, &P::user(user))
        }
        W::AttachUserPolicy { user, arn } => identity::attach(account, &P::user(user), arn),
        W::DetachUserPolicy { user, arn } => identity::detach(account, &P::user(user), arn),
        W::PutUserPolicy { user, policy, document } => {
            identity::put_inline(account, &P::user(user), policy, document)
        }
        W::DeleteUserPolicy { user, policy } => {
            identity::delete_inline(account, &P::user(user), policy)
        }
        W::CreateAccessKey { user } => keys::create(account, user),
        W::DeleteAccessKey { user, id } => keys::delete(account, user, id),
        W::UpdateAccessKey { user, id, active } => keys::update(account, user, id, *active),
        W::CreateRole { role, path, description, max_session_duration, trust, boundary, tags } => {
            let wanted = NewIdentity { path, boundary: boundary.as_deref(), tags };
            roles::create(
                account,
                role,
                &wanted,
                description.as_deref(),
                *max_session_duration,
                trust,
            )
        }
        W::UpdateRole { role, description, max_session_duration } => {
            roles::update(account, role, description, *max_session_duration)
        }
        W::UpdateAssumeRolePolicy { role, trust } => roles::update_trust(account, role, trust),
        W::DeleteRole { role } => roles::delete(account, role),
        W::TagRole { role, tags } => identity::tag_principal(account, &P::role(role), tags),
        W::UntagRole { role, keys } => identity::untag(account, &P::role(role), keys),
        W::PutRolePermissionsBoundary { role, arn } => {
            identity::put_boundary(account, &P::role(role), arn)
        }
        W::DeleteRolePermissionsBoundary { role } => {
            identity::delete_boundary(account, &P::role(role))
        }
        W::AttachRolePolicy { role, arn } => identity::attach(account, &P::role(role), arn),
        W::DetachRolePolicy { role, arn } => identity::detach(account, &P::role(role), arn),
        W::PutRolePolicy { role, policy, document } => {
            identity::put_inline(account, &P::role(role), policy, document)
        }
        W::DeleteRolePolicy { role, policy } => {
            identity::delete_inline(account, &P::role(role), policy)
        }
        W::CreatePolicy { policy, path, description, document, tags } => {
            let description = description.as_deref();
            policies::create(
                account,
                &policies::NewPolicy { name: policy, path, description, document, tags },
            )
        }
        W::CreatePolicyVersion { arn, document } => {
            policies::create_version(account, arn, document)
        }
        W::DeletePolicyVersion { arn, version } => policies::delete_version(account, arn, version),
        W::DeletePolicy { arn } => policies::delete(account, arn),
        W::TagPolicy { arn, tags } => policies::tag_policy(account, arn, tags),
        W::UntagPolicy { arn, keys } => policies::untag(account, arn, keys),
        W::DeleteLoginProfile { user } => {
            removed(std::mem::take(&mut account.dependents_mut(user)?.login_profile))
        }
        W::DeactivateMFADevice { user, serial } => {
            removed(account.dependents_mut(user)?.mfa_devices.remove(serial))
        }
        W::DeleteVirtualMFADevice { serial } => {
            removed(dependents::delete_virtual_device(account, serial)?)
        }
        W::DeleteSSHPublicKey { user, id } => {
            removed(account.dependents_mut(user)?.ssh_keys.remove(id))
        }
        W::DeleteSigningCertificate { user, id } => {
            removed(account.dependents_mut(user)?.certificates.remove(id))
        }
        W::DeleteServiceSpecificCredential { user, id } => {
            removed(account.dependents_mut(user)?.service_credentials.remove(id))
        }
        W::CreateGroup { group, path } => groups::create(account, group, path),
        W::UpdateGroup { group, path } => groups::update(account, group, path),
        W::RenameGroup { group, name, path: _ } => groups::rename(account, group, name),
        W::DeleteGroup { group } => groups::delete(account, group),
        W::AddUserToGroup { user, group } => groups::add_member(account, group, user),
        W::RemoveUserFromGroup { user, group } => groups::remove_member(account, group, user),
        W::RemoveRoleFromInstanceProfile { role, profile } => {
            removed(instance_profiles::remove_role(account, role, profile)?)
        }
        W::CreateOpenIDConnectProvider { provider, client_ids, thumbprints, tags } => {
            oidc_providers::create(account, provider, client_ids, thumbprints, tags)
        }
        W::AddClientIDToOpenIDConnectProvider { arn, client_id } => {
            oidc_providers::add_client_id(account, arn, client_id)
        }
        W::RemoveClientIDFromOpenIDConnectProvider { arn, client_id } => {
            oidc_providers::remove_client_id(account, arn, client_id)
        }
        W::UpdateOpenIDConnectProviderThumbprint { arn, thumbprints } => {
            oidc_providers::set_thumbprints(account, arn, thumbprints)
        }
        W::TagOpenIDConnectProvider { arn, tags } => oidc_providers::set_tags(account, arn, tags),
        W::UntagOpenIDConnectProvider { arn, keys } => oidc_providers::untag(account, arn, keys),
        W::DeleteOpenIDConnectProvider { arn } => oidc_providers::delete(account, arn),
        W::CreateInstanceProfile { profile, path, tags } => {
            instance_profiles::create(account, profile, path, tags)
        }
        W::TagInstanceProfile { profile, tags } => {
            instance_profiles::set_tags(account, profile, tags)
        }
        W::UntagInstanceProfile { profile, keys } => {
            instance_profiles::untag(account, profile, keys)
        }
        W::DeleteInstanceProfile { profile } => instance_profiles::delete(account, profile),
        W::AddRoleToInstanceProfile { profile, role } => {
            instance_profiles::add_role(account, profile, role)
        }
        W::AttachGroupPolicy { group, arn } => identity::attach(account, &P::group(group), arn),
        W::DetachGroupPolicy { group, arn } => identity::detach(account, &P::group(group), arn),
        W::PutGroupPolicy { group, policy, document } => {
            identity::put_inline(account, &P::group(group), policy, document)
        }
        W::DeleteGroupPolicy { group, policy } => {
            identity::delete_inline(account, &P::group(group), policy)
        }
    }
}

/// Returns the answer to a removal. `gone` is true if there was something to remove.
fn removed(write: &IamWrite, gone: bool) -> SandboxResult<Reply> {
    if gone {
        return Ok(Reply::Done);
    }
    Err(Refusal::no_such_entity(format!("The entity {} cannot be found.", write.object())))
}
