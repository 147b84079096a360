//! One stage of Zappa's settings file, of which only the declared keys are ours.

use serde_json::{Map, json};

use super::field::empty_map;
use super::{
    AccessRole, DeletionBlocker, Field, FieldEffect, FieldForm, JudgedChange, Kind, KindFacts,
    LiveObject, Ownership, Recovery, Uniqueness,
};
use crate::address::KindName;
use crate::call::{FileRead, FileReply, FileWrite, LocalFile, Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes, SectionSettings, Value};

pub(super) struct ZappaSettingsKind;

const FIELDS: &[Field] = &[
    Field::identity("file"),
    Field::identity("stage"),
    Field::in_place("settings", FieldForm::Keyed, empty_map).judged(judge_settings),
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
        let stages = std::iter::once(stage(wanted)).chain(extended(wanted));
        stages.map(|stage| Facet::Stage { file: file(wanted), stage }).collect()
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        snapshot.file(&FileRead::Stage { file: file(wanted), stage: stage(wanted) }).map(|reply| {
            let settings: Map<String, Value> = match reply {
                FileReply::Settings(settings) => settings.into_iter().collect(),
                FileReply::KeyId(_) | FileReply::Writable => Map::new(),
            };
            let remarks = unused_role(wanted, &settings, snapshot).into_iter().collect();
            let (file, stage) = (value::text_of(wanted, "file"), value::text_of(wanted, "stage"));
            let attributes =
                [("file", json!(file)), ("stage", json!(stage)), ("settings", settings.into())];
            LiveObject {
                id: id(file, stage),
                owner: None,
                attributes: attributes.into(),
                internals: Attributes::new(),
                remarks,
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

/// Returns the stage whose settings Zappa reads below this one's.
fn extended(wanted: &Attributes) -> Option<String> {
    settings(wanted).get("extends").and_then(Value::as_str).map(str::to_owned)
}

/// Returns a remark if somebody put the ARN of another role into the stage, or into the one that it
/// extends: Zappa uses `role_arn` before `role_name` (`credentials_arn` in `zappa/core.py`).
fn unused_role(
    wanted: &Attributes,
    now: &Map<String, Value>,
    snapshot: &Snapshot,
) -> Option<String> {
    let declared = settings(wanted);
    let name = declared.get("role_name")?.as_str()?;
    let inherited = || {
        let stage = extended(wanted)?;
        let read = FileRead::Stage { file: file(wanted), stage: stage.clone() };
        match snapshot.file(&read).present()? {
            FileReply::Settings(settings) => {
                let (_, arn) = settings.into_iter().find(|(key, _)| key == "role_arn")?;
                Some((arn, stage))
            }
            FileReply::KeyId(_) | FileReply::Writable => None,
        }
    };
    let own = now.get("role_arn").map(|arn| (arn.clone(), stage(wanted)));
    let (arn, stage) = own.or_else(inherited).filter(|(arn, _)| !arn.is_null())?;
    let is_same = arn.as_str().and_then(|arn| arn.rsplit('/').next()) == Some(name);
    (!is_same && !declared.contains_key("role_arn")).then(|| {
        let file = value::text_of(wanted, "file");
        format!(
            "role_name is {name}, but the stage {stage} of {file} has role_arn {arn}, which Zappa \
                uses instead: remove role_arn from {file}"
        )
    })
}

/// The settings that say neither as whom Zappa and the app act, nor what runs, nor who may call it
/// (Zappa's README, "Advanced Settings").
const WITHOUT_ACCESS: [&str; 14] = [
    "aws_region",
    "debug",
    "delete_local_zip",
    "delete_s3_zip",
    "ephemeral_storage",
    "keep_warm",
    "keep_warm_expression",
    "lambda_description",
    "log_level",
    "memory_size",
    "num_retained_versions",
    "slim_handler",
    "timeout_seconds",
    "touch",
];

fn judge_settings(change: &JudgedChange<'_>) -> FieldEffect {
    let nothing = Map::new();
    let before = change.before.and_then(Value::as_object).unwrap_or(&nothing);
    let after = change.after.as_object().unwrap_or(&nothing);
    let differs = |key: &&String| before.get(*key) != after.get(*key);
    let is_harmless = |key: &String| {
        // Zappa makes and changes roles of its own unless it is told not to.
        let is_off = key == "manage_roles" && after.get(key) == Some(&Value::Bool(false));
        is_off || WITHOUT_ACCESS.contains(&key.as_str())
    };
    if before.keys().chain(after.keys()).filter(differs).all(is_harmless) {
        FieldEffect::None
    } else {
        FieldEffect::Gain("the settings may say as whom Zappa and the app act, and what runs")
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
