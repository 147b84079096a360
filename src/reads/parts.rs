//! The types of which the facts consist.

use std::collections::BTreeSet;

use crate::address::PrincipalKind;
use crate::call::IamReply;
use crate::call::iam::{Entities, Group, Inline, Role, User};
use crate::value::Tags;

/// The policies of a user, a role or a group, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrincipalPolicies {
    /// The ARNs of the attached policies.
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
}

impl PrincipalPolicies {
    pub(super) fn new(mut attached: Vec<String>, mut inline: Vec<Inline>) -> Self {
        attached.sort();
        inline.sort_by(|one, other| one.name.cmp(&other.name));
        Self { attached, inline }
    }
}

/// The settings of a role that `GetRole` and `ListRoles` show, and a sweep doesn't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    pub description: String,
    pub max_session_duration: i64,
}

/// The principals to which a policy is attached, and those whose boundary it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    pub attached: Entities,
    pub boundary: Entities,
}

impl Uses {
    /// Returns all principals that have the policy, attached or as their boundary.
    pub fn all(self) -> Entities {
        let mut all = self.attached;
        for (kind, names) in self.boundary.into_kinds() {
            let joined: BTreeSet<String> = all.of_mut(kind).drain(..).chain(names).collect();
            all.of_mut(kind).extend(joined);
        }
        all
    }
}

/// A user, role or group that was read or swept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PrincipalRef<'a> {
    User(&'a User),
    Role(&'a Role),
    Group(&'a Group),
}

impl<'a> PrincipalRef<'a> {
    /// Returns the principal that an answer is about.
    pub(super) fn answered(reply: &'a IamReply) -> Option<Self> {
        match reply {
            IamReply::User(user) => Some(Self::User(user)),
            IamReply::Role(role) => Some(Self::Role(role)),
            IamReply::Members { group, .. } | IamReply::Group(group) => Some(Self::Group(group)),
            IamReply::AuthorizationDetails(_)
            | IamReply::AccountSummary(_)
            | IamReply::Roles(_)
            | IamReply::InstanceProfile(_)
            | IamReply::OidcProvider(_)
            | IamReply::Policy(_)
            | IamReply::PolicyVersion(_)
            | IamReply::PolicyVersions(_)
            | IamReply::Attached(_)
            | IamReply::Names(_)
            | IamReply::LoginProfile
            | IamReply::Document(_)
            | IamReply::AccessKeys(_)
            | IamReply::LastUsed(_)
            | IamReply::Entities(_)
            | IamReply::NewAccessKey { .. } => None,
        }
    }

    pub fn kind(self) -> PrincipalKind {
        match self {
            Self::User(_) => PrincipalKind::User,
            Self::Role(_) => PrincipalKind::Role,
            Self::Group(_) => PrincipalKind::Group,
        }
    }

    pub fn name(self) -> &'a str {
        match self {
            Self::User(user) => &user.name,
            Self::Role(role) => &role.name,
            Self::Group(group) => &group.name,
        }
    }

    pub fn id(self) -> &'a str {
        match self {
            Self::User(user) => &user.id,
            Self::Role(role) => &role.id,
            Self::Group(group) => &group.id,
        }
    }

    pub fn arn(self) -> &'a str {
        match self {
            Self::User(user) => &user.arn,
            Self::Role(role) => &role.arn,
            Self::Group(group) => &group.arn,
        }
    }

    pub fn path(self) -> &'a str {
        match self {
            Self::User(user) => &user.path,
            Self::Role(role) => &role.path,
            Self::Group(group) => &group.path,
        }
    }

    /// Returns the permissions boundary; `None` for a group, which can't have one.
    pub fn boundary(self) -> Option<&'a str> {
        match self {
            Self::User(user) => user.boundary.as_deref(),
            Self::Role(role) => role.boundary.as_deref(),
            Self::Group(_) => None,
        }
    }

    /// Returns the tags; `None` for a group, which can't have any.
    pub fn tags(self) -> Option<&'a Tags> {
        match self {
            Self::User(user) => Some(&user.tags),
            Self::Role(role) => Some(&role.tags),
            Self::Group(_) => None,
        }
    }
}
