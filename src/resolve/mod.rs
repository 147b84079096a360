//! Reads the account: reads -> [`Snapshot`] -> [`Live`]. All reads are sent at once, in as few
//! rounds as the answers allow.

pub mod keys;
pub mod recovery;
mod unmanaged;

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};

use crate::address::Address;
use crate::call::{CallerIdentity, Failure, Observed, Read, Reply};
use crate::kind::{self, Kind, LiveObject, LiveResource};
use crate::model::{Desired, Live, Recorded, RecordedObject, Status, THIRD_NAME, subject};
use crate::port::Provider;
use crate::reads::{
    Explanation, Facet, ReadScope, ReadStats, Snapshot, WantedFacts, explain, next_reads,
};
use crate::value::{Attributes, Value, text_of};

/// The number of reads that are started at once. The providers limit the number of reads of each
/// operation, and the transport the number of requests in progress. If fewer reads were started,
/// one throttled operation would keep all others waiting.
pub const ALL_READS: usize = usize::MAX;

/// Returns the caller's identity; the first read of every run.
pub async fn caller(provider: &dyn Provider) -> Result<CallerIdentity, Failure> {
    let reply = provider.read(&Read::CallerIdentity).await?;
    let Reply::Caller(caller) = reply else {
        return Err(Failure::unexpected(&Read::CallerIdentity, &reply));
    };
    Ok(caller)
}

/// The purpose of a read, which decides the facts that are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadPurpose {
    /// The object is made: most likely it doesn't exist, and then nothing else needs to be read.
    Creation,
    Change,
    /// The object is removed: the objects that block its deletion are needed, too.
    Removal,
}

impl ReadPurpose {
    /// Adds the facts that must be known of an object.
    pub fn add_wanted(self, kind: &dyn Kind, attributes: &Attributes, wanted: &mut WantedFacts) {
        wanted.add(kind.facets(attributes), self != Self::Creation);
        if self == Self::Removal {
            wanted.add(kind.deletion_facets(attributes), true);
        }
    }
}

/// Reads one object again, just before it is changed.
pub async fn read_object(
    provider: &dyn Provider,
    kind: &dyn Kind,
    wanted: &Attributes,
    occasion: ReadPurpose,
) -> (Observed<LiveObject>, Snapshot) {
    let mut facets = WantedFacts::default();
    occasion.add_wanted(kind, wanted, &mut facets);
    let mut resolver = Resolver::new(provider, ALL_READS);
    resolver.read(facets, ReadScope::Targeted).await;
    (kind.seen(wanted, &resolver.known), resolver.known)
}

/// Reads all that is wanted at once, as cheaply as possible.
pub async fn read(provider: &dyn Provider, wanted: WantedFacts, parallelism: usize) -> Snapshot {
    let mut resolver = Resolver::new(provider, parallelism);
    resolver.read(wanted, ReadScope::Cheapest).await;
    resolver.known
}

/// Reads, and remembers the answers: nothing is read twice.
pub struct Resolver<'a> {
    provider: &'a dyn Provider,
    parallelism: usize,
    known: Snapshot,
    stats: ReadStats,
}

impl<'a> Resolver<'a> {
    pub fn new(provider: &'a dyn Provider, parallelism: usize) -> Self {
        Self {
            provider,
            parallelism: parallelism.max(1),
            known: Snapshot::default(),
            stats: ReadStats::default(),
        }
    }

    /// Reads all declared and recorded objects. For objects that are not declared, and for all
    /// objects if `removing` (a destroy), the blockers of their deletion are read, too.
    pub async fn objects(
        &mut self,
        desired: &Desired,
        recorded: &Recorded,
        removing: bool,
    ) -> Live {
        self.read_subjects(&subjects(desired, recorded, removing)).await
    }

