//! Holds the values of a step against those that its change shows: the object that is changed, and
//! what the state records of it.

use super::PlanContradiction;
use crate::diff::{ChangeAction, FieldDiff, Reason, ResourceChange, is_same_value};
use crate::kind::{self, FieldForm};
use crate::plan::{Plan, Step, StepPhase};
use crate::value::{Attributes, Value};

/// The identity attributes that are no part of an address.
const UNNAMED: [&str; 3] = ["arn", "policy_arn", "file"];

/// Checks that the step is about the object at its address, and sees and records the values that
/// the change shows.
pub(super) fn check_values(
    change: &ResourceChange,
    step: &Step,
    is_renaming: bool,
) -> Result<(), PlanContradiction> {
    let fault =
        |field: &str| PlanContradiction::Field { step: step.id.clone(), field: field.to_owned() };
    if step.moved_from != change.moved_from {
        return Err(fault("earlier address"));
    }
    let seen = step.before.as_ref().map(|it| &it.attributes);
    let record = step.record.as_ref().map(|it| &it.attributes);
    if !is_renaming {
        for attributes in seen.into_iter().chain(record).chain([&step.wanted]) {
            if let Some(field) = misnamed(change, attributes) {
                return Err(fault(field));
            }
        }
    }
    let is_change = matches!(step.id.phase, StepPhase::Create | StepPhase::Update);
    for field in &change.fields {
        let name = field.change.field.as_str();
        let after = field.change.after.as_deref().filter(|_| is_change);
        // The state records what the manifest says, also of fields that it leaves to others.
        let is_recorded = is_change && !step.carried.contains_key(name);
        let recorded = record.and_then(|record| record.get(name)).filter(|_| is_recorded);
        if let (Some(after), Some(recorded)) = (after, recorded)
            && !agrees(field, after, recorded)
        {
            return Err(fault(name));
        }
        let before = field.change.before.as_deref();
        if let (Some(before), Some(seen)) = (before, seen.and_then(|seen| seen.get(name)))
            && is_read(field, change.action)
            && !agrees(field, before, seen)
        {
            return Err(fault(name));
        }
    }
    Ok(())
}

/// Returns true if the plan gives an object another name or address. Its parts have both names
/// then, and the plan says so.
pub(super) fn is_renaming(plan: &Plan) -> bool {
    plan.changes.iter().any(|it| matches!(it.reason, Reason::Renamed(_)) || it.moved_from.is_some())
}

/// Returns the naming attribute that is not a part of the address.
fn misnamed(change: &ResourceChange, attributes: &Attributes) -> Option<&'static str> {
    let address = change.address.name();
    let kind = kind::kind_of(change.address.kind());
    let names = kind.fields().iter().filter(|field| field.form == FieldForm::Identity);
    let names = names.map(|field| field.name).filter(|name| !UNNAMED.contains(name));
    let is_named = |text: &str| {
        address == text
            || address.strip_prefix(text).is_some_and(|rest| rest.starts_with('/'))
            || address.strip_suffix(text).is_some_and(|rest| rest.ends_with('/'))
    };
    let mut wrong = names.filter(|name| {
        attributes.get(name).and_then(Value::as_str).is_some_and(|text| !is_named(text))
    });
    wrong.next()
}

/// Returns true for fields whose value before the change is that of the live object. A replacement
/// shows the new identity only.
fn is_read(field: &FieldDiff, action: ChangeAction) -> bool {
    match field.form {
        FieldForm::Plain | FieldForm::Keyed | FieldForm::Document => true,
        FieldForm::Identity => action != ChangeAction::Replace,
        FieldForm::Recorded | FieldForm::Setting => false,
    }
}

/// Returns true if two values of a field can be of one object: of a map, the change shows only the
/// keys that change, or that the manifest manages.
fn agrees(field: &FieldDiff, shown: &Value, held: &Value) -> bool {
    match (field.form, shown.as_object(), held.as_object()) {
        (FieldForm::Keyed, Some(shown), Some(held)) => {
            shown.iter().all(|(key, value)| held.get(key).is_none_or(|held| held == value))
        }
        (form, ..) => is_same_value(form, shown, held),
    }
}
