//! The common parts of users, roles and groups: a path, tags, and policies.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Principal;
use crate::call::{IamReply, Reply};
use crate::value::{SharedValue, Tags};

use super::account::Account;
use super::lookup::no_policy;
use super::names::same_name;
use super::order::ListOrder;
use super::principal_rules::rules;
use super::records::IdentityRecord;
use super::refusal::{Refusal, SandboxResult};
use super::tags::KeyCase;
use super::{documents, limits, names, tags};

/// The common arguments of the calls that make a user, a role or a group.
pub(super) struct NewIdentity<'a> {
    pub(super) path: &'a str,
    pub(super) boundary: Option<&'a str>,
    pub(super) tags: &'a Tags,
}

/// Checks the name of a new user, role or group.
pub(super) fn check_name(account: &Account, principal: &Principal) -> SandboxResult<()> {
    let Principal { kind, name } = principal;
    let rules = rules(*kind);
    names::check_name(rules.name_parameter, name, rules.longest_name)?;
    let exists = account.identities_of(*kind).any(|other| same_name(&other.name, name));
    if exists {
        return Err(Refusal::already_exists(format!(
            "{} with name {name} already exists.",
            rules.title
        )));
    }
    Ok(())
}

/// Makes the record of a user, role or group, after the check of its name.
pub(super) fn create(
    account: &mut Account,
    principal: &Principal,
    wanted: &NewIdentity,
) -> SandboxResult<IdentityRecord> {
    names::check_path(wanted.path)?;
    if let Some(arn) = wanted.boundary {
        check_boundary(account, arn)?;
    }
    let mut all = Tags::new();
    tags::add_tags(&mut all, wanted.tags, KeyCase::IgnoringCase)?;
    Ok(IdentityRecord {
        name: principal.name.clone(),
        id: account.new_id(rules(principal.kind).id_prefix),
        path: wanted.path.to_owned(),
        created: account.now(),
        boundary: wanted.boundary.map(str::to_owned),
        tags: all,
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
    })
}

impl IdentityRecord {
    /// Refuses the deletion of a user, role or group that has policies.
    pub(super) fn deletable(&self) -> SandboxResult<()> {
        if !self.attached.is_empty() {
            return Err(Refusal::delete_conflict(
                "Cannot delete entity, must detach all policies first.",
            ));
        }
        if !self.inline.is_empty() {
            return Err(Refusal::delete_conflict(
                "Cannot delete entity, must delete policies first.",
            ));
        }
        Ok(())
    }
}

pub(super) fn tag_principal(
    account: &mut Account,
    principal: &Principal,
    added: &Tags,
) -> SandboxResult<Reply> {
    tags::add_tags(&mut account.identity_mut(principal)?.tags, added, KeyCase::IgnoringCase)?;
    Ok(Reply::Done)
}

pub(super) fn untag(
    account: &mut Account,
    principal: &Principal,
    removed: &[String],
) -> SandboxResult<Reply> {
    let tags = &mut account.identity_mut(principal)?.tags;
    tags::remove_tags(tags, removed, KeyCase::IgnoringCase)?;
    Ok(Reply::Done)
}

pub(super) fn put_boundary(
    account: &mut Account,
    principal: &Principal,
    arn: &str,
) -> SandboxResult<Reply> {
    account.identity(principal)?;
    check_boundary(account, arn)?;
    account.identity_mut(principal)?.boundary = Some(arn.to_owned());
    Ok(Reply::Done)
}

/// Checks a boundary: only an existing policy can be one.
fn check_boundary(account: &Account, arn: &str) -> SandboxResult<()> {
    names::policy_arn(arn)?;
    if account.attachable(arn) {
        return Ok(());
    }
    Err(Refusal::no_such_entity(format!("Scope ARN: {arn} does not exist or is not attachable.")))
}

pub(super) fn delete_boundary(
    account: &mut Account,
    principal: &Principal,
) -> SandboxResult<Reply> {
    account.identity_mut(principal)?.boundary = None;
    Ok(Reply::Done)
}

/// Lists the attached policies.
pub(super) fn attached(
    account: &Account,
    principal: &Principal,
    order: ListOrder,
) -> SandboxResult<IamReply> {
    Ok(IamReply::Attached(order.list(account.identity(principal)?.attached.iter().cloned())))
}

/// Attaches a policy. Attaching it again changes nothing and is no error.
pub(super) fn attach(
    account: &mut Account,
    principal: &Principal,
    arn: &str,
) -> SandboxResult<Reply> {
    account.identity(principal)?;
    names::policy_arn(arn)?;
    if !account.attachable(arn) {
        return Err(Refusal::no_such_entity(format!(
            "Policy {arn} does not exist or is not attachable."
        )));
    }
    let identity = account.identity_mut(principal)?;
    identity.attached.insert(arn.to_owned());
    limits::quota(
        rules(principal.kind).attached_quota,
        identity.attached.len(),
        limits::ATTACHED_POLICIES,
    )?;
    Ok(Reply::Done)
}

pub(super) fn detach(
    account: &mut Account,
    principal: &Principal,
    arn: &str,
) -> SandboxResult<Reply> {
    if account.identity_mut(principal)?.attached.remove(arn) {
        return Ok(Reply::Done);
    }
    Err(no_policy(arn))
}

/// Lists the names of the inline policies.
pub(super) fn inline_names(
    account: &Account,
    principal: &Principal,
    order: ListOrder,
) -> SandboxResult<IamReply> {
    Ok(IamReply::Names(order.list(account.identity(principal)?.inline.keys().cloned())))
}

/// Returns the document of an inline policy.
pub(super) fn inline_policy(
    account: &Account,
    principal: &Principal,
    policy: &str,
    order: ListOrder,
) -> SandboxResult<IamReply> {
    let found = account.identity(principal)?.inline.get(policy);
    let document = found.ok_or_else(|| no_inline_policy(principal, policy))?;
    Ok(IamReply::Document(order.document(document).into()))
}

pub(super) fn put_inline(
    account: &mut Account,
    principal: &Principal,
    policy: &str,
    document: &SharedValue,
) -> SandboxResult<Reply> {
    let usage = rules(principal.kind).inline_usage;
    names::check_name("policyName", policy, names::POLICY)?;
    let partition = account.partition.clone();
    let identity = account.identity_mut(principal)?;
    identity.inline.insert(policy.to_owned(), document.clone());
    let all = identity.inline.values().map(|document| &**document);
    limits::inline_policies(principal.kind, &identity.name, usage, all)?;
    documents::check(document, usage, &partition)?;
    Ok(Reply::Done)
}

pub(super) fn delete_inline(
    account: &mut Account,
    principal: &Principal,
    policy: &str,
) -> SandboxResult<Reply> {
    match account.identity_mut(principal)?.inline.remove(policy) {
        Some(_) => Ok(Reply::Done),
        None => Err(no_inline_policy(principal, policy)),
    }
}

fn no_inline_policy(principal: &Principal, policy: &str) -> Refusal {
    Refusal::no_such_entity(format!(
        "The {} policy with name {policy} cannot be found.",
        principal.kind
    ))
}
