//! The objects that block the deletion of a user or a role, read only if something is to be
//! deleted.

use super::account::Presence;
use super::lookup::{Lookup, Missing, ReadHint, both_found, observed};
use super::snapshot::Snapshot;
use crate::address::PrincipalKind;
use crate::call::{IamRead, IamReply, Observed};

/// The objects of a user besides its policies that block its deletion, each by name or id, in
/// order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserDependents {
    pub login_profile: bool,
    pub access_keys: Vec<String>,
    pub mfa_devices: Vec<String>,
    pub ssh_keys: Vec<String>,
    pub certificates: Vec<String>,
    pub service_credentials: Vec<String>,
    pub groups: Vec<String>,
}

impl Snapshot {
    /// Returns the objects of a user besides its policies that block its deletion.
    pub fn user_dependents(&self, user: &str) -> Observed<UserDependents> {
        observed(self.find_user_dependents(user, ReadHint::NOTHING))
    }

    pub fn instance_profiles(&self, role: &str) -> Observed<Vec<String>> {
        observed(self.find_instance_profiles(role, ReadHint::NOTHING))
    }

    pub(super) fn find_user_dependents(
        &self,
        name: &str,
        hint: ReadHint<'_>,
    ) -> Lookup<UserDependents> {
        let user = || name.to_owned();
        let keys = self
            .find_access_keys(name, hint)
            .map(|keys| keys.into_iter().map(|key| key.id).collect::<Vec<_>>());
        let devices = self.names(IamRead::ListMFADevices { user: user() });
        let ssh_keys = self.names(IamRead::ListSSHPublicKeys { user: user() });
        let certificates = self.names(IamRead::ListSigningCertificates { user: user() });
        let credentials = self.names(IamRead::ListServiceSpecificCredentials { user: user() });
        let groups = self.find_groups_of_user(name, hint);
        let (
            access_keys,
            (
                login_profile,
                (mfa_devices, (ssh_keys, (certificates, (service_credentials, groups)))),
            ),
        ) = both_found(
            keys,
            both_found(
                self.find_login_profile(name),
                both_found(
                    devices,
                    both_found(ssh_keys, both_found(certificates, both_found(credentials, groups))),
                ),
            ),
        )?;
        Ok(UserDependents {
            login_profile,
            access_keys,
            mfa_devices,
            ssh_keys,
            certificates,
            service_credentials,
            groups,
        })
    }

    /// Finds the groups of a user. A user that a complete sweep lacks, and whose keys were listed,
    /// was made after the sweep: its groups are read.
    fn find_groups_of_user(&self, user: &str, hint: ReadHint<'_>) -> Lookup<Vec<String>> {
        match self.account.principal(PrincipalKind::User, user) {
            Presence::Gone => self.names(IamRead::ListGroupsForUser { user: user.to_owned() }),
            Presence::Here(_) | Presence::Unseen => self.find_groups(user, hint),
        }
    }

    /// Finds out if the user has a password. IAM answers the same for a missing password and for a
    /// missing user.
    fn find_login_profile(&self, user: &str) -> Lookup<bool> {
        let found = self.iam(IamRead::GetLoginProfile { user: user.to_owned() }, |reply| {
            matches!(reply, IamReply::LoginProfile).then_some(true)
        });
        match found {
            Err(Missing::Absent) => Ok(false),
            found => found,
        }
    }

    /// Finds the instance profiles of a role. A role that a complete sweep lacks, and that exists
    /// all the same, was made after the sweep: its profiles are read.
    pub(super) fn find_instance_profiles(
        &self,
        role: &str,
        hint: ReadHint<'_>,
    ) -> Lookup<Vec<String>> {
        let list = IamRead::ListInstanceProfilesForRole { role: role.to_owned() };
        if !self.has(&list) {
            match self.account.principal(PrincipalKind::Role, role) {
                Presence::Here(swept) => return Ok(swept.instance_profiles.clone()),
                Presence::Unseen => return Err(hint.missing([list])),
                Presence::Gone => {}
            }
        }
        self.names(list)
    }
}
