//! Orders the new before the old: steps that take access away wait for steps that give it back. A
//! run that stops between the two leaves the old access in place.

use std::collections::{BTreeMap, BTreeSet};

use super::{Step, StepId, StepPhase};
use crate::address::{Address, KindName, Principal};
use crate::diff::PlannedChange;
use crate::kind::{self, ATTACHED_POLICIES, AccessRole, Attached, GROUPS_OF_USER};
use crate::model::Desired;
use crate::policy::{document_size, limit};
use crate::value::Attributes;

type Steps = BTreeMap<StepId, Step>;

/// A policy on a principal, or a user's membership in a group.
struct AccessPart<'d> {
    decision: &'d PlannedChange<'d>,
    holder: Principal,
    group: Option<Principal>,
}

impl<'d> AccessPart<'d> {
    fn of(decision: &'d PlannedChange<'d>) -> Option<Self> {
        let address = &decision.change.address;
        let (holder, rest) = address.name().split_once('/')?;
        let (holder, group) = match kind::kind_of(address.kind()).facts().access {
            AccessRole::PolicyAttachment(kind) | AccessRole::InlinePolicy(kind) => {
                (Principal::new(kind, holder), None)
            }
            AccessRole::Membership => (Principal::user(holder), Some(Principal::group(rest))),
            AccessRole::Principal(_)
            | AccessRole::Policy
            | AccessRole::Credential
            | AccessRole::Resource
            | AccessRole::None => return None,
        };
        Some(Self { decision, holder, group })
    }

    fn address(&self) -> &'d Address {
        &self.decision.change.address
    }

    /// Returns the kind and the holder. A quota applies to each pair of these.
    fn place(&self) -> (KindName, &Principal) {
        (self.address().kind(), &self.holder)
    }

    fn step(&self, phase: StepPhase) -> StepId {
        StepId { address: self.address().clone(), phase }
    }

    fn is_made(&self, steps: &Steps) -> bool {
        steps.contains_key(&self.step(StepPhase::Create))
    }

    fn is_removed(&self, steps: &Steps) -> bool {
        steps.contains_key(&self.step(StepPhase::Delete))
    }

    /// Returns the share of its quota that it takes, and the quota. Inline policies share a quota
    /// of characters.
    fn weight(&self, attributes: &Attributes) -> (usize, usize) {
        match (kind::kind_of(self.address().kind()).facts().document, &self.group) {
            (Some(it), _) => (
                attributes.get(it.field).map_or(0, |text| document_size(text, it.usage)),
                limit(it.usage),
            ),
            (None, Some(_)) => (1, GROUPS_OF_USER),
            (None, None) => (1, ATTACHED_POLICIES),
        }
    }
}

/// Makes the steps that take policies or memberships away wait for those that give some. The old
/// ones go first if AWS's quota has no room for both.
pub(super) fn order(steps: &mut Steps, decisions: &[PlannedChange<'_>], desired: &Desired) {
    let parts: Vec<AccessPart<'_>> = decisions.iter().filter_map(AccessPart::of).collect();
    // A replaced part comes back by itself.
    let removed: Vec<&AccessPart<'_>> =
        parts.iter().filter(|it| it.is_removed(steps) && !it.is_made(steps)).collect();
    if removed.is_empty() {
        return;
    }
    let crowded = crowded(&parts, decisions, steps);
    for made in parts.iter().filter(|it| crowded.contains(&it.place())) {
        if !made.is_made(steps) {
            continue;
        }
        for old in removed.iter().filter(|it| it.place() == made.place()) {
            wait(steps, &made.step(StepPhase::Create), &old.step(StepPhase::Delete));
        }
    }
    let givers = givers(&parts, steps, desired);
    let neighbours = neighbours(&parts);
    for old in removed {
        for step in concerned(old, &neighbours)
            .into_iter()
            .filter_map(|holder| givers.get(holder))
            .flatten()
        {
            wait(steps, &old.step(StepPhase::Delete), step);
        }
    }
}

/// Makes one step wait for another, unless the other one waits for it.
pub(super) fn wait(steps: &mut Steps, step: &StepId, earlier: &StepId) {
    let mut seen = BTreeSet::new();
    let mut queue = vec![earlier];
    while let Some(id) = queue.pop() {
        if id == step {
            return;
        }
        if seen.insert(id) {
            queue.extend(steps.get(id).into_iter().flat_map(|it| &it.after));
        }
    }
    steps.entry(step.clone()).and_modify(|it| _ = it.after.insert(earlier.clone()));
}

/// Returns the steps that give something to a principal: they attach a policy, or make or edit one
/// that it has.
fn givers<'p>(
    parts: &'p [AccessPart<'_>],
    steps: &Steps,
    desired: &Desired,
) -> BTreeMap<&'p Principal, BTreeSet<StepId>> {
    let mut givers: BTreeMap<&Principal, BTreeSet<StepId>> = BTreeMap::new();
    for part in parts {
        let Some(resource) = desired.resources.get(part.address()) else { continue };
        let policies = resource.depends_on.iter().filter(|it| is_policy(it));
        let changed = policies.chain([part.address()]).flat_map(|address| {
            [StepPhase::Create, StepPhase::Update]
                .map(|phase| StepId { address: address.clone(), phase })
        });
        givers.entry(&part.holder).or_default().extend(changed.filter(|id| steps.contains_key(id)));
    }
    givers
}

