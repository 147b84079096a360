//! The calls that differ for users, roles and groups only in their names.

use super::{IamRead, IamWrite};
use crate::address::{Principal, PrincipalKind};
use crate::value::SharedValue;

impl IamRead {
    /// Returns the read of the principal itself.
    pub fn get(principal: &Principal) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::GetUser { user: name },
            PrincipalKind::Role => Self::GetRole { role: name },
            PrincipalKind::Group => Self::GetGroup { group: name },
        }
    }

    /// Returns the read of the managed policies that are attached to the principal.
    pub fn list_attached(principal: &Principal) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::ListAttachedUserPolicies { user: name },
            PrincipalKind::Role => Self::ListAttachedRolePolicies { role: name },
            PrincipalKind::Group => Self::ListAttachedGroupPolicies { group: name },
        }
    }

    /// Returns the read of the names of the principal's inline policies.
    pub fn list_inline(principal: &Principal) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::ListUserPolicies { user: name },
            PrincipalKind::Role => Self::ListRolePolicies { role: name },
            PrincipalKind::Group => Self::ListGroupPolicies { group: name },
        }
    }

    /// Returns the read of the document of one of the principal's inline policies.
    pub fn get_inline(principal: &Principal, policy: String) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::GetUserPolicy { user: name, policy },
            PrincipalKind::Role => Self::GetRolePolicy { role: name, policy },
            PrincipalKind::Group => Self::GetGroupPolicy { group: name, policy },
        }
    }
}

impl IamWrite {
    pub fn attach(principal: &Principal, arn: String) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::AttachUserPolicy { user: name, arn },
            PrincipalKind::Role => Self::AttachRolePolicy { role: name, arn },
            PrincipalKind::Group => Self::AttachGroupPolicy { group: name, arn },
        }
    }

    pub fn detach(principal: &Principal, arn: String) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::DetachUserPolicy { user: name, arn },
            PrincipalKind::Role => Self::DetachRolePolicy { role: name, arn },
            PrincipalKind::Group => Self::DetachGroupPolicy { group: name, arn },
        }
    }

    pub fn put_inline(principal: &Principal, policy: String, document: SharedValue) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::PutUserPolicy { user: name, policy, document },
            PrincipalKind::Role => Self::PutRolePolicy { role: name, policy, document },
            PrincipalKind::Group => Self::PutGroupPolicy { group: name, policy, document },
        }
    }

    pub fn delete_inline(principal: &Principal, policy: String) -> Self {
        let name = principal.name.clone();
        match principal.kind {
            PrincipalKind::User => Self::DeleteUserPolicy { user: name, policy },
            PrincipalKind::Role => Self::DeleteRolePolicy { role: name, policy },
            PrincipalKind::Group => Self::DeleteGroupPolicy { group: name, policy },
        }
    }
}
