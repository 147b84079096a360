//! Reads the parts of the account that the manifest doesn't manage and that matter for the effect
//! of its policies: others' policies on the manifest's users and roles, and others' users and roles
//! that have the manifest's policies.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::json;

use super::{Observed, ReadSubject, Resolver};
use crate::address::{Address, Principal, PrincipalKind};
use crate::call::iam::{Entities, PolicyUsage, aws_policy_name};
use crate::call::{Failure, IamRead, IamReply, Read, Reply};
use crate::kind::{self, Attached, LiveObject, LiveResource};
use crate::model::{Live, Recorded};
use crate::policy::{self, catalogue};
use crate::port::Provider;
use crate::reads::{Facet, ReadScope, Snapshot};
use crate::value::{Attributes, SharedValue};

impl Resolver<'_> {
    /// Returns the principals that have one of these managed policies and are not known yet, and
    /// for each policy whose principals can't be listed the failure, by ARN. Of a group only these
    /// policies are known.
    pub async fn holders(
        &mut self,
        policies: &BTreeSet<String>,
        known: &Live,
    ) -> (Live, BTreeMap<String, Failure>) {
        let mut names: BTreeSet<Principal> = BTreeSet::new();
        let mut groups: BTreeMap<Principal, Vec<Attached>> = BTreeMap::new();
        let mut failures = BTreeMap::new();
        for (arn, answer) in self.entities(policies).await {
            match answer {
                Ok(entities) => {
                    for principal in entities.principals() {
                        match principal.kind {
                            PrincipalKind::User | PrincipalKind::Role => {
                                _ = names.insert(principal);
                            }
                            PrincipalKind::Group => {
                                groups
                                    .entry(principal)
                                    .or_default()
                                    .push(Attached::Managed(arn.clone()));
                            }
                        }
                    }
                }
                Err(failure) => drop(failures.insert(arn, failure)),
            }
        }
        groups.retain(|group, _| !known.contains_key(&group.address()));
        let mut live = self.unmanaged(names, known).await;
        live.extend(groups.into_iter().map(|(group, mut attached)| {
            attached.sort();
            let seen = LiveObject { attributes: named(&group), attached, ..LiveObject::default() };
            (group.address(), LiveResource { observed: Observed::Present(seen), conflict: None })
        }));
        (live, failures)
    }

    /// Returns the groups that users are in.
    pub async fn groups(
        &mut self,
        users: BTreeSet<Address>,
    ) -> BTreeMap<Address, Result<Vec<String>, Failure>> {
        let (provider, known) = (self.provider, &self.known);
        let answers = stream::iter(users).map(|user| async move {
            let groups = match known.swept_groups(user.name()) {
                Some(groups) => Ok(groups),
                None => groups_of(provider, user.name()).await,
            };
            (user, groups)
        });
        answers.buffer_unordered(self.parallelism).collect().await
    }

    /// Returns the users in groups, or the reason that they aren't known.
    pub async fn members(
        &mut self,
        groups: BTreeSet<Address>,
    ) -> BTreeMap<Address, Result<Vec<String>, Failure>> {
        let facet = |group: &Address| Facet::Members { group: group.name().to_owned() };
        self.read(groups.iter().map(facet).collect(), ReadScope::Cheapest).await;
        let members =
            groups.into_iter().filter_map(|group| match self.known.members(group.name()) {
                Observed::Present(members) => Some((group, Ok(members))),
                Observed::Unknown(failure) => Some((group, Err(failure))),
                Observed::Absent => None,
            });
        members.collect()
    }

    /// Reads those of these users and roles that are not known yet.
    pub async fn unmanaged(&mut self, mut names: BTreeSet<Principal>, known: &Live) -> Live {
        names.retain(|principal| !known.contains_key(&principal.address()));
        self.strangers(names).await
    }

    /// Returns the principals that use each policy in any way.
    async fn entities(
        &self,
        policies: &BTreeSet<String>,
    ) -> BTreeMap<String, Result<Entities, Failure>> {
        let (provider, known) = (self.provider, &self.known);
        let answers = stream::iter(policies.clone()).map(|arn| async move {
            let entities = match known.swept_uses(&arn) {
                Some(uses) => Ok(uses.all()),
                None => entities(provider, &arn).await,
            };
            (arn, entities)
        });
        answers.buffer_unordered(self.parallelism).collect().await
    }

    async fn strangers(&mut self, names: BTreeSet<Principal>) -> Live {
        let described: BTreeMap<Address, Attributes> =
            names.iter().map(|it| (it.address(), named(it))).collect();
        let recorded = &Recorded::new();
        let of = |(address, attributes)| {
            let kind = kind::kind_of(Address::kind(address));
            ReadSubject {
                address,
                kind,
                declared: Some(attributes),
                entry: None,
                recorded,
                expected: true,
                removing: false,
                replacing: false,
            }
        };
        let subjects: Vec<ReadSubject<'_>> = described.iter().map(of).collect();
        self.read_subjects(&subjects).await
    }

    /// Returns those of these managed policies that do not exist. The existence of AWS's own is
    /// read only for those that the catalogue doesn't list, as AWS adds policies.
    pub async fn absent_policies<'p>(
        &mut self,
        policies: impl Iterator<Item = &'p str> + Clone,
    ) -> BTreeSet<&'p str> {
        let listed = |arn: &str| aws_policy_name(arn).is_some_and(catalogue::is_managed_policy);
        let unlisted = policies.clone().filter(|arn| !listed(arn));
        let facts = unlisted.map(|arn| Facet::Policy { arn: arn.to_owned() }).collect();
        self.read(facts, ReadScope::Cheapest).await;
        let absent = |arn: &&str| matches!(self.known.policy(arn), Observed::Absent);
        policies.filter(absent).collect()
    }

    /// Returns the documents of policies that the manifest doesn't declare, by ARN or, for inline
    /// ones, by address; or the reason that one can't be read.
    pub async fn documents(
        &mut self,
        policies: &BTreeSet<String>,
    ) -> (BTreeMap<String, SharedValue>, BTreeMap<String, Failure>) {
        self.read(policies.iter().map(|name| facet(name)).collect(), ReadScope::Cheapest).await;
        let mut documents = BTreeMap::new();
        let mut failures = BTreeMap::new();
        for name in policies {
            match document(&self.known, name) {
                Observed::Present(document) => {
                    drop(documents.insert(name.clone(), policy::canonical(&document).into()));
                }
                Observed::Unknown(failure) => drop(failures.insert(name.clone(), failure)),
                Observed::Absent => {}
            }
        }
        (documents, failures)
    }
}

