//! Managed policies and their versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::call::{IamReply, Reply, iam};
use crate::policy::Usage;
use crate::value::{Shared, Tags, Value};

use super::account::{Account, same_name};
use super::order::Order;
use super::refusal::{Outcome, Refusal};
use super::tags::Keys;
use super::{documents, limits, managed, names, tags};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) name: String,
    id: String,
    path: String,
    created: String,
    description: String,
    tags: Tags,
    default_version: u32,
    /// How many versions there ever were: a number is never given twice.
    last_version: u32,
    versions: BTreeMap<u32, Version>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Version {
    created: String,
    document: Shared,
}

/// What `CreatePolicy` says.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) document: &'a Shared,
    pub(super) tags: &'a Tags,
}

impl Policy {
    /// What the policy says now.
    pub(super) fn document(&self) -> &Value {
        self.versions.get(&self.default_version).map_or(&Value::Null, |version| &version.document)
    }

    pub(super) fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Account {
    fn policy_arn(&self, policy: &Policy) -> String {
        self.iam_arn(&format!("policy{}{}", policy.path, policy.name))
    }

    /// One of the account's own.
    pub(super) fn policy(&self, arn: &str) -> Outcome<&Policy> {
        names::policy_arn(arn)?;
        let name = arn.rsplit('/').next().unwrap_or_default();
        let found = self.policies.get(name).filter(|policy| self.policy_arn(policy) == arn);
        found.ok_or_else(|| Refusal::no_such_entity(format!("Policy {arn} was not found.")))
    }

    /// Nobody but AWS changes AWS's policies.
    fn policy_mut(&mut self, arn: &str) -> Outcome<&mut Policy> {
        if managed::is_aws(&self.partition, arn) {
            return Err(Refusal::denied("Policy is outside your own account."));
        }
        let name = self.policy(arn)?.name.clone();
        let missing = || Refusal::no_such_entity(format!("Policy {arn} was not found."));
        self.policies.get_mut(&name).ok_or_else(missing)
    }

    /// Whether the policy exists, the account's own or AWS's.
    pub(super) fn attachable(&self, arn: &str) -> bool {
        self.policy(arn).is_ok() || managed::well_known(&self.partition, arn).is_some()
    }

    /// As `GetPolicy` gives it.
    pub(super) fn seen_policy(&self, policy: &Policy) -> iam::Policy {
        iam::Policy {
            name: policy.name.clone(),
            id: policy.id.clone(),
            arn: self.policy_arn(policy),
            path: policy.path.clone(),
            description: policy.description.clone(),
            default_version: format!("v{}", policy.default_version),
            tags: policy.tags.clone(),
        }
    }
}

impl Policy {
    fn version(&self, arn: &str, version: &str) -> Outcome<(u32, &Version)> {
        let number = version.strip_prefix('v').and_then(|number| number.parse().ok());
        let found = number.and_then(|number| Some((number, self.versions.get(&number)?)));
        found.ok_or_else(|| no_version(arn, version))
    }

    fn seen_version(&self, number: u32, document: Option<Shared>) -> iam::PolicyVersion {
        iam::PolicyVersion { id: format!("v{number}"), is_default: number == self.default_version, document }
    }

    /// With their documents, as the sweep gives them.
    pub(super) fn seen_versions(&self, order: Order) -> Vec<iam::PolicyVersion> {
        let newest_first = self.versions.iter().rev();
        order.list(
            newest_first
                .map(|(number, version)| self.seen_version(*number, Some(order.document(&version.document).into()))),
        )
    }

