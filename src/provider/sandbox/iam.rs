//! Which function answers which call of IAM.

use std::collections::BTreeSet;

use crate::call::{IamRead, IamReply, IamWrite, Reply};

use super::account::Account;
use super::identity::{self, Identity, Wanted, Who};
use super::order::Order;
use super::refusal::Outcome;
use super::{belongings, keys, policies, roles, sweep, users};

pub(super) fn read(account: &Account, read: &IamRead, order: Order) -> Outcome<IamReply> {
    Ok(match read {
        IamRead::GetAccountAuthorizationDetails { filter, marker } => {
            IamReply::AuthorizationDetails(sweep::details(account, filter, marker.as_deref(), order))
        }
        IamRead::GetAccountSummary => IamReply::AccountSummary(sweep::summary(account)),
        IamRead::ListRoles => IamReply::Roles(roles::list(account, order)),
        IamRead::GetUser { user } => IamReply::User(account.seen_user(account.user(user)?)),
        IamRead::ListAttachedUserPolicies { user } => attached(&account.user(user)?.identity, order),
        IamRead::ListUserPolicies { user } => inline_names(&account.user(user)?.identity, order),
        IamRead::GetUserPolicy { user, policy } => {
            let document = account.user(user)?.identity.inline_policy("user", policy)?;
            IamReply::Document(order.document(document).into())
        }
        IamRead::ListAccessKeys { user } => IamReply::AccessKeys(order.list(keys::list(account, user)?)),
        IamRead::GetAccessKeyLastUsed { user: _, id } => IamReply::LastUsed(keys::last_used(account, id)?),
        IamRead::ListGroupsForUser { user } => {
            account.user(user)?;
            IamReply::Names(order.list(account.groups_of(user).cloned()))
        }
        IamRead::GetRole { role } => IamReply::Role(account.seen_role(account.role(role)?, order)),
        IamRead::ListAttachedRolePolicies { role } => attached(&account.role(role)?.identity, order),
        IamRead::ListRolePolicies { role } => inline_names(&account.role(role)?.identity, order),
        IamRead::GetRolePolicy { role, policy } => {
            let document = account.role(role)?.identity.inline_policy("role", policy)?;
            IamReply::Document(order.document(document).into())
        }
        IamRead::GetPolicy { arn } => IamReply::Policy(policies::read(account, arn)?),
        IamRead::GetPolicyVersion { arn, version } => {
            IamReply::PolicyVersion(policies::read_version(account, arn, version, order)?)
        }
        IamRead::ListPolicyVersions { arn } => IamReply::PolicyVersions(policies::list_versions(account, arn, order)?),
        IamRead::GetLoginProfile { user } => belongings::login_profile(account, user)?,
        IamRead::ListMFADevices { user } => names(&account.user(user)?.belongings.mfa_devices, order),
        IamRead::ListSSHPublicKeys { user } => names(&account.user(user)?.belongings.ssh_keys, order),
        IamRead::ListSigningCertificates { user } => names(&account.user(user)?.belongings.certificates, order),
        IamRead::ListServiceSpecificCredentials { user } => {
            names(&account.user(user)?.belongings.service_credentials, order)
        }
        IamRead::ListInstanceProfilesForRole { role } => {
            account.role(role)?;
            IamReply::Names(order.list(account.instance_profiles_of(role).cloned()))
        }
        IamRead::ListEntitiesForPolicy { arn, usage } => {
            IamReply::Entities(belongings::entities(account, arn, *usage, order)?)
        }
    })
}

fn names(all: &BTreeSet<String>, order: Order) -> IamReply {
    IamReply::Names(order.list(all.iter().cloned()))
}

fn attached(identity: &Identity, order: Order) -> IamReply {
    IamReply::Attached(order.list(identity.attached.iter().cloned()))
}

fn inline_names(identity: &Identity, order: Order) -> IamReply {
    IamReply::Names(order.list(identity.inline.keys().cloned()))
}

