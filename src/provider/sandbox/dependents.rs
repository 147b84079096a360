//! The objects of users besides policies, keys and groups, which AWS wants gone before it deletes
//! the users.

use crate::call::IamReply;

use super::account::Account;
use super::records::DependentsRecord;
use super::refusal::{Refusal, SandboxResult};

impl DependentsRecord {
    /// Refuses the deletion of a user who has any of these objects.
    pub(super) fn deletable(&self) -> SandboxResult<()> {
        let first = [
            (self.login_profile, "must delete login profile first"),
            (!self.mfa_devices.is_empty(), "must delete MFA device first"),
            (!self.ssh_keys.is_empty(), "must delete SSH public keys first"),
            (!self.certificates.is_empty(), "must delete signing certificates first"),
            (
                !self.service_credentials.is_empty(),
                "must delete service specific credentials first",
            ),
        ];
        match first.into_iter().find(|(there, _)| *there) {
            Some((_, what)) => {
                Err(Refusal::delete_conflict(format!("Cannot delete entity, {what}.")))
            }
            None => Ok(()),
        }
    }
}

impl Account {
    pub(super) fn dependents(&self, user: &str) -> SandboxResult<&DependentsRecord> {
        Ok(&self.user(user)?.dependents)
    }

    pub(super) fn dependents_mut(&mut self, user: &str) -> SandboxResult<&mut DependentsRecord> {
        Ok(&mut self.user_mut(user)?.dependents)
    }
}

pub(super) fn login_profile(account: &Account, user: &str) -> SandboxResult<IamReply> {
    if account.dependents(user)?.login_profile {
        return Ok(IamReply::LoginProfile);
    }
    Err(Refusal::no_such_entity(format!("Login Profile for User {user} cannot be found.")))
}

/// Deletes a virtual device that no user has any more. The sandbox keeps no list of such devices.
pub(super) fn delete_virtual_device(account: &Account, serial: &str) -> SandboxResult<bool> {
    if account.users.values().any(|user| user.dependents.mfa_devices.contains(serial)) {
        return Err(Refusal::delete_conflict("MFA device is currently assigned to a user."));
    }
    Ok(true)
}
