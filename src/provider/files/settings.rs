//! The stages of a `zappa_settings.json`.

use super::json_text::{JsonText, NotJson};
use super::place::{FileChange, OverlaidFile, Privacy, SecretText};
use super::problem::Problem;
use crate::call::FileReply;
use crate::value::{SectionSettings, Value};

/// Returns true for a text with nothing in it, which is treated like a missing file.
fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

fn parse(place: &OverlaidFile, text: Option<&str>) -> Result<(JsonText, Value), Problem> {
    match text {
        Some(text) if !is_blank(Some(text)) => {
            JsonText::parse(text).map_err(|error| not_json(place, &error))
        }
        _ => Ok((JsonText::empty(), Value::Object(serde_json::Map::new()))),
    }
}

fn not_json(place: &OverlaidFile, error: &NotJson) -> Problem {
    let remedy = "correct it there; Zappa reads strict JSON, without comments or trailing commas";
    Problem::refused("NotJson", format!("{} {error}; {remedy}", place.name()))
}

fn not_object(place: &OverlaidFile, stage: &str) -> Problem {
    let message = format!(
        "the stage {stage} of {} is no JSON object: make it one, or remove it",
        place.name()
    );
    Problem::refused("NotAStage", message)
}

pub fn read(place: &OverlaidFile, stage: &str) -> Result<FileReply, Problem> {
    let text = place.text(Privacy::Shared)?;
    let (_, root) = parse(place, text.as_ref().map(|text| text.as_str()))?;
    match root.get(stage) {
        Some(Value::Object(settings)) => Ok(FileReply::Settings(
            settings.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        )),
        Some(_) => Err(not_object(place, stage)),
        None if text.is_none() => {
            Err(Problem::missing("NoSuchFile", format!("{} does not exist", place.name())))
        }
        None => {
            Err(Problem::missing("NoSuchStage", format!("{} has no stage {stage}", place.name())))
        }
    }
}

pub fn set_stage(
    place: &OverlaidFile,
    stage: &str,
    settings: &SectionSettings,
) -> Result<(), Problem> {
    place.edit(Privacy::Shared, |text| {
        let (mut json, root) = parse(place, text)?;
        match root.get(stage) {
            None => json.set(&[], stage, &Value::from_iter(settings.clone())),
            Some(Value::Object(now)) => {
                for (key, value) in
                    settings.iter().filter(|(key, value)| now.get(*key) != Some(*value))
                {
                    json.set(&[stage], key, value);
                }
            }
            Some(_) => return Err(not_object(place, stage)),
        }
        Ok(FileChange::Write(SecretText::new(json.text().to_owned())))
    })
}

pub fn unset(place: &OverlaidFile, stage: &str, settings: &[String]) -> Result<(), Problem> {
    place.edit(Privacy::Shared, |text| {
        let (mut json, root) = parse(place, text)?;
        match root.get(stage) {
            None => return Ok(FileChange::Nothing),
            Some(Value::Object(_)) => {}
            Some(_) => return Err(not_object(place, stage)),
        }
        for key in settings {
            json.remove(&[stage], key);
        }
        if json.is_empty(&[stage]) {
            json.remove(&[], stage);
        }
        if json.is_empty(&[]) {
            return Ok(FileChange::Delete { empty: "{}\n" });
        }
        Ok(FileChange::Write(SecretText::new(json.text().to_owned())))
    })
}
