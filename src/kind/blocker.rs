//! The objects that block the deletion of a user, a role, a group, a policy or a bucket, and the
//! calls that remove them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LiveObject, principal};
use crate::address::{Address, KindName, Principal, PrincipalKind};
use crate::call::{IamWrite, Write};
use crate::reads::{UserDependents, Uses};
use crate::value::text_of;

/// An object that AWS wants gone before another one is deleted. The policies of principals are in
/// [`LiveObject::attached`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeletionBlocker {
    AccessKey(String),
    LoginProfile,
    /// An MFA device, by its serial number.
    MfaDevice(String),
    SshKey(String),
    Certificate(String),
    ServiceCredential(String),
    Group(String),
    /// A user in a group.
    Member(String),
    InstanceProfile(String),
    /// The role in an instance profile.
    RoleInProfile(String),
    /// A principal to which a policy is attached.
    AttachedTo(Principal),
    /// A principal whose boundary is the policy.
    BoundaryOf(Principal),
    /// Versions and delete markers in a bucket; `more` if there are more than `count`.
    Objects {
        count: usize,
        more: bool,
    },
}

impl fmt::Display for DeletionBlocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessKey(id) => write!(f, "access key {id}"),
            Self::LoginProfile => write!(f, "console password"),
            Self::MfaDevice(serial) => write!(f, "MFA device {serial}"),
            Self::SshKey(id) => write!(f, "SSH public key {id}"),
            Self::Certificate(id) => write!(f, "signing certificate {id}"),
            Self::ServiceCredential(id) => write!(f, "service-specific credential {id}"),
            Self::Group(name) => write!(f, "membership in group {name}"),
            Self::Member(user) => write!(f, "member {user}"),
            Self::InstanceProfile(name) => write!(f, "instance profile {name}"),
            Self::RoleInProfile(role) => write!(f, "role {role}"),
            Self::AttachedTo(holder) => write!(f, "attachment to {holder}"),
            Self::BoundaryOf(holder) => write!(f, "permissions boundary of {holder}"),
            Self::Objects { count, more: false } => {
                write!(f, "{count} object versions and delete markers")
            }
            Self::Objects { count, more: true } => {
                write!(f, "more than {count} object versions and delete markers")
            }
        }
    }
}

impl DeletionBlocker {
    /// Returns the calls that remove it, in order. There are none for a permissions boundary,
    /// without which its holder could do more; and none for objects, which only `force_destroy`
    /// deletes.
    pub fn removal(&self, of: &LiveObject) -> Vec<Write> {
        let user = || text_of(&of.attributes, "name").to_owned();
        let writes = match self.clone() {
            Self::AttachedTo(holder) => {
                return vec![principal::detach(&holder, text_of(&of.attributes, "arn"))];
            }
            Self::AccessKey(id) => vec![IamWrite::DeleteAccessKey { user: user(), id }],
            Self::LoginProfile => vec![IamWrite::DeleteLoginProfile { user: user() }],
            Self::MfaDevice(serial) => {
                let deactivate =
                    IamWrite::DeactivateMFADevice { user: user(), serial: serial.clone() };
                // Only a virtual device still exists after that, and nobody can use it again.
                let delete =
                    is_virtual(&serial).then_some(IamWrite::DeleteVirtualMFADevice { serial });
                [deactivate].into_iter().chain(delete).collect()
            }
            Self::SshKey(id) => vec![IamWrite::DeleteSSHPublicKey { user: user(), id }],
            Self::Certificate(id) => vec![IamWrite::DeleteSigningCertificate { user: user(), id }],
            Self::ServiceCredential(id) => {
                vec![IamWrite::DeleteServiceSpecificCredential { user: user(), id }]
            }
            Self::Group(group) => return vec![principal::leave_group(&user(), &group)],
            Self::Member(user) => {
                return vec![principal::leave_group(&user, text_of(&of.attributes, "name"))];
            }
            Self::InstanceProfile(profile) => {
                vec![IamWrite::RemoveRoleFromInstanceProfile {
                    role: text_of(&of.attributes, "name").to_owned(),
                    profile,
                }]
            }
            Self::RoleInProfile(role) => {
                let profile = text_of(&of.attributes, "name").to_owned();
                vec![IamWrite::RemoveRoleFromInstanceProfile { role, profile }]
            }
            Self::BoundaryOf(_) | Self::Objects { .. } => Vec::new(),
        };
        writes.into_iter().map(Write::Iam).collect()
    }

