//! Roles.

use serde::{Deserialize, Serialize};

use crate::call::{IamReply, Reply, iam};
use crate::policy::Usage;
use crate::value::{Shared, Tags};

use super::account::{Account, same_name};
use super::identity::{Identity, Wanted};
use super::order::Order;
use super::refusal::{Outcome, Refusal};
use super::{documents, limits, names, principals};

const SHORTEST_SESSION: i64 = 3600;
const LONGEST_SESSION: i64 = 43200;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Role {
    #[serde(flatten)]
    pub(super) identity: Identity,
    description: String,
    max_session_duration: i64,
    /// Names this account's users and roles by their unique ids, as IAM keeps it.
    trust: Shared,
}

fn missing(name: &str) -> Refusal {
    Refusal::no_such_entity(format!("The role with name {name} cannot be found."))
}

impl Account {
    pub(super) fn role(&self, name: &str) -> Outcome<&Role> {
        self.roles.get(name).ok_or_else(|| missing(name))
    }

    pub(super) fn role_mut(&mut self, name: &str) -> Outcome<&mut Role> {
        self.roles.get_mut(name).ok_or_else(|| missing(name))
    }

    /// As `GetRole` gives it.
    pub(super) fn seen_role(&self, role: &Role, order: Order) -> iam::Role {
        let identity = &role.identity;
        iam::Role {
            name: identity.name.clone(),
            id: identity.id.clone(),
            arn: self.role_arn(role),
            path: identity.path.clone(),
            description: role.description.clone(),
            max_session_duration: role.max_session_duration,
            trust: order.document(&principals::seen(self, &role.trust)).into(),
            boundary: identity.boundary.clone(),
            tags: identity.tags.clone(),
        }
    }
}

/// As `ListRoles` gives them.
pub(super) fn list(account: &Account, order: Order) -> Vec<iam::Role> {
    let bare = |role| iam::Role { tags: Tags::new(), boundary: None, ..account.seen_role(role, order) };
    order.list(account.roles.values().map(bare))
}

pub(super) fn create(
    account: &mut Account,
    wanted: &Wanted,
    description: Option<&str>,
    session: Option<i64>,
    trust: &Shared,
) -> Outcome<Reply> {
    let description = description.unwrap_or_default();
    let max_session_duration = session.unwrap_or(SHORTEST_SESSION);
    names::name("roleName", wanted.name, names::USER_OR_ROLE)?;
    if account.roles.keys().any(|name| same_name(name, wanted.name)) {
        return Err(Refusal::already_exists(format!("Role with name {} already exists.", wanted.name)));
    }
    names::description(description)?;
    session_length(max_session_duration)?;
    let trust = checked_trust(account, trust)?;
    let identity = Identity::create(account, "AROA", wanted)?;
    let role = Role { identity, description: description.to_owned(), max_session_duration, trust };
    let reply = account.seen_role(&role, Order::new(0));
    account.roles.insert_mut(wanted.name.to_owned(), role);
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
    if account.instance_profiles_of(name).next().is_some() {
        return Err(Refusal::delete_conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    account.roles.remove_mut(name);
    Ok(Reply::Done)
}

fn checked_trust(account: &Account, trust: &Shared) -> Outcome<Shared> {
    limits::trust_policy(trust)?;
    documents::check(trust, Usage::Trust)?;
    principals::kept(account, trust).map(Shared::from).map_err(|unknown| {
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
