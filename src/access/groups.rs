//! What a user may have by its groups. Nobody reads their policies, and they stay as they are; but where a boundary or a
//! Deny goes, what they allow is gained.

use super::unread::{Unread, asking};
use super::world::World;
use super::{AccessChange, Effect};
use crate::address::Address;
use crate::call::Failure;
use crate::policy::compare::{Cause, Set, Side};
use crate::policy::request::Caller;
use crate::policy::statement::{Effect as StatementEffect, Policy};

/// The policies of one moment, and the boundary.
pub(super) type Moments<'m> = [(&'m [Policy], Option<&'m [Policy]>); 2];

/// Adds what the user may gain so. `through` says by which change a policy's say goes.
pub(super) fn gains(
    told: &mut AccessChange,
    world: &World<'_>,
    held: Moments<'_>,
    through: &dyn Fn(&str, Cause) -> Address,
) {
    let Some((name, failure)) = name(world, &told.subject) else { return };
    let groups = Policy::compile(&name, &asking(&name, &["Allow"])).ok();
    let policies = held.map(|(policies, _)| denials(policies).chain(groups.clone()).collect::<Vec<_>>());
    let set = |moment: usize| {
        let set = Set::of(&policies[moment]);
        held[moment].1.into_iter().fold(set, Set::within)
    };
    let caller = Caller::aws(told.arn.clone());
    let found = world.comparer.compare(&set(0), &set(1), Some(&caller));
    let unread = Unread::one(&name, failure);
    for grant in found.gained {
        let through = through(&grant.policy, grant.cause);
        // What their own policies allow is told already.
        let known =
            |effect: &Effect| effect.grant.actions == grant.actions && effect.grant.resources == grant.resources;
        if !told.gained.iter().any(known) {
            told.gained.extend(unread.told(grant, Side::Gained, through));
        }
    }
}

/// None: it is in no group.
fn name<'w>(world: &World<'w>, user: &Address) -> Option<(String, Option<&'w Failure>)> {
    match world.beyond.groups.get(user)? {
        Ok(groups) if groups.is_empty() => None,
        Ok(groups) if groups.len() == 1 => Some((format!("the group {}", groups.concat()), None)),
        Ok(groups) => Some((format!("one of the groups {}", groups.join(", ")), None)),
        Err(failure) => Some(("one of its groups".to_owned(), Some(failure))),
    }
}

/// Only what forbids.
fn denials(policies: &[Policy]) -> impl Iterator<Item = Policy> {
    policies.iter().map(|policy| {
        let statements = policy.statements.iter().filter(|statement| statement.effect == StatementEffect::Deny);
        Policy { name: policy.name.clone(), statements: statements.cloned().collect() }
    })
}
