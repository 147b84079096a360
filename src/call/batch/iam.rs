//! What a snapshot says of users, roles and policies: from the sweep or from targeted reads.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::swept::Look;
use super::{Ask, Found, Gap, Snapshot, both, unexpected};
use crate::call::iam::{AccessKey, Inline, LastUsed, Policy, PolicyDetail, PolicyVersion, Role, User};
use crate::call::{IamRead, IamReply, Read, Reply};
use crate::value::Shared;

/// What hangs on a user or a role, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    /// ARNs.
    pub attached: Vec<String>,
    pub inline: Vec<Inline>,
}

impl Policies {
    pub(super) fn new(mut attached: Vec<String>, mut inline: Vec<Inline>) -> Self {
        attached.sort();
        inline.sort_by(|one, other| one.name.cmp(&other.name));
        Self { attached, inline }
    }
}

/// What `GetRole` and `ListRoles` tell of a role, and a sweep doesn't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    pub description: String,
    pub max_session_duration: i64,
}

/// A policy, put together from several answers.
pub(super) struct PolicyParts<'a> {
    policy: &'a Policy,
    versions: &'a [PolicyVersion],
    document: &'a Shared,
}

impl PolicyParts<'_> {
    pub(super) fn arn(&self) -> &str {
        &self.policy.arn
    }

    /// All versions, the oldest first, with the default one's document.
    pub(super) fn whole(&self) -> PolicyDetail {
        let mut policy = self.policy.clone();
        if policy.name.is_empty() {
            name_of(&policy.arn).clone_into(&mut policy.name);
        }
        let default = &policy.default_version;
        let others = self.versions.iter().filter(|version| version.id != *default);
        let mut versions: Vec<PolicyVersion> =
            others.map(|version| PolicyVersion { is_default: false, ..version.clone() }).collect();
        let document = Some(self.document.clone());
        versions.push(PolicyVersion { id: default.clone(), is_default: true, document });
        versions.sort_by_key(|version| number(&version.id));
        PolicyDetail { policy, versions }
    }
}

/// An object that was read by itself is told from those reads, which are newer than the sweep, or the sweep doesn't have it.
impl Snapshot {
    pub(super) fn find_user(&self, user: &str, ask: Ask<'_>) -> Found<&User> {
        let get = IamRead::GetUser { user: user.to_owned() };
        if !self.has(&get) {
            match self.swept.user(user) {
                Look::Here((user, _)) => return Ok(user),
                Look::Gone => return Err(Gap::Absent),
                Look::Unseen => return Err(ask.missing([Read::Iam(get)])),
            }
        }
        self.iam(get, |reply| match reply {
            IamReply::User(user) => Some(user),
            _ => None,
        })
    }

