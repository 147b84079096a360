//! The move of a key's secret from the sinks that hold it to those that the manifest names now.
//!
//! The secret is read from a file that holds it, put into its new places, and read back there. Only
//! then is it taken out of the places that the manifest no longer names. The state lists those
//! places until they are empty, so that a run that is killed leaves no copy that nobody knows of.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sink::SecretSink;
use super::sinks::{FORMER, SINKS, SinkContents, former_sinks, key_in, taken};
use crate::call::{Failure, FileWrite, SecretSource, Write};
use crate::kind::{LiveObject, Maintenance};
use crate::reads::Snapshot;
use crate::value::{self, Attributes, Value};

/// The attribute with the sinks that can't be asked, and that were not given the key yet.
const UNDELIVERED: &str = "undelivered";

/// The internals' part with the [`Relocation`].
const RELOCATION: &str = "sinks";

/// Returns the attributes by which the earlier sinks of a declared key are found. Sinks that are no
/// longer declared are null: they are not filled any more.
pub(super) fn earlier_places(declared: &Attributes, recorded: &Attributes) -> Attributes {
    let mut earlier = Attributes::new();
    let places = places(declared);
    let is_left = |sink: &dyn SecretSink, at: &Attributes| {
        sink.place(at).is_none_or(|place| !places.contains(&place))
    };
    let noted = former_sinks(recorded).filter(|(sink, at)| is_left(*sink, at)).map(|(_, at)| at);
    let mut left: Vec<Attributes> = noted.collect();
    for sink in SINKS {
        let name = sink.name();
        match (recorded.get(name).filter(|it| !it.is_null()), sink.is_declared(declared)) {
            (Some(was), is_declared) if declared.get(name) != Some(was) => {
                left.push(Attributes::from([(name, was.clone())]));
                if !is_declared {
                    earlier.insert(name, Value::Null);
                }
            }
            (None, true) if !sink.can_be_asked() => earlier.insert(UNDELIVERED, json!([name])),
            (Some(_) | None, _) => {}
        }
    }
    if !left.is_empty()
        && let Some(SecretSource::Profile(aside)) =
            value::optional_text(recorded, "id").map(|id| SecretSource::aside(&id))
    {
        let aside = Attributes::from([("profile", json!(aside))]);
        left.retain(|it| *it != aside);
        left.insert(0, aside);
    }
    if !left.is_empty() || recorded.contains_key(FORMER) {
        earlier.insert(FORMER, json!(left));
    }
    earlier
}

fn places(attributes: &Attributes) -> BTreeSet<String> {
    SINKS.iter().filter_map(|sink| sink.place(attributes)).collect()
}

/// A sink that the manifest no longer names, with the key in it.
pub(super) struct FormerSink {
    sink: &'static dyn SecretSink,
    at: Attributes,
    key: Option<String>,
}

impl FormerSink {
    pub(super) fn read_all(wanted: &Attributes, snapshot: &Snapshot) -> Result<Vec<Self>, Failure> {
        let read = |(sink, at): (&'static dyn SecretSink, Attributes)| {
            let key = match key_in(sink, &at, snapshot) {
                // Somebody's own file took its place: no key is in it.
                Err(failure) if failure.code == "NotAKeyFile" => None,
                other => other?,
            };
            Ok(Self { sink, at, key })
        };
        former_sinks(wanted).map(read).collect()
    }

    pub(super) fn held_key(&self) -> Option<&String> {
        self.key.as_ref()
    }

    /// Returns the attribute that declared the sink, if the sink holds one of these keys.
    pub(super) fn our_sink(&self, ours: &BTreeSet<String>) -> Option<(&'static str, &Value)> {
        self.key.as_ref().filter(|key| ours.contains(*key))?;
        Some((self.sink.name(), self.at.get(self.sink.name())?))
    }
}

/// A key of ours in a sink that it leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LeftKey {
    at: Attributes,
    key: String,
}

/// The difference between the sinks that a key is in and those that it is to be in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Relocation {
    /// The declared sinks that lack the key.
    lacking: Vec<String>,
    /// The earlier keys of ours in the sinks that lack the key.
    held: BTreeMap<String, String>,
    /// The keys of ours in sinks that are no longer declared.
    leaving: Vec<LeftKey>,
    /// The file from which the secret can be read.
    source: Option<SecretSource>,
    /// The sinks that the state lists until they are empty.
    former: Vec<Attributes>,
}

/// The keys and their sinks, as the snapshot shows them.
pub(super) struct SinkView<'a> {
    pub(super) id: &'a str,
    /// All keys of ours that a sink may hold.
    pub(super) ours: &'a BTreeSet<String>,
    pub(super) held: &'a SinkContents,
    pub(super) former: &'a [FormerSink],
}

impl Relocation {
    pub(super) fn noted_in(seen: &LiveObject) -> Self {
        let noted = seen.internals.get(RELOCATION).cloned();
        noted.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default()
    }

