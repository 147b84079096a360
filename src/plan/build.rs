//! Builds the [`Plan`] from the decisions and the dependency graph: the steps, their calls and
//! their order.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    Expect, Plan, PlanHeader, PlanMode, StateStamp, Step, StepId, StepPhase, StepRecord, Summary,
    fingerprint, handover, likely_renames, moves, succession,
};
use crate::address::{Address, Principal};
use crate::call::Write;
use crate::diff::{ChangeAction, PlannedChange, Reason, ResourceChange};
use crate::graph::{Cycle, DependencyOrder};
use crate::kind::{self, Field, FieldForm, Kind, LiveObject, Maintenance, TAKES};
use crate::model::{Dependents, Desired, Recorded, RecordedObject, Resource, subject};
use crate::value::{Attributes, text_of};

/// Orders the decisions into steps with their calls. `header.targets` restricts the plan to these
/// and their dependencies.
pub fn build(
    header: PlanHeader,
    state: StateStamp,
    decisions: Vec<PlannedChange<'_>>,
    desired: &Desired,
    recorded: &Recorded,
) -> Result<Plan, Cycle> {
    let renamed_parents = renamed_parents(&decisions);
    let dependents = Dependents::of(recorded);
    let needs = Needs { desired, dependents, renamed_parents, mode: header.mode };
    let decisions = needs.restrict(decisions, &header.targets);
    let mut steps: BTreeMap<StepId, Step> = decisions
        .iter()
        .flat_map(|decision| needs.steps(decision))
        .map(|step| (step.id.clone(), step))
        .collect();
    let ids: BTreeSet<StepId> = steps.keys().cloned().collect();
    for step in steps.values_mut() {
        step.after = needs.after(&step.id, &ids);
    }
    // The order that names force comes first: nothing else may stand against it.
    let mut notes = moves::order(&mut steps, &decisions, desired);
    notes.extend(succession::order(&mut steps, &decisions));
    handover::order(&mut steps, &decisions);
    notes.extend(likely_renames::notes(&decisions));
    let order = DependencyOrder::new(steps.iter().map(|(id, step)| (id, &step.after)))
        .sorted()
        .map_err(|circle| Cycle(circle.into_iter().map(|id| id.address).collect()))?;
    // The lists have exactly their final size: a collected list may keep the capacity that it grew
    // to.
    let (mut ordered, mut changes) =
        (Vec::with_capacity(steps.len()), Vec::with_capacity(decisions.len()));
    ordered.extend(order.into_iter().filter_map(|id| steps.remove(&id)));
    changes.extend(decisions.into_iter().map(|decision| decision.change));
    let steps: Vec<Step> = ordered;
    let summary = summarise(&changes, &steps);
    Ok(Plan { changes, steps, notes, summary, ..Plan::new(header, state) })
}

/// Returns the renamed objects by the addresses of their parts.
fn renamed_parents(decisions: &[PlannedChange<'_>]) -> BTreeMap<Address, BTreeSet<Address>> {
    let changes = decisions.iter().map(|it| &it.change);
    let is_renamed = |it: &&ResourceChange| matches!(it.reason, Reason::Renamed(_));
    let renamed: BTreeMap<Principal, &Address> = changes
        .filter(is_renamed)
        .filter_map(|it| Some((it.address.principal()?, &it.address)))
        .collect();
    let mut parents: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    if renamed.is_empty() {
        return parents;
    }
    for decision in decisions {
        let address = &decision.change.address;
        let seen = decision.seen.as_ref().map(|it| &it.attributes);
        let Some(attributes) = seen.or(decision.wanted.as_deref()) else { continue };
        for (principal, parent) in &renamed {
            // A document that names a renamed user looks otherwise until that is renamed.
            let named =
                text_of(attributes, principal.kind.as_str()) == principal.name || decision.restated;
            if named && *parent != address {
                parents.entry(address.clone()).or_default().insert((*parent).clone());
            }
        }
    }
    parents
}

fn summarise(changes: &[ResourceChange], steps: &[Step]) -> Summary {
    let count = |actions: &[ChangeAction]| {
        changes.iter().filter(|change| actions.contains(&change.action)).count()
    };
    Summary {
        add: count(&[ChangeAction::Create, ChangeAction::Replace]),
        change: count(&[ChangeAction::Update]),
        destroy: count(&[ChangeAction::Delete, ChangeAction::Replace]),
        refused: count(&[ChangeAction::Refuse]),
        blocked: count(&[ChangeAction::Blocked]),
        calls: steps.iter().map(|step| step.calls.len()).sum(),
    }
}

/// The dependencies between resources, as declared and as recorded.
struct Needs<'a> {
    desired: &'a Desired,
    dependents: Dependents<'a>,
    /// The objects with a new name, by the addresses of their parts.
    renamed_parents: BTreeMap<Address, BTreeSet<Address>>,
    mode: PlanMode,
}

