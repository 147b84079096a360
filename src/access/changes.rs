//! (changes, Live, Desired) -> who gains and who loses what.

use std::collections::BTreeSet;

use super::access_change::AccessChange;
use super::edited::{EditedPolicy, edited_in, unlisted, unseen};
use super::effective::EffectivePolicies;
use super::model::{AccessModel, PlanSide};
use super::roles::ResourceSays;
use super::tags::ChangedTags;
use super::unmanaged::UnmanagedAccess;
use super::{bucket, permissions, trust};
use crate::address::{Address, PrincipalKind};
use crate::diff::ResourceChange;
use crate::model::{Desired, Live};

/// The policies whose documents nobody has read yet, of those users, roles and groups whose access
/// changes: ARNs, and addresses of inline policies.
pub fn unread(
    changes: &[ResourceChange],
    live: &Live,
    desired: &Desired,
    unmanaged: &UnmanagedAccess,
) -> BTreeSet<String> {
    let model = AccessModel::new(changes, live, desired, unmanaged);
    let mut unread = BTreeSet::new();
    for (_, before, after) in affected(&model) {
        unread.extend(before.unread().chain(after.unread()).cloned());
    }
    unread
}

/// Users that there are and whose policies change: their groups may allow what these no longer
/// forbid.
pub fn members(
    changes: &[ResourceChange],
    live: &Live,
    desired: &Desired,
    unmanaged: &UnmanagedAccess,
) -> BTreeSet<Address> {
    let model = AccessModel::new(changes, live, desired, unmanaged);
    affected_of(&model, PrincipalKind::User)
}

/// Groups of the manifest's that there are and whose policies change: whoever is in them is
/// affected.
pub fn changed_groups(
    changes: &[ResourceChange],
    live: &Live,
    desired: &Desired,
) -> BTreeSet<Address> {
    let unmanaged = UnmanagedAccess::default();
    affected_of(&AccessModel::new(changes, live, desired, &unmanaged), PrincipalKind::Group)
}

fn affected_of(model: &AccessModel<'_>, kind: PrincipalKind) -> BTreeSet<Address> {
    let stays = |subject: &Address| PlanSide::BOTH.iter().all(|side| model.exists(subject, *side));
    let is_one = |subject: &Address| subject.principal().is_some_and(|it| it.kind == kind);
    let affected = affected(model).map(|(subject, ..)| subject);
    affected.filter(|subject| is_one(subject) && stays(subject)).cloned().collect()
}

/// Those for whom something changes, with what they have before and after.
fn affected<'w, 'a>(
    model: &'w AccessModel<'a>,
) -> impl Iterator<Item = (&'a Address, EffectivePolicies<'a>, EffectivePolicies<'a>)> + use<'w, 'a>
{
    let touched = |subject: &&Address| !model.is_unknown(subject) && model.is_touched(subject);
    model.principals().into_iter().filter(touched).filter_map(|subject| {
        let [before, after] = PlanSide::BOTH.map(|side| model.effective_policies(subject, side));
        (before != after).then_some((subject, before, after))
    })
}

/// What the changes mean for access, in order of subject, also where they mean nothing: then the
/// relation is `equal`.
pub fn changes(
    changes: &[ResourceChange],
    live: &Live,
    desired: &Desired,
    unmanaged: &UnmanagedAccess,
) -> Vec<AccessChange> {
    let model = AccessModel::new(changes, live, desired, unmanaged);
    let tags = ChangedTags::of(&model);
    let edited: Vec<EditedPolicy> = edited_in(&model).collect();
    let mut found = Vec::new();
    for subject in model.principals() {
        found.extend(if model.is_unknown(subject) {
            unseen(&model, subject, &edited)
        } else {
            permissions::access(&model, subject, &tags)
        });
    }
    found.extend(edited.iter().filter_map(|policy| unlisted(&model, policy)));
    for (policy, address) in model.resources().filter(|(_, address)| !model.is_unknown(address)) {
        found.extend(match policy.says {
            ResourceSays::Trust => trust::access(&model, address, &tags),
            ResourceSays::Bucket => bucket::access(&model, address, &tags),
        });
    }
    for change in &mut found {
        change.foreign = unmanaged.holders.contains_key(&change.subject);
        // There are as many of these lists as users and roles.
        change.gained.shrink_to_fit();
        change.lost.shrink_to_fit();
    }
    found.sort_by(|a, b| (&a.subject, a.aspect).cmp(&(&b.subject, b.aspect)));
    found
}

/// The ARNs of managed policies that there are and whose documents are edited: whoever has them is
/// affected.
pub fn edited(changes: &[ResourceChange], live: &Live, desired: &Desired) -> BTreeSet<String> {
    let unmanaged = UnmanagedAccess::default();
    edited_in(&AccessModel::new(changes, live, desired, &unmanaged))
        .map(|policy| policy.arn)
        .collect()
}
