//! Managed policies and their versions.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::address::PrincipalKind;
use crate::call::iam::{Entities, PolicyUsage};
use crate::call::{IamReply, Reply, iam};
use crate::policy::Usage;
use crate::value::{SharedValue, Tags, Value};

use super::account::Account;
use super::lookup::no_policy;
use super::names::same_name;
use super::order::ListOrder;
use super::records::{IdentityRecord, PolicyRecord, VersionRecord};
use super::refusal::{Refusal, SandboxResult};
use super::tags::KeyCase;
use super::{documents, limits, managed, names, tags};

/// The arguments of `CreatePolicy`.
pub(super) struct NewPolicy<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) document: &'a SharedValue,
    pub(super) tags: &'a Tags,
}

/// Returns the policy as `GetPolicy` gives it.
pub(super) fn reply(account: &Account, policy: &PolicyRecord) -> iam::ManagedPolicy {
    iam::ManagedPolicy {
        name: policy.name.clone(),
        id: policy.id.clone(),
        arn: account.policy_arn(policy),
        path: policy.path.clone(),
        description: policy.description.clone(),
        default_version: format!("v{}", policy.default_version),
        tags: policy.tags.clone(),
    }
}

impl PolicyRecord {
    /// Returns the default version's document.
    pub(super) fn document(&self) -> &Value {
        self.versions.get(&self.default_version).map_or(&Value::Null, |version| &version.document)
    }

    fn version(&self, arn: &str, version: &str) -> SandboxResult<(u32, &VersionRecord)> {
        let number = version.strip_prefix('v').and_then(|number| number.parse().ok());
        let found = number.and_then(|number| Some((number, self.versions.get(&number)?)));
        found.ok_or_else(|| no_version(arn, version))
    }

    fn version_reply(&self, number: u32, document: Option<SharedValue>) -> iam::PolicyVersion {
        iam::PolicyVersion {
            id: format!("v{number}"),
            is_default: number == self.default_version,
            document,
        }
    }

    /// Returns the policy's versions with their documents, as the sweep gives them.
    pub(super) fn version_replies(&self, order: ListOrder) -> Vec<iam::PolicyVersion> {
        let newest_first = self.versions.iter().rev();
        order.list(newest_first.map(|(number, version)| {
            self.version_reply(*number, Some(order.document(&version.document).into()))
        }))
    }

    fn add_version(&mut self, document: &SharedValue, created: String) -> u32 {
        self.last_version += 1;
        self.versions
            .insert(self.last_version, VersionRecord { created, document: document.clone() });
        self.default_version = self.last_version;
        self.last_version
    }
}

fn no_version(arn: &str, version: &str) -> Refusal {
    Refusal::no_such_entity(format!(
        "Policy {arn} version {version} does not exist or is not attachable."
    ))
}

pub(super) fn read(account: &Account, arn: &str) -> SandboxResult<iam::ManagedPolicy> {
    match managed::well_known(&account.partition, arn) {
        Some((path, name)) => Ok(iam::ManagedPolicy {
            name,
            id: aws_id(arn),
            arn: arn.to_owned(),
            path,
            default_version: "v1".to_owned(),
            ..iam::ManagedPolicy::default()
        }),
        None => Ok(reply(account, account.policy(arn)?)),
    }
}

/// Returns the id of one of AWS's policies, which is the same in every account.
fn aws_id(arn: &str) -> String {
    let text = data_encoding::BASE32_NOPAD.encode(&Sha256::digest(arn));
    "ANPA".chars().chain(text.chars().take(17)).collect()
}

/// Returns a version. The sandbox has the documents of only a few of AWS's own policies.
pub(super) fn read_version(
    account: &Account,
    arn: &str,
    version: &str,
    order: ListOrder,
) -> SandboxResult<iam::PolicyVersion> {
    if managed::well_known(&account.partition, arn).is_some() {
        if version != "v1" {
            return Err(no_version(arn, version));
        }
        let document = managed::document(&account.partition, arn);
        let unknown = || {
            Refusal::invalid("NotInSandbox", format!("The sandbox doesn't know what {arn} says."))
        };
        return Ok(iam::PolicyVersion {
            document: Some(document.ok_or_else(unknown)?.into()),
            ..aws_version()
        });
    }
    let policy = account.policy(arn)?;
    let (number, version) = policy.version(arn, version)?;
    Ok(policy.version_reply(number, Some(order.document(&version.document).into())))
}

pub(super) fn list_versions(
    account: &Account,
    arn: &str,
    order: ListOrder,
) -> SandboxResult<Vec<iam::PolicyVersion>> {
    if managed::well_known(&account.partition, arn).is_some() {
        return Ok(vec![aws_version()]);
    }
    let versions = account.policy(arn)?.version_replies(order);
    Ok(versions
        .into_iter()
        .map(|version| iam::PolicyVersion { document: None, ..version })
        .collect())
}

