//! (changes, Live, Desired) -> who gains and who loses what.

use std::collections::BTreeSet;

use super::tags::Tags;
use super::unknown::{Edited, edited_in, unlisted, unseen};
use super::unread::{Unread, stand_in};
use super::world::{Holdings, Moment, Says, World};
use super::{AccessChange, Aspect, Beyond, EffectDoubt, bucket, groups};
use crate::address::{Address, KindName};
use crate::diff::{Action, Change};
use crate::model::{Desired, Live};
use crate::policy::compare::{Cause, Comparison, Set, Side};
use crate::policy::request::Caller;
use crate::policy::statement::{Effect as StatementEffect, Policy};
use crate::value::Value;

/// The policies whose documents nobody has read yet, of those users and roles whose access changes: ARNs, and addresses
/// of inline policies.
pub fn unread(changes: &[Change], live: &Live, desired: &Desired, beyond: &Beyond) -> BTreeSet<String> {
    let world = World::new(changes, live, desired, beyond);
    let mut unread = BTreeSet::new();
    for (_, before, after) in affected(&world).filter(|(subject, ..)| subject.kind() != KindName::GROUP) {
        unread.extend(before.unread().chain(after.unread()).cloned());
    }
    unread
}

/// Users that there are and whose policies change: their groups may allow what these no longer forbid.
pub fn members(changes: &[Change], live: &Live, desired: &Desired, beyond: &Beyond) -> BTreeSet<Address> {
    let world = World::new(changes, live, desired, beyond);
    let stays = |subject: &Address| [Moment::Before, Moment::After].iter().all(|it| world.exists(subject, *it));
    let users = affected(&world).map(|(subject, ..)| subject).filter(|it| it.kind() == KindName::USER && stays(it));
    users.collect()
}

/// Those for whom something changes, with what they have before and after.
fn affected<'w>(world: &'w World<'_>) -> impl Iterator<Item = (Address, Holdings<'w>, Holdings<'w>)> {
    principals(world).filter(|subject| world.is_touched(subject)).filter_map(|subject| {
        let [before, after] = [Moment::Before, Moment::After].map(|moment| world.holdings(&subject, moment));
        (before != after).then_some((subject, before, after))
    })
}

/// What the changes mean for access, in order of subject, also where they mean nothing: then the relation is `equal`.
pub fn changes(changes: &[Change], live: &Live, desired: &Desired, beyond: &Beyond) -> Vec<AccessChange> {
    let world = World::new(changes, live, desired, beyond);
    let tags = Tags::of(&world);
    let edited: Vec<Edited> = edited_in(&world).collect();
    let mut found = Vec::new();
    for subject in known(&world) {
        if world.is_unknown(&subject) {
            found.extend(unseen(&world, &subject, &edited));
            continue;
        }
        found.extend(permissions(&world, &subject, &tags));
        if subject.kind() == KindName::ROLE {
            found.extend(trust(&world, &subject, &tags));
        }
    }
    found.extend(edited.iter().filter_map(|policy| unlisted(&world, policy)));
    for address in world.addresses() {
        if address.kind() == KindName::Bucket && !world.is_unknown(address) {
            found.extend(bucket::access(&world, address, &tags));
        }
    }
    for told in &mut found {
        told.foreign = world.beyond.holders.contains_key(&told.subject);
        // There are as many of these lists as users and roles.
        told.gained.shrink_to_fit();
        told.lost.shrink_to_fit();
    }
    found.sort_by(|a, b| (&a.subject, a.aspect).cmp(&(&b.subject, b.aspect)));
    found
}

/// The ARNs of managed policies that there are and whose documents are edited: whoever has them is affected.
pub fn edited(changes: &[Change], live: &Live, desired: &Desired) -> BTreeSet<String> {
    let beyond = Beyond::default();
    edited_in(&World::new(changes, live, desired, &beyond)).map(|policy| policy.arn).collect()
}

/// Users and roles that are declared or recorded, and whoever else has a policy of the manifest's.
fn known(world: &World<'_>) -> BTreeSet<Address> {
    world.addresses().into_iter().filter(|it| it.principal().is_some()).cloned().collect()
}

/// Those of whom it is known what hangs on them.
fn principals(world: &World<'_>) -> impl Iterator<Item = Address> {
    known(world).into_iter().filter(|it| !world.is_unknown(it))
}

fn permissions(world: &World<'_>, subject: &Address, tags: &Tags) -> Option<AccessChange> {
    if tags.is_empty() && !world.is_touched(subject) {
        return None;
    }
    let [before, after] = [Moment::Before, Moment::After].map(|moment| world.holdings(subject, moment));
    let tagged = tags.asked_by_holder(subject, [&before, &after]);
    if before == after && tagged.is_empty() {
        return None;
    }
    let arn = arn(world, subject);
    let [was, is] = [&before, &after].map(Held::of);
    let caller = Caller::aws(arn.clone());
    let comparison = world.comparer.compare(&was.set(), &is.set(), Some(&caller));
    let unread = Unread::new(before.unread().chain(after.unread()), world);
    let other_boundary = before.boundary.as_ref().map(|it| &it.0) != after.boundary.as_ref().map(|it| &it.0);
    let through = |policy: &str, cause: Cause| match cause {
        Cause::Boundary if other_boundary => subject.clone(),
        _ => through(world, subject, policy),
    };
    let mut told = AccessChange::new(subject, arn, Aspect::Permissions);
    change(&mut told, comparison, &unread, &through);
    groups::gains(&mut told, world, [was.parts(), is.parts()], &through);
    told.doubts.extend(tagged);
    told.relate();
    Some(told)
}

