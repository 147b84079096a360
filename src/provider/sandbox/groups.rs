//! Groups, and the users in them.

use std::collections::BTreeSet;

use crate::address::{Principal, PrincipalKind};
use crate::call::{IamReply, Reply, iam};
use crate::value::Tags;

use super::account::Account;
use super::identity::{self, NewIdentity};
use super::names;
use super::order::ListOrder;
use super::records::GroupRecord;
use super::refusal::{Refusal, SandboxResult};

/// Returns the group as `GetGroup` gives it, without its members.
pub(super) fn reply(account: &Account, group: &GroupRecord) -> iam::Group {
    let identity = &group.identity;
    iam::Group {
        name: identity.name.clone(),
        id: identity.id.clone(),
        arn: account.arn_of(PrincipalKind::Group, identity),
        path: identity.path.clone(),
    }
}

/// Returns the group and its members.
pub(super) fn read(account: &Account, name: &str, order: ListOrder) -> SandboxResult<IamReply> {
    let group = account.group(name)?;
    let users = order.list(group.members.iter().cloned());
    Ok(IamReply::Members { group: reply(account, group), users })
}

/// Makes a group without members.
pub(super) fn create(account: &mut Account, name: &str, path: &str) -> SandboxResult<Reply> {
    let principal = Principal::group(name);
    identity::check_name(account, &principal)?;
    let identity = identity::create(
        account,
        &principal,
        &NewIdentity { path, boundary: None, tags: &Tags::new() },
    )?;
    let group = GroupRecord { identity, members: BTreeSet::new() };
    let reply = reply(account, &group);
    account.groups.insert_mut(name.to_owned(), group);
    Ok(Reply::Iam(IamReply::Group(reply)))
}

/// Moves the group to another path, which changes its ARN; its policies and members stay.
pub(super) fn update(account: &mut Account, name: &str, path: &str) -> SandboxResult<Reply> {
    names::check_path(path)?;
    path.clone_into(&mut account.group_mut(name)?.identity.path);
    Ok(Reply::Done)
}

/// Gives the group another name, which changes its ARN; its id, policies and members stay.
pub(super) fn rename(account: &mut Account, name: &str, new: &str) -> SandboxResult<Reply> {
    let mut group = account.group(name)?.clone();
    identity::check_name(account, &Principal::group(new))?;
    new.clone_into(&mut group.identity.name);
    account.groups.remove_mut(name);
    account.groups.insert_mut(new.to_owned(), group);
    Ok(Reply::Done)
}

/// Gives a member its new name in all its groups.
pub(super) fn rename_member(account: &mut Account, user: &str, new: &str) {
    let names: Vec<String> = of_user(account, user).map(|it| it.identity.name.clone()).collect();
    for name in names {
        if let Ok(group) = account.group_mut(&name) {
            group.members.remove(user);
            group.members.insert(new.to_owned());
        }
    }
}

pub(super) fn delete(account: &mut Account, name: &str) -> SandboxResult<Reply> {
    let group = account.group(name)?;
    if !group.members.is_empty() {
        return Err(Refusal::delete_conflict(
            "Cannot delete entity, must remove users from group first.",
        ));
    }
    group.identity.deletable()?;
    account.groups.remove_mut(name);
    Ok(Reply::Done)
}

/// Returns the groups that a user is in.
pub(super) fn of_user<'a>(
    account: &'a Account,
    user: &'a str,
) -> impl Iterator<Item = &'a GroupRecord> {
    account.groups.values().filter(move |group| group.members.contains(user))
}

/// Puts a user into a group. Adding a member again changes nothing and is no error.
pub(super) fn add_member(account: &mut Account, name: &str, user: &str) -> SandboxResult<Reply> {
    account.user(user)?;
    account.group_mut(name)?.members.insert(user.to_owned());
    Ok(Reply::Done)
}

pub(super) fn remove_member(account: &mut Account, name: &str, user: &str) -> SandboxResult<Reply> {
    account.user(user)?;
    if account.group_mut(name)?.members.remove(user) {
        return Ok(Reply::Done);
    }
    Err(Refusal::no_such_entity(format!("The user with name {user} is not in the group {name}.")))
}
