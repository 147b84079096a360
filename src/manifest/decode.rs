//! Decodes nodes into typed shapes. Every problem is reported, and decoding goes on: a part that
//! could not be read is left out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::node::{Node, NodeContent};
use super::scope::{DecodeScope, TextPosition};
use super::source::Span;
use super::suggest;
use crate::address::Address;
use crate::value::Value;

/// A shape that a node can have.
pub trait Decode: Sized {
    /// Decodes the node; `None` if it has another shape, which is then reported in the scope's
    /// problems.
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self>;

    /// Decodes `name:` with nothing after it. `None` if that means the same as no `name:` at all.
    fn empty(_: &Node, _: &mut DecodeScope<'_>) -> Option<Self> {
        None
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Located<T> {
    pub value: T,
    pub spot: Span,
}

/// Text with its variables filled in.
pub type ExpandedText = Located<String>;
pub type Flag = Located<bool>;
pub type Whole = Located<i64>;

/// A map from names to bodies, in the order of the file; names may hold variables.
#[derive(Clone, Debug)]
pub struct NamedMap<T>(pub Vec<Declared<T>>);

impl<T> Default for NamedMap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[derive(Clone, Debug)]
pub struct Declared<T> {
    pub name: String,
    /// The place of the name.
    pub spot: Span,
    pub body: T,
    /// True if all of the body could be read. If not, fields missing in it are not reported.
    pub complete: bool,
    /// The resources that the texts of the body refer to.
    pub references: BTreeSet<Address>,
}

/// A value that is passed on unchanged except that its variables are filled in.
#[derive(Clone, Debug)]
pub struct Free(pub Value);

/// A text, or a list of texts.
#[derive(Clone, Debug, Default)]
pub struct OneOrMany(pub Vec<ExpandedText>);

/// The value of a variable: it is read where it is used, because `--var` may replace it.
#[derive(Clone, Debug)]
pub struct UnreadVariable;

/// A policy document.
#[derive(Clone, Debug)]
pub enum DocumentForm {
    /// The path of its file.
    Path(ExpandedText),
    Inline(Node),
}

pub fn wrong_type(scope: &mut DecodeScope<'_>, node: &Node, wanted: &str, help: &str) {
    scope.error(
        "wrong-type",
        &node.spot,
        format!("this must be {wanted}, but it is {}", node.kind()),
        help,
    );
}

impl<T: Decode> Decode for Located<T> {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        T::decode(node, scope).map(|value| Self { value, spot: node.spot.clone() })
    }

    fn empty(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        T::empty(node, scope).map(|value| Self { value, spot: node.spot.clone() })
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

impl Decode for String {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        if let Some(text) = node.text() {
            return scope
                .expand(text, TextPosition::Plain, &|| node.spot.clone())
                .map(Cow::into_owned);
        }
        let help = node.written().map_or_else(
            || "write text".to_owned(),
            |written| format!("put it in quotes: \"{written}\""),
        );
        wrong_type(scope, node, "text", &help);
        None
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        Self::json_schema(generator)
    }
}

/// Returns the value itself, or the value of a text that is made of variables.
fn scalar(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Value> {
    match &node.content {
        NodeContent::Text(text) if text.contains("${") => {
            let text = scope.expand(text, TextPosition::Plain, &|| node.spot.clone())?;
            Some(serde_json::from_str(&text).unwrap_or(Value::String(text.into_owned())))
        }
        NodeContent::Plain(_)
        | NodeContent::Text(_)
        | NodeContent::List(_)
        | NodeContent::Map(_) => Some(node.value()),
    }
}

impl Decode for bool {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        if let Value::Bool(value) = scalar(node, scope)? {
            return Some(value);
        }
        wrong_type(scope, node, "true or false", "write true or false, without quotes");
        None
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        or_variable("boolean")
    }
}

impl Decode for i64 {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        if let Some(value) = scalar(node, scope)?.as_i64() {
            return Some(value);
        }
        wrong_type(scope, node, "a whole number", "write digits only, without quotes");
        None
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        or_variable("integer")
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        let NodeContent::List(items) = &node.content else {
            let help = node
                .written()
                .map_or_else(|| "write [a, b]".to_owned(), |item| format!("write [{item}]"));
            wrong_type(scope, node, "a list", &help);
            return None;
        };
        Some(items.iter().filter_map(|item| T::decode(item, scope)).collect())
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let item = T::schema(generator);
        json_schema!({"type": "array", "items": item})
    }
}

impl Decode for OneOrMany {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.content {
            NodeContent::List(_) => Vec::decode(node, scope).map(Self),
            NodeContent::Map(_) => {
                wrong_type(scope, node, "text or a list of texts", "write for example [a, b]");
                None
            }
            NodeContent::Plain(_) | NodeContent::Text(_) => {
                Some(Self(vec![ExpandedText::decode(node, scope)?]))
            }
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
    }
}

impl<T: Decode> Decode for NamedMap<T> {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        let NodeContent::Map(entries) = &node.content else {
            let help = "write `name:` and what belongs to it, indented, in the lines below";
            wrong_type(scope, node, "a map from names", help);
            return None;
        };
        let outer = scope.take_references();
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        let mut declared = Vec::with_capacity(entries.len());
        for entry in entries.iter() {
            let spot = &entry.key_spot;
            let name = scope.expand(&entry.key, TextPosition::Name, &|| spot.clone());
            let problems = scope.problems.len();
            let body = if entry.node.is_null() {
                let empty = T::empty(&entry.node, scope);
                if empty.is_none() {
                    // In a manifest that extends another one, null removes what the base has.
                    let message = format!("`{}` has no value, so it is left out", entry.key);
                    let help = "write a value, \"\" for an empty text, or remove the name";
                    scope.warning("empty-value", spot, message, help);
                }
                empty
            } else {
                T::decode(&entry.node, scope)
            };
            let complete = problems == scope.problems.len();
            let references = scope.take_references();
            let (Some(name), Some(body)) = (name, body) else { continue };
            if let Some(line) = lines.insert(name.to_string(), spot.line) {
                let message = format!(
                    "this name is `{name}` once its variables are filled in, as in line {line}"
                );
                scope.error("duplicate-key", spot, message, "give one of the two another name");
                continue;
            }
            declared.push(Declared {
                name: name.into_owned(),
                spot: spot.clone(),
                body,
                complete,
                references,
            });
        }
        scope.references = outer;
        scope.references.extend(declared.iter().flat_map(|one| one.references.iter().cloned()));
        Some(Self(declared))
    }

