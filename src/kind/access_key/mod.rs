//! A user's access key, and the local files that hold its secret.
//!
//! AWS tells the secret once, in the answer to `CreateAccessKey`. So a key that is in none of its files any more can
//! only be replaced, and a key that an interrupted run left behind can only be deleted.

mod age;
mod command;
mod ours;
mod sinks;

use serde_json::json;

use super::field::{no, null};
use super::{Field, Form, Kind, Seen};
use crate::call::{Facet, IamWrite, Observed, Snapshot, Write};
use crate::value::{self, Attributes};

use ours::Facts;
use sinks::{Held, SINKS};

pub(super) struct AccessKey;

const SHOWN_ONCE: &str = "the secret is known only while the key is made";

/// IAM's limit.
const MOST_KEYS: usize = 2;

/// Those of the sinks are called as in [`SINKS`].
const FIELDS: &[Field] = &[
    Field::identity("user"),
    Field::replace("profile", Form::Plain, SHOWN_ONCE, null),
    Field::replace("csv", Form::Plain, SHOWN_ONCE, null),
    Field::replace("age", Form::Recorded, SHOWN_ONCE, null),
    Field::replace("command", Form::Recorded, SHOWN_ONCE, null),
    Field::in_place("replace_profile", Form::Setting, no),
];

impl Kind for AccessKey {
    fn name(&self) -> &'static str {
        "access_key"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    /// The user is asked for its owner, for a key has no tags.
    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        let user = || value::text(wanted, "user").to_owned();
        let keys = [Facet::AccessKeys { user: user() }, Facet::User { user: user() }];
        keys.into_iter().chain(sinks::facets(wanted)).collect()
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<Seen> {
        Facts::of(wanted, snapshot).and_then(|facts| match facts.ours(wanted) {
            Ok(Some(key)) => Observed::Present(facts.seen(key, wanted)),
            Ok(None) => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        })
    }

    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<String> {
        // A key may be made for a user that is yet to be made, but not over a key that is in its files already.
        let held = Held::read(wanted, snapshot).ok()?;
        let seen = self.seen(wanted, snapshot).present();
        let recorded = value::optional_text(wanted, "id");
        let ours = [seen.as_ref().map(|seen| seen.id.clone()), recorded];
        if let Some(conflict) = sinks::conflict(wanted, &held, &ours) {
            return Some(conflict);
        }
        let user = value::text(wanted, "user");
        let keys = snapshot.access_keys(user).present().unwrap_or_default();
        (seen.is_none() && keys.len() >= MOST_KEYS)
            .then(|| format!("user {user} already has two access keys, AWS's limit: delete one"))
    }

    /// With the keys that were there before: another one is what an interrupted run made.
    fn intent(&self, wanted: &Attributes, snapshot: &Snapshot) -> Attributes {
        let keys = snapshot.access_keys(value::text(wanted, "user")).present().unwrap_or_default();
        let known: Vec<_> = keys.into_iter().map(|key| key.id).collect();
        let mut intent = wanted.clone();
        intent.insert("known".to_owned(), json!(known));
        intent
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        let user = value::text(wanted, "user").to_owned();
        let mut writes = vec![Write::Iam(IamWrite::CreateAccessKey { user })];
        writes.extend(sinks::stored(wanted));
        writes
    }

    /// Only `replace_profile` can change in place, and AWS doesn't know it.
    fn update(&self, _seen: &Seen, _wanted: &Attributes, _changed: &[&str]) -> Vec<Write> {
        Vec::new()
    }

    fn delete(&self, seen: &Seen, recorded: &Attributes) -> Vec<Write> {
        let user = value::text(&seen.attributes, "user").to_owned();
        let mut writes = vec![Write::Iam(IamWrite::DeleteAccessKey { user, id: seen.id.clone() })];
        writes.extend(sinks::emptied(recorded, &seen.id));
        writes
    }

    fn leftovers(&self, recorded: &Attributes) -> Vec<Write> {
        value::optional_text(recorded, "id").map(|id| sinks::emptied(recorded, &id)).unwrap_or_default()
    }

    fn part_of_parent(&self) -> bool {
        true
    }

    fn can_double(&self) -> bool {
        true
    }

    fn must_replace(&self, seen: &Seen, wanted: &Attributes) -> Option<String> {
        if seen.internals.get("orphan") == Some(&json!(true)) {
            return Some("an earlier run made this key, but its secret was lost".to_owned());
        }
        let lost = SINKS.iter().find(|sink| sink.is_declared(wanted) && !sink.is_declared(&seen.attributes))?;
        Some(format!("{} no longer holds this key: its secret cannot be read again", lost.label(wanted)))
    }
}
