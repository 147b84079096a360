//! Finds the change of a plan by which a principal gains or loses the effect of a policy.

use super::model::{AccessModel, PlanSide};
use crate::address::{Address, Principal};
use crate::diff::ChangeAction;

/// Returns the attachment or the membership that is made or deleted; else the policy that is
/// edited; else the principal's own change (its boundary); else any change of a policy, attachment
/// or membership of the principal.
pub(super) fn find_via(model: &AccessModel<'_>, subject: &Address, policy: &str) -> Address {
    let named =
        policy.parse().ok().and_then(|policy: Address| model.changes.get_key_value(&policy));
    let named = named.map(|(address, _)| *address).filter(|address| model.is_changed(address));
    let edited = named.filter(|address| {
        let [before, after] = model.documents(address);
        before != after
    });
    if let Some(bearer) =
        bearers(model, subject, policy).into_iter().find(|it| model.is_changed(it))
    {
        return edited
            .filter(|_| model.action(&bearer) == ChangeAction::Replace)
            .cloned()
            .unwrap_or(bearer);
    }
    if let Some(named) = named {
        return named.clone();
    }
    if model.is_changed(subject) {
        return subject.clone();
    }
    let parts = model.parts(subject).map(|change| change.address.clone());
    let memberships = model.memberships_of(subject).iter().map(|it| it.address.clone());
    let part = parts.chain(memberships).find(|it| model.is_changed(it));
    let policies = || {
        let effective = model.effective_policies(subject, PlanSide::After);
        effective.all().filter_map(|(name, _)| name.parse().ok()).find(|it| model.is_changed(it))
    };
    part.or_else(policies).unwrap_or_else(|| subject.clone())
}

/// Returns the objects that may link a principal to a policy: its attachment, and for each of its
/// groups that has the policy, the membership, the group's attachment and the group.
fn bearers(model: &AccessModel<'_>, subject: &Address, policy: &str) -> Vec<Address> {
    let Some(principal) = subject.principal() else { return vec![subject.clone()] };
    let tail = policy.strip_prefix("policy.").unwrap_or(policy);
    let mut bearers = vec![principal.policy_attachment(tail)];
    for group in groups_with(model, subject, policy) {
        let memberships = model.memberships_of(subject).iter().filter(|it| it.group == group.name);
        bearers.extend(memberships.map(|it| it.address.clone()));
        bearers.push(group.policy_attachment(tail));
    }
    bearers
}

fn groups_with(model: &AccessModel<'_>, subject: &Address, policy: &str) -> Vec<Principal> {
    let has = |side: PlanSide, group: &Principal| {
        model.policies_by_group(subject, group, side).contains_key(policy)
    };
    let of_side = |side: PlanSide| {
        model
            .groups_of(subject, side)
            .into_iter()
            .filter(move |group| has(side, group))
            .collect::<Vec<_>>()
    };
    let mut groups = PlanSide::BOTH.map(of_side).concat();
    groups.sort();
    groups.dedup();
    groups
}
