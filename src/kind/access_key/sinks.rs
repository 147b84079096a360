//! The list of the places that keep a key's secret: one [`SecretSink`] each.

use std::collections::BTreeMap;

use serde_json::json;

use super::age::Age;
use super::command::SinkCommand;
use super::sink::SecretSink;
use crate::call::{Failure, FileRead, FileReply, FileWrite, LocalFile, Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes, Value};

/// All sinks. The last one is written first, and emptied last. Sinks that can't be asked are
/// written before those that can: so after an interrupted run, a key that is found in the latter is
/// in all of them.
pub(super) const SINKS: &[&dyn SecretSink] = &[&ProfileSink, &CsvSink, &Age, &SinkCommand];

/// The keys that the declared sinks hold, by the sink's name.
pub(super) struct SinkContents(BTreeMap<&'static str, String>);

impl SinkContents {
    pub(super) fn read(wanted: &Attributes, snapshot: &Snapshot) -> Result<Self, Failure> {
        let mut held = BTreeMap::new();
        for sink in SINKS {
            match sink.read(wanted).map(|read| snapshot.file(&read)) {
                Some(Observed::Present(FileReply::KeyId(Some(id)))) => {
                    drop(held.insert(sink.name(), id));
                }
                Some(Observed::Unknown(failure)) => return Err(failure),
                Some(
                    Observed::Present(
                        FileReply::KeyId(None) | FileReply::Settings(_) | FileReply::Writable,
                    )
                    | Observed::Absent,
                )
                | None => {}
            }
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
    SINKS.iter().filter_map(|sink| sink.facet(wanted))
}

/// Returns the reason why no key can be put into the sinks: one of them holds a key that is none of
/// `ours`.
pub(super) fn conflict(
    wanted: &Attributes,
    held: &SinkContents,
    ours: &[Option<String>],
) -> Option<String> {
    let foreign =
        |sink: &dyn SecretSink| held.by(sink).filter(|key| !ours.contains(&Some((*key).clone())));
    SINKS.iter().find_map(|sink| sink.conflict(wanted, foreign(*sink)?))
}

/// Returns the calls that put a new key into its sinks. `replaces` returns the key whose place it
/// takes in the sink of that name.
pub(super) fn stored(
    wanted: &Attributes,
    replaces: impl Fn(&str) -> Option<String>,
) -> impl Iterator<Item = Write> {
    SINKS.iter().rev().filter_map(move |sink| sink.store(wanted, replaces(sink.name())))
}

/// Returns the calls that take a key out of its sinks.
pub(super) fn emptied(recorded: &Attributes, key: &str) -> Vec<Write> {
    SINKS.iter().filter_map(|sink| sink.empty(recorded, key.to_owned())).collect()
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
