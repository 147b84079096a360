//! S3's rule for public bucket policies ("The meaning of public", Amazon S3 User Guide).

use crate::Value;
use crate::layout::statements;

/// The condition keys that keep a policy for everybody from being public, if their values are
/// fixed.
const NARROWING: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Returns true if a bucket policy is public by S3's meaning: it allows everybody something, and no
/// condition narrows the callers.
pub fn is_public(document: &Value) -> bool {
    statements(document).any(|(_, statement)| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && everybody(statement)
            && !narrowed(statement)
    })
}

fn everybody(statement: &Value) -> bool {
    let star = |value: &Value| value.as_str() == Some("*");
    match statement.get("Principal") {
        Some(Value::Object(kinds)) => {
            kinds.get("AWS").is_some_and(|list| items(list).into_iter().any(star))
        }
        Some(principal) => star(principal),
        None => statement.get("NotPrincipal").is_some(),
    }
}

fn narrowed(statement: &Value) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object);
    operators.into_iter().flatten().any(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        narrows(operator)
            && keys
                .into_iter()
                .any(|(key, values)| narrowing(key) && items(values).into_iter().all(fixed))
    })
}

/// Tells if an operator narrows the callers. A negated operator doesn't, nor one that also holds
/// where the key is missing.
fn narrows(operator: &str) -> bool {
    let operator = operator.to_ascii_lowercase();
    !(operator.contains("not")
        || operator.ends_with("ifexists")
        || operator.starts_with("forallvalues")
        || operator == "null")
}

fn narrowing(key: &str) -> bool {
    NARROWING.contains(&key.to_ascii_lowercase().as_str())
}

/// Tells if a value is fixed: no wildcard, no variable, not the whole internet.
fn fixed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.contains(['*', '?', '$']) && !text.ends_with("/0"))
}

/// Returns one value or the values of a list.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_for_everybody_is_public_unless_a_fixed_value_narrows_it() {
        let with = |principal: &Value, condition: &Value| {
            json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*",
                "Condition": condition}]})
        };
        let (everybody, none) = (json!("*"), json!({}));
        assert!(is_public(&with(&everybody, &none)));
        assert!(is_public(&with(&json!({"AWS": ["*"]}), &none)));
        assert!(!is_public(&with(&json!({"AWS": "arn:aws:iam::111122223333:root"}), &none)));
        assert!(!is_public(&with(
            &everybody,
            &json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}})
        )));
        assert!(is_public(&with(&everybody, &json!({"StringLike": {"aws:SourceVpce": "vpce-*"}}))));
        assert!(is_public(&with(
            &everybody,
            &json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})
        )));
        assert!(is_public(&with(&everybody, &json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}))));
        assert!(is_public(&with(&everybody, &json!({"Bool": {"aws:SecureTransport": "true"}}))));
        let deny = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}});
        assert!(!is_public(&deny));
    }
}
