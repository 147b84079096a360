//! A YAML text that is edited in place, with `yaml-edit`.
//!
//! `yaml-edit` changes the text, and [`yaml_value`] reads it, with another parser: the one finds
//! the other's faults before anything is written.

use std::str::FromStr;

use yaml_edit::{Document, Mapping, ScalarValue, YamlValue};

use super::edit::SettingsText;
use super::yaml_value::{self, NotYaml};
use crate::value::Value;

pub struct YamlText {
    document: Document,
    /// The text above the document, if there is none yet: comments.
    head: Option<String>,
}

impl YamlText {
    pub fn parse(text: &str) -> Result<(Self, Value), NotYaml> {
        let value = yaml_value::parse(text)?;
        if value.is_null() {
            let ending = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            let head = Some(format!("{text}{ending}"));
            let document = Document::new_mapping();
            return Ok((Self { document, head }, Value::Object(serde_json::Map::new())));
        }
        if !value.is_object() {
            return Err(NotYaml::at(1, 1, "there is no mapping at the top level"));
        }
        let document =
            Document::from_str(text).map_err(|error| NotYaml::at(1, 1, &error.to_string()))?;
        Ok((Self { document, head: None }, value))
    }

    fn mapping(&self, path: &[&str]) -> Option<Mapping> {
        path.iter().try_fold(self.document.as_mapping()?, |at, name| at.get_mapping(*name))
    }
}

impl SettingsText for YamlText {
    fn set(&mut self, path: &[&str], name: &str, value: &Value) {
        if let Some(mapping) = self.mapping(path) {
            mapping.set(name, yaml(value));
        }
    }

    fn remove(&mut self, path: &[&str], name: &str) {
        if let Some(mapping) = self.mapping(path) {
            mapping.remove(name);
        }
    }

    fn text(&self) -> String {
        let text = self.document.to_string();
        match &self.head {
            None => text,
            Some(head) if self.document.as_mapping().is_none_or(|stages| stages.is_empty()) => {
                head.clone()
            }
            Some(head) => {
                let ending = if text.ends_with('\n') { "" } else { "\n" };
                format!("{head}{text}{ending}")
            }
        }
    }
}

fn yaml(value: &Value) -> YamlValue {
    match value {
        Value::Null => ScalarValue::null().into(),
        Value::Bool(is) => ScalarValue::from(*is).into(),
        Value::Number(number) => ScalarValue::parse(number_text(number)).into(),
        Value::String(text) => text_value(text).into(),
        Value::Array(items) => YamlValue::Sequence(items.iter().map(yaml).collect()),
        Value::Object(map) => {
            YamlValue::Mapping(map.iter().map(|(key, value)| (key.clone(), yaml(value))).collect())
        }
    }
}

/// Returns a text with quotes if PyYAML would read it as something else: `on`, `1:30`,
/// `2026-01-01`.
fn text_value(text: &str) -> ScalarValue {
    if yaml_value::resolve(text).is_string() {
        ScalarValue::string(text)
    } else {
        ScalarValue::single_quoted(text)
    }
}

/// Returns a number as YAML 1.1 has it: a fraction has a point, and an exponent its sign.
fn number_text(number: &serde_json::Number) -> String {
    let text = number.to_string();
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}
