//! Compares two sets of attributes, field by field.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Map;

use super::FieldDiff;
use crate::kind::{Field, FieldForm, Kind, OnChange, STATE_TAG};
use crate::model::IgnoredFields;
use crate::policy;
use crate::value::{Attributes, FieldChange, SharedValue, Value};

/// The comparison of a declared object with a live one.
pub struct FieldComparison<'a> {
    /// The fields that differ, in the kind's order.
    pub fields: Vec<FieldDiff>,
    pub unchanged: usize,
    /// The declared attributes, with the keys of keyed fields that the manifest doesn't manage.
    pub wanted: Cow<'a, Attributes>,
    /// The keys that the manifest doesn't manage, each with its field: `tags` and `CostCentre`.
    pub foreign_keys: Vec<(&'static str, String)>,
}

impl<'a> FieldComparison<'a> {
    pub fn of(
        kind: &dyn Kind,
        declared: &'a Attributes,
        recorded: Option<&Attributes>,
        live: &Attributes,
        ignored: &IgnoredFields,
    ) -> Self {
        let mut comparison = Self {
            fields: Vec::new(),
            unchanged: 0,
            wanted: Cow::Borrowed(declared),
            foreign_keys: Vec::new(),
        };
        for field in kind.fields().iter().filter(|field| field.form != FieldForm::Identity) {
            if field.form != FieldForm::Keyed && ignored.has_field(field.name) {
                continue;
            }
            let was = recorded.and_then(|recorded| recorded.get(field.name));
            // A field that neither the manifest nor the state names is not managed.
            let wanted = match declared.get(field.name) {
                Some(declared) => Cow::Borrowed(declared),
                None if was.is_some() && !field.stays => {
                    comparison.wanted.to_mut().insert(field.name, (field.default)());
                    Cow::Owned((field.default)())
                }
                None => continue,
            };
            let was = was.map(|was| ignored.without(field.name, Cow::Borrowed(was)));
            let ours = ignored.without(field.name, Cow::Borrowed(&*wanted));
            if let Cow::Owned(ours) = &ours {
                comparison.wanted.to_mut().insert(field.name, ours.clone());
            }
            let was = (recorded.is_some(), was.as_deref());
            comparison.compare(field, ours, was, live.get(field.name));
        }
        comparison.foreign_keys.retain(|(field, key)| !ignored.has_key(field, key));
        comparison
    }

    /// Returns the comparison with attributes of its own.
    pub fn into_owned(self) -> FieldComparison<'static> {
        let Self { fields, unchanged, wanted, foreign_keys } = self;
        let wanted = Cow::Owned(wanted.into_owned());
        FieldComparison { fields, unchanged, wanted, foreign_keys }
    }

    /// Compares one field. `was` is its recorded value; `is_recorded` is true if the object is
    /// recorded at all.
    fn compare(
        &mut self,
        field: &Field,
        wanted: Cow<'_, Value>,
        (is_recorded, was): (bool, Option<&Value>),
        live: Option<&Value>,
    ) {
        let default = || Cow::Owned((field.default)());
        let live = live.map_or_else(default, Cow::Borrowed);
        if field.form == FieldForm::Keyed && is_settled(&live, &wanted) {
            self.unchanged += 1;
            return;
        }
        let before = match field.form {
            FieldForm::Setting => was.map_or_else(|| wanted.clone(), Cow::Borrowed),
            FieldForm::Recorded if is_recorded => was.map_or_else(default, Cow::Borrowed),
            FieldForm::Recorded => wanted.clone(),
            FieldForm::Keyed => {
                let managed: BTreeSet<&String> =
                    [Some(&*wanted), was].into_iter().flatten().flat_map(keys).collect();
                self.keep_others(field, &wanted, &live, &managed);
                let ours = match of_keys(&live, &managed) {
                    Cow::Borrowed(_) => None,
                    Cow::Owned(ours) => Some(ours),
                };
                ours.map_or(live, Cow::Owned)
            }
            FieldForm::Plain | FieldForm::Document | FieldForm::Identity => live,
        };
        if is_same_value(field.form, &before, &wanted) {
            self.unchanged += 1;
        } else {
            self.fields.push(diff(
                field,
                Some(before.into_owned().into()),
                Some(wanted.into_owned().into()),
            ));
        }
    }

    /// Adds the change of one key of a keyed field that relayctl itself sets.
    pub fn add_key(
        &mut self,
        kind: &dyn Kind,
        name: &str,
        key: &str,
        before: Option<&str>,
        after: &str,
    ) {
        let Some(field) = kind.fields().iter().find(|field| field.name == name) else { return };
        let with = |value: Option<&Value>, text: Option<&str>| {
            let mut map = value.and_then(Value::as_object).cloned().unwrap_or_default();
            map.extend(text.map(|text| (key.to_owned(), Value::from(text))));
            Value::Object(map)
        };
        let changed = self.fields.iter().position(|it| it.change.field == name);
        let change = changed.map(|at| self.fields.remove(at).change);
        self.unchanged -= usize::from(change.is_none());
        let (was, is) = change.map_or((None, None), |change| (change.before, change.after));
        let (was, is) = (with(was.as_deref(), before), with(is.as_deref(), Some(after)));
        self.fields.push(diff(field, Some(was.into()), Some(is.into())));
        let place =
            |it: &FieldDiff| kind.fields().iter().position(|field| field.name == it.change.field);
        self.fields.sort_by_key(place);
    }

    /// Keeps the keys that are not managed.
    fn keep_others(
        &mut self,
        field: &Field,
        wanted: &Value,
        live: &Value,
        managed: &BTreeSet<&String>,
    ) {
        let others =
            live.as_object().into_iter().flatten().filter(|(key, _)| !managed.contains(key));
        let mut whole: Map<String, Value> =
            others.map(|(key, value)| (key.clone(), value.clone())).collect();
        let foreign = whole.keys().filter(|key| !is_of_aws(key) && *key != STATE_TAG);
        self.foreign_keys.extend(foreign.map(|key| (field.name, key.clone())));
        if !whole.is_empty() || !wanted.is_object() {
            whole.extend(wanted.as_object().cloned().unwrap_or_default());
            self.wanted.to_mut().insert(field.name, Value::Object(whole));
        }
    }
}