pub(super) fn write(account: &mut Account, write: &IamWrite) -> Outcome<Reply> {
    use IamWrite as W;
    use Who::{Role, User};
    match write {
        W::CreateUser { user, path, boundary, tags } => {
            users::create(account, &Wanted { name: user, path, boundary: boundary.as_deref(), tags })
        }
        W::UpdateUser { user, path } => users::update(account, user, path),
        W::DeleteUser { user } => users::delete(account, user),
        W::TagUser { user, tags } => identity::tag(account, User(user), tags),
        W::UntagUser { user, keys } => identity::untag(account, User(user), keys),
        W::PutUserPermissionsBoundary { user, arn } => identity::bound(account, User(user), arn),
        W::DeleteUserPermissionsBoundary { user } => identity::unbound(account, User(user)),
        W::AttachUserPolicy { user, arn } => identity::attach(account, User(user), arn),
        W::DetachUserPolicy { user, arn } => identity::detach(account, User(user), arn),
        W::PutUserPolicy { user, policy, document } => identity::put_inline(account, User(user), policy, document),
        W::DeleteUserPolicy { user, policy } => identity::delete_inline(account, User(user), policy),
        W::CreateAccessKey { user } => keys::create(account, user),
        W::DeleteAccessKey { user, id } => keys::delete(account, user, id),
        W::UpdateAccessKey { user, id, active } => keys::update(account, user, id, *active),
        W::CreateRole { role, path, description, max_session_duration, trust, boundary, tags } => {
            let wanted = Wanted { name: role, path, boundary: boundary.as_deref(), tags };
            roles::create(account, &wanted, description.as_deref(), *max_session_duration, trust)
        }
        W::UpdateRole { role, description, max_session_duration } => {
            roles::update(account, role, description, *max_session_duration)
        }
        W::UpdateAssumeRolePolicy { role, trust } => roles::update_trust(account, role, trust),
        W::DeleteRole { role } => roles::delete(account, role),
        W::TagRole { role, tags } => identity::tag(account, Role(role), tags),
        W::UntagRole { role, keys } => identity::untag(account, Role(role), keys),
        W::PutRolePermissionsBoundary { role, arn } => identity::bound(account, Role(role), arn),
        W::DeleteRolePermissionsBoundary { role } => identity::unbound(account, Role(role)),
        W::AttachRolePolicy { role, arn } => identity::attach(account, Role(role), arn),
        W::DetachRolePolicy { role, arn } => identity::detach(account, Role(role), arn),
        W::PutRolePolicy { role, policy, document } => identity::put_inline(account, Role(role), policy, document),
        W::DeleteRolePolicy { role, policy } => identity::delete_inline(account, Role(role), policy),
        W::CreatePolicy { policy, path, description, document, tags } => {
            let description = description.as_deref();
            policies::create(account, &policies::Wanted { name: policy, path, description, document, tags })
        }
        W::CreatePolicyVersion { arn, document } => policies::create_version(account, arn, document),
        W::DeletePolicyVersion { arn, version } => policies::delete_version(account, arn, version),
        W::DeletePolicy { arn } => policies::delete(account, arn),
        W::TagPolicy { arn, tags } => policies::tag(account, arn, tags),
        W::UntagPolicy { arn, keys } => policies::untag(account, arn, keys),
        W::AttachGroupPolicy { group, arn } => belongings::attach(account, group, arn),
        W::PutGroupPolicy { group, policy, document } => belongings::put_inline(account, group, policy, document),
        W::DeleteLoginProfile { .. }
        | W::DeactivateMFADevice { .. }
        | W::DeleteVirtualMFADevice { .. }
        | W::DeleteSSHPublicKey { .. }
        | W::DeleteSigningCertificate { .. }
        | W::DeleteServiceSpecificCredential { .. }
        | W::RemoveUserFromGroup { .. }
        | W::RemoveRoleFromInstanceProfile { .. }
        | W::DetachGroupPolicy { .. }
        | W::DeleteGroupPolicy { .. } => belongings::remove(account, write),
    }
}
