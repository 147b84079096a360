//! Which of the user's keys is ours: a key has no tags, so it is told by the state, by the sinks that hold it, or by what
//! was there before an interrupted run.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::Seen;
use super::super::tags::owner;
use super::sinks::Held;
use crate::call::{Failure, FailureKind, Observed, Snapshot};
use crate::value::{self, Attributes, Value};

/// What is known of a user's keys.
pub(super) struct Facts {
    /// By id.
    live: BTreeSet<String>,
    held: Held,
    owner: Option<String>,
}

/// One of the user's keys that is ours.
pub(super) struct Ours {
    id: String,
    orphan: bool,
}

impl Facts {
    pub(super) fn of(wanted: &Attributes, snapshot: &Snapshot) -> Observed<Self> {
        let user = value::text(wanted, "user");
        snapshot.user(user).and_then(|detail| {
            snapshot.access_keys(user).and_then(|keys| match Held::read(wanted, snapshot) {
                Ok(held) => Observed::Present(Self {
                    live: keys.into_iter().map(|key| key.id).collect(),
                    held,
                    owner: owner(&detail.user.tags),
                }),
                Err(failure) => Observed::Unknown(failure),
            })
        })
    }

    pub(super) fn ours(&self, wanted: &Attributes) -> Result<Option<Ours>, Failure> {
        let recorded = value::optional_text(wanted, "id");
        if let Some(id) = recorded.clone().filter(|id| self.live.contains(id)) {
            return Ok(Some(Ours { id, orphan: false }));
        }
        if let Some(known) = wanted.get("known").and_then(Value::as_array) {
            return self.made_since(known);
        }
        // Ours is gone: what the sinks hold instead, somebody else put there.
        if recorded.is_some() {
            return Ok(None);
        }
        let mut held = self.held.keys();
        Ok(held.find(|id| self.live.contains(*id)).map(|id| Ours { id: id.clone(), orphan: false }))
    }

    /// What an interrupted run made: a key that wasn't there before it.
    fn made_since(&self, known: &[Value]) -> Result<Option<Ours>, Failure> {
        let new: Vec<_> = self.live.iter().filter(|id| !known.contains(&json!(id))).collect();
        let held = |id: &&&String| self.held.keys().any(|held| held == **id);
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

    pub(super) fn seen(&self, Ours { id, orphan }: Ours, wanted: &Attributes) -> Seen {
        let mut attributes = self.held.attributes(wanted, &id);
        attributes.insert("user".to_owned(), json!(value::text(wanted, "user")));
        let mut internals = Attributes::from([("keys".to_owned(), json!(self.live))]);
        if orphan {
            internals.insert("orphan".to_owned(), json!(true));
        }
        Seen { id, owner: self.owner.clone(), attributes, internals, ..Seen::default() }
    }
}