/// Returns true if a map holds exactly the wanted entries, besides the tag of the state, which
/// everything that a state manages has. Nothing of it needs to be copied then.
fn is_settled(live: &Value, wanted: &Value) -> bool {
    let (Some(live), Some(wanted)) = (live.as_object(), wanted.as_object()) else { return false };
    let others = || live.iter().filter(|(key, _)| *key != STATE_TAG);
    others().count() == wanted.len() && others().all(|(key, value)| wanted.get(key) == Some(value))
}

/// Returns true for a tag of AWS's own, which nobody else can set, change or remove (IAM User
/// Guide, "Rules for tagging"): `aws:cloudformation:stack-name`.
pub fn is_of_aws(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

/// Returns true if two values of a field are the same to AWS.
pub fn is_same_value(form: FieldForm, one: &Value, other: &Value) -> bool {
    match form {
        FieldForm::Document => one == other || policy::equivalent(one, other),
        FieldForm::Plain
        | FieldForm::Keyed
        | FieldForm::Identity
        | FieldForm::Setting
        | FieldForm::Recorded => one == other,
    }
}

/// Returns every field of a new object that is set.
pub fn all_new(kind: &dyn Kind, declared: &Attributes) -> Vec<FieldDiff> {
    let set = |field: &Field| declared.shared(field.name).filter(|value| is_set(value)).cloned();
    let mut fields: Vec<_> = kind
        .fields()
        .iter()
        .filter_map(|field| Some(diff(field, None, Some(set(field)?))))
        .collect();
    // There are as many of these lists as objects, so they are kept small.
    fields.shrink_to_fit();
    fields
}

/// Returns every field of a removed object, with its live value.
pub fn all_gone(kind: &dyn Kind, recorded: &Attributes, live: &Attributes) -> Vec<FieldDiff> {
    kind.fields()
        .iter()
        .filter(|field| field.form == FieldForm::Identity || recorded.contains_key(field.name))
        .filter_map(|field| {
            Some(diff(field, Some(live.shared(field.name).filter(|v| is_set(v))?.clone()), None))
        })
        .collect()
}

/// Returns the fields of a replacement: those that differ, and the others, which are made again.
pub fn replaced(
    kind: &dyn Kind,
    comparison: &FieldComparison<'_>,
    declared: &Attributes,
) -> Vec<FieldDiff> {
    kind.fields()
        .iter()
        .filter_map(|field| {
            let differs = comparison.fields.iter().find(|diff| diff.change.field == field.name);
            let same = || declared.shared(field.name).filter(|v| is_set(v)).cloned();
            differs
                .cloned()
                .or_else(|| same().map(|value| diff(field, Some(value.clone()), Some(value))))
        })
        .map(|mut field| {
            if field.change.before == field.change.after {
                field.forces_replacement = None;
            }
            field
        })
        .collect()
}

/// Returns the changes that were made outside relayctl since the object was recorded.
pub fn drift(
    kind: &dyn Kind,
    recorded: &Attributes,
    live: &Attributes,
    ignored: &IgnoredFields,
) -> Vec<FieldChange> {
    kind.fields()
        .iter()
        .filter(|field| {
            !matches!(field.form, FieldForm::Identity | FieldForm::Setting | FieldForm::Recorded)
        })
        .filter(|field| field.form == FieldForm::Keyed || !ignored.has_field(field.name))
        .filter_map(|field| {
            let was = ignored.without(field.name, Cow::Borrowed(recorded.get(field.name)?));
            let is = live.get(field.name)?;
            let is = if field.form == FieldForm::Keyed {
                of_keys(is, &keys(&was).collect())
            } else {
                Cow::Borrowed(is)
            };
            (!is_same_value(field.form, &was, &is)).then(|| FieldChange {
                field: field.name.to_owned(),
                before: Some(was.into_owned().into()),
                after: Some(is.into_owned().into()),
            })
        })
        .collect()
}

fn diff(field: &Field, before: Option<SharedValue>, after: Option<SharedValue>) -> FieldDiff {
    let forces_replacement = match field.change {
        OnChange::Replace(why) if before.is_some() && after.is_some() => Some(why.to_owned()),
        OnChange::Replace(_) | OnChange::InPlace => None,
    };
    FieldDiff {
        change: FieldChange { field: field.name.to_owned(), before, after },
        form: field.form,
        forces_replacement,
    }
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn keys(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(Map::keys)
}

/// Returns a map without the entries of other keys. A value that is not a map has no entries.
fn of_keys<'v>(value: &'v Value, managed: &BTreeSet<&String>) -> Cow<'v, Value> {
    match value.as_object() {
        Some(entries) if entries.keys().all(|key| managed.contains(key)) => Cow::Borrowed(value),
        entries => {
            let ours = entries.into_iter().flatten().filter(|(key, _)| managed.contains(key));
            Cow::Owned(Value::Object(
                ours.map(|(key, value)| (key.clone(), value.clone())).collect(),
            ))
        }
    }
}
