//! A user's access key, and the local files that hold its secret.
//!
//! AWS tells the secret once, in the answer to `CreateAccessKey`. So a key that is in none of its files any more can
//! only be replaced, and a key that an interrupted run left behind can only be deleted.

use std::collections::BTreeSet;

use serde_json::json;

use super::field::{no, null};
use super::tags::owner;
use super::{Field, Form, Kind, Seen};
use crate::call::{
    Facet, Failure, FailureKind, FileRead, FileReply, FileWrite, IamWrite, LocalFile, Observed, Snapshot, Write,
};
use crate::value::{self, Attributes, Value};

pub(super) struct AccessKey;

const SHOWN_ONCE: &str = "the secret is known only while the key is made";

/// IAM's limit.
const MOST_KEYS: usize = 2;

const FIELDS: &[Field] = &[
    Field::identity("user"),
    Field::replace("profile", Form::Plain, SHOWN_ONCE, null),
    Field::replace("csv", Form::Plain, SHOWN_ONCE, null),
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
        let mut facets = vec![Facet::AccessKeys { user: user() }, Facet::User { user: user() }];
        facets.extend(value::optional_text(wanted, "profile").map(|profile| Facet::Credentials { profile }));
        facets.extend(csv(wanted).map(|file| Facet::KeyCsv { file }));
        facets
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
        let files = Files::read(wanted, snapshot).ok()?;
        let seen = self.seen(wanted, snapshot).present();
        let recorded = value::optional_text(wanted, "id");
        let foreign = |held: &Option<String>| {
            let ours = [seen.as_ref().map(|seen| seen.id.clone()), recorded.clone()];
            held.clone().filter(|key| !ours.contains(&Some(key.clone())))
        };
        if let Some(key) = foreign(&files.profile).filter(|_| wanted.get("replace_profile") != Some(&json!(true))) {
            let profile = value::text(wanted, "profile");
            return Some(format!(
                "profile [{profile}] of the credentials file holds another key ({key}): \
                 name another profile, or set replace_profile: true"
            ));
        }
        if let Some(key) = foreign(&files.csv) {
            let file = value::text(wanted, "csv");
            return Some(format!("{file} holds another key ({key}): name another file, or move this one away"));
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
        let replaces = || value::optional_text(wanted, "id");
        let mut writes = vec![Write::Iam(IamWrite::CreateAccessKey { user: value::text(wanted, "user").to_owned() })];
        writes.extend(csv(wanted).map(|file| Write::File(FileWrite::StoreKeyCsv { file, replaces: replaces() })));
        let replace_profile = wanted.get("replace_profile") == Some(&json!(true));
        writes.extend(value::optional_text(wanted, "profile").map(|profile| {
            Write::File(FileWrite::StoreCredentials { profile, replaces: replaces(), replace_profile })
        }));
        writes
    }

    /// Only `replace_profile` can change in place, and AWS doesn't know it.
    fn update(&self, _seen: &Seen, _wanted: &Attributes, _changed: &[&str]) -> Vec<Write> {
        Vec::new()
    }

    fn delete(&self, seen: &Seen, recorded: &Attributes) -> Vec<Write> {
        let user = value::text(&seen.attributes, "user").to_owned();
        let mut writes = vec![Write::Iam(IamWrite::DeleteAccessKey { user, id: seen.id.clone() })];
        writes.extend(emptied(recorded, &seen.id));
        writes
    }

    fn leftovers(&self, recorded: &Attributes) -> Vec<Write> {
        value::optional_text(recorded, "id").map(|id| emptied(recorded, &id)).unwrap_or_default()
    }

    fn part_of_parent(&self) -> bool {
        true
    }

    fn must_replace(&self, seen: &Seen, wanted: &Attributes) -> Option<String> {
        if seen.internals.get("orphan") == Some(&json!(true)) {
            return Some("an earlier run made this key, but its secret was lost".to_owned());
        }
        let lost = |sink: &str| {
            let declared = value::optional_text(wanted, sink)?;
            seen.attributes.get(sink).is_none_or(Value::is_null).then_some(declared)
        };
        let what = lost("profile").map(|profile| format!("profile [{profile}]")).or_else(|| lost("csv"))?;
        Some(format!("{what} no longer holds this key: its secret cannot be read again"))
    }
}

fn csv(attributes: &Attributes) -> Option<LocalFile> {
    value::optional_text(attributes, "csv").map(LocalFile::Path)
}

