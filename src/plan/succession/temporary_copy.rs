//! Temporary copies of policies whose successors have the same name. IAM has no two policies of one
//! name, so the old one goes before the new one is made. Meanwhile a copy of the old one, under
//! another name, is attached where the old one was:
//!
//! copy made and attached → old one detached and deleted → new one made and attached → copy
//! detached and deleted.
//!
//! The state records the copy like every object: the next run removes one that an interrupted run
//! has left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Map;

use crate::address::{Address, KindName, Principal};
use crate::call::Write;
use crate::diff::{ChangeAction, PlannedChange};
use crate::kind::{self, AccessRole, Attached, Kind, LiveObject, temporary_copy};
use crate::model::OWN_TAGS;
use crate::plan::moves::same_names;
use crate::plan::{Expect, PlanNote, PlanNoteKind, Step, StepId, StepPhase, StepRecord};
use crate::value::{Attributes, Value, text_of};

use super::part::AccessPart;
use super::quota::FreePlaces;
use super::{Steps, wait_for};

/// The copies of a plan.
#[derive(Default)]
pub(super) struct TemporaryCopies {
    /// The steps that detach a copy, by the steps that detach the policy which it is a copy of. The
    /// access goes with the copy.
    detached: BTreeMap<StepId, StepId>,
    /// The lines of the plan's note, one for each copy.
    lines: Vec<String>,
}

/// A policy that goes, and the one of the same name that comes. For a replacement both are one.
#[derive(Clone, Copy)]
pub(super) struct SameName<'d> {
    pub old: &'d PlannedChange<'d>,
    pub new: &'d PlannedChange<'d>,
}

impl<'d> SameName<'d> {
    /// Returns the policies that this plan deletes before it makes one of the same name.
    pub fn pairs(decisions: &'d [PlannedChange<'d>], steps: &Steps) -> Vec<Self> {
        let is_policy = |it: &&PlannedChange<'_>| {
            kind::kind_of(it.change.address.kind()).facts().access == AccessRole::Policy
        };
        let replaced = decisions.iter().filter(|it| it.change.action == ChangeAction::Replace);
        let replaced = replaced.map(|it| Self { old: it, new: it });
        let others = same_names(decisions).into_iter().filter_map(|(old, new)| {
            Some(Self { old: find_decision(decisions, old)?, new: find_decision(decisions, new)? })
        });
        let has = |it: &PlannedChange<'_>, phase| {
            steps.contains_key(&StepId { address: it.change.address.clone(), phase })
        };
        let pairs = replaced.chain(others).filter(|it| is_policy(&it.old));
        pairs
            .filter(|it| has(it.old, StepPhase::Delete) && has(it.new, StepPhase::Create))
            .collect()
    }
}

/// The principals that lack a policy from its deletion until its successor is attached.
pub(super) struct LackingHolders<'d> {
    pair: SameName<'d>,
    holders: BTreeSet<Address>,
}

impl fmt::Display for LackingHolders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (&self.pair.old.change.address, &self.pair.new.change.address);
        let holders: Vec<String> = self.holders.iter().map(ToString::to_string).collect();
        write!(f, "{old}")?;
        if old != new {
            write!(f, ", which becomes {new}")?;
        }
        write!(f, ": {} lack it until it is attached again", holders.join(", "))
    }
}

/// The attachment of the old policy to a principal, and that of the new one.
struct Reattached<'p, 'd> {
    old: &'p AccessPart<'d>,
    new: &'p AccessPart<'d>,
}

/// The place of an object that exists only during the run.
enum PlaceOfCopy {
    /// This step makes it.
    Made(StepId),
    /// An interrupted run has left it.
    Left,
    /// Another object is there.
    Taken,
}

impl PlaceOfCopy {
    /// Returns the step that makes the object, if there is one; `None` if there is no place.
    fn makers(self) -> Option<BTreeSet<StepId>> {
        match self {
            Self::Made(step) => Some([step].into()),
            Self::Left => Some(BTreeSet::new()),
            Self::Taken => None,
        }
    }
}

