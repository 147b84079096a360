//! Finds what a new object takes over from the one in whose place it is made: the fields and tags
//! that the manifest doesn't manage, and that others set on the old object. The two have one name
//! (a replacement), or another one (`moved:`).

use std::borrow::Cow;

use serde_json::{Map, json};

use super::fields::{self, FieldComparison, is_of_aws};
use super::predecessors::LivePredecessor;
use super::{ChangeAction, DiffSubject, PlannedChange, Reason};
use crate::address::Address;
use crate::kind::{Field, FieldForm, Kind, LiveObject};
use crate::model::{IgnoredFields, OWN_TAGS, RecordedObject, Resource, Status};
use crate::value::{Attributes, Value};

/// The name under which the state keeps what is carried over, from before the old object is deleted
/// until the new one exists: a run that is killed between the two loses nothing.
pub const CARRIED: &str = "carried";

/// The fields of the old object that the new one gets, too.
struct CarriedFields<'a> {
    kind: &'static dyn Kind,
    /// The new object.
    resource: &'a Resource,
    /// The values, by field. Of a map only the keys that are carried over.
    values: Attributes,
    /// Texts for the reader on the values that are carried over, and on those that are lost.
    remarks: Vec<String>,
}

impl<'a> CarriedFields<'a> {
    fn nothing(kind: &'static dyn Kind, resource: &'a Resource) -> Self {
        Self { kind, resource, values: Attributes::new(), remarks: Vec::new() }
    }

    /// Adds what others set on an old object. `moved_from` is its address, if that is another one.
    fn add_old(
        &mut self,
        recorded: Option<&RecordedObject>,
        live: &Attributes,
        moved_from: Option<&Address>,
    ) {
        let resource = self.resource;
        let whence = whence(moved_from);
        for field in self.kind.fields() {
            let managed = [Some(&resource.attributes), recorded.map(|entry| &entry.attributes)]
                .into_iter()
                .flatten()
                .any(|it| it.contains_key(field.name));
            let Some(is) = live.get(field.name) else { continue };
            match field.form {
                FieldForm::Plain | FieldForm::Document => {
                    let is_ours = managed && !resource.ignored.has_field(field.name);
                    if !is_ours && *is != (field.default)() {
                        self.add_field(field, is, &whence);
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
                    self.add_keys(field, is, is_managed, &whence);
                }
                FieldForm::Identity | FieldForm::Recorded | FieldForm::Setting => {}
            }
        }
        let lost = |field: &&&str| !resource.attributes.contains_key(field);
        let lost: Vec<&str> = self.kind.fields_not_carried().iter().filter(lost).copied().collect();
        if !lost.is_empty() {
            let fields = lost.join(", ");
            self.remark(format!(
                "settings that the manifest does not name are not carried over {whence}: {fields}"
            ));
        }
    }

    /// Adds what an interrupted run recorded of an old object, unless the manifest manages it by
    /// now.
    fn add_recorded(&mut self, recorded: &Attributes) {
        let resource = self.resource;
        let whence = whence(None);
        for field in self.kind.fields() {
            let Some(was) = recorded.get(field.name) else { continue };
            let declared = resource.attributes.get(field.name);
            match field.form {
                FieldForm::Plain | FieldForm::Document => {
                    if declared.is_none() || resource.ignored.has_field(field.name) {
                        self.add_field(field, was, &whence);
                    }
                }
                FieldForm::Keyed => {
                    let is_managed = |key: &str| {
                        declared.is_some_and(|it| it.get(key).is_some())
                            && !resource.ignored.has_key(field.name, key)
                    };
                    self.add_keys(field, was, is_managed, &whence);
                }
                FieldForm::Identity | FieldForm::Recorded | FieldForm::Setting => {}
            }
        }
    }

    fn add_field(&mut self, field: &Field, value: &Value, whence: &str) {
        if self.values.contains_key(field.name) {
            return;
        }
        let shown = match (field.form, value) {
            (FieldForm::Plain, Value::String(text)) => format!(" {text}"),
            (FieldForm::Plain, Value::Number(number)) => format!(" {number}"),
            (_, _) => String::new(),
        };
        self.remark(format!(
            "{}{shown}: not set by the manifest, carried over {whence}",
            field.name
        ));
        self.values.insert(field.name, value.clone());
    }

    fn add_keys(
        &mut self,
        field: &Field,
        old: &Value,
        is_managed: impl Fn(&str) -> bool,
        whence: &str,
    ) {
        let known = self.values.get(field.name).and_then(Value::as_object);
        let mut kept: Map<String, Value> = known.cloned().unwrap_or_default();
        for (key, value) in old.as_object().into_iter().flatten() {
            if is_of_aws(key) {
                self.remark(format!(
                    "{}.{key}: set by AWS, and lost: nobody can set it on the new object",
                    field.name
                ));
            } else if !key.starts_with(OWN_TAGS) && !is_managed(key) && !kept.contains_key(key) {
                self.remark(format!(
                    "{}.{key}: not set by the manifest, carried over {whence}",
                    field.name
                ));
                kept.insert(key.clone(), value.clone());
            }
        }
        if !kept.is_empty() {
            self.values.insert(field.name, kept.into());
        }
    }

    fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// Returns the attributes of the new object.
    fn added_to_declared(&self) -> Attributes {
        with_carried(&self.resource.attributes, &self.values, &self.resource.ignored)
    }

    /// Returns the attributes of a new object that exists already. What others may set, and is set
    /// on it, stays.
    fn added_to_live(&self, live: &Attributes) -> Attributes {
        let Resource { attributes: declared, ignored, .. } = self.resource;
        let mut wanted = self.added_to_declared();
        for field in self.kind.fields() {
            let name = field.name;
            let Some(value) = wanted.shared(name).cloned() else { continue };
            match (field.form, live.get(name)) {
                (FieldForm::Keyed, Some(Value::Object(live))) => {
                    let is_ours = |key: &str| {
                        let named = declared.get(name).is_some_and(|it| it.get(key).is_some());
                        named && !ignored.has_key(name, key)
                    };
                    let mut map = value.as_object().cloned().unwrap_or_default();
                    let there = live.iter().filter(|(key, _)| !is_ours(key));
                    for (key, value) in there.filter(|(key, _)| value.get(key).is_some()) {
                        map.insert(key.clone(), value.clone());
                    }
                    wanted.insert(name, map.into());
                }
                (FieldForm::Plain | FieldForm::Document, live) => {
                    let is_ours = declared.contains_key(name) && !ignored.has_field(name);
                    match live {
                        Some(live) if !is_ours && *live != (field.default)() => {
                            wanted.insert(name, live.clone());
                        }
                        // The call that made the object set what is not read, or cannot change.
                        None if !declared.contains_key(name) => wanted.remove(name),
                        Some(_) | None => {}
                    }
                }
                (
                    FieldForm::Keyed
                    | FieldForm::Identity
                    | FieldForm::Recorded
                    | FieldForm::Setting,
                    _,
                ) => {}
            }
        }
        wanted
    }
}

fn whence(moved_from: Option<&Address>) -> String {
    moved_from.map_or_else(|| "to the new object".to_owned(), |old| format!("from {old}"))
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
        let mut carried = CarriedFields::nothing(self.kind, resource);
        if self.kind.facts().ownership.has_tags() {
            carried.add_old(self.entry, &seen.attributes, None);
        }
        if let Some(recorded) = self.left_to_finish() {
            carried.add_recorded(&recorded);
        }
        let wanted = carried.added_to_declared();
        decision.change.fields = fields::replaced(self.kind, comparison, &wanted);
        decision.change.left_alone =
            carried.remarks.into_iter().chain(seen.remarks.clone()).collect();
        decision.wanted = Some(self.with_state_tag(Cow::Owned(wanted)));
        decision.carried = carried.values;
    }

