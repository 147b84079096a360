//! Finds the user's key that is ours. A key has no tags, so the state tells it, or the sinks that
//! hold it, or the list of the keys before an interrupted run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::tags::owner;
use super::super::{LiveObject, Maintenance};
use super::relocation::{FormerSink, Relocation, SinkView};
use super::rotation::{Ages, RetiredKey, SupersededKey};
use super::sinks::SinkContents;
use crate::call::iam::AccessKey;
use crate::call::{Failure, FailureKind, Observed};
use crate::reads::Snapshot;
use crate::value::{self, Attributes, Value};

/// The facts about a user's keys.
pub(super) struct KeyFacts {
    /// The keys in AWS, by id.
    live: BTreeMap<String, AccessKey>,
    held: SinkContents,
    /// The sinks that the manifest no longer names.
    former: Vec<FormerSink>,
    owner: Option<String>,
}

/// The one of the user's keys that is ours.
pub(super) struct OwnedKey {
    id: String,
    /// The stage of its making.
    stage: KeyStage,
}

enum KeyStage {
    /// The key is complete.
    Whole,
    /// An interrupted run made the key, and put it into some of its sinks at least.
    Partial,
    /// An interrupted run made the key, and its secret was lost.
    Orphan,
    /// A rotation was begun, and may have made the key `unfinished` to take this one's place.
    Begun { unfinished: Option<String> },
}

impl OwnedKey {
    fn whole(id: String) -> Self {
        Self { id, stage: KeyStage::Whole }
    }
}

impl KeyFacts {
    pub(super) fn of(wanted: &Attributes, snapshot: &Snapshot) -> Observed<Self> {
        let user = value::text_of(wanted, "user");
        snapshot.user(user).and_then(|found| {
            snapshot.access_keys(user).and_then(|keys| {
                let held = SinkContents::read(wanted, snapshot);
                match held.and_then(|held| Ok((held, FormerSink::read_all(wanted, snapshot)?))) {
                    Ok((held, former)) => Observed::Present(Self {
                        live: keys.into_iter().map(|key| (key.id.clone(), key)).collect(),
                        held,
                        former,
                        owner: owner(&found.tags),
                    }),
                    Err(failure) => Observed::Unknown(failure),
                }
            })
        })
    }

    pub(super) fn ours(&self, wanted: &Attributes) -> Result<Option<OwnedKey>, Failure> {
        let recorded = value::optional_text(wanted, "id");
        let known = wanted.get("known").and_then(Value::as_array);
        match (recorded.clone().filter(|id| self.live.contains_key(id)), known) {
            (Some(id), None) => return Ok(Some(OwnedKey::whole(id))),
            // A recorded key is among the keys that existed before only while it is rotated.
            (Some(id), Some(known)) if known.contains(&json!(id)) => {
                let unfinished = self.new_since(known)?.cloned();
                return Ok(Some(OwnedKey { id, stage: KeyStage::Begun { unfinished } }));
            }
            (_, Some(known)) => return self.made_since(known),
            (None, None) => {}
        }
        // Our key is gone: somebody else put the key there that a sink holds instead.
        if recorded.is_some() {
            return Ok(None);
        }
        let mut held = self.held.keys();
        Ok(held.find(|id| self.live.contains_key(*id)).map(|id| OwnedKey::whole(id.clone())))
    }

    /// Finds the key that an interrupted run made: a key that did not exist before that run.
    fn made_since(&self, known: &[Value]) -> Result<Option<OwnedKey>, Failure> {
        let new = self.live.keys().filter(|id| !known.contains(&json!(id)));
        let mut former = self.former.iter().filter_map(FormerSink::held_key);
        let mut held = |id: &&String| self.held.keys().chain(former.by_ref()).any(|it| it == *id);
        if let Some(id) = new.clone().find(|id| held(id)) {
            return Ok(Some(OwnedKey { id: id.clone(), stage: KeyStage::Partial }));
        }
        let new = self.new_since(known)?;
        Ok(new.map(|id| OwnedKey { id: id.clone(), stage: KeyStage::Orphan }))
    }

