//! One spelling for everything that AWS compares without regard to case. It serves comparisons
//! only: documents that are kept, printed and sent keep the author's case.

use serde_json::Map;

use crate::Value;

use super::layout::texts;

/// Returns a canonical statement in which everything that AWS reads alike is spelt alike.
pub(super) fn statement(statement: &Map<String, Value>) -> Value {
    let folded = statement.iter().map(|(element, value)| {
        let value = match element.as_str() {
            "Action" | "NotAction" => actions(value),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        (element.clone(), value)
    });
    Value::Object(folded.collect())
}

/// Returns actions in lower case. Action names are not case-sensitive, neither the service's prefix
/// nor the name.
fn actions(value: &Value) -> Value {
    match value {
        Value::String(action) => Value::String(action.to_lowercase()),
        Value::Array(list) if list.len() == texts(Some(value)).len() => Value::Array(
            texts(Some(value))
                .into_iter()
                .map(|action| Value::String(action.to_lowercase()))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// Returns a principal with `"*"` as `{"AWS": "*"}`: AWS documents both as the same principal,
/// everyone.
fn principal(value: &Value) -> Value {
    if value == "*" {
        return Value::Object(Map::from_iter([("AWS".to_owned(), value.clone())]));
    }
    value.clone()
}

/// Returns the tests of a Condition as a list with keys in lower case. Condition keys are not
/// case-sensitive (`aws:SourceIp` is `AWS:SourceIP`). Two spellings of one key may stand side by
/// side in a document, so the result is a list: no test gets lost.
fn condition(value: &Value) -> Value {
    let Some(operators) = value.as_object() else { return value.clone() };
    let mut tests = Vec::new();
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else { return value.clone() };
        for (key, values) in keys {
            tests.push((operator.to_lowercase(), key.to_lowercase(), values));
        }
    }
    tests.sort_by_cached_key(|(operator, key, values)| {
        (operator.clone(), key.clone(), values.to_string())
    });
    Value::Array(
        tests
            .into_iter()
            .map(|(operator, key, values)| {
                Value::Array(vec![operator.into(), key.into(), values.clone()])
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fold(value: &Value) -> Value {
        statement(value.as_object().unwrap())
    }

    #[test]
    fn case_is_folded_only_where_aws_ignores_it() {
        let one = json!({"Sid": "A", "Action": "S3:getobject", "Resource": "arn:aws:s3:::A"});
        assert_eq!(
            fold(&one),
            json!({"Sid": "A", "Action": "s3:getobject", "Resource": "arn:aws:s3:::A"})
        );
    }

    #[test]
    fn two_spellings_of_one_condition_key_both_stay() {
        let one = json!({"Condition": {"StringLike": {"aws:username": "a", "AWS:UserName": "b"}}});
        assert_eq!(
            fold(&one),
            json!({"Condition": [["stringlike", "aws:username", "a"], ["stringlike", "aws:username", "b"]]})
        );
    }
}
