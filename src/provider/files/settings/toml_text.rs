//! A TOML text that is edited in place, with `toml_edit`.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, TomlError};

use super::edit::SettingsText;
use crate::value::Value;

pub struct TomlText {
    document: DocumentMut,
    /// True if the lines end as on Windows: `toml_edit` ends its own lines with `\n`.
    crlf: bool,
}

/// The reason why a text is no TOML. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not valid TOML at line {line}, column {column}: {what}")]
pub struct NotToml {
    line: usize,
    column: usize,
    what: String,
}

impl NotToml {
    fn of(text: &str, error: &TomlError) -> Self {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..at).unwrap_or_default();
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let what = error.message().lines().next().unwrap_or_default().to_owned();
        Self { line: before.matches('\n').count() + 1, column, what }
    }
}

impl TomlText {
    pub fn parse(text: &str) -> Result<(Self, Value), NotToml> {
        let document: DocumentMut =
            text.parse().map_err(|error: TomlError| NotToml::of(text, &error))?;
        let value = table_value(document.as_table());
        let lines = text.matches('\n').count();
        let crlf = lines > 0 && text.matches("\r\n").count() == lines;
        Ok((Self { document, crlf }, value))
    }

    fn table(&mut self, path: &[&str]) -> Option<&mut dyn TableLike> {
        let mut at: &mut dyn TableLike = self.document.as_table_mut();
        for name in path {
            at = at.get_mut(name)?.as_table_like_mut()?;
        }
        Some(at)
    }
}

impl SettingsText for TomlText {
    fn set(&mut self, path: &[&str], name: &str, value: &Value) {
        // A stage is a table of its own, as people write it.
        if path.is_empty() && !self.document.contains_key(name) {
            let Value::Object(settings) = value else { return };
            let mut table = Table::new();
            table.decor_mut().set_prefix(if self.document.is_empty() { "" } else { "\n" });
            for (key, value) in settings {
                if let Some(value) = toml_value(value) {
                    table.insert(key, Item::Value(value));
                }
            }
            self.document.insert(name, Item::Table(table));
            return;
        }
        let Some(value) = toml_value(value) else { return };
        let Some(table) = self.table(path) else { return };
        match table.get_mut(name).and_then(Item::as_value_mut) {
            Some(before) => {
                let decor = before.decor().clone();
                *before = value;
                *before.decor_mut() = decor;
            }
            None => {
                table.insert(name, Item::Value(value));
            }
        }
    }

    fn remove(&mut self, path: &[&str], name: &str) {
        if let Some(table) = self.table(path) {
            table.remove(name);
        }
    }

    fn text(&self) -> String {
        let text = self.document.to_string();
        if self.crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
    }
}

/// Returns the content of a table. A date, which JSON does not have, becomes an object that no
/// setting equals.
fn table_value(table: &dyn TableLike) -> Value {
    table.iter().map(|(name, item)| (name.to_owned(), item_value(item))).collect()
}

fn item_value(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => value_of(value),
        Item::Table(table) => table_value(table),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table_value(table)).collect(),
    }
}

fn value_of(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => text.value().as_str().into(),
        toml_edit::Value::Integer(number) => (*number.value()).into(),
        toml_edit::Value::Float(number) => serde_json::Number::from_f64(*number.value())
            .map_or_else(|| foreign(&number.value().to_string()), Value::Number),
        toml_edit::Value::Boolean(is) => (*is.value()).into(),
        toml_edit::Value::Datetime(time) => foreign(&time.value().to_string()),
        toml_edit::Value::Array(items) => items.iter().map(value_of).collect(),
        toml_edit::Value::InlineTable(table) => table_value(table),
    }
}

fn foreign(text: &str) -> Value {
    Value::from_iter([("toml".to_owned(), Value::from(text))])
}

/// Returns a value as TOML; `None` if it is or holds null, which TOML does not have, or a number
/// that is too large.
fn toml_value(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(is) => (*is).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None if number.is_f64() => number.as_f64()?.into(),
            None => return None,
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(toml_value).collect::<Option<Array>>()?.into(),
        Value::Object(map) => {
            let mut table = InlineTable::new();
            for (key, value) in map {
                table.insert(key, toml_value(value)?);
            }
            table.into()
        }
    })
}