    /// Reads these objects again, with all that is needed to make others in their place: the
    /// blockers of their deletion, and the fields that are carried over.
    pub async fn for_replacement(
        &mut self,
        these: &BTreeSet<Address>,
        desired: &Desired,
        recorded: &Recorded,
    ) -> Live {
        let mut subjects = subjects(desired, recorded, true);
        subjects.retain(|subject| these.contains(subject.address));
        for subject in &mut subjects {
            subject.replacing = true;
        }
        self.read_subjects(&subjects).await
    }

    async fn read_subjects(&mut self, subjects: &[ReadSubject<'_>]) -> Live {
        self.read(wanted(subjects), ReadScope::Cheapest).await;
        sightings(subjects, &self.known)
    }

    /// Returns all that was read.
    pub fn into_known(self) -> Snapshot {
        self.known
    }

    /// Explains the calls that were sent, and the reasons.
    pub fn explain(&self) -> Explanation {
        explain(&self.stats, &self.known)
    }

    /// Returns the reason that the account could not be swept, so that each object was read by
    /// itself.
    pub fn sweep_failure(&self) -> Option<&Failure> {
        self.known.sweep_failure()
    }

    /// Reads all facts that aren't known yet, in as few rounds as the answers allow.
    async fn read(&mut self, mut wanted: WantedFacts, scope: ReadScope) {
        self.stats.note(&wanted);
        loop {
            let round = next_reads(&mut wanted, &self.known, scope);
            if round.is_empty() {
                return;
            }
            let provider = self.provider;
            let mut answers = stream::iter(round)
                .map(|read| async move {
                    let answer = provider.read(&read).await;
                    (read, answer)
                })
                .buffer_unordered(self.parallelism);
            while let Some((read, answer)) = answers.next().await {
                self.known.add(read, answer);
            }
        }
    }
}

fn wanted(subjects: &[ReadSubject<'_>]) -> WantedFacts {
    let mut wanted = WantedFacts::default();
    for subject in subjects {
        wanted.add(subject.facets(), subject.expected);
    }
    wanted
}

fn sightings(subjects: &[ReadSubject<'_>], snapshot: &Snapshot) -> Live {
    subjects.iter().map(|subject| (subject.address.clone(), subject.sighting(snapshot))).collect()
}

/// One object to look up, as declared and as recorded. The two may have different names (a path is
/// part of an ARN).
struct ReadSubject<'a> {
    address: &'a Address,
    kind: &'static dyn Kind,
    declared: Option<&'a Attributes>,
    entry: Option<&'a RecordedObject>,
    recorded: &'a Recorded,
    /// True if the state says that the object was made.
    expected: bool,
    removing: bool,
    /// True if another object is made in its place: then the fields are read, too, that others may
    /// have set.
    replacing: bool,
}

/// The attributes by which a subject is looked up. They are made on demand, one subject at a time:
/// for all subjects together they would be another copy of the manifest, and another of the state.
struct LookupAttributes {
    declared: Option<Attributes>,
    recorded: Option<Attributes>,
    /// Under the name of an interrupted change of case; of a part, under the other names of its
    /// parents.
    renamed: Vec<Attributes>,
}

fn subjects<'a>(
    desired: &'a Desired,
    recorded: &'a Recorded,
    removing: bool,
) -> Vec<ReadSubject<'a>> {
    let addresses: BTreeSet<&Address> = desired.resources.keys().chain(recorded.keys()).collect();
    addresses
        .into_iter()
        .map(|address| {
            let entry = recorded.get(address);
            let declared = desired.resources.get(address).map(|resource| &resource.attributes);
            ReadSubject {
                address,
                kind: kind::kind_of(address.kind()),
                declared,
                entry,
                recorded,
                expected: entry.is_some_and(|entry| entry.status == Status::Done),
                removing: removing || declared.is_none(),
                replacing: false,
            }
        })
        .collect()
}

