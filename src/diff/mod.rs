//! Compares declared, recorded and live objects: ([`Desired`], [`Recorded`], [`Live`]) -> one
//! change per address, each with its reason.
//!
//! Everything here compares values that are already in normal form; nothing is read here, and no
//! results are filtered out afterwards.

mod carried;
mod change;
mod fields;
mod moved;
mod obstruction;
mod ownership;
mod parts;
mod predecessors;
mod propagate;
mod refresh;
mod takeover;

pub use carried::{CARRIED, to_record};
pub use change::{ChangeAction, FieldDiff, Obstruction, Reason, ResourceChange};
pub use fields::is_same_value;
pub use moved::{Renames, readdress};
pub use refresh::refresh;
pub use takeover::{Takeover, Takeovers};

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::address::Address;
use crate::call::{Observed, Write};
use crate::kind::{self, Attached, Conflict, Kind, LiveObject, LiveResource, Maintenance};
use crate::model::{Desired, IgnoredFields, Live, Recorded, RecordedObject, Resource, Status};
use crate::value::{Attributes, FieldChange};

use fields::FieldComparison;
use predecessors::Predecessors;
use takeover::Holders;

/// A change together with the data that its calls need. Data that stays as it was given is
/// borrowed, not copied: for most objects that is all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedChange<'a> {
    pub change: ResourceChange,
    pub seen: Option<Cow<'a, LiveObject>>,
    /// The declared object, with the keys of keyed fields (tags) that this manifest doesn't manage
    /// and that stay.
    pub wanted: Option<Cow<'a, Attributes>>,
    pub recorded: Option<&'a RecordedObject>,
    /// The calls that remove objects of other owners that block its deletion.
    pub clearing: Vec<Write>,
    /// The fields that others set and that a new object takes over from the one in whose place it
    /// is made.
    pub carried: Attributes,
    /// The object that is made in the place of a removed one, under another name.
    pub successor: Option<Address>,
    /// True if an earlier step of this plan changes the live object: it names a principal whose ARN
    /// changes, or another object takes its place in a file.
    pub shifts: bool,
    /// True if only its record changes: it names a renamed user by its old name.
    pub restated: bool,
    /// The objects of this manifest whose places it takes.
    pub takes: Takeovers,
}

/// The options of a comparison.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiffOptions<'a> {
    /// `destroy`: everything that is recorded is removed.
    pub everything: bool,
    /// `--allow-delete-foreign`: also objects that others attached to a removed object.
    pub foreign: bool,
    /// `--recover`: objects of another state of this manifest's name are taken over.
    pub recover: bool,
    /// The value of the tag with which the state marks its objects; `None` if that does not matter.
    pub state_tag: Option<&'a str>,
    /// The objects that have another address than the state records.
    pub renames: Option<&'a Renames>,
}

impl From<bool> for DiffOptions<'_> {
    fn from(everything: bool) -> Self {
        Self { everything, ..Self::default() }
    }
}

/// Decides the change of every address that is declared or recorded, in the order of addresses. For
/// a destroy, `desired` has no resources and `removal` includes everything.
pub fn diff<'a>(
    desired: &'a Desired,
    recorded: &'a Recorded,
    live: &'a Live,
    options: impl Into<DiffOptions<'a>>,
) -> Vec<PlannedChange<'a>> {
    let options = options.into();
    let addresses: BTreeSet<&Address> = desired.resources.keys().chain(recorded.keys()).collect();
    let holders = Holders::find_holders(recorded, live);
    let predecessors = Predecessors::find_predecessors(desired, recorded);
    let mut decisions: Vec<PlannedChange<'_>> = addresses
        .into_iter()
        .map(|address| {
            let subject = DiffSubject {
                kind: kind::kind_of(address.kind()),
                address,
                resource: desired.resources.get(address),
                entry: recorded.get(address),
                desired,
                recorded,
                live,
                holders: &holders,
                predecessors: &predecessors,
                options,
            };
            let mut decision = subject.decide(live.get(address));
            decision.change.moved_from =
                options.renames.and_then(|it| it.recorded_as(address)).cloned();
            decision.restated = options.renames.is_some_and(|it| it.restates(address));
            decision
        })
        .collect();
    parts::follow_parents(&mut decisions, desired, recorded);
    propagate::exclusive(&mut decisions, desired, recorded);
    propagate::replacements(&mut decisions, desired);
    propagate::boundaries(&mut decisions, desired);
    propagate::boundaries_in_another_case(&mut decisions, desired);
    takeover::mark_moved(&mut decisions);
    propagate::hindrances(&mut decisions, desired, recorded, &predecessors);
    predecessors::name_successors(&mut decisions, &predecessors);
    decisions
}