    fn empty(_: &Node, _: &mut DecodeScope<'_>) -> Option<Self> {
        Some(Self::default())
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let body = T::schema(generator);
        json_schema!({"type": "object", "additionalProperties": {"anyOf": [body, {"type": "null"}]}})
    }
}

impl Decode for Free {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        Some(Self(match &node.content {
            NodeContent::Plain(value) => (**value).clone(),
            NodeContent::Text(_) => Value::String(ExpandedText::decode(node, scope)?.value),
            NodeContent::List(items) => {
                items.iter().filter_map(|item| Some(Self::decode(item, scope)?.0)).collect()
            }
            NodeContent::Map(entries) => {
                let pair = |entry: &super::node::MapEntry| {
                    let key = scope
                        .expand(&entry.key, TextPosition::Plain, &|| entry.key_spot.clone())?
                        .into_owned();
                    Some((key, Self::decode(&entry.node, scope)?.0))
                };
                entries.iter().filter_map(pair).collect()
            }
        }))
    }

    /// Decodes null, which is a value of JSON.
    fn empty(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        Self::decode(node, scope)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

impl Decode for UnreadVariable {
    fn decode(_: &Node, _: &mut DecodeScope<'_>) -> Option<Self> {
        Some(Self)
    }

    fn empty(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        Self::decode(node, scope)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer", "boolean"]})
    }
}

impl Decode for DocumentForm {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match &node.content {
            NodeContent::Text(_) => ExpandedText::decode(node, scope).map(Self::Path),
            NodeContent::Map(_) => Some(Self::Inline(node.clone())),
            NodeContent::Plain(_) | NodeContent::List(_) => {
                let help = "write `policies/x.json`, or the document's Version and Statement in \
                    the lines below";
                wrong_type(scope, node, "a policy document, or the path of one", help);
                None
            }
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "string", "description": "The path of a JSON file, relative to this one."},
            {"type": "object", "description": "The document itself.", "required": ["Statement"]}
        ]})
    }
}

