//! Reads -> [`Snapshot`] -> [`Live`]: asks for everything at once, in as few rounds as the answers allow.

mod beyond;
pub mod keys;
pub mod lost;

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};

use crate::address::Address;
use crate::call::batch::{Scope, next_reads};
use crate::call::{Caller, Facet, Failure, FailureKind, Observed, Read, Reply, Snapshot};
use crate::diff;
use crate::kind::{self, Kind, Seen, Sighting};
use crate::model::{Desired, Entry, Live, Recorded, subject};
use crate::port::Provider;
use crate::value::Attributes;

pub use beyond::{documents, groups, holders};

/// Who we are; the first question of every run.
pub async fn caller(provider: &dyn Provider) -> Result<Caller, Failure> {
    match provider.read(&Read::CallerIdentity).await? {
        Reply::Caller(caller) => Ok(caller),
        other => Err(Failure::new(
            FailureKind::Other,
            Read::CallerIdentity.action(),
            "UnexpectedReply",
            format!("the answer is not a caller identity: {other:?}"),
        )),
    }
}

/// Reads what the manifest declares and the state records. `parallelism` bounds the calls in flight; `removing` is
/// true for a destroy, so that everything recorded is read for removal.
pub async fn resolve(
    provider: &dyn Provider,
    desired: &Desired,
    recorded: &Recorded,
    removing: bool,
    parallelism: usize,
) -> Live {
    let mut subjects = subjects(desired, recorded, removing);
    let wanted: BTreeSet<Facet> = subjects.iter().flat_map(Subject::facets).collect();
    let snapshot = read(provider, Snapshot::default(), &wanted, Scope::Sweep, parallelism).await;
    let mut live = sightings(&subjects, &snapshot);
    // That something must be replaced shows only now: what hangs on it is asked in a second round.
    let replaced = replaced(desired, recorded, &live, removing);
    if replaced.is_empty() {
        return live;
    }
    for subject in &mut subjects {
        subject.removing |= replaced.contains(&subject.address);
    }
    let wanted: BTreeSet<Facet> = subjects.iter().flat_map(Subject::facets).collect();
    let snapshot = read(provider, snapshot, &wanted, Scope::Sweep, parallelism).await;
    live.extend(sightings(&subjects, &snapshot));
    live
}

fn sightings(subjects: &[Subject], snapshot: &Snapshot) -> Live {
    subjects.iter().map(|subject| (subject.address.clone(), subject.sighting(snapshot))).collect()
}

/// What goes and comes again, whatever hangs on it.
fn replaced(desired: &Desired, recorded: &Recorded, live: &Live, removing: bool) -> BTreeSet<Address> {
    if removing {
        return BTreeSet::new();
    }
    let decisions = diff::diff(desired, recorded, live, diff::Removal { everything: false, foreign: true });
    let replaced = decisions.into_iter().filter(|decision| decision.change.action == diff::Action::Replace);
    replaced.map(|decision| decision.change.address).collect()
}

/// Reads one object again, just before it is changed.
pub async fn look(
    provider: &dyn Provider,
    kind: &dyn Kind,
    wanted: &Attributes,
    removing: bool,
) -> (Observed<Seen>, Snapshot) {
    let mut facets: BTreeSet<Facet> = kind.facets(wanted).into_iter().collect();
    if removing {
        facets.extend(kind.deletion_facets(wanted));
    }
    let snapshot = read(provider, Snapshot::default(), &facets, Scope::Targeted, facets.len().max(4)).await;
    (kind.seen(wanted, &snapshot), snapshot)
}

/// Asks what `snapshot` doesn't know yet.
async fn read(
    provider: &dyn Provider,
    mut snapshot: Snapshot,
    wanted: &BTreeSet<Facet>,
    scope: Scope,
    parallelism: usize,
) -> Snapshot {
    loop {
        let round = next_reads(wanted, &snapshot, scope);
        if round.is_empty() {
            return snapshot;
        }
        let mut answers = stream::iter(round)
            .map(|read| async move {
                let answer = provider.read(&read).await;
                (read, answer)
            })
            .buffer_unordered(parallelism.max(1));
        while let Some((read, answer)) = answers.next().await {
            snapshot.add(read, answer);
        }
    }
}

/// One object to look for: as declared, and as recorded, which may have other names (a path is part of an ARN).
struct Subject {
    address: Address,
    kind: &'static dyn Kind,
    declared: Option<Attributes>,
    recorded: Option<Attributes>,
    removing: bool,
}

fn subjects(desired: &Desired, recorded: &Recorded, removing: bool) -> Vec<Subject> {
    let addresses: BTreeSet<&Address> = desired.resources.keys().chain(recorded.keys()).collect();
    addresses
        .into_iter()
        .filter_map(|address| {
            let recorded = recorded.get(address).map(Entry::known);
            let declared =
                desired.resources.get(address).map(|resource| subject(Some(&resource.attributes), recorded.as_ref()));
            Some(Subject {
                address: address.clone(),
                kind: kind::of(address.kind())?,
                removing: removing || declared.is_none(),
                declared,
                recorded,
            })
        })
        .collect()
}

impl Subject {
    fn facets(&self) -> Vec<Facet> {
        let mut facets: Vec<Facet> =
            self.declared.iter().chain(&self.recorded).flat_map(|wanted| self.kind.facets(wanted)).collect();
        if self.removing {
            facets.extend(self.declared.iter().chain(&self.recorded).flat_map(|it| self.kind.deletion_facets(it)));
        }
        facets
    }

    fn sighting(&self, snapshot: &Snapshot) -> Sighting {
        let look = |wanted: &Option<Attributes>| match wanted {
            Some(wanted) => self.kind.seen(wanted, snapshot),
            None => Observed::Absent,
        };
        let observed = match look(&self.declared) {
            // Not there under its new name: it may still be there under its old one.
            Observed::Absent => look(&self.recorded),
            found => found,
        };
        let conflict = self.declared.as_ref().and_then(|wanted| self.kind.conflict(wanted, snapshot));
        Sighting { observed, conflict }
    }
}
