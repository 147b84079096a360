//! Orders the steps of takeovers: an object leaves its place in a file before another one gets it,
//! and is removed only after its successor is there. Two objects that swap their places need a
//! third place: one of them moves aside first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Expect, Step, StepId, StepPhase};
use crate::address::Address;
use crate::call::{FileWrite, SecretSource, Write};
use crate::diff::PlannedChange;

type StepTable = BTreeMap<StepId, Step>;

pub(super) fn order(steps: &mut StepTable, decisions: &[PlannedChange<'_>]) {
    for decision in decisions {
        let address = &decision.change.address;
        let Some(taker) = [StepPhase::Create, StepPhase::Update]
            .map(|phase| StepId { address: address.clone(), phase })
            .into_iter()
            .find(|id| steps.contains_key(id))
        else {
            continue;
        };
        let holders: BTreeSet<&Address> = decision.takes.values().map(|it| &it.from).collect();
        for holder in holders {
            let step = |phase| StepId { address: holder.clone(), phase };
            let (update, delete) = (step(StepPhase::Update), step(StepPhase::Delete));
            if steps.contains_key(&update) {
                leave_first(steps, &taker, &update);
            } else if steps.contains_key(&delete) {
                wait(steps, &delete, &taker);
            }
        }
    }
}

/// Makes the taker wait until the holder has left its place. If the holder waits for the taker, the
/// holder moves aside first.
fn leave_first(steps: &mut StepTable, taker: &StepId, holder: &StepId) {
    if wait(steps, taker, holder) {
        return;
    }
    // Only a secret that can be read moves. Otherwise both objects are made anew in any order.
    let Some(stash) = move_aside(steps, taker, holder) else { return };
    let id = stash.id.clone();
    steps.insert(id.clone(), stash);
    for step in [taker, holder] {
        wait(steps, step, &id);
    }
}

/// Makes one step wait for another, unless the other one waits for it; tells which.
fn wait(steps: &mut StepTable, step: &StepId, earlier: &StepId) -> bool {
    let mut seen = BTreeSet::new();
    let mut queue = vec![earlier];
    while let Some(id) = queue.pop() {
        if id == step {
            return false;
        }
        if seen.insert(id) {
            queue.extend(steps.get(id).into_iter().flat_map(|it| &it.after));
        }
    }
    steps.entry(step.clone()).and_modify(|it| _ = it.after.insert(earlier.clone()));
    true
}

/// Returns the step that copies the holder's secret to a place that is nobody's, and lets the
/// holder's own step read it from there.
fn move_aside(steps: &mut StepTable, taker: &StepId, holder: &StepId) -> Option<Step> {
    let targets: Vec<SecretSource> = steps
        .get(taker)?
        .calls
        .iter()
        .filter_map(as_file)
        .filter_map(FileWrite::target_source)
        .collect();
    let step = steps.get_mut(holder)?;
    let read = step.calls.iter_mut().find_map(|call| match call {
        Write::File(FileWrite::ReadSecret { user, key, from }) if targets.contains(from) => {
            Some((user.clone(), key.clone(), from))
        }
        Write::File(_) | Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => None,
    });
    let (user, key, from) = read?;
    let aside = SecretSource::aside(&key);
    let before = std::mem::replace(from, aside.clone());
    let removal = Write::File(FileWrite::removal(&aside, &key));
    if !step.calls.contains(&removal) {
        step.calls.push(removal);
    }
    let calls = vec![
        Write::File(FileWrite::ReadSecret { user, key, from: before }),
        Write::File(FileWrite::storage(&aside)),
    ];
    Some(Step {
        id: StepId { address: holder.address.clone(), phase: StepPhase::Stash },
        calls,
        after: BTreeSet::new(),
        expect: Expect::Anything,
        ..step.clone()
    })
}

fn as_file(call: &Write) -> Option<&FileWrite> {
    match call {
        Write::File(write) => Some(write),
        Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => None,
    }
}
