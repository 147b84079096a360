//! A JSON text that is edited in place: only the bytes of a changed member are touched, so order,
//! indentation, blank lines and inline arrays of everything else survive without being printed
//! again.

use std::ops::Range;

use jsonc_parser::ast::{Object, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::edit::SettingsText;
use crate::value::Value;

/// The indentation of a new file: Zappa's own `zappa init` indents by four.
const INDENT: &str = "    ";

/// A strict JSON text whose root is an object.
pub struct JsonText {
    text: String,
}

/// The reason why a text is not such a JSON text. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    #[error("is not valid JSON at line {line}, column {column}: {what}")]
    Syntax { line: usize, column: usize, what: String },
    #[error("holds no JSON object at its top level")]
    NoObject,
}

/// The places of an object and its members in the text.
struct Layout {
    /// The start of the member whose value is the object; at the top, the start of the object
    /// itself.
    anchor: usize,
    object: Range<usize>,
    members: Vec<Member>,
}

struct Member {
    name: String,
    whole: Range<usize>,
    value: Range<usize>,
}

impl JsonText {
    /// Parses a text. `serde_json` decides if it is valid, since it is as strict as the `json` of
    /// Python that reads the file; the other parser knows the places.
    pub fn parse(text: &str) -> Result<(Self, Value), NotJson> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default().to_owned();
            NotJson::Syntax { line: error.line(), column: error.column(), what }
        })?;
        if !value.is_object() {
            return Err(NotJson::NoObject);
        }
        Ok((Self { text: text.to_owned() }, value))
    }

    pub fn empty() -> Self {
        Self { text: "{}\n".to_owned() }
    }

    fn append(&mut self, layout: &Layout, name: &str, value: &Value) {
        let (at, style, separator) = if let Some(last) = layout.members.last() {
            (last.whole.end..last.whole.end, self.style_at(last.whole.start), ",")
        } else {
            let inside = layout.object.start + 1..layout.object.end - 1;
            (inside, self.style_at(layout.anchor).deeper(), "")
        };
        let member = format!("{}: {}", quoted(name), style.print(value));
        let text = match &style.line {
            Some(line) if separator.is_empty() => {
                format!("{line}{member}{}", self.line_of(layout.anchor))
            }
            Some(line) => format!("{separator}{line}{member}"),
            None if separator.is_empty() => member,
            None => format!("{separator} {member}"),
        };
        self.text.replace_range(at, &text);
    }

    /// Returns the line break and the indentation of the line that `at` is in.
    fn line_of(&self, at: usize) -> String {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let indent =
            self.text[line..].len() - self.text[line..].trim_start_matches([' ', '\t']).len();
        format!("{}{}", self.line_break(), &self.text[line..line + indent])
    }

    fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Returns the style for a value at `at`: a value that begins its line may take several lines;
    /// one that shares its line with text before it stays on that line.
    fn style_at(&self, at: usize) -> JsonStyle {
        let before = self.text[..at].trim_end_matches([' ', '\t']);
        let begins_line = before.is_empty() || before.ends_with('\n');
        JsonStyle { line: begins_line.then(|| self.line_of(at)), unit: self.unit() }
    }

    /// Returns one step of the file's own indentation.
    fn unit(&self) -> String {
        let first = self.layout(&[]).and_then(|root| Some(root.members.first()?.whole.start));
        let indent =
            first.map(|at| &self.text[self.text[..at].rfind('\n').map_or(at, |end| end + 1)..at]);
        match indent {
            Some(indent) if !indent.is_empty() && indent.trim().is_empty() => indent.to_owned(),
            _ => INDENT.to_owned(),
        }
    }

    fn layout(&self, path: &[&str]) -> Option<Layout> {
        let parsed =
            parse_to_ast(&self.text, &CollectOptions::default(), &ParseOptions::default()).ok()?;
        let root = parsed.value?;
        let (mut at, mut anchor) = (&root, root.start());
        for name in path {
            let member =
                as_object(at)?.properties.iter().rfind(|member| member.name.as_str() == *name)?;
            (at, anchor) = (&member.value, member.start());
        }
        let object = as_object(at)?;
        let members = object.properties.iter().map(|member| Member {
            name: member.name.as_str().to_owned(),
            whole: member.start()..member.end(),
            value: member.value.start()..member.value.end(),
        });
        Some(Layout { anchor, object: object.start()..object.end(), members: members.collect() })
    }
}

