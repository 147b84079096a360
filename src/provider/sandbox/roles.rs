//! Roles.

use crate::address::Principal;
use crate::call::{IamReply, Reply, iam};
use crate::policy::Usage;
use crate::value::{SharedValue, Tags};

use super::account::Account;
use super::identity::{self, NewIdentity};
use super::order::ListOrder;
use super::records::RoleRecord;
use super::refusal::{Refusal, SandboxResult};
use super::{document_principals, documents, instance_profiles, limits, names};

const SHORTEST_SESSION: i64 = 3600;
const LONGEST_SESSION: i64 = 43200;

/// Returns the role as `GetRole` gives it.
pub(super) fn reply(account: &Account, role: &RoleRecord, order: ListOrder) -> iam::Role {
    let identity = &role.identity;
    iam::Role {
        name: identity.name.clone(),
        id: identity.id.clone(),
        arn: account.role_arn(role),
        path: identity.path.clone(),
        description: role.description.clone(),
        max_session_duration: role.max_session_duration,
        trust: order
            .document(&document_principals::replace_ids_by_arns(account, &role.trust))
            .into(),
        boundary: identity.boundary.clone(),
        tags: identity.tags.clone(),
    }
}

/// Returns the roles as `ListRoles` gives them.
pub(super) fn list_roles(account: &Account, order: ListOrder) -> Vec<iam::Role> {
    let bare =
        |role| iam::Role { tags: Tags::new(), boundary: None, ..reply(account, role, order) };
    order.list(account.roles.values().map(bare))
}

pub(super) fn create(
    account: &mut Account,
    name: &str,
    wanted: &NewIdentity,
    description: Option<&str>,
    session: Option<i64>,
    trust: &SharedValue,
) -> SandboxResult<Reply> {
    let description = description.unwrap_or_default();
    let max_session_duration = session.unwrap_or(SHORTEST_SESSION);
    let principal = Principal::role(name);
    identity::check_name(account, &principal)?;
    names::description(description)?;
    session_length(max_session_duration)?;
    let trust = checked_trust(account, trust)?;
    let identity = identity::create(account, &principal, wanted)?;
    let role =
        RoleRecord { identity, description: description.to_owned(), max_session_duration, trust };
    let reply = reply(account, &role, ListOrder::new(0));
    account.roles.insert_mut(name.to_owned(), role);
    Ok(Reply::Iam(IamReply::Role(reply)))
}

pub(super) fn update(
    account: &mut Account,
    name: &str,
    description: &str,
    session: i64,
) -> SandboxResult<Reply> {
    let role = account.role_mut(name)?;
    names::description(description)?;
    session_length(session)?;
    description.clone_into(&mut role.description);
    role.max_session_duration = session;
    Ok(Reply::Done)
}

pub(super) fn update_trust(
    account: &mut Account,
    name: &str,
    trust: &SharedValue,
) -> SandboxResult<Reply> {
    account.role(name)?;
    let trust = checked_trust(account, trust)?;
    account.role_mut(name)?.trust = trust;
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, name: &str) -> SandboxResult<Reply> {
    account.role(name)?.identity.deletable()?;
    if instance_profiles::of_role(account, name).next().is_some() {
        return Err(Refusal::delete_conflict(
            "Cannot delete entity, must remove roles from instance profile first.",
        ));
    }
    account.roles.remove_mut(name);
    Ok(Reply::Done)
}

fn checked_trust(account: &Account, trust: &SharedValue) -> SandboxResult<SharedValue> {
    limits::trust_policy(trust)?;
    documents::check(trust, Usage::Trust, &account.partition)?;
    document_principals::replace_arns_by_ids(account, trust).map(SharedValue::from).map_err(
        |unknown| {
            Refusal::invalid(
                "MalformedPolicyDocument",
                format!("Invalid principal in policy: {unknown}"),
            )
        },
    )
}

fn session_length(seconds: i64) -> SandboxResult<()> {
    let rule = if seconds < SHORTEST_SESSION {
        format!("Member must have value greater than or equal to {SHORTEST_SESSION}")
    } else if seconds > LONGEST_SESSION {
        format!("Member must have value less than or equal to {LONGEST_SESSION}")
    } else {
        return Ok(());
    };
    Err(names::constraint("maxSessionDuration", &seconds.to_string(), &rule))
}
