//! What users, roles and groups do alike: policies are attached to them and embedded in them, by
//! calls of their own.

use crate::address::{Principal, PrincipalKind};
use crate::call::batch::{NOT_READ, Policies};
use crate::call::{Facet, Failure, FailureKind, IamWrite, Observed, Snapshot, Write};
use crate::policy::Usage;
use crate::value::Shared;

pub(super) fn inline_usage(holder: PrincipalKind) -> Usage {
    match holder {
        PrincipalKind::User => Usage::UserInline,
        PrincipalKind::Role => Usage::RoleInline,
        PrincipalKind::Group => Usage::GroupInline,
    }
}

/// Returns what to ask for the policies of a principal. Groups' policies are in the sweep alone.
pub fn policies_facet(holder: &Principal) -> Option<Facet> {
    let name = || holder.name.clone();
    match holder.kind {
        PrincipalKind::User => Some(Facet::UserPolicies { user: name() }),
        PrincipalKind::Role => Some(Facet::RolePolicies { role: name() }),
        PrincipalKind::Group => None,
    }
}

/// Returns the policies of a principal, attached and inline.
pub fn policies(holder: &Principal, snapshot: &Snapshot) -> Observed<Policies> {
    match holder.kind {
        PrincipalKind::User => snapshot.user_policies(&holder.name),
        PrincipalKind::Role => snapshot.role_policies(&holder.name),
        PrincipalKind::Group => {
            let why = "the policies of groups are not asked for";
            Observed::Unknown(Failure::new(FailureKind::Other, "iam:ListGroupPolicies", NOT_READ, why))
        }
    }
}

pub(super) fn attach(holder: &Principal, arn: &str) -> Write {
    let (name, arn) = (holder.name.clone(), arn.to_owned());
    Write::Iam(match holder.kind {
        PrincipalKind::User => IamWrite::AttachUserPolicy { user: name, arn },
        PrincipalKind::Role => IamWrite::AttachRolePolicy { role: name, arn },
        PrincipalKind::Group => IamWrite::AttachGroupPolicy { group: name, arn },
    })
}

pub(super) fn detach(holder: &Principal, arn: &str) -> Write {
    let (name, arn) = (holder.name.clone(), arn.to_owned());
    Write::Iam(match holder.kind {
        PrincipalKind::User => IamWrite::DetachUserPolicy { user: name, arn },
        PrincipalKind::Role => IamWrite::DetachRolePolicy { role: name, arn },
        PrincipalKind::Group => IamWrite::DetachGroupPolicy { group: name, arn },
    })
}

pub(super) fn put_inline(holder: &Principal, policy: &str, document: Shared) -> Write {
    let (name, policy) = (holder.name.clone(), policy.to_owned());
    Write::Iam(match holder.kind {
        PrincipalKind::User => IamWrite::PutUserPolicy { user: name, policy, document },
        PrincipalKind::Role => IamWrite::PutRolePolicy { role: name, policy, document },
        PrincipalKind::Group => IamWrite::PutGroupPolicy { group: name, policy, document },
    })
}

pub(super) fn delete_inline(holder: &Principal, policy: &str) -> Write {
    let (name, policy) = (holder.name.clone(), policy.to_owned());
    Write::Iam(match holder.kind {
        PrincipalKind::User => IamWrite::DeleteUserPolicy { user: name, policy },
        PrincipalKind::Role => IamWrite::DeleteRolePolicy { role: name, policy },
        PrincipalKind::Group => IamWrite::DeleteGroupPolicy { group: name, policy },
    })
}
