//! The changes that a formatter makes to a document beyond its white space.
//!
//! The values of an element are a set to AWS, so they are sorted and duplicates are removed: two
//! documents that list the same values then have the same lines. Everything else stays as the
//! author wrote it: the order of the statements (readers take it for a story), one value alone or
//! in a list, the case of an action, an account as its id or as an ARN.

use serde_json::Map;

use crate::Value;

use super::layout::{self, texts};

/// Returns the document with every set of values sorted. The result is equivalent to the document,
/// and tidying it again changes nothing.
pub fn tidy(document: &Value) -> Value {
    let is_whole = layout::statement_objects(document).is_some();
    let mut document = document.clone();
    if is_whole {
        layout::statements_mut(&mut document).filter_map(Value::as_object_mut).for_each(statement);
    }
    document
}

fn statement(elements: &mut Map<String, Value>) {
    for (name, value) in elements {
        match name.as_str() {
            "Action" | "NotAction" => sort(value, str::to_lowercase),
            "Resource" | "NotResource" => sort(value, str::to_owned),
            "Principal" | "NotPrincipal" => members(value, |names| sort(names, str::to_owned)),
            "Condition" => {
                members(value, |keys| members(keys, |values| sort(values, str::to_owned)));
            }
            _ => {}
        }
    }
}

fn members(value: &mut Value, change: impl Fn(&mut Value)) {
    value.as_object_mut().into_iter().flatten().for_each(|(_, member)| change(member));
}

/// Sorts the texts of a list. A list with other values is left to validation.
fn sort(value: &mut Value, key: impl Fn(&str) -> String) {
    let Value::Array(list) = value else { return };
    let mut sorted: Vec<String> =
        texts(Some(&Value::Array(list.clone()))).into_iter().map(str::to_owned).collect();
    if sorted.len() != list.len() {
        return;
    }
    sorted.sort_by_cached_key(|text| (key(text), text.clone()));
    sorted.dedup();
    *list = sorted.into_iter().map(Value::from).collect();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_are_sorted_and_what_the_author_chose_stays() {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Z", "Action": ["s3:put", "S3:Get", "s3:get", "s3:put"], "Resource": ["b"], "Effect": "Allow"},
            {"Sid": "A", "Principal": {"AWS": ["2", "1"]}, "Condition": {"Bool": {"a:b": ["true", "false"], "a:c": [true, "1"]}}}
        ]});
        assert_eq!(
            tidy(&document),
            json!({"Version": "2012-10-17", "Statement": [
                {"Sid": "Z", "Action": ["S3:Get", "s3:get", "s3:put"], "Resource": ["b"], "Effect": "Allow"},
                {"Sid": "A", "Principal": {"AWS": ["1", "2"]}, "Condition": {"Bool": {"a:b": ["false", "true"], "a:c": [true, "1"]}}}
            ]})
        );
    }

    #[test]
    fn what_is_no_document_stays_as_it_is() {
        for value in [
            json!(null),
            json!({"Statement": "x"}),
            json!({"Statement": [["b", "a"], {"Action": ["b:b", "a:a"]}]}),
            json!(["b", "a"]),
        ] {
            assert_eq!(tidy(&value), value);
        }
    }
}
