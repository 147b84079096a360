//! The calls of IAM, and their answers. Documents are JSON values here; the providers encode them
//! as AWS wants them.

mod principal;
mod read;
mod write;

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::address::{Principal, PrincipalKind};
use crate::policy::catalogue;
use crate::value::{SharedValue, Tags};

pub use read::IamRead;
pub use write::IamWrite;

/// The `Filter` of GetAccountAuthorizationDetails. It lacks `AWSManagedPolicy`: nobody but AWS can
/// change AWS's own policies, which are more than a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntityType {
    User,
    Role,
    Group,
    LocalManagedPolicy,
}

impl EntityType {
    pub const ALL: [Self; 4] = [Self::User, Self::Role, Self::Group, Self::LocalManagedPolicy];

    /// Returns the kind of principal; `None` for a policy.
    pub fn principal(self) -> Option<PrincipalKind> {
        match self {
            Self::User => Some(PrincipalKind::User),
            Self::Role => Some(PrincipalKind::Role),
            Self::Group => Some(PrincipalKind::Group),
            Self::LocalManagedPolicy => None,
        }
    }
}

impl From<PrincipalKind> for EntityType {
    fn from(kind: PrincipalKind) -> Self {
        match kind {
            PrincipalKind::User => Self::User,
            PrincipalKind::Role => Self::Role,
            PrincipalKind::Group => Self::Group,
        }
    }
}

/// Returns the path and the name of one of AWS's own managed policies, given its ARN:
/// `job-function/Billing`. `None` for a policy of an account.
pub fn aws_policy_name(arn: &str) -> Option<&str> {
    let ["arn", _, "iam", "", "aws", resource] = arn.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return None;
    };
    resource.strip_prefix("policy/")
}

/// Returns the remedy for the name of a managed policy that AWS doesn't have.
pub fn suggest_managed_policy(partition: &str, name: &str) -> String {
    match catalogue::nearest_managed_policy(name) {
        Some(near) if near == name => {
            "AWS has it, but not this account: another partition lacks some of AWS's policies, and \
                an emulator may have to load them first"
                .to_owned()
        }
        Some(near) => format!("did you mean arn:{partition}:iam::aws:policy/{near}?"),
        None => "`aws iam list-policies --scope AWS` lists AWS's managed policies".to_owned(),
    }
}

/// The use of a policy: `PolicyUsageFilter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PolicyUsage {
    /// Either use: no filter.
    Any,
    PermissionsPolicy,
    PermissionsBoundary,
}

#[derive(Clone, Debug)]
pub enum IamReply {
    AuthorizationDetails(AuthorizationDetails),
    AccountSummary(AccountSummary),
    Roles(Vec<Role>),
    User(User),
    Role(Role),
    /// The answer to CreateGroup.
    Group(Group),
    /// The answer to GetGroup: the group, and the names of its members.
    Members {
        group: Group,
        users: Vec<String>,
    },
    InstanceProfile(InstanceProfile),
    /// The answer to GetOpenIDConnectProvider.
    OidcProvider(OidcProvider),
    Policy(ManagedPolicy),
    PolicyVersion(PolicyVersion),
    PolicyVersions(Vec<PolicyVersion>),
    /// The answer to ListAttachedUserPolicies, ListAttachedRolePolicies and
    /// ListAttachedGroupPolicies: ARNs.
    Attached(Vec<String>),
    /// The answer to ListUserPolicies, ListRolePolicies and ListGroupPolicies, and to the lists of
    /// the other objects of a user or a role: names or ids.
    Names(Vec<String>),
    /// The answer to GetLoginProfile: there is a password.
    LoginProfile,
    /// The answer to GetUserPolicy, GetRolePolicy and GetGroupPolicy.
    Document(SharedValue),
    AccessKeys(Vec<AccessKey>),
    /// The answer to GetAccessKeyLastUsed; `None` for a key that was never used.
    LastUsed(Option<LastUsed>),
    /// The answer to ListEntitiesForPolicy.
    Entities(Entities),
    /// The answer to CreateAccessKey. Its Debug form shows no secret (`secrecy`).
    NewAccessKey {
        id: String,
        secret: SecretString,
    },
}

impl IamReply {
    /// Returns the id of the object that a create has made: it tells the object from a later one of
    /// the same name.
    pub fn made(&self) -> Option<&str> {
        match self {
            Self::User(user) => Some(&user.id),
            Self::Role(role) => Some(&role.id),
            Self::Group(group) => Some(&group.id),
            Self::InstanceProfile(profile) => Some(&profile.id),
            Self::Policy(policy) => Some(&policy.id),
            Self::NewAccessKey { id, .. } => Some(id),
            Self::AuthorizationDetails(_)
            | Self::AccountSummary(_)
            | Self::Roles(_)
            | Self::OidcProvider(_)
            | Self::Members { .. }
            | Self::PolicyVersion(_)
            | Self::PolicyVersions(_)
            | Self::Attached(_)
            | Self::Names(_)
            | Self::LoginProfile
            | Self::Document(_)
            | Self::AccessKeys(_)
            | Self::LastUsed(_)
            | Self::Entities(_) => None,
        }
    }
}

