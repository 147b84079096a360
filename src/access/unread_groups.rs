//! Computes a user's gains by groups whose policies were not read. These policies stay as they are;
//! but if a boundary or a Deny is removed, their allows are gained.

use super::access_change::{AccessChange, AccessEffect};
use super::compiled::CompiledPolicies;
use super::model::AccessModel;
use super::unread::{UnreadPolicies, asking};
use crate::address::{Address, Principal};
use crate::call::Failure;
use crate::policy::compare::{Cause, Set, Side};
use crate::policy::request::Caller;
use crate::policy::statement::{Effect as StatementEffect, Policy};

/// Adds the possible gains. `via` returns the change that removes a policy's effect.
pub(super) fn gains(
    change: &mut AccessChange,
    model: &AccessModel<'_>,
    [before, after]: [&CompiledPolicies; 2],
    via: &dyn Fn(&str, Cause) -> Address,
) {
    let Some((name, failure)) = name(model, &change.subject) else { return };
    let groups = Policy::compile(&name, &asking(&name, &["Allow"])).ok();
    let beside_groups =
        |it: &CompiledPolicies| denials(&it.policies).chain(groups.clone()).collect();
    let [was, is]: [Vec<Policy>; 2] = [before, after].map(beside_groups);
    let was = before.boundary.iter().fold(Set::of(&was), |set, boundary| set.within(boundary));
    let is = after.boundary.iter().fold(Set::of(&is), |set, boundary| set.within(boundary));
    let caller = Caller::aws(change.arn.clone());
    let found = model.comparer.compare(&was, &is, Some(&caller));
    let unread = UnreadPolicies::one(&name, failure);
    for grant in found.gained {
        let via = via(&grant.policy, grant.cause);
        // Gains by the user's own policies are reported already.
        let known = |effect: &AccessEffect| {
            effect.grant.actions == grant.actions && effect.grant.resources == grant.resources
        };
        if !change.gained.iter().any(known) {
            change.gained.extend(unread.effect(grant, Side::Gained, via));
        }
    }
}

/// Returns the name of the groups whose policies aren't known, and the reason; `None` if there are
/// none.
fn name<'a>(model: &AccessModel<'a>, user: &Address) -> Option<(String, Option<&'a Failure>)> {
    match model.unmanaged.groups.get(user)? {
        Ok(groups) => {
            let unread = |name: &&str| !model.is_managed(&Principal::group(*name).address());
            let groups: Vec<&str> = groups.iter().map(String::as_str).filter(unread).collect();
            match groups.as_slice() {
                [] => None,
                [group] => Some((format!("the group {group}"), None)),
                several => Some((format!("one of the groups {}", several.join(", ")), None)),
            }
        }
        Err(failure) => Some(("one of its groups".to_owned(), Some(failure))),
    }
}

/// Returns the policies with only their Denies.
fn denials(policies: &[Policy]) -> impl Iterator<Item = Policy> {
    policies.iter().map(|policy| {
        let statements =
            policy.statements.iter().filter(|statement| statement.effect == StatementEffect::Deny);
        Policy { name: policy.name.clone(), statements: statements.cloned().collect() }
    })
}
