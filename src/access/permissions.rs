//! Compares the permissions of a user, a role or a group before and after a plan.

use super::access_change::{AccessChange, Aspect};
use super::compiled::CompiledPolicies;
use super::memberships::MembershipChange;
use super::model::{AccessModel, PlanSide};
use super::own_keys::{name_keys, tag_keys};
use super::report::report;
use super::tags::ChangedTags;
use super::unread::UnreadPolicies;
use super::unread_groups;
use super::via::find_via;
use crate::address::{Address, Principal, PrincipalKind};
use crate::kind::DeletionBlocker;
use crate::policy::compare::Cause;
use crate::policy::request::{Caller, Context};
use crate::value::{Tags, Value};

/// Returns the change of a principal's permissions.
pub(super) fn access(
    model: &AccessModel<'_>,
    subject: &Address,
    tags: &ChangedTags,
) -> Option<AccessChange> {
    if tags.is_empty() && !model.is_touched(subject) || !is_reported(model, subject) {
        return None;
    }
    let [before, after] = PlanSide::BOTH.map(|side| model.effective_policies(subject, side));
    let tagged = tags.asked_by_holder(subject, [&before, &after]);
    if before == after && tagged.is_empty() {
        return None;
    }
    let arn = model.arn(subject);
    let [was, is] =
        [(&before, PlanSide::Before), (&after, PlanSide::After)].map(|(policies, side)| {
            CompiledPolicies::of(policies).given(&known_keys(model, subject, side))
        });
    let caller = Caller::aws(arn.clone());
    let comparison = model.comparer.compare(&was.set(), &is.set(), Some(&caller));
    let unread =
        UnreadPolicies::new(before.not_read().chain(after.not_read()), &model.unmanaged.unread);
    let other_boundary =
        before.boundary.as_ref().map(|it| &it.0) != after.boundary.as_ref().map(|it| &it.0);
    let via = |policy: &str, cause: Cause| match cause {
        Cause::Boundary if other_boundary => subject.clone(),
        Cause::Boundary | Cause::Allow | Cause::Deny => find_via(model, subject, policy),
    };
    let mut change = AccessChange::new(subject, arn, Aspect::Permissions);
    report(&mut change, comparison, &unread, &via);
    unread_groups::gains(&mut change, model, [&was, &is], &via);
    change.doubts.extend(tagged);
    change.relate();
    Some(change)
}

/// Returns the condition keys that the principal's requests have on this side: its tags, and those
/// of its name where the plan changes that. Otherwise the comparison knows the name.
fn known_keys(model: &AccessModel<'_>, subject: &Address, side: PlanSide) -> Context {
    let Some(principal) = subject.principal() else { return Context::default() };
    let tags = model.attribute(subject, "tags", side).and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let tags: Tags = tags.into_iter().flatten().filter_map(text).collect();
    let mut keys = tag_keys(principal.kind, &tags, model.document(subject, side));
    let [before, after] =
        PlanSide::BOTH.map(|side| model.attribute(subject, "arn", side).and_then(Value::as_str));
    if let (Some(before), Some(after)) = (before, after)
        && before != after
    {
        let arn = if side == PlanSide::Before { before } else { after };
        keys = keys.with(&name_keys(arn));
    }
    keys
}

/// Returns true if a principal has a report of its own. A group acts by its members, who have
/// reports of their own; the group has one for members that are not known.
fn is_reported(model: &AccessModel<'_>, subject: &Address) -> bool {
    match subject.principal().map(|it| it.kind) {
        Some(PrincipalKind::User | PrincipalKind::Role) => true,
        Some(PrincipalKind::Group) => {
            !model.is_managed(subject) || !are_members_known(model, subject)
        }
        None => false,
    }
}

/// Returns true if each user in a group has a report. A group that the plan makes has only the
/// members that the plan puts there. A group that it removes loses all members, and those with a
/// membership of the manifest's have their own reports.
fn are_members_known(model: &AccessModel<'_>, group: &Address) -> bool {
    let is_known = |user: &String| model.is_sighted(&Principal::user(user).address());
    let listed = model.unmanaged.members.get(group).and_then(|members| members.as_ref().ok());
    if !model.exists(group, PlanSide::After) {
        return model
            .seen(group)
            .into_iter()
            .flat_map(|seen| &seen.hanging)
            .all(|it| leaves(model, group, it));
    }
    !model.exists(group, PlanSide::Before) || listed.is_some_and(|users| users.iter().all(is_known))
}

/// Returns true if this member leaves the group by a membership of the manifest's.
fn leaves(model: &AccessModel<'_>, group: &Address, member: &DeletionBlocker) -> bool {
    let of_group = |it: &MembershipChange| it.group == group.name();
    member
        .as_object(group)
        .is_some_and(|(_, user)| model.memberships.of_user(user).iter().any(of_group))
}
