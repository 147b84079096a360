//! Finds the removed objects in whose place others are made under another name: `moved:` of kinds
//! that AWS cannot rename, and names that differ in case only.

use std::collections::{BTreeMap, BTreeSet};

use super::{ChangeAction, DiffSubject, PlannedChange};
use crate::address::{Address, KindName};
use crate::call::Observed;
use crate::kind::{self, LiveObject, Uniqueness};
use crate::model::{Desired, Recorded, RecordedObject};

/// The old and the new addresses of objects that are made anew under another name.
#[derive(Default)]
pub(super) struct Predecessors<'a> {
    old: BTreeMap<&'a Address, BTreeSet<&'a Address>>,
    new: BTreeMap<&'a Address, &'a Address>,
}

impl<'a> Predecessors<'a> {
    pub(super) fn find_predecessors(desired: &'a Desired, recorded: &'a Recorded) -> Self {
        let told = desired.moved.iter().map(|(old, moved)| (old, &moved.to));
        let told = told.filter(|(old, _)| recorded.contains_key(old) && is_made_anew(old.kind()));
        let mut found = Self::default();
        for (old, new) in told.chain(in_another_case(desired, recorded)) {
            found.old.entry(new).or_default().insert(old);
            found.new.insert(old, new);
        }
        found
    }

    /// Returns the address of the object that is made in place of this one.
    pub(super) fn successor(&self, old: &Address) -> Option<&'a Address> {
        self.new.get(old).copied()
    }

    /// Returns the addresses of the objects in whose place this one is made.
    pub(super) fn of_successor(
        &self,
        new: &Address,
    ) -> impl Iterator<Item = &'a Address> + use<'a, '_> {
        self.old.get(new).into_iter().flatten().copied()
    }

    /// Returns the stuck object that a change waits for. Nothing of an old object is removed whose
    /// new one does not come; of two names that IAM does not distinguish, the old one goes first.
    pub(super) fn hindrance(
        &self,
        address: &Address,
        action: ChangeAction,
        recorded: &Recorded,
        stuck: &BTreeSet<Address>,
    ) -> Option<Address> {
        match action {
            ChangeAction::Delete => {
                let entry = recorded.get(address).into_iter();
                let left = entry.flat_map(|it| &it.depends_on).chain([address]);
                let mut new = left.filter_map(|old| self.successor(old));
                new.find(|new| stuck.contains(*new)).cloned()
            }
            ChangeAction::Create => {
                let is_one_name = |old: &&Address| old.name().eq_ignore_ascii_case(address.name());
                let mut old = self.of_successor(address).filter(is_one_name);
                old.find(|old| stuck.contains(*old)).cloned()
            }
            ChangeAction::Update
            | ChangeAction::Replace
            | ChangeAction::Nothing
            | ChangeAction::Adopt
            | ChangeAction::Forget
            | ChangeAction::Refuse
            | ChangeAction::Blocked => None,
        }
    }
}

/// Returns true for objects that another name makes new ones, and on which others may set
/// something.
fn is_made_anew(kind: KindName) -> bool {
    let kind = kind::kind_of(kind);
    kind.facts().ownership.has_tags() && !kind.is_renamed_in_place()
}

/// Returns the recorded objects that are declared under a name which differs in case only. `moved:`
/// may say that another object is meant.
fn in_another_case<'a>(
    desired: &'a Desired,
    recorded: &'a Recorded,
) -> Vec<(&'a Address, &'a Address)> {
    let is_folded = |address: &&Address| {
        kind::kind_of(address.kind()).facts().uniqueness == Uniqueness::IgnoringCase
    };
    let is_left = |address: &&Address| {
        is_made_anew(address.kind())
            && !desired.resources.contains_key(*address)
            && !desired.moved.contains_key(*address)
    };
    let left: Vec<&Address> = recorded.keys().filter(is_left).filter(is_folded).collect();
    if left.is_empty() {
        return Vec::new();
    }
    let folded = |address: &Address| (address.kind(), address.name().to_ascii_lowercase());
    let declared: BTreeMap<_, &Address> =
        desired.resources.keys().map(|address| (folded(address), address)).collect();
    left.into_iter().filter_map(|old| Some((old, *declared.get(&folded(old))?))).collect()
}

impl<'a> DiffSubject<'a, '_> {
    /// Returns the live objects in whose place this one is made, unless they are somebody else's by
    /// now. The error is the address of one that could not be read.
    pub(super) fn live_predecessors(&self) -> Result<Vec<LivePredecessor<'a>>, &'a Address> {
        let mut found = Vec::new();
        for address in self.predecessors.of_successor(self.address) {
            let Some(sighting) = self.live.get(address) else { continue };
            let seen = match &sighting.observed {
                Observed::Absent => continue,
                Observed::Unknown(_) => return Err(address),
                Observed::Present(seen) => seen,
            };
            let entry = self.recorded.get(address);
            let old = DiffSubject { address, resource: None, entry, ..*self };
            if old.handed_over(seen).is_none() {
                found.push(LivePredecessor { address, entry, seen });
            }
        }
        Ok(found)
    }
}

/// An object of this manifest that another one is made in place of.
pub(super) struct LivePredecessor<'a> {
    pub(super) address: &'a Address,
    pub(super) entry: Option<&'a RecordedObject>,
    pub(super) seen: &'a LiveObject,
}

/// Tells the removed objects what is made in their place, and what that takes over.
pub(super) fn name_successors(
    decisions: &mut [PlannedChange<'_>],
    predecessors: &Predecessors<'_>,
) {
    let created = decisions.iter().filter(|it| it.change.action == ChangeAction::Create);
    let carried: BTreeMap<&Address, _> = created
        .flat_map(|it| {
            predecessors.of_successor(&it.change.address).map(|old| (old, it.carried.clone()))
        })
        .collect();
    for decision in decisions.iter_mut().filter(|it| it.change.action == ChangeAction::Delete) {
        let address = &decision.change.address;
        if let Some(carried) = carried.get(address) {
            decision.successor = predecessors.successor(address).cloned();
            decision.carried = carried.clone();
        }
    }
}
