//! The recovery of a lost state from the objects that exist.

use std::collections::BTreeMap;

use super::workspace::Workspace;
use crate::address::Address;
use crate::diff::{self, ChangeAction, DiffOptions, PlannedChange};
use crate::kind::{self, FieldForm, Kind, LiveObject};
use crate::model::{Desired, Live, Recorded, RecordedObject, Resource, Status};
use crate::resolve::Resolver;
use crate::resolve::recovery::RecoveredObjects;
use crate::state::new_tag;
use crate::value::Value;

/// Reads the ownership tags. Declared objects are found by their names anyway. A destroy, or a
/// rebuild of the state, works from the recorded objects and needs the `whole` of them.
pub async fn recover(
    resolver: &mut Resolver<'_>,
    desired: &Desired,
    whole: bool,
) -> RecoveredObjects {
    let mut found = resolver.undeclared(desired).await;
    if whole {
        let live = super::read_live(resolver, desired, &Recorded::new(), false).await;
        found.resources.extend(declared(desired, &live));
        found.state_tags.extend(state_tags(desired, &live));
    }
    found
}

/// Returns the tags of the states that the live objects with the manifest's name carry.
pub(super) fn state_tags<'l>(
    desired: &'l Desired,
    live: &'l Live,
) -> impl Iterator<Item = String> + 'l {
    let seen = live.values().filter_map(|it| it.observed.as_present());
    let ours = seen.filter(|it| it.owner.as_ref().is_some_and(|it| desired.is_called(it)));
    ours.filter_map(|it| it.state_tag.clone())
}

/// Returns the tag of a state that is made for these objects: the one that most of them carry, so
/// that a state which was lost comes back under its own tag; else a new one.
pub(super) fn tag_for(
    tags: impl IntoIterator<Item = String>,
    desired: &Desired,
    place: &str,
) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for tag in tags {
        *counts.entry(tag).or_default() += 1;
    }
    let most =
        counts.into_iter().max_by(|one, other| one.1.cmp(&other.1).then(other.0.cmp(&one.0)));
    most.map_or_else(|| new_tag(&desired.name, &desired.account, place), |(tag, _)| tag)
}

/// Recovers a state, and tells the observer of reads that failed.
pub(super) async fn recover_and_report(
    resolver: &mut Resolver<'_>,
    workspace: &Workspace<'_>,
    whole: bool,
) -> RecoveredObjects {
    let found = recover(resolver, workspace.desired, whole).await;
    if !found.unread.is_empty() {
        workspace.observer.tags_were_unread(&found.unread);
    }
    found
}

/// Returns the declared objects that exist, as the state would have recorded them: with their live
/// values.
fn declared(desired: &Desired, live: &Live) -> Recorded {
    let nothing = Recorded::new();
    let options = DiffOptions { recover: true, ..DiffOptions::default() };
    let decisions = diff::diff(desired, &nothing, live, options);
    decisions.iter().filter_map(|decision| entry(decision, desired)).collect()
}

fn entry(decision: &PlannedChange<'_>, desired: &Desired) -> Option<(Address, RecordedObject)> {
    let ours = matches!(
        decision.change.action,
        ChangeAction::Adopt | ChangeAction::Update | ChangeAction::Replace
    );
    let seen = decision.seen.as_ref().filter(|_| ours)?;
    let address = &decision.change.address;
    let resource = desired.resources.get(address)?;
    Some((address.clone(), entry_of(kind::kind_of(address.kind()), resource, seen)))
}

/// Returns the record of an existing object: its declared fields, with their live values.
pub fn entry_of(kind: &dyn Kind, resource: &Resource, seen: &LiveObject) -> RecordedObject {
    let mut attributes = resource.attributes.clone();
    for field in kind.fields().iter().filter(|field| field.form != FieldForm::Setting) {
        if let (Some(declared), Some(live)) =
            (attributes.get(field.name), seen.attributes.shared(field.name))
        {
            // Keys that belong to somebody else remain theirs.
            let value = match (field.form, declared, &**live) {
                (FieldForm::Keyed, Value::Object(ours), Value::Object(live)) => live
                    .iter()
                    .filter(|(key, _)| ours.contains_key(*key))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect::<Value>()
                    .into(),
                _ => live.clone(),
            };
            attributes.share(field.name, value);
        }
    }
    RecordedObject {
        status: Status::Done,
        id: Some(seen.id.clone()),
        attributes,
        depends_on: resource.depends_on.clone(),
    }
}
