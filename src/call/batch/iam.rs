//! What a snapshot says of users, roles and policies: from the sweep or from targeted reads.

use std::collections::BTreeSet;

use super::{Found, Gap, Scope, Snapshot, both, unexpected};
use crate::call::iam::{
    AccessKey, AuthorizationDetails, Inline, LastUsed, Policy, PolicyDetail, PolicyVersion, Role, RoleDetail, User,
    UserDetail,
};
use crate::call::{IamRead, IamReply, Read, Reply};
use crate::value::Value;

/// The scopes in which a snapshot was filled: an object that was read by itself is told from those reads, which are
/// newer than the sweep, or the sweep doesn't have it.
impl Snapshot {
    pub(super) fn user_scope(&self, user: &str) -> Scope {
        self.scope_unless(&IamRead::ListAttachedUserPolicies { user: user.to_owned() })
    }

    pub(super) fn role_scope(&self, role: &str) -> Scope {
        self.scope_unless(&IamRead::ListAttachedRolePolicies { role: role.to_owned() })
    }

    pub(super) fn policy_scope(&self, arn: &str) -> Scope {
        self.scope_unless(&IamRead::ListPolicyVersions { arn: arn.to_owned() })
    }

    fn scope_unless(&self, targeted: &IamRead) -> Scope {
        let asked = |read: &IamRead| self.known.contains_key(&Read::Iam(read.clone()));
        if asked(&IamRead::GetAccountAuthorizationDetails) && !asked(targeted) { Scope::Sweep } else { Scope::Targeted }
    }
}

impl Snapshot {
    pub(super) fn find_user(&self, user: &str, scope: Scope) -> Found<UserDetail> {
        let mut detail = match self.sweep(scope)? {
            Some(sweep) => sweep.users.iter().find(|known| known.user.name == user).cloned().ok_or(Gap::Absent)?,
            None => self.targeted_user(user)?,
        };
        detail.attached.sort();
        detail.inline.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(detail)
    }

    pub(super) fn find_role(&self, role: &str, scope: Scope) -> Found<RoleDetail> {
        let mut detail = match self.sweep(scope)? {
            Some(sweep) => {
                let found = sweep.roles.iter().find(|known| known.role.name == role).cloned().ok_or(Gap::Absent)?;
                RoleDetail { role: self.completed(found.role.clone())?, ..found }
            }
            None => self.targeted_role(role)?,
        };
        detail.attached.sort();
        detail.inline.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(detail)
    }

    /// The sweep may have found it under another ARN than the declared one, and never has its tags.
    pub(super) fn find_policy(&self, arn: &str, scope: Scope) -> Found<PolicyDetail> {
        // AWS's own policies are not in the sweep, whose filter is LocalManagedPolicy.
        let sweep = if of_aws(arn) { None } else { self.sweep(scope)? };
        let swept = match sweep {
            Some(sweep) => {
                Some(sweep.policies.iter().find(|known| same_name(&known.policy.arn, arn)).ok_or(Gap::Absent)?)
            }
            None => None,
        };
        let arn = swept.map_or(arn, |known| &known.policy.arn);
        let mut policy = self.get_policy(arn)?;
        if policy.name.is_empty() {
            name_of(arn).clone_into(&mut policy.name);
        }
        let versions = self.versions(&policy, swept.map(|known| known.versions.as_slice()))?;
        Ok(PolicyDetail { policy, versions })
    }

    pub(super) fn find_access_keys(&self, user: &str) -> Found<Vec<AccessKey>> {
        let mut keys = self.iam(IamRead::ListAccessKeys { user: user.to_owned() }, |reply| match reply {
            IamReply::AccessKeys(keys) => Some(keys.clone()),
            _ => None,
        })?;
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(keys)
    }

    pub(super) fn find_last_used(&self, user: &str, id: &str) -> Found<Option<LastUsed>> {
        let read = IamRead::GetAccessKeyLastUsed { user: user.to_owned(), id: id.to_owned() };
        self.iam(read, |reply| match reply {
            IamReply::LastUsed(last) => Some(last.clone()),
            _ => None,
        })
    }

