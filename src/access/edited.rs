//! Reports edited policies for principals whose policies are not known.

use std::cell::OnceCell;

use super::access_change::{AccessChange, Aspect, EffectDoubt};
use super::doubts::{brief, doubts};
use super::model::{AccessModel, PlanSide};
use super::unread::asking;
use crate::address::Address;
use crate::policy::compare::{Set, Side};
use crate::policy::statement::Policy;

/// An existing managed policy whose document is edited.
pub(super) struct EditedPolicy<'a> {
    policy: &'a Address,
    pub arn: String,
    /// The result of [`sides`], computed at first use.
    sides: OnceCell<Vec<Side>>,
}

pub(super) fn edited_in<'a>(model: &AccessModel<'a>) -> impl Iterator<Item = EditedPolicy<'a>> {
    let edited = |policy| EditedPolicy { policy, arn: model.arn(policy), sides: OnceCell::new() };
    model.edited_policies().map(edited)
}

impl EditedPolicy<'_> {
    fn doubts(&self, model: &AccessModel<'_>, reason: &str) -> Vec<EffectDoubt> {
        let sides = self.sides.get_or_init(|| sides(model, self.policy));
        doubts(sides, self.policy, &self.policy.to_string(), reason)
    }
}

/// Reports that the principals with an edited policy could not be listed.
pub(super) fn unlisted(model: &AccessModel<'_>, edited: &EditedPolicy<'_>) -> Option<AccessChange> {
    let failure = model.unmanaged.unlisted.get(&edited.arn)?;
    let reason = format!("who else has {} could not be listed ({})", edited.policy, brief(failure));
    let mut report = AccessChange::new(edited.policy, edited.arn.clone(), Aspect::Permissions);
    report.doubts.extend(edited.doubts(model, &reason));
    report.relate();
    (!report.doubts.is_empty()).then_some(report)
}

/// Reports that a managed policy is edited, and a principal's policies could not be read.
pub(super) fn unseen(
    model: &AccessModel<'_>,
    subject: &Address,
    edited: &[EditedPolicy<'_>],
) -> Option<AccessChange> {
    let mut report = AccessChange::new(subject, model.arn(subject), Aspect::Permissions);
    for edited in edited {
        let reason =
            format!("what hangs on {subject} could not be read, and {} changes", edited.policy);
        report.doubts.extend(edited.doubts(model, &reason));
    }
    report.relate();
    (!report.doubts.is_empty()).then_some(report)
}

/// Returns the sides on which an edit may change somebody's access, whatever other policies they
/// have.
fn sides(model: &AccessModel<'_>, policy: &Address) -> Vec<Side> {
    let name = policy.to_string();
    let compiled = |side| Policy::compile(&name, model.document(policy, side)?).ok();
    let (Some(before), Some(after)) = (compiled(PlanSide::Before), compiled(PlanSide::After))
    else {
        return vec![Side::Gained, Side::Lost];
    };
    // The policy is compared by itself, as a policy and as a boundary; and beside a policy that
    // allows everything that a Deny in it may deny.
    let beside = Policy::compile("", &asking("anything", &["Allow"])).ok();
    let with = |policy: &Policy| {
        [Some(policy.clone()), beside.clone()].into_iter().flatten().collect::<Vec<_>>()
    };
    let [with_before, with_after] = [with(&before), with(&after)];
    let ([before], [after]) = ([[before]], [[after]]);
    let found = [
        model.comparer.compare(&Set::of(&before), &Set::of(&after), None),
        model.comparer.compare(&Set::of(&with_before), &Set::of(&with_after), None),
    ];
    let doubt =
        |side: Side| found.iter().any(|it| it.doubts.iter().any(|doubt| doubt.side == side));
    let gained = found.iter().any(|it| !it.gained.is_empty()) || doubt(Side::Gained);
    let lost = found.iter().any(|it| !it.lost.is_empty()) || doubt(Side::Lost);
    [(gained, Side::Gained), (lost, Side::Lost)]
        .into_iter()
        .filter(|(may, _)| *may)
        .map(|(_, side)| side)
        .collect()
}