impl<'a> Needs<'a> {
    fn declared(&self, address: &Address) -> impl Iterator<Item = &'a Address> + use<'a> {
        self.desired.resources.get(address).into_iter().flat_map(|resource| &resource.depends_on)
    }

    /// Returns the decisions on the targets, on their dependencies, and, for targets that are
    /// removed, on their dependents.
    fn restrict<'d>(
        &self,
        decisions: Vec<PlannedChange<'d>>,
        targets: &BTreeSet<Address>,
    ) -> Vec<PlannedChange<'d>> {
        if targets.is_empty() {
            return decisions;
        }
        let goes: BTreeSet<&Address> = decisions
            .iter()
            .filter(|decision| {
                matches!(decision.change.action, ChangeAction::Delete | ChangeAction::Replace)
            })
            .map(|decision| &decision.change.address)
            .collect();
        let mut chosen = BTreeSet::new();
        // A target that takes another object's place needs that object to leave it.
        let left: BTreeMap<&Address, Vec<&Address>> = decisions
            .iter()
            .map(|it| (&it.change.address, it.takes.values().map(|it| &it.from).collect()))
            .collect();
        let successors: BTreeMap<&Address, &Address> = decisions
            .iter()
            .filter_map(|it| Some((&it.change.address, it.successor.as_ref()?)))
            .collect();
        let mut queue: Vec<Address> = targets.iter().cloned().collect();
        while let Some(address) = queue.pop() {
            if chosen.contains(&address) {
                continue;
            }
            queue.extend(self.declared(&address).cloned());
            queue.extend(left.get(&address).into_iter().flatten().copied().cloned());
            // What is removed in favour of a new object stays until that is there, with all that
            // leads to it. Of two names that IAM does not distinguish, the old one has to go first.
            if let Some(new) = successors.get(&address) {
                let resources = self.desired.resources.iter();
                let leading = resources.filter(|(_, it)| it.depends_on.contains(*new));
                queue.extend(leading.map(|(leading, _)| leading).chain([*new]).cloned());
            }
            let is_in_the_way = |(old, new): &(&&Address, &&Address)| {
                **new == &address && old.name().eq_ignore_ascii_case(address.name())
            };
            queue.extend(successors.iter().filter(is_in_the_way).map(|(old, _)| (*old).clone()));
            if goes.contains(&address) {
                queue.extend(
                    self.dependents
                        .on(&address)
                        .filter(|dependent| goes.contains(dependent))
                        .cloned(),
                );
            }
            chosen.insert(address);
        }
        decisions.into_iter().filter(|decision| chosen.contains(&decision.change.address)).collect()
    }

    fn steps(&self, decision: &PlannedChange<'_>) -> Vec<Step> {
        let draft =
            Draft { kind: kind::kind_of(decision.change.address.kind()), decision, needs: self };
        match decision.change.action {
            ChangeAction::Create => {
                draft.clear().into_iter().chain(draft.create(Expect::Absent)).collect()
            }
            ChangeAction::Update => draft.update(),
            ChangeAction::Replace => {
                draft.delete().into_iter().chain(draft.create(Expect::Anything)).collect()
            }
            ChangeAction::Delete if decision.seen.is_none() => draft.clear().into_iter().collect(),
            ChangeAction::Delete => draft.delete(),
            ChangeAction::Adopt if self.mode == PlanMode::RefreshOnly => draft.refresh(),
            ChangeAction::Adopt => draft.record(),
            // What is still there is somebody else's by now.
            ChangeAction::Forget if decision.seen.is_some() => draft.forget(),
            ChangeAction::Forget if self.mode == PlanMode::RefreshOnly => draft.forget(),
            ChangeAction::Forget => draft.clear().map_or_else(|| draft.forget(), |step| vec![step]),
            ChangeAction::Nothing if self.mode == PlanMode::RefreshOnly => Vec::new(),
            ChangeAction::Nothing if draft.is_outdated() => draft.record(),
            ChangeAction::Nothing | ChangeAction::Refuse | ChangeAction::Blocked => Vec::new(),
        }
    }

    fn after(&self, id: &StepId, ids: &BTreeSet<StepId>) -> BTreeSet<StepId> {
        let step = |address: &Address, phase| Some(StepId { address: address.clone(), phase });
        let mut after = BTreeSet::new();
        // The calls on the parts of a renamed object already use its new name.
        if let Some(parent) = self.renamed_parents.get(&id.address) {
            after.extend(parent.iter().filter_map(|it| step(it, StepPhase::Update)));
        }
        if id.phase == StepPhase::Delete {
            let is_local = kind::kind_of(id.address.kind()).is_local();
            for dependent in self.dependents.on(&id.address) {
                after.extend(step(dependent, StepPhase::Delete));
                // An update that drops the reference frees this object for removal; an update that
                // keeps the reference comes later. A file needs no freeing, and waiting would make
                // a cycle if the update waits for the file that replaces this one.
                if !is_local && !self.declared(dependent).any(|it| *it == id.address) {
                    after.extend(step(dependent, StepPhase::Update));
                }
            }
        } else {
            // What is no longer the manifest's is forgotten after its parts: a part whose parent
            // the state does not know counts as the manifest's own, and the next run would remove
            // it.
            if !self.desired.resources.contains_key(&id.address) {
                let parts = self.dependents.on(&id.address);
                after.extend(parts.filter_map(|it| step(it, StepPhase::Record)));
            }
            after.extend(step(&id.address, StepPhase::Delete));
            for dependency in self.declared(&id.address) {
                after.extend(step(dependency, StepPhase::Create));
                after.extend(step(dependency, StepPhase::Update));
            }
        }
        after.retain(|it| ids.contains(it));
        after
    }
}

