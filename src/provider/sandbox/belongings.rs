//! What people hang on users, roles and policies, and what AWS wants gone before it deletes those.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::call::iam::{Entities, PolicyUsage};
use crate::call::{IamReply, IamWrite, Reply};
use crate::policy::Usage;
use crate::value::Shared;

use super::account::Account;
use super::identity::Identity;
use super::order::Order;
use super::refusal::{Outcome, Refusal};
use super::{documents, limits, names};

/// A user's, besides policies, keys and groups.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Belongings {
    pub(super) login_profile: bool,
    /// Serial numbers.
    pub(super) mfa_devices: BTreeSet<String>,
    pub(super) ssh_keys: BTreeSet<String>,
    pub(super) certificates: BTreeSet<String>,
    pub(super) service_credentials: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) members: BTreeSet<String>,
    pub(super) attached: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) inline: BTreeMap<String, Shared>,
}

/// Something that no call of relayctl makes: what others do in the account.
#[derive(Clone, Debug)]
pub enum Thing {
    LoginProfile { user: String },
    MfaDevice { user: String, serial: String },
    SshKey { user: String, id: String },
    Certificate { user: String, id: String },
    ServiceCredential { user: String, id: String },
    Member { group: String, user: String },
    GroupPolicy { group: String, arn: String },
    InstanceProfile { profile: String, role: String },
}

pub(super) fn add(account: &mut Account, thing: &Thing) -> Outcome<Reply> {
    match thing {
        Thing::LoginProfile { user } => account.user_mut(user)?.belongings.login_profile = true,
        Thing::MfaDevice { user, serial } => _ = account.user_mut(user)?.belongings.mfa_devices.insert(serial.clone()),
        Thing::SshKey { user, id } => _ = account.user_mut(user)?.belongings.ssh_keys.insert(id.clone()),
        Thing::Certificate { user, id } => _ = account.user_mut(user)?.belongings.certificates.insert(id.clone()),
        Thing::ServiceCredential { user, id } => {
            account.user_mut(user)?.belongings.service_credentials.insert(id.clone());
        }
        Thing::Member { group, user } => {
            account.user(user)?;
            account.groups.entry(group.clone()).or_default().members.insert(user.clone());
        }
        Thing::GroupPolicy { group, arn } => {
            account.groups.entry(group.clone()).or_default().attached.insert(arn.clone());
        }
        Thing::InstanceProfile { profile, role } => {
            account.role(role)?;
            account.instance_profiles.entry(profile.clone()).or_default().insert(role.clone());
        }
    }
    Ok(Reply::Done)
}

impl Belongings {
    pub(super) fn deletable(&self) -> Outcome<()> {
        let first = [
            (self.login_profile, "must delete login profile first"),
            (!self.mfa_devices.is_empty(), "must delete MFA device first"),
            (!self.ssh_keys.is_empty(), "must delete SSH public keys first"),
            (!self.certificates.is_empty(), "must delete signing certificates first"),
            (!self.service_credentials.is_empty(), "must delete service specific credentials first"),
        ];
        match first.into_iter().find(|(there, _)| *there) {
            Some((_, what)) => Err(Refusal::delete_conflict(format!("Cannot delete entity, {what}."))),
            None => Ok(()),
        }
    }
}

impl Account {
    pub(super) fn groups_of(&self, user: &str) -> impl Iterator<Item = &String> {
        holding(&self.groups, move |group| group.members.contains(user))
    }

    pub(super) fn instance_profiles_of(&self, role: &str) -> impl Iterator<Item = &String> {
        holding(&self.instance_profiles, move |roles| roles.contains(role))
    }
}

fn holding<T>(all: &BTreeMap<String, T>, holds: impl Fn(&T) -> bool) -> impl Iterator<Item = &String> {
    all.iter().filter(move |(_, it)| holds(it)).map(|(name, _)| name)
}

pub(super) fn login_profile(account: &Account, user: &str) -> Outcome<IamReply> {
    if account.user(user)?.belongings.login_profile {
        return Ok(IamReply::LoginProfile);
    }
    Err(Refusal::no_such_entity(format!("Login Profile for User {user} cannot be found.")))
}

