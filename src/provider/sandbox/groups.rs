//! Groups and their members.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::call::{IamReply, Reply, iam};
use crate::value::Tags;

use super::account::{Account, same_name};
use super::identity::{Identity, Wanted};
use super::names;
use super::order::Order;
use super::refusal::{Outcome, Refusal};

/// A group has neither tags nor a boundary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) members: BTreeSet<String>,
}

fn missing(name: &str) -> Refusal {
    Refusal::no_such_entity(format!("The group with name {name} cannot be found."))
}

impl Account {
    pub(super) fn group(&self, name: &str) -> Outcome<&Group> {
        self.groups.get(name).ok_or_else(|| missing(name))
    }

    pub(super) fn group_mut(&mut self, name: &str) -> Outcome<&mut Group> {
        self.groups.get_mut(name).ok_or_else(|| missing(name))
    }

    /// The group; made at the root where there is none.
    pub(super) fn group_or_new(&mut self, name: &str) -> &mut Group {
        let (id, created) = (self.named_id("AGPA", name), self.now());
        let new = || Identity {
            name: name.to_owned(),
            id,
            path: "/".to_owned(),
            created,
            boundary: None,
            tags: Tags::new(),
            attached: BTreeSet::new(),
            inline: BTreeMap::new(),
        };
        let group = self.groups.entry(name.to_owned());
        group.or_insert_with(|| Group { identity: new(), members: BTreeSet::new() })
    }

    /// As `GetGroup` gives it, without its members.
    pub(super) fn seen_group(&self, group: &Group) -> iam::Group {
        let identity = &group.identity;
        iam::Group {
            name: identity.name.clone(),
            id: identity.id.clone(),
            arn: self.iam_arn(&format!("group{}{}", identity.path, identity.name)),
            path: identity.path.clone(),
        }
    }

    pub(super) fn groups_of(&self, user: &str) -> impl Iterator<Item = &String> {
        self.groups.iter().filter(move |(_, group)| group.members.contains(user)).map(|(name, _)| name)
    }
}

/// As `GetGroup` gives it.
pub(super) fn read(account: &Account, name: &str, order: Order) -> Outcome<IamReply> {
    let group = account.group(name)?;
    let users = order.list(group.members.iter().cloned());
    Ok(IamReply::Members { group: account.seen_group(group), users })
}

pub(super) fn create(account: &mut Account, name: &str, path: &str) -> Outcome<Reply> {
    names::name("groupName", name, names::GROUP)?;
    if account.groups.keys().any(|other| same_name(other, name)) {
        return Err(Refusal::already_exists(format!("Group with name {name} already exists.")));
    }
    let tags = Tags::new();
    let identity = Identity::create(account, "AGPA", &Wanted { name, path, boundary: None, tags: &tags })?;
    let group = Group { identity, members: BTreeSet::new() };
    let reply = account.seen_group(&group);
    account.groups.insert(name.to_owned(), group);
    Ok(Reply::Iam(IamReply::Group(reply)))
}

/// Moves the group to another path, which changes its ARN; everything that hangs on it stays.
pub(super) fn update(account: &mut Account, name: &str, path: &str) -> Outcome<Reply> {
    names::path(path)?;
    path.clone_into(&mut account.group_mut(name)?.identity.path);
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, name: &str) -> Outcome<Reply> {
    let group = account.group(name)?;
    if !group.members.is_empty() {
        return Err(Refusal::delete_conflict("Cannot delete entity, must remove users from group first."));
    }
    group.identity.deletable()?;
    account.groups.remove(name);
    Ok(Reply::Done)
}

/// Adding who is in it changes nothing and is no error.
pub(super) fn add_member(account: &mut Account, name: &str, user: &str) -> Outcome<Reply> {
    account.user(user)?;
    account.group_mut(name)?.members.insert(user.to_owned());
    Ok(Reply::Done)
}

pub(super) fn remove_member(account: &mut Account, name: &str, user: &str) -> Outcome<Reply> {
    account.user(user)?;
    if account.group_mut(name)?.members.remove(user) {
        return Ok(Reply::Done);
    }
    Err(Refusal::no_such_entity(format!("The user with name {user} is not in the group {name}.")))
}
