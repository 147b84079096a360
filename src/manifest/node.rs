//! Parses YAML into a tree of nodes that know their places.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::mark::NodeMark;
use super::source::{SourceFile, Span};
use super::syntax;
use crate::diagnostic::Diagnostic;
use crate::value::Value;

/// A YAML value and its place. A clone shares its content, so keeping a document makes no copy of
/// it.
#[derive(Clone, Debug)]
pub struct Node {
    pub spot: Span,
    pub content: NodeContent,
}

#[derive(Clone, Debug)]
pub enum NodeContent {
    /// Null, a boolean or a number. It is boxed because these are few, and each node would
    /// otherwise be as large as a [`Value`].
    Plain(Box<Value>),
    Text(Arc<str>),
    List(Arc<[Node]>),
    /// The entries in the order of the file.
    Map(Arc<[MapEntry]>),
}

/// One key of a map, with its value.
#[derive(Clone, Debug)]
pub struct MapEntry {
    pub key: Arc<str>,
    pub key_spot: Span,
    pub node: Node,
}

impl Node {
    pub fn is_null(&self) -> bool {
        matches!(&self.content, NodeContent::Plain(value) if value.is_null())
    }

    pub fn text(&self) -> Option<&str> {
        match &self.content {
            NodeContent::Text(text) => Some(text),
            NodeContent::Plain(_) | NodeContent::List(_) | NodeContent::Map(_) => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match &self.content {
            NodeContent::Plain(value) => value.as_bool(),
            NodeContent::Text(_) | NodeContent::List(_) | NodeContent::Map(_) => None,
        }
    }

    pub fn entries(&self) -> &[MapEntry] {
        match &self.content {
            NodeContent::Map(entries) => entries,
            NodeContent::Plain(_) | NodeContent::Text(_) | NodeContent::List(_) => &[],
        }
    }

    /// Returns a field of a map; null counts as not set.
    pub fn field(&self, name: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| &*entry.key == name)
            .map(|entry| &entry.node)
            .filter(|node| !node.is_null())
    }

    /// Returns the kind of value as an article and a noun, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.content {
            NodeContent::Plain(value) if value.is_null() => "nothing",
            NodeContent::Plain(value) if value.is_boolean() => "a boolean",
            NodeContent::Plain(_) => "a number",
            NodeContent::Text(_) => "text",
            NodeContent::List(_) => "a list",
            NodeContent::Map(_) => "a map",
        }
    }

    /// Returns a scalar as it is written, without quotes.
    pub fn written(&self) -> Option<String> {
        match &self.content {
            NodeContent::List(_) | NodeContent::Map(_) => None,
            NodeContent::Plain(value) if value.is_null() => None,
            NodeContent::Plain(value) => {
                let written: String = (0..self.spot.length)
                    .zip(self.spot.rest_of_line().chars())
                    .map(|(_, c)| c)
                    .collect();
                Some(if written.is_empty() { value.to_string() } else { written })
            }
            NodeContent::Text(text) => Some(text.to_string()),
        }
    }

    pub fn value(&self) -> Value {
        match &self.content {
            NodeContent::Plain(value) => (**value).clone(),
            NodeContent::Text(text) => Value::from(&**text),
            NodeContent::List(nodes) => nodes.iter().map(Node::value).collect(),
            NodeContent::Map(entries) => {
                entries.iter().map(|entry| (entry.key.to_string(), entry.node.value())).collect()
            }
        }
    }

    /// Returns the place of a JSON pointer into [`Node::value`], or that of the nearest value
    /// around it. For a value under a key, unless the value is text, the key's place is returned:
    /// underlining a `{` says little.
    pub fn locate(&self, pointer: &str) -> Span {
        let mut node = self;
        let mut spot = self.spot.clone();
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let (next, next_spot) = match &node.content {
                NodeContent::List(nodes) => {
                    match segment.parse::<usize>().ok().and_then(|index| nodes.get(index)) {
                        Some(next) => (next, next.spot.clone()),
                        None => break,
                    }
                }
                NodeContent::Map(entries) => {
                    match entries.iter().find(|entry| *entry.key == *segment) {
                        Some(entry) => match entry.node.content {
                            NodeContent::Text(_) => (&entry.node, entry.node.spot.clone()),
                            NodeContent::Plain(_) | NodeContent::List(_) | NodeContent::Map(_) => {
                                (&entry.node, entry.key_spot.clone())
                            }
                        },
                        None => break,
                    }
                }
                NodeContent::Plain(_) | NodeContent::Text(_) => break,
            };
            (node, spot) = (next, next_spot);
        }
        spot
    }
}