/// The steps of one decision.
struct Draft<'a> {
    kind: &'static dyn Kind,
    decision: &'a PlannedChange<'a>,
    needs: &'a Needs<'a>,
}

impl Draft<'_> {
    /// Returns true if the live object is as declared, but the state differs: the manifest adopted
    /// a manual change, or a dependency was added or dropped.
    fn is_outdated(&self) -> bool {
        if self.decision.change.moved_from.is_some() || self.decision.restated {
            return true;
        }
        let (Some(entry), Some(resource)) = (self.decision.recorded, self.declared()) else {
            return false;
        };
        let declared = self.memory().completed_by(&resource.recorded_attributes());
        entry.depends_on != resource.depends_on || entry.attributes != declared
    }

    /// Returns the state's attributes of the object, with its id.
    fn known(&self) -> Option<Attributes> {
        self.decision.recorded.map(RecordedObject::known)
    }

    fn create(&self, expect: Expect) -> Vec<Step> {
        let Some(wanted) = &self.decision.wanted else { return Vec::new() };
        // A new key replaces the key whose id is recorded.
        let mut wanted_now = self.with_takes(wanted);
        let id = self.decision.recorded.and_then(|entry| entry.id.as_deref());
        wanted_now.extend(id.map(|id| ("id", id.into())));
        let mut step = self.step(StepPhase::Create, self.kind.create(&wanted_now), expect);
        step.wanted = subject(self.kind, Some(wanted), self.known().as_ref());
        step.record = self.declared_record();
        step.carried = self.decision.carried.clone();
        vec![step]
    }

    /// Returns the wanted attributes, with the objects whose places the object takes.
    fn with_takes(&self, wanted: &Attributes) -> Attributes {
        let mut wanted = wanted.clone();
        let takes = self.decision.takes.iter();
        let takes: BTreeMap<&str, &str> = takes.map(|(field, it)| (*field, &*it.id)).collect();
        if !takes.is_empty() {
            wanted.insert(TAKES, json!(takes));
        }
        wanted
    }

    fn update(&self) -> Vec<Step> {
        let (Some(wanted), Some(seen)) = (&self.decision.wanted, &self.decision.seen) else {
            return Vec::new();
        };
        let changed: Vec<&str> =
            self.decision.change.fields.iter().map(|field| field.change.field.as_str()).collect();
        // Replacing the principal changes this document in AWS after the plan was made; therefore
        // it is written again.
        let is_rewritten = matches!(self.decision.change.reason, Reason::ParentReplaced(_));
        let expect = if is_rewritten || self.decision.shifts {
            Expect::Anything
        } else {
            Expect::Same(fingerprint(self.kind, seen))
        };
        let with_takes = self.with_takes(wanted);
        let calls = match seen.upkeep {
            Some(Maintenance::Renew(_)) => self.kind.renew(seen, &with_takes),
            Some(Maintenance::Move(_) | Maintenance::Tend(_)) | None => {
                self.kind.update(seen, &with_takes, &changed)
            }
        };
        let mut step = self.step(StepPhase::Update, calls, expect);
        step.wanted = self.subject(seen);
        // What is let go of was read for its removal.
        step.removal = self.decision.change.reason == Reason::LetGo;
        step.before = Some(Box::new(seen.as_ref().clone()));
        step.record = self.declared_record();
        vec![step]
    }

    fn delete(&self) -> Vec<Step> {
        let Some(seen) = &self.decision.seen else { return Vec::new() };
        let known = self.known();
        let recorded = known.as_ref().unwrap_or(&seen.attributes);
        let is_exclusive = self.decision.change.reason == Reason::Exclusive;
        let expect = if is_exclusive || self.decision.shifts {
            Expect::Anything
        } else {
            Expect::Same(fingerprint(self.kind, seen))
        };
        let calls = self
            .decision
            .clearing
            .iter()
            .cloned()
            .chain(self.kind.delete(seen, recorded))
            .collect();
        let mut step = self.step(StepPhase::Delete, calls, expect);
        step.wanted = self.subject(seen);
        step.removal = true;
        step.carried = self.decision.carried.clone();
        step.successor.clone_from(&self.decision.successor);
        step.before = Some(Box::new(seen.as_ref().clone()));
        vec![step]
    }

    /// Returns the step that cleans up after an object that is gone, if something that was made
    /// with it is left. If the object is made anew, only files on this machine are cleaned up: the
    /// state remembers the rest, which is in AWS.
    fn clear(&self) -> Option<Step> {
        let known = self.known()?;
        let mut calls = self.kind.leftovers(&known);
        if self.decision.change.action == ChangeAction::Create {
            calls.retain(|call| matches!(call, Write::File(_)));
        }
        (!calls.is_empty()).then(|| {
            let mut step = self.step(StepPhase::Delete, calls, Expect::Anything);
            step.wanted = known;
            step
        })
    }

    fn record(&self) -> Vec<Step> {
        let mut steps = self.forget();
        for step in &mut steps {
            step.record = self.declared_record();
        }
        steps
    }

    /// Returns the step that takes the live values into the state.
    fn refresh(&self) -> Vec<Step> {
        let (Some(live), Some(entry)) = (&self.decision.wanted, self.decision.recorded) else {
            return Vec::new();
        };
        let mut steps = self.forget();
        for step in &mut steps {
            let attributes = live.as_ref().clone();
            step.record = Some(StepRecord { attributes, depends_on: entry.depends_on.clone() });
        }
        steps
    }

    /// Returns the step that takes the object out of the state.
    fn forget(&self) -> Vec<Step> {
        let mut step = self.step(StepPhase::Record, Vec::new(), Expect::Anything);
        step.before = self.decision.seen.as_deref().cloned().map(Box::new);
        vec![step]
    }

    fn declared(&self) -> Option<&Resource> {
        self.needs.desired.resources.get(&self.decision.change.address)
    }

    fn declared_record(&self) -> Option<StepRecord> {
        let resource = self.declared()?;
        let attributes = self.memory().completed_by(&resource.recorded_attributes());
        Some(StepRecord { attributes, depends_on: resource.depends_on.clone() })
    }

    /// Returns the attributes that the state remembers besides the declared ones. A replacement
    /// removes all of it.
    fn memory(&self) -> Attributes {
        if self.decision.change.action == ChangeAction::Replace {
            return Attributes::new();
        }
        let seen = self.decision.seen.as_deref();
        self.kind.memory(&self.known().unwrap_or_default(), seen)
    }

    /// Returns the attributes by which the resolver looked for the object, and not those after the
    /// change: a file that a key leaves is read once more. Names are those that the object has now,
    /// because a changed path is part of its ARN.
    fn subject(&self, seen: &LiveObject) -> Attributes {
        let declared = self.declared().map(|it| &it.attributes);
        let mut subject = subject(self.kind, declared, self.known().as_ref());
        // Fields that a new object takes over were read, although neither the manifest nor the
        // state names them.
        let apart = self.kind.fields_read_apart();
        let unnamed = !apart.iter().any(|field| subject.contains_key(field));
        let apart = |field: &Field| unnamed && apart.contains(&field.name);
        let fields = self.kind.fields().iter();
        for field in fields.filter(|field| field.form == FieldForm::Identity || apart(field)) {
            if let Some(value) = seen.attributes.shared(field.name) {
                subject.share(field.name, value.clone());
            }
        }
        subject
    }

    fn step(&self, phase: StepPhase, calls: Vec<Write>, expect: Expect) -> Step {
        Step {
            id: StepId { address: self.decision.change.address.clone(), phase },
            calls,
            after: BTreeSet::new(),
            expect,
            before: None,
            record: None,
            wanted: Attributes::new(),
            carried: Attributes::new(),
            successor: None,
            moved_from: self.decision.change.moved_from.clone(),
            removal: false,
        }
    }
}