async fn groups_of(provider: &dyn Provider, user: &str) -> Result<Vec<String>, Failure> {
    let read = Read::Iam(IamRead::ListGroupsForUser { user: user.to_owned() });
    let reply = provider.read(&read).await?;
    let Reply::Iam(IamReply::Names(mut names)) = reply else {
        return Err(Failure::unexpected(&read, &reply));
    };
    names.sort();
    Ok(names)
}

async fn entities(provider: &dyn Provider, arn: &str) -> Result<Entities, Failure> {
    let read =
        Read::Iam(IamRead::ListEntitiesForPolicy { arn: arn.to_owned(), usage: PolicyUsage::Any });
    let reply = provider.read(&read).await?;
    let Reply::Iam(IamReply::Entities(entities)) = reply else {
        return Err(Failure::unexpected(&read, &reply));
    };
    Ok(entities)
}

fn named(principal: &Principal) -> Attributes {
    Attributes::from([("name", json!(principal.name))])
}

/// Returns the holder of an inline policy, and the policy's name. A managed policy is known by its
/// ARN.
fn inline(policy: &str) -> Option<(Principal, String)> {
    let address: Address = policy.parse().ok()?;
    address.inline_policy().map(|(holder, name)| (holder, name.to_owned()))
}

/// Returns the facet that has a policy's document.
fn facet(policy: &str) -> Facet {
    match inline(policy) {
        Some((holder, _)) => Facet::Policies(holder),
        None => Facet::Policy { arn: policy.to_owned() },
    }
}

fn document(snapshot: &Snapshot, policy: &str) -> Observed<SharedValue> {
    let found = match inline(policy) {
        Some((holder, name)) => snapshot.policies(&holder).map(|policies| {
            let policy = policies.inline.into_iter().find(|policy| policy.name == name);
            policy.map(|policy| policy.document)
        }),
        None => snapshot.policy(policy).map(|policy| {
            let default = policy.versions.into_iter().find(|version| version.is_default);
            default.and_then(|version| version.document)
        }),
    };
    match found {
        Observed::Present(Some(document)) => Observed::Present(document),
        Observed::Present(None) | Observed::Absent => Observed::Absent,
        Observed::Unknown(failure) => Observed::Unknown(failure),
    }
}