    /// Makes an object that doesn't exist. It gets what others set on the one in whose place it is
    /// made, or what an interrupted run recorded of that, if it is gone already.
    pub(super) fn create(&self, resource: &'a Resource, reason: Reason) -> PlannedChange<'a> {
        let predecessors = match self.live_predecessors() {
            Ok(predecessors) => predecessors,
            Err(unread) => {
                let reason = Reason::DependsOn(unread.clone());
                return self.decision(ChangeAction::Blocked, reason, None);
            }
        };
        let mut carried = CarriedFields::nothing(self.kind, resource);
        for LivePredecessor { address, entry, seen } in &predecessors {
            carried.add_old(*entry, &seen.attributes, Some(address));
        }
        if predecessors.is_empty()
            && let Some(recorded) = self.entry.and_then(recorded_as_carried)
        {
            carried.add_recorded(&recorded);
        }
        let mut decision = self.decision(ChangeAction::Create, reason, None);
        if !carried.values.is_empty() {
            decision.wanted = Some(Cow::Owned(carried.added_to_declared()));
        }
        let wanted = decision.wanted.as_deref().unwrap_or(&resource.attributes);
        decision.change.fields = fields::all_new(self.kind, wanted);
        decision.wanted = decision.wanted.map(|wanted| self.with_state_tag(wanted));
        decision.change.left_alone = carried.remarks;
        decision.carried = carried.values;
        decision
    }

    /// Compares the declared object with the live one. An interrupted create is completed: a bucket
    /// gets its tags by a call of their own, so it may lack what it was to take over, and what the
    /// manifest sets only once.
    pub(super) fn compare(&self, resource: &'a Resource, seen: &LiveObject) -> FieldComparison<'a> {
        let recorded = self.entry.map(|entry| &entry.attributes);
        let (kind, live) = (self.kind, &seen.attributes);
        if let Some(wanted) = self.unfinished(resource, seen) {
            let nothing = IgnoredFields::default();
            return FieldComparison::of(kind, &wanted, recorded, live, &nothing).into_owned();
        }
        FieldComparison::of(kind, &resource.attributes, recorded, live, &resource.ignored)
    }

    /// Returns the attributes that an interrupted create was to give the object; `None` if they are
    /// the declared ones.
    fn unfinished(&self, resource: &Resource, seen: &LiveObject) -> Option<Attributes> {
        let is_begun = self.entry.is_some_and(|entry| entry.status == Status::Intended);
        if !is_begun || !self.kind.facts().ownership.has_tags() {
            return None;
        }
        let recorded = self.left_to_finish();
        if recorded.is_none() && resource.ignored.is_empty() {
            return None;
        }
        let mut carried = CarriedFields::nothing(self.kind, resource);
        carried.add_recorded(&recorded.unwrap_or_default());
        Some(carried.added_to_live(&seen.attributes))
    }

    /// Returns what an interrupted run was to give the object that it made.
    fn left_to_finish(&self) -> Option<Attributes> {
        self.entry.filter(|entry| entry.status == Status::Intended).and_then(recorded_as_carried)
    }
}

/// Returns what the state keeps for the new object.
fn recorded_as_carried(recorded: &RecordedObject) -> Option<Attributes> {
    let carried = recorded.attributes.get(CARRIED)?.as_object()?;
    Some(carried.iter().map(|(field, value)| (field.clone(), value.clone())).collect())
}

/// Returns the value under which the state keeps what is carried over.
pub fn to_record(carried: &Attributes) -> Value {
    json!(carried)
}

/// Adds values to the declared attributes. A field that is ignored has the value of the old object;
/// a tag that was added to the manifest meanwhile has the manifest's.
fn with_carried(
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
