//! Turns the result of a comparison into a report of access.

use super::access_change::{AccessChange, EffectDoubt};
use super::unread::UnreadPolicies;
use crate::address::Address;
use crate::policy::compare::{Cause, Comparison, Side};

/// Adds the result. `via` returns the change of the plan that adds or removes a policy's effect.
pub(super) fn report(
    report: &mut AccessChange,
    found: Comparison,
    unread: &UnreadPolicies,
    via: &dyn Fn(&str, Cause) -> Address,
) {
    for (side, grants) in [(Side::Gained, found.gained), (Side::Lost, found.lost)] {
        for grant in grants {
            let via = via(&grant.policy, grant.cause);
            match unread.effect(grant, side, via) {
                Ok(effect) if side == Side::Gained => report.gained.push(effect),
                Ok(effect) => report.lost.push(effect),
                Err(doubt) => report.doubts.push(doubt),
            }
        }
    }
    let doubts = found.doubts.into_iter();
    report.doubts.extend(
        doubts.map(|doubt| EffectDoubt { through: Some(via(&doubt.policy, Cause::Allow)), doubt }),
    );
}
