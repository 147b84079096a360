//! Parser from JSON text to a document, and the places of JSON pointers in the text.

use std::collections::HashMap;

use jsonc_parser::ast::{self, Object, ObjectProp, ObjectPropName};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::Value;
use crate::layout::member;

/// The error of a text that is no JSON object. Line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The problem.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The remedy.
    pub help: &'static str,
}

impl SyntaxError {
    fn at(text: &str, offset: usize, message: impl Into<String>, help: &'static str) -> Self {
        let (line, column) = position(text, offset);
        Self { message: message.into(), line, column, help }
    }
}

const OF_JSON: &str =
    "see json.org for the syntax; JSON has no comments and no comma after the last item";
const OF_DOCUMENTS: &str =
    "write an object: {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", …}]}";

/// Parses JSON text. A duplicate key is an error: JSON readers disagree about which one counts.
pub(crate) fn parse_value(text: &str) -> Result<Value, SyntaxError> {
    let text = without_mark(text);
    if text.trim().is_empty() {
        return Err(SyntaxError::at(text, 0, "this is empty", OF_DOCUMENTS));
    }
    // `serde_json` is strict and limits the depth, so that the functions below may recurse.
    let value: Value = serde_json::from_str(text).map_err(|error| from_serde(text, &error))?;
    let tree = tree(text).ok_or_else(|| SyntaxError::at(text, 0, "this is no JSON", OF_JSON))?;
    check(text, &tree)?;
    if value.is_object() {
        Ok(value)
    } else {
        let message = format!("a policy document is a JSON object, not {}", name(&tree));
        Err(SyntaxError::at(text, tree.start(), message, OF_DOCUMENTS))
    }
}

/// Returns the place of a JSON pointer in the text that was parsed: line and column from 1, and
/// length, in characters. The place of a value of several lines is its key, or its first line where
/// it has no key. `None` if the text has no such value.
pub fn locate(text: &str, pointer: &str) -> Option<(usize, usize, usize)> {
    SpanIndex::of_text(text)?.locate(pointer)
}

/// Returns the place of the key of a member: line, column and length, from 1, in characters.
pub fn locate_key(text: &str, pointer: &str) -> Option<(usize, usize, usize)> {
    SpanIndex::of_text(text)?.locate_key(pointer)
}

/// The places of the values of a text, for many lookups: the text is parsed once, and its lines and
/// columns are counted once.
#[derive(Debug)]
pub struct SpanIndex {
    places: HashMap<String, ValuePlace>,
}

/// The places of a value and of its key: lines, columns and lengths, from 1, in characters.
#[derive(Debug)]
struct ValuePlace {
    key: Option<(usize, usize, usize)>,
    value: (usize, usize, usize),
    has_lines: bool,
}

impl SpanIndex {
    /// Returns the places in a JSON text; `None` if it is none.
    pub fn of_text(text: &str) -> Option<Self> {
        let text = without_mark(text);
        let tree = tree(text)?;
        let mut reader = SpanReader { text, line: 1, column: 1, offset: 0, places: HashMap::new() };
        reader.add(String::new(), None, &tree);
        Some(Self { places: reader.places })
    }

    /// Returns the place of the key of a member, as [`locate_key`] does.
    pub fn locate_key(&self, pointer: &str) -> Option<(usize, usize, usize)> {
        let ValuePlace { key, value, .. } = self.places.get(pointer)?;
        Some(key.unwrap_or(*value))
    }

    /// Returns the place of a JSON pointer, as [`locate`] does.
    pub fn locate(&self, pointer: &str) -> Option<(usize, usize, usize)> {
        let ValuePlace { key, value, has_lines } = self.places.get(pointer)?;
        Some(key.filter(|_| *has_lines).unwrap_or(*value))
    }
}

/// Reads the places of a text from its beginning to its end.
struct SpanReader<'t> {
    text: &'t str,
    line: usize,
    column: usize,
    /// The place in bytes of the line and the column.
    offset: usize,
    places: HashMap<String, ValuePlace>,
}

