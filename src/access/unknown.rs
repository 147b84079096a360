//! Edited policies, and those who have them and of whom nothing is known.

use std::cell::OnceCell;

use super::changes::arn;
use super::unread::asking;
use super::world::{Moment, World};
use super::{AccessChange, Aspect, EffectDoubt};
use crate::address::{Address, KindName};
use crate::call::Failure;
use crate::policy::compare::{Doubt, Set, Side};
use crate::policy::statement::Policy;

/// A managed policy that there is and whose document is edited.
pub(super) struct Edited<'w> {
    policy: &'w Address,
    pub arn: String,
    /// [`sides`], once somebody asks.
    sides: OnceCell<Vec<Side>>,
}

pub(super) fn edited_in<'w>(world: &'w World<'_>) -> impl Iterator<Item = Edited<'w>> {
    let edited = world.changes.keys().filter(|address| {
        let document = |moment| world.attribute(address, "document", moment);
        let [before, after] = [Moment::Before, Moment::After].map(document);
        address.kind() == KindName::Policy && before.is_some() && after.is_some() && before != after
    });
    edited.map(|policy| Edited { policy, arn: arn(world, policy), sides: OnceCell::new() })
}

impl Edited<'_> {
    fn doubts(&self, world: &World<'_>, reason: &str) -> Vec<EffectDoubt> {
        let sides = self.sides.get_or_init(|| sides(world, self.policy));
        doubts(sides, self.policy, &self.policy.to_string(), reason)
    }
}

/// Who else has an edited policy is not known.
pub(super) fn unlisted(world: &World<'_>, edited: &Edited<'_>) -> Option<AccessChange> {
    let failure = world.beyond.unlisted.get(&edited.arn)?;
    let reason = format!("who else has {} could not be listed ({})", edited.policy, brief(failure));
    let mut told = AccessChange::new(edited.policy, edited.arn.clone(), Aspect::Permissions);
    told.doubts.extend(edited.doubts(world, &reason));
    told.relate();
    (!told.doubts.is_empty()).then_some(told)
}

/// A managed policy is edited, and what hangs on somebody could not be read.
pub(super) fn unseen(world: &World<'_>, subject: &Address, edited: &[Edited<'_>]) -> Option<AccessChange> {
    let mut told = AccessChange::new(subject, arn(world, subject), Aspect::Permissions);
    for edited in edited {
        let reason = format!("what hangs on {subject} could not be read, and {} changes", edited.policy);
        told.doubts.extend(edited.doubts(world, &reason));
    }
    told.relate();
    (!told.doubts.is_empty()).then_some(told)
}

/// Whether anybody may gain by an edit, and whether anybody may lose, whatever else they have.
fn sides(world: &World<'_>, policy: &Address) -> Vec<Side> {
    let name = policy.to_string();
    let compiled = |moment| Policy::compile(&name, world.attribute(policy, "document", moment)?).ok();
    let (Some(before), Some(after)) = (compiled(Moment::Before), compiled(Moment::After)) else {
        return vec![Side::Gained, Side::Lost];
    };
    // By itself and as a boundary; and beside policies that allow whatever a Deny of it may forbid.
    let beside = Policy::compile("", &asking("anything", &["Allow"])).ok();
    let with = |policy: &Policy| [Some(policy.clone()), beside.clone()].into_iter().flatten().collect::<Vec<_>>();
    let [with_before, with_after] = [with(&before), with(&after)];
    let ([before], [after]) = ([[before]], [[after]]);
    let found = [
        world.comparer.compare(&Set::of(&before), &Set::of(&after), None),
        world.comparer.compare(&Set::of(&with_before), &Set::of(&with_after), None),
    ];
    let doubt = |side: Side| found.iter().any(|it| it.doubts.iter().any(|doubt| doubt.side == side));
    let gained = found.iter().any(|it| !it.gained.is_empty()) || doubt(Side::Gained);
    let lost = found.iter().any(|it| !it.lost.is_empty()) || doubt(Side::Lost);
    [(gained, Side::Gained), (lost, Side::Lost)].into_iter().filter(|(may, _)| *may).map(|(_, side)| side).collect()
}

/// `iam:GetPolicy: AccessDenied`: which permission is missing, where one is.
pub(super) fn brief(failure: &Failure) -> String {
    format!("{}: {}", failure.call, failure.code)
}

/// That it can't be told whether anything is gained, or lost.
pub(super) fn doubts(sides: &[Side], through: &Address, policy: &str, reason: &str) -> Vec<EffectDoubt> {
    let doubt = |side: &Side| {
        let doubt = Doubt { side: *side, policy: policy.to_owned(), reason: reason.to_owned() };
        EffectDoubt { through: Some(through.clone()), doubt }
    };
    sides.iter().map(doubt).collect()
}