/// Returns the objects in whose place new ones are made, even if other objects block that: those
/// that are replaced, and those that get another name which AWS cannot give them.
pub fn made_anew(desired: &Desired, recorded: &Recorded, live: &Live) -> BTreeSet<Address> {
    let decisions =
        diff(desired, recorded, live, DiffOptions { foreign: true, ..DiffOptions::default() });
    let predecessors = Predecessors::find_predecessors(desired, recorded);
    let of = |action| {
        let these = decisions.iter().map(|decision| &decision.change);
        these.filter(move |change| change.action == action).map(|change| &change.address)
    };
    let is_there =
        |old: &&Address| live.get(*old).is_some_and(|it| it.observed.as_present().is_some());
    let moved =
        of(ChangeAction::Create).flat_map(|new| predecessors.of_successor(new)).filter(is_there);
    of(ChangeAction::Replace).chain(moved).cloned().collect()
}

/// One address, with its declared and recorded object.
struct DiffSubject<'a, 'h> {
    kind: &'static dyn Kind,
    address: &'a Address,
    resource: Option<&'a Resource>,
    entry: Option<&'a RecordedObject>,
    desired: &'a Desired,
    recorded: &'a Recorded,
    live: &'a Live,
    holders: &'h Holders<'a>,
    predecessors: &'h Predecessors<'a>,
    options: DiffOptions<'a>,
}

