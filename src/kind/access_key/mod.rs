//! A user's access key, and the local files that hold its secret.
//!
//! AWS returns the secret once, in the answer to `CreateAccessKey`. So a key that is in none of its
//! files any more can only be replaced, and a key that an interrupted run left behind can only be
//! deleted.

mod age;
mod command;
mod ownership;
mod rotation;
mod sink;
mod sinks;
mod source;

use jiff::Timestamp;
use serde_json::json;

use super::field::{false_default, null_default};
use super::{
    AccessRole, DeletionBlocker, Field, FieldForm, Kind, LiveObject, Maintenance, Output,
    OutputValue, Ownership, Parent, Recovery, Uniqueness,
};
use crate::address::{KindName, Principal};
use crate::call::{IamWrite, Observed, Write};
use crate::reads::{Facet, NOT_READ, Snapshot};
use crate::value::{self, Attributes};

use ownership::KeyFacts;
pub use rotation::{RETIRE_AFTER, in_words, lasting};
use rotation::{RetiredKey, SupersededKey};
use sinks::{SINKS, SinkContents};
pub(super) use source::used_before_key;

pub(super) struct AccessKeyKind;

const SHOWN_ONCE: &str = "the secret is known only while the key is made";

/// IAM's limit on the access keys of a user.
const MOST_KEYS: usize = 2;

/// The fields. Those of the sinks have the names in [`SINKS`].
const FIELDS: &[Field] = &[
    Field::identity("user"),
    Field::replace("profile", FieldForm::Plain, SHOWN_ONCE, null_default),
    Field::replace("csv", FieldForm::Plain, SHOWN_ONCE, null_default),
    Field::replace("age", FieldForm::Recorded, SHOWN_ONCE, null_default),
    Field::replace("command", FieldForm::Recorded, SHOWN_ONCE, null_default),
    Field::in_place("replace_profile", FieldForm::Setting, false_default),
    Field::in_place("rotate_after", FieldForm::Setting, null_default),
    Field::in_place("retire_after", FieldForm::Setting, null_default),
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

    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<String> {
        // A key may be made for a user that is yet to be made, but not over a key that is in its
        // files already.
        let held = match SinkContents::read(wanted, snapshot) {
            Ok(held) => held,
            Err(failure) if failure.code == NOT_READ => return None,
            // Nobody knows what a file holds that cannot be read.
            Err(failure) => return Some(failure.message),
        };
        let seen = self.seen(wanted, snapshot).present();
        let recorded = value::optional_text(wanted, "id");
        let ours = [seen.as_ref().map(|seen| seen.id.clone()), recorded];
        if let Some(conflict) =
            sinks::conflict(wanted, &held, &ours).or_else(|| source::conflict(wanted, snapshot))
        {
            return Some(conflict);
        }
        let user = value::text_of(wanted, "user");
        let keys = snapshot.access_keys(user).present().unwrap_or_default();
        (seen.is_none() && keys.len() >= MOST_KEYS)
            .then(|| format!("user {user} already has two access keys, AWS's limit: delete one"))
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
        writes.extend(sinks::stored(wanted, |_| value::optional_text(wanted, "id")));
        writes
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    /// Returns the calls for a retired key whose time has come. No attribute of a key that can
    /// change in place is in AWS.
    fn update(&self, seen: &LiveObject, _wanted: &Attributes, _changed: &[&str]) -> Vec<Write> {
        rotation::tended(seen).into_iter().collect()
    }

    /// Returns the calls of a rotation. The old key is deactivated last: nothing is taken away
    /// until the new key is in its sinks and proven.
    fn renew(&self, seen: &LiveObject, wanted: &Attributes) -> Vec<Write> {
        let user = || value::text_of(wanted, "user").to_owned();
        let held = |sink: &str| value::optional_text(&ownership::held_attributes(seen), sink);
        // The key of an interrupted run has lost its secret, or nobody has proven it; and it takes
        // one of the two places.
        let given_up =
            ownership::unfinished(seen).map(|id| IamWrite::DeleteAccessKey { user: user(), id });
        let writes = given_up
            .into_iter()
            .chain([IamWrite::CreateAccessKey { user: user() }])
            .map(Write::Iam);
        let stored = sinks::stored(wanted, |sink| held(sink).or_else(|| Some(seen.id.clone())));
        let retired =
            IamWrite::UpdateAccessKey { user: user(), id: seen.id.clone(), active: false };
        writes
            .chain(stored)
            .chain([Write::ProveKey { user: user() }, Write::Iam(retired)])
            .collect()
    }

    fn is_renewed(&self, declared: &Attributes) -> bool {
        rotation::is_asked(declared)
    }

    fn renewal_facets(&self, declared: &Attributes) -> Vec<Facet> {
        rotation::retired_facet(declared).into_iter().collect()
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
        ownership::begun(attributes, seen, made)
    }

    fn settled(&self, attributes: &Attributes, before: &LiveObject, now: Timestamp) -> Attributes {
        let retired = match (&before.upkeep, SupersededKey::of(before)) {
            (Some(Maintenance::Renew(_)), _) => before.id.clone(),
            (Some(Maintenance::Tend(_)), Some(lingering)) if lingering.active => lingering.key.id,
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
                .filter(|_| !SupersededKey::goes(seen))
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

    fn must_replace(&self, seen: &LiveObject, wanted: &Attributes) -> Option<String> {
        // A rotation that was begun is finished first, and writes all sinks.
        if ownership::is_begun(seen) {
            return None;
        }
        if seen.internals.get("orphan") == Some(&json!(true)) {
            return Some("an earlier run made this key, but its secret was lost".to_owned());
        }
        let lost = SINKS
            .iter()
            .find(|sink| sink.is_declared(wanted) && !sink.is_declared(&seen.attributes))?;
        Some(format!(
            "{} no longer holds this key: its secret cannot be read again",
            lost.label(wanted)
        ))
    }
}