/// Checks that the node is a map; reports its unknown fields.
pub fn check_fields(node: &Node, what: &str, known: &[&str], scope: &mut DecodeScope<'_>) -> bool {
    let NodeContent::Map(entries) = &node.content else {
        let help = format!("fields of {what}: {}", known.join(", "));
        wrong_type(scope, node, &format!("{what} (a map)"), &help);
        return false;
    };
    for entry in entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
        let help = suggest::suggest_name(&entry.key, known.iter().copied(), "fields");
        scope.error(
            "unknown-field",
            &entry.key_spot,
            format!("`{}` is not a field of {what}", entry.key),
            help,
        );
    }
    true
}

pub fn field<T: Decode>(node: &Node, name: &str, scope: &mut DecodeScope<'_>) -> Option<T> {
    node.field(name).and_then(|node| T::decode(node, scope))
}

/// Returns the name of a field as a manifest writes it: a Rust keyword is a raw identifier.
pub const fn field_name(identifier: &'static str) -> &'static str {
    match identifier.as_bytes() {
        [b'r', b'#', ..] => identifier.split_at(2).1,
        _ => identifier,
    }
}

/// Makes a struct, its decoder and its JSON Schema from one list of fields, so that they cannot
/// disagree. No field is required here: a manifest that extends another may leave out anything, so
/// required fields are checked after the merge.
macro_rules! shape {
    ($(#[$meta:meta])* $what:literal $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: Option<$type>,)*
        }

        impl $name {
            pub const FIELDS: &'static [&'static str] =
                &[$($crate::manifest::decode::field_name(stringify!($field))),*];
        }

        impl $crate::manifest::decode::Decode for $name {
            fn decode(node: &$crate::manifest::node::Node, scope: &mut $crate::manifest::scope::DecodeScope<'_>) -> Option<Self> {
                $crate::manifest::decode::check_fields(node, $what, Self::FIELDS, scope)
                    .then(|| Self {
                        $($field: {
                            let name = $crate::manifest::decode::field_name(stringify!($field));
                            $crate::manifest::decode::field(node, name, scope)
                        },)*
                    })
            }

            fn empty(_: &$crate::manifest::node::Node, _: &mut $crate::manifest::scope::DecodeScope<'_>) -> Option<Self> {
                Some(Self::default())
            }

            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<Self>()
            }
        }
    };
}
pub(super) use shape;

/// Returns the schema of a number or boolean field, which also takes a text with a variable in it.
fn or_variable(kind: &str) -> Schema {
    json_schema!({"anyOf": [{"type": kind}, {"type": "string", "pattern": r"\$\{"}]})
}

/// Implements `JsonSchema` by an inline schema in schemars' sense: it stands where it is used and
/// has no name of its own.
macro_rules! inline_schema {
    ($type:ty, [$($generic:tt)*], $name:expr) => {
        impl<$($generic)*> JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn schema_id() -> Cow<'static, str> {
                std::any::type_name::<Self>().into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <Self as Decode>::schema(generator)
            }
        }
    };
}

inline_schema!(Located<T>, [T: Decode], "Located");
inline_schema!(NamedMap<T>, [T: Decode], "Named");
inline_schema!(OneOrMany, [], "OneOrMany");
inline_schema!(Free, [], "Free");
inline_schema!(UnreadVariable, [], "Unread");
inline_schema!(DocumentForm, [], "Document");
