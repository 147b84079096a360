//! The calls that users, roles and groups have in common: they attach policies and embed inline
//! ones.

use crate::address::{Principal, PrincipalKind};
use crate::call::{IamWrite, Write};
use crate::policy::Usage;
use crate::value::SharedValue;

pub(super) fn inline_usage(holder: PrincipalKind) -> Usage {
    match holder {
        PrincipalKind::User => Usage::UserInline,
        PrincipalKind::Role => Usage::RoleInline,
        PrincipalKind::Group => Usage::GroupInline,
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

pub(super) fn leave_group(user: &str, group: &str) -> Write {
    Write::Iam(IamWrite::RemoveUserFromGroup { user: user.to_owned(), group: group.to_owned() })
}

pub(super) fn put_inline(holder: &Principal, policy: &str, document: SharedValue) -> Write {
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