fn is_policy(address: &Address) -> bool {
    match kind::kind_of(address.kind()).facts().access {
        AccessRole::Policy => true,
        AccessRole::Principal(_)
        | AccessRole::PolicyAttachment(_)
        | AccessRole::InlinePolicy(_)
        | AccessRole::Membership
        | AccessRole::Credential
        | AccessRole::Resource
        | AccessRole::None => false,
    }
}

/// Returns the groups of each user, and the users in each group, before and after.
fn neighbours<'p>(parts: &'p [AccessPart<'_>]) -> BTreeMap<&'p Principal, BTreeSet<&'p Principal>> {
    let mut neighbours: BTreeMap<&Principal, BTreeSet<&Principal>> = BTreeMap::new();
    for (user, group) in parts.iter().filter_map(|part| Some((&part.holder, part.group.as_ref()?)))
    {
        neighbours.entry(user).or_default().insert(group);
        neighbours.entry(group).or_default().insert(user);
    }
    neighbours
}

/// Returns the principals whose policies may give back the access of a removed part: its holder,
/// the users in it if that is a group, and the groups of these users.
fn concerned<'p>(
    old: &'p AccessPart<'_>,
    neighbours: &BTreeMap<&'p Principal, BTreeSet<&'p Principal>>,
) -> BTreeSet<&'p Principal> {
    let near = |it: &Principal| neighbours.get(it).into_iter().flatten().copied();
    let holder = &old.holder;
    let users: BTreeSet<&Principal> =
        if holder.kind.makes_requests() { [holder].into() } else { near(holder).collect() };
    users.iter().flat_map(|user| near(user)).chain(users.iter().copied()).chain([holder]).collect()
}

/// Returns the kinds of parts and the holders for which the old and the new parts together would
/// exceed the quota.
fn crowded<'p>(
    parts: &'p [AccessPart<'_>],
    decisions: &'p [PlannedChange<'_>],
    steps: &Steps,
) -> BTreeSet<(KindName, &'p Principal)> {
    let mut there: BTreeMap<(KindName, &Principal), usize> = BTreeMap::new();
    let mut made: BTreeMap<(KindName, &Principal), (usize, usize)> = BTreeMap::new();
    for part in parts {
        let place = part.place();
        match (&part.decision.seen, &part.decision.wanted) {
            (Some(seen), _) => *there.entry(place).or_default() += part.weight(&seen.attributes).0,
            (None, Some(wanted)) if part.is_made(steps) => {
                let (weight, quota) = part.weight(wanted);
                let (sum, _) = made.get(&place).copied().unwrap_or_default();
                made.insert(place, (sum + weight, quota));
            }
            (None, _) => {}
        }
    }
    // Attachments made outside this manifest count, too.
    let mut attached: BTreeMap<(KindName, Principal), usize> = BTreeMap::new();
    for decision in decisions {
        let (Some(holder), Some(seen)) = (decision.change.address.principal(), &decision.seen)
        else {
            continue;
        };
        let count = seen.attached.iter().filter(|it| matches!(it, Attached::Managed(_))).count();
        attached.insert((KindName::PolicyAttachment(holder.kind), holder), count);
    }
    let count = |place: &(KindName, &Principal)| {
        let listed = attached.get(&(place.0, place.1.clone())).copied().unwrap_or_default();
        listed.max(there.get(place).copied().unwrap_or_default())
    };
    made.into_iter()
        .filter(|(place, (sum, quota))| count(place) + sum > *quota)
        .map(|(place, _)| place)
        .collect()
}
