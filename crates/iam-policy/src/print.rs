//! Printer of documents for people: AWS's order of keys, two spaces of indentation, short lists on
//! one line.
//!
//! The value tree sorts its keys (digests rely on that), so the text is written here, by the rank
//! of each key.

use serde_json::Map;

use crate::Value;

use super::layout::{ELEMENTS, STATEMENT, STATEMENT_ELEMENTS};

/// The last column of a list on one line.
const WIDTH: usize = 100;

/// Returns JSON text that ends with a newline. Parsing it gives the same value again, for any
/// value.
pub fn pretty(document: &Value) -> String {
    let mut printer = Printer { text: String::new(), column: 0 };
    printer.value(document, PrintLevel::Document, 0, 0);
    printer.push("\n");
    printer.text
}

/// The level of an object, which ranks its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PrintLevel {
    Document,
    /// The value of `Statement`: one statement or a list of them.
    Statements,
    Inner,
}

impl PrintLevel {
    fn ranks(self) -> &'static [&'static str] {
        match self {
            Self::Document => ELEMENTS,
            Self::Statements => STATEMENT_ELEMENTS,
            Self::Inner => &[],
        }
    }

    fn of_member(self, key: &str) -> Self {
        if self == Self::Document && key == STATEMENT { Self::Statements } else { Self::Inner }
    }
}

struct Printer {
    text: String,
    /// The number of characters in the current line.
    column: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn new_line(&mut self, depth: usize) {
        self.text.push('\n');
        self.column = 0;
        self.push(&"  ".repeat(depth));
    }

    /// Prints a value; `after` characters will follow it on its line.
    fn value(&mut self, value: &Value, level: PrintLevel, depth: usize, after: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => self.object(members, level, depth),
            Value::Array(items) if !items.is_empty() => self.list(items, level, depth, after),
            // Texts, numbers, and empty lists and objects.
            other => self.push(&other.to_string()),
        }
    }

    fn object(&mut self, members: &Map<String, Value>, level: PrintLevel, depth: usize) {
        self.push("{");
        let mut left = members.len();
        for (key, value) in ordered(members, level) {
            left -= 1;
            self.new_line(depth + 1);
            self.push(&format!("{}: ", Value::from(key)));
            self.value(value, level.of_member(key), depth + 1, usize::from(left > 0));
            self.push(if left > 0 { "," } else { "" });
        }
        self.new_line(depth);
        self.push("}");
    }

    fn list(&mut self, items: &[Value], level: PrintLevel, depth: usize, after: usize) {
        if let Some(line) = one_line(items)
            && self.column + line.chars().count() + after <= WIDTH
        {
            return self.push(&line);
        }
        // A list within the list of statements holds no statements.
        let level = if items.iter().any(Value::is_array) { PrintLevel::Inner } else { level };
        self.push("[");
        for (index, item) in items.iter().enumerate() {
            let more = index + 1 < items.len();
            self.new_line(depth + 1);
            self.value(item, level, depth + 1, usize::from(more));
            self.push(if more { "," } else { "" });
        }
        self.new_line(depth);
        self.push("]");
    }
}

fn ordered(members: &Map<String, Value>, level: PrintLevel) -> Vec<(&str, &Value)> {
    let mut found: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let rank =
        |key: &str| level.ranks().iter().position(|known| *known == key).unwrap_or(usize::MAX);
    found.sort_by_key(|(key, _)| rank(key));
    found
}

/// Returns a list of plain values as one line; `None` if it holds others.
fn one_line(items: &[Value]) -> Option<String> {
    let plain = |item: &Value| !item.is_object() && !item.is_array();
    let texts: Vec<_> = items.iter().map(Value::to_string).collect();
    items.iter().all(plain).then(|| format!("[{}]", texts.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse;

    #[test]
    fn keys_stand_in_the_order_of_aws_and_short_lists_on_one_line() {
        let document = json!({
            "Statement": [
                {
                    "Resource": ["arn:aws:s3:::a-bucket-with-a-long-name/*", "arn:aws:s3:::another-with-a-long-name/*"],
                    "Action": ["s3:GetObject", "s3:PutObject"], "Effect": "Allow", "Sid": "One",
                    "Condition": {"StringLike": {"aws:username": ["a", "b"]}, "Bool": {"aws:SecureTransport": true}},
                    "Principal": {"Service": "lambda.amazonaws.com", "AWS": []}
                },
                {"NotAction": "iam:*", "Effect": "Deny", "NotResource": "*", "Other": 1, "NotPrincipal": "*"}
            ],
            "Id": "é\"\n", "Version": "2012-10-17", "Comment": {}
        });
        let text = pretty(&document);
        insta::assert_snapshot!(text, @r#"
        {
          "Version": "2012-10-17",
          "Id": "é\"\n",
          "Statement": [
            {
              "Sid": "One",
              "Effect": "Allow",
              "Principal": {
                "AWS": [],
                "Service": "lambda.amazonaws.com"
              },
              "Action": ["s3:GetObject", "s3:PutObject"],
              "Resource": [
                "arn:aws:s3:::a-bucket-with-a-long-name/*",
                "arn:aws:s3:::another-with-a-long-name/*"
              ],
              "Condition": {
                "Bool": {
                  "aws:SecureTransport": true
                },
                "StringLike": {
                  "aws:username": ["a", "b"]
                }
              }
            },
            {
              "Effect": "Deny",
              "NotPrincipal": "*",
              "NotAction": "iam:*",
              "NotResource": "*",
              "Other": 1
            }
          ],
          "Comment": {}
        }
        "#);
        assert_eq!(parse(&text), Ok(document.into()));
    }

    #[test]
    fn a_list_breaks_at_the_hundredth_column_and_not_before() {
        let line = |length: usize| {
            pretty(&json!({"a": ["x".repeat(length), "y"], "b": 1})).lines().nth(1).unwrap().len()
        };
        // Two spaces, `"a": [`, the quotes, `, "y"],`.
        assert_eq!(line(100 - 17), 100);
        assert_eq!(
            pretty(&json!({"a": ["x".repeat(100 - 16), "y"], "b": 1})).lines().nth(1),
            Some("  \"a\": [")
        );
        // The last member has no comma after it.
        assert_eq!(
            pretty(&json!({"a": ["x".repeat(100 - 16), "y"]})).lines().nth(1).unwrap().len(),
            100
        );
    }

    #[test]
    fn a_single_statement_and_odd_shapes_are_printed_too() {
        assert_eq!(
            pretty(&json!({"Statement": {"Action": "a:b", "Effect": "Allow"}})),
            "{\n  \"Statement\": {\n    \"Effect\": \"Allow\",\n    \"Action\": \"a:b\"\n  }\n}\n"
        );
        for (value, text) in
            [(json!({}), "{}\n"), (json!([]), "[]\n"), (json!([1, null]), "[1, null]\n")]
        {
            assert_eq!(pretty(&value), text);
        }
    }
}
