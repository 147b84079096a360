//! The fields that `lifecycle: {ignore_changes: […]}` leaves to others.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Map;

use crate::value::Value;

/// The prefix of relayctl's own tags. They tell whose an object is, and are never left to others.
pub const OWN_TAGS: &str = "relayctl:";

/// The fields, and the keys of fields that are maps, whose values the manifest sets once, when it
/// makes the object, and then leaves to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredFields {
    fields: BTreeSet<String>,
    keys: BTreeMap<String, BTreeSet<String>>,
}

impl IgnoredFields {
    /// Adds a whole field.
    pub fn add_field(&mut self, field: impl Into<String>) {
        self.fields.insert(field.into());
    }

    /// Adds one key of a field that is a map.
    pub fn add_key(&mut self, field: impl Into<String>, key: impl Into<String>) {
        self.keys.entry(field.into()).or_default().insert(key.into());
    }

    /// Returns true if nothing is ignored.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.keys.is_empty()
    }

    /// Returns true if the whole field is ignored.
    pub fn has_field(&self, field: &str) -> bool {
        self.fields.contains(field)
    }

    /// Returns true if this key of a field is ignored, by itself or with the whole field.
    pub fn has_key(&self, field: &str, key: &str) -> bool {
        let named = || self.keys.get(field).is_some_and(|keys| keys.contains(key));
        !key.starts_with(OWN_TAGS) && (self.has_field(field) || named())
    }

    /// Returns a map without the ignored keys.
    pub fn without<'v>(&self, field: &str, map: Cow<'v, Value>) -> Cow<'v, Value> {
        let Some(entries) = map.as_object() else { return map };
        if !entries.keys().any(|key| self.has_key(field, key)) {
            return map;
        }
        let kept = entries.iter().filter(|(key, _)| !self.has_key(field, key));
        let kept: Map<String, Value> =
            kept.map(|(key, value)| (key.clone(), value.clone())).collect();
        Cow::Owned(kept.into())
    }
}
