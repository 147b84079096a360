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

/// The row of a kind: all that its name tells.
struct Row {
    word: &'static str,
    section: &'static str,
    arn_word: &'static str,
    naming: NameSource,
}

/// The source of an object's name.
enum NameSource {
    /// The object has a name of its own in AWS.
    InAws,
    /// The object is a part of another one, and is named after it.
    Part,
    /// The manifest alone names it.
    ByManifest,
}

impl Row {
    const fn in_aws(word: &'static str, section: &'static str) -> Self {
        Self { word, section, arn_word: word, naming: NameSource::InAws }
    }

    const fn part(word: &'static str) -> Self {
        Self { word, section: word, arn_word: word, naming: NameSource::Part }
    }

    const fn in_section(self, section: &'static str) -> Self {
        Self { section, ..self }
    }

    const fn in_arns(self, arn_word: &'static str) -> Self {
        Self { arn_word, ..self }
    }
}

/// The kind of a resource: the part of an address before the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KindName {
    AccessKey,
    AwsProfile,
    Bucket,
    InlinePolicy(PrincipalKind),
    InstanceProfile,
    InstanceProfileRole,
    OidcProvider,
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
        Self::InstanceProfile,
        Self::InstanceProfileRole,
        Self::OidcProvider,
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
        self.row().word
    }

    /// Returns the word of the kind's section in a manifest, which stands for the kind in the names
    /// that people write: `users.bob`. Parts of other objects have no section, and most have only
    /// the word that addresses spell.
    pub const fn section(self) -> &'static str {
        self.row().section
    }

    /// Returns the word before the path in the ARNs of IAM: `instance-profile`. Kinds without such
    /// an ARN have the word that addresses spell.
    pub const fn arn_word(self) -> &'static str {
        self.row().arn_word
    }

    /// Returns true if objects of this kind are parts of other objects and are named after them.
    pub const fn is_part(self) -> bool {
        matches!(self.row().naming, NameSource::Part)
    }

    /// Returns true if objects of this kind have a name of their own in AWS, which may change.
    pub const fn is_movable(self) -> bool {
        matches!(self.row().naming, NameSource::InAws)
    }

    /// Returns the row of the kind: all that its name tells.
    const fn row(self) -> Row {
        use PrincipalKind::{Group, Role, User};
        match self {
            Self::AccessKey => Row::part("access_key").in_section("access_keys"),
            Self::AwsProfile => Row::part("aws_profile").in_section("aws_profiles"),
            Self::Bucket => Row::in_aws("bucket", "buckets"),
            Self::InlinePolicy(Group) => Row::part("group_policy"),
            Self::InlinePolicy(Role) => Row::part("role_policy"),
            Self::InlinePolicy(User) => Row::part("user_policy"),
            Self::InstanceProfile => {
                Row::in_aws("instance_profile", "instance_profiles").in_arns("instance-profile")
            }
            Self::InstanceProfileRole => Row::part("instance_profile_role"),
            Self::OidcProvider => {
                Row::in_aws("oidc_provider", "oidc_providers").in_arns("oidc-provider")
            }
            Self::Policy => Row::in_aws("policy", "policies"),
            Self::PolicyAttachment(Group) => Row::part("group_policy_attachment"),
            Self::PolicyAttachment(Role) => Row::part("role_policy_attachment"),
            Self::PolicyAttachment(User) => Row::part("user_policy_attachment"),
            Self::Principal(Group) => Row::in_aws("group", "groups"),
            Self::Principal(Role) => Row::in_aws("role", "roles"),
            Self::Principal(User) => Row::in_aws("user", "users"),
            Self::UserGroupMembership => Row::part("user_group_membership"),
            Self::ZappaSettings => {
                Row { naming: NameSource::ByManifest, ..Row::part("zappa_settings") }
            }
        }
    }

    /// Returns the name that people mean by a written one: an OIDC provider is known by its address
    /// without `https://`, as in its ARN.
    pub fn plain_name(self, written: &str) -> &str {
        match self {
            Self::OidcProvider => written.strip_prefix("https://").unwrap_or(written),
            Self::AccessKey
            | Self::AwsProfile
            | Self::Bucket
            | Self::InlinePolicy(_)
            | Self::InstanceProfile
            | Self::InstanceProfileRole
            | Self::Policy
            | Self::PolicyAttachment(_)
            | Self::Principal(_)
            | Self::UserGroupMembership
            | Self::ZappaSettings => written,
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