impl SpanReader<'_> {
    fn add(&mut self, pointer: String, key: Option<Range>, value: &ast::Value<'_>) {
        let key = key.map(|key| self.place(key));
        let range = value.range();
        let has_lines = self.text[range.start..range.end].contains('\n');
        let place = self.place(range);
        match value {
            ast::Value::Object(object) => {
                // The last property of a name counts, as in the parsed value.
                let last: HashMap<&str, usize> = object
                    .properties
                    .iter()
                    .enumerate()
                    .map(|(index, property)| (property.name.as_str(), index))
                    .collect();
                for (index, property) in object.properties.iter().enumerate() {
                    let name = property.name.as_str();
                    if last.get(name) == Some(&index) {
                        self.add(
                            member(&pointer, name),
                            Some(name_range(property)),
                            &property.value,
                        );
                    }
                }
            }
            ast::Value::Array(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    self.add(format!("{pointer}/{index}"), None, element);
                }
            }
            _ => {}
        }
        self.places.insert(pointer, ValuePlace { key, value: place, has_lines });
    }

    /// Returns the place of a range, which begins behind the range of the call before.
    fn place(&mut self, range: Range) -> (usize, usize, usize) {
        let between = &self.text[self.offset..range.start];
        match between.rfind('\n') {
            Some(end) => {
                self.line += between.matches('\n').count();
                self.column = between[end + 1..].chars().count() + 1;
            }
            None => self.column += between.chars().count(),
        }
        self.offset = range.start;
        let first_line = self.text[range.start..range.end].lines().next().unwrap_or_default();
        (self.line, self.column, first_line.chars().count().max(1))
    }
}

/// Removes the byte order mark that editors on Windows put before the text.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn tree(text: &str) -> Option<ast::Value<'_>> {
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    parse_to_ast(text, &CollectOptions::default(), &strict).ok()?.value
}

/// Finds the parts that JSON readers disagree about: duplicate keys, and integers that don't fit.
fn check(text: &str, value: &ast::Value<'_>) -> Result<(), SyntaxError> {
    match value {
        ast::Value::Object(object) => {
            check_keys(text, object)?;
            object.properties.iter().try_for_each(|property| check(text, &property.value))
        }
        ast::Value::Array(array) => {
            array.elements.iter().try_for_each(|element| check(text, element))
        }
        ast::Value::NumberLit(number) if !exact(number.value) => Err(SyntaxError::at(
            text,
            number.range.start,
            format!("the number {} is too large to be kept exactly", number.value),
            "write it as text, between quotes: AWS reads both alike",
        )),
        _ => Ok(()),
    }
}

fn check_keys(text: &str, object: &Object<'_>) -> Result<(), SyntaxError> {
    let mut seen = std::collections::BTreeSet::new();
    for property in &object.properties {
        if !seen.insert(property.name.as_str()) {
            let message =
                format!("the key `{}` stands twice in this object", property.name.as_str());
            let help = "take one of them out, or make one list of both: readers of JSON disagree \
                about which one counts";
            return Err(SyntaxError::at(text, name_range(property).start, message, help));
        }
    }
    Ok(())
}

fn exact(number: &str) -> bool {
    number.contains(['.', 'e', 'E'])
        || number.parse::<i64>().is_ok()
        || number.parse::<u64>().is_ok()
}

fn name_range(property: &ObjectProp<'_>) -> Range {
    match &property.name {
        ObjectPropName::String(name) => name.range,
        ObjectPropName::Word(name) => name.range,
    }
}

fn name(value: &ast::Value<'_>) -> &'static str {
    match value {
        ast::Value::StringLit(_) => "a text",
        ast::Value::NumberLit(_) => "a number",
        ast::Value::BooleanLit(_) => "a boolean",
        ast::Value::Object(_) => "an object",
        ast::Value::Array(_) => "a list",
        ast::Value::NullKeyword(_) => "null",
    }
}

/// Converts an error. `serde_json` counts columns in bytes, and repeats the place in its message.
fn from_serde(text: &str, error: &serde_json::Error) -> SyntaxError {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(before, _)| before);
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = error.column().saturating_sub(1);
    let column = line.char_indices().take_while(|(index, _)| *index < before).count() + 1;
    SyntaxError {
        message: format!("this is not valid JSON: {message}"),
        line: error.line().max(1),
        column,
        help: OF_JSON,
    }
}

fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |index| index + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse_value as parse;
    use super::*;

    fn error(text: &str) -> (String, usize, usize) {
        let error = parse(text).expect_err(text);
        (error.message, error.line, error.column)
    }

    #[test]
    fn text_with_escapes_crlf_and_a_byte_order_mark_parses() {
        let text =
            "\u{feff}{\r\n  \"Version\": \"2012-10-17\",\r\n  \"Id\": \"\\u00e9\\/\"\r\n}\r\n";
        assert_eq!(parse(text), Ok(json!({"Version": "2012-10-17", "Id": "é/"})));
        assert_eq!(locate(text, "/Id"), Some((3, 9, 10)));
    }

    #[test]
    fn every_escape_and_variable_is_text() {
        let text = r#"{"Statement": {"Resource": ["arn:aws:s3:::b/${aws:PrincipalTag/team, 'a:b'}/${*}", "\ud83d\ude00\b\f\n\r\t\"\\\/"]}}"#;
        let resources = parse(text).unwrap().pointer("/Statement/Resource").cloned();
        assert_eq!(
            resources,
            Some(json!([
                "arn:aws:s3:::b/${aws:PrincipalTag/team, 'a:b'}/${*}",
                "\u{1f600}\u{8}\u{c}\n\r\t\"\\/"
            ]))
        );
        // Half a surrogate pair is no character.
        assert!(error(r#"{"a": "\ud83d"}"#).0.contains("escape"));
    }

    #[test]
    fn the_largest_documents_are_read() {
        let actions: Vec<_> = (0..5_400).map(|n| format!("service:Action{n:04}")).collect();
        let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
        let text = crate::pretty(&document);
        assert!(text.len() > 135 * 1_024, "{}", text.len());
        assert_eq!(parse(&text), Ok(document));
        assert_eq!(locate(&text, "/Statement/0/Action/5399"), Some((5_406, 9, 20)));
    }

    #[test]
    fn errors_have_their_place_in_characters() {
        assert_eq!(
            error("{\n  \"é\": 1,\n}"),
            ("this is not valid JSON: trailing comma".to_owned(), 3, 1)
        );
        assert_eq!(
            error("{\"é\": x}"),
            ("this is not valid JSON: expected value".to_owned(), 1, 7)
        );
        assert_eq!(
            error("{\"a\": 1} // no"),
            ("this is not valid JSON: trailing characters".to_owned(), 1, 10)
        );
        for empty in ["", "\u{feff}", " \n"] {
            assert_eq!(error(empty), ("this is empty".to_owned(), 1, 1));
        }
        assert_eq!(
            error("{\n\"a\": [1,\n"),
            ("this is not valid JSON: EOF while parsing a value".to_owned(), 3, 1)
        );
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        assert_eq!(
            error("{\"a\": {\"Action\": 1,\n  \"Action\": 2}}"),
            ("the key `Action` stands twice in this object".to_owned(), 2, 3)
        );
        // The same key with another escape.
        assert_eq!(error("{\"a\": 1, \"\\u0061\": 2}").2, 10);
        assert_eq!(error("{\"a\": 123456789012345678901234567890}").2, 7);
        assert_eq!(
            error(" [1]"),
            ("a policy document is a JSON object, not a list".to_owned(), 1, 2)
        );
        assert_eq!(error("null").0, "a policy document is a JSON object, not null");
    }

    #[test]
    fn no_depth_overflows_the_stack() {
        assert!(error(&"[".repeat(100_000)).0.contains("recursion limit"));
        assert_eq!(locate(&"{\"a\":".repeat(100_000), "/a"), None);
    }

    #[test]
    fn a_pointer_leads_to_its_place() {
        let text = "{\n  \"Statement\": [\n    {\"Action\": [\"é\", \"s3:x\"],\n     \"a/b\": true}\n  ]\n}";
        assert_eq!(locate(text, "/Statement/0/Action/1"), Some((3, 22, 6)));
        assert_eq!(locate(text, "/Statement/0/Action"), Some((3, 16, 13)));
        assert_eq!(locate(text, "/Statement/0/a~1b"), Some((4, 13, 4)));
        assert_eq!(
            locate(text, "/Statement"),
            Some((2, 3, 11)),
            "the key, since the value has several lines"
        );
        assert_eq!(
            locate(text, "/Statement/0"),
            Some((3, 5, 25)),
            "its first line, since it has no key"
        );
        assert_eq!(locate(text, ""), Some((1, 1, 1)));
        assert_eq!(locate(text, "/Statement/1"), None);
        assert_eq!(locate(text, "/Statement/0/Action/1/x"), None);
        assert_eq!(locate("{", ""), None);
    }
}
