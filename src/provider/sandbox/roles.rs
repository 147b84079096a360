//! Roles.

use crate::address::Principal;
use crate::call::{IamReply, Reply, iam};
use crate::policy::Usage;
use crate::value::{Shared, Tags};

use super::account::Account;
use super::identity::{self, Wanted};
use super::order::Order;
use super::records::Role;
use super::refusal::{Outcome, Refusal};
use super::{document_principals, documents, limits, names};

const SHORTEST_SESSION: i64 = 3600;
const LONGEST_SESSION: i64 = 43200;

/// Returns the role as `GetRole` gives it.
pub(super) fn reply(account: &Account, role: &Role, order: Order) -> iam::Role {
    let identity = &role.identity;
    iam::Role {
        name: identity.name.clone(),
        id: identity.id.clone(),
        arn: account.role_arn(role),
        path: identity.path.clone(),
        description: role.description.clone(),
        max_session_duration: role.max_session_duration,
        trust: order.document(&document_principals::seen(account, &role.trust)).into(),
        boundary: identity.boundary.clone(),
        tags: identity.tags.clone(),
    }
}

/// Returns the roles as `ListRoles` gives them.
pub(super) fn list(account: &Account, order: Order) -> Vec<iam::Role> {
    let bare = |role| iam::Role { tags: Tags::new(), boundary: None, ..reply(account, role, order) };
    order.list(account.roles.values().map(bare))
}

pub(super) fn create(
    account: &mut Account,
    name: &str,
    wanted: &Wanted,
    description: Option<&str>,
    session: Option<i64>,
    trust: &Shared,
) -> Outcome<Reply> {
    let description = description.unwrap_or_default();
    let max_session_duration = session.unwrap_or(SHORTEST_SESSION);
    let principal = Principal::role(name);
    identity::check_name(account, &principal)?;
    names::description(description)?;
    session_length(max_session_duration)?;
    let trust = checked_trust(account, trust)?;
    let identity = identity::create(account, &principal, wanted)?;
    let role = Role { identity, description: description.to_owned(), max_session_duration, trust };
    let reply = reply(account, &role, Order::new(0));
    account.roles.insert_mut(name.to_owned(), role);
    Ok(Reply::Iam(IamReply::Role(reply)))
}

pub(super) fn update(account: &mut Account, name: &str, description: &str, session: i64) -> Outcome<Reply> {
    let role = account.role_mut(name)?;
    names::description(description)?;
    session_length(session)?;
    description.clone_into(&mut role.description);
    role.max_session_duration = session;
    Ok(Reply::Done)
}

pub(super) fn update_trust(account: &mut Account, name: &str, trust: &Shared) -> Outcome<Reply> {
    account.role(name)?;
    let trust = checked_trust(account, trust)?;
    account.role_mut(name)?.trust = trust;
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, name: &str) -> Outcome<Reply> {
    account.role(name)?.identity.deletable()?;
    if instance_profiles(account, name).next().is_some() {
        return Err(Refusal::delete_conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    account.roles.remove_mut(name);
    Ok(Reply::Done)
}

/// Returns the names of the instance profiles that a role is in.
pub(super) fn instance_profiles<'a>(account: &'a Account, role: &'a str) -> impl Iterator<Item = &'a String> {
    account.instance_profiles.iter().filter(move |(_, roles)| roles.contains(role)).map(|(name, _)| name)
}

/// Takes a role out of an instance profile; false: it is not in it, or there is no such profile.
pub(super) fn leave_instance_profile(account: &mut Account, role: &str, profile: &str) -> Outcome<bool> {
    account.role(role)?;
    Ok(account.instance_profiles.get_mut(profile).is_some_and(|roles| roles.remove(role)))
}

fn checked_trust(account: &Account, trust: &Shared) -> Outcome<Shared> {
    limits::trust_policy(trust)?;
    documents::check(trust, Usage::Trust)?;
    document_principals::kept(account, trust).map(Shared::from).map_err(|unknown| {
        Refusal::invalid("MalformedPolicyDocument", format!("Invalid principal in policy: {unknown}"))
    })
}

fn session_length(seconds: i64) -> Outcome<()> {
    let rule = if seconds < SHORTEST_SESSION {
        format!("Member must have value greater than or equal to {SHORTEST_SESSION}")
    } else if seconds > LONGEST_SESSION {
        format!("Member must have value less than or equal to {LONGEST_SESSION}")
    } else {
        return Ok(());
    };
    Err(names::constraint("maxSessionDuration", &seconds.to_string(), &rule))
}
