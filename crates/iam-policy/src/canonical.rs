//! The canonical form, in which documents are kept, printed and sent.
//!
//! AWS returns lists in any order, a list of one value as the value alone, and account ids as root
//! ARNs. So the same document read twice may differ in its bytes. Both declared documents and
//! documents read from AWS are brought into this form.

use serde_json::Map;

use crate::Value;

use super::{fold, layout};

/// Returns the canonical form of a document, in which documents are kept, printed and sent: lists
/// are sorted and without repetition, statements are in a stable order, and nothing is lost.
/// `canonical(canonical(x)) == canonical(x)`. A value that is no policy document is returned as it
/// is.
pub fn canonical(document: &Value) -> Value {
    let (Some(elements), Some(statements)) =
        (document.as_object(), layout::statement_objects(document))
    else {
        return document.clone();
    };
    let mut ordered: Vec<_> =
        statements.into_iter().map(|one| SortedStatement::new(statement(one))).collect();
    ordered.sort_by(|a, b| a.key.cmp(&b.key));
    ordered.dedup_by(|later, earlier| later.key.1 == earlier.key.1);
    let mut result = elements.clone();
    result.insert(
        layout::STATEMENT.to_owned(),
        ordered.into_iter().map(|one| Value::Object(one.statement)).collect(),
    );
    Value::Object(result)
}

/// A statement with its sort key. The key is first the Sid, so that a named statement keeps its
/// place when it is edited; then the text as AWS reads it, so that another spelling doesn't move
/// the statement; then the text itself.
struct SortedStatement {
    key: (String, String, String),
    statement: Map<String, Value>,
}

impl SortedStatement {
    fn new(statement: Map<String, Value>) -> Self {
        let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let text = Value::Object(statement.clone()).to_string();
        Self { key: (sid, fold::statement(&statement).to_string(), text), statement }
    }
}

fn statement(statement: &Map<String, Value>) -> Map<String, Value> {
    statement
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), element(name, value)?)))
        .collect()
}

/// Returns the canonical form of one element; `None` where AWS does the same without it.
fn element(name: &str, value: &Value) -> Option<Value> {
    match name {
        // IAM drops an empty Sid from trust policies and keeps it elsewhere.
        "Sid" if value == "" => None,
        "Action" | "NotAction" => Some(actions(value)),
        "Resource" | "NotResource" => Some(set(value)),
        "Principal" | "NotPrincipal" => principal(value),
        "Condition" => condition(value),
        _ => Some(value.clone()),
    }
}

/// Sorts actions and drops repetitions, both without regard to case, since AWS ignores case here.
/// The spelling stays.
fn actions(value: &Value) -> Value {
    let Some(mut texts) = all_texts(value) else { return value.clone() };
    texts.sort_by_cached_key(|action| (action.to_lowercase(), action.clone()));
    texts.dedup_by(|a, b| a.to_lowercase() == b.to_lowercase());
    one_or_many(texts)
}

fn set(value: &Value) -> Value {
    match all_texts(value) {
        Some(texts) => one_or_many(sorted(texts)),
        None => value.clone(),
    }
}

fn principal(value: &Value) -> Option<Value> {
    let types = match value {
        Value::Object(types) => types,
        Value::Array(list) if list.is_empty() => return None,
        other => return Some(other.clone()),
    };
    let canonical: Map<String, Value> = types
        .iter()
        .filter(|(_, names)| names.as_array().is_none_or(|list| !list.is_empty()))
        .map(|(kind, names)| {
            (kind.clone(), if kind == "AWS" { accounts(names) } else { set(names) })
        })
        .collect();
    (!canonical.is_empty()).then_some(Value::Object(canonical))
}

/// Replaces the root ARN of an account by the account id. AWS turns the id into the ARN when it
/// stores the document; both mean the whole account, and AWS accepts both.
fn accounts(names: &Value) -> Value {
    let Some(names) = all_texts(names) else { return names.clone() };
    one_or_many(sorted(
        names
            .into_iter()
            .map(|name| account_of_root(&name).map_or(name.clone(), str::to_owned))
            .collect(),
    ))
}

