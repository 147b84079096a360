//! When two documents are the same to AWS.

use crate::value::Value;

use super::canonical::canonical;
use super::{document, fold};

/// What two documents have in common exactly when AWS does the same with them.
pub fn comparison_key(document: &Value) -> Value {
    let mut canonical = canonical(document);
    let Some(statements) = document::statements(&canonical) else { return canonical };
    let mut folded: Vec<_> = statements.into_iter().map(fold::statement).collect();
    folded.sort_by_cached_key(Value::to_string);
    folded.dedup();
    canonical["Statement"] = folded.into();
    canonical
}

/// Whether AWS will do the same with both.
pub fn equivalent(one: &Value, other: &Value) -> bool {
    comparison_key(one) == comparison_key(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(statement: &Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statement})
    }

    #[test]
    fn spellings_of_one_meaning_are_equivalent() {
        let pairs = [
            (json!({"Action": "s3:GetObject"}), json!([{"Action": ["S3:getobject", "s3:GetObject"]}])),
            (json!({"Principal": "*"}), json!({"Principal": {"AWS": ["*"]}})),
            (json!({"Sid": "", "Effect": "Allow"}), json!({"Effect": "Allow"})),
            (
                json!({"Condition": {"StringEquals": {"aws:SourceIp": ["b", "a"]}}}),
                json!({"Condition": {"StringEquals": {"AWS:SourceIP": ["a", "b", "a"]}}}),
            ),
            (json!([{"Action": "a:b"}, {"Action": "A:B"}]), json!({"Action": "a:b"})),
            (json!([{"Action": "a:b"}, {"Action": "b:c"}]), json!([{"Action": "b:c"}, {"Action": "a:b"}])),
        ];
        for (one, other) in pairs {
            assert!(equivalent(&document(&one), &document(&other)), "{one} and {other}");
        }
    }

    #[test]
    fn different_meanings_are_not() {
        let pairs = [
            (json!({"Action": "a:b"}), json!({"NotAction": "a:b"})),
            (json!({"Resource": "a"}), json!({"Resource": "A"})),
            (json!({"Sid": "A"}), json!({"Sid": "a"})),
            (json!({"Principal": "*"}), json!({"Principal": {"Service": "*"}})),
            (json!({"Principal": {"AWS": "*"}}), json!({"NotPrincipal": {"AWS": "*"}})),
            (
                json!({"Condition": {"StringEquals": {"aws:username": "a"}}}),
                json!({"Condition": {"StringEquals": {"aws:username": "A"}}}),
            ),
            (
                json!({"Condition": {"StringEquals": {"aws:username": "a"}}}),
                json!({"Condition": {"StringLike": {"aws:username": "a"}}}),
            ),
            (json!({"Effect": "Allow"}), json!({"Effect": "Deny"})),
        ];
        for (one, other) in pairs {
            assert!(!equivalent(&document(&one), &document(&other)), "{one} and {other}");
        }
        assert!(!equivalent(&json!({"Version": "2012-10-17", "Statement": []}), &json!({"Statement": []})));
        assert!(!equivalent(&json!({"Id": "a", "Statement": []}), &json!({"Id": "b", "Statement": []})));
    }
}
