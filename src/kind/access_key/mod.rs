//! A user's access key, and the local files that hold its secret.
//!
//! AWS returns the secret once, in the answer to `CreateAccessKey`. A secret that a file still
//! holds moves to other files; otherwise another key takes its place (a rotation). A key that an
//! interrupted run left behind without its secret can only be deleted.

mod age;
mod command;
mod ownership;
mod relocation;
mod rotation;
mod sink;
mod sinks;
mod source;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::field::{false_default, null_default};
use super::{
    AccessRole, Conflict, DeletionBlocker, Field, FieldForm, Kind, LiveObject, Maintenance, Output,
    OutputValue, Ownership, Parent, Recovery, Uniqueness, UnrecordedObject,
};
use crate::address::{KindName, Principal};
use crate::call::{IamWrite, Observed, Write};
use crate::reads::{Facet, NOT_READ, Snapshot};
use crate::value::{self, Attributes};

use ownership::KeyFacts;
use relocation::Relocation;
pub use rotation::{RETIRE_AFTER, in_words, lasting};
use rotation::{RetiredKey, SupersededKey};
use sinks::{SINKS, SinkContents};
pub(super) use source::{hidden_setting, used_before_key};

pub(super) struct AccessKeyKind;

/// IAM's limit on the access keys of a user.
const MOST_KEYS: usize = 2;

/// The fields. Those of the sinks have the names in [`SINKS`].
const FIELDS: &[Field] = &[
    Field::identity("user"),
    Field::in_place("profile", FieldForm::Plain, null_default).judged(sink::judge),
    Field::in_place("csv", FieldForm::Plain, null_default).judged(sink::judge),
    Field::in_place("age", FieldForm::Recorded, null_default).judged(age::judge),
    Field::in_place("command", FieldForm::Recorded, null_default).judged(sink::judge),
    Field::in_place("replace_profile", FieldForm::Setting, false_default)
        .judged(sinks::judge_replaced),
    Field::in_place("rotate_after", FieldForm::Setting, null_default).judged(rotation::judge),
    Field::in_place("retire_after", FieldForm::Setting, null_default).harmless(),
];

impl Kind for AccessKeyKind {
    fn name(&self) -> KindName {
        KindName::AccessKey
    }

