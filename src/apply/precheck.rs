//! The objects that the steps expect, read at once for all steps. A step whose object is as the
//! plan saw it does not read again. If the object differs, or cannot be read, the step reads again
//! and decides by that.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::address::{Address, PrincipalKind};
use crate::call::Observed;
use crate::kind::{self, Kind, LiveObject, OWNER_TAG, Ownership};
use crate::plan::{Expect, Plan, Step, StepId, StepPhase};
use crate::port::Provider;
use crate::reads::{Facet, NOT_READ, Snapshot, WantedFacts};
use crate::resolve::{self, ALL_READS, ReadPurpose};
use crate::value::Attributes;

/// The time for which read data counts as current. A read just before each change leaves a gap too,
/// because no IAM call changes an object on condition that it is unchanged. This is the gap of a
/// plan that is applied at once.
const FRESH: Duration = Duration::from_mins(1);

pub struct Precheck<'a> {
    plan: &'a Plan,
    provider: &'a dyn Provider,
    taken: tokio::sync::Mutex<Option<CachedSnapshot>>,
    begun: Mutex<BTreeSet<&'a StepId>>,
}

struct CachedSnapshot {
    snapshot: Arc<Snapshot>,
    until: Instant,
}

impl<'a> Precheck<'a> {
    /// Creates the precheck. `seen` is what this run has just read.
    pub fn new(plan: &'a Plan, provider: &'a dyn Provider, seen: Option<Snapshot>) -> Self {
        let taken = seen.map(|snapshot| CachedSnapshot {
            snapshot: Arc::new(snapshot),
            until: Instant::now() + FRESH,
        });
        Self { plan, provider, taken: tokio::sync::Mutex::new(taken), begun: Mutex::default() }
    }

    /// Returns the object of a step as it was a moment ago, or `None` if the step must read it
    /// itself.
    pub async fn recall_object(
        &self,
        kind: &dyn Kind,
        step: &'a Step,
    ) -> Option<Observed<LiveObject>> {
        if !serves(kind, step) {
            return None;
        }
        let snapshot = self.current().await;
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(&step.id);
        Some(kind.seen(&step.wanted, &snapshot))
    }

    async fn current(&self) -> Arc<Snapshot> {
        let mut taken = self.taken.lock().await;
        if let Some(taken) = taken.as_ref().filter(|taken| Instant::now() < taken.until) {
            return Arc::clone(&taken.snapshot);
        }
        let began = Instant::now();
        let snapshot = Arc::new(resolve::read(self.provider, self.wanted(), ALL_READS).await);
        // If the service throttles requests, reading everything again and again would leave no
        // capacity for the writes.
        let fresh = FRESH.max(began.elapsed() * 2);
        *taken =
            Some(CachedSnapshot { snapshot: Arc::clone(&snapshot), until: Instant::now() + fresh });
        snapshot
    }

    /// Returns the facts that the remaining steps need.
    fn wanted(&self) -> WantedFacts {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = WantedFacts::default();
        for step in self.plan.steps.iter().filter(|step| !begun.contains(&step.id)) {
            let kind = kind::kind_of(step.id.address.kind());
            if serves(kind, step) {
                occasion(step).add_wanted(kind, &step.wanted, &mut wanted);
            }
            wanted.add(tagged_parent(step).iter().flat_map(owner_facets), false);
        }
        wanted
    }

    /// Returns the owner of an object by its tag, as it was a moment ago.
    pub async fn recall_owner(&self, parent: &Address) -> Observed<Option<String>> {
        let snapshot = self.current().await;
        match owner(&snapshot, parent) {
            Observed::Unknown(failure) if failure.code == NOT_READ => {
                let wanted = WantedFacts::from_iter(owner_facets(parent));
                owner(&resolve::read(self.provider, wanted, ALL_READS).await, parent)
            }
            seen @ (Observed::Present(_) | Observed::Absent | Observed::Unknown(_)) => seen,
        }
    }
}

/// Returns the facts that tell the owner of an object with tags.
fn owner_facets(parent: &Address) -> Vec<Facet> {
    match parent.principal() {
        Some(principal) => vec![Facet::Principal(principal)],
        None => kind::kind_of(parent.kind()).facets(&named(parent)),
    }
}

fn owner(snapshot: &Snapshot, parent: &Address) -> Observed<Option<String>> {
    let Some(principal) = parent.principal() else {
        let seen = kind::kind_of(parent.kind()).seen(&named(parent), snapshot);
        return seen.map(|seen| seen.owner);
    };
    let name = &principal.name;
    let tags = match principal.kind {
        PrincipalKind::User => snapshot.user(name).map(|it| it.tags),
        PrincipalKind::Role => snapshot.role(name).map(|it| it.tags),
        PrincipalKind::Group => Observed::Absent,
    };
    tags.map(|tags| tags.get(OWNER_TAG).cloned())
}

/// Returns the attributes by which an object is found.
fn named(address: &Address) -> Attributes {
    Attributes::from([("name", address.name().into())])
}

/// Returns the object with tags that the step's object is a part of. Groups have no tags.
pub fn tagged_parent(step: &Step) -> Option<Address> {
    let parent = kind::kind_of(step.id.address.kind()).facts().parent?;
    let owned = match kind::kind_of(parent.kind).facts().ownership {
        Ownership::Tag => !step.calls.is_empty(),
        Ownership::Parent | Ownership::State | Ownership::LocalFile => false,
    };
    let seen = step.before.as_ref().map(|it| &it.attributes);
    let named = |attributes: &&Attributes| attributes.contains_key(parent.attribute);
    let attributes = [Some(&step.wanted), seen].into_iter().flatten().find(named)?;
    owned.then(|| parent.address(attributes))
}

/// Returns the purpose for which a step reads its object.
pub fn occasion(step: &Step) -> ReadPurpose {
    match (&step.expect, step.removal) {
        (Expect::Absent, _) => ReadPurpose::Creation,
        (Expect::Same(_) | Expect::Anything, true) => ReadPurpose::Removal,
        (Expect::Same(_) | Expect::Anything, false) => ReadPurpose::Change,
    }
}

/// Returns true for a step that does not read by itself. Files are read just before they are
/// changed, because steps may share them. So are keys, because a second key may appear, and objects
/// that AWS would create even though somebody else has created them meanwhile, because no error
/// would show it.
fn serves(kind: &dyn Kind, step: &Step) -> bool {
    let told = match step.id.phase {
        StepPhase::Create => step.expect == Expect::Absent && !kind.overwrites(),
        StepPhase::Update | StepPhase::Delete => matches!(step.expect, Expect::Same(_)),
        StepPhase::Record | StepPhase::Stash => false,
    };
    told && !kind.is_local() && !kind.can_double()
}
