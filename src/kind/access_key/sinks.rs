//! The list of the places that keep a key's secret: one [`SecretSink`] each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::age::Age;
use super::command::SinkCommand;
use super::sink::SecretSink;
use crate::call::{
    Failure, FileRead, FileReply, FileWrite, LocalFile, Observed, SecretSource, Write,
};
use crate::kind::{FieldEffect, JudgedChange, OccupiedPlace, TAKES};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes, Value};

/// Judges the permission to replace another key in the profile.
pub(super) fn judge_replaced(change: &JudgedChange<'_>) -> FieldEffect {
    if *change.after == json!(true) {
        FieldEffect::Gain("who uses the profile acts with this key instead of the one in it")
    } else {
        FieldEffect::None
    }
}

/// All sinks. The last one is written first, and emptied last. Sinks that can't be asked are
/// written before those that can: so after an interrupted run, a key that is found in the latter is
/// in all of them.
pub(super) const SINKS: &[&dyn SecretSink] = &[&ProfileSink, &CsvSink, &Age, &SinkCommand];

/// The attribute with the sinks that the manifest no longer names, and that may still hold a key of
/// ours: a list of attributes, each of one sink.
pub(super) const FORMER: &str = "former";

/// Returns the sinks that the manifest no longer names, with their attributes.
pub(super) fn former_sinks(
    attributes: &Attributes,
) -> impl Iterator<Item = (&'static dyn SecretSink, Attributes)> {
    let listed = attributes.get(FORMER).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|it| {
        let at: Attributes = serde_json::from_value(it.clone()).ok()?;
        SINKS.iter().find(|sink| sink.is_declared(&at)).map(|sink| (*sink, at))
    })
}

/// Returns the id of the key in a sink.
pub(super) fn key_in(
    sink: &dyn SecretSink,
    attributes: &Attributes,
    snapshot: &Snapshot,
) -> Result<Option<String>, Failure> {
    match sink.read(attributes).map(|read| snapshot.file(&read)) {
        Some(Observed::Present(FileReply::KeyId(id))) => Ok(id),
        Some(Observed::Unknown(failure)) => Err(failure),
        Some(
            Observed::Present(FileReply::Settings(_) | FileReply::Writable) | Observed::Absent,
        )
        | None => Ok(None),
    }
}

/// The keys that the declared sinks hold, by the sink's name.
pub(super) struct SinkContents(BTreeMap<&'static str, String>);

impl SinkContents {
    pub(super) fn read(wanted: &Attributes, snapshot: &Snapshot) -> Result<Self, Failure> {
        let mut held = BTreeMap::new();
        for sink in SINKS {
            held.extend(key_in(*sink, wanted, snapshot)?.map(|id| (sink.name(), id)));
        }
        Ok(Self(held))
    }

    pub(super) fn by(&self, sink: &dyn SecretSink) -> Option<&String> {
        self.0.get(sink.name())
    }

    /// Returns the keys, by the sink's name.
    pub(super) fn noted(&self) -> Value {
        json!(self.0)
    }

    /// Returns the keys, in the order of [`SINKS`].
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        SINKS.iter().filter_map(|sink| self.by(*sink))
    }

    /// Returns the sinks' attributes of an object: null for a sink whose key is not the object's
    /// own.
    pub(super) fn attributes(
        &self,
        wanted: &Attributes,
        is_own: impl Fn(Option<&String>) -> bool,
    ) -> Attributes {
        let holds = |sink: &dyn SecretSink| !sink.can_be_asked() || is_own(self.by(sink));
        let declared =
            |sink: &dyn SecretSink| wanted.get(sink.name()).cloned().unwrap_or(Value::Null);
        SINKS
            .iter()
            .map(|sink| {
                (sink.name().to_owned(), if holds(*sink) { declared(*sink) } else { Value::Null })
            })
            .collect()
    }
}

pub(super) fn facets(wanted: &Attributes) -> impl Iterator<Item = Facet> {
    let former = former_sinks(wanted).filter_map(|(sink, at)| sink.facet(&at));
    SINKS.iter().filter_map(|sink| sink.facet(wanted)).chain(former)
}

/// Returns the sinks that hold a key that is none of `ours`.
pub(super) fn occupied(
    wanted: &Attributes,
    held: &SinkContents,
    ours: &BTreeSet<String>,
) -> Vec<OccupiedPlace> {
    let foreign = |sink: &dyn SecretSink| held.by(sink).filter(|key| !ours.contains(*key)).cloned();
    let occupied = SINKS.iter().filter_map(|sink| {
        let by = foreign(*sink)?;
        Some(OccupiedPlace { field: sink.name(), reason: sink.conflict(wanted, &by), by })
    });
    occupied.collect()
}