impl<'a> DiffSubject<'a, '_> {
    fn decide(&self, sighting: Option<&'a LiveResource>) -> PlannedChange<'a> {
        let (observed, conflict) = match sighting {
            Some(sighting) => (&sighting.observed, sighting.conflict.as_ref()),
            None => (&Observed::Absent, None),
        };
        match (self.resource, observed) {
            (_, Observed::Unknown(failure)) => {
                self.decision(ChangeAction::Blocked, Reason::Unknown(failure.clone()), None)
            }
            (Some(resource), Observed::Absent) => self.absent(resource, conflict),
            (Some(resource), Observed::Present(seen)) => self.present(resource, seen, conflict),
            (None, Observed::Absent) => self.gone(),
            (None, Observed::Present(seen)) => self.surplus(seen),
        }
    }

    /// Decides for an object that is declared, but doesn't exist.
    fn absent(&self, resource: &'a Resource, conflict: Option<&Conflict>) -> PlannedChange<'a> {
        // An object of this manifest that has the name in another case goes first.
        let goes_first = || moved::other_case(self.address, self.recorded.keys()).is_some();
        let conflict = conflict.filter(|_| !goes_first());
        let unmanaged = conflict.and_then(|it| it.unmanaged.as_ref());
        let takes = match (self.takeovers(conflict), unmanaged) {
            (Ok(_), Some(it)) if !resource.renew && self.is_parent_adopted(resource) => {
                Err(it.refusal.clone())
            }
            (takes, _) => takes,
        };
        let takes = match takes {
            Ok(takes) => takes,
            Err(why) => return self.decision(ChangeAction::Refuse, Reason::Obstacle(why), None),
        };
        let reason = match self.entry.map(|entry| entry.status) {
            None => Reason::New,
            Some(Status::Done) => Reason::Vanished,
            Some(Status::Intended) => Reason::Interrupted,
        };
        let mut decision = self.create(resource, reason);
        decision.change.left_alone.extend(unmanaged.map(|it| it.note.clone()));
        decision.takes = takes;
        decision
    }

    /// Decides for an object that is neither declared nor live. Objects that were made with it may
    /// still be in AWS; files that are left on this machine are removed without a message.
    fn gone(&self) -> PlannedChange<'a> {
        let leftovers =
            self.entry.map(|entry| self.kind.leftovers(&entry.known())).unwrap_or_default();
        if leftovers.iter().any(|call| !matches!(call, Write::File(_))) {
            return self.decision(ChangeAction::Delete, self.removed(), None);
        }
        self.decision(ChangeAction::Forget, Reason::Vanished, None)
    }

    fn removed(&self) -> Reason {
        if self.options.everything { Reason::Destroy } else { Reason::Undeclared }
    }

    /// Decides for an object that is declared and exists, by its owner and its differences.
    fn present(
        &self,
        resource: &'a Resource,
        seen: &'a LiveObject,
        conflict: Option<&Conflict>,
    ) -> PlannedChange<'a> {
        let mut seen = Cow::Borrowed(seen);
        if let Some(reason) = self.foreign(&seen) {
            return self.decision(ChangeAction::Refuse, reason, Some(seen));
        }
        if resource.renew {
            seen.to_mut().upkeep = Some(Maintenance::Renew("rotation was requested".to_owned()));
        }
        let mut comparison = self.compare(resource, &seen);
        self.compare_state_tag(&mut comparison, &seen);
        comparison.fields.splice(0..0, moved::name_change(self.kind, &seen, &resource.attributes));
        let (action, reason) = self.verdict(&comparison, &seen, resource);
        let is_moved = action == ChangeAction::Update && seen.upkeep.is_some();
        let takes = match self.takeovers(conflict) {
            Err(why) if action == ChangeAction::Replace || is_moved => {
                return self.refusal(why, seen);
            }
            takes => takes.unwrap_or_default(),
        };
        if action == ChangeAction::Replace
            && let Some(obstacle) = self.obstacle(&seen)
        {
            return self.refusal(obstacle, seen);
        }
        if action == ChangeAction::Update
            && let Some(Maintenance::Renew(why)) = &seen.upkeep
            && let Some(obstacle) = self.kind.renewal_obstacle(&seen)
        {
            let why = format!("{why}; but {obstacle}");
            return self.refusal(why, seen);
        }
        let mut decision = self.decision(action, reason, None);
        decision.change.drift = self.drift(&seen);
        decision.change.unchanged = comparison.unchanged;
        if action == ChangeAction::Replace {
            self.clear(&mut decision, &seen);
            self.carry_over(&mut decision, resource, &comparison, &seen);
        } else {
            decision.change.left_alone = self.left_alone(&seen, resource, &comparison);
            decision.change.fields = comparison.fields;
            decision.wanted = Some(comparison.wanted);
        }
        decision.seen = Some(seen);
        decision.takes = takes;
        decision
    }

    fn verdict(
        &self,
        comparison: &FieldComparison<'_>,
        seen: &LiveObject,
        resource: &Resource,
    ) -> (ChangeAction, Reason) {
        if let Some(why) = self.kind.must_replace(seen, &resource.attributes) {
            return (ChangeAction::Replace, Reason::CannotChange(why));
        }
        if let Some(why) =
            comparison.fields.iter().find_map(|field| field.forces_replacement.clone())
        {
            return (ChangeAction::Replace, Reason::CannotChange(why));
        }
        if resource.replace {
            return (ChangeAction::Replace, Reason::Requested);
        }
        if let Some(upkeep) = &seen.upkeep {
            let why = upkeep.why().to_owned();
            let reason = match upkeep {
                Maintenance::Move(_) => Reason::Moves(why),
                Maintenance::Renew(_) | Maintenance::Tend(_) => Reason::Due(why),
            };
            return (ChangeAction::Update, reason);
        }
        if let Some(before) = self.renamed(comparison) {
            return (ChangeAction::Update, Reason::Renamed(before));
        }
        if !comparison.fields.is_empty() {
            return (ChangeAction::Update, Reason::Differs);
        }
        match self.entry.map(|entry| entry.status) {
            None => (ChangeAction::Adopt, Reason::Lost),
            Some(Status::Intended) => (ChangeAction::Adopt, Reason::Interrupted),
            Some(Status::Done) => (ChangeAction::Nothing, Reason::Same),
        }
    }

    /// Returns the address of the object's present name, if it gets another one.
    fn renamed(&self, comparison: &FieldComparison<'_>) -> Option<Address> {
        let name = comparison.fields.iter().find(|it| it.change.field == "name")?;
        Some(Address::new(self.address.kind(), name.change.before.as_ref()?.as_str()?))
    }

    /// Decides for an object that is recorded, but no longer declared.
    fn surplus(&self, seen: &'a LiveObject) -> PlannedChange<'a> {
        let seen = Cow::Borrowed(seen);
        let empty = Attributes::new();
        let recorded = self.entry.map_or(&empty, |entry| &entry.attributes);
        if let Some(reason) = self.handed_over(&seen) {
            return self.decision(ChangeAction::Forget, reason, Some(seen));
        }
        if self.desired.removed.get(self.address).is_some_and(|it| !it.destroy) {
            return self.let_go(seen);
        }
        if let Some(why) = self.obstacle(&seen) {
            return self.refusal(why, seen);
        }
        let mut decision = self.decision(ChangeAction::Delete, self.removed(), None);
        decision.change.drift = self.drift(&seen);
        decision.change.fields = fields::all_gone(self.kind, recorded, &seen.attributes);
        self.clear(&mut decision, &seen);
        decision.seen = Some(seen);
        decision
    }

    /// Returns the reason that the object can't be removed: AWS refuses as long as something is in
    /// it or attached to it. The manifest's own objects are removed first; those of others only if
    /// that was asked for.
    fn obstacle(&self, seen: &LiveObject) -> Option<String> {
        let empty = Attributes::new();
        let recorded = self.entry.map_or(&empty, |entry| &entry.attributes);
        self.kind
            .obstacle(seen, recorded)
            .or_else(|| obstruction::refusal(&self.obstructions(seen), self.options))
    }

    fn refusal(&self, why: String, seen: Cow<'a, LiveObject>) -> PlannedChange<'a> {
        let mut decision = self.decision(ChangeAction::Refuse, Reason::Obstacle(why), None);
        decision.change.before_it = self.obstructions(&seen);
        decision.seen = Some(seen);
        decision
    }

    /// Adds the obstacles to a removal, and the calls that remove those of other owners.
    fn clear(&self, decision: &mut PlannedChange<'_>, seen: &LiveObject) {
        decision.change.before_it = self.obstructions(seen);
        let foreign = decision.change.before_it.iter().filter(|it| it.owner.is_none());
        decision.clearing = foreign.flat_map(|it| it.calls.clone()).collect();
    }

    fn obstructions(&self, seen: &LiveObject) -> Vec<Obstruction> {
        obstruction::all(self.kind, self.address, seen, self.desired, self.recorded)
    }

    fn left_alone(
        &self,
        seen: &LiveObject,
        resource: &Resource,
        comparison: &FieldComparison<'_>,
    ) -> Vec<String> {
        let holder = self.address.principal();
        let is_known = |attached: &Attached| {
            let found = |holder| propagate::known(holder, attached, self.desired, self.recorded);
            holder.as_ref().and_then(found).is_some()
        };
        let policies = seen
            .attached
            .iter()
            .filter(|attached| attached.is_policy() && !resource.exclusive && !is_known(attached))
            .map(|attached| format!("{attached}: not in the manifest, left alone"));
        let keys = comparison
            .foreign_keys
            .iter()
            .map(|(field, key)| format!("{field}.{key}: not in the manifest, left alone"));
        policies.chain(keys).chain(seen.remarks.iter().cloned()).collect()
    }

    fn drift(&self, seen: &LiveObject) -> Vec<FieldChange> {
        match self.entry {
            Some(entry) if entry.status == Status::Done => {
                let none = IgnoredFields::default();
                let ignored = self.resource.map_or(&none, |resource| &resource.ignored);
                fields::drift(self.kind, &entry.attributes, &seen.attributes, ignored)
            }
            _ => Vec::new(),
        }
    }

    fn decision(
        &self,
        action: ChangeAction,
        reason: Reason,
        seen: Option<Cow<'a, LiveObject>>,
    ) -> PlannedChange<'a> {
        PlannedChange {
            change: ResourceChange::new(self.address.clone(), action, reason),
            seen,
            wanted: self.resource.map(|resource| Cow::Borrowed(&resource.attributes)),
            recorded: self.entry,
            clearing: Vec::new(),
            carried: Attributes::new(),
            successor: None,
            shifts: false,
            restated: false,
            takes: Takeovers::new(),
        }
    }
}

#[cfg(test)]
mod tests;