/// Reads the only YAML document of a file.
pub fn parse(file: &Arc<SourceFile>, problems: &mut Vec<Diagnostic>) -> Option<Node> {
    // `no`, `010` and `1_000` are text: YAML 1.2 says so, and YAML 1.1's readings surprise
    // everybody. Duplicate keys are let through, so that all of them are reported and not only the
    // first. The length of a file is not limited, because it is in memory already; only the depth
    // and the expansion of aliases (`alias_limits`) are.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: syntax::MAX_DEPTH,
            max_nodes: usize::MAX,
            max_events: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_anchors: usize::MAX,
            max_aliases: usize::MAX,
            enforce_alias_anchor_ratio: false,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Raw<'_>>(&file.text, options) {
        Ok(raw) => Some(Builder { file, texts: Texts::default(), problems }.node(raw)),
        Err(error) => {
            problems.push(syntax::explain(file, &error));
            None
        }
    }
}

/// A value as serde deserializes it. It becomes a [`Node`] when the file is known. Texts are
/// borrowed from the file if they stand there unescaped.
struct Raw<'t> {
    mark: NodeMark,
    content: RawContent<'t>,
}

enum RawContent<'t> {
    Plain(Box<Value>),
    Text(Cow<'t, str>),
    List(Vec<Raw<'t>>),
    Map(Vec<(RawKey<'t>, Raw<'t>)>),
}

struct RawKey<'t> {
    mark: NodeMark,
    text: Cow<'t, str>,
}

// The place is taken out of `Spanned` at once: a tree of `Spanned` values needs more memory than
// the final tree.
impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, defined, .. } = Spanned::deserialize(deserializer)?;
        Ok(Self { mark: defined.into(), content: value })
    }
}

impl<'de> Deserialize<'de> for RawKey<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value: RawText(text), defined, .. } = Spanned::deserialize(deserializer)?;
        Ok(Self { mark: defined.into(), text })
    }
}

impl<'de> Deserialize<'de> for RawContent<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

