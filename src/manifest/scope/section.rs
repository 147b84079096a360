//! The sections of a manifest whose resources can be referred to.

use crate::address::KindName;

/// A section of a manifest whose ARNs can be referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Policies,
    Users,
    Groups,
    Roles,
    InstanceProfiles,
    OidcProviders,
    Buckets,
}

impl Section {
    pub const ALL: [Self; 7] = [
        Self::Policies,
        Self::Users,
        Self::Groups,
        Self::Roles,
        Self::InstanceProfiles,
        Self::OidcProviders,
        Self::Buckets,
    ];

    pub fn key(self) -> &'static str {
        self.kind().section()
    }

    pub fn kind(self) -> KindName {
        match self {
            Self::Policies => KindName::Policy,
            Self::Users => KindName::USER,
            Self::Groups => KindName::GROUP,
            Self::Roles => KindName::ROLE,
            Self::InstanceProfiles => KindName::InstanceProfile,
            Self::OidcProviders => KindName::OidcProvider,
            Self::Buckets => KindName::Bucket,
        }
    }

    /// Returns the name that a key of the section, or a reference to it, means.
    pub fn plain_name(self, written: &str) -> &str {
        self.kind().plain_name(written)
    }

    /// Returns the section that a symbol begins with: `users.X.arn`.
    pub fn of_symbol(symbol: &str) -> Option<Self> {
        let begins = |section: &Self| {
            symbol.strip_prefix(section.key()).is_some_and(|rest| rest.starts_with('.'))
        };
        Self::ALL.into_iter().find(begins)
    }
}