    pub(super) fn find_user_policies(&self, name: &str, ask: Ask<'_>) -> Found<Cow<'_, Policies>> {
        let user = || name.to_owned();
        let lists = [IamRead::ListAttachedUserPolicies { user: user() }, IamRead::ListUserPolicies { user: user() }];
        self.policies(lists, |policy| IamRead::GetUserPolicy { user: user(), policy }, &self.swept.user(name), ask)
    }

    pub(super) fn find_role(&self, role: &str, ask: Ask<'_>) -> Found<&Role> {
        if !self.has(&IamRead::GetRole { role: role.to_owned() }) {
            match self.swept.role(role) {
                Look::Here((role, _)) => return Ok(role),
                Look::Gone => return Err(Gap::Absent),
                Look::Unseen if ask.first.is_some() => return Err(ask.missing([])),
                Look::Unseen => {}
            }
        }
        self.get_role(role)
    }

    pub(super) fn find_role_settings(&self, role: &str, ask: Ask<'_>) -> Found<RoleSettings> {
        let settings = |role: &Role| RoleSettings {
            description: role.description.clone(),
            max_session_duration: role.max_session_duration,
        };
        if !self.has(&IamRead::GetRole { role: role.to_owned() }) {
            if let Some(listed) = self.roles.get(role) {
                return Ok(settings(listed));
            }
            match self.swept.role(role) {
                Look::Gone => return Err(Gap::Absent),
                Look::Unseen if ask.first.is_some() && !ask.expected => return Err(ask.missing([])),
                Look::Here(_) | Look::Unseen => {}
            }
        }
        self.get_role(role).map(settings)
    }

    pub(super) fn find_role_policies(&self, name: &str, ask: Ask<'_>) -> Found<Cow<'_, Policies>> {
        let role = || name.to_owned();
        let lists = [IamRead::ListAttachedRolePolicies { role: role() }, IamRead::ListRolePolicies { role: role() }];
        self.policies(lists, |policy| IamRead::GetRolePolicy { role: role(), policy }, &self.swept.role(name), ask)
    }

    /// The sweep may have found it under another ARN than the declared one, and never has its tags.
    pub(super) fn find_policy(&self, arn: &str, ask: Ask<'_>) -> Found<PolicyParts<'_>> {
        let swept = match self.swept.policy(arn) {
            // AWS's own policies are in no sweep.
            _ if of_aws(arn) => None,
            // What was asked for by itself since then is there all the same.
            Look::Gone if self.get_policy(arn).is_err() => return Err(Gap::Absent),
            Look::Unseen if ask.first.is_some() => return Err(self.first_of_policy(arn, ask)),
            Look::Here(known) => Some(known),
            Look::Gone | Look::Unseen => None,
        };
        let policy = self.get_policy(swept.map_or(arn, |known| &known.policy.arn))?;
        let default = &policy.default_version;
        // What a sweep lacks of the versions (one that is newer than it) is asked for.
        let swept = swept.map(|known| known.versions.as_slice());
        let swept = swept.filter(|versions| versions.iter().any(|version| version.id == *default));
        let listed = match swept {
            Some(versions) => Ok(versions),
            None => self.iam(IamRead::ListPolicyVersions { arn: policy.arn.clone() }, |reply| match reply {
                IamReply::PolicyVersions(versions) => Some(versions.as_slice()),
                _ => None,
            }),
        };
        let swept_document = swept.into_iter().flatten().find(|version| version.id == *default);
        let document = match swept_document.and_then(|version| version.document.as_ref()) {
            Some(document) => Ok(document),
            None => self.document(&policy.arn, default),
        };
        let (versions, document) = both(listed, document)?;
        Ok(PolicyParts { policy, versions, document })
    }

    /// The tags of a policy that the state knows are asked for together with the sweep.
    fn first_of_policy(&self, arn: &str, ask: Ask<'_>) -> Gap {
        let get = Read::Iam(IamRead::GetPolicy { arn: arn.to_owned() });
        match ask.missing([]) {
            Gap::Missing(mut reads) => {
                reads.extend((ask.expected && !self.known.contains_key(&get)).then_some(get));
                Gap::Missing(reads)
            }
            gap => gap,
        }
    }

    pub(super) fn find_access_keys(&self, user: &str, ask: Ask<'_>) -> Found<Vec<AccessKey>> {
        let list = IamRead::ListAccessKeys { user: user.to_owned() };
        if !self.has(&list) {
            match self.swept.user(user) {
                Look::Gone => return Err(Gap::Absent),
                Look::Unseen if ask.first.is_some() && !ask.expected => return Err(ask.missing([])),
                Look::Here(_) | Look::Unseen => {}
            }
        }
        let mut keys = self.iam(list, |reply| match reply {
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

    /// The permissions boundary of a user, without anything else of it.
    pub(super) fn user_boundary(&self, name: &str, ask: Ask<'_>) -> Found<Option<String>> {
        Ok(self.find_user(name, ask)?.boundary.clone())
    }

    pub(super) fn role_boundary(&self, name: &str, ask: Ask<'_>) -> Found<Option<String>> {
        Ok(self.find_role(name, ask)?.boundary.clone())
    }

    /// What hangs on a user or a role: from its two lists and the documents of its inline policies, or as it was `swept`.
    fn policies<'a, T>(
        &self,
        [attached, names]: [IamRead; 2],
        document: impl Fn(String) -> IamRead,
        swept: &Look<(T, &'a Policies)>,
        ask: Ask<'_>,
    ) -> Found<Cow<'a, Policies>> {
        if !self.has(&attached) {
            match swept {
                Look::Here((_, policies)) => return Ok(Cow::Borrowed(policies)),
                Look::Gone => return Err(Gap::Absent),
                Look::Unseen => return Err(ask.missing([attached, names].map(Read::Iam))),
            }
        }
        let (attached, names) = both(self.attached(attached), self.names(names))?;
        Ok(Cow::Owned(Policies::new(attached, self.inline(names, document)?)))
    }

    fn has(&self, read: &IamRead) -> bool {
        self.known.contains_key(&Read::Iam(read.clone()))
    }

    fn get_role(&self, role: &str) -> Found<&Role> {
        self.iam(IamRead::GetRole { role: role.to_owned() }, |reply| match reply {
            IamReply::Role(role) => Some(role),
            _ => None,
        })
    }

    fn get_policy(&self, arn: &str) -> Found<&Policy> {
        self.iam(IamRead::GetPolicy { arn: arn.to_owned() }, |reply| match reply {
            IamReply::Policy(policy) => Some(policy),
            _ => None,
        })
    }

    fn document(&self, arn: &str, version: &str) -> Found<&Shared> {
        let read = IamRead::GetPolicyVersion { arn: arn.to_owned(), version: version.to_owned() };
        self.iam(read, |reply| match reply {
            IamReply::PolicyVersion(version) => version.document.as_ref(),
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

pub(super) fn of_aws(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

/// What a policy is found by in a sweep, whatever its path. The name is taken from the ARN, for some servers leave it out.
/// It is compared exactly: IAM wouldn't let two names differ by case only, but such a one isn't what was declared.
pub(super) fn account_and_name(arn: &str) -> (String, String) {
    let account = arn.split_once(":policy/").map_or("", |(account, _)| account);
    (account.to_owned(), name_of(arn).to_owned())
}

fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// `v10` comes after `v9`.
fn number(version: &str) -> u64 {
    version.trim_start_matches('v').parse().unwrap_or(u64::MAX)
}
