//! Finds the effects of a plan's steps on access.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Principal, PrincipalKind};
use crate::diff::{ChangeAction, PlannedChange};
use crate::kind::{self, AccessRole, Attached};
use crate::plan::{StepId, StepPhase};
use crate::policy::compare::{Comparer, Relation, Set};
use crate::policy::statement::{Effect, Policy};
use crate::value::{FieldChange, Value, text_of};

use super::access_set::{AccessSet, has_effect};
use super::effect::{EffectKind, StepEffect};
use super::part::{AccessPart, attributes, document};
use super::temporary_copy::TemporaryCopies;
use super::{Moment, Steps, resource_policy};

/// The changes of a plan, with what is needed to tell whose access each of them changes.
pub(super) struct AccountChanges<'d> {
    decisions: &'d [PlannedChange<'d>],
    parts: &'d [AccessPart<'d>],
    /// The managed policies of the plan, by their ARNs before and after.
    policies: [BTreeMap<&'d str, &'d PlannedChange<'d>>; 2],
    /// The users in each group, before and after.
    members: [BTreeMap<&'d Principal, BTreeSet<&'d Principal>>; 2],
    /// The attachments of each managed policy, by its ARN before and after.
    attached: [BTreeMap<&'d str, Vec<&'d AccessPart<'d>>>; 2],
    /// The principals with a permissions boundary before the plan, by its ARN.
    bounded: BTreeMap<&'d str, Vec<&'d PlannedChange<'d>>>,
    /// The parts of each principal that are policies.
    held: BTreeMap<&'d Principal, Vec<&'d AccessPart<'d>>>,
    /// The groups that have policies which this plan doesn't know.
    opaque: BTreeSet<Principal>,
}

const SIDES: [Moment; 2] = [Moment::Before, Moment::After];

fn index(side: Moment) -> usize {
    match side {
        Moment::Before => 0,
        Moment::After => 1,
    }
}

impl<'d> AccountChanges<'d> {
    pub fn new(decisions: &'d [PlannedChange<'d>], parts: &'d [AccessPart<'d>]) -> Self {
        let policies = SIDES.map(|side| {
            let policies = decisions.iter().filter(|it| is_policy(it));
            policies.filter_map(|it| Some((text_of(attributes(it, side)?, "arn"), it))).collect()
        });
        let members = SIDES.map(|side| {
            let mut members: BTreeMap<&Principal, BTreeSet<&Principal>> = BTreeMap::new();
            for part in parts.iter().filter(|part| part.exists(side)) {
                if let Some(group) = &part.group {
                    members.entry(group).or_default().insert(&part.holder);
                }
            }
            members
        });
        let mut held: BTreeMap<&Principal, Vec<&AccessPart<'_>>> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.group.is_none()) {
            held.entry(&part.holder).or_default().push(part);
        }
        let attached = SIDES.map(|side| {
            let mut attached: BTreeMap<&str, Vec<&AccessPart<'_>>> = BTreeMap::new();
            for (arn, part) in parts.iter().filter_map(|it| Some((it.policy_arn(side)?, it))) {
                attached.entry(arn).or_default().push(part);
            }
            attached
        });
        let mut bounded: BTreeMap<&str, Vec<&PlannedChange<'_>>> = BTreeMap::new();
        for decision in decisions.iter().filter(|it| it.change.address.principal().is_some()) {
            let seen = attributes(decision, Moment::Before);
            let arn = seen.map_or("", |seen| text_of(seen, "permissions_boundary"));
            if !arn.is_empty() {
                bounded.entry(arn).or_default().push(decision);
            }
        }
        let opaque = BTreeSet::new();
        let mut changes =
            Self { decisions, parts, policies, members, attached, bounded, held, opaque };
        changes.opaque = changes.opaque_groups();
        changes
    }

    /// Returns the groups of the memberships whose policies are not all in the plan.
    fn opaque_groups(&self) -> BTreeSet<Principal> {
        let groups: BTreeSet<&Principal> =
            self.parts.iter().filter_map(|part| part.group.as_ref()).collect();
        let is_known = |group: &&&Principal| {
            let address = group.address();
            let Ok(at) = self.decisions.binary_search_by(|it| it.change.address.cmp(&address))
            else {
                return false;
            };
            let parts = self.held.get(**group).map(Vec::as_slice).unwrap_or_default();
            let is_part = |it: &Attached| match it {
                Attached::Managed(arn) => {
                    parts.iter().any(|part| part.policy_arn(Moment::Before) == Some(arn))
                }
                Attached::Inline(name) => parts.iter().any(|part| {
                    let seen = attributes(part.decision, Moment::Before);
                    seen.is_some_and(|it| {
                        part.policy_arn(Moment::Before).is_none() && text_of(it, "name") == name
                    })
                }),
                Attached::Group(_) | Attached::Member(_) => true,
            };
            self.decisions[at].seen.as_ref().is_none_or(|seen| seen.attached.iter().all(is_part))
        };
        groups.iter().filter(|group| !is_known(group)).map(|group| (*group).clone()).collect()
    }

    /// Returns the effects of all steps.
    pub fn effects(
        &self,
        steps: &Steps,
        copies: &TemporaryCopies,
        comparer: &Comparer,
    ) -> Vec<StepEffect<'d>> {
        let mut effects = Vec::new();
        for part in self.parts {
            self.of_part(part, steps, copies, comparer, &mut effects);
        }
        let updated = |it: &&PlannedChange<'_>| {
            it.change.action == ChangeAction::Update && steps.contains_key(&update(it))
        };
        for decision in self.decisions.iter().filter(updated) {
            match kind::kind_of(decision.change.address.kind()).facts().access {
                AccessRole::Policy => self.of_policy(decision, comparer, &mut effects),
                AccessRole::Principal(PrincipalKind::User | PrincipalKind::Group) => {
                    effects.extend(self.of_boundary(decision, comparer));
                }
                AccessRole::Principal(PrincipalKind::Role) => {
                    effects.extend(self.of_boundary(decision, comparer));
                    let principals = self.requesters();
                    resource_policy::effects(decision, &principals, comparer, &mut effects);
                }
                AccessRole::Resource => {
                    let principals = self.requesters();
                    resource_policy::effects(decision, &principals, comparer, &mut effects);
                }
                AccessRole::PolicyAttachment(_)
                | AccessRole::InlinePolicy(_)
                | AccessRole::Membership
                | AccessRole::Credential
                | AccessRole::None => {}
            }
        }
        effects
    }

    /// Returns the users and roles of the plan, by their ARNs.
    fn requesters(&self) -> BTreeMap<&'d str, Principal> {
        let there = self.decisions.iter().filter_map(|it| {
            let principal = it.change.address.principal().filter(|it| it.kind.makes_requests())?;
            let known = SIDES.into_iter().rev().find_map(|side| attributes(it, side))?;
            Some((text_of(known, "arn"), principal))
        });
        there.collect()
    }

    fn of_part(
        &self,
        part: &'d AccessPart<'d>,
        steps: &Steps,
        copies: &TemporaryCopies,
        comparer: &Comparer,
        effects: &mut Vec<StepEffect<'d>>,
    ) {
        let on = |side| self.holders(part, side);
        let mut add = |step, side, kind, effect| {
            let documents = self.documents(part, side);
            // Policies that were not read are AWS's or other owners'; those of AWS only allow.
            let has = match &documents {
                None => effect == Effect::Allow,
                Some(all) => all.iter().any(|document| has_effect(document, effect)),
            };
            if has {
                let about = AccessSet::difference(documents, None, effect);
                effects.push(StepEffect { step, kind, on: on(side), about });
            }
        };
        if part.is_removed(steps) {
            let gone = || copies.last_step(part.step_id(StepPhase::Delete));
            add(gone(), Moment::Before, EffectKind::Takes, Effect::Allow);
            add(gone(), Moment::Before, EffectKind::Lifts, Effect::Deny);
        }
        if part.is_made(steps) {
            let made = || part.step_id(StepPhase::Create);
            add(made(), Moment::After, EffectKind::Gives, Effect::Allow);
            add(made(), Moment::After, EffectKind::Restricts, Effect::Deny);
        }
        if part.is_edited(steps) {
            let on = SIDES.map(|side| self.holders(part, side));
            of_edit(part.decision, &on, comparer, effects);
        }
    }

    /// Adds the effects of a managed policy's edit, on those who have it, and on those whose
    /// boundary it is.
    fn of_policy(
        &self,
        decision: &'d PlannedChange<'d>,
        comparer: &Comparer,
        effects: &mut Vec<StepEffect<'d>>,
    ) {
        let on = SIDES.map(|side| {
            let arn = attributes(decision, side).map_or("", |it| text_of(it, "arn"));
            let have = self.attached[index(side)].get(arn).into_iter().flatten();
            have.flat_map(|part| self.holders(part, side)).collect()
        });
        of_edit(decision, &on, comparer, effects);
        let bounded: BTreeSet<Principal> = self
            .bounded_by(decision)
            .filter(|it| boundary_change(it).is_none())
            .filter_map(|it| it.change.address.principal())
            .collect();
        if bounded.is_empty() {
            return;
        }
        let [before, after] = SIDES.map(|side| document(decision, side));
        effects.extend(bounds(comparer, before, after).into_iter().map(|kind| StepEffect {
            step: update(decision),
            kind,
            on: bounded.clone(),
            about: AccessSet::unknown(),
        }));
    }

    /// Returns the principals whose boundary a policy is before the plan.
    fn bounded_by(
        &self,
        policy: &PlannedChange<'_>,
    ) -> impl Iterator<Item = &'d PlannedChange<'d>> {
        let arn = attributes(policy, Moment::Before).map_or("", |it| text_of(it, "arn"));
        self.bounded.get(arn).into_iter().flatten().copied()
    }

    /// Returns the effects of another permissions boundary.
    fn of_boundary(
        &self,
        decision: &'d PlannedChange<'d>,
        comparer: &Comparer,
    ) -> Vec<StepEffect<'d>> {
        let Some(principal) = decision.change.address.principal() else { return Vec::new() };
        let Some(change) = boundary_change(decision) else { return Vec::new() };
        let arn = |value: &Option<crate::value::SharedValue>| {
            value.as_deref().and_then(Value::as_str).map(str::to_owned)
        };
        let kinds = match (arn(&change.before), arn(&change.after)) {
            (None, None) => Vec::new(),
            (None, Some(_)) => vec![EffectKind::Restricts],
            (Some(_), None) => vec![EffectKind::Lifts],
            (Some(before), Some(after)) => {
                let text = |arn: &str, side: Moment| {
                    self.policies[index(side)].get(arn).and_then(|it| document(it, side))
                };
                bounds(comparer, text(&before, Moment::Before), text(&after, Moment::After))
            }
        };
        kinds
            .into_iter()
            .map(|kind| StepEffect {
                step: update(decision),
                kind,
                on: [principal.clone()].into(),
                about: AccessSet::unknown(),
            })
            .collect()
    }

    /// Returns the principals whose access a part changes: its holder, and the users in it if that
    /// is a group.
    fn holders(&self, part: &AccessPart<'_>, side: Moment) -> BTreeSet<Principal> {
        let users = self.members[index(side)].get(&part.holder).into_iter().flatten().copied();
        users.chain([&part.holder]).cloned().collect()
    }

    /// Returns the documents of a part, or of all policies of a membership's group. `None` if one
    /// of them was not read.
    fn documents(&self, part: &AccessPart<'d>, side: Moment) -> Option<Vec<&'d Value>> {
        let Some(group) = &part.group else {
            return self.policy_document(part, side).map(|it| vec![it]);
        };
        if self.opaque.contains(group) {
            return None;
        }
        let parts = self.held.get(group).into_iter().flatten().filter(|part| part.exists(side));
        parts.map(|part| self.policy_document(part, side)).collect()
    }

    fn policy_document(&self, part: &AccessPart<'d>, side: Moment) -> Option<&'d Value> {
        match part.policy_arn(side) {
            Some(arn) => document(self.policies[index(side)].get(arn)?, side),
            None => document(part.decision, side),
        }
    }

    /// Returns pairs of steps of which the first waits for the second, because a principal would
    /// otherwise have for a moment what it has neither before nor after: a policy that is edited
    /// before it is detached, or a group that loses a policy after a user has joined it. Each pair
    /// has the principal.
    pub fn passing(
        &self,
        effects: &[StepEffect<'_>],
        steps: &Steps,
    ) -> Vec<(StepId, StepId, Principal)> {
        let mut pairs = Vec::new();
        // What a group gets is not for those who leave, and what it loses not for those who join. A
        // Deny that comes or goes is for neither.
        let gains = [EffectKind::Gives, EffectKind::Restricts, EffectKind::Lifts];
        let losses = [EffectKind::Takes, EffectKind::Restricts, EffectKind::Lifts];
        let mut on_groups: BTreeMap<&Principal, Vec<&StepEffect<'_>>> = BTreeMap::new();
        for effect in effects {
            for group in effect.on.iter().filter(|it| !it.kind.makes_requests()) {
                on_groups.entry(group).or_default().push(effect);
            }
        }
        let with = |kinds: [EffectKind; 3], on: &Principal| {
            let here = on_groups.get(on).into_iter().flatten();
            let here = here.filter(|it| kinds.contains(&it.kind)).map(|it| it.step.clone());
            here.collect::<Vec<_>>()
        };
        for part in self.parts {
            if let Some(group) = &part.group {
                let removed = part.is_removed(steps) && !part.is_made(steps);
                if removed {
                    let left = part.step_id(StepPhase::Delete);
                    let gains = with(gains, group).into_iter();
                    pairs.extend(gains.map(|it| (it, left.clone(), &part.holder)));
                } else if part.is_made(steps) {
                    let joined = part.step_id(StepPhase::Create);
                    let losses = with(losses, group).into_iter();
                    pairs.extend(losses.map(|it| (joined.clone(), it, &part.holder)));
                }
                continue;
            }
            let policy = part
                .policy_arn(Moment::Before)
                .filter(|_| part.is_removed(steps))
                .and_then(|arn| self.policies[index(Moment::Before)].get(arn));
            if let Some(policy) = policy.filter(|it| !document_stays(it)) {
                pairs.push((update(policy), part.step_id(StepPhase::Delete), &part.holder));
            }
        }
        let mut unbound = Vec::new();
        // The edit of a boundary comes after those who have another one then, or who are gone.
        for policy in self.policies[index(Moment::Before)].values() {
            let edit = update(policy);
            if document_stays(policy) || !steps.contains_key(&edit) {
                continue;
            }
            for holder in self.bounded_by(policy) {
                let Some(principal) = holder.change.address.principal() else { continue };
                if boundary_change(holder).is_some() {
                    unbound.push((edit.clone(), update(holder), principal.clone()));
                }
                let address = holder.change.address.clone();
                let gone = StepId { address, phase: StepPhase::Delete };
                unbound.push((edit.clone(), gone, principal));
            }
        }
        let pairs = pairs.into_iter().map(|(later, earlier, it)| (later, earlier, it.clone()));
        let there = |(later, earlier, _): &(StepId, StepId, Principal)| {
            later != earlier && steps.contains_key(later) && steps.contains_key(earlier)
        };
        pairs.chain(unbound).filter(there).collect()
    }
}

/// Returns the change of a principal's boundary in place.
fn boundary_change<'d>(decision: &'d PlannedChange<'_>) -> Option<&'d FieldChange> {
    let mut fields = decision.change.fields.iter().map(|diff| &diff.change);
    let change = fields.find(|it| it.field == "permissions_boundary")?;
    (decision.change.action == ChangeAction::Update && change.before != change.after)
        .then_some(change)
}

fn is_policy(decision: &PlannedChange<'_>) -> bool {
    match kind::kind_of(decision.change.address.kind()).facts().access {
        AccessRole::Policy => true,
        AccessRole::Principal(_)
        | AccessRole::PolicyAttachment(_)
        | AccessRole::InlinePolicy(_)
        | AccessRole::Membership
        | AccessRole::Credential
        | AccessRole::Resource
        | AccessRole::None => false,
    }
}

fn document_stays(decision: &PlannedChange<'_>) -> bool {
    document(decision, Moment::Before) == document(decision, Moment::After)
}

fn update(decision: &PlannedChange<'_>) -> StepId {
    StepId { address: decision.change.address.clone(), phase: StepPhase::Update }
}

/// Adds the effects of an edited document. `on` are those who have it before and after.
fn of_edit<'d>(
    decision: &'d PlannedChange<'d>,
    [before_on, after_on]: &[BTreeSet<Principal>; 2],
    comparer: &Comparer,
    effects: &mut Vec<StepEffect<'d>>,
) {
    let [before, after] = SIDES.map(|side| document(decision, side));
    if before == after {
        return;
    }
    let list = |document: Option<&'d Value>| Some(document.into_iter().collect::<Vec<_>>());
    for (kind, of, minus, effect, on) in [
        (EffectKind::Restricts, after, before, Effect::Deny, after_on),
        (EffectKind::Gives, after, before, Effect::Allow, after_on),
        (EffectKind::Takes, before, after, Effect::Allow, before_on),
        (EffectKind::Lifts, before, after, Effect::Deny, before_on),
    ] {
        let about = AccessSet::difference(list(of), list(minus), effect);
        if !on.is_empty() && !about.is_empty(comparer) {
            effects.push(StepEffect { step: update(decision), kind, on: on.clone(), about });
        }
    }
}

/// Returns what a boundary does that takes the place of another. One that was not read may do both.
fn bounds(comparer: &Comparer, before: Option<&Value>, after: Option<&Value>) -> Vec<EffectKind> {
    let compile = |document: Option<&Value>| Policy::compile("", document?).ok();
    let (Some(before), Some(after)) = (compile(before), compile(after)) else {
        return vec![EffectKind::Restricts, EffectKind::Lifts];
    };
    let (before, after) = ([before], [after]);
    match comparer.compare(&Set::of(&before), &Set::of(&after), None).relation() {
        Relation::Equal => Vec::new(),
        Relation::Wider => vec![EffectKind::Lifts],
        Relation::Narrower => vec![EffectKind::Restricts],
        Relation::Changed | Relation::Unknown => vec![EffectKind::Restricts, EffectKind::Lifts],
    }
}
