//! What stands in the way of a deletion, asked only where something is to be deleted.

use std::collections::BTreeSet;

use super::swept::Look;
use super::{Ask, Found, Gap, Snapshot, both};
use crate::address::Principal;
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

impl Uses {
    /// Whoever has the policy, in whatever way.
    pub fn all(self) -> Entities {
        let join = |one: Vec<String>, other: Vec<String>| {
            let names: BTreeSet<String> = one.into_iter().chain(other).collect();
            names.into_iter().collect()
        };
        Entities {
            users: join(self.attached.users, self.boundary.users),
            roles: join(self.attached.roles, self.boundary.roles),
            groups: self.attached.groups,
        }
    }
}

impl Entities {
    pub fn principals(self) -> impl Iterator<Item = Principal> {
        let users = self.users.into_iter().map(Principal::user);
        let roles = self.roles.into_iter().map(Principal::role);
        users.chain(roles).chain(self.groups.into_iter().map(Principal::group))
    }
}

impl Snapshot {
    pub(super) fn find_belongings(&self, name: &str, ask: Ask<'_>) -> Found<Belongings> {
        let user = || name.to_owned();
        let keys = self.find_access_keys(name, ask).map(|keys| keys.into_iter().map(|key| key.id).collect::<Vec<_>>());
        let devices = self.sorted(IamRead::ListMFADevices { user: user() });
        let ssh_keys = self.sorted(IamRead::ListSSHPublicKeys { user: user() });
        let certificates = self.sorted(IamRead::ListSigningCertificates { user: user() });
        let credentials = self.sorted(IamRead::ListServiceSpecificCredentials { user: user() });
        let groups = self.find_groups(name, ask);
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

    fn find_groups(&self, user: &str, ask: Ask<'_>) -> Found<Vec<String>> {
        match (self.swept.groups_of(user), self.swept.user(user)) {
            (Some(groups), _) => Ok(groups),
            (None, Look::Unseen) if ask.first.is_some() => Err(ask.missing([])),
            (None, _) => self.sorted(IamRead::ListGroupsForUser { user: user.to_owned() }),
        }
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

    /// Of the policy of that name, whatever its path: one that moves to another path is still used under its old ARN.
    pub(super) fn find_uses(&self, arn: &str, ask: Ask<'_>) -> Found<Uses> {
        let arn = self.find_policy(arn, ask)?.arn().to_owned();
        if let Some(uses) = self.swept.uses(&arn) {
            return Ok(uses);
        }
        if ask.first.is_some() {
            return Err(ask.missing([]));
        }
        let attached = self.entities(&arn, PolicyUsage::PermissionsPolicy);
        let boundary = self.entities(&arn, PolicyUsage::PermissionsBoundary);
        let (attached, mut boundary) = both(attached, boundary)?;
        // Servers that speak IAM and don't know the filter give all of them twice. Who is in both lists may also be both: the
        // user or the role itself knows.
        let (users, roles) = both(
            bounded(&boundary.users, &attached.users, &arn, |user| self.user_boundary(user, ask)),
            bounded(&boundary.roles, &attached.roles, &arn, |role| self.role_boundary(role, ask)),
        )?;
        (boundary.users, boundary.roles) = (users, roles);
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

/// Those that have the policy for a boundary.
fn bounded(
    names: &[String],
    attached: &[String],
    arn: &str,
    boundary_of: impl Fn(&str) -> Found<Option<String>>,
) -> Found<Vec<String>> {
    let mut found = Vec::new();
    let mut missing = BTreeSet::new();
    for name in names {
        if !attached.contains(name) {
            found.push(name.clone());
            continue;
        }
        match boundary_of(name) {
            Ok(boundary) => found.extend((boundary.as_deref() == Some(arn)).then(|| name.clone())),
            Err(Gap::Absent) => {}
            Err(Gap::Missing(reads)) => missing.extend(reads),
            Err(unknown @ Gap::Unknown(_)) => return Err(unknown),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(Gap::Missing(missing)) }
}
