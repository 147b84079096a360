//! Makes the calls of a step again, from the values that its change shows.

use serde_json::Map;

use super::{PlanContradiction, StepsById};
use crate::call::{FileWrite, SecretSource, Write};
use crate::diff::{ChangeAction, FieldDiff, ResourceChange};
use crate::kind::{self, FieldForm, Kind, LiveObject, Maintenance, STATE_TAG};
use crate::plan::{Step, StepId, StepPhase};
use crate::value::{Attributes, Value};

/// Checks that the calls of a step are those of its change.
pub(super) fn check_calls(
    steps: &StepsById<'_>,
    change: &ResourceChange,
    step: &Step,
) -> Result<(), PlanContradiction> {
    let kind = kind::kind_of(change.address.kind());
    let is_made = |calls: &Vec<Write>| same_calls(calls, &step.calls);
    let follows = match step.id.phase {
        StepPhase::Record => step.calls.is_empty(),
        StepPhase::Create => creations(kind, change, step).iter().any(is_made),
        StepPhase::Update => updates(steps, kind, change, step).iter().any(is_made),
        StepPhase::Delete => deletions(kind, change, step).iter().any(is_made),
        StepPhase::Stash => is_made(&stash(steps, step)),
    };
    if follows { Ok(()) } else { Err(PlanContradiction::Calls(step.id.clone())) }
}

/// Returns true for equal calls. The key that another one replaces in a file is not compared: it
/// says only which content of the file is expected, and the provider refuses any other.
fn same_calls(one: &[Write], other: &[Write]) -> bool {
    let plain = |calls: &[Write]| calls.iter().map(without_replaced).collect::<Vec<_>>();
    one.len() == other.len() && plain(one) == plain(other)
}

fn without_replaced(call: &Write) -> Write {
    let mut call = call.clone();
    if let Write::File(
        FileWrite::StoreCredentials { replaces, .. }
        | FileWrite::StoreKeyCsv { replaces, .. }
        | FileWrite::StoreKeyAge { replaces, .. },
    ) = &mut call
    {
        *replaces = None;
    }
    call
}

/// Returns the attributes with the values after the change. Of maps the change shows the keys that
/// the manifest manages; `others` has the keys that stay.
fn after(base: &Attributes, change: &ResourceChange, others: &Attributes) -> Attributes {
    let mut wanted = base.clone();
    for FieldDiff { change, form, .. } in &change.fields {
        let name = change.field.as_str();
        match (&change.after, form) {
            (Some(value), FieldForm::Keyed) => {
                let shown = change.before.as_deref().and_then(Value::as_object);
                let stays = |key: &String| !shown.is_some_and(|shown| shown.contains_key(key));
                let kept = others.get(name).and_then(Value::as_object).into_iter().flatten();
                let mut map: Map<String, Value> = kept
                    .filter(|(key, _)| stays(key))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                map.extend(value.as_object().cloned().unwrap_or_default());
                wanted.insert(name, map.into());
            }
            (
                Some(value),
                FieldForm::Plain
                | FieldForm::Document
                | FieldForm::Identity
                | FieldForm::Recorded
                | FieldForm::Setting,
            ) => wanted.share(name, value.clone()),
            (None, _) => wanted.remove(name),
        }
    }
    wanted
}

/// Returns the calls that make an object of which the change shows all. The step knows two things
/// besides: the id of a recorded key, and the tag of the state.
fn creations(kind: &dyn Kind, change: &ResourceChange, step: &Step) -> Vec<Vec<Write>> {
    let mut base = step.wanted.clone();
    let mut state_tag = Attributes::new();
    for field in kind.fields() {
        let value = base.get(field.name).and_then(|value| value.get(STATE_TAG)).cloned();
        if let Some(value) = value.filter(|_| field.form == FieldForm::Keyed) {
            state_tag.insert(field.name, Map::from_iter([(STATE_TAG.to_owned(), value)]).into());
        }
        base.remove(field.name);
    }
    vec![kind.create(&after(&base, change, &state_tag))]
}

