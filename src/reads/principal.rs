//! The lookups of users, roles and groups in a snapshot: from the sweep or from targeted reads.
//!
//! An object that was read by itself is taken from those reads: they are newer than the sweep, or
//! the sweep doesn't have the object.

use std::borrow::Cow;

use super::account::Presence;
use super::lookup::{Lookup, Missing, ReadHint, all, both_found, observed, unexpected};
use super::parts::{PrincipalPolicies, PrincipalRef, RoleSettings};
use super::snapshot::Snapshot;
use crate::address::{Principal, PrincipalKind};
use crate::call::iam::{AccessKey, Group, Inline, LastUsed, Role, User};
use crate::call::{IamRead, IamReply, Observed};

impl Snapshot {
    /// Returns the user itself, without its policies and groups.
    pub fn user(&self, user: &str) -> Observed<User> {
        let found = self.find_principal(&Principal::user(user), ReadHint::NOTHING);
        observed(found.and_then(|found| {
            let PrincipalRef::User(user) = found else { return Err(unexpected("iam:GetUser")) };
            Ok(user.clone())
        }))
    }

    /// Returns the role itself, without description and session length, and without its policies.
    pub fn role(&self, role: &str) -> Observed<Role> {
        let found = self.find_principal(&Principal::role(role), ReadHint::NOTHING);
        observed(found.and_then(|found| {
            let PrincipalRef::Role(role) = found else { return Err(unexpected("iam:GetRole")) };
            Ok(role.clone())
        }))
    }

    /// Returns the group itself, without its policies and members.
    pub fn group(&self, group: &str) -> Observed<Group> {
        let found = self.find_principal(&Principal::group(group), ReadHint::NOTHING);
        observed(found.and_then(|found| {
            let PrincipalRef::Group(group) = found else { return Err(unexpected("iam:GetGroup")) };
            Ok(group.clone())
        }))
    }

    pub fn role_settings(&self, role: &str) -> Observed<RoleSettings> {
        observed(self.find_role_settings(role, ReadHint::NOTHING))
    }

    /// Returns the policies of a user, a role or a group.
    pub fn policies(&self, principal: &Principal) -> Observed<PrincipalPolicies> {
        observed(self.find_policies(principal, ReadHint::NOTHING).map(Cow::into_owned))
    }

    /// Returns the groups that a user is in, in order.
    pub fn groups(&self, user: &str) -> Observed<Vec<String>> {
        observed(self.find_groups(user, ReadHint::NOTHING))
    }

    /// Returns the users in a group, in order.
    pub fn members(&self, group: &str) -> Observed<Vec<String>> {
        observed(self.find_members(group, ReadHint::NOTHING))
    }

    pub fn access_keys(&self, user: &str) -> Observed<Vec<AccessKey>> {
        observed(self.find_access_keys(user, ReadHint::NOTHING))
    }

    /// Returns the last use of a key: `Absent` if the key is gone, `None` if it was never used.
    pub fn last_used(&self, user: &str, id: &str) -> Observed<Option<LastUsed>> {
        observed(self.find_last_used(user, id))
    }