    fn facts(&self) -> super::KindFacts {
        super::KindFacts {
            ownership: Ownership::State,
            parent: Some(Parent { kind: KindName::USER, attribute: "user" }),
            access: AccessRole::Credential,
            document: None,
            uniqueness: Uniqueness::Exact,
            outputs: &[Output { section: "access_keys", field: "id", value: OutputValue::Id }],
            recovery: Recovery::With(KindName::USER),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    /// Returns the facets of the keys, and that of the user: its tag tells the owner, since a key
    /// has no tags.
    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        let user = || value::text_of(wanted, "user").to_owned();
        let keys = [Facet::AccessKeys { user: user() }, Facet::Principal(Principal::user(user()))];
        let files = sinks::facets(wanted).chain(source::facet(wanted));
        keys.into_iter().chain(files).chain(rotation::facets(wanted)).collect()
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        KeyFacts::of(wanted, snapshot).and_then(|facts| match facts.ours(wanted) {
            Ok(Some(key)) => Observed::Present(facts.seen(key, wanted, snapshot)),
            Ok(None) => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        })
    }

    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<Conflict> {
        // A key may be made for a user that is yet to be made, but not over a key that is in its
        // files already.
        let held = match SinkContents::read(wanted, snapshot) {
            Ok(held) => held,
            Err(failure) if failure.code == NOT_READ => return None,
            // Nobody knows what a file holds that cannot be read.
            Err(failure) => return Some(Conflict::obstacle(failure.message)),
        };
        let seen = self.seen(wanted, snapshot).present();
        let ours = self.known_ids(wanted, seen.as_ref());
        let occupied = sinks::occupied(wanted, &held, &ours);
        let user = value::text_of(wanted, "user");
        let keys = snapshot.access_keys(user).present().filter(|_| seen.is_none());
        let keys: Vec<String> = keys.into_iter().flatten().map(|key| key.id).collect();
        let is_recorded = ["id", "known"].iter().any(|name| wanted.contains_key(name));
        Conflict {
            obstacle: source::conflict(wanted, snapshot).or_else(|| {
                (keys.len() >= MOST_KEYS).then(|| {
                    format!("user {user} already has two access keys, AWS's limit: delete one")
                })
            }),
            occupied,
            unmanaged: (!keys.is_empty() && !is_recorded).then(|| unmanaged(wanted, &keys)),
        }
        .found()
    }

    fn earlier_places(&self, declared: &Attributes, recorded: &Attributes) -> Attributes {
        relocation::earlier_places(declared, recorded)
    }

    fn known_ids(&self, recorded: &Attributes, seen: Option<&LiveObject>) -> BTreeSet<String> {
        let unfinished = seen.and_then(ownership::unfinished);
        let seen = seen.map(|seen| seen.id.clone());
        ownership::known_ids(recorded).chain(unfinished).chain(seen).collect()
    }

    /// Returns the wanted attributes with the keys that exist before the create: any other key is
    /// then the interrupted run's.
    fn intent(&self, wanted: &Attributes, snapshot: &Snapshot) -> Attributes {
        let keys =
            snapshot.access_keys(value::text_of(wanted, "user")).present().unwrap_or_default();
        let known: Vec<_> = keys.into_iter().map(|key| key.id).collect();
        let mut intent = wanted.clone();
        intent.insert("known", json!(known));
        intent
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        let user = value::text_of(wanted, "user").to_owned();
        let mut writes = vec![Write::Iam(IamWrite::CreateAccessKey { user })];
        let id = || value::optional_text(wanted, "id");
        writes.extend(sinks::stored(wanted, |sink| sinks::taken(wanted, sink).or_else(id)));
        writes
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    /// Returns the calls that move the secret, and those for a retired key whose time has come. No
    /// attribute of a key that can change in place is in AWS.
    fn update(&self, seen: &LiveObject, wanted: &Attributes, _changed: &[&str]) -> Vec<Write> {
        let moved = Relocation::noted_in(seen).calls(seen, wanted);
        moved.into_iter().chain(rotation::tended(seen)).collect()
    }

    /// Returns the calls of a rotation. The old key is deactivated only after the new one is in its
    /// sinks and proven: nothing is taken away until then.
    fn renew(&self, seen: &LiveObject, wanted: &Attributes) -> Vec<Write> {
        let user = || value::text_of(wanted, "user").to_owned();
        let (relocation, begun) = (Relocation::noted_in(seen), ownership::is_begun(seen));
        let held = ownership::held_attributes(seen);
        let replaced = |sink: &str| {
            let is_lacking = !begun && relocation.is_lacking(sink);
            let current = || Some(seen.id.clone()).filter(|_| !is_lacking);
            let held = || value::optional_text(&held, sink);
            relocation.replaced(wanted, sink).or_else(held).or_else(current)
        };
        // The key of an interrupted run has lost its secret, or nobody has proven it; and it takes
        // one of the two places, as a retired key does whose time has come.
        let given_up = ownership::unfinished(seen).into_iter().chain(SupersededKey::goes(seen));
        let mut writes: Vec<Write> = given_up
            .map(|id| IamWrite::DeleteAccessKey { user: user(), id })
            .chain([IamWrite::CreateAccessKey { user: user() }])
            .map(Write::Iam)
            .collect();
        writes.extend(sinks::stored(wanted, replaced));
        let retired =
            IamWrite::UpdateAccessKey { user: user(), id: seen.id.clone(), active: false };
        writes.extend([Write::ProveKey { user: user() }, Write::Iam(retired)]);
        writes.extend(relocation.emptied());
        writes
    }

    /// Returns true: a key whose secret is lost, or whose sinks change so that the old key must
    /// not stay in use, is rotated however old it is.
    fn is_renewed(&self, _declared: &Attributes) -> bool {
        true
    }

    fn renewal_facets(&self, declared: &Attributes) -> Vec<Facet> {
        vec![rotation::retired_facet(declared)]
    }

    fn renewal_obstacle(&self, seen: &LiveObject) -> Option<String> {
        let user = value::text_of(&seen.attributes, "user");
        let other = ownership::others(seen).into_iter().next()?;
        Some(match SupersededKey::of(seen) {
            Some(lingering) if lingering.key.id == other => format!(
                "user {user} still has the retired key {other}, and AWS allows two: relayctl \
                    deletes it once retire_after has passed; delete it now if nobody needs it"
            ),
            _ => format!(
                "user {user} has another key, {other}, which is not relayctl's, and AWS allows \
                    two: a new one can be made when that is deleted"
            ),
        })
    }

    fn begun(&self, attributes: &Attributes, seen: &LiveObject, made: &[String]) -> Attributes {
        ownership::begun(&relocation::unsettled(attributes, seen), seen, made)
    }

    fn unsettled(&self, attributes: &Attributes, before: &LiveObject) -> Attributes {
        relocation::unsettled(attributes, before)
    }

    fn settled(&self, attributes: &Attributes, before: &LiveObject, now: Timestamp) -> Attributes {
        let retired = match (&before.upkeep, SupersededKey::of(before)) {
            (Some(Maintenance::Renew(_)), _) => before.id.clone(),
            (Some(_), Some(lingering)) if before.is_overdue && lingering.active => lingering.key.id,
            _ => return attributes.clone(),
        };
        let since = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
        let mut settled = attributes.clone();
        settled.extend([RetiredKey { id: retired, since }.noted()]);
        settled
    }

    /// Returns the retired key, as long as it exists.
    fn memory(&self, recorded: &Attributes, seen: Option<&LiveObject>) -> Attributes {
        let retired = match seen {
            Some(seen) => SupersededKey::of(seen)
                .filter(|_| SupersededKey::goes(seen).is_none())
                .map(|lingering| lingering.key),
            None => RetiredKey::remembered(recorded),
        };
        retired.iter().map(RetiredKey::noted).collect()
    }

    /// Returns the calls that delete all keys that are ours. The current key goes last: as long as
    /// it exists, the next run finds the others by it.
    fn delete(&self, seen: &LiveObject, recorded: &Attributes) -> Vec<Write> {
        let user = value::text_of(&seen.attributes, "user");
        let retired = SupersededKey::of(seen).map(|lingering| lingering.key.id);
        let unfinished = ownership::unfinished(seen);
        let keys = retired.iter().chain(&unfinished).chain([&seen.id]);
        let mut writes: Vec<Write> = keys
            .map(|id| {
                Write::Iam(IamWrite::DeleteAccessKey { user: user.to_owned(), id: id.clone() })
            })
            .collect();
        writes.extend(
            unfinished.iter().chain([&seen.id]).flat_map(|id| sinks::emptied(recorded, id)),
        );
        writes
    }

    /// Returns the calls for the files of a key that is gone, and for its retired key, in case that
    /// still exists.
    fn leftovers(&self, recorded: &Attributes) -> Vec<Write> {
        let Some(id) = value::optional_text(recorded, "id") else { return Vec::new() };
        let user = value::text_of(recorded, "user").to_owned();
        let retired = RetiredKey::remembered(recorded);
        let retired = retired.map(|it| Write::Iam(IamWrite::DeleteAccessKey { user, id: it.id }));
        retired.into_iter().chain(sinks::emptied(recorded, &id)).collect()
    }

    fn is_recorded_as(&self, recorded: &Attributes, is_intended: bool, id: &str) -> bool {
        ownership::is_recorded(recorded, is_intended, id)
    }

    fn can_double(&self) -> bool {
        true
    }

    fn must_replace(&self, seen: &LiveObject, _wanted: &Attributes) -> Option<String> {
        (seen.internals.get("orphan") == Some(&json!(true)))
            .then(|| "an earlier run made this key, but its secret was lost".to_owned())
    }
}

/// Returns the message about keys that nobody recorded, of a user that is adopted.
fn unmanaged(wanted: &Attributes, keys: &[String]) -> UnrecordedObject {
    let user = value::text_of(wanted, "user");
    let (key, it) = if keys.len() == 1 { ("key", "it") } else { ("keys", "one of them") };
    let sink = SINKS.iter().find(|sink| sink.source(wanted).is_some());
    let take = sink.map_or_else(String::new, |sink| {
        format!("to use {it}, put its id and secret into {}; ", sink.label(wanted))
    });
    let keys = keys.join(", ");
    let refusal = format!(
        "user {user} has the access {key} {keys}, which relayctl does not manage, and no second \
            key is \
            made unasked: {take}for a new key, run `relayctl keys rotate`"
    );
    let note = format!("user {user} has the access {key} {keys} already: not managed, left alone");
    UnrecordedObject { refusal, note }
}
