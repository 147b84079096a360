//! (changes, Live, Desired) -> who gains and who loses what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::world::{Holdings, Moment, Says, World};
use super::{AccessChange, Aspect, Effect, EffectDoubt};
use crate::address::Address;
use crate::diff::{Action, Change};
use crate::model::{Desired, Live};
use crate::policy::compare::{Comparison, Doubt, Grant, Set, Side, compare};
use crate::policy::request::Caller;
use crate::policy::statement::{Effect as StatementEffect, Policy};
use crate::value::Value;

/// The policies whose documents nobody has read yet, of those users and roles whose access changes: ARNs, and addresses
/// of inline policies.
pub fn unread(changes: &[Change], live: &Live, desired: &Desired) -> BTreeSet<String> {
    let none = BTreeMap::new();
    let world = world(changes, live, desired, &none);
    let mut unread = BTreeSet::new();
    for subject in principals(&world) {
        let [before, after] = [Moment::Before, Moment::After].map(|moment| world.holdings(&subject, moment));
        if before != after {
            let all =
                [before, after].into_iter().flat_map(|it| it.policies.into_values().chain(it.boundary.map(|it| it.1)));
            unread.extend(all.filter_map(|says| match says {
                Says::Unread(name) => Some(name),
                Says::Document(_) => None,
            }));
        }
    }
    unread
}

/// What the changes mean for access, in order of subject, also where they mean nothing: then the relation is `equal`. `others` are documents that are not the manifest's, by what
/// [`unread`] calls them.
pub fn changes(
    changes: &[Change],
    live: &Live,
    desired: &Desired,
    others: &BTreeMap<String, Value>,
) -> Vec<AccessChange> {
    let world = world(changes, live, desired, others);
    let mut found = Vec::new();
    for subject in principals(&world) {
        found.extend(permissions(&world, &subject));
        if subject.kind() == "role" {
            found.extend(by_document(&world, &subject, "trust", Aspect::Trust));
        }
    }
    for bucket in world.changes.keys().filter(|address| address.kind() == "bucket") {
        found.extend(by_document(&world, bucket, "policy", Aspect::Resource));
    }
    found.sort_by(|a, b| (&a.subject, a.aspect).cmp(&(&b.subject, b.aspect)));
    found
}

fn world<'a>(
    changes: &'a [Change],
    live: &'a Live,
    desired: &'a Desired,
    others: &'a BTreeMap<String, Value>,
) -> World<'a> {
    let changes = changes.iter().map(|change| (&change.address, change)).collect();
    World { desired, live, changes, others }
}

/// Users and roles that are declared or recorded.
fn principals(world: &World<'_>) -> BTreeSet<Address> {
    let known = world.live.keys().chain(world.desired.resources.keys());
    known.filter(|it| ["user", "role"].contains(&it.kind()) && !world.is_unknown(it)).cloned().collect()
}

fn permissions(world: &World<'_>, subject: &Address) -> Option<AccessChange> {
    let [before, after] = [Moment::Before, Moment::After].map(|moment| world.holdings(subject, moment));
    if before == after {
        return None;
    }
    let arn = arn(world, subject);
    let [was, is] = [&before, &after].map(Held::of);
    let caller = Caller::aws(arn.clone());
    let comparison = compare(&was.set(), &is.set(), Some(&caller));
    let through = |policy: &str| through(world, subject, policy);
    Some(change(subject, arn, Aspect::Permissions, comparison, &through, Vec::new()))
}

/// A role's trust policy, a bucket's policy: what others may do.
fn by_document(world: &World<'_>, subject: &Address, field: &str, aspect: Aspect) -> Option<AccessChange> {
    if world.is_unknown(subject) {
        return None;
    }
    let [before, after] = [Moment::Before, Moment::After].map(|moment| world.attribute(subject, field, moment));
    if before == after {
        return None;
    }
    let [was, is] = [before, after].map(|document| {
        let says = document.map(|document| (subject.to_string(), Says::Document(document)));
        Held::of(&Holdings { policies: says.into_iter().collect(), boundary: None })
    });
    let mut comparison = compare(&was.set(), &is.set(), None);
    let arn = arn(world, subject);
    if aspect == Aspect::Trust {
        for grant in comparison.gained.iter_mut().chain(&mut comparison.lost) {
            grant.example.resource.clone_from(&arn);
        }
    }
    let mut kept: BTreeSet<String> = allowed(&was.policies);
    kept.retain(|name| allowed(&is.policies).contains(name));
    let kept = if aspect == Aspect::Trust { kept.into_iter().collect() } else { Vec::new() };
    Some(change(subject, arn, aspect, comparison, &|_| subject.clone(), kept))
}

