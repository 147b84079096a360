//! Computes the changes of access by a plan: (changes, [`Live`], [`Desired`]) -> who gains and who
//! loses access.

use std::collections::BTreeSet;

use super::access_change::AccessChange;
use super::edited::{EditedPolicy, edited_in, unlisted, unseen};
use super::effective::EffectivePolicies;
use super::model::{AccessModel, PlanSide};
use super::roles::ResourceSays;
use super::tags::ChangedTags;
use super::unmanaged::UnmanagedAccess;
use super::{bucket, names, permissions, trust};
use crate::address::{Address, PrincipalKind};
use crate::diff::ResourceChange;
use crate::model::{Desired, Live};

/// Returns the policies whose documents have not been read yet, of those users, roles and groups
/// whose access changes: ARNs, and addresses of inline policies.
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

/// Returns the existing users whose policies change. Their groups may allow what these policies no
/// longer deny.
pub fn members(
    changes: &[ResourceChange],
    live: &Live,
    desired: &Desired,
    unmanaged: &UnmanagedAccess,
) -> BTreeSet<Address> {
    let model = AccessModel::new(changes, live, desired, unmanaged);
    affected_of(&model, PrincipalKind::User)
}

/// Returns the existing groups of the manifest whose policies change: their members are affected.
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

/// Returns the principals whose policies change, with their policies before and after.
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

/// Returns the effects of the changes on access, in order of subject. A subject whose access stays
/// the same is included with the relation `equal`.
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
    names::add_doubts(&model, &mut found);
    for change in &mut found {
        change.foreign = unmanaged.holders.contains_key(&change.subject);
        // There are as many of these lists as users and roles, so they are kept small.
        change.gained.shrink_to_fit();
        change.lost.shrink_to_fit();
    }
    found.sort_by(|a, b| (&a.subject, a.aspect).cmp(&(&b.subject, b.aspect)));
    found
}

/// Returns the ARNs of existing managed policies whose documents are edited: all principals that
/// have them are affected.
pub fn edited(changes: &[ResourceChange], live: &Live, desired: &Desired) -> BTreeSet<String> {
    let unmanaged = UnmanagedAccess::default();
    edited_in(&AccessModel::new(changes, live, desired, &unmanaged))
        .map(|policy| policy.arn)
        .collect()
}