/// Returns the calls that put a key into its sinks. `replaces` returns the key whose place it takes
/// in the sink of that name.
pub(super) fn stored(
    wanted: &Attributes,
    replaces: impl Fn(&str) -> Option<String>,
) -> impl Iterator<Item = Write> {
    SINKS.iter().rev().filter_map(move |sink| sink.store(wanted, replaces(sink.name())))
}

/// Returns the key of another object of this manifest whose place the key takes in a sink.
pub(super) fn taken(wanted: &Attributes, sink: &str) -> Option<String> {
    wanted.get(TAKES)?.get(sink)?.as_str().map(str::to_owned)
}

/// Returns the calls that take a key out of its sinks, and out of those that it left.
pub(super) fn emptied(recorded: &Attributes, key: &str) -> Vec<Write> {
    let former = former_sinks(recorded).filter_map(|(sink, at)| sink.empty(&at, key.to_owned()));
    SINKS.iter().filter_map(|sink| sink.empty(recorded, key.to_owned())).chain(former).collect()
}

/// A section of the AWS CLI's credentials file.
struct ProfileSink;

impl ProfileSink {
    fn replaces_any(wanted: &Attributes) -> bool {
        wanted.get("replace_profile") == Some(&json!(true))
    }
}

impl SecretSink for ProfileSink {
    fn name(&self) -> &'static str {
        "profile"
    }

    fn facet(&self, wanted: &Attributes) -> Option<Facet> {
        value::optional_text(wanted, "profile").map(|profile| Facet::Credentials { profile })
    }

    fn read(&self, wanted: &Attributes) -> Option<FileRead> {
        value::optional_text(wanted, "profile").map(|profile| FileRead::Credentials { profile })
    }

    fn place(&self, attributes: &Attributes) -> Option<String> {
        value::optional_text(attributes, "profile").map(|profile| format!("profile {profile}"))
    }

    fn source(&self, attributes: &Attributes) -> Option<SecretSource> {
        value::optional_text(attributes, "profile").map(SecretSource::Profile)
    }

    fn label(&self, wanted: &Attributes) -> String {
        format!("profile [{}]", value::text_of(wanted, "profile"))
    }

    fn conflict(&self, wanted: &Attributes, key: &str) -> Option<String> {
        (!Self::replaces_any(wanted)).then(|| {
            let profile = value::text_of(wanted, "profile");
            format!(
                "profile [{profile}] of the credentials file holds another key ({key}): \
                 name another profile, or set replace_profile: true"
            )
        })
    }

    fn store(&self, wanted: &Attributes, replaces: Option<String>) -> Option<Write> {
        let replace_profile = Self::replaces_any(wanted);
        value::optional_text(wanted, "profile").map(|profile| {
            Write::File(FileWrite::StoreCredentials { profile, replaces, replace_profile })
        })
    }

    fn empty(&self, recorded: &Attributes, key: String) -> Option<Write> {
        value::optional_text(recorded, "profile")
            .map(|profile| Write::File(FileWrite::RemoveCredentials { profile, key }))
    }
}

/// A file like the one that the console offers for download.
struct CsvSink;

fn csv(attributes: &Attributes) -> Option<LocalFile> {
    value::optional_text(attributes, "csv").map(LocalFile::Path)
}

impl SecretSink for CsvSink {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn facet(&self, wanted: &Attributes) -> Option<Facet> {
        csv(wanted).map(|file| Facet::KeyCsv { file })
    }

    fn read(&self, wanted: &Attributes) -> Option<FileRead> {
        csv(wanted).map(|file| FileRead::KeyCsv { file })
    }

    fn place(&self, attributes: &Attributes) -> Option<String> {
        value::optional_text(attributes, "csv").map(|path| format!("file {path}"))
    }

    fn source(&self, attributes: &Attributes) -> Option<SecretSource> {
        csv(attributes).map(SecretSource::Csv)
    }

    fn label(&self, wanted: &Attributes) -> String {
        value::text_of(wanted, "csv").to_owned()
    }

    fn conflict(&self, wanted: &Attributes, key: &str) -> Option<String> {
        let file = value::text_of(wanted, "csv");
        Some(format!("{file} holds another key ({key}): name another file, or move this one away"))
    }

    fn store(&self, wanted: &Attributes, replaces: Option<String>) -> Option<Write> {
        csv(wanted).map(|file| Write::File(FileWrite::StoreKeyCsv { file, replaces }))
    }

    fn empty(&self, recorded: &Attributes, key: String) -> Option<Write> {
        csv(recorded).map(|file| Write::File(FileWrite::RemoveKeyCsv { file, key }))
    }
}
