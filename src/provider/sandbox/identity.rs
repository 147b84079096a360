//! What users, roles and groups have in common: a path, tags, and policies that hang on them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::call::Reply;
use crate::policy::Usage;
use crate::value::{Shared, Tags};

use super::account::Account;
use super::refusal::{Outcome, Refusal};
use super::tags::Keys;
use super::{boundaries, documents, limits, names, tags};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: String,
    pub(super) boundary: Option<String>,
    pub(super) tags: Tags,
    /// ARNs of managed policies.
    pub(super) attached: BTreeSet<String>,
    pub(super) inline: BTreeMap<String, Shared>,
}

/// The users, the roles or the groups, and one of them by name.
#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    User(&'a str),
    Role(&'a str),
    Group(&'a str),
}

/// What `CreateUser`, `CreateRole` and `CreateGroup` say.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) boundary: Option<&'a str>,
    pub(super) tags: &'a Tags,
}

impl Who<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Role(_) => "role",
            Self::Group(_) => "group",
        }
    }

    fn inline_usage(self) -> Usage {
        match self {
            Self::User(_) => Usage::UserInline,
            Self::Role(_) => Usage::RoleInline,
            Self::Group(_) => Usage::GroupInline,
        }
    }

    fn attached_quota(self) -> &'static str {
        match self {
            Self::User(_) => "PoliciesPerUser",
            Self::Role(_) => "PoliciesPerRole",
            Self::Group(_) => "PoliciesPerGroup",
        }
    }
}

impl Identity {
    /// Checks what is wanted; the caller has checked the name.
    pub(super) fn create(account: &mut Account, prefix: &str, wanted: &Wanted) -> Outcome<Self> {
        names::path(wanted.path)?;
        if let Some(arn) = wanted.boundary {
            boundaries::check(account, arn)?;
        }
        let mut all = Tags::new();
        tags::add(&mut all, wanted.tags, Keys::IgnoringCase)?;
        Ok(Self {
            name: wanted.name.to_owned(),
            id: account.new_id(prefix),
            path: wanted.path.to_owned(),
            created: account.now(),
            boundary: wanted.boundary.map(str::to_owned),
            tags: all,
            attached: BTreeSet::new(),
            inline: BTreeMap::new(),
        })
    }

    /// IAM deletes nothing that policies hang on.
    pub(super) fn deletable(&self) -> Outcome<()> {
        if !self.attached.is_empty() {
            return Err(Refusal::delete_conflict("Cannot delete entity, must detach all policies first."));
        }
        if !self.inline.is_empty() {
            return Err(Refusal::delete_conflict("Cannot delete entity, must delete policies first."));
        }
        Ok(())
    }

    /// `kind` is `user`, `role` or `group`.
    pub(super) fn inline_policy(&self, kind: &str, policy: &str) -> Outcome<&Shared> {
        self.inline.get(policy).ok_or_else(|| no_inline_policy(kind, policy))
    }
}

fn no_inline_policy(kind: &str, policy: &str) -> Refusal {
    Refusal::no_such_entity(format!("The {kind} policy with name {policy} cannot be found."))
}

impl Account {
    pub(super) fn identity_mut(&mut self, who: Who) -> Outcome<&mut Identity> {
        match who {
            Who::User(name) => Ok(&mut self.user_mut(name)?.identity),
            Who::Role(name) => Ok(&mut self.role_mut(name)?.identity),
            Who::Group(name) => Ok(&mut self.group_mut(name)?.identity),
        }
    }
}

pub(super) fn tag(account: &mut Account, who: Who, added: &Tags) -> Outcome<Reply> {
    tags::add(&mut account.identity_mut(who)?.tags, added, Keys::IgnoringCase)?;
    Ok(Reply::Done)
}

pub(super) fn untag(account: &mut Account, who: Who, removed: &[String]) -> Outcome<Reply> {
    tags::remove(&mut account.identity_mut(who)?.tags, removed, Keys::IgnoringCase);
    Ok(Reply::Done)
}

pub(super) fn bound(account: &mut Account, who: Who, arn: &str) -> Outcome<Reply> {
    account.identity_mut(who)?;
    boundaries::check(account, arn)?;
    account.identity_mut(who)?.boundary = Some(arn.to_owned());
    Ok(Reply::Done)
}

pub(super) fn unbound(account: &mut Account, who: Who) -> Outcome<Reply> {
    account.identity_mut(who)?.boundary = None;
    Ok(Reply::Done)
}

/// Attaching what is attached changes nothing and is no error.
pub(super) fn attach(account: &mut Account, who: Who, arn: &str) -> Outcome<Reply> {
    account.identity_mut(who)?;
    names::policy_arn(arn)?;
    if !account.attachable(arn) {
        return Err(Refusal::no_such_entity(format!("Policy {arn} does not exist or is not attachable.")));
    }
    let identity = account.identity_mut(who)?;
    identity.attached.insert(arn.to_owned());
    limits::quota(who.attached_quota(), identity.attached.len(), limits::ATTACHED_POLICIES)?;
    Ok(Reply::Done)
}

pub(super) fn detach(account: &mut Account, who: Who, arn: &str) -> Outcome<Reply> {
    if account.identity_mut(who)?.attached.remove(arn) {
        return Ok(Reply::Done);
    }
    Err(Refusal::no_such_entity(format!("Policy {arn} was not found.")))
}

pub(super) fn put_inline(account: &mut Account, who: Who, policy: &str, document: &Shared) -> Outcome<Reply> {
    names::name("policyName", policy, names::POLICY)?;
    let identity = account.identity_mut(who)?;
    identity.inline.insert(policy.to_owned(), document.clone());
    limits::inline_policies(
        who.kind(),
        &identity.name,
        who.inline_usage(),
        identity.inline.values().map(|document| &**document),
    )?;
    documents::check(document, who.inline_usage())?;
    Ok(Reply::Done)
}

pub(super) fn delete_inline(account: &mut Account, who: Who, policy: &str) -> Outcome<Reply> {
    match account.identity_mut(who)?.inline.remove(policy) {
        Some(_) => Ok(Reply::Done),
        None => Err(no_inline_policy(who.kind(), policy)),
    }
}
