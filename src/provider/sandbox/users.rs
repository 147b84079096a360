//! Users.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::{IamReply, Reply, iam};

use super::account::{Account, same_name};
use super::belongings::Belongings;
use super::identity::{Identity, Wanted};
use super::keys::Key;
use super::names;
use super::refusal::{Outcome, Refusal};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct User {
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) keys: BTreeMap<String, Key>,
    #[serde(default)]
    pub(super) belongings: Belongings,
}

fn missing(name: &str) -> Refusal {
    Refusal::no_such_entity(format!("The user with name {name} cannot be found."))
}

impl Account {
    pub(super) fn user(&self, name: &str) -> Outcome<&User> {
        self.users.get(name).ok_or_else(|| missing(name))
    }

    pub(super) fn user_mut(&mut self, name: &str) -> Outcome<&mut User> {
        self.users.get_mut(name).ok_or_else(|| missing(name))
    }

    /// As `GetUser` gives it.
    pub(super) fn seen_user(&self, user: &User) -> iam::User {
        let identity = &user.identity;
        iam::User {
            name: identity.name.clone(),
            id: identity.id.clone(),
            arn: self.user_arn(user),
            path: identity.path.clone(),
            boundary: identity.boundary.clone(),
            tags: identity.tags.clone(),
        }
    }
}

pub(super) fn create(account: &mut Account, wanted: &Wanted) -> Outcome<Reply> {
    names::name("userName", wanted.name, names::USER_OR_ROLE)?;
    if account.users.keys().any(|name| same_name(name, wanted.name)) {
        return Err(Refusal::already_exists(format!("User with name {} already exists.", wanted.name)));
    }
    let user = User {
        identity: Identity::create(account, "AIDA", wanted)?,
        keys: BTreeMap::new(),
        belongings: Belongings::default(),
    };
    let reply = account.seen_user(&user);
    account.users.insert_mut(wanted.name.to_owned(), user);
    Ok(Reply::Iam(IamReply::User(reply)))
}

/// Moves the user to another path, which changes its ARN; everything that hangs on it stays.
pub(super) fn update(account: &mut Account, name: &str, path: &str) -> Outcome<Reply> {
    names::path(path)?;
    path.clone_into(&mut account.user_mut(name)?.identity.path);
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, name: &str) -> Outcome<Reply> {
    let user = account.user(name)?;
    if !user.keys.is_empty() {
        return Err(Refusal::delete_conflict("Cannot delete entity, must delete access keys first."));
    }
    user.identity.deletable()?;
    user.belongings.deletable()?;
    if account.groups_of(name).next().is_some() {
        return Err(Refusal::delete_conflict("Cannot delete entity, must remove user from group first."));
    }
    account.users.remove_mut(name);
    Ok(Reply::Done)
}
