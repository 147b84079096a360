//! What stands in the way of a deletion, asked only where something is to be deleted.

use super::{Found, Gap, Snapshot, both};
use crate::call::iam::{Entities, PolicyUsage};
use crate::call::{IamRead, IamReply};

/// What hangs on a user besides its policies, each by name or id, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    pub login_profile: bool,
    pub access_keys: Vec<String>,
    pub mfa_devices: Vec<String>,
    pub ssh_keys: Vec<String>,
    pub certificates: Vec<String>,
    pub service_credentials: Vec<String>,
    pub groups: Vec<String>,
}

/// What a policy is attached to, and what it is the boundary of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    pub attached: Entities,
    pub boundary: Entities,
}

impl Snapshot {
    pub(super) fn find_belongings(&self, name: &str) -> Found<Belongings> {
        let user = || name.to_owned();
        let keys = self.find_access_keys(name).map(|keys| keys.into_iter().map(|key| key.id).collect::<Vec<_>>());
        let devices = self.sorted(IamRead::ListMFADevices { user: user() });
        let ssh_keys = self.sorted(IamRead::ListSSHPublicKeys { user: user() });
        let certificates = self.sorted(IamRead::ListSigningCertificates { user: user() });
        let credentials = self.sorted(IamRead::ListServiceSpecificCredentials { user: user() });
        let groups = self.sorted(IamRead::ListGroupsForUser { user: user() });
        let (access_keys, (login_profile, (mfa_devices, (ssh_keys, (certificates, (service_credentials, groups)))))) =
            both(
                keys,
                both(
                    self.find_login_profile(name),
                    both(devices, both(ssh_keys, both(certificates, both(credentials, groups)))),
                ),
            )?;
        Ok(Belongings { login_profile, access_keys, mfa_devices, ssh_keys, certificates, service_credentials, groups })
    }

    /// IAM says of a password that isn't there what it says of a user that isn't there.
    fn find_login_profile(&self, user: &str) -> Found<bool> {
        let found = self.iam(IamRead::GetLoginProfile { user: user.to_owned() }, |reply| {
            matches!(reply, IamReply::LoginProfile).then_some(true)
        });
        match found {
            Err(Gap::Absent) => Ok(false),
            found => found,
        }
    }

    pub(super) fn find_instance_profiles(&self, role: &str) -> Found<Vec<String>> {
        self.sorted(IamRead::ListInstanceProfilesForRole { role: role.to_owned() })
    }

    pub(super) fn find_uses(&self, arn: &str) -> Found<Uses> {
        let attached = self.entities(arn, PolicyUsage::PermissionsPolicy);
        let boundary = self.entities(arn, PolicyUsage::PermissionsBoundary);
        let (attached, mut boundary) = both(attached, boundary)?;
        // Servers that speak IAM and don't know the filter give all of them twice.
        boundary.users.retain(|user| !attached.users.contains(user));
        boundary.roles.retain(|role| !attached.roles.contains(role));
        boundary.groups.clear();
        Ok(Uses { attached, boundary })
    }

    fn entities(&self, arn: &str, usage: PolicyUsage) -> Found<Entities> {
        let mut found =
            self.iam(IamRead::ListEntitiesForPolicy { arn: arn.to_owned(), usage }, |reply| match reply {
                IamReply::Entities(entities) => Some(entities.clone()),
                _ => None,
            })?;
        for names in [&mut found.users, &mut found.roles, &mut found.groups] {
            names.sort();
        }
        Ok(found)
    }

    fn sorted(&self, read: IamRead) -> Found<Vec<String>> {
        let mut names = self.names(read)?;
        names.sort();
        Ok(names)
    }
}
