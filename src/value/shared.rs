//! Values of which equal ones are in memory once.

use std::fmt;
use std::ops::Deref;

use internment::ArcIntern;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;

/// A value that shares its memory with all equal ones. The declared, recorded and live values of an
/// object are usually equal, and so are the values of a thousand objects in a generated manifest. A
/// clone copies nothing, and a comparison compares addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SharedValue(ArcIntern<Value>);

impl Deref for SharedValue {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for SharedValue {
    fn from(value: Value) -> Self {
        Self(ArcIntern::new(value))
    }
}

impl Default for SharedValue {
    fn default() -> Self {
        Value::Null.into()
    }
}

impl fmt::Debug for SharedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Serialize for SharedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}
