//! One spelling for everything that AWS compares without regard to case. It serves comparisons
//! only: documents that are kept, printed and sent keep the author's case.

use serde_json::Map;

use crate::Value;

use super::layout::texts;

/// Returns a canonical statement in which everything that AWS reads alike is spelt alike.
pub(super) fn statement(statement: &Map<String, Value>) -> Value {
    let folded = statement.iter().map(|(element, value)| {
        let value = match element.as_str() {
            "Effect" => effect(value),
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

/// Returns an effect as AWS spells it. AWS refuses every other case, so a document with it has no
/// other meaning that could be confused with this one.
fn effect(value: &Value) -> Value {
    let known = ["Allow", "Deny"].into_iter();
    let same = |name: &&str| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(name));
    known.into_iter().find(same).map_or_else(|| value.clone(), Value::from)
}

/// Returns a principal with `"*"` as `{"AWS": "*"}`: AWS documents both as the same principal,
/// everyone. AWS refuses all other names without a type, and lists of them; those are sorted, and a
/// list of one name is spelt as the name.
fn principal(value: &Value) -> Value {
    let mut names = texts(Some(value));
    match value {
        Value::String(_) => {}
        Value::Array(list) if list.len() == names.len() && !names.is_empty() => {}
        other => return other.clone(),
    }
    names.sort_unstable();
    names.dedup();
    match names[..] {
        ["*"] => Value::Object(Map::from_iter([("AWS".to_owned(), "*".into())])),
        [name] => name.into(),
        _ => names.into(),
    }
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
