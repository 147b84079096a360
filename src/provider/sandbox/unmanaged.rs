//! Changes to the account by others, which no call of relayctl makes.

use crate::call::Reply;
use crate::value::Tags;

use super::account::Account;
use super::records::GroupRecord;
use super::refusal::SandboxResult;
use super::{groups, instance_profiles};

/// An object that no call of relayctl makes.
#[derive(Clone, Debug)]
pub enum UnmanagedObject {
    LoginProfile { user: String },
    MfaDevice { user: String, serial: String },
    SshKey { user: String, id: String },
    Certificate { user: String, id: String },
    ServiceCredential { user: String, id: String },
    Member { group: String, user: String },
    GroupPolicy { group: String, arn: String },
    InstanceProfile { profile: String, role: String },
}

pub(super) fn add_object(account: &mut Account, thing: &UnmanagedObject) -> SandboxResult<Reply> {
    match thing {
        UnmanagedObject::LoginProfile { user } => {
            account.dependents_mut(user)?.login_profile = true;
        }
        UnmanagedObject::MfaDevice { user, serial } => {
            _ = account.dependents_mut(user)?.mfa_devices.insert(serial.clone());
        }
        UnmanagedObject::SshKey { user, id } => {
            _ = account.dependents_mut(user)?.ssh_keys.insert(id.clone());
        }
        UnmanagedObject::Certificate { user, id } => {
            _ = account.dependents_mut(user)?.certificates.insert(id.clone());
        }
        UnmanagedObject::ServiceCredential { user, id } => {
            account.dependents_mut(user)?.service_credentials.insert(id.clone());
        }
        UnmanagedObject::Member { group, user } => {
            account.user(user)?;
            group_or_new(account, group)?.members.insert(user.clone());
        }
        UnmanagedObject::GroupPolicy { group, arn } => {
            _ = group_or_new(account, group)?.identity.attached.insert(arn.clone());
        }
        UnmanagedObject::InstanceProfile { profile, role } => {
            if account.instance_profile(profile).is_err() {
                instance_profiles::create(account, profile, "/", &Tags::new())?;
            }
            instance_profiles::add_role(account, profile, role)?;
        }
    }
    Ok(Reply::Done)
}

fn group_or_new<'a>(account: &'a mut Account, name: &str) -> SandboxResult<&'a mut GroupRecord> {
    if account.group(name).is_err() {
        groups::create(account, name, "/")?;
    }
    account.group_mut(name)
}