impl SettingsText for JsonText {
    /// Sets a member of the object to which `path` leads; a new one is appended. If the name occurs
    /// several times, the last member counts in JSON, and is changed. Does nothing if `path` leads
    /// to no object.
    fn set(&mut self, path: &[&str], name: &str, value: &Value) {
        let Some(layout) = self.layout(path) else { return };
        match layout.members.iter().rfind(|member| member.name == name) {
            Some(member) => {
                let style = self.style_at(member.whole.start);
                self.text.replace_range(member.value.clone(), &style.print(value));
            }
            None => self.append(&layout, name, value),
        }
    }

    /// Removes the member, with the comma and the white space that set it off.
    fn remove(&mut self, path: &[&str], name: &str) {
        while let Some(layout) = self.layout(path) {
            let members = &layout.members;
            let Some(index) = members.iter().rposition(|member| member.name == name) else {
                return;
            };
            let range =
                match (index.checked_sub(1).map(|before| &members[before]), members.get(index + 1))
                {
                    (Some(before), _) => before.whole.end..members[index].whole.end,
                    (None, Some(after)) => members[index].whole.start..after.whole.start,
                    (None, None) => layout.object.start + 1..layout.object.end - 1,
                };
            self.text.replace_range(range, "");
        }
    }

    fn text(&self) -> String {
        self.text.clone()
    }
}