pub(super) fn entities(account: &Account, arn: &str, usage: PolicyUsage, order: Order) -> Outcome<Entities> {
    if !account.attachable(arn) {
        return Err(Refusal::no_such_entity(format!("Policy {arn} was not found.")));
    }
    let attached = usage != PolicyUsage::PermissionsBoundary;
    let bounds = usage != PolicyUsage::PermissionsPolicy;
    let uses = |identity: &&Identity| {
        attached && identity.attached.contains(arn) || bounds && identity.boundary.as_deref() == Some(arn)
    };
    let names = |identities: Vec<&Identity>| order.list(identities.into_iter().filter(uses).map(|it| it.name.clone()));
    let grouped = |group: &Group| attached && group.attached.contains(arn);
    Ok(Entities {
        users: names(account.users.values().map(|user| &user.identity).collect()),
        roles: names(account.roles.values().map(|role| &role.identity).collect()),
        groups: order.list(holding(&account.groups, grouped).cloned()),
    })
}

fn group_mut<'a>(account: &'a mut Account, group: &str) -> Outcome<&'a mut Group> {
    let missing = || Refusal::no_such_entity(format!("The group with name {group} cannot be found."));
    account.groups.get_mut(group).ok_or_else(missing)
}

/// Attaches a managed policy to a group.
pub(super) fn attach(account: &mut Account, group: &str, arn: &str) -> Outcome<Reply> {
    group_mut(account, group)?;
    names::policy_arn(arn)?;
    if !account.attachable(arn) {
        return Err(Refusal::no_such_entity(format!("Policy {arn} does not exist or is not attachable.")));
    }
    let attached = &mut group_mut(account, group)?.attached;
    attached.insert(arn.to_owned());
    limits::quota("PoliciesPerGroup", attached.len(), limits::ATTACHED_POLICIES)?;
    Ok(Reply::Done)
}

/// Embeds a policy in a group.
pub(super) fn put_inline(account: &mut Account, group: &str, policy: &str, document: &Shared) -> Outcome<Reply> {
    names::name("policyName", policy, names::POLICY)?;
    let inline = &mut group_mut(account, group)?.inline;
    inline.insert(policy.to_owned(), document.clone());
    limits::inline_policies("group", group, Usage::GroupInline, inline.values().map(|document| &**document))?;
    documents::check(document, Usage::GroupInline)?;
    Ok(Reply::Done)
}

pub(super) fn remove(account: &mut Account, write: &IamWrite) -> Outcome<Reply> {
    use IamWrite as W;
    let gone = match write {
        W::DeleteLoginProfile { user } => std::mem::take(&mut account.user_mut(user)?.belongings.login_profile),
        W::DeactivateMFADevice { user, serial } => account.user_mut(user)?.belongings.mfa_devices.remove(serial),
        // A device that is nobody's any more; which there are is not kept.
        W::DeleteVirtualMFADevice { serial } => unassigned(account, serial)?,
        W::DeleteSSHPublicKey { user, id } => account.user_mut(user)?.belongings.ssh_keys.remove(id),
        W::DeleteSigningCertificate { user, id } => account.user_mut(user)?.belongings.certificates.remove(id),
        W::DeleteServiceSpecificCredential { user, id } => {
            account.user_mut(user)?.belongings.service_credentials.remove(id)
        }
        W::RemoveUserFromGroup { user, group } => {
            account.user(user)?;
            account.groups.get_mut(group).is_some_and(|group| group.members.remove(user))
        }
        W::RemoveRoleFromInstanceProfile { role, profile } => {
            account.role(role)?;
            account.instance_profiles.get_mut(profile).is_some_and(|roles| roles.remove(role))
        }
        W::DetachGroupPolicy { group, arn } => {
            account.groups.get_mut(group).is_some_and(|group| group.attached.remove(arn))
        }
        W::DeleteGroupPolicy { group, policy } => group_mut(account, group)?.inline.remove(policy).is_some(),
        _ => false,
    };
    if gone {
        return Ok(Reply::Done);
    }
    Err(Refusal::no_such_entity(format!("The entity {} cannot be found.", write.object())))
}

fn unassigned(account: &Account, serial: &str) -> Outcome<bool> {
    if account.users.values().any(|user| user.belongings.mfa_devices.contains(serial)) {
        return Err(Refusal::delete_conflict("MFA device is currently assigned to a user."));
    }
    Ok(true)
}
