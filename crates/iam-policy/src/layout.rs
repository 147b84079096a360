//! The layout of a policy document, and iteration over it in any spelling: AWS takes one statement
//! or a list of them, and one value or a list of them, nearly everywhere.

use std::{fmt, slice};

use serde_json::Map;

use crate::Value;

pub(crate) const ELEMENTS: &[&str] = &["Version", "Id", STATEMENT];

pub(crate) const STATEMENT_ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// The element of a document that holds its statements.
pub const STATEMENT: &str = "Statement";

/// A pointer to a statement in its document. It prints as a JSON pointer: `/Statement/0`, or
/// `/Statement` for a statement outside of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementPointer {
    /// The index in the list; `None` for a statement outside of a list.
    index: Option<usize>,
}

impl StatementPointer {
    /// Returns the statement's number in the document, from 1, as messages have it.
    pub fn number(self) -> usize {
        self.index.unwrap_or_default() + 1
    }
}

impl fmt::Display for StatementPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{STATEMENT}")?;
        self.index.map_or(Ok(()), |index| write!(f, "/{index}"))
    }
}

/// Returns the statements of a document, each with its pointer. AWS takes a list of statements, or
/// one statement alone. Values that are no statements are returned, too: [`statement_objects`]
/// returns statements only if all of them are objects.
///
/// ```
/// let document =
///     serde_json::json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}});
/// let places: Vec<String> =
///     iam_policy::statements(&document).map(|(pointer, _)| pointer.to_string()).collect();
/// assert_eq!(places, ["/Statement"]);
/// ```
pub fn statements(document: &Value) -> impl Iterator<Item = (StatementPointer, &Value)> + Clone {
    let (list, alone): (&[Value], bool) = match document.get(STATEMENT) {
        Some(Value::Array(list)) => (list, false),
        Some(one) => (slice::from_ref(one), true),
        None => (&[], false),
    };
    let pointer = move |index| StatementPointer { index: (!alone).then_some(index) };
    list.iter().enumerate().map(move |(index, statement)| (pointer(index), statement))
}

/// Returns the statements of a document, to be changed.
pub fn statements_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let list: &mut [Value] = match document.get_mut(STATEMENT) {
        Some(Value::Array(list)) => list,
        Some(one) => slice::from_mut(one),
        None => &mut [],
    };
    list.iter_mut()
}

/// Returns the statements of a value with the layout of a policy document: an object whose
/// `Statement` is an object or a list of objects. `None` for any other value.
pub fn statement_objects(document: &Value) -> Option<Vec<&Map<String, Value>>> {
    is_policy(document)
        .then(|| statements(document).map(|(_, statement)| statement.as_object()).collect())?
}

/// Returns the pointer to the statement of that number, from 1.
pub fn statement_pointer(document: &Value, number: usize) -> Option<StatementPointer> {
    statements(document).map(|(pointer, _)| pointer).find(|pointer| pointer.number() == number)
}

/// Returns true if a value is a policy document by its `Statement`, an object or a list, and no
/// other JSON.
pub fn is_policy(value: &Value) -> bool {
    matches!(value.get(STATEMENT), Some(Value::Object(_) | Value::Array(_)))
}

/// Returns the value itself, or the elements of the list, each with its JSON pointer.
pub(crate) fn one_or_many<'a>(value: &'a Value, pointer: &str) -> Vec<(String, &'a Value)> {
    match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("{pointer}/{index}"), item))
            .collect(),
        single => vec![(pointer.to_owned(), single)],
    }
}

/// Returns the texts of a value that is a text or a list; values that are no texts are left out.
pub(crate) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns the JSON pointer of a member. Condition keys such as `aws:RequestTag/stage` hold the
/// slash that RFC 6901 escapes.
pub(crate) fn member(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_may_stand_alone_and_only_objects_are_statements() {
        let count = |document| statement_objects(&document).map(|list| list.len());
        assert_eq!(count(json!({"Statement": {"Effect": "Allow"}})), Some(1));
        assert_eq!(count(json!({"Statement": []})), Some(0));
        assert_eq!(count(json!({"Statement": [{}, "x"]})), None);
        assert_eq!(count(json!({"Version": "2012-10-17"})), None);
        assert_eq!(count(json!("text")), None);
    }

    #[test]
    fn a_statement_knows_where_it_stands() {
        let alone = json!({"Statement": {"Sid": "a"}});
        let listed = json!({"Statement": [{"Sid": "a"}, {"Sid": "b"}]});
        let places = |document: &Value| {
            statements(document)
                .map(|(pointer, _)| (pointer.to_string(), pointer.number()))
                .collect::<Vec<_>>()
        };
        assert_eq!(places(&alone), [("/Statement".to_owned(), 1)]);
        assert_eq!(
            places(&listed),
            [("/Statement/0".to_owned(), 1), ("/Statement/1".to_owned(), 2)]
        );
        assert_eq!(
            statement_pointer(&listed, 2).map(|pointer| pointer.to_string()).as_deref(),
            Some("/Statement/1")
        );
        for (document, number) in [(&alone, 0), (&alone, 2), (&listed, 3), (&json!({}), 1)] {
            assert_eq!(statement_pointer(document, number), None);
        }
        for (pointer, statement) in statements(&listed) {
            assert_eq!(listed.pointer(&pointer.to_string()), Some(statement));
        }
    }

    #[test]
    fn statements_can_be_changed_however_they_are_spelt() {
        for mut document in
            [json!({"Statement": {"Sid": "a"}}), json!({"Statement": [{"Sid": "a"}]})]
        {
            statements_mut(&mut document).for_each(|statement| statement["Sid"] = json!("b"));
            assert!(statements(&document).all(|(_, statement)| statement["Sid"] == "b"));
        }
        assert_eq!(statements_mut(&mut json!({"Version": "2012-10-17"})).count(), 0);
    }

    #[test]
    fn a_member_pointer_can_be_followed() {
        let value = json!({"a/b~c": 1});
        assert_eq!(value.pointer(&member("", "a/b~c")), Some(&json!(1)));
    }
}