    /// None: there is none to use. A sweep that failed is as good as none, for the targeted reads may still be allowed.
    fn sweep(&self, scope: Scope) -> Found<Option<&AuthorizationDetails>> {
        if scope == Scope::Targeted {
            return Ok(None);
        }
        match self.iam(IamRead::GetAccountAuthorizationDetails, |reply| match reply {
            IamReply::AuthorizationDetails(details) => Some(details),
            _ => None,
        }) {
            Ok(details) => Ok(Some(details)),
            Err(missing @ Gap::Missing(_)) => Err(missing),
            Err(Gap::Absent | Gap::Unknown(_)) => Ok(None),
        }
    }

    /// The permissions boundary of a user, without anything else of it.
    pub(super) fn user_boundary(&self, name: &str, scope: Scope) -> Found<Option<String>> {
        match self.sweep(scope)? {
            Some(sweep) => {
                let found = sweep.users.iter().find(|known| known.user.name == name).ok_or(Gap::Absent)?;
                Ok(found.user.boundary.clone())
            }
            None => Ok(self.get_user(name)?.boundary),
        }
    }

    pub(super) fn role_boundary(&self, name: &str, scope: Scope) -> Found<Option<String>> {
        match self.sweep(scope)? {
            Some(sweep) => {
                let found = sweep.roles.iter().find(|known| known.role.name == name).ok_or(Gap::Absent)?;
                Ok(found.role.boundary.clone())
            }
            None => Ok(self.get_role(name)?.boundary),
        }
    }

    fn get_user(&self, user: &str) -> Found<User> {
        self.iam(IamRead::GetUser { user: user.to_owned() }, |reply| match reply {
            IamReply::User(user) => Some(user.clone()),
            _ => None,
        })
    }

    fn targeted_user(&self, name: &str) -> Found<UserDetail> {
        let user = || name.to_owned();
        let itself = self.get_user(name);
        let attached = self.attached(IamRead::ListAttachedUserPolicies { user: user() });
        let names = self.names(IamRead::ListUserPolicies { user: user() });
        let (itself, (attached, names)) = both(itself, both(attached, names))?;
        let inline = self.inline(names, |policy| IamRead::GetUserPolicy { user: user(), policy })?;
        Ok(UserDetail { user: itself, attached, inline, groups: Vec::new() })
    }

    fn targeted_role(&self, name: &str) -> Found<RoleDetail> {
        let role = || name.to_owned();
        let attached = self.attached(IamRead::ListAttachedRolePolicies { role: role() });
        let names = self.names(IamRead::ListRolePolicies { role: role() });
        let (itself, (attached, names)) = both(self.get_role(name), both(attached, names))?;
        let inline = self.inline(names, |policy| IamRead::GetRolePolicy { role: role(), policy })?;
        Ok(RoleDetail { role: itself, attached, inline })
    }

    /// A role of the sweep with the description and the session length, which the sweep doesn't have.
    fn completed(&self, role: Role) -> Found<Role> {
        match self.get_role(&role.name) {
            Err(missing @ Gap::Missing(_)) => match self.listed_role(&role.name) {
                Some(Role { description, max_session_duration, .. }) => {
                    Ok(Role { description: description.clone(), max_session_duration: *max_session_duration, ..role })
                }
                None => Err(missing),
            },
            decided => decided,
        }
    }

    fn listed_role(&self, name: &str) -> Option<&Role> {
        let roles = self.iam(IamRead::ListRoles, |reply| match reply {
            IamReply::Roles(roles) => Some(roles),
            _ => None,
        });
        roles.ok()?.iter().find(|role| role.name == name)
    }

    fn get_role(&self, role: &str) -> Found<Role> {
        self.iam(IamRead::GetRole { role: role.to_owned() }, |reply| match reply {
            IamReply::Role(role) => Some(role.clone()),
            _ => None,
        })
    }

