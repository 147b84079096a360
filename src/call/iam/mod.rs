//! The calls of IAM, and the answers. Documents travel as JSON values; the edges encode them as AWS
//! wants them.

mod principal;
mod read;
mod write;

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::address::{Principal, PrincipalKind};
use crate::value::{SharedValue, Tags};

pub use read::IamRead;
pub use write::IamWrite;

/// `Filter` of GetAccountAuthorizationDetails. Without `AWSManagedPolicy`: AWS's own, more than a
/// thousand, are no one's to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntityType {
    User,
    Role,
    Group,
    LocalManagedPolicy,
}

impl EntityType {
    pub const ALL: [Self; 4] = [Self::User, Self::Role, Self::Group, Self::LocalManagedPolicy];

    /// The kind of principal that it is; none: it is a policy.
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

/// How a policy is used: `PolicyUsageFilter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PolicyUsage {
    /// No filter: either.
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
    /// CreateGroup.
    Group(Group),
    /// GetGroup: the group, and the names of its members.
    Members {
        group: Group,
        users: Vec<String>,
    },
    Policy(ManagedPolicy),
    PolicyVersion(PolicyVersion),
    PolicyVersions(Vec<PolicyVersion>),
    /// ListAttachedUserPolicies, ListAttachedRolePolicies, ListAttachedGroupPolicies: ARNs.
    Attached(Vec<String>),
    /// ListUserPolicies, ListRolePolicies, ListGroupPolicies, and the lists of what else hangs on a
    /// user or a role: names or ids.
    Names(Vec<String>),
    /// GetLoginProfile: there is one.
    LoginProfile,
    /// GetUserPolicy, GetRolePolicy, GetGroupPolicy.
    Document(SharedValue),
    AccessKeys(Vec<AccessKey>),
    /// GetAccessKeyLastUsed; none for a key that was never used.
    LastUsed(Option<LastUsed>),
    /// ListEntitiesForPolicy.
    Entities(Entities),
    /// CreateAccessKey. Debug shows no secret (`secrecy`).
    NewAccessKey {
        id: String,
        secret: SecretString,
    },
}

impl IamReply {
    /// The id of what a create has made: it tells this object from a later one of the same name.
    pub fn made(&self) -> Option<&str> {
        match self {
            Self::User(user) => Some(&user.id),
            Self::Role(role) => Some(&role.id),
            Self::Group(group) => Some(&group.id),
            Self::Policy(policy) => Some(&policy.id),
            Self::NewAccessKey { id, .. } => Some(id),
            Self::AuthorizationDetails(_)
            | Self::AccountSummary(_)
            | Self::Roles(_)
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

/// The names of what uses a policy.
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
    /// There is more: what to ask for it with.
    pub marker: Option<String>,
    /// How many pages it took.
    pub pages: usize,
}

/// GetAccountSummary, by type.
pub type AccountSummary = BTreeMap<EntityType, u64>;

/// GetUser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    pub name: String,
    /// `AIDA…`, never used again after the user is deleted.
    pub id: String,
    pub arn: String,
    pub path: String,
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// GetRole; from ListRoles without tags and boundary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Role {
    pub name: String,
    /// `AROA…`
    pub id: String,
    pub arn: String,
    pub path: String,
    pub description: String,
    pub max_session_duration: i64,
    pub trust: SharedValue,
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// CreateGroup, and a part of GetGroup. IAM gives groups neither tags nor boundaries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    pub name: String,
    /// `AGPA…`
    pub id: String,
    pub arn: String,
    pub path: String,
}

/// GetPolicy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManagedPolicy {
    pub name: String,
    /// `ANPA…`
    pub id: String,
    pub arn: String,
    pub path: String,
    pub description: String,
    pub default_version: String,
    pub tags: Tags,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyVersion {
    /// `v1`, `v2` …; never reused.
    pub id: String,
    pub is_default: bool,
    pub document: Option<SharedValue>,
}

/// One inline policy: its name and document.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    pub name: String,
    pub document: SharedValue,
}

/// A user in the sweep: everything GetUser has, and what hangs on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserDetail {
    pub user: User,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
    pub groups: Vec<String>,
}

/// A role in the sweep; its description and session length are not there (0 and "").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDetail {
    pub role: Role,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
}

/// A group in the sweep. Its members are not there: the users say which groups they are in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupDetail {
    pub group: Group,
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
}

/// A policy in the sweep; its tags are not there, its description not reliably.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDetail {
    pub policy: ManagedPolicy,
    pub versions: Vec<PolicyVersion>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    /// `Active` or `Inactive`.
    pub status: String,
    /// RFC 3339.
    pub created: String,
}

/// When a key was last used to sign a request, and what it asked. Of several requests within 15
/// minutes only the first is recorded, says the page of the credential report, which gives the
/// same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUsed {
    /// RFC 3339.
    pub at: String,
    pub service: String,
    pub region: String,
}