fn as_object<'a, 'b>(node: &'b Node<'a>) -> Option<&'b Object<'a>> {
    if let Node::Object(object) = node { Some(object) } else { None }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The style in which a new value is printed.
struct JsonStyle {
    /// The line break and the indentation of the member; `None` prints everything on one line.
    line: Option<String>,
    unit: String,
}

impl JsonStyle {
    fn deeper(&self) -> Self {
        let line = self.line.as_ref().map(|line| format!("{line}{}", self.unit));
        Self { line, unit: self.unit.clone() }
    }

    /// Prints a value: objects with one member a line, arrays on one line, as people write them in
    /// this file.
    fn print(&self, value: &Value) -> String {
        let inner = self.deeper();
        let (open, parts, close): (_, Vec<String>, _) = match value {
            Value::Array(items) if !items.iter().any(Value::is_object) => {
                let flat = Self { line: None, unit: self.unit.clone() };
                return format!(
                    "[{}]",
                    items.iter().map(|item| flat.print(item)).collect::<Vec<_>>().join(", ")
                );
            }
            Value::Array(items) => ("[", items.iter().map(|item| inner.print(item)).collect(), "]"),
            Value::Object(map) => {
                let print = |(key, value): (&String, &Value)| {
                    format!("{}: {}", quoted(key), inner.print(value))
                };
                ("{", map.iter().map(print).collect(), "}")
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return value.to_string();
            }
        };
        match (&inner.line, &self.line) {
            _ if parts.is_empty() => format!("{open}{close}"),
            (Some(inside), Some(outside)) => {
                format!("{open}{inside}{}{outside}{close}", parts.join(&format!(",{inside}")))
            }
            _ => format!("{open}{}{close}", parts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    // Proptest's prelude has another `Strategy::Value` in scope.
    use crate::value::Value;

    fn edited(text: &str, edit: impl FnOnce(&mut JsonText)) -> String {
        let (mut json, _) = JsonText::parse(text).unwrap();
        edit(&mut json);
        JsonText::parse(&json.text).expect("an edit keeps it JSON");
        json.text
    }

    #[test]
    fn a_value_is_replaced_where_it_is() {
        let text = "{\n\n  \"a\" :1 ,\t\"b\": [1,2,\n 3],\n\n  \"c\":true}";
        assert_eq!(
            edited(text, |json| json.set(&[], "b", &json!("x"))),
            "{\n\n  \"a\" :1 ,\t\"b\": \"x\",\n\n  \"c\":true}"
        );
    }

    #[test]
    fn the_last_of_two_members_of_one_name_counts() {
        let text = r#"{"a": 1, "a": 2}"#;
        assert_eq!(edited(text, |json| json.set(&[], "a", &json!(3))), r#"{"a": 1, "a": 3}"#);
        assert_eq!(edited(text, |json| json.remove(&[], "a")), "{}");
    }

    #[test]
    fn a_new_member_follows_the_layout_around_it() {
        let add = |json: &mut JsonText| json.set(&["s"], "n", &json!({"k": ["v", 1], "e": {}}));
        let tabs = "{\r\n\t\"s\": {\r\n\t\t\"a\": 1\r\n\t}\r\n}\r\n";
        assert_eq!(
            edited(tabs, add),
            "{\r\n\t\"s\": {\r\n\t\t\"a\": 1,\r\n\t\t\"n\": {\r\n\t\t\t\"e\": {},\r\n\t\t\t\"k\": [\"v\", 1]\r\n\t\t}\r\n\t}\r\n}\r\n"
        );
        let line = r#"{"s": {"a": 1}}"#;
        assert_eq!(edited(line, add), r#"{"s": {"a": 1, "n": {"e": {}, "k": ["v", 1]}}}"#);
        assert_eq!(
            edited(r#"{"s": {}}"#, |json| json.set(&["s"], "n", &json!(1))),
            r#"{"s": {"n": 1}}"#
        );
        assert_eq!(edited("{}", |json| json.set(&[], "n", &json!(1))), "{\n    \"n\": 1\n}");
        let empty = "{\n  \"s\": {}\n}\n";
        assert_eq!(
            edited(empty, |json| json.set(&["s"], "n", &json!([{"x": 1}]))),
            "{\n  \"s\": {\n    \"n\": [\n      {\n        \"x\": 1\n      }\n    ]\n  }\n}\n"
        );
    }

    #[test]
    fn removing_the_first_a_middle_the_last_and_the_only_member_leaves_the_others_as_they_are() {
        let text = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}";
        assert_eq!(edited(text, |json| json.remove(&[], "a")), "{\n  \"b\": 2,\n  \"c\": 3\n}");
        assert_eq!(edited(text, |json| json.remove(&[], "b")), "{\n  \"a\": 1,\n  \"c\": 3\n}");
        assert_eq!(edited(text, |json| json.remove(&[], "c")), "{\n  \"a\": 1,\n  \"b\": 2\n}");
        assert_eq!(edited("{ \"a\": 1 }", |json| json.remove(&[], "a")), "{}");
        assert_eq!(edited(text, |json| json.remove(&[], "x")), text);
    }

    #[test]
    fn what_python_would_not_read_is_refused_with_its_place() {
        let error = |text| JsonText::parse(text).err().unwrap().to_string();
        assert_eq!(
            error("{\n  \"a\": 1,\n}"),
            "is not valid JSON at line 3, column 1: trailing comma"
        );
        assert!(error("{} // no comments").contains("line 1, column 4"));
        assert_eq!(error("[1]"), "holds no JSON object at its top level");
    }

    /// A file without a layout of its own gets relayctl's.
    const EMPTY: &str = "{}";

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a\"\\\\é\n:,{} ]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"]{1,2}", inner, 0..3).prop_map(Value::from_iter),
            ]
        })
    }

    fn any_object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[a-d]", any_json(), 0..4).prop_map(Value::from_iter)
    }

    proptest! {
        #[test]
        fn whatever_the_layout_an_edit_means_what_it_says(
            root in any_object(), name in "[a-d]", value in any_json(), pretty in any::<bool>(), crlf in any::<bool>(),
        ) {
            let text = if pretty { serde_json::to_string_pretty(&root).unwrap() } else { root.to_string() };
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            let (mut json, _) = JsonText::parse(&text).unwrap();
            let mut expected = root;

            json.set(&[], &name, &value);
            expected[&name] = value.clone();
            prop_assert_eq!(&JsonText::parse(&json.text).unwrap().1, &expected);
            if expected["a"].is_object() {
                json.set(&["a"], &name, &value);
                expected["a"][&name] = value;
                prop_assert_eq!(&JsonText::parse(&json.text).unwrap().1, &expected);
            }
            let one_line = !json.text.contains('\n');
            prop_assert!(pretty || one_line || text == EMPTY);
            let only_crlf = !json.text.replace("\r\n", "").contains('\n');
            prop_assert!(!(crlf && text.contains('\n')) || only_crlf);
            json.remove(&[], &name);
            expected.as_object_mut().unwrap().remove(&name);
            prop_assert_eq!(&JsonText::parse(&json.text).unwrap().1, &expected);
        }
    }
}