    fn get_policy(&self, arn: &str) -> Found<Policy> {
        self.iam(IamRead::GetPolicy { arn: arn.to_owned() }, |reply| match reply {
            IamReply::Policy(policy) => Some(policy.clone()),
            _ => None,
        })
    }

    /// All versions, the oldest first, with the default one's document. What a sweep lacks of them (a version that is
    /// newer than it) is asked for.
    fn versions(&self, policy: &Policy, swept: Option<&[PolicyVersion]>) -> Found<Vec<PolicyVersion>> {
        let default = &policy.default_version;
        let swept = swept.filter(|versions| versions.iter().any(|version| version.id == *default));
        let listed = match swept {
            Some(versions) => Ok(versions.to_vec()),
            None => self.iam(IamRead::ListPolicyVersions { arn: policy.arn.clone() }, |reply| match reply {
                IamReply::PolicyVersions(versions) => Some(versions.clone()),
                _ => None,
            }),
        };
        let swept_document = swept.into_iter().flatten().find(|version| version.id == *default);
        let document = match swept_document.and_then(|version| version.document.clone()) {
            Some(document) => Ok(document),
            None => self.document(&policy.arn, default),
        };
        let (mut versions, document) = both(listed, document)?;
        versions.retain(|version| version.id != *default);
        versions.push(PolicyVersion { id: default.clone(), is_default: true, document: Some(document) });
        for version in &mut versions {
            version.is_default = version.id == *default;
        }
        versions.sort_by_key(|version| number(&version.id));
        Ok(versions)
    }

    fn document(&self, arn: &str, version: &str) -> Found<Value> {
        let read = IamRead::GetPolicyVersion { arn: arn.to_owned(), version: version.to_owned() };
        self.iam(read, |reply| match reply {
            IamReply::PolicyVersion(version) => version.document.clone(),
            _ => None,
        })
    }

    fn attached(&self, read: IamRead) -> Found<Vec<String>> {
        self.iam(read, |reply| match reply {
            IamReply::Attached(arns) => Some(arns.clone()),
            _ => None,
        })
    }

    pub(super) fn names(&self, read: IamRead) -> Found<Vec<String>> {
        self.iam(read, |reply| match reply {
            IamReply::Names(names) => Some(names.clone()),
            _ => None,
        })
    }

    /// Those that were removed after they were listed are left out.
    fn inline(&self, names: Vec<String>, read: impl Fn(String) -> IamRead) -> Found<Vec<Inline>> {
        let mut inline = Vec::new();
        let mut missing = BTreeSet::new();
        for name in names {
            let document = self.iam(read(name.clone()), |reply| match reply {
                IamReply::Document(document) => Some(document.clone()),
                _ => None,
            });
            match document {
                Ok(document) => inline.push(Inline { name, document }),
                Err(Gap::Absent) => {}
                Err(Gap::Missing(reads)) => missing.extend(reads),
                Err(unknown @ Gap::Unknown(_)) => return Err(unknown),
            }
        }
        if missing.is_empty() { Ok(inline) } else { Err(Gap::Missing(missing)) }
    }

    pub(super) fn iam<'a, T>(&'a self, read: IamRead, pick: impl FnOnce(&'a IamReply) -> Option<T>) -> Found<T> {
        let call = read.action();
        match self.answer(Read::Iam(read))? {
            Reply::Iam(reply) => pick(reply).ok_or_else(|| unexpected(call)),
            _ => Err(unexpected(call)),
        }
    }
}

fn of_aws(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

/// The same account and the same name, whatever the path. The name is taken from the ARN, for some servers leave it out.
/// It is compared exactly: IAM wouldn't let two names differ by case only, but such a one isn't what was declared.
fn same_name(one: &str, other: &str) -> bool {
    let account = |arn: &str| arn.split_once(":policy/").map(|(account, _)| account.to_owned());
    account(one) == account(other) && name_of(one) == name_of(other)
}

fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// `v10` comes after `v9`.
fn number(version: &str) -> u64 {
    version.trim_start_matches('v').parse().unwrap_or(u64::MAX)
}
