//! Remarks of a plan on steps where the old goes before the new.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Principal};
use crate::call::{IamWrite, Write};
use crate::diff::{ChangeAction, PlannedChange, Reason};
use crate::kind::{self, AccessRole};
use crate::plan::{PlanNote, PlanNoteKind, StepId, StepPhase};

use super::effect::EffectKind;
use super::part::AccessPart;
use super::quota::Place;
use super::temporary_copy::{LackingHolders, TemporaryCopies};
use super::{OrderConflict, Steps};

/// Returns the remarks on the order of the steps.
pub(super) fn notes(
    conflicts: &[OrderConflict],
    crowded: &BTreeSet<Place<'_>>,
    (copies, lacking): (&TemporaryCopies, &[LackingHolders<'_>]),
    decisions: &[PlannedChange<'_>],
    steps: &Steps,
) -> Vec<PlanNote> {
    let by_address: BTreeMap<&Address, &PlannedChange<'_>> =
        decisions.iter().map(|it| (&it.change.address, it)).collect();
    let replaced = |step: &StepId| {
        let decision = by_address.get(&step.address);
        decision.is_some_and(|it| it.change.action == ChangeAction::Replace)
            && !copies.keeps(&step.address)
    };
    let is_crowded = |step: &StepId| {
        let part = by_address.get(&step.address).copied().and_then(AccessPart::from_decision);
        part.is_some_and(|part| crowded.contains(&part.place()))
    };
    // Nobody uses yet what this plan makes.
    let is_new = |principal: &Principal| {
        by_address.get(&principal.address()).is_some_and(|it| it.seen.is_none())
    };
    let (mut quota, mut swapped, mut excess) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for conflict in conflicts {
        let OrderConflict { later, earlier, kind, principal } = conflict;
        if replaced(later) || replaced(earlier) || is_new(principal) {
            continue;
        }
        let line = format!("{}: {later}, before {earlier}", principal.address());
        match kind {
            Some(EffectKind::Takes) if is_crowded(later) && is_crowded(earlier) => {
                quota.insert(line)
            }
            Some(EffectKind::Takes) => swapped.insert(line),
            Some(EffectKind::Restricts | EffectKind::Gives | EffectKind::Lifts) | None => {
                excess.insert(line)
            }
        };
    }
    let mut notes = Vec::new();
    notes.extend(of_names(lacking, decisions, steps));
    let old_first = |text: &str, lines: BTreeSet<String>| {
        let note = PlanNote::new(PlanNoteKind::OldFirst, text).with_details(lines.iter().cloned());
        (!lines.is_empty()).then_some(note)
    };
    let text = "Access is missing for a moment: AWS's quota has no room for the old and the new \
        together, so the old goes first.";
    notes.extend(old_first(text, quota));
    let text = "Access is missing for a moment: each of these changes takes what the other gives.";
    let help = "to avoid that, apply what gives access first, and what takes it with a second run";
    notes.extend(old_first(text, swapped).map(|note| note.with_help(help)));
    let text = "For a moment other access is allowed than before and after: no order of these \
        changes avoids that.";
    let help = "to avoid that, apply what restricts access first, and the rest with a second run";
    notes.extend(old_first(text, excess).map(|note| note.with_help(help)));
    notes.extend(of_versions(steps));
    notes.extend(of_instance_profiles(steps));
    notes
}

/// Returns the remark on objects that are deleted before they are made anew, because AWS has no two
/// objects of one name.
fn of_names(
    lacking: &[LackingHolders<'_>],
    decisions: &[PlannedChange<'_>],
    steps: &Steps,
) -> Option<PlanNote> {
    let has =
        |address: &Address, phase| steps.contains_key(&StepId { address: address.clone(), phase });
    let mut lines: Vec<String> = lacking.iter().map(ToString::to_string).collect();
    for decision in decisions {
        let change = &decision.change;
        let twice = change.action == ChangeAction::Replace
            && has(&change.address, StepPhase::Delete)
            && has(&change.address, StepPhase::Create);
        let role = kind::kind_of(change.address.kind()).facts().access;
        match role {
            AccessRole::Principal(_) | AccessRole::Resource if twice => {
                lines.push(change.address.to_string());
            }
            AccessRole::InlinePolicy(_)
            | AccessRole::PolicyAttachment(_)
            | AccessRole::Membership
                if twice && change.reason == Reason::Requested =>
            {
                lines.push(change.address.to_string());
            }
            AccessRole::Policy
            | AccessRole::Principal(_)
            | AccessRole::Resource
            | AccessRole::InlinePolicy(_)
            | AccessRole::PolicyAttachment(_)
            | AccessRole::Membership
            | AccessRole::Credential
            | AccessRole::None => {}
        }
    }
    if lines.is_empty() {
        return None;
    }
    let text = "The old object goes before the new one exists, because AWS has no two objects of \
        one name. If a call in between fails, the access that it gives is missing until the next \
        apply:";
    let help = "to keep the access in between, give the new object another name";
    Some(PlanNote::new(PlanNoteKind::OldFirst, text).with_details(lines).with_help(help))
}

/// Returns the remark on instance profiles whose role leaves before the next one is in: no call of
/// IAM exchanges the two.
fn of_instance_profiles(steps: &Steps) -> Option<PlanNote> {
    let (mut leaving, mut coming) = (BTreeMap::new(), BTreeMap::new());
    let mut deleted = BTreeSet::new();
    for call in steps.values().flat_map(|step| &step.calls) {
        match call {
            Write::Iam(IamWrite::RemoveRoleFromInstanceProfile { role, profile }) => {
                leaving.insert(profile, role);
            }
            Write::Iam(IamWrite::AddRoleToInstanceProfile { role, profile }) => {
                coming.insert(profile, role);
            }
            Write::Iam(IamWrite::DeleteInstanceProfile { profile }) => {
                deleted.insert(profile);
            }
            Write::Iam(_) | Write::S3(_) | Write::File(_) | Write::ProveKey { .. } => {}
        }
    }
    let lines: Vec<String> = leaving
        .into_iter()
        // A profile that is made anew is another one to the instances that have it.
        .filter(|(profile, _)| !deleted.contains(profile))
        .filter_map(|(profile, old)| Some((profile, old, coming.get(profile)?)))
        .map(|(profile, old, new)| format!("instance profile {profile}: role {old}, then {new}"))
        .collect();
    let text = "IAM takes one role in an instance profile, so the old role leaves before the new \
        one is added. Instances that ask for credentials in between get none:";
    let help = "to avoid that, make a new instance profile, and give it to the instances with \
        `aws ec2 replace-iam-instance-profile-association`";
    let has_lines = !lines.is_empty();
    let note = || PlanNote::new(PlanNoteKind::OldFirst, text).with_details(lines);
    has_lines.then(|| note().with_help(help))
}

/// Returns the remark on policies that have as many versions as IAM keeps.
fn of_versions(steps: &Steps) -> Option<PlanNote> {
    let lines: Vec<String> = steps
        .values()
        .filter(|step| step.id.phase == StepPhase::Update)
        .flat_map(|step| step.calls.iter().map(move |call| (step, call)))
        .filter_map(|(step, call)| match call {
            Write::Iam(IamWrite::DeletePolicyVersion { version, .. }) => {
                Some(format!("{}: version {version}", step.id.address))
            }
            Write::Iam(_) | Write::S3(_) | Write::File(_) | Write::ProveKey { .. } => None,
        })
        .collect();
    let text = "IAM keeps five versions of a policy, so the oldest one that is not in use is \
        deleted before the new one is made:";
    (!lines.is_empty()).then(|| PlanNote::new(PlanNoteKind::OldFirst, text).with_details(lines))
}