impl ReadSubject<'_> {
    fn looks(&self) -> LookupAttributes {
        let recorded = self.entry.map(RecordedObject::known);
        let mut renamed: Vec<Attributes> = Vec::new();
        if let Some(recorded) = &recorded
            && let Some(name) = recorded.shared(THIRD_NAME)
        {
            let mut third = recorded.clone();
            third.share("name", name.clone());
            renamed.push(third);
        }
        if let Some(known) = recorded.as_ref().or(self.declared) {
            renamed.extend(self.under_other_names(known));
        }
        let declared =
            self.declared.map(|declared| subject(self.kind, Some(declared), recorded.as_ref()));
        LookupAttributes {
            declared: declared.map(|it| self.completed(it)),
            recorded: recorded.map(|it| self.completed(it)),
            renamed,
        }
    }

    /// Adds the fields that a new object takes over, so that they are read.
    fn completed(&self, mut attributes: Attributes) -> Attributes {
        let fields = self.kind.fields().iter().filter(|_| self.replacing);
        let apart = fields.filter(|field| self.kind.fields_read_apart().contains(&field.name));
        for field in apart.filter(|field| !attributes.contains_key(field.name)).collect::<Vec<_>>()
        {
            attributes.insert(field.name, (field.default)());
        }
        attributes
    }

    /// Returns the attributes of a part with every name that its parents may have while they are
    /// renamed: the present one, the recorded one, and the third one of a change of case. A run
    /// that stops after the call and before the record leaves the part under a name that is not
    /// recorded.
    fn under_other_names(&self, known: &Attributes) -> Vec<Attributes> {
        let mut all = vec![known.clone()];
        for (attribute, parent) in kind::named_parents(self.address) {
            let entry = self.recorded.get(&parent).map(|it| &it.attributes);
            let recorded = entry.into_iter().flat_map(|it| [it.get("name"), it.get(THIRD_NAME)]);
            let own = self.entry.and_then(|it| it.attributes.get(attribute));
            let others = recorded.chain([own]).flatten().filter_map(Value::as_str);
            let names: Vec<&str> = [parent.name()].into_iter().chain(others).collect();
            if names.iter().all(|name| *name == text_of(known, attribute)) {
                continue;
            }
            let with_name = |attributes: &Attributes, name: &str| {
                let mut attributes = attributes.clone();
                attributes.insert(attribute, name.into());
                attributes
            };
            all = all.iter().flat_map(|it| names.iter().map(|name| with_name(it, name))).collect();
        }
        all.retain(|it| it != known);
        all
    }

    fn facets(&self) -> Vec<Facet> {
        let LookupAttributes { declared, recorded, renamed } = self.looks();
        let looks = || declared.iter().chain(&recorded).chain(&renamed);
        let mut facets: Vec<Facet> = looks().flat_map(|wanted| self.kind.facets(wanted)).collect();
        if self.removing {
            facets.extend(looks().flat_map(|it| self.kind.deletion_facets(it)));
        }
        facets
    }

    fn sighting(&self, snapshot: &Snapshot) -> LiveResource {
        let LookupAttributes { declared, recorded, renamed } = self.looks();
        let look = |wanted: &Option<Attributes>| match wanted {
            Some(wanted) => self.kind.seen(wanted, snapshot),
            None => Observed::Absent,
        };
        let mut observed = match look(&declared) {
            // The object doesn't exist under its new name, but it may still exist under its old
            // one.
            Observed::Absent => {
                let looks = recorded.iter().chain(&renamed);
                let mut found = looks.map(|wanted| self.kind.seen(wanted, snapshot));
                found.find(|it| *it != Observed::Absent).unwrap_or(Observed::Absent)
            }
            found @ (Observed::Present(_) | Observed::Unknown(_)) => found,
        };
        // A sweep may return blockers although they were not asked for.
        if let Observed::Present(seen) = &mut observed
            && !self.removing
        {
            seen.hanging.clear();
        }
        let conflict = declared.as_ref().and_then(|wanted| self.kind.conflict(wanted, snapshot));
        LiveResource { observed, conflict }
    }
}
