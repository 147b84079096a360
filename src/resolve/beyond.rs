//! What of the account is not the manifest's, but has a say in what the manifest's policies mean: other people's policies
//! on our users and roles, and other people's users and roles that have our policies.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::json;

use super::{Observed, Resolver, Subject, sightings, wanted};
use crate::address::{Address, KindName, Principal};
use crate::call::iam::{Entities, Inline, PolicyUsage};
use crate::call::{Failure, IamRead, IamReply, Read, Reply};
use crate::kind::{self, Attached, Seen, Sighting};
use crate::model::Live;
use crate::policy;
use crate::port::Provider;
use crate::reads::{Facet, Scope, Snapshot};
use crate::value::{Attributes, Shared};

impl Resolver<'_> {
    /// Whoever has one of these managed policies and is not known yet. Of a group it is only known that it has them. By ARN,
    /// why it can't be told who has a policy.
    pub async fn holders(&mut self, policies: &BTreeSet<String>, known: &Live) -> (Live, BTreeMap<String, Failure>) {
        let mut names: BTreeSet<Address> = BTreeSet::new();
        let mut groups: BTreeMap<Address, Vec<Attached>> = BTreeMap::new();
        let mut failures = BTreeMap::new();
        for (arn, answer) in self.entities(policies).await {
            match answer {
                Ok(entities) => {
                    names.extend(entities.users.into_iter().map(|name| Address::new(KindName::USER, name)));
                    names.extend(entities.roles.into_iter().map(|name| Address::new(KindName::ROLE, name)));
                    for group in entities.groups {
                        groups
                            .entry(Address::new(KindName::GROUP, group))
                            .or_default()
                            .push(Attached::Managed(arn.clone()));
                    }
                }
                Err(failure) => drop(failures.insert(arn, failure)),
            }
        }
        names.retain(|address| !known.contains_key(address));
        let mut live = self.strangers(names).await;
        live.extend(groups.into_iter().map(|(address, mut attached)| {
            attached.sort();
            let seen = Seen { attributes: named(&address), attached, ..Seen::default() };
            (address, Sighting { observed: Observed::Present(seen), conflict: None })
        }));
        (live, failures)
    }

    /// The groups that users are in.
    pub async fn groups(&mut self, users: BTreeSet<Address>) -> BTreeMap<Address, Result<Vec<String>, Failure>> {
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

    /// Who uses each policy, in whatever way.
    async fn entities(&self, policies: &BTreeSet<String>) -> BTreeMap<String, Result<Entities, Failure>> {
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

    async fn strangers(&mut self, names: BTreeSet<Address>) -> Live {
        let described: BTreeMap<Address, Attributes> = names.into_iter().map(|it| (it.clone(), named(&it))).collect();
        let of = |(address, attributes)| {
            let kind = kind::of(Address::kind(address))?;
            Some(Subject { address, kind, declared: Some(attributes), entry: None, expected: true, removing: false })
        };
        let subjects: Vec<Subject<'_>> = described.iter().filter_map(of).collect();
        self.read(wanted(&subjects), Scope::Cheapest).await;
        sightings(&subjects, &self.known)
    }

    /// The documents of policies that nobody declared, by ARN or, for inline ones, by address; or why one can't be read.
    pub async fn documents(
        &mut self,
        policies: &BTreeSet<String>,
    ) -> (BTreeMap<String, Shared>, BTreeMap<String, Failure>) {
        self.read(policies.iter().map(|name| whereabouts(name).0).collect(), Scope::Cheapest).await;
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
    match provider.read(&read).await? {
        Reply::Iam(IamReply::Names(mut names)) => {
            names.sort();
            Ok(names)
        }
        other => Err(Failure::unexpected(&read, &other)),
    }
}

async fn entities(provider: &dyn Provider, arn: &str) -> Result<Entities, Failure> {
    let read = Read::Iam(IamRead::ListEntitiesForPolicy { arn: arn.to_owned(), usage: PolicyUsage::Any });
    match provider.read(&read).await? {
        Reply::Iam(IamReply::Entities(entities)) => Ok(entities),
        other => Err(Failure::unexpected(&read, &other)),
    }
}

fn named(address: &Address) -> Attributes {
    Attributes::from([("name", json!(address.name()))])
}

/// What to read for a policy's document, and the name of an inline one.
fn whereabouts(policy: &str) -> (Facet, Option<&str>) {
    let inline = policy.split_once('.').and_then(|(kind, rest)| Some((kind, rest.split_once('/')?)));
    match inline {
        Some(("user_policy", (user, name))) => (Facet::Policies(Principal::user(user)), Some(name)),
        Some(("role_policy", (role, name))) => (Facet::Policies(Principal::role(role)), Some(name)),
        _ => (Facet::Policy { arn: policy.to_owned() }, None),
    }
}

fn document(snapshot: &Snapshot, policy: &str) -> Observed<Shared> {
    let named = |inline: Vec<Inline>, name: Option<&str>| {
        inline.into_iter().find(|it| Some(it.name.as_str()) == name).map(|it| it.document)
    };
    let found = match whereabouts(policy) {
        (Facet::Policies(principal), name) => snapshot.policies(&principal).map(|it| named(it.inline, name)),
        _ => snapshot.policy(policy).map(|policy| {
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
