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
    /// A policy that limits what others allow.
    Limiting(LimitingPolicy),
}

/// A policy that allows nothing by itself: it limits what other policies allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitingPolicy {
    /// A service control policy of an organization.
    ServiceControl,
    /// A resource control policy of an organization.
    ResourceControl,
    /// A policy that is passed when a session is made.
    Session,
    /// A policy of a VPC endpoint.
    VpcEndpoint,
}

impl Usage {
    /// Tells if the policy is attached to a principal, and so must not name one.
    pub(crate) fn is_identity(self) -> bool {
        match self {
            Self::Managed | Self::UserInline | Self::GroupInline | Self::RoleInline => true,
            Self::Trust | Self::Bucket => false,
            Self::Limiting(limiting) => {
                matches!(limiting, LimitingPolicy::ServiceControl | LimitingPolicy::Session)
            }
        }
    }

    /// Tells if the policy is one of AWS Organizations.
    pub(crate) fn is_of_organization(self) -> bool {
        use LimitingPolicy::{ResourceControl, ServiceControl};
        matches!(self, Self::Limiting(ServiceControl | ResourceControl))
    }

    pub(crate) fn is_resource_control(self) -> bool {
        self == Self::Limiting(LimitingPolicy::ResourceControl)
    }
}
