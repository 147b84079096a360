//! Groups, and the users in them.

use std::collections::BTreeSet;

use crate::address::Principal;
use crate::value::Tags;

use super::account::Account;
use super::identity::{self, Wanted};
use super::records::Group;
use super::refusal::Outcome;

/// Makes a group without members.
pub(super) fn create(account: &mut Account, name: &str, path: &str) -> Outcome<()> {
    let principal = Principal::group(name);
    identity::check_name(account, &principal)?;
    let identity = identity::create(account, &principal, &Wanted { path, boundary: None, tags: &Tags::new() })?;
    account.groups.insert_mut(name.to_owned(), Group { identity, members: BTreeSet::new() });
    Ok(())
}

/// Returns the names of the groups that a user is in.
pub(super) fn of_user<'a>(account: &'a Account, user: &'a str) -> impl Iterator<Item = &'a String> {
    account.groups.iter().filter(move |(_, group)| group.members.contains(user)).map(|(name, _)| name)
}

/// Takes a user out of a group; false: it is not in it, or there is no such group.
pub(super) fn remove_member(account: &mut Account, group: &str, user: &str) -> Outcome<bool> {
    account.user(user)?;
    Ok(account.groups.get_mut(group).is_some_and(|group| group.members.remove(user)))
}
