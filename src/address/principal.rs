//! A user, a role or a group of the account.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Address, KindName, PrincipalKind};

/// A principal that policies are attached to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "SerializedPrincipal", into = "SerializedPrincipal")]
pub struct Principal {
    pub kind: PrincipalKind,
    pub name: String,
}

impl Principal {
    pub fn new(kind: PrincipalKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    pub fn user(name: impl Into<String>) -> Self {
        Self::new(PrincipalKind::User, name)
    }

    pub fn role(name: impl Into<String>) -> Self {
        Self::new(PrincipalKind::Role, name)
    }

    pub fn group(name: impl Into<String>) -> Self {
        Self::new(PrincipalKind::Group, name)
    }

    pub fn address(&self) -> Address {
        Address::new(KindName::Principal(self.kind), &self.name)
    }

    /// Returns the address of one of its inline policies.
    pub fn inline_policy(&self, policy: &str) -> Address {
        Address::new(KindName::InlinePolicy(self.kind), format!("{}/{policy}", self.name))
    }

    /// Returns the address of a policy's attachment to it. `policy` is the policy's name in the
    /// manifest, or its ARN.
    pub fn policy_attachment(&self, policy: &str) -> Address {
        Address::new(KindName::PolicyAttachment(self.kind), format!("{}/{policy}", self.name))
    }

    /// Returns the address of a user's membership in a group.
    pub fn membership(user: &str, group: &str) -> Address {
        Address::new(KindName::UserGroupMembership, format!("{user}/{group}"))
    }
}

/// Formats as `user serverless`.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// The form in saved plans: `{"User": "serverless"}`.
#[derive(Clone, Serialize, Deserialize)]
enum SerializedPrincipal {
    User(String),
    Role(String),
    Group(String),
}

impl From<SerializedPrincipal> for Principal {
    fn from(named: SerializedPrincipal) -> Self {
        match named {
            SerializedPrincipal::User(name) => Self::user(name),
            SerializedPrincipal::Role(name) => Self::role(name),
            SerializedPrincipal::Group(name) => Self::group(name),
        }
    }
}

impl From<Principal> for SerializedPrincipal {
    fn from(principal: Principal) -> Self {
        match principal.kind {
            PrincipalKind::User => Self::User(principal.name),
            PrincipalKind::Role => Self::Role(principal.name),
            PrincipalKind::Group => Self::Group(principal.name),
        }
    }
}