fn allowed(policies: &[Policy]) -> BTreeSet<String> {
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    let allows = statements.filter(|statement| statement.effect == StatementEffect::Allow);
    let names = allows.filter_map(|statement| statement.principals.as_ref()).filter(|principals| !principals.not);
    names.flat_map(|principals| principals.names.iter().map(|(_, name)| name.clone())).collect()
}

/// Compiled, with stand-ins for what nobody has read.
struct Held {
    policies: Vec<Policy>,
    boundary: Option<Vec<Policy>>,
}

impl Held {
    fn of(holdings: &Holdings) -> Self {
        let compiled = |(name, says): (&String, &Says)| match says {
            Says::Document(document) => Policy::compile(name, document).unwrap_or_else(|_| stand_in(name)),
            Says::Unread(_) => stand_in(name),
        };
        Self {
            policies: holdings.policies.iter().map(compiled).collect(),
            boundary: holdings.boundary.as_ref().map(|(name, says)| vec![compiled((name, says))]),
        }
    }

    fn set(&self) -> Set<'_> {
        let set = Set::of(&self.policies);
        match &self.boundary {
            Some(boundary) => set.within(boundary),
            None => set,
        }
    }
}

/// A condition key that no request has: with it a policy that nobody has read allows and denies what it will, the same
/// before and after.
const UNREAD: &str = "relayctl:unread/";

fn stand_in(name: &str) -> Policy {
    let statement = |effect: &str| {
        let test = json!({"StringEquals": {format!("{UNREAD}{name}"): effect}});
        json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": test})
    };
    let document = json!({"Version": "2012-10-17", "Statement": [statement("Allow"), statement("Deny")]});
    // It is well-formed as it stands here.
    Policy::compile(name, &document).unwrap_or(Policy { name: name.to_owned(), statements: Vec::new() })
}

/// The policy that nobody has read by which a grant comes about, or without which it can't be shown.
fn from_stand_in(grant: &Grant) -> Option<String> {
    let condition = grant.condition.as_ref().and_then(Value::as_object).into_iter().flat_map(serde_json::Map::values);
    let keys = condition.filter_map(Value::as_object).flat_map(serde_json::Map::keys);
    let named = keys.filter_map(|key| key.strip_prefix(UNREAD)).map(str::to_owned).next();
    // Keys of a context have lost their case.
    let shown = || grant.example.context.iter().find_map(|(key, _)| key.strip_prefix(UNREAD)).map(str::to_owned);
    named.or_else(shown)
}

fn change(
    subject: &Address,
    arn: String,
    aspect: Aspect,
    comparison: Comparison,
    through: &dyn Fn(&str) -> Address,
    kept: Vec<String>,
) -> AccessChange {
    let relation = comparison.relation();
    let mut doubts: Vec<EffectDoubt> = Vec::new();
    let mut effects = |grants: Vec<Grant>, side: Side| {
        let mut effects = Vec::new();
        for grant in grants {
            match from_stand_in(&grant) {
                Some(policy) => {
                    let verb = if side == Side::Gained { "gained" } else { "lost" };
                    let reason =
                        format!("the document of {policy} was not read: whatever it allows or denies is {verb}");
                    let through = Some(through(&policy));
                    doubts.push(EffectDoubt { through, doubt: Doubt { side, policy, reason } });
                }
                None => effects.push(Effect { through: through(&grant.policy), grant }),
            }
        }
        effects
    };
    let gained = effects(comparison.gained, Side::Gained);
    let lost = effects(comparison.lost, Side::Lost);
    doubts.extend(
        comparison.doubts.into_iter().map(|doubt| EffectDoubt { through: Some(through(&doubt.policy)), doubt }),
    );
    doubts.dedup();
    let relation = if doubts.is_empty() { relation } else { crate::policy::compare::Relation::Unknown };
    AccessChange { subject: subject.clone(), arn, aspect, relation, gained, lost, doubts, kept }
}

fn arn(world: &World<'_>, subject: &Address) -> String {
    let arn = |moment| world.attribute(subject, "arn", moment);
    let arn = arn(Moment::After).or_else(|| arn(Moment::Before));
    arn.and_then(|arn| arn.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The change that brings what a policy says to a principal, or takes it: the attachment that comes or goes, else the
/// policy that is edited, else the principal's own (its boundary).
fn through(world: &World<'_>, subject: &Address, policy: &str) -> Address {
    let happens = |address: &Address| world.action(address) != Action::Nothing;
    let tail = policy.strip_prefix("policy.").unwrap_or(policy);
    let attachment =
        Address::new(format!("{}_policy_attachment", subject.kind()), format!("{}/{tail}", subject.name()));
    if happens(&attachment) {
        return attachment;
    }
    let named = world.changes.keys().find(|address| address.to_string() == policy && happens(address));
    match named {
        Some(address) => (*address).clone(),
        None if happens(subject) => subject.clone(),
        None => {
            world.parts(subject).map(|change| change.address.clone()).find(happens).unwrap_or_else(|| subject.clone())
        }
    }
}
