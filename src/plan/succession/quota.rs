//! AWS's quotas that have no room for the old and the new parts together.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{KindName, Principal};
use crate::diff::PlannedChange;
use crate::kind::{ATTACHED_POLICIES, Attached};
use crate::plan::{StepId, StepPhase};

use super::part::AccessPart;
use super::{Moment, Steps, wait_for};

/// A kind of parts and their holder. A quota applies to each.
pub(super) type Place<'p> = (KindName, &'p Principal);

/// Makes new and growing parts wait for those that go and shrink, where AWS's quota has no room for
/// both. Returns these places.
pub(super) fn order<'p>(
    steps: &mut Steps,
    parts: &'p [AccessPart<'_>],
    decisions: &[PlannedChange<'_>],
) -> BTreeSet<Place<'p>> {
    let crowded = crowded(parts, decisions, steps);
    if crowded.is_empty() {
        return crowded;
    }
    let here = || parts.iter().filter(|part| crowded.contains(&part.place()));
    for new in here() {
        let Some(growing) = growing(new, steps) else { continue };
        for old in here().filter(|old| old.place() == new.place()) {
            if let Some(shrinking) = shrinking(old, steps) {
                let _ = wait_for(steps, &growing, &shrinking);
            }
        }
    }
    crowded
}

fn growing(part: &AccessPart<'_>, steps: &Steps) -> Option<StepId> {
    let grows = part.weight(Moment::After).0 > part.weight(Moment::Before).0;
    if part.is_made(steps) && !part.is_removed(steps) {
        return Some(part.step_id(StepPhase::Create));
    }
    (part.is_edited(steps) && grows).then(|| part.step_id(StepPhase::Update))
}

fn shrinking(part: &AccessPart<'_>, steps: &Steps) -> Option<StepId> {
    let shrinks = part.weight(Moment::After).0 < part.weight(Moment::Before).0;
    // A replaced part comes back by itself.
    if part.is_removed(steps) && !part.is_made(steps) {
        return Some(part.step_id(StepPhase::Delete));
    }
    (part.is_edited(steps) && shrinks).then(|| part.step_id(StepPhase::Update))
}

/// The use of a quota at one place.
#[derive(Clone, Copy, Default)]
struct QuotaUse {
    /// The parts that the plan adds, or the growth of parts.
    added: usize,
    quota: usize,
}

/// The attached policies that principals still have room for while the plan is applied.
pub(super) struct FreePlaces<'p> {
    added: BTreeMap<Place<'p>, QuotaUse>,
    there: BTreeMap<Place<'p>, usize>,
    listed: BTreeMap<(KindName, Principal), usize>,
    taken: BTreeMap<Place<'p>, usize>,
}

impl<'p> FreePlaces<'p> {
    pub fn new(
        parts: &'p [AccessPart<'_>],
        decisions: &[PlannedChange<'_>],
        steps: &Steps,
    ) -> Self {
        let (there, added) = added(parts, steps);
        Self { added, there, listed: attached(decisions), taken: BTreeMap::new() }
    }

    /// Takes one place for a temporary attachment. Returns false if there is none left.
    pub fn take_place(&mut self, place: Place<'p>) -> bool {
        let added = self.added.get(&place).map_or(0, |it| it.added);
        let taken = self.taken.entry(place).or_default();
        let used = count(place, &self.there, &self.listed) + added + *taken;
        let is_free = used < ATTACHED_POLICIES;
        *taken += usize::from(is_free);
        is_free
    }

    /// Returns a place that was taken.
    pub fn give_back(&mut self, place: Place<'p>) {
        if let Some(taken) = self.taken.get_mut(&place) {
            *taken -= 1;
        }
    }
}

/// Returns the places where the old and the new parts together would exceed the quota.
fn crowded<'p>(
    parts: &'p [AccessPart<'_>],
    decisions: &[PlannedChange<'_>],
    steps: &Steps,
) -> BTreeSet<Place<'p>> {
    let (there, added) = added(parts, steps);
    if added.is_empty() {
        return BTreeSet::new();
    }
    let listed = attached(decisions);
    let is_crowded =
        |(place, it): &(Place<'p>, QuotaUse)| count(*place, &there, &listed) + it.added > it.quota;
    added.into_iter().filter(is_crowded).map(|(place, _)| place).collect()
}

/// Returns the number of parts at a place before the plan.
fn count(
    place: Place<'_>,
    there: &BTreeMap<Place<'_>, usize>,
    listed: &BTreeMap<(KindName, Principal), usize>,
) -> usize {
    let listed = listed.get(&(place.0, place.1.clone())).copied().unwrap_or_default();
    listed.max(there.get(&place).copied().unwrap_or_default())
}

/// Returns what is at each place before the plan, and what the plan adds to it.
fn added<'p>(
    parts: &'p [AccessPart<'_>],
    steps: &Steps,
) -> (BTreeMap<Place<'p>, usize>, BTreeMap<Place<'p>, QuotaUse>) {
    let mut there: BTreeMap<Place<'p>, usize> = BTreeMap::new();
    let mut added: BTreeMap<Place<'p>, QuotaUse> = BTreeMap::new();
    for part in parts {
        let ((before, quota), (after, _)) =
            (part.weight(Moment::Before), part.weight(Moment::After));
        *there.entry(part.place()).or_default() += before;
        let changes = part.is_edited(steps) || part.is_made(steps) && !part.is_removed(steps);
        if changes && after > before {
            let so_far = added.get(&part.place()).map_or(0, |it| it.added);
            added.insert(part.place(), QuotaUse { added: so_far + after - before, quota });
        }
    }
    (there, added)
}

/// Counts the policies that are attached to each principal. Attachments made outside this manifest
/// count, too.
fn attached(decisions: &[PlannedChange<'_>]) -> BTreeMap<(KindName, Principal), usize> {
    let mut attached = BTreeMap::new();
    for decision in decisions {
        let (Some(holder), Some(seen)) = (decision.change.address.principal(), &decision.seen)
        else {
            continue;
        };
        let count = seen.attached.iter().filter(|it| matches!(it, Attached::Managed(_))).count();
        attached.insert((KindName::PolicyAttachment(holder.kind), holder), count);
    }
    attached
}
