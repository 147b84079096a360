//! Values that stand in memory once, however many hold them.

use std::fmt;
use std::ops::Deref;

use internment::ArcIntern;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;

/// A value that is the same one wherever it is equal: what is declared, recorded and seen of an
/// object is alike as a rule, and so is what a program declares of a thousand objects. A clone
/// copies nothing, and to compare two is to compare where they are.
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
