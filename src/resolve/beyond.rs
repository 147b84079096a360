//! What of the account is not the manifest's, but has a say in what the manifest's policies mean: other people's policies
//! on our users and roles, and other people's users and roles that have our policies.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::json;

use super::{Observed, Subject, read};
use crate::address::Address;
use crate::call::batch::Scope;
use crate::call::iam::{Entities, Inline, PolicyUsage};
use crate::call::{Facet, Failure, FailureKind, IamRead, IamReply, Read, Reply, Snapshot};
use crate::kind::{self, Attached, Seen, Sighting};
use crate::model::Live;
use crate::policy;
use crate::port::Provider;
use crate::value::{Attributes, Value};

/// Whoever has one of these managed policies and is not known yet. Of a group it is only known that it has them. By ARN,
/// why it can't be told who has a policy.
pub async fn holders(
    provider: &dyn Provider,
    policies: &BTreeSet<String>,
    known: &Live,
    parallelism: usize,
) -> (Live, BTreeMap<String, Failure>) {
    let mut answers = stream::iter(policies)
        .map(|arn| async move { (arn, entities(provider, arn).await) })
        .buffer_unordered(parallelism.max(1));
    let mut names: BTreeSet<Address> = BTreeSet::new();
    let mut groups: BTreeMap<Address, Vec<Attached>> = BTreeMap::new();
    let mut failures = BTreeMap::new();
    while let Some((arn, answer)) = answers.next().await {
        match answer {
            Ok(entities) => {
                names.extend(entities.users.into_iter().map(|name| Address::new("user", name)));
                names.extend(entities.roles.into_iter().map(|name| Address::new("role", name)));
                for group in entities.groups {
                    groups.entry(Address::new("group", group)).or_default().push(Attached::Managed(arn.clone()));
                }
            }
            Err(failure) => drop(failures.insert(arn.clone(), failure)),
        }
    }
    names.retain(|address| !known.contains_key(address));
    let mut live = strangers(provider, names, parallelism).await;
    live.extend(groups.into_iter().map(|(address, mut attached)| {
        attached.sort();
        let seen = Seen { attributes: named(&address), attached, ..Seen::default() };
        (address, Sighting { observed: Observed::Present(seen), conflict: None })
    }));
    (live, failures)
}

/// The groups that users are in.
pub async fn groups(
    provider: &dyn Provider,
    users: BTreeSet<Address>,
    parallelism: usize,
) -> BTreeMap<Address, Result<Vec<String>, Failure>> {
    let answers = stream::iter(users).map(|user| async move {
        let groups = groups_of(provider, user.name()).await;
        (user, groups)
    });
    answers.buffer_unordered(parallelism.max(1)).collect().await
}

async fn groups_of(provider: &dyn Provider, user: &str) -> Result<Vec<String>, Failure> {
    let read = Read::Iam(IamRead::ListGroupsForUser { user: user.to_owned() });
    match provider.read(&read).await? {
        Reply::Iam(IamReply::Names(mut names)) => {
            names.sort();
            Ok(names)
        }
        other => Err(unexpected(&read, &other)),
    }
}

async fn entities(provider: &dyn Provider, arn: &str) -> Result<Entities, Failure> {
    let read = Read::Iam(IamRead::ListEntitiesForPolicy { arn: arn.to_owned(), usage: PolicyUsage::Any });
    match provider.read(&read).await? {
        Reply::Iam(IamReply::Entities(entities)) => Ok(entities),
        other => Err(unexpected(&read, &other)),
    }
}

fn unexpected(read: &Read, reply: &Reply) -> Failure {
    let message = format!("the answer is of another kind: {reply:?}");
    Failure::new(FailureKind::Other, read.action(), "UnexpectedReply", message)
}

async fn strangers(provider: &dyn Provider, names: BTreeSet<Address>, parallelism: usize) -> Live {
    let of = |address: Address| {
        let kind = kind::of(address.kind())?;
        Some(Subject { declared: Some(named(&address)), recorded: None, removing: false, kind, address })
    };
    let subjects: Vec<Subject> = names.into_iter().filter_map(of).collect();
    let wanted: BTreeSet<Facet> = subjects.iter().flat_map(Subject::facets).collect();
    let snapshot = read(provider, Snapshot::default(), &wanted, Scope::Targeted, parallelism).await;
    subjects.into_iter().map(|subject| (subject.address.clone(), subject.sighting(&snapshot))).collect()
}

fn named(address: &Address) -> Attributes {
    Attributes::from([("name".to_owned(), json!(address.name()))])
}

/// The documents of policies that nobody declared, by ARN or, for inline ones, by address; or why one can't be read.
pub async fn documents(
    provider: &dyn Provider,
    policies: &BTreeSet<String>,
    parallelism: usize,
) -> (BTreeMap<String, Value>, BTreeMap<String, Failure>) {
    let facets: BTreeSet<Facet> = policies.iter().map(|name| whereabouts(name).0).collect();
    let snapshot = read(provider, Snapshot::default(), &facets, Scope::Targeted, parallelism).await;
    let mut documents = BTreeMap::new();
    let mut failures = BTreeMap::new();
    for name in policies {
        match document(&snapshot, name) {
            Observed::Present(document) => drop(documents.insert(name.clone(), policy::canonical(&document))),
            Observed::Unknown(failure) => drop(failures.insert(name.clone(), failure)),
            Observed::Absent => {}
        }
    }
    (documents, failures)
}

/// What to read for a policy's document, and the name of an inline one.
fn whereabouts(policy: &str) -> (Facet, Option<&str>) {
    let inline = policy.split_once('.').and_then(|(kind, rest)| Some((kind, rest.split_once('/')?)));
    match inline {
        Some(("user_policy", (user, name))) => (Facet::User { user: user.to_owned() }, Some(name)),
        Some(("role_policy", (role, name))) => (Facet::Role { role: role.to_owned() }, Some(name)),
        _ => (Facet::Policy { arn: policy.to_owned() }, None),
    }
}

fn document(snapshot: &Snapshot, policy: &str) -> Observed<Value> {
    let named = |inline: Vec<Inline>, name: Option<&str>| {
        inline.into_iter().find(|it| Some(it.name.as_str()) == name).map(|it| it.document)
    };
    let found = match whereabouts(policy) {
        (Facet::User { user }, name) => snapshot.user(&user).map(|user| named(user.inline, name)),
        (Facet::Role { role }, name) => snapshot.role(&role).map(|role| named(role.inline, name)),
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
