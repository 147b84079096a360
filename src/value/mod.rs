//! The value tree that diff, state and renderers share.
//!
//! It is `serde_json`'s, whose maps are ordered by key unless its feature `preserve_order` is
//! enabled: equal values then print equal bytes, which digests and saved plans rely on (a test
//! checks it).

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use serde_json::Value;

mod attributes;
mod shared;

pub use attributes::Attributes;
pub use shared::SharedValue;

/// The settings in one section of a file, by their keys.
pub type SectionSettings = BTreeMap<String, Value>;

/// Tags, as AWS keeps them.
pub type Tags = BTreeMap<String, String>;

/// One attribute before and after; `None` is "not set".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    pub before: Option<SharedValue>,
    pub after: Option<SharedValue>,
}

/// Returns the text of an attribute, or "" if it isn't set or isn't text.
pub fn text_of<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    attributes.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the text of an attribute that may be null or missing.
pub fn optional_text(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Returns true if an attribute is set and true.
pub fn flag_of(attributes: &Attributes, name: &str) -> bool {
    attributes.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// Returns the value of an attribute in its shared form; null if it isn't set.
pub fn shared(attributes: &Attributes, name: &str) -> SharedValue {
    attributes.shared(name).cloned().unwrap_or_default()
}

/// Returns a map attribute as tags; values that aren't text are left out.
pub fn tags_of(attributes: &Attributes, name: &str) -> Tags {
    let map = attributes.get(name).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Returns tags as a value.
pub fn from_tags(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
}

/// Rebuilds a map in one go: a map that grew entry by entry is little more than half full.
pub fn shrink_map<K: Ord, V>(map: &mut BTreeMap<K, V>) {
    *map = std::mem::take(map).into_iter().collect();
}

/// Returns the SHA-256 of a value's JSON, in hexadecimal.
///
/// # Panics
/// Never for the types of this crate: their maps have text keys.
pub fn digest(value: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(value).expect("a value tree always serialises");
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_print_in_key_order_so_that_digests_do_not_depend_on_insertion() {
        let one: Value = serde_json::from_str(r#"{"b":1,"a":{"d":2,"c":3}}"#).unwrap();
        assert_eq!(one.to_string(), r#"{"a":{"c":3,"d":2},"b":1}"#);
    }
}