/// Returns the account of `arn:<any partition>:iam::<account>:root`.
pub(super) fn account_of_root(arn: &str) -> Option<&str> {
    let parts: Vec<_> = arn.split(':').collect();
    let ["arn", _, "iam", "", account, "root"] = parts[..] else { return None };
    is_account(account).then_some(account)
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the canonical form of a Condition. An empty `Condition`, or an operator without a key,
/// tests nothing and is dropped.
fn condition(value: &Value) -> Option<Value> {
    let Some(operators) = value.as_object() else { return Some(value.clone()) };
    let canonical: Map<String, Value> = operators
        .iter()
        .filter(|(_, keys)| keys.as_object().is_none_or(|keys| !keys.is_empty()))
        .map(|(operator, keys)| (operator.clone(), tests(keys)))
        .collect();
    (!canonical.is_empty()).then_some(Value::Object(canonical))
}

fn tests(keys: &Value) -> Value {
    let Some(keys) = keys.as_object() else { return keys.clone() };
    Value::Object(keys.iter().map(|(key, values)| (key.clone(), tested(values))).collect())
}

/// Returns values as texts, since AWS returns `true` and `1` as texts.
fn tested(values: &Value) -> Value {
    let texts: Option<Vec<String>> =
        layout::one_or_many(values, "").iter().map(|(_, value)| scalar(value)).collect();
    texts.map_or_else(|| values.clone(), |texts| one_or_many(sorted(texts)))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Returns the texts of a value; `None` if anything in it is no text. Validation then reports it.
fn all_texts(value: &Value) -> Option<Vec<String>> {
    layout::one_or_many(value, "")
        .into_iter()
        .map(|(_, item)| item.as_str().map(str::to_owned))
        .collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts
}

fn one_or_many(mut texts: Vec<String>) -> Value {
    if texts.len() == 1 { texts.pop().into() } else { texts.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_sorted_and_single_values_stand_alone() {
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Sid": "", "Effect": "Allow", "Action": ["s3:PutObject", "S3:getObject", "s3:GetObject"], "Resource": ["*"],
            "Condition": {"Bool": {"aws:SecureTransport": [true]}, "NumericLessThan": {"s3:max-keys": [10, "9", "10"]}}
        }});
        assert_eq!(
            canonical(&document),
            json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": ["S3:getObject", "s3:PutObject"], "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "true"}, "NumericLessThan": {"s3:max-keys": ["10", "9"]}}
            }]})
        );
    }

    #[test]
    fn the_root_arn_of_any_partition_is_its_account_and_nothing_else_is() {
        let principal =
            |names: Value| canonical(&json!({"Statement": [{"Principal": {"AWS": names}}]}));
        assert_eq!(
            principal(json!(["arn:aws-cn:iam::123456789012:root", "123456789012"])),
            principal(json!("123456789012"))
        );
        for other in [
            "arn:aws:iam::123456789012:role/root",
            "arn:aws:iam::12345678901x:root",
            "arn:aws:iam::1:root",
        ] {
            assert_eq!(
                principal(json!(other)),
                json!({"Statement": [{"Principal": {"AWS": other}}]})
            );
        }
    }

    #[test]
    fn empty_principals_and_conditions_are_as_good_as_missing() {
        for empty in [json!({}), json!({"AWS": []}), json!([])] {
            let document = json!({"Statement": [{"Effect": "Deny", "Principal": empty, "Condition": {"Bool": {}}}]});
            assert_eq!(canonical(&document), json!({"Statement": [{"Effect": "Deny"}]}));
        }
        // An empty list of values is not the same as no test: it never matches.
        let never = json!({"Statement": [{"Condition": {"StringEquals": {"aws:username": []}}}]});
        assert_eq!(canonical(&never), never);
    }

    #[test]
    fn statements_are_ordered_by_sid_and_then_by_what_they_say() {
        let named = |sid: &str, action: &str| json!({"Sid": sid, "Action": action});
        let a = canonical(
            &json!({"Statement": [named("B", "a:b"), {"Action": "Z:z"}, named("A", "z:z"), {"Action": "b:b"}]}),
        );
        assert_eq!(
            a,
            json!({"Statement": [{"Action": "b:b"}, {"Action": "Z:z"}, named("A", "z:z"), named("B", "a:b")]})
        );
    }

    #[test]
    fn what_is_no_policy_document_comes_back_as_it_is() {
        for value in
            [json!(null), json!("x"), json!({"b": ["z", "a"]}), json!({"Statement": ["z", "a"]})]
        {
            assert_eq!(canonical(&value), value);
        }
        // A malformed element isn't repaired either: validation must see it.
        let odd = json!({"Statement": [{"Action": ["b:b", 1, "a:a"], "Principal": {"AWS": 5}, "Condition": [1]}]});
        assert_eq!(canonical(&odd), odd);
    }
}