    /// Returns the address of the resource that would manage it on the principal `of`, and the part
    /// that tells it from others at that address. Policies on principals and boundaries have two
    /// ends, and are found from the other end.
    pub fn as_object<'a>(&'a self, of: &'a Address) -> Option<(Address, &'a str)> {
        match self {
            Self::AccessKey(id) => Some((Address::new(KindName::AccessKey, of.name()), id)),
            Self::Group(group) => Some((Principal::membership(of.name(), group), group)),
            Self::Member(user) => Some((Principal::membership(user, of.name()), user)),
            Self::InstanceProfile(profile) => {
                Some((Address::new(KindName::InstanceProfileRole, profile), profile))
            }
            Self::RoleInProfile(_) => {
                Some((Address::new(KindName::InstanceProfileRole, of.name()), of.name()))
            }
            Self::LoginProfile
            | Self::MfaDevice(_)
            | Self::SshKey(_)
            | Self::Certificate(_)
            | Self::ServiceCredential(_)
            | Self::AttachedTo(_)
            | Self::BoundaryOf(_)
            | Self::Objects { .. } => None,
        }
    }

    /// Returns true if it comes and goes all the time, so that a change between a plan and its
    /// apply is no news.
    pub fn is_volatile(&self) -> bool {
        match self {
            Self::Objects { .. } => true,
            Self::AccessKey(_)
            | Self::LoginProfile
            | Self::MfaDevice(_)
            | Self::SshKey(_)
            | Self::Certificate(_)
            | Self::ServiceCredential(_)
            | Self::Group(_)
            | Self::Member(_)
            | Self::InstanceProfile(_)
            | Self::RoleInProfile(_)
            | Self::AttachedTo(_)
            | Self::BoundaryOf(_) => false,
        }
    }
}

/// Returns true for the serial number of a virtual device, such as
/// `arn:aws:iam::123456789012:mfa/phone`. A security key has `u2f/` there, and a hardware token has
/// a number.
fn is_virtual(serial: &str) -> bool {
    serial.starts_with("arn:") && serial.contains(":mfa/")
}

/// Returns everything that may block the deletion of a user; `arn` is the user's.
pub(super) fn any_of_user(arn: &str) -> Vec<DeletionBlocker> {
    let any = || "*".to_owned();
    let account = arn.split_inclusive(':').take(5).collect::<String>();
    vec![
        DeletionBlocker::AccessKey(any()),
        DeletionBlocker::LoginProfile,
        DeletionBlocker::MfaDevice(format!("{account}mfa/*")),
        DeletionBlocker::SshKey(any()),
        DeletionBlocker::Certificate(any()),
        DeletionBlocker::ServiceCredential(any()),
        DeletionBlocker::Group(any()),
    ]
}

/// Returns everything that may block the deletion of a policy and that relayctl may remove.
pub(super) fn any_of_policy() -> Vec<DeletionBlocker> {
    let holders = PrincipalKind::ALL.map(|kind| Principal::new(kind, "*"));
    holders.map(DeletionBlocker::AttachedTo).into()
}

pub(super) fn of_user(dependents: UserDependents) -> Vec<DeletionBlocker> {
    let password = dependents.login_profile.then_some(DeletionBlocker::LoginProfile);
    let keys = dependents.access_keys.into_iter().map(DeletionBlocker::AccessKey);
    keys.chain(password)
        .chain(dependents.mfa_devices.into_iter().map(DeletionBlocker::MfaDevice))
        .chain(dependents.ssh_keys.into_iter().map(DeletionBlocker::SshKey))
        .chain(dependents.certificates.into_iter().map(DeletionBlocker::Certificate))
        .chain(dependents.service_credentials.into_iter().map(DeletionBlocker::ServiceCredential))
        .chain(dependents.groups.into_iter().map(DeletionBlocker::Group))
        .collect()
}

pub(super) fn of_policy(uses: Uses) -> Vec<DeletionBlocker> {
    let attached = uses.attached.principals().map(DeletionBlocker::AttachedTo);
    attached.chain(uses.boundary.principals().map(DeletionBlocker::BoundaryOf)).collect()
}
