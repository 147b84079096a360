//! Users.

use std::collections::BTreeMap;

use crate::address::Principal;
use crate::call::{IamReply, Reply, iam};

use super::account::Account;
use super::identity::{self, NewIdentity};
use super::records::{DependentsRecord, UserRecord};
use super::refusal::{Refusal, SandboxResult};
use super::{groups, names};

/// Returns the user as `GetUser` gives it.
pub(super) fn reply(account: &Account, user: &UserRecord) -> iam::User {
    let identity = &user.identity;
    iam::User {
        name: identity.name.clone(),
        id: identity.id.clone(),
        arn: account.user_arn(user),
        path: identity.path.clone(),
        boundary: identity.boundary.clone(),
        tags: identity.tags.clone(),
    }
}

pub(super) fn create(
    account: &mut Account,
    name: &str,
    wanted: &NewIdentity,
) -> SandboxResult<Reply> {
    let principal = Principal::user(name);
    identity::check_name(account, &principal)?;
    let identity = identity::create(account, &principal, wanted)?;
    let user =
        UserRecord { identity, keys: BTreeMap::new(), dependents: DependentsRecord::default() };
    let reply = reply(account, &user);
    account.users.insert_mut(name.to_owned(), user);
    Ok(Reply::Iam(IamReply::User(reply)))
}

/// Moves the user to another path, which changes its ARN; its policies, keys and groups stay.
pub(super) fn update(account: &mut Account, name: &str, path: &str) -> SandboxResult<Reply> {
    names::check_path(path)?;
    path.clone_into(&mut account.user_mut(name)?.identity.path);
    Ok(Reply::Done)
}

/// Gives the user another name, which changes its ARN; its id, policies, keys and groups stay.
/// Trust and bucket policies name a user by its id, so they follow.
pub(super) fn rename(account: &mut Account, name: &str, new: &str) -> SandboxResult<Reply> {
    let mut user = account.user(name)?.clone();
    identity::check_name(account, &Principal::user(new))?;
    new.clone_into(&mut user.identity.name);
    groups::rename_member(account, name, new);
    account.users.remove_mut(name);
    account.users.insert_mut(new.to_owned(), user);
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, name: &str) -> SandboxResult<Reply> {
    let user = account.user(name)?;
    if !user.keys.is_empty() {
        return Err(Refusal::delete_conflict(
            "Cannot delete entity, must delete access keys first.",
        ));
    }
    user.identity.deletable()?;
    user.dependents.deletable()?;
    if groups::of_user(account, name).next().is_some() {
        return Err(Refusal::delete_conflict(
            "Cannot delete entity, must remove user from group first.",
        ));
    }
    account.users.remove_mut(name);
    Ok(Reply::Done)
}
