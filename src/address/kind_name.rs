//! The names of the resource kinds, and of the three kinds that have policies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A user, a role or a group, without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalKind {
    User,
    Role,
    Group,
}

impl PrincipalKind {
    pub const ALL: [Self; 3] = [Self::User, Self::Role, Self::Group];

    /// Returns the word in addresses, attributes and ARNs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Role => "role",
            Self::Group => "group",
        }
    }

    /// Returns true if it makes requests itself, so that a policy may name it as its principal. A
    /// group only passes its policies on to its members.
    pub const fn makes_requests(self) -> bool {
        match self {
            Self::User | Self::Role => true,
            Self::Group => false,
        }
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The kind of a resource: the part of an address before the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KindName {
    AccessKey,
    AwsProfile,
    Bucket,
    InlinePolicy(PrincipalKind),
    Policy,
    PolicyAttachment(PrincipalKind),
    Principal(PrincipalKind),
    UserGroupMembership,
    ZappaSettings,
}

impl KindName {
    pub const USER: Self = Self::Principal(PrincipalKind::User);
    pub const ROLE: Self = Self::Principal(PrincipalKind::Role);
    pub const GROUP: Self = Self::Principal(PrincipalKind::Group);

    /// All kinds, in the order of their names.
    pub const ALL: &[Self] = &[
        Self::AccessKey,
        Self::AwsProfile,
        Self::Bucket,
        Self::GROUP,
        Self::InlinePolicy(PrincipalKind::Group),
        Self::PolicyAttachment(PrincipalKind::Group),
        Self::Policy,
        Self::ROLE,
        Self::InlinePolicy(PrincipalKind::Role),
        Self::PolicyAttachment(PrincipalKind::Role),
        Self::USER,
        Self::UserGroupMembership,
        Self::InlinePolicy(PrincipalKind::User),
        Self::PolicyAttachment(PrincipalKind::User),
        Self::ZappaSettings,
    ];

    /// Returns the kind as addresses spell it.
    pub const fn as_str(self) -> &'static str {
        use PrincipalKind::{Group, Role, User};
        match self {
            Self::AccessKey => "access_key",
            Self::AwsProfile => "aws_profile",
            Self::Bucket => "bucket",
            Self::InlinePolicy(Group) => "group_policy",
            Self::InlinePolicy(Role) => "role_policy",
            Self::InlinePolicy(User) => "user_policy",
            Self::Policy => "policy",
            Self::PolicyAttachment(Group) => "group_policy_attachment",
            Self::PolicyAttachment(Role) => "role_policy_attachment",
            Self::PolicyAttachment(User) => "user_policy_attachment",
            Self::Principal(principal) => principal.as_str(),
            Self::UserGroupMembership => "user_group_membership",
            Self::ZappaSettings => "zappa_settings",
        }
    }
}

impl KindName {
    /// Returns the word of the kind's section in a manifest, which stands for the kind in the names
    /// that people write: `users.bob`. Parts of other objects have no section, and most have only
    /// the word that addresses spell.
    pub const fn section(self) -> &'static str {
        use PrincipalKind::{Group, Role, User};
        match self {
            Self::AccessKey => "access_keys",
            Self::AwsProfile => "aws_profiles",
            Self::Bucket => "buckets",
            Self::Policy => "policies",
            Self::Principal(Group) => "groups",
            Self::Principal(Role) => "roles",
            Self::Principal(User) => "users",
            Self::InlinePolicy(_)
            | Self::PolicyAttachment(_)
            | Self::UserGroupMembership
            | Self::ZappaSettings => self.as_str(),
        }
    }

    /// Returns true if objects of this kind are parts of other objects and are named after them.
    pub const fn is_part(self) -> bool {
        match self {
            Self::AccessKey
            | Self::AwsProfile
            | Self::InlinePolicy(_)
            | Self::PolicyAttachment(_)
            | Self::UserGroupMembership => true,
            Self::Bucket | Self::Policy | Self::Principal(_) | Self::ZappaSettings => false,
        }
    }

    /// Returns true if objects of this kind have a name of their own in AWS, which may change.
    pub const fn is_movable(self) -> bool {
        match self {
            Self::Bucket | Self::Policy | Self::Principal(_) => true,
            Self::AccessKey
            | Self::AwsProfile
            | Self::InlinePolicy(_)
            | Self::PolicyAttachment(_)
            | Self::UserGroupMembership
            | Self::ZappaSettings => false,
        }
    }

    /// Finds the kind that a word means: the kind as addresses spell it, or its section.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word || kind.section() == word)
    }
}

/// Kinds are in the order of their names.
impl Ord for KindName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for KindName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The error for a word that names no kind of this relayctl.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of resource")]
pub struct UnknownKind(pub String);

impl FromStr for KindName {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == text);
        found.copied().ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back_as_they_print_and_are_sorted() {
        assert!(KindName::ALL.is_sorted());
        for kind in KindName::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert!("users".parse::<KindName>().is_err());
    }

    #[test]
    fn a_kind_is_known_by_its_own_word_and_by_its_section_and_no_two_share_one() {
        for kind in KindName::ALL {
            assert_eq!(KindName::from_word(kind.as_str()), Some(*kind));
            assert_eq!(KindName::from_word(kind.section()), Some(*kind));
        }
        assert_eq!(KindName::from_word("people"), None);
    }
}
