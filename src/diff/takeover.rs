//! Takeovers: an object goes to a place in a local file that another object of this manifest holds
//! now and leaves by the same plan. A renamed user keeps its profile; two users swap theirs.

use std::collections::{BTreeMap, BTreeSet};

use super::{ChangeAction, DiffSubject, PlannedChange};
use crate::address::Address;
use crate::kind::{self, Conflict};
use crate::model::{Live, Recorded, Resource};
use crate::value::text_of;

/// The object whose place another one takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// The address of the object that leaves the place.
    pub from: Address,
    /// The id by which the place names that object.
    pub id: String,
}

/// The takeovers of one object, by the fields that name the places.
pub type Takeovers = BTreeMap<&'static str, Takeover>;

/// The recorded objects, by the ids by which a place may name them.
#[derive(Default)]
pub(super) struct Holders<'a>(BTreeMap<String, &'a Address>);

impl<'a> Holders<'a> {
    /// Finds the holders. They are needed only if a place is occupied.
    pub(super) fn find_holders(recorded: &'a Recorded, live: &Live) -> Self {
        let is_occupied = |conflict: &Conflict| !conflict.occupied.is_empty();
        if !live.values().any(|it| it.conflict.as_ref().is_some_and(is_occupied)) {
            return Self::default();
        }
        let ids = recorded.iter().flat_map(|(address, entry)| {
            let kind = kind::kind_of(address.kind());
            let seen = live.get(address).and_then(|it| it.observed.as_present());
            kind.known_ids(&entry.known(), seen).into_iter().map(move |id| (id, address))
        });
        Self(ids.collect())
    }
}

impl DiffSubject<'_, '_> {
    /// Returns the places that the object takes from other objects of this manifest. The error is
    /// the reason why it can't be made, or can't go where the manifest wants it.
    pub(super) fn takeovers(&self, conflict: Option<&Conflict>) -> Result<Takeovers, String> {
        let mut takeovers = Takeovers::new();
        let Some(conflict) = conflict else { return Ok(takeovers) };
        if let Some(obstacle) = &conflict.obstacle {
            return Err(obstacle.clone());
        }
        for place in &conflict.occupied {
            let holder = self.holders.0.get(&place.by).filter(|from| **from != self.address);
            match (holder, &place.reason) {
                (Some(from), _) => {
                    let takeover = Takeover { from: (*from).clone(), id: place.by.clone() };
                    takeovers.insert(place.field, takeover);
                }
                (None, Some(reason)) => return Err(reason.clone()),
                (None, None) => {}
            }
        }
        Ok(takeovers)
    }

    /// Returns true if the object's parent is there, belongs to this manifest by its tag, and is
    /// not recorded: nothing tells which of its parts were made by this manifest.
    pub(super) fn is_parent_adopted(&self, resource: &Resource) -> bool {
        let Some(parent) = self.kind.facts().parent else { return false };
        let address = Address::new(parent.kind, text_of(&resource.attributes, parent.attribute));
        let seen = self.live.get(&address).and_then(|it| it.observed.as_present());
        seen.is_some_and(|it| it.owner.as_deref() == Some(self.desired.name.as_str()))
            && !self.recorded.contains_key(&address)
    }
}

/// Marks the objects of takeovers: steps of this plan change the files that they are in.
pub(super) fn mark_moved(decisions: &mut [PlannedChange<'_>]) {
    let mut moved: BTreeSet<Address> = BTreeSet::new();
    for decision in decisions.iter().filter(|it| !it.takes.is_empty()) {
        moved.insert(decision.change.address.clone());
        moved.extend(decision.takes.values().map(|it| it.from.clone()));
    }
    for decision in decisions.iter_mut().filter(|it| moved.contains(&it.change.address)) {
        decision.shifts = true;
    }
}

/// The takeovers of a plan, in both directions.
pub(super) struct TakeoverLinks(BTreeMap<Address, BTreeSet<Address>>);

impl TakeoverLinks {
    pub(super) fn between(decisions: &[PlannedChange<'_>]) -> Self {
        let mut links: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for decision in decisions {
            let address = &decision.change.address;
            for Takeover { from, .. } in decision.takes.values() {
                links.entry(address.clone()).or_default().insert(from.clone());
                links.entry(from.clone()).or_default().insert(address.clone());
            }
        }
        Self(links)
    }

    /// Returns the stuck object on the other side of a takeover: nothing takes the place of an
    /// object that stays, and no object is removed whose successor does not come.
    pub(super) fn hindrance(
        &self,
        address: &Address,
        action: ChangeAction,
        stuck: &BTreeSet<Address>,
    ) -> Option<Address> {
        match action {
            ChangeAction::Create
            | ChangeAction::Update
            | ChangeAction::Replace
            | ChangeAction::Delete => {
                self.0.get(address)?.iter().find(|it| stuck.contains(*it)).cloned()
            }
            ChangeAction::Nothing
            | ChangeAction::Adopt
            | ChangeAction::Forget
            | ChangeAction::Refuse
            | ChangeAction::Blocked => None,
        }
    }
}