/// The names of the principals that use a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    pub users: Vec<String>,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
}

impl Entities {
    pub fn of(&self, kind: PrincipalKind) -> &[String] {
        match kind {
            PrincipalKind::User => &self.users,
            PrincipalKind::Role => &self.roles,
            PrincipalKind::Group => &self.groups,
        }
    }

    pub fn of_mut(&mut self, kind: PrincipalKind) -> &mut Vec<String> {
        match kind {
            PrincipalKind::User => &mut self.users,
            PrincipalKind::Role => &mut self.roles,
            PrincipalKind::Group => &mut self.groups,
        }
    }

    /// Returns all of them, users first.
    pub fn principals(self) -> impl Iterator<Item = Principal> {
        let named = |(kind, names): (PrincipalKind, Vec<String>)| {
            names.into_iter().map(move |name| Principal::new(kind, name))
        };
        self.into_kinds().into_iter().flat_map(named)
    }

    pub fn into_kinds(self) -> [(PrincipalKind, Vec<String>); 3] {
        [
            (PrincipalKind::User, self.users),
            (PrincipalKind::Role, self.roles),
            (PrincipalKind::Group, self.groups),
        ]
    }
}

#[derive(Clone, Debug, Default)]
pub struct AuthorizationDetails {
    pub users: Vec<UserDetail>,
    pub roles: Vec<RoleDetail>,
    pub groups: Vec<GroupDetail>,
    pub policies: Vec<PolicyDetail>,
    /// The marker with which the next page is asked for; `None` on the last page.
    pub marker: Option<String>,
    /// The number of pages that were read.
    pub pages: usize,
}

/// The answer to GetAccountSummary, by type.
pub type AccountSummary = BTreeMap<EntityType, u64>;

/// The answer to GetUser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    pub name: String,
    /// The unique id, `AIDA…`, which is never used again after the user is deleted.
    pub id: String,
    pub arn: String,
    pub path: String,
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// The answer to GetRole, and a part of that to ListRoles, which lacks tags and boundary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Role {
    pub name: String,
    /// The unique id, `AROA…`.
    pub id: String,
    pub arn: String,
    pub path: String,
    pub description: String,
    pub max_session_duration: i64,
    pub trust: SharedValue,
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// The answer to CreateGroup, and a part of that to GetGroup. IAM gives groups neither tags nor
/// boundaries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    pub name: String,
    /// The unique id, `AGPA…`.
    pub id: String,
    pub arn: String,
    pub path: String,
}

/// The answer to GetInstanceProfile, and to CreateInstanceProfile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceProfile {
    pub name: String,
    /// The unique id, `AIPA…`.
    pub id: String,
    pub arn: String,
    pub path: String,
    /// The name of the role in it: IAM takes one at most.
    pub role: Option<String>,
    pub tags: Tags,
}

/// The answer to GetOpenIDConnectProvider, with the ARN that was asked for: the answer lacks it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OidcProvider {
    pub arn: String,
    /// The address of the issuer without `https://`.
    pub url: String,
    pub client_ids: Vec<String>,
    pub thumbprints: Vec<String>,
    pub tags: Tags,
}

/// The answer to GetPolicy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManagedPolicy {
    pub name: String,
    /// The unique id, `ANPA…`.
    pub id: String,
    pub arn: String,
    pub path: String,
    pub description: String,
    pub default_version: String,
    pub tags: Tags,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyVersion {
    /// The number, such as `v1` or `v2`; it is never reused.
    pub id: String,
    pub is_default: bool,
    pub document: Option<SharedValue>,
}

/// An inline policy: its name and document.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    pub name: String,
    pub document: SharedValue,
}

/// A user in the sweep: everything that GetUser shows, and its policies and groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserDetail {
    pub user: User,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
    pub groups: Vec<String>,
}

/// A role in the sweep, which shows neither description nor session length ("" and 0 here).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDetail {
    pub role: Role,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
    /// The names of the instance profiles that the role is in.
    pub instance_profiles: Vec<String>,
}

/// A group in the sweep, which shows no members: the users show the groups that they are in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupDetail {
    pub group: Group,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
}

/// A policy in the sweep, which shows no tags, and the description not reliably.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDetail {
    pub policy: ManagedPolicy,
    pub versions: Vec<PolicyVersion>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    /// The status, `Active` or `Inactive`.
    pub status: String,
    /// The time of the key's creation, RFC 3339.
    pub created: String,
}

/// The last request that a key signed: its time, service and region. Of several requests within 15
/// minutes only the first is recorded, according to the AWS page on the credential report, which
/// shows the same value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUsed {
    /// The time of the request, RFC 3339.
    pub at: String,
    pub service: String,
    pub region: String,
}