fn updates(
    steps: &StepsById<'_>,
    kind: &dyn Kind,
    change: &ResourceChange,
    step: &Step,
) -> Vec<Vec<Write>> {
    let Some(seen) = step.before.as_deref() else { return Vec::new() };
    let changed: Vec<&str> = change.fields.iter().map(|it| it.change.field.as_str()).collect();
    let recorded = step.record.as_ref().map(|record| &record.attributes);
    let bases = recorded.into_iter().chain([&step.wanted, &seen.attributes]);
    let calls = bases.map(|base| {
        let wanted = after(base, change, &seen.attributes);
        match seen.upkeep {
            Some(Maintenance::Renew(_)) => kind.renew(seen, &wanted),
            Some(Maintenance::Move(_) | Maintenance::Tend(_)) | None => {
                kind.update(seen, &wanted, &changed)
            }
        }
    });
    let stash = StepId { address: change.address.clone(), phase: StepPhase::Stash };
    match steps.get(&stash) {
        None => calls.collect(),
        Some(_) => calls.map(moved_aside).collect(),
    }
}

/// Returns the calls of an update whose secret was moved aside before it: it is read from there.
fn moved_aside(mut calls: Vec<Write>) -> Vec<Write> {
    let aside = calls.iter_mut().find_map(|call| match call {
        Write::File(FileWrite::ReadSecret { key, from, .. }) => {
            *from = SecretSource::aside(key);
            Some(Write::File(FileWrite::removal(from, key)))
        }
        Write::File(_) | Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => None,
    });
    calls.extend(aside.filter(|removal| !calls.contains(removal)));
    calls
}

/// Returns the calls that move a secret aside: out of the file that the update would have read.
fn stash(steps: &StepsById<'_>, step: &Step) -> Vec<Write> {
    let update = StepId { address: step.id.address.clone(), phase: StepPhase::Update };
    let calls = steps.get(&update).into_iter().flat_map(|update| &update.calls);
    let key = calls.clone().find_map(|call| match call {
        Write::File(FileWrite::ReadSecret { user, key, .. }) => Some((user.clone(), key.clone())),
        Write::File(_) | Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => None,
    });
    let read = step.calls.first().filter(|call| {
        matches!(call, Write::File(FileWrite::ReadSecret { user, key: id, .. })
            if key.as_ref() == Some(&(user.clone(), id.clone())))
    });
    let aside = key.as_ref().map(|(_, key)| SecretSource::aside(key));
    read.cloned()
        .into_iter()
        .chain(aside.map(|aside| Write::File(FileWrite::storage(&aside))))
        .collect()
}

fn deletions(kind: &dyn Kind, change: &ResourceChange, step: &Step) -> Vec<Vec<Write>> {
    let Some(seen) = step.before.as_deref() else { return vec![leftovers(kind, change, step)] };
    let foreign = change.before_it.iter().filter(|it| it.owner.is_none());
    let clearing: Vec<Write> = foreign.flat_map(|it| it.calls.iter().cloned()).collect();
    let recorded = [&step.wanted, &seen.attributes];
    recorded
        .map(|recorded| removal(kind, seen, recorded, &clearing))
        .into_iter()
        .flatten()
        .collect()
}

/// Returns the calls that remove an object, with the obstacles of other owners before it, and
/// without: what `force_destroy` removes is a part of the removal itself.
fn removal(
    kind: &dyn Kind,
    seen: &LiveObject,
    recorded: &Attributes,
    clearing: &[Write],
) -> [Vec<Write>; 2] {
    let own = kind.delete(seen, recorded);
    let with_clearing = clearing.iter().cloned().chain(own.iter().cloned()).collect();
    [with_clearing, own]
}

/// Returns the calls that clear the remains of an object that is gone.
fn leftovers(kind: &dyn Kind, change: &ResourceChange, step: &Step) -> Vec<Write> {
    let mut calls = kind.leftovers(&step.wanted);
    if change.action == ChangeAction::Create {
        calls.retain(|call| matches!(call, Write::File(_)));
    }
    calls
}
