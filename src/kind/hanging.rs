//! What AWS wants gone before it deletes a user, a role, a policy or a bucket, and the calls that take it away.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::principal::Principal;
use super::{Attached, Seen};
use crate::address::{self, Address, KindName, PrincipalKind};
use crate::call::iam::Entities;
use crate::call::{IamWrite, Write};
use crate::reads::{UserDependents, Uses};
use crate::value::text;

/// One thing that hangs on an object. The policies on users and roles are in [`Seen::attached`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Hanging {
    AccessKey(String),
    LoginProfile,
    /// By serial number.
    MfaDevice(String),
    SshKey(String),
    Certificate(String),
    ServiceCredential(String),
    Group(String),
    InstanceProfile(String),
    /// What a policy is attached to.
    AttachedTo(address::Principal),
    /// What a policy bounds.
    BoundaryOf(address::Principal),
    /// Versions and delete markers in a bucket, or at least so many.
    Objects {
        count: usize,
        more: bool,
    },
}

impl fmt::Display for Hanging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessKey(id) => write!(f, "access key {id}"),
            Self::LoginProfile => write!(f, "console password"),
            Self::MfaDevice(serial) => write!(f, "MFA device {serial}"),
            Self::SshKey(id) => write!(f, "SSH public key {id}"),
            Self::Certificate(id) => write!(f, "signing certificate {id}"),
            Self::ServiceCredential(id) => write!(f, "service-specific credential {id}"),
            Self::Group(name) => write!(f, "membership in group {name}"),
            Self::InstanceProfile(name) => write!(f, "instance profile {name}"),
            Self::AttachedTo(holder) => write!(f, "attachment to {holder}"),
            Self::BoundaryOf(holder) => write!(f, "permissions boundary of {holder}"),
            Self::Objects { count, more: false } => write!(f, "{count} object versions and delete markers"),
            Self::Objects { count, more: true } => write!(f, "more than {count} object versions and delete markers"),
        }
    }
}

impl Hanging {
    /// The calls that take it away, in order. None for a permissions boundary, without which its holder could do more; and
    /// none for objects, which only `force_destroy` gives up.
    pub fn removal(&self, of: &Seen) -> Vec<Write> {
        let user = || text(&of.attributes, "name").to_owned();
        let writes = match self.clone() {
            Self::AccessKey(id) => vec![IamWrite::DeleteAccessKey { user: user(), id }],
            Self::LoginProfile => vec![IamWrite::DeleteLoginProfile { user: user() }],
            Self::MfaDevice(serial) => {
                let deactivate = IamWrite::DeactivateMFADevice { user: user(), serial: serial.clone() };
                // Only a virtual device stays behind, and nobody can use it again.
                let delete = is_virtual(&serial).then_some(IamWrite::DeleteVirtualMFADevice { serial });
                [deactivate].into_iter().chain(delete).collect()
            }
            Self::SshKey(id) => vec![IamWrite::DeleteSSHPublicKey { user: user(), id }],
            Self::Certificate(id) => vec![IamWrite::DeleteSigningCertificate { user: user(), id }],
            Self::ServiceCredential(id) => vec![IamWrite::DeleteServiceSpecificCredential { user: user(), id }],
            Self::Group(group) => vec![IamWrite::RemoveUserFromGroup { user: user(), group }],
            Self::InstanceProfile(profile) => {
                vec![IamWrite::RemoveRoleFromInstanceProfile { role: text(&of.attributes, "name").to_owned(), profile }]
            }
            Self::AttachedTo(holder) => {
                let arn = text(&of.attributes, "arn").to_owned();
                let name = holder.name;
                vec![match holder.kind {
                    PrincipalKind::User => IamWrite::DetachUserPolicy { user: name, arn },
                    PrincipalKind::Role => IamWrite::DetachRolePolicy { role: name, arn },
                    PrincipalKind::Group => IamWrite::DetachGroupPolicy { group: name, arn },
                }]
            }
            Self::BoundaryOf(_) | Self::Objects { .. } => Vec::new(),
        };
        writes.into_iter().map(Write::Iam).collect()
    }
}

impl Attached {
    /// The call that takes it off a user (`kind` is `user`) or a role.
    pub fn removal(&self, holder: &Address) -> Write {
        let principal = match holder.kind() {
            KindName::USER => Principal::User,
            _ => Principal::Role,
        };
        let holder = holder.name();
        match self {
            Self::Managed(arn) => principal.detach(holder, arn),
            Self::Inline(name) => principal.delete_inline(holder, name),
        }
    }
}

/// `arn:aws:iam::123456789012:mfa/phone`; a security key is a `u2f/`, a hardware token has a number.
fn is_virtual(serial: &str) -> bool {
    serial.starts_with("arn:") && serial.contains(":mfa/")
}

pub(super) fn of_user(dependents: UserDependents) -> Vec<Hanging> {
    let password = dependents.login_profile.then_some(Hanging::LoginProfile);
    let keys = dependents.access_keys.into_iter().map(Hanging::AccessKey);
    keys.chain(password)
        .chain(dependents.mfa_devices.into_iter().map(Hanging::MfaDevice))
        .chain(dependents.ssh_keys.into_iter().map(Hanging::SshKey))
        .chain(dependents.certificates.into_iter().map(Hanging::Certificate))
        .chain(dependents.service_credentials.into_iter().map(Hanging::ServiceCredential))
        .chain(dependents.groups.into_iter().map(Hanging::Group))
        .collect()
}

pub(super) fn of_policy(uses: Uses) -> Vec<Hanging> {
    let attached = holders(uses.attached).map(Hanging::AttachedTo);
    attached.chain(holders(uses.boundary).map(Hanging::BoundaryOf)).collect()
}

fn holders(entities: Entities) -> impl Iterator<Item = address::Principal> {
    use address::Principal;
    let users = entities.users.into_iter().map(Principal::user);
    users
        .chain(entities.roles.into_iter().map(Principal::role))
        .chain(entities.groups.into_iter().map(Principal::group))
}
