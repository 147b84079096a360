//! How a policy document is laid out, and walking over it however it is spelt: AWS takes one statement or a list of
//! them, and one value or a list of them, nearly everywhere.

use serde_json::Map;

use crate::value::Value;

pub(super) const ELEMENTS: &[&str] = &["Version", "Id", "Statement"];

pub(super) const STATEMENT_ELEMENTS: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The statements of a value that is laid out like a policy document: an object whose `Statement` is an object or a
/// list of objects.
pub(super) fn statements(document: &Value) -> Option<Vec<&Map<String, Value>>> {
    match document.get("Statement")? {
        Value::Object(statement) => Some(vec![statement]),
        Value::Array(list) => list.iter().map(Value::as_object).collect(),
        _ => None,
    }
}

/// The value itself, or the elements of the list, each with its JSON pointer.
pub(super) fn one_or_many<'a>(value: &'a Value, pointer: &str) -> Vec<(String, &'a Value)> {
    match value {
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item)).collect()
        }
        single => vec![(pointer.to_owned(), single)],
    }
}

/// The texts of a value that is a text or a list; what is no text is left out.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The pointer of a member: condition keys such as `aws:RequestTag/stage` hold the slash that RFC 6901 escapes.
pub(super) fn member(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_may_stand_alone_and_only_objects_are_statements() {
        assert_eq!(statements(&json!({"Statement": {"Effect": "Allow"}})).map(|list| list.len()), Some(1));
        assert_eq!(statements(&json!({"Statement": []})).map(|list| list.len()), Some(0));
        assert_eq!(statements(&json!({"Statement": [{}, "x"]})), None);
        assert_eq!(statements(&json!({"Version": "2012-10-17"})), None);
        assert_eq!(statements(&json!("text")), None);
    }

    #[test]
    fn a_member_pointer_can_be_followed() {
        let value = json!({"a/b~c": 1});
        assert_eq!(value.pointer(&member("", "a/b~c")), Some(&json!(1)));
    }
}
