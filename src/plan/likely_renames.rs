//! Finds removals and creations that look like one object under a new name, before anything is
//! destroyed.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanNote, PlanNoteKind};
use crate::address::Address;
use crate::diff::{ChangeAction, PlannedChange, Reason};
use crate::kind::{self, FieldForm};
use crate::value::{Attributes, Value};

/// The likeness of two names from which on they count as alike.
const ALIKE: f64 = 0.8;

/// Returns a remark for each removal that looks like the other half of a creation.
pub(super) fn notes(decisions: &[PlannedChange<'_>]) -> Vec<PlanNote> {
    let parts = parts(decisions);
    let removed: Vec<_> = candidates(decisions, ChangeAction::Delete, &Reason::Undeclared);
    let created: Vec<_> = candidates(decisions, ChangeAction::Create, &Reason::New);
    let mut taken = BTreeSet::new();
    let mut notes = Vec::new();
    for old in removed {
        let likely = created
            .iter()
            .filter(|new| !taken.contains(&new.change.address))
            .filter_map(|new| Some((likeness(old, new, &parts)?, new)))
            .max_by(|one, other| one.0.total_cmp(&other.0));
        if let Some((_, new)) = likely {
            taken.insert(new.change.address.clone());
            notes.push(note(&old.change.address, &new.change.address));
        }
    }
    notes
}

fn note(old: &Address, new: &Address) -> PlanNote {
    let becomes = if kind::kind_of(old.kind()).is_renamed_in_place() {
        "it is renamed in place, and keeps its keys, groups and policies"
    } else {
        "the new one is made before the old one goes"
    };
    let text = format!(
        "{old} is destroyed and {new} is created, which looks like one {} under a new name.",
        old.kind()
    );
    PlanNote::new(PlanNoteKind::LikelyRename, text)
        .with_details(["moved:".to_owned(), format!("- {{from: {old}, to: {new}}}")])
        .with_help(format!("if it is one, write these lines into the manifest: {becomes}"))
}

fn candidates<'d, 'p>(
    decisions: &'d [PlannedChange<'p>],
    action: ChangeAction,
    reason: &Reason,
) -> Vec<&'d PlannedChange<'p>> {
    let is_meant = |it: &&PlannedChange<'_>| {
        let change = &it.change;
        change.action == action && change.reason == *reason && change.address.kind().is_movable()
    };
    decisions.iter().filter(is_meant).collect()
}

/// The parts of each object, without the object's own name.
type PartsByParent = BTreeMap<Address, BTreeSet<String>>;

fn parts(decisions: &[PlannedChange<'_>]) -> PartsByParent {
    let mut parts = PartsByParent::new();
    for decision in decisions {
        let kind = kind::kind_of(decision.change.address.kind());
        let Some(parent) = kind.facts().parent else { continue };
        let seen = decision.seen.as_ref().map(|it| &it.attributes);
        let Some(attributes) = seen.or(decision.wanted.as_deref()) else { continue };
        let fields = kind.fields().iter().filter(|field| field.name != parent.attribute);
        let set = fields.filter_map(|field| Some((field.name, attributes.get(field.name)?)));
        let rest = set
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{name}={value}"));
        let part = format!("{} {}", kind.name(), rest.collect::<Vec<_>>().join(" "));
        parts.entry(parent.address(attributes)).or_default().insert(part);
    }
    parts
}

/// Returns how much a removed and a created object look like one; `None` if they do not.
fn likeness(
    old: &PlannedChange<'_>,
    new: &PlannedChange<'_>,
    parts: &PartsByParent,
) -> Option<f64> {
    let (before, after) = (&old.change.address, &new.change.address);
    // Names that IAM does not distinguish have a remark of their own.
    let is_same_name = before.name().eq_ignore_ascii_case(after.name());
    if before.kind() != after.kind() || is_same_name {
        return None;
    }
    let kind = kind::kind_of(before.kind());
    let (seen, wanted) = (old.seen.as_ref()?, new.wanted.as_deref()?);
    let compared = kind.fields().iter().filter(|field| match field.form {
        FieldForm::Plain | FieldForm::Document => true,
        FieldForm::Keyed | FieldForm::Identity | FieldForm::Recorded | FieldForm::Setting => false,
    });
    let declared = compared.filter(|field| wanted.contains_key(field.name));
    let is_equal = declared.clone().all(|field| {
        let (was, is) = (seen.attributes.get(field.name), wanted.get(field.name));
        was == is || was.zip(is).is_some_and(|(was, is)| is_renamed_value(was, is, before, after))
    });
    let none = BTreeSet::new();
    let [old_parts, new_parts] = [before, after].map(|it| parts.get(it).unwrap_or(&none));
    if !is_equal || old_parts != new_parts {
        return None;
    }
    let names = strsim::jaro_winkler(&before.name().to_lowercase(), &after.name().to_lowercase());
    let has_document = kind.facts().document.is_some_and(|it| is_set(wanted, it.field));
    (names >= ALIKE || has_document || !new_parts.is_empty()).then_some(names)
}

fn is_set(attributes: &Attributes, field: &str) -> bool {
    attributes.get(field).is_some_and(|value| !value.is_null())
}

/// Returns true if two values differ in the object's own name only, as in an ARN of itself.
fn is_renamed_value(was: &Value, is: &Value, before: &Address, after: &Address) -> bool {
    let renamed = was.to_string().replace(before.name(), after.name());
    renamed == serde_json::to_string(is).unwrap_or_default()
}