    pub(super) fn compare(wanted: &Attributes, view: &SinkView<'_>) -> Self {
        let undelivered = wanted.get(UNDELIVERED).and_then(Value::as_array);
        let lacks = |sink: &dyn SecretSink| {
            sink.is_declared(wanted)
                && if sink.can_be_asked() {
                    view.held.by(sink).is_none_or(|held| held != view.id)
                } else {
                    undelivered.is_some_and(|names| names.contains(&json!(sink.name())))
                }
        };
        let lacking: Vec<&dyn SecretSink> = SINKS.iter().copied().filter(|it| lacks(*it)).collect();
        let places = places(wanted);
        let left = |it: &&FormerSink| it.sink.place(&it.at).is_none_or(|it| !places.contains(&it));
        let leaving = view.former.iter().filter(left).filter_map(|it| {
            it.our_sink(view.ours)?;
            Some(LeftKey { at: it.at.clone(), key: it.key.clone()? })
        });
        let declared =
            SINKS.iter().filter(|sink| view.held.by(**sink).is_some_and(|it| it == view.id));
        let earlier = view.former.iter().filter(|it| it.key.as_deref() == Some(view.id));
        let held = |sink: &&dyn SecretSink| {
            let key = view.held.by(*sink).filter(|key| view.ours.contains(*key))?;
            Some((sink.name().to_owned(), key.clone()))
        };
        Self {
            held: lacking.iter().filter_map(held).collect(),
            lacking: lacking.iter().map(|sink| sink.name().to_owned()).collect(),
            leaving: leaving.collect(),
            source: declared
                .filter_map(|sink| sink.source(wanted))
                .chain(earlier.filter_map(|it| it.sink.source(&it.at)))
                .next(),
            former: view.former.iter().filter_map(|it| it.sink.trace(&it.at)).collect(),
        }
    }

    /// Notes it in the object, if there is anything to note.
    pub(super) fn note_in(&self, seen: &mut LiveObject) {
        if !(self.lacking.is_empty() && self.leaving.is_empty() && self.former.is_empty()) {
            seen.internals.insert(RELOCATION, json!(self));
        }
    }

    /// Returns the reason why a move does not do, and another key must be made.
    pub(super) fn rotation(&self, wanted: &Attributes, view: &SinkView<'_>) -> Option<String> {
        let outdated = view.former.iter().find_map(|it| it.sink.outdated(&it.at, wanted));
        let lost = || {
            let sink = self.sinks().next().filter(|_| self.source.is_none())?;
            Some(format!(
                "{} does not hold this key, and its secret cannot be read from another file",
                sink.label(wanted)
            ))
        };
        outdated.or_else(lost)
    }

    fn sinks(&self) -> impl Iterator<Item = &'static dyn SecretSink> {
        let is_lacking = |sink: &&dyn SecretSink| self.lacking.iter().any(|it| it == sink.name());
        SINKS.iter().copied().filter(move |sink| is_lacking(sink))
    }

    /// Returns the description of the move, if there is one to make.
    pub(super) fn reason(&self, wanted: &Attributes) -> Option<String> {
        let labels = |labels: Vec<String>| labels.join(" and ");
        let to = labels(self.sinks().map(|sink| sink.label(wanted)).collect());
        let label = |it: &LeftKey| {
            let sink = SINKS.iter().find(|sink| sink.is_declared(&it.at))?;
            Some(sink.label(&it.at))
        };
        let from = labels(self.leaving.iter().filter_map(label).collect());
        match (&self.source, to.is_empty(), from.is_empty()) {
            (_, true, true) => None,
            (_, true, false) => Some(format!("the secret is removed from {from}")),
            (_, false, false) => Some(format!("the secret moves from {from} to {to}")),
            (Some(source), false, true) => {
                Some(format!("the secret is copied from {source} to {to}"))
            }
            (None, false, true) => Some(format!("the secret is copied to {to}")),
        }
    }

    /// Returns the calls of the move.
    pub(super) fn calls(&self, seen: &LiveObject, wanted: &Attributes) -> Vec<Write> {
        let mut writes = Vec::new();
        if let Some(from) = self.source.clone().filter(|_| !self.lacking.is_empty()) {
            let (user, key) =
                (value::text_of(&seen.attributes, "user").to_owned(), seen.id.clone());
            writes.push(Write::File(FileWrite::ReadSecret { user, key, from }));
            let lacking: Vec<_> = self.sinks().collect();
            let store =
                |sink: &&dyn SecretSink| sink.store(wanted, self.replaced(wanted, sink.name()));
            writes.extend(lacking.iter().rev().filter_map(store));
        }
        writes.extend(self.emptied());
        writes
    }

    /// Returns the key whose place the secret takes in a sink.
    pub(super) fn replaced(&self, wanted: &Attributes, sink: &str) -> Option<String> {
        taken(wanted, sink).or_else(|| self.held.get(sink).cloned())
    }

    pub(super) fn is_lacking(&self, sink: &str) -> bool {
        self.lacking.iter().any(|it| it == sink)
    }

    /// Returns the calls that empty the sinks that are no longer declared.
    pub(super) fn emptied(&self) -> impl Iterator<Item = Write> {
        self.leaving.iter().filter_map(|LeftKey { at, key }| {
            SINKS.iter().find(|sink| sink.is_declared(at))?.empty(at, key.clone())
        })
    }
}

/// Returns the attributes that the state records while the sinks change: with the sinks that may
/// still hold the key, and without a command that was not given the key yet.
pub(super) fn unsettled(attributes: &Attributes, before: &LiveObject) -> Attributes {
    let relocation = Relocation::noted_in(before);
    let mut unsettled = attributes.clone();
    if !relocation.former.is_empty() {
        unsettled.insert(FORMER, json!(relocation.former));
    }
    if matches!(before.upkeep, Some(Maintenance::Move(_))) {
        for sink in relocation.sinks().filter(|sink| !sink.can_be_asked()) {
            unsettled.insert(sink.name(), Value::Null);
        }
    }
    unsettled
}