    fn add_version(&mut self, document: &Shared, created: String) -> u32 {
        self.last_version += 1;
        self.versions.insert(self.last_version, Version { created, document: document.clone() });
        self.default_version = self.last_version;
        self.last_version
    }
}

fn no_version(arn: &str, version: &str) -> Refusal {
    Refusal::no_such_entity(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

pub(super) fn read(account: &Account, arn: &str) -> Outcome<iam::Policy> {
    match managed::well_known(&account.partition, arn) {
        Some((path, name)) => Ok(iam::Policy {
            name,
            id: aws_id(arn),
            arn: arn.to_owned(),
            path,
            default_version: "v1".to_owned(),
            ..iam::Policy::default()
        }),
        None => Ok(account.seen_policy(account.policy(arn)?)),
    }
}

/// AWS's policies have the same id in every account.
fn aws_id(arn: &str) -> String {
    let text = data_encoding::BASE32_NOPAD.encode(&Sha256::digest(arn));
    "ANPA".chars().chain(text.chars().take(17)).collect()
}

/// The sandbox has the documents of only a few of AWS's own policies.
pub(super) fn read_version(account: &Account, arn: &str, version: &str, order: Order) -> Outcome<iam::PolicyVersion> {
    if managed::well_known(&account.partition, arn).is_some() {
        if version != "v1" {
            return Err(no_version(arn, version));
        }
        let document = managed::document(&account.partition, arn);
        let unknown = || Refusal::invalid("NotInSandbox", format!("The sandbox doesn't know what {arn} says."));
        return Ok(iam::PolicyVersion { document: Some(document.ok_or_else(unknown)?.into()), ..aws_version() });
    }
    let policy = account.policy(arn)?;
    let (number, version) = policy.version(arn, version)?;
    Ok(policy.seen_version(number, Some(order.document(&version.document).into())))
}

pub(super) fn list_versions(account: &Account, arn: &str, order: Order) -> Outcome<Vec<iam::PolicyVersion>> {
    if managed::well_known(&account.partition, arn).is_some() {
        return Ok(vec![aws_version()]);
    }
    let versions = account.policy(arn)?.seen_versions(order);
    Ok(versions.into_iter().map(|version| iam::PolicyVersion { document: None, ..version }).collect())
}

fn aws_version() -> iam::PolicyVersion {
    iam::PolicyVersion { id: "v1".to_owned(), is_default: true, document: None }
}

pub(super) fn create(account: &mut Account, wanted: &Wanted) -> Outcome<Reply> {
    let description = wanted.description.unwrap_or_default();
    names::name("policyName", wanted.name, names::POLICY)?;
    names::path(wanted.path)?;
    names::description(description)?;
    if account.policies.keys().any(|name| same_name(name, wanted.name)) {
        return Err(Refusal::already_exists(format!(
            "A policy called {} already exists. Duplicate names are not allowed.",
            wanted.name
        )));
    }
    checked(wanted.document)?;
    let mut all = Tags::new();
    tags::add(&mut all, wanted.tags, Keys::Exact)?;
    let mut policy = Policy {
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
    let reply = account.seen_policy(&policy);
    account.policies.insert_mut(wanted.name.to_owned(), policy);
    Ok(Reply::Iam(IamReply::Policy(reply)))
}

fn checked(document: &Value) -> Outcome<()> {
    limits::managed_policy(document)?;
    documents::check(document, Usage::Managed)
}

pub(super) fn create_version(account: &mut Account, arn: &str, document: &Shared) -> Outcome<Reply> {
    let now = account.now();
    let policy = account.policy_mut(arn)?;
    checked(document)?;
    limits::policy_versions(policy.versions.len() + 1)?;
    let number = policy.add_version(document, now);
    // CreatePolicyVersion answers without the document.
    Ok(Reply::Iam(IamReply::PolicyVersion(policy.seen_version(number, None))))
}

pub(super) fn delete_version(account: &mut Account, arn: &str, version: &str) -> Outcome<Reply> {
    let policy = account.policy_mut(arn)?;
    let (number, _) = policy.version(arn, version)?;
    if number == policy.default_version {
        return Err(Refusal::delete_conflict("Cannot delete the default version of a policy."));
    }
    policy.versions.remove(&number);
    Ok(Reply::Done)
}

pub(super) fn delete(account: &mut Account, arn: &str) -> Outcome<Reply> {
    let policy = account.policy_mut(arn)?;
    let (name, versions) = (policy.name.clone(), policy.versions.len());
    let used = |arn: &str| {
        account.identities().any(|one| one.attached.contains(arn) || one.boundary.as_deref() == Some(arn))
            || account.groups.values().any(|group| group.identity.attached.contains(arn))
    };
    if used(arn) {
        return Err(Refusal::delete_conflict("Cannot delete a policy attached to entities."));
    }
    if versions > 1 {
        return Err(Refusal::delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
             The default version is deleted with the policy.",
        ));
    }
    account.policies.remove_mut(&name);
    Ok(Reply::Done)
}

pub(super) fn tag(account: &mut Account, arn: &str, added: &Tags) -> Outcome<Reply> {
    tags::add(&mut account.policy_mut(arn)?.tags, added, Keys::Exact)?;
    Ok(Reply::Done)
}

pub(super) fn untag(account: &mut Account, arn: &str, removed: &[String]) -> Outcome<Reply> {
    tags::remove(&mut account.policy_mut(arn)?.tags, removed, Keys::Exact);
    Ok(Reply::Done)
}
