//! Orders the steps of takeovers: an object leaves its place in a file before another one gets it,
//! and is removed only after its successor is there. Two objects that swap their places need a
//! third place: one of them moves aside first.

use std::collections::BTreeSet;

use super::succession::{Steps, wait_for};
use super::{Expect, Step, StepId, StepPhase};
use crate::address::Address;
use crate::call::{FileWrite, SecretSource, Write};
use crate::diff::PlannedChange;

pub(super) fn order(steps: &mut Steps, decisions: &[PlannedChange<'_>]) {
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
                wait_for(steps, &delete, &taker);
            }
        }
    }
}

/// Makes the taker wait until the holder has left its place. If the holder waits for the taker, the
/// holder moves aside first.
fn leave_first(steps: &mut Steps, taker: &StepId, holder: &StepId) {
    if wait_for(steps, taker, holder) {
        return;
    }
    // Only a secret that can be read moves. Otherwise both objects are made anew in any order.
    let Some(stash) = move_aside(steps, taker, holder) else { return };
    let id = stash.id.clone();
    steps.insert(id.clone(), stash);
    for step in [taker, holder] {
        wait_for(steps, step, &id);
    }
}

/// Returns the step that copies the holder's secret to a place that is nobody's, and lets the
/// holder's own step read it from there.
fn move_aside(steps: &mut Steps, taker: &StepId, holder: &StepId) -> Option<Step> {
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
