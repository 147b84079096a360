//! Orders the steps that change access: what restricts comes before what gives, what gives before
//! what takes, and what lifts restrictions comes last. A run that stops between two steps leaves
//! everybody at least what is allowed both before and after, and nobody more than before or after.

mod access_set;
mod effect;
mod effects;
mod note;
mod part;
mod quota;
mod resource_policy;
mod temporary_copy;

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanNote, Step, StepId, StepPhase};
use crate::address::{Address, Principal};
use crate::diff::{PlannedChange, Reason};
use crate::policy::Budget;
use crate::policy::compare::Comparer;

use effect::{EffectKind, StepEffect, WAITS};
use effects::AccountChanges;
use part::AccessPart;
use temporary_copy::{SameName, TemporaryCopies};
pub(super) use temporary_copy::{TemporaryObject, copy_of_policy};

pub(super) type Steps = BTreeMap<StepId, Step>;

/// The time before the steps of a plan, or after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Before,
    After,
}

/// A wait that would make a circle: the order stays as it is, and the plan says so.
struct OrderConflict {
    later: StepId,
    earlier: StepId,
    /// The effect of the step that should come later; `None` if it has none that lasts.
    kind: Option<EffectKind>,
    principal: Principal,
}

/// The steps of the comparer's budget for each change. What is not decided is ordered as if it
/// mattered.
const STEPS_FOR_CHANGE: u64 = 100_000;

/// Orders the steps, and returns what the plan says where no good order exists: a quota of AWS, or
/// two objects that cannot have one name.
pub(super) fn order(steps: &mut Steps, decisions: &[PlannedChange<'_>]) -> Vec<PlanNote> {
    let parts: Vec<AccessPart<'_>> =
        decisions.iter().filter_map(AccessPart::from_decision).collect();
    let crowded = quota::order(steps, &parts, decisions);
    let pairs = SameName::pairs(decisions, steps);
    let copies = TemporaryCopies::add_copies(steps, &parts, &pairs, decisions);
    let changes = AccountChanges::new(decisions, &parts);
    let comparer = Comparer::within(Budget::for_parts(decisions.len(), STEPS_FOR_CHANGE));
    let effects = changes.effects(steps, &copies, &comparer);
    free_parts(steps, &effects, &parts, decisions);
    let mut conflicts = Vec::new();
    for (later, earlier) in WAITS {
        conflicts.extend(order_pairs(steps, &effects, (later, earlier), &comparer));
    }
    for (later, earlier, principal) in changes.passing(&effects, steps) {
        if !wait_for(steps, &later, &earlier) {
            conflicts.push(OrderConflict { later, earlier, kind: None, principal });
        }
    }
    let lacking = copies.lacking(&pairs, &parts, steps);
    let mut notes = note::notes(&conflicts, &crowded, (&copies, &lacking), decisions, steps);
    notes.extend(copies.plan_note());
    notes
}

/// Lets the policies of a principal come before the update that lifts its boundary. A part waits
/// for every update of what it depends on; but a policy is attached to a name, whatever else
/// changes.
fn free_parts(
    steps: &mut Steps,
    effects: &[StepEffect<'_>],
    parts: &[AccessPart<'_>],
    decisions: &[PlannedChange<'_>],
) {
    let is_renamed = |address: &Address| {
        let mut changes = decisions.iter().map(|it| &it.change);
        changes.any(|it| it.address == *address && matches!(it.reason, Reason::Renamed(_)))
    };
    for lifted in effects.iter().filter(|effect| effect.kind == EffectKind::Lifts) {
        let Some(principal) = lifted.step.address.principal() else { continue };
        // The calls on the parts of a renamed principal use its new name.
        if is_renamed(&lifted.step.address) {
            continue;
        }
        for part in parts.iter().filter(|part| part.holder == principal) {
            for phase in [StepPhase::Create, StepPhase::Update] {
                let step = steps.entry(part.step_id(phase));
                step.and_modify(|it| _ = it.after.remove(&lifted.step));
            }
        }
    }
}

/// Makes the steps with one effect wait for those with another, for each principal, where both are
/// about the same requests.
fn order_pairs(
    steps: &mut Steps,
    effects: &[StepEffect<'_>],
    (later, earlier): (EffectKind, EffectKind),
    comparer: &Comparer,
) -> Vec<OrderConflict> {
    let mut conflicts = Vec::new();
    let mut done = BTreeSet::new();
    let earlier = by_principal(effects, earlier);
    for (principal, later) in by_principal(effects, later) {
        let others = earlier.get(principal).into_iter().flatten();
        for (one, other) in later.iter().flat_map(|one| others.clone().map(move |it| (*one, *it))) {
            let (after, before) = (&effects[one], &effects[other]);
            if after.step == before.step
                || !done.insert((one, other))
                || !after.about.overlaps(&before.about, comparer)
                || wait_for(steps, &after.step, &before.step)
            {
                continue;
            }
            conflicts.push(OrderConflict {
                later: after.step.clone(),
                earlier: before.step.clone(),
                kind: Some(after.kind),
                principal: principal.clone(),
            });
        }
    }
    conflicts
}

/// Returns the numbers of the effects of one kind, by principal.
fn by_principal<'e>(
    effects: &'e [StepEffect<'_>],
    kind: EffectKind,
) -> BTreeMap<&'e Principal, Vec<usize>> {
    let mut numbers: BTreeMap<&Principal, Vec<usize>> = BTreeMap::new();
    for (number, effect) in effects.iter().enumerate().filter(|(_, it)| it.kind == kind) {
        for principal in &effect.on {
            numbers.entry(principal).or_default().push(number);
        }
    }
    numbers
}

/// Makes one step wait for another. Returns false if the other one waits for it already: then
/// nothing changes.
pub(super) fn wait_for(steps: &mut Steps, step: &StepId, earlier: &StepId) -> bool {
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