    fn new_since(&self, known: &[Value]) -> Result<Option<&String>, Failure> {
        let new: Vec<_> = self.live.keys().filter(|id| !known.contains(&json!(id))).collect();
        match new.as_slice() {
            [] => Ok(None),
            [id] => Ok(Some(*id)),
            // One run makes one key. The others are somebody else's, and nothing tells which.
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

    pub(super) fn seen(
        &self,
        OwnedKey { id, stage }: OwnedKey,
        wanted: &Attributes,
        snapshot: &Snapshot,
    ) -> LiveObject {
        let ours = ours_in_sinks(&id, &stage, wanted);
        let mut attributes = match &stage {
            KeyStage::Whole | KeyStage::Partial | KeyStage::Orphan => {
                self.held.attributes(wanted, |held| held == Some(&id))
            }
            // All sinks are written again, whichever of our keys is in them.
            KeyStage::Begun { .. } => {
                self.held.attributes(wanted, |held| held.is_none_or(|held| ours.contains(held)))
            }
        };
        for (sink, at) in self.former.iter().filter_map(|it| it.our_sink(&ours)) {
            if attributes.get(sink).is_none_or(Value::is_null) {
                attributes.insert(sink, at.clone());
            }
        }
        attributes.insert("user", json!(value::text_of(wanted, "user")));
        let ids: BTreeSet<&String> = self.live.keys().collect();
        let mut seen = LiveObject {
            id: id.clone(),
            owner: self.owner.clone(),
            attributes,
            ..LiveObject::default()
        };
        seen.internals.insert("keys", json!(ids));
        match stage {
            KeyStage::Whole | KeyStage::Partial => self.age(&mut seen, wanted, snapshot),
            KeyStage::Orphan => seen.internals.insert("orphan", json!(true)),
            KeyStage::Begun { ref unfinished } => {
                let made: BTreeSet<String> =
                    made(wanted).into_iter().chain(unfinished.clone()).collect();
                let begun =
                    json!({"unfinished": unfinished, "made": made, "held": self.held.noted()});
                seen.internals.insert("begun", begun);
                let why = "an earlier run began to rotate this key, and was interrupted";
                seen.upkeep = Some(Maintenance::Renew(why.to_owned()));
            }
        }
        let view = SinkView { id: &id, ours: &ours, held: &self.held, former: &self.former };
        relocate(&mut seen, &stage, wanted, &view);
        seen
    }

    /// Sets the maintenance and the remarks that the ages of the keys make necessary.
    fn age(&self, seen: &mut LiveObject, wanted: &Attributes, snapshot: &Snapshot) {
        let Some(current) = self.live.get(&seen.id) else { return };
        let retired = RetiredKey::remembered(wanted)
            .and_then(|it| self.live.get(&it.id).map(|live| (it, live)));
        let ages = Ages { wanted, snapshot, current, retired };
        (seen.upkeep, seen.remarks) = ages.upkeep();
        seen.is_overdue = matches!(seen.upkeep, Some(Maintenance::Tend(_)));
        if let Some(lingering) = ages.lingering() {
            seen.internals.insert("retired", json!(lingering));
        } else if wanted.get("id").is_none() {
            let idle =
                self.live.values().filter(|key| key.id != seen.id && key.status == "Inactive");
            seen.remarks.extend(idle.map(|key| {
                format!(
                    "the user's other key, {}, is inactive, and it is not known if relayctl \
                        retired it: delete it if nobody needs it",
                    key.id
                )
            }));
        }
    }
}

/// Returns the keys of ours that a sink may hold.
fn ours_in_sinks(id: &str, stage: &KeyStage, wanted: &Attributes) -> BTreeSet<String> {
    let unfinished = match stage {
        KeyStage::Begun { unfinished } => unfinished.clone(),
        KeyStage::Whole | KeyStage::Partial | KeyStage::Orphan => None,
    };
    known_ids(wanted).chain(unfinished).chain([id.to_owned()]).collect()
}

/// Compares the sinks of a key with the wanted ones: the secret moves, or another key is made.
fn relocate(seen: &mut LiveObject, stage: &KeyStage, wanted: &Attributes, view: &SinkView<'_>) {
    let relocation = Relocation::compare(wanted, view);
    relocation.note_in(seen);
    let rotation = relocation.rotation(wanted, view);
    match (stage, rotation) {
        (KeyStage::Orphan | KeyStage::Begun { .. }, _) => {}
        // Nobody relies on a key that never reached all of its sinks.
        (KeyStage::Partial, Some(_)) => seen.internals.insert("orphan", json!(true)),
        (KeyStage::Whole, Some(why)) => seen.upkeep = Some(Maintenance::Renew(why)),
        (KeyStage::Whole | KeyStage::Partial, None) => {
            let Some(why) = relocation.reason(wanted) else { return };
            seen.upkeep = match seen.upkeep.take() {
                Some(renewal @ Maintenance::Renew(_)) => Some(renewal),
                Some(other) => Some(Maintenance::Move(format!("{why}; {}", other.why()))),
                None => Some(Maintenance::Move(why)),
            };
        }
    }
}

/// Returns the ids of all keys of ours that the state knows.
pub(super) fn known_ids(recorded: &Attributes) -> impl Iterator<Item = String> {
    let retired = RetiredKey::remembered(recorded).map(|retired| retired.id);
    value::optional_text(recorded, "id").into_iter().chain(retired).chain(made(recorded))
}

/// Returns the new keys that interrupted rotations gave up: sinks may still hold one of them.
fn made(attributes: &Attributes) -> Vec<String> {
    let made = attributes.get("made").and_then(Value::as_array);
    made.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn begun_part<'a>(seen: &'a LiveObject, name: &str) -> Option<&'a Value> {
    seen.internals.get("begun")?.get(name)
}

pub(super) fn is_begun(seen: &LiveObject) -> bool {
    seen.internals.contains_key("begun")
}

/// Returns the key that an interrupted rotation made, if it still exists.
pub(super) fn unfinished(seen: &LiveObject) -> Option<String> {
    begun_part(seen, "unfinished").and_then(Value::as_str).map(str::to_owned)
}

/// Returns the keys of ours that the sinks hold after an interrupted rotation, by the names of the
/// sinks.
pub(super) fn held_attributes(seen: &LiveObject) -> Attributes {
    let ours: Vec<&str> = begun_part(seen, "made")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let held = begun_part(seen, "held").and_then(Value::as_object);
    let held = held
        .into_iter()
        .flatten()
        .filter(|(_, id)| id.as_str().is_some_and(|id| ours.contains(&id)));
    held.map(|(sink, id)| (sink.clone(), id.clone())).collect()
}

/// Returns true if the key is the recorded one, the retired one whose place that took, or one that
/// an interrupted run made: a key that did not exist before.
pub(super) fn is_recorded(recorded: &Attributes, is_intended: bool, id: &str) -> bool {
    let known = recorded.get("known").and_then(Value::as_array);
    let retired = recorded.get("retired").and_then(|it| it.get("id")).and_then(Value::as_str);
    value::optional_text(recorded, "id").as_deref() == Some(id)
        || retired == Some(id)
        || is_intended
            && known.is_some_and(|known| !known.iter().any(|known| known.as_str() == Some(id)))
}

/// Returns the user's other keys, except those that a rotation deletes before it makes a new key.
pub(super) fn others(seen: &LiveObject) -> Vec<String> {
    let keys = seen.internals.get("keys").and_then(Value::as_array);
    let keys = keys.into_iter().flatten().filter_map(Value::as_str);
    let goes: Vec<String> = unfinished(seen).into_iter().chain(SupersededKey::goes(seen)).collect();
    keys.filter(|id| *id != seen.id && !goes.iter().any(|it| it == id)).map(str::to_owned).collect()
}

/// Returns the attributes that the state records during a rotation: with the keys that existed
/// before, and those that were given up.
pub(super) fn begun(attributes: &Attributes, seen: &LiveObject, more: &[String]) -> Attributes {
    let known: BTreeSet<String> = others(seen).into_iter().chain([seen.id.clone()]).collect();
    let before = begun_part(seen, "made").and_then(Value::as_array).into_iter().flatten();
    let made: BTreeSet<String> =
        before.filter_map(Value::as_str).map(str::to_owned).chain(more.iter().cloned()).collect();
    let mut begun = attributes.clone();
    begun.insert("known", json!(known));
    if !made.is_empty() {
        begun.insert("made", json!(made));
    }
    if let Some(lingering) = SupersededKey::of(seen) {
        begun.extend([lingering.key.noted()]);
    }
    begun
}
