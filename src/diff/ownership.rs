//! Decides whose an object is. The tag decides in both directions: what carries another manifest's
//! name is that manifest's, whatever the state says; and what carries the tag of another state is
//! that state's.

use std::borrow::Cow;

use super::fields::FieldComparison;
use serde_json::Map;

use super::{ChangeAction, DiffSubject, FieldDiff, PlannedChange, Reason};
use crate::kind::{FieldForm, LiveObject, OWNER_TAG, Ownership, STATE_TAG};
use crate::model::{RecordedObject, Status};
use crate::value::{Attributes, FieldChange, Value};

impl<'a> DiffSubject<'a, '_> {
    /// Returns the reason that the manifest may not change the object, if it belongs to another
    /// owner. Names are keys, so another object can have the same name.
    pub(super) fn foreign(&self, seen: &LiveObject) -> Option<Reason> {
        if let Some(owner) = &seen.owner {
            // A key shows the tag of its user, which is refused itself, with everything on it.
            let is_part = self.kind.facts().parent.is_some();
            return self.of_other_owner(owner, seen).filter(|_| !is_part);
        }
        match self.entry {
            Some(RecordedObject { status: Status::Done, id: Some(id), .. })
                if *id != seen.id && !self.kind.adoptable() =>
            {
                Some(Reason::RecreatedBySomeoneElse { recorded: id.clone(), live: seen.id.clone() })
            }
            // The tag of a user, a role or a policy was removed: its id shows that it is the same
            // one. A bucket has no id but its name, so a bucket without the tag may be another one.
            Some(RecordedObject { status: Status::Done, .. }) if !self.is_known_by_tag_alone() => {
                None
            }
            // A create sets the tags in the same call if AWS supports that; a bucket is tagged in
            // the next call.
            Some(RecordedObject { status: Status::Intended, .. }) => None,
            _ if self.kind.adoptable() => None,
            _ => Some(Reason::NotOurs { owner: None }),
        }
    }

    fn of_other_owner(&self, owner: &str, seen: &LiveObject) -> Option<Reason> {
        let desired = self.desired;
        if owner != desired.name && desired.is_called(owner) {
            return None;
        }
        if owner != desired.name {
            return Some(Reason::NotOurs { owner: Some(owner.to_owned()) });
        }
        let (ours, theirs) = (self.options.state_tag?, seen.state_tag.as_deref()?);
        (ours != theirs && !self.options.recover)
            .then(|| Reason::OtherState { state: theirs.to_owned() })
    }

    /// Returns the reason that an object which is recorded, and no longer declared, is somebody
    /// else's by now.
    pub(super) fn handed_over(&self, seen: &LiveObject) -> Option<Reason> {
        if let Some(owner) = &seen.owner
            && let Some(reason) = self.of_other_owner(owner, seen)
        {
            return Some(reason);
        }
        let entry = self.entry.filter(|it| it.status == Status::Done)?;
        if let Some(id) = entry.id.as_ref().filter(|id| **id != seen.id) {
            let (recorded, live) = (id.clone(), seen.id.clone());
            return Some(Reason::RecreatedBySomeoneElse { recorded, live });
        }
        (seen.owner.is_none() && self.is_known_by_tag_alone())
            .then_some(Reason::NotOurs { owner: None })
    }

    /// Returns true if nothing but the tag tells an object from another one of its name.
    fn is_known_by_tag_alone(&self) -> bool {
        let named = self.resource.map(|it| &it.attributes);
        let named = named.or_else(|| self.entry.map(|it| &it.attributes));
        self.is_tagged() && named.is_some_and(|it| self.kind.physical_id(it).is_some())
    }

    /// Lets go of an object that stays in AWS: without the tags, so that no later run of this
    /// manifest counts it as its own.
    pub(super) fn let_go(&self, seen: Cow<'a, LiveObject>) -> PlannedChange<'a> {
        let tags = seen.attributes.get("tags").and_then(Value::as_object);
        let Some(before) = tags.filter(|tags| self.is_tagged() && tags.contains_key(OWNER_TAG))
        else {
            return self.decision(ChangeAction::Forget, Reason::LetGo, Some(seen));
        };
        let mut after = before.clone();
        after.retain(|key, _| key != OWNER_TAG && key != STATE_TAG);
        let of_ours = |tags: &Map<String, Value>| -> Value {
            let ours = tags.iter().filter(|(key, _)| *key == OWNER_TAG || *key == STATE_TAG);
            Value::Object(ours.map(|(key, value)| (key.clone(), value.clone())).collect())
        };
        let change = FieldChange {
            field: "tags".to_owned(),
            before: Some(of_ours(before).into()),
            after: Some(of_ours(&after).into()),
        };
        let mut wanted = seen.attributes.clone();
        wanted.insert("tags", Value::Object(after));
        let mut decision = self.decision(ChangeAction::Update, Reason::LetGo, Some(seen));
        let form = FieldForm::Keyed;
        decision.change.fields = vec![FieldDiff { change, form, forces_replacement: None }];
        decision.wanted = Some(Cow::Owned(wanted));
        decision
    }

    fn is_tagged(&self) -> bool {
        match self.kind.facts().ownership {
            Ownership::Tag => true,
            Ownership::Parent | Ownership::State | Ownership::LocalFile => false,
        }
    }

    /// Returns the attributes of an object that is made, with the tag of the state.
    pub(super) fn with_state_tag<'w>(&self, wanted: Cow<'w, Attributes>) -> Cow<'w, Attributes> {
        let Some(state) = self.options.state_tag.filter(|_| self.is_tagged()) else {
            return wanted;
        };
        let Some(tags) = wanted.get("tags").and_then(Value::as_object) else { return wanted };
        if tags.get(STATE_TAG).and_then(Value::as_str) == Some(state) {
            return wanted;
        }
        let mut tags = tags.clone();
        tags.insert(STATE_TAG.to_owned(), state.into());
        let mut wanted = wanted.into_owned();
        wanted.insert("tags", Value::Object(tags));
        Cow::Owned(wanted)
    }

    /// Compares the tag of the state. Objects of older versions have none: they get it when their
    /// tags are written anyway, so that it costs no call of its own.
    pub(super) fn compare_state_tag(
        &self,
        comparison: &mut FieldComparison<'_>,
        seen: &LiveObject,
    ) {
        let changes = comparison.fields.iter().any(|it| it.change.field == "tags");
        let Some(state) = self.options.state_tag.filter(|_| self.is_tagged()) else { return };
        let is_another = seen.state_tag.as_deref().is_some_and(|it| it != state);
        if !changes && !is_another {
            return;
        }
        let wanted = std::mem::replace(&mut comparison.wanted, Cow::Owned(Attributes::new()));
        comparison.wanted = self.with_state_tag(wanted);
        if seen.state_tag.as_deref() != Some(state) {
            comparison.add_key(self.kind, "tags", STATE_TAG, seen.state_tag.as_deref(), state);
        }
    }
}
