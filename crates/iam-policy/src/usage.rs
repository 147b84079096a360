//! What policies are used for.

/// Where a policy is used, which decides what it must and must not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// A managed policy, which can be attached to users, groups and roles.
    Managed,
    /// An inline policy of a user.
    UserInline,
    /// An inline policy of a group.
    GroupInline,
    /// An inline policy of a role.
    RoleInline,
    /// A role's trust policy.
    Trust,
    /// A bucket policy.
    Bucket,
}

impl Usage {
    /// Whether the policy hangs on a principal (and so must not name one).
    pub(crate) fn is_identity(self) -> bool {
        matches!(self, Self::Managed | Self::UserInline | Self::GroupInline | Self::RoleInline)
    }
}
