//! Finds what a replacement carries over: the fields and tags that the manifest doesn't manage, and
//! that others set on the old object.

use std::borrow::Cow;

use serde_json::{Map, json};

use super::fields::{self, FieldComparison, is_of_aws};
use super::{DiffSubject, PlannedChange};
use crate::kind::{Field, FieldForm, Kind, LiveObject};
use crate::model::{IgnoredFields, OWN_TAGS, RecordedObject, Resource};
use crate::value::{Attributes, Value};

/// The name under which the state keeps what is carried over, from before the old object is deleted
/// until the new one exists: a run that is killed between the two loses nothing.
pub const CARRIED: &str = "carried";

/// The fields of the old object that the new one gets, too.
#[derive(Clone, Debug, Default, PartialEq)]
struct CarriedFields {
    /// The values, by field. Of a map only the keys that are carried over.
    values: Attributes,
    /// Texts for the reader on the values that are carried over, and on those that are lost.
    remarks: Vec<String>,
}

impl CarriedFields {
    /// Returns what a replacement of `live` carries over.
    fn of_replacement(
        kind: &dyn Kind,
        resource: &Resource,
        recorded: Option<&RecordedObject>,
        live: &Attributes,
    ) -> Self {
        let mut carried = Self::default();
        if !kind.facts().ownership.has_tags() {
            return carried;
        }
        for field in kind.fields() {
            let managed = [Some(&resource.attributes), recorded.map(|entry| &entry.attributes)]
                .into_iter()
                .flatten()
                .any(|it| it.contains_key(field.name));
            let Some(is) = live.get(field.name) else { continue };
            match field.form {
                FieldForm::Plain | FieldForm::Document => {
                    let is_ours = managed && !resource.ignored.has_field(field.name);
                    if !is_ours && *is != (field.default)() {
                        carried.add_field(field, is);
                    }
                }
                FieldForm::Keyed => {
                    let was = recorded.and_then(|entry| entry.attributes.get(field.name));
                    let declared = resource.attributes.get(field.name);
                    let is_managed = |key: &str| {
                        let named = |map: &Value| map.get(key).is_some();
                        [declared, was].into_iter().flatten().any(named)
                            && !resource.ignored.has_key(field.name, key)
                    };
                    carried.add_keys(field, is, is_managed);
                }
                FieldForm::Identity | FieldForm::Recorded | FieldForm::Setting => {}
            }
        }
        let lost = |field: &&&str| !resource.attributes.contains_key(field);
        let lost: Vec<&str> = kind.fields_not_carried().iter().filter(lost).copied().collect();
        if !lost.is_empty() {
            let fields = lost.join(", ");
            carried.remarks.push(format!(
                "settings that the manifest does not name are not carried over to the new object: \
                    {fields}"
            ));
        }
        carried
    }

    fn add_field(&mut self, field: &Field, value: &Value) {
        let shown = match (field.form, value) {
            (FieldForm::Plain, Value::String(text)) => format!(" {text}"),
            (FieldForm::Plain, Value::Number(number)) => format!(" {number}"),
            (_, _) => String::new(),
        };
        self.remarks.push(format!(
            "{}{shown}: not set by the manifest, carried over to the new object",
            field.name
        ));
        self.values.insert(field.name, value.clone());
    }

    fn add_keys(&mut self, field: &Field, live: &Value, is_managed: impl Fn(&str) -> bool) {
        let mut kept = Map::new();
        for (key, value) in live.as_object().into_iter().flatten() {
            if is_of_aws(key) {
                self.remarks.push(format!(
                    "{}.{key}: set by AWS, and lost: nobody can set it on the new object",
                    field.name
                ));
            } else if !key.starts_with(OWN_TAGS) && !is_managed(key) {
                self.remarks.push(format!(
                    "{}.{key}: not set by the manifest, carried over to the new object",
                    field.name
                ));
                kept.insert(key.clone(), value.clone());
            }
        }
        if !kept.is_empty() {
            self.values.insert(field.name, kept.into());
        }
    }

    /// Returns the attributes of the new object.
    fn added_to(&self, resource: &Resource) -> Attributes {
        with_carried(&resource.attributes, &self.values, &resource.ignored)
    }
}

impl<'a> DiffSubject<'a, '_> {
    /// Gives the new object what others set on the one that it replaces.
    pub(super) fn carry_over(
        &self,
        decision: &mut PlannedChange<'a>,
        resource: &'a Resource,
        comparison: &FieldComparison<'_>,
        seen: &LiveObject,
    ) {
        let carried =
            CarriedFields::of_replacement(self.kind, resource, self.entry, &seen.attributes);
        let wanted = carried.added_to(resource);
        decision.change.fields = fields::replaced(self.kind, comparison, &wanted);
        decision.change.left_alone =
            carried.remarks.into_iter().chain(seen.remarks.clone()).collect();
        decision.wanted = Some(self.with_state_tag(Cow::Owned(wanted)));
        decision.carried = carried.values;
    }
}

/// Returns what a replacement that was interrupted carries over: the old object is gone already.
pub(super) fn left_by_interrupted(recorded: Option<&RecordedObject>) -> Option<Attributes> {
    let carried = recorded?.attributes.get(CARRIED)?.as_object()?;
    Some(carried.iter().map(|(field, value)| (field.clone(), value.clone())).collect())
}

/// Returns the value under which the state keeps what is carried over.
pub fn to_record(carried: &Attributes) -> Value {
    json!(carried)
}

/// Adds values to the declared attributes. A field that is ignored has the value of the old object;
/// a tag that was added to the manifest meanwhile has the manifest's.
pub(super) fn with_carried(
    declared: &Attributes,
    carried: &Attributes,
    ignored: &IgnoredFields,
) -> Attributes {
    let mut wanted = declared.clone();
    for (field, value) in carried {
        let merged = match (declared.get(field), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => {
                let mut all = theirs.clone();
                let ours = ours
                    .iter()
                    .filter(|(key, _)| !(ignored.has_key(field, key) && theirs.contains_key(*key)));
                all.extend(ours.map(|(key, value)| (key.clone(), value.clone())));
                Value::Object(all)
            }
            (_, value) => value.clone(),
        };
        wanted.insert(field, merged);
    }
    wanted
}