/// An object that exists only during the run.
pub(in crate::plan) struct TemporaryObject {
    address: Address,
    kind: &'static dyn Kind,
    attributes: Attributes,
    depends_on: BTreeSet<Address>,
}

impl TemporaryCopies {
    /// Adds the steps of the copies, as far as AWS's quota has room for them.
    pub fn add_copies(
        steps: &mut Steps,
        parts: &[AccessPart<'_>],
        pairs: &[SameName<'_>],
        decisions: &[PlannedChange<'_>],
    ) -> Self {
        let mut copies = Self::default();
        if pairs.is_empty() {
            return copies;
        }
        let mut free = FreePlaces::new(parts, decisions, steps);
        for pair in pairs {
            let Some(copy) = copy_of(*pair) else { continue };
            let mut kept = reattached(*pair, parts, steps);
            let mut taken = Vec::new();
            kept.retain(|it| {
                let (holder, place) = (&it.old.holder, it.old.place());
                let is_left = || find_decision(decisions, &copy.attachment(holder).address);
                stays(holder, decisions)
                    && (is_left().is_some() || {
                        let is_free = free.take_place(place);
                        taken.extend(is_free.then_some(place));
                        is_free
                    })
            });
            if kept.is_empty() {
                continue;
            }
            let mut tried = steps.clone();
            if let Some(detached) = stand_in(&mut tried, &copy, pair, &kept, decisions) {
                *steps = tried;
                let holders: Vec<String> =
                    kept.iter().map(|it| it.old.holder.address().to_string()).collect();
                let (policy, name) = (&pair.old.change.address, text_of(&copy.attributes, "name"));
                copies.lines.push(format!("{policy}: {name}, on {}", holders.join(", ")));
                copies.detached.extend(detached);
            } else {
                for place in taken {
                    free.give_back(place);
                }
            }
        }
        copies
    }

    /// Returns the step with which the access of a policy goes: the detachment of its copy, if it
    /// has one.
    pub fn last_step(&self, detachment: StepId) -> StepId {
        self.detached.get(&detachment).cloned().unwrap_or(detachment)
    }

    /// Returns true for an attachment whose access a copy keeps while it is made anew.
    pub fn keeps(&self, attachment: &Address) -> bool {
        let detachment = StepId { address: attachment.clone(), phase: StepPhase::Delete };
        self.detached.contains_key(&detachment)
    }

    /// Returns the policies whose access is missing for some principals until the new one is
    /// attached: no copy has room, or the principal is replaced, too.
    pub fn lacking<'d>(
        &self,
        pairs: &[SameName<'d>],
        parts: &[AccessPart<'_>],
        steps: &Steps,
    ) -> Vec<LackingHolders<'d>> {
        let of_pair = |pair: &SameName<'d>| {
            let all = reattached(*pair, parts, steps).into_iter();
            let lacking = all.filter(|it| !self.keeps(it.old.address()));
            let holders: BTreeSet<Address> = lacking.map(|it| it.old.holder.address()).collect();
            (!holders.is_empty()).then_some(LackingHolders { pair: *pair, holders })
        };
        pairs.iter().filter_map(of_pair).collect()
    }

    /// Returns the plan's note on the copies.
    pub fn plan_note(&self) -> Option<PlanNote> {
        if self.lines.is_empty() {
            return None;
        }
        let text = "AWS has no two policies of one name, so the old one goes before the new one \
            exists. Meanwhile a temporary copy of the old one keeps the access. It is deleted at \
            the end:";
        let note = PlanNote::new(PlanNoteKind::TemporaryCopy, text);
        Some(note.with_details(self.lines.iter().cloned()))
    }
}

/// Returns the copy of a policy, with relayctl's own tags only. `None` if the policy's document was
/// not read.
fn copy_of(pair: SameName<'_>) -> Option<TemporaryObject> {
    copy_of_policy(&pair.old.seen.as_ref()?.attributes, pair.new.wanted.as_deref()?)
}

/// Returns the copy of a policy for which one of the same name is made.
pub(in crate::plan) fn copy_of_policy(
    seen: &Attributes,
    new: &Attributes,
) -> Option<TemporaryObject> {
    seen.get("document").filter(|it| !it.is_null())?;
    let tags = new.get("tags").and_then(Value::as_object);
    let own = tags.into_iter().flatten().filter(|(key, _)| key.starts_with(OWN_TAGS));
    let own: Map<String, Value> = own.map(|(key, tag)| (key.clone(), tag.clone())).collect();
    let attributes = temporary_copy(seen, own.into());
    let address = Address::new(KindName::Policy, text_of(&attributes, "name"));
    Some(TemporaryObject::new(address, attributes, BTreeSet::new()))
}

/// Returns true for a principal that keeps its attachments: one that is itself replaced loses them.
fn stays(holder: &Principal, decisions: &[PlannedChange<'_>]) -> bool {
    find_decision(decisions, &holder.address()).is_none_or(|it| {
        let goes = matches!(it.change.action, ChangeAction::Replace | ChangeAction::Delete);
        it.seen.is_some() && !goes
    })
}

/// Returns the attachments of the old policy in whose place the new one is attached.
fn reattached<'p, 'd>(
    pair: SameName<'_>,
    parts: &'p [AccessPart<'d>],
    steps: &Steps,
) -> Vec<Reattached<'p, 'd>> {
    use super::Moment::{After, Before};
    let arn = |attributes: Option<&Attributes>| attributes.map(|it| text_of(it, "arn").to_owned());
    let seen = pair.old.seen.as_ref().map(|it| &it.attributes);
    let (old, new) = (arn(seen), arn(pair.new.wanted.as_deref()));
    let goes = parts
        .iter()
        .filter(|part| part.policy_arn(Before) == old.as_deref() && part.is_removed(steps));
    let pairs = goes.filter_map(|old| {
        let comes = |part: &&AccessPart<'_>| {
            part.holder == old.holder
                && part.policy_arn(After) == new.as_deref()
                && part.is_made(steps)
        };
        Some(Reattached { old, new: parts.iter().find(comes)? })
    });
    pairs.collect()
}

/// Adds the steps of one copy. Returns the detachments of the copy, by those of the policy. `None`
/// if another object has the copy's name, or if the order of the steps leaves no place for it.
fn stand_in(
    steps: &mut Steps,
    copy: &TemporaryObject,
    pair: &SameName<'_>,
    reattached: &[Reattached<'_, '_>],
    decisions: &[PlannedChange<'_>],
) -> Option<BTreeMap<StepId, StepId>> {
    let made = copy.add_steps(steps, decisions, BTreeSet::new()).makers()?;
    let mut detached = BTreeMap::new();
    let mut order = Vec::new();
    for Reattached { old, new } in reattached {
        let attachment = copy.attachment(&old.holder);
        let gone = old.step_id(StepPhase::Delete);
        // The calls on a renamed principal wait for its new name.
        let mut after = steps.get(&gone).map(|it| it.after.clone()).unwrap_or_default();
        after.extend(made.clone());
        let attached = attachment.add_steps(steps, decisions, after).makers()?.into_iter();
        order.extend(attached.map(|it| (gone.clone(), it)));
        let last = attachment.step_id(StepPhase::Delete);
        order.push((last.clone(), new.step_id(StepPhase::Create)));
        order.push((copy.step_id(StepPhase::Delete), last.clone()));
        detached.insert(gone, last);
    }
    let new = StepId { address: pair.new.change.address.clone(), phase: StepPhase::Create };
    order.push((copy.step_id(StepPhase::Delete), new));
    order.iter().all(|(later, earlier)| wait_for(steps, later, earlier)).then_some(detached)
}

impl TemporaryObject {
    fn new(address: Address, attributes: Attributes, depends_on: BTreeSet<Address>) -> Self {
        Self { kind: kind::kind_of(address.kind()), address, attributes, depends_on }
    }

    pub(in crate::plan) fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the attachment of the copy to a principal.
    pub(in crate::plan) fn attachment(&self, holder: &Principal) -> Self {
        let attached = Attached::Managed(text_of(&self.attributes, "arn").to_owned());
        let address = holder.policy_attachment(text_of(&self.attributes, "name"));
        let depends_on = BTreeSet::from([holder.address(), self.address.clone()]);
        Self::new(address, attached.attributes(holder), depends_on)
    }

    fn step_id(&self, phase: StepPhase) -> StepId {
        StepId { address: self.address.clone(), phase }
    }

    /// Adds the steps that make the object and remove it. An object that an interrupted run has
    /// left is removed by this plan already, and is used until then.
    fn add_steps(
        &self,
        steps: &mut Steps,
        decisions: &[PlannedChange<'_>],
        after: BTreeSet<StepId>,
    ) -> PlaceOfCopy {
        match find_decision(decisions, &self.address) {
            Some(left) if left.change.action == ChangeAction::Delete => {
                let seen = left.seen.as_ref().map(|it| &it.attributes);
                let document = |it: &Attributes| it.get("document").cloned();
                let is_copy = seen.map(document) == Some(document(&self.attributes));
                return if is_copy { PlaceOfCopy::Left } else { PlaceOfCopy::Taken };
            }
            // It was never made.
            Some(left) if left.change.action == ChangeAction::Forget && left.seen.is_none() => {
                steps.remove(&self.step_id(StepPhase::Record));
            }
            Some(_) => return PlaceOfCopy::Taken,
            None => {}
        }
        let [made, removed] = self.steps(after);
        let id = made.id.clone();
        steps.extend([made, removed].map(|step| (step.id.clone(), step)));
        PlaceOfCopy::Made(id)
    }

    /// Returns true if the step is one of the two, whatever it waits for.
    pub(in crate::plan) fn has_step(&self, step: &Step) -> bool {
        let same = |own: &Step| Step { after: step.after.clone(), ..own.clone() } == *step;
        self.steps(BTreeSet::new()).iter().any(same)
    }

    /// Returns the step that makes the object and the one that removes it.
    fn steps(&self, after: BTreeSet<StepId>) -> [Step; 2] {
        let made = Step {
            expect: Expect::Absent,
            record: Some(StepRecord {
                attributes: self.attributes.clone(),
                depends_on: self.depends_on.clone(),
            }),
            ..self.step(StepPhase::Create, self.kind.create(&self.attributes), after)
        };
        let live = LiveObject { attributes: self.attributes.clone(), ..LiveObject::default() };
        let calls = self.kind.delete(&live, &self.attributes);
        let removed = Step {
            before: Some(Box::new(live)),
            removal: true,
            ..self.step(StepPhase::Delete, calls, [made.id.clone()].into())
        };
        [made, removed]
    }

    fn step(&self, phase: StepPhase, calls: Vec<Write>, after: BTreeSet<StepId>) -> Step {
        Step {
            id: self.step_id(phase),
            calls,
            after,
            expect: Expect::Anything,
            before: None,
            record: None,
            wanted: self.attributes.clone(),
            carried: Attributes::new(),
            successor: None,
            moved_from: None,
            removal: false,
        }
    }
}

fn find_decision<'d>(
    decisions: &'d [PlannedChange<'d>],
    address: &Address,
) -> Option<&'d PlannedChange<'d>> {
    let at = decisions.binary_search_by(|it| it.change.address.cmp(address)).ok()?;
    decisions.get(at)
}