/// A key, read as text even if it would be another type as a value.
struct RawText<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for RawText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value))
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawContent<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(plain(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(plain(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(plain(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(plain(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(plain(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        serde_json::Number::from_f64(value).map(plain).ok_or_else(|| E::custom("no number"))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(RawContent::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(RawContent::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(RawContent::Text(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawContent::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawContent::Map(map))
    }
}

fn plain(value: impl Into<Value>) -> RawContent<'static> {
    RawContent::Plain(Box::new(value.into()))
}

/// The number of keys up to which a linear search finds duplicates.
const SMALL: usize = 12;

/// The texts of a file, each kept once: a generated manifest repeats the same keys and actions a
/// thousand times.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

struct Builder<'a> {
    file: &'a Arc<SourceFile>,
    texts: Texts,
    problems: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    fn node(&mut self, raw: Raw<'_>) -> Node {
        let content = match raw.content {
            RawContent::Plain(value) => NodeContent::Plain(value),
            RawContent::Text(text) => NodeContent::Text(self.texts.shared(&text)),
            RawContent::List(items) => {
                NodeContent::List(items.into_iter().map(|item| self.node(item)).collect())
            }
            RawContent::Map(entries) => NodeContent::Map(self.entries(entries).into()),
        };
        Node { spot: raw.mark.spot(self.file), content }
    }

    fn entries(&mut self, raw: Vec<(RawKey<'_>, Raw<'_>)>) -> Vec<MapEntry> {
        // Most maps are small, and a linear search through them is faster than sorting their keys.
        let mut first_lines = (raw.len() > SMALL).then(BTreeMap::new);
        let mut entries: Vec<MapEntry> = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            let key_spot = key.mark.spot(self.file);
            let key = self.texts.shared(&key.text);
            let node = self.node(value);
            let first = match &first_lines {
                Some(lines) => lines.get(&key).copied(),
                None => {
                    entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_spot.line)
                }
            };
            if let Some(line) = first {
                let message =
                    format!("`{key}` is here for the second time; the first is in line {line}");
                let problem = Diagnostic::error("duplicate-key", Some(key_spot.place()), message);
                self.problems
                    .push(problem.help("remove one of the two, or put their content together"));
                continue;
            }
            if let Some(lines) = &mut first_lines {
                lines.insert(Arc::clone(&key), key_spot.line);
            }
            entries.push(MapEntry { key, key_spot, node });
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::mark::width;

    fn parsed(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
        let file = Arc::new(SourceFile::new("m.yaml".into(), "m.yaml".into(), text));
        let mut problems = Vec::new();
        let node = parse(&file, &mut problems);
        (node, problems)
    }

    #[test]
    fn scalars_are_what_they_look_like_to_a_person() {
        let (node, problems) = parsed(
            "a: no\nb: 010\nc: 1_000\nd: true\ne: 7200\nf: ~\ng: 012345678901\nh: '5'\ni: on\nj: \
                1.5\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let expected = serde_json::json!({"a": "no", "b": "010", "c": "1_000", "d": true, "e": 7200, "f": null,
            "g": "012345678901", "h": "5", "i": "on", "j": 1.5});
        assert_eq!(node.unwrap().value(), expected);
    }

    #[test]
    fn every_node_knows_its_place() {
        let (node, _) = parsed("ä: {b: [one, 'two']}\nc:\n  d: |\n    text\n");
        let node = node.unwrap();
        let spot = node.locate("/ä/b/1");
        assert_eq!((spot.line, spot.column, spot.length), (1, 14, 5));
        let spot = node.locate("/c/d");
        assert_eq!((spot.line, spot.column), (4, 5));
        let spot = node.locate("/c/missing/deeper");
        assert_eq!((spot.line, spot.column, spot.length), (2, 1, 1));
    }

    #[test]
    fn equal_texts_of_a_file_are_kept_once() {
        let (node, _) = parsed("Allow: [s3:Get, Allow, 's3:Get', \"s3:\\u0047et\"]\n");
        let node = node.unwrap();
        let NodeContent::List(items) = &node.entries()[0].node.content else { panic!("no list") };
        let text = |node: &Node| {
            let NodeContent::Text(text) = &node.content else { panic!("no text") };
            Arc::clone(text)
        };
        assert!(items[2..].iter().all(|item| Arc::ptr_eq(&text(&items[0]), &text(item))));
        assert!(Arc::ptr_eq(&node.entries()[0].key, &text(&items[1])));
    }

    #[test]
    fn a_key_is_text_whatever_it_would_be_as_a_value() {
        let (node, problems) = parsed("1: a\ntrue: b\n1.50: c\n012: d\n'': e\n");
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(
            node.unwrap().value(),
            serde_json::json!({"1": "a", "true": "b", "1.50": "c", "012": "d", "": "e"})
        );
    }

    #[test]
    fn all_duplicate_keys_are_reported() {
        let (_, problems) = parsed("a: 1\nb: {c: 1, c: 2}\na: 3\n");
        let places: Vec<_> =
            problems.iter().map(|p| p.place.as_ref().map(|p| (p.line, p.column))).collect();
        assert_eq!(places, [Some((2, 11)), Some((3, 1))]);
    }

    #[test]
    fn a_key_that_comes_again_in_a_long_map_is_reported_too() {
        let lines: Vec<String> = (0..2 * SMALL).map(|number| format!("k{number}: 1\n")).collect();
        let (_, problems) = parsed(&format!("{}k0: 2\n", lines.concat()));
        assert!(
            problems.len() == 1 && problems[0].message.contains("the first is in line 1"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_width_is_in_characters_without_spaces_at_the_end_of_the_line() {
        let widths = [
            ("ab c \t\nd", 9, 4),
            ("abc", 2, 2),
            ("äö ü\nd", 9, 4),
            ("äöü", 2, 2),
            ("a b", 2, 1),
            (" \n", 2, 0),
        ];
        for (text, most, expected) in widths {
            assert_eq!(width(text, most), expected, "{text:?}");
        }
    }

    #[test]
    fn a_file_may_be_long_but_aliases_must_not_make_much_of_little() {
        let list = |item: &str, times: usize| format!("[{}]", vec![item; times].join(", "));
        let (node, problems) = parsed(&format!("long: {}\n", list("x", 300_000)));
        assert!(problems.is_empty(), "{problems:?}");
        assert!(
            matches!(&node.unwrap().entries()[0].node.content, NodeContent::List(items) if items.len() == 300_000)
        );
        let (_, problems) = parsed(&format!("one: &a {{b: c}}\nmany: {}\n", list("*a", 10_000)));
        assert!(problems.is_empty(), "{problems:?}");
        let lines = (1..9)
            .map(|level| format!("a{level}: &a{level} {}\n", list(&format!("*a{}", level - 1), 9)));
        let bomb: String = std::iter::once("a0: &a0 [x]\n".to_owned()).chain(lines).collect();
        let (node, problems) = parsed(&bomb);
        assert!(node.is_none() && problems[0].code == "yaml-syntax", "{problems:?}");
    }

    #[test]
    fn anchors_and_merge_keys_work_and_json_is_yaml() {
        let (node, problems) = parsed("base: &b {x: 1}\ncopy: *b\nmore: {<<: *b, y: 2}\n");
        assert!(problems.is_empty(), "{problems:?}");
        let expected =
            serde_json::json!({"base": {"x": 1}, "copy": {"x": 1}, "more": {"x": 1, "y": 2}});
        assert_eq!(node.unwrap().value(), expected);
        assert_eq!(
            parsed("{\"a\": [1, {\"b\": null}]}").0.unwrap().value(),
            serde_json::json!({"a": [1, {"b": null}]})
        );
    }
}
