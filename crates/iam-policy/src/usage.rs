//! The uses of policies.

/// The use of a policy, which decides the elements that it must and must not have.
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
    /// Tells if the policy is attached to a principal, and so must not name one.
    pub(crate) fn is_identity(self) -> bool {
        matches!(self, Self::Managed | Self::UserInline | Self::GroupInline | Self::RoleInline)
    }
}
