//! The attributes of one object.

use std::fmt;
use std::ops::Index;

use internment::ArcIntern;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{SharedValue, Value};

/// The attributes of one object, sorted by their names in the manifest.
///
/// There are three of these for each object, and most have fewer than ten attributes: they are in
/// one allocation of exactly their size, where each node of a tree would have room for eleven.
/// Equal names and equal values are shared.
#[derive(Clone, Default, PartialEq)]
pub struct Attributes(Vec<Attribute>);

#[derive(Clone, Debug, PartialEq)]
struct Attribute {
    name: ArcIntern<str>,
    value: SharedValue,
}

impl Attributes {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.shared(name).map(|value| &**value)
    }

    /// Returns the value of an attribute in its shared form.
    pub fn shared(&self, name: &str) -> Option<&SharedValue> {
        self.find(name).ok().map(|at| &self.0[at].value)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    pub fn insert(&mut self, name: impl AsRef<str>, value: Value) {
        self.share(name, value.into());
    }

    /// Inserts as [`Self::insert`] does, but a value that is already shared.
    pub fn share(&mut self, name: impl AsRef<str>, value: SharedValue) {
        match self.find(name.as_ref()) {
            Ok(at) => self.0[at].value = value,
            Err(at) => self.0.insert(at, Attribute { name: name.as_ref().into(), value }),
        }
    }

    pub fn remove(&mut self, name: &str) {
        if let Ok(at) = self.find(name) {
            self.0.remove(at);
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|it| &*it.name)
    }

    pub fn iter(&self) -> Iter<'_> {
        self.into_iter()
    }

    /// Adds the attributes that `other` has and these lack.
    #[must_use]
    pub fn completed_by(mut self, other: &Self) -> Self {
        for attribute in &other.0 {
            if let Err(at) = self.find(&attribute.name) {
                self.0.insert(at, attribute.clone());
            }
        }
        self
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|it| (*it.name).cmp(name))
    }
}

impl Index<&str> for Attributes {
    type Output = Value;

    /// Returns the value, or null for a missing attribute, as JSON values do.
    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// An iterator in the order of the names.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, Attribute>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|it| (&*it.name, &*it.value))
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = (&'a str, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        Iter(self.0.iter())
    }
}

impl<N: AsRef<str>> Extend<(N, Value)> for Attributes {
    fn extend<I: IntoIterator<Item = (N, Value)>>(&mut self, more: I) {
        for (name, value) in more {
            self.insert(name, value);
        }
        self.0.shrink_to_fit();
    }
}

impl<N: AsRef<str>> FromIterator<(N, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(all: I) -> Self {
        let mut attributes = Self::new();
        attributes.extend(all);
        attributes
    }
}

impl<N: AsRef<str>, const SIZE: usize> From<[(N, Value); SIZE]> for Attributes {
    fn from(all: [(N, Value); SIZE]) -> Self {
        all.into_iter().collect()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor)
    }
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Attributes, M::Error> {
        let mut attributes = Attributes::new();
        while let Some((name, value)) = map.next_entry::<String, SharedValue>()? {
            attributes.share(name, value);
        }
        attributes.0.shrink_to_fit();
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_in_the_order_of_their_names_whatever_came_first() {
        let one = Attributes::from([("b", json!(1)), ("a", json!({"x": 2}))]);
        let other: Attributes = serde_json::from_str(r#"{"a": {"x": 2}, "b": 1}"#).unwrap();
        assert_eq!(one, other);
        assert_eq!(serde_json::to_string(&one).unwrap(), r#"{"a":{"x":2},"b":1}"#);
        assert_eq!(one.keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn the_last_of_two_values_counts_and_what_is_missing_is_taken_from_another() {
        let mut one = Attributes::from([("a", json!(1)), ("a", json!(2))]);
        one.insert("c", json!(3));
        let both = one.completed_by(&Attributes::from([("a", json!(9)), ("b", json!(8))]));
        assert_eq!(both, Attributes::from([("a", json!(2)), ("b", json!(8)), ("c", json!(3))]));
        assert_eq!((both.get("b"), both.get("d")), (Some(&json!(8)), None));
    }

    #[test]
    fn equal_values_stand_in_memory_once() {
        let document = || json!({"Statement": [{"Effect": "Allow", "Action": "s3:*"}]});
        let (one, other) = (
            Attributes::from([("document", document())]),
            Attributes::from([("trust", document())]),
        );
        assert!(std::ptr::eq(one.get("document").unwrap(), other.get("trust").unwrap()));
    }
}