/// The calls that take a key out of its files.
fn emptied(recorded: &Attributes, id: &str) -> Vec<Write> {
    let key = || id.to_owned();
    let profile = value::optional_text(recorded, "profile")
        .map(|profile| Write::File(FileWrite::RemoveCredentials { profile, key: key() }));
    let csv = csv(recorded).map(|file| Write::File(FileWrite::RemoveKeyCsv { file, key: key() }));
    profile.into_iter().chain(csv).collect()
}

/// The key ids that the declared files hold.
struct Files {
    profile: Option<String>,
    csv: Option<String>,
}

impl Files {
    fn read(wanted: &Attributes, snapshot: &Snapshot) -> Result<Self, Failure> {
        let profile = value::optional_text(wanted, "profile").map(|profile| FileRead::Credentials { profile });
        let csv = csv(wanted).map(|file| FileRead::KeyCsv { file });
        Ok(Self { profile: held(profile, snapshot)?, csv: held(csv, snapshot)? })
    }
}

fn held(read: Option<FileRead>, snapshot: &Snapshot) -> Result<Option<String>, Failure> {
    match read.map(|read| snapshot.file(&read)) {
        Some(Observed::Present(FileReply::KeyId(id))) => Ok(id),
        Some(Observed::Unknown(failure)) => Err(failure),
        Some(Observed::Present(FileReply::Settings(_)) | Observed::Absent) | None => Ok(None),
    }
}

struct Facts {
    /// The user's keys, by id.
    live: BTreeSet<String>,
    files: Files,
    owner: Option<String>,
}

/// One of the user's keys that is ours.
struct Ours {
    id: String,
    orphan: bool,
}

impl Facts {
    fn of(wanted: &Attributes, snapshot: &Snapshot) -> Observed<Self> {
        let user = value::text(wanted, "user");
        snapshot.user(user).and_then(|detail| {
            snapshot.access_keys(user).and_then(|keys| match Files::read(wanted, snapshot) {
                Ok(files) => Observed::Present(Self {
                    live: keys.into_iter().map(|key| key.id).collect(),
                    files,
                    owner: owner(&detail.user.tags),
                }),
                Err(failure) => Observed::Unknown(failure),
            })
        })
    }

    fn ours(&self, wanted: &Attributes) -> Result<Option<Ours>, Failure> {
        let recorded = value::optional_text(wanted, "id");
        if let Some(id) = recorded.clone().filter(|id| self.live.contains(id)) {
            return Ok(Some(Ours { id, orphan: false }));
        }
        if let Some(known) = wanted.get("known").and_then(Value::as_array) {
            return self.made_since(known);
        }
        // Ours is gone: what the files hold instead, somebody else put there.
        if recorded.is_some() {
            return Ok(None);
        }
        let held = [&self.files.profile, &self.files.csv].into_iter().flatten();
        Ok(held.filter(|id| self.live.contains(*id)).map(|id| Ours { id: id.clone(), orphan: false }).next())
    }

    /// What an interrupted run made: a key that wasn't there before it.
    fn made_since(&self, known: &[Value]) -> Result<Option<Ours>, Failure> {
        let new: Vec<_> = self.live.iter().filter(|id| !known.contains(&json!(id))).collect();
        let held = |id: &&&String| [&self.files.profile, &self.files.csv].contains(&&Some((**id).clone()));
        if let Some(id) = new.iter().find(held) {
            return Ok(Some(Ours { id: (*id).clone(), orphan: false }));
        }
        match new.as_slice() {
            [] => Ok(None),
            [id] => Ok(Some(Ours { id: (*id).clone(), orphan: true })),
            // One run makes one key: the other is somebody's, and nothing tells which.
            several => Err(Failure::new(
                FailureKind::Refused,
                "iam:ListAccessKeys",
                "AmbiguousKeys",
                format!(
                    "an earlier run was interrupted while it made a key, which may be any of {}: \
                     delete those that nobody uses",
                    several.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ")
                ),
            )),
        }
    }

    fn seen(&self, Ours { id, orphan }: Ours, wanted: &Attributes) -> Seen {
        let sink = |name: &str, held: &Option<String>| {
            let holds = held.as_ref() == Some(&id);
            json!(value::optional_text(wanted, name).filter(|_| holds))
        };
        let attributes = [
            ("user", json!(value::text(wanted, "user"))),
            ("profile", sink("profile", &self.files.profile)),
            ("csv", sink("csv", &self.files.csv)),
        ];
        let mut internals = Attributes::from([("keys".to_owned(), json!(self.live))]);
        if orphan {
            internals.insert("orphan".to_owned(), json!(true));
        }
        Seen {
            id,
            owner: self.owner.clone(),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into(),
            internals,
            ..Seen::default()
        }
    }
}