    pub(super) fn find_principal(
        &self,
        principal: &Principal,
        hint: ReadHint<'_>,
    ) -> Lookup<PrincipalRef<'_>> {
        let get = IamRead::get(principal);
        if !self.has(&get) {
            match self.account.principal(principal.kind, &principal.name) {
                Presence::Here(swept) => return Ok(swept.itself()),
                Presence::Gone => return Err(Missing::Absent),
                Presence::Unseen => return Err(hint.missing([get])),
            }
        }
        self.iam(get, |reply| {
            PrincipalRef::answered(reply).filter(|found| found.kind() == principal.kind)
        })
    }

    /// Finds the policies of a principal: from its two lists and the documents of its inline
    /// policies, or as the sweep has them.
    pub(super) fn find_policies(
        &self,
        principal: &Principal,
        hint: ReadHint<'_>,
    ) -> Lookup<Cow<'_, PrincipalPolicies>> {
        let (attached, inline) =
            (IamRead::list_attached(principal), IamRead::list_inline(principal));
        if !self.has(&attached) {
            match self.account.principal(principal.kind, &principal.name) {
                Presence::Here(swept) => return Ok(Cow::Borrowed(&swept.policies)),
                Presence::Gone => return Err(Missing::Absent),
                Presence::Unseen => return Err(hint.missing([attached, inline])),
            }
        }
        let attached = self.iam(attached, |reply| {
            let IamReply::Attached(arns) = reply else { return None };
            Some(arns.clone())
        });
        let (attached, names) = both_found(attached, self.names(inline))?;
        // Policies that were removed after they were listed are left out.
        let inline = all(names.into_iter().map(|name| self.find_inline(principal, name)))?;
        Ok(Cow::Owned(PrincipalPolicies::new(attached, inline)))
    }

    fn find_inline(&self, principal: &Principal, name: String) -> Lookup<Inline> {
        let document = self.iam(IamRead::get_inline(principal, name.clone()), |reply| {
            let IamReply::Document(document) = reply else { return None };
            Some(document.clone())
        })?;
        Ok(Inline { name, document })
    }

    pub(super) fn find_role_settings(
        &self,
        role: &str,
        hint: ReadHint<'_>,
    ) -> Lookup<RoleSettings> {
        let settings = |role: &Role| RoleSettings {
            description: role.description.clone(),
            max_session_duration: role.max_session_duration,
        };
        let get = IamRead::GetRole { role: role.to_owned() };
        if !self.has(&get) {
            if let Some(listed) = self.roles.get(role) {
                return Ok(settings(listed));
            }
            match self.account.principal(PrincipalKind::Role, role) {
                Presence::Gone => return Err(Missing::Absent),
                Presence::Unseen if hint.first.is_some() && !hint.expected => {
                    return Err(hint.missing([]));
                }
                Presence::Here(_) | Presence::Unseen => {}
            }
        }
        self.iam(get, |reply| {
            let IamReply::Role(role) = reply else { return None };
            Some(settings(role))
        })
    }

    pub(super) fn find_access_keys(
        &self,
        user: &str,
        hint: ReadHint<'_>,
    ) -> Lookup<Vec<AccessKey>> {
        let list = IamRead::ListAccessKeys { user: user.to_owned() };
        if !self.has(&list) {
            match self.account.principal(PrincipalKind::User, user) {
                Presence::Gone => return Err(Missing::Absent),
                Presence::Unseen if hint.first.is_some() && !hint.expected => {
                    return Err(hint.missing([]));
                }
                Presence::Here(_) | Presence::Unseen => {}
            }
        }
        let mut keys = self.iam(list, |reply| {
            let IamReply::AccessKeys(keys) = reply else { return None };
            Some(keys.clone())
        })?;
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(keys)
    }

    pub(super) fn find_last_used(&self, user: &str, id: &str) -> Lookup<Option<LastUsed>> {
        let read = IamRead::GetAccessKeyLastUsed { user: user.to_owned(), id: id.to_owned() };
        self.iam(read, |reply| {
            let IamReply::LastUsed(last) = reply else { return None };
            Some(last.clone())
        })
    }

    pub(super) fn find_groups(&self, user: &str, hint: ReadHint<'_>) -> Lookup<Vec<String>> {
        let list = IamRead::ListGroupsForUser { user: user.to_owned() };
        if !self.has(&list) {
            match self.account.principal(PrincipalKind::User, user) {
                Presence::Here(swept) => return Ok(swept.groups.clone()),
                Presence::Gone => return Err(Missing::Absent),
                Presence::Unseen => return Err(hint.missing([list])),
            }
        }
        self.names(list)
    }

    pub(super) fn find_members(&self, group: &str, hint: ReadHint<'_>) -> Lookup<Vec<String>> {
        let get = IamRead::GetGroup { group: group.to_owned() };
        if !self.has(&get) {
            match self.account.members(group) {
                Presence::Here(members) => return Ok(members),
                Presence::Gone => return Err(Missing::Absent),
                Presence::Unseen => return Err(hint.missing([get])),
            }
        }
        let mut users = self.iam(get, |reply| {
            let IamReply::Members { users, .. } = reply else { return None };
            Some(users.clone())
        })?;
        users.sort();
        Ok(users)
    }
}