/// A role's trust policy: who may assume it.
fn trust(world: &World<'_>, subject: &Address, tags: &Tags) -> Option<AccessChange> {
    let [before, after] = [Moment::Before, Moment::After].map(|moment| world.attribute(subject, "trust", moment));
    let tagged = tags.asked_by_resource(subject, [before, after]);
    if before == after && tagged.is_empty() {
        return None;
    }
    let compiled = |document: Option<&Value>| Policy::compile(&subject.to_string(), document?).ok();
    let [was, is] = [before, after].map(|document| compiled(document).into_iter().collect::<Vec<_>>());
    let mut comparison = world.comparer.compare(&Set::of(&was), &Set::of(&is), None);
    let arn = arn(world, subject);
    for grant in comparison.gained.iter_mut().chain(&mut comparison.lost) {
        grant.example.resource.clone_from(&arn);
    }
    let mut told = AccessChange::new(subject, arn, Aspect::Trust);
    change(&mut told, comparison, &Unread::default(), &|_, _| subject.clone());
    told.kept = kept(&allowed(&was), &allowed(&is));
    told.doubts.extend(tagged);
    told.relate();
    Some(told)
}

fn allowed(policies: &[Policy]) -> BTreeSet<String> {
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    let allows = statements.filter(|statement| statement.effect == StatementEffect::Allow);
    let names = allows.filter_map(|statement| statement.principals.as_ref()).filter(|principals| !principals.not);
    names.flat_map(|principals| principals.names.iter().map(|(_, name)| name.clone())).collect()
}

/// Those of either side whom the other one names too, or the account that they are in, or everyone.
fn kept(was: &BTreeSet<String>, is: &BTreeSet<String>) -> Vec<String> {
    let among = |name: &String, others: &BTreeSet<String>| {
        let account = name.split(':').nth(4);
        others.iter().any(|other| other == name || other == "*" || Some(other.as_str()) == account)
    };
    let kept = was.iter().filter(|name| among(name, is)).chain(is.iter().filter(|name| among(name, was)));
    kept.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Compiled, with stand-ins for what nobody has read.
struct Held {
    policies: Vec<Policy>,
    boundary: Option<Vec<Policy>>,
}

impl Held {
    fn of(holdings: &Holdings<'_>) -> Self {
        let compiled = |name: &String, says: &Says| match says {
            Says::Document(document) => Policy::compile(name, document).unwrap_or_else(|_| stand_in(name)),
            Says::Unread(_) => stand_in(name),
        };
        // Where several allow the same, the first one is named: rather one that is known.
        let mut policies: Vec<_> = holdings.policies.iter().collect();
        policies.sort_by_key(|(_, says)| matches!(says, Says::Unread(_)));
        Self {
            policies: policies.into_iter().map(|(name, says)| compiled(name, says)).collect(),
            boundary: holdings.boundary.as_ref().map(|(name, says)| vec![compiled(name, says)]),
        }
    }

    fn parts(&self) -> (&[Policy], Option<&[Policy]>) {
        (&self.policies, self.boundary.as_deref())
    }

    fn set(&self) -> Set<'_> {
        let set = Set::of(&self.policies);
        match &self.boundary {
            Some(boundary) => set.within(boundary),
            None => set,
        }
    }
}

/// Adds what was found. `through` says by which change a policy's say comes or goes.
pub(super) fn change(
    told: &mut AccessChange,
    found: Comparison,
    unread: &Unread,
    through: &dyn Fn(&str, Cause) -> Address,
) {
    for (side, grants) in [(Side::Gained, found.gained), (Side::Lost, found.lost)] {
        for grant in grants {
            let through = through(&grant.policy, grant.cause);
            match unread.told(grant, side, through) {
                Ok(effect) if side == Side::Gained => told.gained.push(effect),
                Ok(effect) => told.lost.push(effect),
                Err(doubt) => told.doubts.push(doubt),
            }
        }
    }
    let doubts = found.doubts.into_iter();
    told.doubts.extend(doubts.map(|doubt| EffectDoubt { through: Some(through(&doubt.policy, Cause::Allow)), doubt }));
}

pub(super) fn arn(world: &World<'_>, subject: &Address) -> String {
    let arn = |moment| world.attribute(subject, "arn", moment);
    let arn = arn(Moment::After).or_else(|| arn(Moment::Before));
    arn.and_then(|arn| arn.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The change that brings what a policy says to a principal, or takes it: the attachment that comes or goes, else the
/// policy that is edited, else the principal's own (its boundary), else whatever happens to what it holds.
fn through(world: &World<'_>, subject: &Address, policy: &str) -> Address {
    let happens = |address: &Address| world.action(address) != Action::Nothing;
    let tail = policy.strip_prefix("policy.").unwrap_or(policy);
    let attachment = subject.principal().map_or_else(|| subject.clone(), |it| it.policy_attachment(tail));
    let named = policy.parse().ok().and_then(|policy: Address| world.changes.get_key_value(&policy));
    let named = named.map(|(address, _)| *address).filter(|address| happens(address));
    let edited = named.filter(|address| {
        let [before, after] = [Moment::Before, Moment::After].map(|it| world.attribute(address, "document", it));
        before != after
    });
    match (world.action(&attachment), edited) {
        (Action::Replace, Some(edited)) => return edited.clone(),
        (Action::Nothing, _) => {}
        _ => return attachment,
    }
    if let Some(named) = named {
        return named.clone();
    }
    if happens(subject) {
        return subject.clone();
    }
    let parts = world.parts(subject).map(|change| change.address.clone()).find(happens);
    let held = || {
        let holdings = world.holdings(subject, Moment::After);
        holdings.all().filter_map(|(name, _)| name.parse().ok()).find(happens)
    };
    parts.or_else(held).unwrap_or_else(|| subject.clone())
}
