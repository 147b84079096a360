//! One stage of a `zappa_settings.json`, of which only the declared keys are ours.

use serde_json::{Map, json};

use super::field::empty_map;
use super::{
    AccessRole, DeletionBlocker, Field, FieldForm, Kind, KindFacts, LiveObject, Ownership,
    Recovery, Uniqueness,
};
use crate::address::KindName;
use crate::call::{FileRead, FileReply, FileWrite, LocalFile, Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes, SectionSettings, Value};

pub(super) struct ZappaSettingsKind;

const FIELDS: &[Field] = &[
    Field::identity("file"),
    Field::identity("stage"),
    Field::in_place("settings", FieldForm::Keyed, empty_map),
];

impl Kind for ZappaSettingsKind {
    fn name(&self) -> KindName {
        KindName::ZappaSettings
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::LocalFile,
            parent: None,
            access: AccessRole::None,
            document: None,
            uniqueness: Uniqueness::Exact,
            outputs: &[],
            recovery: Recovery::Never,
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![Facet::Stage { file: file(wanted), stage: stage(wanted) }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        snapshot.file(&FileRead::Stage { file: file(wanted), stage: stage(wanted) }).map(|reply| {
            let settings: Map<String, Value> = match reply {
                FileReply::Settings(settings) => settings.into_iter().collect(),
                FileReply::KeyId(_) => Map::new(),
            };
            let (file, stage) = (value::text_of(wanted, "file"), value::text_of(wanted, "stage"));
            let attributes =
                [("file", json!(file)), ("stage", json!(stage)), ("settings", settings.into())];
            LiveObject {
                id: id(file, stage),
                owner: None,
                attributes: attributes.into(),
                internals: Attributes::new(),
                ..LiveObject::default()
            }
        })
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(id(value::text_of(wanted, "file"), value::text_of(wanted, "stage")))
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![set(wanted, settings(wanted))]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    /// Returns the calls of a change. `wanted` holds all settings that the stage is to have, those
    /// of others included.
    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        if !changed.contains(&"settings") {
            return Vec::new();
        }
        let (before, mut after) = (settings(&seen.attributes), settings(wanted));
        let gone: Vec<_> = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
        after.retain(|key, value| before.get(key) != Some(value));
        // The order of the calls never leaves the stage empty: an empty stage is removed, and loses
        // its place in the file.
        let mut writes = Vec::new();
        if !after.is_empty() {
            writes.push(set(wanted, after));
        }
        if !gone.is_empty() {
            writes.push(unset(wanted, gone));
        }
        writes
    }

    fn delete(&self, _seen: &LiveObject, recorded: &Attributes) -> Vec<Write> {
        vec![unset(recorded, settings(recorded).into_keys().collect())]
    }
}

fn file(attributes: &Attributes) -> LocalFile {
    LocalFile::Path(value::text_of(attributes, "file").to_owned())
}

fn stage(attributes: &Attributes) -> String {
    value::text_of(attributes, "stage").to_owned()
}

fn settings(attributes: &Attributes) -> SectionSettings {
    let map = attributes.get("settings").and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn set(attributes: &Attributes, settings: SectionSettings) -> Write {
    Write::File(FileWrite::SetStage { file: file(attributes), stage: stage(attributes), settings })
}

fn unset(attributes: &Attributes, settings: Vec<String>) -> Write {
    Write::File(FileWrite::UnsetStage {
        file: file(attributes),
        stage: stage(attributes),
        settings,
    })
}

fn id(file: &str, stage: &str) -> String {
    format!("{file}#{stage}")
}
