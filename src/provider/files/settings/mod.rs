//! The stages of Zappa's settings file: `zappa_settings.json`, `.toml`, `.yaml` or `.yml`.
//!
//! Each format is edited in place by a library, or by code, that keeps comments and layout. Every
//! edit is checked before it is written: the changed text is parsed again, and must hold what was
//! meant and nothing else.

mod edit;
mod json_text;
mod toml_text;
mod yaml_text;
mod yaml_value;

use serde_json::Map;

use super::place::{FileChange, OverlaidFile, SecretText};
use super::privacy::Privacy;
use super::problem::Problem;
use crate::call::FileReply;
use crate::value::{SectionSettings, Value};
use edit::SettingsText;
use json_text::JsonText;
use toml_text::TomlText;
use yaml_text::YamlText;

/// The format of a settings file. Zappa tells it by the file's ending, and reads JSON for any
/// unknown one (`load_settings_file` in `zappa/cli.py`).
#[derive(Clone, Copy)]
enum SettingsFormat {
    Json,
    Toml,
    Yaml,
}

impl SettingsFormat {
    fn of(place: &OverlaidFile) -> Self {
        match place.path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => Self::Toml,
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::Json,
        }
    }

    /// Parses a text. A blank one is treated like a missing file.
    fn parse(self, text: &str) -> Result<(Box<dyn SettingsText>, Value), String> {
        Ok(match self {
            Self::Json if text.trim().is_empty() => {
                (Box::new(JsonText::empty()), Value::Object(Map::new()))
            }
            Self::Json => {
                let (json, value) = JsonText::parse(text).map_err(|error| error.to_string())?;
                (Box::new(json), value)
            }
            Self::Toml => {
                let (toml, value) = TomlText::parse(text).map_err(|error| error.to_string())?;
                (Box::new(toml), value)
            }
            Self::Yaml => {
                let (yaml, value) = YamlText::parse(text).map_err(|error| error.to_string())?;
                (Box::new(yaml), value)
            }
        })
    }

    /// Returns the settings that Zappa reads: in YAML, merge keys count.
    fn effective(self, settings: &Value) -> Value {
        match self {
            Self::Json | Self::Toml => settings.clone(),
            Self::Yaml => yaml_value::merged(settings),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Json => {
                "correct it there; Zappa reads strict JSON, without comments or trailing commas"
            }
            Self::Toml | Self::Yaml => "correct it there",
        }
    }

    /// The content of a file without stages.
    fn empty(self) -> &'static str {
        match self {
            Self::Json => "{}\n",
            Self::Toml | Self::Yaml => "",
        }
    }
}

/// A settings file: its text, and what the text holds.
struct Settings {
    format: SettingsFormat,
    text: Box<dyn SettingsText>,
    root: Value,
}

impl Settings {
    fn parse(place: &OverlaidFile, text: Option<&str>) -> Result<Self, Problem> {
        let format = SettingsFormat::of(place);
        match format.parse(text.unwrap_or_default()) {
            Ok((text, root)) => Ok(Self { format, text, root }),
            Err(error) => Err(Problem::refused(
                "UnreadableSettings",
                format!("{} {error}; {}", place.name(), format.remedy()),
            )),
        }
    }

    /// Returns the changed text, if it holds `wanted`.
    fn changed(
        &self,
        place: &OverlaidFile,
        stage: &str,
        wanted: &Value,
    ) -> Result<String, Problem> {
        let text = self.text.text();
        match self.format.parse(&text) {
            Ok((_, root)) if root == *wanted => Ok(text),
            Ok(_) | Err(_) => Err(Problem::refused(
                "SettingsNotChanged",
                format!(
                    "{}: relayctl cannot change the stage {stage} without changing more than that; \
                        nothing was changed: write the stage as a plain mapping, without anchors \
                        and aliases, or change it yourself",
                    place.name()
                ),
            )),
        }
    }
}

fn not_a_stage(place: &OverlaidFile, stage: &str) -> Problem {
    let message = format!(
        "the stage {stage} of {} is no group of settings: make it one, or remove it",
        place.name()
    );
    Problem::refused("NotAStage", message)
}

pub fn read(place: &OverlaidFile, stage: &str) -> Result<FileReply, Problem> {
    let text = place.text(Privacy::Shared)?;
    let settings = Settings::parse(place, text.as_ref().map(|text| text.as_str()))?;
    match settings.root.get(stage).map(|stage| settings.format.effective(stage)) {
        Some(Value::Object(settings)) => Ok(FileReply::Settings(settings.into_iter().collect())),
        None if text.is_none() => {
            Err(Problem::missing("NoSuchFile", format!("{} does not exist", place.name())))
        }
        None | Some(Value::Null) => {
            Err(Problem::missing("NoSuchStage", format!("{} has no stage {stage}", place.name())))
        }
        Some(_) => Err(not_a_stage(place, stage)),
    }
}

pub fn set_stage(
    place: &OverlaidFile,
    stage: &str,
    settings: &SectionSettings,
) -> Result<(), Problem> {
    place.edit(Privacy::Shared, |text| {
        let mut file = Settings::parse(place, text)?;
        let mut wanted = file.root.clone();
        let mut settings = Map::from_iter(settings.clone());
        match file.root.get(stage) {
            None | Some(Value::Null) => {}
            Some(Value::Object(now)) => {
                let kept = now.iter().filter(|(key, _)| !settings.contains_key(*key));
                let kept: Vec<_> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
                settings.extend(kept);
            }
            Some(_) => return Err(not_a_stage(place, stage)),
        }
        wanted[stage] = Value::Object(settings);
        edit::change(&mut *file.text, &[], &file.root, &wanted);
        Ok(FileChange::Write(SecretText::new(file.changed(place, stage, &wanted)?)))
    })
}

pub fn unset(place: &OverlaidFile, stage: &str, settings: &[String]) -> Result<(), Problem> {
    place.edit(Privacy::Shared, |text| {
        let mut file = Settings::parse(place, text)?;
        let mut wanted = file.root.clone();
        let stages = wanted.as_object_mut();
        match stages.and_then(|stages| stages.get_mut(stage)) {
            None | Some(Value::Null) => return Ok(FileChange::Nothing),
            Some(Value::Object(now)) => now.retain(|key, _| !settings.contains(key)),
            Some(_) => return Err(not_a_stage(place, stage)),
        }
        if wanted[stage].as_object().is_some_and(Map::is_empty)
            && let Some(stages) = wanted.as_object_mut()
        {
            stages.remove(stage);
        }
        edit::change(&mut *file.text, &[], &file.root, &wanted);
        let text = file.changed(place, stage, &wanted)?;
        // Somebody's comments stay, also in a file without stages.
        if wanted.as_object().is_some_and(Map::is_empty) && !text.contains('#') {
            return Ok(FileChange::Delete { empty: file.format.empty() });
        }
        Ok(FileChange::Write(SecretText::new(text)))
    })
}

#[cfg(test)]
mod tests;
