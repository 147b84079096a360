//! Orders the steps of objects that are made anew under another name: the old one goes when the new
//! one, and everything that leads to it, stands. Names that IAM does not distinguish leave no such
//! order: then the old one goes first, and the plan says so.

use std::collections::{BTreeMap, BTreeSet};

use super::succession::{Steps, wait_for};
use super::{PlanNote, PlanNoteKind, StepId, StepPhase};
use crate::address::Address;
use crate::diff::{ChangeAction, PlannedChange};
use crate::kind::{self, AccessRole, Uniqueness};
use crate::model::Desired;

/// Orders the steps, and returns the remarks on those that cannot be in the safe order.
pub(super) fn order(
    steps: &mut Steps,
    decisions: &[PlannedChange<'_>],
    desired: &Desired,
) -> Vec<PlanNote> {
    let mut notes = Vec::new();
    for (old, new) in same_names(decisions) {
        let gone = StepId { address: old.clone(), phase: StepPhase::Delete };
        let made = StepId { address: new.clone(), phase: StepPhase::Create };
        if steps.contains_key(&gone) && steps.contains_key(&made) {
            // A bucket policy that names the new role is updated after the old one is gone: the new
            // one cannot be there before.
            let late: Vec<StepId> = steps[&gone]
                .after
                .iter()
                .filter(|it| waits_for(steps, it, &made))
                .cloned()
                .collect();
            steps.entry(gone.clone()).and_modify(|it| it.after.retain(|it| !late.contains(it)));
            wait_for(steps, &made, &gone);
            // What a policy gives may stay: succession tells.
            if kind::kind_of(old.kind()).facts().access != AccessRole::Policy {
                notes.push(old_first(old, new));
            }
        }
    }
    for (old, moved) in &desired.moved {
        let made = makers(steps, &moved.to, desired);
        for gone in removers(steps, old, decisions) {
            for made in &made {
                wait_for(steps, &gone, made);
            }
        }
    }
    notes
}

/// Returns true if a step is, or waits for, the other one.
fn waits_for(steps: &Steps, step: &StepId, other: &StepId) -> bool {
    let mut seen = BTreeSet::new();
    let mut queue = vec![step];
    while let Some(id) = queue.pop() {
        if id == other {
            return true;
        }
        if seen.insert(id) {
            queue.extend(steps.get(id).into_iter().flat_map(|it| &it.after));
        }
    }
    false
}

/// Returns the removed and the created objects whose names IAM does not distinguish.
pub(super) fn same_names<'d>(
    decisions: &'d [PlannedChange<'_>],
) -> Vec<(&'d Address, &'d Address)> {
    let folded = |address: &Address| (address.kind(), address.name().to_ascii_lowercase());
    let of = |action: ChangeAction| {
        decisions.iter().map(|it| &it.change).filter(move |it| it.action == action)
    };
    let is_folded = |address: &Address| {
        kind::kind_of(address.kind()).facts().uniqueness == Uniqueness::IgnoringCase
    };
    let removed: BTreeMap<_, &Address> = of(ChangeAction::Delete)
        .filter(|it| is_folded(&it.address))
        .map(|it| (folded(&it.address), &it.address))
        .collect();
    let created = of(ChangeAction::Create).map(|it| &it.address);
    created.filter_map(|new| Some((*removed.get(&folded(new))?, new))).collect()
}

fn old_first(old: &Address, new: &Address) -> PlanNote {
    PlanNote::new(
        PlanNoteKind::OldFirst,
        format!(
            "{old} is destroyed before {new} is created, because IAM does not distinguish their \
                names. Its access is missing in between."
        ),
    )
}

/// Returns the steps that make or change the new object and everything that depends on it.
fn makers(steps: &Steps, new: &Address, desired: &Desired) -> Vec<StepId> {
    let mut reached = BTreeSet::from([new.clone()]);
    let mut queue = vec![new.clone()];
    while let Some(address) = queue.pop() {
        let dependents =
            desired.resources.iter().filter(|(_, it)| it.depends_on.contains(&address));
        for (dependent, _) in dependents {
            if reached.insert(dependent.clone()) {
                queue.push(dependent.clone());
            }
        }
    }
    let phases = [StepPhase::Create, StepPhase::Update];
    let all = reached
        .into_iter()
        .flat_map(|address| phases.map(|phase| StepId { address: address.clone(), phase }));
    all.filter(|id| steps.contains_key(id)).collect()
}

/// Returns the steps that remove the old object and its parts.
fn removers(steps: &Steps, old: &Address, decisions: &[PlannedChange<'_>]) -> Vec<StepId> {
    let is_part = |decision: &PlannedChange<'_>| {
        let attributes = decision.seen.as_ref().map(|it| &it.attributes);
        let parent = kind::kind_of(decision.change.address.kind()).facts().parent;
        attributes.zip(parent).is_some_and(|(it, parent)| parent.address(it) == *old)
    };
    let removed = decisions
        .iter()
        .filter(|it| it.change.address == *old || is_part(it))
        .map(|it| StepId { address: it.change.address.clone(), phase: StepPhase::Delete });
    removed.filter(|id| steps.contains_key(id)).collect()
}