fn aws_version() -> iam::PolicyVersion {
    iam::PolicyVersion { id: "v1".to_owned(), is_default: true, document: None }
}

pub(super) fn create(account: &mut Account, wanted: &NewPolicy) -> SandboxResult<Reply> {
    let description = wanted.description.unwrap_or_default();
    names::check_name("policyName", wanted.name, names::POLICY)?;
    names::check_path(wanted.path)?;
    names::description(description)?;
    if account.policies.keys().any(|name| same_name(name, wanted.name)) {
        return Err(Refusal::already_exists(format!(
            "A policy called {} already exists. Duplicate names are not allowed.",
            wanted.name
        )));
    }
    checked(wanted.document, &account.partition)?;
    let mut all = Tags::new();
    tags::add_tags(&mut all, wanted.tags, KeyCase::Exact)?;
    let mut policy = PolicyRecord {
        name: wanted.name.to_owned(),
        id: account.new_id("ANPA"),
        path: wanted.path.to_owned(),
        created: account.now(),
        description: description.to_owned(),
        tags: all,
        default_version: 0,
        last_version: 0,
        versions: BTreeMap::new(),
    };
    policy.add_version(wanted.document, account.now());
    let reply = reply(account, &policy);
    account.policies.insert_mut(wanted.name.to_owned(), policy);
    Ok(Reply::Iam(IamReply::Policy(reply)))
}

fn checked(document: &Value, partition: &str) -> SandboxResult<()> {
    limits::managed_policy(document)?;
    documents::check(document, Usage::Managed, partition)
}

pub(super) fn create_version(
    account: &mut Account,
    arn: &str,
    document: &SharedValue,
) -> SandboxResult<Reply> {
    let now = account.now();
    let partition = account.partition.clone();
    let policy = account.policy_mut(arn)?;
    checked(document, &partition)?;
    limits::policy_versions(policy.versions.len() + 1)?;
    let number = policy.add_version(document, now);
    // CreatePolicyVersion answers without the document.
    Ok(Reply::Iam(IamReply::PolicyVersion(policy.version_reply(number, None))))
}

pub(super) fn delete_version(
    account: &mut Account,
    arn: &str,
    version: &str,
) -> SandboxResult<Reply> {
    let policy = account.policy_mut(arn)?;
    let (number, _) = policy.version(arn, version)?;
    if number == policy.default_version {
        return Err(Refusal::delete_conflict("Cannot delete the default version of a policy."));
    }
    policy.versions.remove(&number);
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, arn: &str) -> SandboxResult<Reply> {
    let policy = account.policy_mut(arn)?;
    let (name, versions) = (policy.name.clone(), policy.versions.len());
    if account.identities().any(|(_, identity)| uses(identity, arn, PolicyUsage::Any)) {
        return Err(Refusal::delete_conflict("Cannot delete a policy attached to entities."));
    }
    if versions > 1 {
        return Err(Refusal::delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete \
                the policy's versions. The default version is deleted with the policy.",
        ));
    }
    account.policies.remove_mut(&name);
    Ok(Reply::Done)
}

/// Returns true if the policy is attached to a user, role or group, or is its boundary.
fn uses(identity: &IdentityRecord, arn: &str, usage: PolicyUsage) -> bool {
    let (attached, bounds) =
        (identity.attached.contains(arn), identity.boundary.as_deref() == Some(arn));
    match usage {
        PolicyUsage::Any => attached || bounds,
        PolicyUsage::PermissionsPolicy => attached,
        PolicyUsage::PermissionsBoundary => bounds,
    }
}

/// Lists the principals that use a policy.
pub(super) fn entities(
    account: &Account,
    arn: &str,
    usage: PolicyUsage,
    order: ListOrder,
) -> SandboxResult<Entities> {
    if !account.attachable(arn) {
        return Err(no_policy(arn));
    }
    let names = |kind| {
        let users = account.identities_of(kind).filter(|identity| uses(identity, arn, usage));
        order.list(users.map(|identity| identity.name.clone()))
    };
    Ok(Entities {
        users: names(PrincipalKind::User),
        roles: names(PrincipalKind::Role),
        groups: names(PrincipalKind::Group),
    })
}

pub(super) fn tag_policy(account: &mut Account, arn: &str, added: &Tags) -> SandboxResult<Reply> {
    tags::add_tags(&mut account.policy_mut(arn)?.tags, added, KeyCase::Exact)?;
    Ok(Reply::Done)
}

pub(super) fn untag(account: &mut Account, arn: &str, removed: &[String]) -> SandboxResult<Reply> {
    tags::remove_tags(&mut account.policy_mut(arn)?.tags, removed, KeyCase::Exact)?;
    Ok(Reply::Done)
}
