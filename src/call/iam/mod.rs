//! The calls of IAM, and the answers. Documents travel as JSON values; the edges encode them as AWS wants them.

mod read;
mod write;

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::value::{Shared, Tags};

pub use read::IamRead;
pub use write::IamWrite;

/// `Filter` of GetAccountAuthorizationDetails. Without `AWSManagedPolicy`: AWS's own, more than a thousand, are no one's to
/// change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntityType {
    User,
    Role,
    Group,
    LocalManagedPolicy,
}

impl EntityType {
    pub const ALL: [Self; 4] = [Self::User, Self::Role, Self::Group, Self::LocalManagedPolicy];
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
    Policy(Policy),
    PolicyVersion(PolicyVersion),
    PolicyVersions(Vec<PolicyVersion>),
    /// ListAttachedUserPolicies, ListAttachedRolePolicies: ARNs.
    Attached(Vec<String>),
    /// ListUserPolicies, ListRolePolicies, and the lists of what else hangs on a user or a role: names or ids.
    Names(Vec<String>),
    /// GetLoginProfile: there is one.
    LoginProfile,
    /// GetUserPolicy, GetRolePolicy.
    Document(Shared),
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

/// The names of what uses a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    pub users: Vec<String>,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
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
    pub trust: Shared,
    pub boundary: Option<String>,
    pub tags: Tags,
}

/// GetPolicy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
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
    pub document: Option<Shared>,
}

/// One inline policy: its name and document.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    pub name: String,
    pub document: Shared,
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

/// A group in the sweep: its name, and the ARNs of what is attached to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupDetail {
    pub name: String,
    pub attached: Vec<String>,
}

/// A policy in the sweep; its tags are not there, its description not reliably.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDetail {
    pub policy: Policy,
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

/// When a key was last used to sign a request, and what it asked. Of several requests within 15 minutes only the first is
/// recorded, says the page of the credential report, which gives the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUsed {
    /// RFC 3339.
    pub at: String,
    pub service: String,
    pub region: String,
}
